//! The inner loops of the sieves, once for each instruction set.
//!
//! A [`Lanes`] comes only from [`usable`] or [`pick`], which ask the CPU first. So whoever has one knows that its loops can run
//! here. The loops are called once per block of a class, never per bit, so the indirect call costs nothing. Most loops are the
//! same source (`generic.rs`, `counting.rs`), compiled again for each set; loops written for one set are in its file. Each set
//! is tested against `scalar`.

mod added_segment;
mod adding;
#[cfg(target_arch = "x86_64")]
mod adding_avx2;
#[cfg(target_arch = "x86_64")]
mod amd;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod counting;
#[cfg(target_arch = "x86_64")]
mod counting_avx2;
#[cfg(target_arch = "x86_64")]
mod counting_avx512;
mod generic;
mod listing;
mod multiples;
mod operands;
mod scalar;
mod segment;

use crate::error::{Error, Result};
pub use added_segment::AddedSegment;
pub use adding::{Added, AddedQuotients};
pub use multiples::{FirstMultiples, Hits, Leaps};
pub use operands::{Dividend, Divisors, RECIPROCALS_BEYOND, RESIDUES_30, WORD};
pub use segment::{CountedSegment, SievedSegment, SignedDivisors, Strides};

/// One instruction set's versions of the loops.
pub struct Lanes {
    /// What `--lanes` calls it.
    pub name: &'static str,
    usable: fn() -> bool,
    /// Whether this variant is better than those of the same name behind it, on a CPU like this.
    pays: fn() -> bool,
    presieve: unsafe fn(&mut [u64], &mut [Pattern]),
    octets: unsafe fn(*mut u8, u32, &[u32], &[u32]),
    cross: unsafe fn(*mut u64, u32, &[u32], &[u32]),
    step: unsafe fn(&mut [u32], &[u32], &[u32], u32),
    start: unsafe fn(&Start, &[u32], &mut [u32], &mut [u32]),
    collect: unsafe fn(&FirstMultiples, &[u32], &mut [Hits]),
    leap: unsafe fn(&Leap, &[u32], &mut Vec<u32>),
    clear_bits: unsafe fn(*mut u64, &[u32]),
    octets_end: u32,
    ones: unsafe fn(&[u64]) -> u64,
    places: unsafe fn(&[u64]) -> u64,
    recount: unsafe fn(&[u64], &mut [u32], u32) -> u32,
    stride: unsafe fn(*mut u8, u32, u32, &[u32; 8]) -> u32,
    sum: Sum,
    /// The same in pairs, if that is quicker on a CPU like this.
    sum_of_pairs: Option<SumOfPairs>,
    pick: Pick,
    add_up: unsafe fn(&[u64], &mut [Added]) -> Added,
    added: unsafe fn(&[u64]) -> Added,
    stride_added: unsafe fn(*mut u8, u32, u32, &[u32; 8]) -> Added,
    added_quotients: AddQuotients,
    ascending: unsafe fn(u64, &mut [u64]),
    square: unsafe fn(&mut [u64]),
    total: unsafe fn(&[u64]) -> u128,
}

/// Sums how many bits are set up to quotients: the words, the counts before them, the first number, the dividend, the divisors.
type Sum = unsafe fn(&[u64], &[u32], u64, Dividend, Divisors) -> u64;

/// The same in the pairs of a segment, see [`CountedSegment`]: the pairs, the first number, the dividend, the divisors.
type SumOfPairs = unsafe fn(&[u64], u64, Dividend, Divisors) -> u64;

/// Picks the entries above a threshold: the entries, the threshold, the base and the offsets of their numbers, and the lists for
/// even and odd entries.
type Pick = unsafe fn(&[u16], u16, u32, &[u16], &mut Vec<u32>, &mut Vec<u32>);

/// Adds up to quotients: the words, what is before each, the first number, the dividend, the divisors.
type AddQuotients = unsafe fn(&[u64], &[Added], u64, Dividend, &[u32]) -> AddedQuotients;

/// How many words one pass of the presieve fills. Patterns are padded for it.
pub const PRESIEVE_WORDS: usize = 64;

/// How many values `collect` may write behind those that it keeps.
const SLACK: usize = 16;

