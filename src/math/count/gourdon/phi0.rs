//! Φ0, the ordinary leaves: Σ μ(m)·phi(x/m, k) over the squarefree m up to z without the first k primes and without primes above
//! y.
//!
//! Cost: two divisions and two look-ups for each m; there are about z/6. Memory: only the tables.

use super::TermContext;
use super::params::K;
use crate::math::lanes::SignedDivisors;

/// The sum over `after < m <= last`.
pub fn sum(context: &TermContext, after: u64, last: u64, list: &mut SignedDivisors) -> i128 {
    let (x, tables) = (context.params.x, context.tables());
    let phi = |m: u32| tables.tiny.phi(x / u128::from(m)) as i128;
    // The smallest primes have the entry of a prime in the table, and 1 is out of its order.
    let first = if after == 0 { tables.tiny.phi(x) as i128 } else { 0 };
    let mut sum = first;
    let least = u64::from(tables.primes[K]);
    tables.factors.leaves(context.lanes, K, after.max(least), last, list, |list| {
        sum += list.plus.iter().map(|&m| phi(m)).sum::<i128>();
        sum -= list.minus.iter().map(|&m| phi(m)).sum::<i128>();
    });
    sum
}
