//! Checks whether the parts of a report fit each other. A forged file may contain anything; contradictions are refused here, so that
//! no other code needs to expect them.

use super::checked::named;
use crate::block::Block;
use crate::report::{Report, RowsSoFar, State, Status};
use crate::values::{Fact, Value};
use std::collections::BTreeSet;

/// Why a report is refused.
type Sense = Result<(), &'static str>;

/// Nobody has more ranks, nor more threads on one.
const RANKS_END: u64 = 1 << 32;

/// Units are numbered below this.
const UNITS_END: u64 = 1 << 62;

pub(super) fn check(report: &Report) -> hdf5::Result<()> {
    named(&report.kernel)?;
    [&report.problem, &report.run].into_iter().chain(&report.attempts).try_for_each(|facts| names(facts))?;
    answer(report)?;
    timeline(report)?;
    report.state.as_ref().map_or(Ok(()), |state| ledger(state, report.status))?;
    Ok(())
}

/// No fact occurs twice, nor as a value and as a group: `seconds` and `seconds.wall`.
fn names(facts: &[Fact]) -> Sense {
    let mut names = BTreeSet::new();
    if !facts.iter().all(|fact| names.insert(&*fact.name)) {
        return Err("a fact that is there twice");
    }
    let groups = names.iter().filter_map(|name| name.split_once('.'));
    if groups.into_iter().any(|(group, _)| names.contains(group)) {
        return Err("a fact that is also a group of facts");
    }
    if facts.iter().all(|fact| is_value(&fact.value)) { Ok(()) } else { Err("a fact that is no value") }
}

