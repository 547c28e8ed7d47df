//! What all terms look up: the primes, π, and the factors of leaves. Made once for all threads of a process.

use super::factors::FactorTable;
use super::params::Params;
use super::presieve::Patterns;
use super::tiny_phi::TinyPhi;
use crate::math::lanes::{CountedSegment, Divisors, Lanes, RECIPROCALS_BEYOND, WORD};
use crate::math::sieve::{Sieve, SievingPrimes, ordered};
use crate::math::span::Span;

/// The tables for one set of parameters.
///
/// Memory: 12 bytes for each prime and 0.05 for each number up to max(y, x^(3/8)), 0.42 for each up to z.
pub struct Tables {
    /// First a 1, so that p_b is at index b; then the primes, at least one beyond the table of π.
    pub primes: Vec<u32>,
    /// Their reciprocals, and a few numbers more.
    reciprocals: Vec<f64>,
    /// π(n) for all n up to [`Params::table`].
    pub pi: PiTable,
    /// The numbers of the leaves, by their least prime factor.
    pub factors: FactorTable,
    /// phi(n, K).
    pub tiny: TinyPhi,
    /// The presieve of D's segments.
    pub patterns: Patterns,
}

impl Tables {
    /// The tables but for the factors, which [`Tables::make`] fills.
    pub fn new(params: &Params, sieve: &mut Sieve, lanes: &'static Lanes) -> Tables {
        let pi = PiTable::new(params.table() + 2 * WORD, sieve, lanes);
        let primes = pi.primes();
        let factors = FactorTable::new(params);
        let beyond = [1.0; RECIPROCALS_BEYOND];
        let reciprocals = primes.iter().map(|&p| 1.0 / f64::from(p)).chain(beyond).collect();
        Tables { primes, reciprocals, pi, factors, tiny: TinyPhi::new(lanes), patterns: Patterns::new() }
    }

    /// Helps to make the tables that take long, and returns when all are there.
    pub fn make(&self, params: &Params) {
        self.factors.make(params, &self.primes);
    }

    /// The primes p_(above + 1) … p_last as divisors.
    pub fn divisors(&self, above: usize, last: usize) -> Divisors<'_> {
        Divisors::with_reciprocals(&self.primes[above + 1..=last], &self.reciprocals[above + 1..])
    }

    /// The bytes of the tables.
    pub fn memory(params: &Params) -> u64 {
        let table = params.table();
        let primes = 12 * table / u64::from(table.ilog2()) * 3 / 2;
        primes + table / 20 + params.z / 2310 * 960
    }
}

/// π up to some number, as bits and counts.
pub struct PiTable {
    segment: CountedSegment,
}

impl PiTable {
    /// The table for the numbers up to `last`.
    fn new(last: u64, sieve: &mut Sieve, lanes: &'static Lanes) -> PiTable {
        let mut segment = CountedSegment::default();
        segment.resize((last / WORD + 1) as usize);
        let base = SievingPrimes::below(u128::from(last) + WORD as u128 + 1);
        base.make(sieve);
        fill(segment.words_mut(), 0, &base, sieve);
        segment.recount(lanes, BELOW);
        PiTable { segment }
    }

    /// π(n). n must be at most [`PiTable::last`]. Cost: a few nanoseconds.
    #[inline]
    pub fn of(&self, n: u64) -> u64 {
        match n {
            7.. => self.segment.up_to(n),
            0..2 => 0,
            2 => 1,
            3..5 => 2,
            5..7 => 3,
        }
    }

    /// The largest n of the table.
    pub fn last(&self) -> u64 {
        WORD * self.segment.words().len() as u64 - 1
    }

    /// First a 1, then all primes of the table.
    fn primes(&self) -> Vec<u32> {
        let mut primes = vec![1, 2, 3, 5];
        for (index, &word) in self.segment.words().iter().enumerate() {
            let start = u128::from(WORD) * index as u128;
            primes.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        }
        primes
    }
}

/// How many primes have no bit in a segment: 2, 3 and 5.
pub const BELOW: u32 = 3;

/// Fills the segment that begins at `start`, a multiple of 240, with the primes. `base` must reach the square root of its end.
pub fn fill(segment: &mut [u64], start: u64, base: &SievingPrimes, sieve: &mut Sieve) {
    /// How many words are sieved at once: the bits of their eight classes stay in a second-level cache.
    const PIECE_WORDS: usize = 1 << 14;
    let mut from = start;
    for words in segment.chunks_mut(PIECE_WORDS) {
        let end = from + WORD * words.len() as u64;
        let window = Span::new(from.into(), end.into()).expect("the row goes on");
        let mut places = words.iter_mut();
        // The sieve may give some words more.
        sieve.words(base, window, |_, word| places.next().iter_mut().for_each(|place| **place = word));
        from = end;
    }
}
