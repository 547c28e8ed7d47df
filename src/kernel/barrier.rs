//! `barrier`: every rank arrives a step later than the one before; none goes on before the last is there.

use super::{Entry, Opened, Opt, Takes};
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::work::{Job, Roll};
use std::time::Duration;

pub const ENTRY: Entry = Entry {
    name: "barrier",
    about: "Let every rank wait for all",
    takes: Takes::Nothing,
    options: &[Opt::Step],
    open: |given| {
        let step = given.step.unwrap_or(0.05);
        let facts = vec![Fact::new("step", Value::Seconds(step))];
        Ok(Opened { job: Job::Roll(Box::new(Barrier { step })), facts, how: vec![] })
    },
};

struct Barrier {
    /// Seconds between one rank's arrival and the next's.
    step: f64,
}

impl Roll for Barrier {
    fn table(&self) -> Table {
        Table::of(&["rank", "arrived s", "released s"])
    }

    fn row(&self, seat: &Seat, clock: &dyn Fn() -> f64, meet: &dyn Fn()) -> Vec<Value> {
        std::thread::sleep(Duration::from_secs_f64(self.step * seat.rank as f64));
        let arrived = clock();
        meet();
        vec![Value::count(seat.rank), Value::Seconds(arrived), Value::Seconds(clock())]
    }

    fn bare(&self) -> &'static str {
        "released"
    }
}