/// Numbers are numbers.
fn is_value(value: &Value) -> bool {
    match value {
        Value::Integer(text) => is_integer(text),
        Value::Seconds(number) | Value::Ratio(number) => number.is_finite(),
        Value::List(values) => values.iter().all(is_value),
        Value::Count(_) | Value::Text(_) | Value::Nothing => true,
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// A finished run has an answer, an unfinished one a ledger.
fn answer(report: &Report) -> Sense {
    let Report { table, total, list, state, .. } = report;
    let keys: BTreeSet<&str> = table.columns.iter().map(|column| &*column.key).collect();
    if keys.len() != table.columns.len() {
        return Err("a column that is there twice");
    }
    if !table.rows.iter().flatten().all(is_value) || !total.iter().all(|total| is_integer(total)) {
        return Err("an answer that is no value");
    }
    match report.status {
        Status::Planned => Err("a run that was only planned"),
        Status::Partial if state.is_none() => Err("an unfinished run without what is done"),
        // It may have some rows.
        Status::Partial if total.is_some() || list.is_some() => Err("an unfinished run with an answer"),
        Status::Complete | Status::Failed if keys.is_empty() && total.is_none() && list.is_none() => {
            Err("a run that is over and has no answer")
        }
        Status::Complete | Status::Failed if !keys.is_empty() && !keys.contains(&*report.bare) => {
            Err("an answer without the column that was asked for")
        }
        _ => Ok(()),
    }
}

fn timeline(report: &Report) -> Sense {
    let fits = report.timeline.iter().all(|entry| {
        entry.first_unit.saturating_add(entry.units) <= UNITS_END
            && [entry.rank, entry.thread, entry.attempt].iter().all(|&number| number < RANKS_END)
            && entry.start.is_finite()
            && entry.seconds.is_finite()
    });
    if fits { Ok(()) } else { Err("a timeline of what cannot be") }
}

/// A file of rows has digits, and a chunk of each column as often as of the others. What stands behind them is less than a chunk.
fn rows_so_far(rows: &RowsSoFar, status: Status) -> Sense {
    let RowsSoFar { file, keys, digests, sizes, chunk, rest } = rows;
    let is_name = file.len() == 12 && file.bytes().all(|digit| digit.is_ascii_hexdigit());
    let is_digest = |digest: &String| digest.len() == 64 && digest.bytes().all(|digit| digit.is_ascii_hexdigit());
    let columns = keys.len();
    let same = digests.len() == columns && rest.columns.len() == columns && sizes.len().is_multiple_of(columns.max(1));
    match is_name && same && digests.iter().all(is_digest) && (rest.len() as u64) < *chunk {
        true if status == Status::Partial => Ok(()),
        true => Err("a run that is over and has rows elsewhere"),
        false => Err("rows of a list that cannot be"),
    }
}

/// The blocks are in order and do not overlap. All are among the units, or fill them up to a power of two. And the number of units
/// that are done is right.
fn ledger(state: &State, status: Status) -> Sense {
    let State { ranks, units, done, blocks, .. } = state;
    if *ranks == 0 || *ranks > RANKS_END || *units > UNITS_END || state.arguments.is_empty() {
        return Err("a run of no command");
    }
    if status != Status::Partial && done != units {
        return Err("a run that is over and has units left");
    }
    if let Some(rows) = &state.rows {
        rows_so_far(rows, status)?;
    }
    let (end, mut at, mut found) = (Block::root(*units).count(), 0, 0);
    for (block, _) in blocks {
        let fits = block.level < UNITS_END.ilog2() + 1 && block.index <= (UNITS_END >> block.level);
        if !fits || block.first() < at || block.units().end > end {
            return Err("blocks that overlap, or are not among the units");
        }
        at = block.units().end;
        found += at.min(*units).saturating_sub(block.first());
    }
    // A run that is over may have no witnesses.
    let has_none = status != Status::Partial && blocks.is_empty();
    if found == *done || has_none { Ok(()) } else { Err("as many units done as the blocks do not have") }
}

#[cfg(test)]
mod tests {
    use super::super::tests::unfinished;
    use super::*;
    use crate::report::tests::sample;
    use crate::wire::Bytes;

    fn why(report: &Report) -> String {
        check(report).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        check(&sample()).unwrap();
        let with = |facts: &[&str]| {
            let facts = facts.iter().map(|name| Fact::new(name.to_string(), Value::Seconds(1.0))).collect();
            Report { run: facts, ..sample() }
        };
        check(&with(&["seconds.wall", "seconds.busy"])).unwrap();
        assert!(why(&with(&["seconds", "seconds.wall"])).contains("also a group"));
        assert!(why(&with(&["seconds.wall", "seconds"])).contains("also a group"));
        assert!(why(&with(&["seconds", "seconds"])).contains("twice"));
        assert!(why(&Report { total: Some("4 or so".into()), ..sample() }).contains("no value"));
        assert!(why(&Report { bare: "value".into(), ..sample() }).contains("asked for"));
        assert!(why(&Report { status: Status::Partial, ..sample() }).contains("without what is done"));
        assert!(why(&Report { state: unfinished(3).state, ..sample() }).contains("units left"));
    }

    #[test]
    fn a_ledger_has_the_blocks_that_it_says() {
        let with = |blocks: &[(u32, u64)], done| {
            let state = unfinished(3).state.unwrap();
            let blocks = blocks.iter().map(|&(level, index)| (Block { level, index }, Bytes(vec![]))).collect();
            Report { state: Some(State { units: 12, done, blocks, ..state }), ..unfinished(3) }
        };
        check(&unfinished(3)).unwrap();
        // The last four of sixteen do not exist.
        check(&with(&[(1, 0), (0, 3), (2, 3)], 3)).unwrap();
        check(&with(&[(3, 1)], 4)).unwrap();
        assert!(why(&with(&[(1, 0)], 12)).contains("as many units"));
        for blocks in [&[(1, 0), (0, 1)][..], &[(0, 3), (0, 2)], &[(0, 16)], &[(5, 0)], &[(63, 1)], &[(1, u64::MAX)]] {
            assert!(why(&with(blocks, 2)).contains("overlap"), "{blocks:?}");
        }
    }
}