/// A pattern of bits that repeats every `period` bytes.
pub struct Pattern<'a> {
    /// `period` bytes, and then at least `8 * PRESIEVE_WORDS` more of the same pattern.
    pub bytes: &'a [u8],
    /// The bytes after which it repeats.
    pub period: usize,
    /// The byte that comes next, below `period`.
    pub at: usize,
}

/// What is needed to find first multiples in a class, in which bit i stands for first + modulus·i.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// The first number of the class: its high 32 bits first, then 16 bits each.
    pub digits: &'a [u32],
    /// Even, and below 2^16.
    pub modulus: u32,
    /// For each residue r that has an inverse modulo the modulus: -1/r.
    pub negated_inverses: &'a [u32],
}

/// What large primes need to leap through the classes of a window. The window starts at the first number of `start`, a
/// multiple of the modulus, which is at most 256.
#[derive(Clone, Copy)]
pub struct Leap<'a> {
    /// The window's first number, a multiple of the modulus.
    pub start: Start<'a>,
    /// The bits of a class: at most 2^24, and so few that all classes together have less than 2^31 numbers.
    pub bits: u32,
    /// Which residues have wanted classes, one bit for each.
    pub wanted: [u32; 8],
}

impl Leap<'_> {
    /// The width of the window, in numbers.
    fn width(&self) -> u32 {
        self.bits * self.start.modulus
    }
}

/// In a leap the class stands above this bit, and its bit in the class below.
const CLASS: u32 = 24;

/// Where octets stop paying, because those of larger primes reach too far over the edges of a block.
const OCTETS_END: u32 = 1500;
const _: () = assert!(OCTETS_END <= OCTETS_MAX);

/// The largest prime for `octets`: its multiples reach a few hundred bytes over the edges of a block.
pub const OCTETS_MAX: u32 = 4096;

/// How many words `octets` may write before and behind a block: up to sixteen multiples.
pub const MARGIN: usize = 16 * OCTETS_MAX as usize / 64;

impl Lanes {
    /// Fills `words` with the AND of the patterns, each from its `at` on, and moves each `at` behind what was used.
    ///
    /// # Panics
    /// If the number of words is not a multiple of [`PRESIEVE_WORDS`], or a pattern is too short.
    pub fn presieve(&self, words: &mut [u64], patterns: &mut [Pattern]) {
        assert_eq!(words.len() % PRESIEVE_WORDS, 0);
        for pattern in &*patterns {
            assert!(pattern.at < pattern.period);
            assert!(pattern.bytes.len() >= pattern.period + 8 * PRESIEVE_WORDS);
        }
        // SAFETY: the CPU has these instructions, or this `Lanes` would not have been handed out. The lengths that the loop
        // relies on were just checked.
        unsafe { (self.presieve)(words, patterns) }
    }

    /// Clears the multiples in the `bits` bits from word `from` on, eight at a time. It may also clear multiples up to
    /// [`MARGIN`] words before and behind them.
    ///
    /// # Panics
    /// If there is no such margin, or if a prime is above [`OCTETS_MAX`] or differs from the first one modulo 8.
    pub fn octets(&self, words: &mut [u64], from: usize, bits: u32, multiples: &FirstMultiples) {
        let primes = multiples.primes();
        assert!(from >= MARGIN && words.len() >= from + (bits as usize).div_ceil(64) + MARGIN);
        // Folds, because a loop that may end early is not vectorized.
        let residue = primes.first().map_or(0, |p| p % 8);
        assert!(primes.iter().fold(true, |all, p| all & (*p <= OCTETS_MAX) & (p % 8 == residue)));
        // SAFETY: the CPU has these instructions. The primes are at most `OCTETS_MAX` and alike modulo 8, each place is below
        // its prime, as `FirstMultiples` keeps it, and the margins on both sides were checked.
        unsafe { (self.octets)(words.as_mut_ptr().add(from).cast(), bits, primes, multiples.at()) }
    }

    /// Up to primes of this size `octets` takes less time than `cross`. It is at most [`OCTETS_MAX`].
    pub fn octets_end(&self) -> u32 {
        self.octets_end
    }

