//! Legendre's φ(x, a): how many of 1..=x no prime of the first a divides.
//!
//! φ(x, 0) = x and φ(x, a) = φ(x, a-1) - φ(x/p_a, a-1): of those that the first a-1 primes leave, those go whose
//! smallest factor is p_a. Unrolled over a that is φ(x, a) = φ(x, c) - Σ φ(x/p_i, i-1) over c < i ≤ a, and three short
//! cuts end it early:
//! - few primes repeat their pattern after their product, so φ(x, a) for a ≤ 8 is a table's business ([`Tiny`]);
//! - below the square of the next prime only 1 and primes are left, so φ is a matter of π(x), which a table has;
//! - below p_a itself nothing is left but 1.
//!
//! Cost: φ(10^12, a) takes half a second at worst, and ten times as much x some six times as long. Memory: 4 bytes for each
//! prime up to √x or p_a, whichever is less, and up to 32 MB for a table of π; while that is made,
//! 60 MB for its primes too.

use super::cube_root;
use crate::math::lanes;
use crate::math::sieve::{Sieve, SievingPrimes};
use std::sync::LazyLock;

/// φ(x, a) for the first few primes.
pub struct Tiny {
    /// For each a up to 7: φ(r, a) for all r below the product of the first a primes.
    tables: Vec<Vec<u32>>,
}

const FIRST: [u64; 8] = [2, 3, 5, 7, 11, 13, 17, 19];

impl Tiny {
    /// The largest a that it knows.
    pub const MOST: usize = FIRST.len();

    /// The tables: two megabytes, made in a few milliseconds, once.
    pub fn get() -> &'static Tiny {
        static TINY: LazyLock<Tiny> = LazyLock::new(Tiny::new);
        &TINY
    }

    fn new() -> Tiny {
        let table = |a: usize| {
            let (primes, mut count) = (&FIRST[..a], 0);
            let left = move |n: u64| primes.iter().all(|&p| !n.is_multiple_of(p));
            let counts = (0..primes.iter().product()).map(|n| {
                count += u32::from(n > 0 && left(n));
                count
            });
            counts.collect()
        };
        Tiny { tables: (0..Tiny::MOST).map(table).collect() }
    }

    /// φ(x, a) for a ≤ 8.
    pub fn phi(&self, x: u64, a: usize) -> u64 {
        if a == Tiny::MOST {
            return self.phi(x, a - 1) - self.phi(x / FIRST[a - 1], a - 1);
        }
        let (table, product) = (&self.tables[a], FIRST[..a].iter().product::<u64>());
        // 1 is left whatever the primes; for none of them it is the only residue, 0.
        let each = if a == 0 { 1 } else { u64::from(table[table.len() - 1]) };
        x / product * each + u64::from(table[(x % product) as usize])
    }
}

/// π(n) for all n up to a limit: a bit for each odd number, and for each word how many primes are before it.
struct Table {
    words: Vec<(u64, u32)>,
}

impl Table {
    fn new<'a>(primes: impl Iterator<Item = &'a [u32]>, limit: u64) -> Table {
        let mut words = vec![(0u64, 0u32); (limit / 128 + 1) as usize];
        // 2 has the bit of 1, which is no prime.
        for prime in primes.flatten().map(|&p| p as usize) {
            words[prime / 128].0 |= 1 << (prime.max(3) % 128 / 2 - usize::from(prime == 2));
        }
        let mut count = 0;
        for (word, before) in &mut words {
            *before = count;
            count += word.count_ones();
        }
        Table { words }
    }

    /// π(n) for 2 ≤ n ≤ limit.
    fn pi(&self, n: u64) -> u64 {
        let (word, before) = self.words[(n / 128) as usize];
        let odd = (n % 128).div_ceil(2);
        u64::from(before) + u64::from((word & ((1u128 << odd) - 1) as u64).count_ones())
    }
}

/// How far the primes of φ(x, a) go, and how far its table of π.
fn limits(x: u64, a: u64) -> (u64, u64) {
    // Where a is small the primes up to √x are far more than the first a: those are below a·(ln a + ln ln a).
    let float = a.max(6) as f64;
    let enough = (float * (float.ln() + float.ln().ln())) as u64;
    (x.isqrt().min(enough), enough.saturating_pow(2).min(cube_root(x).pow(2)).min(TABLE))
}

/// About the bytes that the tables for φ(x, a) take while they are made.
pub fn bytes(x: u64, a: u64) -> u64 {
    let (most, limit) = limits(x, a);
    let primes = |upto: u64| 2 * upto / u64::from(upto.max(3).ilog2());
    4 * (primes(most) + primes(most.max(limit))) + limit / 8 + (2 << 20)
}

/// About the seconds that φ(x, a) takes on a core of 2023: for few primes what all their products take, for more of them
/// some power of x that fits what was measured from 10^12 to 10^15.
pub fn seconds(x: u64, a: u64) -> f64 {
    let a = a.min(x.isqrt()) as f64;
    let power = if a < 1000.0 { 1.3 } else { 0.25 };
    let products = 5e-9 * (a - Tiny::MOST as f64).exp2();
    products.min(0.2e-9 * (x as f64).powf(0.75) * (a / 1000.0).powf(power))
}

/// The tables for φ(x, a) of one x and one a.
pub struct Phi {
    x: u64,
    a: u64,
    tiny: &'static Tiny,
    /// The first a primes, or if that is fewer those up to √x.
    primes: Vec<u32>,
    table: Table,
    /// Where the table ends.
    limit: u64,
}

