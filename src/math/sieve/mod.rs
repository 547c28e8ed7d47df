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

mod far;
mod layout;
mod left;
pub mod naive;
mod near;
pub mod ordered;
mod primes;
mod stripes;
mod wheel;

use super::integer::Integer;
use super::lanes::{Hits, Lanes, MARGIN, STRIPE_WORDS};
use super::span::Span;
use far::Far;
pub use layout::Layout;
use near::Near;
pub use primes::SievingPrimes;
use std::ops::Range;
use std::sync::OnceLock;
use stripes::Stripes;
pub use wheel::{Wheel, inverse};

/// Where a sieve's primes end, and with it the numbers it can decide alone.
pub const END: u128 = 1 << 64;

/// Where the numbers end that can be tested, and with it what a layout can be made for.
pub const LIMIT: u128 = 1 << 127;

/// The widest span that a layout can be made for.
pub const WIDEST: u128 = 1 << 64;

/// A sieve's buffers, to be used again for the next window.
pub struct Sieve {
    lanes: &'static Lanes,
    /// The most bits of a block: lines that are longer are crossed block by block.
    block: u32,
    near: Near,
    far: Far,
    /// The lines that are sieved at once, each with a margin on both sides.
    words: Vec<u64>,
}

/// Bits that all blocks are multiples of, and the most that one has.
const BLOCK_UNIT: u32 = 64 * STRIPE_WORDS as u32;
const BLOCK_MAX: u32 = 1 << 23;

/// What is sieved: a window, by the primes up to a bound, in the lines of a wheel.
#[derive(Clone, Copy)]
struct Sifting<'a> {
    window: Span,
    wheel: &'static Wheel,
    base: &'a SievingPrimes,
    bound: u64,
}

impl<'a> Sifting<'a> {
    /// The same with a bound that is not above the square root of what there is to decide.
    fn to_the_root(self) -> Sifting<'a> {
        let root = self.window.end().saturating_sub(1).isqrt() as u64;
        Sifting { bound: self.bound.min(root), ..self }
    }

    /// Whether a number of the window that no prime up to the bound divides is prime.
    fn decides(&self) -> bool {
        let beyond = u128::from(self.bound) + 1;
        beyond * beyond >= self.window.end()
    }

    /// The primes of the wheel itself that lie in the window. They have no line, so they are the first class's.
    fn own(&self, classes: &Range<usize>) -> impl Iterator<Item = u64> + use<'a> {
        let (window, first) = (self.window, classes.contains(&0));
        self.wheel.primes.iter().copied().filter(move |&p| first && window.contains(p.into()))
    }

    /// Bit i of the line of class c stands for low + c + M·i.
    fn low(&self) -> u128 {
        let modulus = u128::from(self.wheel.modulus);
        self.window.start() / modulus * modulus
    }

    /// The first number of the line of a class.
    fn first(&self, class: u32) -> u128 {
        self.low() + u128::from(class)
    }

    /// The bits of a line.
    fn bits(&self) -> u32 {
        let bits = (self.window.end() - self.low()).div_ceil(self.wheel.modulus.into());
        u32::try_from(bits).expect("a line has at most 2^23 bits or so")
    }

    fn stripes(&self) -> &'static Stripes {
        stripes_of(self.wheel)
    }

    /// The largest prime that is crossed off by the stripes.
    fn striped(&self) -> u64 {
        self.stripes().last().into()
    }

    /// About how often the far primes hit a line; 0 only if there are none.
    fn far_hits(&self) -> usize {
        let longest = self.striped().max(self.bits().into());
        match self.base.between(longest, self.bound).next() {
            None => 0,
            Some(_) => 1 + (u64::from(self.bits()) * layout::ln_ln_between(longest, self.bound) / 1000) as usize,
        }
    }
}

impl Sieve {
    /// A sieve for a core whose first-level cache has so many bytes. A block takes seven eighths of it: the rest is
    /// for the primes.
    pub fn new(lanes: &'static Lanes, cache: usize) -> Sieve {
        Sieve::with_block(lanes, cache / 8 * 7)
    }

    /// A sieve whose blocks have about so many bytes.
    pub fn with_block(lanes: &'static Lanes, bytes: usize) -> Sieve {
        let block = (8 * bytes as u32).clamp(BLOCK_UNIT, BLOCK_MAX) / BLOCK_UNIT * BLOCK_UNIT;
        Sieve { lanes, block, near: Near::default(), far: Far::default(), words: Vec::new() }
    }

