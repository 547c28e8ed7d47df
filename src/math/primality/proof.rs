//! Proofs that numbers up to 2^128 are prime, by factors of n - 1.
//!
//! Let F be a divisor of n - 1 of which all prime factors q are known, and let there be for each q a base a with a^(n-1) = 1 modulo n, for which a^((n-1)/q) - 1
//! and n have no common divisor. Then each prime divisor of n is 1 modulo F (Pocklington, 1914). So n is prime if F is above √n; and also if F is above ∛n
//! and, with n = c₂F² + c₁F + 1 in base F, c₁² - 4c₂ is no square, because n has at most two prime divisors then (Brillhart, Lehmer & Selfridge, New
//! primality criteria and factorizations of 2^m ± 1, 1975; Crandall & Pomerance, Prime Numbers, Theorem 4.1.5). The factors q are proven
//! in turn: below 3.3·10^24 by the test, above by a proof of their own.
//!
//! A [`Proof`] has the factors and their bases, from which anybody can check it: [`Proof::holds`] does, and knows nothing of how they were found.
//! Where no factors are found, nothing is proven. That is rare: the curves of `factors.rs` find all that are needed of almost any number.
//!
//! Cost: some milliseconds for most numbers, and up to a second where n - 1 has only large factors.

use super::factors::{factor, gcd};
use super::montgomery::Modulus;
use super::{PROVEN_BELOW, is_prime};

/// A proof that a number is prime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The number.
    pub n: u128,
    /// Prime factors of n - 1, each once, with the base that belongs to it.
    pub factors: Vec<(u128, u32)>,
    /// Proofs of those factors that the test does not prove.
    pub below: Vec<Proof>,
}

/// What comes of looking for a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// It is prime.
    Proven(Proof),
    /// It is composite, although it may have passed a test.
    Composite,
    /// Too few factors were found.
    Unknown,
}

/// The small primes that are divided out first.
const SMALL_END: u128 = 1000;

/// Bases are tried up to this one. All but one in q of them do.
const BASES_END: u32 = 1000;

/// Looks for a proof that `n`, which is odd and above 1000, is prime.
pub fn prove(n: u128) -> Sought {
    let Some(primes) = enough_factors(n) else { return Sought::Unknown };
    let (mut factors, mut below) = (vec![], vec![]);
    for prime in primes {
        match base_of(n, prime) {
            Ok(Some(base)) => factors.push((prime, base)),
            Ok(None) => return Sought::Unknown,
            Err(Composite) => return Sought::Composite,
        }
        if prime >= PROVEN_BELOW {
            match prove(prime) {
                Sought::Proven(proof) => below.push(proof),
                // A factor that is none makes no statement about n.
                Sought::Composite | Sought::Unknown => return Sought::Unknown,
            }
        }
    }
    let proof = Proof { n, factors, below };
    match (proof.holds(), square_is_left(n, proof.factored())) {
        (true, _) => Sought::Proven(proof),
        (false, Some(true)) => Sought::Composite,
        (false, _) => Sought::Unknown,
    }
}

/// Something that no prime does.
struct Composite;

/// Prime factors of n - 1, each once, whose powers in it make more than the cube root of n.
fn enough_factors(n: u128) -> Option<Vec<u128>> {
    let mut primes = vec![];
    let mut rest = n - 1;
    for prime in (2..SMALL_END).filter(|&number| is_prime(number)) {
        if rest.is_multiple_of(prime) {
            primes.push(prime);
            while rest.is_multiple_of(prime) {
                rest /= prime;
            }
        }
    }
    let mut open = if rest > 1 { vec![rest] } else { vec![] };
    while !is_enough(n, part_of(n, &primes)) {
        // The smallest is split soonest.
        open.sort_unstable_by(|a, b| b.cmp(a));
        let number = open.pop()?;
        if is_prime(number) {
            if !primes.contains(&number) {
                primes.push(number);
            }
            continue;
        }
        // One that cannot be split is left, and others may be enough.
        if let Some(found) = factor(number) {
            open.extend([found, number / found]);
        }
    }
    primes.sort_unstable();
    Some(primes)
}

/// The part of n - 1 that has these prime factors.
fn part_of(n: u128, primes: &[u128]) -> u128 {
    let mut rest = n - 1;
    for &prime in primes {
        while rest.is_multiple_of(prime) {
            rest /= prime;
        }
    }
    (n - 1) / rest
}

/// Whether F³ is above n.
fn is_enough(n: u128, factored: u128) -> bool {
    factored.checked_pow(3).is_none_or(|cube| cube > n)
}

/// Whether c₁² - 4c₂ is a square; `None` if F is so large that it does not matter, or too small.
fn square_is_left(n: u128, factored: u128) -> Option<bool> {
    let is_above_root = factored.checked_mul(factored).is_none_or(|square| square > n);
    if is_above_root || !is_enough(n, factored) {
        return None;
    }
    // F is below 2^64, and so is c₁; c₂ is below F, because F³ is above n.
    let (high, c1) = ((n - 1) / factored / factored, (n - 1) / factored % factored);
    let left = (c1 * c1).checked_sub(4 * high);
    Some(left.is_some_and(|left| left.isqrt().pow(2) == left))
}

