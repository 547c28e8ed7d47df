//! `square`: n² for each number, as the tutorials' pools map it.

use super::column_terms;
use super::terms::{Reducible, Run, Term};
use super::{KernelEntry, Takes};
use crate::math::integer::Integer;

/// The command `square`.
pub const SQUARE: KernelEntry = KernelEntry {
    name: "square",
    about: "Square numbers",
    takes: Takes::Items("1..6"),
    examples: &[
        ("square 1..6", "the squares of 1 to 5"),
        ("square 0..1e9 --out squares.h5 > /dev/null", "many, into a file for h5py, in little memory"),
    ],
    open: column_terms::map::<Square>,
};

/// n to n².
pub struct Square;

impl Term for Square {
    fn exact(n: Integer) -> Integer {
        n.square()
    }

    #[inline]
    fn low(n: u128) -> u128 {
        n.wrapping_mul(n)
    }
}

/// (h + l)² is h² + 2·h·l + l².
impl Reducible for Square {
    const SQUARES: bool = true;

    fn sum(run: &Run) -> Integer {
        let high = run.high.clone();
        let mixed = Integer::from(run.lows) * &high * 2u32;
        high.square() * run.count + mixed + run.squares
    }

    fn sum_of(numbers: impl Iterator<Item = i128>) -> Integer {
        // A square has up to 128 bits: its halves are added apart.
        let (mut low, mut high) = (0u128, 0u128);
        for square in numbers.map(|n| n.unsigned_abs().pow(2)) {
            low += square & u128::from(u64::MAX);
            high += square >> 64;
        }
        (Integer::from(high) << 64) + low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn the_tutorials_squares() {
        for (numbers, expect) in [
            ("1..6", "1 4 9 16 25"),
            ("0..10", "0 1 4 9 16 25 36 49 64 81"),
            ("5 2^64", "25 340282366920938463463374607431768211456"),
            ("3..3", ""),
        ] {
            let answer = answer((SQUARE.open)(&given(numbers)));
            assert_eq!(column(&answer, "value").join(" "), expect, "{numbers}");
        }
    }
}
