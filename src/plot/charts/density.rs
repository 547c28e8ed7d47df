//! How dense the primes of each row are, beside 1/ln x.

use super::Frame;
use crate::math::approximate::li;
use crate::plot::axis::Axis;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Ink;
use crate::plot::picture::{Mark, Picture, Stroke};
use crate::plot::sheet::{Sample, Sheet};
use crate::report::Report;
use crate::values::Value;

/// Primes of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    start: u128,
    end: u128,
    count: u128,
}

/// More rows are joined with their neighbours.
const ROWS: usize = 400;

/// 1/ln x is drawn from here on: below it is no density.
const FIRST: f64 = 10.0;

/// How dense the primes of each row are.
pub fn density(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let rows = rows(&run.report)?;
    let (from, to) = ends(&rows);
    let is_wide = to / from > 200.0;
    let dense = rows.iter().map(share).fold(1.0 / from.ln(), f64::max);
    let metrics = frame.metrics;
    let mut sheet = Sheet::new(metrics, frame.width, "How dense the primes are");
    let count = counted(&rows);
    let expected: f64 = rows.iter().map(|row| expected(row.start, row.end)).sum();
    sheet.note(&format!("{count} primes; the integral of 1/ln x is {expected:.1}: {}", off(count, expected)));
    sheet.legend(&[
        (Sample::Line(Stroke::Data), Ink::Series(1), "primes of a range, divided by its width".into()),
        (Sample::Line(Stroke::Dashed), Ink::Series(0), "1/ln x".into()),
    ]);
    let x = if is_wide { Axis::log("x", from, to) } else { Axis::linear("x", from.floor(), to) };
    let least = rows.iter().map(share).fold(1.0 / to.ln(), f64::min);
    // Where all is nearly equal, the difference is what is looked at.
    let floor = if least > dense / 2.0 { least - (dense - least).max(dense / 1000.0) } else { 0.0 };
    let top = dense + if floor > 0.0 { dense - least } else { 0.0 };
    let plot = sheet.plot(9.0 * metrics.line, x, Axis::linear("primes among all numbers", floor, top));
    let curve = (0..=100).map(|step| {
        let part = f64::from(step) / 100.0;
        let x = if is_wide { from * (to / from).powf(part) } else { from + (to - from) * part };
        (plot.x(x), plot.y(1.0 / x.max(FIRST).ln()))
    });
    sheet.line(&curve.collect::<Vec<_>>(), Ink::Series(0), Stroke::Dashed);
    for row in &rows {
        let (left, right, y) = (plot.x((row.start as f64).max(from)), plot.x(row.end as f64), plot.y(share(row)));
        sheet.line(&[(left, y), (right, y)], Ink::Series(1), Stroke::Data);
        if right - left < 0.75 * metrics.least() {
            sheet.dot(((left + right) / 2.0, y), Ink::Series(1), Mark::Circle);
        }
    }
    Some(sheet.done())
}

fn share(row: &Row) -> f64 {
    row.count as f64 / (row.end - row.start) as f64
}

/// How many primes there are. Ranges may overlap, and those of a forged file may have any counts.
fn counted(rows: &[Row]) -> u128 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(row.count))
}

/// The first and the last number that is drawn.
fn ends(rows: &[Row]) -> (f64, f64) {
    let to = rows.iter().map(|row| row.end).max().unwrap_or(1) as f64;
    let starts = rows.iter().map(|row| row.start as f64).fold(f64::INFINITY, f64::min);
    // Equal ranges from 0 on are drawn from a hundredth of the first.
    let least = rows.iter().map(|row| row.end as f64).fold(f64::INFINITY, f64::min) / 100.0;
    // Large numbers may be the same as floats, and an axis needs a width.
    let from = if starts < FIRST { FIRST.max(least).min(to / 2.0) } else { starts.min(to * (1.0 - 1e-12)) };
    (from.max(2.0), to.max(4.0))
}

/// How many primes there should be.
fn expected(start: u128, end: u128) -> f64 {
    (li(end.max(2)) - li(start.max(2))).to_f64()
}

fn off(count: u128, expected: f64) -> String {
    match expected > 0.0 {
        true => format!("{:+.4} %", 100.0 * (count as f64 - expected) / expected),
        false => "nothing to compare".into(),
    }
}

/// The rows in order; `None` if they count no primes.
fn rows(report: &Report) -> Option<Vec<Row>> {
    let table = &report.table;
    let column = |key| table.column(key);
    if table.rows.is_empty() || column("residue").is_some() || column("count").is_none() {
        return None;
    }
    let cell = |row: &[Value], at: usize| row[at].to_string().parse::<u128>().ok();
    let count = column("count")?;
    let up_to = |at: usize, start: u128| {
        let rows = table.rows.iter().filter_map(|row| Some((cell(row, at)?, cell(row, count)?)));
        between(rows.collect(), start)
    };
    let mut rows: Vec<Row> = match (&*report.kernel, column("start"), column("end"), column("x").or(column("up_to"))) {
        ("primes", Some(start), Some(end), _) => {
            let row = |row: &Vec<Value>| {
                Some(Row { start: cell(row, start)?, end: cell(row, end)?, count: cell(row, count)? })
            };
            table.rows.iter().filter_map(row).filter(|row| row.end > row.start).collect()
        }
        ("pi", _, _, Some(x)) => up_to(x, 0),
        // Counts from the beginning of the one range on.
        ("primes", None, None, Some(x)) => match report.problem.first().map(|fact| &fact.value) {
            Some(Value::List(ranges)) if ranges.len() == 1 => {
                up_to(x, ranges[0].to_string().split("..").next()?.parse().ok()?)
            }
            _ => return None,
        },
        _ => return None,
    };
    rows.sort_by_key(|row| row.start);
    // Ranges of one number, and such that a file was forged with, have no density.
    rows.retain(|row| row.end >= 2 && row.count <= row.end - row.start);
    let joined = rows.chunks(rows.len().div_ceil(ROWS).max(1)).map(joined).collect::<Option<Vec<Row>>>();
    joined.filter(|rows| !rows.is_empty())
}

