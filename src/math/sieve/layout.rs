//! How a span is laid out for the sieve: windows, a wheel, slices of its classes, and how far the sieving goes.
//!
//! A window should be wide, because each costs a start of all sieving primes; its lines should fit a cache,
//! because they are hit at random; and a large wheel leaves fewer numbers but makes shorter lines. Where a span
//! is narrow against the square root of its end, most sieving primes never hit it: then it is cheaper to stop at
//! some bound and to test what is left. So all combinations are costed and the cheapest is taken. A unit is a
//! slice of the classes of one window; the slices of a window are equal, and so are the windows in cost.
//!
//! Costs are estimated in picoseconds of one core of 2023, from what `benches/lanes.rs` measured there. In
//! integers: two hosts must never lay out differently.

use super::wheel::Wheel;
use super::{TOGETHER, far};
use crate::math::cut::Cut;
use crate::math::primality::{self, Certainty};
use crate::math::span::Span;
use std::fmt;
use std::ops::Range;

pub struct Layout {
    windows: Cut,
    pub wheel: &'static Wheel,
    /// Units per window.
    slices: u64,
    /// The primes up to here are sieved with. What is left above the square of that is tested.
    pub bound: u64,
    tests: bool,
    cost: u128,
}

/// A line has about so many bits at most: a megabyte, half of a second-level cache of 2023.
const LINE_MAX: u128 = 1 << 23;

/// Bits of the shortest lines, if there is a choice.
const LINE_MIN: u128 = 1 << 12;

/// Bits of a line that fit a first-level cache: beyond, hits of primes that are longer take longer.
const CACHED: u64 = 1 << 18;

/// Picoseconds: presieving and counting a bit; crossing off in the first- and in the second-level cache; a
/// prime's turn in a line; finding its first hit; looking for it in a line; leaping with it through a window.
const BIT: u64 = 12;
const NEAR_HIT: u64 = 380;
const FAR_HIT: u64 = 1_300;
const TURN: u64 = 1_600;
const START: u64 = 3_000;
const LOOK: u64 = 170;
const LEAP: u64 = 2_600;

/// Picoseconds: making a sieving prime.
const MAKE: u64 = 4_000;

impl Layout {
    /// The cheapest layout of a span that is no wider than 2^64.
    pub fn new(span: Span) -> Layout {
        choices(span).min_by_key(|choice| choice.cost).expect("there are wheels").lay_out(span)
    }

    /// A layout for reading the primes in order: a unit is a whole window, in the lines of the smallest wheel. Of
    /// those that cost about the same it has the narrowest windows: all eight lines are held at once.
    pub fn in_order(span: Span) -> Layout {
        let small = || choices(span).filter(|choice| choice.wheel.modulus == Wheel::smallest().modulus);
        let least = small().map(|choice| choice.cost).min().expect("there is the smallest wheel");
        let near = small().filter(|choice| choice.cost <= least + least / 8);
        let choice = near.max_by_key(|choice| choice.windows).expect("the cheapest is near itself");
        Layout { slices: 1, ..choice.lay_out(span) }
    }

    /// All layouts that are worth a thought.
    pub fn all(span: Span) -> impl Iterator<Item = Layout> {
        choices(span).map(move |choice| choice.lay_out(span))
    }

    pub fn units(&self) -> u64 {
        self.windows.pieces() * self.slices
    }

    /// The window of a unit, and its slice of the wheel's classes.
    pub fn unit(&self, unit: u64) -> (Span, Range<usize>) {
        let (slice, classes) = (unit % self.slices, self.wheel.classes.len() as u64);
        let edge = |slice| (slice * classes / self.slices) as usize;
        (self.windows.piece(unit / self.slices), edge(slice)..edge(slice + 1))
    }

    pub fn windows(&self) -> u64 {
        self.windows.pieces()
    }

