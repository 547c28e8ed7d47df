//! pcount: who are we, what is asked, which units, compute, say it.

use pcount::cli::{self, Order, Output, Request};
use pcount::error::{Result, STOPPED, STOPPED_GRID_ENGINE};
use pcount::leg::{Found, Leg};
use pcount::plan::Plan;
use pcount::report::hdf5::RunFile;
use pcount::report::keeper::Keeper;
use pcount::report::list::Telling;
use pcount::report::progress::Progress;
use pcount::report::{self, Ascending, Frame, Report, Status, Stint};
use pcount::run::stop::Stops;
use pcount::run::{self, Course, Outcome, Parts, Watch, roll, seats};
use pcount::seat::Seat;
use pcount::tell::{self, Circumstances};
use pcount::work::{Answer, Job, Stream};
use pcount::world::{self, World, agree, from_root, launch};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

fn main() -> ExitCode {
    let began = Instant::now();
    world::abort_on_panic();
    let request = cli::read(std::env::args_os());
    match request {
        // What needs no other ranks is said by one of them, and MPI is not even started.
        Ok(Request::Say(text)) => alone(|| report::say(&text)),
        Ok(Request::Version) => alone(|| report::say(&tell::version())),
        Ok(Request::Show { file, output }) => alone(|| show(&file, output)),
        Ok(Request::Run(order)) if order.dry_run => alone(|| dry_run(&order)),
        request => together(request, began),
    }
}

/// Speaks if this is the rank to speak; the others have nothing to do.
fn alone(speak: impl FnOnce() -> Result<()>) -> ExitCode {
    if !launch::is_speaker() {
        return ExitCode::SUCCESS;
    }
    match speak() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            world::complain(&why);
            ExitCode::from(why.code())
        }
    }
}

/// Runs with all ranks, which leave together.
fn together(request: Result<Request>, began: Instant) -> ExitCode {
    let heeded = Stops::heed();
    // Where the launcher failed us every rank is alone: one speaks, and the others must not end first with a
    // code that makes the launcher kill it.
    let world = match world::open() {
        Ok(world) => world,
        Err(why) => return alone(|| Err(why)),
    };
    let world = &*world;
    // Every rank has read the same words, or this is where it comes out.
    let ready = agree(world, request.and_then(|request| Ok((request, heeded?))), |_| 0);
    match ready.and_then(|(request, stops)| carry_out(world, request, stops, began)) {
        Ok(code) => ExitCode::from(code),
        Err(why) => world::leave(world, &why),
    }
}

