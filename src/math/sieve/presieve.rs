//! Presieving: the multiples of the smallest primes are patterns that repeat.
//!
//! The multiples of p are every p-th bit of a class. Since p is odd they repeat every p bytes, and every alignment occurs
//! somewhere in those bytes. So one table of p·q bytes has the multiples of p and q for every class of a wheel. A few such
//! tables, ANDed together, cross off all multiples of the smallest primes. Crossed off one by one they would be half of all
//! the work.

use super::naive;
use super::wheel::{Wheel, inverse};
use crate::math::lanes::{PRESIEVE_WORDS, Pattern};

/// The presieve tables for one wheel.
pub struct Presieve {
    tables: Vec<PairTable>,
    /// The primes of the tables, ascending.
    primes: Vec<u32>,
}

struct PairTable {
    bytes: Vec<u8>,
    period: u64,
    /// 1/(8·M) modulo the period: it gives the place of a class's first number in the table.
    scale: u64,
}

/// How many tables there are. Each is for two primes, the smallest with the largest, and so on inwards. So all have a similar
/// size, 2 to 9 KiB, and together they stay in a second-level cache.
const TABLES: usize = 17;

impl Presieve {
    /// Makes the patterns of the primes behind those of the wheel.
    pub fn new(wheel: &Wheel) -> Presieve {
        let primes = naive::primes(400);
        let primes = &primes[wheel.primes.len()..][..2 * TABLES];
        let pairs = (0..TABLES).map(|index| [primes[index], primes[2 * TABLES - 1 - index]].map(u64::from));
        let tables = pairs.map(|[p, q]| {
            let period = p * q;
            let mut bytes = vec![255u8; period as usize];
            for bit in (0..8 * period).step_by(p as usize).chain((0..8 * period).step_by(q as usize)) {
                bytes[bit as usize / 8] &= !(1 << (bit % 8));
            }
            bytes.extend_from_within(..8 * PRESIEVE_WORDS);
            PairTable { bytes, period, scale: inverse(8 * wheel.modulus % period, period) }
        });
        Presieve { tables: tables.collect(), primes: primes.to_vec() }
    }

    /// The primes whose multiples are crossed off, ascending: all primes up to the last that are not in the wheel.
    pub fn primes(&self) -> &[u32] {
        &self.primes
    }

    /// The largest of these primes.
    pub fn last(&self) -> u32 {
        self.primes[self.primes.len() - 1]
    }

    /// The patterns of the class whose first bit stands for the number `first`.
    ///
    /// Bit i of the class stands for first + M·i. p divides that if and only if it divides i + first/M modulo p. In the table
    /// the bits at multiples of p are cleared. So the class starts at bit first/M of the table, which is byte first/(8·M), modulo
    /// the period.
    pub fn of_class(&self, first: u128) -> Vec<Pattern<'_>> {
        // Periods are below 2^17, so the product stays far below 2^64.
        let place = |table: &PairTable| {
            let first = (first % u128::from(table.period)) as u64;
            (first * table.scale % table.period) as usize
        };
        let patterns = self.tables.iter().map(|table| Pattern {
            bytes: &table.bytes,
            period: table.period as usize,
            at: place(table),
        });
        patterns.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn patterns_clear_the_multiples_and_nothing_else() {
        for wheel in Wheel::all() {
            let patterns = Presieve::new(wheel);
            let primes: Vec<u64> = (7..=u64::from(patterns.last()))
                .filter(|&n| crate::math::trial::is_prime(n) && !wheel.modulus.is_multiple_of(n))
                .collect();
            for first in [1, 7 + 12345 * u128::from(wheel.modulus), u128::MAX / 7] {
                let mut bitmap = vec![0; 4 * PRESIEVE_WORDS];
                lanes::pick(None).unwrap().presieve(&mut bitmap, &mut patterns.of_class(first));
                for bit in 0..64 * bitmap.len() {
                    let number = first + wheel.modulus as u128 * bit as u128;
                    let free = primes.iter().all(|&p| !number.is_multiple_of(u128::from(p)));
                    assert_eq!(bitmap[bit / 64] >> (bit % 64) & 1 == 1, free, "{number}");
                }
            }
        }
    }
}
