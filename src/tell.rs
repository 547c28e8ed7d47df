//! What is told of a plan and of a run: the facts that make a report.

use crate::block::Block;
use crate::math::integer;
use crate::plan::Plan;
use crate::report::{self, Fact, List, Report, Status, Table, Value};
use crate::run::{self, Outcome, RankLog};
use crate::seat::Seat;
use crate::work::{Answer, Job, Temper, Work};
use crate::world;
use std::time::{Instant, SystemTime};

/// What the program itself takes, libraries included, in bytes.
const PROGRAM: u64 = 12_000_000;

/// The report of a dry run.
pub fn planned(plan: &Plan, ranks: usize, threads: usize, asked: Option<run::Schedule>) -> Report {
    let mut facts = vec![Fact::new("ranks", Value::count(ranks)), Fact::new("threads", Value::count(threads))];
    facts.extend(plan.how.iter().cloned());
    match &plan.job {
        Job::Work(work) => facts.extend(expected(&**work, 0, ranks, threads, asked)),
        Job::Stream(stream) => {
            facts.extend(expected(&*stream.work, stream.bytes, ranks, threads, asked));
            facts.push(Fact::new("batches", Value::Count(stream.batches().count() as u64)));
        }
        Job::Roll(_) => facts.push(Fact::new("units", Value::count(ranks))),
    }
    Report {
        status: Status::Planned,
        kernel: plan.kernel.into(),
        problem: plan.facts.clone(),
        table: Table::default(),
        total: None,
        bare: String::new(),
        run: facts,
        timeline: vec![],
        list: None,
    }
}

/// What a run of the work is expected to take; `more` bytes for what a rank holds beside it.
fn expected(work: &dyn Work, more: u64, ranks: usize, threads: usize, asked: Option<run::Schedule>) -> Vec<Fact> {
    let forecast = work.forecast();
    let (schedule, why) = run::Schedule::pick(asked, work, ranks);
    let (hands, largest) = match work.temper() {
        Temper::Waiting(at_once) => (ranks * at_once, 0),
        _ => (ranks * threads, run::LARGEST),
    };
    // No more hands than units can be busy.
    let seconds = forecast.seconds / (hands as u64).min(work.units()).max(1) as f64;
    let bytes = PROGRAM + more + forecast.rank_bytes + forecast.thread_bytes * threads as u64;
    vec![
        Fact::new("schedule", Value::text(schedule.name())),
        Fact::new("schedule_why", Value::text(why)),
        Fact::new("units", Value::Count(work.units())),
        Fact::new("blocks", Value::Count(Block::tiles(work.units(), largest))),
        Fact::new("predicted.seconds", Value::Seconds(seconds)),
        Fact::new("predicted.bytes_per_rank", Value::Count(bytes)),
    ]
}

/// What is known of a run beside its outcome.
pub struct Circumstances<'a> {
    pub plan: &'a Plan,
    pub seats: &'a [Seat],
    /// When the program started on rank 0.
    pub started: SystemTime,
    pub clock: Instant,
}

/// The report of a finished run.
pub fn finished(circumstances: &Circumstances, answer: Answer, outcome: Option<&Outcome>) -> Report {
    let mut facts = facts(circumstances);
    if let Some(outcome) = outcome {
        let units: u64 = circumstances.plan.units();
        facts.extend([
            Fact::new("schedule", Value::text(outcome.schedule.name())),
            Fact::new("schedule_why", Value::text(outcome.why)),
            Fact::new("units", Value::Count(units)),
        ]);
    } else {
        facts.push(Fact::new("schedule", Value::text("roll")));
    }
    facts.push(Fact::new("seconds.wall", Value::Seconds(circumstances.clock.elapsed().as_secs_f64())));
    if let Some(Outcome { seconds, busy, .. }) = outcome {
        facts.extend([
            Fact::new("seconds.compute", Value::Seconds(*seconds)),
            Fact::new("seconds.busy_min", Value::Seconds(busy.min)),
            Fact::new("seconds.busy_mean", Value::Seconds(busy.mean)),
            Fact::new("seconds.busy_max", Value::Seconds(busy.max)),
        ]);
    }
    Report {
        status: if answer.failed { Status::Failed } else { Status::Complete },
        kernel: circumstances.plan.kernel.into(),
        problem: circumstances.plan.facts.clone(),
        table: answer.table,
        total: answer.total.map(|total| total.to_string()),
        bare: answer.bare.into(),
        run: facts,
        timeline: outcome.iter().flat_map(|o| &o.ranks).flat_map(|rank| rank.stints.clone()).collect(),
        list: None,
    }
}

