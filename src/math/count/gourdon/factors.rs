//! The factors of each m up to z that is prime to 2310, in 16 bits each.
//!
//! The entry of m is 0 if no leaf has this m: it has a square factor, or a prime above y. Otherwise let q be its least prime
//! factor. Then the entry is 2·π(q), plus 1 if m has an odd number of factors; for a prime it is the largest 16-bit number. So m
//! belongs to a leaf of p_b if and only if its entry is above 2b + 1, and μ(m) is -1 if the entry is odd. This fits 16 bits as
//! long as z is below the square of the 32767th prime, 1.4·10^11.
//!
//! The table is made in pieces by all threads.

use super::params::{K, Params};
use crate::math::lanes::{Lanes, SignedDivisors};
use crate::math::pieces::Pieces;

/// The entries of all m up to z, in pieces.
pub struct FactorTable {
    wheel: Wheel2310,
    pieces: Pieces<u16>,
}

/// The entry of a prime.
const PRIME: u16 = u16::MAX;

/// How many turns of the wheel a piece has: its entries stay in a second-level cache.
const PIECE_TURNS: u64 = 512;

impl FactorTable {
    /// A table without entries; [`FactorTable::make`] makes them.
    pub fn new(params: &Params) -> FactorTable {
        let pieces = (params.z / WHEEL_TURN + 1).div_ceil(PIECE_TURNS);
        FactorTable { wheel: Wheel2310::new(), pieces: Pieces::new(pieces) }
    }

    /// Helps to make the entries and returns when all are there. `primes` begins with a 1, so that p_b is at index b.
    pub fn make(&self, params: &Params, primes: &[u32]) {
        self.pieces.make(|index| self.piece(params, primes, index));
    }

    /// The entries of a piece, including those of numbers above z.
    fn piece(&self, params: &Params, primes: &[u32], index: u64) -> Vec<u16> {
        let (wheel, width) = (&self.wheel, PIECE_TURNS * WHEEL_TURN);
        let (low, high) = (index * width, (index + 1) * width);
        let mut entries = vec![PRIME; PIECE_TURNS as usize * FREE];
        // The indices of the multiples of n by cofactors from `least` on.
        let multiples = |n: u64, least: u64| {
            let cofactors = wheel.numbers(low.div_ceil(n).max(least), high.div_ceil(n));
            cofactors.map(move |cofactor| wheel.before(n * cofactor - low))
        };
        // Each prime factor of a composite number visits it once, the least one first. Primes do not visit themselves.
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
        // The table of primes may end before the piece: the larger primes in the piece are above y.
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

    /// Calls `take` with the m of the leaves of p_b with `after < m <= last`, some at a time: those with μ(m) = 1 in `plus`, those
    /// with μ(m) = -1 in `minus`.
    pub fn leaves(
        &self,
        lanes: &Lanes,
        b: usize,
        after: u64,
        last: u64,
        list: &mut SignedDivisors,
        mut take: impl FnMut(&SignedDivisors),
    ) {
        /// As many as stay in the first-level cache beside a segment.
        const LEAVES_AT_ONCE: usize = 2048;
        debug_assert!(b >= K);
        if after >= last {
            return;
        }
        let (mut from, to, offsets) = (self.wheel.before(after + 1), self.wheel.before(last + 1), &self.wheel.offsets);
        list.clear();
        while from < to {
            let turn = from / FREE;
            let (begin, end) = (turn * FREE, ((turn + 1) * FREE).min(to));
            let piece = self.pieces.at(turn / PIECE_TURNS as usize);
            let first = turn % PIECE_TURNS as usize * FREE;
            let entries = &piece[first + from - begin..first + end - begin];
            let base = (turn as u64 * WHEEL_TURN) as u32;
            list.pick(lanes, entries, 2 * b as u16 + 1, base, &offsets[from - begin..end - begin]);
            if list.len() > LEAVES_AT_ONCE {
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
struct Wheel2310 {
    /// For each residue how many below it are prime to 2310.
    below: Vec<u16>,
    /// These residues.
    offsets: Vec<u16>,
}

/// The modulus of the wheel; how many residues it has; and how many primes it leaves out.
const WHEEL_TURN: u64 = 2310;
const FREE: usize = 480;
const TURN_PRIMES: usize = 5;

impl Wheel2310 {
    fn new() -> Wheel2310 {
        let free = |n: &u16| [2, 3, 5, 7, 11].iter().all(|p| !n.is_multiple_of(*p));
        let offsets: Vec<u16> = (0..WHEEL_TURN as u16).filter(free).collect();
        let below = (0..WHEEL_TURN as u16).map(|n| offsets.partition_point(|&offset| offset < n) as u16).collect();
        Wheel2310 { below, offsets }
    }

    /// How many numbers below n are prime to 2310.
    fn before(&self, n: u64) -> usize {
        (n / WHEEL_TURN) as usize * FREE + usize::from(self.below[(n % WHEEL_TURN) as usize])
    }

    /// The numbers prime to 2310 in `from..to`, ascending.
    fn numbers(&self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let number = |at: usize| WHEEL_TURN * (at / FREE) as u64 + u64::from(self.offsets[at % FREE]);
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
        let factors = FactorTable::new(&params);
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
            factors.leaves(lanes, b, after, last, &mut SignedDivisors::default(), |list| {
                plus.extend(list.plus.iter().map(|&m| u64::from(m)));
                minus.extend(list.minus.iter().map(|&m| u64::from(m)));
            });
            let least = u64::from(primes[b]);
            // Small primes have the entry of a prime: callers ask only for larger numbers.
            let fits = |m: &u64| different(*m).filter(|f| f.iter().all(|&p| p > least.min(m - 1) && p <= params.y));
            let parity =
                |odd| (after + 1..=last).filter(|m| fits(m).is_some_and(|f| f.len() % 2 == odd)).collect::<Vec<_>>();
            let wheel = |m: &&u64| ![2, 3, 5, 7, 11].contains(*m);
            assert_eq!(plus, parity(0), "b = {b}");
            assert_eq!(minus, parity(1).iter().filter(wheel).copied().collect::<Vec<_>>(), "b = {b}");
        }
    }
}
