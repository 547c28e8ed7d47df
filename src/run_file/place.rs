//! The place of a run file: what `--out` or `resume` names, its lock, and the file before it.

use super::lock::{Lock, Owner};
use super::open::{OpenFault, begin, is_foreign, open, says_unfinished, tells_unfinished};
use super::{BY_HDF5, HEAD, ToResume, Writing, cannot};
use crate::draft;
use crate::error::{Error, Result};
use crate::escaped;
use crate::folder::{self, Folder, Place};
use crate::streams::remark;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The ending of a draft, behind the run file's name and random digits.
pub(super) const NEW: &str = ".new";

/// The ending of the file that has the rows of a list that is not over, behind the same.
pub(super) const ROWS: &str = ".rows";

/// A run file that is written once or repeatedly.
pub struct RunFile {
    pub(super) path: PathBuf,
    /// Its folder, as it was when the run began, whatever stands at its path now.
    pub(super) folder: Arc<Folder>,
    /// Whether the file there is damaged: then it must not become the one before.
    pub(super) damaged: bool,
    pub(super) writing: &'static Writing,
    /// Whether it is saved with a copy that is read without HDF5.
    pub(super) has_copy: bool,
    /// The messages that were printed, so that each is printed once.
    said: BTreeSet<String>,
    /// Keeps other runs away as long as this one may write.
    _lock: Lock,
}

impl RunFile {
    /// Its name in the folder.
    pub(super) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// Whether the file of that name in its folder is an unfinished run.
    pub(super) fn is_unfinished(&self, name: &OsStr) -> bool {
        let mut head = Vec::new();
        let read = self.folder.read(name, false).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
        read.is_ok() && tells_unfinished(&head)
    }

    /// Removes the files of rows that no run file speaks of, which is all but one, or all.
    pub(super) fn sweep_rows(&self, but: Option<&OsStr>) {
        let is_left = |name: &&OsString| folder::stem(name, ROWS) == Some(self.name()) && but != Some(name.as_os_str());
        let names = self.folder.names().unwrap_or_default();
        names.iter().filter(is_left).for_each(|name| drop(self.folder.remove(name)));
    }

    /// Prints a message about something that does not prevent a save; once.
    pub(super) fn warn(&mut self, what: &str) {
        if self.said.insert(what.to_string()) {
            remark(&format!("'{}': {what}", self.path.display()));
        }
    }

    /// Prints where the run is saved if its folder is no longer at its path.
    ///
    /// # Errors
    /// If the folder was removed. A new one in its place may be another user's.
    pub(super) fn look_for_folder(&mut self) -> io::Result<()> {
        let now = match self.folder.place() {
            Place::Same => return Ok(()),
            Place::Moved(Some(now)) => format!("now '{}'", now.display()),
            Place::Moved(None) => "wherever that is now".into(),
            Place::Removed => {
                let gone = format!("its folder '{}' was removed", self.folder.path().display());
                return Err(io::Error::new(io::ErrorKind::NotFound, gone));
            }
        };
        self.warn(&format!("its folder was renamed or replaced; the run is saved in the one it was started in, {now}"));
        Ok(())
    }
}

/// Checks that the run file can be written, before there is something to write.
///
/// # Errors
/// If it cannot, and if there is an unfinished run, which somebody may want to resume.
pub fn draft(path: &Path, me: &Owner) -> Result<RunFile> {
    let run = place(path, me, "--out ")?;
    let before = previous(&run.path);
    let refused = |what: &str| Err(Error::usage(format!("--out '{}': {what}", path.display())));
    let unfinished = |where_: &str| {
        let advice = format!("continue it with pcount resume {}, or remove it", path.display());
        refused(&format!("there is an unfinished run{where_}: {advice}"))
    };
    // It may be a run.
    let unreadable = |there: &Path, why: &dyn std::fmt::Display| {
        refused(&format!("'{}' cannot be read, so it is not replaced: {why}: give another name", there.display()))
    };
    for there in [&run.path, &before] {
        if let Err(why) = begin(there) {
            return unreadable(there, &why);
        }
    }
    if says_unfinished(&run.path) {
        return unfinished("");
    }
    // Whoever removed the newest file wants neither; but if the newest is damaged, the one before must not be lost.
    match says_unfinished(&before).then(|| open(&run.path)) {
        Some(Err(OpenFault::Damaged(_) | OpenFault::Foreign)) => {
            unfinished(&format!(" in '{}', and '{}' is damaged", before.display(), path.display()))
        }
        Some(Err(OpenFault::Unreadable(why))) => unreadable(&run.path, &why),
        // It may be somebody's data.
        _ if is_foreign(&run.path) => {
            refused("what is there is not a pcount run file: give another name, or remove it")
        }
        _ => {
            run.sweep_rows(None);
            Ok(run)
        }
    }
}

