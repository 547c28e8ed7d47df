//! The timeline of a run: which thread computed which units, and when.

use crate::wire;

/// A stretch of one thread's work.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The first of its units.
    pub first_unit: u64,
    /// How many units it computed.
    pub units: u64,
    /// The rank that computed them.
    pub rank: u64,
    /// The thread of that rank.
    pub thread: u64,
    /// Seconds since the run started.
    pub start: f64,
    /// Seconds of computing.
    pub seconds: f64,
    /// Which attempt it was in, counted from 0; 1 stands for all attempts that are summed up.
    pub attempt: u64,
}

/// Joins every two neighbouring entries of one worker.
pub fn halved(mut entries: Vec<Entry>) -> Vec<Entry> {
    let worker = |entry: &Entry| (entry.attempt, entry.rank, entry.thread);
    entries.sort_by(|a, b| worker(a).cmp(&worker(b)).then(a.start.total_cmp(&b.start)));
    let mut merged: Vec<Entry> = Vec::with_capacity(entries.len() / 2 + 1);
    let mut pairs = entries.into_iter().peekable();
    while let Some(mut entry) = pairs.next() {
        if let Some(next) = pairs.next_if(|next| worker(next) == worker(&entry)) {
            entry.units = entry.units.saturating_add(next.units);
            entry.seconds += next.seconds;
        }
        merged.push(entry);
    }
    merged
}

wire::fields! { Entry { first_unit units rank thread start seconds attempt } }
