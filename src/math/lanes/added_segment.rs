//! Segments of numbers that are added up: as the segments that are counted, one bit for each number prime to 30, but with the sums
//! of the numbers before each word too.

use super::Lanes;
use super::adding::{self, Added, AddedQuotients};
use super::counting::MASKS;
use super::operands::{Dividend, WORD};
use super::segment::Strides;

/// The longest segment, in words. So offsets are below 2^22, and the sum of all below 2^44; with divisors below 2^32 no product
/// of a count is beyond 2^54.
pub const ADDED_WORDS_MAX: usize = 1 << 14;

/// The bits of a segment and the sums before its words. The segment begins at a multiple of 240.
#[derive(Default)]
pub struct AddedSegment {
    /// The segment, then the margin, which is 0.
    words: Vec<u64>,
    len: usize,
    /// For each word what those before it come to, if `is_added`.
    before: Vec<Added>,
    is_added: bool,
    /// What all words come to.
    left: Added,
}

impl AddedSegment {
    /// Makes it a segment of so many words, which may be crossed by primes up to `prime`. What the words are is not specified.
    pub fn resize(&mut self, words: usize, prime: u32) {
        assert!(words <= ADDED_WORDS_MAX);
        self.words.resize(words + prime as usize / 8 + 2, 0);
        self.words[words..].fill(0);
        self.len = words;
    }