    /// Expected picoseconds of all units on one thread.
    pub fn cost(&self) -> u128 {
        self.cost
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (modulus, windows) = (self.wheel.modulus, self.windows());
        let tests = if self.tests { ", then tests" } else { "" };
        write!(f, "wheel {modulus}, windows {windows}, primes to {}{tests}", self.bound)
    }
}

/// A layout that is not laid out yet: there are many, and most are only looked at for their cost.
struct Choice {
    wheel: &'static Wheel,
    windows: u64,
    bound: u64,
    /// Of a window, and of all.
    window: u128,
    cost: u128,
}

/// The choices for a span.
fn choices(span: Span) -> impl Iterator<Item = Choice> {
    let root = root(span);
    let narrow = span.width() < u128::from(root);
    let full = (root < END_OF_PRIMES).then_some(root);
    let bounded = (BOUND_MIN..32).step_by(2).map(|bits| 1 << bits).filter(move |&bound| narrow && bound < root);
    let bounds = full.into_iter().chain(bounded).chain((root >= END_OF_PRIMES).then_some(END_OF_PRIMES - 1));
    Wheel::all().flat_map(move |wheel| {
        let fewest = span.width().div_ceil(LINE_MAX * u128::from(wheel.modulus)).max(1);
        // Powers of two: they share out equally among many numbers of ranks.
        let fewest = u64::try_from(fewest).expect("a span is no wider than 2^64").next_power_of_two();
        // Windows with lines that are shorter have little but overhead.
        let most = span.width() / (LINE_MIN * u128::from(wheel.modulus));
        let doublings = (0..6).map(move |doublings| fewest << doublings);
        let windows = doublings.filter(move |&windows| windows == fewest || u128::from(windows) <= most);
        let bounds = bounds.clone();
        windows.flat_map(move |windows| bounds.clone().map(move |bound| Choice::new(span, wheel, windows, bound)))
    })
}

impl Choice {
    fn new(span: Span, wheel: &'static Wheel, windows: u64, bound: u64) -> Choice {
        let (end, width) = (span.end().saturating_sub(1), (span.width() / u128::from(windows)) as u64);
        let window = window_cost(end, width, wheel, bound);
        let cost = u128::from(windows) * window + pi(bound) * u128::from(MAKE);
        Choice { wheel, windows, bound, window, cost }
    }

    fn lay_out(self, span: Span) -> Layout {
        let Choice { wheel, bound, cost, .. } = self;
        // A number costs what it does in a window of about this width that ends with it.
        let width = (span.width() / u128::from(self.windows)).max(1) as u64;
        let (first, last) = (span.start() + u128::from(width - 1), span.end().saturating_sub(1));
        let density = |end: u128| {
            let bound = bound.min(end.isqrt() as u64);
            (1000 * window_cost(end, width, wheel, bound) / u128::from(width)) as u64
        };
        // Where low numbers cost far less, their windows stay the cheaper ones, or their lines would be too long.
        let bits = u128::from(width / wheel.modulus + 1);
        let least = (u128::from(density(last)) * bits / line_most(wheel)) as u64;
        let windows = Cut::new(span, |n| density(n.clamp(first.min(last), last)).max(least), self.windows);
        let slices = slices(self.window, windows.pieces(), wheel, bound);
        Layout { windows, wheel, slices, bound, tests: bound < root(span), cost }
    }
}

/// Bits that a line may have where windows of equal cost are not of equal width: what leaps can tell.
fn line_most(wheel: &Wheel) -> u128 {
    let most = 1 << 24;
    if far::leaps(wheel) { (((1 << 31) - 1) / u128::from(wheel.modulus)).min(most) } else { most }
}

/// The largest prime that may be needed.
fn root(span: Span) -> u64 {
    span.end().saturating_sub(1).isqrt() as u64
}

/// Sieving primes are below this.
const END_OF_PRIMES: u64 = 1 << 32;

/// Bits of the lowest bound that is worth a thought: primes below that are made in no time.
const BOUND_MIN: u32 = 16;

