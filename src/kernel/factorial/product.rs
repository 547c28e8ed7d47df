//! One large factorial. Its units are shares of its powers of primes, numbers of equal size in decimal, and buddies are multiplied.

use super::{FactorialRow, answer, digits};
use crate::error::{Error, Result};
use crate::math::decimal::Decimal;
use crate::math::lanes;
use crate::math::primality::is_prime;
use crate::math::prime_powers::{share, shares_modulo, tens};
use crate::math::sieve::{Sieve, SievingPrimes};
use crate::placement::Placement;
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Kernel, Part, Work};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;

/// One factorial, as a product of shares.
pub struct Product {
    n: u32,
    full: bool,
    units: u64,
    /// The primes up to n.
    primes: SievingPrimes,
}

/// The sample is no larger than this: it takes some milliseconds.
const SAMPLE_MAX: u32 = 50_000;

impl Product {
    /// The factorial of n, which must be at least 2.
    pub fn new(n: u32, full: bool) -> Product {
        // Each doubling costs a multiplication of the whole, and more units make the last multiplications no shorter. So there are few: 4,
        // and 16 for 100 million, where a unit takes seconds.
        let units = 4 << ((n / 5_000_000).max(1).ilog2() / 2);
        Product { n, full, units, primes: SievingPrimes::up_to(n.into()) }
    }

    fn primes(&self) -> impl Iterator<Item = &[u32]> {
        self.primes.between(0, self.n.into())
    }
}

/// A sieve for the primes.
fn sieve(cache: usize) -> Sieve {
    Sieve::new(lanes::pick(None).expect("there are lanes"), cache)
}

/// A product of shares. No share at all is 1.
#[derive(Default)]
pub struct Shares(Decimal);

/// The limbs.
impl Wire for Shares {
    fn put(&self, out: &mut Vec<u8>) {
        let limbs = self.0.limbs();
        limbs.len().put(out);
        out.reserve(8 * limbs.len());
        limbs.iter().for_each(|limb| limb.put(out));
    }
    fn take(bytes: &mut &[u8]) -> Result<Shares> {
        let limbs = Decimal::from_limbs(Wire::take(bytes)?);
        limbs.map(Shares).ok_or_else(|| Error::failed("a message holds a number that is not decimal"))
    }
}

impl Part for Shares {
    fn merge(self, right: Shares) -> Shares {
        Shares(self.0.product(&right.0, 1))
    }
}

/// A prime of 61 bits, another one each time: a wrong product is right modulo hardly one such prime in 10^9, however long it is.
pub fn unforeseen_prime() -> u64 {
    // Its keys are from the system's randomness.
    let from = RandomState::new().build_hasher().finish() >> 4 | 1 << 60;
    (from..).find(|&number| is_prime(number.into())).expect("primes do not end")
}

impl Kernel for Product {
    type Part = Shares;
    type Scratch = Sieve;

    fn units(&self) -> u64 {
        self.units
    }

    fn scratch(&self, placement: &Placement) -> Sieve {
        sieve(placement.cache)
    }

    fn compute(&self, unit: u64, sieve: &mut Sieve) -> Result<Shares> {
        self.primes.make(sieve);
        Ok(Shares(share(self.n, unit, self.units, self.primes())))
    }

    fn merge(&self, left: Shares, right: Shares, threads: usize) -> Shares {
        Shares(left.0.product(&right.0, threads))
    }

    /// Computed again modulo a prime that nobody can foresee.
    fn plausible(&self, units: Range<u64>, product: &Shares) -> bool {
        self.primes.make(&mut sieve(Placement::here(0).cache));
        let modulus = unforeseen_prime();
        product.0.modulo(modulus) == shares_modulo(self.n, units, self.units, self.primes(), modulus)
    }

    fn answer(&self, whole: Shares) -> Result<Answer> {
        let text = whole.0.text(tens(self.n) as usize);
        Ok(answer([FactorialRow::new(self.n, &text, self.full)]))
    }

    fn forecast(&self) -> Forecast {
        let digits = digits(self.n);
        // Measured from 5·10^4 to 10^7.
        let seconds = digits.powf(1.12) * 1.2e-8;
        let primes = 6 * u64::from(self.n) / u64::from(self.n.ilog2());
        Forecast {
            seconds,
            // The last multiplication needs most.
            rank_bytes: (4.1 * digits) as u64 + primes,
            thread_bytes: (2.0 * digits / self.units as f64) as u64,
            ..Forecast::default()
        }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(Product::new(self.n.min(SAMPLE_MAX), self.full)))
    }
}
