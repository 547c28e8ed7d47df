//! An attempt: one start of the program on a run, the first or a resume.
//!
//! The problem and the finished work are taken from the run file. Options about how to compute can be given again, so that a run
//! can be finished on another machine.

use crate::block::Block;
use crate::cli::{self, Order, Request};
use crate::column::{self, Column, CsvColumn, HeldColumn};
use crate::error::{Error, Result, without_passwords};
use crate::math::lanes;
use crate::placement;
use crate::plan::Plan;
use crate::report::{Report, RowsSoFar, State, Status, history};
use crate::run::Parts;
use crate::run::ledger::Ledger;
use crate::run::stop::Stops;
use crate::run_file::lock::Owner;
use crate::run_file::{RunFile, files};
use crate::streams;
use crate::syntax::RANGES_MAX;
use crate::values::Value;
use crate::wire::Bytes;
use crate::work::{Job, Work};
use crate::world::{World, agree, from_root, from_root_unless, reason};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// One start of the program on a run: the first one, or a resume.
pub struct Attempt {
    /// What the command line asked for.
    pub order: Order,
    /// The lines of a file that was named on the command line.
    pub list: Vec<String>,
    /// For how many ranks the problem was stated.
    pub ranks: usize,
    /// The first command line of the run.
    pub arguments: Vec<String>,
    first: bool,
    /// The run as it was saved; only at the root of a resume.
    pub past: Option<Report>,
}

/// The result of looking for a run to resume.
pub enum ResumeFound {
    /// The run is finished, and its answer is in this file.
    Answer(PathBuf),
    /// An unfinished run; its file is at the root.
    Left(Box<Attempt>, Option<RunFile>),
}

impl Attempt {
    /// The first attempt. A reason to stop ends it while it waits for its list.
    ///
    /// # Errors
    /// On every rank: if the list cannot be read, or if a reason to stop comes first.
    pub fn first(world: &dyn World, mut order: Order, stops: &Stops) -> Result<Attempt> {
        let list = match order.has_list() {
            true => {
                let (stopped, asked) = (|| stops.before_it_began(WAITING), order.clone());
                from_root_unless(world, &stopped, |reason| aside("list", move || asked.list(), reason))?
            }
            false => vec![],
        };
        order.take_column(on_all_ranks(world, &order, &list)?);
        let arguments = std::env::args().skip(1).map(|word| without_passwords(&word)).collect();
        if let Some(folder) = order.folder()
            && world.is_root()
            && order.output.quiet
            && !order.names_its_folder()
        {
            streams::remark(&format!("files are saved in '{}'", folder.display()));
        }
        Ok(Attempt { order, list, ranks: world.size(), arguments, first: true, past: None })
    }

    /// What puts runs of shares together; `past` has their attempts.
    pub fn of_shares(order: Order, state: &State, arguments: Vec<String>, past: Report) -> Attempt {
        let (list, ranks) = (state.list.clone(), usize::try_from(state.ranks).unwrap_or(usize::MAX));
        Attempt { order, list, ranks, arguments, first: false, past: Some(past) }
    }

    /// Resumes the run in `file`, as `order` says. The run file is at the root.
    ///
    /// # Errors
    /// On every rank: if the run file cannot be read, is of another version of pcount, or does not fit `order`.
    pub fn next(world: &dyn World, file: &Path, order: Order, me: &Owner) -> Result<ResumeFound> {
        let found = agree(world, world.is_root().then(|| left(file, &order, me)).transpose(), |_| 0)?;
        // Only the root has read it.
        let state = found.as_ref().map(|(report, ..)| match (report.status, &report.state) {
            (Status::Partial, Some(state)) => {
                Some((state.arguments.clone(), (state.list.clone(), state.ranks as usize)))
            }
            _ => None,
        });
        let state = from_root(world, || Ok(state.flatten()))?;
        let Some((arguments, (list, ranks))) = state else {
            return Ok(ResumeFound::Answer(found.map_or(file.into(), |(_, _, from)| from)));
        };
        let asked = order.names_its_folder();
        let mut order = match cli::read_again(&arguments)? {
            Request::Run(begun) => order.going_on_with(*begun, file)?,
            _ => return Err(Error::failed(format!("'{}' has no run in it", file.display()))),
        };
        order.take_column(on_all_ranks(world, &order, &list)?);
        let may_save = || match asked {
            true => Ok(()),
            false => order.believed_about_its_folder(file),
        };
        agree(world, world.is_root().then(may_save).transpose(), |_| 0)?;
        if let Some(what) = order.about_to_fetch(&list).filter(|_| world.is_root()) {
            streams::remark(&what);
        }
        let (past, run) = found.map(|(report, run, _)| (report, run)).unzip();
        Ok(ResumeFound::Left(Box::new(Attempt { order, list, ranks, arguments, first: false, past }), run))
    }

