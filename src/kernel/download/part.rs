//! A file under way. It is written under a name of its own in its folder, and gets the file's name only when it is whole.
//!
//! A file that is there already is never lost silently. One with the same content stays, and the download is done. One with
//! another content is an error, unless `--force` says that it may be replaced. The same rule holds for two runs that save the
//! same name, because a name is taken in one step. A run that is stopped removes its parts.

use crate::digest::{Sha256, hex};
use crate::draft::{self, Draft};
use crate::folder::Folder;
use crate::streams;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

/// Where files go, and what is under way there.
pub struct Shelf {
    path: PathBuf,
    /// The folder there, held open from the first file on.
    folder: Mutex<Option<Arc<Folder>>>,
    /// What the names of its parts begin with.
    stems: HashSet<String>,
    /// Whether files that are there already may be replaced.
    force: bool,
    over: AtomicBool,
    open: Mutex<Vec<Slot>>,
    /// How many transfers are under way.
    busy: AtomicUsize,
}

/// A transfer holds this as long as it is under way.
pub struct Busy<'a>(&'a Shelf);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The draft of a part, until it is kept or the run is over.
type Slot = Arc<Mutex<Option<Draft>>>;

impl Shelf {
    /// For files of these names in the folder at `path`.
    pub fn new(path: PathBuf, names: &[String], force: bool) -> Shelf {
        let stems = names.iter().map(|name| stem(name)).collect();
        Shelf {
            path,
            folder: Mutex::default(),
            stems,
            force,
            over: AtomicBool::new(false),
            open: Mutex::default(),
            busy: AtomicUsize::new(0),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether no more is wanted.
    pub fn over(&self) -> &AtomicBool {
        &self.over
    }

    /// Says that a transfer begins.
    pub fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }

    /// Removes the parts that are not whole. No transfer begins after that.
    pub fn clear(&self) {
        self.take_away();
        // A process that ends frees TLS, which other threads may still use. Threads that receive data notice at once that
        // the run is over; the others sleep.
        for _ in 0..LEAVING_LOOKS {
            if self.busy.load(Ordering::Acquire) == 0 {
                break;
            }
            std::thread::sleep(LEAVING_LOOK);
        }
    }

    fn take_away(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.over.store(true, Ordering::Relaxed);
        for slot in open.drain(..) {
            drop(taken(&slot));
        }
    }

    /// Removes what killed runs left of the same files.
    pub fn tidy(&self) {
        if self.path.is_dir() {
            // If it cannot be opened, the row of the file that should go there says so.
            let _ = self.folder();
        }
    }

    /// The folder. It is made if there is none, and old parts in it are removed.
    fn folder(&self) -> io::Result<Arc<Folder>> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = &*folder {
            return Ok(folder.clone());
        }
        fs::create_dir_all(&self.path)?;
        let opened = Arc::new(Folder::open(&self.path)?);
        draft::sweep(&opened, PART, true, |stem| stem.to_str().is_some_and(|stem| self.stems.contains(stem)));
        Ok(folder.insert(opened).clone())
    }

    fn begin(&self, name: &str) -> Result<Slot, String> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.over.load(Ordering::Relaxed) {
            return Err(RUN_STOPPED.into());
        }
        let draft = self.folder().and_then(|folder| Draft::locked(&folder, name.as_ref(), stem(name).as_ref(), PART));
        let slot = Arc::new(Mutex::new(Some(draft.map_err(|why| self.told(&why))?)));
        open.retain(|slot| Arc::strong_count(slot) > 1);
        open.push(slot.clone());
        Ok(slot)
    }

    fn told(&self, why: &io::Error) -> String {
        format!("{}: {why}", self.path.display())
    }

    /// Says once that names may be lost if the machine loses power.
    fn warn(&self, why: &io::Error) {
        static WARNED: Once = Once::new();
        let path = self.path.display();
        let what = format!("the folder '{path}' cannot be synced to the disk: {why}; the files are there");
        WARNED.call_once(|| streams::remark(&what));
    }
}

/// The ending of a file that is not whole yet.
const PART: &str = ".part";

/// What its name begins with.
fn stem(name: &str) -> String {
    format!(".{name}")
}

/// How often to look whether all transfers have ended, and how long to wait each time.
const LEAVING_LOOKS: u32 = 20;
const LEAVING_LOOK: Duration = Duration::from_millis(5);

const RUN_STOPPED: &str = "the run was stopped";

fn taken(slot: &Slot) -> Option<Draft> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The part of one file that has come so far.
pub struct PartFile<'a> {
    shelf: &'a Shelf,
    name: &'a str,
    slot: Option<Slot>,
    digest: Sha256,
    bytes: u64,
}

