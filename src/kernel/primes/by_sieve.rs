//! Counting by the sieve: a range is cut into windows, and a unit is a slice of the classes of one window, so that
//! windows can be as wide as the sieve likes and units still small and equal.

use super::{Sieving, verify};
use crate::error::Result;
use crate::math::sieve::Sieve;
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Kernel, Temper};

pub struct BySieve {
    pub sieving: Sieving,
    /// Whether some units are counted twice.
    pub verify: bool,
}

impl Kernel for BySieve {
    type Part = u64;
    /// The sieve, and the one of second counts.
    type Scratch = (Sieve, Option<Sieve>);

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, seat: &Seat) -> Self::Scratch {
        (self.sieving.sieve(seat), self.verify.then(|| verify::sieve(seat)))
    }

    fn compute(&self, unit: u64, (sieve, second): &mut Self::Scratch) -> Result<u64> {
        let Sieving { span, base, layout, lanes, .. } = &self.sieving;
        base.make(sieve);
        let count = sieve.unit(base, layout, unit);
        if let Some(second) = second.as_mut().filter(|_| verify::picks(unit)) {
            let again = second.unit(base, layout, unit);
            let [one, other] = [lanes.name, verify::LANES].map(|name| format!("{name} lanes"));
            verify::agree(&format!("unit {unit} of {span}"), (count.into(), &one), (again.into(), &other))?;
        }
        Ok(count)
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(self.sieving.rows.answer(self.sieving.span, whole, &[], "count"))
    }

    fn forecast(&self) -> Forecast {
        let once = self.sieving.forecast();
        if !self.verify {
            return once;
        }
        let seconds = once.seconds * verify::longer(self.sieving.units());
        Forecast { seconds, thread_bytes: 2 * once.thread_bytes, ..once }
    }

    /// A unit that is counted twice takes longer than its neighbours.
    fn temper(&self) -> Temper {
        if self.verify { Temper::Uneven } else { Temper::Even }
    }
}
