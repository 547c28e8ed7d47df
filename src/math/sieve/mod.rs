//! The segmented sieve of Eratosthenes, one residue class after the other.
//!
//! The numbers of a window that belong to one residue class of a wheel with modulus M are c, c+M, c+2M, … Each has a bit,
//! and the multiples of a prime among them are every p-th bit. So the inner loops have a constant stride and no wheel.
//! The bits of one class fit a cache. A wheel as large as 30030 costs nothing but the number of its classes. From one class
//! to the next, the first multiple of a prime moves by a multiple of 1/M modulo p. That is one subtraction, for sixteen
//! primes at once.
//!
//! The usual design keeps all eight classes of M = 30 in the bits of one byte (Oliveira e Silva and Walisch use it). It has
//! the primes in order; counting needs no order.
//!
//! There are three kinds of sieving primes:
//! - the primes of the *presieve* have so many multiples in a class that these form a pattern. Tables of such patterns
//!   are ANDed together (`presieve.rs`);
//! - *small* primes have at least one multiple in each class. The smallest cross off eight multiples at a time. Those that
//!   are smaller than a block of the first-level cache work block by block, the others along the whole class;
//! - *large* primes have at most one multiple in a class. Their hits are computed anew for every unit, in floats and in
//!   lanes, and are listed by class. A class is fetched when its list is long enough. Nothing is kept for a large prime but
//!   the prime itself.
//!
//! Cost: per number about φ(M)/M · ln(ln √n / ln 230) crossings, of one or two cycles each.

mod borders;
mod by_residue;
mod candidates;
mod gaps;
mod large_primes;
mod layout;
pub mod naive;
pub mod ordered;
mod patterns;
mod presieve;
mod primes;
mod small_primes;
mod tuplets;
mod wheel;

use super::integer::{self, Integer};
use super::lanes::{Lanes, MARGIN, PRESIEVE_WORDS};
use super::ring::{Ring, U256};
use super::span::Span;
use borders::Borders;
pub use by_residue::{CLASS_PS, RESIDUES_MODULUS_MAX, ResidueCounter, Residues, layout_for};
pub use gaps::{WIDE_MIN, WindowGapList, WindowGaps, gaps_memory};
use large_primes::LargePrimes;
pub use layout::{Layout, tests_cost};
use presieve::Presieve;
pub use primes::SievingPrimes;
use small_primes::SmallPrimes;
use std::ops::Range;
use std::sync::OnceLock;
pub use tuplets::{PartTuplets, TUPLET_WIDTH_END, tuplets_memory};
pub use wheel::{Wheel, inverse};

/// The end of the numbers that sieving alone can decide: the sieving primes are below 2^32.
pub const SIEVE_END: u128 = 1 << 64;

/// The end of all layouts. Numbers that a bounded sieve leaves are tested for primality.
pub const LIMIT: u128 = 1 << 127;

/// The widest span that a layout can be made for.
pub const SPAN_WIDTH_MAX: u128 = 1 << 64;

/// The buffers of a sieve. They are used again for the next window.
pub struct Sieve {
    lanes: &'static Lanes,
    /// The most bits of a block: a longer class is crossed block by block.
    block: u32,
    near: SmallPrimes,
    large_primes: LargePrimes,
    /// The bits of the classes that are sieved together, each with a margin on both sides.
    words: Vec<u64>,
    /// Makes the sieving primes that are not kept.
    maker: Option<Box<Sieve>>,
    /// Whether each number is tested instead.
    tests: bool,
}

/// The number of bits of every block is a multiple of the first number and at most the second.
const BLOCK_UNIT: u32 = 64 * PRESIEVE_WORDS as u32;
const BLOCK_MAX: u32 = 1 << 23;

/// What to sieve: a window, by the primes up to a bound, in the classes of a wheel.
#[derive(Clone, Copy)]
struct SieveTask<'a> {
    window: Span,
    wheel: &'static Wheel,
    base: &'a SievingPrimes,
    bound: u64,
}

