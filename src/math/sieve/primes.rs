//! The sieving primes of a rank: all primes up to a bound, made by all threads that need them.
//!
//! The bound is below 2^32, so a prime takes four bytes. The 203 million primes below 2^32 take 0.8 GB, once for all threads.
//! They are made in pieces of a fixed width. Who sieves few windows need not keep them all: each piece can be made again whenever
//! a window needs it, and is then forgotten.

use super::{Sieve, naive};
use crate::math::pieces::Pieces;
use crate::math::span::Span;

/// The primes up to a bound.
pub struct SievingPrimes {
    bound: u64,
    /// The primes up to here are kept.
    kept: u64,
    /// The primes below [`NAIVE_END`], by which the others are found.
    few: Vec<u32>,
    /// The other primes that are kept, piece by piece.
    pieces: Pieces<u32>,
}

/// Up to here the sieve with one flag per number is fast and small. Its primes sieve up to its square, 2^32.
const NAIVE_END: u64 = 1 << 16;

/// The width of a piece, whose classes fill a block: about one millisecond of work.
const PIECE_WIDTH: u64 = 30 << 18;

impl SievingPrimes {
    /// The primes up to `bound`, which must be below 2^32. [`SievingPrimes::make`] makes them.
    pub fn up_to(bound: u64) -> SievingPrimes {
        SievingPrimes::kept_up_to(bound, bound)
    }

    /// The same, but only those up to `kept` are kept. The others are made whenever [`SievingPrimes::visit`] comes to them.
    pub fn kept_up_to(kept: u64, bound: u64) -> SievingPrimes {
        assert!(bound < 1 << 32);
        let kept = bound.min(kept.max(NAIVE_END));
        let few = naive::primes(kept.min(NAIVE_END) as usize);
        let pieces = kept.saturating_sub(NAIVE_END).div_ceil(PIECE_WIDTH);
        SievingPrimes { bound, kept, few, pieces: Pieces::new(pieces) }
    }

    /// The primes that are needed to sieve the numbers below `end`.
    pub fn below(end: u128) -> SievingPrimes {
        SievingPrimes::up_to(end.saturating_sub(1).isqrt().min((1 << 32) - 1) as u64)
    }

    /// The bound.
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// The primes up to here are kept: the bound, or less.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Helps to make the primes that are kept. Returns when all are there. Many threads may call it at once.
    pub fn make(&self, sieve: &mut Sieve) {
        self.pieces.make(|index| {
            let start = NAIVE_END + 1 + index * PIECE_WIDTH;
            let end = (start + PIECE_WIDTH).min(self.kept + 1);
            let span = Span::new(start.into(), end.into()).expect("pieces begin below the bound");
            sieve.piece(self, span)
        });
    }

    /// The kept primes above `above` and up to `to`, ascending, in slices. [`SievingPrimes::make`] must have returned.
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

    /// All primes above `above` and up to `to`, ascending, in slices. `make` makes the primes of a span, for those that are not kept.
    /// [`SievingPrimes::make`] must have returned.
    pub fn visit(&self, above: u64, to: u64, mut make: impl FnMut(Span) -> Vec<u32>, mut each: impl FnMut(&[u32])) {
        self.between(above, to).for_each(&mut each);
        let (mut last, to) = (above.max(self.kept), to.min(self.bound));
        while last < to {
            let next = (last + PIECE_WIDTH).min(to);
            let span = Span::new(u128::from(last) + 1, u128::from(next) + 1).expect("it ends behind its start");
            each(&make(span));
            last = next;
        }
    }
}

/// The bytes that a thread needs to make primes that are not kept: a piece, and the sieve that makes it.
pub const PIECE_BYTES: u64 = 4 * (PIECE_WIDTH / 15) + PIECE_WIDTH / 30 * 2;

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
    fn those_that_are_not_kept_are_made_again() {
        let lanes = lanes::pick(None).unwrap();
        let naive = naive::primes(30_000_000);
        for kept in [0, 70_000, 9_000_000, 29_999_999] {
            let (primes, mut sieve) = (SievingPrimes::kept_up_to(kept, 30_000_000), Sieve::new(lanes, 32 << 10));
            primes.make(&mut sieve);
            assert_eq!((primes.kept(), primes.bound()), (kept.max(NAIVE_END), 30_000_000));
            for (above, to) in
                [(0, 30_000_000), (0, u64::MAX), (65_536, 65_537), (69_000, 71_000), (8_999_999, 29_000_001)]
            {
                let mut visited = vec![];
                primes.visit(above, to, |span| sieve.piece(&primes, span), |some| visited.extend_from_slice(some));
                let expect = naive.iter().filter(|&&p| above < u64::from(p) && u64::from(p) <= to);
                assert!(visited.iter().eq(expect), "kept {kept}, above {above}, up to {to}");
            }
        }
    }

    #[test]
    fn there_are_203_million_below_two_to_the_32() {
        let primes = made((1 << 32) - 1, 2);
        assert_eq!(primes.between(0, u64::MAX).map(<[u32]>::len).sum::<usize>(), 203_280_221);
    }
}
