//! A copy of the report behind HDF5's part of a run file, which is read without HDF5.
//!
//! Entries of a cache have one: to start HDF5, and a process that reads with it, takes longer than most answers that are asked for
//! again. HDF5 takes no notice of bytes behind its part. They are the report as a message (`wire.rs`), the message's length, and a mark
//! of the build that wrote it, because another build may have other messages. The checksum in the head of the file covers them.

use super::open::plain;
use crate::digest::Sha256;
use crate::report::Report;
use crate::wire;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A longer report has no copy: its file takes longer to be read than HDF5 to start.
const REPORT_MAX: usize = 1 << 20;

/// The bytes behind the message: its length, and the mark.
const FOOT: usize = 8 + 32;

/// What this build writes behind its copies.
fn mark() -> [u8; 32] {
    Sha256::of(concat!("a copy by pcount ", env!("CARGO_PKG_VERSION"), " ", env!("PCOUNT_SOURCES")).as_bytes())
}

/// Appends the copy to a file that HDF5 has written, unless it is too long.
///
/// # Errors
/// If it cannot be written.
pub(super) fn append(file: &mut File, report: &Report) -> io::Result<()> {
    let message = wire::bytes(report);
    if message.len() > REPORT_MAX {
        return Ok(());
    }
    file.seek(SeekFrom::End(0))?;
    file.write_all(&[&message[..], &(message.len() as u64).to_le_bytes(), &mark()].concat())
}

/// The report in the copy at the end of a run file; `None` if the file is damaged, or if there is none that this build has written.
pub fn copied(path: &Path) -> Option<Report> {
    let mut file = plain(path).ok()?;
    let end = file.seek(SeekFrom::End(0)).ok()?;
    let mut foot = [0; FOOT];
    file.seek(SeekFrom::Start(end.checked_sub(FOOT as u64)?)).ok()?;
    file.read_exact(&mut foot).ok()?;
    let (length, found) = foot.split_first_chunk()?;
    let length = u64::from_le_bytes(*length);
    if found != mark() || length > REPORT_MAX as u64 {
        return None;
    }
    let mut message = vec![0; length as usize];
    file.seek(SeekFrom::Start(end.checked_sub(FOOT as u64 + length)?)).ok()?;
    file.read_exact(&mut message).ok()?;
    wire::value(&message).ok()
}

#[cfg(test)]
mod tests {
    use super::super::open::head;
    use super::super::tests::{TestFolder, draft, unfinished};
    use super::super::{HEAD, read};
    use super::*;
    use crate::report::tests::sample;
    use std::fs;

    #[test]
    fn both_ways_read_the_same() {
        let folder = TestFolder::new("copy");
        let path = folder.0.join("run.h5");
        for report in [sample(), unfinished(3)] {
            let mut run = draft(&path).unwrap_or_else(|_| {
                fs::remove_file(&path).unwrap();
                draft(&path).unwrap()
            });
            run.save(&report).unwrap();
            assert_eq!((copied(&path), read(&path).unwrap()), (None, report.clone()), "there is no copy");
            run.save_with_copy(&report).unwrap();
            assert_eq!((copied(&path), read(&path).unwrap()), (Some(report.clone()), report));
        }
    }

    #[test]
    fn a_long_report_has_none() {
        let folder = TestFolder::new("no-copy");
        let path = folder.0.join("run.h5");
        let timeline = vec![sample().timeline[0].clone(); REPORT_MAX / 40];
        let report = Report { timeline, ..sample() };
        draft(&path).unwrap().save_with_copy(&report).unwrap();
        assert_eq!((copied(&path), read(&path).unwrap()), (None, report));
    }

    #[test]
    fn what_is_damaged_or_of_another_build_is_no_copy() {
        let folder = TestFolder::new("bad-copy");
        let path = folder.0.join("run.h5");
        draft(&path).unwrap().save_with_copy(&sample()).unwrap();
        let whole = fs::read(&path).unwrap();
        let with = |bytes: &[u8], sealed: bool| {
            let mut bytes = bytes.to_vec();
            if sealed {
                let head = head(Sha256::of(&bytes[HEAD..]), false);
                bytes[..HEAD].copy_from_slice(&head);
            }
            fs::write(&path, bytes).unwrap();
            copied(&path)
        };
        assert_eq!(with(&whole, true), Some(sample()));
        let (length, mark) = (whole.len() - FOOT, whole.len() - 1);
        for (at, sealed) in [
            (HEAD, false),
            (whole.len() - FOOT - 1, false),
            (mark, false),
            (mark, true),
            (length, true),
            (length + 7, true),
        ] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert_eq!(with(&bytes, sealed), None, "byte {at}, sealed: {sealed}");
        }
        for cut in [1, FOOT, FOOT + 1, whole.len() - HEAD] {
            assert_eq!(with(&whole[..whole.len() - cut], true), None, "cut by {cut}");
        }
        assert_eq!(copied(&folder.0.join("none")), None);
    }
}
