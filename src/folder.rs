//! A folder that is held open: files are made and changed in this folder, even if its name leads elsewhere later.
//!
//! Others may be able to write to the folder as well. So no link in it is followed, no file is made where there is one, and names
//! that must not be guessed are random. A renamed folder is still the one that was opened; whether it is still at its path can be
//! asked. The only file that names rustix's `fs`.

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A folder, held open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    handle: OwnedFd,
    identity: FileIdentity,
    /// Whether its names can be written to the disk: not if the folder may be written and entered but not read.
    readable: bool,
}

/// The identity of a file: its device and number.
pub type FileIdentity = (u64, u64);

/// What a name in a folder stands for. Links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirEntry {
    /// It is an ordinary file, not a link, a folder, a pipe or a device.
    pub is_file: bool,
    /// Whether it is a symbolic link.
    pub is_link: bool,
    /// Which file it is, whatever its names are.
    pub identity: FileIdentity,
    /// The user it belongs to.
    pub owner: u32,
}

/// Where a folder is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is where it was.
    Same,
    /// It was renamed; the new path, as far as the system tells.
    Moved(Option<PathBuf>),
    /// It was removed: nothing can be made in it any more.
    Removed,
}

impl Folder {
    /// Opens the folder at `path`. Links to it are followed, because the user named it. An empty path is the current folder.
    ///
    /// # Errors
    /// If there is none, or it may not be entered.
    pub fn open(path: &Path) -> io::Result<Folder> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let open = |how| {
            retry_on_intr(|| rustix::fs::openat(CWD, path, how | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()))
        };
        let (handle, readable) = match open(OFlags::RDONLY) {
            // A folder may be writable but not readable.
            Err(Errno::ACCESS) if cfg!(target_os = "linux") => (open(OFlags::PATH)?, false),
            handle => (handle?, true),
        };
        let there = rustix::fs::fstat(&handle)?;
        let path = path.to_path_buf();
        Ok(Folder { path, handle, identity: identity_of(&there), readable })
    }

    /// The folder of a file, and the name of the file in it.
    ///
    /// # Errors
    /// As [`Folder::open`], and if the path does not end in a name.
    pub fn of(file: &Path) -> io::Result<(Folder, OsString)> {
        let name =
            file.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "that is not a file's name"))?;
        Ok((Folder::open(file.parent().unwrap_or(Path::new("")))?, name.into()))
    }

    /// The path by which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is now.
    pub fn place(&self) -> Place {
        let same = |there: &fs::Metadata| (there.dev(), there.ino()) == self.identity;
        match fs::metadata(&self.path) {
            Ok(there) if same(&there) => return Place::Same,
            // If the path cannot be looked at, the folder may still be there.
            Err(why) if ![io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&why.kind()) => {
                return Place::Same;
            }
            _ => (),
        }
        // A removed folder has no names.
        if rustix::fs::fstat(&self.handle).is_ok_and(|now| now.st_nlink == 0) {
            return Place::Removed;
        }
        let now = fs::read_link(format!("/proc/self/fd/{}", self.handle.as_raw_fd())).ok();
        Place::Moved(now.filter(|now| fs::metadata(now).is_ok_and(|there| same(&there))))
    }

    /// What `name` stands for; `None` if there is no such name.
    ///
    /// # Errors
    /// If the system refuses to say. A missing name is no error.
    pub fn entry(&self, name: &OsStr) -> io::Result<Option<DirEntry>> {
        match retry_on_intr(|| rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(there) => {
                let kind = FileType::from_raw_mode(there.st_mode);
                Ok(Some(DirEntry {
                    is_file: kind == FileType::RegularFile,
                    is_link: kind == FileType::Symlink,
                    identity: identity_of(&there),
                    owner: there.st_uid,
                }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// Makes a new, empty file, to be written and read.
    ///
    /// # Errors
    /// If the name exists, also if it is a link.
    pub fn create(&self, name: &OsStr) -> io::Result<File> {
        self.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    /// Opens an ordinary file, to be read; or also to be locked, if that needs the right to write.
    ///
    /// # Errors
    /// If it is something else. A link is not followed, and a pipe is not waited for.
    pub fn read(&self, name: &OsStr, to_lock: bool) -> io::Result<File> {
        // Opening a device can have effects, so it is not even opened.
        if self.entry(name)?.is_some_and(|there| !there.is_file) {
            return Err(io::Error::other("it is not a plain file"));
        }
        let file = self.open_file(name, OFlags::NONBLOCK | if to_lock { OFlags::RDWR } else { OFlags::RDONLY })?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a plain file")) }
    }

    fn open_file(&self, name: &OsStr, how: OFlags) -> io::Result<File> {
        let how = how | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        Ok(retry_on_intr(|| rustix::fs::openat(&self.handle, name, how, mode))?.into())
    }

    /// Makes a new file with a name that nobody can guess: `stem`, twelve digits, `ending`.
    ///
    /// # Errors
    /// If the system refuses, or if all of 100 random names exist.
    pub fn create_random(&self, stem: &OsStr, ending: &str) -> io::Result<(File, OsString)> {
        self.with_random_name(stem, ending, |name| self.create(name))
    }

    /// Gives the file `name` a second name that nobody can guess.
    ///
    /// # Errors
    /// If there is no file `name`, if the system refuses, or if all of 100 random names exist.
    pub fn link_random(&self, name: &OsStr, stem: &OsStr, ending: &str) -> io::Result<OsString> {
        let link = |new: &OsStr| {
            let link = || rustix::fs::linkat(&self.handle, name, &self.handle, new, AtFlags::empty());
            retry_on_intr(link).map_err(io::Error::from)
        };
        self.with_random_name(stem, ending, link).map(|((), name)| name)
    }

    fn with_random_name<T>(
        &self,
        stem: &OsStr,
        ending: &str,
        make: impl Fn(&OsStr) -> io::Result<T>,
    ) -> io::Result<(T, OsString)> {
        let mut tries = 0..NAME_TRIES;
        loop {
            let mut name = stem.to_os_string();
            name.push(format!(".{}{ending}", random()));
            match make(&name) {
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists && tries.next().is_some() => (),
                made => return made.map(|made| (made, name)),
            }
        }
    }

    /// Renames a file in this folder. A file that had the new name is replaced at once.
    ///
    /// # Errors
    /// If there is no file `from`, or if the system refuses.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::renameat(&self.handle, from, &self.handle, to))?)
    }

    /// Gives a file a second name in this folder.
    ///
    /// # Errors
    /// If the name exists, or if the file system has no second names.
    pub fn link(&self, name: &OsStr, new: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::linkat(&self.handle, name, &self.handle, new, AtFlags::empty()))?)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// If there is none, or if the system refuses.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()))?)
    }

    /// Writes the names in it to the disk.
    ///
    /// # Errors
    /// Of the kind `Unsupported` if the file system or the folder's mode does not allow this: then a new name may be lost if the machine
    /// loses power.
    pub fn sync(&self) -> io::Result<()> {
        let unsupported = |why: io::Error| io::Error::new(io::ErrorKind::Unsupported, why.to_string());
        if !self.readable {
            return Err(unsupported(Errno::ACCESS.into()));
        }
        match retry_on_intr(|| rustix::fs::fsync(&self.handle)) {
            Err(why @ (Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::BADF)) => Err(unsupported(why.into())),
            synced => Ok(synced?),
        }
    }

    /// All names in it.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let names = Dir::read_from(&self.handle)?
            .map(|entry| Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_os_string()));
        names.filter(|name| name.as_ref().map_or(true, |name| name != "." && name != "..")).collect()
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// If it is not an empty folder.
    pub fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR))?)
    }

    /// Tries whether this user may make, rename and remove files in it. These have random names with this stem and ending.
    ///
    /// # Errors
    /// Says what is not allowed.
    pub fn may_change(&self, stem: &OsStr, ending: &str) -> Result<(), (&'static str, io::Error)> {
        let (file, probe) = self.create_random(stem, ending).map_err(|why| ("no file can be made there", why))?;
        drop(file);
        let renamed = self.with_random_name(stem, ending, |name| self.rename(&probe, name));
        let name = renamed.as_ref().map_or(&probe, |((), name)| name);
        let removed = self.remove(name);
        renamed.map_err(|why| ("no file can be renamed there", why))?;
        removed.map_err(|why| ("no file can be removed there", why))
    }

    /// Tries whether this user may replace the file `name`, without touching it. The test files have random names with this stem and ending.
    ///
    /// # Errors
    /// If not: in a folder with the sticky bit it may be another user's file.
    pub fn may_replace(&self, name: &OsStr, stem: &OsStr, ending: &str) -> io::Result<()> {
        if self.entry(name)?.is_none() {
            return Ok(());
        }
        // A folder never replaces a file. But the system first checks whether this user may replace the file.
        let make = |probe: &OsStr| {
            let make = || rustix::fs::mkdirat(&self.handle, probe, Mode::from_raw_mode(0o700));
            retry_on_intr(make).map_err(io::Error::from)
        };
        let Ok(((), probe)) = self.with_random_name(stem, ending, make) else { return Ok(()) };
        let replaced = self.rename(&probe, name);
        let _ = self.remove_folder(&probe);
        match replaced {
            Err(why) if [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem].contains(&why.kind()) => {
                Err(why)
            }
            _ => Ok(()),
        }
    }
}

/// How many random names may exist already before it is an error.
const NAME_TRIES: usize = 100;

/// Twelve digits that nobody can guess.
fn random() -> String {
    // Its keys come from the system's random numbers.
    format!("{:012x}", RandomState::new().build_hasher().finish() >> 16)
}

/// The part of a random name before its twelve digits and `ending`; `None` if the name is not random.
pub fn stem<'a>(name: &'a OsStr, ending: &str) -> Option<&'a OsStr> {
    let (stem, digits) = name.as_bytes().strip_suffix(ending.as_bytes())?.split_last_chunk::<13>()?;
    let is_random = digits[0] == b'.' && digits[1..].iter().all(u8::is_ascii_hexdigit);
    is_random.then(|| OsStr::from_bytes(stem))
}

// On some systems devices have numbers of 32 bits.
#[allow(clippy::unnecessary_cast)]
fn identity_of(there: &Stat) -> FileIdentity {
    (there.st_dev as u64, there.st_ino)
}

/// The identity of an open file.
///
/// # Errors
/// If the system does not say.
pub fn identity(file: &File) -> io::Result<FileIdentity> {
    file.metadata().map(|there| (there.dev(), there.ino()))
}
