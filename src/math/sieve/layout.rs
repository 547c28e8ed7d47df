//! How a span is laid out for the sieve: its windows, the wheel, the slices of classes, and the bound of the sieving primes.
//!
//! A wide window is better, because each window must find where all sieving primes start. But the bits of a class should fit
//! a cache, because they are hit at random. A large wheel leaves fewer numbers but fewer bits in each class. If a span is
//! narrow compared with the square root of its end, most sieving primes have no multiple in it; then it is cheaper to stop
//! at a bound and to test the remaining candidates. So all combinations are costed, and the cheapest is used. A unit is a
//! slice of the classes of one window. The slices of a window have equal size; the windows have equal cost.
//!
//! Costs are estimated in picoseconds of one core of 2023, as measured by `benches/lanes.rs`. Everything is done in integers:
//! two hosts must never lay out differently.

use super::wheel::Wheel;
use super::{CLASSES_TOGETHER, candidates, large_primes};
use crate::math::cut::Cut;
use crate::math::primality::{self, Certainty};
use crate::math::span::Span;
use std::fmt;
use std::ops::Range;

/// A span cut into windows, the wheel they are sieved by, and the bound of the sieving primes.
pub struct Layout {
    windows: Cut,
    /// The wheel of all windows.
    pub wheel: &'static Wheel,
    /// Units per window.
    slices: u64,
    /// The sieving primes go up to here. Candidates above the square of this bound are tested.
    pub bound: u64,
    /// The sieving primes up to here are kept: up to the bound, or those that are small or in a window.
    pub kept: u64,
    tests: bool,
    cost: u128,
}

/// A class has at most about so many bits: one megabyte, half of a second-level cache of 2023.
const CLASS_BITS_MAX: u128 = 1 << 23;

/// A class has at least so many bits, if there is a choice.
const CLASS_BITS_MIN: u128 = 1 << 12;

/// The bits of a class that fit a first-level cache. In a class with more bits, a hit of a larger prime takes longer.
const CACHED: u64 = 1 << 18;

/// Picoseconds: presieving and counting one bit; one crossing in the first-level and one in the second-level cache; handling
/// one prime in one class; finding its first multiple; looking it up in a class; leaping with it through a window.
const BIT_PS: u64 = 12;
const CROSS_L1_PS: u64 = 380;
const CROSS_L2_PS: u64 = 1_300;
const TURN_PS: u64 = 1_600;
const START_PS: u64 = 3_000;
const LOOK_PS: u64 = 170;
const LEAP_PS: u64 = 2_600;

/// Picoseconds: looking up one border in one class and counting up to it.
const BORDER_PS: u64 = 6_000;

/// Picoseconds: finding the first and the last primes of one part of a class.
const PART_PS: u64 = 60_000;

/// Picoseconds: looking for a small divisor of a number.
const LEFT_OUT_PS: u64 = 4_000;

/// How many threads may wait for the last window, if windows are not cut further.
const THREADS_IDLE: u128 = 4;

/// Picoseconds that a window takes at most if it is a unit, where there are so narrow ones.
const WINDOW_LONG_PS: u128 = 250_000_000_000;

/// Picoseconds: making one sieving prime.
const MAKE_PS: u64 = 4_000;

impl Layout {
    /// The cheapest layout of a span, which must not be wider than 2^64.
    pub fn new(span: Span) -> Layout {
        Layout::with_borders(span, 0)
    }

    /// The cheapest layout if so many borders are looked up in every class.
    pub fn with_borders(span: Span, borders: u64) -> Layout {
        let choices = choices(span).map(|choice| choice.with_borders(borders));
        if borders == 0 {
            return choices.min_by_key(|choice| choice.cost).expect("there are wheels").lay_out(span);
        }
        // The rows below a border are known when its window is done, so more windows are better if they cost little.
        Choice::with_most_windows(choices, 32).lay_out(span)
    }

    /// A layout for reading the primes in order: a unit is a whole window, with the smallest wheel. Of the layouts that cost about
    /// the same it is the one with the narrowest windows, because the bits of all eight classes are in memory at once.
    pub fn in_order(span: Span) -> Layout {
        let small = choices(span).filter(|choice| choice.wheel.modulus == Wheel::smallest().modulus);
        Choice::with_most_windows(small, 8).lay_out(span).in_whole_windows()
    }

