//! Text for people: aligned columns, units in the heading, the total below a line.

use super::{Format, Frame, Kind, List, Report, Status, people, shown};
use crate::escaped;
use crate::values::{Column, Fact, Size, Table, Value};

/// Aligned text, for people.
pub const PLAIN_TEXT: Format =
    Format { name: "text", is_document: false, is_whole: false, kind: Kind::Text { fits: |_| Ok(()), write, frame } };

/// Between two columns.
const GAP: &str = "  ";

/// A cell longer than this does not widen its column: one factorial must not push a table off the screen.
const WIDE: usize = 64;

fn write(report: &Report) -> String {
    // A run that was stopped may have rows.
    if matches!(report.status, Status::Planned | Status::Partial) && report.table.rows.is_empty() {
        return facts(report);
    }
    match &report.total {
        Some(total) if report.table.columns.is_empty() => format!("{total}\n"),
        // A single row is its own total.
        total => {
            aligned(&report.table, total.as_ref().filter(|_| report.table.rows.len() != 1))
                + &verified(report)
                + &meanings(report)
        }
    }
}

/// One column is a list, and several are a table, with the numbers to the right as in [`aligned`].
fn frame(_: &Report, list: &List) -> Frame {
    let mut frame = Frame::lines(String::new(), list, GAP);
    if let [column] = &list.columns[..] {
        return Frame { head: format!("{}\n", column.key), ..frame };
    }
    let mut heading = String::new();
    for (cell, column) in frame.cells.iter_mut().zip(&list.columns) {
        if column.size == Size::Word {
            // Words stand left, and such a column is the last one.
            heading += &format!("{}{}", cell.before, column.key);
            continue;
        }
        let widest = if column.width <= WIDE { column.width } else { 0 };
        cell.width = widest.max(column.key.len());
        heading += &format!("{}{:>width$}", cell.before, column.key, width = cell.width);
    }
    Frame { head: heading + "\n", ..frame }
}

/// What was counted a second time by another method. The counts agreed, or there would be no answer.
fn verified(report: &Report) -> String {
    report.verification().map_or(String::new(), |how| format!("verified, and it agrees: {how}\n"))
}

/// What the rows mean, in words: the facts that say so.
fn meanings(report: &Report) -> String {
    let means = report.run.iter().filter(|fact| fact.name.ends_with(".means"));
    means.map(|fact| shown(&fact.value) + "\n").collect()
}

/// A table without a report.
pub fn table(table: &Table) -> String {
    aligned(table, None)
}

/// Numbers are right-aligned, words left-aligned. The total is below the counts or sums, or else in the last column.
fn aligned(table: &Table, total: Option<&String>) -> String {
    let heading = |column: &Column| match column.unit.as_ref() {
        "" => column.key.to_string(),
        unit => format!("{} ({})", column.key, escaped::line(unit)),
    };
    let headings: Vec<String> = table.columns.iter().map(heading).collect();
    let cell = |value: &Value| (shown(value), !matches!(value, Value::Text(_) | Value::Nothing));
    let rows: Vec<Vec<(String, bool)>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let Some(last) = headings.len().checked_sub(1) else { return String::new() };
    let summed = table.summed().unwrap_or(last);
    let number = |column: usize| rows.iter().any(|row| row[column].1);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].0.chars().count()).filter(|&n| n <= WIDE);
        let foot = total.filter(|_| column == summed).map_or(0, String::len);
        cells.chain([headings[column].chars().count(), foot]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.enumerate().map(|(column, cell)| match number(column) {
            true => format!("{cell:>width$}", width = widths[column]),
            false => format!("{cell:<width$}", width = widths[column]),
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_string() + "\n"
    };
    let mut text = line(&mut headings.iter().map(String::as_str));
    for row in &rows {
        text += &line(&mut row.iter().map(|(cell, _)| cell.as_str()));
    }
    if let Some(total) = total {
        let wide = widths.iter().sum::<usize>() + 2 * last;
        text += &format!("{}\n", "-".repeat(wide));
        let below = widths[..=summed].iter().sum::<usize>() + 2 * summed;
        text += &format!("total{total:>rest$}\n", rest = below.saturating_sub(5));
    }
    text
}

/// A plan, or a run that is not over: one line per fact.
fn facts(report: &Report) -> String {
    let status = (report.status == Status::Partial).then(|| ("status", format!("partial: {}", report.progress())));
    let facts = [("kernel", report.kernel.clone())]
        .into_iter()
        .chain(status)
        .chain(report.problem.iter().map(|fact| (fact.name.as_ref(), shown(&fact.value))))
        .chain(report.run.iter().map(|fact| (fact.name.as_ref(), escaped::line(&for_people(fact)).into_owned())))
        .collect::<Vec<_>>();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// The value of a fact about a run, with times and sizes for people.
fn for_people(fact: &Fact) -> String {
    match (fact.name.as_ref(), &fact.value) {
        ("predicted.seconds", Value::Seconds(seconds)) => people::about(*seconds),
        ("predicted.bytes_per_rank", Value::Count(bytes)) => format!("about {}", people::bytes(*bytes)),
        ("saves", Value::List(saves)) => match saves.last() {
            Some(Value::Seconds(last)) => format!("the last one after {}", people::duration(*last)),
            _ => fact.value.to_string(),
        },
        (_, Value::Seconds(seconds)) => people::duration(*seconds),
        (_, value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut report = sample();
        let cells = |start: &str, host: &str| vec![Value::integer(start), Value::text(host)];
        report.table = Table::of(&["start n", "host"]).with([cells("5", "a"), cells("1000000000", "node-17")]);
        report.total = None;
        assert_eq!(write(&report), " start (n)  host\n         5  a\n1000000000  node-17\n");
    }

    #[test]
    fn the_total_stands_below_its_column() {
        let mut report = sample();
        let cells = |start: u64, count: u64| vec![Value::integer(start), Value::integer(count)];
        report.table = Table::of(&["start", "count"]).with([cells(0, 4), cells(10, 4)]);
        report.total = Some("8".into());
        assert_eq!(write(&report), "start  count\n    0      4\n   10      4\n------------\ntotal      8\n");
        let cells = |start: u64, count: u64| [start, count, 7].map(Value::integer).to_vec();
        let three = Table::of(&["start", "count", "tuplets"]).with([cells(0, 4), cells(10, 4)]);
        assert_eq!(
            aligned(&three, report.total.as_ref()),
            "start  count  tuplets\n    0      4        7\n   10      4        7\n\
             ---------------------\ntotal      8\n"
        );
        report.table.rows.pop();
        assert_eq!(write(&report), "start  count\n    0      4\n");
        report.table = Table::default();
        assert_eq!(write(&report), "8\n");
    }
}
