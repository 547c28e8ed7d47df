//! CSV (RFC 4180): the rows with a header line of the keys; where there are no rows, the total.

use super::{Format, Frame, Report, Status};

pub const FORMAT: Format = Format { name: "csv", write, frame: |_, list| Frame::lines(format!("{}\n", list.key)) };

fn write(report: &Report) -> String {
    let facts = || report.problem.iter().chain(&report.run);
    match &report.total {
        _ if matches!(report.status, Status::Planned | Status::Partial) => {
            line(facts().map(|fact| fact.name.to_string())) + &line(facts().map(|fact| fact.value.to_string()))
        }
        Some(total) if report.table.columns.is_empty() => format!("total\n{total}\n"),
        _ => {
            let header = line(report.table.columns.iter().map(|column| column.key.to_string()));
            let rows = report.table.rows.iter().map(|row| line(row.iter().map(|cell| cell.to_string())));
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
    use super::super::{Table, tests::sample};
    use super::*;

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
