//! An answer that is written as it comes: rows of numbers that do not fit memory.
//!
//! They go to stdout in the frame of their format, and into the run file if there is one. Most of the cost is making decimals. Rows of
//! several columns are written by `row_lines.rs`. A single column of numbers that follow each other differs in the last digits only, so what stands
//! before these is copied from the line before. Numbers may also be printed as bytes, by `numbers.rs`.

use super::numbers::NumberBytes;
use super::row_lines::{BUFFER, RowLines};
use super::{Frame, Report, RowsSoFar, put_out};
use crate::error::{Error, Result};
use crate::streams;
use crate::values::{Ascending, Numbers, Stretch};

/// A second place for the rows.
pub trait KeptList {
    /// Adds rows.
    ///
    /// # Errors
    /// If they cannot be written.
    fn put(&mut self, stretch: &Stretch) -> Result<()>;
    /// What is to be saved of the rows so far, so that the list can be gone on with.
    ///
    /// # Errors
    /// If they cannot be written.
    fn so_far(&mut self) -> Result<RowsSoFar>;
    /// Adds the report of the run, at the end.
    ///
    /// # Errors
    /// If it cannot be written, or if what was written is damaged. Then what was saved is there still.
    fn keep(&mut self, report: &Report) -> Result<()>;
}

/// How a list is printed.
pub enum ListLayout {
    /// As lines of text.
    Text(Frame),
    /// As bytes.
    Numbers {
        /// The column whose numbers are printed.
        column: usize,
        /// What stands before so many numbers.
        head: fn(u64) -> Vec<u8>,
        /// How many they are, if that is known.
        count: Option<u64>,
    },
}

/// Writes a list.
pub struct ListWriter {
    lines: AnyLines,
    /// Where in the file of stdout the list begins, if what stands there can be written again.
    place: Option<u64>,
    /// Whether anyone still reads stdout.
    stdout: Result<bool>,
    /// The second place; `None` if there is none.
    kept: Result<Option<Box<dyn KeptList>>>,
}

/// How the rows become text.
enum AnyLines {
    /// Numbers of one column that do not descend, or hardly ever.
    Single(Lines),
    Rows(RowLines),
    Bytes(NumberBytes),
}

impl AnyLines {
    fn new(layout: ListLayout) -> AnyLines {
        match layout {
            ListLayout::Text(frame) => match &frame.cells[..] {
                [cell] if cell.column == 0 => AnyLines::Single(Lines::new(frame)),
                _ => AnyLines::Rows(RowLines::new(frame)),
            },
            ListLayout::Numbers { column, head, count } => {
                // A head of zeros is none, so that nobody reads half a list as a whole one.
                let head = count.map_or_else(|| vec![0; head(0).len()], head);
                AnyLines::Bytes(NumberBytes::new(column, head))
            }
        }
    }

    fn put_all(&mut self, stretch: &Stretch, flush: &mut dyn FnMut(&[u8]) -> bool) -> Result<()> {
        match self {
            AnyLines::Single(lines) => lines.put_all(&stretch.columns[0], flush),
            AnyLines::Rows(lines) => lines.put_all(stretch, flush),
            AnyLines::Bytes(bytes) => return bytes.put_all(stretch, flush),
        }
        Ok(())
    }
}

/// Makes the text of rows and throws it away: for measuring how long that takes.
pub struct Sink(AnyLines);

impl Sink {
    /// Rows that are printed so.
    pub fn new(layout: ListLayout) -> Sink {
        Sink(AnyLines::new(layout))
    }

    /// Makes the text of these rows.
    pub fn put(&mut self, stretch: &Stretch) {
        let mut nowhere = |text: &[u8]| {
            std::hint::black_box(text);
            true
        };
        // What cannot be written takes no time.
        let _ = self.0.put_all(stretch, &mut nowhere);
    }
}

impl ListWriter {
    /// Writes what comes before the rows.
    pub fn begin(layout: ListLayout, kept: Result<Option<Box<dyn KeptList>>>) -> ListWriter {
        ListWriter { lines: AnyLines::new(layout), place: streams::place_in_stdout(), stdout: Ok(true), kept }
    }

