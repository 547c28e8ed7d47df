//! The segmented sieve of Eratosthenes, by lines.
//!
//! A window of numbers is sieved class by class of a wheel with modulus M: the numbers c, c+M, c+2M, … of
//! one class are a *line* of bits, and a prime's multiples in it are every p-th bit. So there is nothing of a
//! wheel left in the inner loops, only a constant stride; a line fits a cache however wide the window is; and
//! a wheel as large as 30030 costs nothing but the number of its classes. From one class to the next a
//! prime's first hit moves by a multiple of 1/M modulo p: one subtraction, for sixteen primes at once.
//!
//! Sieves that keep all classes of M = 30 in the bits of one byte are the usual design (Oliveira e Silva's and
//! Walisch's among them); they have the primes in order. Counting needs no order.
//!
//! By how often they hit a line, primes are
//! - *striped*: so often that their multiples are a pattern, of which tables are ANDed together (`stripes.rs`);
//! - *near*: at least once. The smallest cross off eight teeth at a time, all that are shorter than a block of
//!   the first-level cache do it block by block, the others along the whole line;
//! - *far*: once at most, and the less the longer they are. Where each hits the lines is found afresh for every
//!   unit, in floats and in lanes; the hits are listed by line and struck when a list is long enough to be worth
//!   fetching the line for. Nothing is kept for a far prime but itself.
//!
//! Cost: per number some φ(M)/M · ln(ln √n / ln 230) crossings, a cycle or two each.

pub mod naive;
mod primes;
mod stripes;
mod wheel;

use super::lanes::{Comb, Hits, Lanes, MARGIN, OCTETS_MAX, STRIPE_WORDS, Start};
use super::span::Span;
pub use primes::SievingPrimes;
use std::ops::Range;
use std::sync::OnceLock;
use stripes::Stripes;
pub use wheel::Wheel;

/// The width that windows should have at most: with the largest wheel a line then fills a first-level cache.
pub const WINDOW: u64 = 12_000_000_000;

/// A line has at most so many bits: a megabyte, which is most of a second-level cache.
const LINE_MAX: u64 = 1 << 23;

/// Where a sieve's primes end, and with it the numbers it can decide.
pub const END: u128 = 1 << 64;

/// A sieve's buffers, to be used again for the next window.
pub struct Sieve {
    lanes: &'static Lanes,
    /// Bits of a block: those lines that are longer are crossed block by block.
    block: u32,
    near: Near,
    /// The far primes that are being looked at.
    far: Comb,
    /// The lines that are sieved at once, each with a margin on both sides.
    words: Vec<u64>,
}

/// The primes that hit every line.
#[derive(Default)]
struct Near {
    /// The smallest, by their residues modulo 8.
    octets: [Comb; 4],
    /// Those that are shorter than a block.
    short: Comb,
    /// Those that are shorter than a line.
    long: Comb,
}

/// What is sieved: the numbers of some classes in a window, by the primes up to a bound.
#[derive(Clone, Copy)]
struct Sifting<'a> {
    window: Span,
    wheel: &'static Wheel,
    base: &'a SievingPrimes,
    bound: u64,
}

impl Sifting<'_> {
    /// Bit i of the line of class c stands for low + c + M·i.
    fn low(&self) -> u128 {
        let modulus = u128::from(self.wheel.modulus);
        self.window.start() / modulus * modulus
    }

    /// The bits of a line.
    fn bits(&self) -> u32 {
        let bits = (self.window.end() - self.low()).div_ceil(self.wheel.modulus.into());
        u32::try_from(bits).expect("a line has at most 2^23 bits or so")
    }
}

/// Bits of a block that fits a first-level cache of 32 KiB together with what else is looked at.
const BLOCK: u32 = 1 << 18;

impl Sieve {
    pub fn new(lanes: &'static Lanes) -> Sieve {
        Sieve::with_block(lanes, BLOCK)
    }

    /// A sieve whose blocks have so many bits: a multiple of 4096.
    pub fn with_block(lanes: &'static Lanes, block: u32) -> Sieve {
        assert!(block > 0 && block.is_multiple_of(64 * STRIPE_WORDS as u32));
        Sieve { lanes, block, near: Near::default(), far: Comb::default(), words: Vec::new() }
    }

    /// How many primes there are in the window whose class of `wheel` is in `classes` (a range of its
    /// indices). The primes of the wheel itself count to its first class.
    ///
    /// The window ends at [`END`] at most.
    pub fn count(&mut self, base: &SievingPrimes, window: Span, wheel: &'static Wheel, classes: Range<usize>) -> u64 {
        assert!(window.end() <= END);
        let mut count = 0;
        if classes.contains(&0) {
            count += wheel.primes.iter().filter(|&&p| window.contains(p.into())).count() as u64;
        }
        let bound = window.end().saturating_sub(1).isqrt() as u64;
        let lanes = self.lanes;
        self.lines(Sifting { window, wheel, base, bound }, classes, |_, line| count += lanes.ones(line));
        count
    }

