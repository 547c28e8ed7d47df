//! Φ0 and Σ for sums of powers: what needs no sieve.
//!
//! With f(p) = p^K, S the sum of f over the primes up to a number, and s = sqrt(x/p), Σ is
//! - S(y) - 1, and Σ f(p)·S(p - 1) over y < p <= sqrt x: the products of two primes beyond y, but for B;
//! - Σ f(p)·(S(p - 1) - S(x*)) over x* < p <= y: the leaves of two primes beyond x*, each with the number 1;
//! - Σ f(p)·(S(w)·S(t) - S(s)² - S(p - 1)·(S(w) - S(p))) over x* < p <= cbrt x: what A leaves of the primes that belong to these
//!   leaves. For p up to sqrt(x/y), w is y and t is x/(p·y). For larger p, w is x/p² and t is p.
//!
//! The last line is how the sum of f(q)·S(x/(p·q)) over p < q <= w follows from the q up to s, which A visits: the q beyond s are
//! counted by their cofactors r <= x/(p·q).

use super::super::params::K as FIRST_PRIMES;
use super::Context;
use crate::math::lanes::SignedDivisors;
use crate::math::ring::{Ring, power};

/// Φ0: Σ μ(m)·m^K·phi(x/m, k) over `after < m <= last`; see `../phi0.rs`.
pub fn ordinary<R: Ring, const K: usize>(context: &Context<R>, after: u64, last: u64, list: &mut SignedDivisors) -> R {
    let (x, tables, powers) = (context.base.params.x, context.base.tables(), context.powers());
    let of = |divisors: &[u32]| {
        divisors
            .iter()
            .fold(R::default(), |sum, &m| sum + power::<R, K>(m.into()) * powers.tiny::<K>(x / u128::from(m)))
    };
    let mut sum = if after == 0 { powers.tiny::<K>(x) } else { R::default() };
    let least = u64::from(tables.primes[FIRST_PRIMES]);
    tables.factors.leaves(context.base.lanes, FIRST_PRIMES, after.max(least), last, list, |list| {
        sum += of(&list.plus) - of(&list.minus);
    });
    sum
}

/// Σ without the part that needs the primes up to sqrt x.
pub fn sigma<R: Ring, const K: usize>(context: &Context<R>) -> R {
    let (params, tables, powers) = (&context.base.params, context.base.tables(), context.powers());
    let (x, y) = (params.x, params.y);
    let pi = |n: u64| tables.pi.of(n) as usize;
    let s = |n: u64| powers.up_to(tables, n);
    let f = |b: usize| power::<R, K>(tables.primes[b].into());
    let (star, at_star) = (pi(params.star), s(params.star));
    let narrow = (x / u128::from(y)).isqrt() as u64;
    let mut sum = s(y) - R::of(1);
    // -Σ f(b)·S(b-1) over p <= y (see `of_root`) and Σ f(b)·(S(b-1) - S(x*)) over x* < p <= y, put together.
    sum -= (1..=star).fold(R::default(), |sum, b| sum + f(b) * powers.first(b - 1)) + at_star * (s(y) - at_star);
    for b in star + 1..=pi(params.cbrt_x) {
        let p = u64::from(tables.primes[b]);
        let wide = u128::from(p);
        let (w, t) = match p <= narrow {
            true => (s(y), s((x / (wide * u128::from(y))) as u64)),
            false => (s((x / (wide * wide)) as u64), powers.first(b)),
        };
        let root = s((x / wide).isqrt() as u64);
        sum += f(b) * (w * t - root * root - powers.first(b - 1) * (w - powers.first(b)));
    }
    sum
}
