//! The number of primes up to x, without finding them all.

pub mod gourdon;
