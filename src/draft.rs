//! Files are replaced, never rewritten.
//!
//! A draft is a new file beside the one that it replaces, under a name that nobody can guess. [`Draft::keep`] writes it to the disk,
//! renames it and writes the new name to the disk. So others see the old file or the new one, complete. All of this happens in the
//! folder that was opened at the start, even if its name leads elsewhere by then. Dropping a draft removes it.
//!
//! A process that was killed leaves its draft behind; [`sweep`] removes such drafts.

use crate::folder::{self, Folder};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

/// A new file that does not have its name yet.
#[derive(Debug)]
pub struct Draft {
    folder: Arc<Folder>,
    becomes: OsString,
    beside: OsString,
    file: File,
    kept: bool,
}

impl Draft {
    /// Makes an empty draft of the file `becomes` in the folder. The draft's name is `stem`, twelve random digits, `ending`.
    ///
    /// # Errors
    /// If the file cannot be made. It is better to know this before there is something to write.
    pub fn new(folder: &Arc<Folder>, becomes: &OsStr, stem: &OsStr, ending: &str) -> io::Result<Draft> {
        let (file, beside) = folder.create_random(stem, ending)?;
        Ok(Draft { folder: folder.clone(), becomes: becomes.into(), beside, file, kept: false })
    }

    /// The same, locked as long as it is a draft, so that [`sweep`] does not remove it. On file systems without locks it is not locked.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub fn locked(folder: &Arc<Folder>, becomes: &OsStr, stem: &OsStr, ending: &str) -> io::Result<Draft> {
        for _ in 0..DRAFT_TRIES {
            let draft = Draft::new(folder, becomes, stem, ending)?;
            // Another process may have swept it before it was locked.
            if try_lock(&draft.file) != Hold::Others && is_named(folder, &draft.beside, &draft.file)? {
                return Ok(draft);
            }
        }
        Err(gone())
    }

    /// A path for libraries that open files by name; it leads to this file even if its name was changed.
    ///
    /// # Errors
    /// On systems without such paths: if the name no longer leads to it.
    pub fn path(&self) -> io::Result<PathBuf> {
        let open = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        let mine = folder::identity(&self.file)?;
        if fs::metadata(&open).is_ok_and(|there| (there.dev(), there.ino()) == mine) {
            return Ok(open);
        }
        if is_named(&self.folder, &self.beside, &self.file)? {
            return Ok(self.folder.path().join(&self.beside));
        }
        Err(gone())
    }

    /// The file that is written.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the draft its name.
    ///
    /// # Errors
    /// Of the kind `Unsupported` if only the last step failed: the file is there, but its name may be lost if the machine loses power now.
    pub fn keep(mut self) -> io::Result<()> {
        self.sync()?;
        self.replace()?;
        self.settle()
    }

    /// Gives the draft its name if no file has it, in one step. If two processes try, one fails.
    ///
    /// # Errors
    /// Of the kind `AlreadyExists` if there is such a file; otherwise as [`Draft::keep`].
    pub fn keep_first(mut self) -> io::Result<()> {
        self.sync()?;
        match self.folder.link(&self.beside, &self.becomes) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => {
                // Not every file system has second names: then an empty file takes the name first, and is replaced.
                self.folder.create(&self.becomes)?;
                self.replace()?;
            }
            linked => linked?,
        }
        if !is_named(&self.folder, &self.becomes, &self.file)? {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the draft was replaced by someone else"));
        }
        self.settle()
    }

    /// Step 1: the content of the draft is on the disk.
    ///
    /// # Errors
    /// If it is not.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Step 2: the draft has its name.
    ///
    /// # Errors
    /// If it cannot have it, for example because a folder has it.
    pub fn replace(&mut self) -> io::Result<()> {
        // Another process may have exchanged the file. Random names make this unlikely, but not impossible.
        if !is_named(&self.folder, &self.beside, &self.file)? {
            return Err(gone());
        }
        self.folder.rename(&self.beside, &self.becomes)?;
        self.kept = true;
        Ok(())
    }

    /// Step 3: the name is on the disk too.
    ///
    /// # Errors
    /// As [`Folder::sync`].
    pub fn settle(&self) -> io::Result<()> {
        self.folder.sync()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // If the draft cannot be removed, nothing is lost: it never was the file.
            let _ = self.folder.remove(&self.beside);
        }
    }
}