    /// A layout in which a unit is a whole window, of any wheel, if so many borders are looked up in every class. More windows are better if they
    /// cost little, because a few threads should have about equal work. And no unit may take long, because a run that stops loses those
    /// that it has begun. But each window has costs of its own, so where even the narrowest takes long it may take twice as long as that.
    pub fn by_window(span: Span, borders: u64) -> Layout {
        let costed = || choices(span).map(|choice| choice.with_borders(PART_PS / BORDER_PS * borders));
        let least = costed().map(|choice| choice.window).min().expect("there are wheels");
        let long = WINDOW_LONG_PS.max(2 * least);
        let idle = |choice: &Choice| (choice.window.max(long), choice.cost + THREADS_IDLE * choice.window);
        let choice = costed().min_by_key(idle).expect("there are wheels");
        choice.lay_out(span).in_whole_windows()
    }

    /// A layout for one span with little memory: a unit is a whole window, with the smallest wheel, and large sieving primes are made
    /// anew for each. That may cost more than all else, so there are few windows if there are many primes. The span must begin above
    /// its square root.
    pub fn in_little_memory(span: Span, borders: u64) -> Layout {
        let small = choices(span).filter(|choice| choice.wheel.modulus == Wheel::smallest().modulus);
        let costed = small.map(|choice| choice.without_keeping().with_borders(borders));
        let layout = Choice::with_most_windows(costed, 8).lay_out(span).in_whole_windows();
        let bits = layout.unit(0).0.width() as u64 / layout.wheel.modulus + 2;
        Layout { kept: layout.bound.min(bits.max(KEPT_MIN)), ..layout }
    }

    /// All layouts that are considered.
    pub fn all(span: Span) -> impl Iterator<Item = Layout> {
        choices(span).map(move |choice| choice.lay_out(span))
    }

    /// The same, but a unit is a whole window.
    pub fn in_whole_windows(self) -> Layout {
        Layout { slices: 1, ..self }
    }

    /// The same with units that take so many picoseconds, as far as windows are wide enough.
    pub fn in_long_units(self, least: u64) -> Layout {
        let (classes, window) = (self.wheel.classes.len() as u64, self.cost / u128::from(self.windows()));
        let is_long = |slices: &u64| window / u128::from(*slices) >= u128::from(least);
        let slices = (1..=self.slices).rev().filter(|slices| classes.is_multiple_of(*slices)).find(is_long);
        Layout { slices: slices.unwrap_or(1), ..self }
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.windows.pieces() * self.slices
    }

    /// The window of a unit, and which of the wheel's classes it sieves (a range of indices).
    pub fn unit(&self, unit: u64) -> (Span, Range<usize>) {
        let (slice, classes) = (unit % self.slices, self.wheel.classes.len() as u64);
        let edge = |slice| (slice * classes / self.slices) as usize;
        (self.windows.piece(unit / self.slices), edge(slice)..edge(slice + 1))
    }

    /// The numbers for which `units` contains all units; `None` if it contains no whole window.
    pub fn covered(&self, units: Range<u64>) -> Option<Span> {
        let (from, to) = (units.start.div_ceil(self.slices), units.end / self.slices);
        (from < to).then(|| {
            let (first, last) = (self.windows.piece(from), self.windows.piece(to - 1));
            Span::new(first.start(), last.end()).expect("windows ascend")
        })
    }

    /// How many windows there are.
    pub fn windows(&self) -> u64 {
        self.windows.pieces()
    }

    /// Whether candidates remain that are tested.
    pub fn tests(&self) -> bool {
        self.tests
    }

    /// Expected picoseconds of all units on one thread.
    pub fn cost(&self) -> u128 {
        self.cost
    }

    /// How many of them go by before the first window, while the sieving primes that are kept are made.
    pub fn making(&self) -> u128 {
        pi(self.kept) * u128::from(MAKE_PS)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (modulus, windows) = (self.wheel.modulus, self.windows());
        let tests = if self.tests { ", then tests" } else { "" };
        write!(f, "wheel {modulus}, windows {windows}, primes to {}{tests}", self.bound)
    }
}

