//! `factorial`: n! for each number, with its number of digits and the SHA-256 of its decimal text.
//!
//! A range is a row for each n: a unit takes a few consecutive n, makes the first factorial at once and the
//! others by one multiplication each. A single large n is a product: its units are runs of factors with about
//! equally many bits, so that buddies multiply numbers of equal size, which is what fast multiplication
//! wants.

use super::terms::few_rows;
use super::{Entry, Given, Opened, Opt, Takes};
use crate::chain::Chain;
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::math::cut::Cut;
use crate::math::integer::{Integer, factorial};
use crate::math::span::Span;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::syntax::Item;
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Job, Kernel, Part, Temper, Work};

pub const ENTRY: Entry = Entry {
    name: "factorial",
    about: "Compute factorials, however large",
    takes: Takes::Items("1000..2000"),
    options: &[Opt::Full],
    open,
};

/// (10^8)! has 756 million digits: it takes minutes and some gigabytes; ten times as many would not fit most
/// machines.
const LARGEST: u128 = 100_000_000;

/// From here on one factorial is worth spreading over hands.
const SPREAD: u128 = 50_000;

/// Values with more digits are shown only by their digest, unless they are asked for in full.
const SHOWN_DIGITS: usize = 60;

fn open(given: &Given) -> Result<Opened> {
    few_rows(&given.items)?;
    let link = |(span, item): (Span, &Item)| -> Result<Box<dyn Work>> {
        if span.is_empty() {
            return Ok(Box::new(Rows { first: 0, end: 0, full: given.full }));
        }
        if span.end() > LARGEST + 1 {
            return Err(Error::usage(format!("'{item}' is too large for a factorial: {LARGEST} is the largest")));
        }
        let (first, last) = (span.start() as u32, span.end() as u32);
        match span.width() == 1 && span.start() >= SPREAD {
            true => Ok(Box::new(Product::new(first, given.full))),
            false => Ok(Box::new(Rows { first, end: last, full: given.full })),
        }
    };
    let links = given.spans().into_iter().zip(&given.items).map(link).collect::<Result<Vec<_>>>()?;
    let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    Ok(Opened { job: Job::Work(Box::new(Chain::new(links)?)), facts, how: vec![] })
}

/// What a row tells of n!.
struct Row {
    n: u32,
    digits: u64,
    sha256: [u8; 32],
    value: Option<String>,
}

impl Row {
    fn new(n: u32, factorial: &Integer, full: bool) -> Row {
        let text = factorial.to_string();
        let value = (full || text.len() <= SHOWN_DIGITS).then(|| text.clone());
        Row { n, digits: text.len() as u64, sha256: Sha256::of(text.as_bytes()), value }
    }

    fn cells(self) -> Vec<Value> {
        let value = self.value.map_or(Value::Nothing, Value::Integer);
        vec![Value::integer(self.n), Value::integer(self.digits), Value::text(hex(&self.sha256)), value]
    }
}

impl Wire for Row {
    fn put(&self, out: &mut Vec<u8>) {
        self.n.put(out);
        self.digits.put(out);
        out.extend(self.sha256);
        self.value.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Row> {
        let (n, digits) = (Wire::take(bytes)?, Wire::take(bytes)?);
        let sha256 = crate::wire::split(bytes, 32)?.try_into().expect("32 bytes were split off");
        Ok(Row { n, digits, sha256, value: Wire::take(bytes)? })
    }
}

fn answer(rows: impl IntoIterator<Item = Row>) -> Answer {
    let table = Table::of(&["n", "digits", "sha256", "value"]);
    Answer::rows(table.with(rows.into_iter().map(Row::cells)), "value")
}

/// The digits of n! are about n·log10(n/e); writing them takes most of the time.
fn digits(n: u32) -> f64 {
    let n = f64::from(n.max(3));
    n * (n / std::f64::consts::E).log10()
}

/// Seconds to write so many digits, measured between 10^3 and 10^7.
fn writing(digits: f64) -> f64 {
    digits.powf(1.45) * 1e-9 + 1e-6
}

/// A row for each n from `first` to below `end`.
struct Rows {
    first: u32,
    end: u32,
    full: bool,
}

impl Rows {
    /// How many n a unit takes: some where they are small, one where each is long enough.
    fn step(&self) -> u64 {
        u64::from((20_000 / self.end.max(1)).clamp(1, 64))
    }
}

impl Kernel for Rows {
    type Part = Vec<Row>;
    /// The last n and its factorial.
    type Scratch = Option<(u32, Integer)>;

