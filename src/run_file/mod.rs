//! The run file: a report kept in HDF5, to be read by `h5dump`, h5py and `pcount show`. The only folder that
//! names the hdf5 crate.
//!
//! ```text
//! /          attributes: schema, status, kernel
//! /problem   the problem:      attributes, and datasets where a fact is a list
//! /answer    a dataset for each column of the answer; attributes: total, bare. A column `value` is also there as bytes: the integers
//!            as `value_bytes`, little-endian and end to end, and where each begins and the last one ends as `value_offsets`
//! /primes    a list of primes, in chunks; the name of its column is the attribute `list` of /
//! /rows      many rows: a dataset for each column, in chunks; their names are in that attribute
//! /run       how it was done:  attributes and datasets
//! /attempts  /0, /1, ...: /run of the earlier attempts, the first one first; one of them sums up those between the
//!            first and the newest, and says how many they are as `summed_attempts`
//! /timeline  who computed which units when: a dataset for each of first_unit, units, rank, thread, start,
//!            seconds, attempt
//! /ledger    what a resume needs. Attributes: fingerprint of the plan, its units, how many are done, the ranks it
//!            was stated for; datasets: the arguments, a list named there, and of the blocks that are in
//!            level, index, size of the part, and the parts end to end. A list has its rows elsewhere (`growing.rs`), and in
//!            /ledger/rows which: attributes file, sha256, chunk; datasets: sizes of the chunks, and the rest
//! ```
//!
//! Integers beyond 64 bits are text. Each group has an attribute `order`: the order of its facts or columns. Only rank 0
//! writes. A new file is written under another name, read back, and renamed; the file before stays as `.prev`. HDF5's own
//! locks are off, because they fail on file systems of clusters: `lock.rs` has ours.
//!
//! The first 512 bytes are text, in what HDF5 calls the user block and does not touch: the schema, the SHA-256 of all that
//! follows, and whether the run is unfinished. Behind HDF5's part an entry of a cache has a copy of the report (`copy.rs`). HDF5 trusts what it reads, and a flipped bit can make it crash, hang or ask
//! for all memory. So the bytes are checked before HDF5 sees them.

mod checked;
mod content;
mod copy;
mod dataset;
#[cfg(hdf5_write_chunk)]
#[allow(unsafe_code)]
mod direct;
mod files;
mod growing;
pub mod keeper;
mod list;
mod list_plan;
pub mod lock;
mod open;
mod packed;
mod place;
mod reader;
mod save;
mod sense;
mod to_resume;

use crate::error::{Error, Result};
use crate::report::Report;
use crate::report::list::KeptList;
pub use copy::copied;
pub use files::Files;
use hdf5::FileBuilder;
// Only its build script is used: `build.rs` hears from it which HDF5 there is.
use growing::GrowingList;
use hdf5_metno_sys as _;
pub use list_plan::ListPlan;
pub use open::{OpenedFile, opened, read};
pub use place::{RunFile, draft, resume};
pub use reader::serve;
pub use save::write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
pub use to_resume::ToResume;

static HDF5_LOADED: OnceLock<Files> = OnceLock::new();

/// Makes run files available to this program. Whatever calls it makes the program load the HDF5 library when it starts.
pub fn load() {
    HDF5_LOADED.get_or_init(|| Files { draft, resume, opened, column: dataset::column, library });
}

/// Run files, if this program has them.
///
/// # Errors
/// If it has not called [`load`].
pub fn files() -> Result<&'static Files> {
    HDF5_LOADED.get().ok_or_else(|| Error::failed("HDF5 is not loaded: call run_file::load first"))
}

/// How a run file is written, once it is there.
struct Writing {
    report: fn(&Report, &mut RunFile) -> Result<()>,
    list: BeginList,
}

/// Begins a list, or goes on with one.
type BeginList = fn(Arc<Mutex<RunFile>>, ListPlan) -> Result<Box<dyn KeptList>>;

/// By HDF5.
const BY_HDF5: Writing = Writing {
    report: write,
    list: |run, ListPlan { columns, threads, rows, enough }| {
        Ok(Box::new(match rows {
            Some(rows) => GrowingList::go_on(run, columns, threads, rows, enough)?,
            None => GrowingList::begin(run, columns, threads)?,
        }))
    },
};