    /// The primes of a window, ascending; they must lie above 5 and below 2^32.
    fn piece(&mut self, base: &SievingPrimes, window: Span) -> Vec<u32> {
        let (wheel, bound) = (Wheel::for_width(0), (window.end() - 1).isqrt() as u64);
        let sifting = Sifting { window, wheel, base, bound };
        let low = sifting.low() as u64;
        let mut lines = Vec::new();
        self.lines(sifting, 0..wheel.classes.len(), |_, line| lines.push(line.to_vec()));
        let mut primes = Vec::new();
        for word in 0..lines.first().map_or(0, Vec::len) {
            let mut any = lines.iter().fold(0, |any, line| any | line[word]);
            while any != 0 {
                let bit = any.trailing_zeros() as u64;
                any &= any - 1;
                for (line, &class) in lines.iter().zip(&wheel.classes) {
                    if line[word] >> bit & 1 == 1 {
                        primes.push((low + wheel.modulus * (64 * word as u64 + bit) + u64::from(class)) as u32);
                    }
                }
            }
        }
        primes
    }

    /// Sieves the lines of the given classes and gives each, in order and with its class, to `done` when exactly
    /// those numbers of the window have their bits set that no prime up to the bound divides but itself.
    fn lines(&mut self, sifting: Sifting, classes: Range<usize>, mut done: impl FnMut(u32, &[u64])) {
        let Sifting { window, wheel, base, bound } = sifting;
        if window.is_empty() || classes.is_empty() {
            return;
        }
        let (low, bits, stripes) = (sifting.low(), sifting.bits(), stripes_of(wheel));
        let classes = &wheel.classes[classes];
        let first = low + u128::from(classes[0]);
        let start = Start { digits: &digits(first), ..wheel.start() };
        // The margins of neighbouring lines may overlap: what octets write there is written over or not read.
        let stride = (bits as usize / 64 + 1).next_multiple_of(STRIPE_WORDS) + 2 * MARGIN;
        let striped = u64::from(stripes.last());
        let far = base.between(striped.max(bits.into()), bound);
        let at_once = if far.clone().next().is_some() { lines_at_once(8 * stride) } else { 1 };
        self.words.resize(at_once.min(classes.len()) * stride, 0);

        let sown = Sown::new(stripes.primes(), base.between(striped, bound), window, low, wheel);
        self.near.set(self.lanes, &start, base, striped, bound, bits, self.block);
        let mut before = classes[0];
        for some in classes.chunks(at_once) {
            let mut lines = self.words.chunks_exact_mut(stride);
            for &class in some {
                self.near.step(self.lanes, (class - before) / 2);
                before = class;
                let first = low + u128::from(class);
                let line = lines.next().expect("there is a line for each class");
                self.near.cross(self.lanes, line, stripes, first, bits, self.block);
            }
            if at_once > 1 {
                let start = Start { digits: &digits(low + u128::from(some[0])), ..start };
                strike_far(self.lanes, &mut self.far, &start, far.clone(), some, bits, &mut self.words, stride);
            }
            for (&class, line) in some.iter().zip(self.words.chunks_exact_mut(stride)) {
                let line = &mut line[MARGIN..MARGIN + bits as usize / 64 + 1];
                sown.restore(class, line);
                trim(line, low + u128::from(class), bits, window, wheel.modulus);
                done(class, line);
            }
        }
    }
}

/// Clears the bits of a line that stand for numbers outside the window, or for 1.
fn trim(line: &mut [u64], first: u128, bits: u32, window: Span, modulus: u64) {
    // Only the first and the last number of a line can lie outside.
    if first < window.start() || first == 1 {
        line[0] &= !1;
    }
    let last = first + u128::from(modulus) * u128::from(bits - 1);
    let inside = if last < window.end() { bits } else { bits - 1 };
    line[inside as usize / 64] &= (1 << (inside % 64)) - 1;
    line[inside as usize / 64 + 1..].fill(0);
}

/// A line's first number as the lanes want it.
fn digits(first: u128) -> Vec<u32> {
    let digit = |at: u32| (first >> at) as u32 & 0xffff;
    match first >> 64 {
        0 => vec![(first >> 32) as u32, digit(16), digit(0)],
        _ => vec![(first >> 96) as u32, digit(80), digit(64), digit(48), digit(32), digit(16), digit(0)],
    }
}

