//! What is asked of run files, the same in a build without HDF5.

use super::lock::Owner;
use super::{OpenedFile, RunFile, ToResume};
use crate::column::Column;
use crate::error::Result;
use std::path::Path;
use std::sync::Arc;

/// What is asked of run files. The commands call it in no other way, so a program that does not call [`load`](super::load) has no
/// reference to HDF5 and starts without it.
pub struct Files {
    /// [`draft`](super::draft).
    pub draft: fn(&Path, &Owner) -> Result<RunFile>,
    /// [`resume`](super::resume).
    pub resume: fn(&Path, &Owner) -> Result<ToResume>,
    /// [`opened`](super::opened).
    pub opened: fn(&Path) -> Result<OpenedFile>,
    /// A dataset of a file of anybody's, as a column of numbers.
    pub column: fn(&Path, &str) -> Result<Arc<dyn Column>>,
    /// The version of the HDF5 library.
    pub library: fn() -> String,
}
