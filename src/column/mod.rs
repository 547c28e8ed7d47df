//! Numbers in a column of a file. Every rank reads its own slices of the file, so none holds the whole column.
//!
//! `csv.rs` reads text. Datasets of HDF5 are read in `run_file/`, where HDF5 is named. What comes from stdin is read by one rank and held.

mod checksum;
mod csv;

use crate::error::{Error, Result};
use crate::syntax;
use crate::values::{Fact, Numbers, Value};
pub use checksum::of_samples;
pub use csv::{CsvColumn, numbers_of};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A column of integers, cut into slices.
pub trait Column: Send + Sync {
    /// How many slices there are. It depends on the file only.
    fn slices(&self) -> u64;
    /// How many numbers there are, about.
    fn numbers(&self) -> u64;
    /// What identifies the column, as the report has it.
    fn facts(&self) -> Vec<Fact>;
    /// A reader of slices, one per thread.
    fn reader(self: Arc<Self>) -> Box<dyn ColumnReader>;
}

/// Reads slices of a column, best one after the other.
pub trait ColumnReader {
    /// The numbers of a slice.
    ///
    /// # Errors
    /// If the file cannot be read, or if a cell is not an integer. The error names the file and quotes the cell.
    fn slice(&mut self, slice: u64) -> Result<Numbers>;
}

/// Whether this is the name of a dataset in an HDF5 file. A column of a table may have such a name, too: [`is_hdf5`] tells.
pub fn is_dataset(name: &str) -> bool {
    name.starts_with('/')
}

/// Whether a file is one of HDF5, by the mark that stands at its beginning, or behind 512 bytes or a doubled number of them.
pub fn is_hdf5(path: &Path) -> bool {
    const MARK: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
    let Ok(mut file) = File::open(path) else { return false };
    let mut is_there = |at: u64| {
        let mut found = [0; MARK.len()];
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut found)).is_ok_and(|()| found == MARK)
    };
    is_there(0) || (9..40).any(|doubled| is_there(1 << doubled))
}

/// What a column is called, as a fact; and where it is.
pub fn facts(path: &Path, name: &str, more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
    let text = |text: String| Value::text(text);
    let named = [Fact::new("list", text(path.display().to_string())), Fact::new("column", text(name.into()))];
    named.into_iter().chain(more).collect()
}

/// The checksum of a file, as a fact: a run goes on only with the same content.
pub fn checksum_fact(checksum: u64) -> Fact {
    Fact::new("checksum", Value::text(format!("{checksum:016x}")))
}

/// Fills the buffer as far as there is something; how far.
fn full(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match from.read(&mut buffer[count..])? {
            0 => break,
            some => count += some,
        }
    }
    Ok(count)
}

/// Numbers that are held, a slice of all: those of a column from stdin.
pub struct HeldColumn {
    /// Where they came from.
    pub from: PathBuf,
    /// The name of the column.
    pub name: String,
    /// The numbers in decimal.
    pub texts: Vec<String>,
}

impl Column for HeldColumn {
    fn slices(&self) -> u64 {
        self.texts.len().div_ceil(HELD_SLICE) as u64
    }

    fn numbers(&self) -> u64 {
        self.texts.len() as u64
    }

    fn facts(&self) -> Vec<Fact> {
        facts(&self.from, &self.name, [Fact::new("count", Value::count(self.texts.len()))])
    }

    fn reader(self: Arc<Self>) -> Box<dyn ColumnReader> {
        Box::new(HeldReader(self))
    }
}

/// The numbers of a list, as a held column has them; at most so many.
///
/// # Errors
/// If a word is not an integer, or if there are more.
pub fn numbers_in(list: &[String], most: usize) -> Result<Vec<String>> {
    if list.len() > most {
        return Err(Error::usage(format!(
            "more than {most} numbers are held by no rank: save them in a file, one a line, which --column 1 reads however long it is"
        )));
    }
    let number = |word: &String| {
        let why = |why: String| match word.contains("..") {
            true => Error::usage(format!("'{word}' is a range among numbers: write numbers only, or ranges only")),
            false => Error::usage(why),
        };
        written(word.as_bytes()).map_err(why)
    };
    list.iter().map(number).collect()
}

/// Whether a word of a list is a number, be it below 0.
pub fn is_number(word: &str) -> bool {
    written(word.as_bytes()).is_ok()
}

