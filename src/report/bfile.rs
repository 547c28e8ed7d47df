//! A b-file, as the On-Line Encyclopedia of Integer Sequences takes it: lines of an index and a value, without a heading.
//!
//! Rows have an index if they are about single numbers: n, x or the point that a count goes up to. A list of primes from 2 on is numbered from 1.

use super::{Format, Frame, Kind, Report, Status, shown};
use crate::error::{Error, Result};
use crate::values::{Column, Value};

/// Lines of an index and a value, for the OEIS.
pub const BFILE: Format = Format {
    name: "bfile",
    is_document: false,
    is_whole: true,
    kind: Kind::Text {
        fits,
        write,
        frame: |_, list| match list.columns.len() {
            1 => Frame { first_index: Some(1), ..Frame::bare(0) },
            _ => Frame::lines(String::new(), list, " "),
        },
    },
};

/// Whether rows with this column are about a number.
fn is_index(column: &Column) -> bool {
    matches!(&*column.key, "n" | "x" | "up_to")
}

/// The column of the values, if there is one.
fn values(report: &Report) -> Option<usize> {
    report.table.column(&report.bare).filter(|_| report.table.columns.first().is_some_and(is_index))
}

fn fits(report: &Report) -> Result<()> {
    if report.table.rows.is_empty() && report.status != Status::Complete {
        return Ok(());
    }
    let Some(column) = values(report) else {
        let what = "--format bfile is for rows of a number and a value, and this answer has none";
        return Err(Error::usage(format!("{what}: write --format csv")));
    };
    let cells = || report.table.rows.iter().map(|row| &row[column]);
    if cells().any(|cell| *cell == Value::Nothing) {
        return Err(Error::failed("not every row was kept with its value: run again with --full or --format bfile"));
    }
    match cells().find(|cell| !matches!(cell, Value::Integer(_))) {
        Some(cell) => {
            let what = format!("'{}' is not an integer, and --format bfile takes nothing else", shown(cell));
            Err(Error::usage(format!("{what}: write --format csv")))
        }
        None => Ok(()),
    }
}

fn write(report: &Report) -> String {
    let Some(column) = values(report) else { return String::new() };
    report.table.rows.iter().map(|row| format!("{} {}\n", shown(&row[0]), shown(&row[column]))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use crate::values::Table;

    #[test]
    fn rows_about_numbers_are_an_index_and_a_value() {
        let mut report = sample();
        report.status = Status::Complete;
        assert!(fits(&report).unwrap_err().to_string().contains("this answer has none"));
        let row = |n: u32, value: Value| vec![Value::integer(n), Value::text("abc"), value];
        report.table =
            Table::of(&["n", "sha256", "value"]).with([row(0, Value::integer(1)), row(7, Value::integer(5040))]);
        report.bare = "value".into();
        fits(&report).unwrap();
        assert_eq!(write(&report), "0 1\n7 5040\n");
        report.table.rows[1][2] = Value::Nothing;
        assert!(fits(&report).unwrap_err().to_string().contains("--full"));
        report.table.rows[1][2] = Value::text("9.5");
        assert!(fits(&report).unwrap_err().to_string().contains("'9.5' is not an integer"));
    }
}
