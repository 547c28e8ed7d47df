//! The terms A, B and C for sums of powers, over all numbers from 0 to x/y, slice by slice.
//!
//! They are those of `../a.rs`, `../b.rs` and `../c.rs`, which say which leaves there are. Here a leaf of p and m counts p^K·m^K
//! times, and in place of π stands S, the sum of p^K over the primes up to a number.
//!
//! Cost: as for counting, but a look-up takes about 6 ns. Memory: 16 or 32 bytes for each word of a segment.

use super::super::places::{Buffers, PLACES_SEGMENT_WORDS, Place};
use super::super::tables::fill;
use super::super::{a, b, c};
use super::Context;
use super::segment::PowerSegment;
use crate::math::lanes::{Dividend, Lanes, SignedDivisors, WORD};
use crate::math::ring::{Ring, power};
use crate::math::sieve::{Sieve, ordered};
use std::ops::Range;

/// A weighted sum of S over places of one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weighted<R> {
    /// How often S was needed, each time with its factor.
    pub weight: R,
    /// The sum, with only the primes of the slice.
    pub sum: R,
}

impl<R: Ring> Weighted<R> {
    fn add(&mut self, factor: R, weight: R, sum: R) {
        self.weight += factor * weight;
        self.sum += factor * sum;
    }
}

/// The sums of a slice. Slices merge from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlicePowers<R> {
    /// Σ p^K over the primes of the slice.
    pub primes: R,
    /// Σ p^2K over the primes of the slice; only up to sqrt x.
    pub squares: R,
    /// The term A.
    pub a: Weighted<R>,
    /// The term B.
    pub b: Weighted<R>,
    /// The term C.
    pub c: Weighted<R>,
}

impl<R: Ring> SlicePowers<R> {
    /// The sums of this slice and of the slice to the right of it.
    pub fn merge(self, right: SlicePowers<R>) -> SlicePowers<R> {
        let merge = |left: Weighted<R>, right: Weighted<R>| Weighted {
            weight: left.weight + right.weight,
            sum: left.sum + right.sum + self.primes * right.weight,
        };
        SlicePowers {
            primes: self.primes + right.primes,
            squares: self.squares + right.squares,
            a: merge(self.a, right.a),
            b: merge(self.b, right.b),
            c: merge(self.c, right.c),
        }
    }
}

/// A segment, as a term sees it.
struct PowerPlaces<'a, S, R> {
    added: &'a mut S,
    /// S of the numbers of the slice before the segment.
    before: R,
    lanes: &'static Lanes,
}

