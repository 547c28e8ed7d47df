//! `compare`: the same problem in every way, and what the times say.

use super::{code, rendered, run};
use crate::attempt::Attempt;
use crate::cli::Order;
use crate::compare::measure::{Measured, Measurement, measure};
use crate::compare::python::{FRAMEWORKS, Python};
use crate::compare::table::Findings;
use crate::compare::ways::{Choice, Machine, Way, ways};
use crate::error::{Error, Result};
use crate::features;
use crate::kernel::Method;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::report::progress::Progress;
use crate::report::{self, Report, Status};
use crate::run::placements;
use crate::run::stop::Stops;
use crate::run_file::RunFile;
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::values::{Fact, Value};
use crate::wire;
use crate::work::{Job, Stream, UnitCost};
use crate::world::{World, agree, from_root, launch, start};

/// Computes the problem in every way, and compares the times. Returns the exit code of all ranks.
///
/// # Errors
/// On every rank: if the problem cannot be compared here, as [`measure`] fails, or if the rows cannot be written.
pub fn compare(world: &dyn World, order: Order, stops: &Stops) -> Result<u8> {
    let (started, clock) = run::began(world)?;
    let attempt = &Attempt::first(world, order, stops)?;
    let plan = &agree(world, attempt.plan(world, stops), Plan::fingerprint)?;
    let out = agree(world, world.is_root().then(|| run::draft(&attempt.order)).transpose(), |_| 0)?.flatten();
    let placement = Placement::here(world.rank());
    let placements = world.gather(wire::bytes(&placement)).unwrap_or_default();
    let placements = placements.iter().map(|place| wire::value(place)).collect::<Result<Vec<Placement>>>();
    let placements = &agree(world, placements, |_| 0)?;
    let circumstances = Circumstances { world, attempt, plan, placements, started, clock };
    let (ways, hints) = possible(&circumstances)?;
    let with_python = attempt.order.comparison.python;
    if with_python && attempt.order.has_column() {
        return Err(Error::usage("--python has nothing for numbers in a file: leave one of them out"));
    }
    if with_python && matches!(plan.job, Job::Stream(_)) {
        let why = "--python compares rows that are held, and these are too many: ask for fewer, such as 0..1e5";
        return Err(Error::usage(why));
    }
    let workers = ways.iter().filter(|way| way.ranks == 1).map(|way| way.threads).max().unwrap_or(1).max(2);
    let python = world.is_root() && with_python;
    let python = agree(world, python.then(|| Python::new(plan.kernel, words(plan), workers)).transpose(), |_| 0)?;
    // Who is refused needs no hints.
    hints.iter().for_each(|hint| streams::remark(hint));
    let methods = methods(&attempt.order);
    let names: Vec<&str> = methods.iter().flatten().map(|method| method.name()).collect();
    let plan_by = |method: usize| attempt.order.by(methods[method]).plan(attempt.ranks, &attempt.list);
    let mut progress = Progress::new(attempt.order.progress, world.is_root());
    let task = Measurement {
        world,
        placement: &placement,
        plan: &plan_by,
        ways: &ways,
        methods: &names,
        repeat: attempt.order.comparison.repeat,
        stops,
        with_python,
        python: python.as_ref(),
    };
    let measured = measure(&task, &mut |share| progress.tick(share));
    progress.finish(measured.is_ok());
    let measured = measured?;
    let status = if measured.stopped.is_some() { Status::Partial } else { Status::Complete };
    let said = world.is_root().then(|| conclude(&circumstances, &task, &measured, status, out)).transpose();
    agree(world, said, |_| 0)?;
    Ok(code(status))
}

