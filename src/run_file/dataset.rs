//! A dataset of integers in an HDF5 file of anybody's, as a column of numbers.
//!
//! HDF5 trusts what it reads, so such a file is read as run files are: by a process that can do nothing else (`reader.rs`), one for each thread that
//! computes. It begins at the slice that is wanted and goes on with those behind it. Whoever wants another slice starts another process.

use super::checked;
use super::open::OpenFault;
use super::reader::{self, Slices};
use crate::column::{self, Column, ColumnReader, checksum_fact, facts};
use crate::error::{Error, Result};
use crate::values::{Fact, Numbers, Value};
use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, File, Group, LinkType};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many numbers a slice has, at most: a megabyte. Small datasets are cut into so many slices, so that each of many ranks has its share.
const SLICE: u64 = 1 << 17;
const SLICES_OF_SMALL: u64 = 64;

/// How many numbers a slice of so many numbers has.
fn slice_width(count: u64) -> u64 {
    (count / SLICES_OF_SMALL).clamp(1, SLICE)
}

/// A dataset in a file.
pub struct DatasetColumn {
    path: PathBuf,
    name: String,
    file: fs::File,
    count: u64,
    /// What tells the content of the file.
    checksum: u64,
}

/// Opens a dataset of integers.
///
/// # Errors
/// If the file or the dataset is not there, or if it is not of one dimension and of integers that HDF5 reads without help.
pub fn column(path: &Path, name: &str) -> Result<Arc<dyn Column>> {
    let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("--list {}: {why}", path.display()));
    let file = fs::File::open(path).map_err(|why| wrong(&why))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(wrong(&"it is no plain file, and ranks read it in slices"));
    }
    let count = reader::count_of(&file, name).map_err(|fault| told(path, fault))?;
    let checksum = column::of_samples(&file).map_err(|why| wrong(&why))?;
    Ok(Arc::new(DatasetColumn { path: path.into(), name: name.into(), file, count, checksum }))
}

fn told(path: &Path, fault: OpenFault) -> Error {
    let why = match fault {
        OpenFault::Damaged(how) => how,
        OpenFault::Unreadable(why) => why.to_string(),
        OpenFault::Missing | OpenFault::Foreign | OpenFault::Other => "it cannot be read".into(),
    };
    Error::usage(format!("--list {}: {why}", path.display()))
}

impl Column for DatasetColumn {
    fn slices(&self) -> u64 {
        self.count.div_ceil(slice_width(self.count))
    }

    fn numbers(&self) -> u64 {
        self.count
    }

    fn facts(&self) -> Vec<Fact> {
        let count = Fact::new("count", Value::Count(self.count));
        facts(&self.path, &self.name, [count, checksum_fact(self.checksum)])
    }

    fn reader(self: Arc<Self>) -> Box<dyn ColumnReader> {
        Box::new(DatasetReader { column: self, slices: None })
    }
}

struct DatasetReader {
    column: Arc<DatasetColumn>,
    /// A reader that goes on, and the slice that it has next.
    slices: Option<(Slices, u64)>,
}

impl ColumnReader for DatasetReader {
    fn slice(&mut self, slice: u64) -> Result<Numbers> {
        let DatasetColumn { path, name, file, .. } = &*self.column;
        let fault = |fault| told(path, fault);
        let mut slices = match self.slices.take() {
            Some((slices, next)) if next == slice => slices,
            _ => reader::slices_from(file, name, slice).map_err(fault)?,
        };
        let numbers = slices.next().map_err(fault)?;
        self.slices = Some((slices, slice + 1));
        Ok(numbers)
    }
}

/// The dataset of that name, as far as it may be read, and how many numbers it has.
pub(super) fn numbers_in(file: &File, name: &str) -> hdf5::Result<Dataset> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    let Some((last, groups)) = parts.split_last() else {
        return Err("a dataset needs a name, as in /group/values".into());
    };
    let mut group: Group = file.group("/")?;
    for part in groups {
        linked(&group, part, name)?;
        group = group.group(part).map_err(|_| hdf5::Error::from(format!("'{part}' of '{name}' is no group")))?;
    }
    linked(&group, last, name)?;
    let dataset = group.dataset(last).map_err(|_| hdf5::Error::from(format!("'{name}' is no dataset")))?;
    may_be_read(&dataset, name, file.size())?;
    Ok(dataset)
}

