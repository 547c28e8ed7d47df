//! `phi X A`: Legendre's φ, how many of 1..=x no prime of the first a divides.
//!
//! The recursion's first step makes a term for each of the primes; a unit is every so many of them, so that units
//! cost about the same. The tables are made once on each rank, by the hand that comes first.

use super::{Entry, Given, Opened, Takes};
use crate::error::{Error, Result};
use crate::math::count::phi::{self, Phi};
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::syntax::Item;
use crate::work::{Answer, Forecast, Job, Kernel, Temper};
use std::sync::OnceLock;

pub const ENTRY: Entry = Entry {
    name: "phi",
    about: "Count the numbers up to X that none of the first A primes divides",
    takes: Takes::Two(["X", "A"], "1e9 100"),
    options: &[],
    open,
};

fn open(given: &Given) -> Result<Opened> {
    let [x, a] = [0, 1].map(|index: usize| given.items[index]);
    let number = |item: Item| item.first_and_count().0;
    let Ok(to) = u64::try_from(number(x)) else {
        return Err(Error::usage(format!("'{x}' is too large: phi takes X up to 2^64-1")));
    };
    let facts = vec![Fact::new("x", Value::integer(x)), Fact::new("a", Value::integer(a))];
    // More primes than there are below 2^64 take no more away than those do.
    let kernel =
        Legendre { x: to, a: number(a), primes: number(a).min(u64::MAX.into()) as u64, tables: OnceLock::new() };
    Ok(Opened { job: Job::Work(Box::new(kernel)), facts, how: vec![] })
}

struct Legendre {
    x: u64,
    a: u128,
    primes: u64,
    tables: OnceLock<Phi>,
}

/// Units of what takes its time, and the x from which that may be.
const UNITS: u64 = 256;
const LARGE: u64 = 1_000_000_000;

impl Legendre {
    fn tables(&self) -> &Phi {
        self.tables.get_or_init(|| Phi::new(self.x, self.primes))
    }
}

impl Kernel for Legendre {
    type Part = u64;
    type Scratch = ();

    fn units(&self) -> u64 {
        if self.x < LARGE { 1 } else { UNITS }
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<u64> {
        Ok(self.tables().removed(unit as usize, self.units() as usize))
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        let row = vec![Value::integer(self.x), Value::integer(self.a), Value::integer(self.tables().close(whole))];
        Ok(Answer::rows(Table::of(&["x", "a", "count"]).with([row]), "count"))
    }

    fn forecast(&self) -> Forecast {
        Forecast {
            seconds: phi::seconds(self.x, self.primes),
            rank_bytes: phi::bytes(self.x, self.primes),
            thread_bytes: 0,
        }
    }

    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn shares_make_the_whole() {
        for (numbers, count) in [
            ("0 0", "0"),
            ("10 0", "10"),
            ("10 1", "5"),
            ("100 4", "22"),
            ("1000000 168", "78331"),
            ("1e10 2^128-1", "1"),
            ("2^64-1 1", "9223372036854775808"),
            // As primecount has them.
            ("1e12 1000", "62815294612"),
            ("1e9 3401", "50844134"),
        ] {
            assert_eq!(column(&answer((ENTRY.open)(&given(numbers))), "count"), [count], "phi {numbers}");
        }
    }
}