/// The cost of sieving a window of `width` numbers that ends at `end` by the primes up to `bound` and of testing
/// what is left.
fn window_cost(end: u128, width: u64, wheel: &Wheel, bound: u64) -> u128 {
    let bits = width / wheel.modulus + 1;
    let classes = wheel.classes.len() as u128;
    let (near, cached) = (bound.min(bits), bound.min(bits).min(CACHED));
    let raked = far::raked(wheel, bits).clamp(near, bound);
    let hits = |from: u64, to: u64| u128::from(bits) * u128::from(ln_ln_between(from, to)) / 1000;
    let blocks = u128::from(bits.div_ceil(CACHED));
    let line = u128::from(bits * BIT)
        + hits(STRIPED, cached) * u128::from(NEAR_HIT)
        + (hits(cached, near) + hits(near, bound)) * u128::from(FAR_HIT)
        + (blocks * pi(cached) + pi(near).saturating_sub(pi(cached))) * u128::from(TURN)
        + pi(raked).saturating_sub(pi(near)) * u128::from(LOOK);
    let groups = classes.div_ceil(TOGETHER as u128);
    let starts = pi(raked) * u128::from(START) + pi(bound).saturating_sub(pi(raked)) * u128::from(LEAP);
    classes * line + groups * starts + tests(end, width, bound)
}

/// The cost of testing the numbers that are left of `width` ones below `end` by the primes up to `bound`.
fn tests(end: u128, width: u64, bound: u64) -> u128 {
    if end.isqrt() <= u128::from(bound) {
        return 0;
    }
    // Picoseconds for a number, and for what it takes to believe in a prime.
    let (test, prove) = match (u64::try_from(end), primality::certainty(end)) {
        (Ok(_), _) => (90_000, 200_000),
        (_, Certainty::Proven) => (430_000, 4_000_000),
        (_, Certainty::Probable) => (490_000, 1_100_000),
    };
    // Mertens: the share of numbers that no prime up to x divides is e^-γ / ln x.
    let left = u128::from(width) * 561 / u128::from(ln(bound).max(1));
    let primes = u128::from(width) * 1000 / u128::from(ln_wide(end).max(1));
    left * test + primes.min(left) * prove
}

/// The units of a window that costs so much and whose starts are little of it, as many as are worth having.
fn slices(window: u128, windows: u64, wheel: &Wheel, bound: u64) -> u64 {
    let starts = pi(bound) * u128::from(START);
    let classes = wheel.classes.len() as u64;
    let units = |slices: u64| u128::from(windows * slices);
    let worth = |slices: u64| {
        let each = window / u128::from(slices);
        // All primes start in each slice: that should be little of it, but some hands must have something to do.
        let some = units(slices) <= FEW && each > starts;
        // Short jobs need some units, but long ones not millions.
        (some || each > STARTS * starts) && each > SHORT && (units(slices) <= MANY || each > LONG)
    };
    // Only such numbers as make equal slices.
    (1..=classes)
        .filter(|slices| classes.is_multiple_of(*slices))
        .take_while(|&slices| worth(slices))
        .last()
        .unwrap_or(1)
}

/// A slice costs so many times what its primes' starts cost, at least.
const STARTS: u128 = 30;

/// Units that there should be even if finding their primes' starts is a good part of the work.
const FEW: u128 = 4;

/// Picoseconds: a unit takes so long at least; if it takes more than the longer time, there may be any number.
const SHORT: u128 = 20_000_000;
const LONG: u128 = 1_000_000_000_000;
const MANY: u128 = 4096;

/// Near the largest prime of the stripes.
const STRIPED: u64 = 160;

/// About 1000·ln x; 0 for 0.
fn ln(x: u64) -> u64 {
    let Some(bit) = x.checked_ilog2() else { return 0 };
    // Between two powers of two the logarithm is nearly a line.
    let above = (1000 * u128::from(x - (1 << bit))) >> bit;
    (1000 * u64::from(bit) + above as u64) * 693 / 1000
}