/// Opens the run in the file, or in the one before.
///
/// # Errors
/// If both are damaged or missing.
pub fn resume(path: &Path, me: &Owner) -> Result<ToResume> {
    let missing = fs::metadata(path).is_err_and(|why| why.kind() == io::ErrorKind::NotFound);
    if missing && open(&previous(path)).is_err() {
        return Err(OpenFault::Missing.at(path));
    }
    let run = place(path, me, "")?;
    let fault = match open(&run.path) {
        Ok(report) => return Ok(ToResume { report, from: run.path.clone(), run, note: None }),
        Err(fault) => fault,
    };
    let from = previous(&run.path);
    match (fault, open(&from)) {
        // A file of another version is not damaged.
        (fault @ (OpenFault::Missing | OpenFault::Damaged(_) | OpenFault::Foreign), Ok(report)) => {
            let why = fault.at(path).to_string();
            let words = report
                .state
                .iter()
                .flat_map(|state| &state.arguments)
                .fold(String::new(), |all, word| all + " " + &escaped::line(word));
            let note = format!("{why}; taking that, which is of pcount{words}");
            Ok(ToResume { report, run: RunFile { damaged: true, ..run }, from, note: Some(note) })
        }
        (fault, _) => Err(fault.at(path)),
    }
}

/// The name of the file before this one.
pub(super) fn previous(path: &Path) -> PathBuf {
    path.with_file_name(beside(path, ".prev"))
}

