//! Counting by the combinatorial formula: π(end - 1) - π(start - 1), each without finding all primes up to there.

use super::{Rows, seconds};
use crate::error::{Error, Result};
use crate::math::approximate::plausible;
use crate::math::count::gourdon::{Asked, Gourdon, Hard, LEAST, Params, Sums, Tally, Worker};
use crate::math::lanes::Lanes;
use crate::math::sieve::{Sieve, naive};
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

/// π of one number.
enum Pi {
    /// So small that its primes can be found when the answer is made.
    Few(usize),
    Many(Box<Gourdon>),
}

impl Pi {
    /// Of the numbers below `end`.
    fn new(end: u128, lanes: &'static Lanes) -> Pi {
        match end.saturating_sub(1) {
            x if x < LEAST => Pi::Few(x as usize),
            x => Pi::Many(Box::new(Gourdon::new(Params::new(x), lanes))),
        }
    }

    fn units(&self) -> u64 {
        match self {
            Pi::Few(_) => 0,
            Pi::Many(gourdon) => gourdon.units(),
        }
    }

    fn forecast(&self) -> Forecast {
        let Pi::Many(gourdon) = self else { return Forecast::default() };
        let (rank_bytes, thread_bytes) = gourdon.memory();
        Forecast { seconds: seconds(gourdon.cost()), rank_bytes, thread_bytes }
    }

    fn close(&self, sums: Sums) -> Result<u128> {
        match self {
            Pi::Few(x) => Ok(naive::primes(*x).len() as u128),
            Pi::Many(gourdon) => {
                let (x, found) = (gourdon.params().x, gourdon.close(sums));
                let wrong =
                    |why: &str| Err(Error::wrong(format!("pi({x}) {why}: a machine of this run computes wrongly")));
                match found.sound {
                    false => wrong("came to parts that contradict each other"),
                    true if !plausible(x, found.pi) => wrong(&format!("cannot be {}", found.pi)),
                    true => Ok(found.pi),
                }
            }
        }
    }
}

impl ByLeaves {
    pub fn new(span: Span, rows: Rows, lanes: &'static Lanes) -> ByLeaves {
        // An empty range has no primes wherever it is.
        let [upper, lower] = [span.end(), span.start()].map(|end| if span.is_empty() { 0 } else { end });
        ByLeaves { span, rows, lanes, upper: Pi::new(upper, lanes), lower: Pi::new(lower, lanes) }
    }

    /// How its numbers are computed, for the report.
    pub fn how(&self) -> impl Iterator<Item = String> {
        [&self.upper, &self.lower].into_iter().filter_map(|pi| match pi {
            Pi::Few(_) => None,
            Pi::Many(gourdon) => Some(gourdon.params().to_string()),
        })
    }

    /// Expected picoseconds.
    pub fn cost(&self) -> u128 {
        let cost = |pi: &Pi| if let Pi::Many(gourdon) = pi { gourdon.cost() } else { 0 };
        cost(&self.upper) + cost(&self.lower)
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
        let compute = |pi: &Pi, unit: u64, worker: &mut Option<Worker>| {
            let Pi::Many(gourdon) = pi else { unreachable!("it has no units") };
            gourdon.compute(unit, worker.get_or_insert_with(|| Worker::new(sieve.another())))
        };
        Ok(match unit.checked_sub(self.upper.units()) {
            None => Ends { upper: compute(&self.upper, unit, upper), lower: Sums::default() },
            Some(unit) => Ends { upper: Sums::default(), lower: compute(&self.lower, unit, lower) },
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

macro_rules! fields {
    ($($t:ident { $($field:ident)* })*) => {$(
        impl Wire for $t {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn take(bytes: &mut &[u8]) -> Result<$t> {
                Ok($t { $($field: Wire::take(bytes)?),* })
            }
        }
    )*};
}
fields! {
    Ends { upper lower }
    Sums { hard low high ordinary sigma }
    Hard { sum left right some sound }
    Tally { primes a b c }
    Asked { weight sum }
}
