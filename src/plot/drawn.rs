//! A run as charts see it: its attempts one after the other, and what each thread computed, on one clock.

use crate::escaped;
use crate::report::history::{self, value};
use crate::report::{Report, Status};
use crate::values::{Fact, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A run to be drawn.
pub struct DrawnRun {
    /// The name of its file.
    pub name: String,
    /// All that the file says.
    pub report: Report,
    /// Its attempts, one after the other. Those that are summed up are one.
    pub attempts: Vec<DrawnAttempt>,
    /// What each thread computed, but for attempts that are summed up.
    pub threads: BTreeMap<Thread, Vec<Bar>>,
}

/// A thread: its rank, and its number there.
pub type Thread = (u64, u64);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the answer.
    Complete,
    /// It was stopped, and saved what it had.
    Stopped,
    /// It was killed, or still goes on: what is known is its last save.
    Saved,
}

/// An attempt. Times are in seconds that the run took, without the pauses between attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnAttempt {
    /// Its number, from 0.
    pub number: u64,
    /// How many attempts it stands for.
    pub stands_for: u64,
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// How it ended.
    pub how: End,
    /// How many units were done at its end, if it says so.
    pub done: Option<u64>,
    /// How many ranks it had, and how many threads each.
    pub size: (u64, u64),
    /// When the run file was saved.
    pub saves: Vec<f64>,
}

/// A stretch of one thread's work.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// When it began, in the seconds of the run.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// The first of its units.
    pub first_unit: u64,
    /// How many units it has.
    pub units: u64,
}

fn count(facts: &[Fact], name: &str) -> Option<u64> {
    match value(facts, name) {
        Some(&Value::Count(count)) => Some(count),
        _ => None,
    }
}

impl DrawnRun {
    /// The run in a file of that name.
    pub fn new(name: &str, report: Report) -> DrawnRun {
        let mut run = DrawnRun { name: escaped::line(name).into(), report, attempts: vec![], threads: BTreeMap::new() };
        run.attempts = run.in_order();
        run.threads = run.placed();
        run
    }

    fn in_order(&self) -> Vec<DrawnAttempt> {
        let mut attempts: Vec<DrawnAttempt> = vec![];
        let newest = self.report.attempts.len();
        for (index, facts) in self.report.attempts.iter().chain([&self.report.run]).enumerate() {
            let (number, start) = attempts.last().map_or((0, 0.0), |last| (last.number + last.stands_for, last.end));
            let stands_for = history::stands_for(facts).min(ATTEMPTS_MAX);
            // A timeline says how long it was, too.
            let own = self.report.timeline.iter().filter(|entry| entry.attempt == number && stands_for == 1);
            let last = own.map(|entry| entry.start + entry.seconds).fold(0.0, f64::max);
            let wall = history::seconds(facts).max(last).clamp(0.0, SECONDS_MAX);
            let how = match self.report.status {
                Status::Complete | Status::Failed if index == newest => End::Complete,
                _ if stands_for > 1 || value(facts, "ended").is_some() => End::Stopped,
                _ => End::Saved,
            };
            attempts.push(DrawnAttempt {
                number,
                stands_for,
                start,
                end: start + wall,
                how,
                done: count(facts, "units_done"),
                size: (count(facts, "ranks").unwrap_or(0), count(facts, "threads").unwrap_or(0)),
                saves: saves(facts).into_iter().map(|save| start + save.clamp(0.0, wall)).collect(),
            });
        }
        attempts
    }

    fn placed(&self) -> BTreeMap<Thread, Vec<Bar>> {
        let mut threads: BTreeMap<Thread, Vec<Bar>> = BTreeMap::new();
        for entry in &self.report.timeline {
            let attempt = self.attempts.iter().find(|attempt| attempt.number == entry.attempt);
            let Some(attempt) = attempt.filter(|attempt| attempt.stands_for == 1) else { continue };
            let start = (attempt.start + entry.start.max(0.0)).min(attempt.end);
            let end = (start + entry.seconds.max(0.0)).min(attempt.end);
            let bar = Bar { start, end, first_unit: entry.first_unit, units: entry.units };
            threads.entry((entry.rank, entry.thread)).or_default().push(bar);
        }
        // Threads that had nothing to compute waited, too.
        let sizes: BTreeSet<(u64, u64)> = self.attempts.iter().map(|attempt| attempt.size).collect();
        for (ranks, each) in sizes.into_iter().filter(|&(ranks, each)| ranks.saturating_mul(each) <= THREADS_MAX) {
            (0..ranks).flat_map(|rank| (0..each).map(move |thread| (rank, thread))).for_each(|thread| {
                threads.entry(thread).or_default();
            });
        }
        threads.values_mut().for_each(|bars| bars.sort_by(|one, other| one.start.total_cmp(&other.start)));
        threads
    }

