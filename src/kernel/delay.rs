//! `delay`: waits, as the tutorials' sleeping threads, processes and coroutines do.
//!
//! Waiting needs no core, so a rank's waits are all under way at once, as under `asyncio.gather`.

use super::{Entry, Opened, Takes};
use crate::error::Result;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Job, Kernel, Temper};
use std::time::{Duration, Instant};

pub const ENTRY: Entry = Entry {
    name: "delay",
    about: "Wait, all waits of a rank at once",
    takes: Takes::Seconds("0.2 0.2"),
    options: &[],
    open: |given| {
        let facts =
            vec![Fact::new("seconds", Value::List(given.seconds.iter().copied().map(Value::Seconds).collect()))];
        Ok(Opened { job: Job::Work(Box::new(Delay { seconds: given.seconds.clone() })), facts, how: vec![] })
    },
};

/// Waits of one rank at once: a thread each.
const AT_ONCE: usize = 1024;

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

    fn scratch(&self, seat: &Seat) -> u64 {
        seat.rank as u64
    }

    fn compute(&self, unit: u64, rank: &mut u64) -> Result<Self::Part> {
        let start = Instant::now();
        std::thread::sleep(Duration::from_secs_f64(self.seconds[unit as usize]));
        Ok(vec![(start.elapsed().as_secs_f64(), *rank)])
    }

    fn answer(&self, whole: Self::Part) -> Result<Answer> {
        let rows = self.seconds.iter().zip(whole);
        let rows = rows.map(|(&s, (waited, rank))| vec![Value::Seconds(s), Value::Seconds(waited), Value::Count(rank)]);
        Ok(Answer::rows(Table::of(&["seconds s", "waited s", "rank"]).with(rows), "waited"))
    }

    fn forecast(&self) -> Forecast {
        Forecast { seconds: self.seconds.iter().sum(), ..Forecast::default() }
    }

    fn temper(&self) -> Temper {
        Temper::Waiting(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Given, tests::answer};

    #[test]
    fn each_waits_as_long_as_it_should() {
        let given = Given { seconds: vec![0.02, 0.0], ..Given::default() };
        let answer = answer((ENTRY.open)(&given));
        let waited = |row: usize| match answer.table.rows[row][1] {
            Value::Seconds(seconds) => seconds,
            _ => panic!("waited is a time"),
        };
        assert!(waited(0) >= 0.02 && waited(1) < 0.02);
    }
}
