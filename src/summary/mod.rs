//! The report of a plan or of a run: what is known of it, as facts.

mod forecast;
mod times;

use crate::attempt::Attempt;
use crate::error::{Error, Result, without_passwords};
use crate::features;
use crate::kernel::{self, Takes};
use crate::math::approximate::riemann_r;
use crate::math::integer;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::report::{self, List, Report, RowsSoFar, Status, history};
use crate::run::share::Share;
use crate::run::stop::Cause;
use crate::run::{self, Outcome, Parts};
use crate::run_file;
use crate::run_file::lock::Owner;
use crate::values::timeline::Entry;
use crate::values::{Fact, Role, Table, Value};
use crate::work::{self, Answer, Job, Known, Stream};
use crate::world::{self, World};
pub use forecast::{expected_pace, planned};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
pub use times::times;

/// The report of a plan without an answer.
fn unanswered(plan: &Plan, status: Status, run: Vec<Fact>) -> Report {
    Report::of(plan.kernel, status, plan.facts.clone(), run)
}

/// The default of `--checkpoint-every`.
pub const SAVE_INTERVAL: Duration = Duration::from_secs(60);

/// The first second of the year 10000, after 1970.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

/// The time of day.
///
/// # Errors
/// If this machine's clock shows a time that cannot be written, or compared with that of a certificate.
pub fn time_of_day() -> Result<SystemTime> {
    let now = SystemTime::now();
    let wrong = |when: &str| {
        let host = Placement::here(0).host;
        Err(Error::failed(format!("the clock of host {host} says a year {when}: set it, then start again")))
    };
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Err(_) => wrong("before 1970"),
        Ok(since) if since >= YEAR_10000 => wrong("after 9999"),
        Ok(_) => Ok(now),
    }
}

/// What is known of a run beside its outcome.
pub struct Circumstances<'a> {
    /// The ranks.
    pub world: &'a dyn World,
    /// The attempt.
    pub attempt: &'a Attempt,
    /// Its plan.
    pub plan: &'a Plan,
    /// Where the ranks run, in rank order.
    pub placements: &'a [Placement],
    /// When the program started on rank 0.
    pub started: SystemTime,
    /// The same moment, by a clock that nobody sets.
    pub clock: Instant,
}

/// The report of a finished run.
pub fn finished(circumstances: &Circumstances, answer: Answer, outcome: Option<&Outcome>) -> Report {
    let entries = outcome.map(entries).unwrap_or_default();
    let status = if answer.failed { Status::Failed } else { Status::Complete };
    let whole = outcome.and_then(|outcome| outcome.whole.as_ref());
    let state = match &circumstances.plan.job {
        // The answer was made of these bytes.
        Job::Work(work) => Some(whole.and_then(|whole| work.witnesses(whole).ok()).unwrap_or_default()),
        Job::Stream(_) | Job::PerRank(_) => None,
    };
    let report = report_of(circumstances, status, outcome, entries, None);
    // A list is written before the run is over.
    let is_over = outcome.is_some() || matches!(circumstances.plan.job, Job::PerRank(_));
    let mut report = if is_over { as_of("ended", circumstances, report) } else { report };
    report.run.extend(answer.found);
    Report {
        table: answer.table,
        total: answer.total.map(|total| total.to_string()),
        bare: answer.bare.into(),
        state: state.map(|witnesses| circumstances.attempt.state_at_end(circumstances.plan, witnesses)),
        ..report
    }
}

/// The report of a comparison: its rows, and what else was found.
pub fn compared(
    circumstances: &Circumstances,
    status: Status,
    problem: Vec<Fact>,
    table: Table,
    found: Vec<Fact>,
) -> Report {
    let mut run = facts(circumstances);
    run.push(Fact::new("seconds.wall", Value::Seconds(circumstances.clock.elapsed().as_secs_f64())));
    run.extend(found);
    let report = as_of("ended", circumstances, unanswered(circumstances.plan, status, run));
    Report { kernel: "compare".into(), problem, table, bare: "seconds".into(), ..report }
}

/// What a status file says that does not change while the run goes on.
pub fn of_status(circumstances: &Circumstances) -> Vec<Fact> {
    let in_run = |fact: Fact| Fact::new(format!("run.{}", fact.name), fact.value);
    let out = circumstances.attempt.order.out.as_ref();
    let mut all = vec![Fact::new("kernel", Value::text(circumstances.plan.kernel))];
    all.extend(facts(circumstances).into_iter().map(in_run));
    all.push(Fact::new("run.pid", Value::Count(std::process::id().into())));
    all.push(Fact::new("run.file", Value::from(out.map(|out| out.display().to_string()))));
    all
}

