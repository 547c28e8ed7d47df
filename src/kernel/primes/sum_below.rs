//! The sum of the primes up to one number, each raised to some power, by Gourdon's formula.

use super::formula::Formula;
use super::sieving::seconds;
use crate::error::{Error, Result};
use crate::math::approximate;
use crate::math::count::gourdon::powers::{self, HardSums, PowerFormula, PowerSums, PowerWorkspace};
use crate::math::count::gourdon::powers::{SliceSums, WeightedSums};
use crate::math::count::gourdon::{Gourdon, Params, UnitCosts, X_END, X_LEAST};
use crate::math::integer::{self, Integer};
use crate::math::lanes::Lanes;
use crate::math::ring::U256;
use crate::math::sieve::{Sieve, naive};
use crate::math::trial;
use crate::wire;
use crate::work::{Forecast, Part};
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

/// The sum of p^K over the primes up to one number, K being the parameter.
pub enum SumBelow<const K: usize> {
    /// So small that its primes are found when the answer is made.
    Few(usize),
    /// So small that the numbers are tested one by one.
    Tried(usize),
    Many(Box<LargeSum>),
}

/// A number for the formula. Its tables exist as long as a thread computes units of the number.
pub struct LargeSum {
    params: Params,
    lanes: &'static Lanes,
    costs: UnitCosts,
    open: Mutex<Weak<PowerFormula>>,
}

/// What a thread has for the units of one number.
pub struct SumAt {
    formula: Arc<PowerFormula>,
    workspace: PowerWorkspace,
}

/// How many times as long as counting it takes, for each power.
const SLOWER: [u128; 4] = [5, 4, 18, 27];

/// Whether the formula adds up the primes below `end`, each raised to `exponent`.
pub fn reaches(end: u128, exponent: u32) -> bool {
    end <= X_END && powers::fits(end.saturating_sub(1), exponent as usize)
}

/// Expected picoseconds of the sum below `end`.
pub fn cost(end: u128, exponent: u32) -> u128 {
    match end.saturating_sub(1) {
        x if x < X_LEAST => 0,
        x => Gourdon::unit_costs(&Params::new(x)).whole() * SLOWER[exponent as usize],
    }
}

impl<const K: usize> SumBelow<K> {
    /// The sum over the primes below `end`, which the formula [`reaches`].
    pub fn new(end: u128, lanes: &'static Lanes) -> SumBelow<K> {
        match end.saturating_sub(1) {
            x if x < X_LEAST => SumBelow::Few(x as usize),
            x => SumBelow::many(Params::new(x), lanes),
        }
    }

    fn many(params: Params, lanes: &'static Lanes) -> SumBelow<K> {
        let costs = Gourdon::unit_costs(&params);
        SumBelow::Many(Box::new(LargeSum { params, lanes, costs, open: Mutex::default() }))
    }
}

impl LargeSum {
    /// The formula with its tables, which all threads at this number share.
    fn open(&self, exponent: usize) -> Arc<PowerFormula> {
        let mut open = self.open.lock().expect("no thread panics while it holds the lock");
        open.upgrade().unwrap_or_else(|| {
            let formula = Arc::new(PowerFormula::new(self.params, exponent, self.lanes));
            *open = Arc::downgrade(&formula);
            formula
        })
    }
}

impl<const K: usize> Formula for SumBelow<K> {
    type Sums = PowerSums;
    type Open = SumAt;
    type Found = Integer;
    const SAMPLE_END: u128 = 100_000_000_000;

    fn again(&self) -> SumBelow<K> {
        match self {
            SumBelow::Few(x) | SumBelow::Tried(x) => SumBelow::Tried(*x),
            SumBelow::Many(many) => SumBelow::many(many.params.others(), many.lanes),
        }
    }

    fn x(&self) -> u128 {
        match self {
            SumBelow::Few(x) | SumBelow::Tried(x) => *x as u128,
            SumBelow::Many(many) => many.params.x,
        }
    }

    fn by(&self) -> String {
        match self {
            SumBelow::Few(_) => "the naive sieve".into(),
            SumBelow::Tried(_) => "trial division".into(),
            SumBelow::Many(many) => format!("gourdon with {}", many.params),
        }
    }

    fn how(&self) -> Option<String> {
        if let SumBelow::Many(many) = self { Some(many.params.to_string()) } else { None }
    }

    fn units(&self) -> u64 {
        if let SumBelow::Many(many) = self { many.costs.units() } else { 0 }
    }

    fn forecast(&self) -> Forecast {
        let SumBelow::Many(many) = self else { return Forecast::default() };
        let (open_bytes, thread_bytes) = PowerFormula::memory(&many.params);
        Forecast { seconds: seconds(many.costs.whole() * SLOWER[K]), open_bytes, thread_bytes, ..Forecast::default() }
    }

    fn share(&self, units: &Range<u64>) -> f64 {
        if let SumBelow::Many(many) = self { many.costs.share(units) } else { 0.0 }
    }

