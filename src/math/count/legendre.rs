//! Legendre's formula (1808): π(x) = φ(x, a) + a - 1 where a = π(√x): of 1..=x the primes up to √x leave 1 and the primes
//! above √x.
//!
//! Cost and memory: those of [`phi`].

use super::phi::{self, Phi};

/// π(x).
pub fn pi(x: u64) -> u64 {
    if x < 2 {
        return 0;
    }
    let phi = Phi::up_to_the_root(x);
    closed(&phi, phi.removed(0, 1)).expect("no more is removed than there is")
}

/// π(x), from the tables for all primes up to √x and from what all shares of the recursion remove; `None` if more is removed than
/// there is.
pub fn closed(phi: &Phi, removed: i128) -> Option<u64> {
    (phi.close(removed)? as u64 + phi.primes()).checked_sub(1).or(Some(0))
}

/// About the seconds for π(x) on a core of 2023.
pub fn seconds(x: u64) -> f64 {
    phi::seconds(x.into(), u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{around_powers, known};
    use super::*;
    use crate::math::sieve::naive;
    use proptest::prelude::*;

    #[test]
    fn every_small_number() {
        let primes = naive::primes(5000);
        for x in 0..5000 {
            assert_eq!(pi(x), primes.partition_point(|&p| u64::from(p) <= x) as u64, "pi({x})");
        }
    }

    #[test]
    fn the_known_values() {
        for (x, count) in known(100_000_000_000) {
            assert_eq!(pi(x), count, "pi({x})");
        }
    }

    #[test]
    fn around_squares_cubes_and_fourth_powers() {
        let primes = naive::primes(2_000_000);
        for x in around_powers(2_000_000) {
            assert_eq!(pi(x), primes.partition_point(|&p| u64::from(p) <= x) as u64, "pi({x})");
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(64))]

        #[test]
        fn steps_are_those_of_the_sieve(x in 0..1_000_000_000u64, width in 1..100_000u64) {
            let base = naive::primes(40_000);
            prop_assert_eq!(pi(x + width) - pi(x), naive::count(&base, x + 1, x + width));
        }
    }
}