    fn units(&self) -> u64 {
        u64::from(self.end - self.first).div_ceil(self.step())
    }

    fn scratch(&self, _: &Seat) -> Self::Scratch {
        None
    }

    fn compute(&self, unit: u64, last: &mut Self::Scratch) -> Result<Vec<Row>> {
        let first = self.first + (unit * self.step()) as u32;
        let end = self.end.min(first + self.step() as u32);
        let rows = (first..end).map(|n| {
            let value = match last.take() {
                Some((before, value)) if before + 1 == n => value * n,
                _ => factorial(n),
            };
            let row = Row::new(n, &value, self.full);
            *last = Some((n, value));
            row
        });
        Ok(rows.collect())
    }

    fn answer(&self, whole: Vec<Row>) -> Result<Answer> {
        Ok(answer(whole))
    }

    fn forecast(&self) -> Forecast {
        let (count, digits) = (f64::from(self.end - self.first), digits(self.end));
        let kept = if self.full { digits } else { 0.0 };
        Forecast {
            seconds: count * writing(digits),
            rank_bytes: (count * (120.0 + 2.0 * kept)) as u64,
            thread_bytes: (3.0 * digits) as u64,
            ..Forecast::default()
        }
    }

    fn temper(&self) -> Temper {
        if self.end < 2 * self.first { Temper::Even } else { Temper::Uneven }
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
struct Factors(Integer);

impl Default for Factors {
    fn default() -> Factors {
        Factors(Integer::from(1))
    }
}

impl Wire for Factors {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Factors> {
        Ok(Factors(Wire::take(bytes)?))
    }
}

impl Part for Factors {
    fn merge(self, right: Factors) -> Factors {
        Factors(self.0 * right.0)
    }
}

impl Kernel for Product {
    type Part = Factors;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.factors.pieces()
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Factors> {
        let piece = self.factors.piece(unit);
        return Ok(Factors(product(piece.start() as u32, piece.end() as u32)));

        /// In halves, so that the factors stay of equal size.
        fn product(start: u32, end: u32) -> Integer {
            match end - start {
                0 => Integer::from(1),
                1 => Integer::from(start),
                width => product(start, start + width / 2) * product(start + width / 2, end),
            }
        }
    }

    fn answer(&self, whole: Factors) -> Result<Answer> {
        Ok(answer([Row::new(self.n, &whole.0, self.full)]))
    }

    fn forecast(&self) -> Forecast {
        let digits = digits(self.n);
        let bytes = (digits * 0.42) as u64;
        Forecast { seconds: 2.0 * writing(digits), rank_bytes: 8 * bytes, thread_bytes: bytes, ..Forecast::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn the_tutorials_factorials() {
        let answer = answer((ENTRY.open)(&given("10 12 14 0..2")));
        assert_eq!(column(&answer, "value"), ["3628800", "479001600", "87178291200", "1", "1"]);
        assert_eq!(column(&answer, "digits"), ["7", "9", "11", "1", "1"]);
    }

    #[test]
    fn the_default_is_the_tutorials_thousand() {
        let answer = answer((ENTRY.open)(&given("1000..2000")));
        let (digits, values) = (column(&answer, "digits"), column(&answer, "value"));
        assert_eq!((digits.len(), &*digits[0], &*digits[999]), (1000, "2568", "5733"));
        assert!(values.iter().all(String::is_empty));
        for (index, sha256) in column(&answer, "sha256").iter().enumerate().step_by(111) {
            let naive = (1..=1000 + index as u32).map(Integer::from).product::<Integer>();
            assert_eq!(*sha256, hex(&Sha256::of(naive.to_string().as_bytes())), "{}!", 1000 + index);
        }
    }

    #[test]
    fn one_large_factorial_is_the_product_of_its_units() {
        for n in [50_000u32, 65_537] {
            let given = Given { full: true, ..given(&n.to_string()) };
            assert_eq!(column(&answer((ENTRY.open)(&given)), "value"), [factorial(n).to_string()]);
        }
    }

    #[test]
    fn too_large_is_refused_with_the_limit() {
        let why = (ENTRY.open)(&given("10^8+1")).err().unwrap().to_string();
        assert_eq!(why, "'100000001' is too large for a factorial: 100000000 is the largest");
        assert!((ENTRY.open)(&given("0..1e8")).err().unwrap().to_string().contains("rows"));
        assert!(answer((ENTRY.open)(&given("1e9..1e9 2^100..2^100"))).table.rows.is_empty());
    }
}
