//! phi(n, a) for the starts of D's slices: how many numbers in 1..=n have no factor among the first a primes.

use super::params::K;
use super::tables::Tables;

/// By the recursion phi(n, a) = phi(n, a-1) - phi(n/p_a, a-1), which stops wherever the table of π has the answer.
///
/// Cost: up to some 10^5 look-ups; the more, the larger n is compared with the table.
pub struct PhiFromTables<'a> {
    /// The primes, π and phi for few primes.
    pub tables: &'a Tables,
}

impl PhiFromTables<'_> {
    /// phi(n, a), for a from K on.
    pub fn of(&self, n: u64, a: usize) -> u64 {
        let (primes, pi) = (&self.tables.primes, &self.tables.pi);
        if n == 0 {
            return 0;
        }
        if a <= K {
            debug_assert_eq!(a, K);
            return self.tables.tiny.phi64(n);
        }
        if n < u64::from(primes[a]) {
            return 1;
        }
        if n <= pi.last() && n < u64::from(primes[a + 1]).pow(2) {
            return (pi.of(n) + 1).saturating_sub(a as u64).max(1);
        }
        let mut phi = self.tables.tiny.phi64(n);
        for (b, &p) in primes.iter().enumerate().take(a + 1).skip(K + 1) {
            let p = u64::from(p);
            let quotient = n / p;
            if quotient < p {
                // For these primes only the multiple by 1 remains.
                return phi - (a - b + 1) as u64;
            }
            phi -= match quotient <= pi.last() && quotient < p * p {
                true => (pi.of(quotient) + 2).saturating_sub(b as u64).max(1),
                false => self.of(quotient, b - 1),
            };
        }
        phi
    }
}
