//! Primality tests: nanoseconds a number, one at a time and in step, for primes and for what a sieve by the
//! primes below 1000 leaves.

use pcount::math::primality::{self, Modulus, Word, passes, passes_base_2, passes_lucas};
use std::hint::black_box;
use std::time::Instant;

/// The best of some runs: the machine may have other work.
fn nanoseconds(what: &str, per: usize, mut work: impl FnMut() -> usize) {
    let run = |_| {
        let began = Instant::now();
        black_box(work());
        began.elapsed().as_secs_f64()
    };
    let best = (0..10).map(run).fold(f64::INFINITY, f64::min);
    println!("    {what:32} {:8.1} ns", best * 1e9 / per as f64);
}

fn in_step<T: Word, const COUNT: usize>(primes: &[T], what: &str, test: fn(&[Modulus<T>; COUNT]) -> [bool; COUNT]) {
    let groups = primes.as_chunks::<COUNT>().0;
    nanoseconds(&format!("{what}, {COUNT} in step"), groups.len() * COUNT, || {
        groups.iter().map(|group| test(&group.map(Modulus::new)).iter().filter(|&&passes| passes).count()).sum()
    });
}

fn measure<T: Word>(start: u128, convert: fn(u128) -> T) {
    let rough = (start + 1..).step_by(2).filter(|n| (3..1000).step_by(2).all(|p| !n.is_multiple_of(p)));
    let candidates: Vec<T> = rough.take(4000).map(convert).collect();
    let verdicts = primality::are_prime(&candidates);
    let primes: Vec<T> = candidates.iter().zip(verdicts).filter(|(_, prime)| *prime).map(|(n, _)| *n).collect();
    let count = |numbers: &[T]| primality::are_prime(numbers).into_iter().filter(|&prime| prime).count();
    println!("{start:e} in {} bits, {} primes among {}", T::BITS, primes.len(), candidates.len());

    in_step::<T, 1>(&primes, "base 2", passes_base_2);
    in_step::<T, 4>(&primes, "base 2", passes_base_2);
    in_step::<T, 8>(&primes, "base 2", passes_base_2);
    in_step::<T, 1>(&primes, "Lucas", passes_lucas);
    in_step::<T, 4>(&primes, "Lucas", passes_lucas);
    in_step::<T, 8>(&primes, "Lucas", passes_lucas);
    nanoseconds("12 bases in step", primes.len(), || {
        let bases = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41];
        primes.iter().filter(|&&n| passes(&Modulus::new(n.into()), bases)).count()
    });
    nanoseconds("is_prime, a prime", primes.len(), || {
        primes.iter().filter(|&&n| primality::is_prime(n.into())).count()
    });
    nanoseconds("are_prime, a prime", primes.len(), || count(&primes));
    nanoseconds("are_prime, a candidate", candidates.len(), || count(&candidates));
}

fn main() {
    measure(10u128.pow(12), |n| n as u64);
    measure(10u128.pow(18), |n| n as u64);
    measure(18 * 10u128.pow(18), |n| n as u64);
    measure(10u128.pow(18), |n| n);
    measure(10u128.pow(20), |n| n);
    measure(10u128.pow(24), |n| n);
    measure(10u128.pow(30), |n| n);
}
