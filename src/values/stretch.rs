//! Rows of a long answer, column by column: how an answer that does not fit memory travels and is written.

use super::Ascending;
use crate::error::{Error, Result};
use crate::wire::{Bytes, Wire, split};
use std::borrow::Cow;

/// Numbers in order, in the form that takes the least time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Numbers {
    /// So many numbers, each one more than the one before; the first of them is there.
    From(u128, u64),
    /// Numbers that do not descend. Only primes are listed so, alone.
    Ascending(Ascending),
    /// Numbers from 0 on, of 64 bits.
    Narrow(Vec<u64>),
    /// Numbers of 64 bits with a sign.
    Signed(Vec<i64>),
    /// Numbers from 0 on, of 128 bits.
    Wide(Vec<u128>),
    /// Longer ones, in decimal, or words.
    Long(Vec<String>),
}

/// Rows that follow each other: a column of numbers for each column of the answer. All are equally long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The columns, from left to right.
    pub columns: Vec<Numbers>,
}

/// A column of a long answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListColumn {
    /// The name that JSON, CSV and HDF5 use.
    pub key: Cow<'static, str>,
    /// Characters of its longest number; 0 if that is not known, or if there is none.
    pub width: usize,
    /// The integers that are wide enough for all of its numbers.
    pub size: Size,
}

/// The integers that are wide enough for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// From 0 on, of 64 bits.
    Narrow,
    /// Of 64 bits with a sign.
    Signed,
    /// Longer ones, in decimal.
    Long,
    /// No numbers, but words of a few letters.
    Word,
}

impl ListColumn {
    /// A column whose numbers are from 0 on and have at most `width` characters, or are narrow.
    pub fn new(key: &'static str, width: usize, size: Size) -> ListColumn {
        ListColumn { key: key.into(), width, size }
    }
}

impl Numbers {
    /// How many numbers there are. Cost: those of [`Numbers::Ascending`] are counted.
    pub fn len(&self) -> usize {
        match self {
            Numbers::From(_, count) => *count as usize,
            Numbers::Ascending(numbers) => numbers.numbers().count(),
            Numbers::Narrow(numbers) => numbers.len(),
            Numbers::Signed(numbers) => numbers.len(),
            Numbers::Wide(numbers) => numbers.len(),
            Numbers::Long(numbers) => numbers.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers in decimal.
    pub fn texts(&self) -> Box<dyn Iterator<Item = String> + '_> {
        match self {
            Numbers::From(first, count) => {
                Box::new((0..u128::from(*count)).map(move |index| (first + index).to_string()))
            }
            Numbers::Ascending(numbers) => Box::new(numbers.numbers().map(|number| number.to_string())),
            Numbers::Narrow(numbers) => Box::new(numbers.iter().map(u64::to_string)),
            Numbers::Signed(numbers) => Box::new(numbers.iter().map(i64::to_string)),
            Numbers::Wide(numbers) => Box::new(numbers.iter().map(u128::to_string)),
            Numbers::Long(numbers) => Box::new(numbers.iter().cloned()),
        }
    }
}

impl Stretch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Numbers::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Numbers of one size as they are in memory: long lists of them travel, so they are copied as a whole.
macro_rules! plain {
    ($put:ident $take:ident $number:ty) => {
        fn $put(numbers: &[$number], out: &mut Vec<u8>) {
            numbers.len().put(out);
            let from = out.len();
            out.resize(from + std::mem::size_of_val(numbers), 0);
            let places = out[from..].chunks_exact_mut(size_of::<$number>());
            places.zip(numbers).for_each(|(place, number)| place.copy_from_slice(&number.to_le_bytes()));
        }

        fn $take(bytes: &mut &[u8]) -> Result<Vec<$number>> {
            const SIZE: usize = size_of::<$number>();
            let count = usize::take(bytes)?;
            let bytes = split(bytes, count.saturating_mul(SIZE))?;
            let number = |bytes: &[u8]| <$number>::from_le_bytes(bytes.try_into().expect("chunks have this size"));
            Ok(bytes.chunks_exact(SIZE).map(number).collect())
        }
    };
}
plain! { put_narrow take_narrow u64 }
plain! { put_signed take_signed i64 }
plain! { put_wide take_wide u128 }

/// The kind, then the numbers.
impl Wire for Numbers {
    fn put(&self, out: &mut Vec<u8>) {
        let mut kind = |kind: u8| out.push(kind);
        match self {
            Numbers::From(first, count) => {
                kind(0);
                (*first, *count).put(out);
            }
            Numbers::Ascending(numbers) => {
                kind(1);
                numbers.put(out);
            }
            Numbers::Narrow(numbers) => {
                kind(2);
                put_narrow(numbers, out);
            }
            Numbers::Signed(numbers) => {
                kind(3);
                put_signed(numbers, out);
            }
            Numbers::Wide(numbers) => {
                kind(4);
                put_wide(numbers, out);
            }
            Numbers::Long(numbers) => {
                kind(5);
                Bytes(numbers.join("\n").into_bytes()).put(out);
            }
        }
    }