/// Neighbours as one row. Where they overlap or leave gaps, they are not one, and the first stands for all.
fn joined(rows: &[Row]) -> Option<Row> {
    let (first, last) = (rows.first()?, rows.last()?);
    let touch = rows.windows(2).all(|pair| pair[0].end == pair[1].start);
    let count = counted(rows);
    Some(if touch { Row { start: first.start, end: last.end, count } } else { *first })
}

/// What lies between numbers up to which primes were counted, from `start` on.
fn between(mut counted: Vec<(u128, u128)>, start: u128) -> Vec<Row> {
    counted.sort_unstable();
    counted.dedup();
    let mut before = (start, 0);
    let mut rows = vec![];
    for (x, count) in counted {
        if x > before.0 && count >= before.1 {
            rows.push(Row { start: before.0, end: x, count: count - before.1 });
        }
        before = (x, count);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, close, lines, place_of, run, texts};
    use super::*;
    use crate::values::{Fact, Table};

    fn counted(kernel: &str, columns: &[&'static str], rows: &[&[u64]]) -> DrawnRun {
        let mut drawn = run(&[attempt(1, 1, 1.0)], &[], 1);
        drawn.report.kernel = kernel.into();
        drawn.report.table = Table::of(columns).with(rows.iter().map(|row| row.iter().map(Value::integer).collect()));
        drawn
    }

    #[test]
    fn each_row_is_as_high_as_its_density() {
        let drawn = counted(
            "primes",
            &["start", "end", "count"],
            &[&[1000, 2000, 135], &[2000, 3000, 127], &[3000, 4000, 120]],
        );
        let picture = density(&drawn, &FRAME).unwrap();
        let [zero, end] = ["1000", "4000"].map(|label| place_of(&picture, label, true));
        let [low, high] = ["0.12", "0.16"].map(|label| place_of(&picture, label, false));
        let rows = lines(&picture, Ink::Series(1));
        assert_eq!(rows.len(), 4);
        for (row, (to, share)) in rows[1..].iter().zip([(2000.0, 0.135), (3000.0, 0.127), (4000.0, 0.120)]) {
            assert!(close(row[1].0, zero + (end - zero) * (to - 1000.0) / 3000.0), "{row:?}");
            assert!(close(row[0].1, low - (low - high) * (share - 0.12) / 0.04), "{row:?}");
        }
        // π(4000) - π(1000) = 550 - 168.
        assert!(texts(&picture)[1].starts_with("382 primes; the integral of 1/ln x is 38"), "{:?}", texts(&picture));
    }

    #[test]
    fn a_narrow_range_fills_the_chart() {
        let row = |start, end| Row { start, end, count: 1 };
        assert_eq!(ends(&[row(1_000_000_000, 1_000_500_000), row(1_000_500_000, 1_001_000_000)]), (1e9, 1.001e9));
        let (from, to) = ends(&[row(10u128.pow(20), 10u128.pow(20) + 9)]);
        assert!(from < to);
    }

    #[test]
    fn counts_up_to_numbers_are_counts_between_them() {
        let found = rows(&counted("pi", &["x", "count"], &[&[1000, 168], &[10, 4], &[100, 25]]).report).unwrap();
        let row = |start, end, count| Row { start, end, count };
        assert_eq!(found, [row(0, 10, 4), row(10, 100, 21), row(100, 1000, 143)]);
        // As --every counts, from the beginning of its range on.
        let mut every = counted("primes", &["up_to", "count"], &[&[20, 4], &[100, 21]]).report;
        every.problem = vec![Fact::new("ranges", Value::List(vec![Value::text("10..100")]))];
        assert_eq!(rows(&every).unwrap(), [row(10, 20, 4), row(20, 100, 17)]);
        every.problem = vec![Fact::new("ranges", Value::List(vec![Value::text("10..20"), Value::text("20..100")]))];
        assert_eq!(rows(&every).map(|rows| rows.len()), None);
        // Classes of residues, other kernels and rows that contradict themselves are not drawn.
        let columns: [&'static str; 3] = ["start", "end", "count"];
        assert!(density(&counted("sum-primes", &columns, &[&[0, 9, 4]]), &FRAME).is_none());
        assert!(density(&counted("primes", &columns, &[&[5, 5, 0], &[0, 9, 99]]), &FRAME).is_none());
        assert!(density(&counted("primes", &["start", "end", "residue", "count"], &[&[0, 9, 1, 2]]), &FRAME).is_none());
    }
}
