//! What a run has to say, and the formats it can be said in.
//!
//! A report is flat: facts (named values) and one table. That is the least the formats have in common:
//! text prints it, JSON groups it, CSV takes the table, HDF5 makes attributes and datasets of it. This room
//! uses no other, and nothing in the program prints but it and [`crate::world::leave`].

mod ascending;
mod csv;
pub mod hdf5;
mod json;
pub mod keeper;
pub mod list;
pub mod lock;
pub mod progress;
pub mod text;

use crate::block::Block;
use crate::error::{Error, Result};
use crate::wire::{self, Bytes, Wire};
pub use ascending::Ascending;
use std::borrow::Cow;
use std::fmt;
use std::io::{ErrorKind, Write};

/// One thing said: an answer's cell or a fact's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An exact integer of any size, in decimal: it outgrows every machine type, so formats quote it.
    Integer(String),
    /// A small number: ranks, threads, cores.
    Count(u64),
    Seconds(f64),
    Text(String),
    List(Vec<Value>),
    Nothing,
}

impl Value {
    pub fn integer(value: impl fmt::Display) -> Value {
        Value::Integer(value.to_string())
    }

    pub fn count(value: usize) -> Value {
        Value::Count(value as u64)
    }

    pub fn text(value: impl Into<String>) -> Value {
        Value::Text(value.into())
    }

    pub fn texts(values: impl IntoIterator<Item = impl fmt::Display>) -> Value {
        Value::List(values.into_iter().map(|value| Value::Text(value.to_string())).collect())
    }
}

impl<T: Into<String>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Nothing, Value::text)
    }
}

/// A value as one word: in a row of text, in a CSV cell. A list of cores is `0-3,8`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(text) | Value::Text(text) => f.write_str(text),
            Value::Count(count) => count.fmt(f),
            Value::Seconds(seconds) => write!(f, "{seconds:.6}"),
            Value::List(values) => f.write_str(&runs(values)),
            Value::Nothing => Ok(()),
        }
    }
}

/// The values with commas between them, and runs of consecutive counts as `first-last`.
fn runs(values: &[Value]) -> String {
    let follows = |a: &Value, b: &Value| matches!((a, b), (Value::Count(a), Value::Count(b)) if a + 1 == *b);
    let runs = values.chunk_by(follows).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        single => single[0].to_string(),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// A column of an answer: its key in every format, and the unit that text shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub key: Cow<'static, str>,
    pub unit: Cow<'static, str>,
}

/// Rows of an answer; each has a cell for each column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table without rows; `columns` are keys, each with its unit behind a blank if it has one: `waited s`.
    pub fn of(columns: &[&'static str]) -> Table {
        let column = |name: &&'static str| {
            let (key, unit) = name.split_once(' ').unwrap_or((name, ""));
            Column { key: key.into(), unit: unit.into() }
        };
        Table { columns: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    pub fn with(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Table {
        self.rows.extend(rows);
        self
    }

    pub fn column(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }
}

/// A named value. A dot in the name opens a group: `seconds.wall`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub name: Cow<'static, str>,
    pub value: Value,
}

impl Fact {
    pub fn new(name: impl Into<Cow<'static, str>>, value: Value) -> Fact {
        Fact { name: name.into(), value }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Complete,
    /// A task failed; the others' answers stand.
    Failed,
    /// It was stopped, or is still under way: units are missing.
    Partial,
    /// Nothing was computed: a dry run.
    Planned,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Complete, Status::Failed, Status::Partial, Status::Planned];

    pub fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Failed => "failed",
            Status::Partial => "partial",
            Status::Planned => "planned",
        }
    }
}