/// Has it done by all ranks; the code they all end with.
fn carry_out(world: &dyn World, request: Request, stops: Stops, began: Instant) -> Result<u8> {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let (leg, left) = match request {
        Request::Run(order) => (Leg::first(world, *order)?, None),
        Request::Resume { file, order } => {
            let output = order.output;
            match Leg::next(world, &file, *order, &tell::owner())? {
                Found::Left(leg, left) => (*leg, left),
                Found::Answer(file) => return answer_again(world, &file, output),
            }
        }
        _ => unreachable!("the others are said alone"),
    };
    // Hands that are left behind at the end may still be at it.
    let plan: &Plan = Box::leak(Box::new(agree(world, leg.plan(), Plan::fingerprint)?));
    let order = &leg.order;
    let out = match leg.is_first() {
        true => agree(world, world.is_root().then(|| draft(order)).transpose(), |_| 0)?.flatten(),
        false => left,
    };
    if !matches!(plan.job, Job::Work(_)) {
        stops.heed_no_more();
    }
    let stops = stops.until(order.time_limit.map(|limit| began + limit));
    let (seat, seats) = seats::take(world, order.threads)?;

    let circumstances = Circumstances { world, leg: &leg, plan, seats: &seats, started, clock };
    let every = order.every.unwrap_or(EVERY);
    let mut progress = Progress::new(order.progress, world.is_root());
    progress.starts_at(leg.done());
    let (answer, outcome, keeper) = match &plan.job {
        Job::Stream(stream) => return tell_stream(world, order, stream, &circumstances, &seat, out),
        Job::Roll(roll) => (roll::call(world, &seat, &**roll), None, out.map(|out| Keeper::new(out, every))),
        Job::Work(work) => {
            let keep_going = order.keep_going && can_tolerate(world)?;
            let mut course = Course { known: leg.known(), keep_going, ..Course::new(order.schedule, &stops) };
            if order.out.is_some() {
                // What is in flight when a run dies is lost, so it should be little of what is saved.
                let least = order.time_limit.map_or(every, |limit| every.min(limit / 4));
                course = Course { saving: Some(every), ..course.in_blocks_of(&**work, least / 4) };
            }
            let keeper = out.map(|out| Keeper::new(out, every));
            let mut beside = Beside { circumstances: &circumstances, progress, keeper };
            let outcome = run::run(world, &**work, &seat, course, &mut beside)?;
            beside.progress.finish();
            // Closing can be work too (a long number's digits), and can fail; only the root has it to do.
            let whole = outcome.as_ref().and_then(|outcome| outcome.whole.as_ref());
            let answer = whole.map(|whole| work.close(whole)).transpose();
            (agree(world, answer, |_| 0)?, outcome, beside.keeper)
        }
    };
    let said = world.is_root().then(|| conclude(&circumstances, answer, outcome, keeper)).transpose();
    let status = agree(world, said, |_| 0)?;
    // Ranks other than the root have heard nothing but that it went well; how well decides the code.
    Ok(world.most(status.map_or(0, code).into()) as u8)
}

/// Whether the job can go on when a rank dies; says so if it cannot.
fn can_tolerate(world: &dyn World) -> Result<bool> {
    let why = from_root(world, || Ok(world.can_tolerate().err()))?;
    if let (Some(why), true) = (&why, world.is_root()) {
        report::talk(&format!("pcount: --keep-going: {why}: a rank that dies ends the job\n"));
    }
    Ok(why.is_none())
}

/// How often a run file is replaced if nobody says.
const EVERY: Duration = Duration::from_secs(60);

/// What goes on beside the computing.
struct Beside<'a> {
    circumstances: &'a Circumstances<'a>,
    progress: Progress,
    keeper: Option<Keeper>,
}

impl Watch for Beside<'_> {
    fn tick(&mut self, done: u64, all: u64) {
        self.progress.tick(done, all);
    }

    fn due(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::due)
    }

    fn save(&mut self, parts: Parts, stints: Vec<Stint>, done: u64) {
        if let Some(keeper) = &mut self.keeper {
            keeper.save(tell::unfinished(self.circumstances, stints, parts, done));
        }
    }

    fn saving(&self) -> Duration {
        self.keeper.as_ref().map_or(Duration::ZERO, Keeper::saving)
    }

    fn lost(&mut self, rank: usize) {
        report::talk(&tell::obituary(self.circumstances, rank));
    }
}

/// Says and keeps what came of it, at the root.
fn conclude(
    circumstances: &Circumstances,
    answer: Option<Answer>,
    mut outcome: Option<Outcome>,
    keeper: Option<Keeper>,
) -> Result<Status> {
    let order = &circumstances.leg.order;
    if order.time {
        report::talk(&tell::times(circumstances, outcome.as_ref()));
    }
    let report = match (answer, &mut outcome) {
        (None, Some(stopped)) => {
            let parts = std::mem::take(&mut stopped.parts);
            tell::stopped(circumstances, stopped, parts)
        }
        (answer, outcome) => {
            let answer = answer.expect("a roll has an answer");
            tell::finished(circumstances, answer, outcome.as_ref())
        }
    };
    // The answer comes out even if the file cannot be written, and the other way round.
    let kept = keeper.map_or(Ok(()), |keeper| keeper.finish(&report));
    let said = match report.status {
        // There is no answer yet, but scripts may ask how far it is.
        Status::Partial if order.output.quiet || order.output.format.name != "json" => Ok(()),
        _ => rendered(&report, order.output).and_then(|text| report::say(&text)),
    };
    said.and(kept)?;
    if let (Status::Partial, Some(outcome)) = (report.status, &outcome) {
        report::talk(&tell::farewell(&report, outcome, circumstances));
    }
    Ok(report.status)
}

