//! `ranks`: who is there: each rank's host, process, threads and cores.

use super::{Entry, Opened, Takes};
use crate::report::{Table, Value};
use crate::seat::Seat;
use crate::work::{Job, Roll};

pub const ENTRY: Entry = Entry {
    name: "ranks",
    about: "Show every rank's host, process, threads and cores",
    takes: Takes::Nothing,
    options: &[],
    open: |_| Ok(Opened { job: Job::Roll(Box::new(Ranks)), facts: vec![], how: vec![] }),
};

struct Ranks;

impl Roll for Ranks {
    fn table(&self) -> Table {
        Table::of(&["rank", "host", "pid", "threads", "cores"])
    }

    fn row(&self, seat: &Seat, _: &dyn Fn() -> f64, _: &dyn Fn()) -> Vec<Value> {
        vec![
            Value::count(seat.rank),
            Value::text(&seat.host),
            Value::integer(seat.pid),
            Value::count(seat.threads),
            Value::List(seat.cores.iter().map(|&core| Value::count(core)).collect()),
        ]
    }

    fn bare(&self) -> &'static str {
        "host"
    }
}