impl Near {
    /// Takes the base's primes above `above` and up to `bound` that are no longer than a line of `bits` bits.
    #[allow(clippy::too_many_arguments)]
    fn set(
        &mut self,
        lanes: &Lanes,
        start: &Start,
        base: &SievingPrimes,
        above: u64,
        bound: u64,
        bits: u32,
        block: u32,
    ) {
        let to = bound.min(bits.into());
        let (octets, short) = (to.min(OCTETS.into()), to.min(block.into()));
        let small = base.between(above, octets).collect::<Vec<_>>().concat();
        for (comb, primes) in self.octets.iter_mut().zip(Comb::by_residue(&small)) {
            comb.set(lanes, start, [&primes[..]].into_iter());
        }
        self.short.set(lanes, start, base.between(above.max(octets), short));
        self.long.set(lanes, start, base.between(above.max(short), to));
    }

    /// Goes on to the line that starts `2·times` numbers later.
    fn step(&mut self, lanes: &Lanes, times: u32) {
        self.octets.iter_mut().chain([&mut self.short, &mut self.long]).for_each(|comb| comb.step(lanes, times));
    }

    /// Presieves the line whose first number is `first` and crosses off all that hit it.
    fn cross(&mut self, lanes: &Lanes, line: &mut [u64], stripes: &Stripes, first: u128, bits: u32, block: u32) {
        let words = line.len() - 2 * MARGIN;
        let mut stripes = stripes.of_line(first);
        if bits <= block {
            lanes.presieve(&mut line[MARGIN..MARGIN + words], &mut stripes);
            self.octets.iter().for_each(|comb| lanes.octets(line, MARGIN, bits, comb));
            lanes.cross(line, MARGIN, bits, &self.short);
            return;
        }
        let mut octets = self.octets.each_ref().map(|comb| comb.along(block));
        let mut short = self.short.along(block);
        for from in (0..bits as usize / 64 + 1).step_by(block as usize / 64) {
            let here = block.min(bits - 64 * from as u32);
            let end = words.min(from + block as usize / 64);
            lanes.presieve(&mut line[MARGIN + from..MARGIN + end], &mut stripes);
            for comb in &mut octets {
                lanes.octets(line, MARGIN + from, here, comb);
                comb.step(lanes, 1);
            }
            lanes.cross(line, MARGIN + from, here, &short);
            short.step(lanes, 1);
        }
        lanes.cross(line, MARGIN, bits, &self.long);
    }
}

/// Primes up to here cross off by octets; longer ones reach too far over the edges of a block for it.
const OCTETS: u32 = 1500;
const _: () = assert!(OCTETS <= OCTETS_MAX);

/// Far primes that are looked at at once: their places stay in a first-level cache.
const FAR: usize = 2048;

/// How many lines of so many bytes are sieved at once when there are far primes: enough that finding the
/// primes' first hits, for all these lines once, is little of the work; and when they are short, no more than
/// a second-level cache holds.
fn lines_at_once(bytes: usize) -> usize {
    const CACHE: usize = 2 << 20;
    const ENOUGH: usize = 64;
    (CACHE / bytes).max(ENOUGH)
}

/// Hits that are listed for a line before they are struck.
const LISTED: usize = 1 << 16;

/// Finds where the far primes hit the lines of the classes, and strikes there.
#[allow(clippy::too_many_arguments)]
fn strike_far<'a>(
    lanes: &Lanes,
    comb: &mut Comb,
    start: &Start,
    far: impl Iterator<Item = &'a [u32]>,
    classes: &[u32],
    bits: u32,
    words: &mut [u64],
    stride: usize,
) {
    let mut lines: Vec<Hits> = classes.iter().map(|_| Hits::below(bits)).collect();
    let before = classes[..1].iter().chain(classes);
    let times: Vec<u32> = classes.iter().zip(before).map(|(class, before)| (class - before) / 2).collect();
    for some in far.flat_map(|primes| primes.chunks(FAR)) {
        comb.set(lanes, start, [some].into_iter());
        Hits::rake(&mut lines, lanes, comb, &times);
        for (hits, line) in lines.iter_mut().zip(words.chunks_exact_mut(stride)) {
            if hits.len() > LISTED {
                lanes.strike(line, MARGIN, hits);
                hits.clear();
            }
        }
    }
    for (hits, line) in lines.iter().zip(words.chunks_exact_mut(stride)) {
        lanes.strike(line, MARGIN, hits);
    }
}

/// The expected cost of sieving one number near `n`, in picoseconds of one core of 2024. Integers only: every
/// rank must come to the same number.
pub fn cost(n: u128) -> u64 {
    // Crossings grow with ln ln √n, which is nearly a line in the number of bits; above 2^44 come the primes
    // that hit most lines not at all.
    let bits = u64::from(128 - n.leading_zeros());
    40 + bits + bits.saturating_sub(38) * 12
}

