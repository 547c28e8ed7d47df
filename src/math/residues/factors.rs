//! The prime factors of numbers up to 2^64.
//!
//! Source: Brent, An improved Monte Carlo factorization algorithm, 1980. Cost: about the fourth root of the number, at most some
//! milliseconds.

use crate::math::primality::{Modulus, is_prime};

/// Factors below this are found by division.
const SMALL: u64 = 1000;

/// The primes that divide a number from 1 to 2^64, ascending, each with its exponent.
pub fn prime_powers(number: u128) -> Vec<(u64, u32)> {
    let mut powers = vec![];
    let mut rest = number;
    for prime in (2..SMALL).filter(|&n| is_prime(n.into())) {
        let mut power = 0;
        while rest.is_multiple_of(prime.into()) {
            (rest, power) = (rest / u128::from(prime), power + 1);
        }
        if power > 0 {
            powers.push((prime, power));
        }
    }
    let mut large = vec![];
    // 2^64 itself is no more by now.
    split(rest as u64, &mut large);
    large.sort_unstable();
    powers.extend(large.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u32)));
    powers
}

/// Adds the prime factors of a number that has no small ones.
fn split(number: u64, primes: &mut Vec<u64>) {
    match number {
        1 => (),
        prime if is_prime(prime.into()) => primes.push(prime),
        number => {
            let factor = (1..).find_map(|step| factor(number, step)).expect("one of these steps finds a factor");
            split(factor, primes);
            split(number / factor, primes);
        }
    }
}

/// A factor of an odd composite number, if the sequence of x² + `step` finds one: two of its members are equal modulo that factor.
fn factor(number: u64, step: u64) -> Option<u64> {
    /// So many differences are multiplied before a common factor is looked for.
    const AT_ONCE: u64 = 128;
    let modulo = Modulus::new(number);
    let next = |x: u64| modulo.add(modulo.mul(x, x), step);
    let (mut fast, mut length) = (2, 1u64);
    loop {
        // The slow one waits while the fast one goes as far again.
        let slow = fast;
        let mut gone = 0;
        while gone < length {
            let (start, steps) = (fast, AT_ONCE.min(length - gone));
            let mut product = modulo.one;
            for _ in 0..steps {
                fast = next(fast);
                product = modulo.mul(product, modulo.sub(slow, fast));
            }
            gone += steps;
            match common_factor(product, number) {
                1 => (),
                // Several factors came at once: they are looked at one by one.
                found if found == number => {
                    let mut again = start;
                    let mut singly = (0..steps).map(|_| {
                        again = next(again);
                        common_factor(modulo.sub(slow, again), number)
                    });
                    return singly.find(|&factor| factor > 1).filter(|&factor| factor < number);
                }
                factor => return Some(factor),
            }
        }
        length *= 2;
    }
}

fn common_factor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_factor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(number: u128) {
        let powers = prime_powers(number);
        assert!(powers.iter().all(|(prime, _)| is_prime((*prime).into())), "{number}: {powers:?}");
        assert!(powers.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(powers.iter().map(|(prime, power)| u128::from(*prime).pow(*power)).product::<u128>(), number);
    }

    #[test]
    fn factors_are_prime_and_come_to_the_number() {
        (1..3000).chain((1 << 64) - 300..=1 << 64).for_each(check);
        // Squares and cubes of primes, and products of two close ones.
        for p in [1009u128, 65_537, 4_294_967_291] {
            check(p * p);
            check(p * 4_294_967_279);
        }
        check(1009 * 1009 * 1009 * 1013);
        check(2_642_239 * 2_642_239 * 2_642_239);
        assert_eq!(prime_powers(600_851_475_143), [(71, 1), (839, 1), (1471, 1), (6857, 1)]);
    }

    proptest! {
        #[test]
        fn any_number_comes_apart(number in 1..=u64::MAX) {
            check(number.into());
        }
    }
}
