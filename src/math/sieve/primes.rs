//! The sieving primes of a rank: all primes up to a bound, made together by whoever needs them.
//!
//! The bound is 2^32 at most, so a prime takes four bytes; the 203 million below 2^32 take 0.8 GB, once for
//! all threads. They come in pieces of a fixed width, so that threads can make them side by side: each takes
//! the next piece that nobody has begun, and when there is none left waits for the others.

use super::{Sieve, naive};
use crate::math::span::Span;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The primes up to a bound.
pub struct SievingPrimes {
    bound: u64,
    /// Those below [`FEW`], from which the others come.
    few: Vec<u32>,
    /// The others, piece by piece.
    pieces: Vec<OnceLock<Vec<u32>>>,
    next: AtomicUsize,
}

/// Up to here one flag per number is quick and small. The primes below it sieve up to its square, 2^32.
const FEW: u64 = 1 << 16;

/// The width of a piece, whose lines fill a block: about a millisecond of work.
const PIECE: u64 = 30 << 18;

impl SievingPrimes {
    /// Those up to `bound`, which is below 2^32; they are made by [`SievingPrimes::make`].
    pub fn up_to(bound: u64) -> SievingPrimes {
        assert!(bound < 1 << 32);
        let few = naive::primes(bound.min(FEW) as usize);
        let pieces = bound.saturating_sub(FEW).div_ceil(PIECE);
        let pieces = (0..pieces).map(|_| OnceLock::new()).collect();
        SievingPrimes { bound, few, pieces, next: AtomicUsize::new(0) }
    }

    /// Those that sieve the numbers below `end`.
    pub fn below(end: u128) -> SievingPrimes {
        SievingPrimes::up_to(end.saturating_sub(1).isqrt().min((1 << 32) - 1) as u64)
    }

    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// Helps to make them and returns when they are all there.
    pub fn make(&self, sieve: &mut Sieve) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.pieces.get(index) else { break };
            let start = FEW + 1 + index as u64 * PIECE;
            let end = (start + PIECE).min(self.bound + 1);
            let span = Span::new(start.into(), end.into()).expect("pieces begin below the bound");
            piece.set(sieve.piece(self, span)).expect("each piece is taken once");
        }
        for piece in &self.pieces {
            piece.wait();
        }
    }

    /// Those above `above` and up to `to`, ascending, in slices; `make` has returned.
    pub fn between(&self, above: u64, to: u64) -> impl Iterator<Item = &[u32]> + Clone {
        // The few are there from the start: pieces are made with them.
        let pieces = if to > FEW { &self.pieces[..] } else { &[] };
        let pieces = pieces.iter().map(|piece| &piece.get().expect("the primes are made")[..]);
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
