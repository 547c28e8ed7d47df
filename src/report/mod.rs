//! The report of a run, and the formats in which it is printed.
//!
//! A report is flat: facts (named values) and one table. That is what all formats have in common: text prints it, JSON groups it,
//! CSV takes the table, HDF5 makes attributes and datasets of it. Nothing else in the program writes an answer to stdout.

mod bfile;
pub mod certificate;
mod colour;
mod csv;
pub mod first_rows;
pub mod history;
pub mod json;
pub mod list;
mod numbers;
pub mod pace;
pub mod people;
pub mod progress;
mod row_lines;
pub mod text;
pub mod view;

use crate::block::Block;
use crate::error::{Error, Result};
use crate::escaped;
use crate::streams;
use crate::values::timeline::Entry;
use crate::values::{Fact, ListColumn, Role, Stretch, Table, Value};
use crate::wire::Bytes;
pub use colour::colours;
use std::io::{ErrorKind, IsTerminal, Write};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All units are done.
    Complete,
    /// A task failed; the answers of the others are valid.
    Failed,
    /// It was stopped, or is still running: units are missing.
    Partial,
    /// Nothing was computed: a dry run.
    Planned,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 4] = [Status::Complete, Status::Failed, Status::Partial, Status::Planned];

    /// The word in reports and run files.
    pub fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Failed => "failed",
            Status::Partial => "partial",
            Status::Planned => "planned",
        }
    }
}

/// Everything that is known of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How the run ended.
    pub status: Status,
    /// The name of the command.
    pub kernel: String,
    /// The problem.
    pub problem: Vec<Fact>,
    /// The rows of the answer.
    pub table: Table,
    /// The total over all rows, or the whole answer if there are no rows; in decimal.
    pub total: Option<String>,
    /// The key of the column for `--quiet`, or `total`.
    pub bare: String,
    /// How it was computed: version, ranks, schedule, seconds, hosts.
    pub run: Vec<Fact>,
    /// The same facts of the earlier attempts, the first one first; many are summed up (`history.rs`).
    pub attempts: Vec<Vec<Fact>>,
    /// Who computed which units, and when.
    pub timeline: Vec<Entry>,
    /// An answer that does not fit memory, which is written separately (`list.rs`); the table is then empty.
    pub list: Option<List>,
    /// What a resume needs; `None` if there is nothing to resume.
    pub state: Option<State>,
}

/// From what a run can be resumed.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The command line that asked for it.
    pub arguments: Vec<String>,
    /// The lines of a file named there.
    pub list: Vec<String>,
    /// For how many ranks the problem was stated: some defaults depend on it.
    pub ranks: u64,
    /// The plan's fingerprint, and its number of units.
    pub fingerprint: u64,
    /// How many units the plan has.
    pub units: u64,
    /// How many units are done.
    pub done: u64,
    /// The blocks that are done and their parts. If all are done there is the answer, and these are the witnesses, if there are any.
    pub blocks: Vec<(Block, Bytes)>,
    /// The rows of a list that are on the disk; `None` if there is no list, or if it is over.
    pub rows: Option<RowsSoFar>,
}

/// The rows of a list that is not over, as far as they are on the disk. Most are in a file beside the run file, in chunks of equally many rows, each
/// column apart: the first chunk of each column, then the second of each, and so on.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsSoFar {
    /// The random digits in the name of that file.
    pub file: String,
    /// The keys of the columns.
    pub keys: Vec<String>,
    /// What tells the chunks of each column from others: a SHA-256.
    pub digests: Vec<String>,
    /// The bytes of each chunk, in the order of the file.
    pub sizes: Vec<u64>,
    /// How many rows a chunk has.
    pub chunk: u64,
    /// The rows behind the last chunk.
    pub rest: Stretch,
}

impl RowsSoFar {
    /// How many rows there are.
    pub fn count(&self) -> u64 {
        let chunks = (self.sizes.len() / self.keys.len().max(1)) as u64;
        chunks.saturating_mul(self.chunk).saturating_add(self.rest.len() as u64)
    }
}

impl Report {
    /// A report of no run: of a plan, or of what a command found out of other runs or of this machine. What was found is in the rows.
    pub fn of(command: &str, status: Status, problem: Vec<Fact>, run: Vec<Fact>) -> Report {
        Report {
            status,
            kernel: command.into(),
            problem,
            table: Table::default(),
            total: None,
            bare: String::new(),
            run,
            attempts: vec![],
            timeline: vec![],
            list: None,
            state: None,
        }
    }

