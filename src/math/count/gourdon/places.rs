//! The places at which A, B and C need π, segment by segment.
//!
//! A segment has the primes among its numbers and the counts before each word. Each of the three terms looks up the places that
//! lie in it. A segment is as long as fits a second-level cache together with what the terms need.

use super::TermContext;
use super::place_sums::WeightedPi;
use crate::math::lanes::{CountedSegment, Dividend, Divisors, SignedDivisors};
use crate::math::sieve::Sieve;
use std::ops::Range;

/// Words of a segment.
pub(super) const PLACES_SEGMENT_WORDS: u64 = 1 << 14;

/// The bytes that a thread takes: the segment, its counts and pairs, the bits of the eight classes it is read from, and the divisors.
pub const THREAD_BYTES: u64 = 70 * PLACES_SEGMENT_WORDS;

/// The buffers of a thread.
pub struct Buffers {
    /// Sieves the segments.
    pub sieve: Sieve,
    pub(super) segment: CountedSegment,
    /// Divisors of x, some at a time.
    pub divisors: Vec<u32>,
    /// Divisors with signs, some at a time.
    pub list: SignedDivisors,
}

impl Buffers {
    /// Empty buffers.
    pub fn new(sieve: Sieve) -> Buffers {
        Buffers { sieve, segment: CountedSegment::default(), divisors: Vec::new(), list: SignedDivisors::default() }
    }
}

/// Where a segment is. That decides which leaves have their places in it.
pub struct Place {
    /// The numbers that it stands for.
    pub numbers: Range<u64>,
    /// x over the first number, or over 1. The place x/(n·m) is in the segment if n·m is not above this, and above `x_high`.
    pub x_low: u64,
    /// x over the number behind the last.
    pub x_high: u64,
}

impl Place {
    /// The place of these numbers.
    pub fn new(x: u128, numbers: Range<u64>) -> Place {
        // A number beyond 64 bits is beyond all bounds on n·m.
        let over = |n: u64| u64::try_from(x / u128::from(n)).unwrap_or(u64::MAX);
        Place { x_low: over(numbers.start.max(1)), x_high: over(numbers.end), numbers }
    }
}

/// A segment, as a term sees it.
pub struct Segment<'a> {
    /// Where it is.
    pub place: Place,
    pub(super) counted: &'a CountedSegment,
    /// How many primes of the slice are before the segment.
    pub(super) before: u64,
}

impl Segment<'_> {
    /// Adds `times` the sum of π over the quotients by `divisors`, which must lie in the segment.
    pub fn ask(&self, context: &TermContext, to: &mut WeightedPi, times: i128, dividend: u128, divisors: Divisors) {
        let count = divisors.numbers().len();
        if count == 0 {
            return;
        }
        let dividend = Dividend::new(dividend);
        let local = self.counted.sum(context.lanes, self.place.numbers.start, dividend, divisors);
        to.add(times, count, local, self.before);
    }

    /// The same for one place.
    pub fn ask_one(&self, to: &mut WeightedPi, times: i128, place: u64) {
        to.add(times, 1, self.counted.up_to(place - self.place.numbers.start), self.before);
    }
}

/// n, or the square root of x if that is less.
pub fn at_most_root(n: u64, x: u128) -> u64 {
    let wide = u128::from(n);
    if wide * wide <= x { n } else { x.isqrt() as u64 }
}
