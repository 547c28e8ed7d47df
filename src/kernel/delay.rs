//! `delay`: waits, as the tutorials' sleeping threads, processes and coroutines do.
//!
//! Waiting needs no core, so a rank's waits are all under way at once. Up to a thousand have a thread each, as the tutorials' have. More
//! are watched by one thread, as `asyncio.gather` does it.

use super::{KernelEntry, Opened, Takes};
use crate::error::Result;
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::work::{self, Answer, Forecast, Job, Kernel, UnitCost};
use std::ops::Range;
use std::time::Duration;

/// The command `delay`.
pub const DELAY: KernelEntry = KernelEntry {
    name: "delay",
    about: "Wait; all waits of a rank run at the same time",
    takes: Takes::Seconds("0.2 0.2"),
    examples: &[("delay 1s 500ms", "two waits at once")],
    open: |given| {
        let facts =
            vec![Fact::new("seconds", Value::List(given.seconds.iter().copied().map(Value::Seconds).collect()))];
        Ok(Opened { job: Job::work(Delay { seconds: given.seconds.clone() }), facts, how: vec![] })
    },
};

/// Waits of one rank at once.
const WAITS_AT_ONCE: usize = 1 << 20;

struct Delay {
    seconds: Vec<f64>,
}

impl Kernel for Delay {
    /// How long each wait was, and the rank that waited.
    type Part = Vec<(f64, u64)>;
    type Scratch = u64;

    fn units(&self) -> u64 {
        self.seconds.len() as u64
    }

    fn scratch(&self, placement: &Placement) -> u64 {
        placement.rank as u64
    }

    fn compute(&self, unit: u64, rank: &mut u64) -> Result<Self::Part> {
        let start = work::began();
        let wait = Duration::from_secs_f64(self.seconds[unit as usize]);
        while let Some(left) = wait.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::sleep(left);
        }
        Ok(vec![(start.elapsed().as_secs_f64(), *rank)])
    }

    fn answer(&self, whole: Self::Part) -> Result<Answer> {
        let rows = self.seconds.iter().zip(whole);
        let rows = rows.map(|(&s, (waited, rank))| vec![Value::Seconds(s), Value::Seconds(waited), Value::Count(rank)]);
        Ok(Answer::rows(Table::of(&["seconds s", "waited s", "rank"]).with(rows), "waited"))
    }

    /// Nobody wakes up early.
    fn plausible(&self, units: Range<u64>, part: &Self::Part) -> bool {
        let seconds = &self.seconds[units.start as usize..units.end as usize];
        let can_be = |((waited, rank), seconds): (&(f64, u64), &f64)| {
            waited.is_finite() && waited >= seconds && *rank < u64::from(u32::MAX)
        };
        part.len() == seconds.len() && part.iter().zip(seconds).all(can_be)
    }

    fn forecast(&self) -> Forecast {
        Forecast { seconds: self.seconds.iter().sum(), ..Forecast::default() }
    }

    fn wait(&self, unit: u64) -> Option<Duration> {
        Some(Duration::from_secs_f64(self.seconds[unit as usize]))
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::IoBound(WAITS_AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Given, tests::answer};

    #[test]
    fn each_waits_no_less_than_it_should() {
        let given = Given { seconds: vec![0.02, 0.0], ..Given::default() };
        let answer = answer((DELAY.open)(&given));
        let waited = |row: usize| match answer.table.rows[row][1] {
            Value::Seconds(seconds) => seconds,
            _ => panic!("waited is a time"),
        };
        assert!(waited(0) >= 0.02 && waited(1) >= 0.0);
    }

    #[test]
    fn ten_thousand_waits_are_under_way_at_once() {
        let delay = Delay { seconds: vec![1.0; 10_000] };
        assert!(matches!(delay.unit_cost(), UnitCost::IoBound(at_once) if at_once >= 10_000));
    }
}
