//! n! as a product of powers of primes, cut into shares of equal size.
//!
//! A prime p divides n! e times, where e is the sum of ⌊n/p⌋, ⌊n/p²⌋ and so on. The exponent is shared out: each of the units gets e/units
//! of it, rounded so that all shares together are e. So every unit gets some of every small prime and its part of the large ones, and
//! the shares are numbers of about equal size. The tens are left out: 5, and as many twos, only put zeros behind the text.
//!
//! A share is computed by the bits of its exponents, the highest first: square, then multiply by the primes that have this bit. So half of the
//! work of the last multiplication is a square, half of that of the one before, and so on.
//!
//! Source: Borwein, On the complexity of calculating factorials, 1985. Cost: some multiplications of numbers of the size of the share.

use super::decimal::Decimal;
use super::integer::Integer;
use super::primality::Modulus;

/// How often 2, or the odd prime `p`, or 5, divides n! beside the tens.
fn exponent(n: u32, p: u32) -> u64 {
    let times =
        |p| std::iter::successors(Some(n / p), |&times| (times > 0).then_some(times / p)).map(u64::from).sum::<u64>();
    match p {
        2 => times(2) - times(5),
        5 => 0,
        _ => times(p),
    }
}

/// How many zeros n! ends with.
pub fn tens(n: u32) -> u64 {
    std::iter::successors(Some(n / 5), |&times| (times > 0).then_some(times / 5)).map(u64::from).sum()
}

/// How much of a prime's exponent the units before `unit` have. Primes have different roundings, so that those which divide n! once do not
/// all fall to one unit.
fn before(exponent: u64, unit: u64, units: u64, index: usize) -> u64 {
    (exponent * unit + index as u64 % units) / units
}

/// The primes up to n, in ascending slices, each with its exponent beside the tens, and its index.
fn exponents<'a>(n: u32, primes: impl Iterator<Item = &'a [u32]>) -> impl Iterator<Item = (usize, u32, u64)> {
    primes.flatten().enumerate().map(move |(index, &p)| (index, p, exponent(n, p)))
}

/// The share of a unit in n! without its tens. `primes` are all primes up to n, in ascending slices.
pub fn share<'a>(n: u32, unit: u64, units: u64, primes: impl Iterator<Item = &'a [u32]>) -> Decimal {
    let mut bits: Vec<Vec<u32>> = vec![];
    for (index, p, exponent) in exponents(n, primes) {
        let mut share = before(exponent, unit + 1, units, index) - before(exponent, unit, units, index);
        let mut bit = 0;
        while share > 0 {
            if bit == bits.len() {
                bits.push(vec![]);
            }
            if share & 1 == 1 {
                bits[bit].push(p);
            }
            (share, bit) = (share >> 1, bit + 1);
        }
    }
    let one = Growing::Binary(Integer::from(1));
    bits.iter().rev().fold(one, |product, factors| product.square().times(product_of(factors))).into_decimal()
}

/// The product of the shares of `units.start..units.end`, modulo an odd number above n.
pub fn shares_modulo<'a>(
    n: u32,
    shares: std::ops::Range<u64>,
    units: u64,
    primes: impl Iterator<Item = &'a [u32]>,
    modulus: u64,
) -> u64 {
    let modulo = Modulus::new(modulus);
    let mut product = modulo.one;
    for (index, p, exponent) in exponents(n, primes) {
        let mut share = before(exponent, shares.end, units, index) - before(exponent, shares.start, units, index);
        let mut power = modulo.residue(p.into());
        while share > 0 {
            if share & 1 == 1 {
                product = modulo.mul(product, power);
            }
            (share, power) = (share >> 1, modulo.mul(power, power));
        }
    }
    // From its Montgomery form.
    modulo.mul(product, 1)
}

/// Numbers with more bits are decimal. To convert shorter ones costs less than to multiply decimal ones, which is two products.
const BINARY_BITS: u64 = 300_000;

/// A product while it grows: first binary, then decimal.
enum Growing {
    Binary(Integer),
    Decimal(Decimal),
}

impl Growing {
    fn into_decimal(self) -> Decimal {
        match self {
            Growing::Binary(value) => Decimal::of(&value),
            Growing::Decimal(value) => value,
        }
    }

    fn square(self) -> Growing {
        match self {
            Growing::Binary(value) if 2 * bits(&value) <= BINARY_BITS => Growing::Binary(value.square()),
            value => Growing::Decimal(value.into_decimal().square(1)),
        }
    }

    fn times(self, other: Growing) -> Growing {
        match (self, other) {
            (Growing::Binary(a), Growing::Binary(b)) if bits(&a) + bits(&b) <= BINARY_BITS => Growing::Binary(a * b),
            (a, b) => Growing::Decimal(a.into_decimal().product(&b.into_decimal(), 1)),
        }
    }
}

fn bits(value: &Integer) -> u64 {
    value.significant_bits().into()
}

/// The product of these factors, in halves, so that numbers of equal size are multiplied.
fn product_of(factors: &[u32]) -> Growing {
    match factors {
        [] => Growing::Binary(Integer::from(1)),
        [first] => Growing::Binary(Integer::from(*first)),
        [first, second] => Growing::Binary(Integer::from(u64::from(*first) * u64::from(*second))),
        _ => {
            let (left, right) = factors.split_at(factors.len() / 2);
            product_of(left).times(product_of(right))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::integer::factorial;
    use crate::math::sieve::naive;

    #[test]
    fn shares_of_any_number_of_units_come_to_the_factorial() {
        for n in [2u32, 3, 4, 5, 9, 10, 25, 26, 1000, 20_011] {
            let primes = naive::primes(n as usize);
            let slices = || primes.chunks(1000);
            for units in [1, 2, 3, 16] {
                let all = (0..units).fold(Decimal::one(), |all, unit| all.product(&share(n, unit, units, slices()), 1));
                let text = String::from_utf8(all.text(tens(n) as usize)).unwrap();
                assert_eq!(text, factorial(n).to_string(), "{n} in {units}");
                for (start, end) in [(0, units), (units / 2, units), (units - 1, units)] {
                    let some =
                        (start..end).fold(Decimal::one(), |all, unit| all.product(&share(n, unit, units, slices()), 1));
                    let modulus = (1 << 61) - 1;
                    assert_eq!(shares_modulo(n, start..end, units, slices(), modulus), some.modulo(modulus));
                }
            }
        }
    }

    #[test]
    fn long_shares_are_decimal_on_the_way_and_of_equal_size() {
        let n = 200_000;
        let primes = naive::primes(n as usize);
        let whole = share(n, 0, 1, primes.chunks(1000));
        assert_eq!(
            whole,
            Decimal::of(&(factorial(n) / crate::math::integer::raised(Integer::from(10), tens(n) as u32)))
        );
        let digits: Vec<usize> = (0..8).map(|unit| share(n, unit, 8, primes.chunks(1000)).digits()).collect();
        let (least, most) = (digits.iter().min().unwrap(), digits.iter().max().unwrap());
        assert!(most - least < most / 20, "{digits:?}");
    }
}
