//! Reads from a file that somebody may have forged. A checksum does not help: whoever forges a file makes a right one.
//!
//! Each thing is checked before it is read. It must be of a kind that pcount writes: groups under hard links, scalar attributes,
//! and datasets of one dimension inside the file, contiguous or in chunks of one size. It must have exactly its type, no filter but
//! deflate and shuffle, and a size that the file can hold. Text must be UTF-8.

use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Attribute, Container, Dataset, Group, H5Type, LinkType, Location};

/// Why something is not read.
type Checked<T> = hdf5::Result<T>;

/// One byte of compressed data makes at most so many: the limit of deflate.
pub(super) const INFLATED: u64 = 1032;

/// The bytes of a text in a dataset: its length, and its place in a heap.
const TEXT: usize = 16;

/// No real name of a fact or a column is longer.
const FACT_NAME_MAX: usize = 64;

/// The names in a group, all of which must be hard links.
pub(super) fn only_hard_links(group: &Group) -> Checked<()> {
    group.iter_visit_default(|name, link| match link.link_type {
        LinkType::Hard => Ok(()),
        LinkType::Soft | LinkType::External => Err(format!("'{name}' is a link to elsewhere").into()),
    })
}

pub(super) fn group(parent: &Group, name: &str) -> Checked<Group> {
    let group = parent.group(named(name)?)?;
    only_hard_links(&group)?;
    Ok(group)
}

/// A name of one thing in its group: `seconds.wall`, but not `.` or `a/b`.
pub(super) fn named(name: &str) -> Checked<&str> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_-".contains(&c);
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(plain);
    match name.len() <= FACT_NAME_MAX && name.split('.').all(is_plain) {
        true => Ok(name),
        false => Err(format!("'{}' is no name", name.chars().take(FACT_NAME_MAX).collect::<String>()).into()),
    }
}

/// The attribute of that name, if there is one.
pub(super) fn attribute(place: &Location, name: &str) -> Checked<Option<Attribute>> {
    match place.find_attr(Default::default(), Default::default(), |found, _| Ok((found == name).then_some(())))? {
        Some(()) => Ok(Some(place.attr(name)?)),
        None => Ok(None),
    }
}

fn needed(place: &Location, name: &str) -> Checked<Attribute> {
    attribute(place, name)?.ok_or_else(|| format!("there is no '{name}'").into())
}

/// An attribute's text.
pub(super) fn text(place: &Location, name: &str) -> Checked<String> {
    text_of(&needed(place, name)?)
}

pub(super) fn text_of(attribute: &Attribute) -> Checked<String> {
    is_text(attribute)?;
    utf8(&attribute.read_scalar()?)
}

/// An attribute's number.
pub(super) fn count(place: &Location, name: &str) -> Checked<u64> {
    scalar(&needed(place, name)?)
}

pub(super) fn scalar<T: H5Type>(attribute: &Attribute) -> Checked<T> {
    match is::<T>(attribute)? {
        true => attribute.read_scalar(),
        false => Err("an attribute of another type".into()),
    }
}

/// Whether the type of the values is exactly this one.
pub(super) fn is<T: H5Type>(values: &Container) -> Checked<bool> {
    let found = values.dtype()?;
    Ok(!found.is_committed() && found.is::<T>())
}

fn is_text(values: &Container) -> Checked<()> {
    let found = values.dtype()?;
    match !found.is_committed() && found.to_descriptor()? == TypeDescriptor::VarLenUnicode {
        true => Ok(()),
        false => Err("text of another type".into()),
    }
}

/// The check of the library's own type.
fn utf8(text: &VarLenUnicode) -> Checked<String> {
    String::from_utf8(text.as_bytes().to_vec()).map_err(|_| "text that is not UTF-8".into())
}

/// The numbers of a data set.
pub(super) fn numbers<T: H5Type>(group: &Group, name: &str) -> Checked<Vec<T>> {
    numbers_of(&dataset(group, name)?)
}

pub(super) fn numbers_of<T: H5Type>(dataset: &Dataset) -> Checked<Vec<T>> {
    match is::<T>(dataset)? {
        true => dataset.read_raw(),
        false => Err("numbers of another type".into()),
    }
}

/// The texts of a data set.
pub(super) fn words(group: &Group, name: &str) -> Checked<Vec<String>> {
    words_of(&dataset(group, name)?)
}

pub(super) fn words_of(dataset: &Dataset) -> Checked<Vec<String>> {
    is_text(dataset)?;
    dataset.read_raw()?.iter().map(utf8).collect()
}

/// A contiguous dataset that has all the bytes that it declares.
pub(super) fn dataset(group: &Group, name: &str) -> Checked<Dataset> {
    let dataset = group.dataset(named(name)?)?;
    let list = dataset.create_plist()?;
    let (layout, bytes) = (list.get_layout()?, declared(&dataset)?);
    // Without data the layout is that of chunks.
    let in_place = layout == Layout::Contiguous || layout == Layout::Chunked && bytes == Some(0);
    let is_plain = in_place && list.get_external()?.is_empty() && list.get_filters()?.is_empty();
    match is_plain && bytes == Some(dataset.storage_size()) && dataset.storage_size() <= group.file()?.size() {
        true => Ok(dataset),
        false => {
            Err(format!("the data set '{name}' is not one that pcount writes, or has not what it declares").into())
        }
    }
}

/// The bytes that it declares, if it has one dimension.
fn declared(dataset: &Dataset) -> Checked<Option<u64>> {
    let (shape, kind) = (dataset.space()?.shape(), dataset.dtype()?);
    // A text has only its place here.
    let each = if kind.to_descriptor()? == TypeDescriptor::VarLenUnicode { TEXT } else { kind.size() };
    Ok(if let [rows] = shape[..] { (rows as u64).checked_mul(each as u64) } else { None })
}

/// A dataset in chunks of so many values, compressed or not.
pub(super) fn chunked(group: &Group, name: &str, chunk: usize) -> Checked<Dataset> {
    let dataset = group.dataset(named(name)?)?;
    let list = dataset.create_plist()?;
    let in_chunks = list.get_layout()? == Layout::Chunked && list.get_chunk()? == Some(vec![chunk]);
    let known = |filter: &Filter| matches!(filter, Filter::Deflate(_) | Filter::Shuffle);
    let stored = dataset.storage_size();
    let can_be =
        |bytes: u64| bytes <= stored.saturating_mul(INFLATED) && stored <= group.file().map_or(0, |file| file.size());
    match in_chunks && list.get_filters()?.iter().all(known) && declared(&dataset)?.is_some_and(can_be) {
        true => Ok(dataset),
        false => Err(format!("the list '{name}' is not one that pcount writes, or has not what it declares").into()),
    }
}