impl<'a> SieveTask<'a> {
    /// The same with a bound of at most the square root of the largest number.
    fn to_the_root(self) -> SieveTask<'a> {
        let root = self.window.end().saturating_sub(1).isqrt() as u64;
        SieveTask { bound: self.bound.min(root), ..self }
    }

    /// Whether every number of the window is prime that no prime up to the bound divides.
    fn decides(&self) -> bool {
        let beyond = u128::from(self.bound) + 1;
        beyond * beyond >= self.window.end()
    }

    /// The primes of the wheel itself that lie in the window. They are in no class, so they are counted with the first one.
    fn own(&self, classes: &Range<usize>) -> impl Iterator<Item = u64> + use<'a> {
        let (window, first) = (self.window, classes.contains(&0));
        self.wheel.primes.iter().copied().filter(move |&p| first && window.contains(p.into()))
    }

    /// Bit i of class c stands for low + c + M·i.
    fn low(&self) -> u128 {
        let modulus = u128::from(self.wheel.modulus);
        self.window.start() / modulus * modulus
    }

    /// The first number of a class.
    fn first(&self, class: u32) -> u128 {
        self.low() + u128::from(class)
    }

    /// The number of bits of a class.
    fn bits(&self) -> u32 {
        let bits = (self.window.end() - self.low()).div_ceil(self.wheel.modulus.into());
        u32::try_from(bits).expect("a class has at most 2^23 bits or so")
    }

    fn patterns(&self) -> &'static Presieve {
        presieve_of(self.wheel)
    }

    /// The largest prime of the presieve.
    fn presieved(&self) -> u64 {
        self.patterns().last().into()
    }

    /// About how many hits the large primes have in a class; 0 only if there are no large primes.
    fn large_prime_hits(&self) -> usize {
        let longest = self.presieved().max(self.bits().into());
        match self.forgets() || self.base.between(longest, self.bound).next().is_some() {
            false => 0,
            true => 1 + (u64::from(self.bits()) * layout::ln_ln_between(longest, self.bound) / 1000) as usize,
        }
    }

    /// Whether some primes are not kept, but made when they are needed.
    fn forgets(&self) -> bool {
        self.base.kept() < self.bound.min(self.base.bound())
    }
}

impl Sieve {
    /// A sieve for a core with a first-level cache of so many bytes. A block takes seven eighths of it; the rest is for the
    /// primes.
    pub fn new(lanes: &'static Lanes, cache: usize) -> Sieve {
        Sieve::with_block(lanes, cache / 8 * 7)
    }

    /// A sieve with blocks of about so many bytes.
    pub fn with_block(lanes: &'static Lanes, bytes: usize) -> Sieve {
        let block = (8 * bytes as u32).clamp(BLOCK_UNIT, BLOCK_MAX) / BLOCK_UNIT * BLOCK_UNIT;
        let (near, large_primes) = (SmallPrimes::default(), LargePrimes::default());
        Sieve { lanes, block, near, large_primes, words: Vec::new(), maker: None, tests: false }
    }

    /// The same, but it finds the primes of windows by a test of each number, for checks: no sieving prime, pattern or hit is used.
    ///
    /// Cost: [`layout::tests_cost`], some hundred times that of sieving.
    pub fn by_tests(self) -> Sieve {
        Sieve { tests: true, ..self }
    }

    /// A sieve with the same lanes and blocks, and buffers of its own.
    pub fn another(&self) -> Sieve {
        let (near, large_primes) = (SmallPrimes::default(), LargePrimes::default());
        let Sieve { lanes, block, tests, .. } = *self;
        Sieve { lanes, block, near, large_primes, words: Vec::new(), maker: None, tests }
    }

