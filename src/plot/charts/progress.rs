//! How much of the run was done when: over all attempts, with the saves of the run file and the ends of attempts.

use super::Frame;
use crate::plot::axis::{Axis, time_unit};
use crate::plot::drawn::{DrawnRun, End};
use crate::plot::palette::Ink;
use crate::plot::picture::{Anchor, Mark, Picture, Stroke};
use crate::plot::sheet::{Plot, Sample, Sheet};

/// A time, and how many units were done then.
type Point = (f64, f64);

/// No line needs more points.
const POINTS: usize = 500;

/// How much was done when.
pub fn progress(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let units = run.units() as f64;
    if units == 0.0 || run.seconds() == 0.0 || !run.has_timeline() {
        return None;
    }
    let (unit, name) = time_unit(frame.seconds);
    let mut sheet = Sheet::new(frame.metrics, frame.width, "Progress");
    sheet.legend(&keys(run));
    let x = Axis::linear(format!("time ({name})"), 0.0, frame.seconds / unit);
    let plot = sheet.plot(8.0 * frame.metrics.line, x, Axis::linear(UNITS_DONE, 0.0, 100.0));
    let place = |(seconds, done): Point| (plot.x(seconds / unit), plot.y(100.0 * done / units));
    let points = points(run);
    let every = points.len().div_ceil(POINTS).max(1);
    let shown = points.iter().enumerate().filter(|(at, _)| at % every == 0 || at + 1 == points.len());
    let line: Vec<_> = shown.map(|(_, &point)| place(point)).collect();
    sheet.line(&line, Ink::Series(0), Stroke::Data);
    for save in run.attempts.iter().flat_map(|attempt| &attempt.saves) {
        let x = plot.x(save / unit);
        sheet.line(&[(x, plot.bottom() - frame.metrics.line / 2.0), (x, plot.bottom())], Ink::Series(2), Stroke::Data);
    }
    ends(&mut sheet, &plot, run, &|seconds| place((seconds, done_at(&points, seconds))));
    Some(sheet.done())
}

/// The legend, with what there is of this run.
fn keys(run: &DrawnRun) -> Vec<(Sample, Ink, String)> {
    let mut keys = vec![(Sample::Line(Stroke::Data), Ink::Series(0), "units done".into())];
    let saves: usize = run.attempts.iter().map(|attempt| attempt.saves.len()).sum();
    if saves > 0 {
        keys.push((Sample::Line(Stroke::Data), Ink::Series(2), "saved".into()));
    }
    let ended = |how: End| run.attempts.iter().any(|attempt| attempt.how == how);
    for (how, mark) in MARKS.iter().filter(|(how, _)| ended(*how)) {
        keys.push((Sample::Mark(*mark), Ink::Series(1), word(*how).into()));
    }
    keys
}

/// The marks of the ends of attempts.
const MARKS: [(End, Mark); 3] =
    [(End::Complete, Mark::Circle), (End::Stopped, Mark::Square), (End::Saved, Mark::Triangle)];

fn word(how: End) -> &'static str {
    match how {
        End::Complete => "complete",
        End::Stopped => "stopped",
        End::Saved => "its last save",
    }
}

/// The ends of all attempts, with as many labels as there is room for.
fn ends(sheet: &mut Sheet, plot: &Plot, run: &DrawnRun, place: &dyn Fn(f64) -> (f64, f64)) {
    // Above the plot, behind the title of its axis.
    let metrics = sheet.metrics;
    let above = plot.top - metrics.line * if metrics.in_cells { 1.0 } else { 1.5 };
    let mut free = metrics.width(UNITS_DONE) + 2.0 * metrics.glyph;
    for attempt in &run.attempts {
        let at = place(attempt.end);
        let mark = MARKS.iter().find(|(how, _)| *how == attempt.how).map_or(Mark::Circle, |(_, mark)| *mark);
        if attempt.end < run.seconds() {
            sheet.line(&[(at.0, plot.top), (at.0, plot.bottom())], Ink::Muted, Stroke::Dashed);
        }
        sheet.dot(at, Ink::Series(1), mark);
        let text = match attempt.stands_for {
            1 => format!("attempt {}", attempt.number + 1),
            many => format!("attempts {}-{}", attempt.number + 1, attempt.number + many),
        };
        if run.attempts.len() > 1 && at.0 - metrics.width(&text) >= free {
            sheet.text((at.0, above), Anchor::End, Ink::Muted, false, text);
            free = at.0 + metrics.glyph;
        }
    }
}

