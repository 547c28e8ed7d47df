//! B: Σ π(x/p) over y < p <= sqrt x; it is subtracted.
//!
//! The places x/p lie beyond sqrt x, up to x/y. The primes p whose places lie in a segment are found by a second, shorter sieve.
//! Cost: sieving x/y numbers in order, and a division and a look-up for each p. Memory: the segment, and 4 bytes for each p.

use super::TermContext;
use super::place_sums::WeightedPi;
use super::places::{Buffers, Place, Segment};
use crate::math::lanes::Dividend;
use crate::math::sieve::ordered;
use crate::math::span::Span;

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi, buffers: &mut Buffers) {
    let Some(window) = window(context, &segment.place) else { return };
    let Buffers { sieve, divisors, .. } = buffers;
    divisors.clear();
    if window.end() <= 1 << 32 {
        sieve.words(&context.base, window, |start, word| {
            divisors.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        segment.ask(context, to, 1, context.params.x, divisors[..].into());
    } else {
        let dividend = Dividend::new(context.params.x);
        sieve.words(&context.base, window, |start, word| {
            for prime in ordered::numbers(start, word) {
                segment.ask_one(to, 1, dividend.over(prime as u64));
            }
        });
    }
}

/// The numbers among which are the primes p whose places are here.
pub fn window(context: &TermContext, place: &Place) -> Option<Span> {
    let above = place.x_high.max(context.params.y);
    let last = place.x_low.min(context.params.sqrt_x);
    (above < last).then(|| Span::new(u128::from(above) + 1, u128::from(last) + 1).expect("it is not empty"))
}