/// A layout that is only costed so far: most choices are never laid out.
struct Choice {
    wheel: &'static Wheel,
    windows: u64,
    bound: u64,
    /// The cost of a window, and of all.
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
        let fewest = span.width().div_ceil(CLASS_BITS_MAX * u128::from(wheel.modulus)).max(1);
        // Powers of two: they can be shared out equally among many numbers of ranks.
        let fewest = u64::try_from(fewest).expect("a span is no wider than 2^64").next_power_of_two();
        // Windows with fewer bits in a class are mostly overhead.
        let most = span.width() / (CLASS_BITS_MIN * u128::from(wheel.modulus));
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
        let cost = u128::from(windows) * window + pi(bound) * u128::from(MAKE_PS);
        Choice { wheel, windows, bound, window, cost }
    }

    /// Of those that cost at most a `share`-th more than the cheapest, the one with the most windows.
    fn with_most_windows(choices: impl Iterator<Item = Choice>, share: u128) -> Choice {
        let choices: Vec<Choice> = choices.collect();
        let least = choices.iter().map(|choice| choice.cost).min().expect("there are wheels");
        let near = choices.into_iter().filter(|choice| choice.cost <= least + least / share);
        near.max_by_key(|choice| choice.windows).expect("the cheapest is near itself")
    }

    /// The same if each window makes its primes.
    fn without_keeping(self) -> Choice {
        let groups = self.wheel.classes.len().div_ceil(CLASSES_TOGETHER) as u128;
        let window = self.window + groups * pi(self.bound) * u128::from(MAKE_PS);
        Choice { window, cost: u128::from(self.windows) * window, ..self }
    }

    fn with_borders(self, borders: u64) -> Choice {
        let cost = u128::from(borders) * self.wheel.classes.len() as u128 * u128::from(BORDER_PS);
        Choice { window: self.window + cost / u128::from(self.windows), cost: self.cost + cost, ..self }
    }

    fn lay_out(self, span: Span) -> Layout {
        let Choice { wheel, bound, cost, .. } = self;
        // The cost of a number is its share of a window of about this width that ends with it.
        let width = (span.width() / u128::from(self.windows)).max(1) as u64;
        let (first, last) = (span.start() + u128::from(width - 1), span.end().saturating_sub(1));
        let density = |end: u128| {
            let bound = bound.min(end.isqrt() as u64);
            (1000 * window_cost(end, width, wheel, bound) / u128::from(width)) as u64
        };
        // If low numbers cost much less, their windows may not become as wide as equal costs would make them: their classes would
        // have too many bits.
        let bits = u128::from(width / wheel.modulus + 1);
        let least = (u128::from(density(last)) * bits / class_bits_most(wheel)) as u64;
        let windows = Cut::new(span, |n| density(n.clamp(first.min(last), last)).max(least), self.windows);
        let slices = slices(self.window, windows.pieces(), wheel, bound);
        Layout { windows, wheel, slices, bound, kept: bound, tests: bound < root(span), cost }
    }
}

/// The most bits that a class may have if windows have equal cost but not equal width; leaps need this bound.
fn class_bits_most(wheel: &Wheel) -> u128 {
    let most = 1 << 24;
    if large_primes::leaps(wheel) { (((1 << 31) - 1) / u128::from(wheel.modulus)).min(most) } else { most }
}

/// The largest sieving prime that may be needed.
fn root(span: Span) -> u64 {
    span.end().saturating_sub(1).isqrt() as u64
}

/// Sieving primes are below this.
const END_OF_PRIMES: u64 = 1 << 32;

/// The lowest bound that is considered, in bits: the primes below it cost nothing to make.
const BOUND_MIN: u32 = 16;

/// The sieving primes up to here are kept in any case: they take 0.3 MB.
const KEPT_MIN: u64 = 1 << 20;