    /// The number of primes in a unit of a layout. `base` must reach the layout's bound.
    ///
    /// Cost: see [`Layout::cost`]. Memory: see [`memory`].
    pub fn unit(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64) -> u64 {
        let (window, classes) = layout.unit(unit);
        self.count_by(SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }, classes)
    }

    /// The number of primes of the window that are in some `classes` of `wheel` (a range of indices of its classes), by sieving
    /// alone. The primes of the wheel itself are counted with its first class.
    ///
    /// The window must end at [`SIEVE_END`] or before; `base` must reach the square root of its end.
    ///
    /// # Panics
    /// If the window ends behind [`SIEVE_END`].
    pub fn count(&mut self, base: &SievingPrimes, window: Span, wheel: &'static Wheel, classes: Range<usize>) -> u64 {
        assert!(window.end() <= SIEVE_END);
        self.count_by(SieveTask { window, wheel, base, bound: u64::MAX }, classes)
    }

    /// The same for each part of the unit's window between `borders`, which ascend and lie within the window.
    ///
    /// Cost: that of the unit, and some nanoseconds for each border and class.
    pub fn unit_in_parts(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64, borders: &[u128]) -> Vec<u64> {
        if borders.is_empty() {
            return vec![self.unit(base, layout, unit)];
        }
        let (window, classes) = layout.unit(unit);
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        let mut counts = vec![0; borders.len() + 1];
        task.own(&classes).for_each(|prime| counts[part_of(prime, borders)] += 1);
        let (lanes, within) = (self.lanes, Borders::new(&task, borders));
        self.primes_by_class(task, classes, |class, bitmap| {
            for (count, bits) in counts.iter_mut().zip(within.parts(class, task.bits() as usize)) {
                *count += borders::ones(lanes, bitmap, bits);
            }
        });
        counts
    }

    /// The sum of the primes of each part, raised to the power of `exponent`, which is at most 3. The sum of the primes themselves
    /// takes about as long as counting them; other powers take some 20 ns more for each prime.
    pub fn sums_in_parts(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        borders: &[u128],
        exponent: u32,
    ) -> Vec<Integer> {
        match exponent {
            0 => self.unit_in_parts(base, layout, unit, borders).into_iter().map(Integer::from).collect(),
            1 => self.plain_sums_in_parts(base, layout, unit, borders),
            _ => self.powers_in_parts(base, layout, unit, borders, exponent),
        }
    }

    /// Each prime is low + above. The sums of above^j make the sums of all powers, by the binomial theorem.
    fn powers_in_parts(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        borders: &[u128],
        exponent: u32,
    ) -> Vec<Integer> {
        let (window, classes) = layout.unit(unit);
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        // No window is wider than 2^64, so a sum of cubes is below 2^256.
        let mut found = vec![[U256::default(); 4]; borders.len() + 1];
        let within = Borders::new(&task, borders);
        self.primes_by_class(task, classes.clone(), |class, bitmap| {
            for (sums, bits) in found.iter_mut().zip(within.parts(class, task.bits() as usize)) {
                borders::each(bitmap, bits, |bit| {
                    let above = U256::of(u128::from(class) + u128::from(task.wheel.modulus) * bit as u128);
                    let square = above * above;
                    let more = [U256::of(1), above, square, square * above];
                    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                });
            }
        });
        let low = Integer::from(task.low());
        let sum = |[zero, one, two, three]: [Integer; 4]| match exponent {
            2 => two + low.clone() * (2 * one + low.clone() * zero),
            _ => three + low.clone() * (3 * two + low.clone() * (3 * one + low.clone() * zero)),
        };
        let mut sums: Vec<Integer> = found.iter().map(|sums| sum(sums.map(U256::integer))).collect();
        let small = task.own(&classes);
        small.for_each(|prime| sums[part_of(prime, borders)] += integer::raised(Integer::from(prime), exponent));
        sums
    }

    fn plain_sums_in_parts(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        borders: &[u128],
    ) -> Vec<Integer> {
        let (window, classes) = layout.unit(unit);
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        // Counted from `low` on: no window is wider than 2^64, so the sum of all places is below 2^128.
        let mut found = vec![(0u64, 0u128); borders.len() + 1];
        let (lanes, within) = (self.lanes, Borders::new(&task, borders));
        self.primes_by_class(task, classes.clone(), |class, bitmap| {
            for ((count, above), bits) in found.iter_mut().zip(within.parts(class, task.bits() as usize)) {
                let ones = borders::ones(lanes, bitmap, bits.clone());
                *count += ones;
                *above += u128::from(class) * u128::from(ones);
                *above += u128::from(task.wheel.modulus) * borders::places(lanes, bitmap, bits);
            }
        });
        let low = Integer::from(task.low());
        let mut sums: Vec<Integer> = found.iter().map(|&(count, above)| low.clone() * count + above).collect();
        task.own(&classes).for_each(|prime| sums[part_of(prime, borders)] += prime);
        sums
    }

    fn count_by(&mut self, task: SieveTask, classes: Range<usize>) -> u64 {
        let task = task.to_the_root();
        let mut count = task.own(&classes).count() as u64;
        let lanes = self.lanes;
        self.sieve_classes(task, classes, |class, bitmap| {
            count += if task.decides() { lanes.ones(bitmap) } else { candidates::count_primes(&task, class, bitmap) }
        });
        count
    }

    /// The primes above 5 in a unit of a layout made by [`Layout::in_order`]. `each` gets a number and a word of 64 bits: bit i
    /// stands for that number plus [`ordered::OFFSETS`]`[i]`. These are the numbers prime to 30 among the next 240.
    ///
    /// Memory: the bits of eight classes, each a thirtieth of a bit per number.
    pub fn in_order(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64, each: impl FnMut(u128, u64)) {
        let (window, _) = layout.unit(unit);
        self.in_order_by(SieveTask { window, wheel: Wheel::smallest(), base, bound: layout.bound }, each);
    }

    /// The same without the tests that a bounded sieve leaves. Returns whether none was left, so that all are primes.
    pub fn candidates_in_order(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        each: impl FnMut(u128, u64),
    ) -> bool {
        let (window, _) = layout.unit(unit);
        let task = SieveTask { window, wheel: Wheel::smallest(), base, bound: layout.bound }.to_the_root();
        self.words_by(task, |_, _| (), each);
        task.decides()
    }

    fn in_order_by(&mut self, task: SieveTask, each: impl FnMut(u128, u64)) {
        let task = task.to_the_root();
        let test = |class: u32, bitmap: &mut [u64]| {
            if !task.decides() {
                candidates::keep_primes(&task, class, bitmap);
            }
        };
        self.words_by(task, test, each);
    }

    /// The words of a window, of whose classes `test` may clear bits.
    fn words_by(&mut self, task: SieveTask, test: impl Fn(u32, &mut [u64]), mut each: impl FnMut(u128, u64)) {
        let bitmaps = self.bitmaps(task, test);
        if !bitmaps.is_empty() {
            let words = ordered::words(std::array::from_fn(|index| &bitmaps[index][..]));
            words.for_each(|(start, word)| each(task.low() + u128::from(start), word));
        }
    }

    /// The classes of the smallest wheel in a window; `test` may clear bits of each. There is none if the window is empty.
    fn bitmaps(&mut self, task: SieveTask, test: impl Fn(u32, &mut [u64])) -> Vec<Vec<u64>> {
        let mut bitmaps = Vec::new();
        self.sieve_classes(task, 0..ordered::CLASSES.len(), |class, bitmap| {
            let mut bitmap = bitmap.to_vec();
            test(class, &mut bitmap);
            bitmaps.push(bitmap);
        });
        bitmaps
    }

    /// The primes above 5 of a window, by sieving alone. `each` gets them as in [`Sieve::in_order`]; the first number is the last
    /// multiple of 30 at or before the window's start.
    ///
    /// The window must end at [`SIEVE_END`] or before; `base` must reach the square root of its end. Memory: the bits of eight
    /// classes, each a thirtieth of a bit per number.
    ///
    /// # Panics
    /// If the window ends behind [`SIEVE_END`].
    pub fn words(&mut self, base: &SievingPrimes, window: Span, each: impl FnMut(u128, u64)) {
        assert!(window.end() <= SIEVE_END);
        self.in_order_by(SieveTask { window, wheel: Wheel::smallest(), base, bound: u64::MAX }, each);
    }

    /// The primes of a window, ascending. They must be above 5 and below 2^32.
    fn piece(&mut self, base: &SievingPrimes, window: Span) -> Vec<u32> {
        let mut primes = Vec::new();
        let tests = std::mem::take(&mut self.tests);
        self.words(base, window, |start, word| {
            primes.extend(ordered::numbers(start, word).map(|prime| prime as u32));
        });
        self.tests = tests;
        primes
    }

    /// Sieves the given classes as [`Sieve::sieve_classes`] does, but a bit is set if and only if its number is prime.
    fn primes_by_class(&mut self, task: SieveTask, classes: Range<usize>, mut done: impl FnMut(u32, &[u64])) {
        let mut primes = Vec::new();
        self.sieve_classes(task, classes, |class, bitmap| {
            if task.decides() {
                return done(class, bitmap);
            }
            primes.clear();
            primes.extend_from_slice(bitmap);
            candidates::keep_primes(&task, class, &mut primes);
            done(class, &primes);
        });
    }

    /// Sieves the given classes. `done` gets each class in order, with its bits. A bit is set if and only if no prime up to the
    /// bound divides its number, except the number itself. If numbers are tested, it is set if and only if its number is prime.
    fn sieve_classes(&mut self, task: SieveTask, classes: Range<usize>, mut done: impl FnMut(u32, &[u64])) {
        if task.window.is_empty() || classes.is_empty() {
            return;
        }
        if self.tests {
            for &class in &task.wheel.classes[classes] {
                self.words.resize(task.bits() as usize / 64 + 1, 0);
                candidates::set_primes(&task, class, &mut self.words);
                done(class, &mut self.words);
            }
            return;
        }
        if task.forgets() {
            let kept = task.base.kept() >= u64::from(task.bits()) && u128::from(task.bound) < task.window.start();
            assert!(kept, "primes must be kept if they are small or in the window");
            self.maker.get_or_insert_with(|| Box::new(Sieve::with_block(self.lanes, self.block as usize / 8)));
        }
        let Sieve { lanes, near, large_primes, words, maker, .. } = self;
        let mut make = |span| maker.as_mut().expect("it is there if it is needed").piece(task.base, span);
        let (lanes, classes) = (*lanes, &task.wheel.classes[classes]);
        let length = task.bits() as usize / 64 + 1;
        let stride = length.next_multiple_of(PRESIEVE_WORDS) + 2 * MARGIN;
        let to_restore = PrimesToRestore::new(&task, classes);
        let mut finish = |bitmap: &mut [u64], class| {
            let bitmap = &mut bitmap[MARGIN..][..length];
            to_restore.restore(class, bitmap);
            trim(bitmap, &task, class);
            done(class, bitmap);
        };
        near.set(lanes, &task, classes[0], block(task.bits(), self.block));
        let hits = task.large_prime_hits();
        if hits * CLASSES_WORTH_LISTING <= HITS_LISTED_MAX && !task.forgets() {
            // The hits of several classes fit in lists: then each class is sieved at once, while its bits are in a cache.
            let group = (HITS_LISTED_MAX / hits.max(1)).min(classes.len());
            words.resize(stride, 0);
            for some in classes.chunks(group) {
                let lists = if hits > 0 { large_primes.list(lanes, &task, some, &mut make, |_| ()) } else { &mut [] };
                let mut lists = lists.iter();
                for &class in some {
                    near.cross(lanes, words, &task, class);
                    lists.next().iter().for_each(|hits| lanes.clear_bits(words, MARGIN, hits));
                    finish(words, class);
                }
            }
        } else {
            // The bits of all classes are in memory, and a class is fetched again when its list is long enough.
            let group = CLASSES_TOGETHER.min(classes.len());
            words.resize(group * stride, 0);
            for some in classes.chunks(group) {
                for (&class, bitmap) in some.iter().zip(words.chunks_exact_mut(stride)) {
                    near.cross(lanes, bitmap, &task, class);
                }
                large_primes.clear_hits(lanes, &task, some, &mut make, &mut words[..some.len() * stride]);
                for (&class, bitmap) in some.iter().zip(words.chunks_exact_mut(stride)) {
                    finish(bitmap, class);
                }
            }
        }
    }
}

