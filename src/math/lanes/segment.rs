//! Segments of numbers that can be counted: one bit for each number prime to 30, in order, and how many bits are set before each
//! word.
//!
//! The combinatorial formulas for π ask again and again how many numbers up to a quotient remain in a sieve. A word stands for
//! 240 numbers. With the counts before each word, an answer is one look-up and one population count, for any place and in any
//! order.

use super::operands::{Dividend, Divisors, FLOAT_END, WORD};
use super::{Lanes, RESIDUES_30, counting};
use std::ops::Range;

/// The longest segment, in words: a place in it must fit 32 bits.
pub const WORDS_MAX: usize = 1 << 24;

/// The longest segment whose counts can be summed over quotients, in words.
pub const SUM_WORDS_MAX: usize = 1 << 14;

/// The bits of a segment and the counts before its words. The segment begins at a multiple of 240.
#[derive(Default)]
pub struct CountedSegment {
    words: Vec<u64>,
    /// For each word: how many bits are set before it, plus how many were set before the segment, as `recount` was told.
    before: Vec<u32>,
    /// Two pairs for each word, if the lanes sum by them and there are not too many: the low half of a pair are 32 bits, for 120 numbers, and the high
    /// half is the count before them. So a look-up takes one access to memory. They are a third larger than words and counts, so that pays
    /// only where look-ups are gathered.
    pairs: Vec<u64>,
}

/// A segment that is crossed off and counted again and again. It is counted only when many counts are needed.
pub struct SievedSegment {
    /// The words of the segment, then the margin, which is 0.
    words: Vec<u64>,
    before: Vec<u32>,
    /// How many bits are set; and whether the counts are up to date.
    left: u32,
    counted: bool,
    /// How many words the margin has.
    margin: usize,
}

impl SievedSegment {
    /// A segment for primes up to `prime`: their multiples may reach so far over its end.
    pub fn with_margin(prime: u32) -> SievedSegment {
        SievedSegment { words: Vec::new(), before: Vec::new(), left: 0, counted: false, margin: prime as usize / 8 + 2 }
    }

    /// Makes it a segment of so many words. Their content is not specified.
    ///
    /// # Panics
    /// If there are more words than a segment may have.
    pub fn resize(&mut self, words: usize) {
        assert!(words <= WORDS_MAX);
        self.words.resize(words + self.margin, 0);
        self.words[words..].fill(0);
        self.before.resize(words, 0);
    }

    /// The words of the segment, to be changed. After that [`SievedSegment::recount`] must be called.
    pub fn words_mut(&mut self) -> &mut [u64] {
        let len = self.before.len();
        &mut self.words[..len]
    }

    /// Counts the segment again. Needed after its words were changed, but not after [`SievedSegment::cross`].
    pub fn recount(&mut self, lanes: &Lanes) {
        let words = &self.words[..self.before.len()];
        // SAFETY: the CPU has the lanes' instructions, and both slices have the same length.
        self.left = unsafe { (lanes.recount)(words, &mut self.before, 0) };
        self.counted = true;
    }

    /// How many are set.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Clears the multiples of a prime.
    ///
    /// # Panics
    /// If the prime is larger than the margin allows.
    pub fn cross(&mut self, lanes: &Lanes, strides: &Strides) {
        let (p, bytes) = (strides.prime as usize, 8 * self.before.len());
        assert!(p <= 8 * self.margin - 8 && p > 0);
        assert!(strides.first.iter().all(|&first| (first as usize) < p));
        // SAFETY: the CPU has the lanes' instructions. All strides begin below p, as was checked, and end less than p behind the segment,
        // where the margin has more than p bytes.
        let cleared =
            unsafe { (lanes.stride)(self.words.as_mut_ptr().cast(), bytes as u32, strides.prime, &strides.first) };
        self.left -= cleared;
        self.counted = false;
    }

    /// As [`CountedSegment::sum`].
    pub fn sum(&mut self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
        /// So many quotients are counted from one to the next; for more it is cheaper to count all words first.
        const WALKED_MAX: usize = 16;
        let numbers = divisors.numbers();
        if !self.counted && numbers.len() <= WALKED_MAX {
            return self.walk(lanes, start, dividend, numbers);
        }
        if !self.counted {
            self.recount(lanes);
        }
        sum(lanes, &self.words[..self.before.len()], &self.before, start, dividend, divisors)
    }