/// The cost of a window of `width` numbers that ends at `end`: sieving by the primes up to `bound`, and testing the remaining
/// candidates.
fn window_cost(end: u128, width: u64, wheel: &Wheel, bound: u64) -> u128 {
    let bits = width / wheel.modulus + 1;
    let classes = wheel.classes.len() as u128;
    let (small, cached) = (bound.min(bits), bound.min(bits).min(CACHED));
    let looked_up = large_primes::looked_up(wheel, bits).clamp(small, bound);
    let hits = |from: u64, to: u64| u128::from(bits) * u128::from(ln_ln_between(from, to)) / 1000;
    let blocks = u128::from(bits.div_ceil(CACHED));
    let per_class = u128::from(bits * BIT_PS)
        + hits(PRESIEVED, cached) * u128::from(CROSS_L1_PS)
        + (hits(cached, small) + hits(small, bound)) * u128::from(CROSS_L2_PS)
        + (blocks * pi(cached) + pi(small).saturating_sub(pi(cached))) * u128::from(TURN_PS)
        + pi(looked_up).saturating_sub(pi(small)) * u128::from(LOOK_PS);
    let groups = classes.div_ceil(CLASSES_TOGETHER as u128);
    let starts = pi(looked_up) * u128::from(START_PS) + pi(bound).saturating_sub(pi(looked_up)) * u128::from(LEAP_PS);
    classes * per_class + groups * starts + tests(end, width, bound)
}

/// The cost of testing the candidates that remain of `width` numbers below `end` after sieving by the primes up to `bound`.
fn tests(end: u128, width: u64, bound: u64) -> u128 {
    if end.isqrt() <= u128::from(bound) {
        return 0;
    }
    // Picoseconds to test a number, and to confirm a prime.
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

/// Expected picoseconds of all units on one thread if their numbers are tested instead of sieved.
pub fn tests_cost(layout: &Layout, span: Span) -> u128 {
    let width = u64::try_from(span.width()).unwrap_or(u64::MAX);
    let classes = u128::from(width) * layout.wheel.classes.len() as u128 / u128::from(layout.wheel.modulus);
    classes * u128::from(LEFT_OUT_PS) + tests(span.end(), width, candidates::LAST_DIVISOR)
}

/// How many units a window of this cost should have. In each unit all primes must be started, which should be a small part of
/// its cost.
fn slices(window: u128, windows: u64, wheel: &Wheel, bound: u64) -> u64 {
    let starts = pi(bound) * u128::from(START_PS);
    let classes = wheel.classes.len() as u64;
    let units = |slices: u64| u128::from(windows * slices);
    let worth = |slices: u64| {
        let each = window / u128::from(slices);
        // All primes start in each slice. That should be a small part of its cost, but each thread needs some work.
        let some = units(slices) <= UNITS_WITH_STARTS && each > starts;
        // A short job needs several units, but a long one does not need millions.
        (some || each > STARTS_SHARE * starts)
            && each > UNIT_SHORT_PS
            && (units(slices) <= WINDOW_UNITS_MAX || each > UNIT_LONG_PS)
    };
    // Only numbers that give equal slices.
    (1..=classes)
        .filter(|slices| classes.is_multiple_of(*slices))
        .take_while(|&slices| worth(slices))
        .last()
        .unwrap_or(1)
}

/// A slice must cost at least so many times as much as starting its primes.
const STARTS_SHARE: u128 = 30;

/// A window may have so many units even if starting the primes is a large part of their cost.
const UNITS_WITH_STARTS: u128 = 4;

/// Picoseconds that a unit must take at least; and picoseconds from which on there may be any number of units.
const UNIT_SHORT_PS: u128 = 20_000_000;
const UNIT_LONG_PS: u128 = 1_000_000_000_000;
const WINDOW_UNITS_MAX: u128 = 4096;

/// About the largest prime that the presieve crosses off.
const PRESIEVED: u64 = 160;

/// About 1000·ln x; 0 for 0. The error is below 2 %.
pub(super) fn ln(x: u64) -> u64 {
    let Some(bit) = x.checked_ilog2() else { return 0 };
    // Between two powers of two the logarithm is nearly linear.
    let above = (1000 * u128::from(x - (1 << bit))) >> bit;
    (1000 * u64::from(bit) + above as u64) * 693 / 1000
}

/// About 1000·ln x of a large number.
pub(super) fn ln_wide(x: u128) -> u64 {
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
                            && window.width() / u128::from(layout.wheel.modulus) <= class_bits_most(layout.wheel)
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
