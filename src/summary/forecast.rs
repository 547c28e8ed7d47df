//! What a run is expected to take: for `--dry-run`, and for the time that is left before a run shows it by itself.
//!
//! Forecasts are of a usual machine. How much faster this one is, a sample tells, of some milliseconds. It is only for people: what ranks
//! decide by forecasts must be the same on all of them.

use super::{Circumstances, unanswered};
use crate::block::Block;
use crate::error::Result;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::process::thread_time;
use crate::report::list::{ListLayout, Sink};
use crate::report::pace::Expected;
use crate::report::{List, Report, Status};
use crate::run;
use crate::values::{Fact, ListColumn, Size, Value};
use crate::work::{Forecast, Job, Stream, UnitCost, Work};
use std::time::Duration;

/// The memory of `pcount` itself, in bytes; used if the system does not tell.
const PROGRAM: u64 = 5_800_000;

/// What a rank takes more than that: `pcount-full` with its libraries, and Open MPI at work. Measured: 21.3 MB a rank.
const MPI: u64 = 15_500_000;

/// The report of a dry run. A list is to be printed as `lay_out` says of its report.
pub fn planned(
    plan: &Plan,
    (ranks, threads): (usize, usize),
    asked: Option<run::Schedule>,
    keeps: bool,
    lay_out: &dyn Fn(&Report) -> ListLayout,
) -> Report {
    let mut facts = vec![Fact::new("ranks", Value::count(ranks)), Fact::new("threads", Value::count(threads))];
    facts.extend(plan.how.iter().map(|choice| choice.fact.clone()));
    match &plan.job {
        Job::Work(work) => {
            let forecast = work.forecast();
            let seconds = |workers| pace(&**work, true) * forecast.seconds / workers;
            facts.extend(expected(&**work, &forecast, (ranks, threads), asked, &seconds));
        }
        Job::Stream(stream) => {
            let seconds = |workers| streaming(plan, stream, workers, keeps, lay_out);
            facts.extend(expected(&*stream.work, &stream.forecast(), (ranks, threads), asked, &seconds));
            facts.push(Fact::new("batches", Value::Count(stream.batches().count() as u64)));
        }
        Job::PerRank(_) => facts.push(Fact::new("units", Value::count(ranks))),
    }
    unanswered(plan, Status::Planned, facts)
}

/// How many times as long as forecast such work takes on this machine, with the making of the answer if it `closes`.
fn pace(work: &dyn Work, closes: bool) -> f64 {
    let Some(sample) = work.sample().filter(|sample| sample.units() > 0) else { return 1.0 };
    // A thread has one worker for all its units, whose buffers the first one fills.
    let mut worker = sample.worker(&Placement::here(0));
    let took = timed(|| {
        // With many rows, merging them and making the answer take longer than computing them.
        let mut blocks = Block::tiling(0..sample.units(), run::BLOCK_LEVEL_MAX);
        let whole = blocks.try_fold(sample.empty(), |whole, block| sample.join(&whole, &worker.block(block)?, 1))?;
        if closes { sample.close(&whole).map(drop) } else { Ok(()) }
    });
    let pace = took / sample.forecast().seconds;
    if pace.is_finite() { pace } else { 1.0 }
}

/// The seconds that something takes this thread; NaN if it fails.
fn timed(mut once: impl FnMut() -> Result<()>) -> f64 {
    let mut took = [(); 3].map(|()| {
        // The machine may have other work now: only what this thread computes is counted.
        let began = thread_time();
        once().map_or(f64::NAN, |()| (thread_time() - began).as_secs_f64())
    });
    // The first time also makes what all threads share, and another one may find its tables pushed out of the caches.
    took.sort_by(f64::total_cmp);
    took[1]
}