/// The report of a run in progress that has so many units done.
pub fn unfinished(circumstances: &Circumstances, entries: Vec<Entry>, parts: Parts, done: u64) -> Report {
    let report = report_of(circumstances, Status::Partial, None, entries, Some(done));
    let report = as_of("saved", circumstances, report);
    Report { state: Some(circumstances.attempt.state(circumstances.plan, done, parts)), ..report }
}

/// The report of a run that was stopped.
pub fn stopped(circumstances: &Circumstances, outcome: &Outcome, parts: Parts) -> Report {
    let report = report_of(circumstances, Status::Partial, Some(outcome), entries(outcome), Some(outcome.done));
    let report = as_of("ended", circumstances, report);
    Report { state: Some(circumstances.attempt.state(circumstances.plan, outcome.done, parts)), ..report }
}

/// The rows that are known from these blocks; `None` if there are none.
///
/// # Errors
/// If a part cannot be understood, or contradicts itself.
pub fn known(plan: &Plan, parts: &Parts) -> Result<Option<Answer>> {
    let known = known_rows(plan, parts)?;
    Ok(known.in_order().filter(|answer| !answer.table.rows.is_empty()))
}

/// The rows that are known while a run goes on; none if the plan has too many rows to look for.
///
/// # Errors
/// If a part cannot be understood, or contradicts itself.
pub fn known_so_far(plan: &Plan, parts: &Parts) -> Result<Known> {
    match plan.facts.first().map(|fact| &fact.value) {
        Some(Value::List(asked)) if asked.len() > ROWS => Ok(Known::default()),
        _ => known_rows(plan, parts),
    }
}

/// If there are more rows, the root does not look for the first ones: it has other things to do.
const ROWS: usize = 10_000;

fn known_rows(plan: &Plan, parts: &Parts) -> Result<Known> {
    let Job::Work(work) = &plan.job else { return Ok(Known::default()) };
    let units = work.units();
    let runs =
        parts.iter().map(|(block, part)| (block.first().min(units)..block.units().end.min(units), part.0.clone()));
    let runs = work::joined(&**work, runs.filter(|(units, _)| !units.is_empty()))?;
    work.known(runs)
}

/// The report with the known rows of an incomplete answer.
pub fn with_rows(report: &Report, known: Option<Answer>) -> Report {
    let Some(known) = known else { return report.clone() };
    Report { table: known.table, bare: known.bare.into(), ..report.clone() }
}

/// A report of the first rows, with one more row that is as wide as the widest row expected, so that the columns have their final
/// width.
pub fn of_first_rows(plan: &Plan, first: Answer, widths: ExpectedWidths) -> Report {
    let mut table = first.table;
    let room = table.columns.iter().zip(&table.rows[0]).map(|(column, cell)| match (column.role(), cell) {
        (Role::Asked, Value::Integer(_)) if column.key == "start" => Value::Integer("0".repeat(widths.start)),
        (Role::Asked, Value::Integer(_)) => Value::Integer("0".repeat(widths.asked)),
        (Role::Summed, Value::Integer(_)) => Value::Integer("0".repeat(widths.summed)),
        (_, cell) => cell.clone(),
    });
    let room: Vec<Value> = room.collect();
    table.rows.push(room);
    Report { table, bare: first.bare.into(), ..unanswered(plan, Status::Complete, vec![]) }
}

/// How many digits columns will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedWidths {
    /// The largest number that a range begins with.
    start: usize,
    /// The largest number asked for, or end of a range.
    asked: usize,
    /// The largest count or total expected.
    summed: usize,
}

/// The number of digits of what is asked and expected.
///
/// Cost: about 30 microseconds for each end of a range, but those of equal neighbours are computed once.
pub fn expected_widths(plan: &Plan) -> ExpectedWidths {
    let mut widths = ExpectedWidths { start: 1, asked: 1, summed: 1 };
    let Some(Value::List(asked)) = plan.facts.first().map(|fact| &fact.value) else { return widths };
    // Most ranges begin where the one before ends.
    let mut last = (0, 0.0);
    let mut below = |x: u128| {
        if last.0 != x {
            last = (x, riemann_r(x).to_f64());
        }
        last.1
    };
    let (mut largest, mut total) = (0f64, 0f64);
    for text in asked.iter().map(Value::to_string) {
        let (start, rest) = text.split_once("..").unwrap_or(("", &text));
        let (end, pieces) = rest.split_once('/').unwrap_or((rest, "1"));
        let [first, last, pieces] = [start, end, pieces].map(|number| number.parse::<u128>().unwrap_or(0));
        // The last piece of a range takes the rest.
        let of_last = first + last.saturating_sub(first) / pieces.max(1) * pieces.saturating_sub(1);
        widths.start = widths.start.max(of_last.to_string().len());
        widths.asked = widths.asked.max(end.len());
        let before = below(first);
        let count = below(last) - before;
        (largest, total) = (largest.max(count), total + count);
    }
    // Ranges have a total.
    let ranges = kernel::find(plan.kernel).is_some_and(|entry| matches!(entry.takes, Takes::Ranges(_)));
    let most = if ranges { total } else { largest };
    widths.summed = format!("{most:.0}").len();
    widths
}