    /// The same with these rows, whose bare answers are in the column of this key.
    pub fn with_rows(self, table: Table, bare: &str) -> Report {
        Report { table, bare: bare.into(), ..self }
    }

    /// The version of the program that made it.
    pub fn version(&self) -> Option<&Value> {
        self.of_the_run("version")
    }

    /// What was counted a second time by another method. The counts agreed, or there would be no answer.
    pub fn verification(&self) -> Option<&Value> {
        self.of_the_run("verify")
    }

    /// The value of a fact of the run.
    pub fn of_the_run(&self, name: &str) -> Option<&Value> {
        self.run.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
    }

    /// How far the run is, in words.
    pub fn progress(&self) -> String {
        let (done, units) = self.state.as_ref().map_or((0, 0), |state| (state.done, state.units));
        let done = format!("{:.1} % done", 100.0 * done as f64 / units.max(1) as f64);
        match self.state.as_ref().and_then(|state| state.rows.as_ref()) {
            Some(rows) => format!("{done} with {} rows", rows.count()),
            None => done,
        }
    }
}

/// Rows of numbers that are not in the report itself.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// The columns.
    pub columns: Vec<ListColumn>,
    /// How many rows there are.
    pub count: u64,
    /// The SHA-256 of the numbers, if they are kept.
    pub sha256: String,
}

/// A way to print a report on stdout.
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// Whether it is one document. It is printed as a whole, never its first rows alone, and also for a run that was stopped without
    /// rows.
    pub is_document: bool,
    /// Whether it shows numbers whole, however long they are.
    pub is_whole: bool,
    /// What is printed.
    pub kind: Kind,
}

/// What a format prints.
pub enum Kind {
    /// Text.
    Text {
        /// Whether it can show this report. The error says why not.
        fits: fn(&Report) -> Result<()>,
        /// The whole report as text.
        write: fn(&Report) -> String,
        /// How a list is printed.
        frame: fn(&Report, &List) -> Frame,
    },
    /// The numbers of one column, as bytes.
    Numbers {
        /// What stands before so many of them. Its length does not depend on the number.
        head: fn(u64) -> Vec<u8>,
    },
}

impl Format {
    /// The whole report.
    ///
    /// # Errors
    /// If it cannot show this report. The error says why not.
    pub fn write(&self, report: &Report) -> Result<Vec<u8>> {
        match self.kind {
            Kind::Text { fits, write, .. } => fits(report).map(|()| write(report).into_bytes()),
            Kind::Numbers { head } => numbers::bytes(report, head),
        }
    }

    /// Whether it says before all rows how many they are.
    pub fn has_count(&self) -> bool {
        matches!(self.kind, Kind::Numbers { head } if !head(0).is_empty())
    }

    /// Whether it prints something of a table without rows: a document, or the names of its columns.
    pub fn has_head(&self) -> bool {
        self.is_document || self.name == csv::CSV.name
    }

    /// Whether it prints bytes that are no text.
    pub fn is_bytes(&self) -> bool {
        matches!(self.kind, Kind::Numbers { .. })
    }
}

/// The text around the numbers of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Before all rows.
    pub head: String,
    /// After all rows.
    pub tail: String,
    /// The numbers of a row, from left to right.
    pub cells: Vec<Cell>,
    /// After each row.
    pub after: &'static str,
    /// Between two rows.
    pub between: &'static str,
    /// What stands before the first number, if numbers are numbered; and then one more before each.
    pub first_index: Option<u64>,
}

/// A number of a row, and the text before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The column that it is of.
    pub column: usize,
    /// The text before it.
    pub before: String,
    /// It stands right in so many characters.
    pub width: usize,
}

impl Frame {
    /// A row per line: all cells of the list, with `between` two of them.
    pub fn lines(head: String, list: &List, between: &str) -> Frame {
        Frame { head, tail: String::new(), cells: list.cells("", between), after: "\n", between: "", first_index: None }
    }

    /// A number per line: that of one column.
    pub fn bare(column: usize) -> Frame {
        let cells = vec![Cell { column, before: String::new(), width: 0 }];
        Frame { head: String::new(), tail: String::new(), cells, after: "\n", between: "", first_index: None }
    }
}

