//! Σ: the part of the formula that needs no sieve; sums over primes up to cbrt x.
//!
//! With a = π(y), b = π(cbrt x), c = π(sqrt(x/y)), d = π(x*):
//! - Σ0 = a - 1 + π(sqrt x)(π(sqrt x) - 1)/2 - a(a - 1)/2
//! - Σ1 = (a - b)(a - b - 1)/2
//! - Σ2 = a·(b - c - c(c - 3)/2 + d(d - 3)/2)
//! - Σ3 = b(b - 1)(2b - 1)/6 - b - d(d - 1)(2d - 1)/6 + d
//! - Σ4 = a·Σ π(x/(p·y)) over x* < p <= sqrt(x/y)
//! - Σ5 = Σ π(x/p²) over sqrt(x/y) < p <= cbrt x
//! - Σ6 = -Σ π(sqrt(x/p))² over x* < p <= cbrt x
//!
//! Cost: a root and two look-ups for each prime up to cbrt x. Memory: nothing but the tables.

use super::params::Params;
use super::tables::Tables;

/// Σ without the part that depends on π(sqrt x).
pub fn sums(params: &Params, tables: &Tables) -> i128 {
    let Params { x, y, .. } = *params;
    let pi = |n: u64| i128::from(tables.pi.of(n));
    let narrow = (x / u128::from(y)).isqrt() as u64;
    let (a, b, c, d) = (pi(y), pi(params.cbrt_x), pi(narrow), pi(params.star));
    let squares = |n: i128| n * (n - 1) * (2 * n - 1) / 6;
    let s0 = a - 1 - a * (a - 1) / 2;
    let s1 = (a - b) * (a - b - 1) / 2;
    let s2 = a * (b - c - c * (c - 3) / 2 + d * (d - 3) / 2);
    let s3 = squares(b) - b - squares(d) + d;
    let primes = |above: i128, to: i128| tables.primes[above as usize + 1..=to.max(above) as usize].iter();
    let wide = |p: &u32| u128::from(*p);
    let s4: i128 = a * primes(d, c).map(|p| pi((x / (wide(p) * u128::from(y))) as u64)).sum::<i128>();
    let s5: i128 = primes(c.max(d), b).map(|p| pi((x / (wide(p) * wide(p))) as u64)).sum();
    let s6: i128 = primes(d, b).map(|p| pi((x / wide(p)).isqrt() as u64).pow(2)).sum();
    s0 + s1 + s2 + s3 + s4 + s5 - s6
}

/// The part of Σ0 that depends on π(sqrt x).
pub fn of_root(pi_root: u64) -> i128 {
    let pi = i128::from(pi_root);
    pi * (pi - 1) / 2
}