/// The timeline of a run.
pub fn entries(outcome: &Outcome) -> Vec<Entry> {
    outcome.ranks.iter().flat_map(|rank| rank.entries.clone()).collect()
}

/// A time in the calendar.
pub fn moment(time: SystemTime) -> Value {
    Value::text(humantime::format_rfc3339_seconds(time).to_string())
}

/// The report with its time: when the run ended, or when it was saved.
fn as_of(name: &'static str, circumstances: &Circumstances, report: Report) -> Report {
    // The calendar clock may have been changed meanwhile.
    let now = moment(circumstances.started + circumstances.clock.elapsed());
    Report { run: [report.run, vec![Fact::new(name, now)]].concat(), ..report }
}

/// Everything but the answer and the state.
fn report_of(
    circumstances: &Circumstances,
    status: Status,
    outcome: Option<&Outcome>,
    mut entries: Vec<Entry>,
    done: Option<u64>,
) -> Report {
    let &Circumstances { attempt, plan, .. } = circumstances;
    let mut facts = facts(circumstances);
    if let Job::Work(work) | Job::Stream(Stream { work, .. }) = &plan.job {
        let (schedule, why) = run::Schedule::pick(attempt.order.schedule, &**work, circumstances.placements.len());
        facts.extend([
            Fact::new("schedule", Value::text(schedule.name())),
            Fact::new("schedule_why", Value::text(why)),
            Fact::new("units", Value::Count(plan.units())),
        ]);
    } else {
        facts.push(Fact::new("schedule", Value::text("per rank")));
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
    let (mut attempts, mut timeline) = (vec![], vec![]);
    if let Some(past) = &attempt.past {
        let earlier = [&past.attempts[..], std::slice::from_ref(&past.run)].concat();
        (attempts, timeline) = history::bounded(earlier, past.timeline.clone());
        let (before, number) = (attempts.iter().map(history::seconds).sum::<f64>(), history::count(&attempts));
        facts.push(Fact::new("seconds.all_attempts", Value::Seconds(wall + before)));
        facts.push(Fact::new("attempts", Value::Count(number + 1)));
        entries.iter_mut().for_each(|entry| entry.attempt = number);
    }
    let timeline = history::extended(timeline, entries);
    Report { attempts, timeline, ..unanswered(plan, status, facts) }
}

/// Why a run stopped and what to do, in one line.
pub fn stop_message(report: &Report, outcome: &Outcome, circumstances: &Circumstances) -> String {
    let advice = match &circumstances.attempt.order.out {
        Some(file) => format!("to continue: pcount resume {}", file.display()),
        None => "nothing was saved: use --out run.h5 to be able to resume".into(),
    };
    let why = outcome.stopped.map_or(String::new(), |cause| format!(" because {cause}"));
    // A script that always gives so little time would never end.
    let done = match (outcome.stopped, circumstances.attempt.done()) {
        (Some(Cause::Time), 0) if outcome.done == 0 => "before a first block was done: give it more time".into(),
        (Some(Cause::Time), before) if outcome.done == before => {
            format!("{}, no more than before: give it more time", report.progress())
        }
        _ => report.progress(),
    };
    let after = report::people::duration(circumstances.clock.elapsed().as_secs_f64());
    format!("stopped after {after}{why}, {done}; {advice}")
}

/// The message about a share that is done, in one line.
pub fn share_message(circumstances: &Circumstances, share: Share) -> String {
    let (all, after) = (circumstances.plan.units(), circumstances.clock.elapsed().as_secs_f64());
    let (units, after) = (share.units(all), report::people::duration(after));
    let what = format!("share {share} is done after {after}: units {}..{} of {all}", units.start, units.end);
    let file = circumstances.attempt.order.out.as_deref().unwrap_or(Path::new("its file"));
    format!("{what}; to put the shares together: pcount merge {} OTHERS --out all.h5", file.display())
}

/// The message about a dead rank, in one line.
pub fn death_message(circumstances: &Circumstances, rank: usize) -> String {
    let after = report::people::duration(circumstances.clock.elapsed().as_secs_f64());
    let host = &circumstances.placements[rank].host;
    format!("rank {rank} on host {host} died after {after}; its blocks are dealt again")
}

/// This process, as other runs see it in the lock.
pub fn owner() -> Owner {
    let placement = Placement::here(0);
    Owner { host: placement.host, pid: placement.pid, job: world::launch::job() }
}

/// The report of a list that is not over: in progress, or stopped. These rows are on the disk, and those of the first `done` units.
pub fn unfinished_list(
    circumstances: &Circumstances,
    entries: Vec<Entry>,
    (rows, done): (RowsSoFar, u64),
    outcome: Option<&Outcome>,
) -> Report {
    let mut report = report_of(circumstances, Status::Partial, outcome, entries, Some(done));
    report.run.push(Fact::new("rows_done", Value::Count(rows.count())));
    let report = as_of(if outcome.is_some() { "ended" } else { "saved" }, circumstances, report);
    Report { state: Some(circumstances.attempt.state_of_list(circumstances.plan, done, rows)), ..report }
}

/// What a list says that goes on, in one line.
pub fn rest_message(circumstances: &Circumstances, before: u64) -> String {
    let file = circumstances.attempt.order.out.as_deref().unwrap_or(Path::new("its file")).display();
    format!("the list goes on with row {}; '{file}' has the {before} before it", before + 1)
}

/// The report of a run whose list is written separately: as known at its beginning, or at its end.
pub fn listed(circumstances: &Circumstances, stream: &Stream, outcome: Option<&Outcome>) -> Report {
    let list = List { columns: stream.columns.clone(), count: 0, sha256: String::new() };
    let report = finished(circumstances, Answer::rows(Table::default(), stream.bare), outcome);
    Report { list: Some(list), ..report }
}

/// Who computed, where, and with what.
fn facts(Circumstances { attempt, plan, placements, started, .. }: &Circumstances) -> Vec<Fact> {
    let different = |name: fn(&Placement) -> &str| {
        let names: BTreeSet<&str> = placements.iter().map(name).filter(|name| !name.is_empty()).collect();
        Value::texts(names)
    };
    let threads = placements.iter().map(|placement| placement.threads).max().unwrap_or(1);
    let arguments = std::env::args_os().skip(1).map(|word| without_passwords(&word.to_string_lossy()));
    let mut facts = vec![
        Fact::new("version", Value::text(env!("CARGO_PKG_VERSION"))),
        Fact::new("commit", Value::text(env!("PCOUNT_COMMIT"))),
        Fact::new("arguments", Value::texts(arguments)),
        Fact::new("started", moment(*started)),
        Fact::new("hosts", different(|placement| &placement.host)),
        Fact::new("cpu", different(|placement| &placement.cpu)),
        Fact::new("ranks", Value::count(placements.len())),
        Fact::new("threads", Value::count(threads)),
    ];
    if let Some(job) = world::launch::job() {
        facts.push(Fact::new("job", Value::text(job)));
    }
    if attempt.order.out.is_some() {
        facts.push(Fact::new("hdf5", Value::text(hdf5())));
    }
    if placements.len() > 1 {
        facts.push(Fact::new("mpi", Value::text(world::library())));
    }
    facts.extend(plan.how.iter().map(|choice| choice.fact.clone()));
    facts
}

/// The version of the HDF5 library.
fn hdf5() -> String {
    run_file::files().map_or("not loaded".into(), |files| (files.library)())
}

/// The text of `--version -v`.
pub fn version() -> String {
    let lanes: Vec<&str> = crate::math::lanes::usable().map(|lanes| lanes.name).collect();
    let [gmp, mpfr] = integer::libraries();
    let with = match &features::names(true)[..] {
        [] => "no optional feature".into(),
        names => names.join(" "),
    };
    format!(
        "pcount {}\ncommit  {}\nrustc   {}\nwith    {with}\nMPI     {}\nHDF5    {}\nGMP     {}\nMPFR    {}\nlanes   {}\n",
        env!("CARGO_PKG_VERSION"),
        env!("PCOUNT_COMMIT"),
        env!("PCOUNT_RUSTC").trim_start_matches("rustc "),
        world::library(),
        hdf5(),
        gmp,
        mpfr,
        lanes.join(" "),
    )
}
