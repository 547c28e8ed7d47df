//! Replaces downloads in a build without libcurl: whoever wants one gets an error.

mod entry;

use super::{Given, Opened};
use crate::error::{Error, Result};
pub use entry::{DOWNLOAD, FOLDER};

/// There is nothing to load.
pub fn load() {}

fn open(_: &Given) -> Result<Opened> {
    Err(Error::usage("this pcount cannot download: build it with cargo build --release --features download"))
}
