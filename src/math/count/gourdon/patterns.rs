//! The counting sieve's start: the multiples of the first K primes as patterns that repeat.
//!
//! A byte stands for 30 numbers, so the multiples of p repeat every p bytes.

use super::params::K;
use crate::math::lanes::{Lanes, RESIDUES, STRIPE_WORDS, Stripe};

/// The primes of each pattern.
const GROUPS: [&[u64]; 2] = [&[7, 11, 13], &[17, 19]];

pub struct Patterns {
    tables: Vec<Table>,
}

struct Table {
    /// A period of bytes, and as many more as a pass reads beyond it.
    bytes: Vec<u8>,
    period: usize,
}

impl Patterns {
    pub fn new() -> Patterns {
        const { assert!(K == 8) };
        Patterns { tables: GROUPS.iter().map(|primes| Table::new(primes)).collect() }
    }

    /// Fills a row that begins at the number `start`, a multiple of 30; its length is a multiple of [`STRIPE_WORDS`].
    pub fn presieve(&self, lanes: &Lanes, words: &mut [u64], start: u64) {
        let stripes = self.tables.iter().map(|table| {
            let at = (start / 30 % table.period as u64) as usize;
            Stripe { bytes: &table.bytes, period: table.period, at }
        });
        lanes.presieve(words, &mut stripes.collect::<Vec<Stripe>>());
    }
}

impl Table {
    /// The multiples of some primes that are bits of a row.
    fn new(primes: &[u64]) -> Table {
        let period = primes.iter().product::<u64>() as usize;
        let free = |n: u64| primes.iter().all(|&p| !n.is_multiple_of(p));
        let byte = |at: usize| -> u8 {
            let number = 30 * (at % period) as u64;
            RESIDUES.iter().enumerate().map(|(bit, &residue)| u8::from(free(number + u64::from(residue))) << bit).sum()
        };
        Table { bytes: (0..period + 8 * STRIPE_WORDS).map(byte).collect(), period }
    }
}
