//! A list in a run file: rows written as they come, read chunk by chunk. Each column is a dataset.

use super::content::{fill, put_text};
use super::place::RunFile;
use super::save::{create, keep};
use super::{cannot, checked};
use crate::digest::{Sha256, hex};
use crate::draft::Draft;
use crate::error::Result;
use crate::report::list::KeptList;
use crate::report::{List, Report};
use crate::values::{ListColumn, Numbers, Size, Stretch};
use hdf5::filters::deflate_available;
use hdf5::types::FixedAscii;
use hdf5::{Dataset, File, Group, H5Type};
use std::fmt::Display;
use std::ops::Range;

/// Where a list of primes is: a single column is a dataset at the top.
const LIST: &str = "primes";

/// Where several columns are: a group with a dataset for each.
const ROWS: &str = "rows";

/// How many numbers a chunk has: half a megabyte.
const CHUNK_NUMBERS: usize = 1 << 16;

/// A run file whose list is being written.
pub struct ListFile {
    draft: Draft,
    run: RunFile,
    file: File,
    columns: Vec<ColumnFile>,
}

/// A column of a list that is being written.
struct ColumnFile {
    key: String,
    kind: Kind,
    dataset: Dataset,
    /// Numbers that do not fill a chunk yet, in the form of the column's size.
    waiting: Numbers,
    known: Known,
}

/// The type of the values of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Narrow,
    Signed,
    /// Decimal text of at most 39 digits, and of at most 78.
    Long,
    Longest,
}

type Long = FixedAscii<39>;
type Longest = FixedAscii<78>;

impl Kind {
    /// Wide enough for the numbers of a column.
    fn of(column: &ListColumn) -> Kind {
        match column.size {
            Size::Narrow => Kind::Narrow,
            Size::Signed => Kind::Signed,
            Size::Long if column.width <= Long::capacity() => Kind::Long,
            Size::Long => Kind::Longest,
        }
    }

    /// That of a dataset in a file.
    fn found(dataset: &Dataset) -> hdf5::Result<Kind> {
        let is = [
            (checked::is::<u64>(dataset)?, Kind::Narrow),
            (checked::is::<i64>(dataset)?, Kind::Signed),
            (checked::is::<Long>(dataset)?, Kind::Long),
            (checked::is::<Longest>(dataset)?, Kind::Longest),
        ];
        is.into_iter().find_map(|(is, kind)| is.then_some(kind)).ok_or_else(|| "a list of another type".into())
    }

    fn size(self) -> Size {
        match self {
            Kind::Narrow => Size::Narrow,
            Kind::Signed => Size::Signed,
            Kind::Long | Kind::Longest => Size::Long,
        }
    }

    /// No numbers, in the form of this size.
    fn none(self) -> Numbers {
        match self {
            Kind::Narrow => Numbers::Narrow(vec![]),
            Kind::Signed => Numbers::Signed(vec![]),
            Kind::Long | Kind::Longest => Numbers::Long(vec![]),
        }
    }

    fn create(self, group: &Group, name: &str) -> hdf5::Result<Dataset> {
        match self {
            Kind::Narrow => chunks::<u64>(group, name),
            Kind::Signed => chunks::<i64>(group, name),
            Kind::Long => chunks::<Long>(group, name),
            Kind::Longest => chunks::<Longest>(group, name),
        }
    }

