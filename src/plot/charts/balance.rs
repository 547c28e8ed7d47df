//! How much each thread computed and waited, side by side. Where there are more threads than columns, a column is the mean of some
//! neighbours.

use super::Frame;
use crate::plot::axis::{Axis, number, time_unit};
use crate::plot::drawn::{DrawnRun, Thread};
use crate::plot::palette::Ink;
use crate::plot::picture::{Metrics, Picture, Stroke};
use crate::plot::sheet::{Sample, Sheet};

/// The seconds of a column: mean over its threads.
struct Column {
    first: Thread,
    last: Thread,
    computing: f64,
    waiting: f64,
}

/// How much each thread computed and waited.
pub fn balance(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    if !run.has_timeline() {
        return None;
    }
    let metrics = frame.metrics;
    // A column and the room beside it, without the labels of the axis.
    let most = ((frame.width - 10.0 * metrics.glyph) / (2.0 * metrics.least())).floor().max(1.0) as usize;
    let columns = columns(run, most);
    // Runs that stand side by side have one scale.
    let longest = columns.iter().map(|column| column.computing + column.waiting).fold(frame.seconds, f64::max);
    let (unit, name) = time_unit(longest);
    let mut sheet = Sheet::new(metrics, frame.width, "Balance");
    let busy: Vec<f64> = run.threads.keys().map(|&thread| computing(run, thread)).collect();
    let (most_busy, mean) = (busy.iter().copied().fold(0.0, f64::max), busy.iter().sum::<f64>() / busy.len() as f64);
    sheet.note(&format!(
        "The mean thread computed {:.0} % of the time that the busiest one did",
        100.0 * mean / most_busy.max(1e-300)
    ));
    sheet.legend(&[
        (Sample::Bar, Ink::Series(0), "computing".into()),
        (Sample::Bar, Ink::Wait, "waiting".into()),
        (
            Sample::Line(Stroke::Dashed),
            Ink::Text,
            format!("mean, {} {name}", number(mean / unit, longest / unit / 100.0)),
        ),
    ]);
    let grouped = columns.iter().any(|column| column.first.0 != column.last.0);
    let label = |column: &Column| match grouped {
        true => column.first.0.to_string(),
        false => format!("{}.{}", column.first.0, column.first.1),
    };
    let labels = columns.iter().enumerate().map(|(at, column)| (at as f64 + 0.5, label(column))).collect();
    let x = Axis::labelled(if grouped { "rank" } else { "rank.thread" }, columns.len() as f64, labels);
    let plot = sheet.plot(8.0 * metrics.line, x, Axis::linear(format!("time ({name})"), 0.0, longest / unit));
    let each = plot.width / columns.len() as f64;
    for (at, column) in columns.iter().enumerate() {
        let width = (each * 0.8).min(6.0 * metrics.line);
        let left = plot.left + each * (at as f64 + 0.5) - width / 2.0;
        let (left, width) = in_whole_cells(metrics, left, width);
        let (computed, all) = (plot.y(column.computing / unit), plot.y((column.computing + column.waiting) / unit));
        let about = |what: &str, seconds: f64| Some(format!("{}: {what} {seconds:.3} s", label(column)));
        sheet.rect((left, all), (width, computed - all), Ink::Wait, about("waited", column.waiting));
        sheet.rect(
            (left, computed),
            (width, plot.bottom() - computed),
            Ink::Series(0),
            about("computed", column.computing),
        );
    }
    let y = plot.y(mean / unit);
    sheet.line(&[(plot.left, y), (plot.right(), y)], Ink::Text, Stroke::Dashed);
    Some(sheet.done())
}

/// The place of a column, in whole cells where there are some.
fn in_whole_cells(metrics: Metrics, left: f64, width: f64) -> (f64, f64) {
    let whole = |length: f64| (length / metrics.glyph).round() * metrics.glyph;
    if metrics.in_cells { (whole(left), whole(width).max(metrics.glyph)) } else { (left, width) }
}

fn computing(run: &DrawnRun, thread: Thread) -> f64 {
    run.threads[&thread].iter().map(|bar| bar.end - bar.start).sum()
}

/// The threads in order, as many neighbours in a column as are needed for no more columns.
fn columns(run: &DrawnRun, most: usize) -> Vec<Column> {
    let threads: Vec<Thread> = run.threads.keys().copied().collect();
    let column = |some: &[Thread]| {
        let mean = |seconds: &dyn Fn(Thread) -> f64| {
            some.iter().map(|&thread| seconds(thread)).sum::<f64>() / some.len() as f64
        };
        let there = |thread| run.attempts_of(thread).map(|attempt| attempt.end - attempt.start).sum::<f64>();
        let computing = mean(&|thread| computing(run, thread));
        let waiting = (mean(&there) - computing).max(0.0);
        Column { first: some[0], last: some[some.len() - 1], computing, waiting }
    };
    threads.chunks(threads.len().div_ceil(most)).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, bars, close, lines, place_of, run, texts};
    use super::*;

    #[test]
    fn columns_are_as_high_as_the_seconds() {
        let told = [(0, 0, 0, 0.0, 8.0, 0, 8), (0, 1, 0, 0.0, 1.0, 8, 1), (0, 1, 0, 4.0, 3.0, 9, 1)];
        let picture = balance(&run(&[attempt(2, 1, 10.0)], &told, 10), &FRAME).unwrap();
        let [zero, ten] = ["0", "10"].map(|label| place_of(&picture, label, false));
        let seconds = |height: f64| 10.0 * height / (zero - ten);
        let high = |ink| bars(&picture, ink).iter().map(|bar| seconds(bar.1.1)).collect::<Vec<f64>>();
        let (computing, waiting) = (high(Ink::Series(0)), high(Ink::Wait));
        assert!(close(computing[0], 8.0) && close(computing[1], 4.0), "{computing:?}");
        assert!(close(waiting[0], 2.0) && close(waiting[1], 6.0), "{waiting:?}");
        let mean = lines(&picture, Ink::Text).last().unwrap()[0].1;
        assert!(close(seconds(zero - mean), 6.0));
        assert!(texts(&picture).contains(&"The mean thread computed 75 % of the time that the busiest one did"));
        assert_eq!(
            place_of(&picture, "0.0", true),
            bars(&picture, Ink::Series(0))[0].0.0 + bars(&picture, Ink::Series(0))[0].1.0 / 2.0
        );
    }

    #[test]
    fn more_threads_than_columns_are_means() {
        let told: Vec<_> =
            (0..4096).map(|rank| (0, rank, 0, 0.0, if rank < 2048 { 10.0 } else { 5.0 }, rank, 1)).collect();
        let picture = balance(&run(&[attempt(4096, 1, 10.0)], &told, 4096), &FRAME).unwrap();
        let drawn = bars(&picture, Ink::Series(0));
        assert!((100..=200).contains(&drawn.len()), "{}", drawn.len());
        assert!(close(drawn[0].1.1, 2.0 * drawn[drawn.len() - 1].1.1));
    }
}
