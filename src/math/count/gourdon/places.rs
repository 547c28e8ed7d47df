//! The places where A, B and C ask for π: all numbers from 0 to x/y, slice by slice.
//!
//! A slice is sieved row by row. A row has the primes of its numbers and the counts before each word, and each of the
//! three terms asks it for the places that lie in it. Rows are as long as fits a second-level cache together with what
//! the terms need.

use super::Terms;
use super::tables::{BELOW, fill};
use super::tally::{Asked, Tally};
use super::{a, b, c};
use crate::math::lanes::{Counted, Dividend, Signed, WORD};
use crate::math::sieve::Sieve;
use std::ops::Range;

/// Words of a row.
const ROW: u64 = 1 << 14;

/// Bytes that a thread takes for it: the row, its counts, the lines it is read from, and the divisors.
pub const MEMORY: u64 = 60 * ROW;

/// A thread's buffers.
pub struct Buffers {
    pub sieve: Sieve,
    row: Counted,
    pub divisors: Vec<u32>,
    pub list: Signed,
}

impl Buffers {
    pub fn new(sieve: Sieve) -> Buffers {
        Buffers { sieve, row: Counted::default(), divisors: Vec::new(), list: Signed::default() }
    }
}

/// The row at hand, as a term sees it.
pub struct Row<'a> {
    pub numbers: Range<u64>,
    /// x over the first number, or over 1, and over the number behind the last: n·m divides x to a place in the row
    /// if it is above the second and not above the first.
    pub x_low: u64,
    pub x_high: u64,
    counted: &'a Counted,
    /// Primes of the slice before the row.
    before: u64,
}

impl Row<'_> {
    /// Adds `times` the sum of π over the quotients by the divisors, which lie in the row.
    pub fn ask(&self, terms: &Terms, to: &mut Asked, times: i128, dividend: u128, divisors: &[u32]) {
        if divisors.is_empty() {
            return;
        }
        let dividend = Dividend::new(dividend);
        let local = self.counted.sum(terms.lanes, self.numbers.start, dividend, divisors);
        to.add(times, divisors.len(), local, self.before);
    }

    /// The same for one place.
    pub fn ask_one(&self, to: &mut Asked, times: i128, place: u64) {
        to.add(times, 1, self.counted.up_to(place - self.numbers.start), self.before);
    }
}

/// What the numbers of a slice, whose edges are multiples of 240, come to.
pub fn tally(terms: &Terms, slice: Range<u64>, buffers: &mut Buffers) -> Tally {
    debug_assert!(slice.start.is_multiple_of(WORD) && slice.end.is_multiple_of(WORD));
    let base = &terms.base;
    base.make(&mut buffers.sieve);
    let mut tally = Tally::default();
    let mut row = std::mem::take(&mut buffers.row);
    let mut start = slice.start;
    while start < slice.end {
        let end = (start + ROW * WORD).min(slice.end);
        row.resize(((end - start) / WORD) as usize);
        fill(&mut row, start, base, &mut buffers.sieve);
        let first = if start == 0 { BELOW } else { 0 };
        let primes = row.recount(terms.lanes, first);
        let x = terms.params.x;
        // What is beyond 64 bits is beyond all bounds on n·m.
        let clamped = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
        let at = Row {
            numbers: start..end,
            x_low: clamped(x / u128::from(start.max(1))),
            x_high: clamped(x / u128::from(end)),
            counted: &row,
            before: tally.primes,
        };
        if start <= terms.params.sqrt_x {
            a::ask(terms, &at, &mut tally.a);
            c::ask(terms, &at, &mut tally.c, &mut buffers.list);
        }
        if end > terms.params.sqrt_x {
            b::ask(terms, &at, &mut tally.b, buffers);
        }
        tally.primes += u64::from(primes);
        start = end;
    }
    buffers.row = row;
    tally
}

/// n, or the root of x if that is less.
pub fn at_most_root(n: u64, x: u128) -> u64 {
    let wide = u128::from(n);
    if wide * wide <= x { n } else { x.isqrt() as u64 }
}
