//! Σ n^K over the numbers whose bits are set in a word.
//!
//! A word stands for 240 numbers, and each byte of it for 30. A table has, for each byte, how many bits are set, the sum of their
//! residues, of the squares and of the cubes. The binomial theorem makes of these the sums for any place of the byte and the word.

use crate::math::lanes::RESIDUES_30;
use crate::math::ring::Ring;

/// For each byte: Σ r^j over the residues r whose bits are set, for j from 0 to 3. The largest is 52200.
static BYTES: [[u16; 4]; 256] = {
    let mut table = [[0u16; 4]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                let r = RESIDUES_30[bit] as u16;
                table[byte][0] += 1;
                table[byte][1] += r;
                table[byte][2] += r * r;
                table[byte][3] += r * r * r;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// Σ o^j over the offsets o of the bits within the word, for j from 0 to K. The largest is below 64·240³ < 2^30.
#[inline(always)]
fn moments<const K: usize>(bits: u64) -> [u64; 4] {
    let mut sums = [0u64; 4];
    let mut base = 0;
    for byte in bits.to_le_bytes() {
        let [count, one, two, three] = BYTES[usize::from(byte)].map(u64::from);
        sums[0] += count;
        sums[1] += one + base * count;
        if K > 1 {
            sums[2] += two + base * (2 * one + base * count);
        }
        if K > 2 {
            sums[3] += three + base * (3 * two + base * (3 * one + base * count));
        }
        base += 30;
    }
    sums
}

/// Σ n^K over the numbers whose bits are set, in a word whose first number is `first`. K is at most 3.
///
/// Cost: some 30 instructions, whatever the word.
#[inline(always)]
pub fn of_word<R: Ring, const K: usize>(bits: u64, first: u64) -> R {
    const { assert!(K <= 3) };
    if K == 0 {
        return R::of(bits.count_ones().into());
    }
    let [zero, one, two, three] = moments::<K>(bits).map(|sum| R::of(sum.into()));
    let first = R::of(first.into());
    match K {
        1 => one + first * zero,
        2 => two + first * (one + one + first * zero),
        _ => three + first * (two + two + two + first * (one + one + one + first * zero)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ring::{U128, U256, power};
    use crate::math::sieve::ordered;
    use proptest::prelude::*;

    fn check<R: Ring, const K: usize>(bits: u64, first: u64) {
        let numbers = ordered::numbers(first.into(), bits);
        let sum = numbers.fold(R::default(), |sum, n| sum + power::<R, K>(n as u64));
        assert_eq!(of_word::<R, K>(bits, first), sum, "power {K} of {bits:#x} from {first}");
    }

    proptest! {
        #![proptest_config(crate::random::cases(500))]

        #[test]
        fn words_are_the_sums_of_their_numbers(bits in any::<u64>(), first in 0..(1u64 << 62), small in 0..1000u64) {
            for (bits, first) in [(bits, first), (bits, small), (u64::MAX, first), (0, first), (bits & 1 << 63, small)] {
                check::<U128, 0>(bits, first);
                check::<U128, 1>(bits, first);
                check::<U256, 2>(bits, first);
                check::<U256, 3>(bits, first);
            }
        }
    }
}
