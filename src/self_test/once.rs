//! The checks that are done once.

use super::Checked;
use super::known::{KNOWN, Known, bare};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::features;
use crate::math::lanes;
use crate::placement::Placement;
use crate::report::{Report, State, Status};
use crate::run::ledger::Ledger;
use crate::run::stop::Stops;
use crate::run::{self, Course, Schedule, Unwatched};
use crate::run_file::files;
use crate::run_file::lock::Owner;
use crate::values::Table;
use crate::world::threads;
use std::time::Instant;

/// How many ranks a schedule is checked on.
const RANKS: usize = 3;

/// Each set of lanes that this CPU has, both schedules, a save and a resume. `rank` has its own files.
pub fn once(rank: usize, owner: &Owner) -> Vec<Checked> {
    let mut all: Vec<Checked> = lanes::usable()
        .map(|lanes| {
            checked(format!("lanes {}", lanes.name), || {
                KNOWN.iter().try_for_each(|known| is(known, known.found(lanes)?))?;
                Ok(format!("{} known values", KNOWN.len()))
            })
        })
        .collect();
    for schedule in Schedule::ALL {
        all.push(checked(format!("schedule {}", schedule.name()), || {
            KNOWN[..2].iter().try_for_each(|known| is(known, by_ranks(known, schedule)?))?;
            Ok(format!("{RANKS} ranks as threads"))
        }));
    }
    if features::is_built_in("hdf5") {
        all.push(checked("save and resume".into(), || {
            is(&KNOWN[1], resumed(&KNOWN[1], rank, owner)?)?;
            Ok("by a run file".into())
        }));
    }
    all
}

/// Does a check.
fn checked(check: String, does: impl FnOnce() -> Result<String>) -> Checked {
    let began = Instant::now();
    let (right, wrong) = match does() {
        Ok(right) => (right, None),
        Err(why) => (String::new(), Some(why.to_string())),
    };
    Checked { check, wrong, right, seconds: began.elapsed().as_secs_f64() }
}

/// Looks whether that is the known answer.
fn is(known: &Known, found: String) -> Result<()> {
    match found == known.answer {
        true => Ok(()),
        false => Err(Error::Wrong(format!("{} came to {found}, not {}", known.name(), known.answer))),
    }
}

/// What some ranks find, which are threads here.
fn by_ranks(known: &Known, schedule: Schedule) -> Result<String> {
    let (_, work) = known.work(lanes::pick(None)?)?;
    let stops = Stops::never();
    let mut found = threads::run(RANKS, 1, |world| {
        let placement = Placement { threads: 1, ..Placement::here(world.rank()) };
        run::run(world, &work, &placement, Course::new(Some(schedule), &stops), &mut Unwatched)
    });
    let whole = found.swap_remove(0)?.and_then(|outcome| outcome.whole);
    Ok(bare(&work.close(&whole.ok_or_else(|| Error::failed("it was stopped"))?)?))
}

/// Computes every other unit, saves that, reads it, and computes the others.
fn resumed(known: &Known, rank: usize, owner: &Owner) -> Result<String> {
    let (plan, work) = known.work(lanes::pick(None)?)?;
    let mut worker = work.worker(&Placement::here(0));
    let mut half = Ledger::new(&*work, Block::root(work.units()))?;
    for block in Block::tiling(0..work.units(), 0).step_by(2) {
        half.record(&*work, block, worker.block(block)?)?;
    }
    let state = State {
        arguments: vec![known.command.into(), known.words.into()],
        list: vec![],
        ranks: 1,
        fingerprint: plan.fingerprint(),
        units: work.units(),
        done: half.done(),
        blocks: half.parts(),
        rows: None,
    };
    let report = Report {
        status: Status::Partial,
        kernel: plan.kernel.into(),
        problem: plan.facts.clone(),
        table: Table::default(),
        total: None,
        bare: String::new(),
        run: vec![],
        attempts: vec![],
        timeline: vec![],
        list: None,
        state: Some(state),
    };
    let name = format!("pcount-self-test-{}-{rank}.h5", std::process::id());
    let file = std::env::temp_dir().join(name);
    let saved = (files()?.draft)(&file, owner).and_then(|mut run| run.save(&report));
    let read = saved.and_then(|()| (files()?.opened)(&file));
    let _ = std::fs::remove_file(&file);
    let state = read?.report.state.ok_or_else(|| Error::failed("the run file has nothing to resume"))?;
    let mut rest = Ledger::restored(&*work, Block::root(work.units()), state.blocks)?;
    for run in rest.missing() {
        for block in Block::tiling(run, 2) {
            rest.record(&*work, block, worker.block(block)?)?;
        }
    }
    let whole = rest.whole().ok_or_else(|| Error::failed("units are missing after a resume"))?;
    Ok(bare(&work.close(whole)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_right() {
        crate::run_file::load();
        let owner = Owner { host: "here".into(), pid: std::process::id(), job: None };
        let all = once(0, &owner);
        assert!(all.len() >= 3 + usize::from(features::is_built_in("hdf5")), "{all:?}");
        assert!(all.iter().all(|checked| checked.wrong.is_none()), "{all:?}");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = checked("one".into(), || is(&KNOWN[1], "7".into()).map(|()| String::new()));
        assert_eq!(told.wrong.as_deref(), Some("primes 0..1e8 came to 7, not 5761455"));
    }
}