    /// Clears the multiples in the `bits` bits from word `from` on, and perhaps the bit behind them.
    ///
    /// # Panics
    /// If there is no such bit.
    pub fn cross(&self, words: &mut [u64], from: usize, bits: u32, multiples: &FirstMultiples) {
        assert!(from + bits as usize / 64 < words.len() && bits < 1 << 31);
        // SAFETY: the CPU has these instructions. `bits + 1` bits were checked to be there, and each place is below its prime.
        unsafe { (self.cross)(words.as_mut_ptr().add(from), bits, multiples.primes(), multiples.at()) }
    }

    /// Clears the hits, counted from word `from` on.
    ///
    /// # Panics
    /// If the bound of the hits is beyond the words.
    pub fn clear_bits(&self, words: &mut [u64], from: usize, hits: &Hits) {
        assert!(from + (hits.bound() as usize).div_ceil(64) <= words.len());
        // SAFETY: the CPU has these instructions. All hits are below their bound, and so many bits were checked to be there.
        unsafe { (self.clear_bits)(words.as_mut_ptr().add(from), hits.bits()) }
    }

    /// How many bits are set.
    pub fn ones(&self, words: &[u64]) -> u64 {
        // SAFETY: the CPU has these instructions, which is all that the loop needs.
        unsafe { (self.ones)(words) }
    }

    /// The sum of the places of the bits that are set, which are less than 2^32 bits in all.
    ///
    /// # Panics
    /// If there are 2^26 words or more.
    pub fn places(&self, words: &[u64]) -> u64 {
        assert!(words.len() < 1 << 26);
        // SAFETY: the CPU has these instructions, which is all that the loop needs; the sum fits.
        unsafe { (self.places)(words) }
    }

    /// Fills the list with `first`, `first` + 1, and so on.
    pub fn ascending(&self, first: u64, list: &mut [u64]) {
        assert!(first.checked_add(list.len() as u64).is_some());
        // SAFETY: the CPU has these instructions, which is all that the loop needs.
        unsafe { (self.ascending)(first, list) }
    }

    /// Squares all numbers, which must be below 2^32: of larger ones only the low 32 bits count.
    pub fn square(&self, list: &mut [u64]) {
        // SAFETY: as above.
        unsafe { (self.square)(list) }
    }

    /// The sum of the numbers.
    ///
    /// # Panics
    /// If there are 2^32 or more.
    pub fn total(&self, list: &[u64]) -> u128 {
        assert!((list.len() as u64) < 1 << 32);
        // SAFETY: as above.
        unsafe { (self.total)(list) }
    }

    /// `at[k] -= times·by[k]` modulo `primes[k]`; all `at` and `by` are below their prime.
    fn step(&self, at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
        assert!(at.len() == primes.len() && by.len() == primes.len());
        // SAFETY: the CPU has these instructions, and the three slices have one length.
        unsafe { (self.step)(at, by, primes, times) }
    }

    /// For each prime the place of its first multiple in the class, and how much earlier it is in the class that starts two
    /// numbers later. The primes must share no factor with the modulus. Each place is below its prime afterwards, and each
    /// step at most its prime.
    fn start(&self, start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
        assert!(at.len() == primes.len() && by.len() == primes.len());
        assert!(start.modulus < 1 << 16 && start.modulus.is_multiple_of(2));
        assert_eq!(start.negated_inverses.len(), start.modulus as usize);
        assert!(!start.digits.is_empty() && start.digits[1..].iter().all(|&digit| digit < 1 << 16));
        // SAFETY: the CPU has these instructions. The slices have one length, and `start` has what the loop looks up.
        unsafe { (self.start)(start, primes, at, by) }
        // A prime that is not one must not make the other loops write elsewhere.
        assert!(primes.iter().zip(&*at).zip(&*by).fold(true, |all, ((p, at), by)| all & (at < p) & (by <= p)));
    }

    /// Appends the primes' multiples in the wanted classes to `found`.
    fn leap(&self, leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
        assert!(leap.bits <= 1 << CLASS && leap.start.modulus <= 256);
        assert!(u64::from(leap.bits) * u64::from(leap.start.modulus) < u64::from(generic::OUTSIDE));
        assert!(!leap.start.digits.is_empty() && leap.start.digits[1..].iter().all(|&digit| digit < 1 << 16));
        // SAFETY: the CPU has these instructions, and every leap fits its 32 bits, as was checked.
        unsafe { (self.leap)(leap, primes, found) }
    }