/// Refuses a name that is not in its group, or that is a link to elsewhere.
fn linked(group: &Group, part: &str, name: &str) -> hdf5::Result<()> {
    let found = group.find_link(Default::default(), Default::default(), |known, link| {
        Ok((known == part).then_some(link.link_type))
    })?;
    match found {
        Some(LinkType::Hard) => Ok(()),
        Some(LinkType::Soft | LinkType::External) => {
            Err(format!("'{part}' of '{name}' is a link to elsewhere, which is not followed").into())
        }
        None => Err(format!("there is no '{name}' in it{}", names(group, part)?).into()),
    }
}

/// What else there is, for a message.
fn names(group: &Group, part: &str) -> hdf5::Result<String> {
    const SHOWN: usize = 8;
    let mut names = vec![];
    group.find_link(Default::default(), Default::default(), |known, _| {
        names.push(format!("'{known}'"));
        Ok((names.len() == SHOWN).then_some(()))
    })?;
    Ok(if names.is_empty() {
        String::new()
    } else {
        format!(": where '{part}' should be there is {}", names.join(", "))
    })
}

/// Refuses what cannot be read slice by slice with nothing but this file and HDF5 itself, or is no column of integers.
fn may_be_read(dataset: &Dataset, name: &str, file_size: u64) -> hdf5::Result<()> {
    let no = |why: &str| hdf5::Error::from(format!("'{name}' {why}"));
    if dataset.ndim() != 1 {
        return Err(no(&format!("has {} dimensions, and a column has one", dataset.ndim())));
    }
    kind(dataset)
        .ok_or_else(|| no("has no numbers: integers of 8 to 64 bits are read, and floats that are integers"))?;
    let list = dataset.create_plist()?;
    let known = |filter: &Filter| matches!(filter, Filter::Deflate(_) | Filter::Shuffle | Filter::Fletcher32);
    if !list.get_filters()?.iter().all(known) {
        return Err(no("is compressed by what HDF5 needs help for: repack it with h5repack -f GZIP=1"));
    }
    let in_place = matches!(list.get_layout()?, Layout::Compact | Layout::Contiguous | Layout::Chunked);
    if !in_place || !list.get_external()?.is_empty() {
        return Err(no("has its numbers in other files"));
    }
    let bytes = (dataset.size() as u64).saturating_mul(dataset.dtype()?.size() as u64);
    let stored = dataset.storage_size();
    match stored <= file_size && bytes <= stored.saturating_mul(checked::INFLATED) {
        true => Ok(()),
        false => Err(no("has not all the numbers that it declares")),
    }
}

/// As what the values are read.
enum Kind {
    Signed,
    Unsigned,
    Float,
}

/// `None` if the values are no numbers.
fn kind(dataset: &Dataset) -> Option<Kind> {
    match dataset.dtype().ok()?.to_descriptor().ok()? {
        TypeDescriptor::Integer(_) => Some(Kind::Signed),
        TypeDescriptor::Unsigned(_) => Some(Kind::Unsigned),
        TypeDescriptor::Float(_) => Some(Kind::Float),
        _ => None,
    }
}

/// Gives `each` the slices from the first one on, as long as it wants more.
pub(super) fn each_slice(
    file: &File,
    name: &str,
    first: u64,
    each: &mut dyn FnMut(Numbers) -> bool,
) -> hdf5::Result<()> {
    let dataset = numbers_in(file, name)?;
    let (count, kind) = (dataset.size(), kind(&dataset).ok_or("no numbers")?);
    let width = slice_width(count as u64) as usize;
    let first = usize::try_from(first).ok().and_then(|first| first.checked_mul(width)).ok_or("no such slice")?;
    for from in (first..count).step_by(width) {
        let rows = from..count.min(from + width);
        let numbers = match kind {
            Kind::Signed => Numbers::Signed(dataset.read_slice_1d::<i64, _>(rows)?.to_vec()),
            Kind::Unsigned => Numbers::Narrow(dataset.read_slice_1d::<u64, _>(rows)?.to_vec()),
            Kind::Float => Numbers::Signed(integral(&dataset.read_slice_1d::<f64, _>(rows)?.to_vec(), name, from)?),
        };
        if !each(numbers) {
            break;
        }
    }
    Ok(())
}

