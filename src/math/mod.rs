//! Numbers only: no ranks, no files, no clocks, no printing.
//!
//! The ladder, slowest first, where each rung judges the next: [`trial`] divides, [`sieve::naive`] marks
//! one flag per number, [`sieve`] marks one bit per number that its wheel lets through; [`count`] has the rungs above,
//! which count primes without finding them all.
//! [`primality`] decides single numbers, however large; [`approximate`] says about how many primes there should be.

pub mod approximate;
pub mod count;
pub mod cut;
pub mod integer;
#[allow(unsafe_code)]
pub mod lanes;
pub mod primality;
pub mod sieve;
pub mod span;
pub mod trial;
