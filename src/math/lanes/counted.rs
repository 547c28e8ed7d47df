//! Rows that can be counted into: a bit for each number prime to 30, in order, and how many are set before each word.
//!
//! The combinatorial formulas for π ask over and over how many numbers up to some quotient are left in a sieve. A word
//! stands for 240 numbers; with the counts before each word an answer is a look-up and one population count,
//! wherever in the row it is asked for and in whatever order.

use super::{Lanes, counting};

/// Numbers that a word stands for.
pub const WORD: u64 = 240;

/// The residues modulo 30 that have a bit, in the order of the bits.
pub const RESIDUES: [u32; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The longest row, in words: places in it must fit 32 bits.
pub const WORDS_MAX: usize = 1 << 24;

/// Bits of a row and the counts before its words; the row begins at a multiple of 240.
#[derive(Default)]
pub struct Counted {
    words: Vec<u64>,
    /// For each word how many bits are set before it, and before the row if that was told.
    before: Vec<u32>,
}

/// Eight words, as one register has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Line(pub [u64; 8]);

/// Numbers that a line stands for.
pub const LINE: u64 = 8 * WORD;

/// A row that is crossed and counted over and over. It has the counts before each line only, which take a quarter of the
/// time to make, and makes them only when many are asked for.
pub struct Sifted {
    /// The row's lines, then the margin, which is 0.
    lines: Vec<Line>,
    before: Vec<u32>,
    /// How many are set, and whether the counts are those of the lines as they are.
    left: u32,
    counted: bool,
    /// Lines of the margin.
    margin: usize,
}

impl Sifted {
    /// A row whose strides have primes up to `prime` at most: they may reach so far over its end.
    pub fn with_margin(prime: u32) -> Sifted {
        Sifted { lines: Vec::new(), before: Vec::new(), left: 0, counted: false, margin: prime as usize / 64 + 2 }
    }

    /// Makes it a row of so many lines; what they hold is not told.
    pub fn resize(&mut self, lines: usize) {
        assert!(lines <= WORDS_MAX / 8);
        self.lines.resize(lines + self.margin, Line::default());
        self.lines[lines..].fill(Line::default());
        self.before.resize(lines, 0);
    }

    /// The row's words; it must be counted when they are changed.
    pub fn words_mut(&mut self) -> &mut [u64] {
        let len = self.before.len();
        // SAFETY: a line is eight words.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), 8 * len) }
    }

    /// Counts the row, which was changed otherwise than by crossing.
    pub fn recount(&mut self, lanes: &Lanes) {
        let len = self.before.len();
        // SAFETY: the CPU has the lanes' instructions; both slices have one length.
        self.left = unsafe { (lanes.recount_lines)(&self.lines[..len], &mut self.before) };
        self.counted = true;
    }

    /// How many are set.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Clears the multiples of a prime.
    pub fn cross(&mut self, lanes: &Lanes, strides: &Strides) {
        let (p, bytes) = (strides.prime as usize, 64 * self.before.len());
        assert!(p <= 64 * self.margin - 64 && p > 0);
        assert!(strides.first.iter().all(|&first| (first as usize) < p));
        // SAFETY: the CPU has the lanes' instructions; strides begin below p, end less than p behind the row, and the
        // margin is longer.
        let cleared =
            unsafe { (lanes.stride)(self.lines.as_mut_ptr().cast(), bytes as u32, strides.prime, &strides.first) };
        self.left -= cleared;
        self.counted = false;
    }

    /// As [`Counted::sum`].
    pub fn sum(&mut self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
        /// So many are counted one by one, from the nearer end of the row, before it pays to count all lines.
        const FEW: usize = 6;
        if self.before.is_empty() {
            assert!(divisors.is_empty());
            return 0;
        }
        debug_assert!(divisors.iter().all(|&d| {
            let quotient = dividend.over(d.into());
            start <= quotient && quotient - start < LINE * self.before.len() as u64
        }));
        if !self.counted && divisors.len() <= FEW {
            return divisors.iter().map(|&d| self.up_to(lanes, dividend.over(d.into()) - start)).sum();
        }
        if !self.counted {
            self.recount(lanes);
        }
        let lines = &self.lines[..self.before.len()];
        // SAFETY: the CPU has the lanes' instructions; there is a line, and as many counts.
        unsafe { (lanes.sum_lines)(lines, &self.before, start, dividend, divisors) }
    }
}

impl Sifted {
    /// How many are set up to the number that is `offset` above the row's first, without the counts.
    fn up_to(&self, lanes: &Lanes, offset: u64) -> u64 {
        let len = self.before.len();
        let line = (offset / LINE) as usize;
        let words = |lines: &[Line]| -> u64 {
            // SAFETY: a line is eight words.
            lanes.ones(unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), 8 * lines.len()) })
        };
        let before = match line < len / 2 {
            true => words(&self.lines[..line]),
            false => u64::from(self.left) - words(&self.lines[line..len]),
        };
        let (word, rest) = ((offset % LINE / WORD) as usize, (offset % WORD) as usize);
        let inside = self.lines[line].0;
        let whole: u32 = inside[..word].iter().map(|word| word.count_ones()).sum();
        before + u64::from(whole + (inside[word] & counting::MASKS[rest]).count_ones())
    }
}

