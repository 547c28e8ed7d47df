//! Replaces the run file in a build without HDF5: whoever wants one gets an error before anything is computed.

mod files;
/// The same as with HDF5.
pub mod keeper;
mod list_plan;
/// The same as with HDF5.
pub mod lock;
mod to_resume;

use crate::column::Column;
use crate::error::{Error, Result};
use crate::report::Report;
use crate::report::list::KeptList;
use crate::values::Stretch;
pub use files::Files;
pub use list_plan::ListPlan;
use lock::Owner;
use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
pub use to_resume::ToResume;

fn needed_by(what: &str) -> Error {
    Error::usage(format!(
        "{what} needs HDF5, and this pcount is built without: build it with cargo build --release --features hdf5"
    ))
}

/// There are no run files.
pub struct RunFile(Infallible);

/// No run file is open.
pub struct OpenedFile {
    /// What the file says of its run.
    pub report: Report,
    none: Infallible,
}

/// There is nothing to load.
pub fn load() {}

/// # Errors
/// Never.
pub fn files() -> Result<&'static Files> {
    Ok(&Files { draft, resume, opened, column, library: || "not built in".into() })
}

/// No process reads run files.
pub fn serve() -> Option<ExitCode> {
    None
}

/// # Errors
/// Always.
pub fn draft(_: &Path, _: &Owner) -> Result<RunFile> {
    Err(needed_by("--out"))
}

/// # Errors
/// Always.
pub fn resume(_: &Path, _: &Owner) -> Result<ToResume> {
    Err(needed_by("'resume'"))
}

/// # Errors
/// Always.
pub fn opened(_: &Path) -> Result<OpenedFile> {
    Err(needed_by("a run file"))
}

/// # Errors
/// Always.
pub fn column(_: &Path, _: &str) -> Result<Arc<dyn Column>> {
    Err(needed_by("--column /DATASET"))
}

/// No file has a copy.
pub fn copied(_: &Path) -> Option<Report> {
    None
}

impl RunFile {
    /// # Errors
    /// There is nothing to write to.
    pub fn save_with_copy(&mut self, _: &Report) -> Result<()> {
        match self.0 {}
    }

    /// # Errors
    /// There is nothing to write to.
    pub fn save(&mut self, _: &Report) -> Result<()> {
        match self.0 {}
    }

    /// # Errors
    /// There is nothing to write to.
    pub fn list(run: &Arc<Mutex<RunFile>>, _: ListPlan) -> Result<Box<dyn KeptList>> {
        match run.lock().unwrap_or_else(PoisonError::into_inner).0 {}
    }
}

impl OpenedFile {
    /// # Errors
    /// There is nothing to read from.
    pub fn rows(&self, _: &mut dyn FnMut(&Stretch) -> bool) -> Result<()> {
        match self.none {}
    }
}
