//! A list in a run file: each column is a dataset, in chunks. What is written here is read here, chunk by chunk.

use super::content::put_text;
use super::{checked, packed};
use crate::digest::{Sha256, hex};
use crate::report::List;
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
pub(super) const CHUNK_NUMBERS: usize = 1 << 16;

/// The type of the values of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Narrow,
    Signed,
    /// Decimal text of at most 39 digits, and of at most 78.
    Long,
    Longest,
    /// A word.
    Word,
}

type Long = FixedAscii<39>;
type Longest = FixedAscii<78>;
type Word = FixedAscii<8>;

impl Kind {
    /// Wide enough for the numbers of a column.
    pub(super) fn of(column: &ListColumn) -> Kind {
        match column.size {
            Size::Narrow => Kind::Narrow,
            Size::Signed => Kind::Signed,
            Size::Long if column.width <= Long::capacity() => Kind::Long,
            Size::Long => Kind::Longest,
            Size::Word => Kind::Word,
        }
    }

    /// That of a dataset in a file.
    fn found(dataset: &Dataset) -> hdf5::Result<Kind> {
        let is = [
            (checked::is::<u64>(dataset)?, Kind::Narrow),
            (checked::is::<i64>(dataset)?, Kind::Signed),
            (checked::is::<Long>(dataset)?, Kind::Long),
            (checked::is::<Longest>(dataset)?, Kind::Longest),
            (checked::is::<Word>(dataset)?, Kind::Word),
        ];
        is.into_iter().find_map(|(is, kind)| is.then_some(kind)).ok_or_else(|| "a list of another type".into())
    }

    fn size(self) -> Size {
        match self {
            Kind::Narrow => Size::Narrow,
            Kind::Signed => Size::Signed,
            Kind::Long | Kind::Longest => Size::Long,
            Kind::Word => Size::Word,
        }
    }

    /// No numbers, in the form of this size.
    pub(super) fn none(self) -> Numbers {
        match self {
            Kind::Narrow => Numbers::Narrow(vec![]),
            Kind::Signed => Numbers::Signed(vec![]),
            Kind::Long | Kind::Longest | Kind::Word => Numbers::Long(vec![]),
        }
    }

    /// The bytes of a value.
    fn bytes(self) -> usize {
        match self {
            Kind::Narrow | Kind::Signed => 8,
            Kind::Long => Long::capacity(),
            Kind::Longest => Longest::capacity(),
            Kind::Word => Word::capacity(),
        }
    }

    /// The most bytes of a packed chunk.
    pub(super) fn packed_most(self) -> usize {
        packed::most(self.chunk_bytes())
    }

    /// The bytes of a chunk that is not packed.
    pub(super) fn chunk_bytes(self) -> usize {
        CHUNK_NUMBERS * self.bytes()
    }

