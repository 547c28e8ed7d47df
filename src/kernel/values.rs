//! What `li` and `riemann-r` have in common: a number in, a real number out.

use super::{Given, Opened};
use crate::error::Result;
use crate::math::approximate::decimal;
use crate::math::integer::Float;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Job, Kernel};

/// A row for each number given, with what the function makes of it, which is finite and not negative.
pub fn open(given: &Given, function: fn(u128) -> Float) -> Result<Opened> {
    let numbers = given.items.iter().map(|item| item.first_and_count().0).collect();
    let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    Ok(Opened { job: Job::Work(Box::new(Values { numbers, function })), facts, how: vec![] })
}

struct Values {
    numbers: Vec<u128>,
    function: fn(u128) -> Float,
}

/// Numbers of a unit: a millisecond or so.
const EACH: usize = 32;

/// Digits of a value, at least; and places behind the point, at least.
const DIGITS: usize = 20;
const PLACES: usize = 4;

fn shown(value: &Float) -> String {
    let whole = decimal(value, 1).find('.').expect("there is a point");
    decimal(value, DIGITS.saturating_sub(whole).max(PLACES) as u32)
}

impl Kernel for Values {
    type Part = Vec<String>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.numbers.len().div_ceil(EACH) as u64
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<String>> {
        let numbers = self.numbers.chunks(EACH).nth(unit as usize).expect("there are so many units");
        Ok(numbers.iter().map(|&x| shown(&(self.function)(x))).collect())
    }

    fn answer(&self, whole: Vec<String>) -> Result<Answer> {
        let rows = self.numbers.iter().zip(whole).map(|(x, value)| vec![Value::integer(x), Value::text(value)]);
        Ok(Answer::rows(Table::of(&["x", "value"]).with(rows), "value"))
    }

    fn forecast(&self) -> Forecast {
        let count = self.numbers.len();
        Forecast { seconds: count as f64 * 30e-6, rank_bytes: count as u64 * 200, ..Forecast::default() }
    }
}