/// Where the run file is to be, locked.
pub(super) fn place(path: &Path, me: &Owner, option: &str) -> Result<RunFile> {
    let wrong = |why: String| Error::usage(format!("{option}'{}': {why}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(wrong(format!("there is no folder '{}'", folder.display())));
    }
    let path = &followed(path).map_err(wrong)?;
    let (folder, name) = Folder::of(path).map_err(|why| wrong(why.to_string()))?;
    let folder = Arc::new(folder);
    for name in ["", ".000000000000.new", ".prev", ".lock"].map(|ending| beside(path, ending)) {
        match folder.entry(&name) {
            Ok(Some(there)) if !there.is_file => {
                return Err(wrong(format!("'{}' is there and is not a plain file", name.display())));
            }
            Err(why) => return Err(wrong(format!("'{}': {why}", name.display()))),
            _ => (),
        }
    }
    let lock = locked(path, &folder, me)?;
    draft::sweep(&folder, NEW, false, |stem| stem == name);
    folder.may_change(&name, NEW).map_err(|(what, why)| wrong(format!("{what}: {why}: give another folder")))?;
    for there in ["", ".prev"].map(|ending| beside(path, ending)) {
        let refused =
            |why| wrong(format!("'{}' is there and cannot be replaced: {why}: give another name", there.display()));
        folder.may_replace(&there, &name, NEW).map_err(refused)?;
    }
    let by_system = lock.is_by_system();
    let mut run = RunFile {
        path: path.into(),
        folder,
        damaged: false,
        writing: &BY_HDF5,
        has_copy: false,
        said: BTreeSet::new(),
        _lock: lock,
    };
    if !by_system {
        let name = beside(path, ".lock");
        let name = name.display();
        run.warn(&format!(
            "this file system has no locks, so only the file '{name}' keeps other runs away while this one is saved"
        ));
    }
    Ok(run)
}

/// The path of the file itself. If it is a link, the file behind it is replaced, not the link. A link that another user may have put
/// there is refused.
fn followed(path: &Path) -> std::result::Result<PathBuf, String> {
    if !path.is_symlink() {
        return Ok(path.into());
    }
    let stranger = || -> io::Result<bool> {
        let (folder, name) = Folder::of(path)?;
        let (link, folder) = (fs::symlink_metadata(folder.path().join(name))?, fs::metadata(folder.path())?);
        // Links of root and of the folder's owner are trusted. The owner of this process's own folder in /proc tells who this user is.
        let me = fs::metadata("/proc/self").map_or(link.uid(), |me| me.uid());
        Ok(![0, me, folder.uid()].contains(&link.uid()))
    };
    match stranger() {
        Ok(false) => fs::canonicalize(path).map_err(|why| format!("it is a link that leads nowhere: {why}")),
        Ok(true) => Err("it is a link of another user: give the name of the file itself".into()),
        Err(why) => Err(why.to_string()),
    }
}

/// The lock on the run file.
fn locked(path: &Path, folder: &Arc<Folder>, me: &Owner) -> Result<Lock> {
    let lock = beside(path, ".lock");
    Lock::take(folder, &lock, me).map_err(|why| match why.kind() {
        io::ErrorKind::PermissionDenied if path.with_file_name(&lock).exists() => {
            let hint = format!("{why}; if no run has it, remove that");
            cannot("write", &path.with_file_name(&lock), &hint)
        }
        _ => cannot("write", path, &why),
    })
}

/// The file's name with an ending.
pub(super) fn beside(path: &Path, ending: &str) -> OsString {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    name
}

/// The name of the file of rows that has these digits.
pub(super) fn rows_name(run: &RunFile, digits: &str) -> OsString {
    beside(&run.path, &format!(".{digits}{ROWS}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestFolder, draft, me, unfinished, write};
    use super::super::{HEAD, read, save};
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn only_a_plain_file_is_replaced() {
        let folder = TestFolder::new("plain");
        let path = folder.0.join("run.h5");
        let refused = |path: &Path| draft(path).err().unwrap().to_string();
        assert!(refused(Path::new("/dev/null")).contains("'null' is there and is not a plain file"));
        assert!(refused(&folder.0.join("x".repeat(252))).contains("too long"));
        fs::create_dir(folder.0.join("run.h5.prev")).unwrap();
        assert!(refused(&path).contains("'run.h5.prev' is there and is not a plain file"));
        fs::remove_dir(folder.0.join("run.h5.prev")).unwrap();

        // Through a link it is its target that is replaced.
        let link = folder.0.join("link.h5");
        std::os::unix::fs::symlink("run.h5", &link).unwrap();
        assert!(refused(&link).contains("a link that leads nowhere"));
        fs::write(&path, "pcount-run/0, say").unwrap();
        write(&sample(), draft(&link).unwrap()).unwrap();
        assert!(link.is_symlink() && path.is_file());
        assert_eq!(read(&link).unwrap(), sample());
        assert_eq!(fs::read(folder.0.join("run.h5.prev")).unwrap(), b"pcount-run/0, say");

        // What is no run file may be somebody's data; an empty file is none.
        fs::write(&path, "data").unwrap();
        assert!(
            refused(&path)
                .ends_with("run.h5': what is there is not a pcount run file: give another name, or remove it")
        );
        fs::write(&path, "").unwrap();
        drop(draft(&path).unwrap());
    }

    #[test]
    fn two_runs_do_not_write_the_same_file() {
        let folder = TestFolder::new("two");
        let path = folder.0.join("run.h5");
        let first = draft(&path).unwrap();
        let why = draft(&path).err().unwrap().to_string();
        assert!(why.ends_with("run.h5': another run is writing it: process 7 on here"), "{why}");
        write(&sample(), first).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
        drop(draft(&path).unwrap());
    }

    #[test]
    fn a_missing_folder_is_known_before_the_run() {
        let why = draft(Path::new("/nowhere/run.h5")).err().unwrap();
        assert_eq!(why, Error::usage("--out '/nowhere/run.h5': there is no folder '/nowhere'"));
    }

    #[test]
    fn the_file_before_is_taken_and_kept_where_the_newest_is_damaged() {
        let folder = TestFolder::new("before");
        let path = folder.0.join("run.h5");
        let (first, second) = (unfinished(2), unfinished(3));
        let mut run = draft(&path).unwrap();
        save::write(&first, &mut run).unwrap();
        save::write(&second, &mut run).unwrap();
        drop(run);
        let whole = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        for damage in [vec![], whole[..whole.len() / 2].to_vec(), flipped(HEAD + 100), flipped(0)] {
            fs::write(&path, damage).unwrap();
            // Nor does another run.
            let why = draft(&path).err().unwrap().to_string();
            assert!(
                why.contains("there is an unfinished run") && why.contains("continue it with pcount resume"),
                "{why}"
            );
            let ToResume { report, mut run, from, note } = resume(&path, &me()).unwrap();
            assert_eq!((report, from), (first.clone(), previous(&path)));
            assert!(
                note.unwrap().ends_with("run.h5.prev'; taking that, which is of pcount primes 0..1e12 --out run.h5")
            );
            // The damaged file does not take the place of the good one.
            save::write(&second, &mut run).unwrap();
            assert_eq!((read(&path).unwrap(), read(&previous(&path)).unwrap()), (second.clone(), first.clone()));
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(resume(&path, &me()).unwrap().report, first);
        drop(draft(&path).unwrap());
        // Of another pcount both are, or a file that is missing with the one before it: no way.
        fs::write(&path, b"pcount-run/9\n").unwrap();
        assert!(resume(&path, &me()).err().unwrap().to_string().contains("of another pcount"));
        let none = resume(&folder.0.join("none.h5"), &me()).err().unwrap();
        assert!(matches!(none, Error::Usage(_)));
        assert!(!folder.0.join("none.h5.lock").exists());
    }
}
