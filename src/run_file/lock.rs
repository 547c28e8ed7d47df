//! The lock beside a run file. One run writes the file; others learn which run that is.
//!
//! The system's lock on the file ends with its process, so the lock file of a dead run stops nobody. If a file system has no locks,
//! the text in the lock file decides: a dead process of this host does not count, a process of another host counts until somebody
//! removes the file. An existing lock file is never written, only removed: it may be another user's, or have a second name elsewhere.

use crate::draft::{self, Hold};
use crate::folder::Folder;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// A process that writes run files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The name of its host.
    pub host: String,
    /// The number of the process.
    pub pid: u32,
    /// The name of its job in the batch system.
    pub job: Option<String>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)?;
        self.job.iter().try_for_each(|job| write!(f, ", job {job}"))
    }
}

impl Owner {
    fn text(&self) -> String {
        format!("host {}\npid {}\njob {}\n", self.host, self.pid, self.job.as_deref().unwrap_or_default())
    }

    /// The owner that a text names, without characters that terminals obey.
    fn of(text: &str) -> Option<Owner> {
        let clean = |value: &str| value.chars().filter(|c| !c.is_control()).collect::<String>();
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ').map(clean));
        let job = value("job").filter(|job| !job.is_empty());
        Some(Owner { host: value("host")?, pid: value("pid")?.parse().ok()?, job })
    }

    /// The owner that a file names. Only the start of the file is read.
    fn in_file(file: &File) -> Option<Owner> {
        let mut bytes = Vec::new();
        file.take(TEXT_MOST).read_to_end(&mut bytes).ok()?;
        Owner::of(&String::from_utf8_lossy(&bytes))
    }
}

/// How many bytes of a lock file are read: names of hosts and jobs are short.
const TEXT_MOST: u64 = 512;

/// How often a lock file may come and go before this run gives up.
const LOCK_TRIES: usize = 100;

/// A lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    folder: Arc<Folder>,
    name: OsString,
    /// The lock file, locked until it is closed.
    file: File,
    by_system: bool,
}

impl Lock {
    /// Takes the lock by the file `name` in the folder.
    ///
    /// # Errors
    /// Of the kind `ResourceBusy`, with a sentence that names the owner, if a run that is not known to be dead has the lock.
    pub fn take(folder: &Arc<Folder>, name: &OsStr, me: &Owner) -> io::Result<Lock> {
        for _ in 0..LOCK_TRIES {
            let mut file = match folder.create(name) {
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                    remove_dead(folder, name, me)?;
                    continue;
                }
                file => file?,
            };
            let hold = draft::try_lock(&file);
            // Another run may have taken this file for a dead run's before it was locked.
            if hold == Hold::Others || !draft::is_named(folder, name, &file)? {
                continue;
            }
            // A full disk prevents no run: then the lock names nobody.
            let _ = file.write_all(me.text().as_bytes());
            return Ok(Lock { folder: folder.clone(), name: name.into(), file, by_system: hold == Hold::Ours });
        }
        Err(busy("other runs want to write it"))
    }

    /// Whether the system keeps the lock. If not, only the text in the file keeps others away.
    pub fn is_by_system(&self) -> bool {
        self.by_system
    }
}

/// Who writes a run file, as far as that can be seen without touching its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// Nobody: there is no lock file.
    Nobody,
    /// A process that is gone from this host.
    Dead(Owner),
    /// A process that may live, here or on another host; its name, if the lock file says it.
    Alive(Option<Owner>),
}

/// Who writes the file at `path`. The lock is not tried: a run that begins at this moment would find it taken.
///
/// # Errors
/// If the lock file is there and cannot be read.
pub fn writer(path: &Path, me: &Owner) -> io::Result<Writer> {
    // The lock is beside the file that a link leads to.
    let path = path.canonicalize().unwrap_or_else(|_| path.into());
    let (folder, mut name) = Folder::of(&path)?;
    name.push(".lock");
    let file = match folder.read(&name, false) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Writer::Nobody),
        file => file?,
    };
    Ok(match Owner::in_file(&file) {
        Some(owner) if owner.host == me.host && !is_alive(owner.pid) => Writer::Dead(owner),
        owner => Writer::Alive(owner),
    })
}

fn busy(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, why)
}

