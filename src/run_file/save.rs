//! A save: the report is written into a draft, which is sealed, read back and renamed. Each step is one line of a table.
//!
//! At any moment there are at least as many complete files as before. The old file first gets a random second name; that becomes
//! `.prev` only when the new file is on the disk.

use super::content::fill;
use super::copy;
use super::open::{digest, head, open_own};
use super::place::{NEW, RunFile, beside, rows_name};
use super::{HEAD, cannot, unlocked};
use crate::draft::Draft;
use crate::error::Result;
use crate::folder::Folder;
use crate::report::{Report, Status};
use hdf5::File;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// Saves the report as the run file.
///
/// # Errors
/// If it cannot be written. Then the files that were there are still complete.
pub fn write(report: &Report, run: &mut RunFile) -> Result<()> {
    // What a run file says is whole must be on the disk before it.
    if let Some(rows) = report.state.as_ref().and_then(|state| state.rows.as_ref()) {
        let name = rows_name(run, &rows.file);
        let synced = run.folder.read(&name, false).and_then(|file| file.sync_all());
        synced.map_err(|why| cannot("write", &run.path.with_file_name(&name), &why))?;
    }
    let (draft, file) = create(run)?;
    fill(file, report).map_err(|why| cannot("write", &run.path, &why))?;
    keep(report, run, draft)
}

/// An empty run file under another name. If HDF5's locks cannot be turned off, it holds one of its own.
pub(super) fn create(run: &mut RunFile) -> Result<(Draft, File)> {
    let new = run.look_for_folder().and_then(|()| {
        let draft = Draft::new(&run.folder, run.name(), run.name(), NEW)?;
        let path = draft.path()?;
        Ok((draft, path))
    });
    let (draft, path) = new.map_err(|why| cannot("write", &run.path, &why))?;
    let file = unlocked().with_fcpl(|list| list.userblock(HEAD as u64)).create(path);
    Ok((draft, file.map_err(|why| cannot("write", &run.path, &why))?))
}

/// A draft that is complete, on its way to be the run file.
struct Keeping<'a> {
    report: &'a Report,
    run: &'a mut RunFile,
    draft: Draft,
    before: Option<Second>,
}

type Step = fn(&mut Keeping) -> io::Result<()>;

/// The steps of a save, in order. If the process dies between two of them, a complete file remains, the old one or the new one.
const STEPS: [Step; 7] = [
    |keeping| {
        if keeping.run.has_copy {
            copy::append(keeping.draft.file(), keeping.report)?;
        }
        seal(keeping.draft.file(), keeping.report.status)
    },
    // Only reading it back shows what a full or bad disk made of it.
    |keeping| match open_own(&keeping.draft.path()?) {
        Ok(found) if found == *keeping.report => Ok(()),
        Ok(_) => Err(io::Error::other("it is not read back as it was written")),
        Err(why) => {
            let why = why.at(Path::new("the draft"));
            Err(io::Error::other(format!("it could not be read back (is the disk full?): {why}")))
        }
    },
    |keeping| keeping.draft.sync(),
    |keeping| {
        keeping.before = remembered(keeping.run);
        Ok(())
    },
    |keeping| {
        keeping.draft.replace()?;
        keeping.run.damaged = false;
        Ok(())
    },
    |keeping| match keeping.draft.settle() {
        Err(why) if why.kind() == io::ErrorKind::Unsupported => {
            keeping.run.warn(&format!(
                "its folder cannot be brought to the disk: {why}; the file is there, but a loss of power may lose it"
            ));
            Ok(())
        }
        settled => settled,
    },
    |keeping| {
        let previous = beside(&keeping.run.path, ".prev");
        if let Some(Err(why)) = keeping.before.take().map(|second| second.becomes(&previous)) {
            keeping.run.warn(&format!("the file before it cannot be kept as '{}': {why}", previous.display()));
        }
        Ok(())
    },
];

/// Makes the draft with this report the run file.
pub(super) fn keep(report: &Report, run: &mut RunFile, draft: Draft) -> Result<()> {
    let mut keeping = Keeping { report, run, draft, before: None };
    let kept = STEPS.iter().try_for_each(|step| step(&mut keeping));
    kept.map_err(|why| cannot("write", &keeping.run.path, &why))
}

/// Writes the user block.
fn seal(file: &mut fs::File, status: Status) -> io::Result<()> {
    file.seek(SeekFrom::Start(HEAD as u64))?;
    let head = head(digest(file)?, status == Status::Partial);
    file.rewind()?;
    file.write_all(&head)
}

/// A second name of the old file, random as long as that is the newest one.
struct Second {
    folder: Arc<Folder>,
    name: OsString,
    /// Whether this name became `.prev`.
    gone: bool,
}

