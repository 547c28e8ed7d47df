//! Opens a run file: the text in its first 512 bytes, and what can be wrong with the file.

use super::content::content;
use super::place::previous;
use super::{HEAD, SCHEMA, cannot, reader, unlocked};
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::folder;
use crate::report::Report;
use crate::values::Stretch;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An open run file, even if its name is removed, and its report.
pub struct OpenedFile {
    /// The report of the run.
    pub report: Report,
    file: fs::File,
    path: PathBuf,
    read_rows: ReadRows,
}

/// Gives a function the rows of the list in a file, as long as it wants more.
type ReadRows = fn(&fs::File, &mut dyn FnMut(&Stretch) -> bool) -> std::result::Result<(), OpenFault>;

impl OpenedFile {
    /// Gives `each` the rows of the list, as long as it wants more.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn rows(&self, each: &mut dyn FnMut(&Stretch) -> bool) -> Result<()> {
        (self.read_rows)(&self.file, each).map_err(|fault| fault.at(&self.path))
    }
}

/// Opens a run file, which may come from anybody.
///
/// # Errors
/// If there is no such file, if it is not a run file, or if it is damaged.
pub fn opened(path: &Path) -> Result<OpenedFile> {
    let (report, file) = open_file(path).map_err(|fault| fault.at(path))?;
    Ok(OpenedFile { report, file, path: path.into(), read_rows: reader::rows })
}

/// The report in a run file.
///
/// # Errors
/// As [`opened`].
pub fn read(path: &Path) -> Result<Report> {
    opened(path).map(|opened| opened.report)
}

/// What can be wrong with a run file.
#[derive(Debug)]
pub(super) enum OpenFault {
    Missing,
    /// It is not a run file.
    Foreign,
    /// It is of another version of pcount.
    Other,
    Damaged(String),
    Unreadable(Error),
}

impl OpenFault {
    pub(super) fn at(self, path: &Path) -> Error {
        let previous = previous(path);
        let hint =
            if previous.is_file() { format!("; the one before is '{}'", previous.display()) } else { String::new() };
        let wrong = |what: &str| Error::failed(format!("'{}' {what}{hint}", path.display()));
        match self {
            OpenFault::Missing => Error::usage(format!("'{}': there is no such file{hint}", path.display())),
            OpenFault::Foreign => wrong("is not a pcount run file"),
            OpenFault::Other => wrong("is a run file of another pcount"),
            OpenFault::Damaged(how) => wrong(&format!("is damaged: {how}")),
            OpenFault::Unreadable(why) => why,
        }
    }
}

/// The report in a file, which may come from anybody.
pub(super) fn open(path: &Path) -> std::result::Result<Report, OpenFault> {
    open_file(path).map(|(report, _)| report)
}

/// How often a file is opened again if a run replaces it while it is read.
const OPEN_TRIES: usize = 20;

/// The open file, and the report in it. HDF5 cannot open a file without a name, which happens if a run replaces it twice meanwhile:
/// then the newer file is read.
fn open_file(path: &Path) -> std::result::Result<(Report, fs::File), OpenFault> {
    for _ in 1..OPEN_TRIES {
        let file = plain(path)?;
        match reader::report(&file) {
            Err(OpenFault::Damaged(_)) if is_replaced(&file, path) => (),
            report => return report.map(|report| (report, file)),
        }
    }
    let file = plain(path)?;
    Ok((reader::report(&file)?, file))
}

fn is_replaced(file: &fs::File, path: &Path) -> bool {
    let now = fs::metadata(path).map(|now| (now.dev(), now.ino()));
    now.is_ok_and(|now| folder::identity(file).is_ok_and(|then| then != now))
}

