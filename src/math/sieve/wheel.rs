//! Wheels: numbers that share a factor with the first few primes need no bit.
//!
//! A wheel of modulus M = 2·3·5·…·q lets through φ(M) of every M residues, its *classes*. A larger wheel leaves fewer numbers
//! and fewer multiples to cross off: 26.7 % of all numbers at M = 30, 22.9 % at 210, 20.8 % at 2310, 19.2 % at 30030. But each
//! class has bits of its own, and a class with few bits is mostly overhead. So the width of the window decides the wheel.

use crate::math::lanes::Start;
use std::sync::OnceLock;

/// The residue classes modulo the product of the first few primes that have primes in them.
pub struct Wheel {
    /// The primes that the wheel leaves out.
    pub primes: &'static [u64],
    /// Their product.
    pub modulus: u64,
    /// The residues that share no factor with the modulus, ascending.
    pub classes: Vec<u32>,
    /// For each residue r that has an inverse modulo the modulus: -1/r. 0 for the other residues.
    negated_inverses: Vec<u32>,
}

/// The first primes whose products are the wheels' moduli.
const WHEEL_PRIMES: &[u64] = &[2, 3, 5, 7, 11, 13];

/// How many primes each wheel has, the smallest wheel first.
const SIZES: [usize; 4] = [3, 4, 5, 6];

static WHEELS: [OnceLock<Wheel>; SIZES.len()] = [const { OnceLock::new() }; SIZES.len()];

impl Wheel {
    /// All wheels, smallest first.
    pub fn all() -> impl Iterator<Item = &'static Wheel> {
        (0..SIZES.len()).map(Wheel::of)
    }

    /// The smallest wheel, with eight classes.
    pub fn smallest() -> &'static Wheel {
        Wheel::of(0)
    }

    fn of(size: usize) -> &'static Wheel {
        WHEELS[size].get_or_init(|| Wheel::new(&WHEEL_PRIMES[..SIZES[size]]))
    }

    fn new(primes: &'static [u64]) -> Wheel {
        let modulus = primes.iter().product::<u64>();
        let mut is_class = vec![true; modulus as usize];
        for &p in primes {
            is_class.iter_mut().step_by(p as usize).for_each(|class| *class = false);
        }
        let classes: Vec<u32> = (0..).zip(is_class).filter_map(|(residue, is)| is.then_some(residue)).collect();
        let mut negated_inverses = vec![0; modulus as usize];
        for &class in &classes {
            if negated_inverses[class as usize] == 0 {
                let end = modulus as u32;
                let negated = end - inverse(class.into(), modulus) as u32;
                // If -1/r is n, then -1/n is r; and -1/-r is -n, because both signs change.
                for (r, n) in [(class, negated), (end - class, end - negated)] {
                    negated_inverses[r as usize] = n;
                    negated_inverses[n as usize] = r;
                }
            }
        }
        Wheel { primes, modulus, classes, negated_inverses }
    }

    /// What the lanes need of the wheel to find first multiples.
    pub fn start(&self) -> Start<'_> {
        Start { digits: &[0], modulus: self.modulus as u32, negated_inverses: &self.negated_inverses }
    }
}

/// The inverse of `n` modulo `modulus`, by Euclid's algorithm. They must share no factor.
pub fn inverse(n: u64, modulus: u64) -> u64 {
    let (mut a, mut b) = (n as i64, modulus as i64);
    let (mut x, mut y) = (1i64, 0i64);
    while b != 0 {
        let q = a / b;
        (a, b) = (b, a - q * b);
        (x, y) = (y, x - q * y);
    }
    x.rem_euclid(modulus as i64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_the_totatives() {
        for (size, (modulus, count)) in [(30, 8), (210, 48), (2310, 480), (30030, 5760)].into_iter().enumerate() {
            let wheel = Wheel::of(size);
            assert_eq!((wheel.modulus, wheel.classes.len()), (modulus, count));
        }
        assert_eq!(Wheel::of(0).classes, [1, 7, 11, 13, 17, 19, 23, 29]);
    }

    #[test]
    fn inverses_are_inverse() {
        for size in 0..SIZES.len() {
            let wheel = Wheel::of(size);
            for &class in &wheel.classes {
                let negated = u64::from(wheel.negated_inverses[class as usize]);
                assert_eq!(negated * u64::from(class) % wheel.modulus, wheel.modulus - 1, "{class}");
            }
        }
    }
}