/// The index of the part that a number is in.
fn part_of(number: u64, borders: &[u128]) -> usize {
    borders.partition_point(|&border| border <= u128::from(number))
}

/// How many classes are sieved together when there are many large primes; and how many are enough to make the cost of
/// finding the hits small.
const CLASSES_TOGETHER: usize = 48;
const CLASSES_WORTH_LISTING: usize = 16;

/// Hits of large primes that are listed at once: 64 MB.
const HITS_LISTED_MAX: usize = 1 << 24;

/// The same where primes are not kept, because memory is to be little: for each class.
const HITS_LISTED_FEW: usize = 1 << 14;

/// The bits of a block, if a class is crossed in equal blocks of at most `most` bits.
fn block(bits: u32, most: u32) -> u32 {
    bits.div_ceil(bits.div_ceil(most)).next_multiple_of(BLOCK_UNIT)
}

/// Clears the bits of a class whose numbers are outside the window, or 1.
fn trim(bitmap: &mut [u64], task: &SieveTask, class: u32) {
    let (first, bits) = (task.first(class), task.bits());
    // Only the first and the last number of a class can lie outside.
    if first < task.window.start() || first == 1 {
        bitmap[0] &= !1;
    }
    let last = first + u128::from(task.wheel.modulus) * u128::from(bits - 1);
    let inside = if last < task.window.end() { bits } else { bits - 1 };
    bitmap[inside as usize / 64] &= (1 << (inside % 64)) - 1;
    bitmap[inside as usize / 64 + 1..].fill(0);
}

