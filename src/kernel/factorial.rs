//! `factorial`: n! for each number, with its number of digits and the SHA-256 of its decimal text.
//!
//! A range is a row for each n: a unit takes a few consecutive n, makes the first factorial at once and the
//! others by one multiplication each. A single large n is a product: its units are runs of factors with about
//! equally many bits, so that buddies multiply numbers of equal size, which is what fast multiplication
//! wants.

use super::terms::{few_rows, unit_width};
use super::{Given, KernelEntry, Opened, Takes};
use crate::chain::Chain;
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::math::cut::Cut;
use crate::math::integer::{Integer, factorial};
use crate::math::primality::is_prime;
use crate::math::span::Span;
use crate::placement::Placement;
use crate::syntax::Item;
use crate::values::{Fact, Table, Value};
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Job, Kernel, Part, UnitCost, Work};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

/// The command `factorial`.
pub const FACTORIAL: KernelEntry = KernelEntry {
    name: "factorial",
    about: "Compute factorials, however large",
    takes: Takes::Items("1000..2000"),
    examples: &[
        ("factorial 100 --full", "100! with all its digits"),
        ("factorial 1000..2000", "a thousand factorials, each with the digest of its digits"),
    ],
    open,
};

/// (10^8)! has 756 million digits: it takes minutes and some gigabytes; ten times as many would not fit most
/// machines.
const FACTORIAL_MAX: u128 = 100_000_000;

/// From here on one factorial is worth spreading over threads.
const SPREAD: u128 = 50_000;

/// Values with more digits are shown only by their digest, unless they are asked for in full.
const SHOWN_DIGITS: usize = 60;

fn open(given: &Given) -> Result<Opened> {
    few_rows(&given.items)?;
    let width = unit_width(&given.items, WIDTH_MAX);
    let link = |(span, item): (Span, &Item)| -> Result<Box<dyn Work>> {
        if span.is_empty() {
            return Ok(Box::new(FactorialRows { first: 0, end: 0, width, full: given.full }));
        }
        if span.end() > FACTORIAL_MAX + 1 {
            return Err(Error::usage(format!("'{item}' is too large for a factorial: {FACTORIAL_MAX} is the largest")));
        }
        let (first, last) = (span.start() as u32, span.end() as u32);
        match span.width() == 1 && span.start() >= SPREAD {
            true => Ok(Box::new(Product::new(first, given.full))),
            false => Ok(Box::new(FactorialRows { first, end: last, width, full: given.full })),
        }
    };
    let links = given.spans().into_iter().zip(&given.items).map(link).collect::<Result<Vec<_>>>()?;
    let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    Ok(Opened { job: Job::work(Chain::new(links)?), facts, how: vec![] })
}

/// What a row tells of n!.
struct FactorialRow {
    n: u32,
    digits: u64,
    sha256: [u8; 32],
    value: Option<String>,
}

impl FactorialRow {
    fn new(n: u32, factorial: &Integer, full: bool) -> FactorialRow {
        let text = factorial.to_string();
        let value = (full || text.len() <= SHOWN_DIGITS).then(|| text.clone());
        FactorialRow { n, digits: text.len() as u64, sha256: Sha256::of(text.as_bytes()), value }
    }

    fn cells(self) -> Vec<Value> {
        let value = self.value.map_or(Value::Nothing, Value::Integer);
        vec![Value::integer(self.n), Value::integer(self.digits), Value::text(hex(&self.sha256)), value]
    }
}

impl Wire for FactorialRow {
    fn put(&self, out: &mut Vec<u8>) {
        self.n.put(out);
        self.digits.put(out);
        out.extend(self.sha256);
        self.value.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<FactorialRow> {
        let (n, digits) = (Wire::take(bytes)?, Wire::take(bytes)?);
        let sha256 = crate::wire::split(bytes, 32)?.try_into().expect("32 bytes were split off");
        Ok(FactorialRow { n, digits, sha256, value: Wire::take(bytes)? })
    }
}

fn answer(rows: impl IntoIterator<Item = FactorialRow>) -> Answer {
    let table = Table::of(&["n", "digits", "sha256", "value"]);
    Answer::rows(table.with(rows.into_iter().map(FactorialRow::cells)), "value")
}

/// The digits of n! are about n·log10(n/e); writing them takes most of the time.
fn digits(n: u32) -> f64 {
    let n = f64::from(n.max(3));
    n * (n / std::f64::consts::E).log10()
}

/// Seconds to write so many digits, measured between 10^3 and 2·10^7.
fn writing(digits: f64) -> f64 {
    digits.powf(1.24) * 1.5e-9 + 1e-6
}

/// Samples are factorials of smaller numbers than these: they take a millisecond or two.
const ROWS_SAMPLE_MAX: u32 = 2000;
const PRODUCT_SAMPLE_MAX: u32 = 20_000;

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
        && text.bytes().all(|digit| digit.is_ascii_digit())
        && Sha256::of(text.as_bytes()) == row.sha256
}