/// The report in a file that this process has just written.
pub(super) fn open_own(path: &Path) -> std::result::Result<Report, OpenFault> {
    whole(fs::File::open(path).map_err(|why| unreadable(path, &why))?, path)?;
    let file = unlocked().open(path).map_err(|why| unreadable(path, &why))?;
    content(&file).map_err(|why| OpenFault::Damaged(why.to_string().replace('\n', " ")))
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> OpenFault {
    OpenFault::Unreadable(cannot("read", path, why))
}

/// The file at `path`, if it is an ordinary file that fits its checksum. It is opened only once, so nobody can exchange it between
/// check and use. Nothing else is opened: opening a pipe waits, and a device may never end.
pub(super) fn plain(path: &Path) -> std::result::Result<fs::File, OpenFault> {
    let failed = |why: io::Error| match why.kind() {
        io::ErrorKind::NotFound => OpenFault::Missing,
        _ => unreadable(path, &why),
    };
    let there = fs::canonicalize(path).map_err(failed)?;
    if there.is_dir() {
        return Err(OpenFault::Foreign);
    }
    let (folder, name) = folder::Folder::of(&there).map_err(failed)?;
    match folder.entry(&name).map_err(failed)? {
        None => Err(OpenFault::Missing),
        Some(entry) if !entry.is_file => Err(OpenFault::Foreign),
        Some(_) => whole(folder.read(&name, false).map_err(failed)?, path),
    }
}

/// The file, if it fits its checksum.
fn whole(mut file: fs::File, path: &Path) -> std::result::Result<fs::File, OpenFault> {
    let unreadable = |why: io::Error| unreadable(path, &why);
    let mut found = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut found).map_err(unreadable)?;
    let digest = digest(&mut file).map_err(unreadable)?;
    let fits = [false, true].iter().any(|&unfinished| head(digest, unfinished) == found);
    let schema = found.split(|&byte| byte == b'\n').next().unwrap_or_default();
    match schema == SCHEMA.as_bytes() {
        true if fits => Ok(file),
        true => Err(OpenFault::Damaged("it does not fit its checksum".into())),
        false if schema.starts_with(b"pcount-run/") => Err(OpenFault::Other),
        false => Err(OpenFault::Foreign),
    }
}

/// The user block for the rest of the file.
pub(super) fn head(rest: [u8; 32], unfinished: bool) -> Vec<u8> {
    let status = if unfinished { UNFINISHED } else { "" };
    let mut head = format!("{SCHEMA}\nsha256 {}\n{status}", hex(&rest)).into_bytes();
    head.resize(HEAD, 0);
    head
}

/// A line of the user block that tells an unfinished run: whoever wants to replace the file need not read all of it.
const UNFINISHED: &str = "unfinished\n";

pub(super) fn digest(rest: &mut fs::File) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::default();
    io::copy(rest, &mut digest)?;
    Ok(digest.finish())
}

/// The first bytes of the file; `None` if there is no file.
///
/// # Errors
/// If it cannot be read.
pub(super) fn begin(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    match fs::File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head)) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(head),
    }
}

/// Whether there is an unfinished run, damaged or not.
pub(super) fn says_unfinished(path: &Path) -> bool {
    tells_unfinished(&begin(path).unwrap_or_default())
}

/// Whether the first bytes of a file are those of an unfinished run.
pub(super) fn tells_unfinished(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n');
    head.starts_with(SCHEMA.as_bytes()) && lines.any(|line| line == UNFINISHED.as_bytes())
}

/// Whether there is something else than a run file of any version.
pub(super) fn is_foreign(path: &Path) -> bool {
    let head = begin(path).unwrap_or_default();
    !head.is_empty() && !head.starts_with(b"pcount-run/")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestFolder, draft, write};
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn every_damage_is_told() {
        let folder = TestFolder::new("damage");
        let path = folder.0.join("run.h5");
        write(&sample(), draft(&path).unwrap()).unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(read(&folder.0.join("none.h5")).unwrap_err().to_string().ends_with("there is no such file"));
        for cut in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(read(&path).is_err(), "cut at {cut}");
        }
        // A flipped bit is noticed everywhere, before HDF5 sees it.
        for at in (0..whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            assert!(read(&path).is_err(), "a bit of byte {at}");
        }
        for (content, what) in [
            (&whole[..whole.len() - 1], "is damaged"),
            (b"pcount-run/9\n", "is a run file of another pcount"),
            (&whole[HEAD..], "is not a pcount run file"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains(what), "{what}");
        }
        assert!(read(&folder.0).unwrap_err().to_string().ends_with("is not a pcount run file"));
    }
}