/// The first number of a class in the form that the lanes want.
fn digits(first: u128) -> Vec<u32> {
    let digit = |at: u32| (first >> at) as u32 & 0xffff;
    match first >> 64 {
        0 => vec![(first >> 32) as u32, digit(16), digit(0)],
        _ => vec![(first >> 96) as u32, digit(80), digit(64), digit(48), digit(32), digit(16), digit(0)],
    }
}

/// The bytes that the sieves of a layout take: once for all threads of a rank, and for each thread.
pub fn memory(layout: &Layout) -> (u64, u64) {
    let (window, classes) = layout.unit(layout.units() - 1);
    let bits = (window.width() / u128::from(layout.wheel.modulus) + 1) as u64;
    let bitmap = bits / 8 + 16 * MARGIN as u64;
    let (bound, kept) = (layout.bound, layout.kept);
    let hits = bits * layout::ln_ln_between(bits, bound.max(bits)) / 1000;
    let bitmaps = (classes.len().min(CLASSES_TOGETHER)) as u64;
    let large_primes = if kept < bound {
        bitmaps * (bitmap + 8 * HITS_LISTED_FEW as u64) + primes::PIECE_BYTES
    } else if hits * CLASSES_WORTH_LISTING as u64 <= HITS_LISTED_MAX as u64 {
        4 * (hits * classes.len() as u64).min(HITS_LISTED_MAX as u64)
    } else {
        bitmaps * bitmap + 8 * HITS_LISTED_MAX as u64
    };
    let (primes, small) = (layout::pi(kept) as u64, layout::pi(bound.min(bits)) as u64);
    (4 * primes, bitmap + large_primes + 24 * small)
}

