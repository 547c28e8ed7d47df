//! Arithmetic modulo an odd number without division.
//!
//! A residue x is stored as x·R mod n with R = 2^64 or 2^128. The product of two such numbers, divided by R, has that form
//! again. The division by R is exact after a multiple of n has cleared the low word.
//! Source: Montgomery, Modular multiplication without trial division, 1985. Cost: three word multiplications for a product;
//! eleven for two words.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Rem, Shl, Shr, Sub};

/// The integers that can be a modulus: `u64`, `u128`.
pub trait Word:
    Copy
    + Ord
    + Debug
    + From<u32>
    + Into<u128>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Bits of the word.
    const BITS: u32;
    /// `self * other`, the low word first.
    fn wide(self, other: Self) -> (Self, Self);
    /// Addition modulo 2^[`Word::BITS`].
    fn wrapping_add(self, other: Self) -> Self;
    /// Multiplication modulo 2^[`Word::BITS`].
    fn wrapping_mul(self, other: Self) -> Self;
    /// Negation modulo 2^[`Word::BITS`].
    fn wrapping_neg(self) -> Self;
    /// The difference modulo 2^[`Word::BITS`], and whether it wrapped.
    fn overflowing_sub(self, other: Self) -> (Self, bool);
    /// How many of the lowest bits are 0.
    fn trailing_zeros(self) -> u32;
    /// The square root, rounded down.
    fn isqrt(self) -> Self;
    /// The lowest 32 bits.
    fn low_bits(self) -> u32;
}

macro_rules! word {
    ($word:ty, $wide:expr) => {
        impl Word for $word {
            const BITS: u32 = <$word>::BITS;
            #[inline(always)]
            fn wide(self, other: Self) -> (Self, Self) {
                $wide(self, other)
            }
            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn wrapping_mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn wrapping_neg(self) -> Self {
                self.wrapping_neg()
            }
            #[inline(always)]
            fn overflowing_sub(self, other: Self) -> (Self, bool) {
                self.overflowing_sub(other)
            }
            fn trailing_zeros(self) -> u32 {
                self.trailing_zeros()
            }
            fn isqrt(self) -> Self {
                self.isqrt()
            }
            #[inline(always)]
            fn low_bits(self) -> u32 {
                self as u32
            }
        }
    };
}

word!(u64, wide_64);
word!(u128, wide_128);

#[inline(always)]
fn wide_64(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

/// From the four products of halves. No sum overflows: (2^64 - 1)^2 leaves room for two more words.
#[inline(always)]
fn wide_128(a: u128, b: u128) -> (u128, u128) {
    let halves = |n: u128| (u128::from(n as u64), n >> 64);
    let ((a0, a1), (b0, b1)) = (halves(a), halves(b));
    let (low, carry) = halves(a0 * b0);
    let (middle, carry_high) = halves(a0 * b1 + carry);
    let (middle, carry) = halves(a1 * b0 + middle);
    (middle << 64 | low, a1 * b1 + carry_high + carry)
}

/// An odd modulus above 1, and the constants of its arithmetic. All residues are x·R mod n, below n.
#[derive(Debug, Clone, Copy)]
pub struct Modulus<T> {
    /// The modulus, which is odd.
    pub n: T,
    /// 1/n modulo R.
    inverse: T,
    /// The residue 1.
    pub one: T,
}

impl<T: Word> Modulus<T> {
    /// `n` must be odd and above 1. Cost: one division.
    #[inline(always)]
    pub fn new(n: T) -> Modulus<T> {
        debug_assert!(n.low_bits() & 1 == 1 && n > T::from(1));
        // n is its own inverse modulo 8. Each Newton step doubles the number of right bits.
        let mut inverse = n;
        let mut right = 3;
        while right < T::BITS {
            inverse = inverse.wrapping_mul(T::from(2).wrapping_add(n.wrapping_mul(inverse).wrapping_neg()));
            right *= 2;
        }
        Modulus { n, inverse, one: n.wrapping_neg() % n }
    }

    /// The residue of any number.
    pub fn residue(&self, number: T) -> T {
        // With R = 2^(2^k), squaring 2 k times gives R.
        let radix = (0..T::BITS.ilog2()).fold(self.add(self.one, self.one), |power, _| self.mul(power, power));
        self.mul(number % self.n, radix)
    }

    /// The residue -1.
    #[inline(always)]
    pub fn minus_one(&self) -> T {
        self.n - self.one
    }

    /// Both must be below n.
    #[inline(always)]
    pub fn add(&self, a: T, b: T) -> T {
        self.sub(a, self.n - b)
    }

    /// `a` must be below n, `b` at most n.
    #[inline(always)]
    pub fn sub(&self, a: T, b: T) -> T {
        let (difference, borrow) = a.overflowing_sub(b);
        std::hint::select_unpredictable(borrow, difference.wrapping_add(self.n), difference)
    }

    /// Any `a` and `b` whose product is below n·R.
    #[inline(always)]
    pub fn mul(&self, a: T, b: T) -> T {
        self.mul_sub(a, b, T::from(0))
    }

    /// `a * b - c`. The subtraction does not wait for the multiplications.
    #[inline(always)]
    pub fn mul_sub(&self, a: T, b: T, c: T) -> T {
        let (low, high) = a.wide(b);
        let high = self.sub(high, c);
        // The multiple of n with the same low word: subtracting it leaves the high words.
        let (_, cleared) = low.wrapping_mul(self.inverse).wide(self.n);
        self.sub(high, cleared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::integer::Integer;
    use proptest::prelude::*;

    /// x·R mod n, by GMP.
    fn residue(x: u128, n: u128, bits: u32) -> u128 {
        ((Integer::from(x) << bits) % n).to_u128().unwrap()
    }

    proptest! {
        #[test]
        fn words_multiply_as_integers_do(a: u64, b: u64, n: u64) {
            let n = n | 1;
            prop_assume!(n > 1);
            let modulus = Modulus::new(n);
            let product = u128::from(a) * u128::from(b) % u128::from(n);
            prop_assert_eq!(modulus.mul(modulus.residue(a), modulus.residue(b)), modulus.residue(product as u64));
            prop_assert_eq!(u128::from(modulus.residue(a)), residue(a.into(), n.into(), 64));
            prop_assert_eq!(modulus.one, modulus.residue(1));
            let (a, b) = (a % n, b % n);
            prop_assert_eq!(u128::from(modulus.add(a, b)), (u128::from(a) + u128::from(b)) % u128::from(n));
            prop_assert_eq!(modulus.add(modulus.sub(a, b), b), a);
        }

        #[test]
        fn double_words_multiply_as_integers_do(a: u128, b: u128, n: u128) {
            let n = n | 1;
            prop_assume!(n > 1);
            let modulus = Modulus::new(n);
            let product = (Integer::from(a) * b % n).to_u128().unwrap();
            prop_assert_eq!(modulus.mul(modulus.residue(a), modulus.residue(b)), modulus.residue(product));
            prop_assert_eq!(modulus.residue(a), residue(a, n, 128));
            prop_assert_eq!(modulus.one, modulus.residue(1));
            let (low, high) = a.wide(b);
            prop_assert_eq!((Integer::from(high) << 128) + low, Integer::from(a) * b);
        }
    }
}
