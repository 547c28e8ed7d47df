//! φ(x, a) by what the first a primes leave: 1, primes, and products of primes above p_a.
//!
//! The units are the windows of the products of two primes, then the shares of the products of more, then those of π(x).

use super::answer;
use crate::error::{Error, Result};
use crate::kernel::primes::{At, Formula, Pi};
use crate::math::approximate;
use crate::math::count::gourdon::TermSums;
use crate::math::count::rough::{RoughProducts, RoughTables, WindowSums};
use crate::math::lanes::Lanes;
use crate::math::sieve::{Sieve, SievingPrimes};
use crate::placement::Placement;
use crate::wire;
use crate::work::{Answer, Forecast, Kernel, Part, UnitCost};
use std::ops::Range;
use std::sync::OnceLock;

/// For many primes.
pub struct Products {
    x: u128,
    a: u128,
    pi: Pi,
    lanes: &'static Lanes,
    /// The products, if there are any.
    rough: Option<Rough>,
}

struct Rough {
    products: RoughProducts,
    base: SievingPrimes,
    tables: OnceLock<RoughTables>,
}

/// The result of units.
#[derive(Default)]
pub struct LeftSums {
    windows: WindowSums,
    deeper: u128,
    pi: TermSums,
}

impl Part for LeftSums {
    fn merge(self, right: LeftSums) -> LeftSums {
        LeftSums {
            windows: self.windows.merge(right.windows),
            deeper: self.deeper + right.deeper,
            pi: Part::merge(self.pi, right.pi),
        }
    }
}

wire::fields! {
    WindowSums { primes leaves sum }
    LeftSums { windows deeper pi }
}

impl Products {
    /// φ(x, a), where `pi` is for x and `products` are those of primes above the a-th.
    pub fn new(x: u128, a: u128, pi: Pi, products: Option<RoughProducts>, lanes: &'static Lanes) -> Products {
        let rough = products.map(|products| {
            let base = SievingPrimes::up_to(products.sieving_bound());
            Rough { products, base, tables: OnceLock::new() }
        });
        Products { x, a, pi, lanes, rough }
    }

    /// How many units are windows, and how many are shares.
    fn windows_and_shares(&self) -> (u64, u64) {
        self.rough.as_ref().map_or((0, 0), |rough| (rough.products.windows(), rough.products.shares()))
    }
}

/// What a thread has.
pub struct Scratch {
    sieve: Sieve,
    at: Option<At>,
    places: Vec<u64>,
}

impl Kernel for Products {
    type Part = LeftSums;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        let (windows, shares) = self.windows_and_shares();
        windows + shares + self.pi.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        Scratch { sieve: Sieve::new(self.lanes, placement.cache), at: None, places: vec![] }
    }

    fn compute(&self, unit: u64, scratch: &mut Scratch) -> Result<LeftSums> {
        let (windows, shares) = self.windows_and_shares();
        let Scratch { sieve, at, places } = scratch;
        let mut sums = LeftSums::default();
        match &self.rough {
            Some(Rough { products, base, .. }) if unit < windows => {
                base.make(sieve);
                sums.windows = products.compute(sieve, base, unit, places);
            }
            Some(Rough { products, tables, .. }) if unit < windows + shares => {
                let tables = tables.get_or_init(|| products.tables());
                sums.deeper = products.deeper(tables, unit - windows, shares);
            }
            _ => sums.pi = self.pi.compute(unit - windows - shares, sieve, at),
        }
        Ok(sums)
    }

    fn plausible(&self, units: Range<u64>, sums: &LeftSums) -> bool {
        let (windows, shares) = self.windows_and_shares();
        let within = |from: u64, to: u64| units.start.clamp(from, to)..units.end.clamp(from, to);
        let (of_windows, of_shares) = (within(0, windows), within(windows, windows + shares));
        let of_pi = within(windows + shares, Kernel::units(self));
        let windows_can_be = match &self.rough {
            Some(rough) if !of_windows.is_empty() => {
                let WindowSums { primes, leaves, sum } = sums.windows;
                let window = rough.products.window(of_windows);
                let most = rough.products.leaves(window).width();
                approximate::possible(window.start(), window.end()).contains(&u128::from(primes))
                    && u128::from(leaves) <= most
                    && sum <= u128::from(leaves) * u128::from(primes)
            }
            _ => sums.windows == WindowSums::default(),
        };
        let deeper_can_be = sums.deeper <= if of_shares.is_empty() { 0 } else { self.x };
        let pi_can_be = match of_pi.is_empty() {
            true => sums.pi == TermSums::default(),
            false => self.pi.can_be(&(of_pi.start - windows - shares..of_pi.end - windows - shares), &sums.pi),
        };
        windows_can_be && deeper_can_be && pi_can_be
    }

    fn answer(&self, whole: LeftSums) -> Result<Answer> {
        let pi = self.pi.close(whole.pi)?;
        let left = match &self.rough {
            Some(rough) => rough.products.close(pi, whole.windows, whole.deeper),
            None => Some((pi + 1).saturating_sub(self.a).max(1)),
        };
        match left.filter(|&left| left <= self.x) {
            Some(left) => Ok(answer(self.x, self.a, left)),
            None => Err(Error::wrong(format!("phi({}, {}) came to parts that contradict each other", self.x, self.a))),
        }
    }

    fn forecast(&self) -> Forecast {
        let pi = self.pi.forecast();
        let Some(Rough { products, .. }) = &self.rough else { return pi };
        let (rank_bytes, thread_bytes) = products.memory();
        let seconds = products.cost() as f64 * 1e-12;
        pi.then(Forecast { seconds, rank_bytes, thread_bytes, ..Forecast::default() })
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}