/// The code that a run ends with.
fn code(status: Status) -> u8 {
    match status {
        Status::Complete | Status::Planned => 0,
        Status::Failed => 1,
        Status::Partial if launch::is_grid_engine() => STOPPED_GRID_ENGINE,
        Status::Partial => STOPPED,
    }
}

/// What a run that is over has answered.
fn answer_again(world: &dyn World, file: &Path, output: Output) -> Result<u8> {
    let again = || show(file, output).and_then(|()| Ok(code(report::hdf5::read(file)?.status)));
    let said = agree(world, world.is_root().then(again).transpose(), |_| 0)?;
    Ok(world.most(said.unwrap_or(0).into()) as u8)
}

/// A list is told while it is computed.
fn tell_stream(
    world: &dyn World,
    order: &Order,
    stream: &'static Stream,
    circumstances: &Circumstances,
    seat: &Seat,
    out: Option<RunFile>,
) -> Result<u8> {
    let report = |outcome: Option<&Outcome>| tell::listed(circumstances, stream.key, outcome);
    let file = out.map(|file| (file, stream.key, stream.wide));
    let mut telling = Telling::begin(framed(&report(None), order.output), file);
    let progress = Progress::new(order.progress.beside_a_list(), world.is_root());
    let mut beside = Beside { circumstances, progress, keeper: None };
    let mut each = |part: &[u8]| {
        let numbers = (stream.numbers)(part)?;
        Ok(telling.tell(numbers.iter().flat_map(Ascending::numbers)))
    };
    let outcome = run::run_in_batches(world, stream, seat, order.schedule, &mut beside, &mut each)?;
    beside.progress.finish();
    let said = outcome.map(|outcome| {
        let report = report(Some(&outcome));
        if order.time {
            report::talk(&tell::times(circumstances, Some(&outcome)));
        }
        telling.end(&framed(&report, order.output).tail, &report)
    });
    agree(world, said.transpose(), |_| 0)?;
    Ok(0)
}

fn draft(order: &Order) -> Result<Option<RunFile>> {
    order.out.as_deref().map(|out| report::hdf5::draft(out, &tell::owner())).transpose()
}

fn dry_run(order: &Order) -> Result<()> {
    let ranks = launch::find().map_or(1, |launch| launch.size);
    let plan = order.plan(ranks, &order.list()?)?;
    let threads = seats::expect(order.threads, ranks)?;
    // A plan has no bare answers, so --quiet changes nothing.
    report::say(&(order.output.format.write)(&tell::planned(&plan, ranks, threads, order.schedule)))
}

fn rendered(report: &Report, output: Output) -> Result<String> {
    match output.quiet {
        true => report::bare(report),
        false => Ok((output.format.write)(report)),
    }
}

/// What stands around a report's list.
fn framed(report: &Report, output: Output) -> Frame {
    let list = report.list.as_ref().expect("the report has a list");
    match output.quiet {
        true => Frame::lines(String::new()),
        false => (output.format.frame)(report, list),
    }
}

fn show(file: &Path, output: Output) -> Result<()> {
    let report = report::hdf5::read(file)?;
    if report.list.is_none() {
        let text = rendered(&report, output).map_err(|why| why.at(&format!("'{}'", file.display())))?;
        return report::say(&text);
    }
    let frame = framed(&report, output);
    let tail = frame.tail.clone();
    let mut telling = Telling::begin(frame, None);
    report::hdf5::numbers(file, &mut |numbers| telling.tell(numbers.iter().copied()))?;
    telling.end(&tail, &report)
}
