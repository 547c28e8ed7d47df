//! The segmented sieve of Eratosthenes, by lines.
//!
//! A window of numbers is sieved class by class of a wheel with modulus M: the numbers c, c+M, c+2M, … of
//! one class are a *line* of bits, and a prime's multiples in it are every p-th bit. So there is nothing of a
//! wheel left in the inner loop, only a constant stride; a line fits the first-level cache however wide the
//! window is; and a wheel as large as 30030 costs nothing but the classes' number. From one class to the next
//! a prime's first hit moves by a multiple of 1/M modulo p: one subtraction, for sixteen primes at once.
//!
//! Sieves that keep all classes of M = 30 in one byte are the usual design (Oliveira e Silva's and Walisch's
//! among them); they need the bits in order. Counting does not.
//!
//! Cost: per number some φ(M)/M · ln(ln √n / ln 230) crossings, one to two cycles each.

pub mod naive;
mod stripes;
mod wheel;

use super::lanes::{Lanes, STRIPE_WORDS};
use super::span::Span;
use std::ops::Range;
use std::sync::OnceLock;
use stripes::Stripes;
pub use wheel::Wheel;

/// The width that windows should have at most: with the largest wheel a line then fills a first-level cache.
pub const WINDOW: u64 = 12_000_000_000;

/// The widest window: with the largest wheel its lines then have 2^20 bits.
const WINDOW_MAX: u64 = 30030 << 20;

/// Where a sieve's primes end, and with it the numbers it can decide.
pub const END: u128 = 1 << 64;

/// The primes up to some limit, shared by all sieves of a rank.
pub struct SievingPrimes {
    primes: Vec<u32>,
}

impl SievingPrimes {
    /// All that are needed to sieve below `end`, which is at most [`END`].
    ///
    /// O(√end) time; 4 bytes per prime: 0.8 GB for the highest windows.
    pub fn below(end: u128, lanes: &'static Lanes) -> SievingPrimes {
        let root = end.saturating_sub(1).min(END - 1).isqrt() as u64;
        // Up to here one flag per number is quick and small.
        const SIMPLE: u64 = 1 << 16;
        let mut primes = naive::primes(root.min(SIMPLE) as usize);
        if root > SIMPLE {
            let base = SievingPrimes { primes: primes.clone() };
            let mut sieve = Sieve::new(lanes);
            let mut start = SIMPLE + 1;
            while start <= root {
                let end = (start + (1 << 24)).min(root + 1);
                sieve.list(&base, Span::new(start.into(), end.into()).expect("start <= root"), &mut primes);
                start = end;
            }
        }
        SievingPrimes { primes }
    }

    pub fn bytes(&self) -> usize {
        4 * self.primes.capacity()
    }

    /// The primes up to the root of the largest number in the window.
    fn for_window(&self, window: Span) -> &[u32] {
        let root = window.end().saturating_sub(1).isqrt();
        &self.primes[..self.primes.partition_point(|&p| u128::from(p) <= root)]
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
    let line = (WINDOW / wheel.modulus).min(WINDOW_MAX / 30030) / 8;
    ((4.0 * primes) as u64, (8.0 * primes) as u64 + line)
}

/// A sieve's buffers, to be used again for the next window.
pub struct Sieve {
    lanes: &'static Lanes,
    line: Vec<u64>,
    /// For each sieving prime: where it first hits the line, and how far that moves from n to n+2.
    at: Vec<u32>,
    by: Vec<u32>,
    /// Where `at` stands: whoever goes on from there need not find it anew.
    stand: Option<Stand>,
}

/// A place in a window.
struct Stand {
    window: Span,
    modulus: u64,
    sown: Sown,
    class: u32,
}

impl Sieve {
    pub fn new(lanes: &'static Lanes) -> Sieve {
        Sieve { lanes, line: Vec::new(), at: Vec::new(), by: Vec::new(), stand: None }
    }

    /// How many primes there are in the window whose class of `wheel` is in `classes` (a range of its
    /// indices). The primes of the wheel itself count to its first class.
    ///
    /// The window ends at [`END`] at most and is no wider than 30030·2^20.
    pub fn count(&mut self, base: &SievingPrimes, window: Span, wheel: &Wheel, classes: Range<usize>) -> u64 {
        let mut count = 0;
        if classes.contains(&0) {
            count += wheel.primes.iter().filter(|&&p| window.contains(p.into())).count() as u64;
        }
        let lanes = self.lanes;
        self.lines(base, window, wheel, classes, |_, line| count += lanes.ones(line));
        count
    }

    /// Appends the primes of the window, ascending, to `primes`; they must lie above 5 and below 2^32.
    fn list(&mut self, base: &SievingPrimes, window: Span, primes: &mut Vec<u32>) {
        let wheel = Wheel::for_width(0);
        let low = window.start() as u64 / wheel.modulus * wheel.modulus;
        let mut lines = Vec::new();
        self.lines(base, window, wheel, 0..wheel.classes.len(), |_, line| lines.push(line.to_vec()));
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
    }

