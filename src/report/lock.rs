//! The lock beside a run file: one run writes it, and whoever else wants to is told which.
//!
//! The system's lock on the file goes with the process that holds it, so what a dead run left behind keeps nobody.
//! Where a file system has no locks, what is written in the file decides: a process of this host that is gone does not
//! count, and one of another host does until somebody removes the file.

use crate::draft::{self, Hold};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub host: String,
    pub pid: u32,
    /// What the batch system calls the job.
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

    fn of(text: &str) -> Option<Owner> {
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let job = value("job").filter(|job| !job.is_empty()).map(str::to_string);
        Some(Owner { host: value("host")?.into(), pid: value("pid")?.parse().ok()?, job })
    }
}

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Locked until it is closed.
    _file: File,
}

impl Lock {
    /// # Errors
    /// Of the kind `ResourceBusy`, with a sentence that names the owner, if a run that is not known to be dead has it.
    pub fn take(path: &Path, me: &Owner) -> io::Result<Lock> {
        let (mut file, hold) = draft::hold(path)?;
        let mut text = String::new();
        // What is not text names nobody.
        let owner = file.read_to_string(&mut text).ok().and_then(|_| Owner::of(&text));
        let hint = format!("; if that is dead, remove '{}'", path.display());
        let busy = match (hold, owner) {
            (Hold::Ours, _) | (Hold::Unknown, None) => None,
            (Hold::Others, None) => Some("another run is writing it".to_string()),
            (Hold::Others, Some(owner)) => Some(format!("another run is writing it: {owner}")),
            (Hold::Unknown, Some(owner)) if owner.host == me.host && !is_alive(owner.pid) => None,
            (Hold::Unknown, Some(owner)) => Some(format!("another run is writing it: {owner}{hint}")),
        };
        if let Some(busy) = busy {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, busy));
        }
        file.set_len(0)?;
        file.rewind()?;
        // A full disk keeps nobody from computing: then the lock names nobody.
        let _ = file.write_all(me.text().as_bytes());
        Ok(Lock { path: path.into(), _file: file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that cannot be removed keeps nobody: it is no longer locked.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether there is such a process here. Where the system does not tell, there may be.
fn is_alive(pid: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{pid}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        for job in [None, Some("17_3".to_string())] {
            let owner = Owner { host: "node-1".into(), pid: 42, job };
            assert_eq!(Owner::of(&owner.text()).unwrap(), owner);
        }
        assert_eq!(Owner::of("nonsense"), None);
        assert!(is_alive(std::process::id()) && !is_alive(u32::MAX));
    }

    #[test]
    fn the_second_is_told_who_was_first_and_the_dead_keep_nobody() {
        let path = std::env::temp_dir().join(format!("pcount-lock-{}", std::process::id()));
        let me = Owner { host: "here".into(), pid: 7, job: Some("99".into()) };
        // As left behind by a run that was killed.
        fs::write(&path, "host here\npid 1\njob \n").unwrap();
        let lock = Lock::take(&path, &me).unwrap();
        let busy = Lock::take(&path, &me).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(busy.to_string(), "another run is writing it: process 7 on here, job 99");
        drop(lock);
        assert!(!path.exists());
        drop(Lock::take(&path, &me).unwrap());
    }
}