/// Numbers of the largest table of π, which has 32 MB. It goes further than √x, as far as it may: that saves more time than
/// it takes.
const TABLE: u64 = 1 << 28;

impl Phi {
    pub fn new(x: u64, a: u64) -> Phi {
        let (most, limit) = limits(x, a);
        let base = SievingPrimes::up_to(most.max(limit));
        base.make(&mut Sieve::new(lanes::pick(None).expect("there are lanes"), 32 << 10));
        let mut primes = base.between(0, most).collect::<Vec<_>>().concat();
        primes.truncate(usize::try_from(a).unwrap_or(usize::MAX));
        let table = Table::new(base.between(0, limit), limit);
        Phi { x, a, tiny: Tiny::get(), primes, table, limit }
    }

    /// For all primes up to √x.
    pub fn up_to_the_root(x: u64) -> Phi {
        let phi = Phi::new(x, u64::MAX);
        Phi { a: phi.primes.len() as u64, ..phi }
    }

    /// How many primes a is.
    pub fn primes(&self) -> u64 {
        self.a
    }

    /// φ(x, a).
    pub fn value(&self) -> u64 {
        self.close(self.removed(0, 1))
    }

    /// The numbers that share `part` of `parts` of the recursion removes: the sum of φ(x/p_i, i-1) over every so many i
    /// above 8. What all shares remove together is for [`Phi::close`].
    pub fn removed(&self, part: usize, parts: usize) -> u64 {
        let indices = (Tiny::MOST..self.primes.len()).skip(part).step_by(parts);
        indices.map(|i| self.phi(self.x / u64::from(self.primes[i]), i)).sum()
    }

    /// φ(x, a), given what the recursion removes.
    pub fn close(&self, removed: u64) -> u64 {
        let known = self.primes.len();
        let left = self.tiny.phi(self.x, known.min(Tiny::MOST)) - removed;
        // What the primes up to √x leave is 1 and primes, of which each further prime takes itself.
        left.saturating_sub(self.a - known as u64).max(self.x.min(1))
    }

    /// φ(v, a) for the first a primes.
    fn phi(&self, v: u64, a: usize) -> u64 {
        if a <= Tiny::MOST {
            return self.tiny.phi(v, a);
        }
        if v <= u64::from(self.primes[a - 1]) {
            return v.min(1);
        }
        let mut left = self.tiny.phi(v, Tiny::MOST);
        for i in Tiny::MOST..a {
            let p = u64::from(self.primes[i]);
            let w = v / p;
            // The i primes before p are all that are not above w: 1 is left, here and for all primes from p on.
            if w < p {
                return left - (a - i) as u64;
            }
            left -= match w < p * p && w <= self.limit {
                true => self.table.pi(w) - i as u64 + 1,
                false => self.phi(w, i),
            };
        }
        left
    }
}

/// φ(x, a).
pub fn phi(x: u64, a: u64) -> u64 {
    Phi::new(x, a).value()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition.
    fn naive(x: u64, a: usize) -> u64 {
        let primes = &super::super::super::sieve::naive::primes(3000)[..a];
        (1..=x).filter(|n| primes.iter().all(|&p| !n.is_multiple_of(p.into()))).count() as u64
    }

    #[test]
    fn a_table_repeats() {
        let tiny = Tiny::get();
        for a in 0..=Tiny::MOST {
            for x in (0..1000).chain(510_500..510_520).chain(9_699_680..9_699_700).step_by(7) {
                let expect = if x < 1000 { naive(x, a) } else { phi_by_steps(x, a) };
                assert_eq!(tiny.phi(x, a), expect, "phi({x}, {a})");
            }
        }
        // Totients of the products of the first primes.
        let totients = [1, 1, 2, 8, 48, 480, 5760, 92_160, 1_658_880];
        let mut product = 1;
        for (a, totient) in totients.into_iter().enumerate() {
            assert_eq!(tiny.phi(product, a), totient);
            product *= FIRST.get(a).copied().unwrap_or(1);
        }
    }

    /// The recursion and nothing else.
    fn phi_by_steps(x: u64, a: usize) -> u64 {
        if a == 0 { x } else { phi_by_steps(x, a - 1) - phi_by_steps(x / FIRST[a - 1], a - 1) }
    }

    #[test]
    fn it_is_what_the_definition_says() {
        for x in (0..130).chain((130..3000).step_by(37)) {
            for a in (0..40).chain([50, 100, 400]) {
                assert_eq!(phi(x, a as u64), naive(x, a), "phi({x}, {a})");
            }
        }
        assert_eq!(phi(0, 0), 0);
        assert_eq!(phi(u64::MAX, 0), u64::MAX);
        assert_eq!(phi(u64::MAX, 1), 1 << 63);
        assert_eq!(phi(1_000_000, u64::MAX), 1);
    }

    #[test]
    fn a_million_beyond_the_root() {
        // With all primes up to the root gone there are 1 and primes left; later primes take one each.
        for a in [168, 169, 1000, 78_497, 78_498, 78_499, 100_000] {
            assert_eq!(phi(1_000_000, a), (78_498 - a.min(78_498)) + 1, "{a}");
        }
    }

    #[test]
    fn shares_are_parts_of_the_whole() {
        for (x, a) in [(1_000_000, 100), (10_000_000_000, 3000), (500, 3)] {
            let phi = Phi::new(x, a);
            for parts in [2, 7, 100, 5000] {
                let removed = (0..parts).map(|part| phi.removed(part, parts)).sum();
                assert_eq!(phi.close(removed), phi.value(), "{parts}");
            }
        }
    }
}
