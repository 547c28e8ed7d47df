//! What is told of a plan and of a run: the facts that make a report.

use crate::block::Block;
use crate::leg::Leg;
use crate::math::integer;
use crate::plan::Plan;
use crate::report::lock::Owner;
use crate::report::{self, Fact, List, Report, Status, Stint, Table, Value};
use crate::run::stop::Cause;
use crate::run::{self, Outcome, Parts, RankLog};
use crate::seat::Seat;
use crate::work::{Answer, Job, Stream, Temper, Work};
use crate::world::{self, World};
use std::time::{Instant, SystemTime};

/// What the program itself takes, libraries included, in bytes.
const PROGRAM: u64 = 12_700_000;

/// What Open MPI takes beside it on each rank that it started.
const MPI: u64 = 11_500_000;

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
    unanswered(plan, Status::Planned, facts)
}

/// A report of the plan that has no answer yet.
fn unanswered(plan: &Plan, status: Status, run: Vec<Fact>) -> Report {
    Report {
        status,
        kernel: plan.kernel.into(),
        problem: plan.facts.clone(),
        table: Table::default(),
        total: None,
        bare: String::new(),
        run,
        legs: vec![],
        timeline: vec![],
        list: None,
        state: None,
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
    let rank_bytes = more + forecast.rank_bytes + forecast.shared_bytes + forecast.thread_bytes * threads as u64;
    let bytes = PROGRAM + if ranks > 1 { MPI } else { 0 } + rank_bytes;
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
    pub world: &'a dyn World,
    pub leg: &'a Leg,
    pub plan: &'a Plan,
    pub seats: &'a [Seat],
    /// When the program started on rank 0.
    pub started: SystemTime,
    pub clock: Instant,
}

/// The report of a finished run.
pub fn finished(circumstances: &Circumstances, answer: Answer, outcome: Option<&Outcome>) -> Report {
    let stints = outcome.map(stints).unwrap_or_default();
    let status = if answer.failed { Status::Failed } else { Status::Complete };
    let units = circumstances.plan.units();
    let state = matches!(circumstances.plan.job, Job::Work(_));
    Report {
        table: answer.table,
        total: answer.total.map(|total| total.to_string()),
        bare: answer.bare.into(),
        state: state.then(|| circumstances.leg.state(circumstances.plan, units, Parts::new())),
        ..report_of(circumstances, status, outcome, stints, None)
    }
}

/// The report of a run that goes on and has so many units done.
pub fn unfinished(circumstances: &Circumstances, stints: Vec<Stint>, parts: Parts, done: u64) -> Report {
    let report = report_of(circumstances, Status::Partial, None, stints, Some(done));
    Report { state: Some(circumstances.leg.state(circumstances.plan, done, parts)), ..report }
}

/// The report of one that was stopped.
pub fn stopped(circumstances: &Circumstances, outcome: &Outcome, parts: Parts) -> Report {
    let report = report_of(circumstances, Status::Partial, Some(outcome), stints(outcome), Some(outcome.done));
    Report { state: Some(circumstances.leg.state(circumstances.plan, outcome.done, parts)), ..report }
}

fn stints(outcome: &Outcome) -> Vec<Stint> {
    outcome.ranks.iter().flat_map(|rank| rank.stints.clone()).collect()
}

/// Stints that a run file has at most, as far as they have neighbours to be told with.
const STINTS: usize = 1 << 14;

/// All but the answer and the state.
fn report_of(
    circumstances: &Circumstances,
    status: Status,
    outcome: Option<&Outcome>,
    mut stints: Vec<Stint>,
    done: Option<u64>,
) -> Report {
    let &Circumstances { leg, plan, .. } = circumstances;
    let mut facts = facts(circumstances);
    if let Job::Work(work) | Job::Stream(Stream { work, .. }) = &plan.job {
        let (schedule, why) = run::Schedule::pick(leg.order.schedule, &**work, circumstances.seats.len());
        facts.extend([
            Fact::new("schedule", Value::text(schedule.name())),
            Fact::new("schedule_why", Value::text(why)),
            Fact::new("units", Value::Count(plan.units())),
        ]);
    } else {
        facts.push(Fact::new("schedule", Value::text("roll")));
    }
    if let Some(done) = done {
        facts.push(Fact::new("units_done", Value::Count(done)));
    }
    let lost = circumstances.world.lost();
    if !lost.is_empty() {
        facts.push(Fact::new("ranks_lost", Value::List(lost.into_iter().map(Value::count).collect())));
    }
    let wall = circumstances.clock.elapsed().as_secs_f64();
    facts.push(Fact::new("seconds.wall", Value::Seconds(wall)));
    if let Some(Outcome { seconds, busy, .. }) = outcome {
        facts.extend([
            Fact::new("seconds.compute", Value::Seconds(*seconds)),
            Fact::new("seconds.busy_min", Value::Seconds(busy.min)),
            Fact::new("seconds.busy_mean", Value::Seconds(busy.mean)),
            Fact::new("seconds.busy_max", Value::Seconds(busy.max)),
        ]);
    }
    let mut legs = vec![];
    if let Some(past) = &leg.past {
        legs = [&past.legs[..], std::slice::from_ref(&past.run)].concat();
        facts.push(Fact::new(
            "seconds.all_legs",
            Value::Seconds(wall + legs.iter().map(|leg| walled(leg)).sum::<f64>()),
        ));
        facts.push(Fact::new("legs", Value::count(legs.len() + 1)));
        stints.iter_mut().for_each(|stint| stint.leg = legs.len() as u64);
        stints.splice(0..0, past.timeline.iter().cloned());
    }
    while stints.len() > STINTS {
        let before = stints.len();
        stints = report::halved(stints);
        // What is left has few neighbours.
        if stints.len() > before * 3 / 4 {
            break;
        }
    }
    Report { legs, timeline: stints, ..unanswered(plan, status, facts) }
}

/// The wall seconds of a leg.
fn walled(leg: &[Fact]) -> f64 {
    let seconds = leg.iter().find(|fact| fact.name == "seconds.wall");
    seconds.map_or(0.0, |fact| if let Value::Seconds(s) = fact.value { s } else { 0.0 })
}

/// Why a run ended early and what to do, in a line.
pub fn farewell(report: &Report, outcome: &Outcome, circumstances: &Circumstances) -> String {
    let advice = match &circumstances.leg.order.out {
        Some(file) => format!("go on with: pcount resume {}", file.display()),
        None => "nothing was saved: with --out run.h5 a run can be gone on with".into(),
    };
    let why = outcome.stopped.map_or(String::new(), |cause| format!(" because {cause}"));
    // A script that gives it as little again and again would never end.
    let more = match outcome.stopped {
        Some(Cause::Time) if outcome.done == circumstances.leg.done() => ", no more than before: give it more time",
        _ => "",
    };
    let seconds = circumstances.clock.elapsed().as_secs_f64();
    format!("pcount: stopped after {seconds:.1} s{why}, {}{more}; {advice}\n", report.progress())
}

/// That a rank has died, in a line.
pub fn obituary(circumstances: &Circumstances, rank: usize) -> String {
    let seconds = circumstances.clock.elapsed().as_secs_f64();
    let host = &circumstances.seats[rank].host;
    format!("pcount: rank {rank} on host {host} died after {seconds:.1} s; its blocks are dealt again\n")
}

/// This process, as other runs should know it.
pub fn owner() -> Owner {
    let seat = Seat::here(0);
    Owner { host: seat.host, pid: seat.pid, job: world::launch::job() }
}

/// The report of a run whose answer is told on its own: as far as it is known when that begins, or at its end.
pub fn listed(circumstances: &Circumstances, key: &'static str, outcome: Option<&Outcome>) -> Report {
    let list = List { key: key.into(), count: 0, sha256: String::new() };
    let report = finished(circumstances, Answer::rows(Table::default(), key), outcome);
    Report { list: Some(list), ..report }
}

/// Who computed where, with what.
fn facts(Circumstances { leg, plan, seats, started, .. }: &Circumstances) -> Vec<Fact> {
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
    if leg.order.out.is_some() {
        facts.push(Fact::new("hdf5", Value::text(report::hdf5::library())));
    }
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
    let run::Figures { min, mean, max } = outcome.busy;
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
