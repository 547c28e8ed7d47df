//! The terms A, B and C together, over all numbers from 0 to x/y, slice by slice.
//!
//! A slice is sieved segment by segment, and each of the three terms asks the segment for the places that lie in it.

use super::TermContext;
use super::place_sums::PlaceSums;
use super::places::{Buffers, PLACES_SEGMENT_WORDS, Place, Segment};
use super::tables::{BELOW, fill};
use super::{a, b, c};
use crate::math::lanes::WORD;
use std::ops::Range;

/// The sums over the numbers of a slice, whose edges must be multiples of 240.
pub fn sums(context: &TermContext, slice: Range<u64>, buffers: &mut Buffers) -> PlaceSums {
    debug_assert!(slice.start.is_multiple_of(WORD) && slice.end.is_multiple_of(WORD));
    let base = &context.base;
    base.make(&mut buffers.sieve);
    let mut sums = PlaceSums::default();
    let mut segment = std::mem::take(&mut buffers.segment);
    let mut start = slice.start;
    while start < slice.end {
        let end = (start + PLACES_SEGMENT_WORDS * WORD).min(slice.end);
        segment.resize(((end - start) / WORD) as usize);
        fill(segment.words_mut(), start, base, &mut buffers.sieve);
        let first = if start == 0 { BELOW } else { 0 };
        let primes = segment.recount(context.lanes, first);
        let at = Segment { place: Place::new(context.params.x, start..end), counted: &segment, before: sums.primes };
        if start <= context.params.sqrt_x {
            a::ask(context, &at, &mut sums.a);
            c::ask(context, &at, &mut sums.c, &mut buffers.list);
        }
        if end > context.params.sqrt_x {
            b::ask(context, &at, &mut sums.b, buffers);
        }
        sums.primes += u64::from(primes);
        start = end;
    }
    buffers.segment = segment;
    sums
}
