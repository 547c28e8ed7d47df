//! Numbers only: no ranks, no files, no clocks, no printing.
//!
//! The ways to count primes are a ladder, slowest first, and each is tested against the one before: [`trial`] divides,
//! [`sieve::naive`] keeps one flag per number, [`sieve`] keeps one bit per number that its wheel lets through, and [`count`]
//! counts primes without finding them all.
//! [`primality`] tests single numbers of any size; [`approximate`] says about how many primes there should be.

pub mod approximate;
pub mod count;
pub mod cut;
pub mod decimal;
pub mod integer;
#[allow(unsafe_code)]
pub mod lanes;
pub mod patterns;
mod pieces;
pub mod primality;
pub mod prime_powers;
pub mod residues;
pub mod ring;
pub mod sieve;
pub mod span;
pub mod trial;
mod zeta;
