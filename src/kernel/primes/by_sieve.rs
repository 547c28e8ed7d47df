//! Counting by the sieve: a range is cut into windows, and a unit is a slice of the classes of one window, so that
//! windows can be as wide as the sieve likes and units still small and equal.

use super::Sieving;
use crate::error::Result;
use crate::math::sieve::Sieve;
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Kernel};

pub struct BySieve(pub Sieving);

impl Kernel for BySieve {
    type Part = u64;
    type Scratch = Sieve;

    fn units(&self) -> u64 {
        self.0.units()
    }

    fn scratch(&self, seat: &Seat) -> Sieve {
        self.0.sieve(seat)
    }

    fn compute(&self, unit: u64, sieve: &mut Sieve) -> Result<u64> {
        self.0.base.make(sieve);
        Ok(sieve.unit(&self.0.base, &self.0.layout, unit))
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(self.0.rows.answer(self.0.span, whole, &[], "count"))
    }

    fn forecast(&self) -> Forecast {
        self.0.forecast()
    }
}
