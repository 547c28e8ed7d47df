//! Counting by the combinatorial formula: π(end - 1) - π(start - 1), each without finding all primes up to there.

use super::Rows;
use super::pi::Pi;
use crate::error::{Error, Result};
use crate::math::count::gourdon::{Sums, Worker};
use crate::math::lanes::Lanes;
use crate::math::sieve::Sieve;
use crate::math::span::Span;
use crate::seat::Seat;
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Kernel, Part, Temper};

pub struct ByLeaves {
    span: Span,
    rows: Rows,
    lanes: &'static Lanes,
    upper: Pi,
    lower: Pi,
}

impl ByLeaves {
    pub fn new(span: Span, rows: Rows, lanes: &'static Lanes) -> ByLeaves {
        // An empty range has no primes wherever it is.
        let [upper, lower] = [span.end(), span.start()].map(|end| if span.is_empty() { 0 } else { end });
        ByLeaves { span, rows, lanes, upper: Pi::new(upper, lanes), lower: Pi::new(lower, lanes) }
    }

    /// How its numbers are computed, for the report.
    pub fn how(&self) -> impl Iterator<Item = String> {
        [&self.upper, &self.lower].into_iter().filter_map(Pi::how)
    }

    /// Expected picoseconds.
    pub fn cost(&self) -> u128 {
        self.upper.cost() + self.lower.cost()
    }
}

impl Kernel for ByLeaves {
    type Part = Ends;
    /// A worker for each of the two numbers, as it gets there.
    type Scratch = (Sieve, [Option<Worker>; 2]);

    fn units(&self) -> u64 {
        self.upper.units() + self.lower.units()
    }

    fn scratch(&self, seat: &Seat) -> Self::Scratch {
        (Sieve::new(self.lanes, seat.cache), [None, None])
    }

    fn compute(&self, unit: u64, (sieve, workers): &mut Self::Scratch) -> Result<Ends> {
        let [upper, lower] = workers;
        Ok(match unit.checked_sub(self.upper.units()) {
            None => Ends { upper: self.upper.compute(unit, sieve, upper), lower: Sums::default() },
            Some(unit) => Ends { upper: Sums::default(), lower: self.lower.compute(unit, sieve, lower) },
        })
    }

    fn answer(&self, whole: Ends) -> Result<Answer> {
        let count = self.upper.close(whole.upper)?.checked_sub(self.lower.close(whole.lower)?);
        let count = count.ok_or_else(|| Error::wrong("fewer primes than none: this machine computes wrongly"))?;
        Ok(self.rows.proven(self.span, count))
    }

    fn forecast(&self) -> Forecast {
        let (upper, lower) = (self.upper.forecast(), self.lower.forecast());
        // Both have their tables until the end.
        Forecast {
            seconds: upper.seconds + lower.seconds,
            rank_bytes: upper.rank_bytes + lower.rank_bytes,
            thread_bytes: upper.thread_bytes + lower.thread_bytes,
        }
    }

    /// Units are cut by an expectation that can be off.
    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

/// What the units of both numbers came to.
#[derive(Default)]
pub struct Ends {
    upper: Sums,
    lower: Sums,
}

impl Part for Ends {
    fn merge(self, right: Ends) -> Ends {
        Ends { upper: self.upper.merge(right.upper), lower: self.lower.merge(right.lower) }
    }
}

impl Wire for Ends {
    fn put(&self, out: &mut Vec<u8>) {
        self.upper.put(out);
        self.lower.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Ends> {
        Ok(Ends { upper: Wire::take(bytes)?, lower: Wire::take(bytes)? })
    }
}
