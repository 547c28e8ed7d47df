//! Segments of numbers whose powers are added up. [`AnySegment`] does it for all powers, word by word, and is the judge of
//! [`LinearSegment`], which does it for the numbers themselves, in lanes.

use super::moments::of_word;
use super::table::up_to;
use crate::math::lanes::{AddedSegment, Dividend, Lanes, RESIDUES_30, Strides, WORD};
use crate::math::ring::{Ring, power};
use std::ops::Range;

/// A segment that begins at a multiple of 240. S(n) is the sum of the powers of its numbers up to n.
pub trait PowerSegment<R>: Default + 'static {
    /// Makes it a segment of so many words from `first` on, to be crossed by primes up to `prime`. What the words are is not
    /// specified.
    fn resize(&mut self, first: u64, words: usize, prime: u32);

    /// The words, to be changed. After that [`PowerSegment::add_up`] must be called.
    fn words_mut(&mut self) -> &mut [u64];

    /// Adds all numbers up.
    fn add_up(&mut self, lanes: &Lanes);

    /// S of the last number.
    fn left(&self) -> R;

    /// Clears the multiples of a prime.
    fn cross(&mut self, lanes: &Lanes, strides: &Strides);

    /// Σ d^K·S(dividend/d) and Σ d^K over the divisors, whose quotients must lie in the segment.
    fn ask(&mut self, lanes: &Lanes, dividend: Dividend, divisors: &[u32]) -> [R; 2];

    /// S of one number of the segment.
    fn up_to(&self, lanes: &Lanes, number: u64) -> R;
}

/// For so few quotients it is cheaper to add up from the nearer end of the segment.
const ADDED_SINGLY_MAX: usize = 3;

/// A segment for any power K.
#[derive(Default)]
pub struct AnySegment<R, const K: usize> {
    first: u64,
    words: Vec<u64>,
    /// For each word: the sum over the numbers before it; only if `is_added`.
    before: Vec<R>,
    is_added: bool,
    left: R,
}

impl<R: Ring, const K: usize> AnySegment<R, K> {
    fn word(&self, index: usize) -> R {
        of_word::<R, K>(self.words[index], self.first + WORD * index as u64)
    }

    /// The sum over the numbers before a word, from the nearer end of the segment.
    fn before_word(&self, word: usize) -> R {
        let sum = |words: Range<usize>| words.fold(R::default(), |sum, at| sum + self.word(at));
        match word < self.words.len() / 2 {
            true => sum(0..word),
            false => self.left - sum(word..self.words.len()),
        }
    }
}

impl<R: Ring, const K: usize> PowerSegment<R> for AnySegment<R, K> {
    fn resize(&mut self, first: u64, words: usize, _: u32) {
        self.first = first;
        self.words.resize(words, 0);
    }

    fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    fn add_up(&mut self, _: &Lanes) {
        let mut sum = R::default();
        self.before.clear();
        self.before.extend((self.first..).step_by(WORD as usize).zip(&self.words).map(|(first, &word)| {
            let before = sum;
            sum += of_word::<R, K>(word, first);
            before
        }));
        (self.left, self.is_added) = (sum, true);
    }

    fn left(&self) -> R {
        self.left
    }

    fn cross(&mut self, _: &Lanes, strides: &Strides) {
        let (p, bytes) = (strides.prime() as usize, 8 * self.words.len());
        for (bit, &first) in strides.first().iter().enumerate() {
            for byte in (first as usize..bytes).step_by(p) {
                let (word, mask) = (&mut self.words[byte / 8], 1u64 << (8 * (byte % 8) + bit));
                if *word & mask != 0 {
                    *word ^= mask;
                    self.left -= power::<R, K>(self.first + 30 * byte as u64 + u64::from(RESIDUES_30[bit]));
                }
            }
        }
        self.is_added = false;
    }

    fn ask(&mut self, lanes: &Lanes, dividend: Dividend, divisors: &[u32]) -> [R; 2] {
        if !self.is_added && divisors.len() > ADDED_SINGLY_MAX {
            self.add_up(lanes);
        }
        let (mut sum, mut weight) = (R::default(), R::default());
        for divisor in divisors.iter().map(|&divisor| u64::from(divisor)) {
            let times = power::<R, K>(divisor);
            weight += times;
            sum += times * self.up_to(lanes, dividend.over(divisor));
        }
        [sum, weight]
    }

    #[inline]
    fn up_to(&self, _: &Lanes, number: u64) -> R {
        let offset = number - self.first;
        let (word, rest) = ((offset / WORD) as usize, offset % WORD);
        let before = if self.is_added { self.before[word] } else { self.before_word(word) };
        before + of_word::<R, K>(self.words[word] & up_to(rest), self.first + WORD * word as u64)
    }
}

/// A segment for the power 1: n is the first number of the segment and an offset, and lanes add offsets up.
#[derive(Default)]
pub struct LinearSegment {
    first: u64,
    segment: AddedSegment,
}

impl<R: Ring> PowerSegment<R> for LinearSegment {
    fn resize(&mut self, first: u64, words: usize, prime: u32) {
        self.first = first;
        self.segment.resize(words, prime);
    }

    fn words_mut(&mut self) -> &mut [u64] {
        self.segment.words_mut()
    }

    fn add_up(&mut self, lanes: &Lanes) {
        self.segment.add_up(lanes);
    }

    fn left(&self) -> R {
        let left = self.segment.left();
        R::of(u128::from(self.first) * u128::from(left.count) + u128::from(left.offsets))
    }

    fn cross(&mut self, lanes: &Lanes, strides: &Strides) {
        self.segment.cross(lanes, strides);
    }

    fn ask(&mut self, lanes: &Lanes, dividend: Dividend, divisors: &[u32]) -> [R; 2] {
        let sums = self.segment.quotients(lanes, self.first, dividend, divisors);
        [R::of(self.first.into()) * R::of(sums.counts) + R::of(sums.offsets), R::of(sums.divisors.into())]
    }

    fn up_to(&self, lanes: &Lanes, number: u64) -> R {
        let added = self.segment.up_to(lanes, number - self.first);
        R::of(u128::from(self.first) * u128::from(added.count) + u128::from(added.offsets))
    }
}