/// How often others may remove a draft before this process gives up.
const DRAFT_TRIES: usize = 100;

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the draft was removed by someone else")
}

/// Whether the name still leads to the open file.
///
/// # Errors
/// If the system does not say what the name, or the file, is.
pub fn is_named(folder: &Folder, name: &OsStr, file: &File) -> io::Result<bool> {
    let there = folder.entry(name)?.map(|there| there.identity);
    Ok(there == Some(folder::identity(file)?))
}

/// The result of trying to lock a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// This process has the lock.
    Ours,
    /// Another process has it.
    Others,
    /// The file system has no locks.
    Unknown,
}

/// Locks the file if nobody holds its lock.
pub fn try_lock(file: &File) -> Hold {
    loop {
        return match file.try_lock() {
            Ok(()) => Hold::Ours,
            Err(TryLockError::WouldBlock) => Hold::Others,
            Err(TryLockError::Error(why)) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(TryLockError::Error(_)) => Hold::Unknown,
        };
    }
}

/// Removes the drafts of killed processes from the folder: those with this ending for whose stem `belongs` is true. If they may be in
/// use, only those are removed that can be locked. Drafts that cannot be removed stay.
pub fn sweep(folder: &Folder, ending: &str, may_be_live: bool, belongs: impl Fn(&OsStr) -> bool) {
    let names = folder.names().unwrap_or_default();
    let is_left = |name: &&OsString| folder::stem(name, ending).is_some_and(&belongs);
    for name in names.iter().filter(is_left) {
        // An empty folder was made to test what may be replaced.
        if !may_be_live {
            let _ = folder.remove(name).or_else(|_| folder.remove_folder(name));
        } else if let Ok(file) = folder.read(name, true) {
            // The lock is held until the file has no name. Otherwise its maker could lock it in between, and take it for its own.
            if try_lock(&file) == Hold::Ours {
                let _ = folder.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    /// A folder that goes with the test.
    fn with_folder(name: &str, test: impl FnOnce(&Path)) {
        let path = std::env::temp_dir().join(format!("pcount-draft-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("in")).unwrap();
        test(&path.join("in"));
        fs::remove_dir_all(&path).unwrap();
    }

    fn draft(folder: &Arc<Folder>) -> Draft {
        Draft::new(folder, "file".as_ref(), "file".as_ref(), ".new").unwrap()
    }

    #[test]
    fn a_draft_is_kept_or_leaves_no_trace() {
        with_folder("kept", |path| {
            let folder = Arc::new(Folder::open(path).unwrap());
            fs::write(path.join("file"), "old").unwrap();
            let mut half = draft(&folder);
            half.file().write_all(b"half").unwrap();
            assert_eq!(fs::read(half.path().unwrap()).unwrap(), b"half");
            drop(half);
            assert_eq!(fs::read(path.join("file")).unwrap(), b"old");

            let mut whole = draft(&folder);
            whole.file().write_all(b"new").unwrap();
            whole.keep().unwrap();
            assert_eq!(fs::read(path.join("file")).unwrap(), b"new");
            assert_eq!(fs::read_dir(path).unwrap().count(), 1);
        });
    }

    #[test]
    fn it_is_kept_in_the_folder_that_was_opened_wherever_that_is_by_then() {
        with_folder("moved", |path| {
            let folder = Arc::new(Folder::open(path).unwrap());
            let elsewhere = path.with_file_name("elsewhere");
            assert_eq!(folder.place(), folder::Place::Same);
            fs::rename(path, &elsewhere).unwrap();
            // Somebody else's folder is at its place.
            fs::create_dir(path).unwrap();
            assert_eq!(folder.place(), folder::Place::Moved(Some(elsewhere.clone())));
            let mut new = draft(&folder);
            new.file().write_all(b"new").unwrap();
            new.keep().unwrap();
            assert_eq!(fs::read(elsewhere.join("file")).unwrap(), b"new");
            assert_eq!(fs::read_dir(path).unwrap().count(), 0);
            fs::remove_dir_all(&elsewhere).unwrap();
            assert_eq!(folder.place(), folder::Place::Removed);
            assert!(Draft::new(&folder, "file".as_ref(), "file".as_ref(), ".new").is_err());
        });
    }

    #[test]
    fn no_link_is_followed_and_no_pipe_waited_for() {
        with_folder("links", |path| {
            let folder = Arc::new(Folder::open(path).unwrap());
            let victim = path.join("victim");
            fs::write(&victim, "precious").unwrap();
            symlink(&victim, path.join("link")).unwrap();
            symlink("nowhere", path.join("dangling")).unwrap();
            rustix::fs::mknodat(rustix::fs::CWD, path.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
                .unwrap();
            for name in ["link", "dangling", "pipe", "victim"] {
                assert!(folder.create(name.as_ref()).is_err(), "{name}");
            }
            for name in ["link", "dangling", "pipe"] {
                assert!(folder.read(name.as_ref(), true).is_err(), "{name}");
            }
            // A link at the file's own name is replaced, not followed.
            symlink(&victim, path.join("file")).unwrap();
            draft(&folder).keep().unwrap();
            assert!(!path.join("file").is_symlink());
            // One that took the place of the draft is not kept.
            let new = draft(&folder);
            fs::remove_file(path.join(&new.beside)).unwrap();
            symlink(&victim, path.join(&new.beside)).unwrap();
            assert!(new.keep().is_err() && !path.join("file").is_symlink());
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
        });
    }

    #[test]
    fn what_is_new_stays_at_whatever_moment_others_sweep() {
        with_folder("moments", |path| {
            let folder = Arc::new(Folder::open(path).unwrap());
            let stem = OsStr::new("file");
            let is_over = std::sync::atomic::AtomicBool::new(false);
            std::thread::scope(|scope| {
                let sweeper = || {
                    while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                        sweep(&folder, ".part", true, |name| name == stem);
                    }
                };
                scope.spawn(sweeper);
                scope.spawn(sweeper);
                let kept = (0..10_000).map(|_| Draft::locked(&folder, stem, stem, ".part")?.replace());
                let kept: io::Result<()> = kept.collect();
                is_over.store(true, std::sync::atomic::Ordering::Relaxed);
                kept.unwrap();
            });
        });
    }

    #[test]
    fn what_the_dead_left_is_swept_and_what_is_live_stays() {
        with_folder("swept", |path| {
            let folder = Arc::new(Folder::open(path).unwrap());
            let stem = OsStr::new("file");
            let live = Draft::locked(&folder, stem, stem, ".part").unwrap();
            std::mem::forget(draft(&folder));
            fs::create_dir(path.join("file.0123456789ab.new")).unwrap();
            for name in ["file.part", "file.0123456789ab.part", "file.0123456789zz.part", "other.0123456789ab.part"] {
                fs::write(path.join(name), "").unwrap();
            }
            symlink("file.part", path.join("file.ab0123456789.part")).unwrap();
            sweep(&folder, ".part", true, |name| name == stem);
            let there = |name: &str| path.join(name).is_symlink() || path.join(name).exists();
            assert!(path.join(&live.beside).exists() && !there("file.0123456789ab.part"));
            for name in ["file.part", "file.0123456789zz.part", "other.0123456789ab.part", "file.ab0123456789.part"] {
                assert!(there(name), "{name}");
            }
            assert_eq!(fs::read_dir(path).unwrap().count(), 7);
            sweep(&folder, ".new", false, |name| name == stem);
            assert_eq!(fs::read_dir(path).unwrap().count(), 5);
        });
    }
}
