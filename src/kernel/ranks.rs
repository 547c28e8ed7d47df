//! `ranks`: who is there: each rank's host, process, threads and cores.

use super::{KernelEntry, Opened, Takes};
use crate::placement::Placement;
use crate::values::{Table, Value};
use crate::work::{Job, PerRank};

/// The command `ranks`.
pub const RANKS: KernelEntry = KernelEntry {
    name: "ranks",
    about: "Show every rank's host, process, threads and cores",
    takes: Takes::Nothing,
    examples: &[("ranks", "where each rank is, and its cores")],
    open: |_| Ok(Opened { job: Job::PerRank(Box::new(Ranks)), facts: vec![], how: vec![] }),
};

struct Ranks;

impl PerRank for Ranks {
    fn table(&self) -> Table {
        Table::of(&["rank", "host", "pid", "threads", "cores"])
    }

    fn row(&self, placement: &Placement, _: &dyn Fn() -> f64, _: &dyn Fn()) -> Vec<Value> {
        vec![
            Value::count(placement.rank),
            Value::text(&placement.host),
            Value::integer(placement.pid),
            Value::count(placement.threads),
            Value::List(placement.cores.iter().map(|&core| Value::count(core)).collect()),
        ]
    }

    fn bare(&self) -> &'static str {
        "host"
    }
}