/// About 1000·ln x of a large number.
fn ln_wide(x: u128) -> u64 {
    match u64::try_from(x) {
        Ok(x) => ln(x),
        Err(_) => ln((x >> 64) as u64) + 64 * 693,
    }
}

/// About 1000·ln ln x; 0 where that is negative.
fn ln_ln(x: u64) -> u64 {
    ln(ln(x)).saturating_sub(ln(1000))
}

/// About 1000·(ln ln b - ln ln a): a thousand times the sum of 1/p over the primes between them.
pub(super) fn ln_ln_between(a: u64, b: u64) -> u64 {
    ln_ln(b).saturating_sub(ln_ln(a))
}

/// About π(x).
pub(super) fn pi(x: u64) -> u128 {
    match x {
        0..100 => u128::from(x) / 3,
        _ => 1000 * u128::from(x) / u128::from(ln(x) - 1080),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(start: u128, width: u128) -> Layout {
        Layout::new(Span::new(start, start + width).unwrap())
    }

    #[test]
    fn estimates_are_near() {
        for (x, count) in [(1_000u64, 168.0), (1_000_000, 78_498.0), (1_000_000_000, 50_847_534.0)] {
            approx::assert_relative_eq!(pi(x) as f64, count, max_relative = 0.03);
            approx::assert_relative_eq!(ln(x) as f64, 1000.0 * (x as f64).ln(), max_relative = 0.02);
            approx::assert_relative_eq!(ln_ln(x) as f64, 1000.0 * (x as f64).ln().ln(), max_relative = 0.03);
        }
    }

    #[test]
    fn units_tile_windows_and_classes() {
        for (start, width) in [
            (0u128, 1u128),
            (0, 1_000_000),
            (10_000_000_000, 30_000_000_000),
            (1 << 60, 1 << 33),
            (1 << 63, 1 << 63),
            (0, 1 << 64),
        ] {
            for layout in [layout(start, width), Layout::in_order(Span::new(start, start + width).unwrap())] {
                let mut at = (start, 0);
                for unit in (0..layout.units()).take(10_000) {
                    let (window, classes) = layout.unit(unit);
                    assert_eq!((window.start(), classes.start), at);
                    assert!(
                        !classes.is_empty()
                            && window.width() / u128::from(layout.wheel.modulus) <= line_most(layout.wheel)
                    );
                    at = if classes.end == layout.wheel.classes.len() {
                        (window.end(), 0)
                    } else {
                        (window.start(), classes.end)
                    };
                }
                assert!(layout.units() > 10_000 || at == (start + width, 0));
            }
        }
    }

    #[test]
    fn in_order_a_unit_is_a_window() {
        for (start, width) in [(0, 1000), (0, 1 << 30), (1 << 60, 1 << 30)] {
            let layout = Layout::in_order(Span::new(start, start + width).unwrap());
            let end = (0..layout.units()).fold(start, |at, unit| {
                let (window, classes) = layout.unit(unit);
                assert_eq!((window.start(), classes), (at, 0..8));
                window.end()
            });
            assert_eq!(end, start + width);
        }
    }

    #[test]
    fn wheels_grow_with_windows_and_shrink_with_height() {
        let modulus = |start, width| layout(start, width).wheel.modulus;
        assert_eq!(modulus(0, 1_000_000), 30);
        assert_eq!(modulus(0, 10_000_000_000), 2310);
        assert_eq!(modulus(0, 10_000_000_000_000), 30_030);
        assert!(modulus(10u128.pow(18), 10_000_000_000) <= 210);
    }

    #[test]
    fn jobs_have_units_enough_for_many_ranks() {
        assert!((2..=8).contains(&layout(0, 3_000_000).units()), "{}", layout(0, 3_000_000).units());
        assert!(layout(0, 10u128.pow(12)).units() >= 1280);
        assert!(layout(10u128.pow(15), 10u128.pow(12)).units() >= 1024);
        assert_eq!(layout(10u128.pow(18), 10u128.pow(11)).units() % 64, 0);
    }
}