/// A base for a prime factor of n - 1.
fn base_of(n: u128, prime: u128) -> Result<Option<u32>, Composite> {
    let modulus = Modulus::new(n);
    for base in (2..BASES_END).filter(|&base| is_prime(base.into())) {
        let power = power(&modulus, base, (n - 1) / prime);
        if power_of(&modulus, power, prime) != modulus.one {
            return Err(Composite);
        }
        match gcd(n, modulus.sub(power, modulus.one)) {
            1 => return Ok(Some(base)),
            shared if shared < n => return Err(Composite),
            _ => (),
        }
    }
    Ok(None)
}

/// The residue of base^exponent.
fn power(modulus: &Modulus<u128>, base: u32, exponent: u128) -> u128 {
    power_of(modulus, modulus.residue(base.into()), exponent)
}

fn power_of(modulus: &Modulus<u128>, residue: u128, exponent: u128) -> u128 {
    let bits = (0..128 - exponent.leading_zeros()).rev();
    bits.fold(modulus.one, |power, bit| {
        let square = modulus.mul(power, power);
        if exponent >> bit & 1 == 1 { modulus.mul(square, residue) } else { square }
    })
}

impl Proof {
    /// The part of n - 1 that its factors make.
    fn factored(&self) -> u128 {
        let primes: Vec<u128> = self.factors.iter().map(|(prime, _)| *prime).collect();
        part_of(self.n, &primes)
    }

    /// Whether it is a proof: everything in it is computed again, but for tests of numbers below 3.3·10^24, which are proofs themselves.
    pub fn holds(&self) -> bool {
        let n = self.n;
        if n < 3
            || n.is_multiple_of(2)
            || self.factors.iter().any(|&(prime, _)| prime < 2 || !(n - 1).is_multiple_of(prime))
        {
            return false;
        }
        let is_proven = |prime: u128| match prime < PROVEN_BELOW {
            true => is_prime(prime),
            false => self.below.iter().any(|proof| proof.n == prime && proof.holds()),
        };
        let modulus = Modulus::new(n);
        let has_base = |prime: u128, base: u32| {
            let residue = power(&modulus, base, (n - 1) / prime);
            power_of(&modulus, residue, prime) == modulus.one && gcd(n, modulus.sub(residue, modulus.one)) == 1
        };
        let factored = self.factored();
        self.factors.iter().all(|&(prime, base)| is_proven(prime) && has_base(prime, base))
            && is_enough(n, factored)
            && square_is_left(n, factored) != Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GREATEST, next_prime, prev_prime};
    use super::*;
    use crate::math::trial;

    #[test]
    fn primes_of_all_sizes_are_proven() {
        let mut n = 1_000_000u128;
        while n < u128::MAX / 3 {
            let prime = next_prime(n).unwrap();
            let Sought::Proven(proof) = prove(prime) else { panic!("{prime}") };
            assert!(proof.holds() && proof.n == prime);
            n = n * 3 + 77;
        }
        for prime in [GREATEST, prev_prime(GREATEST).unwrap(), (1 << 127) - 1, (1 << 107) - 1, (1 << 89) - 1] {
            assert!(matches!(prove(prime), Sought::Proven(_)), "{prime}");
        }
    }

    #[test]
    fn no_composite_number_has_a_proof() {
        for n in (1001..60_000).step_by(2) {
            assert_eq!(matches!(prove(n), Sought::Proven(_)), trial::is_prime(n as u64), "{n}");
        }
        // Products of two primes that have much in common with n - 1: those that only the last condition tells from primes.
        for k in 1..400u128 {
            for (a, b) in [(1, 2), (1, 3), (2, 3), (1, 1)] {
                let shared = 2 * (500 + k);
                let (p, q) = (a * shared + 1, b * shared + 1);
                assert!(!matches!(prove(p * q), Sought::Proven(_)), "{p} * {q}");
            }
        }
        // Carmichael numbers, and the least one that passes the strong tests to the first 13 primes.
        for n in [1729, 2465, 2821, 6601, 8911, 825_265, 321_197_185, PROVEN_BELOW] {
            assert!(!matches!(prove(n), Sought::Proven(_)), "{n}");
        }
    }

    #[test]
    fn a_proof_of_which_anything_is_changed_does_not_hold() {
        let Sought::Proven(proof) = prove((1 << 127) - 1) else { panic!("it is prime") };
        let with = |change: fn(&mut Proof)| {
            let mut other = proof.clone();
            change(&mut other);
            other.holds()
        };
        assert!(with(|_| ()));
        assert!(!with(|proof| proof.n += 2));
        assert!(!with(|proof| proof.factors.clear()));
        assert!(!with(|proof| proof.factors[0].0 = 6));
        assert!(!with(|proof| proof.factors[0].0 = 1));
        assert!(!with(|proof| proof.factors[0].1 = 1));
        assert!(!with(|proof| proof.factors.truncate(1)));
        // A factor of n - 1 that is no prime.
        assert!(!with(|proof| {
            let product = proof.factors[0].0 * proof.factors[1].0;
            proof.factors[0].0 = product;
        }));
    }
}
