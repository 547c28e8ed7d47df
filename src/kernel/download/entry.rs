//! What can be asked of downloads, whether they are built in or not.

use crate::kernel::{KernelEntry, Takes};

/// The command `download`.
pub const DOWNLOAD: KernelEntry = KernelEntry {
    name: "download",
    about: "Download files; all downloads of a rank run at the same time",
    takes: Takes::Urls,
    examples: &[
        ("download https://example.org/", "one file"),
        ("download --list urls.txt", "those of a file, a URL a line"),
    ],
    open: super::open,
};

/// The default folder for files.
pub const FOLDER: &str = "pcount-downloads";