    fn take(bytes: &mut &[u8]) -> Result<Numbers> {
        Ok(match u8::take(bytes)? {
            0 => {
                let (first, count) = <(u128, u64)>::take(bytes)?;
                let last = first.checked_add(u128::from(count));
                last.map(|_| Numbers::From(first, count)).ok_or_else(|| Error::failed("numbers beyond 128 bits"))?
            }
            1 => Numbers::Ascending(Wire::take(bytes)?),
            2 => Numbers::Narrow(take_narrow(bytes)?),
            3 => Numbers::Signed(take_signed(bytes)?),
            4 => Numbers::Wide(take_wide(bytes)?),
            5 => {
                let text = String::from_utf8(Bytes::take(bytes)?.0).map_err(|_| Error::failed("numbers in no text"))?;
                Numbers::Long(text.split('\n').filter(|number| !number.is_empty()).map(str::to_string).collect())
            }
            kind => return Err(Error::failed(format!("a message holds numbers of the unknown kind {kind}"))),
        })
    }
}

impl Wire for Stretch {
    fn put(&self, out: &mut Vec<u8>) {
        self.columns.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Stretch> {
        let columns = Vec::<Numbers>::take(bytes)?;
        let rows = columns.first().map_or(0, Numbers::len);
        match columns.iter().all(|column| column.len() == rows) {
            true => Ok(Stretch { columns }),
            false => Err(Error::failed("a message holds rows whose columns differ in length")),
        }
    }
}

impl Wire for Size {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take(bytes: &mut &[u8]) -> Result<Size> {
        match u8::take(bytes)? {
            0 => Ok(Size::Narrow),
            1 => Ok(Size::Signed),
            2 => Ok(Size::Long),
            3 => Ok(Size::Word),
            size => Err(Error::failed(format!("a message holds the unknown size {size}"))),
        }
    }
}

crate::wire::fields! { ListColumn { key width size } }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn numbers_of_every_kind_travel() {
        let mut primes = Ascending::default();
        [2, 3, 5].into_iter().for_each(|prime| primes.push(prime));
        let kinds = [
            (Numbers::From(9, 3), "9 10 11"),
            (Numbers::Ascending(primes), "2 3 5"),
            (Numbers::Narrow(vec![0, 1, u64::MAX]), "0 1 18446744073709551615"),
            (Numbers::Signed(vec![-1, 0, i64::MAX]), "-1 0 9223372036854775807"),
            (Numbers::Wide(vec![1, 2, u128::MAX]), "1 2 340282366920938463463374607431768211455"),
            (Numbers::Long(["1", "23", "-456"].map(String::from).to_vec()), "1 23 -456"),
            (Numbers::Long(vec![]), ""),
        ];
        for (numbers, texts) in &kinds {
            assert_eq!(numbers.texts().collect::<Vec<_>>().join(" "), *texts);
            assert_eq!(wire::value::<Numbers>(&wire::bytes(numbers)).unwrap(), *numbers);
            for cut in 0..wire::bytes(numbers).len() {
                assert!(wire::value::<Numbers>(&wire::bytes(numbers)[..cut]).is_err(), "{numbers:?} cut at {cut}");
            }
        }
        let stretch =
            |columns: &[usize]| Stretch { columns: columns.iter().map(|&kind| kinds[kind].0.clone()).collect() };
        assert_eq!(wire::value::<Stretch>(&wire::bytes(&stretch(&[0, 2, 4]))).unwrap(), stretch(&[0, 2, 4]));
        assert!(wire::value::<Stretch>(&wire::bytes(&stretch(&[0, 6]))).is_err());
        // A length that no message can have must not be believed.
        assert!(wire::value::<Numbers>(&[&[2][..], &u64::MAX.to_le_bytes()].concat()).is_err());
        assert!(wire::value::<Numbers>(&wire::bytes(&(0u8, (u128::MAX, 2u64)))).is_err());
    }
}