/// Becomes the launcher of ranks that compare.
///
/// # Errors
/// If there are ranks already, or if they cannot be started.
pub fn launch(order: &Order) -> Result<()> {
    if let Some(launch) = launch::find() {
        let (by, size) = (launch.by, launch.size);
        return Err(Error::usage(format!("--launch: {by} has started {size} ranks already: leave it out")));
    }
    if !features::is_built_in("mpi") {
        return Err(Error::usage("--launch needs ranks, and this pcount is built without MPI: leave it out"));
    }
    let words = std::env::args_os().skip(1).filter(|word| word != "--launch");
    let ranks = Placement::here(0).threads.max(2);
    // A launcher that fails may say nothing.
    if !order.output.quiet {
        let launcher = start::launcher(ranks);
        streams::remark(&format!("starting {ranks} ranks with '{}'", launcher.get_program().to_string_lossy()));
    }
    Err(start::become_launcher(ranks, words))
}

/// The methods that are compared; the order's own if none are named.
fn methods(order: &Order) -> Vec<Option<Method>> {
    match &order.comparison.methods[..] {
        [] => vec![None],
        methods => methods.iter().copied().map(Some).collect(),
    }
}

/// The ways that can be compared here, and what the user may want to know before; at the root.
///
/// # Errors
/// On every rank: if there is only one.
fn possible(circumstances: &Circumstances) -> Result<(Vec<Way>, Vec<String>)> {
    let Circumstances { world, attempt, plan, placements, .. } = *circumstances;
    let order = &attempt.order;
    let (Job::Work(work) | Job::Stream(Stream { work, .. })) = &plan.job else {
        let what = format!("'{}' is done once by every rank, whatever their number", plan.kernel);
        return Err(Error::usage(format!("{what}: there is nothing to compare")));
    };
    let machine = from_root(world, || Ok(Machine::of(placements)))?;
    let threads = from_root(world, || placements::wanted(order.threads))?;
    let at_once = match work.unit_cost() {
        UnitCost::IoBound(at_once) => Some(at_once),
        UnitCost::Uniform | UnitCost::Varying => None,
    };
    let methods = methods(order);
    let units = |method: &Option<Method>| order.by(*method).plan(attempt.ranks, &attempt.list).map(|plan| plan.units());
    // Without other methods they are those of the plan.
    let units = match &methods[..] {
        [None] => Ok(plan.units()),
        several => several.iter().try_fold(0, |most, method| units(method).map(|units| units.max(most))),
    };
    let units = agree(world, units, |units| *units)?;
    let choice = Choice { methods: methods.len(), threads, schedule: order.schedule, units, at_once };
    let ways = ways(&machine, &choice);
    if ways.len() == 1 {
        return Err(Error::usage(nothing_to_compare(&choice)));
    }
    let is_told = world.is_root() && !order.output.quiet;
    let hints = if is_told { hints(circumstances, &machine, &choice, &ways) } else { vec![] };
    Ok((ways, hints))
}

/// Why there is one way only, and what would do.
fn nothing_to_compare(choice: &Choice) -> String {
    let why = match (choice.threads, choice.at_once) {
        (Some(1), _) => "one rank of one thread is asked for: write --threads 2, or start ranks",
        (_, Some(_)) => "it waits for one thing: give it more to wait for",
        _ => "this process may use one core: write --threads 2, or start ranks",
    };
    format!("there is one way only, and nothing to compare with it, because {why}")
}

/// What the user may want to know before.
fn hints(circumstances: &Circumstances, machine: &Machine, choice: &Choice, ways: &[Way]) -> Vec<String> {
    let mut hints = vec![];
    if choice.units <= 1 {
        let kernel = circumstances.plan.kernel;
        hints.push(format!("this '{kernel}' is one unit, which one thread computes: a larger one would show more"));
    }
    if machine.ranks() == 1 && features::is_built_in("mpi") {
        let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into()).collect();
        hints.push(format!(
            "to compare ranks too: mpirun -n {} pcount {}, or --launch",
            machine.threads[0].max(2),
            words.join(" ")
        ));
    } else if machine.ranks() > 1 && choice.threads.is_none() && choice.at_once.is_none() {
        if machine.threads[0] == 1 {
            hints.push("rank 0 is bound to one core: to compare threads too, start with mpirun --bind-to none".into());
        } else if ways.iter().all(|way| way.ranks == 1 || way.threads == 1) {
            hints
                .push("several ranks have one core each: to compare several threads of each, write --threads 2".into());
        }
    }
    hints
}