/// The expected seconds of a list on so many workers. One of its batches is computed and written, into nothing, or only a unit where that takes
/// long. Workers share the computing; the root merges and writes alone, and meanwhile they wait.
fn streaming(plan: &Plan, stream: &Stream, workers: f64, keeps: bool, lay_out: &dyn Fn(&Report) -> ListLayout) -> f64 {
    let (work, units) = (&*stream.work, stream.work.units());
    let by_sample = || pace(work, false) * work.forecast().seconds / workers;
    let within = |block: &Block| block.first().min(units)..block.units().end.min(units);
    let is_short = |block: &Block| work.seconds_of(within(block)) < LONG.as_secs_f64();
    let middle = [stream.level, 0].map(|level| Block { level, index: (units / 2) >> level });
    let Some(block) = middle.into_iter().find(|block| !within(block).is_empty() && is_short(block)) else {
        return by_sample();
    };
    let (mut worker, mut parts) = (work.worker(&Placement::here(0)), vec![]);
    let halves = block.halves().map_or(vec![block], |(left, right)| vec![left, right]);
    let computing = timed(|| {
        parts = halves.iter().map(|half| worker.block(*half)).collect::<Result<_>>()?;
        Ok(())
    });
    let list = List { columns: stream.columns.clone(), count: 0, sha256: String::new() };
    let layout = lay_out(&Report { list: Some(list), ..unanswered(plan, Status::Complete, vec![]) });
    let (mut sink, mut rows) = (Sink::new(layout), 0);
    let writing = timed(|| {
        let part = parts.iter().try_fold(work.empty(), |left, right| work.join(&left, right, 1))?;
        let stretches = (stream.rows)(&part)?;
        rows = stretches.iter().map(|stretch| stretch.len()).sum();
        stretches.iter().for_each(|stretch| sink.put(stretch));
        Ok(())
    });
    let keeping = if keeps { KEPT_BYTE_SECONDS * bytes(&stream.columns) * rows as f64 } else { 0.0 };
    let times = units as f64 / (within(&block).end - within(&block).start) as f64;
    let seconds = times * (computing / workers + writing + keeping);
    if seconds.is_finite() { seconds } else { by_sample() }
}

/// What should take longer is not computed for a forecast.
const LONG: Duration = Duration::from_millis(100);

/// Seconds of a byte that is compressed and kept in a run file, measured.
const KEPT_BYTE_SECONDS: f64 = 9e-9;

/// The bytes of a row in a run file, before they are compressed.
fn bytes(columns: &[ListColumn]) -> f64 {
    let width = |column: &ListColumn| if column.size == Size::Long { column.width.max(8) } else { 8 };
    columns.iter().map(width).sum::<usize>() as f64
}

/// The expected cost of a run of the work, which takes so many `seconds` on a number of workers.
fn expected(
    work: &dyn Work,
    forecast: &Forecast,
    (ranks, threads): (usize, usize),
    asked: Option<run::Schedule>,
    seconds: &dyn Fn(f64) -> f64,
) -> Vec<Fact> {
    let (schedule, why) = run::Schedule::pick(asked, work, ranks);
    let (workers, largest) = match work.unit_cost() {
        UnitCost::IoBound(at_once) => (ranks * at_once, 0),
        _ => (ranks * threads, run::BLOCK_LEVEL_MAX),
    };
    // Libraries differ between builds. The sample that is timed below takes more memory.
    let program = run::room::taken().unwrap_or(PROGRAM);
    // No more workers than units can be busy.
    let seconds = seconds((workers as u64).min(work.units()).max(1) as f64);
    let bytes = program + if ranks > 1 { MPI } else { 0 } + forecast.bytes(threads);
    vec![
        Fact::new("schedule", Value::text(schedule.name())),
        Fact::new("schedule_why", Value::text(why)),
        Fact::new("units", Value::Count(work.units())),
        Fact::new("blocks", Value::Count(Block::tiles(work.units(), largest))),
        Fact::new("predicted.seconds", Value::Seconds(seconds)),
        Fact::new("predicted.bytes_per_rank", Value::Count(bytes)),
    ]
}

/// A run of so many seconds is worth a sample.
const WORTH_A_SAMPLE: f64 = 0.3;

/// What is expected of the units that are left, by a sample of some milliseconds; `None` if they are too few for that, or wait more
/// than they compute.
pub fn expected_pace(circumstances: &Circumstances, work: &dyn Work) -> Option<Expected> {
    let workers: u64 = circumstances.placements.iter().map(|placement| placement.threads as u64).sum();
    let left = work.units().saturating_sub(circumstances.attempt.done());
    let seconds = work.forecast().seconds * (1.0 - circumstances.attempt.share_done(work));
    let workers = workers.min(left).max(1);
    let seconds = seconds / workers as f64;
    let waits = matches!(work.unit_cost(), UnitCost::IoBound(_));
    (!waits && seconds > WORTH_A_SAMPLE)
        .then(|| Expected { seconds: pace(work, true) * seconds, at_once: workers as f64 / left.max(1) as f64 })
}