impl List {
    /// The cells of a row, with `first` before the first one, and `next` before each other.
    pub fn cells(&self, first: &str, next: &str) -> Vec<Cell> {
        let before = |column| if column == 0 { first } else { next };
        (0..self.columns.len()).map(|column| Cell { column, before: before(column).into(), width: 0 }).collect()
    }

    /// The keys of the columns.
    pub fn keys(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.key.to_string()).collect()
    }
}

/// All formats; the first is the default.
pub const FORMATS: &[Format] = &[text::PLAIN_TEXT, json::JSON, csv::CSV, bfile::BFILE, numbers::NPY, numbers::RAW];

/// Prints the answer on stdout.
///
/// # Errors
/// If stdout is closed, or cannot be written. It is no error that a reader such as `head` wants no more.
pub fn say(text: &str) -> Result<()> {
    put_out(text.as_bytes()).map(drop)
}

/// The same with bytes.
///
/// # Errors
/// As of [`say`].
pub fn say_bytes(bytes: &[u8]) -> Result<()> {
    put_out(bytes).map(drop)
}

/// Checks that stdout is no terminal if the format prints bytes that are no text.
///
/// # Errors
/// If it is one.
pub fn can_take(format: &Format) -> Result<()> {
    // A launcher may pass stdout on through a terminal of its own, which has no size.
    match format.is_bytes() && streams::columns().is_some() {
        true => {
            let name = format.name;
            Err(Error::usage(format!("--format {name} is not for a terminal: write > FILE.{name}, or | and a program")))
        }
        false => Ok(()),
    }
}

/// Checks that there is a stdout for the answer. To be called before hours of computing.
///
/// # Errors
/// If stdout was closed when the program began.
pub fn can_say() -> Result<()> {
    match streams::has_stdout() {
        true => Ok(()),
        false => Err(Error::failed("cannot write the answer: stdout is closed; write > /dev/null if it is not wanted")),
    }
}

/// Whether anyone still reads stdout. If the reader closes it, as `head` does, no more is wanted; any other failure is an error.
fn put_out(bytes: &[u8]) -> Result<bool> {
    can_say()?;
    let mut out = std::io::stdout().lock();
    let mut write = || out.write_all(bytes).and_then(|()| out.flush());
    let is_seen = std::io::stdout().is_terminal();
    match if is_seen { streams::above_the_view(write) } else { write() } {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(why) => Err(Error::failed(format!("cannot write the answer: {why}"))),
    }
}

/// A value in a form that is safe to show: it may come from somebody else's file, or from a server.
fn shown(value: &Value) -> String {
    escaped::line(&value.to_string()).into_owned()
}

/// The answers for `--quiet`, one per line: one cell of each row, or the total if there are no rows. A gap or a digest that does not
/// exist is a blank line.
///
/// # Errors
/// If the values were not kept: a run that was not asked for whole factorials has none.
pub fn bare(report: &Report) -> Result<String> {
    if report.status == Status::Partial && report.table.rows.is_empty() {
        return Err(Error::failed(format!(
            "there is no answer yet, the run is {}: continue it with pcount resume",
            report.progress()
        )));
    }
    let Some(column) = report.table.column(&report.bare) else {
        return Ok(report.total.iter().map(|total| format!("{total}\n")).collect());
    };
    let cells = report.table.rows.iter().map(|row| &row[column]);
    if report.table.columns[column].role() == Role::Long && cells.clone().any(|cell| *cell == Value::Nothing) {
        return Err(Error::failed("not every row was kept with its value: run again with --full or -q"));
    }
    Ok(cells.map(|cell| shown(cell) + "\n").collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report with an example of everything.
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
            attempts: vec![],
            timeline: vec![Entry {
                first_unit: 0,
                units: 8,
                rank: 1,
                thread: 0,
                start: 0.0,
                seconds: 0.125,
                attempt: 1,
            }],
            list: None,
            state: None,
        }
    }

    #[test]
    fn bare_answers_are_cells_or_the_total() {
        let mut report = sample();
        assert_eq!(bare(&report).unwrap(), "0\n340282366920938463463374607431768211456\n");
        // A missing value is a blank line, but it is an error if values were not kept.
        report.bare = "error".into();
        assert_eq!(bare(&report).unwrap(), "\na \"b\", c\n");
        (report.bare, report.table.columns[3].key) = ("value".into(), "value".into());
        assert!(bare(&report).is_err());
        report.table = Table::default();
        assert_eq!(bare(&report).unwrap(), "4\n");
    }
}
