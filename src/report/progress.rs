//! How far a run is, on stderr: a view of a few lines on a terminal, otherwise a line from time to time.

use super::pace::{Expected, Pace};
use super::people;
use super::view::{self, View};
use crate::streams;
use crate::values::Amount;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// When progress is shown, as `--progress` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A view if stderr is a terminal, otherwise lines.
    Auto,
    /// The same, but the first line comes sooner, and there is one when all is done.
    Always,
    /// Nothing is shown.
    Never,
}

impl When {
    /// The setting beside a list that is written as it comes: on a terminal the list itself shows progress, and a view would disturb it.
    pub fn beside_a_list(self) -> When {
        match self {
            When::Auto if std::io::stdout().is_terminal() => When::Never,
            when => when,
        }
    }
}

/// The progress of one run; only rank 0 shows it.
pub enum Progress {
    /// A view on a terminal.
    Live(LiveView),
    /// Lines from time to time.
    Lines(ProgressLines),
    /// Nothing: on other ranks, and if nothing is wanted.
    Silent,
}

/// What a view says beside how far the run is.
#[derive(Default)]
pub struct Scene {
    /// How much there is to do, in the kernel's own unit; `None` leaves it out.
    pub amount: Option<Amount>,
    /// Who is at work.
    pub workers: String,
    /// Whether the run is saved, and when it was saved last.
    pub saved: Option<Option<Instant>>,
    /// The newest rows, each a line.
    pub rows: Vec<String>,
}

/// The first line comes after this time. Then the pause doubles, up to the longest.
const FIRST_LINE_AFTER: Duration = Duration::from_secs(10);
const SOONER: Duration = Duration::from_secs(1);
const LINE_PAUSE_MAX: Duration = Duration::from_secs(600);

/// A view appears when a run takes longer than this; most are over by then.
const VIEW_AFTER: Duration = Duration::from_millis(300);

/// How often it is drawn again.
const VIEW_EVERY: Duration = Duration::from_millis(100);

/// A view on a terminal, which is removed when it is dropped.
pub struct LiveView {
    began: Instant,
    next: Duration,
    pace: Pace,
    scene: Scene,
}

/// Lines with pauses that grow.
pub struct ProgressLines {
    began: Instant,
    next: Duration,
    pause: Duration,
    /// Whether there is a line when all is done.
    last: bool,
    pace: Pace,
}

impl Progress {
    /// The progress of a run; only the rank that `speaks` shows it.
    pub fn new(when: When, speaks: bool) -> Progress {
        match when {
            _ if !speaks => Progress::Silent,
            When::Never => Progress::Silent,
            When::Auto | When::Always if streams::terminal().is_some() => Progress::Live(LiveView {
                began: Instant::now(),
                next: VIEW_AFTER,
                pace: Pace::new(0.0),
                scene: Scene::default(),
            }),
            When::Auto | When::Always => Progress::Lines(ProgressLines::new(when)),
        }
    }

    /// Tells which part was done before the run began, and what is expected of the rest.
    pub fn starts_at(&mut self, share: f64, expected: Option<Expected>) {
        match self {
            Progress::Live(LiveView { pace, .. }) | Progress::Lines(ProgressLines { pace, .. }) => {
                *pace = Pace::new(share).expecting(expected);
            }
            Progress::Silent => (),
        }
    }

    /// What the view says beside how far the run is; `None` if there is no view.
    pub fn scene(&mut self) -> Option<&mut Scene> {
        match self {
            Progress::Live(live) => Some(&mut live.scene),
            Progress::Lines(_) | Progress::Silent => None,
        }
    }

    /// Whether there is a view.
    pub fn is_live(&self) -> bool {
        matches!(self, Progress::Live(_))
    }

    /// Tells which part of all is done, from 0 to 1.
    pub fn tick(&mut self, share: f64) {
        match self {
            Progress::Live(live) => live.tick(share),
            Progress::Silent => (),
            Progress::Lines(lines) => {
                if let Some(line) = lines.line(lines.began.elapsed(), share) {
                    streams::remark(&line);
                }
            }
        }
    }

