//! The terms A, B and C for sums of powers, over all numbers from 0 to x/y, slice by slice.
//!
//! They are those of `../a.rs`, `../b.rs` and `../c.rs`, which say which leaves there are. Here a leaf of p and m counts p^K·m^K
//! times, and in place of π stands S, the sum of p^K over the primes up to a number.
//!
//! Cost: as for counting, but a look-up takes about 6 ns. Memory: 16 or 32 bytes for each word of a segment.

use super::super::abc::x_over;
use super::super::params::K as FIRST_PRIMES;
use super::super::places::{Buffers, PLACES_SEGMENT_WORDS, at_most_root};
use super::super::tables::fill;
use super::Context;
use super::segment::PowerSegment;
use crate::math::count::cube_root;
use crate::math::lanes::{Dividend, Lanes, SignedDivisors, WORD};
use crate::math::ring::{Ring, power};
use crate::math::sieve::{Sieve, ordered};
use crate::math::span::Span;
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
    numbers: Range<u64>,
    /// As in `../places.rs`.
    x_low: u64,
    x_high: u64,
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
        let [x_low, x_high] = [start.max(1), end].map(|n| x_over(x, n));
        let mut at = PowerPlaces { numbers: start..end, x_low, x_high, added: &mut *added, before: sums.primes, lanes };
        if start <= sqrt_x {
            a::<R, S, K>(context, &mut at, &mut sums.a);
            c1::<R, S, K>(context, &mut at, &mut sums.c, list);
            c2::<R, S, K>(context, &mut at, &mut sums.c);
        }
        if end > sqrt_x {
            b::<R, S, K>(context, &mut at, &mut sums.b, sieve, divisors);
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

fn a<R: Ring, S: PowerSegment<R>, const K: usize>(
    context: &Context<R>,
    segment: &mut PowerPlaces<S, R>,
    to: &mut Weighted<R>,
) {
    let (params, tables) = (&context.base.params, context.base.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    let least = params.star.max((segment.x_high / segment.numbers.end).min(params.cbrt_x));
    let most = segment.x_low.isqrt().min(params.cbrt_x);
    if least >= most {
        return;
    }
    for b in pi.of(least) as usize + 1..=pi.of(most) as usize {
        let p = u64::from(primes[b]);
        let xp = context.base.over(p);
        let above = (segment.x_high / p).max(p);
        let last = at_most_root(segment.x_low / p, xp);
        if above >= last {
            continue;
        }
        let [above, last] = [above, last].map(|n| pi.of(n) as usize);
        let once = match params.y {
            y if y <= segment.numbers.start => last,
            y if y >= segment.numbers.end => above,
            y => (pi.of((xp / u128::from(y)).min(primes[last].into()) as u64) as usize).clamp(above, last),
        };
        let p = power::<R, K>(p);
        segment.ask(to, p, xp, &primes[above + 1..=once]);
        segment.ask(to, p + p, xp, &primes[once + 1..=last]);
    }
}

fn b<R: Ring, S: PowerSegment<R>, const K: usize>(
    context: &Context<R>,
    segment: &mut PowerPlaces<S, R>,
    to: &mut Weighted<R>,
    sieve: &mut Sieve,
    divisors: &mut Vec<u32>,
) {
    let params = &context.base.params;
    let above = segment.x_high.max(params.y);
    let last = segment.x_low.min(params.sqrt_x);
    if above >= last {
        return;
    }
    let window = Span::new(u128::from(above) + 1, u128::from(last) + 1).expect("it is not empty");
    divisors.clear();
    if last <= u64::from(u32::MAX) {
        sieve.words(&context.base.base, window, |start, word| {
            divisors.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        segment.ask(to, R::of(1), params.x, divisors);
    } else {
        let dividend = Dividend::new(params.x);
        sieve.words(&context.base.base, window, |start, word| {
            for prime in ordered::numbers(start, word).map(|prime| prime as u64) {
                let sum = segment.before + segment.added.up_to(segment.lanes, dividend.over(prime));
                to.add(power::<R, K>(prime), R::of(1), sum);
            }
        });
    }
}

fn c1<R: Ring, S: PowerSegment<R>, const K: usize>(
    context: &Context<R>,
    segment: &mut PowerPlaces<S, R>,
    to: &mut Weighted<R>,
    list: &mut SignedDivisors,
) {
    let (params, tables) = (&context.base.params, context.base.tables());
    let (pi, z, xz) = (&tables.pi, params.z, params.xz());
    if segment.numbers.start >= z {
        return;
    }
    let least = [cube_root(xz), segment.numbers.start.isqrt(), xz / segment.numbers.end];
    let first = least.into_iter().map(|n| pi.of(n.min(params.sqrt_z))).max().expect("three").max(FIRST_PRIMES as u64);
    for b in first as usize + 1..=pi.of(params.sqrt_z) as usize {
        let p = u64::from(tables.primes[b]);
        let xp = context.base.over(p);
        let cube = (xp / u128::from(p * p)).min(u64::MAX.into()) as u64;
        let above = (segment.x_high / p).max(cube).max(z / p);
        let last = (segment.x_low / p).min(z);
        if above >= last {
            continue;
        }
        let (p, lanes) = (power::<R, K>(p), context.base.lanes);
        tables.factors.leaves(lanes, b, above, last, list, |list| {
            let plus = segment.ask(to, R::default() - p, xp, &list.plus);
            let minus = segment.ask(to, p, xp, &list.minus);
            to.sum += p * context.beyond(b) * (minus - plus);
        });
    }
}

fn c2<R: Ring, S: PowerSegment<R>, const K: usize>(
    context: &Context<R>,
    segment: &mut PowerPlaces<S, R>,
    to: &mut Weighted<R>,
) {
    let (params, tables, powers) = (&context.base.params, context.base.tables(), context.powers());
    let (pi, primes, y) = (&tables.pi, &tables.primes, params.y);
    let least = [params.sqrt_z, cube_root(params.xy()), segment.numbers.start.isqrt(), segment.x_high / y];
    let first = least.into_iter().map(|n| pi.of(n.min(params.star))).max().expect("four").max(FIRST_PRIMES as u64);
    let last = pi.of(segment.x_low.isqrt().min(params.star));
    let primes_to_y = pi.of(y) as usize;
    let largest = u64::from(primes[primes_to_y]);
    for b in first as usize + 1..=last as usize {
        let p = u64::from(primes[b]);
        let t = context.base.over(p);
        let over = |n: u64| (t / u128::from(n)) as u64;
        let floor = p.max(over(p * p));
        let (from, to_most) = ((segment.x_high / p).max(floor), at_most_root((segment.x_low / p).min(y), t));
        let ends_here = segment.x_high / p < largest && largest <= segment.x_low / p;
        if from >= to_most && !ends_here {
            continue;
        }
        let u = y.min((t.isqrt() as u64).max(floor));
        let (p, beyond) = (power::<R, K>(p), context.beyond(b));
        // The primes r that belong to the q beyond u.
        let conjugate = (u < largest).then(|| [over(largest), over(u + 1)].map(|n| pi.of(n) as usize));
        if let Some([low, high]) = conjugate
            && ends_here
        {
            let [low, high, all, inside] = [low, high, primes_to_y, pi.of(u) as usize].map(|b| powers.first(b));
            to.sum += p * (low * all - high * inside + beyond * (all - inside));
        }
        if from >= to_most {
            continue;
        }
        let [above, last] = [from, to_most].map(|n| pi.of(n) as usize);
        to.sum += p * beyond * (powers.first(last) - powers.first(above));
        let [low, high] = conjugate.map_or([above; 2], |edges| edges.map(|n| n.clamp(above, last)));
        segment.ask(to, p, t, &primes[above + 1..=low]);
        segment.ask(to, p + p, t, &primes[low + 1..=high.max(low)]);
        segment.ask(to, p, t, &primes[high.max(low) + 1..=last]);
    }
}
