//! A row for each n of a range. A unit takes a few consecutive n. Each value is carried to the next in decimal: one pass over its limbs
//! multiplies it, and one writes its text. So a row costs little more than the digest of its text.

use super::product::unforeseen_prime;
use super::{FactorialRow, answer, digits};
use crate::digest::Sha256;
use crate::error::Result;
use crate::math::decimal::Decimal;
use crate::math::integer::factorial;
use crate::placement::Placement;
use crate::values::SHOWN_DIGITS;
use crate::work::{Answer, Forecast, Kernel, UnitCost, Work};
use std::ops::Range;

/// A row for each n from `first` to below `end`.
pub struct FactorialRows {
    /// The first n.
    pub first: u32,
    /// Where they end.
    pub end: u32,
    /// How many n a unit takes, at most.
    pub width: u128,
    /// Whether all values are whole.
    pub full: bool,
}

/// How many n a unit takes, at most.
pub const WIDTH_MAX: u128 = 64;

/// Over so many n a value is carried on rather than made anew, which takes as long as several hundred rows.
const CARRIED_OVER: u32 = 500;

/// What a thread keeps: a factorial in decimal, and room for its text.
#[derive(Default)]
pub struct Carried {
    last: Option<(u32, Decimal)>,
    text: Vec<u8>,
}

impl Carried {
    /// n! in decimal, from the last one if that is not far below.
    fn to(&mut self, n: u32) -> &Decimal {
        let value = match self.last.take() {
            Some((before, mut value)) if before <= n && n - before <= CARRIED_OVER => {
                multiply(&mut value, before + 1..n + 1);
                value
            }
            _ => Decimal::of(&factorial(n)),
        };
        &self.last.insert((n, value)).1
    }
}

/// Multiplies by these numbers, several in one pass.
fn multiply(value: &mut Decimal, numbers: Range<u32>) {
    let mut factor = 1u64;
    for n in numbers.map(u64::from) {
        // Numbers have at most 27 bits, and a factor may have 59.
        if factor >= 1 << 32 {
            value.times(factor);
            factor = 1;
        }
        factor *= n;
    }
    value.times(factor);
}

/// Seconds to make n! anew, with so many digits, and to write it: GMP converts it. Measured between 10^3 and 2·10^7.
fn made(digits: f64) -> f64 {
    digits.powf(1.24) * 1.5e-9 + 1e-6
}

/// Seconds of a digit, to carry it on, to write it and to digest it; and of a row besides. Measured.
const DIGIT_SECONDS: f64 = 1.0e-9;
const ROW_SECONDS: f64 = 1e-6;

/// The sample is of factorials of smaller numbers than this: it takes a millisecond or two.
const SAMPLE_MAX: u32 = 2000;

/// How many digits n! has, or one more or less.
fn exact_digits(n: u32) -> u64 {
    let n = f64::from(n.max(1));
    // Stirling's series: the next term is less than 1/360.
    let ln = n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n);
    (ln / std::f64::consts::LN_10) as u64 + 1
}

/// Whether the text is the number that the row tells of.
fn is_value(row: &FactorialRow, text: &str) -> bool {
    text.len() as u64 == row.digits
        && !text.starts_with('0')
        && text.bytes().all(|digit| digit.is_ascii_digit())
        && Sha256::of(text.as_bytes()) == row.sha256
}

/// Whether the values of rows in order are those factorials modulo a prime that nobody can foresee: hardly one wrong value in 2^50 passes.
fn are_factorials(rows: &[FactorialRow]) -> bool {
    let modulus = u128::from(unforeseen_prime());
    let (mut n, mut rest) = (0, 1);
    rows.iter().filter_map(|row| Some((row.n, row.value.as_ref()?))).all(|(next, text)| {
        rest = (n + 1..=next).fold(rest, |rest, factor| rest * u128::from(factor) % modulus);
        n = next;
        rest == text.bytes().fold(0, |rest, digit| (rest * 10 + u128::from(digit - b'0')) % modulus)
    })
}