/// The report of a run whose answer is told on its own: as far as it is known when that begins, or at its end.
pub fn listed(circumstances: &Circumstances, key: &'static str, outcome: Option<&Outcome>) -> Report {
    let list = List { key: key.into(), count: 0, sha256: String::new() };
    let report = finished(circumstances, Answer::rows(Table::default(), key), outcome);
    Report { list: Some(list), ..report }
}

/// Who computed where, with what.
fn facts(Circumstances { plan, seats, started, .. }: &Circumstances) -> Vec<Fact> {
    let mut hosts: Vec<&str> = seats.iter().map(|seat| &seat.host[..]).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let threads = seats.iter().map(|seat| seat.threads).max().unwrap_or(1);
    let arguments = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let mut facts = vec![
        Fact::new("version", Value::text(env!("CARGO_PKG_VERSION"))),
        Fact::new("commit", Value::text(env!("PCOUNT_COMMIT"))),
        Fact::new("arguments", Value::texts(arguments)),
        Fact::new("started", Value::text(humantime::format_rfc3339_seconds(*started).to_string())),
        Fact::new("hosts", Value::texts(hosts)),
        Fact::new("ranks", Value::count(seats.len())),
        Fact::new("threads", Value::count(threads)),
    ];
    if seats.len() > 1 {
        facts.push(Fact::new("mpi", Value::text(world::library())));
    }
    facts.extend(plan.how.iter().cloned());
    facts
}

/// What `--time` says: what each rank did, and how well it balanced.
pub fn times(circumstances: &Circumstances, outcome: Option<&Outcome>) -> String {
    let Some(outcome) = outcome else {
        return format!("all ranks answered within {:.6} s\n", circumstances.clock.elapsed().as_secs_f64());
    };
    let row = |(seat, log): (&Seat, &RankLog)| {
        vec![
            Value::count(seat.rank),
            Value::text(&seat.host),
            Value::Count(log.hands),
            Value::Seconds(log.busy),
            Value::Seconds(log.idle),
            Value::Count(log.blocks),
        ]
    };
    let rows = circumstances.seats.iter().zip(&outcome.ranks).map(row);
    let table = Table::of(&["rank", "host", "threads", "busy s", "idle s", "blocks"]).with(rows);
    let world::Figures { min, mean, max } = outcome.busy;
    let balance = if max > 0.0 { mean / max } else { 1.0 };
    let (schedule, why) = (outcome.schedule.name(), outcome.why);
    report::text::table(&table)
        + &format!("busy: min {min:.6} s, mean {mean:.6} s, max {max:.6} s; balance {balance:.3}\n")
        + &format!("computed in {:.6} s on the {schedule} schedule: {why}\n", outcome.seconds)
}

/// What `--version -v` says.
pub fn version() -> String {
    let lanes: Vec<&str> = crate::math::lanes::usable().map(|lanes| lanes.name).collect();
    let [gmp, mpfr] = integer::libraries();
    format!(
        "pcount {}\ncommit  {}\nrustc   {}\nMPI     {}\nHDF5    {}\nGMP     {}\nMPFR    {}\nlanes   {}\n",
        env!("CARGO_PKG_VERSION"),
        env!("PCOUNT_COMMIT"),
        env!("PCOUNT_RUSTC").trim_start_matches("rustc "),
        world::library(),
        report::hdf5::library(),
        gmp,
        mpfr,
        lanes.join(" "),
    )
}