    /// The words, to be changed. After that [`AddedSegment::add_up`] must be called.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words[..self.len]
    }

    /// Adds all numbers up. Needed after the words were changed, but not after [`AddedSegment::cross`].
    pub fn add_up(&mut self, lanes: &Lanes) {
        self.before.resize(self.len, Added::default());
        // SAFETY: the CPU has the lanes' instructions, and both slices have one length.
        self.left = unsafe { (lanes.add_up)(&self.words[..self.len], &mut self.before) };
        self.is_added = true;
    }

    /// What all its numbers come to.
    pub fn left(&self) -> Added {
        self.left
    }

    /// Clears the multiples of a prime.
    ///
    /// # Panics
    /// If the prime is larger than the segment was made for.
    pub fn cross(&mut self, lanes: &Lanes, strides: &Strides) {
        let (p, bytes) = (strides.prime(), 8 * self.len as u32);
        assert!(p as usize <= 8 * (self.words.len() - self.len) && strides.first().iter().all(|&first| first < p));
        // SAFETY: the CPU has the lanes' instructions. All strides begin below p, as was checked, and end less than p behind the
        // segment, where the margin has p bytes.
        let cleared = unsafe { (lanes.stride_added)(self.words.as_mut_ptr().cast(), bytes, p, strides.first()) };
        self.left.count -= cleared.count;
        self.left.offsets -= cleared.offsets;
        self.is_added = false;
    }

    /// The sums over the divisors, in a segment that begins at the number `start`. All quotients must lie in the segment.
    ///
    /// # Panics
    /// If a quotient does not lie in the segment.
    pub fn quotients(&mut self, lanes: &Lanes, start: u64, dividend: Dividend, divisors: &[u32]) -> AddedQuotients {
        /// So many quotients are added up one by one, from the nearer end of the segment.
        const ADDED_SINGLY_MAX: usize = 3;
        if !self.is_added && divisors.len() > ADDED_SINGLY_MAX {
            self.add_up(lanes);
        }
        if self.is_added {
            let words = &self.words[..self.len];
            // SAFETY: the CPU has the lanes' instructions, which is all that the loop needs.
            return unsafe { (lanes.added_quotients)(words, &self.before, start, dividend, divisors) };
        }
        let mut sums = AddedQuotients::default();
        for divisor in divisors.iter().map(|&divisor| u64::from(divisor)) {
            let Added { count, offsets } = self.up_to(lanes, dividend.over(divisor) - start);
            sums.divisors += divisor;
            sums.counts += u128::from(divisor * count);
            sums.offsets += u128::from(divisor) * u128::from(offsets);
        }
        sums
    }

    /// What the numbers up to the one `offset` behind the first come to. After a crossing the words before it are added up.
    pub fn up_to(&self, lanes: &Lanes, offset: u64) -> Added {
        let (word, rest) = ((offset / WORD) as usize, (offset % WORD) as usize);
        // SAFETY: the CPU has the lanes' instructions, which is all that the loop needs.
        let add = |words: &[u64]| unsafe { (lanes.added)(words) };
        let behind = |first: usize, added: Added| added.offsets + WORD * first as u64 * added.count;
        let before = match word < self.len / 2 {
            _ if self.is_added => self.before[word],
            true => add(&self.words[..word]),
            false => {
                let rest = add(&self.words[word..self.len]);
                Added { count: self.left.count - rest.count, offsets: self.left.offsets - behind(word, rest) }
            }
        };
        let [count, offsets] = adding::word::<false>(self.words[word] & MASKS[rest]);
        let inside = Added { count, offsets };
        Added { count: before.count + inside.count, offsets: before.offsets + behind(word, inside) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::operands::RESIDUES_30;
    use super::super::{tests::few, usable};
    use super::*;
    use proptest::prelude::*;

    /// The offsets of the bits that are set.
    fn offsets(words: &[u64]) -> Vec<u64> {
        let set = (0..64 * words.len()).filter(|place| words[place / 64] >> (place % 64) & 1 == 1);
        set.map(|place| 30 * (place as u64 / 8) + u64::from(RESIDUES_30[place % 8])).collect()
    }

    fn added(offsets: impl IntoIterator<Item = u64>) -> Added {
        offsets
            .into_iter()
            .fold(Added::default(), |sum, offset| Added { count: sum.count + 1, offsets: sum.offsets + offset })
    }

    fn check(words: &[u64], start: u64, primes: &[u32], divisors: &[u32]) {
        for lanes in usable() {
            let mut segment = AddedSegment::default();
            segment.resize(words.len(), 1000);
            segment.words_mut().copy_from_slice(words);
            segment.add_up(lanes);
            let mut naive = words.to_vec();
            assert_eq!(segment.left(), added(offsets(&naive)), "{}", lanes.name);
            for &p in primes {
                let inverse = (1..p).find(|i| 30 * i % p == 1).unwrap();
                segment.cross(lanes, &Strides::new(p, inverse, start));
                for (index, word) in naive.iter_mut().enumerate() {
                    for bit in 0..64 {
                        let number =
                            start + WORD * index as u64 + 30 * (bit as u64 / 8) + u64::from(RESIDUES_30[bit % 8]);
                        if number.is_multiple_of(p.into()) {
                            *word &= !(1 << bit);
                        }
                    }
                }
                let left = offsets(&naive);
                assert_eq!(segment.left(), added(left.iter().copied()), "{} after {p}", lanes.name);
                // A dividend of which all quotients lie in the segment.
                let dividend = (start + WORD * words.len() as u64 - 1) * u64::from(*divisors.iter().min().unwrap());
                let inside = |d: &&u32| dividend / u64::from(**d) >= start;
                let divisors: Vec<u32> = divisors.iter().filter(inside).copied().collect();
                for some in [&divisors[..1], &divisors[..]] {
                    let expect = some.iter().fold(AddedQuotients::default(), |sum, &d| {
                        let quotient = dividend / u64::from(d) - start;
                        let up_to = added(left.iter().copied().filter(|&offset| offset <= quotient));
                        AddedQuotients {
                            divisors: sum.divisors + u64::from(d),
                            counts: sum.counts + u128::from(u64::from(d) * up_to.count),
                            offsets: sum.offsets + u128::from(d) * u128::from(up_to.offsets),
                        }
                    });
                    let found = segment.quotients(lanes, start, Dividend::new(dividend.into()), some);
                    assert_eq!(found, expect, "{} after {p}, {} divisors", lanes.name, some.len());
                }
            }
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn all_lanes_add_up_as_numbers_do(
            words in proptest::collection::vec(any::<u64>(), 1..200),
            start in 0..100_000u64,
            divisors in proptest::collection::vec(1000..1100u32, 1..40),
        ) {
            check(&words, start * WORD, &[7, 31, 997], &divisors);
        }
    }

    #[test]
    fn segments_of_any_length_are_added_up() {
        for len in few(5, [1, 2, 3, 63, 64, 65, 127, 128, 300]) {
            check(&vec![u64::MAX; len], 24_000_000, &[7, 11, 991], &[1000, 1001, 1007, 1013, 1019, 1021]);
        }
    }
}
