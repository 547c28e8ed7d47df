//! `phi X A`: Legendre's φ, how many of 1..=x no prime of the first a divides.
//!
//! The recursion's first step makes a term for each of the primes; a unit is every so many of them, so that units
//! cost about the same. The tables are made once on each rank, by the hand that comes first. Where the primes go beyond √x
//! there is a shorter way: 1 and primes are left, and π(x) says how many.

use super::primes::Pi;
use super::{Entry, Given, Opened, Takes};
use crate::error::{Error, Result};
use crate::math::count::gourdon::{Sums, Worker};
use crate::math::count::lmo;
use crate::math::count::phi::{self, Phi};
use crate::math::lanes::{self, Lanes};
use crate::math::sieve::Sieve;
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
    let facts = vec![Fact::new("x", Value::text(x.to_string())), Fact::new("a", Value::text(a.to_string()))];
    // More primes than there are below 2^64 take no more away than those do.
    let (a, primes) = (number(a), number(a).min(u64::MAX.into()) as u64);
    if to >= LARGE && primes >= pi_of_root(to) {
        let lanes = lanes::pick(None)?;
        let pi = Pi::new(u128::from(to) + 1, lanes);
        let how = pi.how().map(|how| Fact::new("leaves", Value::texts([how]))).into_iter().collect();
        return Ok(Opened { job: Job::Work(Box::new(Beyond { x: to, a, pi, lanes })), facts, how });
    }
    let kernel = Legendre { x: to, a, primes, tables: OnceLock::new() };
    Ok(Opened { job: Job::Work(Box::new(kernel)), facts, how: vec![] })
}

fn answer(x: u64, a: u128, count: u64) -> Answer {
    let row = vec![Value::integer(x), Value::integer(a), Value::integer(count)];
    Answer::rows(Table::of(&["x", "a", "count"]).with([row]), "count")
}

/// For any number of primes.
struct Legendre {
    x: u64,
    a: u128,
    primes: u64,
    tables: OnceLock<Phi>,
}

/// How many primes go up to √x, for a large x: some milliseconds.
fn pi_of_root(x: u64) -> u64 {
    let root = x.isqrt();
    lmo::pi(root, lmo::alpha(root))
}

/// The x from which it may take its time.
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
        match self.x {
            // The seconds grow like the 3/4-th power of x; at 2^50 they are some minutes at most.
            LARGE.. => 256 << ((self.x.ilog2() + 1).saturating_sub(50) * 3 / 4).min(8),
            _ => 1,
        }
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<u64> {
        Ok(self.tables().removed(unit as usize, self.units() as usize))
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(answer(self.x, self.a, self.tables().close(whole)))
    }

    fn forecast(&self) -> Forecast {
        Forecast {
            seconds: phi::seconds(self.x, self.primes),
            rank_bytes: phi::bytes(self.x, self.primes),
            ..Forecast::default()
        }
    }

    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

/// For all primes up to √x and further ones, of which each takes itself.
struct Beyond {
    x: u64,
    a: u128,
    pi: Pi,
    lanes: &'static Lanes,
}

impl Kernel for Beyond {
    type Part = Sums;
    type Scratch = (Sieve, Option<Worker>);

    fn units(&self) -> u64 {
        self.pi.units()
    }

    fn scratch(&self, seat: &Seat) -> Self::Scratch {
        (Sieve::new(self.lanes, seat.cache), None)
    }

    fn compute(&self, unit: u64, (sieve, worker): &mut Self::Scratch) -> Result<Sums> {
        Ok(self.pi.compute(unit, sieve, worker))
    }

    fn answer(&self, whole: Sums) -> Result<Answer> {
        let left = (self.pi.close(whole)? + 1).saturating_sub(self.a).max(1);
        Ok(answer(self.x, self.a, u64::try_from(left).expect("there are no more than x")))
    }

    fn forecast(&self) -> Forecast {
        self.pi.forecast()
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
            // One prime less, and two of its multiples are left too, 31607·31607 and 31607·31627.
            ("1e9 3400", "50844137"),
            ("1e9 3500", "50844035"),
            ("1e12 1e6", "37606912019"),
            ("1e9 50847533", "2"),
            ("1e9 50847534", "1"),
        ] {
            assert_eq!(column(&answer((ENTRY.open)(&given(numbers))), "count"), [count], "phi {numbers}");
        }
    }
}