    /// Removes the view before the answer. A run that was stopped is not done, and says so elsewhere.
    pub fn finish(self, done: bool) {
        match self {
            Progress::Lines(lines) if lines.last && done => {
                streams::remark(&format!("done after {}", people::duration(lines.began.elapsed().as_secs_f64())));
            }
            Progress::Live(_) | Progress::Lines(_) | Progress::Silent => (),
        }
    }
}

impl LiveView {
    fn tick(&mut self, share: f64) {
        let gone = self.began.elapsed();
        self.pace.note(gone.as_secs_f64(), share);
        if gone < self.next {
            return;
        }
        self.next = gone + VIEW_EVERY;
        if let Some(size) = streams::terminal() {
            streams::show_view(self.lines(gone.as_secs_f64(), share, size));
        }
    }

    fn lines(&self, gone: f64, share: f64, size: (usize, usize)) -> Vec<String> {
        let Scene { amount, workers, saved, rows } = &self.scene;
        let saved = saved.map(|last| match last {
            None => "not saved yet".into(),
            Some(last) => view::saved(last.elapsed()),
        });
        let words: Vec<String> =
            [workers.clone()].into_iter().filter(|workers| !workers.is_empty()).chain(saved).collect();
        View::of((share, *amount), (gone, &self.pace), &words, rows).lines(size)
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        streams::hide_view();
    }
}

impl ProgressLines {
    fn new(when: When) -> ProgressLines {
        let first = if when == When::Always { SOONER } else { FIRST_LINE_AFTER };
        ProgressLines {
            began: Instant::now(),
            next: first,
            pause: first,
            last: when == When::Always,
            pace: Pace::new(0.0),
        }
    }

    fn line(&mut self, gone: Duration, share: f64) -> Option<String> {
        self.pace.note(gone.as_secs_f64(), share);
        if gone < self.next {
            return None;
        }
        self.pause = (self.pause * 2).min(LINE_PAUSE_MAX);
        self.next = gone + self.pause;
        let after = people::duration(gone.as_secs_f64());
        if share <= self.pace.before() {
            return Some(format!("no block is done after {after}"));
        }
        Some(format!("{:.1} % after {after}{}", 100.0 * share, left(&self.pace, gone)))
    }
}

/// The words for the time that remains, if it is known well enough.
fn left(pace: &Pace, gone: Duration) -> String {
    let left = pace.left(gone.as_secs_f64());
    left.map_or(String::new(), |seconds| format!(", {} left", people::about(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_less_and_less_often() {
        let mut lines = ProgressLines::new(When::Auto);
        let told: Vec<u64> = (0..4000)
            .filter(|&second| lines.line(Duration::from_secs(second), second as f64 / 4000.0).is_some())
            .collect();
        assert_eq!(told, [10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630]);
    }

    #[test]
    fn a_line_tells_what_is_left_once_that_is_known() {
        let told = |before: u64, steps: &[(u64, u64)]| {
            let part = |done: u64| done as f64 / 8.0;
            let mut lines = ProgressLines { pace: Pace::new(part(before)), ..ProgressLines::new(When::Auto) };
            steps.iter().filter_map(|&(gone, done)| lines.line(Duration::from_secs(gone), part(done))).last().unwrap()
        };
        assert_eq!(told(0, &[(20, 1)]), "12.5 % after 20 s");
        assert_eq!(told(0, &[(5, 1), (10, 2), (15, 3), (80, 4)]), "50.0 % after 80 s");
        assert_eq!(told(0, &[(5, 1), (10, 2), (15, 3), (30, 6)]), "75.0 % after 30 s, about 10 s left");
        assert_eq!(told(2, &[(30, 3), (60, 4), (90, 5), (120, 6)]), "75.0 % after 2 min, about 60 s left");
        assert_eq!(told(2, &[(10, 2)]), "no block is done after 10 s");
    }
}