    fn read(self, dataset: &Dataset, rows: Range<usize>) -> hdf5::Result<Numbers> {
        Ok(match self {
            Kind::Narrow => Numbers::Narrow(dataset.read_slice_1d::<u64, _>(rows)?.to_vec()),
            Kind::Signed => Numbers::Signed(dataset.read_slice_1d::<i64, _>(rows)?.to_vec()),
            Kind::Long => {
                let texts = dataset.read_slice_1d::<Long, _>(rows)?;
                let texts = texts.iter().map(|text| digits(text.as_bytes())).collect::<hdf5::Result<Vec<_>>>()?;
                // 39 digits may be more than 2^128.
                match texts.iter().map(|text| text.parse()).collect() {
                    Ok(numbers) => Numbers::Wide(numbers),
                    Err::<_, std::num::ParseIntError>(_) => {
                        Numbers::Long(texts.into_iter().map(str::to_string).collect())
                    }
                }
            }
            Kind::Longest => {
                let number = |text: &Longest| digits(text.as_bytes()).map(str::to_string);
                let texts = dataset.read_slice_1d::<Longest, _>(rows)?;
                Numbers::Long(texts.iter().map(number).collect::<hdf5::Result<_>>()?)
            }
        })
    }
}

/// A dataset in chunks, compressed if HDF5 can.
fn chunks<T: H5Type>(group: &Group, name: &str) -> hdf5::Result<Dataset> {
    let new = group.new_dataset::<T>().shuffle().chunk(CHUNK_NUMBERS);
    let new = if deflate_available() { new.deflate(1) } else { new };
    new.shape((0..,)).create(name)
}

fn no_number() -> hdf5::Error {
    "a list of no numbers".into()
}

/// A number from 0 on as it is written: digits, the first of which is not 0 unless it is the only one.
fn digits(text: &[u8]) -> hdf5::Result<&str> {
    let is_number =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || text.first().is_some_and(|&c| c != b'0'));
    std::str::from_utf8(text).ok().filter(|_| is_number).ok_or_else(no_number)
}

/// What is known of a column without keeping it.
#[derive(Default)]
struct Known {
    count: u64,
    /// Characters of the longest number.
    width: usize,
    sha256: Sha256,
}

impl Known {
    fn add(&mut self, numbers: &Numbers) {
        self.count += numbers.len() as u64;
        self.width = self.width.max(width(numbers));
        match numbers {
            Numbers::Narrow(numbers) => {
                self.sha256.update(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
            }
            other => self.sha256.update((other.texts().collect::<Vec<_>>().join("\n") + "\n").as_bytes()),
        }
    }
}

/// Characters of the longest number.
fn width(numbers: &Numbers) -> usize {
    let length = |number: &dyn Display| number.to_string().len();
    match numbers {
        Numbers::Narrow(numbers) => numbers.iter().max().map_or(0, |most| length(most)),
        Numbers::Signed(numbers) => {
            [numbers.iter().min(), numbers.iter().max()].into_iter().flatten().map(|end| length(end)).max().unwrap_or(0)
        }
        other => other.texts().map(|text| text.len()).max().unwrap_or(0),
    }
}

/// What is known of a list, from what is known of its columns.
fn known(columns: Vec<(String, Kind, Known)>) -> hdf5::Result<List> {
    let count = columns.first().map_or(0, |(.., known)| known.count);
    if columns.iter().any(|(.., known)| known.count != count) {
        return Err("a list whose columns differ in length".into());
    }
    let mut sha256 = Sha256::default();
    let column = |(key, kind, known): (String, Kind, Known)| {
        sha256.update(&known.sha256.finish());
        ListColumn { key: key.into(), width: known.width, size: kind.size() }
    };
    let columns = columns.into_iter().map(column).collect();
    Ok(List { columns, count, sha256: hex(&sha256.finish()) })
}

impl ColumnFile {
    /// Adds numbers.
    fn put(&mut self, numbers: &Numbers) -> hdf5::Result<()> {
        match numbers {
            Numbers::From(first, count) => (0..u128::from(*count)).try_for_each(|index| self.push(first + index)),
            Numbers::Ascending(numbers) => numbers.numbers().try_for_each(|number| self.push(number)),
            Numbers::Narrow(numbers) => numbers.iter().try_for_each(|&number| self.push(number.into())),
            Numbers::Wide(numbers) => numbers.iter().try_for_each(|&number| self.push(number)),
            Numbers::Signed(_) | Numbers::Long(_) => numbers.texts().try_for_each(|text| self.push_text(text)),
        }
    }

