//! What all terms look up: the primes, π, and the factors of leaves. Made once for all threads of a process.

use super::factors::Factors;
use super::params::Params;
use super::patterns::Patterns;
use super::tiny::Tiny;
use crate::math::lanes::{Counted, Lanes, WORD};
use crate::math::sieve::{Sieve, SievingPrimes, ordered};
use crate::math::span::Span;

/// The tables for one set of parameters.
///
/// Memory: 4 bytes for each prime and 0.05 for each number up to max(y, x^(3/8)), 0.42 for each up to z.
pub struct Tables {
    /// A 1 to make the first prime number 1, then the primes, at least one beyond the table of π.
    pub primes: Vec<u32>,
    pub pi: Pi,
    pub factors: Factors,
    pub tiny: Tiny,
    pub patterns: Patterns,
}

impl Tables {
    pub fn new(params: &Params, sieve: &mut Sieve, lanes: &'static Lanes) -> Tables {
        let pi = Pi::new(params.table() + 2 * WORD, sieve, lanes);
        let primes = pi.primes();
        let factors = Factors::new(params);
        Tables { primes, pi, factors, tiny: Tiny::new(lanes), patterns: Patterns::new() }
    }

    /// Helps to make those that take long, and returns when they are there.
    pub fn make(&self, params: &Params) {
        self.factors.make(params, &self.primes);
    }

    /// The bytes they take.
    pub fn memory(params: &Params) -> u64 {
        let table = params.table();
        let primes = 4 * table / u64::from(table.ilog2()) * 3 / 2;
        primes + table / 20 + params.z / 2310 * 960
    }
}

/// π up to some number, by bits and counts.
pub struct Pi {
    row: Counted,
}

impl Pi {
    /// The table of the numbers up to `last`.
    fn new(last: u64, sieve: &mut Sieve, lanes: &'static Lanes) -> Pi {
        let mut row = Counted::default();
        row.resize((last / WORD + 1) as usize);
        let base = SievingPrimes::below(u128::from(last) + WORD as u128 + 1);
        base.make(sieve);
        fill(&mut row, 0, &base, sieve);
        row.recount(lanes, BELOW);
        Pi { row }
    }

    /// How many primes there are up to n, which must lie in the table. Cost: a few nanoseconds.
    #[inline]
    pub fn of(&self, n: u64) -> u64 {
        match n {
            7.. => self.row.up_to(n),
            0..2 => 0,
            2 => 1,
            3..5 => 2,
            5..7 => 3,
        }
    }

    /// The largest number that may be asked for.
    pub fn last(&self) -> u64 {
        WORD * self.row.words().len() as u64 - 1
    }

    /// A 1, then all primes of the table.
    fn primes(&self) -> Vec<u32> {
        let mut primes = vec![1, 2, 3, 5];
        for (index, &word) in self.row.words().iter().enumerate() {
            let start = u128::from(WORD) * index as u128;
            primes.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        }
        primes
    }
}

/// The primes that have no bit in a row: 2, 3 and 5.
pub const BELOW: u32 = 3;

/// Makes the row that begins at `start`, a multiple of 240, one of primes. `base` reaches to the root of its end.
pub fn fill(row: &mut Counted, start: u64, base: &SievingPrimes, sieve: &mut Sieve) {
    /// Words that are sieved at once: their eight lines stay in a second-level cache.
    const PIECE: usize = 1 << 14;
    let mut from = start;
    for words in row.words_mut().chunks_mut(PIECE) {
        let end = from + WORD * words.len() as u64;
        let window = Span::new(from.into(), end.into()).expect("the row goes on");
        let mut places = words.iter_mut();
        // The sieve goes by lines, which may have some words more.
        sieve.words(base, window, |_, word| places.next().iter_mut().for_each(|place| **place = word));
        from = end;
    }
}
