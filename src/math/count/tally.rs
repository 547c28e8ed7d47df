//! A segment of numbers that are crossed off prime by prime, and counted in between.
//!
//! One bit for each number. Beside the bits stand counters of what is left, one for each block of so many numbers, so that
//! a count adds counters and then some words. Who asks for ascending numbers goes on where the last count ended.

use std::ops::Range;

/// Numbers of a block.
const BLOCK: usize = 512;

/// The first numbers of a range, and where it ends.
pub struct Tally {
    /// A multiple of 64.
    low: u64,
    bits: Vec<u64>,
    blocks: Vec<u32>,
    /// Of the last count: blocks behind it, and what they have.
    passed: usize,
    sum: u64,
}

impl Tally {
    /// Numbers of a segment, which starts at a multiple of it: 128 KB of bits.
    pub const WIDTH: u64 = 1 << 20;

    pub fn new() -> Tally {
        let (bits, blocks) = (vec![0; Tally::WIDTH as usize / 64], vec![0; Tally::WIDTH as usize / BLOCK]);
        Tally { low: 0, bits, blocks, passed: 0, sum: 0 }
    }

    /// The segments that go over all numbers up to `last`.
    pub fn segments(last: u64) -> impl Iterator<Item = Range<u64>> {
        (0..=last / Tally::WIDTH).map(|index| index * Tally::WIDTH..(index + 1) * Tally::WIDTH)
    }

    /// Begins with the numbers from `low` on that none of the primes divides; they are few and below 64. 0 is not among
    /// them, 1 is.
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

    /// Crosses off p and its multiples; 2 is gone already.
    pub fn cross(&mut self, p: u64) {
        let mut multiple = self.low.max(1).next_multiple_of(p);
        if multiple.is_multiple_of(2) {
            multiple += p;
        }
        for place in (multiple - self.low..Tally::WIDTH).step_by(2 * p as usize) {
            let (word, bit) = (&mut self.bits[place as usize / 64], place % 64);
            self.blocks[place as usize / BLOCK] -= (*word >> bit & 1) as u32;
            *word &= !(1 << bit);
        }
        self.rewind();
    }

    fn rewind(&mut self) {
        (self.passed, self.sum) = (0, 0);
    }

    /// How many are left from `low` to `last`, which lies in the segment and not before the last one that was asked for
    /// since something was crossed off.
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

    /// How many are left in all.
    pub fn all(&self) -> u64 {
        self.blocks.iter().map(|&block| u64::from(block)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_definition() {
        let mut tally = Tally::new();
        for low in [0, Tally::WIDTH, 7 * Tally::WIDTH] {
            for few in [&[2, 3, 5, 7, 11, 13][..], &[2]] {
                tally.fill(low, few);
                let mut gone: Vec<u64> = few.iter().map(|&p| p.into()).collect();
                for p in [17, 1009] {
                    tally.cross(p);
                    gone.push(p);
                    let left = |n: &u64| *n > 0 && gone.iter().all(|p| !n.is_multiple_of(*p));
                    let (mut next, mut count) = (low, 0);
                    for last in [0, 1, 63, 64, 510, 511, 512, 513, 513, 5000, Tally::WIDTH - 1].map(|n| low + n) {
                        count += (next..=last).filter(left).count() as u64;
                        next = last + 1;
                        assert_eq!(tally.upto(last), count, "{low} to {last}");
                    }
                    assert_eq!(tally.all(), count);
                }
            }
        }
    }
}