/// The bytes that sieving up to `end` takes, once per rank and per thread.
pub fn memory(end: u128, wheel: &Wheel) -> (u64, u64) {
    // π(x) < 1.26·x / ln x.
    let root = end.min(END).isqrt() as f64;
    let primes = if root < 10.0 { 4.0 } else { 1.26 * root / root.ln() };
    let line = (WINDOW / wheel.modulus).min(LINE_MAX) / 8;
    ((4.0 * primes) as u64, (8.0 * primes) as u64 + line)
}

/// The presieve tables of a wheel, made when it is first used.
fn stripes_of(wheel: &Wheel) -> &'static Stripes {
    static ALL: [OnceLock<Stripes>; 4] = [const { OnceLock::new() }; 4];
    // The wheels have 3, 4, 5 and 6 primes.
    ALL[wheel.primes.len() - 3].get_or_init(|| Stripes::new(wheel))
}

/// The primes that cross themselves off: those of the stripes and of the sieve that lie in the window.
/// Starting each at its square would spare them, but costs a case for every prime and line; putting back a
/// handful of bits costs nothing in all windows but the lowest.
struct Sown {
    /// Class and bit, in the order of the classes.
    bits: Vec<(u32, u32)>,
}

impl Sown {
    /// For a window whose lines start at `low`; both lists of primes ascend.
    fn new<'a>(
        striped: &'a [u32],
        sieving: impl Iterator<Item = &'a [u32]>,
        window: Span,
        low: u128,
        wheel: &Wheel,
    ) -> Sown {
        let mut bits = Vec::new();
        for primes in [striped].into_iter().chain(sieving) {
            let from = primes.partition_point(|&p| u128::from(p) < window.start());
            let to = primes.partition_point(|&p| u128::from(p) < window.end());
            bits.extend(primes[from..to.max(from)].iter().map(|&p| {
                let offset = u64::from(p) - low as u64;
                ((offset % wheel.modulus) as u32, (offset / wheel.modulus) as u32)
            }));
        }
        bits.sort_unstable();
        Sown { bits }
    }

    /// Puts back the bits of the line of `class`.
    fn restore(&self, class: u32, line: &mut [u64]) {
        let from = self.bits.partition_point(|&(at, _)| at < class);
        for &(_, bit) in self.bits[from..].iter().take_while(|&&(at, _)| at == class) {
            line[bit as usize / 64] |= 1 << (bit % 64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{lanes, trial};

    fn span(start: u128, end: u128) -> Span {
        Span::new(start, end).unwrap()
    }

    fn made(end: u128, sieve: &mut Sieve) -> SievingPrimes {
        let base = SievingPrimes::below(end);
        base.make(sieve);
        base
    }

    /// Counts in a window by the sieve, on each wheel, in two helpings of classes and by small blocks too.
    fn check(start: u128, end: u128, expect: u64) {
        let lanes = lanes::pick(None).unwrap();
        for block in [BLOCK, 4096] {
            let mut sieve = Sieve::with_block(lanes, block);
            let base = made(end, &mut sieve);
            for width in [0, 100_000_000, 1_000_000_000, 10_000_000_000] {
                let wheel = Wheel::for_width(width);
                let (middle, all) = (wheel.classes.len() / 3, wheel.classes.len());
                let window = span(start, end);
                let count =
                    sieve.count(&base, window, wheel, 0..middle) + sieve.count(&base, window, wheel, middle..all);
                assert_eq!(count, expect, "{window} by {} in blocks of {block}", wheel.modulus);
            }
        }
    }

    #[test]
    fn every_small_window() {
        let base = naive::primes(100);
        for start in 0..80 {
            for end in start..80 {
                let expect = if start == end { 0 } else { naive::count(&base, start, end - 1) };
                check(start.into(), end.into(), expect);
            }
        }
    }

    #[test]
    fn windows_around_squares_of_primes_and_powers_of_two() {
        let base = naive::primes(100_000);
        for center in [49u64, 289, 53_824, 1 << 16, 1 << 20, 1 << 32, 65_537 * 65_537, 65_521 * 65_521, 9_999_999_967] {
            for (below, above) in [(0, 1), (1, 0), (1, 1), (300, 1_000), (45, 9_000)] {
                let (first, last) = (center.saturating_sub(below), center + above);
                check(first.into(), u128::from(last) + 1, naive::count(&base, first, last));
            }
        }
    }

    #[test]
    fn the_last_numbers_below_two_to_the_64() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap());
        let base = made(END, &mut sieve);
        let wheel = Wheel::for_width(0);
        let first = u64::MAX - 99;
        assert_eq!(sieve.count(&base, span(first.into(), END), wheel, 0..8), trial::count(first, u64::MAX));
    }

    #[test]
    fn wide_windows() {
        check(0, 10_000_000, 664_579);
        check(0, 100_000_000, 5_761_455);
        check(1_000_000_000_000, 1_000_100_000_000, 3_618_282);
    }
}
