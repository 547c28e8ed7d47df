//! π of one number, as part of a problem: the units of Gourdon's formula, and what they come to, which must be plausible;
//! and the same by another way.

use super::seconds;
use crate::error::{Error, Result};
use crate::math::approximate::plausible;
use crate::math::count::gourdon::{Asked, Gourdon, Hard, LEAST, Params, Sums, Tally, Worker};
use crate::math::lanes::Lanes;
use crate::math::sieve::{Sieve, naive};
use crate::math::trial;
use crate::wire;
use crate::work::{Forecast, Part};

pub enum Pi {
    /// So small that its primes can be found when the answer is made.
    Few(usize),
    /// As few, which are then tried one by one.
    Tried(usize),
    Many(Box<Gourdon>),
}

impl Pi {
    /// Of the numbers below `end`, of which the last is one that the formula takes.
    pub fn new(end: u128, lanes: &'static Lanes) -> Pi {
        match end.saturating_sub(1) {
            x if x < LEAST => Pi::Few(x as usize),
            x => Pi::Many(Box::new(Gourdon::new(Params::new(x), lanes))),
        }
    }

    fn gourdon(&self) -> Option<&Gourdon> {
        if let Pi::Many(gourdon) = self { Some(gourdon) } else { None }
    }

    /// The same number by another way.
    pub fn again(&self, lanes: &'static Lanes) -> Pi {
        match self {
            Pi::Few(x) | Pi::Tried(x) => Pi::Tried(*x),
            Pi::Many(gourdon) => Pi::Many(Box::new(Gourdon::new(gourdon.params().others(), lanes))),
        }
    }

    pub fn x(&self) -> u128 {
        match self {
            Pi::Few(x) | Pi::Tried(x) => *x as u128,
            Pi::Many(gourdon) => gourdon.params().x,
        }
    }

    /// What it is counted by.
    pub fn by(&self) -> String {
        match self {
            Pi::Few(_) => "the naive sieve".into(),
            Pi::Tried(_) => "trial division".into(),
            Pi::Many(gourdon) => format!("leaves with {}", gourdon.params()),
        }
    }

    /// How it is computed, for the report.
    pub fn how(&self) -> Option<String> {
        self.gourdon().map(|gourdon| gourdon.params().to_string())
    }

    pub fn units(&self) -> u64 {
        self.gourdon().map_or(0, Gourdon::units)
    }

    /// Expected picoseconds.
    pub fn cost(&self) -> u128 {
        self.gourdon().map_or(0, Gourdon::cost)
    }

    pub fn forecast(&self) -> Forecast {
        let (rank_bytes, thread_bytes) = self.gourdon().map_or((0, 0), Gourdon::memory);
        Forecast { seconds: seconds(self.cost()), rank_bytes, thread_bytes, ..Forecast::default() }
    }

    /// A unit; the worker is made like the sieve when there is none yet.
    pub fn compute(&self, unit: u64, sieve: &Sieve, worker: &mut Option<Worker>) -> Sums {
        let gourdon = self.gourdon().expect("the few have no units");
        gourdon.compute(unit, worker.get_or_insert_with(|| Worker::new(sieve.another())))
    }

    pub fn close(&self, sums: Sums) -> Result<u128> {
        match self {
            Pi::Few(x) => Ok(naive::primes(*x).len() as u128),
            Pi::Tried(x) => Ok(trial::count(0, *x as u64).into()),
            Pi::Many(gourdon) => {
                let (x, found) = (gourdon.params().x, gourdon.close(sums));
                match found.sound {
                    false => Err(Error::wrong(format!("pi({x}) came to parts that contradict each other"))),
                    true if !plausible(x, found.pi) => Err(Error::wrong(format!("pi({x}) cannot be {}", found.pi))),
                    true => Ok(found.pi),
                }
            }
        }
    }
}

impl Part for Sums {
    fn merge(self, right: Sums) -> Sums {
        Sums::merge(self, right)
    }
}

wire::fields! {
    Sums { hard low high ordinary sigma }
    Hard { sum left right some sound }
    Tally { primes a b c }
    Asked { weight sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn what_contradicts_itself_or_riemann_is_no_answer() {
        let lanes = lanes::pick(None).unwrap();
        let pi = Pi::new(1_000_001, lanes);
        let (sieve, mut worker) = (Sieve::new(lanes, 32 << 10), None);
        let units = (0..pi.units()).map(|unit| pi.compute(unit, &sieve, &mut worker));
        let whole = units.fold(Sums::default(), Sums::merge);
        assert_eq!(pi.close(whole), Ok(78_498));
        let torn = Sums { hard: Hard { sound: false, ..whole.hard }, ..whole };
        let off = Sums { sigma: whole.sigma + 1_000, ..whole };
        for (sums, why) in [(torn, "contradict each other"), (off, "cannot be 79498")] {
            let error = pi.close(sums).unwrap_err();
            assert_eq!(error.code(), 3);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
