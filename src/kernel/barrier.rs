//! `barrier`: every rank arrives one step later than the one before, and all wait for the last one.

use super::{KernelEntry, Opened, Takes};
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::work::{Job, PerRank};
use std::time::Duration;

/// The command `barrier`.
pub const BARRIER: KernelEntry = KernelEntry {
    name: "barrier",
    about: "Make every rank wait for all others",
    takes: Takes::Nothing,
    examples: &[("barrier --step 100ms", "each rank arrives a tenth of a second after the one before")],
    open: |given| {
        let step = given.step.unwrap_or(0.05);
        let facts = vec![Fact::new("step", Value::Seconds(step))];
        Ok(Opened { job: Job::PerRank(Box::new(Barrier { step })), facts, how: vec![] })
    },
};

struct Barrier {
    /// Seconds between one rank's arrival and the next's.
    step: f64,
}

impl PerRank for Barrier {
    fn table(&self) -> Table {
        Table::of(&["rank", "arrived s", "released s"])
    }

    fn row(&self, placement: &Placement, clock: &dyn Fn() -> f64, barrier: &dyn Fn()) -> Vec<Value> {
        std::thread::sleep(Duration::from_secs_f64(self.step * placement.rank as f64));
        let arrived = clock();
        barrier();
        vec![Value::count(placement.rank), Value::Seconds(arrived), Value::Seconds(clock())]
    }

    fn bare(&self) -> &'static str {
        "released"
    }
}