    /// The plan. A reason to stop, on any rank, ends the planning on all: many ranges take some time.
    ///
    /// # Errors
    /// On every rank: if the words make no plan, if the plan is not the one in the run file, if parts in the run file
    /// cannot be right, or if a reason to stop comes first.
    pub fn plan(&self, world: &dyn World, stops: &Stops) -> Result<Plan> {
        let (order, ranks, list) = (self.order.clone(), self.ranks, self.list.clone());
        let stopped = || stops.before_it_began("while it was planned");
        let plan = aside("plan", move || planned(&order, ranks, &list), &|| reason(world, &stopped))?;
        self.past.iter().try_for_each(|past| fits(past, &plan).and_then(|()| self.check(past, &plan)))?;
        if let (Job::Stream(_), Some((_, true))) = (&plan.job, self.order.cache()) {
            let what = "--cache is not for a list, which is printed while it is computed: leave it out";
            return Err(Error::usage(what));
        }
        if let (true, Some((_, true))) = (self.order.has_column(), self.order.cache()) {
            let what = "--cache is not for numbers in a file, which may change: leave it out";
            return Err(Error::usage(what));
        }
        let status_file = self.order.status_file.as_ref().map(|_| "--status-file");
        match (&plan.job, self.order.wants_attempts(), status_file) {
            // With a run file it can be stopped, and gone on with.
            (Job::Stream(_), Some("--for" | "--checkpoint-every"), _) if self.order.out.is_some() => Ok(plan),
            (Job::Stream(_), Some(option @ ("--for" | "--checkpoint-every")), _) => Err(Error::usage(format!(
                "{option} is not for a list without a run file, which is printed while it is computed: add --out FILE.h5, or leave it out"
            ))),
            (Job::Stream(_), Some(option), _) => Err(Error::usage(format!(
                "{option} is not for a list, which is printed while it is computed: leave it out"
            ))),
            (Job::PerRank(_), Some(option), _) | (Job::PerRank(_), _, Some(option)) => {
                Err(Error::usage(format!("{option} is not for '{}', which takes no time: leave it out", plan.kernel)))
            }
            _ => Ok(plan),
        }
    }

    /// Refuses parts that earlier attempts cannot have computed.
    fn check(&self, past: &Report, plan: &Plan) -> Result<()> {
        let Some(state) = &past.state else { return Ok(()) };
        let file = self.order.out.as_deref().unwrap_or(Path::new("the run file"));
        let damaged = |why: Error| why.at(&format!("'{}' is damaged", file.display()));
        match &plan.job {
            Job::Work(work) => Ledger::check(&**work, &state.blocks).map_err(damaged),
            // A list has the rows of its first units, and nothing else of them.
            Job::Stream(_) => match state.rows.is_some() && state.blocks == list_blocks(state.done) {
                true => Ok(()),
                false => Err(damaged(Error::failed("a list of which it is not known how far it is"))),
            },
            Job::PerRank(_) => Ok(()),
        }
    }

    /// The rows of a list that earlier attempts have saved; only at the root.
    pub fn rows(&self) -> Option<&RowsSoFar> {
        self.past.as_ref()?.state.as_ref()?.rows.as_ref()
    }

    /// Whether this is the first attempt. All ranks know.
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// How many units earlier attempts have done.
    pub fn done(&self) -> u64 {
        self.past.as_ref().and_then(|past| past.state.as_ref()).map_or(0, |state| state.done)
    }

    /// The part of the expected time of all units that earlier attempts have done, from 0 to 1.
    pub fn share_done(&self, work: &dyn Work) -> f64 {
        let state = self.past.as_ref().and_then(|past| past.state.as_ref());
        let all = work.units();
        let seconds = |units: Range<u64>| work.seconds_of(units.start.min(all)..units.end.min(all));
        let done: f64 = state.iter().flat_map(|state| &state.blocks).map(|(block, _)| seconds(block.units())).sum();
        if all == 0 { 1.0 } else { (done / seconds(0..all)).min(1.0) }
    }

    /// The parts of earlier attempts.
    pub fn known(&self) -> Parts {
        self.past.iter().filter_map(|past| past.state.as_ref()).flat_map(|state| state.blocks.clone()).collect()
    }

    /// What is kept of a run that is over: of one that was computed twice, as if it had been computed once.
    pub fn state_at_end(&self, plan: &Plan, witnesses: Parts) -> State {
        let (fingerprint, units) = plan.once.unwrap_or_else(|| (plan.fingerprint(), plan.units()));
        State { fingerprint, units, ..self.state(plan, units, witnesses) }
    }