    /// Writes more rows. Returns whether more are wanted: if the reader of stdout has left, the file still gets the rows, and the other
    /// way round.
    pub fn write(&mut self, stretch: &Stretch) -> bool {
        let ListWriter { lines, stdout, kept, .. } = self;
        if matches!(stdout, Ok(true)) {
            let mut flush = |text: &[u8]| {
                *stdout = put_out(text);
                matches!(stdout, Ok(true))
            };
            if let Err(why) = lines.put_all(stretch, &mut flush) {
                *stdout = Err(why);
            }
        }
        if let Ok(Some(file)) = kept
            && let Err(why) = file.put(stretch)
        {
            *kept = Err(why);
        }
        self.flush();
        matches!(self.stdout, Ok(true)) || matches!(self.kept, Ok(Some(_)))
    }

    fn flush(&mut self) {
        if let Ok(true) = self.stdout {
            self.stdout = match &mut self.lines {
                AnyLines::Single(lines) => put_out(lines.take()),
                AnyLines::Rows(lines) => lines.flush(put_out),
                AnyLines::Bytes(bytes) => put_out(&bytes.take()),
            };
        }
    }

    /// What is to be saved of the rows in the second place; `None` if there is none, or if it cannot be written any more.
    pub fn so_far(&mut self) -> Option<RowsSoFar> {
        let Ok(Some(file)) = &mut self.kept else { return None };
        match file.so_far() {
            Ok(rows) => Some(rows),
            Err(why) => {
                self.kept = Err(why);
                None
            }
        }
    }

    /// Ends a list that lacks rows: what comes after the rows is not written, so that nobody reads it as a whole one.
    ///
    /// # Errors
    /// If stdout or the file could not be written.
    pub fn stop(&mut self) -> Result<()> {
        self.flush();
        let kept = self.kept.as_ref().map(drop).map_err(Error::clone);
        std::mem::replace(&mut self.stdout, Ok(false)).and(kept)
    }

    /// Writes what comes after the rows, or before them if that is known only now, and adds the report of the run to the file.
    ///
    /// Returns whether that went well: on stdout, where it is an error if the rows are not as many as was said before them, and in the file.
    pub fn end(&mut self, layout: &ListLayout, report: &Report) -> (Result<()>, Result<()>) {
        self.flush();
        if let Ok(true) = self.stdout {
            self.stdout = match (&self.lines, layout) {
                (_, ListLayout::Text(frame)) => put_out(frame.tail.as_bytes()),
                (AnyLines::Bytes(bytes), ListLayout::Numbers { head, count, .. }) => {
                    finish(&head(bytes.count()), bytes.count(), *count, self.place).map(|()| true)
                }
                _ => Ok(true),
            };
        }
        let kept = match &mut self.kept {
            Ok(file) => file.as_mut().map_or(Ok(()), |file| file.keep(report)),
            Err(why) => Err(why.clone()),
        };
        (std::mem::replace(&mut self.stdout, Ok(false)).map(drop), kept)
    }
}

/// Fills the place before so many numbers, or compares what stands there.
fn finish(head: &[u8], found: u64, said: Option<u64>, place: Option<u64>) -> Result<()> {
    match (said, place) {
        _ if head.is_empty() => Ok(()),
        (Some(said), _) if said == found => Ok(()),
        (Some(said), _) => Err(Error::wrong(format!("the list has {found} numbers, and {said} were counted"))),
        (None, Some(place)) => streams::write_in_stdout(place, head)
            .map_err(|why| Error::failed(format!("cannot write the answer: {why}"))),
        (None, None) => Err(Error::failed("cannot write the answer: what stands before it is not known")),
    }
}

/// Lines of numbers that wait to be written.
struct Lines {
    frame: Frame,
    /// The text, and room for more.
    text: Vec<u8>,
    used: usize,
    /// The most bytes that a line writes.
    room: usize,
    /// Whether there was a number before.
    any: bool,
    /// The line of the next number up to its last digits, in whole pieces, and how long it is.
    start: Vec<[u8; PIECE]>,
    start_length: usize,
    /// The length of a whole line.
    line_length: usize,
    /// Numbers from `base` on, this many, have that line. There is none at first.
    base: u128,
    numbers: u128,
    /// What follows each number.
    after: [u8; 4],
    /// The index of the next number, if there are indices.
    index: Option<u64>,
}

/// A copy of a known length takes one or two instructions.
const PIECE: usize = 32;

