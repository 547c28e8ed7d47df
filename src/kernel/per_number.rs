//! What the kernels have in common that find out something about each of some numbers: `is-prime`, `next-prime`, `prev-prime`,
//! `li` and `riemann-r`. A unit is some numbers in a row, so a signal is heard within milliseconds.

use super::{Given, Opened, proofs};
use crate::error::Result;
use crate::math::primality::{self, Certainty};
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Job, Kernel, Work};
use std::ops::Range;

/// Something that is found out about one number, which becomes the cells of its row behind the number.
pub trait PerNumber: Clone + Send + Sync + 'static {
    /// What is found out.
    type Found: Wire + PartialEq;
    /// Numbers of a unit: some milliseconds at most.
    const UNIT_NUMBERS: usize = 64;
    /// The column of the numbers.
    const NUMBER: &'static str = "n";

    /// Finds it out.
    fn find(&self, n: u128) -> Self::Found;
    /// Looks at it at the end.
    ///
    /// # Errors
    /// If it cannot be.
    fn check(&self, _n: u128, _found: &Self::Found) -> Result<()> {
        Ok(())
    }
    /// The columns behind that of the numbers; the first is the bare answer.
    fn columns(&self) -> &'static [&'static str];
    /// The cells of these columns.
    fn cells(&self, n: u128, found: Self::Found) -> Vec<Value>;

    /// About how many seconds it takes: here as many as tests of a number take, below 2^64 and above.
    fn seconds(&self, n: u128) -> f64 {
        seconds(n, false)
    }

    /// Whether it may have been found out of some number: for those numbers of a part that are not looked at again.
    fn is_possible(&self, _found: &Self::Found) -> bool {
        true
    }
}

/// Expected seconds of a few tests of a number, or of its proof if one is looked for and the test is none.
pub fn seconds(n: u128, prove: bool) -> f64 {
    match primality::certainty_of(n) {
        Certainty::Probable if prove => proofs::PROOF_SECONDS,
        _ if n >> 64 == 0 => 2e-6,
        _ => 30e-6,
    }
}

/// A row for each number given.
pub fn open(given: &Given, what: impl PerNumber) -> Opened {
    let mut facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    facts.extend(proofs::fact(given));
    Opened { job: Job::work(EachNumber { numbers: numbers(given), what }), facts, how: vec![] }
}

/// The numbers that were given.
pub fn numbers(given: &Given) -> Vec<u128> {
    given.items.iter().map(|item| item.first_and_count().0).collect()
}

struct EachNumber<T> {
    numbers: Vec<u128>,
    what: T,
}

/// Numbers of a part that are looked at again when it is read from a file.
const CHECKED_AGAIN: usize = 16;

/// Bytes of a row on its way out.
const NUMBER_ROW_BYTES: u64 = 720;

impl<T: PerNumber> EachNumber<T> {
    fn of(&self, units: Range<u64>) -> &[u128] {
        let edge = |unit: u64| self.numbers.len().min(unit as usize * T::UNIT_NUMBERS);
        &self.numbers[edge(units.start)..edge(units.end)]
    }
}

impl<T: PerNumber> Kernel for EachNumber<T> {
    type Part = Vec<T::Found>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.numbers.len().div_ceil(T::UNIT_NUMBERS) as u64
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<T::Found>> {
        Ok(self.of(unit..unit + 1).iter().map(|&n| self.what.find(n)).collect())
    }

    fn answer(&self, whole: Vec<T::Found>) -> Result<Answer> {
        self.numbers.iter().zip(&whole).try_for_each(|(&n, found)| self.what.check(n, found))?;
        let columns = [&[T::NUMBER], self.what.columns()].concat();
        let rows = self.numbers.iter().zip(whole).map(|(&n, found)| {
            let mut row = vec![Value::integer(n)];
            row.extend(self.what.cells(n, found));
            row
        });
        Ok(Answer::rows(Table::of(&columns).with(rows), columns[1]))
    }

    /// Some numbers are looked at again, the first and the last among these.
    fn plausible(&self, units: Range<u64>, part: &Vec<T::Found>) -> bool {
        let numbers = self.of(units);
        let last = numbers.len() - 1;
        let mut some = (0..=CHECKED_AGAIN).map(|index| last * index / CHECKED_AGAIN);
        part.len() == numbers.len()
            && part.iter().all(|found| self.what.is_possible(found))
            && some.all(|at| part[at] == self.what.find(numbers[at]))
    }

    fn forecast(&self) -> Forecast {
        let seconds = self.numbers.iter().map(|&n| self.what.seconds(n)).sum();
        Forecast { seconds, rank_bytes: self.numbers.len() as u64 * NUMBER_ROW_BYTES, ..Forecast::default() }
    }

    /// Some of the numbers: how long one takes depends on its size.
    fn sample(&self) -> Option<Box<dyn Work>> {
        let numbers = self.numbers.iter().copied().step_by(self.numbers.len() / T::UNIT_NUMBERS + 1).collect();
        Some(Box::new(EachNumber { numbers, what: self.what.clone() }))
    }
}
