//! The charts: one file each, from what a run file says to a picture. To add one, add its file, its `mod` line and its row in
//! [`CHARTS`].

mod balance;
mod cost;
mod density;
mod gaps;
mod progress;
mod race;
mod residues;
mod runs;
mod speedup;
mod timeline;

use super::drawn::DrawnRun;
use super::picture::{Metrics, Picture};
pub use runs::side_by_side;

/// What is the same for the charts of all runs that are drawn together.
#[derive(Clone, Copy)]
pub struct Frame {
    /// How large text is.
    pub metrics: Metrics,
    /// The width of a chart.
    pub width: f64,
    /// The end of the axes of time: how long the longest run took, in seconds.
    pub seconds: f64,
}

/// A kind of chart.
pub struct Chart {
    /// What it shows of a run; `None` if the run has nothing of that.
    pub draw: fn(&DrawnRun, &Frame) -> Option<Picture>,
}

/// All charts, in the order in which they are shown.
pub const CHARTS: &[Chart] = &[
    Chart { draw: timeline::timeline },
    Chart { draw: balance::balance },
    Chart { draw: progress::progress },
    Chart { draw: cost::cost },
    Chart { draw: density::density },
    Chart { draw: gaps::gaps },
    Chart { draw: residues::residues },
    Chart { draw: race::race },
    Chart { draw: speedup::seconds },
    Chart { draw: speedup::speedup },
    Chart { draw: speedup::efficiency },
];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::plot::palette::Ink;
    use crate::plot::picture::{Item, PAPER, Place};
    use crate::report::tests::sample;
    use crate::report::{Report, State, Status};
    use crate::values::timeline::Entry;
    use crate::values::{Fact, Table, Value};

    pub(crate) const FRAME: Frame = Frame { metrics: PAPER, width: 800.0, seconds: 10.0 };

    /// The facts of an attempt of so many ranks and threads that took so long.
    pub(crate) fn attempt(ranks: u64, threads: u64, seconds: f64) -> Vec<Fact> {
        vec![
            Fact::new("ranks", Value::Count(ranks)),
            Fact::new("threads", Value::Count(threads)),
            Fact::new("seconds.wall", Value::Seconds(seconds)),
        ]
    }

    /// An entry: attempt, rank, thread, start, seconds, first unit, units.
    pub(crate) type Told = (u64, u64, u64, f64, f64, u64, u64);

    pub(crate) fn entries(told: &[Told]) -> Vec<Entry> {
        let entry = |&(attempt, rank, thread, start, seconds, first_unit, units): &Told| Entry {
            first_unit,
            units,
            rank,
            thread,
            start,
            seconds,
            attempt,
        };
        told.iter().map(entry).collect()
    }

    /// A run that is complete, of attempts with these facts.
    pub(crate) fn run(attempts: &[Vec<Fact>], told: &[Told], units: u64) -> DrawnRun {
        let (newest, earlier) = attempts.split_last().unwrap();
        let state = State {
            arguments: vec![],
            list: vec![],
            ranks: 1,
            fingerprint: 0,
            units,
            done: units,
            blocks: vec![],
            rows: None,
        };
        DrawnRun::new(
            "run.h5",
            Report {
                status: Status::Complete,
                run: newest.clone(),
                attempts: earlier.to_vec(),
                timeline: entries(told),
                table: Table::default(),
                state: Some(state),
                ..sample()
            },
        )
    }

    /// A run whose answer has these columns and rows.
    pub(crate) fn found<const N: usize>(columns: &[&'static str], rows: &[[u64; N]]) -> DrawnRun {
        let mut drawn = run(&[attempt(1, 1, 1.0)], &[], 1);
        drawn.report.table = Table::of(columns).with(rows.iter().map(|row| row.iter().map(Value::integer).collect()));
        drawn
    }

    /// The rectangles of that colour with what they stand for: those of a legend stand for nothing.
    pub(crate) fn bars(picture: &Picture, of: Ink) -> Vec<(Place, (f64, f64), &str)> {
        let bar = |item| match item {
            &Item::Rect { at, size, ink, about: Some(ref about) } if ink == of => Some((at, size, about.as_str())),
            _ => None,
        };
        picture.items.iter().filter_map(bar).collect()
    }

    /// The lines of that colour.
    pub(crate) fn lines(picture: &Picture, of: Ink) -> Vec<&[Place]> {
        let line = |item| match item {
            &Item::Line { ref through, ink, .. } if ink == of => Some(through.as_slice()),
            _ => None,
        };
        picture.items.iter().filter_map(line).collect()
    }

    /// The marks of that colour, without those of the legend, which come first.
    pub(crate) fn dots(picture: &Picture, of: Ink) -> Vec<Place> {
        let dot = |item| match item {
            &Item::Dot { at, ink, .. } if ink == of => Some(at),
            _ => None,
        };
        picture.items.iter().filter_map(dot).collect()
    }

    /// The texts of a picture, in the order in which they are drawn.
    pub(crate) fn texts(picture: &Picture) -> Vec<&str> {
        fn text(item: &Item) -> Option<&str> {
            if let Item::Text { text, .. } = item { Some(text) } else { None }
        }
        picture.items.iter().filter_map(text).collect()
    }

    /// Where the label of an axis is: its place in that direction. Those of the horizontal axis are centred.
    pub(crate) fn place_of(picture: &Picture, label: &str, horizontal: bool) -> f64 {
        use crate::plot::picture::Anchor;
        let anchor_of = if horizontal { Anchor::Middle } else { Anchor::End };
        let found = picture.items.iter().find_map(|item| match item {
            Item::Text { at, anchor, text, .. } if text == label && *anchor == anchor_of => Some(*at),
            _ => None,
        });
        let (x, y) = found.unwrap_or_else(|| panic!("{label} is not in {:?}", texts(picture)));
        if horizontal { x } else { y + PAPER.line / 2.0 }
    }

    pub(crate) fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6 * (1.0 + other.abs())
    }
}
