//! The leaf loops of the sieve, once per instruction set.
//!
//! A [`Lanes`] can only be had from [`usable`] or [`pick`], which ask the CPU first, so holding one proves
//! that its loops can run here. They are called once per block of a line, never per bit, so the indirect
//! call costs nothing. Most loops are the same source (`generic.rs`) compiled again for each set's
//! instructions; what a set does in a way of its own stands in its file. Each is tested against `scalar`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod comb;
mod counted;
mod counting;
mod generic;
mod scalar;

use crate::error::{Error, Result};
pub use comb::{Comb, Hits, Leaps};
use counted::Line;
pub use counted::{Counted, Dividend, RESIDUES, Sifted, Signed, Strides, WORD};

/// One instruction set's versions of the loops.
pub struct Lanes {
    pub name: &'static str,
    usable: fn() -> bool,
    presieve: unsafe fn(&mut [u64], &mut [Stripe]),
    octets: unsafe fn(*mut u8, u32, &[u32], &[u32]),
    cross: unsafe fn(*mut u64, u32, &[u32], &[u32]),
    step: unsafe fn(&mut [u32], &[u32], &[u32], u32),
    start: unsafe fn(&Start, &[u32], &mut [u32], &mut [u32]),
    rake: unsafe fn(&Comb, &[u32], &mut [Hits]),
    leap: unsafe fn(&Leap, &[u32], &mut Vec<u32>),
    strike: unsafe fn(*mut u64, &[u32]),
    ones: unsafe fn(&[u64]) -> u64,
    places: unsafe fn(&[u64]) -> u64,
    recount: unsafe fn(&[u64], &mut [u32], u32) -> u32,
    recount_lines: unsafe fn(&[Line], &mut [u32]) -> u32,
    stride: unsafe fn(*mut u8, u32, u32, &[u32; 8]) -> u32,
    sum: Sum<u64>,
    sum_lines: Sum<Line>,
    pick: Pick,
}

/// How rows of words or of lines are summed over the quotients by divisors: the row, its counts, its first number, the
/// dividend, the divisors.
type Sum<Item> = unsafe fn(&[Item], &[u32], u64, Dividend, &[u32]) -> u64;

/// How entries above a threshold are picked: the entries, the threshold, the base and the offsets of their numbers, and
/// the lists of the even and of the odd ones.
type Pick = unsafe fn(&[u16], u16, u32, &[u16], &mut Vec<u32>, &mut Vec<u32>);

/// Words that a pass of the presieve handles at once; tables are padded for it.
pub const STRIPE_WORDS: usize = 64;

/// Values that `rake` may write behind those that it keeps.
const SLACK: usize = 16;

/// A pattern of bits that repeats every `period` bytes, and where a line starts in it.
pub struct Stripe<'a> {
    /// `period` bytes and then at least `8 * STRIPE_WORDS` more of the same.
    pub bytes: &'a [u8],
    pub period: usize,
    /// Below `period`.
    pub at: usize,
}

/// What is needed to find primes' first hits in a line: bit i of it stands for first + modulus·i.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// The line's first number, its high 32 bits first and then 16 bits each.
    pub digits: &'a [u32],
    /// Even, and below 2^16.
    pub modulus: u32,
    /// For each residue r of the modulus that has one: -1/r modulo it.
    pub negated_inverses: &'a [u32],
}

/// Where long primes leap: over the lines of the window that begins at the first number of `start`, a multiple of the
/// modulus, which is at most 256.
#[derive(Clone, Copy)]
pub struct Leap<'a> {
    pub start: Start<'a>,
    /// Bits of a line, at most 2^24, and so many that all lines together go over less than 2^31 numbers.
    pub bits: u32,
    /// The residues whose lines are wanted, a bit for each.
    pub wanted: [u32; 8],
}

impl Leap<'_> {
    /// How many numbers the lines go over.
    fn width(&self) -> u32 {
        self.bits * self.start.modulus
    }
}