impl<'a> PartFile<'a> {
    /// Nothing yet of the file `name`.
    pub fn new(shelf: &'a Shelf, name: &'a str) -> PartFile<'a> {
        PartFile { shelf, name, slot: None, digest: Sha256::default(), bytes: 0 }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a file of so many bytes could be kept.
    ///
    /// # Errors
    /// If another file has the name already, and may not be replaced. Says so for the row.
    pub fn may_become(&self, bytes: u64) -> Result<(), String> {
        match fs::symlink_metadata(self.path()) {
            Ok(there) if !(self.shelf.force || there.is_file() && there.len() == bytes) => Err(self.in_the_way()),
            _ => Ok(()),
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// If the bytes cannot be written, or if the run was stopped. Says so for the row.
    pub fn write(&mut self, data: &[u8]) -> Result<(), String> {
        let slot = self.slot()?;
        let mut draft = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let draft = draft.as_mut().ok_or(RUN_STOPPED)?;
        draft.file().write_all(data).map_err(|why| self.shelf.told(&why))?;
        self.digest.update(data);
        self.bytes += data.len() as u64;
        Ok(())
    }

    /// Gives the part the name of the file. Returns the digest of the file.
    ///
    /// # Errors
    /// If another file has the name by now and may not be replaced, if the system refuses, or if the run was stopped.
    /// Says so for the row.
    pub fn keep(mut self) -> Result<String, String> {
        let draft = taken(&self.slot()?).ok_or(RUN_STOPPED)?;
        let digest = hex(&std::mem::take(&mut self.digest).finish());
        let kept = if self.shelf.force { draft.keep() } else { draft.keep_first() };
        match kept {
            Ok(()) => Ok(digest),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => match self.digest_there() {
                Ok(there) if there == digest => Ok(digest),
                _ => Err(self.in_the_way()),
            },
            // The file is there.
            Err(why) if why.kind() == io::ErrorKind::Unsupported => {
                self.shelf.warn(&why);
                Ok(digest)
            }
            Err(why) => Err(self.shelf.told(&why)),
        }
    }

    fn slot(&mut self) -> Result<Slot, String> {
        let slot = match &self.slot {
            Some(slot) => slot.clone(),
            None => self.shelf.begin(self.name)?,
        };
        Ok(self.slot.insert(slot).clone())
    }

    fn path(&self) -> PathBuf {
        self.shelf.path.join(self.name)
    }

    fn in_the_way(&self) -> String {
        format!("'{}' exists already with other content: --force replaces it", self.path().display())
    }

    /// The digest of the plain file that is there.
    fn digest_there(&self) -> io::Result<String> {
        let mut file = self.shelf.folder()?.read(self.name.as_ref(), false)?;
        let (mut buffer, mut digest) = (vec![0; 64 << 10], Sha256::default());
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hex(&digest.finish())),
                count => digest.update(&buffer[..count]),
            }
        }
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        // The shelf has it too.
        self.slot.iter().for_each(|slot| drop(taken(slot)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shelf in a folder that goes with the test.
    fn with_shelf(name: &str, force: bool, test: impl FnOnce(&Shelf, &dyn Fn(&str) -> Result<String, String>)) {
        let folder = std::env::temp_dir().join(format!("pcount-part-{name}-{}", std::process::id()));
        let shelf = Shelf::new(folder.join("deep"), &["file".into()], force);
        let save = |content: &str| {
            let mut part = PartFile::new(&shelf, "file");
            content.as_bytes().chunks(2).try_for_each(|data| part.write(data))?;
            part.keep()
        };
        test(&shelf, &save);
        fs::remove_dir_all(&folder).unwrap();
    }

    fn names(shelf: &Shelf) -> usize {
        fs::read_dir(shelf.path()).unwrap().count()
    }

    #[test]
    fn what_is_there_stays_unless_it_may_be_replaced() {
        with_shelf("stays", false, |shelf, save| {
            let digest = save("one").unwrap();
            assert_eq!(save("one"), Ok(digest), "the same again is as good");
            assert!(save("other").unwrap_err().ends_with("--force replaces it"));
            assert_eq!((fs::read(shelf.path().join("file")).unwrap(), names(shelf)), (b"one".to_vec(), 1));
            let part = PartFile::new(shelf, "file");
            assert!(part.may_become(3).is_ok() && part.may_become(4).is_err());
        });
        with_shelf("replaced", true, |shelf, save| {
            save("one").and_then(|_| save("other")).unwrap();
            assert_eq!((fs::read(shelf.path().join("file")).unwrap(), names(shelf)), (b"other".to_vec(), 1));
        });
    }

    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        with_shelf("link", false, |shelf, save| {
            fs::create_dir_all(shelf.path()).unwrap();
            std::os::unix::fs::symlink("elsewhere", shelf.path().join("file")).unwrap();
            assert!(save("one").is_err());
            assert_eq!(names(shelf), 1);
        });
    }

    #[test]
    fn nothing_is_left_of_a_run_that_is_stopped() {
        with_shelf("stopped", false, |shelf, save| {
            let mut part = PartFile::new(shelf, "other");
            part.write(b"half").unwrap();
            assert_eq!(names(shelf), 1);
            shelf.clear();
            assert_eq!(names(shelf), 0);
            assert_eq!(part.write(b"more"), Err(RUN_STOPPED.to_string()));
            assert_eq!(part.keep(), Err(RUN_STOPPED.to_string()));
            assert_eq!(save("one"), Err(RUN_STOPPED.to_string()));
        });
    }
}
