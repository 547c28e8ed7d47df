//! Φ0, the ordinary leaves: Σ μ(m)·phi(x/m, k) over the m up to z that are free of squares, of the first k primes and of
//! primes above y.
//!
//! Cost: two divisions and two look-ups for each, some z/6 of them. Memory: nothing but the tables.

use super::Terms;
use super::params::K;
use crate::math::lanes::Signed;

/// The sum over `after < m <= last`.
pub fn sum(terms: &Terms, after: u64, last: u64, list: &mut Signed) -> i128 {
    let (x, tables) = (terms.params.x, terms.tables());
    let phi = |m: u32| tables.tiny.phi(x / u128::from(m)) as i128;
    // The first primes are m themselves in the table, and 1 stands outside its order.
    let first = if after == 0 { tables.tiny.phi(x) as i128 } else { 0 };
    let mut sum = first;
    let least = u64::from(tables.primes[K]);
    tables.factors.leaves(terms.lanes, K, after.max(least), last, list, |list| {
        sum += list.plus.iter().map(|&m| phi(m)).sum::<i128>();
        sum -= list.minus.iter().map(|&m| phi(m)).sum::<i128>();
    });
    sum
}
