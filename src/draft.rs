//! A file is replaced, never rewritten, and keeping it is a verb.
//!
//! A draft stands beside the file it is to become. [`Draft::keep`] brings it to the disk, renames it and
//! brings the renaming to the disk: whoever looks finds the old file or the new one, whole. Dropping a
//! draft discards it.
//!
//! A draft is locked as long as it is one, so that no two runs write the same. What a run that was killed
//! left behind is not locked, and the next draft of that name takes its place.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub struct Draft {
    becomes: PathBuf,
    beside: PathBuf,
    /// Locked until it is closed.
    file: File,
    kept: bool,
}

impl Draft {
    /// An empty draft of `becomes` under the name `beside` in the same folder.
    ///
    /// # Errors
    /// If the file cannot be made, which is better known before there is something to write; of the kind
    /// `ResourceBusy` if another run has a draft of that name.
    pub fn new(becomes: &Path, beside: &str) -> io::Result<Draft> {
        let beside = becomes.with_file_name(beside);
        let (file, hold) = hold(&beside)?;
        if hold == Hold::Others {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another run is writing it"));
        }
        let draft = Draft { becomes: becomes.into(), beside, file, kept: false };
        draft.file.set_len(0)?;
        Ok(draft)
    }

    /// Where the draft can be written by name.
    pub fn path(&self) -> &Path {
        &self.beside
    }

    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes the draft the file.
    pub fn keep(mut self) -> io::Result<()> {
        self.sync()?;
        self.replace()?;
        self.settle()
    }

    /// The first step of keeping: what is in the draft is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// The second: it has the file's name.
    pub fn replace(&mut self) -> io::Result<()> {
        fs::rename(&self.beside, &self.becomes)?;
        self.kept = true;
        Ok(())
    }

    /// The third: the name is on the disk too.
    pub fn settle(&self) -> io::Result<()> {
        let folder = self.becomes.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Who has the lock on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    Ours,
    Others,
    /// Not every file system has locks.
    Unknown,
}

/// The file at `path`, made if there is none, and locked if nobody else has it.
pub fn hold(path: &Path) -> io::Result<(File, Hold)> {
    loop {
        let file = match File::options().create(true).read(true).write(true).truncate(false).open(path) {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => match clear(path) {
                Ok(Some(held)) => return Ok((held, Hold::Others)),
                Ok(None) => continue,
                Err(_) => return Err(why),
            },
            file => file?,
        };
        let hold = match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok((file, Hold::Others)),
            Err(TryLockError::Error(_)) => Hold::Unknown,
            Ok(()) => Hold::Ours,
        };
        // The run that had the lock may have renamed or removed the file before it let go.
        let (mine, there) = (file.metadata()?, fs::metadata(path));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())) {
            return Ok((file, hold));
        }
    }
}

/// Removes a file that another user left behind, which whoever may write to the folder may do; one that is locked stays,
/// and is given back to be read.
fn clear(path: &Path) -> io::Result<Option<File>> {
    let file = File::open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(Some(file)),
        Err(TryLockError::Error(why)) => return Err(why),
        Ok(()) => (),
    }
    // As long as this one is locked nobody else takes its place.
    let (mine, there) = (file.metadata()?, fs::metadata(path)?);
    if (there.dev(), there.ino()) == (mine.dev(), mine.ino()) {
        fs::remove_file(path)?;
    }
    Ok(None)
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is lost if the draft cannot be removed: it was never the file.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_draft_is_kept_or_leaves_no_trace() {
        let folder = std::env::temp_dir().join(format!("pcount-draft-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        fs::write(&path, "old").unwrap();

        let mut draft = Draft::new(&path, "file.new").unwrap();
        draft.file().write_all(b"half").unwrap();
        let busy = Draft::new(&path, "file.new").err().unwrap();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        drop(draft);
        assert_eq!(fs::read(&path).unwrap(), b"old");

        // What a run that was killed left behind is no part of the next one.
        fs::write(folder.join("file.new"), "left behind").unwrap();
        let mut draft = Draft::new(&path, "file.new").unwrap();
        draft.file().write_all(b"new").unwrap();
        draft.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(Draft::new(&folder.join("none/file"), "file.new").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
