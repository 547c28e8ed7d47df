//! Wheels: numbers that share a factor with the first few primes need no bit.
//!
//! A wheel of modulus M = 2·3·5·…·q lets through φ(M) of every M residues, its *classes*. The larger the
//! wheel, the fewer numbers and the fewer multiples to cross off: 26.7 % of all numbers are left at M = 30,
//! 22.9 % at 210, 20.8 % at 2310, 19.2 % at 30030. But each class is a line of bits of its own, and lines
//! that are too short are mostly overhead; so the width of the window picks the wheel.

use crate::math::lanes::Start;
use std::sync::OnceLock;

pub struct Wheel {
    /// The primes that the wheel leaves out.
    pub primes: &'static [u64],
    /// Their product.
    pub modulus: u64,
    /// The residues that share no factor with the modulus, ascending.
    pub classes: Vec<u32>,
    /// For each residue r that has an inverse modulo the modulus: -1/r; 0 for the others.
    negated_inverses: Vec<u32>,
}

/// The first primes whose products are the wheels' moduli.
const PRIMES: &[u64] = &[2, 3, 5, 7, 11, 13];

/// How many primes the wheels have, smallest first.
const SIZES: [usize; 4] = [3, 4, 5, 6];

static WHEELS: [OnceLock<Wheel>; SIZES.len()] = [const { OnceLock::new() }; SIZES.len()];

impl Wheel {
    /// All wheels, smallest first.
    pub fn all() -> impl Iterator<Item = &'static Wheel> {
        (0..SIZES.len()).map(Wheel::of)
    }

    /// The smallest wheel, whose lines have the numbers nearly in order.
    pub fn smallest() -> &'static Wheel {
        Wheel::of(0)
    }

    fn of(size: usize) -> &'static Wheel {
        WHEELS[size].get_or_init(|| Wheel::new(&PRIMES[..SIZES[size]]))
    }

    fn new(primes: &'static [u64]) -> Wheel {
        let modulus = primes.iter().product::<u64>();
        let free = |n: &u64| primes.iter().all(|&p| !n.is_multiple_of(p));
        let classes = (0..modulus).filter(free).map(|n| n as u32).collect();
        let negated = |n| if free(&n) { (modulus - inverse(n, modulus)) as u32 } else { 0 };
        Wheel { primes, modulus, classes, negated_inverses: (0..modulus).map(negated).collect() }
    }

    /// What the lanes need of the wheel to find where primes hit its lines.
    pub fn start(&self) -> Start<'_> {
        Start { digits: &[0], modulus: self.modulus as u32, negated_inverses: &self.negated_inverses }
    }
}

/// The inverse of `n` modulo `modulus` by Euclid's algorithm; they share no factor.
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
