//! Factors of numbers below 2^128 by elliptic curves: for proofs, which need some of the prime factors of n - 1.
//!
//! On a curve modulo m, a multiple of a point that is zero modulo a factor p of m, and not modulo the others, gives p as a greatest common divisor. The
//! multiple k·P is zero modulo p if k is a multiple of the point's order, which is about p. So k has all primes up to one bound as factors, and then one more
//! up to a larger one. The curves are Montgomery's, with Suyama's parameter, the points without their second coordinate, the second step by
//! differences from multiples of 210.
//! Sources: Lenstra, Factoring integers with elliptic curves, 1987; Montgomery, Speeding the Pollard and elliptic curve methods of factorization, 1987;
//! Crandall & Pomerance, Prime Numbers, 7.4.
//!
//! The curves are tried in a fixed order, so the factors found depend on the number only. Cost: a factor of 32 bits takes about a millisecond, one of 63
//! bits some fifty.

use super::montgomery::Modulus;
use crate::math::sieve::naive;
use std::sync::LazyLock;

/// The bounds of the two steps, and how many curves are tried with them: small factors first.
const LEVELS: [(u32, u32, u64); 3] = [(150, 6_000, 12), (600, 40_000, 25), (2_500, 250_000, 400)];

static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(LEVELS[2].1 as usize));

/// A point of a curve, without its second coordinate: x/z.
#[derive(Clone, Copy)]
struct Point {
    x: u128,
    z: u128,
}

/// A curve modulo a number: B·y² = x³ + A·x² + x, where (A + 2)/4 is a quotient.
struct Curve<'a> {
    modulus: &'a Modulus<u128>,
    above: u128,
    below: u128,
}

impl Curve<'_> {
    fn double(&self, p: Point) -> Point {
        let m = self.modulus;
        let (sum, difference) = (m.add(p.x, p.z), m.sub(p.x, p.z));
        let (sum, difference) = (m.mul(sum, sum), m.mul(difference, difference));
        let four_xz = m.sub(sum, difference);
        let scaled = m.mul(self.below, difference);
        Point { x: m.mul(sum, scaled), z: m.mul(four_xz, m.add(scaled, m.mul(self.above, four_xz))) }
    }

    /// `p + q`, where `difference` is `p - q`.
    fn add(&self, p: Point, q: Point, difference: Point) -> Point {
        let m = self.modulus;
        let one = m.mul(m.sub(p.x, p.z), m.add(q.x, q.z));
        let other = m.mul(m.add(p.x, p.z), m.sub(q.x, q.z));
        let (sum, less) = (m.add(one, other), m.sub(one, other));
        Point { x: m.mul(difference.z, m.mul(sum, sum)), z: m.mul(difference.x, m.mul(less, less)) }
    }

    /// `times · p`, by two neighbours from the highest bit on.
    fn multiple(&self, p: Point, times: u32) -> Point {
        let (mut low, mut high) = (p, self.double(p));
        if times == 1 {
            return low;
        }
        for bit in (0..times.ilog2()).rev() {
            let middle = self.add(high, low, p);
            match times >> bit & 1 {
                0 => (low, high) = (self.double(low), middle),
                _ => (low, high) = (middle, self.double(high)),
            }
        }
        low
    }
}

/// The curve and the point of a parameter, which is above 5.
fn curve_of(modulus: &Modulus<u128>, parameter: u64) -> (Curve<'_>, Point) {
    let m = modulus;
    let small = |n: u64| m.residue(n.into());
    let sigma = small(parameter);
    let (u, v) = (m.sub(m.mul(sigma, sigma), small(5)), m.mul(small(4), sigma));
    let cube = |a: u128| m.mul(a, m.mul(a, a));
    let (u3, v3) = (cube(u), cube(v));
    let above = m.mul(cube(m.sub(v, u)), m.add(m.mul(small(3), u), v));
    let below = m.mul(small(16), m.mul(u3, v));
    (Curve { modulus, above, below }, Point { x: u3, z: v3 })
}

