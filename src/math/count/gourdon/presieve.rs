//! The presieve of D: the multiples of the first K primes are patterns that repeat.
//!
//! A byte stands for 30 numbers, so the multiples of p repeat every p bytes.

use super::params::K;
use crate::math::lanes::{Lanes, PRESIEVE_WORDS, Pattern, RESIDUES_30};

/// The primes of each pattern.
const PATTERN_PRIMES: [&[u64]; 2] = [&[7, 11, 13], &[17, 19]];

/// A pattern for each group of primes.
pub struct Patterns {
    tables: Vec<PatternTable>,
}

struct PatternTable {
    /// One period of bytes, and as many more as a pass reads beyond it.
    bytes: Vec<u8>,
    period: usize,
}

impl Patterns {
    /// Makes the patterns.
    pub fn new() -> Patterns {
        const { assert!(K == 8) };
        Patterns { tables: PATTERN_PRIMES.iter().map(|primes| PatternTable::new(primes)).collect() }
    }

    /// Fills a segment that begins at the number `start`, a multiple of 30. Its length must be a multiple of [`PRESIEVE_WORDS`].
    pub fn presieve(&self, lanes: &Lanes, words: &mut [u64], start: u64) {
        let patterns = self.tables.iter().map(|table| {
            let at = (start / 30 % table.period as u64) as usize;
            Pattern { bytes: &table.bytes, period: table.period, at }
        });
        lanes.presieve(words, &mut patterns.collect::<Vec<Pattern>>());
    }
}

impl PatternTable {
    /// The pattern of the multiples of these primes.
    fn new(primes: &[u64]) -> PatternTable {
        let period = primes.iter().product::<u64>() as usize;
        let free = |n: u64| primes.iter().all(|&p| !n.is_multiple_of(p));
        let byte = |at: usize| -> u8 {
            let number = 30 * (at % period) as u64;
            RESIDUES_30
                .iter()
                .enumerate()
                .map(|(bit, &residue)| u8::from(free(number + u64::from(residue))) << bit)
                .sum()
        };
        PatternTable { bytes: (0..period + 8 * PRESIEVE_WORDS).map(byte).collect(), period }
    }
}