/// Everything that is known of a run when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub status: Status,
    pub kernel: String,
    /// What was asked.
    pub problem: Vec<Fact>,
    pub table: Table,
    /// The total over all rows, or the whole answer where there are none; in decimal.
    pub total: Option<String>,
    /// The key of the column that is the bare answer, or `total`.
    pub bare: String,
    /// How it was computed: version, ranks, schedule, seconds, where.
    pub run: Vec<Fact>,
    /// The same of the runs that this one went on from, the first one first.
    pub legs: Vec<Vec<Fact>>,
    /// Who computed which units when.
    pub timeline: Vec<Stint>,
    /// An answer too long to hold, which is told on its own (`list.rs`); the table is then empty.
    pub list: Option<List>,
    /// What a resume needs; nothing where there is none.
    pub state: Option<State>,
}

/// What a run can be gone on from.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The command line that asked for it.
    pub arguments: Vec<String>,
    /// What a file named there added to it.
    pub list: Vec<String>,
    /// How many ranks the problem was stated for: for some the default depends on it.
    pub ranks: u64,
    /// Of the plan, and how many units it has.
    pub fingerprint: u64,
    pub units: u64,
    /// How many of them are done.
    pub done: u64,
    /// The blocks that are in and what they came to; none if all are, for then there is the answer.
    pub blocks: Vec<(Block, Bytes)>,
}

impl Report {
    /// How far the run is.
    pub fn progress(&self) -> String {
        let (done, units) = self.state.as_ref().map_or((0, 0), |state| (state.done, state.units));
        format!("{:.1} % done", 100.0 * done as f64 / units.max(1) as f64)
    }
}

/// A column of numbers that a report does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    pub key: Cow<'static, str>,
    /// How many there are.
    pub count: u64,
    /// Of the numbers, where they are kept.
    pub sha256: String,
}

/// A stretch of one thread's work.
#[derive(Debug, Clone, PartialEq)]
pub struct Stint {
    pub first_unit: u64,
    pub units: u64,
    pub rank: u64,
    pub thread: u64,
    /// Seconds since the run started.
    pub start: f64,
    pub seconds: f64,
    /// Which of the runs that went on from each other it was in, from 0.
    pub leg: u64,
}

/// One stint of every two that one hand did after each other.
pub fn halved(mut stints: Vec<Stint>) -> Vec<Stint> {
    let hand = |stint: &Stint| (stint.leg, stint.rank, stint.thread);
    stints.sort_by(|a, b| hand(a).cmp(&hand(b)).then(a.start.total_cmp(&b.start)));
    let mut merged: Vec<Stint> = Vec::with_capacity(stints.len() / 2 + 1);
    let mut pairs = stints.into_iter().peekable();
    while let Some(mut stint) = pairs.next() {
        if let Some(next) = pairs.next_if(|next| hand(next) == hand(&stint)) {
            stint.units += next.units;
            stint.seconds += next.seconds;
        }
        merged.push(stint);
    }
    merged
}

/// A way to say a report on stdout.
pub struct Format {
    pub name: &'static str,
    pub write: fn(&Report) -> String,
    /// How a report's list is said.
    pub frame: fn(&Report, &List) -> Frame,
}

/// What stands around the numbers of a list.
pub struct Frame {
    /// Before all of them, and behind.
    pub head: String,
    pub tail: String,
    /// Before each, behind it, and between two.
    pub before: String,
    pub after: &'static str,
    pub between: &'static str,
}

impl Frame {
    /// A number a line.
    pub fn lines(head: String) -> Frame {
        Frame { head, tail: String::new(), before: String::new(), after: "\n", between: "" }
    }
}

/// All formats; the first is the default.
pub const FORMATS: &[Format] = &[text::FORMAT, json::FORMAT, csv::FORMAT];

/// Puts the answer on stdout.
pub fn say(text: &str) -> Result<()> {
    put_out(text.as_bytes()).map(drop)
}

/// Whether anyone still listens. Whoever closed stdout, as `head` does, wants no more; anything else that keeps
/// the answer from getting out is an error. A stdout that was closed before the start cannot be told from /dev/null,
/// which is what Rust puts in its place.
fn put_out(bytes: &[u8]) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(why) => Err(Error::failed(format!("cannot write the answer: {why}"))),
    }
}

