//! Counting a second time, for `--verify`.
//!
//! A wrong count comes from a mistake in the code or from a faulty machine. So the second count uses another method, in which the same
//! mistake would have another effect: the formula with other parameters, for which all of its terms differ; the sieve without
//! vector instructions and with blocks of another size.

use crate::error::{Error, Result};
use crate::math::lanes;
use crate::math::sieve::Sieve;
use crate::placement::Placement;
use std::fmt::Display;

/// One of so many units of the sieve is counted twice, and always the first.
const VERIFIED_EVERY: u64 = 64;

/// The lanes of the second count, which every processor has and which use no vectors.
pub const SECOND_LANES: &str = "scalar";

/// How many times as long as the first count the second one takes: 1.1 for low numbers, 2.2 near 10^18 compared with AVX-512.
const SLOWER: f64 = 2.0;

/// Compares two counts of the same numbers; each comes with the words for its method.
///
/// # Errors
/// [`Error::Wrong`] if they differ.
pub fn agree<N: Display + PartialEq>(what: &str, one: (N, &str), other: (N, &str)) -> Result<()> {
    if one.0 == other.0 {
        return Ok(());
    }
    let told = format!("{} by {}, but {} by {}", one.0, one.1, other.0, other.1);
    Err(Error::wrong(format!("{what} has two values, {told}")))
}

/// A sieve for second counts.
pub fn sieve(placement: &Placement) -> Sieve {
    let lanes = lanes::pick(Some(SECOND_LANES)).expect("every processor has them");
    Sieve::with_block(lanes, placement.cache / 2)
}

/// Whether a unit is counted twice.
pub fn picks(unit: u64) -> bool {
    unit.is_multiple_of(VERIFIED_EVERY)
}

/// The words for it in the report.
pub fn share() -> String {
    format!("1 unit in {VERIFIED_EVERY} by {SECOND_LANES} lanes")
}

/// The additional time for so many units.
pub fn longer(units: u64) -> f64 {
    1.0 + SLOWER * units.div_ceil(VERIFIED_EVERY) as f64 / units.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_both_values() {
        assert_eq!(agree("pi(10)", (4, "gourdon"), (4, "trial division")), Ok(()));
        let why = agree("pi(10)", (4, "gourdon"), (5, "trial division")).unwrap_err();
        assert_eq!(why.code(), 3);
        let told =
            "pi(10) has two values, 4 by gourdon, but 5 by trial division: a machine of this run computes wrongly";
        assert_eq!(why.to_string(), told);
    }

    #[test]
    fn some_units_are_counted_twice_and_always_the_first() {
        assert_eq!((0..130).filter(|&unit| picks(unit)).collect::<Vec<_>>(), [0, 64, 128]);
        assert_eq!([1, 64, 128].map(longer), [3.0, 1.0 + 2.0 / 64.0, 1.0 + 2.0 / 64.0]);
    }
}
