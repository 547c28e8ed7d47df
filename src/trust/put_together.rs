//! Runs of shares of one plan, put together.

use crate::block::Block;
use crate::error::{Error, Result};
use crate::report::{Report, State, Status};
use crate::run::Parts;
use crate::run::ledger::Ledger;
use crate::wire::Bytes;
use crate::witness;
use crate::work::Work;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// What shares came to together.
pub struct Together {
    /// The blocks that are there.
    pub ledger: Ledger,
    /// How many units were in several files and could not be compared, as their blocks were cut too differently.
    pub uncompared: u64,
}

/// Looks whether all are runs of one plan, which are not over.
///
/// # Errors
/// Names the first two that are not.
pub fn are_of_one_plan(runs: &[(&Path, &Report)]) -> Result<()> {
    let (first, of_first) = runs[0];
    for &(path, report) in runs {
        let state = state(path, report)?;
        let whole = self::state(first, of_first)?;
        if (state.fingerprint, state.units) != (whole.fingerprint, whole.units) {
            let asked = |report: &Report| match report.problem.first() {
                Some(fact) => format!("{} {}", report.kernel, fact.value),
                None => report.kernel.clone(),
            };
            return Err(Error::usage(format!(
                "they are not shares of one plan: '{}' is of '{}' and has {} units, '{}' is of '{}' and has {}",
                first.display(),
                asked(of_first),
                whole.units,
                path.display(),
                asked(report),
                state.units
            )));
        }
    }
    Ok(())
}

/// The words without those that ask for a share.
pub fn without_share(words: &[String]) -> Vec<String> {
    let mut kept = vec![];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--share") {
            Some("") => drop(words.next()),
            Some(rest) if rest.starts_with('=') => (),
            _ => kept.push(word.clone()),
        }
    }
    kept
}

/// What is saved of a run.
///
/// # Errors
/// If it has no units.
pub fn state<'a>(path: &Path, report: &'a Report) -> Result<&'a State> {
    let no = || Error::usage(format!("'{}' has no units that could be put together", path.display()));
    report.state.as_ref().filter(|_| report.list.is_none()).ok_or_else(no)
}

/// The blocks of all runs, each once.
///
/// # Errors
/// [`Error::Wrong`] if two runs do not agree about units that both have; and if a part is impossible.
pub fn together(work: &dyn Work, runs: &[(&Path, &Report)]) -> Result<Together> {
    let mut all: Vec<(Block, &Bytes, &Path)> = vec![];
    let mut told: BTreeMap<u64, (Vec<u8>, &Path)> = BTreeMap::new();
    for &(path, report) in runs {
        let state = state(path, report)?;
        let witnesses = match report.status {
            Status::Partial => {
                Ledger::check(work, &state.blocks)
                    .map_err(|why| why.at(&format!("'{}' is damaged", path.display())))?;
                all.extend(state.blocks.iter().map(|(block, part)| (*block, part, path)));
                let of = state.blocks.iter().map(|(_, part)| work.witnesses(&part.0)).collect::<Result<Vec<_>>>()?;
                of.concat()
            }
            _ => state.blocks.clone(),
        };
        for (block, witness) in witnesses {
            match told.get(&block.first()) {
                Some((other, theirs)) if *other != witness.0 => return Err(differ(block.units(), theirs, path)),
                _ => drop(told.insert(block.first(), (witness.0, path))),
            }
        }
    }
    let (chosen, uncompared) = outermost(all, witness::level(work.units()))?;
    let ledger = Ledger::restored(work, Block::root(work.units()), chosen)?;
    Ok(Together { ledger, uncompared })
}

fn differ(units: Range<u64>, one: &Path, other: &Path) -> Error {
    let (start, end) = (units.start, units.end);
    Error::Wrong(format!(
        "units {start}..{end} came to two values, in '{}' and in '{}'",
        one.display(),
        other.display()
    ))
}

/// The blocks that lie in no other one, and how many units lie in several of different sizes, one of which has no witness.
fn outermost(mut all: Vec<(Block, &Bytes, &Path)>, level: u32) -> Result<(Parts, u64)> {
    // Of blocks that begin with the same unit the largest comes first. Blocks of a tree overlap only if one lies in the other.
    all.sort_by_key(|(block, ..)| (block.first(), std::cmp::Reverse(block.level)));
    let (mut chosen, mut uncompared): (Vec<(Block, &Bytes, &Path)>, u64) = (vec![], 0);
    for (block, part, path) in all {
        match chosen.last() {
            Some((around, theirs, other)) if block.first() < around.units().end => {
                if *around != block {
                    uncompared += if block.level < level { block.count() } else { 0 };
                } else if *theirs != part {
                    return Err(differ(block.units(), other, path));
                }
            }
            _ => chosen.push((block, part, path)),
        }
    }
    Ok((chosen.into_iter().map(|(block, part, _)| (block, part.clone())).collect(), uncompared))
}
