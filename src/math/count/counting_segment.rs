//! A segment of numbers from which primes are crossed off one after the other, and which is counted in between.
//!
//! There is one bit for each number, and a counter for each block of numbers. A count adds counters and then some words. If
//! the numbers asked for ascend, each count continues where the last one ended.

use std::ops::Range;

/// How many numbers a block has.
const BLOCK: usize = 512;

/// A segment of numbers, one bit each.
pub struct CountingSegment {
    /// A multiple of 64.
    low: u64,
    bits: Vec<u64>,
    blocks: Vec<u32>,
    /// For the last count: how many blocks were passed, and their sum.
    passed: usize,
    sum: u64,
}

impl CountingSegment {
    /// How many numbers a segment has; it starts at a multiple of this. Its bits take 128 KB.
    pub const NUMBERS: u64 = 1 << 20;

    /// A segment without numbers.
    pub fn new() -> CountingSegment {
        let (bits, blocks) =
            (vec![0; CountingSegment::NUMBERS as usize / 64], vec![0; CountingSegment::NUMBERS as usize / BLOCK]);
        CountingSegment { low: 0, bits, blocks, passed: 0, sum: 0 }
    }

    /// The segments of all numbers up to `last`.
    pub fn segments(last: u64) -> impl Iterator<Item = Range<u64>> {
        (0..=last / CountingSegment::NUMBERS)
            .map(|index| index * CountingSegment::NUMBERS..(index + 1) * CountingSegment::NUMBERS)
    }

    /// Begins with the numbers from `low` on that no prime of `primes` divides; these must be few and below 64. 0 is left out, 1 is
    /// not.
    pub fn fill(&mut self, low: u64, primes: &[u32]) {
        self.low = low;
        self.bits.fill(u64::MAX);
        for &p in primes {
            // The multiples of p in 64 numbers repeat after p words.
            let p = u64::from(p);
            let pattern: Vec<u64> = (0..p)
                .map(|word| {
                    let first = low + 64 * word;
                    (0..64).filter(|bit| !(first + bit).is_multiple_of(p)).map(|bit| 1 << bit).sum()
                })
                .collect();
            self.bits.iter_mut().zip(pattern.iter().cycle()).for_each(|(word, left)| *word &= left);
        }
        if low == 0 {
            self.bits[0] &= !1;
        }
        for (block, words) in self.blocks.iter_mut().zip(self.bits.chunks(BLOCK / 64)) {
            *block = words.iter().map(|word| word.count_ones()).sum();
        }
        self.rewind();
    }

    /// Crosses off p and its multiples. 2 must have been crossed off before.
    pub fn cross(&mut self, p: u64) {
        let mut multiple = self.low.max(1).next_multiple_of(p);
        if multiple.is_multiple_of(2) {
            multiple += p;
        }
        for place in (multiple - self.low..CountingSegment::NUMBERS).step_by(2 * p as usize) {
            let (word, bit) = (&mut self.bits[place as usize / 64], place % 64);
            self.blocks[place as usize / BLOCK] -= (*word >> bit & 1) as u32;
            *word &= !(1 << bit);
        }
        self.rewind();
    }

    fn rewind(&mut self) {
        (self.passed, self.sum) = (0, 0);
    }

    /// How many numbers remain from `low` to `last`. `last` must lie in the segment, and not before the last one asked for since
    /// something was crossed off.
    pub fn upto(&mut self, last: u64) -> u64 {
        let place = (last - self.low) as usize;
        let within = place / BLOCK;
        self.sum += self.blocks[self.passed..within].iter().map(|&block| u64::from(block)).sum::<u64>();
        self.passed = within;
        let words = &self.bits[within * BLOCK / 64..=place / 64];
        let (end, whole) = words.split_last().expect("there is the word of the last number");
        let ones: u32 = whole.iter().map(|word| word.count_ones()).sum();
        self.sum + u64::from(ones + (end << (63 - place % 64)).count_ones())
    }

    /// How many numbers remain in the segment.
    pub fn all(&self) -> u64 {
        self.blocks.iter().map(|&block| u64::from(block)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_definition() {
        let mut counted = CountingSegment::new();
        for low in [0, CountingSegment::NUMBERS, 7 * CountingSegment::NUMBERS] {
            for few in [&[2, 3, 5, 7, 11, 13][..], &[2]] {
                counted.fill(low, few);
                let mut gone: Vec<u64> = few.iter().map(|&p| p.into()).collect();
                for p in [17, 1009] {
                    counted.cross(p);
                    gone.push(p);
                    let left = |n: &u64| *n > 0 && gone.iter().all(|p| !n.is_multiple_of(*p));
                    let (mut next, mut count) = (low, 0);
                    for last in
                        [0, 1, 63, 64, 510, 511, 512, 513, 513, 5000, CountingSegment::NUMBERS - 1].map(|n| low + n)
                    {
                        count += (next..=last).filter(left).count() as u64;
                        next = last + 1;
                        assert_eq!(counted.upto(last), count, "{low} to {last}");
                    }
                    assert_eq!(counted.all(), count);
                }
            }
        }
    }
}
