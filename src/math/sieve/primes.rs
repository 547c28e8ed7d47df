//! The sieving primes of a rank: all primes up to a bound, made by all threads that need them.
//!
//! The bound is below 2^32, so a prime takes four bytes. The 203 million primes below 2^32 take 0.8 GB, once for all threads.
//! They are made in pieces of a fixed width.

use super::{Sieve, naive};
use crate::math::pieces::Pieces;
use crate::math::span::Span;

/// The primes up to a bound.
pub struct SievingPrimes {
    bound: u64,
    /// The primes below [`NAIVE_END`], by which the others are found.
    few: Vec<u32>,
    /// The other primes, piece by piece.
    pieces: Pieces<u32>,
}

/// Up to here the sieve with one flag per number is fast and small. Its primes sieve up to its square, 2^32.
const NAIVE_END: u64 = 1 << 16;

/// The width of a piece, whose classes fill a block: about one millisecond of work.
const PIECE_WIDTH: u64 = 30 << 18;

impl SievingPrimes {
    /// The primes up to `bound`, which must be below 2^32. [`SievingPrimes::make`] makes them.
    pub fn up_to(bound: u64) -> SievingPrimes {
        assert!(bound < 1 << 32);
        let few = naive::primes(bound.min(NAIVE_END) as usize);
        let pieces = bound.saturating_sub(NAIVE_END).div_ceil(PIECE_WIDTH);
        SievingPrimes { bound, few, pieces: Pieces::new(pieces) }
    }

    /// The primes that are needed to sieve the numbers below `end`.
    pub fn below(end: u128) -> SievingPrimes {
        SievingPrimes::up_to(end.saturating_sub(1).isqrt().min((1 << 32) - 1) as u64)
    }

    /// The bound.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// Helps to make the primes. Returns when all are there. Many threads may call it at once.
    pub fn make(&self, sieve: &mut Sieve) {
        self.pieces.make(|index| {
            let start = NAIVE_END + 1 + index * PIECE_WIDTH;
            let end = (start + PIECE_WIDTH).min(self.bound + 1);
            let span = Span::new(start.into(), end.into()).expect("pieces begin below the bound");
            sieve.piece(self, span)
        });
    }

    /// The primes above `above` and up to `to`, ascending, in slices. [`SievingPrimes::make`] must have returned.
    pub fn between(&self, above: u64, to: u64) -> impl Iterator<Item = &[u32]> + Clone {
        // The naive primes are there from the start: the pieces are made with them.
        let pieces = (to > NAIVE_END).then(|| self.pieces.iter()).into_iter().flatten();
        let all = std::iter::once(&self.few[..]).chain(pieces);
        all.map(move |primes| {
            let from = primes.partition_point(|&p| u64::from(p) <= above);
            let to = primes.partition_point(|&p| u64::from(p) <= to);
            &primes[from..to.max(from)]
        })
        .filter(|primes| !primes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    fn made(bound: u64, threads: usize) -> SievingPrimes {
        let primes = SievingPrimes::up_to(bound);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| primes.make(&mut Sieve::new(lanes::pick(None).unwrap(), 32 << 10)));
            }
        });
        primes
    }

    #[test]
    fn they_are_all_the_primes_whoever_makes_them() {
        for bound in [0, 1, 2, 3, 65_535, 65_536, 65_537, 65_538, 70_000, 20_000_000, 50_000_000] {
            let naive = naive::primes(bound as usize);
            for threads in [1, 3] {
                assert_eq!(made(bound, threads).between(0, bound).collect::<Vec<_>>().concat(), naive, "up to {bound}");
            }
        }
        let some: Vec<u32> = made(20_000_000, 1).between(65_000, 17_000_000).collect::<Vec<_>>().concat();
        assert_eq!((some[0], some[some.len() - 1]), (65_003, 16_999_999));
    }

    #[test]
    fn there_are_203_million_below_two_to_the_32() {
        let primes = made((1 << 32) - 1, 2);
        assert_eq!(primes.between(0, u64::MAX).map(<[u32]>::len).sum::<usize>(), 203_280_221);
    }
}