/// Removes a lock file that nobody holds.
fn remove_dead(folder: &Folder, name: &OsStr, me: &Owner) -> io::Result<()> {
    let read = |to_lock| folder.read(name, to_lock);
    let file = match read(true) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) if why.kind() == io::ErrorKind::PermissionDenied => read(false)?,
        file => file?,
    };
    let (hold, owner) = (draft::try_lock(&file), Owner::in_file(&file));
    match (hold, owner) {
        (Hold::Ours, _) | (Hold::Unknown, None) => (),
        (Hold::Unknown, Some(owner)) if owner.host == me.host && !is_alive(owner.pid) => (),
        (Hold::Others, None) => return Err(busy("another run is writing it")),
        (Hold::Others, Some(owner)) => return Err(busy(&format!("another run is writing it: {owner}"))),
        (Hold::Unknown, Some(owner)) => {
            let path = folder.path().join(name);
            return Err(busy(&format!(
                "another run is writing it: {owner}; if that is dead, remove '{}'",
                path.display()
            )));
        }
    }
    // As long as this file is locked, nobody replaces it.
    if draft::is_named(folder, name, &file)? { folder.remove(name) } else { Ok(()) }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file that cannot be removed stops nobody, because it is no longer locked. The file of another run stays.
        if draft::is_named(&self.folder, &self.name, &self.file).unwrap_or(false) {
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// Whether this host has such a process. If the system does not tell, it may have one.
fn is_alive(pid: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{pid}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        for job in [None, Some("17_3".to_string())] {
            let owner = Owner { host: "node-1".into(), pid: 42, job };
            assert_eq!(Owner::of(&owner.text()).unwrap(), owner);
        }
        assert_eq!(Owner::of("nonsense"), None);
        assert!(is_alive(std::process::id()) && !is_alive(u32::MAX));
    }

    /// A folder that goes with the test.
    fn with_folder(name: &str, test: impl FnOnce(&Path, &Arc<Folder>)) {
        let path = std::env::temp_dir().join(format!("pcount-lock-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        test(&path, &Arc::new(Folder::open(&path).unwrap()));
        fs::remove_dir_all(&path).unwrap();
    }

    fn me() -> Owner {
        Owner { host: "here".into(), pid: 7, job: Some("99".into()) }
    }

    #[test]
    fn the_second_is_told_who_was_first_and_the_dead_keep_nobody() {
        with_folder("second", |path, folder| {
            let (path, name) = (path.join("lock"), OsStr::new("lock"));
            // As left behind by a run that was killed.
            fs::write(&path, "host here\npid 1\njob \n").unwrap();
            let lock = Lock::take(folder, name, &me()).unwrap();
            assert!(lock.is_by_system());
            let busy = Lock::take(folder, name, &me()).unwrap_err();
            assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
            assert_eq!(busy.to_string(), "another run is writing it: process 7 on here, job 99");
            drop(lock);
            assert!(!path.exists());
            // One that took its place is not removed with it.
            let lock = Lock::take(folder, name, &me()).unwrap();
            fs::remove_file(&path).unwrap();
            fs::write(&path, "of another").unwrap();
            drop(lock);
            assert!(path.exists());
        });
    }

    #[test]
    fn a_writer_is_seen_and_its_lock_stays_free() {
        with_folder("seen", |path, folder| {
            let (run, me) = (path.join("run.h5"), me());
            assert_eq!(writer(&run, &me).unwrap(), Writer::Nobody);
            let mine = Owner { pid: std::process::id(), ..me.clone() };
            let lock = Lock::take(folder, "run.h5.lock".as_ref(), &mine).unwrap();
            assert_eq!(writer(&run, &me).unwrap(), Writer::Alive(Some(mine)));
            drop(lock);
            for (host, pid, dead) in [("here", u32::MAX, true), ("there", u32::MAX, false), ("here", 1, false)] {
                fs::write(path.join("run.h5.lock"), format!("host {host}\npid {pid}\njob \n")).unwrap();
                let seen = writer(&run, &me).unwrap();
                assert_eq!(matches!(seen, Writer::Dead(_)), dead, "{seen:?}");
                assert!(Lock::take(folder, "run.h5.lock".as_ref(), &me).is_ok(), "it is free");
            }
        });
    }

    #[test]
    fn a_lock_that_is_there_is_never_written_and_little_of_it_read() {
        with_folder("planted", |path, folder| {
            let (victim, lock) = (path.join("victim"), path.join("lock"));
            fs::write(&victim, "precious").unwrap();
            std::os::unix::fs::symlink(&victim, &lock).unwrap();
            let why = Lock::take(folder, "lock".as_ref(), &me()).unwrap_err();
            assert!(why.to_string().contains("not a plain file"), "{why}");
            fs::remove_file(&lock).unwrap();
            // A second name of the victim's file goes, and the file stays.
            fs::hard_link(&victim, &lock).unwrap();
            drop(Lock::take(folder, "lock".as_ref(), &me()).unwrap());
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
            // Five gigabytes of nothing, held by another: what it says beyond the first bytes is nobody's name.
            let sparse = File::create(&lock).unwrap();
            sparse.set_len(5 << 30).unwrap();
            sparse.lock().unwrap();
            let why = Lock::take(folder, "lock".as_ref(), &me()).unwrap_err();
            assert_eq!(why.to_string(), "another run is writing it");
            // What would do something to a terminal does not get there.
            (&sparse).write_all(b"host \x1b[2Jevil\npid 5\njob \x07\xff\n").unwrap();
            let why = Lock::take(folder, "lock".as_ref(), &me()).unwrap_err();
            assert_eq!(why.to_string(), "another run is writing it: process 5 on [2Jevil, job \u{fffd}");
        });
    }
}