impl<R: Ring, S: PowerSegment<R>> PowerPlaces<'_, S, R> {
    /// Adds `factor` times the sum of d^K·S(dividend/d) over the divisors, whose quotients must lie in the segment. Returns the
    /// sum of d^K.
    fn ask(&mut self, to: &mut Weighted<R>, factor: R, dividend: u128, divisors: &[u32]) -> R {
        if divisors.is_empty() {
            return R::default();
        }
        let [sum, weight] = self.added.ask(self.lanes, Dividend::new(dividend), divisors);
        to.add(factor, weight, sum + self.before * weight);
        weight
    }

    fn a<const K: usize>(&mut self, context: &Context<R>, place: &Place, to: &mut Weighted<R>) {
        let primes = &context.base.tables().primes;
        a::pairs(&context.base, place, |a::Pairs { p, xp, above, once, last }| {
            let p = power::<R, K>(p);
            self.ask(to, p, xp, &primes[above + 1..=once]);
            self.ask(to, p + p, xp, &primes[once + 1..=last]);
        });
    }

    fn b<const K: usize>(
        &mut self,
        context: &Context<R>,
        place: &Place,
        to: &mut Weighted<R>,
        sieve: &mut Sieve,
        divisors: &mut Vec<u32>,
    ) {
        let (base, x) = (&context.base.base, context.base.params.x);
        let Some(window) = b::window(&context.base, place) else { return };
        divisors.clear();
        if window.end() <= 1 << 32 {
            sieve.words(base, window, |start, word| {
                divisors.extend(ordered::numbers(start, word).map(|prime| prime as u32));
            });
            self.ask(to, R::of(1), x, divisors);
        } else {
            let dividend = Dividend::new(x);
            sieve.words(base, window, |start, word| {
                for prime in ordered::numbers(start, word).map(|prime| prime as u64) {
                    let sum = self.before + self.added.up_to(self.lanes, dividend.over(prime));
                    to.add(power::<R, K>(prime), R::of(1), sum);
                }
            });
        }
    }

    fn composites<const K: usize>(
        &mut self,
        context: &Context<R>,
        place: &Place,
        to: &mut Weighted<R>,
        list: &mut SignedDivisors,
    ) {
        let factors = &context.base.tables().factors;
        c::composites(&context.base, place, |c::Composites { b, p, xp, above, last }| {
            let p = power::<R, K>(p);
            factors.leaves(self.lanes, b, above, last, list, |list| {
                let plus = self.ask(to, R::default() - p, xp, &list.plus);
                let minus = self.ask(to, p, xp, &list.minus);
                to.sum += p * context.beyond(b) * (minus - plus);
            });
        });
    }

    fn primes<const K: usize>(&mut self, context: &Context<R>, place: &Place, to: &mut Weighted<R>) {
        let (primes, powers) = (&context.base.tables().primes, context.powers());
        c::primes(&context.base, place, |c::Primes { b, p, t, skipped, visited }| {
            let (p, beyond) = (power::<R, K>(p), context.beyond(b));
            if let Some(c::Skipped { low, high, inside, all }) = skipped {
                let [low, high, inside, all] = [low, high, inside, all].map(|index| powers.first(index));
                to.sum += p * (low * all - high * inside + beyond * (all - inside));
            }
            if let Some(c::Visited { above, low, high, last }) = visited {
                to.sum += p * beyond * (powers.first(last) - powers.first(above));
                self.ask(to, p, t, &primes[above + 1..=low]);
                self.ask(to, p + p, t, &primes[low + 1..=high]);
                self.ask(to, p, t, &primes[high + 1..=last]);
            }
        });
    }
}

/// The sums over the numbers of a slice, whose edges must be multiples of 240.
pub fn sums<R: Ring, S: PowerSegment<R>, const K: usize>(
    context: &Context<R>,
    slice: Range<u64>,
    Buffers { sieve, list, divisors, .. }: &mut Buffers,
    added: &mut S,
) -> SlicePowers<R> {
    let (base, lanes) = (&context.base.base, context.base.lanes);
    base.make(sieve);
    let mut sums = SlicePowers::default();
    let (x, sqrt_x) = (context.base.params.x, context.base.params.sqrt_x);
    let mut start = slice.start;
    while start < slice.end {
        let end = (start + PLACES_SEGMENT_WORDS * WORD).min(slice.end);
        added.resize(start, ((end - start) / WORD) as usize, 0);
        fill(added.words_mut(), start, base, sieve);
        added.add_up(lanes);
        if start == 0 {
            // Words have no bits for these.
            for p in [2, 3, 5].map(power::<R, K>) {
                sums.primes += p;
                sums.squares += p * p;
            }
        }
        let all = added.left();
        if start <= sqrt_x {
            sums.squares += squares::<R, K>(start, added.words_mut());
        }
        let place = Place::new(x, start..end);
        let mut at = PowerPlaces { added: &mut *added, before: sums.primes, lanes };
        if start <= sqrt_x {
            at.a::<K>(context, &place, &mut sums.a);
            at.composites::<K>(context, &place, &mut sums.c, list);
            at.primes::<K>(context, &place, &mut sums.c);
        }
        if end > sqrt_x {
            at.b::<K>(context, &place, &mut sums.b, sieve, divisors);
        }
        sums.primes += all;
        start = end;
    }
    sums
}

/// Σ p^2K over the primes of a segment.
fn squares<R: Ring, const K: usize>(start: u64, words: &[u64]) -> R {
    let words = (start..).step_by(WORD as usize).zip(words);
    let primes = words.flat_map(|(first, &word)| ordered::numbers(first.into(), word));
    primes.map(|p| power::<R, K>(p as u64)).fold(R::default(), |sum, p| sum + p * p)
}