    /// Sieves the window's lines for the given classes, in order, and gives each to `done` when it has
    /// exactly the primes' bits set, together with its class.
    fn lines(
        &mut self,
        base: &SievingPrimes,
        window: Span,
        wheel: &Wheel,
        classes: Range<usize>,
        mut done: impl FnMut(u32, &[u64]),
    ) {
        assert!(window.end() <= END && window.width() <= u128::from(WINDOW_MAX));
        if window.is_empty() || classes.is_empty() {
            return;
        }
        let stripes = stripes_of(wheel);
        let modulus = u128::from(wheel.modulus);
        // Bit i of the line of class c stands for low + c + M·i.
        let low = window.start() / modulus * modulus;
        let bits = (window.end() - low).div_ceil(modulus) as u32;
        let words = (bits as usize / 64 + 1).next_multiple_of(STRIPE_WORDS);
        self.line.resize(words, 0);

        let all = base.for_window(window);
        let primes = &all[all.partition_point(|&p| p <= stripes.last())..];
        let first = wheel.classes[classes.start];
        let here = |stand: &Stand| (stand.window, stand.modulus) == (window, wheel.modulus) && stand.class <= first;
        let mut stand = match self.stand.take().filter(here) {
            Some(stand) => stand,
            None => {
                self.start(primes, low as u64, wheel, first);
                let sown = Sown::new(stripes.primes(), primes, window, low, wheel);
                Stand { window, modulus: wheel.modulus, sown, class: first }
            }
        };
        for &class in &wheel.classes[classes] {
            self.lanes.step(&mut self.at, &self.by, primes, (class - stand.class) / 2);
            stand.class = class;
            let first = low + u128::from(class);
            self.lanes.presieve(&mut self.line, &mut stripes.of_line(first as u64));
            self.lanes.cross(&mut self.line, bits, primes, &self.at);
            let line = &mut self.line[..];
            stand.sown.restore(class, line);
            // Only the first and the last number of a line can lie outside the window.
            if first < window.start() || first == 1 {
                line[0] &= !1;
            }
            let inside = if first + modulus * u128::from(bits - 1) < window.end() { bits } else { bits - 1 };
            line[inside as usize / 64] &= (1 << (inside % 64)) - 1;
            line[inside as usize / 64 + 1..].fill(0);
            done(class, &self.line[..bits as usize / 64 + 1]);
        }
        self.stand = Some(stand);
    }

    /// Finds each prime's first hit in the line of `class` and its step.
    fn start(&mut self, primes: &[u32], low: u64, wheel: &Wheel, class: u32) {
        self.at.clear();
        self.by.clear();
        for &p in primes {
            let p = u64::from(p);
            let inverse = wheel.inverse_mod(p);
            // Bit i is a multiple of p if and only if low + class + M·i = 0 modulo p.
            let rest = (low % p + u64::from(class)) % p;
            self.at.push(((p - rest) % p * inverse % p) as u32);
            self.by.push((2 * inverse % p) as u32);
        }
    }
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
    fn new(striped: &[u32], sieving: &[u32], window: Span, low: u128, wheel: &Wheel) -> Sown {
        let inside = |primes: &[u32]| {
            let from = primes.partition_point(|&p| u128::from(p) < window.start());
            let to = primes.partition_point(|&p| u128::from(p) < window.end());
            from..to
        };
        let primes = striped[inside(striped)].iter().chain(&sieving[inside(sieving)]);
        let place = |&p: &u32| {
            let offset = u64::from(p) - low as u64;
            ((offset % wheel.modulus) as u32, (offset / wheel.modulus) as u32)
        };
        let mut bits: Vec<(u32, u32)> = primes.map(place).collect();
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

    /// Counts in a window by the sieve, on each wheel and in two helpings of classes.
    fn check(start: u128, end: u128, expect: u64) {
        let lanes = lanes::pick(None).unwrap();
        let base = SievingPrimes::below(end, lanes);
        let mut sieve = Sieve::new(lanes);
        for width in [0, 100_000_000, 1_000_000_000, 10_000_000_000] {
            let wheel = Wheel::for_width(width);
            let (middle, all) = (wheel.classes.len() / 3, wheel.classes.len());
            let window = span(start, end);
            let count = sieve.count(&base, window, wheel, 0..middle) + sieve.count(&base, window, wheel, middle..all);
            assert_eq!(count, expect, "{window} by {}", wheel.modulus);
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
        let lanes = lanes::pick(None).unwrap();
        let base = SievingPrimes::below(END, lanes);
        assert_eq!(base.primes.len(), 203_280_221);
        let mut sieve = Sieve::new(lanes);
        let wheel = Wheel::for_width(0);
        let first = u64::MAX - 99;
        assert_eq!(sieve.count(&base, span(first.into(), END), wheel, 0..8), trial::count(first, u64::MAX));
    }

    #[test]
    fn sieving_primes_are_all_the_primes() {
        let lanes = lanes::pick(None).unwrap();
        for root in [0u128, 1, 2, 3, 65_535, 65_536, 65_537, 70_000, 20_000_000] {
            let base = SievingPrimes::below(root * root + 1, lanes);
            assert_eq!(base.primes, naive::primes(root as usize), "up to {root}");
        }
    }

    #[test]
    fn wide_windows() {
        check(0, 10_000_000, 664_579);
        check(0, 100_000_000, 5_761_455);
        check(1_000_000_000_000, 1_000_100_000_000, 3_618_282);
    }
}
