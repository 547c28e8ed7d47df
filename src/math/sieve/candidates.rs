//! Primality tests in place of sieving: of the candidates that remain when the sieve stops below the square root, and of all numbers, for
//! checks. Many are tested at a time.

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

/// Sets the bits of the primes of `class`, and clears all others. Each number is tested, without sieving.
pub fn set_primes(task: &SieveTask, class: u32, bitmap: &mut [u64]) {
    let number = |bit| task.first(class) + u128::from(task.wheel.modulus) * u128::from(bit);
    let inside = (0..task.bits()).filter(|&bit| task.window.contains(number(bit)));
    // Few are below; the others are tested together.
    let (few, mut many): (Vec<u32>, Vec<u32>) = inside.partition(|&bit| number(bit) < TESTED_TOGETHER_FROM);
    many.retain(|&bit| !has_divisor(number(bit)));
    bitmap.fill(0);
    let mut set = |bit: u32| bitmap[bit as usize / 64] |= 1 << (bit % 64);
    few.into_iter().filter(|&bit| primality::is_prime(number(bit))).for_each(&mut set);
    let verdicts = are_prime(task, many.iter().map(|&bit| number(bit)));
    many.into_iter().zip(verdicts).filter(|(_, prime)| *prime).for_each(|(bit, _)| set(bit));
}

/// Numbers below are tested one by one: the tests of many are for numbers above 100 without small divisors.
const TESTED_TOGETHER_FROM: u128 = 10_000;

/// The last divisor that is looked for before a test.
pub const LAST_DIVISOR: u64 = 97;

/// Whether a number above 10^4 has one of the divisors that most composite numbers have which no wheel leaves out.
fn has_divisor(number: u128) -> bool {
    const DIVISORS: [u64; 22] =
        [7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, LAST_DIVISOR];
    match u64::try_from(number) {
        Ok(number) => DIVISORS.iter().any(|divisor| number.is_multiple_of(*divisor)),
        Err(_) => DIVISORS.iter().any(|&divisor| number.is_multiple_of(divisor.into())),
    }
}

/// For each bit that is set: whether its number is prime.
fn verdicts(task: &SieveTask, class: u32, bitmap: &[u64]) -> Vec<bool> {
    let (first, modulus) = (task.first(class), u128::from(task.wheel.modulus));
    are_prime(task, ones(bitmap).map(|bit| first + modulus * bit as u128))
}

/// Which of these numbers of the window are prime; they must be such as [`primality::are_prime`] takes.
fn are_prime(task: &SieveTask, numbers: impl Iterator<Item = u128>) -> Vec<bool> {
    match task.window.end() <= SIEVE_END {
        true => primality::are_prime::<u64>(&narrow(numbers)),
        false => primality::are_prime::<u128>(&narrow(numbers)),
    }
}

fn narrow<T: Word + TryFrom<u128>>(numbers: impl Iterator<Item = u128>) -> Vec<T> {
    numbers.map(|number| T::try_from(number).ok().expect("it is below the window's end")).collect()
}

/// The places of the bits that are set, ascending.
fn ones(bitmap: &[u64]) -> impl Iterator<Item = usize> {
    bitmap.iter().enumerate().flat_map(|(index, &word)| ordered::ones(word).map(move |bit| 64 * index + bit))
}