    /// What is saved for the next attempt, with `done` units in these blocks.
    pub fn state(&self, plan: &Plan, done: u64, blocks: Parts) -> State {
        State {
            arguments: self.arguments.clone(),
            list: self.list.iter().map(|line| without_passwords(line)).collect(),
            ranks: self.ranks as u64,
            fingerprint: plan.fingerprint(),
            units: plan.units(),
            done,
            blocks,
            rows: None,
        }
    }

    /// The same for a list, of which these rows are those of the first `done` units.
    pub fn state_of_list(&self, plan: &Plan, done: u64, rows: RowsSoFar) -> State {
        State { rows: Some(rows), ..self.state(plan, done, list_blocks(done)) }
    }
}

/// The first units, as a ledger has them. Their rows are elsewhere.
fn list_blocks(done: u64) -> Parts {
    Block::tiling(0..done, u32::MAX).map(|block| (block, Bytes(vec![]))).collect()
}

/// The column that an order asks for, if it does: a file's, that of the numbers in a list from stdin, or a list of numbers itself.
///
/// # Errors
/// If the file cannot be read, or has no such column.
pub fn column(order: &Order, list: &[String]) -> Result<Option<Arc<dyn Column>>> {
    if let Some(name) = order.column_from_stdin() {
        return Ok(Some(Arc::new(HeldColumn { from: "-".into(), name: name.into(), texts: list.to_vec() })));
    }
    if let Some(from) = order.lists_numbers(list) {
        let texts = column::numbers_in(list, RANGES_MAX as usize);
        let texts = texts.map_err(|why| why.at(&format!("--list {}", from.display())))?;
        return Ok(Some(Arc::new(HeldColumn { from: from.into(), name: "1".into(), texts })));
    }
    Ok(match order.column_file() {
        Some((path, name)) if column::is_dataset(name) && column::is_hdf5(path) => Some((files()?.column)(path, name)?),
        Some((path, name)) => Some(Arc::new(CsvColumn::open(path, name)?)),
        None => None,
    })
}

/// The same on all ranks, each of which must see the file.
fn on_all_ranks(world: &dyn World, order: &Order, list: &[String]) -> Result<Option<Arc<dyn Column>>> {
    let mine = column(order, list).map_err(|why| match world.is_root() {
        true => why,
        false => why.at(&format!("on host {}", placement::host())),
    });
    agree(world, mine, |column| column.as_ref().map_or(0, |column| column.numbers()))
}

/// The plan of an order, with what the order adds to it: witnesses if it is kept, and a second count if all is to be counted twice.
///
/// # Errors
/// If the words make no plan.
pub fn planned(order: &Order, ranks: usize, list: &[String]) -> Result<Plan> {
    let of = |order: &Order| {
        let plan = order.plan(ranks, list)?;
        Ok::<Plan, Error>(if order.out.is_some() { plan.witnessed() } else { plan })
    };
    let plan = of(order)?;
    if !order.double_check {
        return Ok(plan);
    }
    let mine = order.lanes().map_or_else(|| lanes::pick(None), Ok)?;
    // By scalar loops the second time would take two or three times as long as the first.
    let other = lanes::usable().find(|lanes| lanes.name != mine.name && !lanes.is_scalar());
    let other = other.filter(|_| order.has_lanes());
    match other {
        Some(other) => Ok(plan.doubled(of(&order.on_lanes(other))?, format!("{} lanes, other blocks", other.name))),
        None => Ok(plan.doubled(of(order)?, "the same lanes, other blocks".into())),
    }
}

/// A question as run files and certificates have it.
pub struct Question<'a> {
    /// The command line.
    pub words: &'a [String],
    /// The lines of a file named there.
    pub list: &'a [String],
    /// For how many ranks it was stated.
    pub ranks: u64,
}

impl Question<'_> {
    /// The order and its plan, with witnesses, as this program makes it, if `may` agrees to the order.
    ///
    /// # Errors
    /// If the words ask for no run, or if there is no such plan here.
    pub fn planned(&self, may: impl FnOnce(&Order) -> bool) -> Result<(Order, Plan)> {
        let Request::Run(order) = cli::read_again(self.words)? else {
            return Err(Error::failed("its words ask for no run"));
        };
        let mut order = order.as_kept();
        if !may(&order) {
            return Err(Error::usage(format!(
                "what '{}' answers depends on more than numbers, so there is nothing that can be computed again",
                order.command()
            )));
        }
        order.take_column(column(&order, self.list)?);
        let ranks = usize::try_from(self.ranks).unwrap_or(usize::MAX);
        let plan = order.plan(ranks, self.list)?.witnessed();
        Ok((order, plan))
    }
}

