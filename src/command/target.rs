//! Files that a command writes beside run files: pictures and certificates. Each is whole, or not there.

use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::folder::Folder;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The draft of a file is called by its name, digits, and this.
const ENDING: &str = ".draft";

/// A file to be written.
pub struct Target<'a> {
    option: &'static str,
    path: &'a Path,
    folder: Arc<Folder>,
}

/// The file of that path, which must not be one of those that are read.
///
/// # Errors
/// If it is one of them, or cannot be a file.
pub fn target<'a>(option: &'static str, path: &'a Path, read: &[PathBuf]) -> Result<Target<'a>> {
    let refused = |why: &str| Error::usage(format!("{option}: '{}' {why}", path.display()));
    let real = |path: &Path| path.canonicalize().ok();
    if real(path).is_some_and(|there| read.iter().any(|file| real(file).as_ref() == Some(&there))) {
        return Err(refused("is a file that is read: name another one"));
    }
    let (folder, name) = Folder::of(path).map_err(|why| refused(&format!("cannot be made in its folder: {why}")))?;
    let entry = folder.entry(&name).map_err(|why| refused(&format!("cannot be looked at: {why}")))?;
    match entry.is_none_or(|entry| entry.is_file) {
        true => Ok(Target { option, path, folder: Arc::new(folder) }),
        false => Err(refused("is no plain file: name another one")),
    }
}

impl Target<'_> {
    /// Writes it, in place of the file that is there.
    ///
    /// # Errors
    /// If it cannot be written. Then what was there is there still.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        let name = self.path.file_name().unwrap_or_default();
        let write = || -> io::Result<()> {
            let mut draft = Draft::new(&self.folder, name, name, ENDING)?;
            draft.file().write_all(bytes)?;
            draft.keep()
        };
        match write() {
            // The file is there; only its name may be lost if the machine loses power now.
            Err(why) if why.kind() != io::ErrorKind::Unsupported => {
                Err(Error::failed(format!("{}: cannot write '{}': {why}", self.option, self.path.display())))
            }
            _ => Ok(()),
        }
    }
}
