//! Replaces `mpi.rs` in a build without MPI: one rank needs no MPI, and several ranks are refused.

use super::launch::Launch;
use super::{Library, World};
use crate::error::{Error, Result};
use std::time::Duration;

static REFUSES: Library = Library { open, abort: |_| (), name: || "not built in".into() };

/// There is nothing to load.
pub fn load() {}

/// What refuses ranks.
pub(super) fn loaded() -> Option<&'static Library> {
    Some(&REFUSES)
}

/// Refuses, because each of the launcher's ranks would do all the work.
fn open(launch: Launch, _: Option<Duration>) -> Result<Box<dyn World>> {
    let Launch { by, size, .. } = launch;
    Err(Error::Launch(format!(
        "{by} started {size} ranks, but this pcount is built without MPI: \
         build it with cargo build --release --features mpi"
    )))
}
