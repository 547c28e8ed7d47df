//! φ(x, a) from above: it counts 1, the primes above p_a up to x, and the products of such primes. There are few products if p_a is not
//! far below ∛x, and π(x) is quick to have; so this is the shorter way for many primes, and Legendre's recursion ([`super::phi`]) for few.
//!
//! A product has a smallest prime factor p, and the rest is a prime from p on or again a product of such primes. So, with i primes
//! before p, the products up to v whose smallest factor is not among the first a primes are
//!
//! E(v, a) = Σ π(v/p) - i + E(v/p, i)  over the primes p > p_a with p² ≤ v,
//!
//! where E(v/p, i) is 0 if p³ > v. Then φ(x, a) = π(x) - a + 1 + E(x, a). The first step needs π(x/p) for all primes p from p_a to √x:
//! a sieve goes up to x/p_a, window by window, and reads the primes p of the window's leaves beside. The next steps need π up to
//! x/p_a², which are in a table.
//!
//! Cost: that of sieving up to x/p_a, and some x^⅔ / ln² x look-ups. Memory: 16 bytes for each 240 numbers up to x/p_a².

use super::counted::{Counted, UP_TO, WORD, WORD_BYTES};
use super::root;
use crate::math::sieve::{Sieve, SievingPrimes, ordered};
use crate::math::span::Span;
use std::ops::Range;

/// The products up to x of primes above p_a: what is summed up, and its parts.
pub struct RoughProducts {
    x: u128,
    /// p_a, and a.
    prime: u64,
    a: u64,
}

/// The result of windows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WindowSums {
    /// The primes in them.
    pub primes: u64,
    /// The primes p with x/p in them.
    pub leaves: u64,
    /// The sum over these of the primes from the first window up to x/p.
    pub sum: u128,
}

impl WindowSums {
    /// The result of these windows and of those that follow them.
    pub fn merge(self, right: WindowSums) -> WindowSums {
        let before = u128::from(self.primes) * u128::from(right.leaves);
        WindowSums {
            primes: self.primes + right.primes,
            leaves: self.leaves + right.leaves,
            sum: self.sum + before + right.sum,
        }
    }
}

/// Tables for the products of three primes and more.
pub struct RoughTables {
    /// The primes from 7 on, up to x/p_a² at least.
    table: Counted,
    /// The primes from 2 on, up to √(x/p_a) at least.
    primes: Vec<u32>,
}

/// The numbers of the largest table that is made, which takes 72 MB.
const TABLE_MAX: u128 = 1 << 30;

/// The widest window, and the narrowest; of the primes of a window's leaves there are fewer than of the narrowest window's numbers.
const WINDOW_MAX: u64 = WORD << 20;
const WINDOW_MIN: u64 = WORD << 16;

/// Picoseconds: sieving a number; starting a window, for each number up to the root of the sieve's end; looking a product up.
const NUMBER_PS: u128 = 120;
const ROOT_PS: u128 = 300;
const LOOK_UP_PS: u128 = 3_000;

impl RoughProducts {
    /// For p_a, the a-th prime, which must be above 5 and at most √x. `None` if p_a is so small that a table would be too large or the
    /// sieve would go beyond 2^63.
    pub fn new(x: u128, prime: u64, a: u64) -> Option<RoughProducts> {
        assert!(prime > 5 && u128::from(prime) <= x.isqrt());
        let end = x / u128::from(prime);
        (end < 1 << 63 && end / u128::from(prime) < TABLE_MAX).then_some(RoughProducts { x, prime, a })
    }

    /// x/p is at most this for all p.
    pub fn end(&self) -> u64 {
        (self.x / u128::from(self.prime)) as u64
    }

    /// The bound of the sieving primes: both for the windows and for the primes of their leaves, which are below √x.
    pub fn sieving_bound(&self) -> u64 {
        ((self.windows() * self.width()).isqrt()).max(root(self.x, 4))
    }

    fn width(&self) -> u64 {
        let whole = (self.end() + 1).next_multiple_of(WORD);
        self.end().isqrt().next_multiple_of(WORD).clamp(WINDOW_MIN, WINDOW_MAX).min(whole)
    }

    /// How many windows there are: x/p is in one of them for each p above p_a, even if ⌊x/p⌋ is the same as ⌊x/p_a⌋.
    pub fn windows(&self) -> u64 {
        self.end() / self.width() + 1
    }

    /// The numbers of some windows.
    pub fn window(&self, windows: Range<u64>) -> Span {
        let width = u128::from(self.width());
        Span::new(width * u128::from(windows.start), width * u128::from(windows.end)).expect("windows ascend")
    }

