//! Counting by the sieve: a range is cut into windows, and a unit is a slice of the classes of one window, so that
//! windows can be as wide as the sieve likes and units still small and equal.

use super::parted::Parted;
use super::rows::Asked;
use super::{Sieving, verify};
use crate::error::Result;
use crate::math::sieve::{Layout, Sieve};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::work::{Answer, Forecast, Kernel, Known, NamedIntegers, UnitCost, Work};
use std::ops::Range;

/// Ranges that touch, counted by the sieve.
pub struct BySieve {
    /// The ranges, and how they are sieved.
    pub sieving: Sieving,
    /// Whether some units are counted twice.
    pub verify: bool,
}

/// What a thread keeps: the sieve, the one of second counts, and how the ranges are laid out.
pub struct Scratch {
    sieve: Sieve,
    second: Option<Sieve>,
    layout: Layout,
}

impl BySieve {
    /// Whether a row is about all numbers from 0 on: then its count is that of its range and all before it.
    fn is_up_to(&self) -> bool {
        self.sieving.rows.asked == Asked::Numbers
    }

    fn row(&self) -> impl Fn(Span, u64) -> Result<Answer> {
        let rows = self.sieving.rows;
        move |span, count| Ok(rows.answer(span, count, &[], "count"))
    }
}

impl Kernel for BySieve {
    type Part = Parted<u64>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        let second = self.verify.then(|| verify::sieve(placement));
        Scratch { sieve: self.sieving.sieve(placement), second, layout: self.sieving.layout() }
    }

    fn compute(&self, unit: u64, Scratch { sieve, second, layout }: &mut Scratch) -> Result<Parted<u64>> {
        let Sieving { base, lanes, .. } = &self.sieving;
        base.make(sieve);
        let (first, borders) = self.sieving.borders(layout.unit(unit).0);
        let counts = sieve.unit_in_parts(base, layout, unit, borders);
        if let Some(second) = second.as_mut().filter(|_| verify::picks(unit)) {
            let again = second.unit_in_parts(base, layout, unit, borders);
            let [one, other] = [lanes.name, verify::SECOND_LANES].map(|name| format!("{name} lanes"));
            for (&count, again) in counts.iter().zip(again) {
                let what = format!("unit {unit} of {}", self.sieving.span());
                verify::agree(&what, (count, &one), (again, &other))?;
            }
        }
        Ok(Parted { first: first as u64, parts: counts })
    }

    fn answer(&self, whole: Parted<u64>) -> Result<Answer> {
        let whole = if self.is_up_to() { whole.running_totals(self.sieving.ranges()) } else { whole };
        self.sieving.answer(whole, self.row())
    }

    fn stages(&self) -> Vec<u64> {
        self.sieving.stages()
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<u64>)>) -> Result<Known> {
        if !self.is_up_to() {
            return self.sieving.known(runs, self.row());
        }
        self.sieving.known_from_the_first(runs, self.row())
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<u64>) -> bool {
        self.sieving.plausible(&units, part, |&count, _, possible| possible.contains(&u128::from(count)))
    }

    fn numbers(&self, part: &Parted<u64>) -> Option<NamedIntegers> {
        Some(self.sieving.numbers(part))
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Parted<u64>> {
        self.sieving.part_of(numbers)
    }

    fn forecast(&self) -> Forecast {
        let once = self.sieving.forecast();
        if !self.verify {
            return once;
        }
        let seconds = once.seconds * verify::longer(self.sieving.units());
        Forecast { seconds, thread_bytes: 2 * once.thread_bytes, ..once }
    }

    fn share(&self, units: Range<u64>) -> f64 {
        self.sieving.share(&units, self.seconds())
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(BySieve { sieving: self.sieving.sample_of_units(), verify: false }))
    }

    /// A unit that is counted twice takes longer than its neighbours.
    fn unit_cost(&self) -> UnitCost {
        if self.verify { UnitCost::Varying } else { UnitCost::Uniform }
    }
}
