//! A work without units: its answer takes no time, and is made when it is asked for.

use crate::error::Result;
use crate::placement::Placement;
use crate::work::{Answer, Forecast, Kernel};

/// A work whose answer this function makes.
pub struct Ready<F>(pub F);

impl<F: Fn() -> Answer + Send + Sync + 'static> Kernel for Ready<F> {
    type Part = u64;
    type Scratch = ();

    fn units(&self) -> u64 {
        0
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
        unreachable!("there are no units")
    }

    fn answer(&self, _: u64) -> Result<Answer> {
        Ok(self.0())
    }

    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
}
