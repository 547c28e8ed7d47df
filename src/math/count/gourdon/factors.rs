//! What is to be known of the factors of each m up to z that is prime to 2310, in 16 bits.
//!
//! An entry is 0 if no leaf has this m: it has a square, or a prime above y. Else, with q its least prime factor, it is
//! 2·π(q), plus 1 if it has an odd number of factors, and as high as can be if it is prime. So m is one of the numbers
//! of the leaves of p_b, which are free of primes up to p_b, if and only if its entry is above 2b + 1; and μ(m) is -1
//! if it is odd. That fits 16 bits as long as z is below the square of the 32767th prime, 1.4·10^11.
//!
//! Made in pieces, by as many threads as there are: each takes the next piece that nobody has begun.

use super::params::{K, Params};
use crate::math::lanes::{Lanes, Signed};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Factors {
    wheel: Wheel,
    pieces: Vec<OnceLock<Vec<u16>>>,
    next: AtomicUsize,
}

/// The entry of a prime.
const PRIME: u16 = u16::MAX;

/// Turns of the wheel in a piece: its entries stay in a second-level cache.
const TURNS: u64 = 512;

impl Factors {
    /// They are made by [`Factors::make`].
    pub fn new(params: &Params) -> Factors {
        let pieces = (params.z / TURN + 1).div_ceil(TURNS);
        let pieces = (0..pieces).map(|_| OnceLock::new()).collect();
        Factors { wheel: Wheel::new(), pieces, next: AtomicUsize::new(0) }
    }

    /// Helps to make them and returns when they are all there. `primes` begins with a 1, so that p_b is at b.
    pub fn make(&self, params: &Params, primes: &[u32]) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = self.pieces.get(index) else { break };
            piece.set(self.piece(params, primes, index as u64)).expect("each piece is taken once");
        }
        for piece in &self.pieces {
            piece.wait();
        }
    }

    /// The entries of a piece, whether or not they are above z.
    fn piece(&self, params: &Params, primes: &[u32], index: u64) -> Vec<u16> {
        let (wheel, width) = (&self.wheel, TURNS * TURN);
        let (low, high) = (index * width, (index + 1) * width);
        let mut entries = vec![PRIME; TURNS as usize * FREE];
        // The entries of the multiples of n by numbers from `least` on.
        let multiples = |n: u64, least: u64| {
            let cofactors = wheel.numbers(low.div_ceil(n).max(least), high.div_ceil(n));
            cofactors.map(move |cofactor| wheel.before(n * cofactor - low))
        };
        // Every prime of a composite number hits it once, the least one first; primes do not hit themselves.
        let least = u64::from(primes[TURN_PRIMES + 1]);
        for (b, p) in primes.iter().map(|&p| u64::from(p)).enumerate().skip(TURN_PRIMES + 1) {
            if p * least >= high {
                break;
            }
            for at in multiples(p, least) {
                entries[at] = match entries[at] {
                    PRIME => 2 * b as u16 + 1,
                    0 => 0,
                    known => known ^ 1,
                };
            }
            if p * p < high {
                multiples(p * p, 1).for_each(|at| entries[at] = 0);
            }
        }
        let beyond = primes.partition_point(|&p| u64::from(p) <= params.y);
        for p in primes[beyond..].iter().map(|&p| u64::from(p)).take_while(|&p| p < high) {
            multiples(p, 1).for_each(|at| entries[at] = 0);
        }
        // The table of primes may end before the piece: what is left of them there is above y too.
        let known = u64::from(primes[primes.len() - 1]).max(low);
        if known < high {
            let rest = &mut entries[wheel.before(known - low)..];
            rest.iter_mut().filter(|entry| **entry == PRIME).for_each(|entry| *entry = 0);
        }
        if low == 0 {
            // One has no factor.
            entries[0] = PRIME - 1;
        }
        entries
    }

    /// Gives the numbers m of the leaves of p_b with `after < m <= last` to `take`, some at a time: those with
    /// μ(m) = 1 as `plus`, those with -1 as `minus`.
    pub fn leaves(
        &self,
        lanes: &Lanes,
        b: usize,
        after: u64,
        last: u64,
        list: &mut Signed,
        mut take: impl FnMut(&Signed),
    ) {
        /// As many as stay in the first-level cache beside a row.
        const MANY: usize = 2048;
        debug_assert!(b >= K);
        if after >= last {
            return;
        }
        let (mut from, to, offsets) = (self.wheel.before(after + 1), self.wheel.before(last + 1), &self.wheel.offsets);
        list.clear();
        while from < to {
            let turn = from / FREE;
            let (begin, end) = (turn * FREE, ((turn + 1) * FREE).min(to));
            let piece = self.pieces[turn / TURNS as usize].get().expect("the factors are made");
            let first = turn % TURNS as usize * FREE;
            let entries = &piece[first + from - begin..first + end - begin];
            let base = (turn as u64 * TURN) as u32;
            list.pick(lanes, entries, 2 * b as u16 + 1, base, &offsets[from - begin..end - begin]);
            if list.len() > MANY {
                take(list);
                list.clear();
            }
            from = end;
        }
        if !list.is_empty() {
            take(list);
        }
    }
}