/// The presieve tables of a wheel; the first call makes them.
fn presieve_of(wheel: &Wheel) -> &'static Presieve {
    static PRESIEVES: [OnceLock<Presieve>; 4] = [const { OnceLock::new() }; 4];
    // The wheels have 3, 4, 5 and 6 primes.
    PRESIEVES[wheel.primes.len() - 3].get_or_init(|| Presieve::new(wheel))
}

/// The sieving primes that lie in the window: they cross off themselves. To start each prime at its square would avoid this,
/// but costs a branch for every prime and class. To set a few bits again costs nothing in all windows but the lowest.
struct PrimesToRestore {
    /// Class and bit, ordered by class.
    bits: Vec<(u32, u32)>,
}

impl PrimesToRestore {
    /// The primes of the given classes.
    fn new(task: &SieveTask, classes: &[u32]) -> PrimesToRestore {
        let (window, low, modulus) = (task.window, task.low(), task.wheel.modulus);
        let wanted = classes[0]..=classes[classes.len() - 1];
        let mut bits = Vec::new();
        let crossing = task.base.between(task.presieved(), task.bound);
        for primes in [task.patterns().primes()].into_iter().chain(crossing) {
            let from = primes.partition_point(|&p| u128::from(p) < window.start());
            let to = primes.partition_point(|&p| u128::from(p) < window.end());
            let places = primes[from..to.max(from)].iter().map(|&p| {
                let offset = u64::from(p) - low as u64;
                ((offset % modulus) as u32, (offset / modulus) as u32)
            });
            bits.extend(places.filter(|(class, _)| wanted.contains(class)));
        }
        bits.sort_unstable();
        PrimesToRestore { bits }
    }

