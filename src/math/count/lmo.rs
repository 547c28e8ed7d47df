//! π(x) after Lagarias, Miller and Odlyzko (1985), in the terms of Deléglise and Rivat (1996).
//!
//! Let a = π(y) for some y from ∛x to √x. No number up to x has three prime factors above y, so
//! π(x) = φ(x, a) + a - 1 - P2, where P2 counts the products of two primes above y. The recursion of φ(x, a) is followed only
//! while the divisor n is at most y. That leaves terms of two kinds:
//! - *ordinary* ones, which are followed to the end: S1 = Σ μ(n) φ(x/n, c) over the n ≤ y without a factor among the first c primes;
//! - *special* ones, which stop after y: S2 = -Σ μ(m) φ(x/(p m), π(p) - 1) over m ≤ y < p m with all primes of m above p.
//!
//! A special term is *trivial* if φ is 1, *easy* if φ(v, b - 1) is π(v) - b + 2 with v < y, and otherwise *hard*. Hard terms are
//! counted in a sieve up to z = x/y, from which one prime after the other is crossed off.
//!
//! Cost: O(x^⅔ / ln² x) with the right y; 10^12 takes a tenth of a second, 10^13 half a second. Memory: 4 + 4 + 1 bytes per
//! number up to y, and for a moment one byte per number up to √x.

use super::counting_segment::CountingSegment;
use super::cube_root;
use super::phi::SmallPhi;
use crate::math::sieve::naive;

/// π(x), with y = α ∛x. Any α is right: y is brought into its range.
pub fn pi(x: u64, alpha: f64) -> u64 {
    if x < 2 {
        return 0;
    }
    LmoTerms::new(x, y(x, alpha)).count()
}

/// The y for an α.
pub fn y(x: u64, alpha: f64) -> u64 {
    let y = (alpha * cube_root(x) as f64) as u64;
    y.clamp(cube_root(x), x.isqrt())
}

/// About the seconds for π(x) on a core of 2023.
pub fn seconds(x: u64) -> f64 {
    0.1 * (x as f64 / 1e12).powf(0.7)
}

/// About the bytes for π(x).
pub fn bytes(x: u64) -> u64 {
    9 * y(x, alpha(x)) + 5 * x.isqrt() + (1 << 18)
}

/// An α that is nearly the best for x, after primecount's tuning of the same terms.
pub fn alpha(x: u64) -> f64 {
    let ln = (x.max(2) as f64).ln();
    match x {
        0..=1_000_000_000 => 0.078173 * ln + 1.0,
        _ => ((0.00148918 * ln - 0.0691909) * ln + 1.00165) * ln + 0.372253,
    }
}

/// What the terms need.
pub struct LmoTerms {
    x: u64,
    y: u64,
    z: u64,
    c: usize,
    /// All primes up to √x, which P2 needs.
    primes: Vec<u32>,
    /// For each n up to y: π(n); the least prime factor (none for 1); and μ(n).
    pi: Vec<u32>,
    least: Vec<u32>,
    mu: Vec<i8>,
    tiny: &'static SmallPhi,
}

/// x / (p·m).
fn v(x: u64, p: u64, m: u64) -> u64 {
    x / p / m
}

impl LmoTerms {
    /// y must be at least ∛x and at most √x, rounded down, and x at least 1.
    pub fn new(x: u64, y: u64) -> LmoTerms {
        let primes = naive::primes(x.isqrt() as usize);
        let size = y as usize + 1;
        let (mut pi, mut least, mut mu) = (vec![0; size], vec![u32::MAX; size], vec![1i8; size]);
        for &p in primes.iter().take_while(|&&p| u64::from(p) <= y) {
            let step = p as usize;
            pi[step] = 1;
            (step..size).step_by(step).for_each(|n| {
                least[n] = least[n].min(p);
                mu[n] = -mu[n];
            });
            (step * step..size).step_by(step * step).for_each(|n| mu[n] = 0);
        }
        for n in 1..size {
            pi[n] += pi[n - 1];
        }
        let c = SmallPhi::MOST.min(pi[y as usize] as usize);
        LmoTerms { x, y, z: x / y, c, primes, pi, least, mu, tiny: SmallPhi::get() }
    }

