//! The table of `--time`: what each rank and each thread did, where the time went, and what would help most.

use super::Circumstances;
use crate::placement::Placement;
use crate::process::process_time;
use crate::report;
use crate::run::{self, Outcome, RankLog, Schedule};
use crate::values::timeline::Entry;
use crate::values::{Table, Value};
use crate::work::{Job, UnitCost};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Threads are told apart if there are not more than these: nobody reads a thousand rows.
const THREADS_TOLD: u64 = 64;

/// The table and its lines, for stderr. `saving` is how long the run file was saved so far.
pub fn times(circumstances: &Circumstances, outcome: Option<&Outcome>, saving: Duration) -> String {
    let wall = circumstances.clock.elapsed().as_secs_f64();
    let Some(outcome) = outcome else {
        return format!("all ranks answered within {wall:.6} s\n");
    };
    let run::Figures { min, mean, max } = outcome.busy;
    let balance = if max > 0.0 { mean / max } else { 1.0 };
    let (schedule, why) = (outcome.schedule.name(), outcome.why);
    let waits = match &circumstances.plan.job {
        Job::Work(work) => matches!(work.unit_cost(), UnitCost::IoBound(_)),
        _ => false,
    };
    let starting = circumstances.world.starting().as_secs_f64();
    let writes = matches!(circumstances.plan.job, Job::Stream(_));
    // The CPU time of other ranks is not known here.
    let cpu = (outcome.ranks.len() == 1).then(|| process_time().as_secs_f64());
    let cores = cores(circumstances.placements);
    let spent = Spent { starting, saving: saving.as_secs_f64(), writes, cpu, cores, ..Spent::of(outcome, wall, waits) };
    ranks(circumstances.placements, &outcome.ranks)
        + &threads(&outcome.ranks)
        + &format!("busy: min {min:.6} s, mean {mean:.6} s, max {max:.6} s; balance {balance:.3}\n")
        + &format!("computed in {:.6} s on the {schedule} schedule: {why}\n", outcome.seconds)
        + &spent.to_string()
}

/// How many cores all ranks have together: some may share theirs.
fn cores(placements: &[Placement]) -> usize {
    let each = placements.iter().flat_map(|placement| placement.cores.iter().map(|&core| (&*placement.host, core)));
    each.collect::<BTreeSet<_>>().len()
}

fn ranks(placements: &[Placement], logs: &[RankLog]) -> String {
    let row = |(placement, log): (&Placement, &RankLog)| {
        vec![
            Value::count(placement.rank),
            Value::text(&placement.host),
            Value::Count(log.workers),
            Value::Seconds(log.busy),
            Value::Seconds(log.idle),
            Value::Count(log.blocks),
            Value::Count(log.entries.iter().map(|entry| entry.units).sum()),
        ]
    };
    let rows = placements.iter().zip(logs).map(row);
    report::text::table(&Table::of(&["rank", "host", "threads", "busy s", "idle s", "blocks", "units"]).with(rows))
}

/// What each thread did; nothing if each rank has one, or if there are very many.
fn threads(logs: &[RankLog]) -> String {
    let all: u64 = logs.iter().map(|log| log.workers).sum();
    if all == logs.len() as u64 || all > THREADS_TOLD {
        return String::new();
    }
    let rows = logs.iter().zip(0..).flat_map(|(log, rank)| {
        let mut threads: BTreeMap<u64, (f64, u64)> = (0..log.workers).map(|thread| (thread, (0.0, 0))).collect();
        for Entry { thread, seconds, units, .. } in &log.entries {
            let (busy, done) = threads.entry(*thread).or_default();
            (*busy, *done) = (*busy + seconds, *done + units);
        }
        threads.into_iter().map(move |(thread, (busy, units))| {
            vec![Value::count(rank), Value::Count(thread), Value::Seconds(busy), Value::Count(units)]
        })
    });
    report::text::table(&Table::of(&["rank", "thread", "busy s", "units"]).with(rows))
}

/// Where the time went.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spent {
    /// Seconds from when all ranks had met until now.
    wall: f64,
    /// Seconds before that, in which MPI was started.
    starting: f64,
    /// Seconds from the first unit to the last.
    computing: f64,
    /// Seconds in which rank 0 merged parts, and in which it saved the run file, while others computed.
    merging: f64,
    saving: f64,
    /// Seconds of computing, over all threads; and of the busiest rank's threads, as if all ranks had as many.
    busy: f64,
    busiest: f64,
    /// How many threads computed.
    threads: u64,
    /// How many units there were.
    units: u64,
    schedule: Schedule,
    /// How many ranks.
    ranks: usize,
    /// Whether units wait more than they compute.
    waits: bool,
    /// Whether rows are written between batches, while the threads wait.
    writes: bool,
    /// How many cores there are for all threads.
    cores: usize,
    /// CPU seconds of all threads from the start of the program on, if they are known.
    cpu: Option<f64>,
}

