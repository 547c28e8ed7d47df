//! `factorial --mod M`: n! modulo M for each number.
//!
//! The first n of a range needs a factorial modulo each power of a prime in M; their numbers are multiplied in pieces, each a unit. The rows
//! behind it are multiplied one by one: a unit has the products from its first number on, so that it needs not know the rows before.

use super::super::terms::unit_width;
use super::super::{Given, Opened};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::math::residues::{Residue, prime_powers, together};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::syntax::Item;
use crate::values::{Fact, Table, Value};
use crate::work::{Answer, Forecast, Job, Kernel, UnitCost, Work};
use std::ops::Range;

/// No more numbers than these are multiplied, which takes seconds.
const NUMBERS_MAX: u64 = 1_000_000_000_000;

/// Rows of a unit, at most.
const WIDTH_MAX: u128 = 4096;

/// Seconds of a row of a sample; and of one that is also merged from level to level and written, measured.
const SAMPLE_ROW_SECONDS: f64 = 190e-9;
const ROW_SECONDS: f64 = 500e-9;

/// The problem of `--mod`.
///
/// # Errors
/// If more numbers would have to be multiplied than can be.
pub fn open(given: &Given, modulus: u128) -> Result<Opened> {
    let width = unit_width(&given.items, WIDTH_MAX);
    let powers = prime_powers(modulus);
    let link = |(span, item): (Span, &Item)| -> Result<Box<dyn Work>> {
        let rows = Residues::new(span, modulus, &powers, width);
        if rows.residues.iter().any(|residue| residue.numbers() > NUMBERS_MAX) {
            let why = format!("is too large for a factorial modulo {modulus}: {NUMBERS_MAX} is the largest");
            return Err(Error::usage(format!("'{item}' {why}")));
        }
        Ok(Box::new(rows))
    };
    let links = given.spans().into_iter().zip(&given.items).map(link).collect::<Result<Vec<_>>>()?;
    let facts =
        vec![Fact::new("numbers", Value::texts(&given.items)), Fact::new("modulus", Value::text(modulus.to_string()))];
    Ok(Opened { job: Job::work(Chain::new(links)?), facts, how: vec![] })
}

/// A row for each n of a span.
struct Residues {
    span: Span,
    modulus: u128,
    /// Of the first n, modulo each power of a prime.
    residues: Vec<Residue>,
    /// How many rows are multiplied in units: none if all are 0.
    rows: u128,
    width: u128,
    /// Seconds of a row.
    row_seconds: f64,
}

impl Residues {
    fn new(span: Span, modulus: u128, powers: &[(u64, u32)], width: u128) -> Residues {
        let of = |(prime, power): &(u64, u32)| Residue::new(span.start(), *prime, *power);
        let mut residues: Vec<Residue> = powers.iter().map(of).collect();
        if span.is_empty() {
            residues.clear();
        }
        let rows = if residues.iter().all(Residue::is_zero) { 0 } else { span.width() };
        Residues { span, modulus, residues, rows, width, row_seconds: ROW_SECONDS }
    }

    /// How many units have pieces of the first factorial.
    fn pieces(&self) -> u64 {
        self.residues.iter().map(Residue::pieces).sum()
    }

    /// The residue and its piece that a unit computes; `None` if it has rows.
    fn piece(&self, mut unit: u64) -> Option<(&Residue, u64)> {
        for residue in &self.residues {
            if unit < residue.pieces() {
                return Some((residue, unit));
            }
            unit -= residue.pieces();
        }
        None
    }

    /// The rows of a unit, counted from the first.
    fn rows_of(&self, unit: u64) -> Range<u128> {
        let from = u128::from(unit - self.pieces()) * self.width;
        from..self.rows.min(from + self.width)
    }

    /// The products from the number behind the first row of a unit to that of each of its rows, and to that of the next unit.
    fn products(&self, unit: u64) -> Vec<u64> {
        let rows = self.rows_of(unit);
        let mut product = 1 % self.modulus;
        let numbers = rows.map(|row| self.span.start() + row + 1);
        numbers
            .map(|number| {
                product = product * (number % self.modulus) % self.modulus;
                product as u64
            })
            .collect()
    }

    /// How many products a unit has.
    fn length(&self, unit: u64) -> u128 {
        match self.piece(unit) {
            Some(_) => 1,
            None => self.rows_of(unit).end - self.rows_of(unit).start,
        }
    }

    /// The values of all rows.
    fn values(&self, whole: &[u64]) -> Vec<u64> {
        let mut whole = whole.iter().copied();
        let firsts: Vec<(u64, u128)> = self
            .residues
            .iter()
            .map(|residue| (residue.close(whole.by_ref().take(residue.pieces() as usize)), residue.modulus))
            .collect();
        let mut first = u128::from(together(firsts));
        let mut values = vec![];
        for unit in self.pieces()..Kernel::units(self) {
            values.push(first as u64);
            let products = whole.by_ref().take(self.length(unit) as usize);
            values.extend(products.map(|product| (first * u128::from(product) % self.modulus) as u64));
            // The last one is the first row of the next unit.
            first = values.pop().map_or(first, u128::from);
        }
        values
    }
}

