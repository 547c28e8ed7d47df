//! An answer that is told as it comes: a column of numbers too long to hold.
//!
//! It goes to stdout in the frame of its format, and into the run file if there is one. Most of the cost is
//! that of writing decimals, so only the digits that change are made anew.

use super::hdf5::{ListFile, RunFile};
use super::{Frame, Report, put_out};
use crate::error::Result;

/// Bytes that are put out at a time.
const BUFFER: usize = 1 << 16;

/// A list being told.
pub struct Telling {
    frame: Frame,
    out: Vec<u8>,
    decimal: Decimal,
    count: u64,
    /// Whether someone listens to stdout still.
    said: Result<bool>,
    /// Whether the file keeps them; nothing if there is none.
    kept: Result<Option<ListFile>>,
}

impl Telling {
    /// Says what stands before the numbers. Those below 2^64 are numbers in the run file too, `wide` ones text.
    pub fn begin(frame: Frame, file: Option<(RunFile, &'static str, bool)>) -> Telling {
        let kept = file.map(|(file, key, wide)| ListFile::begin(file, key, wide)).transpose();
        let out = frame.head.clone().into_bytes();
        Telling { frame, out, decimal: Decimal::new(), count: 0, said: Ok(true), kept }
    }

    /// Tells more of them; says whether anyone wants the next.
    pub fn tell(&mut self, numbers: impl Iterator<Item = u128>) -> bool {
        for number in numbers {
            if !self.wanted() {
                break;
            }
            if matches!(self.said, Ok(true)) {
                self.say(number);
            }
            if let Ok(Some(file)) = &mut self.kept
                && let Err(why) = file.push(number)
            {
                self.kept = Err(why);
            }
            self.count += 1;
        }
        self.flush();
        self.wanted()
    }

    /// Neither a reader that has left nor a file that cannot be written keeps the other from the numbers.
    fn wanted(&self) -> bool {
        matches!(self.said, Ok(true)) || matches!(self.kept, Ok(Some(_)))
    }

    fn say(&mut self, number: u128) {
        let Frame { before, after, between, .. } = &self.frame;
        if self.count > 0 {
            self.out.extend_from_slice(between.as_bytes());
        }
        self.out.extend_from_slice(before.as_bytes());
        self.out.extend_from_slice(self.decimal.of(number));
        self.out.extend_from_slice(after.as_bytes());
        if self.out.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if let Ok(true) = self.said {
            self.said = put_out(&self.out);
        }
        self.out.clear();
    }

    /// Says what stands behind the numbers, and keeps the file with the report of the run.
    pub fn end(mut self, tail: &str, report: &Report) -> Result<()> {
        self.out.extend_from_slice(tail.as_bytes());
        self.flush();
        let kept = self.kept.and_then(|file| file.map_or(Ok(()), |file| file.keep(report)));
        self.said.and(kept)
    }
}

/// The decimal digits of numbers of which each is a little above the one before.
struct Decimal {
    /// At the right end: 10^8 times what the digits before the last eight say, and those digits.
    base: u128,
    digits: [u8; 39],
    /// Where the digits before the last eight start.
    start: usize,
}

/// The last digits are made by themselves, in 32 bits.
const LAST: usize = 8;
const LOW: u128 = 100_000_000;

impl Decimal {
    fn new() -> Decimal {
        Decimal { base: 0, digits: [b'0'; 39], start: 39 - LAST }
    }

    fn of(&mut self, number: u128) -> &[u8] {
        if !(self.base..=self.base.saturating_add(LOW - 1)).contains(&number) {
            self.base = number / LOW * LOW;
            let text = if self.base == 0 { String::new() } else { (number / LOW).to_string() };
            self.start = 39 - LAST - text.len();
            self.digits[self.start..39 - LAST].copy_from_slice(text.as_bytes());
        }
        let mut low = (number - self.base) as u32;
        let start = match self.base {
            0 => 38 - low.checked_ilog10().unwrap_or(0) as usize,
            _ => self.start,
        };
        for digit in self.digits[39 - LAST..].iter_mut().rev() {
            *digit = b'0' + (low % 10) as u8;
            low /= 10;
        }
        &self.digits[start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_right_wherever_they_jump() {
        let mut decimal = Decimal::new();
        let mut check = |number: u128| assert_eq!(decimal.of(number), number.to_string().as_bytes());
        for near in [0, 10, 1_000, LOW, 3 * LOW, 1 << 32, 1 << 64, 10u128.pow(20), 1 << 100, u128::MAX - 200] {
            (near.saturating_sub(100)..near + 200).for_each(&mut check);
            (0..120).for_each(&mut check);
        }
        check(u128::MAX);
        check(0);
    }
}