/// A leap's class stands above its bit.
const CLASS: u32 = 24;

/// The largest prime that may go by octets: they reach a few hundred bytes over a block's edges.
pub const OCTETS_MAX: u32 = 4096;

/// Words on both sides of a block that octets may reach: seven primes before it, sixteen behind.
pub const MARGIN: usize = 16 * OCTETS_MAX as usize / 64;

impl Lanes {
    /// Fills `line` with the stripes ANDed together, each from its place on; the places move along.
    pub fn presieve(&self, line: &mut [u64], stripes: &mut [Stripe]) {
        assert_eq!(line.len() % STRIPE_WORDS, 0);
        for stripe in &*stripes {
            assert!(stripe.at < stripe.period);
            assert!(stripe.bytes.len() >= stripe.period + 8 * STRIPE_WORDS);
        }
        // SAFETY: the CPU has these instructions, or this `Lanes` would not have been handed out, and the
        // lengths that the loops rely on were just checked.
        unsafe { (self.presieve)(line, stripes) }
    }

    /// Clears the comb's teeth in the `bits` bits from word `from` on, eight at a time; beyond them on both
    /// sides, within [`MARGIN`], it may clear teeth too. The primes are at most [`OCTETS_MAX`] and alike modulo 8.
    pub fn octets(&self, words: &mut [u64], from: usize, bits: u32, comb: &Comb) {
        let primes = comb.primes();
        assert!(from >= MARGIN && words.len() >= from + (bits as usize).div_ceil(64) + MARGIN);
        assert!(primes.last().is_none_or(|&p| p <= OCTETS_MAX));
        debug_assert!(primes.iter().all(|p| p % 8 == primes[0] % 8));
        // SAFETY: as above; the margins hold what reaches over the edges.
        unsafe { (self.octets)(words.as_mut_ptr().add(from).cast(), bits, primes, comb.at()) }
    }

    /// Clears the comb's teeth among the `bits` bits from word `from` on, behind which there is a spare bit.
    pub fn cross(&self, words: &mut [u64], from: usize, bits: u32, comb: &Comb) {
        assert!(from + bits as usize / 64 < words.len() && bits < 1 << 31);
        // SAFETY: as above; bits from `bits` on are not touched but for the spare one.
        unsafe { (self.cross)(words.as_mut_ptr().add(from), bits, comb.primes(), comb.at()) }
    }

    /// Clears the hits from word `from` on.
    pub fn strike(&self, words: &mut [u64], from: usize, hits: &Hits) {
        assert!(from + (hits.bound() as usize).div_ceil(64) <= words.len());
        // SAFETY: as above; all hits are below their bound.
        unsafe { (self.strike)(words.as_mut_ptr().add(from), hits.bits()) }
    }

    /// How many bits are set.
    pub fn ones(&self, line: &[u64]) -> u64 {
        // SAFETY: as above.
        unsafe { (self.ones)(line) }
    }

    /// The sum of the places of the bits that are set; the line has less than 2^32 bits.
    pub fn places(&self, line: &[u64]) -> u64 {
        assert!(line.len() < 1 << 26);
        // SAFETY: as above.
        unsafe { (self.places)(line) }
    }

    /// `at[k] -= times·by[k]` modulo `primes[k]`; all `at` and `by` are below their prime.
    fn step(&self, at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
        assert!(at.len() == primes.len() && by.len() == primes.len());
        // SAFETY: as above.
        unsafe { (self.step)(at, by, primes, times) }
    }

    /// For each prime the first bit of the line that it divides, and how much earlier that comes in the line
    /// that starts two numbers later. The primes share no factor with the modulus.
    fn start(&self, start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
        assert!(at.len() == primes.len() && by.len() == primes.len());
        assert!(start.modulus < 1 << 16 && start.modulus.is_multiple_of(2));
        assert_eq!(start.negated_inverses.len(), start.modulus as usize);
        assert!(!start.digits.is_empty() && start.digits[1..].iter().all(|&digit| digit < 1 << 16));
        // SAFETY: as above.
        unsafe { (self.start)(start, primes, at, by) }
        debug_assert!(primes.iter().zip(at).all(|(p, at)| &*at < p));
    }