    /// A full chunk of these numbers, as HDF5 stores it.
    ///
    /// # Errors
    /// If they are not of this size, or not as many.
    pub(super) fn pack(self, numbers: &Numbers) -> hdf5::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.chunk_bytes());
        match (self, numbers) {
            (Kind::Narrow, Numbers::Narrow(numbers)) => numbers.iter().for_each(|n| bytes.extend(n.to_ne_bytes())),
            (Kind::Signed, Numbers::Signed(numbers)) => numbers.iter().for_each(|n| bytes.extend(n.to_ne_bytes())),
            (Kind::Long | Kind::Longest | Kind::Word, Numbers::Long(texts)) => {
                for text in texts {
                    let end = bytes.len() + self.bytes();
                    bytes.extend(text.as_bytes());
                    if bytes.len() > end {
                        return Err(too_long(text));
                    }
                    bytes.resize(end, 0);
                }
            }
            _ => return Err("numbers of another size".into()),
        }
        match bytes.len() == self.chunk_bytes() {
            true => Ok(packed::pack(&bytes, self.bytes())),
            false => Err("a chunk that is not full".into()),
        }
    }

    /// The numbers of a full chunk that was packed so.
    ///
    /// # Errors
    /// If it is no such chunk.
    pub(super) fn unpack(self, chunk: &[u8]) -> hdf5::Result<Numbers> {
        let bytes = packed::unpack(chunk, self.chunk_bytes(), self.bytes()).ok_or("a chunk that cannot be unpacked")?;
        let values = || bytes.chunks_exact(8).map(|value| value.try_into().expect("chunks have this size"));
        Ok(match self {
            Kind::Narrow => Numbers::Narrow(values().map(u64::from_ne_bytes).collect()),
            Kind::Signed => Numbers::Signed(values().map(i64::from_ne_bytes).collect()),
            Kind::Long | Kind::Longest | Kind::Word => {
                let text = |value: &[u8]| {
                    let length = value.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    self.text(&value[..length]).map(str::to_string)
                };
                Numbers::Long(bytes.chunks_exact(self.bytes()).map(text).collect::<hdf5::Result<_>>()?)
            }
        })
    }

    /// Whether these numbers are in the form that [`Kind::none`] has, and can be in such a column.
    pub(super) fn takes(self, numbers: &Numbers) -> bool {
        match (self, numbers) {
            (Kind::Narrow, Numbers::Narrow(_)) | (Kind::Signed, Numbers::Signed(_)) => true,
            (Kind::Long | Kind::Longest | Kind::Word, Numbers::Long(texts)) => {
                texts.iter().all(|text| text.len() <= self.bytes() && self.text(text.as_bytes()).is_ok())
            }
            _ => false,
        }
    }

    /// A value as text: a number, or a word.
    fn text(self, value: &[u8]) -> hdf5::Result<&str> {
        if self != Kind::Word {
            return digits(value);
        }
        let is_word = !value.is_empty() && value.iter().all(u8::is_ascii_lowercase);
        std::str::from_utf8(value).ok().filter(|_| is_word).ok_or_else(|| "a list of what is no word".into())
    }

    fn create(self, group: &Group, name: &str, rows: usize) -> hdf5::Result<Dataset> {
        match self {
            Kind::Narrow => chunks::<u64>(group, name, rows),
            Kind::Signed => chunks::<i64>(group, name, rows),
            Kind::Long => chunks::<Long>(group, name, rows),
            Kind::Longest => chunks::<Longest>(group, name, rows),
            Kind::Word => chunks::<Word>(group, name, rows),
        }
    }

    fn write(self, dataset: &Dataset, first: usize, numbers: &Numbers) -> hdf5::Result<()> {
        let rows = first..first + numbers.len();
        match numbers {
            Numbers::Narrow(numbers) => dataset.write_slice(numbers, rows),
            Numbers::Signed(numbers) => dataset.write_slice(numbers, rows),
            Numbers::Long(texts) if self == Kind::Long => dataset.write_slice(&ascii(texts, Long::from_ascii)?, rows),
            Numbers::Long(texts) if self == Kind::Word => dataset.write_slice(&ascii(texts, Word::from_ascii)?, rows),
            Numbers::Long(texts) => dataset.write_slice(&ascii(texts, Longest::from_ascii)?, rows),
            _ => Err("numbers of another size".into()),
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
            Kind::Word => {
                let word = |text: &Word| self.text(text.as_bytes()).map(str::to_string);
                let texts = dataset.read_slice_1d::<Word, _>(rows)?;
                Numbers::Long(texts.iter().map(word).collect::<hdf5::Result<_>>()?)
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
fn chunks<T: H5Type>(group: &Group, name: &str, rows: usize) -> hdf5::Result<Dataset> {
    let new = group.new_dataset::<T>().shuffle().chunk(CHUNK_NUMBERS);
    let new = if deflate_available() { new.deflate(packed::LEVEL) } else { new };
    new.shape((rows..,)).create(name)
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

/// What is known of a chunk without keeping it.
pub(super) struct Seen {
    count: u64,
    width: usize,
    digest: [u8; 32],
}

impl Seen {
    pub(super) fn of(numbers: &Numbers) -> Seen {
        let digest = match numbers {
            Numbers::Narrow(numbers) => {
                Sha256::of(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
            }
            other => Sha256::of((other.texts().collect::<Vec<_>>().join("\n") + "\n").as_bytes()),
        };
        Seen { count: numbers.len() as u64, width: width(numbers), digest }
    }
}

/// What is known of a column without keeping it. It can be saved, and gone on with: the digest is that of the one before and of the next chunk's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub(super) count: u64,
    /// Characters of the longest number.
    pub(super) width: usize,
    pub(super) digest: [u8; 32],
}

impl Known {
    /// Adds the next chunk.
    pub(super) fn add(&mut self, seen: &Seen) {
        self.count += seen.count;
        self.width = self.width.max(seen.width);
        self.digest = Sha256::of(&[self.digest, seen.digest].concat());
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
pub(super) fn known(columns: Vec<(String, Kind, Known)>) -> hdf5::Result<List> {
    let count = columns.first().map_or(0, |(.., known)| known.count);
    if columns.iter().any(|(.., known)| known.count != count) {
        return Err("a list whose columns differ in length".into());
    }
    let mut sha256 = Sha256::default();
    let column = |(key, kind, known): (String, Kind, Known)| {
        sha256.update(&known.digest);
        ListColumn { key: key.into(), width: known.width, size: kind.size() }
    };
    let columns = columns.into_iter().map(column).collect();
    Ok(List { columns, count, sha256: hex(&sha256.finish()) })
}

fn too_long(text: &str) -> hdf5::Error {
    format!("{text} is too long for its column").into()
}

/// Texts as HDF5 has them.
fn ascii<'a, T, E: Display>(
    texts: &'a [String],
    make: fn(&'a String) -> std::result::Result<T, E>,
) -> hdf5::Result<Vec<T>> {
    texts.iter().map(|text| make(text).map_err(|_| too_long(text))).collect()
}

/// A list in a file that is being written, with so many rows.
pub(super) struct Columns(Vec<(Kind, Dataset)>);

impl Columns {
    pub(super) fn create(file: &File, columns: &[(&str, Kind)], rows: u64) -> hdf5::Result<Columns> {
        let keys: Vec<&str> = columns.iter().map(|(key, _)| *key).collect();
        put_text(file, "list", &keys.join(","))?;
        let group = if columns.len() > 1 { Some(file.create_group(ROWS)?) } else { None };
        let column = |&(key, kind): &(&str, Kind)| {
            let dataset = match &group {
                Some(group) => kind.create(group, key, rows as usize)?,
                None => kind.create(file, LIST, rows as usize)?,
            };
            Ok((kind, dataset))
        };
        columns.iter().map(column).collect::<hdf5::Result<_>>().map(Columns)
    }

    /// Writes a full chunk of a column, as [`Kind::pack`] made it.
    pub(super) fn put_packed(&self, column: usize, chunk: u64, packed: &[u8]) -> hdf5::Result<()> {
        let (_, dataset) = &self.0[column];
        let first = chunk * CHUNK_NUMBERS as u64;
        #[cfg(hdf5_write_chunk)]
        return super::direct::put(dataset, first, packed);
        // An older HDF5 packs it again.
        #[cfg(not(hdf5_write_chunk))]
        self.put(column, first, &self.0[column].0.unpack(packed)?)
    }

    /// Writes numbers of a column, from the row `first` on.
    pub(super) fn put(&self, column: usize, first: u64, numbers: &Numbers) -> hdf5::Result<()> {
        let (kind, dataset) = &self.0[column];
        kind.write(dataset, first as usize, numbers)
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
        columns.iter_mut().zip(&stretch.columns).for_each(|(known, numbers)| known.add(&Seen::of(numbers)));
        true
    })?;
    let all = found.columns.into_iter().zip(columns).map(|((key, kind, _), known)| (key, kind, known));
    known(all.collect())
}

/// Gives `each` the rows of the list in a file, chunk by chunk, as long as it wants more.
pub(super) fn each_chunk(file: &File, each: &mut dyn FnMut(Stretch) -> bool) -> hdf5::Result<()> {
    Found::open(file, &checked::text(file, "list")?)?.each(each)
}
