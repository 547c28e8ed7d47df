//! How many of some numbers there are up to each number: a table of bits and counts.

use super::super::lanes;
use super::super::sieve::{Sieve, SievingPrimes, ordered};
use super::super::span::Span;

/// Some of the numbers prime to 30, and how many of them there are up to each number. A word stands for 240 numbers: it has their bits,
/// in the order of [`ordered::OFFSETS`], and the count before it.
pub struct Counted {
    words: Vec<(u64, u32)>,
}

/// How many numbers a word stands for.
pub const WORD: u64 = 240;

/// Bytes of a word.
pub const WORD_BYTES: usize = size_of::<(u64, u32)>();

/// For each n: the bits of the numbers up to n in a word.
pub static UP_TO: [u64; WORD as usize] = {
    let mut masks = [0; WORD as usize];
    let mut bit = 0;
    while bit < 64 {
        let mut n = ordered::OFFSETS[bit] as usize;
        while n < masks.len() {
            masks[n] |= 1 << bit;
            n += 1;
        }
        bit += 1;
    }
    masks
};

/// The words that are sieved at once: a class of them has as many bits as a usual first-level cache.
const WORDS_AT_ONCE: usize = 1 << 15;

impl Counted {
    /// All numbers prime to 30 below `240 · words`, not counted yet.
    pub fn all(words: usize) -> Counted {
        Counted { words: vec![(u64::MAX, 0); words] }
    }

    /// The primes from 7 on up to `limit` and some further ones. There must be fewer than 2^32.
    ///
    /// Cost: that of a sieve in one thread. Memory: 16 bytes for each 240 numbers.
    pub fn primes(limit: u64) -> Counted {
        let mut table = Counted { words: vec![(0, 0); (limit / WORD + 1) as usize] };
        let base = SievingPrimes::below(table.end().into());
        let mut sieve = Sieve::new(lanes::pick(None).expect("there are lanes"), 32 << 10);
        base.make(&mut sieve);
        for (index, words) in table.words.chunks_mut(WORDS_AT_ONCE).enumerate() {
            let start = u128::from(WORD) * (index * WORDS_AT_ONCE) as u128;
            let window = Span::new(start, start + u128::from(WORD) * words.len() as u128).expect("no word is missing");
            sieve.words(&base, window, |at, bits| {
                // The sieve's last words may lie behind the window; they are empty.
                if let Some(word) = words.get_mut(((at - start) / u128::from(WORD)) as usize) {
                    word.0 = bits;
                }
            });
        }
        table.counted()
    }

    /// The same, counted. There must be fewer than 2^32.
    pub fn counted(mut self) -> Counted {
        let mut count = 0;
        for (bits, before) in &mut self.words {
            *before = count;
            count += bits.count_ones();
        }
        self
    }

    /// A copy, counted.
    pub fn counted_copy(&self) -> Counted {
        Counted { words: self.words.clone() }.counted()
    }

    /// The first number that it says nothing of.
    pub fn end(&self) -> u64 {
        WORD * self.words.len() as u64
    }

    /// The numbers themselves, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        let words = (0..).zip(&self.words);
        words.flat_map(|(index, &(bits, _))| ordered::numbers(u128::from(WORD) * index, bits).map(|n| n as u64))
    }

    /// Takes a number out, if it is there.
    fn remove(&mut self, n: u64) {
        let rest = (n % WORD) as usize;
        // The mask of a number that is not prime to 30 is that of the number before it.
        let bit = UP_TO[rest] & !rest.checked_sub(1).map_or(0, |before| UP_TO[before]);
        self.words[(n / WORD) as usize].0 &= !bit;
    }

    /// Takes out p and its multiples, if the multiples of all smaller primes are out already. p must be odd.
    pub fn cross(&mut self, p: u64) {
        let end = self.end();
        (p * p..end).step_by(2 * p as usize).chain((p < end).then_some(p)).for_each(|n| self.remove(n));
    }

    /// How many there are in 1..=n. n must be below the end.
    #[inline]
    pub fn up_to(&self, n: u64) -> u64 {
        let (bits, before) = self.words[(n / WORD) as usize];
        u64::from(before) + u64::from((bits & UP_TO[(n % WORD) as usize]).count_ones())
    }

    /// π(n), if these are the primes from 7 on, for 5 ≤ n below the end.
    #[inline]
    pub fn pi(&self, n: u64) -> u64 {
        self.up_to(n) + 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::sieve::naive;

    #[test]
    fn primes_are_counted_up_to_every_number() {
        let primes = naive::primes(20_000);
        for limit in [5, 239, 240, 241, 15_000] {
            let table = Counted::primes(limit);
            assert!(table.end() > limit && table.end() <= limit + WORD);
            for n in 5..table.end() {
                assert_eq!(table.pi(n), primes.partition_point(|&p| u64::from(p) <= n) as u64, "pi({n})");
            }
            let expect = primes.iter().map(|&p| u64::from(p)).filter(|&p| p > 5 && p < table.end());
            assert!(table.numbers().eq(expect), "{limit}");
        }
        // Around the end of what is sieved at once: pi(7864320) by the naive sieve.
        let (at, primes) = (WORD * WORDS_AT_ONCE as u64, naive::primes(8_000_000));
        let table = Counted::primes(8_000_000);
        for n in at - 300..at + 300 {
            assert_eq!(table.pi(n), primes.partition_point(|&p| u64::from(p) <= n) as u64, "pi({n})");
        }
    }

    #[test]
    fn what_is_crossed_off_is_what_has_the_factor() {
        let mut table = Counted::all(20);
        let mut gone = vec![2, 3, 5];
        for p in [7, 11, 13, 61, 67, 71] {
            // Those between 13 and 61 are left out: their multiples remain, and no crossing of 61 needs them.
            table.cross(p);
            gone.push(p);
            let left = |n: u64| gone.iter().all(|&p| !n.is_multiple_of(p));
            let counted = table.counted_copy();
            let mut count = 0;
            for n in 0..counted.end() {
                let crossed = p <= 13 || n < 17 * 61;
                count += u64::from(n > 0 && left(n));
                assert!(!crossed || counted.up_to(n) == count, "{p}: up to {n}");
            }
        }
    }
}
