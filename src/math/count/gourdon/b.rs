//! B: Σ π(x/p) over y < p <= sqrt x, to be taken off.
//!
//! The places are beyond sqrt x, up to x/y. The primes p whose places are in a row are found by another, shorter sieve.
//! Cost: that of sieving x/y numbers in order, and a division and a look-up for each p. Memory: the row, and 4 bytes for each p of it.

use super::Terms;
use super::places::{Buffers, Row};
use super::tally::Asked;
use crate::math::lanes::Dividend;
use crate::math::sieve::ordered;
use crate::math::span::Span;

/// Asks for the places of a row.
pub fn ask(terms: &Terms, row: &Row, to: &mut Asked, buffers: &mut Buffers) {
    let params = &terms.params;
    let above = row.x_high.max(params.y);
    let last = row.x_low.min(params.sqrt_x);
    if above >= last {
        return;
    }
    let window = Span::new(u128::from(above) + 1, u128::from(last) + 1).expect("it is not empty");
    let Buffers { sieve, divisors, .. } = buffers;
    divisors.clear();
    if last <= u64::from(u32::MAX) {
        sieve.words(&terms.base, window, |start, word| {
            divisors.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        row.ask(terms, to, 1, params.x, divisors);
    } else {
        let dividend = Dividend::new(params.x);
        sieve.words(&terms.base, window, |start, word| {
            for prime in ordered::numbers(start, word) {
                row.ask_one(to, 1, dividend.over(prime as u64));
            }
        });
    }
}