impl Spent {
    fn of(outcome: &Outcome, wall: f64, waits: bool) -> Spent {
        let busy = outcome.ranks.iter().map(|log| log.busy).sum();
        Spent {
            wall,
            starting: 0.0,
            computing: outcome.seconds,
            merging: outcome.merging,
            saving: 0.0,
            busy,
            busiest: outcome.busy.max * outcome.ranks.len() as f64,
            threads: outcome.ranks.iter().map(|log| log.workers).sum(),
            units: outcome.ranks.iter().flat_map(|log| &log.entries).map(|entry| entry.units).sum(),
            schedule: outcome.schedule,
            ranks: outcome.ranks.len(),
            waits,
            writes: false,
            cores: usize::MAX,
            cpu: None,
        }
    }

    /// Seconds in which threads had something to compute and a core to do it, at most.
    fn worked(&self) -> f64 {
        match self.waits {
            true => self.busy,
            false => self.busy.min(self.cores as f64 * self.computing).min(self.cpu.unwrap_or(f64::INFINITY)),
        }
    }

    /// The share of the time of their work in which threads had a core, if it was clearly less than all.
    fn had_a_core(&self) -> Option<f64> {
        Some(self.worked() / self.busy).filter(|share| *share < 0.9)
    }

    /// How many times as fast as one thread: the seconds of computing over those that went by. What threads slow each other down by
    /// is not in it; `compare` measures that.
    fn speedup(&self) -> f64 {
        if self.computing > 0.0 { self.worked() / self.computing } else { 0.0 }
    }

    /// Seconds in which a thread had nothing to compute, the mean of all.
    fn waited(&self) -> f64 {
        (self.computing - self.busy / self.threads.max(1) as f64).max(0.0)
    }

    fn efficiency(&self) -> f64 {
        self.speedup() / self.threads.max(1) as f64
    }

    /// What would help most.
    fn advice(&self) -> &'static str {
        let beside = self.wall - self.computing + self.starting;
        let waited = self.waited();
        let has_waited = waited > 0.1 * self.computing;
        match self {
            _ if beside > self.computing => {
                "most of the time is the start and the end of the program: more work in one run uses the cores better"
            }
            _ if self.saving > SAVING_LONG * self.computing => {
                "saving took much of the time: a longer --checkpoint-every saves less often"
            }
            _ if self.waits && self.units <= self.threads => "all waited at the same time: nothing would be faster",
            _ if self.waits => "what waits needs no core: more ranks wait for more at the same time",
            _ if self.computing < SHORT => "it was over too soon to tell: a larger problem shows more",
            _ if self.merging > MERGING_LONG * self.computing || has_waited && self.merging > MERGING_LONG * waited => {
                "rank 0 put parts together for much of the time: more threads or ranks would not help"
            }
            _ if self.writes && has_waited => "the threads waited while rows were written: more of them would not help",
            _ if self.had_a_core().is_some() && self.threads > self.cores as u64 => {
                "there are more threads than cores, so they take turns: fewer threads would do as well"
            }
            _ if self.had_a_core().is_some() => {
                "other programs used these cores: on an idle machine it takes less time"
            }
            _ if self.efficiency() >= 0.9 => "the threads were busy nearly all the time: only more cores would help",
            _ if self.units < 4 * self.threads => {
                "there are few units for so many threads: fewer threads would do as well"
            }
            _ if self.ranks > 1 && self.busy < 0.9 * self.busiest && self.schedule == Schedule::Fixed => {
                "some ranks had more to do than others: --schedule farm gives work to those that are free"
            }
            _ if self.ranks > 1 => "ranks waited for work: fewer ranks with more threads each wait less",
            _ => "threads waited for work: fewer threads would do as well",
        }
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let beside = (self.wall - self.computing).max(0.0);
        let (threads, speedup, efficiency) = (self.threads, self.speedup(), self.efficiency());
        let many = if threads == 1 { "" } else { "s" };
        let had = self.had_a_core().map_or(String::new(), |share| {
            format!("; they had a core for {:.0} % of the time that their work took", 100.0 * share)
        });
        writeln!(f, "speed-up {speedup:.2} with {threads} thread{many}: efficiency {efficiency:.3}{had}")?;
        let waited = self.waited();
        writeln!(
            f,
            "of {:.6} s, {:.6} s were computing, {waited:.6} s waiting for work, {beside:.6} s before and after",
            self.wall,
            (self.computing - waited).max(0.0),
        )?;
        let saving = if self.saving > 0.0 { format!(" and saved for {:.6} s", self.saving) } else { String::new() };
        let starting = match self.starting > 0.0 {
            true => format!("; before, MPI took {:.6} s to start", self.starting),
            false => String::new(),
        };
        writeln!(f, "meanwhile rank 0 merged parts for {:.6} s{saving}{starting}", self.merging)?;
        writeln!(f, "what would help most: {}", self.advice())
    }
}

/// What takes less is over before threads have all begun.
const SHORT: f64 = 0.01;

/// A larger part of the time for saves is worth a word.
const SAVING_LONG: f64 = 0.2;

