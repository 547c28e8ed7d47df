//! The strong probable prime test (Miller, Rabin).
//!
//! With n - 1 = d·2^s and d odd, n passes to base a if a^d = 1 or one of a^d, a^2d, …, a^(n-1)/2 is -1 modulo n.
//! Primes pass to every base that they do not divide.

use super::montgomery::{Modulus, Word};
use std::hint::select_unpredictable;

/// Which of the moduli pass to base 2. Cost: a squaring for each bit but the first six or seven. The moduli go in step, so that
/// their multiplications overlap.
pub fn passes_base_2<T: Word, const COUNT: usize>(moduli: &[Modulus<T>; COUNT]) -> [bool; COUNT] {
    // Powers of 1/2 do as well, and the first ones are known: the word 2^k, with k < 64, is the residue of 2^(k-64). So the
    // exponents are -h with h = (n - 1)/2, or floor(-h/2^r) while r bits are still to be taken.
    let halves = moduli.map(|modulus| modulus.n >> 1);
    let twos = halves.map(|half| half.trailing_zeros());
    let last = twos.into_iter().max().unwrap_or(0);
    let bits = moduli.iter().map(|modulus| modulus.n.into().ilog2()).max().unwrap_or(0);
    let first = bits.saturating_sub(T::BITS.ilog2()).max(last);
    let negated = halves.map(|half| half.wrapping_neg());

    let mut powers: [T; COUNT] = std::array::from_fn(|i| {
        let exponent = (halves[i] + ((T::from(1) << first) - T::from(1))) >> first;
        let power = T::from(1) << (T::BITS - exponent.low_bits());
        if power < moduli[i].n { power } else { power % moduli[i].n }
    });
    let step = |powers: &mut [T; COUNT], left: u32| {
        for i in 0..COUNT {
            let modulus = &moduli[i];
            let square = modulus.mul(powers[i], powers[i]);
            let odd = (negated[i] >> left).low_bits() & 1 == 1;
            powers[i] = select_unpredictable(odd, modulus.add(square, square), square);
        }
    };
    (last..first).rev().for_each(|left| step(&mut powers, left));
    let mut passes = [false; COUNT];
    for left in (0..=last).rev() {
        if left < last {
            step(&mut powers, left);
        }
        for i in 0..COUNT {
            let (power, modulus) = (powers[i], &moduli[i]);
            passes[i] |= left <= twos[i] && power == modulus.minus_one();
            passes[i] |= left == twos[i] && power == modulus.one;
        }
    }
    passes
}

/// Whether `modulus` passes to all `bases`, each below √(2^128/n). A base that the modulus divides is skipped. Cost: a squaring
/// for each bit; the bases go in step.
pub fn passes<const BASES: usize>(modulus: &Modulus<u128>, bases: [u32; BASES]) -> bool {
    let twos = (modulus.n >> 1).trailing_zeros() + 1;
    let exponent = modulus.n >> twos;
    let fits = |base: &u32| modulus.n.checked_mul(u128::from(*base).pow(2)).is_some();
    debug_assert!(bases.iter().all(fits), "{bases:?} are too large for {}", modulus.n);
    // Such small residues need no reduction: the squares of their products are below n·R, which is all that `mul` requires.
    let factors = [[1; BASES], bases];
    let mut powers = bases.map(|base| modulus.one * u128::from(base));
    for left in (0..exponent.ilog2()).rev() {
        let factors = &factors[(exponent >> left) as usize & 1];
        for (power, &factor) in powers.iter_mut().zip(factors) {
            *power = modulus.mul(*power, *power) * u128::from(factor);
        }
    }
    let mut powers = powers.map(|power| modulus.mul(power, modulus.one));
    let mut passes: [bool; BASES] = powers.map(|power| power == modulus.one || power == 0);
    for _ in 0..twos {
        for (passes, power) in passes.iter_mut().zip(&mut powers) {
            *passes |= *power == modulus.minus_one();
            *power = modulus.mul(*power, *power);
        }
    }
    passes.iter().all(|&passes| passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition.
    fn by_powers(n: u64, base: u64) -> bool {
        let (n, twos) = (u128::from(n), (n - 1).trailing_zeros());
        let square = |power: u128| power * power % n;
        let mut power = (0..64).rev().fold(1, |power, bit| match (n - 1) >> twos >> bit & 1 {
            0 => square(power),
            _ => square(power) * u128::from(base) % n,
        });
        let mut passes = power == 1;
        for _ in 0..twos {
            passes |= power == n - 1;
            power = square(power);
        }
        passes
    }

    #[test]
    fn both_ways_follow_the_definition() {
        // Numbers with many twos in n - 1 and with few; of all sizes, beside each other and alone.
        let small = (3..100_001).step_by(2);
        let many = (1..64).flat_map(|odd| (1..58).map(move |twos| (odd << twos) + 1));
        let few = (8..64).flat_map(|bits| [(1 << bits) - 1, (1 << bits) + 3]);
        let numbers: Vec<u64> = small.chain(many).chain(few).chain([u64::MAX]).collect();
        for (index, &n) in numbers.iter().enumerate() {
            let company = [n, (1 << n.ilog2()) + 1, numbers[(index * 7919 + 13) % numbers.len()]];
            let expect = company.map(|n| by_powers(n, 2));
            assert_eq!(passes_base_2(&company.map(Modulus::new)), expect, "{company:?}");
            // A power of two plus 1 has the most twos that its neighbour can meet.
            assert_eq!(passes_base_2(&[company[0], company[1]].map(Modulus::new)), expect[..2], "{company:?}");
            let company = company.map(|n| Modulus::new(u128::from(n)));
            assert_eq!(passes_base_2(&company), expect, "{n} in double words");
            assert_eq!(passes_base_2(&[Modulus::new(n)]), [expect[0]], "{n} alone");
            assert_eq!(passes(&company[0], [2]), expect[0], "{n}");
            let others = [3, 5, 41, 1_000_003].map(|base| base % n != 0 && !by_powers(n, base));
            assert_eq!(passes(&company[0], [3, 5, 41, 1_000_003]), !others.contains(&true), "{n}");
        }
    }

    #[test]
    fn pseudoprimes_pass() {
        let passing = (3..100_000).step_by(2).filter(|&n| passes_base_2(&[Modulus::new(n)])[0]);
        let composite: Vec<u64> = passing.filter(|&n| !crate::math::trial::is_prime(n)).collect();
        let known =
            [2047, 3277, 4033, 4681, 8321, 15841, 29341, 42799, 49141, 52633, 65281, 74665, 80581, 85489, 88357, 90751];
        assert_eq!(composite, known);
    }

    #[test]
    fn the_least_numbers_that_pass_to_the_first_primes() {
        for (n, bases) in [
            (2047, 1),
            (1_373_653, 2),
            (25_326_001, 3),
            (3_215_031_751, 4),
            (2_152_302_898_747, 5),
            (3_474_749_660_383, 6),
            (341_550_071_728_321, 8),
            (3_825_123_056_546_413_051, 11),
            (318_665_857_834_031_151_167_461, 12),
            (3_317_044_064_679_887_385_961_981, 13),
        ] {
            let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43];
            for (index, base) in primes.into_iter().enumerate().take(bases + 1) {
                assert_eq!(passes(&Modulus::new(n), [base]), index < bases, "{n} to base {base}");
            }
            assert_eq!(passes_base_2(&[Modulus::new(n)]), [true]);
        }
    }
}
