//! The numbers that a sieve with a bound leaves: tested, many at a time.

use super::{END, Sifting};
use crate::math::primality::{self, Word};

/// How many primes the line of `class` has left.
pub fn primes(sifting: &Sifting, class: u32, line: &[u64]) -> u64 {
    verdicts(sifting, class, line).into_iter().map(u64::from).sum()
}

/// Clears all bits of the line of `class` but those of primes.
pub fn sift(sifting: &Sifting, class: u32, line: &mut [u64]) {
    let verdicts = verdicts(sifting, class, line);
    let bits: Vec<usize> = ones(line).collect();
    for (bit, _) in bits.into_iter().zip(verdicts).filter(|(_, prime)| !prime) {
        line[bit / 64] &= !(1 << (bit % 64));
    }
}

/// For each bit that is set, whether its number is prime.
fn verdicts(sifting: &Sifting, class: u32, line: &[u64]) -> Vec<bool> {
    match sifting.window.end() <= END {
        true => primality::are_prime::<u64>(&numbers(sifting, class, line)),
        false => primality::are_prime::<u128>(&numbers(sifting, class, line)),
    }
}

fn numbers<T: Word + TryFrom<u128>>(sifting: &Sifting, class: u32, line: &[u64]) -> Vec<T> {
    let (first, modulus) = (sifting.first(class), u128::from(sifting.wheel.modulus));
    let number = |bit| T::try_from(first + modulus * bit as u128).ok().expect("it is below the window's end");
    ones(line).map(number).collect()
}

/// The places of the bits that are set, ascending.
fn ones(line: &[u64]) -> impl Iterator<Item = usize> {
    line.iter().enumerate().flat_map(|(index, &word)| {
        let mut word = word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some(64 * index + bit)
        })
    })
}
