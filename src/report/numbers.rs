//! Numbers as bytes: `npy` for NumPy, and `raw` for all other programs. They are those of the bare column, of 64 bits, from 0 on, the lowest byte first.
//!
//! A `.npy` says before its numbers how many they are (NEP 1, version 1.0). Of a list this is known at the end: then the place for it is left
//! empty, and filled in a file; before a pipe somebody counts first.

use super::{Format, Kind, Report};
use crate::error::{Error, Result};
use crate::values::{Ascending, Numbers, Stretch, Value};

/// A NumPy array of one dimension.
pub const NPY: Format =
    Format { name: "npy", is_document: true, is_whole: true, kind: Kind::Numbers { head: npy_head } };

/// The numbers and nothing else.
pub const RAW: Format =
    Format { name: "raw", is_document: true, is_whole: true, kind: Kind::Numbers { head: |_| vec![] } };

/// How many bytes the head of a `.npy` has. Numbers of 64 bytes each would be aligned.
const NPY_HEAD: usize = 128;

fn npy_head(count: u64) -> Vec<u8> {
    const BEFORE: usize = 10;
    let shape = format!("{{'descr': '<u8', 'fortran_order': False, 'shape': ({count},), }}");
    let padded = format!("{shape:<width$}\n", width = NPY_HEAD - BEFORE - 1);
    [b"\x93NUMPY\x01\x00", &((NPY_HEAD - BEFORE) as u16).to_le_bytes()[..], padded.as_bytes()].concat()
}

/// The bare column of a report, or its total if it has no rows; behind the head.
///
/// # Errors
/// If a number is no integer, or does not fit 64 bits.
pub fn bytes(report: &Report, head: fn(u64) -> Vec<u8>) -> Result<Vec<u8>> {
    let numbers: Vec<u64> = match (report.table.column(&report.bare), &report.total) {
        (Some(column), _) => report.table.rows.iter().map(|row| number(&row[column])).collect::<Result<_>>()?,
        (None, Some(total)) if report.table.columns.is_empty() => vec![parsed(total)?],
        _ => vec![],
    };
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    Ok(head(numbers.len() as u64).into_iter().chain(bytes).collect())
}

fn number(cell: &Value) -> Result<u64> {
    match cell {
        Value::Integer(text) => parsed(text),
        Value::Count(count) => Ok(*count),
        Value::Nothing => Err(wrong("a row has no number")),
        other => Err(wrong(&format!("'{}' is not an integer", super::shown(other)))),
    }
}

fn parsed(text: &str) -> Result<u64> {
    text.parse().map_err(|_| wrong(&format!("'{text}' is not between 0 and 2^64-1")))
}

fn wrong(what: &str) -> Error {
    Error::usage(format!("{what}, as all numbers of --format npy and raw are: write --format csv"))
}

/// Collects the numbers of one column of a list.
pub struct NumberBytes {
    column: usize,
    bytes: Vec<u8>,
    count: u64,
}

/// So many bytes are written at once.
const BUFFER: usize = 1 << 18;

/// So many numbers are made between two looks at the buffer.
const PIECE: usize = 1 << 12;

impl NumberBytes {
    /// The numbers of this column, with these bytes before them.
    pub fn new(column: usize, head: Vec<u8>) -> NumberBytes {
        NumberBytes { column, bytes: head, count: 0 }
    }

    /// How many numbers there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds the numbers of a stretch. `flush` gets the bytes when they are many, and tells whether to go on.
    ///
    /// # Errors
    /// If a number does not fit 64 bits.
    pub fn put_all(&mut self, stretch: &Stretch, flush: &mut dyn FnMut(&[u8]) -> bool) -> Result<()> {
        match &stretch.columns[self.column] {
            Numbers::Ascending(numbers) => self.put_ascending(numbers, flush),
            Numbers::Narrow(numbers) => self.put_each(numbers.iter().map(|&number| Ok(number)), flush),
            Numbers::From(first, count) => {
                let last = first.saturating_add(u128::from(*count).saturating_sub(1));
                let _ = parsed(&last.to_string())?;
                self.put_each((0..*count).map(|index| Ok(*first as u64 + index)), flush)
            }
            other => self.put_each(other.texts().map(|text| parsed(&text)), flush),
        }
    }

    fn put_each(
        &mut self,
        numbers: impl Iterator<Item = Result<u64>>,
        flush: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        for number in numbers {
            self.bytes.extend_from_slice(&number?.to_le_bytes());
            self.count += 1;
            if self.bytes.len() >= BUFFER && !flush(self.take().as_slice()) {
                break;
            }
        }
        Ok(())
    }

