//! CSV (RFC 4180): the rows, with a header line of the keys; without rows, the total.

use super::{Format, Frame, Kind, Report, Status, shown};

/// Comma-separated values, for spreadsheets.
pub const CSV: Format = Format {
    name: "csv",
    is_document: false,
    is_whole: false,
    kind: Kind::Text {
        fits: |_| Ok(()),
        write,
        frame: |_, list| Frame::lines(list.keys().join(",") + "\n", list, ","),
    },
};

fn write(report: &Report) -> String {
    let facts = || report.problem.iter().chain(&report.run);
    match &report.total {
        _ if matches!(report.status, Status::Planned | Status::Partial) && report.table.rows.is_empty() => {
            line(facts().map(|fact| fact.name.to_string())) + &line(facts().map(|fact| shown(&fact.value)))
        }
        Some(total) if report.table.columns.is_empty() => format!("total\n{total}\n"),
        _ => {
            let header = line(report.table.columns.iter().map(|column| column.key.to_string()));
            let rows = report.table.rows.iter().map(|row| line(row.iter().map(shown)));
            header + &rows.collect::<String>()
        }
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

fn quoted(cell: String) -> String {
    match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use crate::values::Table;

    #[test]
    fn cells_that_need_it_are_quoted() {
        let mut report = sample();
        assert_eq!(
            write(&report),
            "start,waited,cores,error\n0,0.250000,\"0-2,5\",\n\
             340282366920938463463374607431768211456,1.000000,\"0-2,5\",\"a \"\"b\"\", c\"\n"
        );
        report.table = Table::default();
        assert_eq!(write(&report), "total\n4\n");
    }
}