    /// Adds the first multiples in each class to its list, which has room for all and `SLACK` more.
    fn collect(&self, multiples: &FirstMultiples, times: &[u32], lists: &mut [Hits]) {
        let room = |hits: &mut Hits| hits.bits_mut().capacity() - hits.len() >= multiples.at().len() + SLACK;
        assert!(lists.len() == times.len() && times.iter().all(|&times| times <= TIMES_MAX));
        assert!(lists.iter_mut().all(room) && lists.iter().all(|hits| hits.bound() == lists[0].bound()));
        // SAFETY: the CPU has these instructions, and every list has room for all places and `SLACK` more.
        unsafe { (self.collect)(multiples, times, lists) }
    }
}

/// The most steps between neighbouring classes: the residues of 30030 are at most 22 apart.
const TIMES_MAX: u32 = 11;

/// All sets, the best first. The last one runs on any CPU.
static ALL_LANES: &[Lanes] = &[
    #[cfg(target_arch = "x86_64")]
    amd::AVX512,
    #[cfg(target_arch = "x86_64")]
    avx512::AVX512,
    #[cfg(target_arch = "x86_64")]
    amd::AVX2,
    #[cfg(target_arch = "x86_64")]
    avx2::AVX2,
    #[cfg(target_arch = "x86_64")]
    amd::SCALAR,
    scalar::SCALAR,
];

/// Sets that the CPU has, each in all variants: those that pay on some CPUs only come first.
fn variants() -> impl Iterator<Item = &'static Lanes> {
    ALL_LANES.iter().filter(|lanes| (lanes.usable)())
}

impl Lanes {
    /// Whether these are the lanes that every CPU has.
    pub fn is_scalar(&self) -> bool {
        self.name == scalar::SCALAR.name
    }
}

/// The lanes that this CPU has, the best first, and each in the variant that is best here.
pub fn usable() -> impl Iterator<Item = &'static Lanes> {
    let is_best = |lanes: &Lanes| {
        let mut alike = variants().filter(|other| other.name == lanes.name && (other.pays)());
        alike.next().is_some_and(|best| std::ptr::eq(best, lanes))
    };
    variants().filter(move |lanes| is_best(lanes))
}

