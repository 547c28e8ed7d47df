//! Which sums units can have. Terms that none of the units belongs to have no sums, and no sum is larger than any that a formula
//! below 10^25 can have. Whether the sums are right shows only when all units are done.

use super::layout::{FormulaLayout, FormulaTerm};
use super::powers::{PowerFormula, PowerSums};
use super::{Gourdon, Hard, Params, PlaceSums, TermSums, WeightedPi};
use crate::math::approximate;
use std::ops::Range;

/// Sums stay below this, with room for as many units as there can be.
const SUM_END: u128 = 1 << 100;

/// The weights stay below this.
const WEIGHT_END: u128 = 1 << 60;

/// So many low primes are known and not counted in slices.
const KNOWN_PRIMES: u128 = 16;

impl Gourdon {
    /// Whether `units` can have these sums.
    pub fn can_be(params: &Params, units: &Range<u64>, sums: &TermSums) -> bool {
        let layout = FormulaLayout::new(params);
        let some = |term: FormulaTerm| layout.numbers(term, units);
        let no_more = |sum: i128, term: FormulaTerm| sum == 0 || some(term).is_some() && sum.unsigned_abs() < SUM_END;
        is_hard(&sums.hard, some(FormulaTerm::Hard).is_some())
            && are_place_sums(&sums.low, some(FormulaTerm::Low))
            && are_place_sums(&sums.high, some(FormulaTerm::High))
            && no_more(sums.ordinary, FormulaTerm::Ordinary)
            && no_more(sums.sigma, FormulaTerm::Sigma)
    }
}

/// An empty slice leaves no trace of D.
fn is_hard(hard: &Hard, some: bool) -> bool {
    match hard.some {
        true => some && hard.sound && hard.sum.unsigned_abs() < SUM_END,
        false => *hard == Hard::default(),
    }
}

impl PowerFormula {
    /// Whether `units` can have these sums. Sums of powers wrap around, so only those that must be 0 tell anything.
    pub fn can_be(params: &Params, units: &Range<u64>, sums: &PowerSums) -> bool {
        let layout = FormulaLayout::new(params);
        let some = |term: FormulaTerm| layout.numbers(term, units).is_some();
        let nothing = PowerSums::default();
        let is_hard = match sums.hard.some {
            true => some(FormulaTerm::Hard) && sums.hard.sound,
            false => sums.hard == nothing.hard,
        };
        is_hard
            && (some(FormulaTerm::Low) || sums.low == nothing.low)
            && (some(FormulaTerm::High) || sums.high == nothing.high)
            && (some(FormulaTerm::Ordinary) || sums.ordinary == nothing.ordinary)
            && (some(FormulaTerm::Sigma) || sums.sigma == nothing.sigma)
    }
}

fn are_place_sums(sums: &PlaceSums, numbers: Option<Range<u64>>) -> bool {
    let Some(numbers) = numbers else { return *sums == PlaceSums::default() };
    let possible = approximate::possible(numbers.start.into(), numbers.end.into());
    let is_asked = |asked: &WeightedPi| asked.weight.unsigned_abs() < WEIGHT_END && asked.sum.unsigned_abs() < SUM_END;
    let primes = u128::from(sums.primes);
    primes <= *possible.end()
        && primes + KNOWN_PRIMES >= *possible.start()
        && [sums.a, sums.b, sums.c].iter().all(is_asked)
}