    fn push(&mut self, number: u128) -> hdf5::Result<()> {
        match (&mut self.waiting, u64::try_from(number)) {
            (Numbers::Narrow(waiting), Ok(number)) => {
                waiting.push(number);
                if waiting.len() == CHUNK_NUMBERS { self.append() } else { Ok(()) }
            }
            _ => self.push_text(number.to_string()),
        }
    }

    fn push_text(&mut self, text: String) -> hdf5::Result<()> {
        let too_long = || hdf5::Error::from(format!("{text} is too long for its column"));
        match &mut self.waiting {
            Numbers::Narrow(waiting) => waiting.push(text.parse().map_err(|_| too_long())?),
            Numbers::Signed(waiting) => waiting.push(text.parse().map_err(|_| too_long())?),
            Numbers::Long(waiting) => waiting.push(text),
            _ => unreachable!("no column waits so"),
        }
        if self.waiting.len() == CHUNK_NUMBERS { self.append() } else { Ok(()) }
    }

    fn append(&mut self) -> hdf5::Result<()> {
        let numbers = std::mem::replace(&mut self.waiting, self.kind.none());
        let from = self.known.count as usize;
        self.known.add(&numbers);
        let rows = from..self.known.count as usize;
        self.dataset.resize(rows.end)?;
        match &numbers {
            Numbers::Narrow(numbers) => self.dataset.write_slice(numbers, rows),
            Numbers::Signed(numbers) => self.dataset.write_slice(numbers, rows),
            Numbers::Long(texts) if self.kind == Kind::Long => {
                self.dataset.write_slice(&ascii(texts, Long::from_ascii)?, rows)
            }
            Numbers::Long(texts) => self.dataset.write_slice(&ascii(texts, Longest::from_ascii)?, rows),
            _ => unreachable!("no column waits so"),
        }
    }
}

/// Texts as HDF5 has them.
fn ascii<'a, T, E: Display>(
    texts: &'a [String],
    make: fn(&'a String) -> std::result::Result<T, E>,
) -> hdf5::Result<Vec<T>> {
    texts.iter().map(|text| make(text).map_err(|why| hdf5::Error::from(why.to_string()))).collect()
}

impl ListFile {
    /// Begins a list of these columns.
    ///
    /// # Errors
    /// If the file cannot be made or written.
    pub fn begin(mut run: RunFile, columns: &[ListColumn]) -> Result<ListFile> {
        let (draft, file) = create(&mut run)?;
        let begin = || -> hdf5::Result<Vec<ColumnFile>> {
            let keys: Vec<&str> = columns.iter().map(|column| &*column.key).collect();
            put_text(&file, "list", &keys.join(","))?;
            let rows = if columns.len() > 1 { Some(file.create_group(ROWS)?) } else { None };
            let column = |column: &ListColumn| {
                let kind = Kind::of(column);
                let dataset = match &rows {
                    Some(rows) => kind.create(rows, &column.key)?,
                    None => kind.create(&file, LIST)?,
                };
                let (key, known) = (column.key.to_string(), Known::default());
                Ok(ColumnFile { key, kind, dataset, waiting: kind.none(), known })
            };
            columns.iter().map(column).collect()
        };
        let columns = begin().map_err(|why| cannot("write", &run.path, &why))?;
        Ok(ListFile { draft, run, file, columns })
    }
}

impl KeptList for ListFile {
    fn put(&mut self, stretch: &Stretch) -> Result<()> {
        let mut columns = self.columns.iter_mut().zip(&stretch.columns);
        columns
            .try_for_each(|(column, numbers)| column.put(numbers))
            .map_err(|why| cannot("write", &self.run.path, &why))
    }