/// Prints and saves what was found, at the root.
fn conclude(
    circumstances: &Circumstances,
    task: &Measurement,
    measured: &Measured,
    status: Status,
    out: Option<RunFile>,
) -> Result<()> {
    let order = &circumstances.attempt.order;
    measured.note.filter(|_| !order.output.quiet).into_iter().for_each(streams::remark);
    let report = found(circumstances, task, measured, status);
    let is_empty = report.table.rows.is_empty();
    // A comparison that was stopped is begun anew: a file of a part of it would be none to resume.
    let kept = out.filter(|_| status == Status::Complete).map_or(Ok(()), |mut file| file.save(&report));
    let said = match is_empty && (order.output.quiet || !order.output.format.is_document) {
        true => Ok(()),
        false => rendered(&report, order.output).and_then(|text| report::say_bytes(&text)),
    };
    said.and(kept)?;
    if let Some(cause) = measured.stopped {
        let after = report::people::duration(circumstances.clock.elapsed().as_secs_f64());
        let (runs, all) = (measured.runs(), task.ways.len() * task.repeat);
        let python = if runs == all { ", but not all of Python's" } else { "" };
        let what = format!("stopped after {after} because {cause}, with {runs} of {all} runs done{python}");
        streams::remark(&format!("{what}; nothing was saved, and a comparison is begun anew"));
    }
    Ok(())
}

/// The report of a comparison.
fn found(circumstances: &Circumstances, task: &Measurement, measured: &Measured, status: Status) -> Report {
    let Circumstances { plan, placements, .. } = *circumstances;
    let waits = match &plan.job {
        Job::Work(work) => matches!(work.unit_cost(), UnitCost::IoBound(_)),
        Job::Stream(_) | Job::PerRank(_) => false,
    };
    let python_workers = task.python.map_or(1, |python| python.workers(FRAMEWORKS[1]));
    let (ways, methods, cores) = (task.ways, task.methods, cores(placements));
    let findings = Findings { ways, measured, methods, waits, cores, python_workers };
    let mut problem = vec![Fact::new("command", Value::text(plan.kernel))];
    // Each row has its method.
    let several = !task.methods.is_empty();
    problem.extend(plan.facts.iter().filter(|fact| !several || fact.name != "method").cloned());
    if several {
        problem.push(Fact::new("methods", Value::texts(task.methods)));
    }
    problem.push(Fact::new("repeat", Value::count(task.repeat)));
    let runs = Fact::new("seconds.runs", Value::Seconds(measured.seconds.iter().flatten().sum()));
    let found = std::iter::once(runs).chain(findings.facts()).collect();
    // The report has the threads of the widest way.
    let threads = ways.iter().map(|way| way.threads).max().unwrap_or(1);
    let widest: Vec<Placement> = placements.iter().map(|place| Placement { threads, ..place.clone() }).collect();
    let Circumstances { world, attempt, started, clock, .. } = *circumstances;
    let circumstances = Circumstances { world, attempt, plan, placements: &widest, started, clock };
    summary::compared(&circumstances, status, problem, findings.table(), found)
}

/// The numbers, ranges or times of a plan.
fn words(plan: &Plan) -> Vec<String> {
    match plan.facts.first().map(|fact| &fact.value) {
        Some(Value::List(words)) => words.iter().map(Value::to_string).collect(),
        _ => vec![],
    }
}

/// How many cores the ranks have together.
fn cores(placements: &[Placement]) -> usize {
    let is_first = |at: &usize| !placements[..*at].iter().any(|other| other.shares_cores(&placements[*at]));
    (0..placements.len()).filter(is_first).map(|at| placements[at].threads).sum()
}
