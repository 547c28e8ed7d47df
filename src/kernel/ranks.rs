//! `ranks`: who is there: each rank's host, process, threads, cores and processor, and which ranks share cores.

use super::{KernelEntry, Opened, Takes};
use crate::math::lanes;
use crate::placement::{self, Placement};
use crate::values::{Table, Value};
use crate::work::{Answer, Job, PerRank};

/// The command `ranks`.
pub const RANKS: KernelEntry = KernelEntry {
    name: "ranks",
    about: "Show every rank's host, process, threads, cores and processor",
    takes: Takes::Nothing,
    examples: &[("ranks", "where each rank is, and its cores")],
    open: |given| {
        let lanes = given.lanes.map_or_else(|| lanes::pick(None), Ok)?;
        Ok(Opened { job: Job::PerRank(Box::new(Ranks { lanes: lanes.name })), facts: vec![], how: vec![] })
    },
};

struct Ranks {
    /// The instruction set that counts.
    lanes: &'static str,
}

/// The columns of the host and of the cores.
const HOST: usize = 1;
const CORES: usize = 4;

impl PerRank for Ranks {
    fn row(&self, placement: &Placement, _: &dyn Fn() -> f64, _: &dyn Fn()) -> Vec<Value> {
        let bytes = |bytes: Option<u64>| bytes.map_or(Value::Nothing, Value::Count);
        let cache = |level| bytes(placement::cache(level));
        vec![
            Value::count(placement.rank),
            Value::text(&placement.host),
            Value::integer(placement.pid),
            Value::count(placement.threads),
            Value::List(placement.cores.iter().map(|&core| Value::count(core)).collect()),
            Value::text(self.lanes),
            cache(1),
            cache(2),
            cache(3),
            bytes(placement::memory()),
            Value::text(&placement.cpu),
        ]
    }

    fn answer(&self, mut rows: Vec<Vec<Value>>) -> Answer {
        let overlaps: Vec<Value> = (0..rows.len()).map(|rank| overlapping(&rows, rank)).collect();
        for (row, overlaps) in rows.iter_mut().zip(overlaps) {
            row.insert(CORES + 1, overlaps);
        }
        let columns = [
            "rank",
            "host",
            "pid",
            "threads",
            "cores",
            "overlaps",
            "lanes",
            "l1_cache bytes",
            "l2_cache bytes",
            "l3_cache bytes",
            "memory bytes",
            "cpu",
        ];
        Answer::rows(Table::of(&columns).with(rows), "host")
    }
}

/// The other ranks of the host that may use a core of this one.
fn overlapping(rows: &[Vec<Value>], rank: usize) -> Value {
    let cores = |row: &[Value]| if let Value::List(cores) = &row[CORES] { cores.clone() } else { vec![] };
    let mine = cores(&rows[rank]);
    let shares = |other: &usize| {
        let row = &rows[*other];
        *other != rank && row[HOST] == rows[rank][HOST] && cores(row).iter().any(|core| mine.contains(core))
    };
    Value::List((0..rows.len()).filter(shares).map(Value::count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_of_one_host_with_a_core_in_common_are_marked() {
        let row = |rank: usize, host: &str, cores: &[usize]| {
            let placement = Placement { host: host.into(), cores: cores.to_vec(), ..Placement::here(rank) };
            Ranks { lanes: "scalar" }.row(&placement, &|| 0.0, &|| ())
        };
        let rows = vec![row(0, "a", &[0, 1]), row(1, "a", &[1, 2]), row(2, "b", &[1]), row(3, "a", &[2, 3])];
        let answer = Ranks { lanes: "scalar" }.answer(rows);
        let overlaps = answer.table.column("overlaps").unwrap();
        let found: Vec<String> = answer.table.rows.iter().map(|row| row[overlaps].to_string()).collect();
        assert_eq!(found, ["1", "0,3", "", "1"]);
    }
}
