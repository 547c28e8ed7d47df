//! `diff`: whether two runs, or certificates, claim the same.

use super::rendered;
use crate::cli::Output;
use crate::error::{Error, Result, WRONG};
use crate::report::certificate::Claim;
use crate::report::{self, Report, Status};
use crate::streams;
use crate::trust::claims;
use crate::values::{Fact, Table, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The columns of its answer.
const COLUMNS: [&str; 3] = ["unit", "left", "right"];

/// Compares two claims. Returns the exit code: 3 if they differ.
///
/// # Errors
/// If a file cannot be read, or if they answer different questions.
pub fn diff(files: &[PathBuf], output: Output) -> Result<u8> {
    let [left, right] = files else { return Err(Error::usage("'diff' takes two files: write pcount diff a.h5 b.h5")) };
    let (one, other) = (claims::read(left)?.claim, claims::read(right)?.claim);
    same_question((left, &one), (right, &other))?;
    let blocks = if same_units(&one, &other) { differing(&one, &other) } else { vec![] };
    let count = blocks.len();
    let answers = if one.answer.is_some() && other.answer.is_some() { one.differences_between(&other) } else { vec![] };
    let answers_differ = !answers.is_empty();
    let rows = blocks.into_iter().chain(answers.into_iter().map(|cells| cells.map(Value::text).to_vec()));
    let differ = count > 0 || answers_differ;
    let names = [left, right].map(|path| Value::text(path.display().to_string()));
    let status = if differ { Status::Failed } else { Status::Complete };
    let problem = vec![Fact::new("files", Value::List(names.to_vec()))];
    let run = vec![Fact::new("version", Value::text(env!("CARGO_PKG_VERSION")))];
    let report = Report::of("diff", status, problem, run).with_rows(Table::of(&COLUMNS).with(rows), COLUMNS[0]);
    if differ || output.format.has_head() {
        report::say_bytes(&rendered(&report, output)?)?;
    }
    let said = told((left, &one), (right, &other), count, answers_differ);
    if differ || !output.quiet {
        streams::remark(&said);
    }
    Ok(if differ { WRONG } else { 0 })
}

/// Looks whether both are about the same.
fn same_question((left, one): (&Path, &Claim), (right, other): (&Path, &Claim)) -> Result<()> {
    let asked = |claim: &Claim| format!("{} {}", claim.kernel, claim.problem);
    match one.asks_the_same(other) {
        true => Ok(()),
        false => Err(Error::usage(format!(
            "they answer different questions: '{}' {}, and '{}' {}",
            left.display(),
            asked(one),
            right.display(),
            asked(other)
        ))),
    }
}

fn same_units(one: &Claim, other: &Claim) -> bool {
    (one.fingerprint, one.units, one.level) == (other.fingerprint, other.units, other.level)
}

/// The blocks that both have and that differ.
fn differing(one: &Claim, other: &Claim) -> Vec<Vec<Value>> {
    let theirs: BTreeMap<(u64, u64), _> =
        other.blocks.iter().map(|(units, told)| ((units.start, units.end), told)).collect();
    let each = one.blocks.iter().filter_map(|(units, ours)| {
        let told = theirs.get(&(units.start, units.end)).filter(|told| **told != ours)?;
        let name = match units.end - units.start {
            1 => units.start.to_string(),
            _ => format!("{}..{}", units.start, units.end),
        };
        Some(vec![Value::text(name), Value::text(claims::shown(ours)), Value::text(claims::shown(told))])
    });
    each.collect()
}

/// The blocks that both have.
fn common(one: &Claim, other: &Claim) -> usize {
    let theirs: Vec<u64> = other.blocks.iter().map(|(units, _)| units.start).collect();
    one.blocks.iter().filter(|(units, _)| theirs.binary_search(&units.start).is_ok()).count()
}

/// What was found, in a line.
fn told((left, one): (&Path, &Claim), (right, other): (&Path, &Claim), count: usize, answers_differ: bool) -> String {
    let (left, right) = (left.display(), right.display());
    let answers = match (&one.answer, &other.answer) {
        (Some(_), Some(_)) if answers_differ => "their answers differ",
        (Some(_), Some(_)) => "they have the same answer",
        (None, None) => "neither run is over",
        _ => "one of the runs is not over",
    };
    if !same_units(one, other) {
        return format!(
            "'{left}' and '{right}': {answers}; their units were cut differently, so blocks are not compared"
        );
    }
    let common = common(one, other);
    match count {
        0 if common == 0 => format!("'{left}' and '{right}': {answers}; they have no blocks in common"),
        0 if common == 1 => format!("'{left}' and '{right}': {answers}, and the only block that both have agrees"),
        0 => format!("'{left}' and '{right}': {answers}, and the {common} blocks that both have agree"),
        _ => format!("'{left}' and '{right}': {count} of the {common} blocks that both have differ; {answers}"),
    }
}
