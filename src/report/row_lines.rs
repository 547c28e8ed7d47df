//! Rows of several columns as text. Each number is made on its own: consecutive rows have little in common.

use super::{Cell, Frame};
use crate::error::Result;
use crate::values::{Numbers, Stretch};

/// How many bytes are written to stdout at a time.
pub(super) const BUFFER: usize = 1 << 16;

/// Rows that wait to be written.
pub struct RowLines {
    frame: Frame,
    text: Vec<u8>,
    /// Whether there was a row before.
    any: bool,
}

impl RowLines {
    /// Begins with what stands before all rows.
    pub fn new(frame: Frame) -> RowLines {
        let mut text = Vec::with_capacity(2 * BUFFER);
        text.extend_from_slice(frame.head.as_bytes());
        RowLines { frame, text, any: false }
    }

    /// Adds rows. `flush` gets the text whenever there is much of it, and tells whether to go on.
    pub fn put_all(&mut self, stretch: &Stretch, flush: &mut dyn FnMut(&[u8]) -> bool) {
        for row in 0..stretch.len() {
            if self.text.len() >= BUFFER {
                let goes_on = flush(&self.text);
                self.text.clear();
                if !goes_on {
                    return;
                }
            }
            self.put(stretch, row);
        }
    }

    #[inline]
    fn put(&mut self, stretch: &Stretch, row: usize) {
        let RowLines { frame, text, any } = self;
        if *any {
            text.extend_from_slice(frame.between.as_bytes());
        }
        *any = true;
        for Cell { column, before, width } in &frame.cells {
            text.extend_from_slice(before.as_bytes());
            put_number(text, &stretch.columns[*column], row, *width);
        }
        text.extend_from_slice(frame.after.as_bytes());
    }

    /// Hands over what is left.
    ///
    /// # Errors
    /// That of `put_out`.
    pub fn flush(&mut self, put_out: impl FnOnce(&[u8]) -> Result<bool>) -> Result<bool> {
        let done = put_out(&self.text);
        self.text.clear();
        done
    }
}

/// Adds the number of a row, at the right of so many characters.
#[inline]
fn put_number(text: &mut Vec<u8>, numbers: &Numbers, row: usize, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = match numbers {
        Numbers::From(first, _) => small_or_wide(&mut buffer, first + row as u128),
        Numbers::Narrow(numbers) => buffer.format(numbers[row]),
        Numbers::Signed(numbers) => buffer.format(numbers[row]),
        Numbers::Wide(numbers) => small_or_wide(&mut buffer, numbers[row]),
        Numbers::Long(numbers) => &numbers[row],
        Numbers::Ascending(_) => unreachable!("primes are listed alone"),
    };
    pad(text, width.saturating_sub(digits.len()));
    text.extend_from_slice(digits.as_bytes());
}

#[inline]
fn small_or_wide(buffer: &mut itoa::Buffer, number: u128) -> &str {
    match u64::try_from(number) {
        Ok(number) => buffer.format(number),
        Err(_) => buffer.format(number),
    }
}

#[inline]
fn pad(text: &mut Vec<u8>, mut count: usize) {
    const BLANKS: &[u8; 16] = b"                ";
    while count > 0 {
        let some = count.min(BLANKS.len());
        text.extend_from_slice(&BLANKS[..some]);
        count -= some;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::super::{FORMATS, List};
    use super::*;
    use crate::values::{ListColumn, Size, Table, Value};

    /// All text of these stretches in a frame.
    fn text(frame: Frame, stretches: &[Stretch]) -> String {
        let tail = frame.tail.clone();
        let (mut lines, mut all) = (RowLines::new(frame), vec![]);
        for stretch in stretches {
            lines.put_all(stretch, &mut |text| {
                all.extend_from_slice(text);
                true
            });
        }
        lines
            .flush(|text| {
                all.extend_from_slice(text);
                Ok(true)
            })
            .unwrap();
        String::from_utf8(all).unwrap() + &tail
    }

    #[test]
    fn rows_read_as_if_they_were_a_table_of_the_report() {
        let cells = |numbers: Numbers| numbers.texts().collect::<Vec<_>>();
        let long = |count: usize, digits: usize| Numbers::Long(vec!["7".repeat(digits); count]);
        let many = 30_000;
        let stretches = [
            vec![Numbers::From(8, 4), Numbers::Narrow(vec![64, 81, 100, 121])],
            vec![Numbers::From((1 << 64) - 2, 4), Numbers::Wide(vec![u128::MAX, 1 << 100, 5, 0])],
            vec![Numbers::Signed(vec![-5, 6]), long(2, 45)],
            vec![Numbers::From(0, many), Numbers::Narrow((0..many).map(|n| n * n).collect())],
        ]
        .map(|columns| Stretch { columns });
        let (mut n, mut value) = (vec![], vec![]);
        for stretch in stretches.iter().map(|stretch| stretch.columns.clone()) {
            let [first, second] = <[Numbers; 2]>::try_from(stretch).unwrap();
            n.extend(cells(first));
            value.extend(cells(second));
        }
        let widths = [&n, &value].map(|column| column.iter().map(String::len).max().unwrap());
        let columns =
            vec![ListColumn::new("n", widths[0], Size::Long), ListColumn::new("value", widths[1], Size::Long)];
        let rows = n.into_iter().zip(value).map(|(n, value)| vec![Value::Integer(n), Value::Integer(value)]);
        let table = Table::of(&["n", "value"]).with(rows);
        let report = crate::report::Report { table, total: None, ..sample() };
        let list = List { columns, count: 0, sha256: String::new() };
        for format in FORMATS {
            let expect = (format.write)(&report);
            assert!(text((format.frame)(&report, &list), &stretches) == expect, "{}", format.name);
        }
        let bare = crate::report::bare(&crate::report::Report { bare: "value".into(), ..report }).unwrap();
        assert!(text(Frame::bare(1), &stretches) == bare);
    }
}
