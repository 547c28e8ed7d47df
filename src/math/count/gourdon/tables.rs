//! What all terms look up: the primes, π, and the factors of leaves. Made once for all threads of a rank, together.

use super::params::{K, Params};
use super::patterns::Patterns;
use super::tiny::Tiny;
use crate::math::lanes::{Counted, Lanes, Signed, WORD};
use crate::math::sieve::{Sieve, SievingPrimes};
use crate::math::span::Span;

/// The tables for one set of parameters.
///
/// Memory: 4 bytes for each prime and 0.05 for each number up to max(y, x^(3/8)), 0.42 for each up to z.
pub struct Tables {
    /// A 1 to make the first prime number 1, then the primes, at least one beyond the table of π.
    pub primes: Vec<u32>,
    pub pi: Pi,
    pub factors: Factors,
    pub tiny: Tiny,
    pub patterns: Patterns,
}

impl Tables {
    pub fn new(params: &Params, sieve: &mut Sieve, lanes: &'static Lanes) -> Tables {
        let pi = Pi::new(params.table() + 2 * WORD, sieve, lanes);
        let primes = pi.primes();
        let factors = Factors::new(params, &primes);
        Tables { primes, pi, factors, tiny: Tiny::new(lanes), patterns: Patterns::new() }
    }

    /// The bytes they take.
    pub fn memory(params: &Params) -> u64 {
        let table = params.table();
        let primes = 4 * table / u64::from(table.ilog2()) * 3 / 2;
        primes + table / 20 + params.z / 2310 * 960
    }
}

/// π up to some number, by bits and counts.
pub struct Pi {
    row: Counted,
}

impl Pi {
    /// The table of the numbers up to `last`.
    fn new(last: u64, sieve: &mut Sieve, lanes: &'static Lanes) -> Pi {
        let mut row = Counted::default();
        row.resize((last / WORD + 1) as usize);
        let base = SievingPrimes::below(u128::from(last) + WORD as u128 + 1);
        base.make(sieve);
        fill(&mut row, 0, &base, sieve);
        row.recount(lanes, BELOW);
        Pi { row }
    }

    /// How many primes there are up to n, which must lie in the table. Cost: a few nanoseconds.
    #[inline]
    pub fn of(&self, n: u64) -> u64 {
        match n {
            7.. => self.row.up_to(n),
            0..2 => 0,
            2 => 1,
            3..5 => 2,
            5..7 => 3,
        }
    }

    /// The largest number that may be asked for.
    pub fn last(&self) -> u64 {
        WORD * self.row.words().len() as u64 - 1
    }

    /// A 1, then all primes of the table.
    fn primes(&self) -> Vec<u32> {
        let mut primes = vec![1, 2, 3, 5];
        for (index, &word) in self.row.words().iter().enumerate() {
            let start = u128::from(WORD) * index as u128;
            primes.extend(crate::math::sieve::ordered::numbers(start, word).map(|prime| prime as u32));
        }
        primes
    }
}

/// The primes that have no bit in a row: 2, 3 and 5.
pub const BELOW: u32 = 3;

/// Makes the row that begins at `start` one of primes. `base` reaches to the root of its end.
pub fn fill(row: &mut Counted, start: u64, base: &SievingPrimes, sieve: &mut Sieve) {
    /// Words that are sieved at once: their eight lines stay in a second-level cache.
    const PIECE: usize = 1 << 14;
    let mut from = start;
    for words in row.words_mut().chunks_mut(PIECE) {
        let end = from + WORD * words.len() as u64;
        let window = Span::new(from.into(), end.into()).expect("the row goes on");
        sieve.words(base, window, |index, word| {
            if let Some(at) = words.get_mut(index) {
                *at = word;
            }
        });
        from = end;
    }
}