/// The same for putting parts together, which other threads may do meanwhile.
const MERGING_LONG: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Spent = Spent {
        wall: 10.5,
        starting: 0.0,
        computing: 10.0,
        merging: 0.25,
        saving: 0.0,
        busy: 39.0,
        busiest: 40.0,
        threads: 4,
        units: 1000,
        schedule: Schedule::Farm,
        ranks: 4,
        waits: false,
        writes: false,
        cores: 4,
        cpu: None,
    };

    #[test]
    fn it_says_where_the_time_went() {
        let told = "speed-up 3.90 with 4 threads: efficiency 0.975\n\
            of 10.500000 s, 9.750000 s were computing, 0.250000 s waiting for work, 0.500000 s before and after\n\
            meanwhile rank 0 merged parts for 0.250000 s\n\
            what would help most: the threads were busy nearly all the time: only more cores would help\n";
        assert_eq!(GOOD.to_string(), told);
        let saved = Spent { saving: 1.5, starting: 0.25, ..GOOD }.to_string();
        let line = "meanwhile rank 0 merged parts for 0.250000 s and saved for 1.500000 s; before, MPI took 0.250000 s to start";
        assert_eq!(saved.lines().nth(2), Some(line));
    }

    /// A thread that waits for a core is busy by the clock, and is no faster for it.
    #[test]
    fn threads_are_no_faster_than_cores_or_the_time_they_had_one() {
        let first = |spent: Spent| spent.to_string().lines().next().unwrap().to_string();
        assert_eq!(
            first(Spent { cores: 2, ..GOOD }),
            "speed-up 2.00 with 4 threads: efficiency 0.500; they had a core for 51 % of the time that their work took"
        );
        assert!(
            first(Spent { cpu: Some(10.0), ..GOOD }).starts_with("speed-up 1.00 with 4 threads: efficiency 0.250; ")
        );
        assert_eq!(first(Spent { cpu: Some(38.0), ..GOOD }), "speed-up 3.80 with 4 threads: efficiency 0.950");
        // Who waits needs no core.
        let waits = Spent { waits: true, cores: 1, cpu: Some(0.1), ..GOOD };
        assert_eq!(first(waits), "speed-up 3.90 with 4 threads: efficiency 0.975");
    }

    #[test]
    fn it_says_what_would_help_most() {
        let fixed = Spent { busy: 30.0, busiest: 40.0, schedule: Schedule::Fixed, ..GOOD };
        for (spent, what) in [
            (GOOD, "only more cores"),
            (Spent { wall: 30.0, ..GOOD }, "the start and the end"),
            (Spent { starting: 10.0, ..GOOD }, "the start and the end"),
            (Spent { saving: 3.0, ..GOOD }, "a longer --checkpoint-every"),
            (Spent { waits: true, ..GOOD }, "more ranks wait"),
            (Spent { waits: true, units: 4, ..GOOD }, "all waited"),
            (Spent { busy: 20.0, units: 10, ..GOOD }, "few units"),
            (fixed, "--schedule farm"),
            (Spent { schedule: Schedule::Farm, ..fixed }, "ranks waited"),
            (Spent { ranks: 1, ..fixed }, "threads waited for work"),
            (Spent { ranks: 1, cpu: Some(20.0), ..GOOD }, "other programs"),
            (Spent { ranks: 1, cpu: Some(41.0), ..GOOD }, "only more cores"),
            (Spent { cores: 2, ..GOOD }, "more threads than cores"),
            (Spent { writes: true, busy: 4.0, ..GOOD }, "while rows were written"),
            (Spent { ranks: 1, threads: 1, busy: 5.5, merging: 4.0, ..GOOD }, "rank 0 put parts together"),
            (Spent { merging: 6.0, busy: 20.0, ..GOOD }, "rank 0 put parts together"),
            (
                Spent { wall: 0.0, computing: 0.0, merging: 0.0, busy: 0.0, threads: 0, units: 0, ..GOOD },
                "over too soon",
            ),
        ] {
            assert!(spent.advice().contains(what), "{what}: {spent:?}: {}", spent.advice());
        }
    }

    #[test]
    fn threads_are_told_apart_where_a_rank_has_several() {
        let entry = |thread: u64, seconds: f64| Entry {
            first_unit: 0,
            units: 3,
            rank: 0,
            thread,
            start: 0.0,
            seconds,
            attempt: 0,
        };
        let log = |workers: u64, entries: Vec<Entry>| RankLog { workers, blocks: 2, busy: 1.0, idle: 0.0, entries };
        let told = threads(&[log(3, vec![entry(0, 0.5), entry(2, 0.25), entry(0, 0.125)]), log(1, vec![])]);
        let rows: Vec<Vec<&str>> = told.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            rows,
            [
                ["0", "0", "0.625000", "6"],
                ["0", "1", "0.000000", "0"],
                ["0", "2", "0.250000", "3"],
                ["1", "0", "0.000000", "0"]
            ]
        );
        assert_eq!(threads(&[log(1, vec![]), log(1, vec![])]), "");
        assert_eq!(threads(&[log(65, vec![])]), "");
    }
}