    /// π(x).
    pub fn count(&self) -> u64 {
        let plus = self.ordinary() + self.trivial() as i64 + self.easy() as i64 + self.hard();
        (plus + self.a() as i64) as u64 - 1 - self.p2()
    }

    fn a(&self) -> u64 {
        self.pi(self.y)
    }

    /// π(n) for n ≤ y.
    fn pi(&self, n: u64) -> u64 {
        self.pi[n as usize].into()
    }

    /// The b-th prime; the first is 2.
    fn p(&self, b: u64) -> u64 {
        self.primes[b as usize - 1].into()
    }

    /// S1.
    pub fn ordinary(&self) -> i64 {
        let above = if self.c == 0 { 1 } else { self.primes[self.c - 1] };
        let leaves = (1..=self.y).filter(|&n| self.least[n as usize] > above);
        leaves.map(|n| i64::from(self.mu[n as usize]) * self.tiny.phi(self.x / n, self.c) as i64).sum()
    }

    /// The special leaves with v < p, for which φ is 1.
    pub fn trivial(&self) -> u64 {
        let from = self.pi(self.z.isqrt().min(self.y)).max(self.c as u64) + 1;
        let leaves = (from..=self.a()).map(|b| {
            let p = self.p(b);
            self.a().saturating_sub(self.pi(p.max(self.x / p / p).min(self.y)))
        });
        leaves.sum()
    }

    /// The special leaves with p ≤ v < p² and v < y, for which φ counts 1 and the primes from p to v.
    pub fn easy(&self) -> u64 {
        let from = self.pi(self.y.isqrt()).max(self.c as u64) + 1;
        let leaves = (from..=self.pi(cube_root(self.x))).map(|b| {
            let p = self.p(b);
            let (first, last) = (self.pi(p.max(self.z / p).min(self.y)) + 1, self.pi((self.x / p / p).min(self.y)));
            (first..=last).map(|q| self.pi(v(self.x, p, self.p(q))) - b + 2).sum::<u64>()
        });
        leaves.sum()
    }

    /// The other special leaves, counted in a sieve of the numbers up to z.
    pub fn hard(&self) -> i64 {
        let (x, y) = (self.x, self.y);
        let (composite, last) = (self.pi(y.isqrt()), self.pi(self.z.isqrt().min(y)));
        let mut counted = CountingSegment::new();
        // For each b: how many numbers before the segment have no factor among the first b - 1 primes.
        let mut before = vec![0; last as usize + 1];
        let mut sum = 0;
        for segment in CountingSegment::segments(self.z) {
            counted.fill(segment.start, &self.primes[..self.c]);
            for b in self.c as u64 + 1..=last {
                let p = self.p(b);
                // The m whose v lies in the segment, descending, so that v ascends.
                let (above, most) = (x / p / segment.end, (x / p / segment.start.max(1)).min(y));
                let mut leaf = |m: u64| (before[b as usize] + counted.upto(v(x, p, m))) as i64;
                if b <= composite {
                    let leaves = (above.max(y / p) + 1..=most).rev();
                    for m in leaves.filter(|&m| u64::from(self.least[m as usize]) > p && self.mu[m as usize] != 0) {
                        sum -= i64::from(self.mu[m as usize]) * leaf(m);
                    }
                } else {
                    let most = most.min(self.z / p);
                    let (first, last) = (self.pi(above.max(p).min(y)) + 1, self.pi(most));
                    sum += (first..=last).rev().map(|q| leaf(self.p(q))).sum::<i64>();
                }
                before[b as usize] += counted.all();
                counted.cross(p);
            }
        }
        sum
    }

