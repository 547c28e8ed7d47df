//! The interface between formulas for one number, which count or add up the primes up to it, and the kernels that use them.

use crate::error::Result;
use crate::math::integer::Integer;
use crate::math::sieve::Sieve;
use crate::work::{Forecast, NamedIntegers, Part};
use std::fmt::Display;
use std::ops::Range;

/// π of one number by some formula, or the sum of the primes up to it, cut into units.
pub trait Formula: Send + Sync + 'static {
    /// The result of some of its units.
    type Sums: Part + PartialEq;
    /// What a thread needs for the units of one number.
    type Open;
    /// What it finds: a count or a sum.
    type Found: Clone + Display + Into<Integer> + PartialEq;
    /// The end of a range from 0 whose count takes some milliseconds: its real time divided by its forecast holds for longer counts too.
    const SAMPLE_END: u128;

    /// The same number, counted in another way.
    fn again(&self) -> Self;
    fn x(&self) -> u128;
    /// The words for its method.
    fn by(&self) -> String;
    /// How it is computed, for the report.
    fn how(&self) -> Option<String>;
    fn units(&self) -> u64;
    fn forecast(&self) -> Forecast;
    /// The part of the forecast's seconds that these units take. They cost the same unless a formula knows better.
    fn share(&self, units: &Range<u64>) -> f64 {
        (units.end - units.start) as f64 / self.units().max(1) as f64
    }
    /// Computes a unit. What a thread needs for it, such as the sieve, is made if it is not there yet.
    fn compute(&self, unit: u64, sieve: &Sieve, open: &mut Option<Self::Open>) -> Self::Sums;
    /// Whether these units can have this result.
    fn can_be(&self, units: &Range<u64>, sums: &Self::Sums) -> bool;
    /// The sums as integers whose names begin with `of`; `None` if they are told otherwise only.
    fn numbers(_of: &str, _sums: &Self::Sums) -> Option<NamedIntegers> {
        None
    }
    /// The sums of these names.
    fn sums_of(_of: &str, _numbers: &NamedIntegers) -> Option<Self::Sums> {
        None
    }
    /// What is known of the number, from the result of all units.
    fn close(&self, sums: Self::Sums) -> Result<Self::Found>;
}