/// The greatest common divisor.
pub fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Multiples of the point that the second step starts from: its distances, of which each prime has one to a multiple of this.
const WHEEL: u32 = 210;

/// Primes below this are tried by division: a curve finds several of them at once, and so none.
const SMALL_END: u32 = 1000;

/// A factor of an odd composite number above 1 that is not it; `None` if the curves find none. Cost: see above.
pub fn factor(m: u128) -> Option<u128> {
    let mut small = PRIMES.iter().take_while(|&&prime| prime < SMALL_END).map(|&prime| u128::from(prime));
    if let Some(prime) = small.find(|&prime| m > prime && m.is_multiple_of(prime)) {
        return Some(prime);
    }
    let root = m.isqrt();
    if root * root == m {
        return Some(root);
    }
    let modulus = Modulus::new(m);
    let mut parameter = 5;
    for (first, second, curves) in LEVELS {
        for _ in 0..curves {
            parameter += 1;
            let (curve, point) = curve_of(&modulus, parameter);
            let found = try_curve(&curve, point, first, second);
            if let Some(found) = found {
                return Some(found);
            }
        }
    }
    None
}

/// What divides both the modulus and the residue, if that is a factor.
fn shared(modulus: &Modulus<u128>, residue: u128) -> Option<u128> {
    Some(gcd(modulus.n, residue)).filter(|&found| found > 1 && found < modulus.n)
}

fn try_curve(curve: &Curve, mut point: Point, first: u32, second: u32) -> Option<u128> {
    let m = curve.modulus;
    let split = PRIMES.partition_point(|&prime| prime <= first);
    for &prime in &PRIMES[..split] {
        let mut power = prime;
        while power <= first {
            point = curve.multiple(point, prime);
            power = power.saturating_mul(prime);
        }
    }
    if let Some(found) = shared(m, point.z) {
        return Some(found);
    }
    // The second step: a prime q is 210·k + j or 210·k - j, and q·P is zero where 210·k·P and j·P have the same x.
    let near: Vec<Point> = (0..=WHEEL / 2).map(|j| if j == 0 { point } else { curve.multiple(point, j) }).collect();
    let step = curve.multiple(point, WHEEL);
    let mut k = first / WHEEL + 1;
    let (mut before, mut here) = (curve.multiple(step, k.max(2) - 1), curve.multiple(step, k.max(2)));
    k = k.max(2);
    let mut product = m.one;
    for &prime in PRIMES[split..].iter().take_while(|&&prime| prime <= second) {
        while prime > k * WHEEL + WHEEL / 2 {
            (before, here) = (here, curve.add(here, step, before));
            k += 1;
        }
        let distance = prime.abs_diff(k * WHEEL);
        // Those below the first multiple are left out: a factor for which that matters is found by another curve.
        if let Some(other) = near.get(distance as usize) {
            let same = m.sub(m.mul(here.x, other.z), m.mul(other.x, here.z));
            product = m.mul(product, same);
        }
    }
    shared(m, product)
}

#[cfg(test)]
mod tests {
    use super::super::{is_prime, next_prime};
    use super::*;

    #[test]
    fn factors_of_all_sizes_are_found_and_are_factors() {
        for bits in [8, 16, 24, 32, 40, 48, 56, 62] {
            let small = next_prime((1u128 << bits) + 45).unwrap();
            let large = next_prime((1u128 << (125 - bits)) + 678).unwrap();
            let found = factor(small * large).expect("there is one");
            assert!(found == small || found == large, "{bits}: {found}");
        }
        let prime = next_prime(1 << 50).unwrap();
        assert_eq!(factor(prime * prime), Some(prime));
        // Where there are several, it is one of them or a product.
        for m in (1_000_001u128..1_002_000).step_by(2).filter(|&m| !is_prime(m)) {
            let found = factor(m).unwrap_or_else(|| panic!("{m}"));
            assert!(found > 1 && found < m && m.is_multiple_of(found), "{m}: {found}");
        }
    }
}