    /// A sieve like this one.
    pub fn another(&self) -> Sieve {
        Sieve { lanes: self.lanes, block: self.block, near: Near::default(), far: Far::default(), words: Vec::new() }
    }

    /// How many primes a unit of a layout has. `base` reaches up to the layout's bound.
    ///
    /// Cost: see [`Layout::cost`]. Memory: see [`memory`].
    pub fn unit(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64) -> u64 {
        let (window, classes) = layout.unit(unit);
        self.count_by(Sifting { window, wheel: layout.wheel, base, bound: layout.bound }, classes)
    }

    /// How many primes there are in the window whose class of `wheel` is in `classes` (a range of its
    /// indices), by sieving alone. The primes of the wheel itself count to its first class.
    ///
    /// The window ends at [`END`] at most; `base` reaches up to the square root of its end.
    pub fn count(&mut self, base: &SievingPrimes, window: Span, wheel: &'static Wheel, classes: Range<usize>) -> u64 {
        assert!(window.end() <= END);
        self.count_by(Sifting { window, wheel, base, bound: u64::MAX }, classes)
    }

    /// The sum of the primes of a unit of a layout, at about the cost of counting them.
    pub fn sum(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64) -> Integer {
        let (window, classes) = layout.unit(unit);
        let sifting = Sifting { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        let own = sifting.own(&classes).sum::<u64>();
        // Counted from `low` on: no window is wider than 2^64 and so the sum of all its places is below 2^128.
        let (mut count, mut above) = (0u64, 0u128);
        let (lanes, mut primes) = (self.lanes, Vec::new());
        self.lines(sifting, classes, |class, line| {
            let line = if sifting.decides() {
                line
            } else {
                primes.clear();
                primes.extend_from_slice(line);
                left::sift(&sifting, class, &mut primes);
                &primes[..]
            };
            let ones = lanes.ones(line);
            count += ones;
            above += u128::from(class) * u128::from(ones);
            above += u128::from(sifting.wheel.modulus) * u128::from(lanes.places(line));
        });
        Integer::from(sifting.low()) * count + above + own
    }

    fn count_by(&mut self, sifting: Sifting, classes: Range<usize>) -> u64 {
        let sifting = sifting.to_the_root();
        let mut count = sifting.own(&classes).count() as u64;
        let lanes = self.lanes;
        self.lines(sifting, classes, |class, line| {
            count += if sifting.decides() { lanes.ones(line) } else { left::primes(&sifting, class, line) }
        });
        count
    }

    /// The primes above 5 of a unit of a layout that is [`Layout::in_order`]: gives `each` a number and 64 bits that
    /// stand for it plus [`ordered::OFFSETS`], which are those of the numbers prime to 30 among the next 240.
    ///
    /// Memory: eight lines, of a thirtieth of a bit per number each.
    pub fn in_order(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64, each: impl FnMut(u128, u64)) {
        let (window, _) = layout.unit(unit);
        self.in_order_by(Sifting { window, wheel: Wheel::smallest(), base, bound: layout.bound }, each);
    }

    fn in_order_by(&mut self, sifting: Sifting, mut each: impl FnMut(u128, u64)) {
        let (sifting, mut lines) = (sifting.to_the_root(), Vec::new());
        self.lines(sifting, 0..ordered::CLASSES.len(), |class, line| {
            lines.push(line.to_vec());
            if !sifting.decides() {
                left::sift(&sifting, class, lines.last_mut().expect("it was pushed"));
            }
        });
        if !lines.is_empty() {
            let words = ordered::words(std::array::from_fn(|index| &lines[index][..]));
            words.for_each(|(start, word)| each(sifting.low() + u128::from(start), word));
        }
    }

    /// The primes above 5 of a window, by sieving alone; `each` gets them as of [`Sieve::in_order`], the first word's
    /// number being the last multiple of 30 that is not above the window's start.
    ///
    /// The window ends at [`END`] at most; `base` reaches up to the square root of its end. Memory: eight lines, of a
    /// thirtieth of a bit per number each.
    pub fn words(&mut self, base: &SievingPrimes, window: Span, each: impl FnMut(u128, u64)) {
        assert!(window.end() <= END);
        self.in_order_by(Sifting { window, wheel: Wheel::smallest(), base, bound: u64::MAX }, each);
    }

    /// The primes of a window, ascending; they must lie above 5 and below 2^32.
    fn piece(&mut self, base: &SievingPrimes, window: Span) -> Vec<u32> {
        let mut primes = Vec::new();
        self.words(base, window, |start, word| {
            primes.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        primes
    }

    /// Sieves the lines of the given classes and gives each, in order and with its class, to `done` when exactly
    /// those numbers of the window have their bits set that no prime up to the bound divides but itself.
    fn lines(&mut self, sifting: Sifting, classes: Range<usize>, mut done: impl FnMut(u32, &[u64])) {
        if sifting.window.is_empty() || classes.is_empty() {
            return;
        }
        let Sieve { lanes, near, far, words, .. } = self;
        let (lanes, classes) = (*lanes, &sifting.wheel.classes[classes]);
        let length = sifting.bits() as usize / 64 + 1;
        let stride = length.next_multiple_of(STRIPE_WORDS) + 2 * MARGIN;
        let sown = Sown::new(&sifting, classes);
        let mut finish = |line: &mut [u64], class| {
            let line = &mut line[MARGIN..][..length];
            sown.restore(class, line);
            trim(line, &sifting, class);
            done(class, line);
        };
        near.set(lanes, &sifting, classes[0], block(sifting.bits(), self.block));
        let hits = sifting.far_hits();
        if hits * ENOUGH <= LISTED {
            // The hits of some lines fit in lists: each line is then sieved at one go, while it is in a cache.
            let group = (LISTED / hits.max(1)).min(classes.len());
            words.resize(stride, 0);
            for some in classes.chunks(group) {
                let lists = if hits > 0 { far.list(lanes, &sifting, some, |_| ()) } else { &mut [] };
                let mut lists = lists.iter();
                for &class in some {
                    near.cross(lanes, words, &sifting, class);
                    lists.next().iter().for_each(|hits| lanes.strike(words, MARGIN, hits));
                    finish(words, class);
                }
            }
        } else {
            // All lines are in memory at once, and a line is fetched again when its list is long enough.
            let group = TOGETHER.min(classes.len());
            words.resize(group * stride, 0);
            for some in classes.chunks(group) {
                for (&class, line) in some.iter().zip(words.chunks_exact_mut(stride)) {
                    near.cross(lanes, line, &sifting, class);
                }
                let mut strike = |lists: &mut [Hits], most: usize| {
                    for (hits, line) in lists.iter_mut().zip(words.chunks_exact_mut(stride)) {
                        if hits.len() > most {
                            lanes.strike(line, MARGIN, hits);
                            hits.clear(sifting.bits());
                        }
                    }
                };
                let rest = far.list(lanes, &sifting, some, |lists| strike(lists, LISTED / TOGETHER));
                strike(rest, 0);
                for (&class, line) in some.iter().zip(words.chunks_exact_mut(stride)) {
                    finish(line, class);
                }
            }
        }
    }
}

/// Lines that are sieved together when there are many far primes, and lines that are enough for finding where those hit
/// to be little of the work.
const TOGETHER: usize = 48;
const ENOUGH: usize = 16;

/// Far hits that are listed at once: 64 MB.
const LISTED: usize = 1 << 24;

/// Bits of the equal blocks that a line is crossed in, of at most so many.
fn block(bits: u32, most: u32) -> u32 {
    bits.div_ceil(bits.div_ceil(most)).next_multiple_of(BLOCK_UNIT)
}

/// Clears the bits of a line that stand for numbers outside the window, or for 1.
fn trim(line: &mut [u64], sifting: &Sifting, class: u32) {
    let (first, bits) = (sifting.first(class), sifting.bits());
    // Only the first and the last number of a line can lie outside.
    if first < sifting.window.start() || first == 1 {
        line[0] &= !1;
    }
    let last = first + u128::from(sifting.wheel.modulus) * u128::from(bits - 1);
    let inside = if last < sifting.window.end() { bits } else { bits - 1 };
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

/// The bytes that a layout's sieves take: once for all threads of a rank, and for each.
pub fn memory(layout: &Layout) -> (u64, u64) {
    let (window, classes) = layout.unit(layout.units() - 1);
    let sifting = (window.width() / u128::from(layout.wheel.modulus) + 1) as u64;
    let line = sifting / 8 + 16 * MARGIN as u64;
    let bound = layout.bound;
    let hits = sifting * layout::ln_ln_between(sifting, bound.max(sifting)) / 1000;
    let lines = (classes.len().min(TOGETHER)) as u64;
    let far = match hits * ENOUGH as u64 <= LISTED as u64 {
        true => 4 * (hits * classes.len() as u64).min(LISTED as u64),
        false => lines * line + 8 * LISTED as u64,
    };
    let (primes, near) = (layout::pi(bound) as u64, layout::pi(bound.min(sifting)) as u64);
    (4 * primes, line + far + 24 * near)
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
    /// Those of the given classes.
    fn new(sifting: &Sifting, classes: &[u32]) -> Sown {
        let (window, low, modulus) = (sifting.window, sifting.low(), sifting.wheel.modulus);
        let wanted = classes[0]..=classes[classes.len() - 1];
        let mut bits = Vec::new();
        let crossing = sifting.base.between(sifting.striped(), sifting.bound);
        for primes in [sifting.stripes().primes()].into_iter().chain(crossing) {
            let from = primes.partition_point(|&p| u128::from(p) < window.start());
            let to = primes.partition_point(|&p| u128::from(p) < window.end());
            let places = primes[from..to.max(from)].iter().map(|&p| {
                let offset = u64::from(p) - low as u64;
                ((offset % modulus) as u32, (offset / modulus) as u32)
            });
            bits.extend(places.filter(|(class, _)| wanted.contains(class)));
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
    use crate::math::{lanes, primality, trial};

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
        for block in [48 << 10, 512] {
            let mut sieve = Sieve::with_block(lanes, block);
            let base = made(end, &mut sieve);
            for wheel in Wheel::all() {
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
        for start in 0..53 {
            for end in start..54 {
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
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        let base = made(END, &mut sieve);
        let wheel = Wheel::smallest();
        let first = u64::MAX - 99;
        assert_eq!(sieve.count(&base, span(first.into(), END), wheel, 0..8), trial::count(first, u64::MAX));
    }

    /// All primes above 5 of a layout, in order.
    fn in_order(sieve: &mut Sieve, layout: &Layout) -> Vec<u128> {
        let base = SievingPrimes::up_to(layout.bound);
        base.make(sieve);
        let mut found = Vec::new();
        for unit in 0..layout.units() {
            sieve.in_order(&base, layout, unit, |at, word| found.extend(ordered::numbers(at, word)));
        }
        found
    }

    #[test]
    fn primes_come_in_order() {
        let primes = naive::primes(1 << 20);
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        for (start, end) in [(0u128, 1u128 << 20), (0, 0), (0, 8), (7, 8), (30, 31), (1000, 20_000), (524_287, 524_288)]
        {
            let found = in_order(&mut sieve, &Layout::in_order(span(start, end)));
            let expect = primes.iter().map(|&p| u128::from(p)).filter(|&p| p > 5 && (start..end).contains(&p));
            assert!(found.into_iter().eq(expect), "{start}..{end}");
        }
    }

    #[test]
    fn all_layouts_of_a_narrow_span_count_alike() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        for (start, width) in [(10u128.pow(12), 100_000), (9_999_999_999_000, 3), (END - 3000, 3000)] {
            let span = span(start, start + width);
            let bases: Vec<SievingPrimes> = [16, 18, 22].map(|bits| SievingPrimes::up_to(1 << bits)).into();
            bases.iter().for_each(|base| base.make(&mut sieve));
            let mut counts: Vec<u64> = Vec::new();
            for layout in Layout::all(span) {
                if let Some(base) = bases.iter().find(|base| base.bound() >= layout.bound) {
                    counts.push((0..layout.units()).map(|unit| sieve.unit(base, &layout, unit)).sum());
                }
            }
            let expect = (start..span.end()).filter(|&n| primality::is_prime(n)).count() as u64;
            assert!(counts.len() > 8 && counts.iter().all(|&count| count == expect), "{span}: {counts:?}");
        }
    }

    #[test]
    fn beyond_two_to_the_64_what_is_left_is_tested() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        for start in [END - 500, 10u128.pow(24) - 500, LIMIT - 1000] {
            let span = span(start, start + 1000);
            let expect: Vec<u128> = (start..start + 1000).filter(|&n| primality::is_prime(n)).collect();
            assert_eq!(in_order(&mut sieve, &Layout::in_order(span)), expect);
            let layout = Layout::new(span);
            let base = SievingPrimes::up_to(layout.bound);
            base.make(&mut sieve);
            let count: u64 = (0..layout.units()).map(|unit| sieve.unit(&base, &layout, unit)).sum();
            assert_eq!(count, expect.len() as u64);
        }
    }

    #[test]
    fn wide_windows() {
        check(0, 10_000_000, 664_579);
        check(0, 100_000_000, 5_761_455);
        check(1_000_000_000_000, 1_000_100_000_000, 3_618_282);
    }
}
