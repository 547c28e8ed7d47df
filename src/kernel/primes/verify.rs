//! Counting twice: what `--verify` compares.
//!
//! A wrong count comes of a mistake in the code or of a machine that miscalculates. So the second count takes another way, on
//! which the same mistake would do something else: the formula with other limits, by which every one of its terms differs;
//! the sieve without vector instructions and in blocks of another size.

use crate::error::{Error, Result};
use crate::math::lanes;
use crate::math::sieve::Sieve;
use crate::seat::Seat;

/// One unit of the sieve in so many is counted twice, and always the first.
const EVERY: u64 = 64;

/// The lanes of the second count: no processor lacks them, and none has vectors in them.
pub const LANES: &str = "scalar";

/// How many times as long as the first one a second count takes: 1.1 low down, 2.2 near 10^18 against AVX-512.
const SLOWER: f64 = 2.0;

/// Compares two counts of the same: each is told with how it came to be.
pub fn agree(what: &str, one: (u128, &str), other: (u128, &str)) -> Result<()> {
    if one.0 == other.0 {
        return Ok(());
    }
    let told = format!("{} by {}, but {} by {}", one.0, one.1, other.0, other.1);
    Err(Error::wrong(format!("{what} has two values, {told}")))
}

/// A sieve for second counts.
pub fn sieve(seat: &Seat) -> Sieve {
    let lanes = lanes::pick(Some(LANES)).expect("every processor has them");
    Sieve::with_block(lanes, seat.cache / 2)
}

/// Whether a unit is counted twice.
pub fn picks(unit: u64) -> bool {
    unit.is_multiple_of(EVERY)
}

/// What that is called.
pub fn share() -> String {
    format!("1 unit in {EVERY} by {LANES} lanes")
}

/// How much longer so many units take with it.
pub fn longer(units: u64) -> f64 {
    1.0 + SLOWER * units.div_ceil(EVERY) as f64 / units.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_both_values() {
        assert_eq!(agree("pi(10)", (4, "leaves"), (4, "trial division")), Ok(()));
        let why = agree("pi(10)", (4, "leaves"), (5, "trial division")).unwrap_err();
        assert_eq!(why.code(), 3);
        let told =
            "pi(10) has two values, 4 by leaves, but 5 by trial division: a machine of this run computes wrongly";
        assert_eq!(why.to_string(), told);
    }

    #[test]
    fn some_units_are_counted_twice_and_always_the_first() {
        assert_eq!((0..130).filter(|&unit| picks(unit)).collect::<Vec<_>>(), [0, 64, 128]);
        assert_eq!([1, 64, 128].map(longer), [3.0, 1.0 + 2.0 / 64.0, 1.0 + 2.0 / 64.0]);
    }
}
