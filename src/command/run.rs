//! A run on all ranks: the plan, the computing, the answer.

use super::beside::Beside;
use super::status::StatusFile;
use super::{cached, code, list, rendered, save_interval, shorten};
use crate::attempt::Attempt;
use crate::cache::Cache;
use crate::cli::Order;
use crate::error::Result;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::report::first_rows::FirstRows;
use crate::report::progress::Progress;
use crate::report::{self, Status};
use crate::run::stop::Stops;
use crate::run::{self, Course, Outcome, per_rank, placements, room};
use crate::run_file::keeper::Keeper;
use crate::run_file::{RunFile, files};
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::work::{Answer, Job, Work};
use crate::world::{World, agree, from_root};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

/// When a run began: by the calendar, the same on all ranks, and by this rank's clock.
pub type Began = (SystemTime, Instant);

/// Now. All ranks must call it.
///
/// # Errors
/// On every rank: if the clock of a host is set before 1970 or after 9999.
pub fn began(world: &dyn World) -> Result<Began> {
    Ok((agree(world, summary::time_of_day(), |_| 0)?, Instant::now()))
}

/// Starts a run. Returns the exit code of all ranks.
///
/// # Errors
/// On every rank: if the list cannot be read, or as [`carry_out`] fails.
pub fn begin(world: &dyn World, order: Order, stops: &Stops) -> Result<u8> {
    let began = began(world)?;
    carry_out(world, &Attempt::first(world, order, stops)?, None, stops, began)
}

/// Computes what is left of the attempt, and saves it in the run file of the earlier attempt, if there was one. Returns the exit code of
/// all ranks.
///
/// # Errors
/// On every rank: if the ranks do not have the same plan, if there is too little memory, if a part fails or is wrong,
/// or if the answer or the run file cannot be written.
pub fn carry_out(
    world: &dyn World,
    attempt: &Attempt,
    left: Option<RunFile>,
    stops: &Stops,
    (started, clock): Began,
) -> Result<u8> {
    let plan = agree(world, attempt.plan(world, stops), Plan::fingerprint)?;
    let (plan, cache) = &cached::left(world, attempt, plan)?;
    let order = &attempt.order;
    let out = match attempt.is_first() {
        true => agree(world, world.is_root().then(|| draft(order)).transpose(), |_| 0)?.flatten(),
        false => left,
    };
    // What is not kept ends as any process does.
    let may_stop = match plan.job {
        Job::Work(_) => true,
        Job::Stream(_) => order.out.is_some(),
        Job::PerRank(_) => false,
    };
    if !may_stop {
        stops.release_signals();
    }
    let (placement, placements) = placements::take(world, order.threads)?;
    match &plan.job {
        Job::Work(work) => room::check(world, &placements, &work.forecast())?,
        Job::Stream(stream) => room::check(world, &placements, &stream.forecast())?,
        Job::PerRank(_) => (),
    }
    let circumstances = Circumstances { world, attempt, plan, placements: &placements, started, clock };
    let status = agree(world, world.is_root().then(|| StatusFile::open(&circumstances)).transpose(), |_| 0)?.flatten();
    let mut computed = match &plan.job {
        Job::Stream(stream) => {
            return list::compute_list(stream, &circumstances, &placement, stops, (out, status));
        }
        Job::PerRank(problem) => {
            let answer = per_rank::run_on_every_rank(world, &placement, &**problem);
            Computed { answer, outcome: None, keeper: keeper(&circumstances, out), status, rows: FirstRows::new() }
        }
        Job::Work(work) => compute(work, &circumstances, &placement, stops, (keeper(&circumstances, out), status))?,
    };
    let file = computed.status.take();
    let said = world.is_root().then(|| conclude(&circumstances, computed, cache.as_ref())).transpose();
    if let (Some(file), Ok(Some((status, _)))) = (file, &said) {
        file.end(status.name());
    }
    let ended = agree(world, said, |_| 0)?;
    // Other ranks know only that it went well; the root knows the exit code.
    Ok(world.all_max(ended.map_or(0, |(_, code)| code).into()) as u8)
}

/// The result of a run, to be printed and saved.
struct Computed {
    answer: Option<Answer>,
    outcome: Option<Outcome>,
    keeper: Option<Keeper>,
    status: Option<StatusFile>,
    /// The rows that were printed on the way.
    rows: FirstRows,
}

