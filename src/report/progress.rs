//! How far a run is, on stderr: a bar where a person watches, now and then a line where a file does.
//!
//! The only file that names the indicatif crate.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A bar if stderr is a terminal, else lines.
    Auto,
    /// The same, but the lines come sooner, and one when all is done.
    Always,
    Never,
}

impl When {
    /// When beside a list that is told as it comes: on a terminal that is progress enough, and a bar in its way.
    pub fn beside_a_list(self) -> When {
        match self {
            When::Auto if std::io::stdout().is_terminal() => When::Never,
            when => when,
        }
    }
}

/// The progress of one run; only rank 0 has one that shows.
pub enum Progress {
    Bar(ProgressBar),
    Lines(Lines),
    Silent,
}

/// The first line comes after so long, and the pause doubles up to the longest.
const FIRST: Duration = Duration::from_secs(10);
const SOONER: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

/// A bar appears when a run has taken so long; most are over by then.
const PATIENCE: Duration = Duration::from_millis(300);

pub struct Lines {
    began: Instant,
    next: Duration,
    pause: Duration,
    /// Whether there is a line when all is done.
    last: bool,
    /// Units that were done before it began.
    before: u64,
}

impl Progress {
    pub fn new(when: When, speaks: bool) -> Progress {
        match when {
            _ if !speaks => Progress::Silent,
            When::Never => Progress::Silent,
            _ if !std::io::stderr().is_terminal() => Progress::Lines(Lines::new(when)),
            When::Auto | When::Always => {
                let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {elapsed} gone, {eta} left");
                let target = ProgressDrawTarget::stderr_with_hz(10);
                let bar = ProgressBar::with_draw_target(Some(0), target);
                Progress::Bar(bar.with_style(style.expect("the template is a constant that works")))
            }
        }
    }

    /// So many units were done before it began.
    pub fn starts_at(&mut self, done: u64) {
        match self {
            Progress::Bar(bar) => {
                bar.set_position(done);
                bar.reset_eta();
            }
            Progress::Lines(lines) => lines.before = done,
            Progress::Silent => (),
        }
    }

    /// `done` of `all` units are done.
    pub fn tick(&mut self, done: u64, all: u64) {
        match self {
            Progress::Bar(bar) if bar.elapsed() > PATIENCE => {
                bar.set_length(all);
                bar.set_position(done);
            }
            Progress::Bar(_) | Progress::Silent => (),
            Progress::Lines(lines) => {
                if let Some(line) = lines.line(lines.began.elapsed(), done, all) {
                    super::talk(&line);
                }
            }
        }
    }

    /// Takes the bar away, as the answer is not to be read around it.
    pub fn finish(self) {
        match self {
            Progress::Bar(bar) => bar.finish_and_clear(),
            Progress::Lines(lines) if lines.last => {
                super::talk(&format!("pcount: done after {:.0} s\n", lines.began.elapsed().as_secs_f64()));
            }
            Progress::Lines(_) | Progress::Silent => (),
        }
    }
}

impl Lines {
    fn new(when: When) -> Lines {
        let first = if when == When::Always { SOONER } else { FIRST };
        Lines { began: Instant::now(), next: first, pause: first, last: when == When::Always, before: 0 }
    }

    fn line(&mut self, gone: Duration, done: u64, all: u64) -> Option<String> {
        if gone < self.next {
            return None;
        }
        self.pause = (self.pause * 2).min(LONGEST);
        self.next = gone + self.pause;
        let gone = gone.as_secs_f64();
        if done <= self.before {
            return Some(format!("pcount: no block is done after {gone:.0} s\n"));
        }
        let share = done as f64 / all.max(1) as f64;
        let left = gone * all.saturating_sub(done) as f64 / (done - self.before) as f64;
        Some(format!("pcount: {:.1} % after {gone:.0} s, about {left:.0} s left\n", 100.0 * share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_less_and_less_often() {
        let mut lines = Lines::new(When::Auto);
        let told: Vec<u64> =
            (0..4000).filter(|&second| lines.line(Duration::from_secs(second), second, 4000).is_some()).collect();
        assert_eq!(told, [10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630]);
    }

    #[test]
    fn a_line_tells_what_is_left() {
        let mut lines = Lines::new(When::Auto);
        let line = lines.line(Duration::from_secs(20), 1, 4).unwrap();
        assert_eq!(line, "pcount: 25.0 % after 20 s, about 60 s left\n");
        let mut lines = Lines { before: 1, ..Lines::new(When::Auto) };
        let line = lines.line(Duration::from_secs(20), 2, 4).unwrap();
        assert_eq!(line, "pcount: 50.0 % after 20 s, about 40 s left\n");
        let line = Lines::new(When::Auto).line(Duration::from_secs(10), 0, 4).unwrap();
        assert_eq!(line, "pcount: no block is done after 10 s\n");
    }
}
