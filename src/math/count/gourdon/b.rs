//! B: Σ π(x/p) over y < p <= sqrt x; it is subtracted.
//!
//! The places x/p lie beyond sqrt x, up to x/y. The primes p whose places lie in a segment are found by a second, shorter sieve.
//! Cost: sieving x/y numbers in order, and a division and a look-up for each p. Memory: the segment, and 4 bytes for each p.

use super::TermContext;
use super::place_sums::WeightedPi;
use super::places::{Buffers, Segment};
use crate::math::lanes::Dividend;
use crate::math::sieve::ordered;
use crate::math::span::Span;

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi, buffers: &mut Buffers) {
    let params = &context.params;
    let above = segment.x_high.max(params.y);
    let last = segment.x_low.min(params.sqrt_x);
    if above >= last {
        return;
    }
    let window = Span::new(u128::from(above) + 1, u128::from(last) + 1).expect("it is not empty");
    let Buffers { sieve, divisors, .. } = buffers;
    divisors.clear();
    if last <= u64::from(u32::MAX) {
        sieve.words(&context.base, window, |start, word| {
            divisors.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        segment.ask(context, to, 1, params.x, divisors[..].into());
    } else {
        let dividend = Dividend::new(params.x);
        sieve.words(&context.base, window, |start, word| {
            for prime in ordered::numbers(start, word) {
                segment.ask_one(to, 1, dividend.over(prime as u64));
            }
        });
    }
}