    fn put_ascending(&mut self, numbers: &Ascending, flush: &mut dyn FnMut(&[u8]) -> bool) -> Result<()> {
        for (first, steps) in numbers.runs() {
            let last = first + steps.iter().map(|&step| u128::from(step)).sum::<u128>();
            let _ = parsed(&last.to_string())?;
            let mut number = first as u64;
            for steps in steps.chunks(PIECE) {
                let from = self.bytes.len();
                self.bytes.resize(from + size_of::<u64>() * steps.len(), 0);
                for (place, &step) in self.bytes[from..].chunks_exact_mut(size_of::<u64>()).zip(steps) {
                    place.copy_from_slice(&number.to_le_bytes());
                    number += u64::from(step);
                }
                self.count += steps.len() as u64;
                if self.bytes.len() >= BUFFER && !flush(self.take().as_slice()) {
                    return Ok(());
                }
            }
            self.bytes.extend_from_slice(&number.to_le_bytes());
            self.count += 1;
        }
        Ok(())
    }

    /// The bytes so far; what follows begins anew.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.bytes, Vec::with_capacity(BUFFER + size_of::<u64>() * PIECE))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use crate::values::Table;

    fn bytes_of(numbers: &[u64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn a_head_says_how_many_and_has_the_same_length() {
        for count in [0, 7, u64::MAX] {
            let head = npy_head(count);
            assert_eq!((head.len(), &head[..10]), (NPY_HEAD, &b"\x93NUMPY\x01\x00\x76\x00"[..]));
            let text = std::str::from_utf8(&head[10..]).unwrap();
            let expect = format!("{{'descr': '<u8', 'fortran_order': False, 'shape': ({count},), }}");
            assert!(text.starts_with(&expect) && text.ends_with('\n') && text.trim() == expect, "{text}");
        }
    }

    #[test]
    fn reports_are_their_bare_column_or_their_total() {
        let raw: fn(u64) -> Vec<u8> = |_| vec![];
        let mut report = sample();
        report.table =
            Table::of(&["x", "count"]).with([9u64, u64::MAX].map(|n| vec![Value::integer(1), Value::integer(n)]));
        report.bare = "count".into();
        assert_eq!(bytes(&report, raw).unwrap(), bytes_of(&[9, u64::MAX]));
        assert_eq!(bytes(&report, npy_head).unwrap(), [npy_head(2), bytes_of(&[9, u64::MAX])].concat());
        for (cell, why) in [
            (Value::integer(1u128 << 64), "'18446744073709551616' is not between 0 and 2^64-1"),
            (Value::integer(-1), "'-1' is not"),
            (Value::text("yes"), "'yes' is not an integer"),
            (Value::Nothing, "a row has no number"),
        ] {
            report.table.rows[1][1] = cell;
            assert!(bytes(&report, raw).unwrap_err().to_string().contains(why));
        }
        report.table = Table::default();
        report.total = Some("41".into());
        assert_eq!(bytes(&report, raw).unwrap(), bytes_of(&[41]));
    }

    #[test]
    fn lists_of_every_kind_are_their_numbers() {
        let mut primes = Ascending::default();
        let many: Vec<u64> = (0..70_000u64).map(|n| n * 3 + n / 50 * 200).collect();
        many.iter().for_each(|&number| primes.push(number.into()));
        let kinds = [
            (Numbers::Ascending(primes), many.clone()),
            (Numbers::From(u128::from(u64::MAX) - 2, 3), vec![u64::MAX - 2, u64::MAX - 1, u64::MAX]),
            (Numbers::From(5, 0), vec![]),
            (Numbers::Narrow(many.clone()), many),
            (Numbers::Wide(vec![7, 8]), vec![7, 8]),
            (Numbers::Signed(vec![5]), vec![5]),
            (Numbers::Long(vec!["12".into()]), vec![12]),
        ];
        for (numbers, expect) in kinds {
            let (mut all, mut writer) = (vec![], NumberBytes::new(1, b"head".to_vec()));
            let stretch = Stretch { columns: vec![Numbers::From(0, expect.len() as u64), numbers] };
            let mut flush = |bytes: &[u8]| {
                all.extend_from_slice(bytes);
                true
            };
            writer.put_all(&stretch, &mut flush).unwrap();
            assert_eq!(writer.count(), expect.len() as u64);
            all.extend(writer.take());
            assert!(all == [b"head".to_vec(), bytes_of(&expect)].concat());
        }
        for numbers in [Numbers::Wide(vec![1 << 64]), Numbers::Signed(vec![-1]), Numbers::From((1 << 64) - 1, 2)] {
            let mut writer = NumberBytes::new(0, vec![]);
            assert!(writer.put_all(&Stretch { columns: vec![numbers] }, &mut |_| true).is_err());
        }
    }
}
