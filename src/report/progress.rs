//! How far a run is, on stderr: a bar on a terminal, otherwise a line from time to time.
//!
//! The only file that names the indicatif crate.

use super::pace::Pace;
use super::people;
use crate::streams;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// When progress is shown, as `--progress` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A bar if stderr is a terminal, otherwise lines.
    Auto,
    /// The same, but the first line comes sooner, and there is one when all is done.
    Always,
    /// Nothing is shown.
    Never,
}

impl When {
    /// The setting beside a list that is written as it comes: on a terminal the list itself shows progress, and a bar would disturb it.
    pub fn beside_a_list(self) -> When {
        match self {
            When::Auto if std::io::stdout().is_terminal() => When::Never,
            when => when,
        }
    }
}

/// The progress of one run; only rank 0 shows it.
pub enum Progress {
    /// A bar on a terminal.
    Bar(ProgressBar, Pace),
    /// Lines from time to time.
    Lines(ProgressLines),
    /// Nothing: on other ranks, and if nothing is wanted.
    Silent,
}

/// The first line comes after this time. Then the pause doubles, up to the longest.
const FIRST_LINE_AFTER: Duration = Duration::from_secs(10);
const SOONER: Duration = Duration::from_secs(1);
const LINE_PAUSE_MAX: Duration = Duration::from_secs(600);

/// A bar appears when a run takes longer than this; most are over by then.
const BAR_AFTER: Duration = Duration::from_millis(300);

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
            _ if !std::io::stderr().is_terminal() => Progress::Lines(ProgressLines::new(when)),
            When::Auto | When::Always => {
                let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {elapsed} gone{msg}");
                let target = ProgressDrawTarget::stderr_with_hz(10);
                let bar = ProgressBar::with_draw_target(Some(0), target);
                let style = style.expect("the template is a constant that works");
                Progress::Bar(bar.with_style(style), Pace::new(0))
            }
        }
    }

    /// Tells how many units were done before the run began.
    pub fn starts_at(&mut self, done: u64) {
        match self {
            Progress::Bar(bar, pace) => {
                bar.set_position(done);
                *pace = Pace::new(done);
            }
            Progress::Lines(lines) => lines.pace = Pace::new(done),
            Progress::Silent => (),
        }
    }

    /// Tells that `done` of `all` units are done.
    pub fn tick(&mut self, done: u64, all: u64) {
        match self {
            Progress::Bar(bar, pace) => {
                let gone = bar.elapsed();
                pace.note(gone.as_secs_f64(), done);
                if gone > BAR_AFTER {
                    bar.set_length(all);
                    bar.set_position(done);
                    bar.set_message(left(pace, gone, all));
                }
            }
            Progress::Silent => (),
            Progress::Lines(lines) => {
                if let Some(line) = lines.line(lines.began.elapsed(), done, all) {
                    streams::remark(&line);
                }
            }
        }
    }

    /// Prints something else, without the bar in its way.
    pub fn beside(&self, say: impl FnOnce()) {
        match self {
            Progress::Bar(bar, _) => bar.suspend(say),
            Progress::Lines(_) | Progress::Silent => say(),
        }
    }

    /// Removes the bar before the answer. A run that was stopped is not done, and says so elsewhere.
    pub fn finish(self, done: bool) {
        match self {
            Progress::Bar(bar, _) => bar.finish_and_clear(),
            Progress::Lines(lines) if lines.last && done => {
                streams::remark(&format!("done after {}", people::duration(lines.began.elapsed().as_secs_f64())));
            }
            Progress::Lines(_) | Progress::Silent => (),
        }
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
            pace: Pace::new(0),
        }
    }

    fn line(&mut self, gone: Duration, done: u64, all: u64) -> Option<String> {
        self.pace.note(gone.as_secs_f64(), done);
        if gone < self.next {
            return None;
        }
        self.pause = (self.pause * 2).min(LINE_PAUSE_MAX);
        self.next = gone + self.pause;
        let after = people::duration(gone.as_secs_f64());
        if done <= self.pace.before() {
            return Some(format!("no block is done after {after}"));
        }
        let share = 100.0 * done as f64 / all.max(1) as f64;
        Some(format!("{share:.1} % after {after}{}", left(&self.pace, gone, all)))
    }
}

/// The words for the time that remains, if it is known well enough.
fn left(pace: &Pace, gone: Duration, all: u64) -> String {
    let left = pace.left(gone.as_secs_f64(), all);
    left.map_or(String::new(), |seconds| format!(", {} left", people::about(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_less_and_less_often() {
        let mut lines = ProgressLines::new(When::Auto);
        let told: Vec<u64> =
            (0..4000).filter(|&second| lines.line(Duration::from_secs(second), second, 4000).is_some()).collect();
        assert_eq!(told, [10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630]);
    }

    #[test]
    fn a_line_tells_what_is_left_once_that_is_known() {
        let told = |before: u64, steps: &[(u64, u64)]| {
            let mut lines = ProgressLines { pace: Pace::new(before), ..ProgressLines::new(When::Auto) };
            steps.iter().filter_map(|&(gone, done)| lines.line(Duration::from_secs(gone), done, 8)).last().unwrap()
        };
        assert_eq!(told(0, &[(20, 1)]), "12.5 % after 20 s");
        assert_eq!(told(0, &[(5, 1), (10, 2), (15, 3), (80, 4)]), "50.0 % after 80 s");
        assert_eq!(told(0, &[(5, 1), (10, 2), (15, 3), (30, 6)]), "75.0 % after 30 s, about 10 s left");
        assert_eq!(told(2, &[(30, 3), (60, 4), (90, 5), (120, 6)]), "75.0 % after 2 min, about 60 s left");
        assert_eq!(told(2, &[(10, 2)]), "no block is done after 10 s");
    }
}
