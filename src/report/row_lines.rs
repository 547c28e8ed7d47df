//! Rows of several columns as text. Each number is made on its own: rows that follow each other have little in common.
//!
//! Texts and digits are copied in pieces of a known length, which takes an instruction or two, and the next piece begins where the last one
//! should end.

use super::{Cell, Frame};
use crate::error::Result;
use crate::math::decimal::eight_digits;
use crate::values::{Numbers, Stretch};

/// How many bytes are written to stdout at a time.
pub(super) const BUFFER: usize = 1 << 16;

/// Rows that wait to be written.
pub struct RowLines {
    cells: Vec<(Pieces, Cell)>,
    after: Pieces,
    between: Pieces,
    /// The text, and room for more.
    text: Vec<u8>,
    used: usize,
    /// Whether there was a row before.
    any: bool,
}

/// Bytes that are copied at once.
const PIECE: usize = 32;

/// A text in pieces, the last of which may be nearly empty.
struct Pieces {
    pieces: Vec<[u8; PIECE]>,
    length: usize,
}

impl Pieces {
    fn of(text: &str) -> Pieces {
        let piece = |some: &[u8]| std::array::from_fn(|at| some.get(at).copied().unwrap_or(b' '));
        Pieces { pieces: text.as_bytes().chunks(PIECE).map(piece).collect(), length: text.len() }
    }
}

impl RowLines {
    /// Begins with what stands before all rows.
    pub fn new(frame: Frame) -> RowLines {
        let Frame { head, cells, after, between, .. } = frame;
        let cells = cells.into_iter().map(|cell| (Pieces::of(&cell.before), cell)).collect();
        let (used, text) = (head.len(), head.into_bytes());
        RowLines { cells, after: Pieces::of(after), between: Pieces::of(between), text, used, any: false }
    }

    /// Adds rows. `flush` gets the text whenever there is much of it, and tells whether to go on.
    pub fn put_all(&mut self, stretch: &Stretch, flush: &mut dyn FnMut(&[u8]) -> bool) {
        for row in 0..stretch.len() {
            if self.used >= BUFFER && !flush(&self.text[..std::mem::take(&mut self.used)]) {
                return;
            }
            self.put(stretch, row);
        }
    }

    #[inline]
    fn put(&mut self, stretch: &Stretch, row: usize) {
        let RowLines { cells, after, between, text, used, any } = self;
        if *any {
            put_pieces(text, used, between);
        }
        *any = true;
        for (before, Cell { column, width, .. }) in &*cells {
            put_pieces(text, used, before);
            match &stretch.columns[*column] {
                Numbers::From(first, _) => put_wide(text, used, first + row as u128, *width),
                Numbers::Narrow(numbers) => put_narrow(text, used, numbers[row], *width),
                Numbers::Signed(numbers) => match u64::try_from(numbers[row]) {
                    Ok(number) => put_narrow(text, used, number, *width),
                    Err(_) => put_text(text, used, itoa::Buffer::new().format(numbers[row]), *width),
                },
                Numbers::Wide(numbers) => put_wide(text, used, numbers[row], *width),
                Numbers::Long(numbers) => put_text(text, used, &numbers[row], *width),
                Numbers::Ascending(_) => unreachable!("primes are listed alone"),
            }
        }
        put_pieces(text, used, after);
    }

    /// Hands over what is left.
    ///
    /// # Errors
    /// That of `put_out`.
    pub fn flush(&mut self, put_out: impl FnOnce(&[u8]) -> Result<bool>) -> Result<bool> {
        put_out(&self.text[..std::mem::take(&mut self.used)])
    }
}

/// The next so many bytes of the text. There is always room, because it grows.
#[inline]
fn room(text: &mut Vec<u8>, used: usize, count: usize) -> &mut [u8] {
    if text.len() < used + count {
        text.resize((used + count).max(2 * BUFFER), 0);
    }
    &mut text[used..used + count]
}

#[inline]
fn put_pieces(text: &mut Vec<u8>, used: &mut usize, pieces: &Pieces) {
    for (index, piece) in pieces.pieces.iter().enumerate() {
        room(text, *used + index * PIECE, PIECE).copy_from_slice(piece);
    }
    *used += pieces.length;
}

/// Blanks, so that so many characters behind them end at the width.
#[inline]
fn put_blanks(text: &mut Vec<u8>, used: &mut usize, length: usize, width: usize) {
    let blanks = width.saturating_sub(length);
    for at in (0..blanks).step_by(PIECE) {
        room(text, *used + at, PIECE).copy_from_slice(&[b' '; PIECE]);
    }
    *used += blanks;
}

#[inline]
fn put_wide(text: &mut Vec<u8>, used: &mut usize, number: u128, width: usize) {
    match u64::try_from(number) {
        Ok(number) => put_narrow(text, used, number, width),
        Err(_) => put_text(text, used, itoa::Buffer::new().format(number), width),
    }
}

#[inline]
fn put_narrow(text: &mut Vec<u8>, used: &mut usize, number: u64, width: usize) {
    const EIGHT: u64 = 100_000_000;
    const DIGITS: usize = 24;
    let mut digits = [0; 2 * DIGITS];
    let (high, low) = (number / (EIGHT * EIGHT), number % (EIGHT * EIGHT));
    digits[..8].copy_from_slice(&eight_digits(high));
    digits[8..16].copy_from_slice(&eight_digits(low / EIGHT));
    digits[16..DIGITS].copy_from_slice(&eight_digits(low % EIGHT));
    let length = number.checked_ilog10().unwrap_or(0) as usize + 1;
    put_blanks(text, used, length, width);
    let start = DIGITS - length;
    room(text, *used, DIGITS).copy_from_slice(&digits[start..start + DIGITS]);
    *used += length;
}

fn put_text(text: &mut Vec<u8>, used: &mut usize, number: &str, width: usize) {
    put_blanks(text, used, number.len(), width);
    room(text, *used, number.len()).copy_from_slice(number.as_bytes());
    *used += number.len();
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::super::{FORMATS, Kind, List};
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
            vec![
                Numbers::Narrow(vec![u64::MAX, 10_000_000_000_000_000]),
                Numbers::Narrow(vec![99_999_999, 100_000_000]),
            ],
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
        let report = crate::report::Report { table, total: None, bare: "value".into(), ..sample() };
        let list = List { columns, count: 0, sha256: String::new() };
        for format in FORMATS {
            let Kind::Text { write, frame, .. } = format.kind else { continue };
            assert!(text(frame(&report, &list), &stretches) == write(&report), "{}", format.name);
        }
        let bare = crate::report::bare(&report).unwrap();
        assert!(text(Frame::bare(1), &stretches) == bare);
    }
}
