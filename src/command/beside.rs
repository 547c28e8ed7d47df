//! What the root does beside the computing: progress, saves, and the first rows.

use super::status::StatusFile;
use super::{rendered, shorten};
use crate::placement::Placement;
use crate::report::first_rows::FirstRows;
use crate::report::progress::Progress;
use crate::run::{Parts, Watch};
use crate::run_file::keeper::Keeper;
use crate::streams;
use crate::summary::{self, Circumstances, ExpectedWidths};
use crate::values::Reached;
use crate::values::timeline::Entry;
use crate::work::Known;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// What the root does beside the computing.
pub struct Beside<'a> {
    /// What is known of the run.
    pub circumstances: &'a Circumstances<'a>,
    /// How far the run is, on stderr.
    pub progress: Progress,
    /// Saves the run file, if there is one.
    pub keeper: Option<Keeper>,
    /// The status file, if there is one.
    pub status: Option<StatusFile>,
    /// The first rows, and how wide the columns of the answer will be.
    pub rows: FirstRows,
    widths: Option<ExpectedWidths>,
}

impl<'a> Beside<'a> {
    /// Nothing has been computed yet.
    pub fn new(
        circumstances: &'a Circumstances<'a>,
        mut progress: Progress,
        keeper: Option<Keeper>,
        status: Option<StatusFile>,
    ) -> Beside<'a> {
        if let Some(scene) = progress.scene() {
            scene.amount = Some(circumstances.plan.amount);
            scene.workers = workers(circumstances.placements, &[]);
            scene.saved = keeper.as_ref().map(Keeper::saved);
        }
        Beside { circumstances, progress, keeper, status, rows: FirstRows::new(), widths: None }
    }
}

impl Watch for Beside<'_> {
    fn tick(&mut self, reached: Reached) {
        if let Some(scene) = self.progress.scene() {
            scene.saved = self.keeper.as_ref().map(Keeper::saved);
        }
        self.progress.tick(reached.share);
        if let Some(status) = &mut self.status {
            status.tick(reached);
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
        (self.prints_rows() || self.progress.is_live()) && self.rows.due()
    }

    fn rows(&mut self, parts: Parts) {
        let began = Instant::now();
        // An error shows again when the answer is made.
        let known = summary::known_so_far(self.circumstances.plan, &parts).unwrap_or_default();
        let on_screen = if self.prints_rows() && std::io::stdout().is_terminal() { known.first_count() } else { 0 };
        if let Some(scene) = self.progress.scene() {
            scene.rows = newest(&known, on_screen);
        }
        let first = if self.prints_rows() { self.first(known) } else { String::new() };
        self.rows.say(&first, began.elapsed());
    }

    fn lost(&mut self, rank: usize) {
        streams::remark(&summary::death_message(self.circumstances, rank));
        if let Some(scene) = self.progress.scene() {
            scene.workers = workers(self.circumstances.placements, &self.circumstances.world.lost());
        }
    }
}

impl Beside<'_> {
    /// Whether rows are printed as soon as they are known. A document is printed as a whole.
    fn prints_rows(&self) -> bool {
        !self.circumstances.attempt.order.output.format.is_document
    }

    /// The first lines of the answer.
    fn first(&mut self, known: Known) -> String {
        let Circumstances { plan, attempt, .. } = self.circumstances;
        let Some(first) = known.first().filter(|answer| !answer.table.rows.is_empty()) else { return String::new() };
        let widths = *self.widths.get_or_insert_with(|| summary::expected_widths(plan));
        let mut report = summary::of_first_rows(plan, first, widths);
        shorten(&mut report, attempt.order.output);
        let text = rendered(&report, attempt.order.output).unwrap_or_default();
        let text = String::from_utf8(text).unwrap_or_default();
        // The last row only makes the columns wide enough.
        let rows = text.trim_end_matches('\n').rsplit_once('\n').map_or("", |(rows, _)| rows);
        if rows.is_empty() { String::new() } else { format!("{rows}\n") }
    }
}

/// A view shows so many rows.
const ROWS_SHOWN: usize = 3;

/// The newest of the rows that are known, without the first so many, which are on the screen already.
pub fn newest(known: &Known, on_screen: usize) -> Vec<String> {
    let Some(answer) = &known.rows else { return vec![] };
    let mut rows: Vec<_> = known.places.iter().zip(&answer.table.rows).collect();
    rows.retain(|(place, _)| **place as usize >= on_screen);
    rows.sort_by_key(|(place, _)| **place);
    let newest = rows[rows.len().saturating_sub(ROWS_SHOWN)..].iter();
    newest.map(|(_, row)| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ")).collect()
}

/// Who is at work, in words.
fn workers(placements: &[Placement], lost: &[usize]) -> String {
    let at_work = placements.iter().filter(|placement| !lost.contains(&placement.rank));
    let threads: Vec<usize> = at_work.map(|placement| placement.threads).collect();
    workers_in_words(threads.len() as u64, threads.iter().sum::<usize>() as u64)
}

/// So many ranks and threads in words; the ranks only if there are several.
pub fn workers_in_words(ranks: u64, threads: u64) -> String {
    let of = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match ranks {
        0 | 1 => of(threads, "thread"),
        _ => format!("{}, {}", of(ranks, "rank"), of(threads, "thread")),
    }
}