impl Kernel for Residues {
    type Part = Vec<u64>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.pieces() + self.rows.div_ceil(self.width) as u64
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<u64>> {
        Ok(match self.piece(unit) {
            Some((residue, piece)) => vec![residue.piece(piece)],
            None => self.products(unit),
        })
    }

    /// The products of rows are quickly made again. Those of pieces are residues, and those modulo a prime are not 0.
    fn plausible(&self, units: Range<u64>, part: &Vec<u64>) -> bool {
        let mut rest = &part[..];
        let all = units.into_iter().all(|unit| {
            let Some((products, behind)) = rest.split_at_checked(self.length(unit) as usize) else { return false };
            rest = behind;
            match self.piece(unit) {
                Some((residue, _)) => residue.can_be(products[0]),
                None => products == self.products(unit),
            }
        });
        all && rest.is_empty()
    }

    fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
        let values = if self.rows > 0 { self.values(&whole) } else { vec![0; self.span.width() as usize] };
        let rows = (self.span.start()..)
            .zip(values)
            .map(|(n, value)| vec![Value::integer(n), Value::integer(self.modulus), Value::integer(value)]);
        Ok(Answer::rows(Table::of(&["n", "modulus", "value"]).with(rows), "value"))
    }

    fn forecast(&self) -> Forecast {
        let count = self.span.width() as u64;
        Forecast {
            seconds: self.residues.iter().map(Residue::seconds).sum::<f64>() + count as f64 * self.row_seconds,
            // As for other rows of numbers.
            rank_bytes: count * 1000,
            thread_bytes: self.residues.iter().map(Residue::bytes).max().unwrap_or(0),
            ..Forecast::default()
        }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        let longest = self.residues.iter().max_by_key(|residue| residue.numbers())?;
        let count = self.span.width().min(WIDTH_MAX);
        let first = u128::from(longest.numbers().min(SAMPLE_MAX));
        let span = Span::new(first, first + count)?;
        let sample = Residues::new(span, self.modulus, &[longest.prime_power()], self.width);
        Some(Box::new(Residues { row_seconds: SAMPLE_ROW_SECONDS, ..sample }))
    }

    fn unit_cost(&self) -> UnitCost {
        if self.pieces() == 0 { UnitCost::Uniform } else { UnitCost::Varying }
    }
}

/// The sample's factorial is no larger: it takes some milliseconds.
const SAMPLE_MAX: u64 = 16_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    fn values(text: &str, modulus: u128) -> Vec<String> {
        column(&answer(open(&Given { modulus: Some(modulus), ..given(text) }, modulus)), "value")
    }

    #[test]
    fn rows_are_products_number_by_number() {
        for modulus in [1u128, 2, 12, 1000, 1_000_003, 999_983 * 1_000_003, 1 << 64, (1 << 61) - 1] {
            let naive = (1..3000u128).scan(1 % modulus, |product, n| {
                let row = *product;
                *product = *product * n % modulus;
                Some(row.to_string())
            });
            let naive: Vec<String> = naive.collect();
            assert_eq!(values("0..2999", modulus), naive, "mod {modulus}");
            let some = [&naive[7..7], &naive[100..1300], &naive[5..6]].concat();
            assert_eq!(values("7..7 100..1300 5", modulus), some, "mod {modulus}");
        }
    }

    #[test]
    fn beyond_the_modulus_all_is_0_and_costs_nothing() {
        assert_eq!(values("1e18 2^64..2^64+2", 1_000_000_007), ["0", "0", "0"]);
        assert_eq!(values("1000000005..+3", 1_000_000_007), ["1", "1000000006", "0"]);
    }

    #[test]
    fn a_large_factorial_is_known() {
        // As published in many places, and beyond what is multiplied one by one.
        assert_eq!(values("1e7 1e8", 1_000_000_007), ["682498929", "927880474"]);
        let modulus = 999_999_937u128;
        let naive = (1..=1_000_003u128).fold(1, |product, n| product * n % modulus);
        assert_eq!(values("1000003", modulus), [naive.to_string()]);
    }

    #[test]
    fn what_would_take_years_is_refused() {
        let refused = |text: &str, modulus| {
            open(&Given { modulus: Some(modulus), ..given(text) }, modulus).err().map(|why| why.to_string())
        };
        let modulus = 18_446_744_073_709_551_557;
        assert_eq!(
            refused("1e12+1", modulus).unwrap(),
            "'1000000000001' is too large for a factorial modulo 18446744073709551557: 1000000000000 is the largest"
        );
        assert_eq!(refused("1e12", modulus), None);
        // Near a prime it is short again.
        assert_eq!(refused("18446744073709551000", modulus), None);
    }
}