/// A row for each n from `first` to below `end`.
struct FactorialRows {
    first: u32,
    end: u32,
    /// How many n a unit takes, at most.
    width: u128,
    full: bool,
}

/// How many n a unit takes, at most.
const WIDTH_MAX: u128 = 64;

impl FactorialRows {
    /// How many n a unit takes: one where each is long enough or there are few, else some.
    fn step(&self) -> u64 {
        u64::from(20_000 / self.end.max(1)).clamp(1, self.width as u64)
    }
}

impl Kernel for FactorialRows {
    type Part = Vec<FactorialRow>;
    /// The last n and its factorial.
    type Scratch = Option<(u32, Integer)>;

    fn units(&self) -> u64 {
        u64::from(self.end - self.first).div_ceil(self.step())
    }

    fn scratch(&self, _: &Placement) -> Self::Scratch {
        None
    }

    fn compute(&self, unit: u64, last: &mut Self::Scratch) -> Result<Vec<FactorialRow>> {
        let first = self.first + (unit * self.step()) as u32;
        let end = self.end.min(first + self.step() as u32);
        let rows = (first..end).map(|n| {
            let value = match last.take() {
                Some((before, value)) if before + 1 == n => value * n,
                _ => factorial(n),
            };
            let row = FactorialRow::new(n, &value, self.full);
            *last = Some((n, value));
            row
        });
        Ok(rows.collect())
    }

    /// A digest of what is not there cannot be told from another, but how long that is can.
    fn plausible(&self, units: Range<u64>, rows: &Vec<FactorialRow>) -> bool {
        let numbers = units.start * self.step()..(units.end * self.step()).min(u64::from(self.end - self.first));
        let can_be = |(row, index): (&FactorialRow, u64)| {
            let kept = self.full || row.digits <= SHOWN_DIGITS as u64;
            u64::from(row.n) == u64::from(self.first) + index
                && row.digits.abs_diff(exact_digits(row.n)) <= 1
                && kept == row.value.is_some()
                && row.value.as_ref().is_none_or(|value| is_value(row, value))
        };
        rows.len() as u64 == numbers.end - numbers.start && rows.iter().zip(numbers).all(can_be)
    }

    fn answer(&self, whole: Vec<FactorialRow>) -> Result<Answer> {
        Ok(answer(whole))
    }

    fn forecast(&self) -> Forecast {
        let (count, digits) = (f64::from(self.end - self.first), digits(self.end));
        let middle = self.first + (self.end - self.first) / 2;
        // The mean of a range, by Simpson's rule.
        let times = [(self.first, 1.0), (middle, 4.0), (self.end, 1.0)];
        let mean = times.map(|(n, times)| times * writing(self::digits(n))).iter().sum::<f64>() / 6.0;
        let kept = if self.full { digits } else { 0.0 };
        Forecast {
            seconds: count * mean,
            rank_bytes: (count * (120.0 + 2.0 * kept)) as u64,
            thread_bytes: (3.0 * digits) as u64,
            ..Forecast::default()
        }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        let first = (self.first + (self.end - self.first) / 2).min(ROWS_SAMPLE_MAX);
        let end = first + (self.end - self.first).min(16);
        Some(Box::new(FactorialRows { first, end, width: self.width, full: self.full }))
    }

    fn unit_cost(&self) -> UnitCost {
        if self.end <= 2 * self.first { UnitCost::Uniform } else { UnitCost::Varying }
    }
}

/// One factorial, as a product of the factors from 2 to n.
struct Product {
    n: u32,
    full: bool,
    factors: Cut,
}

impl Product {
    fn new(n: u32, full: bool) -> Product {
        let factors = Span::new(2, u128::from(n) + 1).expect("n is large");
        let bits = |factor: u128| u64::from(128 - factor.leading_zeros());
        let units = (u64::from(n) / 2_000).next_power_of_two().min(4096);
        Product { n, full, factors: Cut::new(factors, bits, units) }
    }
}

/// A product merges by multiplying; no factor at all is 1.
struct FactorialPart(Integer);

impl Default for FactorialPart {
    fn default() -> FactorialPart {
        FactorialPart(Integer::from(1))
    }
}