    /// How many products of two primes above y there are up to x: Σ (π(x/p) - π(p) + 1) over y < p ≤ √x.
    pub fn p2(&self) -> u64 {
        let a = self.a() as usize;
        // p descends, so that x/p ascends.
        let mut queries =
            (a..self.primes.len()).rev().map(|index| (index as u64, self.x / u64::from(self.primes[index]))).peekable();
        let few = self.primes.len().min(SmallPhi::MOST);
        // The segment has 1 and the primes, except those that crossed off themselves: in the first segment, up to its root.
        let crossed = self.primes.partition_point(|&p| u64::from(p) <= (CountingSegment::NUMBERS - 1).isqrt()) as u64;
        let (mut counted, mut before, mut sum) = (CountingSegment::new(), 0, 0);
        for segment in CountingSegment::segments(self.z) {
            counted.fill(segment.start, &self.primes[..few]);
            let root = (segment.end - 1).isqrt();
            for &p in self.primes[few..].iter().take_while(|&&p| u64::from(p) <= root) {
                counted.cross(p.into());
            }
            while let Some((index, quotient)) = queries.next_if(|(_, quotient)| segment.contains(quotient)) {
                sum += before + counted.upto(quotient) - 1 + crossed - index;
            }
            before += counted.all();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::legendre;
    use super::super::tests::{around_powers, known};
    use super::*;
    use proptest::prelude::*;

    /// Every term by itself: x, y, and S1, trivial, easy, hard and, where it is known, P2.
    const KNOWN_TERMS: &[(u64, u64, [u64; 4], Option<u64>)] = &[
        (100_000, 87, [11_582, 51, 328, 185], Some(2576)),
        (1_000_000, 207, [86_595, 271, 4330, 11_557], Some(24_300)),
        (1_000_000, 1000, [45_589, 11_632, 9895, 11_215], Some(0)),
        (10_000_000, 485, [623_863, 1327, 36_104, 233_493], Some(230_299)),
        (100_000_000, 1131, [4_221_122, 6655, 320_032, 3_353_160], None),
        (1_000_000_000, 2619, [28_775_469, 29_329, 2_725_380, 39_599_180], None),
        (10_000_000_000, 10_621, [137_353_002, 574_931, 69_354_279, 389_393_048], None),
        (100_000_000_000, 25_766, [837_262_286, 2_935_021, 622_734_970, 4_000_882_894], None),
    ];

    #[test]
    fn every_term_is_the_known_one() {
        for &(x, y, [ordinary, trivial, easy, hard], p2) in KNOWN_TERMS {
            let terms = LmoTerms::new(x, y);
            assert_eq!(terms.ordinary(), ordinary as i64, "{x}");
            assert_eq!((terms.trivial(), terms.easy(), terms.hard()), (trivial, easy, hard as i64), "{x}");
            assert!(p2.is_none_or(|p2| terms.p2() == p2), "{x}");
        }
        let terms = LmoTerms::new(10_000_000_000_000, 178_815);
        assert_eq!((terms.a(), terms.p2()), (16_229, 113_111_712_222));
    }

    #[test]
    fn every_small_number() {
        let primes = naive::primes(5000);
        for x in 0..5000 {
            let expect = primes.partition_point(|&p| u64::from(p) <= x) as u64;
            for alpha in [1.0, 1.7, 100.0] {
                assert_eq!(pi(x, alpha), expect, "pi({x}) with alpha {alpha}");
            }
        }
    }

    #[test]
    fn the_known_values() {
        for (x, count) in known(10_000_000_000_000) {
            assert_eq!(pi(x, alpha(x)), count, "pi({x})");
        }
    }

    #[test]
    fn around_squares_cubes_and_fourth_powers() {
        let primes = naive::primes(2_000_000);
        for x in around_powers(2_000_000) {
            assert_eq!(pi(x, alpha(x)), primes.partition_point(|&p| u64::from(p) <= x) as u64, "pi({x})");
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(100))]

        #[test]
        fn it_counts_what_legendre_counts_with_any_alpha(x in (0..34u32, any::<u64>()).prop_map(|(by, x)| x >> 30 >> by), share in 0.0..1.0) {
            // Between 1 and x^(1/6), where y goes from the cube root to the square root.
            let alpha = (x as f64).powf(share / 6.0);
            prop_assert_eq!(pi(x, alpha), legendre::pi(x));
        }
    }
}