impl FactorialRows {
    /// How many n a unit takes: one where each is long enough or there are few, else some.
    fn step(&self) -> u64 {
        u64::from(20_000 / self.end.max(1)).clamp(1, self.width as u64)
    }
}

impl Kernel for FactorialRows {
    type Part = Vec<FactorialRow>;
    type Scratch = Carried;

    fn units(&self) -> u64 {
        u64::from(self.end - self.first).div_ceil(self.step())
    }

    fn scratch(&self, _: &Placement) -> Carried {
        Carried::default()
    }

    fn compute(&self, unit: u64, carried: &mut Carried) -> Result<Vec<FactorialRow>> {
        let first = self.first + (unit * self.step()) as u32;
        let end = self.end.min(first + self.step() as u32);
        let rows = (first..end).map(|n| {
            let mut text = std::mem::take(&mut carried.text);
            text.clear();
            carried.to(n).write(&mut text);
            let row = FactorialRow::new(n, &text, self.full);
            carried.text = text;
            row
        });
        Ok(rows.collect())
    }

    /// A digest of what is not there cannot be told from another, but how long that is can, and values are looked at.
    fn plausible(&self, units: Range<u64>, rows: &Vec<FactorialRow>) -> bool {
        let numbers = units.start * self.step()..(units.end * self.step()).min(u64::from(self.end - self.first));
        let can_be = |(row, index): (&FactorialRow, u64)| {
            let kept = self.full || row.digits <= SHOWN_DIGITS as u64;
            u64::from(row.n) == u64::from(self.first) + index
                && row.digits.abs_diff(exact_digits(row.n)) <= 1
                && kept == row.value.is_some()
                && row.value.as_ref().is_none_or(|value| is_value(row, value))
        };
        rows.len() as u64 == numbers.end - numbers.start && rows.iter().zip(numbers).all(can_be) && are_factorials(rows)
    }

    fn answer(&self, whole: Vec<FactorialRow>) -> Result<Answer> {
        Ok(answer(whole))
    }

    fn forecast(&self) -> Forecast {
        let (count, digits) = (f64::from(self.end - self.first), digits(self.end));
        let mean = (digits + super::digits(self.first)) / 2.0;
        let kept = if self.full { digits } else { 0.0 };
        Forecast {
            seconds: made(super::digits(self.first)) + count * (mean * DIGIT_SECONDS + ROW_SECONDS),
            rank_bytes: (count * (120.0 + 2.0 * kept)) as u64,
            thread_bytes: (3.0 * digits) as u64,
            ..Forecast::default()
        }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        let first = (self.first + (self.end - self.first) / 2).min(SAMPLE_MAX);
        let end = first + (self.end - self.first).min(16);
        Some(Box::new(FactorialRows { first, end, width: self.width, full: self.full }))
    }

    fn unit_cost(&self) -> UnitCost {
        if self.end <= 2 * self.first { UnitCost::Uniform } else { UnitCost::Varying }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_value_is_noticed_though_its_digest_is_right() {
        let row = |n: u32, changed: bool| {
            let mut text = vec![];
            Carried::default().to(n).write(&mut text);
            let middle = text.len() / 2;
            if changed {
                text[middle] = if text[middle] == b'9' { b'8' } else { text[middle] + 1 };
            }
            FactorialRow::new(n, &text, true)
        };
        let numbers = [0, 1, 8, 20, 21, 60, 300];
        assert!(are_factorials(&numbers.map(|n| row(n, false))));
        for other in numbers {
            assert!(!are_factorials(&numbers.map(|n| row(n, n == other))), "{other}");
        }
    }

    #[test]
    fn values_are_carried_over_gaps_and_back() {
        let mut carried = Carried::default();
        for n in [0, 0, 1, 3, 500, 1001, 1000, 1499, 20_000, 19_999, 20_400] {
            assert_eq!(carried.to(n).to_integer(), factorial(n), "{n}!");
        }
    }
}