    /// Appends the primes' multiples in the wanted lines to `found`.
    fn leap(&self, leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
        assert!(leap.bits <= 1 << CLASS && leap.start.modulus <= 256);
        assert!(u64::from(leap.bits) * u64::from(leap.start.modulus) < u64::from(generic::OUTSIDE));
        assert!(!leap.start.digits.is_empty() && leap.start.digits[1..].iter().all(|&digit| digit < 1 << 16));
        // SAFETY: as above.
        unsafe { (self.leap)(leap, primes, found) }
    }

    /// Adds the comb's teeth to a row of lines, in each of which there is room for all and `SLACK` more.
    fn rake(&self, comb: &Comb, times: &[u32], lines: &mut [Hits]) {
        let room = |hits: &mut Hits| hits.bits_mut().capacity() - hits.len() >= comb.at().len() + SLACK;
        assert!(lines.len() == times.len() && times.iter().all(|&times| times <= TIMES_MAX));
        assert!(lines.iter_mut().all(room) && lines.iter().all(|hits| hits.bound() == lines[0].bound()));
        // SAFETY: as above.
        unsafe { (self.rake)(comb, times, lines) }
    }
}

/// Steps between neighbouring lines, at most: the classes of 30030 are 22 apart at most.
const TIMES_MAX: u32 = 11;

/// Best first; the last one runs anywhere.
static ALL: &[Lanes] = &[
    #[cfg(target_arch = "x86_64")]
    avx512::LANES,
    #[cfg(target_arch = "x86_64")]
    avx2::LANES,
    scalar::LANES,
];

/// The lanes this CPU has, best first.
pub fn usable() -> impl Iterator<Item = &'static Lanes> {
    ALL.iter().filter(|lanes| (lanes.usable)())
}