    /// How long all attempts took together, in seconds.
    pub fn seconds(&self) -> f64 {
        self.attempts.last().map_or(0.0, |last| last.end)
    }

    /// Whether it is known who computed what, and when.
    pub fn has_timeline(&self) -> bool {
        self.threads.values().any(|bars| !bars.is_empty())
    }

    /// The attempts in which a thread had a part.
    pub fn attempts_of(&self, (rank, thread): Thread) -> impl Iterator<Item = &DrawnAttempt> {
        // Threads that wait for the network are more than the cores of the rank.
        let has = move |attempt: &&DrawnAttempt| attempt.stands_for == 1 && rank < attempt.size.0;
        let took = move |attempt: &&DrawnAttempt| {
            let own = self.threads.get(&(rank, thread)).into_iter().flatten();
            thread < attempt.size.1 || own.clone().any(|bar| bar.start >= attempt.start && bar.start < attempt.end)
        };
        self.attempts.iter().filter(has).filter(took)
    }

    /// How many units the run has; 0 if the file does not say.
    pub fn units(&self) -> u64 {
        let said = self.report.state.as_ref().map(|state| state.units).or(count(&self.report.run, "units"));
        said.unwrap_or(0)
    }

    /// How many units are done.
    pub fn done(&self) -> u64 {
        match (self.report.status, &self.report.state) {
            (Status::Partial, Some(state)) => state.done,
            _ => self.units(),
        }
    }

    /// How it was computed, in a line.
    pub fn how(&self) -> String {
        let run = &self.report.run;
        let plural = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (ranks, threads) = (count(run, "ranks").unwrap_or(1), count(run, "threads").unwrap_or(1));
        let mut parts = vec![format!("{} of {}", plural(ranks, "rank"), plural(threads, "thread"))];
        parts.extend(
            value(run, "schedule").map(|schedule| format!("schedule {}", escaped::line(&schedule.to_string()))),
        );
        let attempts: u64 = self.attempts.iter().map(|attempt| attempt.stands_for).sum();
        parts.extend((attempts > 1).then(|| plural(attempts, "attempt")));
        parts.push(crate::report::people::duration(self.seconds()));
        parts.push(match self.report.status {
            Status::Partial => self.report.progress(),
            status => status.name().into(),
        });
        parts.join(", ")
    }

    /// What it computed, in a line.
    pub fn what(&self) -> String {
        let problem = &self.report.problem;
        let race = problem.iter().skip(2).filter(|fact| fact.name == "race");
        let asked = problem.iter().take(2).chain(race).map(|fact| match (&*fact.name, &fact.value) {
            (_, Value::List(all)) if all.len() > 2 => format!("{} … {} ({})", all[0], all[all.len() - 1], all.len()),
            (name, value) => match value.to_string() {
                yes if yes == "yes" => name.to_string(),
                number if OPTIONS.contains(&name) => format!("{name} {number}"),
                text => text,
            },
        });
        let words: Vec<String> = std::iter::once(self.report.kernel.clone()).chain(asked).collect();
        let text = words.join(" ");
        escaped::line(&text.chars().take(WHAT_MAX).collect::<String>()).into()
    }
}

/// No run had more attempts; a file that says so was forged.
const ATTEMPTS_MAX: u64 = 1 << 32;

/// No attempt took longer; a file that says so was forged. Sums of these are finite.
const SECONDS_MAX: f64 = 1e12;

/// Where there are more threads, those that computed nothing are not drawn.
const THREADS_MAX: u64 = 1 << 14;

/// What is asked for by a number that says little without its name.
const OPTIONS: [&str; 7] = ["residues", "tuplet", "gaps", "every", "power", "modulus", "rounds"];

/// No more of the problem is shown.
const WHAT_MAX: usize = 200;

/// When an attempt saved its run file, in seconds since its start.
fn saves(facts: &[Fact]) -> Vec<f64> {
    let Some(Value::List(saves)) = value(facts, "saves") else { return vec![] };
    let second = |save: &Value| if let Value::Seconds(second) = save { Some(*second) } else { None };
    saves.iter().filter_map(second).collect()
}
