//! What answers and facts are made of: values, tables and named values. Kernels make them, reports print them.

mod ascending;
mod stretch;
pub mod timeline;

use crate::error::{Error, Result};
use crate::wire::Wire;
pub use ascending::Ascending;
use std::borrow::Cow;
use std::fmt;
pub use stretch::{ListColumn, Numbers, Size, Stretch};

/// Values with more digits are shown only by their digest, unless they are asked for in full.
pub const SHOWN_DIGITS: usize = 60;

/// A cell of an answer, or the value of a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An exact integer of any size, in decimal. It may be larger than every machine type, so formats quote it.
    Integer(String),
    /// A small number: ranks, threads, cores.
    Count(u64),
    /// A time in seconds.
    Seconds(f64),
    /// A number without a unit, such as a speed-up.
    Ratio(f64),
    /// Text, unquoted.
    Text(String),
    /// Several values, in order.
    List(Vec<Value>),
    /// No value: an empty cell.
    Nothing,
}

impl Value {
    /// An integer of any size, from its decimal digits.
    pub fn integer(value: impl fmt::Display) -> Value {
        Value::Integer(value.to_string())
    }

    /// A small number.
    pub fn count(value: usize) -> Value {
        Value::Count(value as u64)
    }

    /// A text.
    pub fn text(value: impl Into<String>) -> Value {
        Value::Text(value.into())
    }

    fn is_long(&self) -> bool {
        matches!(self, Value::Integer(text) if text.len() > SHOWN_DIGITS)
    }

    /// A list of texts.
    pub fn texts(values: impl IntoIterator<Item = impl fmt::Display>) -> Value {
        Value::List(values.into_iter().map(|value| Value::Text(value.to_string())).collect())
    }
}

impl<T: Into<String>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Nothing, Value::text)
    }
}

/// A value as one word, as in a row of text or a CSV cell. A list of cores is `0-3,8`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(text) | Value::Text(text) => f.write_str(text),
            Value::Count(count) => count.fmt(f),
            Value::Seconds(seconds) => write!(f, "{seconds:.6}"),
            Value::Ratio(ratio) => write!(f, "{ratio:.3}"),
            Value::List(values) => f.write_str(&runs(values)),
            Value::Nothing => Ok(()),
        }
    }
}

/// The values separated by commas; runs of consecutive counts as `first-last`.
fn runs(values: &[Value]) -> String {
    let follows = |a: &Value, b: &Value| matches!((a, b), (Value::Count(a), Value::Count(b)) if a + 1 == *b);
    let runs = values.chunk_by(follows).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        single => single[0].to_string(),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// How much a problem is, in the unit that people count it in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount {
    /// So many of them.
    pub all: f64,
    /// What they are, in the plural: numbers, files.
    pub of: &'static str,
}

impl Amount {
    /// A problem that people count in its own units.
    pub fn units(units: u64) -> Amount {
        Amount { all: units as f64, of: "units" }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reached {
    /// How many units are done.
    pub units: u64,
    /// How many there are.
    pub all: u64,
    /// The part of the expected time that these units take, from 0 to 1: units of different kinds differ in cost.
    pub share: f64,
}

/// A column of an answer: its key in every format, and the unit that text shows with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name that JSON, CSV and HDF5 use.
    pub key: Cow<'static, str>,
    /// The unit of its values; empty if they have none.
    pub unit: Cow<'static, str>,
}

impl Column {
    /// What kind of column it is. Kernels choose keys by this table, and run files keep the keys, so nobody else asks for a key.
    pub fn role(&self) -> Role {
        match &*self.key {
            "x" | "n" | "start" | "end" | "up_to" => Role::Asked,
            "count" | "sum" => Role::Summed,
            "value" => Role::Long,
            "sha256" => Role::Digest,
            "waited" | "rank" => Role::Measured,
            _ => Role::Other,
        }
    }
}

/// What kind of column it is, where formats treat kinds differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Numbers that the user asked about.
    Asked,
    /// Counts or sums; the total adds up the first such column.
    Summed,
    /// Values that may be very long. A long one is left out if it was not asked for in full and there is its digest.
    Long,
    /// Digests of what is in the row.
    Digest,
    /// What was measured on this run. Another run of the same problem may have other values.
    Measured,
    /// Any other column.
    Other,
}

