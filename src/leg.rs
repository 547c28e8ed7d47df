//! A leg: one run of the program on a problem, the first one or one that goes on where another stopped.
//!
//! What makes the plan is taken from the run file, and so is what is done; how to go on is asked anew, so that a run
//! can be finished on another machine.

use crate::cli::{self, Order, Request};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::report::hdf5::{self, RunFile};
use crate::report::lock::Owner;
use crate::report::{self, Report, State, Status};
use crate::run::Parts;
use crate::work::Job;
use crate::world::{World, agree, from_root};
use std::path::{Path, PathBuf};

pub struct Leg {
    pub order: Order,
    /// What a file named on the command line added to it.
    pub list: Vec<String>,
    /// How many ranks the problem is stated for.
    pub ranks: usize,
    /// The command line that asked for it first.
    pub arguments: Vec<String>,
    first: bool,
    /// The run as it was left; at the root, and if there was one.
    pub past: Option<Report>,
}

/// What a resume finds.
pub enum Found {
    /// There is nothing left to do, and the answer is in this file.
    Answer(PathBuf),
    Left(Box<Leg>, Option<RunFile>),
}

impl Leg {
    pub fn first(world: &dyn World, order: Order) -> Result<Leg> {
        let list = from_root(world, || order.list())?;
        let arguments = std::env::args().skip(1).collect();
        Ok(Leg { order, list, ranks: world.size(), arguments, first: true, past: None })
    }

    /// Goes on with the run in `file`, as `order` says; the run file is at the root.
    pub fn next(world: &dyn World, file: &Path, order: Order, me: &Owner) -> Result<Found> {
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
            return Ok(Found::Answer(found.map_or(file.into(), |(_, _, from)| from)));
        };
        let order = match cli::read_again(&arguments)? {
            Request::Run(begun) => order.going_on_with(*begun, file)?,
            _ => return Err(Error::failed(format!("'{}' is of no run", file.display()))),
        };
        let (past, run) = found.map(|(report, run, _)| (report, run)).unzip();
        Ok(Found::Left(Box::new(Leg { order, list, ranks, arguments, first: false, past }), run))
    }

    pub fn plan(&self) -> Result<Plan> {
        let plan = self.order.plan(self.ranks, &self.list)?;
        self.past.iter().try_for_each(|past| fits(past, &plan))?;
        match (&plan.job, self.order.wants_legs()) {
            (Job::Stream(_), Some(option)) => {
                Err(Error::usage(format!("{option} is not for a list, which is told as it goes: leave it out")))
            }
            (Job::Roll(_), Some(option)) => {
                Err(Error::usage(format!("{option} is not for '{}', which is over at once: leave it out", plan.kernel)))
            }
            _ => Ok(plan),
        }
    }

    /// Whether nobody began it before. All ranks know.
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// How many units earlier legs have done.
    pub fn done(&self) -> u64 {
        self.past.as_ref().and_then(|past| past.state.as_ref()).map_or(0, |state| state.done)
    }

    /// What earlier legs brought in.
    pub fn known(&self) -> Parts {
        self.past.iter().filter_map(|past| past.state.as_ref()).flat_map(|state| state.blocks.clone()).collect()
    }

    /// What is written down for the next one, with `done` units in those blocks.
    pub fn state(&self, plan: &Plan, done: u64, blocks: Parts) -> State {
        State {
            arguments: self.arguments.clone(),
            list: self.list.clone(),
            ranks: self.ranks as u64,
            fingerprint: plan.fingerprint(),
            units: plan.units(),
            done,
            blocks,
        }
    }
}

/// The run in the file, and where it was found.
fn left(file: &Path, order: &Order, me: &Owner) -> Result<(Report, RunFile, PathBuf)> {
    let found = hdf5::resume(file, me)?;
    if let Some(note) = &found.note {
        report::talk(&format!("pcount: {note}\n"));
    }
    let version = found.report.run.iter().find(|fact| fact.name == "version").map(|fact| fact.value.to_string());
    let (theirs, ours) = (version.unwrap_or_default(), env!("CARGO_PKG_VERSION"));
    match found.report.status {
        Status::Partial if theirs != ours => Err(Error::usage(format!(
            "'{}' was begun by pcount {theirs}, which cuts units its own way, and this is {ours}: go on with that",
            file.display()
        ))),
        Status::Complete if order.verifies() && found.report.run.iter().all(|fact| fact.name != "verify") => {
            let why = "is over and was not verified: count again, into another file";
            Err(Error::usage(format!("--verify: the run in '{}' {why}", file.display())))
        }
        _ => Ok((found.report, found.run, found.from)),
    }
}

/// Whether the plan is that of the run.
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
            format!(
                "the run was begun with {0} {1}, not {0} {here}: only that can be gone on with",
                fact.name, fact.value
            )
        }
        None => format!(
            "the run was cut into {} units by another build of pcount, and this one cuts otherwise: go on with that",
            state.units
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, tests::given};
    use crate::report::{Fact, Value, tests::sample};

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
        };
        let past = Report { problem: here.facts.clone(), state: Some(state(&here)), ..sample() };
        assert_eq!(fits(&past, &here), Ok(()));
        let why = fits(&past, &there).unwrap_err();
        assert_eq!(
            why,
            Error::usage(
                "the run was begun with ranges 0..1000000, not ranges 0..2000000: only that can be gone on with"
            )
        );
        let cut = Report { state: Some(State { units: 7, ..state(&here) }), ..past.clone() };
        assert!(fits(&cut, &here).unwrap_err().to_string().contains("cut into 7 units"));
        // The same number of units may be others; lanes and what is verified make none.
        let with = |name: &'static str| Plan { how: vec![Fact::new(name, Value::text("other"))], ..plan("0..1000000") };
        assert!(fits(&past, &with("sieve")).unwrap_err().to_string().ends_with("cuts otherwise: go on with that"));
        let bare = Plan { how: vec![], ..plan("0..1000000") };
        for name in ["lanes", "verify"] {
            assert_eq!(with(name).fingerprint(), bare.fingerprint());
        }
        assert!(cut.problem.contains(&Fact::new("method", Value::text("sieve"))));
    }
}
