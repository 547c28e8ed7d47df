//! phi(n, a) for the starts of D's sieve: how many numbers in 1..=n none of the first a primes divides.

use super::params::K;
use super::tables::Tables;

/// Recursive by phi(n, a) = phi(n, a-1) - phi(n/p_a, a-1), cut short wherever the table of π knows the answer.
///
/// Cost: from nothing to some 10^5 look-ups, the more the larger n is against the table.
pub struct Phi<'a> {
    pub tables: &'a Tables,
}

impl Phi<'_> {
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
                // Of these primes only the multiple by 1 is left.
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