    /// The primes p with x/p in these numbers are in this span: p > p_a, p² ≤ x and start ≤ ⌊x/p⌋ < end.
    pub fn leaves(&self, window: Span) -> Span {
        let above = (self.x / window.end()).max(self.prime.into());
        let last = self.x.checked_div(window.start()).map_or(self.x.isqrt(), |last| last.min(self.x.isqrt()));
        Span::new(above + 1, last.max(above) + 1).expect("it may be empty")
    }

    /// Sieves a window. `base` must reach the bound.
    pub fn compute(&self, sieve: &mut Sieve, base: &SievingPrimes, window: u64, places: &mut Vec<u64>) -> WindowSums {
        let span = self.window(window..window + 1);
        self.places(sieve, base, self.leaves(span), places);
        let mut sums = WindowSums { leaves: places.len() as u64, ..WindowSums::default() };
        if window == 0 {
            // 2, 3 and 5 are in no word.
            sums.primes = 3;
        }
        sieve.words(base, span, |start, word| {
            let start = start as u64;
            while let Some(&place) = places.last().filter(|&&place| place < start + WORD) {
                let up_to = word & UP_TO[(place - start) as usize];
                sums.sum += u128::from(sums.primes + u64::from(up_to.count_ones()));
                places.pop();
            }
            sums.primes += u64::from(word.count_ones());
        });
        assert!(places.is_empty(), "each leaf is in the window");
        sums
    }

    /// x/p for the primes p of a span, ascending with p.
    fn places(&self, sieve: &mut Sieve, base: &SievingPrimes, leaves: Span, places: &mut Vec<u64>) {
        places.clear();
        let narrow = u64::try_from(self.x);
        sieve.words(base, leaves, |start, word| {
            places.extend(ordered::numbers(start, word).map(|p| match narrow {
                Ok(x) => x / p as u64,
                Err(_) => (self.x / p) as u64,
            }));
        });
    }

    /// Whether there are products of three primes.
    pub fn has_deeper(&self) -> bool {
        u128::from(self.prime).pow(3) <= self.x
    }

    /// How many shares the products of three primes and more are cut into: with less than 2^32 look-ups each, and 64 of them if there are
    /// more than some.
    pub fn shares(&self) -> u64 {
        let third = u128::from(root(self.x, 3));
        if self.has_deeper() { (((third * third) >> 32) as u64).clamp(64, 1 << 20) } else { 0 }
    }

    /// The tables for the shares.
    pub fn tables(&self) -> RoughTables {
        let table = Counted::primes(self.end() / self.prime);
        let most = self.end().isqrt();
        let few = [2, 3, 5].into_iter();
        let primes = few.chain(table.numbers().take_while(|&p| p <= most).map(|p| p as u32)).collect();
        RoughTables { table, primes }
    }

    /// The sum of E(x/p, i) over every `parts`-th p, from the `part`-th on.
    pub fn deeper(&self, tables: &RoughTables, part: u64, parts: u64) -> u128 {
        let from = self.a as usize + part as usize;
        let each = tables.primes.iter().enumerate().skip(from).step_by(parts as usize);
        let each = each.take_while(|&(_, &p)| u128::from(p).pow(3) <= self.x);
        each.map(|(i, &p)| u128::from(tables.products((self.x / u128::from(p)) as u64, i))).sum()
    }

    /// About the picoseconds for all windows and shares on a core of 2023.
    pub fn cost(&self) -> u128 {
        let root_of_end = u128::from(self.end().isqrt());
        let windows = u128::from(self.windows()) * (u128::from(self.width()) * NUMBER_PS + root_of_end * ROOT_PS);
        // Fitted: x^⅔ / 64 look-ups, all from p = x^¼ on.
        let deeper = if self.has_deeper() { u128::from(root(self.x, 3)).pow(2) / 64 * LOOK_UP_PS } else { 0 };
        windows + deeper
    }

    /// About the bytes of a rank, and of a thread.
    pub fn memory(&self) -> (u64, u64) {
        let bound = self.sieving_bound();
        let table = if self.has_deeper() { WORD_BYTES as u64 * (self.end() / self.prime) / WORD } else { 0 };
        // A window has the bits of eight classes of 30, and eight bytes for each prime of its leaves.
        (table + 8 * bound / u64::from(bound.max(2).ilog2()), self.width() / 24 + self.width() / 2)
    }