    /// Completes the list and makes the draft the run file.
    fn keep(self: Box<Self>, report: &Report) -> Result<()> {
        let ListFile { draft, mut run, file, columns, .. } = *self;
        let complete = || {
            let finish = |mut column: ColumnFile| {
                column.append()?;
                Ok((column.key, column.kind, column.known))
            };
            let list = Some(known(columns.into_iter().map(finish).collect::<hdf5::Result<_>>()?)?);
            let report = Report { list, ..report.clone() };
            fill(file, &report).map(|()| report)
        };
        let report = complete().map_err(|why| cannot("write", &run.path, &why))?;
        keep(&report, &mut run, draft)
    }
}

/// The columns of the list in a file.
struct Found {
    columns: Vec<(String, Kind, Dataset)>,
    /// Whether it is a single column, of primes.
    primes: bool,
}

impl Found {
    fn open(file: &File, keys: &str) -> hdf5::Result<Found> {
        let primes = !keys.contains(',');
        let group = if primes { None } else { Some(checked::group(file, ROWS)?) };
        let column = |key: &str| {
            checked::named(key)?;
            let dataset = match &group {
                Some(group) => checked::chunked(group, key, CHUNK_NUMBERS)?,
                None => checked::chunked(file, LIST, CHUNK_NUMBERS)?,
            };
            Ok((key.to_string(), Kind::found(&dataset)?, dataset))
        };
        let columns = keys.split(',').map(column).collect::<hdf5::Result<Vec<_>>>()?;
        let rows = columns[0].2.size();
        match columns.iter().all(|(.., dataset)| dataset.size() == rows) {
            true => Ok(Found { columns, primes }),
            false => Err("a list whose columns differ in length".into()),
        }
    }

    /// Gives `each` the rows, chunk by chunk, as long as it wants more.
    fn each(&self, each: &mut dyn FnMut(Stretch) -> bool) -> hdf5::Result<()> {
        let rows = self.columns[0].2.size();
        for from in (0..rows).step_by(CHUNK_NUMBERS) {
            let rows = from..rows.min(from + CHUNK_NUMBERS);
            let columns = self.columns.iter().map(|(_, kind, dataset)| kind.read(dataset, rows.clone()));
            let columns = columns.collect::<hdf5::Result<Vec<_>>>()?;
            if self.primes && !can_be_primes(&columns[0]) {
                return Err("a list of what is no prime".into());
            }
            if !each(Stretch { columns }) {
                break;
            }
        }
        Ok(())
    }
}

/// Numbers that were never written read as repeated values. Ranges may overlap, so numbers need not ascend.
fn can_be_primes(numbers: &Numbers) -> bool {
    let (least, most) = match numbers {
        Numbers::Narrow(numbers) => (numbers.iter().min().map(|&n| n.into()), numbers.iter().max().map(|&n| n.into())),
        Numbers::Wide(numbers) => (numbers.iter().min().copied(), numbers.iter().max().copied()),
        _ => return false,
    };
    let never_written = numbers.len() == CHUNK_NUMBERS && least == most;
    !never_written && least.is_none_or(|least: u128| least >= 2)
}

/// What is known of a list without keeping it. `keys` are those of its columns.
pub(super) fn list(keys: &str, file: &File) -> hdf5::Result<List> {
    let found = Found::open(file, keys)?;
    let mut columns: Vec<Known> = found.columns.iter().map(|_| Known::default()).collect();
    found.each(&mut |stretch| {
        columns.iter_mut().zip(&stretch.columns).for_each(|(known, numbers)| known.add(numbers));
        true
    })?;
    let all = found.columns.into_iter().zip(columns).map(|((key, kind, _), known)| (key, kind, known));
    known(all.collect())
}

/// Gives `each` the rows of the list in a file, chunk by chunk, as long as it wants more.
pub(super) fn each_chunk(file: &File, each: &mut dyn FnMut(Stretch) -> bool) -> hdf5::Result<()> {
    Found::open(file, &checked::text(file, "list")?)?.each(each)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestFolder, draft};
    use super::super::{opened, read};
    use super::*;
    use crate::report::tests::sample;
    use crate::values::Table;
    use std::fs;
    use std::path::Path;