/// A number to be divided by many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dividend {
    pub(super) float: f64,
    pub(super) low: u64,
    /// Whether a float quotient of it and a half more, rounded down, is always right: the half keeps it from every whole
    /// number by more than it can be wrong.
    pub(super) short: bool,
}

impl Dividend {
    /// Quotients must be below 2^51.
    pub fn new(number: u128) -> Dividend {
        Dividend { float: number as f64, low: number as u64, short: number < 1 << 49 }
    }

    /// The quotient by a divisor below 2^62, rounded down.
    #[inline]
    pub fn over(self, divisor: u64) -> u64 {
        counting::quotient(self, divisor)
    }
}

/// A prime's multiples in a row: in each of the eight residues every p-th byte from a first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    prime: u32,
    /// For each residue the first byte of the row whose number of that residue the prime divides; below the prime.
    first: [u32; 8],
}

impl Strides {
    /// Those in the row that begins at `start`, a multiple of 30, of a prime above 5; `inverse` is 1/30 modulo it.
    pub fn new(prime: u32, inverse: u32, start: u64) -> Strides {
        let p = u64::from(prime);
        let start = start % p;
        let first = RESIDUES.map(|residue| {
            let rest = (start + u64::from(residue)) % p;
            let missing = if rest == 0 { 0 } else { p - rest };
            (missing * u64::from(inverse) % p) as u32
        });
        Strides { prime, first }
    }

    /// Goes on to the row that begins so many bytes later.
    pub fn advance(&mut self, bytes: u32) {
        let (p, by) = (self.prime, bytes % self.prime);
        self.first = self.first.map(|first| if first < by { first + p - by } else { first - by });
    }
}

impl Counted {
    /// Makes it a row of so many words; what they hold is not told.
    pub fn resize(&mut self, words: usize) {
        assert!(words <= WORDS_MAX);
        self.words.resize(words, 0);
        self.before.resize(words, 0);
    }

    pub fn words(&self) -> &[u64] {
        &self.words
    }

    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Counts the words again, from `from` on; tells `from` and all that are set.
    pub fn recount(&mut self, lanes: &Lanes, from: u32) -> u32 {
        assert_eq!(self.words.len(), self.before.len());
        // SAFETY: the CPU has the lanes' instructions; both slices have one length.
        unsafe { (lanes.recount)(&self.words, &mut self.before, from) }
    }

    /// How many are set up to the number that is `offset` above the row's first.
    #[inline]
    pub fn up_to(&self, offset: u64) -> u64 {
        let (word, rest) = ((offset / WORD) as usize, (offset % WORD) as usize);
        u64::from(self.before[word]) + u64::from((self.words()[word] & counting::MASKS[rest]).count_ones())
    }

