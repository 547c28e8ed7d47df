//! Trial division, exactly as the Python tutorials do it: 2, 3, then every 6k-1 and 6k+1 up to the root.
//!
//! The bottom of the ladder: too simple to be wrong, so it judges the sieve. It is also what teachers
//! compare languages and schedulers with, so its loop is the tutorials' loop. O(√n / 3) divisions for a
//! prime n; no memory.

/// Whether `n` is prime.
pub fn is_prime(n: u64) -> bool {
    // A narrow division takes half the time of a wide one.
    match u32::try_from(n) {
        Ok(n) => narrow(n),
        Err(_) => wide(n),
    }
}

/// How many primes there are from `first` to `last`, both included.
pub fn count(first: u64, last: u64) -> u64 {
    (first..=last).map(|n| u64::from(is_prime(n))).sum()
}

macro_rules! by_division {
    ($name:ident, $t:ty) => {
        fn $name(n: $t) -> bool {
            if n <= 3 {
                return n > 1;
            }
            if n % 2 == 0 || n % 3 == 0 {
                return false;
            }
            let (mut i, root) = (5, n.isqrt());
            while i <= root {
                if n % i == 0 || n % (i + 2) == 0 {
                    return false;
                }
                i += 6;
            }
            true
        }
    };
}
by_division!(narrow, u32);
by_division!(wide, u64);

/// The cost of deciding one number near `n` in picoseconds on a core of 2024; grows with √n / ln n, for the
/// primes, and with √√n for the rest. Integers only: every rank must come to the same number.
pub fn cost(n: u128) -> u64 {
    let (root, bits) = (n.isqrt() as u64, u64::from(128 - n.leading_zeros()));
    1_000 + 900 * root / (bits + 1) + 1_000 * root.isqrt() / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers() {
        let primes: Vec<u64> = (0..60).filter(|&n| is_prime(n)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]);
    }

    #[test]
    fn both_widths_agree_where_they_meet() {
        for n in (0..5_000).chain(u64::from(u32::MAX) - 300..=u64::from(u32::MAX)) {
            assert_eq!(narrow(n as u32), wide(n), "{n}");
        }
    }

    #[test]
    fn squares_of_primes_are_not_prime() {
        for p in [5u64, 7, 65_521, 65_537, 4_294_967_291] {
            assert!(!is_prime(p * p), "{p} squared");
            assert!(!is_prime(p * (p - 2)), "{p} times its neighbour");
        }
        assert!(is_prime(18_446_744_073_709_551_557));
        assert!(!is_prime(u64::MAX));
    }

    #[test]
    fn the_tutorials_ranges() {
        assert_eq!([0, 1, 2].map(|i| count(i * 1_000_000, i * 1_000_000 + 999_999)), [78498, 70435, 67883]);
    }
}
