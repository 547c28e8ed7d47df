//! Trial division, exactly as the Python tutorials do it: by 2, 3, then every 6k-1 and 6k+1 up to the square root.
//!
//! This is the lowest step of the ladder. It is too simple to be wrong, so the sieve is tested against it. Teachers also
//! compare languages and schedulers with it, so its divisors are those of the tutorials, in their order. Below 2^32 eight
//! divisors are tried at a time, in floats, which divide exactly there.
//! Cost: O(√n / 3) divisions for a prime n. Memory: none.

/// The end of the numbers that can be divided.
pub const TRIAL_END: u128 = 1 << 64;

/// Whether `n` is prime.
pub fn is_prime(n: u64) -> bool {
    if n <= 3 {
        return n > 1;
    }
    if n.is_multiple_of(2) || n.is_multiple_of(3) {
        return false;
    }
    match (GROUPED_FROM..1 << 32).contains(&n) {
        true => by_eights(n as u32),
        false => one_by_one(n),
    }
}

/// How many primes there are from `first` to `last`, both included.
pub fn count(first: u64, last: u64) -> u64 {
    (first..=last).map(|n| u64::from(is_prime(n))).sum()
}

/// Below this, a group of eight divisors could contain n itself.
const GROUPED_FROM: u64 = 2048;

/// The usual loop.
fn one_by_one(n: u64) -> bool {
    let (mut i, root) = (5, n.isqrt());
    while i <= root {
        if n.is_multiple_of(i) || n.is_multiple_of(i + 2) {
            return false;
        }
        i += 6;
    }
    true
}

/// The same divisors in groups of eight. The last group may go some numbers beyond the root. A divisor found there has a
/// smaller cofactor, so n is composite all the same.
///
/// A quotient that is not an integer differs from every integer by at least 1/d > 2^-17. Floats below 2^32 are at most
/// 2^-20 apart, so such a quotient is not rounded to an integer.
fn by_eights(n: u32) -> bool {
    /// Adding and then subtracting this number rounds a float to an integer.
    const ROUNDING: f64 = (1u64 << 52) as f64;
    let (n, root) = (f64::from(n), f64::from(n.isqrt()));
    let mut divisors = [5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 25.0];
    while divisors[0] <= root {
        let mut divides = false;
        for divisor in &mut divisors {
            let quotient = n / *divisor;
            divides |= quotient + ROUNDING - ROUNDING == quotient;
            *divisor += 24.0;
        }
        if divides {
            return false;
        }
    }
    true
}

/// The cost of testing one number near `n`, in picoseconds on a core of 2024. It grows with √n / ln n for the primes, and
/// with √√n for the other numbers. Integers only: every rank must get the same number.
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
    fn groups_of_eight_find_what_single_divisors_find() {
        for n in
            (0..100_000).chain((1 << 31) - 300..(1 << 31) + 300).chain(u64::from(u32::MAX) - 300..=u64::from(u32::MAX))
        {
            assert_eq!(is_prime(n), n > 3 && n % 2 != 0 && n % 3 != 0 && one_by_one(n) || n == 2 || n == 3, "{n}");
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