/// The title of the vertical axis.
const UNITS_DONE: &str = "units done (%)";

/// How much was done at which times, in order: each bar does its units evenly.
fn points(run: &DrawnRun) -> Vec<Point> {
    // At each time the units a second change, and at the end of a summed attempt all of its units are done.
    let mut changes: Vec<Point> = vec![];
    for bar in run.threads.values().flatten() {
        let rate = bar.units as f64 / (bar.end - bar.start).max(INSTANT);
        changes.extend([(bar.start, rate), (bar.start + (bar.end - bar.start).max(INSTANT), -rate)]);
    }
    let mut before = 0.0;
    for attempt in &run.attempts {
        let done = attempt.done.map_or(before, |done| done as f64);
        if attempt.stands_for > 1 {
            let rate = (done - before).max(0.0) / (attempt.end - attempt.start).max(INSTANT);
            changes
                .extend([(attempt.start, rate), (attempt.start + (attempt.end - attempt.start).max(INSTANT), -rate)]);
        }
        before = done;
    }
    changes.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut points, mut at, mut done, mut rate) = (vec![(0.0, 0.0)], 0.0, 0.0, 0.0);
    for (time, change) in changes {
        done += rate * (time - at);
        (at, rate) = (time, rate + change);
        points.push((time, f64::max(done, 0.0)));
    }
    points.push((run.seconds().max(at), done));
    points
}

/// A bar that took no time has done its units in this one.
const INSTANT: f64 = 1e-9;

/// How much was done at that time.
fn done_at(points: &[Point], time: f64) -> f64 {
    let behind = points.partition_point(|point| point.0 <= time);
    let (Some(&(from, done)), next) = (points[..behind].last(), points.get(behind)) else { return 0.0 };
    next.map_or(done, |&(to, then)| done + (then - done) * (time - from) / (to - from).max(INSTANT))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, close, dots, lines, place_of, run, texts};
    use super::*;
    use crate::values::{Fact, Value};

    #[test]
    fn the_line_goes_through_what_was_done_and_marks_are_where_saves_and_ends_were() {
        let saves = Fact::new("saves", Value::List([1.0, 3.0].map(Value::Seconds).to_vec()));
        let first = [
            attempt(1, 2, 4.0),
            vec![Fact::new("ended", Value::text("then")), Fact::new("units_done", Value::Count(50)), saves],
        ]
        .concat();
        let told = [(0, 0, 0, 0.0, 4.0, 0, 25), (0, 0, 1, 2.0, 2.0, 25, 25), (1, 0, 0, 0.0, 6.0, 50, 50)];
        let picture = progress(&run(&[first, attempt(1, 2, 6.0)], &told, 100), &FRAME).unwrap();
        let [zero, ten] = ["0", "10"].map(|label| place_of(&picture, label, true));
        let [none, all] = ["0", "100"].map(|label| place_of(&picture, label, false));
        let at = |seconds: f64, done: f64| (zero + (ten - zero) * seconds / 10.0, none - (none - all) * done / 100.0);
        let near = |one: (f64, f64), other: (f64, f64)| close(one.0, other.0) && (one.1 - other.1).abs() < 1e-3;
        let line = lines(&picture, Ink::Series(0))[1];
        for point in [at(0.0, 0.0), at(2.0, 12.5), at(4.0, 50.0), at(10.0, 100.0)] {
            assert!(line.iter().any(|&place| near(place, point)), "{point:?} is not in {line:?}");
        }
        // One stands in the legend.
        let saved: Vec<f64> = lines(&picture, Ink::Series(2)).iter().skip(1).map(|line| line[0].0).collect();
        assert!(saved.len() == 2 && close(saved[0], at(1.0, 0.0).0) && close(saved[1], at(3.0, 0.0).0), "{saved:?}");
        let ends = dots(&picture, Ink::Series(1));
        assert!(near(ends[2], at(4.0, 50.0)) && near(ends[3], at(10.0, 100.0)), "{ends:?}");
        for text in ["attempt 1", "attempt 2", "stopped", "complete", "saved"] {
            assert!(texts(&picture).contains(&text), "{text}");
        }
    }
}