/// The rows of an answer; each has a cell for each column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// The rows, each with one value for each column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table without rows. `columns` are keys, each followed by a blank and its unit if it has one: `waited s`.
    pub fn of(columns: &[&'static str]) -> Table {
        let column = |name: &&'static str| {
            let (key, unit) = name.split_once(' ').unwrap_or((name, ""));
            Column { key: key.into(), unit: unit.into() }
        };
        Table { columns: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// This table with these rows added.
    pub fn with(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Table {
        self.rows.extend(rows);
        self
    }

    /// Leaves out the values that are too long to be shown unasked, if their digests are there.
    pub fn leave_out_long_values(&mut self) {
        let with = |role| self.columns.iter().position(|column| column.role() == role);
        if let (Some(value), Some(_)) = (with(Role::Long), with(Role::Digest)) {
            let cells = self.rows.iter_mut().map(|row| &mut row[value]);
            cells.filter(|cell| cell.is_long()).for_each(|cell| *cell = Value::Nothing);
        }
    }

    /// The column whose sum is the total, if there is one.
    pub fn summed(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.role() == Role::Summed)
    }

    /// The index of the column with this key.
    pub fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }
}

/// A named value. A dot in the name makes a group: `seconds.wall`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The name; a dot in it groups facts, as in `seconds.wall`.
    pub name: Cow<'static, str>,
    /// The value.
    pub value: Value,
}

impl Fact {
    /// A fact.
    pub fn new(name: impl Into<Cow<'static, str>>, value: Value) -> Fact {
        Fact { name: name.into(), value }
    }
}

/// The byte form of a value: its kind, then its content.
impl Wire for Value {
    fn put(&self, out: &mut Vec<u8>) {
        let mut kind = |kind: u8| out.push(kind);
        match self {
            Value::Nothing => kind(0),
            Value::Integer(text) => {
                kind(1);
                text.put(out);
            }
            Value::Count(count) => {
                kind(2);
                count.put(out);
            }
            Value::Seconds(seconds) => {
                kind(3);
                seconds.put(out);
            }
            Value::Text(text) => {
                kind(4);
                text.put(out);
            }
            Value::Ratio(ratio) => {
                kind(6);
                ratio.put(out);
            }
            Value::List(values) => {
                kind(5);
                values.put(out);
            }
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Value> {
        take(bytes, DEEPEST)
    }
}

/// How deep lists may be nested.
const DEEPEST: u32 = 2;

/// Reads a value with at most so many nested lists; each is a step of recursion.
fn take(bytes: &mut &[u8], lists: u32) -> Result<Value> {
    match u8::take(bytes)? {
        0 => Ok(Value::Nothing),
        1 => Ok(Value::Integer(Wire::take(bytes)?)),
        2 => Ok(Value::Count(Wire::take(bytes)?)),
        3 => Ok(Value::Seconds(Wire::take(bytes)?)),
        4 => Ok(Value::Text(Wire::take(bytes)?)),
        5 if lists > 0 => {
            let values = (0..usize::take(bytes)?).map(|_| take(bytes, lists - 1));
            values.collect::<Result<_>>().map(Value::List)
        }
        6 => Ok(Value::Ratio(Wire::take(bytes)?)),
        kind => Err(Error::failed(format!("a message holds a value of the unknown kind {kind}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_counts_are_short() {
        let list = |counts: &[u64]| Value::List(counts.iter().map(|&c| Value::Count(c)).collect()).to_string();
        assert_eq!(list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
        assert_eq!(list(&[]), "");
    }
}