/// Puts what is not the answer on stderr.
pub fn talk(text: &str) {
    // If nobody listens there, there is nobody to tell so.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The bare answers, one a line: a row's answer cell, or the total where there are no rows.
///
/// # Errors
/// If the values were not kept: a run that was not asked for whole factorials has none. A gap or a digest that is
/// not there is a blank line.
pub fn bare(report: &Report) -> Result<String> {
    if report.status == Status::Partial {
        return Err(Error::failed(format!(
            "there is no answer yet, the run is {}: go on with pcount resume",
            report.progress()
        )));
    }
    let Some(column) = report.table.column(&report.bare) else {
        return Ok(report.total.iter().map(|total| format!("{total}\n")).collect());
    };
    let cells = report.table.rows.iter().map(|row| &row[column]);
    if report.bare == "value" && cells.clone().any(|cell| *cell == Value::Nothing) {
        return Err(Error::failed("not every row was kept with its value: run again with --full or -q"));
    }
    Ok(cells.map(|cell| format!("{cell}\n")).collect())
}

/// A cell of an answer: which kind, then what it holds.
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
            Value::List(values) => {
                kind(5);
                values.put(out);
            }
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Value> {
        match u8::take(bytes)? {
            0 => Ok(Value::Nothing),
            1 => Ok(Value::Integer(Wire::take(bytes)?)),
            2 => Ok(Value::Count(Wire::take(bytes)?)),
            3 => Ok(Value::Seconds(Wire::take(bytes)?)),
            4 => Ok(Value::Text(Wire::take(bytes)?)),
            5 => Ok(Value::List(Wire::take(bytes)?)),
            kind => Err(Error::failed(format!("a message holds a value of the unknown kind {kind}"))),
        }
    }
}

wire::fields! { Stint { first_unit units rank thread start seconds leg } }

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report with something of everything.
    pub(crate) fn sample() -> Report {
        let row = |start: &str, waited: f64, error: Option<&str>| {
            let cores = Value::List([0, 1, 2, 5].map(Value::Count).to_vec());
            vec![Value::integer(start), Value::Seconds(waited), cores, Value::from(error)]
        };
        Report {
            status: Status::Failed,
            kernel: "primes".into(),
            problem: vec![Fact::new("ranges", Value::texts(["0..10"]))],
            table: Table::of(&["start", "waited s", "cores", "error"])
                .with([row("0", 0.25, None), row("340282366920938463463374607431768211456", 1.0, Some("a \"b\", c"))]),
            total: Some("4".into()),
            bare: "start".into(),
            run: vec![
                Fact::new("version", Value::text("0.1.0")),
                Fact::new("ranks", Value::Count(8)),
                Fact::new("seconds.wall", Value::Seconds(0.5)),
                Fact::new("seconds.busy", Value::Seconds(0.25)),
            ],
            legs: vec![],
            timeline: vec![Stint { first_unit: 0, units: 8, rank: 1, thread: 0, start: 0.0, seconds: 0.125, leg: 1 }],
            list: None,
            state: None,
        }
    }

    #[test]
    fn runs_of_counts_are_short() {
        let list = |counts: &[u64]| Value::List(counts.iter().map(|&c| Value::Count(c)).collect()).to_string();
        assert_eq!(list(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn bare_answers_are_cells_or_the_total() {
        let mut report = sample();
        assert_eq!(bare(&report).unwrap(), "0\n340282366920938463463374607431768211456\n");
        // Nothing is a blank line, but for values that were not kept.
        report.bare = "error".into();
        assert_eq!(bare(&report).unwrap(), "\na \"b\", c\n");
        (report.bare, report.table.columns[3].key) = ("value".into(), "value".into());
        assert!(bare(&report).is_err());
        report.table = Table::default();
        assert_eq!(bare(&report).unwrap(), "4\n");
    }
}
