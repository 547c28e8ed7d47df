//! What a run file says of a run that is not over: how far and how fast it is, who computes it, and the rows that are known.

use super::beside::{newest, workers_in_words};
use crate::attempt::Question;
use crate::plan::Plan;
use crate::report::pace::Pace;
use crate::report::view::{self, View};
use crate::report::{Report, Status, people};
use crate::run::ledger::Ledger;
use crate::summary::{self, SAVE_INTERVAL};
use crate::syntax;
use crate::values::Value;
use crate::work::Job;
use std::time::{Duration, Instant};

/// A saved run as it is watched.
pub struct Seen {
    report: Report,
    /// How often the run is saved.
    every: Duration,
    pace: Pace,
    /// The part that is done.
    share: f64,
    /// Seconds of the attempt at the save.
    gone: f64,
    /// The plan, if it can be made here; and the newest rows.
    plan: Option<Plan>,
    rows: Vec<String>,
    /// Whether rows can be found in little time.
    quick: bool,
}

/// A look for rows may take so long, or there is no other.
const ROWS_TIME_MAX: Duration = Duration::from_secs(1);

impl Seen {
    /// What a file says; `before` is the version before it. Rows are looked for only if they can be shown.
    pub fn of(report: Report, before: Option<Seen>, shown: bool) -> Seen {
        let quick = before.as_ref().is_none_or(|before| before.quick);
        let plan = match before.filter(|before| before.fingerprint() == fingerprint(&report)) {
            Some(before) => before.plan,
            None => shown.then(|| plan(&report)).flatten(),
        };
        let (share, pace) = pace(&report, plan.as_ref());
        let every = every(&report);
        let gone = seconds(&report, "seconds.wall").unwrap_or(0.0);
        let mut seen = Seen { report, every, pace, share, gone, plan, rows: vec![], quick };
        if shown && quick {
            let began = Instant::now();
            seen.rows = seen.newest_rows();
            seen.quick = began.elapsed() < ROWS_TIME_MAX;
        }
        seen
    }

    /// How the run is.
    pub fn status(&self) -> Status {
        self.report.status
    }

    /// How far the run is, in words.
    pub fn progress(&self) -> String {
        self.report.progress()
    }

    /// How often the run is saved.
    pub fn every(&self) -> Duration {
        self.every
    }

    fn fingerprint(&self) -> Option<u64> {
        fingerprint(&self.report)
    }

    /// The view of it, some time after the version was first seen, and a longer time after it was saved.
    pub fn lines(&self, later: Duration, saved: Duration, size: (usize, usize)) -> Vec<String> {
        let gone = self.gone + later.as_secs_f64();
        let amount = self.plan.as_ref().map(|plan| plan.amount);
        let words = [self.report.kernel.clone(), self.workers(), view::saved(saved)];
        View::of((self.share, amount), (gone, &self.pace), &words, &self.rows).lines(size)
    }

    /// The same in a line, as of the save.
    pub fn line(&self) -> String {
        let left = self.pace.left(self.gone);
        let left = left.map_or(String::new(), |seconds| format!(", {} left", people::about(seconds)));
        let saved = self.report.of_the_run("saved").or(self.report.of_the_run("ended"));
        let saved = saved.map_or(String::new(), |when| format!(", saved {when}"));
        format!("{} after {}{left}{saved}", self.progress(), people::duration(self.gone))
    }

    fn workers(&self) -> String {
        let count = |name| match self.report.of_the_run(name) {
            Some(Value::Count(count)) => *count,
            _ => 1,
        };
        let lost = match self.report.of_the_run("ranks_lost") {
            Some(Value::List(lost)) => lost.len() as u64,
            _ => 0,
        };
        let ranks = count("ranks").saturating_sub(lost);
        workers_in_words(ranks, ranks.saturating_mul(count("threads")))
    }

    fn newest_rows(&self) -> Vec<String> {
        let (Some(plan), Some(state)) = (&self.plan, &self.report.state) else { return vec![] };
        let Job::Work(work) = &plan.job else { return vec![] };
        // A forged part is not computed with.
        let checked = Ledger::check(&**work, &state.blocks);
        let known = checked.and_then(|()| summary::known_so_far(plan, &state.blocks));
        known.map_or(vec![], |known| newest(&known, 0))
    }
}

fn seconds(report: &Report, name: &str) -> Option<f64> {
    match report.of_the_run(name)? {
        Value::Seconds(seconds) => Some(*seconds),
        _ => None,
    }
}

fn fingerprint(report: &Report) -> Option<u64> {
    report.state.as_ref().map(|state| state.fingerprint)
}

/// How often the run is saved: as its newest attempt was told.
fn every(report: &Report) -> Duration {
    match report.of_the_run("arguments") {
        Some(Value::List(words)) => every_of(&words.iter().map(ToString::to_string).collect::<Vec<_>>()),
        _ => SAVE_INTERVAL,
    }
}

/// What a command line says of it. Words that are read again are without the options of one machine, of which this is one.
fn every_of(words: &[String]) -> Duration {
    let mut told = words.iter().enumerate().filter_map(|(at, word)| match word.strip_prefix("--checkpoint-every")? {
        "" => words.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    });
    told.next_back().and_then(|text| syntax::duration(text).ok()).unwrap_or(SAVE_INTERVAL)
}

/// Which part of the run is done, and how fast its newest attempt goes, by its timeline. Without a plan all units cost the same.
fn pace(report: &Report, plan: Option<&Plan>) -> (f64, Pace) {
    let (done, all) = report.state.as_ref().map_or((0, 0), |state| (state.done, state.units));
    let work = plan.and_then(|plan| if let Job::Work(work) = &plan.job { Some(work) } else { None });
    let whole = work.map_or(0.0, |work| work.seconds_of(0..all));
    let share = |first: u64, count: u64| match work {
        Some(work) => work.seconds_of(first.min(all)..first.saturating_add(count).min(all)) / whole,
        None => count as f64 / all.max(1) as f64,
    };
    let blocks = report.state.iter().flat_map(|state| &state.blocks);
    let done = match work {
        Some(_) => blocks.map(|(block, _)| share(block.first(), block.count())).sum(),
        None => done as f64 / all.max(1) as f64,
    };
    let newest = report.timeline.iter().map(|entry| entry.attempt).max();
    let mut ends: Vec<(f64, f64)> = report
        .timeline
        .iter()
        .filter(|entry| Some(entry.attempt) == newest)
        .map(|entry| (entry.start + entry.seconds, share(entry.first_unit, entry.units)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let new: f64 = ends.iter().map(|(_, share)| share).sum();
    let mut at = (done - new).max(0.0);
    let mut pace = Pace::new(at);
    for (end, share) in ends {
        at += share;
        pace.note(end, at);
    }
    (done, pace)
}

/// The plan of the run, if this program makes the same one. A download's would look at folders here.
fn plan(report: &Report) -> Option<Plan> {
    let state = report.state.as_ref()?;
    let question = Question { words: &state.arguments, list: &state.list, ranks: state.ranks };
    let (_, plan) = question.planned(|order| order.folder().is_none()).ok()?;
    (plan.fingerprint() == state.fingerprint && plan.units() == state.units).then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_a_run_is_saved_is_in_its_words() {
        let every = |text: &str| every_of(&text.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(every("pi 1e20 --out run.h5"), SAVE_INTERVAL);
        assert_eq!(every("pi 1e20 --out run.h5 --checkpoint-every 1h"), Duration::from_secs(3600));
        assert_eq!(every("--checkpoint-every=5s pi 1e20 -o run.h5"), Duration::from_secs(5));
    }
}
