//! Replaces `png.rs` in a build without run files, which has nothing to draw.

use super::palette::Theme;
use super::picture::Picture;
use crate::error::{Error, Result};

/// # Errors
/// Always.
pub fn file(_: &Picture, _: Theme, _: f64, _: f64) -> Result<Vec<u8>> {
    Err(Error::usage("this pcount is built without HDF5, and draws no pictures"))
}
