//! Counting by trial division: the units are pieces of equal expected cost.

use super::{Rows, seconds, units};
use crate::error::Result;
use crate::math::cut::Cut;
use crate::math::span::Span;
use crate::math::trial;
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Kernel};

pub struct ByTrial {
    span: Span,
    rows: Rows,
    cut: Cut,
    seconds: f64,
}

impl ByTrial {
    pub fn new(span: Span, rows: Rows) -> ByTrial {
        let cost = Cut::whole(span, trial::cost);
        ByTrial { span, rows, cut: Cut::new(span, trial::cost, units(cost)), seconds: seconds(cost) }
    }
}

impl Kernel for ByTrial {
    type Part = u64;
    type Scratch = ();

    fn units(&self) -> u64 {
        if self.span.is_empty() { 0 } else { self.cut.pieces() }
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<u64> {
        let piece = self.cut.piece(unit);
        match piece.is_empty() {
            true => Ok(0),
            false => Ok(trial::count(piece.start() as u64, (piece.end() - 1) as u64)),
        }
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(self.rows.answer(self.span, whole, &[], "count"))
    }

    fn forecast(&self) -> Forecast {
        Forecast { seconds: self.seconds, ..Forecast::default() }
    }
}