/// What is to be known of the factors of each m up to z that is prime to 2310, in 16 bits.
///
/// An entry is 0 if no leaf has this m: it has a square, or a prime above y. Else, with q its least prime factor, it is
/// 2·π(q), plus 1 if it has an odd number of factors, and as high as can be if it is prime. So m is one of the numbers
/// of the leaves of p_b, which are free of primes up to p_b, if and only if its entry is above 2b + 1; and μ(m) is -1
/// if it is odd.
pub struct Factors {
    entries: Vec<u16>,
    turn: Turn,
}

/// The entry of a prime.
const PRIME: u16 = u16::MAX;

impl Factors {
    fn new(params: &Params, primes: &[u32]) -> Factors {
        let turn = Turn::new();
        let turns = params.z / TURN + 1;
        let last = turns * TURN;
        let mut entries = vec![PRIME; turn.offsets.len() * turns as usize];
        // One has no factor.
        entries[0] = PRIME - 1;
        // Every prime of a composite number hits it once, the least one first; primes do not hit themselves.
        let least = u64::from(primes[TURN_PRIMES + 1]);
        for (b, &p) in primes.iter().enumerate().skip(TURN_PRIMES + 1) {
            let p = u64::from(p);
            if p * least >= last {
                break;
            }
            for cofactor in turn.numbers(least, last.div_ceil(p)) {
                let entry = &mut entries[turn.before(p * cofactor)];
                *entry = match *entry {
                    PRIME => 2 * b as u16 + 1,
                    0 => 0,
                    known => known ^ 1,
                };
            }
            for cofactor in turn.numbers(1, last.div_ceil(p * p)) {
                entries[turn.before(p * p * cofactor)] = 0;
            }
        }
        let beyond = primes.partition_point(|&p| u64::from(p) <= params.y);
        for p in primes[beyond..].iter().map(|&p| u64::from(p)).take_while(|&p| p < last) {
            for cofactor in turn.numbers(1, last.div_ceil(p)) {
                entries[turn.before(p * cofactor)] = 0;
            }
        }
        // The table of primes may end before z: what is left of them there is above y too.
        let known = primes[primes.len() - 1].into();
        if known < last {
            entries[turn.before(known)..].iter_mut().filter(|entry| **entry == PRIME).for_each(|entry| *entry = 0);
        }
        Factors { entries, turn }
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
        let (mut from, to, offsets) = (self.turn.before(after + 1), self.turn.before(last + 1), &self.turn.offsets);
        list.clear();
        while from < to {
            let turn = from / offsets.len();
            let (begin, end) = (turn * offsets.len(), ((turn + 1) * offsets.len()).min(to));
            let base = (turn as u64 * TURN) as u32;
            list.pick(lanes, &self.entries[from..end], 2 * b as u16 + 1, base, &offsets[from - begin..end - begin]);
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
struct Turn {
    /// For each residue how many below it are prime to 2310.
    below: Vec<u16>,
    /// The residues that are.
    offsets: Vec<u16>,
}

const TURN: u64 = 2310;
const TURN_PRIMES: usize = 5;

impl Turn {
    fn new() -> Turn {
        let free = |n: &u16| [2, 3, 5, 7, 11].iter().all(|p| !n.is_multiple_of(*p));
        let offsets: Vec<u16> = (0..TURN as u16).filter(free).collect();
        let below = (0..TURN as u16).map(|n| offsets.partition_point(|&offset| offset < n) as u16).collect();
        Turn { below, offsets }
    }

    /// How many entries are of numbers below m.
    fn before(&self, m: u64) -> usize {
        (m / TURN) as usize * self.offsets.len() + usize::from(self.below[(m % TURN) as usize])
    }

    /// The numbers prime to 2310 in `from..to`, ascending.
    fn numbers(&self, from: u64, to: u64) -> impl Iterator<Item = u64> {
        let all = (from / TURN..).flat_map(|turn| self.offsets.iter().map(move |&o| TURN * turn + u64::from(o)));
        all.skip_while(move |&number| number < from).take_while(move |&number| number < to)
    }
}
