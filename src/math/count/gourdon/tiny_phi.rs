//! phi(x, a) for the first few primes by look-up: the numbers prime to 2·3·5·7·11·13·17 repeat every 510510.
//! The other methods use a simpler and much larger table, and share nothing with this one.

use super::params::K;
use crate::math::lanes::{CountedSegment, Lanes, WORD};
use crate::math::sieve::ordered;

/// The product of the first seven primes; and how many numbers below it they do not divide.
const PERIOD: u64 = 510_510;
const TOTIENT: u64 = 92_160;

/// The numbers below the period that none of the first seven primes divides.
pub struct TinyPhi {
    segment: CountedSegment,
}

impl TinyPhi {
    /// Sieves one period.
    pub fn new(lanes: &'static Lanes) -> TinyPhi {
        let mut segment = CountedSegment::default();
        segment.resize(PERIOD.div_ceil(WORD) as usize);
        for (index, word) in segment.words_mut().iter_mut().enumerate() {
            let start = WORD * index as u64;
            for (bit, offset) in ordered::OFFSETS.iter().enumerate() {
                let free = [7, 11, 13, 17].iter().all(|p| !(start + offset).is_multiple_of(*p));
                *word |= u64::from(free) << bit;
            }
        }
        segment.recount(lanes, 0);
        TinyPhi { segment }
    }

    /// How many numbers in 1..=x none of the first K primes divides.
    #[inline]
    pub fn phi(&self, x: u128) -> u128 {
        const { assert!(K == 8) };
        match u64::try_from(x) {
            Ok(x) => (self.seven(x) - self.seven(x / 19)).into(),
            Err(_) => self.seven_wide(x) - self.seven_wide(x / 19),
        }
    }

    /// The same below 2^64.
    #[inline]
    pub fn phi64(&self, x: u64) -> u64 {
        self.seven(x) - self.seven(x / 19)
    }

    #[inline]
    fn seven(&self, x: u64) -> u64 {
        x / PERIOD * TOTIENT + self.segment.up_to(x % PERIOD)
    }

    fn seven_wide(&self, x: u128) -> u128 {
        let period = u128::from(PERIOD);
        x / period * u128::from(TOTIENT) + u128::from(self.segment.up_to((x % period) as u64))
    }
}