    /// The sum without the counts. From each end of the segment to its middle, words are counted from one quotient to the next.
    fn walk(&self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
        let words = &self.words[..self.before.len()];
        let place = |divisor: &u32| {
            let offset = dividend.over((*divisor).into()) - start;
            ((offset / WORD) as usize, counting::MASKS[(offset % WORD) as usize])
        };
        let inside = |(word, mask): (usize, u64)| u64::from((words[word] & mask).count_ones());
        let (mut sum, mut left) = (0, divisors.len());
        // The largest divisors have the first places.
        let (mut before, mut counted) = (0, 0);
        while let Some(divisor) = divisors[..left].last() {
            let (word, mask) = place(divisor);
            if word >= words.len() / 2 {
                break;
            }
            before += lanes.ones(&words[counted..word]);
            (counted, left) = (word, left - 1);
            sum += before + inside((word, mask));
        }
        let (mut before, mut counted) = (u64::from(self.left), words.len());
        for (word, mask) in divisors[..left].iter().map(place) {
            before -= lanes.ones(&words[word..counted]);
            counted = word;
            sum += before + inside((word, mask));
        }
        sum
    }
}

/// Sums over the divisors by the words of a segment, which begins at the number `start`. All at once, or where a long dividend needs it, in
/// parts: `sum` gets the words of each, their first number, and the divisors whose quotients are there.
fn in_short_parts(
    words: Range<usize>,
    start: u64,
    dividend: Dividend,
    divisors: Divisors,
    sum: &dyn Fn(Range<usize>, u64, Divisors) -> u64,
) -> u64 {
    assert!(words.len() <= SUM_WORDS_MAX);
    let Some(&largest) = divisors.numbers().last() else { return 0 };
    assert!(!words.is_empty());
    let width = WORD * words.len() as u64;
    debug_assert!(divisors.numbers().iter().all(|&d| {
        let quotient = dividend.over(d.into());
        start <= quotient && quotient - start < width
    }));
    if !dividend.short && width * u64::from(largest) > FLOAT_END && words.len() > 1 {
        // What a long dividend leaves must be short: it is less than the width times the divisor. So the segment is halved. Quotients
        // at the edge or beyond have the smaller divisors.
        let half = words.len() / 2;
        let (middle, edge) = (words.start + half, start + WORD * half as u64);
        let [right, left] = divisors.split(dividend.over(edge));
        return in_short_parts(words.start..middle, start, dividend, left, sum)
            + in_short_parts(middle..words.end, edge, dividend, right, sum);
    }
    sum(words, start, divisors)
}

/// The sum over the divisors of how many bits are set up to the quotient, in words that begin at the number `start` and have
/// these counts before them.
fn sum(lanes: &Lanes, words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    assert_eq!(words.len(), before.len());
    in_short_parts(0..words.len(), start, dividend, divisors, &|part, start, divisors| {
        // SAFETY: the CPU has the lanes' instructions, there is at least one word and not too many, and there are as many counts as words.
        unsafe { (lanes.sum)(&words[part.clone()], &before[part], start, dividend, divisors) }
    })
}

/// The multiples of a prime in a segment: in each of the eight residues every p-th byte from a first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    prime: u32,
    /// For each residue: the first byte in which the prime divides the number of that residue. All are below the prime.
    first: [u32; 8],
}

impl Strides {
    /// The multiples in the segment that begins at `start`, a multiple of 30. The prime must be above 5; `inverse` is 1/30 modulo it.
    pub fn new(prime: u32, inverse: u32, start: u64) -> Strides {
        let p = u64::from(prime);
        let start = start % p;
        let first = RESIDUES_30.map(|residue| {
            let rest = (start + u64::from(residue)) % p;
            let missing = if rest == 0 { 0 } else { p - rest };
            (missing * u64::from(inverse) % p) as u32
        });
        Strides { prime, first }
    }

    /// The prime.
    pub fn prime(&self) -> u32 {
        self.prime
    }

    /// For each residue the first byte in which the prime divides the number of that residue, below the prime.
    pub fn first(&self) -> &[u32; 8] {
        &self.first
    }

    /// Moves to the segment that begins so many bytes later.
    pub fn advance(&mut self, bytes: u32) {
        let (p, by) = (self.prime, bytes % self.prime);
        self.first = self.first.map(|first| if first < by { first + p - by } else { first - by });
    }
}

impl CountedSegment {
    /// Makes it a segment of so many words. Their content is not specified.
    ///
    /// # Panics
    /// If there are more words than a segment may have.
    pub fn resize(&mut self, words: usize) {
        assert!(words <= WORDS_MAX);
        self.words.resize(words, 0);
        self.before.resize(words, 0);
    }

