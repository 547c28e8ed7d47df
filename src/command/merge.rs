//! `merge`: puts runs of shares of one plan together.

use super::verify::sums;
use super::{rendered, shorten};
use crate::attempt::Attempt;
use crate::cli::Output;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::plan::Plan;
use crate::report::{self, Report, State, Status};
use crate::run_file::files;
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::trust::claims::{self, Asked};
use crate::trust::put_together::{Together, are_of_one_plan, state, together, without_share};
use crate::values::timeline::Entry;
use crate::world::solo::Solo;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Puts the runs together into `out`, and prints the answer, or what is known of it.
///
/// # Errors
/// If the files are not of one plan, if they do not agree, or if `out` cannot be written.
pub fn merge(paths: &[PathBuf], out: &Path, output: Output) -> Result<Status> {
    let (started, clock) = (summary::time_of_day()?, Instant::now());
    let real = |path: &Path| path.canonicalize().ok();
    if real(out).is_some_and(|out| paths.iter().any(|path| real(path).as_ref() == Some(&out))) {
        return Err(Error::usage(format!("--out: '{}' is one of the shares: name another file", out.display())));
    }
    let reports = paths.iter().map(|path| Ok((files()?.opened)(path)?.report)).collect::<Result<Vec<Report>>>()?;
    let runs: Vec<(&Path, &Report)> = paths.iter().map(PathBuf::as_path).zip(&reports).collect();
    are_of_one_plan(&runs)?;
    have_one_answer(&runs)?;
    let first = state(runs[0].0, runs[0].1)?;
    let (mut order, plan) =
        claims::planned(&reports[0], first).map_err(|why| why.at(&format!("'{}'", paths[0].display())))?;
    let work = Asked::of(&plan)?.work;
    let Together { ledger, uncompared } = together(&*work, &runs)?;
    (order.out, order.share, order.output) = (Some(out.into()), None, output);
    let attempt = Attempt::of_shares(order, first, without_share(&first.arguments), past(&reports));
    let placements = &[Placement::here(0)];
    let circumstances = Circumstances { world: &Solo, attempt: &attempt, plan: &plan, placements, started, clock };
    let mut report = match (reports.iter().find(|report| report.status != Status::Partial), ledger.whole()) {
        // One of them has all.
        (Some(whole), _) => whole.clone(),
        (None, Some(whole)) => {
            let report = summary::finished(&circumstances, work.close(whole)?, None);
            let witnesses = work.witnesses(whole)?;
            Report { state: report.state.map(|state| State { blocks: witnesses, ..state }), ..report }
        }
        (None, None) => summary::unfinished(&circumstances, vec![], ledger.parts(), ledger.done()),
    };
    (files()?.draft)(out, &summary::owner())?.save(&report)?;
    say(&mut report, &plan, output)?;
    if uncompared > 0 {
        let what = "units are in several files, in blocks too different to be compared";
        streams::remark(&format!("{uncompared} {what}; pcount verify computes some again"));
    }
    if report.status == Status::Partial {
        let missing: Vec<String> =
            ledger.missing().iter().take(SHOWN).map(|run| format!("{}..{}", run.start, run.end)).collect();
        let more = ledger.missing().len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more runs") } else { String::new() };
        streams::remark(&format!(
            "units {}{more} of {} are missing: add the files of their shares, or compute them by pcount resume {}",
            missing.join(", "),
            plan.units(),
            out.display()
        ));
    }
    Ok(report.status)
}

/// Looks whether the blocks of each run that is over make its answer, and whether all these runs have the same one.
fn have_one_answer(runs: &[(&Path, &Report)]) -> Result<()> {
    let over: Vec<_> = runs.iter().filter(|(_, report)| report.status != Status::Partial).collect();
    for &&(path, report) in &over {
        // A run that was answered from a cache has no blocks.
        if !state(path, report)?.blocks.is_empty() {
            let at = |why: Error| why.at(&format!("'{}'", path.display()));
            claims::of_report(report).and_then(|claim| sums(&claim)).map_err(at)?;
        }
        let (first, of_first) = *over[0];
        if (&of_first.table, &of_first.total) != (&report.table, &report.total) {
            return Err(Error::Wrong(format!(
                "'{}' and '{}' have different answers: pcount verify tells whether their blocks make them",
                first.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// So many runs of missing units are named.
const SHOWN: usize = 8;

/// Prints the answer, or the rows that are known.
fn say(report: &mut Report, plan: &Plan, output: Output) -> Result<()> {
    shorten(report, output);
    let known = match (&report.state, report.status) {
        (Some(state), Status::Partial) => summary::known(plan, &state.blocks)?,
        _ => None,
    };
    // Without known rows, scripts may still want to know how far the run is.
    if report.status == Status::Partial && known.is_none() && (output.quiet || !output.format.is_document) {
        return Ok(());
    }
    let mut shown = summary::with_rows(report, known);
    shorten(&mut shown, output);
    report::say_bytes(&rendered(&shown, output)?)
}

/// All attempts of all shares, one after the other, as one run before this.
fn past(reports: &[Report]) -> Report {
    let (mut attempts, mut timeline): (Vec<_>, Vec<Entry>) = (vec![], vec![]);
    for report in reports {
        let before = report::history::count(&attempts);
        attempts.extend(report.attempts.iter().cloned().chain([report.run.clone()]));
        timeline.extend(report.timeline.iter().map(|entry| Entry { attempt: entry.attempt + before, ..entry.clone() }));
    }
    let run = attempts.pop().unwrap_or_default();
    Report { attempts, timeline, run, state: None, ..reports[0].clone() }
}