/// Floats that are integers of 64 bits.
fn integral(floats: &[f64], name: &str, from: usize) -> hdf5::Result<Vec<i64>> {
    const END: f64 = 9.2e18;
    let integer = |(index, float): (usize, &f64)| match float.fract() == 0.0 && float.abs() < END {
        true => Ok(*float as i64),
        false => Err(format!("'{name}': {float} at place {} is not an integer of 64 bits", from + index).into()),
    };
    floats.iter().enumerate().map(integer).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::TestFolder;
    use super::*;
    use hdf5::H5Type;

    /// All numbers of a dataset, read slice by slice.
    fn read(path: &Path, name: &str) -> Result<Vec<String>> {
        let column = column(path, name)?;
        let mut reader = column.clone().reader();
        let slices = (0..column.slices()).map(|slice| reader.slice(slice)).collect::<Result<Vec<_>>>()?;
        assert_eq!(slices.iter().map(Numbers::len).sum::<usize>() as u64, column.numbers());
        // A slice is the same whoever read what before.
        if let Some(last) = slices.last() {
            assert_eq!(column.clone().reader().slice(column.slices() - 1)?, *last);
        }
        Ok(slices.iter().flat_map(|numbers| numbers.texts().collect::<Vec<_>>()).collect())
    }

    fn put<T: H5Type>(file: &File, name: &str, values: &[T]) {
        file.new_dataset_builder().with_data(values).create(name).unwrap();
    }

    #[test]
    fn integers_of_every_width_are_read() {
        let folder = TestFolder::new("dataset");
        let path = folder.0.join("data.h5");
        let file = File::create(&path).unwrap();
        file.create_group("group").unwrap();
        put(&file, "group/i8", &[-128i8, 127]);
        put(&file, "u16", &[0u16, 65535]);
        put(&file, "i64", &[i64::MIN, i64::MAX]);
        put(&file, "u64", &[u64::MAX, 0]);
        put(&file, "f32", &[-3.0f32, 16_777_216.0]);
        put(&file, "none", &[0i32; 0]);
        let many: Vec<i32> = (0..20_000_000).step_by(50).collect();
        let new = file.new_dataset_builder().chunk((1000,)).shuffle().deflate(1);
        new.with_data(&many).create("many").unwrap();
        drop(file);
        for (name, expect) in [
            ("/group/i8", "-128 127"),
            ("u16", "0 65535"),
            ("/i64", "-9223372036854775808 9223372036854775807"),
            ("/u64", "18446744073709551615 0"),
            ("/f32", "-3 16777216"),
            ("/none", ""),
        ] {
            assert_eq!(read(&path, name).unwrap().join(" "), expect, "{name}");
        }
        assert!(read(&path, "/many").unwrap().iter().eq(many.iter().map(i32::to_string).collect::<Vec<_>>().iter()));
    }

    #[test]
    fn what_is_no_column_of_integers_is_refused() {
        let folder = TestFolder::new("no-dataset");
        let path = folder.0.join("data.h5");
        let file = File::create(&path).unwrap();
        file.create_group("group").unwrap();
        put(&file, "half", &[1.5f64, 2.0]);
        put(&file, "huge", &[1e19f64]);
        put(&file, "nan", &[f64::NAN]);
        put(&file, "flags", &[true]);
        file.new_dataset::<i32>().shape((2, 3)).create("table").unwrap();
        file.new_dataset::<i32>().shape(()).create("scalar").unwrap();
        file.new_dataset::<u8>().chunk((1000,)).shape((1u64 << 40) as usize).create("forged").unwrap();
        file.link_soft("/half", "soft").unwrap();
        drop(file);
        for (name, what) in [
            ("/half", "'/half': 1.5 at place 0 is not an integer"),
            ("/huge", "is not an integer of 64 bits"),
            ("/nan", "NaN at place 0"),
            ("/flags", "'/flags' has no numbers"),
            ("/table", "'/table' has 2 dimensions, and a column has one"),
            ("/scalar", "'/scalar' has 0 dimensions"),
            ("/forged", "has not all the numbers that it declares"),
            ("/soft", "'soft' of '/soft' is a link to elsewhere"),
            ("/group", "'/group' is no dataset"),
            ("/group/x", "there is no '/group/x' in it"),
            ("/x", "there is no '/x' in it: where 'x' should be there is 'flags', 'forged'"),
            ("/half/x", "'half' of '/half/x' is no group"),
            ("/", "a dataset needs a name"),
        ] {
            let why = read(&path, name).unwrap_err().to_string();
            assert!(why.starts_with("--list ") && why.contains(what), "{name}: {why}");
        }
        fs::write(&path, "no HDF5").unwrap();
        assert!(read(&path, "/x").is_err());
    }
}