    /// Writes a list, and reads it back.
    fn written(path: &Path, columns: &[ListColumn], stretches: &[Stretch]) -> (List, Vec<Vec<String>>) {
        let mut file = ListFile::begin(draft(path).unwrap(), columns).unwrap();
        stretches.iter().for_each(|stretch| file.put(stretch).unwrap());
        Box::new(file).keep(&Report { table: Table::default(), ..sample() }).unwrap();
        let mut found = vec![vec![]; columns.len()];
        let each = &mut |stretch: &Stretch| {
            found.iter_mut().zip(&stretch.columns).for_each(|(found, numbers)| found.extend(numbers.texts()));
            true
        };
        opened(path).unwrap().rows(each).unwrap();
        (read(path).unwrap().list.unwrap(), found)
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let folder = TestFolder::new("list");
        let path = folder.0.join("run.h5");
        for (start, count) in [(0u128, 0u64), (2, 5), (3, CHUNK_NUMBERS as u64), (7, 150_000), (1 << 100, 70_000)] {
            let size = if start > 1 << 64 { Size::Long } else { Size::Narrow };
            let numbers = Numbers::From(start, count);
            let texts: Vec<String> = numbers.texts().collect();
            let columns = vec![numbers];
            let (list, found) = written(&path, &[ListColumn::new("prime", 0, size)], &[Stretch { columns }]);
            assert_eq!((list.keys().join(" "), list.count), ("prime".into(), count));
            assert!(found[0] == texts, "{count} numbers from {start}");
        }
        // No draft remains, also if the list is given up.
        let mut file = ListFile::begin(draft(&path).unwrap(), &[ListColumn::new("prime", 0, Size::Narrow)]).unwrap();
        file.put(&Stretch { columns: vec![Numbers::From(2, 1)] }).unwrap();
        drop(file);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn rows_of_every_size_are_read_as_they_were_written() {
        let folder = TestFolder::new("rows");
        let path = folder.0.join("run.h5");
        let count = CHUNK_NUMBERS as u64 + 9;
        let signed = (0..count as i64).map(|n| 5 - n).collect();
        let long = (0..count).map(|n| format!("{}{n}", "9".repeat(70))).collect();
        for (first, second, sizes) in [
            (Numbers::From(0, count), Numbers::Narrow((0..count).collect()), [Size::Narrow, Size::Narrow]),
            (Numbers::Signed(signed), Numbers::Wide(vec![1 << 127; count as usize]), [Size::Signed, Size::Long]),
            (Numbers::From(1 << 90, count), Numbers::Long(long), [Size::Long, Size::Long]),
            // Text that is too long for 128 bits and has no more digits than fit.
            (Numbers::From(0, 2), Numbers::Long(vec!["9".repeat(39), "0".into()]), [Size::Narrow, Size::Long]),
        ] {
            let [n, value] = [&first, &second].map(|numbers| numbers.texts().collect::<Vec<_>>());
            let width = |texts: &Vec<String>| texts.iter().map(String::len).max().unwrap();
            let columns =
                [ListColumn::new("n", width(&n), sizes[0]), ListColumn::new("value", width(&value), sizes[1])];
            let (list, found) = written(&path, &columns, &[Stretch { columns: vec![first, second] }]);
            assert_eq!((&list.columns[..], list.count), (&columns[..], n.len() as u64));
            assert!(found == [n, value]);
        }
        let columns = [ListColumn::new("n", 1, Size::Narrow), ListColumn::new("value", 1, Size::Narrow)];
        let (list, found) = written(&path, &columns, &[]);
        assert_eq!((list.count, found), (0, vec![vec![]; 2]));
        // What a column has no room for is an error, and no other number.
        let mut file = ListFile::begin(draft(&path).unwrap(), &columns).unwrap();
        let columns = vec![Numbers::From(1, 1), Numbers::Signed(vec![-1])];
        assert!(file.put(&Stretch { columns }).unwrap_err().to_string().contains("-1 is too long"));
    }
}
