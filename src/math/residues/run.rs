//! The product of a run of numbers modulo an odd number, and modulo a prime in the time of the square root of its length.
//!
//! Let g_d(x) be the product of x + 1 to x + d, a polynomial of degree d. With v² numbers, the values of g_v at v points that are v
//! apart have their product. They are made by doubling d: g_2d(x) = g_d(x)·g_d(x + d). A polynomial of degree d is known by d + 1 values, and
//! Lagrange's formula gives its values at any d + 1 points that follow each other: that is a convolution, which GMP computes as a product of integers
//! (Kronecker's substitution).
//!
//! Source: Bostan, Gaudry and Schost, Linear recurrences with polynomial coefficients, 2007. Cost: three products of polynomials for each
//! doubling, so about √n·log n multiplications.

use crate::math::integer;
use crate::math::primality::Modulus;

/// Seconds of one thread for a run modulo a prime. Measured from 10^6 to 10^12.
pub fn seconds(count: u64) -> f64 {
    let side = count.isqrt().max(2) as f64;
    side * side.log2() * 2.1e-7
}

/// Seconds for each number that is multiplied one by one. Measured.
pub const ONE_SECONDS: f64 = 0.6e-9;

/// Bytes for each number of the square root. Measured.
pub const BYTES: u64 = 300;

/// The product of `first` + 1 to `first` + `count` modulo an odd number, one by one.
pub fn one_by_one(first: u64, count: u64, modulus: u64) -> u64 {
    let modulo = Modulus::new(modulus);
    modulo.mul(run(&modulo, first, count), 1)
}

/// The same as a residue.
fn run(modulo: &Modulus<u64>, first: u64, count: u64) -> u64 {
    /// So many products are made at once, because each multiplication waits for the one before.
    const CHAINS: u64 = 8;
    let mut chains = [modulo.one; CHAINS as usize];
    let rounds = count / CHAINS;
    let mut next = first + 1;
    for _ in 0..rounds {
        // The numbers are no residues, so each multiplication also divides by the radix.
        (next..).zip(&mut chains).for_each(|(number, product)| *product = modulo.mul(*product, number));
        next += CHAINS;
    }
    let rest = (next..next + count % CHAINS).fold(modulo.one, |product, number| modulo.mul(product, number));
    let product = chains.into_iter().fold(rest, |product, chain| modulo.mul(product, chain));
    // The residue of the radix.
    let radix = modulo.residue(modulo.one);
    modulo.mul(product, power(modulo, radix, count))
}

fn power(modulo: &Modulus<u64>, mut base: u64, mut exponent: u64) -> u64 {
    let mut product = modulo.one;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product = modulo.mul(product, base);
        }
        (base, exponent) = (modulo.mul(base, base), exponent >> 1);
    }
    product
}

/// The product of `first` + 1 to `first` + `count` modulo a prime above 2·`count` and above all these numbers.
pub fn quick(first: u64, count: u64, prime: u64) -> u64 {
    let modulo = Modulus::new(prime);
    let side = count.isqrt();
    let values = Values::new(modulo, first, side).doubled_up_to(side);
    let square = values.values[..side as usize].iter().fold(modulo.one, |product, value| modulo.mul(product, *value));
    let rest = run(&modulo, first + side * side, count - side * side);
    modulo.mul(modulo.mul(square, rest), 1)
}

/// The values of g_d at d + 1 points that are `side` apart.
struct Values {
    modulo: Modulus<u64>,
    /// The residues of the first point, of `side`, and of its inverse.
    first: u64,
    side: u64,
    inverse: u64,
    degree: u64,
    values: Vec<u64>,
    /// The inverses of the factorials up to `side`.
    factorials: Vec<u64>,
}

impl Values {
    /// Those of degree 1.
    fn new(modulo: Modulus<u64>, first: u64, side: u64) -> Values {
        let one = modulo.one;
        let numbers = (1..=side).scan(0, |number, _| {
            *number = modulo.add(*number, one);
            Some(*number)
        });
        let mut factorials = vec![one];
        for inverse in inverses(&modulo, &numbers.collect::<Vec<_>>()) {
            factorials.push(modulo.mul(factorials[factorials.len() - 1], inverse));
        }
        let [first, side] = [first, side].map(|number| modulo.residue(number));
        let at_first = modulo.add(first, one);
        let values = vec![at_first, modulo.add(at_first, side)];
        Values { modulo, first, side, inverse: power(&modulo, side, modulo.n - 2), degree: 1, values, factorials }
    }

    /// Those of this degree, by its bits.
    fn doubled_up_to(mut self, degree: u64) -> Values {
        for bit in (0..degree.ilog2()).rev() {
            self.double();
            if degree >> bit & 1 == 1 {
                self.add_one();
            }
        }
        self
    }

    fn double(&mut self) {
        let modulo = &self.modulo;
        let degree = modulo.residue(self.degree);
        let behind = modulo.add(degree, modulo.one);
        let beside = modulo.mul(degree, self.inverse);
        let moved = [behind, beside, modulo.add(beside, behind)].map(|by| self.moved(by));
        let [behind, beside, both] = &moved;
        let points = self.values.iter().chain(behind).zip(beside.iter().chain(both));
        let doubled = points.take(2 * self.degree as usize + 1).map(|(a, b)| modulo.mul(*a, *b)).collect();
        (self.values, self.degree) = (doubled, 2 * self.degree);
    }

