//! What the root does beside the computing: progress, saves, and the first rows.

use super::status::StatusFile;
use super::{rendered, shorten};
use crate::report::first_rows::FirstRows;
use crate::report::progress::Progress;
use crate::run::{Parts, Watch};
use crate::run_file::keeper::Keeper;
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::values::timeline::Entry;
use std::time::{Duration, Instant};

/// What the root does beside the computing.
pub struct Beside<'a> {
    circumstances: &'a Circumstances<'a>,
    /// How far the run is, on stderr.
    pub progress: Progress,
    /// Saves the run file, if there is one.
    pub keeper: Option<Keeper>,
    /// The status file, if there is one.
    pub status: Option<StatusFile>,
    /// The first rows, and how wide the columns of the answer will be.
    pub rows: FirstRows,
    widths: Option<(usize, usize)>,
}

impl<'a> Beside<'a> {
    /// Nothing has been computed yet.
    pub fn new(
        circumstances: &'a Circumstances<'a>,
        progress: Progress,
        keeper: Option<Keeper>,
        status: Option<StatusFile>,
    ) -> Beside<'a> {
        Beside { circumstances, progress, keeper, status, rows: FirstRows::new(), widths: None }
    }
}

impl Watch for Beside<'_> {
    fn tick(&mut self, done: u64, all: u64) {
        self.progress.tick(done, all);
        if let Some(status) = &mut self.status {
            status.tick(done, all);
        }
    }

    fn due(&self) -> bool {
        self.keeper.as_ref().is_some_and(Keeper::due)
    }

    fn save(&mut self, parts: Parts, entries: Vec<Entry>, done: u64) {
        if let Some(keeper) = &mut self.keeper {
            keeper.save(summary::unfinished(self.circumstances, entries, parts, done));
        }
    }

    fn saving(&self) -> Duration {
        self.keeper.as_ref().map_or(Duration::ZERO, Keeper::saving)
    }

    fn asks_for_rows(&self) -> bool {
        // A document is printed as a whole.
        !self.circumstances.attempt.order.output.format.is_document && self.rows.due()
    }

    fn rows(&mut self, parts: Parts) {
        let (began, output) = (Instant::now(), self.circumstances.attempt.order.output);
        // An error shows again when the answer is made.
        let first = summary::first_rows(self.circumstances.plan, &parts).ok().flatten();
        let plan = self.circumstances.plan;
        let text = first.map(|first| {
            let widths = *self.widths.get_or_insert_with(|| summary::expected_widths(plan));
            let mut report = summary::of_first_rows(plan, first, widths);
            shorten(&mut report, output);
            rendered(&report, output)
        });
        let text = text.and_then(Result::ok).unwrap_or_default();
        // The last row only makes the columns wide enough.
        let rows = text.trim_end_matches('\n').rsplit_once('\n').map_or("", |(rows, _)| rows);
        let rows = if rows.is_empty() { String::new() } else { format!("{rows}\n") };
        let (first, took) = (&mut self.rows, began.elapsed());
        self.progress.beside(|| first.say(&rows, took));
    }

    fn lost(&mut self, rank: usize) {
        streams::remark(&summary::death_message(self.circumstances, rank));
    }
}
