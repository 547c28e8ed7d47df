//! Presieving: the multiples of the smallest primes as patterns that repeat.
//!
//! In a line every step is one bit, so the multiples of p repeat every p bits, and since p is odd every p
//! bytes, with any alignment occurring somewhere in them. A table of p·q bytes thus holds the multiples of p
//! and q for every line of a wheel; ANDing a few such tables starts the line with all multiples of the
//! smallest primes gone, which would be half of all the work.

use super::naive;
use super::wheel::{Wheel, inverse};
use crate::math::lanes::{STRIPE_WORDS, Stripe};

/// The presieve tables for one wheel.
pub struct Stripes {
    tables: Vec<Table>,
    /// The primes that they cross off, ascending.
    primes: Vec<u32>,
}

struct Table {
    bytes: Vec<u8>,
    period: u64,
    /// 1/(8·M) modulo the period: from a line's first number to its place in the table.
    scale: u64,
}

/// Tables, each for two primes, the smallest with the largest and so on inwards: then they are alike in
/// size, some 2 to 9 KiB, and together stay in a second-level cache.
const TABLES: usize = 17;

impl Stripes {
    pub fn new(wheel: &Wheel) -> Stripes {
        let primes = naive::primes(400);
        let primes = &primes[wheel.primes.len()..][..2 * TABLES];
        let pairs = (0..TABLES).map(|index| [primes[index], primes[2 * TABLES - 1 - index]].map(u64::from));
        let tables = pairs.map(|[p, q]| {
            let period = p * q;
            let mut bytes = vec![255u8; period as usize];
            for bit in (0..8 * period).step_by(p as usize).chain((0..8 * period).step_by(q as usize)) {
                bytes[bit as usize / 8] &= !(1 << (bit % 8));
            }
            bytes.extend_from_within(..8 * STRIPE_WORDS);
            Table { bytes, period, scale: inverse(8 * wheel.modulus % period, period) }
        });
        Stripes { tables: tables.collect(), primes: primes.to_vec() }
    }

    /// The primes whose multiples are gone, ascending: all that are not in the wheel, up to the last.
    pub fn primes(&self) -> &[u32] {
        &self.primes
    }

    pub fn last(&self) -> u32 {
        self.primes[self.primes.len() - 1]
    }

    /// The stripes of the line whose first bit stands for the number `first`.
    ///
    /// Bit i of the line stands for first + M·i, which p divides if and only if it divides i + first/M. The
    /// table has cleared the bits that p divides themselves, so the line starts at the table's bit first/M,
    /// which is byte first/(8·M), all modulo the period.
    pub fn of_line(&self, first: u128) -> Vec<Stripe<'_>> {
        // Periods are below 2^17, so the product stays far below 2^64.
        let place = |table: &Table| {
            let first = (first % u128::from(table.period)) as u64;
            (first * table.scale % table.period) as usize
        };
        let stripes = self.tables.iter().map(|table| Stripe {
            bytes: &table.bytes,
            period: table.period as usize,
            at: place(table),
        });
        stripes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn stripes_clear_the_multiples_and_nothing_else() {
        for wheel in Wheel::all() {
            let stripes = Stripes::new(wheel);
            let primes: Vec<u64> = (7..=u64::from(stripes.last()))
                .filter(|&n| crate::math::trial::is_prime(n) && !wheel.modulus.is_multiple_of(n))
                .collect();
            for first in [1, 7 + 12345 * u128::from(wheel.modulus), u128::MAX / 7] {
                let mut line = vec![0; 4 * STRIPE_WORDS];
                lanes::pick(None).unwrap().presieve(&mut line, &mut stripes.of_line(first));
                for bit in 0..64 * line.len() {
                    let number = first + wheel.modulus as u128 * bit as u128;
                    let free = primes.iter().all(|&p| !number.is_multiple_of(u128::from(p)));
                    assert_eq!(line[bit / 64] >> (bit % 64) & 1 == 1, free, "{number}");
                }
            }
        }
    }
}