    /// Sets the bits of `class` again.
    fn restore(&self, class: u32, bitmap: &mut [u64]) {
        let from = self.bits.partition_point(|&(at, _)| at < class);
        for &(_, bit) in self.bits[from..].iter().take_while(|&&(at, _)| at == class) {
            bitmap[bit as usize / 64] |= 1 << (bit % 64);
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
        let base = made(SIEVE_END, &mut sieve);
        let wheel = Wheel::smallest();
        let first = u64::MAX - 99;
        assert_eq!(sieve.count(&base, span(first.into(), SIEVE_END), wheel, 0..8), trial::count(first, u64::MAX));
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

    /// However a window is cut into parts, each has the primes that it has alone, and their sum.
    #[test]
    fn parts_of_windows_are_as_they_are_alone() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        for (start, width) in [
            (0u128, 5000u128),
            (0, 2_000_000),
            (10u128.pow(12), 300_000),
            (10u128.pow(18), 2000),
            (SIEVE_END - 9, 3000),
        ] {
            let window = span(start, start + width);
            for cuts in [1u128, 2, 3, 97] {
                let borders: Vec<u128> = (1..cuts).map(|cut| start + width * cut * cut / (cuts * cuts)).collect();
                let layout = Layout::with_borders(window, borders.len() as u64);
                let base = SievingPrimes::up_to(layout.bound);
                base.make(&mut sieve);
                let mut counts = vec![0; cuts as usize];
                let mut sums = vec![vec![Integer::new(); cuts as usize]; 4];
                for unit in 0..layout.units() {
                    let within = layout.unit(unit).0;
                    let from = borders.partition_point(|&border| border <= within.start());
                    let to = borders.partition_point(|&border| border < within.end());
                    let borders = &borders[from..to.max(from)];
                    let parts = sieve.unit_in_parts(&base, &layout, unit, borders);
                    counts[from..].iter_mut().zip(parts).for_each(|(all, count)| *all += count);
                    for exponent in 0..=3 {
                        let parts = sieve.sums_in_parts(&base, &layout, unit, borders, exponent);
                        let sums = &mut sums[exponent as usize][from..];
                        sums.iter_mut().zip(parts).for_each(|(all, sum)| *all += sum);
                    }
                }
                let edges: Vec<u128> = [&[start], &borders[..], &[window.end()]].concat();
                for (part, edges) in edges.windows(2).enumerate() {
                    let primes: Vec<u128> = (edges[0]..edges[1]).filter(|&n| primality::is_prime(n)).collect();
                    assert_eq!(counts[part], primes.len() as u64, "{window} in {cuts}, part {part}");
                    for (exponent, sums) in (0..).zip(&sums) {
                        let powers = primes.iter().map(|&prime| integer::raised(Integer::from(prime), exponent));
                        assert_eq!(sums[part], powers.sum::<Integer>(), "{window} in {cuts}, part {part}, {exponent}");
                    }
                }
            }
        }
    }

    #[test]
    fn all_layouts_of_a_narrow_span_count_alike() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        for (start, width) in [(10u128.pow(12), 100_000), (9_999_999_999_000, 3), (SIEVE_END - 3000, 3000)] {
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
        for start in [SIEVE_END - 500, 10u128.pow(24) - 500, LIMIT - 1000] {
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