    /// φ(x, a), from π(x), the sums of all windows and of all shares; `None` if they contradict each other.
    pub fn close(&self, pi: u128, windows: WindowSums, deeper: u128) -> Option<u128> {
        let (a, leaves) = (u128::from(self.a), u128::from(windows.leaves));
        // Each leaf has one more prime before it than the leaf before.
        let before = leaves * a + leaves * leaves.saturating_sub(1) / 2;
        let products = windows.sum.checked_sub(before)? + deeper;
        Some((pi + 1).checked_sub(a)? + products)
    }
}

impl RoughTables {
    /// E(v, i).
    fn products(&self, v: u64, from: usize) -> u64 {
        let mut sum = 0;
        for (i, &p) in self.primes.iter().enumerate().skip(from) {
            let p = u64::from(p);
            let rest = v / p;
            if rest < p {
                break;
            }
            sum += self.table.pi(rest) - i as u64;
            if rest / p >= p {
                sum += self.products(rest, i);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::{phi, tests::known};
    use super::*;
    use crate::math::lanes;
    use crate::math::sieve::naive;
    use proptest::prelude::*;

    /// The products up to x of primes above the a-th, p_a.
    fn products(x: u128, a: u64, prime: u64) -> u128 {
        let rough = RoughProducts::new(x, prime, a).unwrap();
        let base = SievingPrimes::up_to(rough.sieving_bound());
        let (mut sieve, mut places) = (Sieve::new(lanes::pick(None).unwrap(), 32 << 10), vec![]);
        base.make(&mut sieve);
        let windows = (0..rough.windows()).map(|window| rough.compute(&mut sieve, &base, window, &mut places));
        let windows = windows.fold(WindowSums::default(), WindowSums::merge);
        let deeper = match rough.shares() {
            0 => 0,
            shares => {
                let tables = rough.tables();
                (0..shares).map(|share| rough.deeper(&tables, share, shares)).sum()
            }
        };
        // With π(x) = a, 1 and the products are left.
        rough.close(a.into(), windows, deeper).unwrap() - 1
    }

    #[test]
    fn small_products_by_the_definition() {
        let primes = naive::primes(200);
        for x in (49..20_000u64).step_by(53).chain([49, 120, 121, 122, 168, 169, 170, 342, 343, 344, 1330, 1331, 1332])
        {
            for (a, &p) in (1u64..).zip(&primes).filter(|&(_, &p)| p > 5 && u64::from(p * p) <= x) {
                let least = |n: u64| primes.iter().map(|&q| u64::from(q)).find(|q| n.is_multiple_of(*q));
                let prime = |n: u64| least(n).is_none_or(|q| q == n);
                let expect = (2..=x).filter(|&n| !prime(n) && least(n).is_some_and(|q| q > u64::from(p))).count();
                assert_eq!(products(x.into(), a, p.into()), expect as u128, "{x} {a}");
            }
        }
    }

    /// The recursion has another way to the same number.
    #[test]
    fn large_ones_by_the_recursion() {
        let primes = naive::primes(200_000);
        for (x, pi) in known(30_000_000_000).into_iter().filter(|&(x, _)| x >= 100_000_000) {
            let last = primes.partition_point(|&p| u64::from(p) <= x.isqrt());
            let third = primes.partition_point(|&p| u64::from(p) <= root(x.into(), 3));
            for a in [third / 3, third - 1, third, third + 1, 2 * third, last - 1, last] {
                let expect = u128::from(phi::phi(x, a as u64)) + a as u128 - 1 - u128::from(pi);
                assert_eq!(products(x.into(), a as u64, primes[a - 1].into()), expect, "{x} {a}");
            }
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(100))]

        #[test]
        fn random_pairs_by_the_recursion(x in 1_000_000..3_000_000_000u64, part in 1..100u64) {
            let primes = naive::primes(200_000);
            let root = primes.partition_point(|&p| u64::from(p) <= x.isqrt()) as u64;
            let a = (root * part / 100).max(4);
            let pi = super::super::lmo::pi(x, super::super::lmo::alpha(x));
            let expect = u128::from(phi::phi(x, a)) + u128::from(a) - 1 - u128::from(pi);
            prop_assert_eq!(products(x.into(), a, primes[a as usize - 1].into()), expect);
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let x = 10u128.pow(24);
        assert!(RoughProducts::new(x, 7, 4).is_none());
        assert!(RoughProducts::new(x, 30_517_578, 1).is_none());
        assert!(RoughProducts::new(x, 30_517_579, 1).is_some());
    }
}
