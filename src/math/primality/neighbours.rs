//! The primes next to a number.
//!
//! A window of odd numbers is sieved by the primes below 256, and the candidates that remain are tested in order, four in step.
//! A composite verdict is certain, so the result is the nearest number that may be prime; [`super::certainty`] tells whether
//! it is proven.
//!
//! Cost: about five tests, which is one or two microseconds below 2^64 and ten times as much near 2^128. The widest gap below
//! 2^64 has 1550 numbers, so one or two windows are enough there.

use super::{are_prime, is_prime};

/// The odd primes below 256.
const SMALL: [u64; 53] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
    241, 251,
];

/// Below this number each candidate is tested by itself: no window may contain one of the small primes.
const LOW: u128 = 1 << 16;

/// Odd numbers of a window.
const WINDOW: usize = 512;

/// Candidates that are tested in step.
const IN_STEP: usize = 4;

/// The greatest prime below 2^128.
pub const GREATEST: u128 = u128::MAX - 158;

/// The smallest prime above `n`; `None` if it is above 2^128.
pub fn next_prime(n: u128) -> Option<u128> {
    if n < LOW {
        return (n + 1..).find(|&candidate| is_prime(candidate));
    }
    let mut start = n.checked_add(1)? | 1;
    loop {
        // The numbers end at 2^128.
        let count = ((u128::MAX - start) / 2 + 1).min(WINDOW as u128) as usize;
        let candidates = unsieved(start, count).into_iter();
        let found = first_prime(candidates.map(|place| start + 2 * place as u128));
        if found.is_some() || count < WINDOW {
            return found;
        }
        start = start.checked_add(2 * WINDOW as u128)?;
    }
}

/// The greatest prime below `n`; `None` if `n` is 2 or less.
pub fn prev_prime(n: u128) -> Option<u128> {
    if n <= 2 * LOW {
        return (2..n).rev().find(|&candidate| is_prime(candidate));
    }
    // The last odd number below n.
    let mut last = (n - 2) | 1;
    loop {
        let start = last - 2 * (WINDOW as u128 - 1);
        let candidates = unsieved(start, WINDOW).into_iter().rev();
        let found = first_prime(candidates.map(|place| start + 2 * place as u128));
        if found.is_some() {
            return found;
        }
        last = start - 2;
    }
}

/// Which odd numbers from `start` on no small prime divides: their places among `count` numbers.
fn unsieved(start: u128, count: usize) -> Vec<usize> {
    let mut composite = [false; WINDOW];
    for prime in SMALL {
        let rest = match u64::try_from(start) {
            Ok(start) => start % prime,
            Err(_) => (start % u128::from(prime)) as u64,
        };
        // The first place with start + 2·place = 0 modulo the prime.
        let missing = (prime - rest) % prime;
        let first = if missing % 2 == 0 { missing / 2 } else { (missing + prime) / 2 };
        composite[first as usize..].iter_mut().step_by(prime as usize).for_each(|number| *number = true);
    }
    (0..count).filter(|&place| !composite[place]).collect()
}

/// The first of the candidates that is prime.
fn first_prime(mut candidates: impl Iterator<Item = u128>) -> Option<u128> {
    loop {
        let group: Vec<u128> = candidates.by_ref().take(IN_STEP).collect();
        if group.is_empty() {
            return None;
        }
        // Numbers below 2^64 are tested in a third of the time.
        let narrow: Result<Vec<u64>, _> = group.iter().map(|&candidate| u64::try_from(candidate)).collect();
        let verdicts = match narrow {
            Ok(narrow) => are_prime(&narrow),
            Err(_) => are_prime(&group),
        };
        let found = group.into_iter().zip(verdicts).find(|(_, prime)| *prime);
        if let Some((prime, _)) = found {
            return Some(prime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::integer::Integer;
    use super::super::super::sieve::naive;
    use super::*;
    use proptest::prelude::*;

    /// The next prime after n, as GMP has it.
    fn judge(n: u128) -> u128 {
        Integer::from(n).next_prime().to_u128().unwrap()
    }

    #[test]
    fn every_number_up_to_two_windows_above_the_low_ones() {
        let primes: Vec<u128> = naive::primes(140_000).into_iter().map(u128::from).collect();
        for n in 0..139_000u128 {
            let above = primes.partition_point(|&prime| prime <= n);
            assert_eq!(next_prime(n), Some(primes[above]), "above {n}");
            let below = primes.partition_point(|&prime| prime < n);
            assert_eq!(prev_prime(n), below.checked_sub(1).map(|at| primes[at]), "below {n}");
        }
    }

    #[test]
    fn the_ends_of_the_numbers() {
        assert_eq!((prev_prime(0), prev_prime(1), prev_prime(2), prev_prime(3)), (None, None, None, Some(2)));
        assert_eq!(prev_prime(u128::MAX), Some(GREATEST));
        assert_eq!(next_prime(GREATEST - 1), Some(GREATEST));
        for n in [GREATEST, GREATEST + 1, u128::MAX - 1, u128::MAX] {
            assert_eq!(next_prime(n), None, "{n}");
        }
        // Across 2^64.
        let (below, above) = ((1 << 64) - 59, (1 << 64) + 13);
        for n in below..above {
            assert_eq!((next_prime(n), prev_prime(n + 1)), (Some(above), Some(below)), "{n}");
        }
    }

    #[test]
    fn wide_gaps() {
        for (after, gap) in [(1_693_182_318_746_371, 1132), (18_361_375_334_787_046_697, 1550)] {
            assert_eq!(next_prime(after), Some(after + gap));
            assert_eq!(prev_prime(after + gap), Some(after));
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(400))]

        #[test]
        fn neighbours_are_those_that_gmp_finds(n: u128, shift in 1..128u32) {
            let n = n >> shift;
            let next = judge(n);
            prop_assert_eq!(next_prime(n), Some(next));
            // No prime lies between.
            prop_assert_eq!(prev_prime(next).is_none_or(|prime| prime <= n), true);
            prop_assert_eq!(prev_prime(next + 1), Some(next));
        }
    }
}
