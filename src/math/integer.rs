//! Integers of any size, and floats of any precision. The only file that names the rug crate and the GMP and MPFR below it.

use rug::integer::Order;
pub use rug::{Float, Integer};

/// The magnitude in bytes, the least significant first.
pub fn to_bytes(value: &Integer) -> Vec<u8> {
    value.to_digits(Order::Lsf)
}

/// The integer of this magnitude, little-endian; see [`to_bytes`].
pub fn from_bytes(magnitude: &[u8]) -> Integer {
    Integer::from_digits(magnitude, Order::Lsf)
}

/// The magnitude in words of 64 bits, the least significant first; the last one is not 0.
pub fn words(value: &Integer) -> Vec<u64> {
    value.to_digits(Order::Lsf)
}

/// The integer of these words, the least significant first.
pub fn from_words(words: &[u64]) -> Integer {
    Integer::from_digits(words, Order::Lsf)
}

/// `base^exponent`, if it has at most `bits` bits.
pub fn power(base: &Integer, exponent: &Integer, bits: u32) -> Option<Integer> {
    // Powers of 0 and 1 never grow, whatever the exponent.
    if *base <= 1 && !base.is_negative() {
        return Some(if exponent.is_zero() { Integer::from(1) } else { base.clone() });
    }
    let exponent = exponent.to_u32().filter(|&e| e <= bits)?;
    let grows = (base.significant_bits() - 1).checked_mul(exponent)?;
    (grows <= bits).then(|| rug::ops::Pow::pow(base.clone(), exponent))
}

/// `base^exponent`, whatever its size.
pub fn raised(base: Integer, exponent: u32) -> Integer {
    rug::ops::Pow::pow(base, exponent)
}

/// n!, by GMP.
pub fn factorial(n: u32) -> Integer {
    Integer::from(Integer::factorial(n))
}

/// The versions of GMP and MPFR.
pub fn libraries() -> [String; 2] {
    use gmp_mpfr_sys::{gmp, mpfr};
    let gmp = [gmp::VERSION, gmp::VERSION_MINOR, gmp::VERSION_PATCHLEVEL];
    let mpfr = [mpfr::VERSION_MAJOR, mpfr::VERSION_MINOR, mpfr::VERSION_PATCHLEVEL];
    [gmp, mpfr].map(|version| version.map(|number| number.to_string()).join("."))
}

/// The number with these decimal `digits`.
pub fn decimal(digits: &str) -> Option<Integer> {
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_the_magnitude() {
        let large = power(&Integer::from(7), &Integer::from(1001), 4000).unwrap();
        for value in [Integer::new(), Integer::from(1), Integer::from(u128::MAX), large] {
            assert_eq!(from_bytes(&to_bytes(&value)), value);
        }
    }

    #[test]
    fn powers_stop_where_they_are_too_large() {
        let power = |base: u64, exponent: u64| power(&Integer::from(base), &Integer::from(exponent), 1000);
        assert_eq!(power(2, 128).unwrap(), Integer::from(1) << 128);
        assert_eq!(power(10, 1_000_000_000_000), None);
        assert_eq!(power(2, 2000), None);
        assert_eq!(power(1, u64::MAX).unwrap(), 1);
        assert_eq!(power(0, 0).unwrap(), 1);
        assert_eq!(power(0, 5).unwrap(), 0);
    }
}