    /// The sum over the divisors of how many are set up to the quotient, for a row that begins at the number `start`.
    /// All quotients must lie in the row, or the sum means nothing.
    pub fn sum(&self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
        if self.before.is_empty() {
            assert!(divisors.is_empty());
            return 0;
        }
        debug_assert!(divisors.iter().all(|&d| {
            let quotient = dividend.over(d.into());
            start <= quotient && quotient - start < WORD * self.before.len() as u64
        }));
        // SAFETY: the CPU has the lanes' instructions; there is a word, and as many counts.
        unsafe { (lanes.sum)(self.words(), &self.before, start, dividend, divisors) }
    }
}

/// Divisors with a sign.
#[derive(Default)]
pub struct Signed {
    pub plus: Vec<u32>,
    pub minus: Vec<u32>,
}

/// Entries that are looked at together, and so much more room than is needed there must be.
const TOGETHER: usize = 64;

impl Signed {
    pub fn clear(&mut self) {
        self.plus.clear();
        self.minus.clear();
    }

    pub fn len(&self) -> usize {
        self.plus.len() + self.minus.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds `base` + `offsets[i]` for each entry above a threshold: to `plus` if the entry is even, else to `minus`.
    pub fn pick(&mut self, lanes: &Lanes, entries: &[u16], above: u16, base: u32, offsets: &[u16]) {
        assert_eq!(entries.len(), offsets.len());
        self.plus.reserve(entries.len() + TOGETHER);
        self.minus.reserve(entries.len() + TOGETHER);
        // SAFETY: the CPU has the lanes' instructions; there is room in both lists for all entries and more.
        unsafe { (lanes.pick)(entries, above, base, offsets, &mut self.plus, &mut self.minus) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes::usable;

    /// Words without a pattern, about half of their bits set.
    fn noise(seed: u64, count: usize) -> Vec<u64> {
        let step = |x: &u64| Some(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        std::iter::successors(Some(seed), step).map(|x| x ^ x >> 29).take(count).collect()
    }

    /// The numbers of a row that are set.
    fn set(words: &[u64]) -> Vec<u64> {
        let number = |bit: usize| 30 * (bit as u64 / 8) + u64::from(RESIDUES[bit % 8]);
        (0..64 * words.len()).filter(|bit| words[bit / 64] >> (bit % 64) & 1 == 1).map(number).collect()
    }

    fn counted(lanes: &Lanes, words: &[u64]) -> Counted {
        let mut row = Counted::default();
        row.resize(words.len());
        row.words_mut().copy_from_slice(words);
        row.recount(lanes, 0);
        row
    }

    fn sifted(lanes: &Lanes, words: &[u64]) -> Sifted {
        let mut row = Sifted::with_margin(5000);
        row.resize(words.len() / 8);
        row.words_mut().copy_from_slice(words);
        row.recount(lanes);
        row
    }

    #[test]
    fn counts_are_of_what_is_set() {
        for lanes in usable() {
            for words in [1usize, 7, 8, 16, 17, 40, 333] {
                let words = noise(words as u64, words);
                let (set, mut row) = (set(&words), counted(lanes, &words));
                assert_eq!(row.recount(lanes, 5) as usize, 5 + set.len());
                for offset in (0..WORD * words.len() as u64).step_by(7) {
                    assert_eq!(row.up_to(offset) as usize, 5 + set.partition_point(|&n| n <= offset), "{}", lanes.name);
                }
            }
        }
    }

    /// Dividends and rows such that quotients by many divisors lie in the row, of all sizes that the formula has.
    fn quotients() -> impl Iterator<Item = (u128, u64, Vec<u32>)> {
        let width = WORD * 960;
        // Each dividend with one divisor whose quotient is in the middle of the row.
        [(1u128 << 20, 64u64), (1 << 48, 1 << 21), ((1 << 49) - 1, 2_000_003), (1 << 49, 1 << 21), (1 << 63, 1 << 29)]
            .into_iter()
            .chain([
                (10u128.pow(19), 1 << 28),
                (9 * 10u128.pow(24), u32::MAX.into()),
                (1 << 81, 1 << 30),
                ((1 << 48) + 5, 3 << 30),
            ])
            .map(move |(dividend, middle)| {
                let start = ((dividend / u128::from(middle)) as u64).saturating_sub(width / 2) / WORD * WORD;
                let most = (dividend / u128::from(start.max(1))).min(u32::MAX.into()) as u64;
                let least = (dividend / u128::from(start + width) + 1) as u64;
                let some = (least..=most).step_by((most - least) as usize / 1000 + 1);
                // Divisors of the dividend have a quotient without a rest.
                let exact = (0..62).map(|power| 1u64 << power).filter(|d| (least..=most).contains(d));
                (dividend, start, some.chain(exact).map(|d| d as u32).collect())
            })
    }

    #[test]
    fn sums_are_those_of_single_divisions() {
        let words = noise(3, 960);
        let set = set(&words);
        for (dividend, start, divisors) in quotients() {
            assert!(!divisors.is_empty(), "{dividend}");
            let up_to = |d: &u32| {
                let offset = (dividend / u128::from(*d)) as u64 - start;
                set.partition_point(|&n| n <= offset) as u64
            };
            let expect = |divisors: &[u32]| divisors.iter().map(up_to).sum::<u64>();
            for lanes in usable() {
                let (row, mut sifted) = (counted(lanes, &words), sifted(lanes, &words));
                for count in [0, 1, 2, 7, 8, 9, 63, 64, 65, divisors.len()] {
                    let some = &divisors[..count.min(divisors.len())];
                    let context = format!("{dividend} over {count} on {}", lanes.name);
                    assert_eq!(row.sum(lanes, start, Dividend::new(dividend), some), expect(some), "{context}");
                    assert_eq!(sifted.sum(lanes, start, Dividend::new(dividend), some), expect(some), "{context}");
                    // Without counts.
                    sifted.counted = false;
                    assert_eq!(sifted.sum(lanes, start, Dividend::new(dividend), some), expect(some), "{context}");
                }
                for &d in divisors.iter().take(300) {
                    assert_eq!(u128::from(Dividend::new(dividend).over(d.into())), dividend / u128::from(d));
                }
            }
        }
    }

    #[test]
    fn strides_are_the_multiples() {
        for lanes in usable() {
            for (p, inverse) in [(7u32, 4u32), (23, 10), (1009, 0), (4999, 0)] {
                let inverse = if inverse > 0 { inverse } else { (1..p).find(|i| 30 * i % p == 1).unwrap() };
                let (mut low, mut strides) = (30 * 1_000_003, Strides::new(p, inverse, 30 * 1_000_003));
                for lines in [1usize, 5, 64, 3] {
                    let words = noise(u64::from(p), 8 * lines);
                    let mut row = sifted(lanes, &words);
                    row.cross(lanes, &strides);
                    let mut left = set(&words);
                    left.retain(|n| !(low + n).is_multiple_of(p.into()));
                    assert_eq!(set(row.words_mut()), left, "{p} on {}", lanes.name);
                    assert_eq!(row.left() as usize, left.len());
                    assert!(row.lines[lines..].iter().all(|line| *line == Line::default()));
                    strides.advance(64 * lines as u32);
                    low += LINE * lines as u64;
                    assert_eq!(strides, Strides::new(p, inverse, low));
                }
            }
        }
    }

    #[test]
    fn all_lanes_pick_alike() {
        let entries: Vec<u16> = noise(9, 480).into_iter().map(|word| word as u16).collect();
        let offsets: Vec<u16> = (0..480).map(|i| 4 * i + 1).collect();
        for lanes in usable() {
            for (count, above) in
                [(0, 0), (1, 0), (15, 30_000), (16, 30_000), (480, 17), (480, 50_000), (333, u16::MAX)]
            {
                let mut list = Signed::default();
                for base in [0, 2310] {
                    list.pick(lanes, &entries[..count], above, base, &offsets[..count]);
                }
                let expect = |odd: u16| -> Vec<u32> {
                    let all = [0u32, 2310].into_iter().flat_map(|base| (0..count).map(move |at| (base, at)));
                    let passing = all.filter(|(_, at)| entries[*at] > above && entries[*at] % 2 == odd);
                    passing.map(|(base, at)| base + u32::from(offsets[at])).collect()
                };
                assert_eq!((&list.plus, &list.minus), (&expect(0), &expect(1)), "{}", lanes.name);
            }
        }
    }
}