impl RunFile {
    /// Saves the report in it.
    ///
    /// # Errors
    /// If it cannot be written. Then the files that were there are still complete.
    pub fn save(&mut self, report: &Report) -> Result<()> {
        (self.writing.report)(report, self)
    }

    /// The same, with a copy that [`copied`] reads without HDF5.
    ///
    /// # Errors
    /// As [`RunFile::save`].
    pub fn save_with_copy(&mut self, report: &Report) -> Result<()> {
        self.has_copy = true;
        self.save(report)
    }

    /// Begins a list in it, or goes on with one.
    ///
    /// # Errors
    /// If it cannot be written, or if the rows so far are not there or damaged.
    pub fn list(run: &Arc<Mutex<RunFile>>, plan: ListPlan) -> Result<Box<dyn KeptList>> {
        let begin = run.lock().unwrap_or_else(PoisonError::into_inner).writing.list;
        begin(run.clone(), plan)
    }
}

const SCHEMA: &str = "pcount-run/1";

/// Bytes of the user block: the least that HDF5 has.
const HEAD: usize = 512;

fn cannot(what: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    let why = why.to_string().replace('\n', " ");
    // HDF5 tells all it knows; what the system said is enough.
    let short = why.split_once("error message = '").and_then(|(_, rest)| rest.split('\'').next());
    let why = match short {
        Some(_) if why.contains("unable to lock") => {
            "it is locked (if this file system has no locks, set HDF5_USE_FILE_LOCKING=FALSE)"
        }
        Some(short) => short,
        None => &why,
    };
    Error::failed(format!("cannot {what} '{}': {why}", path.display()))
}

/// HDF5's way to a file, without locks where it has a way without: from 1.10.7 and 1.12.1 on.
fn unlocked() -> FileBuilder {
    #[cfg_attr(not(hdf5_file_locking), allow(unused_mut))]
    let mut builder = FileBuilder::new();
    #[cfg(hdf5_file_locking)]
    builder.with_fapl(|list| list.file_locking(false));
    builder
}

fn library() -> String {
    let (major, minor, micro) = hdf5::library_version();
    format!("{major}.{minor}.{micro}")
}

#[cfg(test)]
mod tests {
    use super::lock::Owner;
    use super::*;
    use crate::block::Block;
    use crate::report::tests::sample;
    use crate::report::{State, Status};
    use crate::values::{Fact, Table, Value};
    use crate::wire::Bytes;
    use std::fs;
    use std::path::PathBuf;

    pub(super) fn me() -> Owner {
        Owner { host: "here".into(), pid: 7, job: None }
    }

    pub(super) fn draft(path: &Path) -> Result<RunFile> {
        super::draft(path, &me())
    }

    pub(super) fn write(report: &Report, mut run: RunFile) -> Result<()> {
        super::write(report, &mut run)
    }

    /// A run under way, with so many blocks.
    pub(super) fn unfinished(blocks: u64) -> Report {
        let block = |index| (Block { level: 0, index: 2 * index }, Bytes(vec![index as u8; 100]));
        let state = State {
            arguments: ["primes", "0..1e12", "--out", "run.h5"].map(String::from).to_vec(),
            list: vec!["a line".into()],
            ranks: 3,
            fingerprint: u64::MAX - 1,
            units: 4 * blocks,
            done: blocks,
            blocks: (0..blocks).map(block).collect(),
            rows: None,
        };
        let attempts = vec![sample().run, vec![Fact::new("ranks", Value::Count(2))]];
        let table = Table::default();
        Report { status: Status::Partial, table, total: None, attempts, state: Some(state), ..sample() }
    }

    /// A folder that goes with the test.
    pub(super) struct TestFolder(pub(super) PathBuf);

    impl TestFolder {
        pub(super) fn new(name: &str) -> TestFolder {
            let path = std::env::temp_dir().join(format!("pcount-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            TestFolder(path)
        }
    }

    impl Drop for TestFolder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}
