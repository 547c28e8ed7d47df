//! φ(x, a) by Legendre's recursion.
//!
//! The recursion's first step makes a term for each of the primes; a unit is every so many of them, so that units
//! cost about the same. The tables are made once on each rank, by the worker that comes first.

use super::answer;
use crate::error::{Error, Result};
use crate::math::count::phi::{self, Phi};
use crate::placement::Placement;
use crate::work::{Answer, Forecast, Kernel, UnitCost};
use std::ops::Range;
use std::sync::OnceLock;

/// For any number of primes.
pub struct Recursion {
    x: u128,
    a: u128,
    primes: u64,
    units: u64,
    tables: OnceLock<Phi>,
}

impl Recursion {
    /// φ(x, a).
    pub fn new(x: u128, a: u128) -> Recursion {
        // More primes than there are below 2^64 take no more away than those do.
        let primes = u64::try_from(a).unwrap_or(u64::MAX);
        Recursion { x, a, primes, units: phi::shares(x, primes), tables: OnceLock::new() }
    }

    fn tables(&self) -> &Phi {
        self.tables.get_or_init(|| Phi::new(self.x, self.primes))
    }
}

impl Kernel for Recursion {
    type Part = i128;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.units
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<i128> {
        Ok(self.tables().removed(unit as usize, self.units as usize))
    }

    fn plausible(&self, _: Range<u64>, removed: &i128) -> bool {
        Phi::can_be(self.x, *removed)
    }

    fn answer(&self, whole: i128) -> Result<Answer> {
        let left = self.tables().close(whole);
        let left =
            left.ok_or_else(|| Error::wrong(format!("phi({}, {}): more is removed than there is", self.x, self.a)))?;
        Ok(answer(self.x, self.a, left))
    }

    fn forecast(&self) -> Forecast {
        Forecast {
            seconds: phi::seconds(self.x, self.primes),
            rank_bytes: phi::bytes(self.x, self.primes),
            ..Forecast::default()
        }
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}
