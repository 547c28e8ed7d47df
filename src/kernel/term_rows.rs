//! A row for each number, with its term: `square` and `double`. A few rows are computed as one work, which can be saved and resumed; many
//! are a list (`term_list.rs`).

use super::terms::{Term, chain, count, edge, unit_width};
use super::{Given, Opened, term_list};
use crate::error::Result;
use crate::math::integer::Integer;
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::work::{Answer, Forecast, Job, Kernel, Work};
use std::ops::Range;

/// A row for each number given, with its term. Many rows are computed and written batch by batch.
///
/// # Errors
/// If an item has more than 2^70 numbers.
pub fn map<T: Term>(given: &Given) -> Result<Opened> {
    if count(&given.items) > HELD_ROWS_MAX {
        let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
        return Ok(Opened { job: Job::Stream(term_list::stream::<T>(&given.items)?), facts, how: vec![] });
    }
    let width = unit_width(&given.items, MAPPED);
    chain(given, "numbers", |first, count| Box::new(Map::<T>::new(first, count, width)))
}

/// More rows of terms than this are computed and written batch by batch: so many take 72 MB as a whole.
const HELD_ROWS_MAX: u128 = 100_000;

struct Map<T> {
    first: u128,
    count: u128,
    /// Numbers of a unit, at most.
    width: u128,
    /// Seconds of a row.
    seconds: f64,
    term: std::marker::PhantomData<T>,
}

/// Numbers of a unit, at most.
const MAPPED: u128 = 4096;

/// Seconds of a row of a sample; and of one that is also merged from level to level and written, measured.
const SAMPLE_ROW_SECONDS: f64 = 100e-9;
const ROW_SECONDS: f64 = 300e-9;

impl<T: Term> Map<T> {
    /// `count` numbers from `first` on.
    fn new(first: u128, count: u128, width: u128) -> Map<T> {
        Map { first, count, width, seconds: ROW_SECONDS, term: std::marker::PhantomData }
    }
}

impl<T: Term> Kernel for Map<T> {
    type Part = Vec<Integer>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.count.div_ceil(self.width) as u64
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<Integer>> {
        let edge = |unit| edge(self.count, unit, Kernel::units(self));
        Ok((edge(unit)..edge(unit + 1)).map(|index| T::exact(Integer::from(self.first + index))).collect())
    }

    /// They are quickly made again.
    fn plausible(&self, units: Range<u64>, part: &Vec<Integer>) -> bool {
        let edge = |unit| edge(self.count, unit, Kernel::units(self));
        let indices = edge(units.start)..edge(units.end);
        part.len() as u128 == indices.end - indices.start
            && indices.zip(part).all(|(index, term)| *term == T::exact(Integer::from(self.first + index)))
    }

    fn answer(&self, whole: Vec<Integer>) -> Result<Answer> {
        let numbers = (0..).map(|index| self.first + index);
        let rows = numbers.zip(whole).map(|(n, term)| vec![Value::integer(n), Value::integer(term)]);
        Ok(Answer::rows(Table::of(&term_list::KEYS).with(rows), term_list::KEYS[1]))
    }

    fn forecast(&self) -> Forecast {
        // A row takes 720 bytes on its way out as JSON, measured; as text or CSV half of that.
        Forecast {
            seconds: self.count as f64 * self.seconds,
            rank_bytes: self.count as u64 * 720,
            thread_bytes: self.width as u64 * 64,
            ..Forecast::default()
        }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        let count = self.count.min(MAPPED);
        Some(Box::new(Map { seconds: SAMPLE_ROW_SECONDS, ..Map::<T>::new(self.first, count, MAPPED) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::sum::Numbers as Same;
    use crate::kernel::tests::given;

    #[test]
    fn rows_take_as_much_memory_however_they_are_asked_for() {
        let bytes = |text: &str| match map::<Same>(&given(text)).unwrap().job {
            Job::Work(work) => work.forecast().rank_bytes,
            _ => unreachable!("terms are computed in units"),
        };
        assert_eq!(bytes("0..1e5/1000"), bytes("0..1e5"));
        assert!(bytes("0..1e5") >= 50_000_000);
    }
}
