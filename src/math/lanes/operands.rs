//! What the counting loops work on: words for 240 numbers, dividends, and divisors.

/// How many numbers a word stands for.
pub const WORD: u64 = 240;

/// The residues modulo 30 that have a bit, in the order of the bits.
pub const RESIDUES_30: [u32; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// Below this number n, floats find the quotient by any divisor d below 2^32: (n + 1/2)·(1/d), rounded down, is ⌊n/d⌋.
///
/// Proof. n + 1/2 has at most 52 bits, so it is exact. Let Q = (n + 1/2)/d. It is at least 1/(2d) away from every integer,
/// because the remainder plus one half is. The lanes compute Q with a relative error of at most 2^-52 + 2^-106: a division
/// has 2^-53, a rounded reciprocal times n + 1/2 has (1 + 2^-53)² - 1. As n + 1/2 <= 2^51 - 1/2, the error is at most
/// (2^51 - 1/2)·(2^-52 + 2^-106)/d = (1/2 - 2^-53 + 2^-55 - …)/d, which is less than 1/(2d).
pub const FLOAT_END: u64 = 1 << 51;

/// A number that is divided by many divisors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dividend {
    pub(super) float: f64,
    pub(super) low: u64,
    /// Whether it is below [`FLOAT_END`].
    pub(super) short: bool,
}

impl Dividend {
    /// Quotients must be below 2^53.
    pub fn new(number: u128) -> Dividend {
        Dividend { float: number as f64, low: number as u64, short: number < u128::from(FLOAT_END) }
    }

    /// The quotient by a divisor below 2^53, rounded down.
    ///
    /// Let Q be below 2^53. The dividend as a float has a relative error of 2^-53, and so has the division: together they are off by
    /// less than 1/2 + 1/2 + 2^-52. So the guess, which is rounded down, is one too small at least, and two too large at most; below
    /// 2^52 it is one too large at most. The remainder tells which, and its low 64 bits are enough: it is between -2·d and 2·d.
    #[inline]
    pub fn over(self, divisor: u64) -> u64 {
        let guess = (self.float / divisor as f64) as u64;
        let (rest, d) = (self.low.wrapping_sub(guess.wrapping_mul(divisor)) as i64, divisor as i64);
        guess.wrapping_add_signed(i64::from(rest >= d) - i64::from(rest < 0) - i64::from(rest < -d))
    }
}

/// Divisors above 0 in ascending order, perhaps with their reciprocals: a multiplication takes a quarter of the time of a division.
#[derive(Clone, Copy, Debug)]
pub struct Divisors<'a> {
    numbers: &'a [u32],
    /// None, or [`RECIPROCALS_BEYOND`] more than there are divisors.
    reciprocals: &'a [f64],
}

/// Tables of reciprocals go on for so many behind the last one, because the loops read groups of them.
pub const RECIPROCALS_BEYOND: usize = 16;

impl<'a> Divisors<'a> {
    /// Divisors with their reciprocals, each rounded to the nearest float, and at least [`RECIPROCALS_BEYOND`] floats of any value
    /// behind those.
    ///
    /// # Panics
    /// If there are too few reciprocals.
    pub fn with_reciprocals(numbers: &'a [u32], reciprocals: &'a [f64]) -> Divisors<'a> {
        assert!(reciprocals.len() >= numbers.len() + RECIPROCALS_BEYOND);
        debug_assert!(numbers.iter().zip(reciprocals).all(|(&number, &float)| float == 1.0 / f64::from(number)));
        Divisors { numbers, reciprocals }
    }

    /// The divisors.
    #[inline]
    pub fn numbers(self) -> &'a [u32] {
        self.numbers
    }

    /// Their reciprocals and [`RECIPROCALS_BEYOND`] floats more, if they are known.
    #[inline]
    pub(super) fn reciprocals(self) -> Option<&'a [f64]> {
        (!self.reciprocals.is_empty()).then_some(self.reciprocals)
    }

    /// The same divisors, at most so many at once.
    #[inline]
    pub(super) fn groups(self, most: usize) -> impl Iterator<Item = Divisors<'a>> {
        (0..self.numbers.len()).step_by(most).map(move |at| {
            let end = (at + most).min(self.numbers.len());
            Divisors { numbers: &self.numbers[at..end], reciprocals: self.reciprocals.get(at..).unwrap_or(&[]) }
        })
    }

    /// Those up to a limit, and those above it.
    pub(super) fn split(self, limit: u64) -> [Divisors<'a>; 2] {
        let at = self.numbers.partition_point(|&number| u64::from(number) <= limit);
        let (low, high) = self.numbers.split_at(at);
        // All reciprocals up to the end of the table belong to the slice, so both parts have enough behind them.
        let rest = self.reciprocals.get(at..).unwrap_or(&[]);
        [Divisors { numbers: low, ..self }, Divisors { numbers: high, reciprocals: rest }]
    }
}

impl<'a> From<&'a [u32]> for Divisors<'a> {
    fn from(numbers: &'a [u32]) -> Divisors<'a> {
        Divisors { numbers, reciprocals: &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Leaves of x = 10^25 - 10^20 - 1 and of 10^25 - 2·10^20 - 1 whose float quotient is two too large.
    #[test]
    fn quotients_beyond_2_to_the_52_are_corrected_by_two() {
        let two_too_large = |x: u128, p: u128, m: u64| {
            let (number, quotient) = (x / p, (x / p / u128::from(m)) as u64);
            let dividend = Dividend::new(number);
            assert_eq!((dividend.float / m as f64) as u64, quotient + 2, "{number} / {m}");
            assert_eq!(dividend.over(m), quotient, "{number} / {m}");
        };
        two_too_large(9_999_899_999_999_999_999_999_999, 8423, 255_443);
        two_too_large(9_999_799_999_999_999_999_999_999, 33_809, 63_607);
    }

    proptest! {
        #![proptest_config(crate::random::cases(5000))]

        #[test]
        fn quotients_are_those_of_integers(
            quotient in prop_oneof![0..1u64 << 53, (1u64 << 52) - 9..(1 << 52) + 9, (1u64 << 53) - 99..1 << 53],
            divisor in prop_oneof![1..1u64 << 32, 1..1u64 << 53],
            rest in any::<u64>(),
            back in 0..2u64,
        ) {
            let rest = if back == 0 { rest % divisor } else { divisor - 1 - rest % divisor.min(3) };
            let number = u128::from(quotient) * u128::from(divisor) + u128::from(rest);
            prop_assert_eq!(Dividend::new(number).over(divisor), quotient, "{} / {}", number, divisor);
        }
    }
}