/// Numbers of a slice of a held column: few, so that each of many ranks has its share.
const HELD_SLICE: usize = 64;

struct HeldReader(Arc<HeldColumn>);

impl ColumnReader for HeldReader {
    fn slice(&mut self, slice: u64) -> Result<Numbers> {
        let mut numbers = Gathered::default();
        for text in self.0.texts.iter().skip(slice as usize * HELD_SLICE).take(HELD_SLICE) {
            let wrong = |why| Error::usage(format!("--list {}: {why}", self.0.from.display()));
            numbers.push(text.as_bytes()).map_err(wrong)?;
        }
        Ok(numbers.done())
    }
}

/// Numbers of a slice: 64 bits each as long as all fit, else text.
#[derive(Default)]
struct Gathered {
    small: Vec<i64>,
    /// All of them, once one does not fit.
    long: Vec<String>,
}

impl Gathered {
    /// Adds the number in a cell. What is wrong with it, if it is none.
    fn push(&mut self, cell: &[u8]) -> std::result::Result<(), String> {
        let cell = cell.trim_ascii();
        if let Some(number) = plain(cell).filter(|_| self.long.is_empty()) {
            self.small.push(number);
            return Ok(());
        }
        if self.long.is_empty() {
            self.long = self.small.drain(..).map(|number| number.to_string()).collect();
        }
        self.long.push(written(cell)?);
        Ok(())
    }

    fn done(self) -> Numbers {
        match self.long.is_empty() {
            true => Numbers::Signed(self.small),
            // Numbers may be written in other ways and be small.
            false => match self.long.iter().map(|text| text.parse()).collect::<std::result::Result<_, _>>() {
                Ok(small) => Numbers::Signed(small),
                Err(_) => Numbers::Long(self.long),
            },
        }
    }
}

/// A number of 64 bits that is written in digits only, maybe with a sign.
fn plain(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    // Eighteen digits always fit.
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for digit in digits {
        number = number * 10 + i64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(if negative { -number } else { number })
}

/// A number in decimal that is written in any way.
fn written(cell: &[u8]) -> std::result::Result<String, String> {
    let text = String::from_utf8_lossy(cell);
    if text.is_empty() {
        return Err("the cell is empty, and a number is needed in each row".into());
    }
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let begins = magnitude.starts_with(|c: char| c.is_ascii_digit());
    match syntax::number(magnitude) {
        Ok(0) if begins => Ok("0".into()),
        Ok(number) if begins => Ok(format!("{sign}{number}")),
        _ => Err(format!("'{}' is not an integer below 2^128", csv::shown(text.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(cells: &[&str]) -> std::result::Result<Numbers, String> {
        let mut numbers = Gathered::default();
        cells.iter().try_for_each(|cell| numbers.push(cell.as_bytes())).map(|()| numbers.done())
    }

    #[test]
    fn cells_are_integers_with_signs() {
        let signed = |numbers: &[i64]| Ok(Numbers::Signed(numbers.to_vec()));
        assert_eq!(gathered(&["1", " -2 ", "+3", "007", "-0"]), signed(&[1, -2, 3, 7, 0]));
        assert_eq!(
            gathered(&["1_000", "1e6", "-1e3", "2^10", "-999999999999999999", "3.0"]),
            signed(&[1000, 1_000_000, -1000, 1024, -999_999_999_999_999_999, 3])
        );
        assert_eq!(gathered(&["9223372036854775807", "-9223372036854775808"]), signed(&[i64::MAX, i64::MIN]));
        let long = ["5", "9223372036854775808", "-18446744073709551616"];
        assert_eq!(gathered(&long), Ok(Numbers::Long(long.map(String::from).to_vec())));
        assert_eq!(gathered(&[]), signed(&[]));
        for (cell, what) in [
            ("", "is empty"),
            ("x", "'x' is not"),
            ("1.5", "'1.5' is not"),
            ("-", "'-' is not"),
            ("--5", "'--5' is not"),
            ("0..9", "is not"),
            ("2^128", "is not"),
            ("1,5", "is not"),
            ("\u{7}", "is not"),
        ] {
            let why = gathered(&[cell]).unwrap_err();
            assert!(why.contains(what) && !why.contains('\u{7}'), "{cell}: {why}");
        }
    }
}
