//! What a resume begins with, the same in a build without HDF5.

use super::RunFile;
use crate::report::Report;
use std::path::PathBuf;

/// A run to be resumed.
pub struct ToResume {
    /// What was saved.
    pub report: Report,
    /// The file, locked, to be written again.
    pub run: RunFile,
    /// Where it was found: in the file, or in the one before because the file is damaged.
    pub from: PathBuf,
    /// A message about that, if one is needed.
    pub note: Option<String>,
}
