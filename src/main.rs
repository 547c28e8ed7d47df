//! pcount: who are we, what is asked, which units, compute, say it.

use pcount::cli::{self, Order, Output, Request};
use pcount::error::Result;
use pcount::plan::Plan;
use pcount::report::hdf5::RunFile;
use pcount::report::list::Telling;
use pcount::report::progress::Progress;
use pcount::report::{self, Ascending, Frame, Report, Status};
use pcount::run::{self, Outcome, roll, seats};
use pcount::seat::Seat;
use pcount::tell::{self, Circumstances};
use pcount::work::{Job, Stream};
use pcount::world::{self, World, agree, from_root, launch};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

fn main() -> ExitCode {
    world::abort_on_panic();
    let request = cli::read(std::env::args_os());
    match request {
        // What needs no other ranks is said by one of them, and MPI is not even started.
        Ok(Request::Say(text)) => alone(|| report::say(&text)),
        Ok(Request::Version) => alone(|| report::say(&tell::version())),
        Ok(Request::Show { file, output }) => alone(|| show(&file, output)),
        Ok(Request::Run(order)) if order.dry_run => alone(|| dry_run(&order)),
        request => together(request),
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
fn together(request: Result<Request>) -> ExitCode {
    // Where the launcher failed us every rank is alone: one speaks, and the others must not end first with a
    // code that makes the launcher kill it.
    let world = match world::open() {
        Ok(world) => world,
        Err(why) => return alone(|| Err(why)),
    };
    let world = &*world;
    let order = request.map(|request| match request {
        Request::Run(order) => order,
        _ => unreachable!("the others are said alone"),
    });
    // Every rank has read the same words, or this is where it comes out.
    match agree(world, order, |_| 0).and_then(|order| carry_out(world, &order)) {
        Ok(status) => ExitCode::from(u8::from(status == Status::Failed)),
        Err(why) => world::leave(world, &why),
    }
}

fn carry_out(world: &dyn World, order: &Order) -> Result<Status> {
    let (started, clock) = (SystemTime::now(), Instant::now());
    let list = from_root(world, || order.list())?;
    let plan = agree(world, order.plan(world.size(), &list), Plan::fingerprint)?;
    let out = agree(world, world.is_root().then(|| draft(order)).transpose(), |_| 0)?;
    let (seat, seats) = seats::take(world, order.threads)?;

    let circumstances = Circumstances { plan: &plan, seats: &seats, started, clock };
    let mut progress = Progress::new(order.progress, world.is_root());
    let (answer, outcome) = match &plan.job {
        Job::Stream(stream) => return tell_stream(world, order, stream, &circumstances, &seat, out.flatten()),
        Job::Roll(roll) => (roll::call(world, &seat, &**roll), None),
        Job::Work(work) => {
            let mut tick = |done, all| progress.tick(done, all);
            let outcome = run::run(world, &**work, &seat, order.schedule, &mut tick)?;
            // Closing can be work too (a long number's digits), and can fail; only the root has it to do.
            let answer = outcome.as_ref().map(|outcome| work.close(&outcome.whole)).transpose();
            (agree(world, answer, |_| 0)?, outcome)
        }
    };
    progress.finish();

    let said = answer.map(|answer| {
        let report = tell::finished(&circumstances, answer, outcome.as_ref());
        if order.time {
            report::talk(&tell::times(&circumstances, outcome.as_ref()));
        }
        // The answer comes out even if the file cannot be written, and the other way round.
        let kept = out.flatten().map_or(Ok(()), |file| report::hdf5::write(&report, file));
        rendered(&report, order.output).and_then(|text| report::say(&text)).and(kept).map(|()| report.status)
    });
    let status = agree(world, said.transpose(), |_| 0)?;
    // Ranks other than the root have heard nothing but that it went well; how well decides the code.
    let failed = world.most(u64::from(status == Some(Status::Failed)));
    Ok(if failed == 1 { Status::Failed } else { Status::Complete })
}

/// A list is told while it is computed.
fn tell_stream(
    world: &dyn World,
    order: &Order,
    stream: &Stream,
    circumstances: &Circumstances,
    seat: &Seat,
    out: Option<RunFile>,
) -> Result<Status> {
    let report = |outcome: Option<&Outcome>| tell::listed(circumstances, stream.key, outcome);
    let file = out.map(|file| (file, stream.key, stream.wide));
    let mut telling = Telling::begin(framed(&report(None), order.output), file);
    let mut progress = Progress::new(order.progress.beside_a_list(), world.is_root());
    let mut tick = |done, all| progress.tick(done, all);
    let mut each = |part: &[u8]| {
        let numbers = (stream.numbers)(part)?;
        Ok(telling.tell(numbers.iter().flat_map(Ascending::numbers)))
    };
    let outcome = run::run_in_batches(world, stream, seat, order.schedule, &mut tick, &mut each)?;
    progress.finish();
    let said = outcome.map(|outcome| {
        let report = report(Some(&outcome));
        if order.time {
            report::talk(&tell::times(circumstances, Some(&outcome)));
        }
        telling.end(&framed(&report, order.output).tail, &report)
    });
    agree(world, said.transpose(), |_| 0)?;
    Ok(Status::Complete)
}

fn draft(order: &Order) -> Result<Option<RunFile>> {
    order.out.as_deref().map(report::hdf5::draft).transpose()
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
        return report::say(&rendered(&report, output)?);
    }
    let frame = framed(&report, output);
    let tail = frame.tail.clone();
    let mut telling = Telling::begin(frame, None);
    report::hdf5::numbers(file, &mut |numbers| telling.tell(numbers.iter().copied()))?;
    telling.end(&tail, &report)
}