const WAITING: &str = "while it waited for its list";

/// Runs on another thread what may take long and cannot be interrupted. If there is a reason to give up, the thread is left behind.
fn aside<T: Send + 'static>(
    name: &str,
    long: impl FnOnce() -> Result<T> + Send + 'static,
    reason: &dyn Fn() -> Option<Error>,
) -> Result<T> {
    let (tell, told) = mpsc::channel();
    let thread = std::thread::Builder::new().name(name.into());
    // The receiver may have given up.
    let thread = thread.spawn(move || drop(tell.send(long())));
    thread.map_err(|why| Error::failed(format!("cannot start a thread: {why}")))?;
    loop {
        match told.recv_timeout(STOP_CHECK_INTERVAL) {
            Ok(done) => return done,
            Err(_) => reason().map_or(Ok(()), Err)?,
        }
    }
}

/// How often a wait looks for reasons to stop.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The run in the file, and where it was found.
fn left(file: &Path, order: &Order, me: &Owner) -> Result<(Report, RunFile, PathBuf)> {
    let found = (files()?.resume)(file, me)?;
    if let Some(note) = &found.note {
        streams::remark(note);
    }
    let theirs = found.report.version().map(Value::to_string).unwrap_or_default();
    let ours = env!("CARGO_PKG_VERSION");
    match found.report.status {
        Status::Partial if theirs != ours => Err(Error::usage(format!(
            "'{}' was started by pcount {theirs}, which cuts units differently, and this is pcount {ours}: resume it with pcount {theirs}",
            file.display()
        ))),
        Status::Complete if order.verifies() && found.report.verification().is_none() => {
            let why = "is over and was not verified: count again, into another file";
            Err(Error::usage(format!("--verify: the run in '{}' {why}", file.display())))
        }
        _ => {
            let (attempts, timeline) = history::bounded(found.report.attempts, found.report.timeline);
            Ok((Report { attempts, timeline, ..found.report }, found.run, found.from))
        }
    }
}

/// Checks whether the plan is that of the run.
fn fits(past: &Report, plan: &Plan) -> Result<()> {
    let Some(state) = &past.state else { return Ok(()) };
    if state.fingerprint == plan.fingerprint() && state.units == plan.units() {
        return Ok(());
    }
    let same = |name: &str| plan.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.to_string());
    let other = past.problem.iter().find(|fact| same(&fact.name) != Some(fact.value.to_string()));
    Err(Error::usage(match other {
        Some(fact) => {
            let here = same(&fact.name).unwrap_or("none".into());
            format!("cannot resume: this run was started with {0} {1}, not {0} {here}", fact.name, fact.value)
        }
        None => format!(
            "cannot resume: another build of pcount cut this run into {} units, and this build cuts it differently: use that build",
            state.units
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, PlanChoice, tests::given};
    use crate::report::tests::sample;
    use crate::values::Fact;

    #[test]
    fn a_plan_fits_its_run_and_no_other_and_is_told_why() {
        let plan = |ranges: &str| Plan::open(kernel::find("primes").unwrap(), &given(ranges)).unwrap();
        let (here, there) = (plan("0..1000000"), plan("0..2000000"));
        let state = |plan: &Plan| State {
            arguments: vec![],
            list: vec![],
            ranks: 1,
            fingerprint: plan.fingerprint(),
            units: plan.units(),
            done: 0,
            blocks: vec![],
            rows: None,
        };
        let past = Report { problem: here.facts.clone(), state: Some(state(&here)), ..sample() };
        assert_eq!(fits(&past, &here), Ok(()));
        let why = fits(&past, &there).unwrap_err();
        assert_eq!(
            why,
            Error::usage("cannot resume: this run was started with ranges 0..1000000, not ranges 0..2000000")
        );
        let cut = Report { state: Some(State { units: 7, ..state(&here) }), ..past.clone() };
        assert!(fits(&cut, &here).unwrap_err().to_string().contains("into 7 units"));
        // The same number of units may be cut differently; lanes and verification do not change the cut.
        let with = |choice: fn(Fact) -> PlanChoice| {
            let how = vec![choice(Fact::new("sieve", Value::text("other")))];
            Plan { how, ..plan("0..1000000") }
        };
        assert!(
            fits(&past, &with(PlanChoice::cutting))
                .unwrap_err()
                .to_string()
                .ends_with("cuts it differently: use that build")
        );
        let bare = Plan { how: vec![], ..plan("0..1000000") };
        assert_eq!(with(PlanChoice::free).fingerprint(), bare.fingerprint());
        assert!(cut.problem.contains(&Fact::new("method", Value::text("sieve"))));
    }
}