/// The decimals of the numbers below 10^4.
static LAST_DIGITS: [[u8; 4]; LAST_DIGITS_END as usize] = {
    let mut table = [[b'0'; 4]; LAST_DIGITS_END as usize];
    let mut number = 0;
    while number < LAST_DIGITS_END as usize {
        let (mut place, mut rest) = (4, number);
        while rest > 0 {
            place -= 1;
            table[number][place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        number += 1;
    }
    table
};
const LAST_DIGITS_END: u128 = 10_000;

impl Lines {
    fn new(frame: Frame) -> Lines {
        // No number has more than 39 digits, no index more than 20 with a blank behind it, and the last piece may be nearly empty.
        let room = frame.between.len() + frame.cells[0].before.len() + frame.after.len() + 39 + 21 + 2 * PIECE;
        let index = frame.first_index;
        let mut text = frame.head.clone().into_bytes();
        let used = text.len();
        text.resize(used + BUFFER + room, 0);
        let mut after = [0; 4];
        after[..frame.after.len()].copy_from_slice(frame.after.as_bytes());
        Lines {
            frame,
            text,
            used,
            room,
            any: false,
            start: vec![],
            start_length: 0,
            line_length: 0,
            base: 0,
            numbers: 0,
            after,
            index,
        }
    }

    /// Adds a number. There must be room.
    #[inline]
    fn put(&mut self, number: u128) {
        match self.place(number) {
            Some(place) => self.line(place),
            None => self.put_anew(number),
        }
    }

    /// Adds numbers below 2^128. `flush` gets the text when there is no more room, and tells whether to go on.
    fn put_all(&mut self, numbers: &Numbers, flush: &mut dyn FnMut(&[u8]) -> bool) {
        match numbers {
            Numbers::Ascending(numbers) => self.put_ascending(numbers, flush),
            Numbers::Narrow(numbers) => self.put_each(numbers.iter().map(|&number| number.into()), flush),
            Numbers::Wide(numbers) => self.put_each(numbers.iter().copied(), flush),
            Numbers::From(first, count) => self.put_each((0..u128::from(*count)).map(|index| first + index), flush),
            Numbers::Signed(_) | Numbers::Long(_) => unreachable!("they are written as rows"),
        }
    }

    fn put_each(&mut self, numbers: impl Iterator<Item = u128>, flush: &mut dyn FnMut(&[u8]) -> bool) {
        for number in numbers {
            if self.is_full() && !flush(self.take()) {
                return;
            }
            self.put(number);
        }
    }

    fn put_ascending(&mut self, numbers: &Ascending, flush: &mut dyn FnMut(&[u8]) -> bool) {
        for (mut number, mut steps) in numbers.runs() {
            loop {
                if self.is_full() && !flush(self.take()) {
                    return;
                }
                self.put(number);
                let (count, last) = self.put_near(number, steps);
                let Some(&step) = steps.get(count) else { break };
                (number, steps) = (last + u128::from(step), &steps[count + 1..]);
            }
        }
    }

    /// Adds those numbers that follow `number` by these steps, as far as they have its digits before the last and there is room. How many these
    /// are, and the last of them.
    fn put_near(&mut self, number: u128, steps: &[u8]) -> (usize, u128) {
        let Some(mut last) = self.place(number) else { return (0, number) };
        let mut count = 0;
        for &step in steps {
            let next = last + usize::from(step);
            if next >= LAST_DIGITS_END as usize || self.is_full() {
                break;
            }
            self.line(next);
            (last, count) = (next, count + 1);
        }
        (count, self.base + last as u128)
    }

    /// How far the number is above the base, if it has the digits of the base before its last.
    #[inline]
    fn place(&self, number: u128) -> Option<usize> {
        let above = number.checked_sub(self.base)?;
        (above < self.numbers).then_some(above as usize)
    }

    /// Adds the line of the number that is `last` above the base. There must be room.
    #[inline]
    fn line(&mut self, last: usize) {
        let line = &mut self.text[self.used..self.used + self.room];
        for (to, piece) in line.chunks_exact_mut(PIECE).zip(&self.start) {
            to.copy_from_slice(piece);
        }
        let end = &mut line[self.start_length..self.start_length + 8];
        end[..4].copy_from_slice(&LAST_DIGITS[last]);
        end[4..].copy_from_slice(&self.after);
        self.used += self.line_length;
    }

    /// The same, for a number with other digits before the last.
    #[cold]
    fn put_anew(&mut self, number: u128) {
        let Frame { cells, after, between, .. } = &self.frame;
        let before = &cells[0].before;
        let between = if self.any { between } else { "" };
        let line = match &mut self.index {
            Some(index) => {
                *index += 1;
                format!("{between}{before}{} {number}{after}", *index - 1)
            }
            None => format!("{between}{before}{number}{after}"),
        };
        self.text[self.used..self.used + line.len()].copy_from_slice(line.as_bytes());
        self.used += line.len();
        self.any = true;
        // Lines with an index do not have their beginning in common.
        if let (high @ 1.., None) = (number / LAST_DIGITS_END, self.index) {
            let start = format!("{}{before}{high}", self.frame.between).into_bytes();
            let piece = |some: &[u8]| std::array::from_fn(|at| some.get(at).copied().unwrap_or(0));
            (self.start, self.start_length) = (start.chunks(PIECE).map(piece).collect(), start.len());
            self.line_length = self.start_length + 4 + after.len();
            (self.base, self.numbers) = (high * LAST_DIGITS_END, LAST_DIGITS_END);
        }
    }

    fn is_full(&self) -> bool {
        self.used + self.room > self.text.len()
    }

    /// The text so far; what follows begins anew.
    fn take(&mut self) -> &[u8] {
        &self.text[..std::mem::take(&mut self.used)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cell;
    use super::*;

    fn frames() -> [Frame; 3] {
        let before = "before a number of more than thirty-two bytes ".to_string();
        let cells = vec![Cell { column: 0, before, width: 0 }];
        [
            Frame { head: "head\n".into(), ..Frame::bare(0) },
            Frame { first_index: Some(1), ..Frame::bare(0) },
            Frame { head: "[".into(), tail: "]".into(), cells, after: "\"}", between: ",", first_index: None },
        ]
    }

    /// The numbers one by one.
    fn plainly(frame: &Frame, numbers: &[u128]) -> String {
        let Frame { cells, after, first_index, .. } = frame;
        let before = &cells[0].before;
        let index = |at: usize| first_index.map_or(String::new(), |first| format!("{} ", first as usize + at));
        let line = |(at, number): (usize, &u128)| format!("{before}{}{number}{after}", index(at));
        let lines: Vec<String> = numbers.iter().enumerate().map(line).collect();
        frame.head.clone() + &lines.join(frame.between)
    }

    #[test]
    fn decimals_are_right_wherever_they_jump() {
        let mut numbers = vec![];
        for near in [
            0,
            10,
            1_000,
            LAST_DIGITS_END,
            3 * LAST_DIGITS_END,
            1 << 32,
            1 << 64,
            10u128.pow(20),
            1 << 100,
            u128::MAX - 200,
        ] {
            numbers.extend((near.saturating_sub(100)..near + 200).chain(0..120));
        }
        numbers.extend([u128::MAX, 0, u128::MAX - 1, u128::MAX]);
        for frame in frames() {
            let expect = plainly(&frame, &numbers);
            let (mut lines, mut text) = (Lines::new(frame), vec![]);
            for &number in &numbers {
                lines.put(number);
                if lines.is_full() {
                    text.extend_from_slice(lines.take());
                }
            }
            text.extend_from_slice(lines.take());
            assert_eq!(String::from_utf8(text).unwrap(), expect);
        }
    }

    #[test]
    fn near_numbers_are_put_as_single_ones_are() {
        let mut numbers = vec![];
        for near in [0u128, 99_000, (1 << 64) - 30_000, 10u128.pow(24)] {
            numbers.extend((0..6_000).map(|step| near + 3 * step + step / 100 * 150));
        }
        let mut ascending = Ascending::default();
        numbers.iter().for_each(|&number| ascending.push(number));
        for frame in frames() {
            let expect = plainly(&frame, &numbers);
            let (mut lines, mut text) = (Lines::new(frame), vec![]);
            lines.put_all(&Numbers::Ascending(ascending.clone()), &mut |full| {
                text.extend_from_slice(full);
                true
            });
            text.extend_from_slice(lines.take());
            assert_eq!(String::from_utf8(text).unwrap(), expect);
        }
    }
}