    fn add_one(&mut self) {
        let modulo = self.modulo;
        self.degree += 1;
        let mut more = modulo.add(self.first, modulo.residue(self.degree));
        for value in &mut self.values {
            *value = modulo.mul(*value, more);
            more = modulo.add(more, self.side);
        }
        // The factors at the new point; the last one is `more`.
        let mut last = modulo.one;
        for _ in 0..self.degree {
            last = modulo.mul(last, more);
            more = modulo.sub(more, modulo.one);
        }
        self.values.push(last);
    }

    /// The values so many points further on. `by` is a residue, and none from `by` - d to `by` + d is 0.
    fn moved(&self, by: u64) -> Vec<u64> {
        let (modulo, degree) = (&self.modulo, self.degree as usize);
        let first = modulo.sub(by, modulo.residue(self.degree));
        let places: Vec<u64> = std::iter::successors(Some(first), |place| Some(modulo.add(*place, modulo.one)))
            .take(2 * degree + 1)
            .collect();
        let inverses = inverses(modulo, &places);
        let weighted = self.values.iter().enumerate().map(|(index, value)| {
            let weight = modulo.mul(self.factorials[index], self.factorials[degree - index]);
            let product = modulo.mul(*value, weight);
            if (degree - index) % 2 == 1 { modulo.sub(0, product) } else { product }
        });
        let sums = convolved(modulo, &weighted.collect::<Vec<_>>(), &inverses, degree..2 * degree + 1);
        let mut product = places[..=degree].iter().fold(modulo.one, |product, place| modulo.mul(product, *place));
        let moved = sums.into_iter().enumerate().map(|(index, sum)| {
            let value = modulo.mul(product, sum);
            let next = places.get(degree + 1 + index).copied().unwrap_or(0);
            product = modulo.mul(product, modulo.mul(next, inverses[index]));
            value
        });
        moved.collect()
    }
}

/// The inverses of residues, none of which is 0, by one division.
fn inverses(modulo: &Modulus<u64>, residues: &[u64]) -> Vec<u64> {
    let mut product = modulo.one;
    let mut inverses: Vec<u64> = residues
        .iter()
        .map(|residue| {
            let before = product;
            product = modulo.mul(product, *residue);
            before
        })
        .collect();
    let mut rest = power(modulo, product, modulo.n - 2);
    for (inverse, residue) in inverses.iter_mut().zip(residues).rev() {
        *inverse = modulo.mul(*inverse, rest);
        rest = modulo.mul(rest, *residue);
    }
    inverses
}

/// The coefficients `which` of the product of two polynomials of residues.
fn convolved(modulo: &Modulus<u64>, a: &[u64], b: &[u64], which: std::ops::Range<usize>) -> Vec<u64> {
    let terms = a.len().min(b.len());
    let bits = 2 * (64 - modulo.n.leading_zeros()) + terms.ilog2() + 1;
    let words = bits.div_ceil(64) as usize;
    let packed = |polynomial: &[u64]| {
        let mut out = vec![0; polynomial.len() * words];
        out.iter_mut().step_by(words).zip(polynomial).for_each(|(word, residue)| *word = *residue);
        integer::from_words(&out)
    };
    let product = integer::words(&(packed(a) * packed(b)));
    // Of the product of two residues, one radix must go: a word is divided by it, the next is not, and the last is multiplied.
    let radix = modulo.residue(modulo.one);
    let coefficient = |index: usize| {
        let word = |word: usize| if word < words { product.get(index * words + word).copied().unwrap_or(0) } else { 0 };
        let low = modulo.add(modulo.mul(word(0), 1), modulo.mul(word(1), modulo.one));
        modulo.add(low, modulo.mul(word(2), radix))
    };
    which.map(coefficient).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::naive;
    use super::*;

    #[test]
    fn runs_of_any_length_and_place_are_products_of_their_numbers() {
        for prime in [1_000_003u64, 1_000_000_007, (1 << 61) - 1, 18_446_744_073_709_551_557] {
            for count in (1..200).chain([1000, 4095, 4096, 4097, 99_999]) {
                for first in [0, 1, 400_000] {
                    let numbers = first + 1..=first + count;
                    let expect = numbers.fold(1, |all, n| (u128::from(all) * u128::from(n) % u128::from(prime)) as u64);
                    assert_eq!(quick(first, count, prime), expect, "{count} from {first} on mod {prime}");
                    assert_eq!(one_by_one(first, count, prime), expect);
                }
            }
        }
    }

    #[test]
    fn a_composite_modulus_will_do_one_by_one() {
        for modulus in [9u64, 15, 65_537 * 65_537, u64::MAX] {
            for count in [0, 1, 7, 8, 9, 100] {
                assert_eq!(one_by_one(0, count, modulus), naive(count, modulus.into()), "{count}! mod {modulus}");
            }
        }
    }
}
