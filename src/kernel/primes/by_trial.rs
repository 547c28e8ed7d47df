//! Counting by trial division: the units are pieces of equal expected cost.

use super::Rows;
use super::named::find;
use super::plausible::hull;
use super::sieving::seconds;
use crate::error::Result;
use crate::math::approximate;
use crate::math::cut::Cut;
use crate::math::integer::Integer;
use crate::math::span::Span;
use crate::math::trial;
use crate::placement::Placement;
use crate::work::{Answer, Forecast, Kernel, NamedIntegers, Work};
use std::ops::Range;

/// A range that is counted by trial division.
pub struct ByTrial {
    span: Span,
    rows: Rows,
    units: u64,
    seconds: f64,
}

/// Picoseconds of a sample.
const SAMPLE: u128 = 3_000_000_000;

impl ByTrial {
    /// The count of a range.
    pub fn new(span: Span, rows: Rows) -> ByTrial {
        let cut = cut(span);
        ByTrial { span, rows, units: cut.pieces(), seconds: seconds(cut.whole()) }
    }

    /// What its count is called.
    fn name(&self) -> String {
        format!("{}..{}", self.span.start(), self.span.end())
    }
}

fn cut(span: Span) -> Cut {
    Cut::by_cost(span, trial::cost, units)
}

/// How many units a work of so many picoseconds is cut into: short ones, that even the tutorials' job is shared
/// by eight ranks, but no more than a few thousand as long as a unit takes less than a second.
fn units(picoseconds: u128) -> u64 {
    const TRIAL_UNIT_SHORT_PS: u128 = 20_000_000;
    const TRIAL_UNIT_LONG_PS: u128 = 1_000_000_000_000;
    const TRIAL_UNITS_MAX: u128 = 4096;
    let units = picoseconds.div_ceil(TRIAL_UNIT_SHORT_PS).min(TRIAL_UNITS_MAX.max(picoseconds / TRIAL_UNIT_LONG_PS));
    u64::try_from(units).expect("numbers below 2^64 cost less than 2^127").max(1)
}

impl Kernel for ByTrial {
    type Part = u64;
    /// There may be many ranges, so none is cut before its turn comes.
    type Scratch = Cut;

    fn units(&self) -> u64 {
        if self.span.is_empty() { 0 } else { self.units }
    }

    fn scratch(&self, _: &Placement) -> Cut {
        cut(self.span)
    }

    fn compute(&self, unit: u64, cut: &mut Cut) -> Result<u64> {
        let piece = cut.piece(unit);
        match piece.is_empty() {
            true => Ok(0),
            false => Ok(trial::count(piece.start() as u64, (piece.end() - 1) as u64)),
        }
    }

    fn numbers(&self, count: &u64) -> Option<NamedIntegers> {
        Some(vec![(self.name(), Integer::from(*count))])
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<u64> {
        u64::try_from(find(numbers, &self.name())?.clone()).ok()
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(self.rows.answer(self.span, whole, &[], "count"))
    }

    fn plausible(&self, units: Range<u64>, count: &u64) -> bool {
        let cut = cut(self.span);
        let numbers = hull(cut.piece(units.start), cut.piece(units.end - 1));
        approximate::possible(numbers.start(), numbers.end()).contains(&u128::from(*count))
    }

    fn forecast(&self) -> Forecast {
        Forecast { seconds: self.seconds, ..Forecast::default() }
    }

    /// Some numbers in the middle.
    fn sample(&self) -> Option<Box<dyn Work>> {
        let middle = self.span.start() + self.span.width() / 2;
        let width = (SAMPLE / u128::from(trial::cost(middle))).clamp(1, self.span.width());
        let start = middle - width / 2;
        Some(Box::new(ByTrial::new(Span::new(start, start + width)?, self.rows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_jobs_have_units_for_many_ranks() {
        let second = 1_000_000_000_000;
        assert_eq!(units(0), 1);
        assert_eq!(units(second / 20), 2500);
        assert_eq!(units(100 * second), 4096);
        assert_eq!(units(1_000_000 * second), 1_000_000);
    }
}