impl Second {
    fn becomes(mut self, name: &OsStr) -> io::Result<()> {
        self.folder.rename(&self.name, name)?;
        self.gone = true;
        Ok(())
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        if !self.gone {
            // It is one of two names of the file, or a copy.
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// Gives the old file a second name, if there is an old file that is worth it.
fn remembered(run: &mut RunFile) -> Option<Second> {
    let is_there = run.folder.entry(run.name()).is_ok_and(|there| there.is_some_and(|there| there.is_file));
    if run.damaged || !is_there {
        return None;
    }
    // Not every file system has hard links, and not every file of another user may get one.
    let name = run.folder.link_random(run.name(), run.name(), NEW).or_else(|_| copied(run));
    match name {
        Ok(name) => Some(Second { folder: run.folder.clone(), name, gone: false }),
        Err(why) => {
            run.warn(&format!("the file before it cannot be kept: {why}"));
            None
        }
    }
}

/// A copy of the old file, under a random name.
fn copied(run: &RunFile) -> io::Result<OsString> {
    let mut there = run.folder.read(run.name(), false)?;
    let (mut file, name) = run.folder.create_random(run.name(), NEW)?;
    let copy = io::copy(&mut there, &mut file).and_then(|_| file.sync_all());
    copy.map(|()| name.clone()).inspect_err(|_| drop(run.folder.remove(&name)))
}

#[cfg(test)]
mod tests {
    use super::super::place::{place, previous, resume};
    use super::super::tests::{TestFolder, draft, me, unfinished};
    use super::super::{ToResume, read};
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn what_is_written_is_little_more_than_what_is_in() {
        let folder = TestFolder::new("many");
        let path = folder.0.join("run.h5");
        let size = |blocks, entries| {
            let timeline = vec![sample().timeline[0].clone(); entries];
            super::write(&Report { timeline, ..unfinished(blocks) }, &mut place(&path, &me(), "").unwrap()).unwrap();
            fs::metadata(&path).unwrap().len()
        };
        let (few, many) = (size(10, 10), size(10_000, 16_384));
        // A block's part, its level, index and size; and the seven columns of a timeline.
        let rows = 10_000 * (100 + 3 * 8) + 16_384 * 7 * 8;
        assert!(many < few + rows + 4096, "{many} bytes for {rows} of rows");
    }

    #[test]
    fn what_stands_at_its_place_by_then_costs_no_whole_file() {
        let folder = TestFolder::new("replaced");
        let path = folder.0.join("run.h5");
        let mut run = draft(&path).unwrap();
        super::write(&unfinished(2), &mut run).unwrap();
        super::write(&unfinished(3), &mut run).unwrap();
        fs::rename(&path, folder.0.join("aside")).unwrap();
        fs::create_dir(&path).unwrap();
        let why = super::write(&unfinished(4), &mut run).unwrap_err().to_string();
        assert!(why.starts_with(&format!("cannot write '{}'", path.display())), "{why}");
        assert_eq!(read(&previous(&path)).unwrap(), unfinished(2));
        fs::remove_dir(&path).unwrap();
        super::write(&unfinished(4), &mut run).unwrap();
        assert_eq!((read(&path).unwrap(), read(&previous(&path)).unwrap()), (unfinished(4), unfinished(2)));
        // A folder in the place of the one before is said and keeps nothing from being saved.
        fs::remove_file(previous(&path)).unwrap();
        fs::create_dir(previous(&path)).unwrap();
        super::write(&unfinished(5), &mut run).unwrap();
        assert_eq!(read(&path).unwrap(), unfinished(5));
        drop(run);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
    }

    #[test]
    fn whoever_dies_in_a_save_leaves_a_whole_file_behind() {
        let folder = TestFolder::new("killed");
        let path = folder.0.join("run.h5");
        let (old, new) = (unfinished(3), unfinished(5));
        for before in [false, true] {
            for steps in 0..=STEPS.len() + 1 {
                for name in ["run.h5", "run.h5.prev"] {
                    let _ = fs::remove_file(folder.0.join(name));
                }
                let mut run = place(&path, &me(), "").unwrap();
                if before {
                    super::write(&unfinished(2), &mut run).unwrap();
                    super::write(&old, &mut run).unwrap();
                }
                let (draft, file) = create(&mut run).unwrap();
                match steps.checked_sub(1) {
                    None => {
                        drop(file);
                        std::mem::forget(draft);
                    }
                    Some(steps) => {
                        fill(file, &new).unwrap();
                        let mut keeping = Keeping { report: &new, run: &mut run, draft, before: None };
                        STEPS[..steps].iter().for_each(|step| step(&mut keeping).unwrap());
                        // As a killed process leaves it: nothing is undone.
                        std::mem::forget(keeping);
                    }
                }
                drop(run);
                // It has the new name from the fifth step on, and there are two whole files if there were.
                let renamed = steps > 5;
                let before_it = read(&previous(&path)).ok();
                assert_eq!(
                    before_it,
                    before.then(|| if steps > 7 { old.clone() } else { unfinished(2) }),
                    "after {steps}"
                );
                match resume(&path, &me()) {
                    Ok(ToResume { report, note, .. }) => {
                        assert_eq!(report, *if renamed { &new } else { &old }, "after {steps} steps");
                        assert_eq!(note, None);
                        assert!(before || renamed);
                    }
                    Err(why) => assert!(!before && !renamed, "after {steps} steps: {why}"),
                }
                // Whatever lies around, the next run writes.
                let mut run = place(&path, &me(), "").unwrap();
                super::write(&new, &mut run).unwrap();
                assert_eq!(read(&path).unwrap(), new);
                drop(run);
                let names = fs::read_dir(&folder.0).unwrap().count();
                assert_eq!(names, if before || renamed { 2 } else { 1 }, "what the dead left is still there");
            }
        }
    }
}