/// Computes a work that is cut into units.
fn compute(
    work: &Arc<dyn Work>,
    circumstances: &Circumstances,
    placement: &Placement,
    stops: &Stops,
    (keeper, mut status): (Option<Keeper>, Option<StatusFile>),
) -> Result<Computed> {
    let (world, attempt) = (circumstances.world, circumstances.attempt);
    let order = &attempt.order;
    let mut progress = Progress::new(order.progress, world.is_root());
    let is_asked = progress.is_live() || status.is_some();
    let expected = is_asked.then(|| summary::expected_pace(circumstances, &**work)).flatten();
    progress.starts_at(attempt.share_done(&**work), expected);
    status.iter_mut().for_each(|status| status.expect(expected));
    let keep_going = order.keep_going && can_tolerate(world)?;
    let only = order.share.map(|share| share.units(work.units()));
    let mut course = Course { known: attempt.known(), only, keep_going, ..Course::new(order.schedule, stops) };
    if order.out.is_some() {
        let every = save_interval(order);
        // When a run dies its blocks in progress are lost, so they should be a small part of what is saved.
        let least = order.time_limit.map_or(every, |limit| every.min(limit / 4));
        course = Course { saving: Some(every), ..course.in_blocks_of(&**work, least / 4) };
    }
    let mut beside = Beside::new(circumstances, progress, keeper, status);
    let outcome = run::run(world, work, placement, course, &mut beside);
    work.abandon();
    let outcome = outcome?;
    beside.progress.finish(outcome.as_ref().is_none_or(|outcome| outcome.whole.is_some()));
    // Making the answer can take long (the digits of a long number) and can fail; only the root does it.
    let whole = outcome.as_ref().and_then(|outcome| outcome.whole.as_ref());
    let answer = agree(world, whole.map(|whole| work.close(whole)).transpose(), |_| 0)?;
    Ok(Computed { answer, outcome, keeper: beside.keeper, status: beside.status, rows: beside.rows })
}

fn keeper(circumstances: &Circumstances, out: Option<RunFile>) -> Option<Keeper> {
    let every = save_interval(&circumstances.attempt.order);
    out.map(|out| Keeper::new(Arc::new(Mutex::new(out)), every, circumstances.clock))
}

/// Whether the job can continue when a rank dies; prints a message if not.
fn can_tolerate(world: &dyn World) -> Result<bool> {
    let why = from_root(world, || Ok(world.can_tolerate().err()))?;
    if let (Some(why), true) = (&why, world.is_root()) {
        streams::remark(&format!("--keep-going: {why}: a rank that dies ends the job"));
    }
    Ok(why.is_none())
}

/// Prints and saves the result, at the root. Returns its status and the exit code.
fn conclude(circumstances: &Circumstances, computed: Computed, cache: Option<&Cache>) -> Result<(Status, u8)> {
    let Computed { answer, mut outcome, mut keeper, rows, .. } = computed;
    let order = &circumstances.attempt.order;
    if order.time {
        let saving = keeper.as_ref().map_or(Duration::ZERO, Keeper::spent);
        streams::talk(&summary::times(circumstances, outcome.as_ref(), saving));
    }
    let mut report = match (answer, &mut outcome) {
        (None, Some(stopped)) => {
            let parts = std::mem::take(&mut stopped.parts);
            summary::stopped(circumstances, stopped, parts)
        }
        (answer, outcome) => {
            let answer = answer.expect("a problem that runs once on every rank has an answer");
            answer.note.filter(|_| !order.output.quiet).into_iter().for_each(streams::remark);
            summary::finished(circumstances, answer, outcome.as_ref())
        }
    };
    report.run.extend(keeper.as_mut().and_then(Keeper::saves));
    // The answer is printed even if the file cannot be written, and the other way round.
    let kept = keeper.map_or(Ok(()), |keeper| keeper.finish(&report));
    let whole = cache.map(|cache| (cache, report.clone()));
    shorten(&mut report, order.output);
    // To find the known rows takes time: everything is saved by now.
    let known = match (&report.state, report.status) {
        (Some(state), Status::Partial) => summary::known(circumstances.plan, &state.blocks)?,
        _ => None,
    };
    let said = match report.status {
        // Without known rows, scripts may still want to know how far the run is.
        Status::Partial if known.is_none() && !tells_how_far(order) => Ok(()),
        Status::Partial => {
            let mut report = summary::with_rows(&report, known);
            shorten(&mut report, order.output);
            rendered(&report, order.output).and_then(|text| rows.end(&text))
        }
        _ => rendered(&report, order.output).and_then(|text| rows.end(&text)),
    };
    if let Some((cache, report)) = &whole {
        cached::keep(cache, report, circumstances.plan);
    }
    said.and(kept)?;
    if let (Status::Partial, Some(outcome)) = (report.status, &outcome) {
        // Only a share leaves units behind without a reason to stop.
        let told = order.share.filter(|_| outcome.stopped.is_none());
        if let Some(share) = told {
            streams::remark(&summary::share_message(circumstances, share));
            return Ok((report.status, 0));
        }
        streams::remark(&summary::stop_message(&report, outcome, circumstances));
    }
    Ok((report.status, code(report.status)))
}

/// Whether what is printed of a run that was stopped without rows says how far it is.
fn tells_how_far(order: &Order) -> bool {
    let format = order.output.format;
    !order.output.quiet && format.is_document && !format.is_bytes()
}

/// The run file of an order. Without a run file, stdout must be open.
pub(super) fn draft(order: &Order) -> Result<Option<RunFile>> {
    if let Some(note) = order.note() {
        streams::remark(&note);
    }
    report::can_take(order.output.format)?;
    if order.out.is_none() {
        report::can_say()?;
    }
    order.out.as_deref().map(|out| (files()?.draft)(out, &summary::owner())).transpose()
}
