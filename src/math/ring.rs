//! The arithmetic of sums of powers: integers modulo 2^128 or 2^256.
//!
//! A formula adds, subtracts and multiplies, and nothing else. So they may wrap around: as long as the result fits, it
//! is right, whatever the terms came to on the way.

use super::integer::Integer;
use std::fmt::Debug;
use std::num::Wrapping;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// Integers modulo a power of two.
pub trait Ring:
    Copy
    + Debug
    + Default
    + PartialEq
    + Add<Output = Self>
    + AddAssign
    + Mul<Output = Self>
    + Send
    + Sub<Output = Self>
    + SubAssign
    + Sync
    + 'static
{
    /// How many bits the integers have.
    const WIDTH: u32;

    /// The number.
    fn of(number: u128) -> Self;

    /// The same number with 256 bits.
    fn wide(self) -> U256;
}

/// Integers modulo 2^128.
pub type U128 = Wrapping<u128>;

impl Ring for U128 {
    const WIDTH: u32 = 128;

    #[inline(always)]
    fn of(number: u128) -> U128 {
        Wrapping(number)
    }

    fn wide(self) -> U256 {
        U256 { high: 0, low: self.0 }
    }
}

/// Integers modulo 2^256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct U256 {
    /// The high 128 bits.
    pub high: u128,
    /// The low 128 bits.
    pub low: u128,
}

impl Ring for U256 {
    const WIDTH: u32 = 256;

    #[inline(always)]
    fn of(number: u128) -> U256 {
        U256 { high: 0, low: number }
    }

    fn wide(self) -> U256 {
        self
    }
}

impl U256 {
    /// The same number.
    pub fn integer(self) -> Integer {
        (Integer::from(self.high) << 128) + self.low
    }

    /// Half of it, rounded down.
    pub fn half(self) -> U256 {
        U256 { high: self.high >> 1, low: self.low >> 1 | self.high << 127 }
    }

    /// The number modulo 2^bits, where bits are from 1 to 256.
    pub fn modulo(self, bits: u32) -> U256 {
        match bits {
            ..=128 => U256 { high: 0, low: self.low & u128::MAX >> (128 - bits) },
            _ => U256 { high: self.high & u128::MAX >> (256 - bits), low: self.low },
        }
    }
}

impl Add for U256 {
    type Output = U256;

    #[inline]
    fn add(self, other: U256) -> U256 {
        let (low, carry) = self.low.overflowing_add(other.low);
        U256 { high: self.high.wrapping_add(other.high).wrapping_add(carry.into()), low }
    }
}

impl Sub for U256 {
    type Output = U256;

    #[inline]
    fn sub(self, other: U256) -> U256 {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        U256 { high: self.high.wrapping_sub(other.high).wrapping_sub(borrow.into()), low }
    }
}

impl Mul for U256 {
    type Output = U256;

    #[inline]
    fn mul(self, other: U256) -> U256 {
        let halves = |n: u128| (n & u128::from(u64::MAX), n >> 64);
        let ((a, b), (c, d)) = (halves(self.low), halves(other.low));
        let (low, high) = (a * c, b * d);
        // Each middle product is below 2^128; their low halves and the carry of the lowest product are below 3·2^64.
        let (one, two) = (halves(a * d), halves(b * c));
        let middle = halves(one.0 + two.0 + (low >> 64));
        let crossed = self.high.wrapping_mul(other.low).wrapping_add(self.low.wrapping_mul(other.high));
        U256 {
            high: (high + one.1 + two.1 + middle.1).wrapping_add(crossed),
            low: low & u128::from(u64::MAX) | middle.0 << 64,
        }
    }
}

impl AddAssign for U256 {
    #[inline]
    fn add_assign(&mut self, other: U256) {
        *self = *self + other;
    }
}

impl SubAssign for U256 {
    #[inline]
    fn sub_assign(&mut self, other: U256) {
        *self = *self - other;
    }
}

/// n^K.
#[inline(always)]
pub fn power<R: Ring, const K: usize>(n: u64) -> R {
    (0..K).fold(R::of(1), |power, _| power * R::of(n.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edge() -> impl Strategy<Value = u128> {
        let near = |n: u128| (0..3u128).prop_map(move |by| n.wrapping_add(by).wrapping_sub(1));
        prop_oneof![any::<u128>(), near(0), near(1 << 64), near(1 << 127)]
    }

    proptest! {
        #![proptest_config(crate::random::cases(2000))]

        #[test]
        fn wraps_as_integers_modulo_2_to_the_256(high in edge(), low in edge(), more in edge(), less in edge()) {
            let (one, two) = (U256 { high, low }, U256 { high: more, low: less });
            let modulus = Integer::from(1) << 256;
            let wrapped = |n: Integer| (n % &modulus + &modulus) % &modulus;
            prop_assert_eq!((one + two).integer(), wrapped(one.integer() + two.integer()));
            prop_assert_eq!((one - two).integer(), wrapped(one.integer() - two.integer()));
            prop_assert_eq!((one * two).integer(), wrapped(one.integer() * two.integer()));
            prop_assert_eq!(one.half().integer(), one.integer() >> 1);
            for bits in [1, 64, 127, 128, 129, 255, 256] {
                prop_assert_eq!(one.modulo(bits).integer(), one.integer() % (Integer::from(1) << bits));
            }
        }
    }
}