/// The lanes with this name; without a name the best.
///
/// # Errors
/// If there are no lanes with this name, or this CPU does not have them. Other lanes are never used instead.
pub fn pick(name: Option<&str>) -> Result<&'static Lanes> {
    let Some(name) = name else { return Ok(usable().next().expect("scalar is always usable")) };
    usable().find(|lanes| lanes.name == name).ok_or_else(|| {
        let names: Vec<&str> = usable().map(|lanes| lanes.name).collect();
        let known = ALL_LANES.iter().any(|lanes| lanes.name == name);
        let why = if known { "are not in this CPU" } else { "are not known" };
        Error::usage(format!("lanes '{name}' {why}: it has {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::trial::is_prime;

    /// Words without a pattern, from a linear congruence.
    fn noise(seed: u64, count: usize) -> Vec<u64> {
        let step = |x: &u64| Some(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        std::iter::successors(Some(seed), step).map(|x| x ^ x >> 29).take(count).collect()
    }

    /// So many of the cases under Miri, which takes a thousand times as long, and else all.
    pub(super) fn few<T>(count: usize, cases: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        cases.into_iter().take(if cfg!(miri) { count } else { usize::MAX })
    }

    fn primes(from: u32, to: u32) -> Vec<u32> {
        (from..to).filter(|&n| is_prime(n.into())).collect()
    }

    /// The first number of a class in the form that `Start` wants.
    fn digits(first: u128) -> Vec<u32> {
        [96u32, 80, 64, 48, 32, 16, 0]
            .iter()
            .map(|&at| (first >> at & if at == 96 { 0xffff_ffff } else { 0xffff }) as u32)
            .collect()
    }

    fn negated_inverses(modulus: u32) -> Vec<u32> {
        let inverse = |r: u32| (1..modulus).find(|i| u64::from(r) * u64::from(*i) % u64::from(modulus) == 1);
        (0..modulus).map(|r| inverse(r).map_or(0, |i| modulus - i)).collect()
    }

    /// The first multiples of the primes in the class that starts with `first`, first + 210, …
    fn multiples(lanes: &Lanes, first: u128, primes: &[u32]) -> FirstMultiples {
        let mut multiples = FirstMultiples::default();
        let start = Start { digits: &digits(first), modulus: 210, negated_inverses: &negated_inverses(210) };
        multiples.set(lanes, &start, [primes].into_iter());
        multiples
    }

    /// The class of `first` with the primes' multiples cleared by division.
    fn divided(first: u128, bits: u32, primes: &[u32], mut words: Vec<u64>) -> Vec<u64> {
        for bit in 0..bits {
            let number = first + 210 * u128::from(bit);
            if primes.iter().any(|&p| number.is_multiple_of(u128::from(p))) {
                words[bit as usize / 64] &= !(1 << (bit % 64));
            }
        }
        words
    }

    /// Only the bits of the class itself, without its margins.
    fn inside(words: &[u64], from: usize, bits: u32) -> Vec<u64> {
        let mut words = words[from..=from + bits as usize / 64].to_vec();
        *words.last_mut().unwrap() &= (1u64 << (bits % 64)) - 1;
        words
    }

    const FIRSTS: [u128; 4] = [11, 1_000_000_007, (1 << 64) - 59, (1 << 100) + 13];

    #[test]
    fn all_lanes_count_alike() {
        for count in few(20, 0..200) {
            let words = noise(count as u64, count);
            let naive: u64 = words.iter().map(|w| u64::from(w.count_ones())).sum();
            for (words, ones) in [(&words, naive), (&vec![u64::MAX; count], 64 * count as u64)] {
                assert!(usable().all(|lanes| lanes.ones(words) == ones), "{count} words");
            }
            for lanes in usable() {
                let set = (0..64 * count).filter(|&place| words[place / 64] >> (place % 64) & 1 == 1);
                assert_eq!(lanes.places(&words), set.sum::<usize>() as u64, "{} on {count} words", lanes.name);
            }
        }
    }

    #[test]
    fn all_lanes_start_where_division_does() {
        let mut some = primes(11, if cfg!(miri) { 200 } else { 3000 });
        some.extend(few(8, primes(1 << 20, (1 << 20) + 500)).chain(primes(u32::MAX - 400, u32::MAX)));
        for lanes in usable() {
            for first in few(2, FIRSTS) {
                let mut multiples = multiples(lanes, first, &some);
                for (step, times) in [(0u32, 0), (2, 1), (6, 2), (28, 11)] {
                    multiples.step(lanes, times);
                    for (&p, &at) in some.iter().zip(multiples.at()) {
                        let first = first + u128::from(step);
                        assert_eq!(
                            (first + 210 * u128::from(at)) % u128::from(p),
                            0,
                            "{p} from {first} on {}",
                            lanes.name
                        );
                        assert!(at < p);
                    }
                }
            }
        }
    }

    #[test]
    fn all_lanes_cross_alike() {
        // 7063 is seven times a prime. Primes beyond the bits have one multiple there, or none.
        for bits in few(4, [63u32, 64, 65, 500, 4096, 7 * 1009, 20_000]) {
            for first in few(2, FIRSTS) {
                let some = primes(11, (2 * bits).min(9000));
                let fresh = noise(3, bits as usize / 64 + 1 + 2 * MARGIN);
                let naive = divided(first, bits, &some, fresh[MARGIN..].to_vec());
                for lanes in variants() {
                    let mut words = fresh.clone();
                    lanes.cross(&mut words, MARGIN, bits, &multiples(lanes, first, &some));
                    assert_eq!(inside(&words, MARGIN, bits), inside(&naive, 0, bits), "{} on {bits} bits", lanes.name);
                    assert_eq!(words[..MARGIN], fresh[..MARGIN]);
                    assert_eq!(words[MARGIN + bits as usize / 64 + 1..], fresh[MARGIN + bits as usize / 64 + 1..]);
                }
            }
        }
    }

    #[test]
    fn all_lanes_take_octets_alike() {
        for bits in few(3, [1u32, 64, 1000, 5000, 40_000]) {
            for first in few(2, FIRSTS) {
                for some in FirstMultiples::by_residue(&primes(11, OCTETS_MAX)) {
                    let fresh = noise(5, bits as usize / 64 + 1 + 2 * MARGIN);
                    let naive = divided(first, bits, &some, fresh[MARGIN..].to_vec());
                    for lanes in usable() {
                        let mut words = fresh.clone();
                        lanes.octets(&mut words, MARGIN, bits, &multiples(lanes, first, &some));
                        assert_eq!(
                            inside(&words, MARGIN, bits),
                            inside(&naive, 0, bits),
                            "{} on {bits} bits",
                            lanes.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn first_multiples_go_along_a_class() {
        let some = primes(11, if cfg!(miri) { 200 } else { 2000 });
        for lanes in usable() {
            let whole = multiples(lanes, 1_000_000_007, &some);
            let mut part = whole.along(640);
            for block in 0..4 {
                for (&p, &at) in some.iter().zip(part.at()) {
                    let bit = 640 * block + u128::from(at);
                    assert_eq!((1_000_000_007 + 210 * bit) % u128::from(p), 0);
                }
                part.step(lanes, 1);
            }
            part.copy_positions(&whole);
            assert_eq!(part.at(), whole.at());
        }
    }

    #[test]
    fn all_lanes_collect_and_clear_alike() {
        let (times, top) = ([0, 1, 3, 11, 2], [1u32 << 20, u32::MAX - 40_000]);
        let counts = few(5, [0usize, 1, 15, 16, 17, 300]);
        for (count, top) in counts.flat_map(|count| few(1, top).map(move |top| (count, top))) {
            let some: Vec<u32> = few(300, top..top + 20_000).filter(|&n| is_prime(n.into())).take(count).collect();
            for first in few(2, FIRSTS) {
                for bits in few(2, [1u32, 1000, 500_000, 1 << 20]) {
                    let mut stepped = multiples(scalar(), first, &some);
                    let naive = times.map(|times| {
                        stepped.step(scalar(), times);
                        stepped.at().iter().copied().filter(|&at| at < bits).collect::<Vec<u32>>()
                    });
                    for lanes in variants() {
                        let mut lists = lists(times.len(), bits);
                        for _ in 0..2 {
                            Hits::collect(&mut lists, lanes, &multiples(lanes, first, &some), &times);
                        }
                        for (hits, naive) in lists.iter().zip(&naive) {
                            let (mut looked_up, mut twice) = (hits.bits().to_vec(), [&naive[..], naive].concat());
                            looked_up.sort_unstable();
                            twice.sort_unstable();
                            assert_eq!(looked_up, twice, "{} on {count} places", lanes.name);
                            let mut words = vec![u64::MAX; if cfg!(miri) { 40 } else { 1 + (1 << 14) }];
                            lanes.clear_bits(&mut words, 1, hits);
                            let left: usize = words.iter().map(|word| word.count_ones() as usize).sum();
                            twice.dedup();
                            assert_eq!(64 * words.len() - left, twice.len());
                            assert!(naive.iter().all(|&bit| words[1 + bit as usize / 64] >> (bit % 64) & 1 == 0));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn all_lanes_leap_to_the_multiples() {
        let modulus = 210;
        let (wanted, classes) = ([!0u32; 8], [1u32, 11, 121, 209]);
        for (top, count) in few(1, [(100_000u32, 300), (5_000_000, 17), (u32::MAX - 9_000, 257)]) {
            let some: Vec<u32> =
                few(500, top..top.saturating_add(9_000)).filter(|&n| is_prime(n.into())).take(count).collect();
            for first in few(2, [0u128, 210 * 1_000_003, 210 * ((1 << 64) / 210 - 5_000_000), 210 * (1 << 90)]) {
                let (digits, negated_inverses) = (digits(first), negated_inverses(modulus));
                let start = Start { digits: &digits, modulus, negated_inverses: &negated_inverses };
                let leap = Leap { start, bits: 50_000, wanted };
                let mut naive = Vec::new();
                for p in some.iter().map(|&p| u128::from(p)) {
                    let multiples = (first.next_multiple_of(p)..first + 210 * 50_000).step_by(p as usize);
                    naive.extend(multiples.map(|m| ((m - first) / 210) as u32 | (((m - first) % 210) as u32) << CLASS));
                }
                naive.sort_unstable();
                for lanes in variants() {
                    let mut leaps = Leaps::default();
                    leaps.find(lanes, &leap, &some);
                    let mut found = leaps.found().to_vec();
                    found.sort_unstable();
                    assert_eq!(found, naive, "{} on {count} primes from {top}", lanes.name);
                    let mut few = Leap { wanted: [0; 8], ..leap };
                    classes.iter().for_each(|c| few.wanted[*c as usize / 32] |= 1 << (c % 32));
                    leaps.find(lanes, &few, &some);
                    let mut lists = lists(classes.len(), leap.bits);
                    leaps.deal(&mut lists, &classes);
                    for (hits, &class) in lists.iter().zip(&classes) {
                        let mut dealt = hits.bits().to_vec();
                        dealt.sort_unstable();
                        let of_class = naive.iter().filter(|leap| *leap >> CLASS == class);
                        assert_eq!(dealt, of_class.map(|leap| leap & 0xff_ffff).collect::<Vec<_>>());
                    }
                }
            }
        }
    }

    fn lists(count: usize, bits: u32) -> Vec<Hits> {
        let mut lists: Vec<Hits> = (0..count).map(|_| Hits::default()).collect();
        lists.iter_mut().for_each(|hits| hits.clear(bits));
        lists
    }

    fn scalar() -> &'static Lanes {
        pick(Some("scalar")).unwrap()
    }

    #[test]
    fn all_lanes_presieve_alike() {
        let table = |period: usize| -> Vec<u8> {
            let bytes = noise(period as u64, period);
            (0..period + 8 * PRESIEVE_WORDS).map(|i| bytes[i % period] as u8).collect()
        };
        let tables = [7usize, 77, 1001].map(table);
        let patterns = || -> Vec<Pattern> {
            let places = [(7, 3), (77, 0), (1001, 1000)];
            tables.iter().zip(places).map(|(bytes, (period, at))| Pattern { bytes, period, at }).collect()
        };
        for count in [0, PRESIEVE_WORDS, 5 * PRESIEVE_WORDS] {
            let mut naive = vec![0u64; count];
            scalar().presieve(&mut naive, &mut patterns());
            for (index, byte) in naive.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
                let expect = patterns().iter().fold(255, |and, s| and & s.bytes[(s.at + index) % s.period]);
                assert_eq!(byte, expect, "byte {index}");
            }
            for lanes in usable() {
                let mut words = vec![5u64; count];
                lanes.presieve(&mut words, &mut patterns());
                assert_eq!(words, naive, "{} on {count} words", lanes.name);
            }
        }
    }

    #[test]
    #[should_panic = "of other primes"]
    fn places_of_other_primes_are_refused() {
        let [mut ours, theirs] = [[11, 13], [11, 17]].map(|primes| multiples(scalar(), 1_000_000_007, &primes));
        ours.copy_positions(&theirs);
    }

    #[test]
    fn what_would_be_written_outside_is_refused() {
        let refused = |test: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).is_err();
        for lanes in variants() {
            let octets = |primes: &[u32], words: usize| {
                lanes.octets(&mut vec![0; words], MARGIN, 64, &multiples(lanes, 1_000_000_007, primes));
            };
            // Primes of two residues, too large a prime, and too little margin.
            assert!(refused(&|| octets(&[11, 13], 3 * MARGIN)), "{}", lanes.name);
            assert!(refused(&|| octets(&[11, OCTETS_MAX + 3], 3 * MARGIN)), "{}", lanes.name);
            assert!(refused(&|| octets(&[11], 2 * MARGIN)), "{}", lanes.name);
            octets(&[11, 19], 3 * MARGIN);
            // No place is below 0.
            let start = Start { digits: &[0, 0, 7], modulus: 210, negated_inverses: &negated_inverses(210) };
            let begin = |prime: u32| lanes.start(&start, &[prime], &mut [0], &mut [0]);
            assert!(refused(&|| begin(0)), "{}", lanes.name);
            begin(11);
            let cross = |words: usize| {
                lanes.cross(&mut vec![0; words], 0, 64, &multiples(lanes, 1_000_000_007, &[11]));
            };
            assert!(refused(&|| cross(1)), "{}", lanes.name);
            cross(2);
        }
    }

    #[test]
    fn lanes_that_are_not_there_are_refused() {
        assert!(pick(None).is_ok());
        let why = pick(Some("sse9")).err().unwrap().to_string();
        assert!(why.starts_with("lanes 'sse9' are not known"), "{why}");
    }
}