/// The wheel of the entries: the numbers that the first five primes do not divide.
struct Wheel {
    /// For each residue how many below it are prime to 2310.
    below: Vec<u16>,
    /// The residues that are.
    offsets: Vec<u16>,
}

/// A turn of the wheel, the entries in it, and the primes that it leaves out.
const TURN: u64 = 2310;
const FREE: usize = 480;
const TURN_PRIMES: usize = 5;

impl Wheel {
    fn new() -> Wheel {
        let free = |n: &u16| [2, 3, 5, 7, 11].iter().all(|p| !n.is_multiple_of(*p));
        let offsets: Vec<u16> = (0..TURN as u16).filter(free).collect();
        let below = (0..TURN as u16).map(|n| offsets.partition_point(|&offset| offset < n) as u16).collect();
        Wheel { below, offsets }
    }

    /// How many numbers below n are prime to 2310.
    fn before(&self, n: u64) -> usize {
        (n / TURN) as usize * FREE + usize::from(self.below[(n % TURN) as usize])
    }

    /// The numbers prime to 2310 in `from..to`, ascending.
    fn numbers(&self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let number = |at: usize| TURN * (at / FREE) as u64 + u64::from(self.offsets[at % FREE]);
        (self.before(from)..self.before(to.max(from))).map(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;
    use crate::math::sieve::naive;

    #[test]
    fn leaves_are_the_numbers_without_small_primes_large_primes_and_squares() {
        let params = Params::of(10u128.pow(14), 90_000, 3_000_000);
        let primes: Vec<u32> = std::iter::once(1).chain(naive::primes(200_000)).collect();
        let factors = Factors::new(&params);
        std::thread::scope(|scope| {
            (0..3).for_each(|_| {
                scope.spawn(|| factors.make(&params, &primes));
            });
        });
        // The prime factors of m, if they are all different.
        let different = |mut m: u64| {
            let mut found = Vec::new();
            for p in primes[1..].iter().map(|&p| u64::from(p)).take_while(|p| p * p <= params.z) {
                if m.is_multiple_of(p) {
                    m /= p;
                    found.push(p);
                    if m.is_multiple_of(p) {
                        return None;
                    }
                }
            }
            found.extend((m > 1).then_some(m));
            Some(found)
        };
        for (b, after, last) in
            [(8, 0, 5000), (8, 1_180_000, 1_190_000), (30, 1_000_000, 1_030_000), (200, 2_990_000, 3_000_000)]
        {
            let (mut plus, mut minus) = (Vec::new(), Vec::new());
            let lanes = lanes::pick(None).unwrap();
            factors.leaves(lanes, b, after, last, &mut Signed::default(), |list| {
                plus.extend(list.plus.iter().map(|&m| u64::from(m)));
                minus.extend(list.minus.iter().map(|&m| u64::from(m)));
            });
            let least = u64::from(primes[b]);
            // Small primes themselves have the entry of primes: whoever asks asks for numbers above them.
            let fits = |m: &u64| different(*m).filter(|f| f.iter().all(|&p| p > least.min(m - 1) && p <= params.y));
            let parity =
                |odd| (after + 1..=last).filter(|m| fits(m).is_some_and(|f| f.len() % 2 == odd)).collect::<Vec<_>>();
            let wheel = |m: &&u64| ![2, 3, 5, 7, 11].contains(*m);
            assert_eq!(plus, parity(0), "b = {b}");
            assert_eq!(minus, parity(1).iter().filter(wheel).copied().collect::<Vec<_>>(), "b = {b}");
        }
    }
}
