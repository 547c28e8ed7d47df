//! A list of primes in a run file: written number by number, read chunk by chunk.

use super::content::{fill, put_text};
use super::place::RunFile;
use super::save::{create, keep};
use super::{cannot, checked};
use crate::digest::{Sha256, hex};
use crate::draft::Draft;
use crate::error::Result;
use crate::report::list::KeptList;
use crate::report::{List, Report};
use hdf5::filters::deflate_available;
use hdf5::types::FixedAscii;
use hdf5::{Dataset, File};

/// Where a list of primes is.
const LIST: &str = "primes";

/// How many numbers a chunk has: half a megabyte.
const CHUNK_NUMBERS: usize = 1 << 16;

/// A run file whose list is being written.
pub struct ListFile {
    draft: Draft,
    run: RunFile,
    file: File,
    dataset: Dataset,
    wide: bool,
    list: List,
    sha256: Sha256,
    /// Numbers that do not fill a chunk yet.
    waiting: Vec<u128>,
}

/// A number beyond 64 bits, in decimal.
type Wide = FixedAscii<39>;

impl ListFile {
    /// Begins a list of numbers. They are saved as text if they are `wide`, which means beyond 64 bits.
    ///
    /// # Errors
    /// If the file cannot be made or written.
    pub fn begin(mut run: RunFile, key: &'static str, wide: bool) -> Result<ListFile> {
        let (draft, file) = create(&mut run)?;
        let begin = || {
            put_text(&file, "list", key)?;
            // HDF5 does not compress text, so text is saved as bytes.
            let new = if wide { file.new_dataset::<Wide>().shuffle() } else { file.new_dataset::<u64>().shuffle() };
            let new = new.chunk(CHUNK_NUMBERS);
            let new = if deflate_available() { new.deflate(1) } else { new };
            new.shape((0..,)).create(LIST)
        };
        let dataset = begin().map_err(|why| cannot("write", &run.path, &why))?;
        let list = List { key: key.into(), count: 0, sha256: String::new() };
        Ok(ListFile { draft, run, file, dataset, wide, list, sha256: Sha256::default(), waiting: Vec::new() })
    }

    fn flush(&mut self) -> Result<()> {
        self.append().map_err(|why| cannot("write", &self.run.path, &why))
    }

    fn append(&mut self) -> hdf5::Result<()> {
        let numbers = std::mem::take(&mut self.waiting);
        let (from, to) = (self.list.count as usize, self.list.count as usize + numbers.len());
        self.dataset.resize(to)?;
        match self.wide {
            true => self.dataset.write_slice(&wide(&numbers)?, from..to)?,
            false => self.dataset.write_slice(&numbers.iter().map(|&n| n as u64).collect::<Vec<u64>>(), from..to)?,
        }
        digest_numbers(&mut self.sha256, &numbers);
        self.list.count = to as u64;
        Ok(())
    }
}

impl KeptList for ListFile {
    fn push(&mut self, number: u128) -> Result<()> {
        self.waiting.push(number);
        if self.waiting.len() == CHUNK_NUMBERS { self.flush() } else { Ok(()) }
    }

    /// Completes the list and makes the draft the run file.
    fn keep(mut self: Box<Self>, report: &Report) -> Result<()> {
        self.flush()?;
        let ListFile { draft, mut run, file, dataset, mut list, sha256, .. } = *self;
        drop(dataset);
        list.sha256 = hex(&sha256.finish());
        let report = Report { list: Some(list), ..report.clone() };
        fill(file, &report).map_err(|why| cannot("write", &run.path, &why))?;
        keep(&report, &mut run, draft)
    }
}

fn wide(numbers: &[u128]) -> hdf5::Result<Vec<Wide>> {
    let text = |number: &u128| Wide::from_ascii(&number.to_string()).map_err(|why| hdf5::Error::from(why.to_string()));
    numbers.iter().map(text).collect()
}

fn digest_numbers(sha256: &mut Sha256, numbers: &[u128]) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    sha256.update(&bytes);
}

/// What is known of a list without reading it.
pub(super) fn list(key: String, file: &File) -> hdf5::Result<List> {
    let (mut sha256, mut count) = (Sha256::default(), 0);
    each_chunk(file, &mut |numbers| {
        digest_numbers(&mut sha256, numbers);
        count += numbers.len() as u64;
        true
    })?;
    checked::named(&key)?;
    Ok(List { key: key.into(), count, sha256: hex(&sha256.finish()) })
}

/// Gives `each` the numbers of the list in a file, chunk by chunk, as long as it wants more.
pub(super) fn each_chunk(file: &File, each: &mut dyn FnMut(&[u128]) -> bool) -> hdf5::Result<()> {
    let dataset = checked::chunked(file, LIST, CHUNK_NUMBERS)?;
    let (size, wide) = (dataset.size(), checked::is::<Wide>(&dataset)?);
    if !wide && !checked::is::<u64>(&dataset)? {
        return Err("a list of another type".into());
    }
    for from in (0..size).step_by(CHUNK_NUMBERS) {
        let units = from..size.min(from + CHUNK_NUMBERS);
        let numbers: Vec<u128> = match wide {
            true => {
                let number = |text: &Wide| {
                    let digits = std::str::from_utf8(text.as_bytes()).ok().and_then(|digits| digits.parse().ok());
                    digits.ok_or_else(|| hdf5::Error::from("a list of no numbers"))
                };
                dataset.read_slice_1d::<Wide, _>(units)?.iter().map(number).collect::<hdf5::Result<_>>()?
            }
            false => dataset.read_slice_1d::<u64, _>(units)?.iter().map(|&n| n.into()).collect(),
        };
        // Numbers that were never written read as repeated values. Ranges may overlap, so numbers need not ascend.
        let never_written = numbers.len() == CHUNK_NUMBERS && numbers.iter().all(|number| *number == numbers[0]);
        if never_written || numbers.iter().any(|number| *number < 2) {
            return Err("a list of what is no prime".into());
        }
        if !each(&numbers) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestFolder, draft};
    use super::super::{opened, read};
    use super::*;
    use crate::report::tests::sample;
    use crate::values::Table;
    use std::fs;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let folder = TestFolder::new("list");
        let path = folder.0.join("run.h5");
        for (start, count) in [(0u128, 0u128), (2, 5), (3, CHUNK_NUMBERS as u128), (7, 150_000), (1 << 100, 70_000)] {
            let numbers: Vec<u128> = (start..start + count).collect();
            let mut file = ListFile::begin(draft(&path).unwrap(), "prime", start > 1 << 64).unwrap();
            numbers.iter().for_each(|&number| file.push(number).unwrap());
            let report = Report { table: Table::default(), ..sample() };
            Box::new(file).keep(&report).unwrap();
            let list = read(&path).unwrap().list.unwrap();
            assert_eq!((&*list.key, u128::from(list.count)), ("prime", count));
            let mut found = Vec::new();
            opened(&path)
                .unwrap()
                .numbers(&mut |chunk| {
                    found.extend_from_slice(chunk);
                    true
                })
                .unwrap();
            assert_eq!(found, numbers);
        }
        // No draft remains, also if the list is given up.
        let mut file = ListFile::begin(draft(&path).unwrap(), "prime", false).unwrap();
        file.push(2).unwrap();
        drop(file);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }
}