    /// The words, each for 240 numbers.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words, to be changed. After that [`CountedSegment::recount`] must be called.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Counts the words again. The counts begin with `from`. Returns `from` plus all bits that are set.
    pub fn recount(&mut self, lanes: &Lanes, from: u32) -> u32 {
        assert_eq!(self.words.len(), self.before.len());
        // SAFETY: the CPU has the lanes' instructions, and both slices have the same length, as was checked.
        let all = unsafe { (lanes.recount)(&self.words, &mut self.before, from) };
        self.pairs.clear();
        if lanes.sum_of_pairs.is_some() && self.words.len() <= SUM_WORDS_MAX {
            self.pairs.extend(self.words.iter().zip(&self.before).flat_map(|(&word, &before)| {
                let (low, high) = (word as u32, word >> 32);
                let middle = before.wrapping_add(low.count_ones());
                [u64::from(before) << 32 | u64::from(low), u64::from(middle) << 32 | high]
            }));
        }
        all
    }

    /// How many bits are set up to the number `offset` behind the first, plus the `from` of the last recount.
    #[inline]
    pub fn up_to(&self, offset: u64) -> u64 {
        let (word, rest) = ((offset / WORD) as usize, (offset % WORD) as usize);
        u64::from(self.before[word]) + u64::from((self.words()[word] & counting::MASKS[rest]).count_ones())
    }

    /// The sum over the divisors of how many bits are set up to the quotient, in a segment that begins at the number `start`. All
    /// quotients must lie in the segment; otherwise the sum means nothing.
    pub fn sum(&self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
        match lanes.sum_of_pairs {
            Some(sum_of_pairs) if !self.pairs.is_empty() => {
                assert_eq!(self.pairs.len(), 2 * self.words.len());
                in_short_parts(0..self.words.len(), start, dividend, divisors, &|part, start, divisors| {
                    // SAFETY: the CPU has the lanes' instructions, and there is at least one pair and not too many.
                    unsafe { sum_of_pairs(&self.pairs[2 * part.start..2 * part.end], start, dividend, divisors) }
                })
            }
            _ => sum(lanes, &self.words, &self.before, start, dividend, divisors),
        }
    }
}

/// Divisors with a sign.
#[derive(Default)]
pub struct SignedDivisors {
    /// Divisors that count +1.
    pub plus: Vec<u32>,
    /// Divisors that count -1.
    pub minus: Vec<u32>,
}

/// How many entries are handled together at most; the lists need so much more room than they keep.
const PICK_GROUP: usize = 64;

impl SignedDivisors {
    /// Removes all.
    pub fn clear(&mut self) {
        self.plus.clear();
        self.minus.clear();
    }

