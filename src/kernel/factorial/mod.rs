//! `factorial`: n! for each number, with its number of digits and the SHA-256 of its decimal text; or n! modulo M.
//!
//! `rows.rs` has a row for each n of a range: each value is carried to the next, in decimal. `product.rs` has a single large n, which is
//! cut into shares of equal size. `modulo.rs` has `--mod`.

mod modulo;
mod product;
mod rows;

use super::terms::{few_rows, unit_width};
use super::{Given, KernelEntry, Opened, Takes};
use crate::chain::Chain;
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::math::span::Span;
use crate::syntax::Item;
use crate::values::{Fact, SHOWN_DIGITS, Table, Value};
use crate::wire::Wire;
use crate::work::{Answer, Job, Work};
use product::Product;
use rows::{FactorialRows, WIDTH_MAX};

/// The command `factorial`.
pub const FACTORIAL: KernelEntry = KernelEntry {
    name: "factorial",
    about: "Compute factorials, however large",
    takes: Takes::Items("1000..2000"),
    examples: &[
        ("factorial 100 --full", "100! with all its digits"),
        ("factorial 1000..2000", "a thousand factorials, each with the digest of its digits"),
        ("factorial 1e12 --mod 1e18+9", "what (10^12)! leaves when it is divided by a prime"),
    ],
    open,
};

/// (10^8)! has 756 million digits: it takes minutes and some gigabytes; ten times as many would not fit most
/// machines.
const FACTORIAL_MAX: u128 = 100_000_000;

/// From here on one factorial is worth spreading over threads.
const SPREAD: u128 = 50_000;

fn open(given: &Given) -> Result<Opened> {
    few_rows(&given.items)?;
    if let Some(modulus) = given.modulus {
        return modulo::open(given, modulus);
    }
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
pub struct FactorialRow {
    n: u32,
    digits: u64,
    sha256: [u8; 32],
    value: Option<String>,
}

impl FactorialRow {
    /// The row of a factorial with this decimal text.
    fn new(n: u32, text: &[u8], full: bool) -> FactorialRow {
        let text_of = |digits: &[u8]| String::from_utf8(digits.to_vec()).expect("digits are ASCII");
        let value = (full || text.len() <= SHOWN_DIGITS).then(|| text_of(text));
        FactorialRow { n, digits: text.len() as u64, sha256: Sha256::of(text), value }
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

/// The digits of n! are about n·log10(n/e).
fn digits(n: u32) -> f64 {
    let n = f64::from(n.max(3));
    n * (n / std::f64::consts::E).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};
    use crate::math::integer::{Integer, factorial};

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