impl Wire for FactorialPart {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<FactorialPart> {
        Ok(FactorialPart(Wire::take(bytes)?))
    }
}

impl Part for FactorialPart {
    fn merge(self, right: FactorialPart) -> FactorialPart {
        FactorialPart(self.0 * right.0)
    }
}

/// A prime of 36 bits, another one each time: too large to be a factor.
fn unforeseen_prime() -> u64 {
    // Its keys are from the system's randomness.
    let from = RandomState::new().build_hasher().finish() >> 29 | 1 << 35;
    (from..).find(|&number| is_prime(number.into())).expect("primes do not end")
}

impl Kernel for Product {
    type Part = FactorialPart;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.factors.pieces()
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<FactorialPart> {
        let piece = self.factors.piece(unit);
        return Ok(FactorialPart(product(piece.start() as u32, piece.end() as u32)));

        /// In halves, so that the factors stay of equal size.
        fn product(start: u32, end: u32) -> Integer {
            match end - start {
                0 => Integer::from(1),
                1 => Integer::from(start),
                width => product(start, start + width / 2) * product(start + width / 2, end),
            }
        }
    }

    /// Multiplied again modulo a prime that nobody can foresee: hardly one wrong product in 2^30 passes.
    fn plausible(&self, units: Range<u64>, product: &FactorialPart) -> bool {
        let modulus = unforeseen_prime();
        let (first, last) = (self.factors.piece(units.start), self.factors.piece(units.end - 1));
        // No factor has more than 27 bits.
        let again = (first.start() as u64..last.end() as u64).fold(1, |all, factor| all * factor % modulus);
        !product.0.is_negative() && product.0.clone() % Integer::from(modulus) == again
    }

    fn answer(&self, whole: FactorialPart) -> Result<Answer> {
        Ok(answer([FactorialRow::new(self.n, &whole.0, self.full)]))
    }

    fn forecast(&self) -> Forecast {
        let digits = digits(self.n);
        let bytes = (digits * 0.42) as u64;
        Forecast { seconds: 2.0 * writing(digits), rank_bytes: 8 * bytes, thread_bytes: bytes, ..Forecast::default() }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(Product::new(self.n.min(PRODUCT_SAMPLE_MAX), self.full)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn the_tutorials_factorials() {
        let answer = answer((FACTORIAL.open)(&given("10 12 14 0..2")));
        assert_eq!(column(&answer, "value"), ["3628800", "479001600", "87178291200", "1", "1"]);
        assert_eq!(column(&answer, "digits"), ["7", "9", "11", "1", "1"]);
    }

    #[test]
    fn the_default_is_the_tutorials_thousand() {
        let answer = answer((FACTORIAL.open)(&given("1000..2000")));
        let (digits, values) = (column(&answer, "digits"), column(&answer, "value"));
        assert_eq!((digits.len(), &*digits[0], &*digits[999]), (1000, "2568", "5733"));
        assert!(values.iter().all(String::is_empty));
        for (index, sha256) in column(&answer, "sha256").iter().enumerate().step_by(111) {
            let naive = (1..=1000 + index as u32).map(Integer::from).product::<Integer>();
            assert_eq!(*sha256, hex(&Sha256::of(naive.to_string().as_bytes())), "{}!", 1000 + index);
        }
    }

    #[test]
    fn each_of_a_thousand_is_a_unit() {
        let units = |text: &str| match (FACTORIAL.open)(&given(text)).unwrap().job {
            Job::Work(work) => work.units(),
            _ => unreachable!("factorials are computed in units"),
        };
        assert_eq!([units("1000..2000"), units("10 12 14"), units("0..10")], [1000, 3, 10]);
        assert_eq!(units("0..1e4"), 5000);
        assert!(units("0..300/10") == 300 && units("0..100 0..100000") > 50_000);
    }

    #[test]
    fn one_large_factorial_is_the_product_of_its_units() {
        for n in [50_000u32, 65_537] {
            let given = Given { full: true, ..given(&n.to_string()) };
            assert_eq!(column(&answer((FACTORIAL.open)(&given)), "value"), [factorial(n).to_string()]);
        }
    }

    #[test]
    fn too_large_is_refused_with_the_limit() {
        let why = (FACTORIAL.open)(&given("10^8+1")).err().unwrap().to_string();
        assert_eq!(why, "'100000001' is too large for a factorial: 100000000 is the largest");
        assert!((FACTORIAL.open)(&given("0..1e8")).err().unwrap().to_string().contains("rows"));
        assert!(answer((FACTORIAL.open)(&given("1e9..1e9 2^100..2^100"))).table.rows.is_empty());
    }
}