    /// How many there are, of both signs.
    pub fn len(&self) -> usize {
        self.plus.len() + self.minus.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds `base + offsets[i]` for each entry above a threshold: to `plus` if the entry is even, otherwise to `minus`.
    ///
    /// # Panics
    /// If there are not as many offsets as entries.
    pub fn pick(&mut self, lanes: &Lanes, entries: &[u16], above: u16, base: u32, offsets: &[u16]) {
        assert_eq!(entries.len(), offsets.len());
        self.plus.reserve(entries.len() + PICK_GROUP);
        self.minus.reserve(entries.len() + PICK_GROUP);
        // SAFETY: the CPU has the lanes' instructions, the lengths were checked, and both lists have room for all entries and more.
        unsafe { (lanes.pick)(entries, above, base, offsets, &mut self.plus, &mut self.minus) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes::tests::few;
    use crate::math::lanes::{RECIPROCALS_BEYOND, usable, variants};

    /// Words without a pattern; about half of their bits are set.
    fn noise(seed: u64, count: usize) -> Vec<u64> {
        let step = |x: &u64| Some(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        std::iter::successors(Some(seed), step).map(|x| x ^ x >> 29).take(count).collect()
    }

    /// The numbers of a segment that are set.
    fn set(words: &[u64]) -> Vec<u64> {
        let number = |bit: usize| 30 * (bit as u64 / 8) + u64::from(RESIDUES_30[bit % 8]);
        (0..64 * words.len()).filter(|bit| words[bit / 64] >> (bit % 64) & 1 == 1).map(number).collect()
    }

    fn counted(lanes: &Lanes, words: &[u64]) -> CountedSegment {
        let mut segment = CountedSegment::default();
        segment.resize(words.len());
        segment.words_mut().copy_from_slice(words);
        segment.recount(lanes, 0);
        segment
    }

    fn sifted(lanes: &Lanes, words: &[u64]) -> SievedSegment {
        let mut segment = SievedSegment::with_margin(5000);
        segment.resize(words.len());
        segment.words_mut().copy_from_slice(words);
        segment.recount(lanes);
        segment
    }

    #[test]
    fn counts_are_of_what_is_set() {
        for lanes in usable() {
            for words in few(5, [1usize, 7, 8, 16, 17, 40, 333]) {
                let words = noise(words as u64, words);
                let (set, mut segment) = (set(&words), counted(lanes, &words));
                assert_eq!(segment.recount(lanes, 5) as usize, 5 + set.len());
                for offset in (0..WORD * words.len() as u64).step_by(if cfg!(miri) { 101 } else { 7 }) {
                    assert_eq!(
                        segment.up_to(offset) as usize,
                        5 + set.partition_point(|&n| n <= offset),
                        "{}",
                        lanes.name
                    );
                }
            }
        }
    }

    /// Words with a pattern of noise, and for each number how many bits are set up to it.
    fn ranked(count: usize) -> (Vec<u64>, Vec<u32>) {
        let (words, mut ranks) = (noise(3, count), vec![0; count * WORD as usize]);
        set(&words).into_iter().for_each(|number| ranks[number as usize] = 1);
        let mut sum = 0;
        ranks.iter_mut().for_each(|rank| {
            sum += *rank;
            *rank = sum;
        });
        (words, ranks)
    }

    fn reciprocals(divisors: &[u32]) -> Vec<f64> {
        let beyond = [f64::NAN; RECIPROCALS_BEYOND];
        divisors.iter().map(|&d| 1.0 / f64::from(d)).chain(beyond).collect()
    }

    /// Compares the sums with single divisions, on all lanes, with and without reciprocals and counts.
    fn check(words: &[u64], ranks: &[u32], start: u64, dividend: u128, divisors: &[u32]) {
        let rank = |d: &u32| u64::from(ranks[((dividend / u128::from(*d)) as u64 - start) as usize]);
        let expect = divisors.iter().map(rank).sum::<u64>();
        let (float, reciprocals) = (Dividend::new(dividend), reciprocals(divisors));
        for lanes in variants() {
            let (segment, mut sifted) = (counted(lanes, words), sifted(lanes, words));
            for some in [Divisors::from(divisors), Divisors::with_reciprocals(divisors, &reciprocals)] {
                let context = format!("{dividend} over {divisors:?} from {start} on {}", lanes.name);
                assert_eq!(segment.sum(lanes, start, float, some), expect, "{context}");
                assert_eq!(sifted.sum(lanes, start, float, some), expect, "{context}");
            }
            sifted.counted = false;
            assert_eq!(sifted.sum(lanes, start, float, divisors.into()), expect);
        }
        for &d in divisors {
            assert_eq!(u128::from(float.over(d.into())), dividend / u128::from(d));
        }
    }

    #[test]
    fn sums_of_many_are_those_of_single_divisions() {
        let (words, ranks) = ranked(960);
        let width = ranks.len() as u64;
        // Each dividend comes with a divisor whose quotient is in the middle of the segment.
        let cases = [(1u128 << 20, 64u64), (1 << 48, 1 << 21), (1 << 51, 1 << 21), (1 << 63, 1 << 29)];
        let long = [(10u128.pow(19), 1u64 << 28), (9 * 10u128.pow(24), u32::MAX.into()), ((1 << 48) + 5, 3 << 30)];
        for (dividend, middle) in few(2, cases.into_iter().chain(long)) {
            let start = ((dividend / u128::from(middle)) as u64).saturating_sub(width / 2) / WORD * WORD;
            let most = (dividend / u128::from(start.max(1))).min(u32::MAX.into()) as u64;
            let least = (dividend / u128::from(start + width) + 1) as u64;
            let divisors: Vec<u32> =
                (least..=most).step_by((most - least) as usize / 1000 + 1).map(|d| d as u32).collect();
            for count in few(9, [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, divisors.len()]) {
                check(&words, &ranks, start, dividend, &divisors[..count.min(divisors.len())]);
            }
        }
    }

    /// Quotients as near to an integer as they can be, on both sides of all bounds: dividends at 2^49, 2^51, 2^52, 2^63 and 10^25,
    /// divisors at 2^29, 2^30, 2^32 and where the width times the divisor is 2^51, segments of 1 to 2^14 words.
    #[test]
    fn sums_are_right_at_all_bounds() {
        for count in few(1, [1, 960, SUM_WORDS_MAX]) {
            let (words, ranks) = ranked(count);
            let width = ranks.len() as u64;
            let short = (FLOAT_END / width).min(u64::from(u32::MAX) - 1);
            for middle in [1, 7, 1 << 20, 1 << 29, 1 << 30, 1 << 31, short, short + 1, u32::MAX.into()] {
                for magnitude in [0, 1u128 << 49, 1 << 51, 1 << 52, 1 << 63, 10u128.pow(25)] {
                    let start = (magnitude / u128::from(middle)) as u64 / WORD * WORD;
                    if start >= (1 << 53) - width {
                        continue;
                    }
                    for (offset, rest) in
                        [(0, 0), (239, middle - 1), (width / 2 - 1, middle - 1), (width - 1, middle - 1)]
                    {
                        let dividend = u128::from(start + offset) * u128::from(middle) + u128::from(rest);
                        let inside = |d: &u64| (start..start + width).contains(&((dividend / u128::from(*d)) as u64));
                        let around = middle.saturating_sub(9).max(1)..=(middle + 9).min(u32::MAX.into());
                        let divisors: Vec<u32> = around.filter(inside).map(|d| d as u32).collect();
                        assert!(divisors.contains(&(middle as u32)));
                        check(&words, &ranks, start, dividend, &divisors);
                    }
                }
            }
        }
    }

    /// The borders of short and long dividends, number by number.
    #[test]
    fn neighbours_of_the_border_have_their_quotients() {
        let (words, ranks) = ranked(8);
        for divisor in few(3, [1u64 << 20, (1 << 31) - 1, 1 << 31, 4_000_000_007]) {
            for dividend in FLOAT_END - 20..FLOAT_END + 20 {
                let start = dividend / divisor / WORD * WORD;
                check(&words, &ranks, start, dividend.into(), &[divisor as u32]);
            }
        }
    }

    /// Every place of the longest segment is found, and every divisor that the widest one has without being halved.
    #[test]
    fn each_number_of_a_segment_has_its_place() {
        let (words, ranks) = ranked(if cfg!(miri) { 2 } else { SUM_WORDS_MAX });
        for lanes in variants() {
            let segment = counted(lanes, &words);
            for (number, &rank) in ranks.iter().enumerate() {
                let found = segment.sum(lanes, 0, Dividend::new(number as u128), [1][..].into());
                assert_eq!(found, u64::from(rank), "{number} on {}", lanes.name);
            }
        }
    }

    #[test]
    fn strides_are_the_multiples() {
        for lanes in usable() {
            for (p, inverse) in few(3, [(7u32, 4u32), (23, 10), (1009, 0), (4999, 0)]) {
                let inverse = if inverse > 0 { inverse } else { (1..p).find(|i| 30 * i % p == 1).unwrap() };
                let (mut low, mut strides) = (30 * 1_000_003, Strides::new(p, inverse, 30 * 1_000_003));
                for count in few(2, [8usize, 40, 512, 24, 3]) {
                    let words = noise(u64::from(p), count);
                    let mut segment = sifted(lanes, &words);
                    segment.cross(lanes, &strides);
                    let mut left = set(&words);
                    left.retain(|n| !(low + n).is_multiple_of(p.into()));
                    assert_eq!(set(segment.words_mut()), left, "{p} on {}", lanes.name);
                    assert_eq!(segment.left() as usize, left.len());
                    assert!(segment.words[count..].iter().all(|word| *word == 0));
                    strides.advance(8 * count as u32);
                    low += WORD * count as u64;
                    assert_eq!(strides, Strides::new(p, inverse, low));
                }
            }
        }
    }

    #[test]
    fn all_lanes_pick_alike() {
        let mut entries: Vec<u16> = noise(9, 480).into_iter().map(|word| word as u16).collect();
        entries[..12].copy_from_slice(&[0, 1, 2, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 17, 18, 49_999, 50_001]);
        let offsets: Vec<u16> = (0..480).map(|i| 4 * i + 1).collect();
        let counts = (0..50).chain([333, 480]);
        let thresholds = [0, 1, 17, 0x7ffe, 0x7fff, 0x8000, 50_000, 0xfffe, 0xffff];
        for (count, above) in few(9, counts.flat_map(|count| thresholds.map(|above| (count, above)))) {
            let expect = |odd: u16| -> Vec<u32> {
                let all = [0u32, 2310].into_iter().flat_map(|base| (0..count).map(move |at| (base, at)));
                let passing = all.filter(|(_, at)| entries[*at] > above && entries[*at] % 2 == odd);
                passing.map(|(base, at)| base + u32::from(offsets[at])).collect()
            };
            for lanes in usable() {
                let mut list = SignedDivisors::default();
                for base in [0, 2310] {
                    list.pick(lanes, &entries[..count], above, base, &offsets[..count]);
                }
                assert_eq!((&list.plus, &list.minus), (&expect(0), &expect(1)), "{}", lanes.name);
            }
        }
    }
}
