//! The counting sieve's start: the multiples of the first K primes as patterns that repeat.
//!
//! A byte stands for 30 numbers, so the multiples of p repeat every p bytes.

use super::params::K;
use crate::math::lanes::{Lanes, RESIDUES, STRIPE_WORDS, Stripe};

/// The primes of each pattern.
const GROUPS: [&[u64]; 2] = [&[7, 11, 13], &[17, 19]];

pub struct Patterns {
    tables: Vec<(Vec<u8>, usize)>,
}

impl Patterns {
    pub fn new() -> Patterns {
        const { assert!(K == 8) };
        let table = |primes: &&[u64]| {
            let period: u64 = primes.iter().product();
            let free = |n: u64| primes.iter().all(|&p| !n.is_multiple_of(p));
            let byte = |at: u64| {
                let bits = RESIDUES.iter().enumerate().map(|(bit, &r)| u8::from(free(30 * at + u64::from(r))) << bit);
                bits.sum::<u8>()
            };
            let mut bytes: Vec<u8> = (0..period).map(byte).collect();
            while bytes.len() < period as usize + 8 * STRIPE_WORDS {
                bytes.extend_from_within(..(period as usize).min(8 * STRIPE_WORDS));
            }
            (bytes, period as usize)
        };
        Patterns { tables: GROUPS.iter().map(table).collect() }
    }

    /// Fills a row that begins at the number `start`; its length is a multiple of [`STRIPE_WORDS`].
    pub fn presieve(&self, lanes: &Lanes, words: &mut [u64], start: u64) {
        let stripe = |(bytes, period): &'_ (Vec<u8>, usize)| -> (usize, usize, usize) {
            (bytes.len(), *period, (start / 30 % *period as u64) as usize)
        };
        let mut stripes: Vec<Stripe> = self
            .tables
            .iter()
            .map(|table| {
                let (_, period, at) = stripe(table);
                Stripe { bytes: &table.0, period, at }
            })
            .collect();
        lanes.presieve(words, &mut stripes);
    }
}