/// The lanes of that name, or the best.
///
/// # Errors
/// If there are none of that name or this CPU does not have them: never something else in their place.
pub fn pick(name: Option<&str>) -> Result<&'static Lanes> {
    let Some(name) = name else { return Ok(usable().next().expect("scalar is always usable")) };
    usable().find(|lanes| lanes.name == name).ok_or_else(|| {
        let names: Vec<&str> = usable().map(|lanes| lanes.name).collect();
        let known = ALL.iter().any(|lanes| lanes.name == name);
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

    fn primes(from: u32, to: u32) -> Vec<u32> {
        (from..to).filter(|&n| is_prime(n.into())).collect()
    }

    /// The first number of a line, as `Start` wants it.
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

    /// The comb of the primes in the line of `first`, first + 210, …
    fn comb(lanes: &Lanes, first: u128, primes: &[u32]) -> Comb {
        let mut comb = Comb::default();
        let start = Start { digits: &digits(first), modulus: 210, negated_inverses: &negated_inverses(210) };
        comb.set(lanes, &start, [primes].into_iter());
        comb
    }

    /// The line of `first` with the primes' multiples cleared by division.
    fn divided(first: u128, bits: u32, primes: &[u32], mut line: Vec<u64>) -> Vec<u64> {
        for bit in 0..bits {
            let number = first + 210 * u128::from(bit);
            if primes.iter().any(|&p| number.is_multiple_of(u128::from(p))) {
                line[bit as usize / 64] &= !(1 << (bit % 64));
            }
        }
        line
    }

    /// Only the bits of the line itself, without its margins.
    fn inside(words: &[u64], from: usize, bits: u32) -> Vec<u64> {
        let mut line = words[from..=from + bits as usize / 64].to_vec();
        *line.last_mut().unwrap() &= (1u64 << (bits % 64)) - 1;
        line
    }

    const FIRSTS: [u128; 4] = [11, 1_000_000_007, (1 << 64) - 59, (1 << 100) + 13];

    #[test]
    fn all_lanes_count_alike() {
        for count in 0..200 {
            let line = noise(count as u64, count);
            let naive: u64 = line.iter().map(|w| u64::from(w.count_ones())).sum();
            for lanes in usable() {
                assert_eq!(lanes.ones(&line), naive, "{} on {count} words", lanes.name);
                let set = (0..64 * count).filter(|&place| line[place / 64] >> (place % 64) & 1 == 1);
                assert_eq!(lanes.places(&line), set.sum::<usize>() as u64, "{} on {count} words", lanes.name);
            }
        }
    }

    #[test]
    fn all_lanes_start_where_division_does() {
        let mut some = primes(11, 3000);
        some.extend(primes(1 << 20, (1 << 20) + 500).into_iter().chain(primes(u32::MAX - 400, u32::MAX)));
        for lanes in usable() {
            for first in FIRSTS {
                let mut comb = comb(lanes, first, &some);
                for (step, times) in [(0u32, 0), (2, 1), (6, 2), (28, 11)] {
                    comb.step(lanes, times);
                    for (&p, &at) in some.iter().zip(comb.at()) {
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
        for bits in [63u32, 64, 65, 500, 4096, 20_000] {
            for first in FIRSTS {
                let some = primes(11, bits.min(9000));
                let fresh = noise(3, bits as usize / 64 + 1 + 2 * MARGIN);
                let naive = divided(first, bits, &some, fresh[MARGIN..].to_vec());
                for lanes in usable() {
                    let mut words = fresh.clone();
                    lanes.cross(&mut words, MARGIN, bits, &comb(lanes, first, &some));
                    assert_eq!(inside(&words, MARGIN, bits), inside(&naive, 0, bits), "{} on {bits} bits", lanes.name);
                    assert_eq!(words[..MARGIN], fresh[..MARGIN]);
                    assert_eq!(words[MARGIN + bits as usize / 64 + 1..], fresh[MARGIN + bits as usize / 64 + 1..]);
                }
            }
        }
    }

    #[test]
    fn all_lanes_take_octets_alike() {
        for bits in [1u32, 64, 1000, 5000, 40_000] {
            for first in FIRSTS {
                for some in Comb::by_residue(&primes(11, OCTETS_MAX)) {
                    let fresh = noise(5, bits as usize / 64 + 1 + 2 * MARGIN);
                    let naive = divided(first, bits, &some, fresh[MARGIN..].to_vec());
                    for lanes in usable() {
                        let mut words = fresh.clone();
                        lanes.octets(&mut words, MARGIN, bits, &comb(lanes, first, &some));
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
    fn a_comb_goes_along_a_line() {
        let some = primes(11, 2000);
        for lanes in usable() {
            let whole = comb(lanes, 1_000_000_007, &some);
            let mut part = whole.along(640);
            for block in 0..4 {
                for (&p, &at) in some.iter().zip(part.at()) {
                    let bit = 640 * block + u128::from(at);
                    assert_eq!((1_000_000_007 + 210 * bit) % u128::from(p), 0);
                }
                part.step(lanes, 1);
            }
            part.follow(&whole);
            assert_eq!(part.at(), whole.at());
        }
    }

    #[test]
    fn all_lanes_rake_and_strike_alike() {
        let (times, top) = ([0, 1, 3, 11, 2], [1u32 << 20, u32::MAX - 40_000]);
        for (count, top) in [0usize, 1, 15, 16, 17, 300].into_iter().flat_map(|count| top.map(|top| (count, top))) {
            let some: Vec<u32> = primes(top, top + 20_000).into_iter().take(count).collect();
            for first in FIRSTS {
                for bits in [1u32, 1000, 500_000, 1 << 20] {
                    let mut comb_ = comb(scalar(), first, &some);
                    let naive = times.map(|times| {
                        comb_.step(scalar(), times);
                        comb_.at().iter().copied().filter(|&at| at < bits).collect::<Vec<u32>>()
                    });
                    for lanes in usable() {
                        let mut lines = lists(times.len(), bits);
                        for _ in 0..2 {
                            Hits::rake(&mut lines, lanes, &comb(lanes, first, &some), &times);
                        }
                        for (hits, naive) in lines.iter().zip(&naive) {
                            let (mut raked, mut twice) = (hits.bits().to_vec(), [&naive[..], naive].concat());
                            raked.sort_unstable();
                            twice.sort_unstable();
                            assert_eq!(raked, twice, "{} on {count} places", lanes.name);
                            let mut words = vec![u64::MAX; 1 + (1 << 14)];
                            lanes.strike(&mut words, 1, hits);
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
        for (top, count) in [(100_000u32, 300), (5_000_000, 17), (u32::MAX - 9_000, 257)] {
            let some: Vec<u32> = primes(top, top.saturating_add(9_000)).into_iter().take(count).collect();
            for first in [0u128, 210 * 1_000_003, 210 * ((1 << 64) / 210 - 5_000_000), 210 * (1 << 90)] {
                let (digits, negated_inverses) = (digits(first), negated_inverses(modulus));
                let start = Start { digits: &digits, modulus, negated_inverses: &negated_inverses };
                let leap = Leap { start, bits: 50_000, wanted };
                let mut naive = Vec::new();
                for p in some.iter().map(|&p| u128::from(p)) {
                    let multiples = (first.next_multiple_of(p)..first + 210 * 50_000).step_by(p as usize);
                    naive.extend(multiples.map(|m| ((m - first) / 210) as u32 | (((m - first) % 210) as u32) << CLASS));
                }
                naive.sort_unstable();
                for lanes in usable() {
                    let mut leaps = Leaps::default();
                    leaps.find(lanes, &leap, &some);
                    let mut found = leaps.found().to_vec();
                    found.sort_unstable();
                    assert_eq!(found, naive, "{} on {count} primes from {top}", lanes.name);
                    let mut few = Leap { wanted: [0; 8], ..leap };
                    classes.iter().for_each(|c| few.wanted[*c as usize / 32] |= 1 << (c % 32));
                    leaps.find(lanes, &few, &some);
                    let mut lines = lists(classes.len(), leap.bits);
                    leaps.deal(&mut lines, &classes);
                    for (hits, &class) in lines.iter().zip(&classes) {
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
            (0..period + 8 * STRIPE_WORDS).map(|i| bytes[i % period] as u8).collect()
        };
        let tables = [7usize, 77, 1001].map(table);
        let stripes = || -> Vec<Stripe> {
            let places = [(7, 3), (77, 0), (1001, 1000)];
            tables.iter().zip(places).map(|(bytes, (period, at))| Stripe { bytes, period, at }).collect()
        };
        for words in [0, STRIPE_WORDS, 5 * STRIPE_WORDS] {
            let mut naive = vec![0u64; words];
            scalar().presieve(&mut naive, &mut stripes());
            for (index, byte) in naive.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
                let expect = stripes().iter().fold(255, |and, s| and & s.bytes[(s.at + index) % s.period]);
                assert_eq!(byte, expect, "byte {index}");
            }
            for lanes in usable() {
                let mut line = vec![5u64; words];
                lanes.presieve(&mut line, &mut stripes());
                assert_eq!(line, naive, "{} on {words} words", lanes.name);
            }
        }
    }

    #[test]
    fn lanes_that_are_not_there_are_refused() {
        assert!(pick(None).is_ok());
        let why = pick(Some("sse9")).err().unwrap().to_string();
        assert!(why.starts_with("lanes 'sse9' are not known"), "{why}");
    }
}
