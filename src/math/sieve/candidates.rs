//! The candidates that remain when the sieve stops below the square root. They are tested, many at a time.

use super::{SIEVE_END, SieveTask, ordered};
use crate::math::primality::{self, Word};

/// How many of the candidates in `class` are prime.
pub fn count_primes(task: &SieveTask, class: u32, bitmap: &[u64]) -> u64 {
    verdicts(task, class, bitmap).into_iter().map(u64::from).sum()
}

/// Clears all bits of `class` but those of primes.
pub fn keep_primes(task: &SieveTask, class: u32, bitmap: &mut [u64]) {
    let verdicts = verdicts(task, class, bitmap);
    let bits: Vec<usize> = ones(bitmap).collect();
    for (bit, _) in bits.into_iter().zip(verdicts).filter(|(_, prime)| !prime) {
        bitmap[bit / 64] &= !(1 << (bit % 64));
    }
}

/// For each bit that is set: whether its number is prime.
fn verdicts(task: &SieveTask, class: u32, bitmap: &[u64]) -> Vec<bool> {
    match task.window.end() <= SIEVE_END {
        true => primality::are_prime::<u64>(&numbers(task, class, bitmap)),
        false => primality::are_prime::<u128>(&numbers(task, class, bitmap)),
    }
}

fn numbers<T: Word + TryFrom<u128>>(task: &SieveTask, class: u32, bitmap: &[u64]) -> Vec<T> {
    let (first, modulus) = (task.first(class), u128::from(task.wheel.modulus));
    let number = |bit| T::try_from(first + modulus * bit as u128).ok().expect("it is below the window's end");
    ones(bitmap).map(number).collect()
}

/// The places of the bits that are set, ascending.
fn ones(bitmap: &[u64]) -> impl Iterator<Item = usize> {
    bitmap.iter().enumerate().flat_map(|(index, &word)| ordered::ones(word).map(move |bit| 64 * index + bit))
}
