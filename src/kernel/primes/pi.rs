//! π of one number as part of a problem: the units of Gourdon's formula, and their sums, which must be plausible; and a second count
//! with other parameters.

use super::formula::Formula;
use super::named;
use super::sieving::seconds;
use crate::error::{Error, Result};
use crate::math::approximate::plausible;
use crate::math::count::gourdon::{
    Gourdon, Hard, Params, PlaceSums, TermSums, UnitCosts, WeightedPi, Workspace, X_LEAST,
};
use crate::math::lanes::Lanes;
use crate::math::sieve::{Sieve, naive};
use crate::math::trial;
use crate::wire;
use crate::work::{Forecast, NamedIntegers, Part};
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

/// One number, and how its π is found.
pub enum Pi {
    /// So small that its primes are found when the answer is made.
    Few(usize),
    /// So small that the numbers are tested one by one.
    Tried(usize),
    Many(Box<Many>),
}

/// A number for the formula. There may be many such numbers, so none has tables before its turn or after it: they exist as long as a
/// thread computes units of the number.
pub struct Many {
    x: u128,
    /// Whether it is counted with other parameters than usual.
    again: bool,
    lanes: &'static Lanes,
    costs: UnitCosts,
    open: Mutex<Weak<Gourdon>>,
}

/// What a thread has for the units of one number.
pub struct At {
    gourdon: Arc<Gourdon>,
    workspace: Workspace,
}

impl Many {
    fn new(x: u128, again: bool, lanes: &'static Lanes) -> Many {
        let mut many = Many { x, again, lanes, costs: UnitCosts::default(), open: Mutex::default() };
        many.costs = Gourdon::unit_costs(&many.params());
        many
    }

    fn params(&self) -> Params {
        let params = Params::new(self.x);
        if self.again { params.others() } else { params }
    }

    /// The formula with its tables, which all threads at this number share.
    fn open(&self) -> Arc<Gourdon> {
        let mut open = self.open.lock().expect("no thread panics while it holds the lock");
        open.upgrade().unwrap_or_else(|| {
            let gourdon = Arc::new(Gourdon::new(self.params(), self.lanes));
            *open = Arc::downgrade(&gourdon);
            gourdon
        })
    }
}

impl Pi {
    /// π of the numbers below `end`, the last of which the formula accepts.
    pub fn new(end: u128, lanes: &'static Lanes) -> Pi {
        match end.saturating_sub(1) {
            x if x < X_LEAST => Pi::Few(x as usize),
            x => Pi::Many(Box::new(Many::new(x, false, lanes))),
        }
    }

    fn many(&self) -> Option<&Many> {
        if let Pi::Many(many) = self { Some(many) } else { None }
    }

    /// Expected picoseconds.
    pub fn cost(&self) -> u128 {
        self.many().map_or(0, |many| many.costs.whole())
    }
}

impl Formula for Pi {
    type Sums = TermSums;
    type Open = At;
    type Found = u128;
    const SAMPLE_END: u128 = 10_000_000_000_000;

    fn again(&self) -> Pi {
        match self {
            Pi::Few(x) | Pi::Tried(x) => Pi::Tried(*x),
            Pi::Many(many) => Pi::Many(Box::new(Many::new(many.x, true, many.lanes))),
        }
    }

    fn x(&self) -> u128 {
        match self {
            Pi::Few(x) | Pi::Tried(x) => *x as u128,
            Pi::Many(many) => many.x,
        }
    }

    fn by(&self) -> String {
        match self {
            Pi::Few(_) => "the naive sieve".into(),
            Pi::Tried(_) => "trial division".into(),
            Pi::Many(many) => format!("gourdon with {}", many.params()),
        }
    }

    fn how(&self) -> Option<String> {
        self.many().map(|many| many.params().to_string())
    }

    fn units(&self) -> u64 {
        self.many().map_or(0, |many| many.costs.units())
    }

    fn forecast(&self) -> Forecast {
        let (open_bytes, thread_bytes) = self.many().map_or((0, 0), |many| Gourdon::memory(&many.params()));
        Forecast { seconds: seconds(self.cost()), open_bytes, thread_bytes, ..Forecast::default() }
    }

    fn share(&self, units: &Range<u64>) -> f64 {
        self.many().map_or(0.0, |many| many.costs.share(units))
    }

    fn compute(&self, unit: u64, sieve: &Sieve, at: &mut Option<At>) -> TermSums {
        let many = self.many().expect("the few have no units");
        let begin = || At { gourdon: many.open(), workspace: Workspace::new(sieve.another()) };
        let At { gourdon, workspace } = at.get_or_insert_with(begin);
        gourdon.compute(unit, workspace)
    }

    fn can_be(&self, units: &Range<u64>, sums: &TermSums) -> bool {
        self.many().is_some_and(|many| Gourdon::can_be(&many.params(), units, sums))
    }

    fn numbers(of: &str, sums: &TermSums) -> Option<NamedIntegers> {
        Some(named::of_terms(of, sums))
    }

    fn sums_of(of: &str, numbers: &NamedIntegers) -> Option<TermSums> {
        named::terms(of, numbers)
    }

    fn close(&self, sums: TermSums) -> Result<u128> {
        match self {
            Pi::Few(x) => Ok(naive::primes(*x).len() as u128),
            Pi::Tried(x) => Ok(trial::count(0, *x as u64).into()),
            Pi::Many(many) => {
                let (x, found) = (many.x, Gourdon::found(&many.params(), sums));
                match found.sound {
                    false => Err(Error::wrong(format!("the parts of pi({x}) contradict each other"))),
                    true if !plausible(x, found.pi) => Err(Error::wrong(format!("pi({x}) cannot be {}", found.pi))),
                    true => Ok(found.pi),
                }
            }
        }
    }
}

impl Part for TermSums {
    fn merge(self, right: TermSums) -> TermSums {
        TermSums::merge(self, right)
    }
}

wire::fields! {
    TermSums { hard low high ordinary sigma }
    Hard { sum left right some sound }
    PlaceSums { primes a b c }
    WeightedPi { weight sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn what_contradicts_itself_or_riemann_is_no_answer() {
        let lanes = lanes::pick(None).unwrap();
        let pi = Pi::new(1_000_001, lanes);
        let (sieve, mut at) = (Sieve::new(lanes, 32 << 10), None);
        let units = (0..pi.units()).map(|unit| pi.compute(unit, &sieve, &mut at));
        let whole = units.fold(TermSums::default(), TermSums::merge);
        assert_eq!(pi.close(whole), Ok(78_498));
        let torn = TermSums { hard: Hard { sound: false, ..whole.hard }, ..whole };
        let off = TermSums { sigma: whole.sigma + 1_000, ..whole };
        for (sums, why) in [(torn, "contradict each other"), (off, "cannot be 79498")] {
            let error = pi.close(sums).unwrap_err();
            assert_eq!(error.code(), 3);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