    fn compute(&self, unit: u64, sieve: &Sieve, at: &mut Option<SumAt>) -> PowerSums {
        let SumBelow::Many(many) = self else { unreachable!("the few have no units") };
        let begin = || SumAt { formula: many.open(K), workspace: PowerWorkspace::new(sieve.another()) };
        let SumAt { formula, workspace } = at.get_or_insert_with(begin);
        formula.compute(unit, workspace)
    }

    fn can_be(&self, units: &Range<u64>, sums: &PowerSums) -> bool {
        matches!(self, SumBelow::Many(many) if PowerFormula::can_be(&many.params, units, sums))
    }

    fn close(&self, sums: PowerSums) -> Result<Integer> {
        let sum = |primes: &mut dyn Iterator<Item = u64>| {
            primes.map(|p| integer::raised(Integer::from(p), K as u32)).sum::<Integer>()
        };
        let many = match self {
            SumBelow::Few(x) => return Ok(sum(&mut naive::primes(*x).into_iter().map(u64::from))),
            SumBelow::Tried(x) => return Ok(sum(&mut (2..=*x as u64).filter(|&n| trial::is_prime(n)))),
            SumBelow::Many(many) => many,
        };
        let x = many.params.x;
        match PowerFormula::found(&many.params, K, sums) {
            None => {
                Err(Error::wrong(format!("the sum of the primes up to {x} came to parts that contradict each other")))
            }
            Some(found) if is_plausible(x, K as u32, &found) => Ok(found),
            Some(found) => Err(Error::wrong(format!("the sum of the primes up to {x} cannot be {found}"))),
        }
    }
}

/// Whether the primes up to x can have this sum of powers. Between x/2 and x each is at least (x/2)^K, and none is above x^K.
fn is_plausible(x: u128, exponent: u32, sum: &Integer) -> bool {
    let power = |n: u128| integer::raised(Integer::from(n), exponent);
    let (half, all) = (approximate::possible(x / 2 + 1, x + 1), approximate::possible(0, x + 1));
    Integer::from(*half.start()) * power(x / 2) <= *sum && *sum <= Integer::from(*all.end()) * power(x)
}

impl Part for PowerSums {
    fn merge(self, right: PowerSums) -> PowerSums {
        PowerSums::merge(self, right)
    }
}

wire::fields! {
    PowerSums { hard low high ordinary sigma }
    HardSums { sum left right some sound }
    SliceSums { primes squares a b c }
    WeightedSums { weight sum }
    U256 { high low }
}

#[cfg(test)]
mod tests {
    use super::super::by_formula::{ByFormula, Counting};
    use super::super::rows::{Asked, Rows};
    use super::*;
    use crate::kernel::tests::column;
    use crate::math::lanes;
    use crate::math::span::Span;
    use crate::work::tests::whole;

    fn sums<const K: usize>(ranges: &[(u128, u128)], counting: Counting) -> Vec<String> {
        let spans = ranges.iter().map(|&(start, end)| Span::new(start, end).unwrap()).collect();
        let rows = Rows { asked: Asked::Sums(K as u32), certainty: false, cumulative: false };
        let work = ByFormula::new(spans, rows, lanes::pick(None).unwrap(), counting, SumBelow::<K>::new);
        column(&whole(&work), "sum")
    }

    #[test]
    fn ranges_are_differences() {
        for counting in Counting::ALL {
            let ranges = [(0, 11), (0, 2_000_000), (300_000, 2_000_000), (5, 5), (0, 300_000)];
            assert_eq!(sums::<1>(&ranges, counting), ["17", "142913828922", "139204321808", "0", "3709507114"]);
            assert_eq!(sums::<0>(&[(0, 1_000_001)], counting), ["78498"]);
            assert_eq!(sums::<2>(&[(0, 11), (0, 1_000_000)], counting), ["87", "24693298341834533"]);
            assert_eq!(sums::<3>(&[(0, 11), (0, 1_000_000)], counting), ["503", "18393235410255348281725"]);
        }
    }

    #[test]
    fn what_contradicts_itself_or_cannot_be_is_no_answer() {
        let lanes = lanes::pick(None).unwrap();
        let below = SumBelow::<1>::new(1_000_001, lanes);
        let (sieve, mut at) = (Sieve::new(lanes, 32 << 10), None);
        let units = (0..below.units()).map(|unit| below.compute(unit, &sieve, &mut at));
        let whole = units.fold(PowerSums::default(), PowerSums::merge);
        assert_eq!(below.close(whole), Ok(Integer::from(37_550_402_023u64)));
        let torn = PowerSums { hard: HardSums { sound: false, ..whole.hard }, ..whole };
        let off = PowerSums { sigma: U256 { high: 0, low: whole.sigma.low.wrapping_sub(1 << 60) }, ..whole };
        for (sums, why) in [(torn, "contradict each other"), (off, "cannot be ")] {
            let error = below.close(sums).unwrap_err();
            assert_eq!(error.code(), 3);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
