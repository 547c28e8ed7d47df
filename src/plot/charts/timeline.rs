//! Who computed when: a lane for each thread, with a bar for each of its blocks, on a ground that shows when it could have computed.
//! Bars that are too narrow to be told apart are drawn as one. Where there are more threads than lanes, a lane shows how many of some
//! neighbouring threads computed.

use super::Frame;
use crate::plot::axis::{Axis, time_unit};
use crate::plot::drawn::{Bar, DrawnRun, Thread};
use crate::plot::palette::Ink;
use crate::plot::picture::{Anchor, Item, Metrics, Picture, Stroke};
use crate::plot::sheet::{Plot, Sample, Sheet};

/// The most lines that its lanes are high together.
const LINES: f64 = 24.0;

/// The least height of a lane on paper.
const LANE: f64 = 6.0;

/// The most bars of the whole chart: a file with more is large, and shows no more.
const BARS: usize = 6000;

/// A lane: its threads, and its label.
struct Lane {
    threads: Vec<Thread>,
    label: String,
}

/// Who computed when.
pub fn timeline(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    if !run.has_timeline() {
        return None;
    }
    let metrics = frame.metrics;
    let all: Vec<Thread> = run.threads.keys().copied().collect();
    let lanes = lanes(&all, metrics);
    let height = lane_height(lanes.len(), metrics);
    let (unit, name) = time_unit(frame.seconds);
    let mut sheet = Sheet::new(metrics, frame.width, "Timeline");
    let grouped = lanes.iter().any(|lane| lane.threads.len() > 1);
    let computes = if grouped { "computing (higher: more of the threads)" } else { "computing" };
    let mut keys = vec![(Sample::Bar, Ink::Series(0), computes.into()), (Sample::Bar, Ink::Wait, "waiting".into())];
    if run.attempts.len() > 1 {
        keys.push((Sample::Line(Stroke::Dashed), Ink::Text, "a new attempt".into()));
    }
    sheet.legend(&keys);
    let labels = lanes.iter().enumerate().map(|(at, lane)| (at as f64 + 0.5, lane.label.clone())).collect();
    let title = if lanes.iter().all(|lane| lane.label.contains('.')) { "rank.thread" } else { "rank" };
    let y = Axis::labelled(title, lanes.len() as f64, labels);
    let x = Axis::linear(format!("time ({name})"), 0.0, frame.seconds / unit);
    let plot = sheet.plot(height * lanes.len() as f64, x, y);
    for (at, lane) in lanes.iter().enumerate() {
        let place = LaneOnPlot { plot: &plot, unit, top: plot.top + height * at as f64, height };
        place.ground(&mut sheet, run, lane);
        match &lane.threads[..] {
            [thread] => place.bars(&mut sheet, *thread, &run.threads[thread], BARS / lanes.len()),
            threads => place.share(&mut sheet, run, threads),
        }
    }
    borders(&mut sheet, &plot, run, unit);
    Some(sheet.done())
}

fn lane_height(lanes: usize, metrics: Metrics) -> f64 {
    if metrics.in_cells { metrics.line } else { (LINES * metrics.line / lanes as f64).clamp(LANE, metrics.line) }
}

/// The lanes: one for each thread, as long as there is room for all.
fn lanes(all: &[Thread], metrics: Metrics) -> Vec<Lane> {
    let most = if metrics.in_cells { LINES } else { LINES * metrics.line / LANE } as usize;
    if all.len() <= most {
        let lane = |&(rank, thread): &Thread| Lane { threads: vec![(rank, thread)], label: format!("{rank}.{thread}") };
        return all.iter().map(lane).collect();
    }
    let mut ranks: Vec<u64> = all.iter().map(|(rank, _)| *rank).collect();
    ranks.dedup();
    if 2 * ranks.len() <= most {
        return lanes_of_threads(all, most / ranks.len());
    }
    let each = ranks.len().div_ceil(most);
    let lane = |ranks: &[u64]| {
        let (first, last) = (ranks[0], ranks[ranks.len() - 1]);
        let threads = all.iter().filter(|(rank, _)| (first..=last).contains(rank)).copied().collect();
        Lane { threads, label: if first == last { first.to_string() } else { format!("{first}-{last}") } }
    };
    ranks.chunks(each).map(lane).collect()
}

/// As many lanes of each rank, with neighbouring threads in each.
fn lanes_of_threads(all: &[Thread], most: usize) -> Vec<Lane> {
    let lane = |threads: &[Thread]| {
        let ((rank, first), (_, last)) = (threads[0], threads[threads.len() - 1]);
        let label = if first == last { format!("{rank}.{first}") } else { format!("{rank}.{first}-{last}") };
        Lane { threads: threads.to_vec(), label }
    };
    let ranks = all.chunk_by(|one, other| one.0 == other.0);
    ranks.flat_map(|threads| threads.chunks(threads.len().div_ceil(most)).map(lane)).collect()
}

/// A lane on the plot.
struct LaneOnPlot<'a> {
    plot: &'a Plot,
    unit: f64,
    top: f64,
    height: f64,
}

impl LaneOnPlot<'_> {
    fn x(&self, seconds: f64) -> f64 {
        self.plot.x(seconds / self.unit)
    }

    /// The upper edge of its bars, and their height: neighbouring lanes do not touch.
    fn inner(&self, metrics: Metrics) -> (f64, f64) {
        let gap = if metrics.in_cells { 0.0 } else { (self.height / 8.0).min(2.0) };
        (self.top + gap / 2.0, self.height - gap)
    }

    /// When its threads could have computed.
    fn ground(&self, sheet: &mut Sheet, run: &DrawnRun, lane: &Lane) {
        let (top, height) = self.inner(sheet.metrics);
        for attempt in run.attempts_of(lane.threads[0]) {
            let (from, to) = (self.x(attempt.start), self.x(attempt.end));
            sheet.rect((from, top), (to - from, height), Ink::Wait, None);
        }
        let summed = run.attempts.iter().filter(|attempt| attempt.stands_for > 1);
        for attempt in summed {
            let (from, to) = (self.x(attempt.start), self.x(attempt.end));
            sheet.rect((from, top), (to - from, height), Ink::Grid, None);
        }
    }

    /// A bar for each block, or for each row of blocks that would touch.
    fn bars(&self, sheet: &mut Sheet, (rank, thread): Thread, bars: &[Bar], most: usize) {
        let (top, height) = self.inner(sheet.metrics);
        let least = sheet.metrics.least();
        let mut close = least / 4.0;
        let mut merged = self.merged(bars, close);
        while merged.len() > most.max(20) {
            close *= 2.0;
            merged = self.merged(bars, close);
        }
        for bar in merged {
            let (from, to) = (self.x(bar.start), self.x(bar.end));
            let end = format!("{}..{}", bar.first_unit, bar.first_unit.saturating_add(bar.units));
            let units = if bar.units == 0 { "several blocks".into() } else { format!("units {end}") };
            let about = format!("rank {rank}, thread {thread}: {units}, {:.3} to {:.3} s", bar.start, bar.end);
            // A narrow gap tells a bar from the next.
            let gap = if to - from > 2.0 * least && !sheet.metrics.in_cells { 0.5 } else { 0.0 };
            sheet.rect((from, top), ((to - from - gap).max(0.5), height), Ink::Series(0), Some(about));
        }
    }

    /// The bars, those that are so close together and too narrow to be seen as one; these have no units.
    fn merged(&self, bars: &[Bar], close: f64) -> Vec<Bar> {
        let mut merged: Vec<Bar> = vec![];
        for bar in bars {
            let narrow = self.x(bar.end) - self.x(bar.start) < 8.0 * close;
            match merged.last_mut() {
                Some(last) if self.x(bar.start) - self.x(last.end) < close && narrow => {
                    last.end = last.end.max(bar.end);
                    last.units = 0;
                }
                _ => merged.push(bar.clone()),
            }
        }
        merged
    }

    /// How many of the threads computed, over time.
    fn share(&self, sheet: &mut Sheet, run: &DrawnRun, threads: &[Thread]) {
        let (top, height) = self.inner(sheet.metrics);
        let steps = (self.plot.width / sheet.metrics.least()).floor().max(1.0);
        let step = self.plot.width / steps;
        let mut busy = vec![0.0; steps as usize];
        for bar in threads.iter().flat_map(|thread| &run.threads[thread]) {
            let (from, to) = ((self.x(bar.start) - self.plot.left) / step, (self.x(bar.end) - self.plot.left) / step);
            for (at, share) in busy.iter_mut().enumerate().take(to.ceil() as usize).skip(from.floor() as usize) {
                *share += (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0) / threads.len() as f64;
            }
        }
        // Neighbours that are as high as can be told are one.
        let high = |share: &f64| (share.min(1.0) * EIGHTHS).round() / EIGHTHS;
        let levels: Vec<f64> = busy.iter().map(high).collect();
        let (mut corners, mut at) = (vec![(self.plot.left, top + height)], 0);
        for run in levels.chunk_by(|one, other| one == other) {
            let edge = top + height * (1.0 - run[0]);
            let [from, to] = [at, at + run.len()].map(|at| self.plot.left + step * at as f64);
            corners.extend([(from, edge), (to, edge)]);
            at += run.len();
        }
        corners.push((self.plot.right(), top + height));
        sheet.draw(Item::Area { corners, ink: Ink::Series(0) });
    }
}

/// How finely the height of a share is told.
const EIGHTHS: f64 = 8.0;

/// Where one attempt ends and the next begins.
fn borders(sheet: &mut Sheet, plot: &Plot, run: &DrawnRun, unit: f64) {
    for attempt in run.attempts.iter().skip(1) {
        let x = plot.x(attempt.start / unit);
        sheet.line(&[(x, plot.top), (x, plot.bottom())], Ink::Text, Stroke::Dashed);
    }
    for attempt in run.attempts.iter().filter(|attempt| attempt.stands_for > 1) {
        let middle = (plot.x(attempt.start / unit) + plot.x(attempt.end / unit)) / 2.0;
        let room = plot.x(attempt.end / unit) - plot.x(attempt.start / unit);
        let text = sheet.metrics.fitted(&format!("{} attempts", attempt.stands_for), room);
        sheet.text((middle, plot.top), Anchor::Middle, Ink::Text, false, text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, bars, close, lines, place_of, run, texts};
    use super::*;

    #[test]
    fn each_block_has_a_bar_from_its_start_to_its_end() {
        let told = [(0, 0, 0, 0.0, 2.0, 0, 8), (0, 0, 0, 4.0, 4.0, 8, 4), (0, 1, 1, 1.0, 1.0, 12, 2)];
        let picture = timeline(&run(&[attempt(2, 2, 10.0)], &told, 14), &FRAME).unwrap();
        let [zero, ten] = ["0", "10"].map(|label| place_of(&picture, label, true));
        let at = |seconds: f64| zero + (ten - zero) * seconds / 10.0;
        let drawn = bars(&picture, Ink::Series(0));
        assert_eq!(drawn.len(), told.len());
        let lane = |label: &str| place_of(&picture, label, false);
        for ((place, size, about), (lane, from, to, what)) in drawn.into_iter().zip([
            (lane("0.0"), 0.0, 2.0, "rank 0, thread 0: units 0..8, 0.000 to 2.000 s"),
            (lane("0.0"), 4.0, 8.0, "rank 0, thread 0: units 8..12, 4.000 to 8.000 s"),
            (lane("1.1"), 1.0, 2.0, "rank 1, thread 1: units 12..14, 1.000 to 2.000 s"),
        ]) {
            assert_eq!(about, what);
            // The gap to the next bar is half a unit.
            assert!(close(place.0, at(from)) && close(place.0 + size.0 + 0.5, at(to)), "{about}");
            assert!(close(place.1 + size.1 / 2.0, lane), "{about}");
        }
        // Two threads had nothing to do, and are there.
        assert!(texts(&picture).contains(&"0.1") && texts(&picture).contains(&"1.0"));
    }

    #[test]
    fn attempts_follow_each_other_and_summed_ones_have_no_bars() {
        let mut summed = attempt(1, 1, 4.0);
        summed.push(crate::values::Fact::new("summed_attempts", crate::values::Value::Count(7)));
        let told = [(0, 0, 0, 0.0, 1.0, 0, 1), (1, 0, 0, 0.0, 30.0, 1, 7), (8, 0, 0, 0.5, 0.5, 8, 1)];
        let drawn = run(&[attempt(1, 1, 1.0), summed, attempt(1, 1, 5.0)], &told, 9);
        let picture = timeline(&drawn, &FRAME).unwrap();
        let [zero, ten] = ["0", "10"].map(|label| place_of(&picture, label, true));
        let starts: Vec<f64> =
            bars(&picture, Ink::Series(0)).iter().map(|bar| (bar.0.0 - zero) / (ten - zero) * 10.0).collect();
        assert!(starts.len() == 2 && close(starts[0], 0.0) && close(starts[1], 5.5), "{starts:?}");
        assert!(texts(&picture).contains(&"7 attempts"));
        // Two borders, and one in the legend.
        assert_eq!(lines(&picture, Ink::Text).len(), 3);
        assert_eq!(drawn.seconds(), 10.0);
    }

    #[test]
    fn thousands_of_blocks_are_few_bars_that_cover_the_same_time() {
        // Two of three hundredths of a millisecond are computed, and all of the second half.
        let narrow = (0..20_000u32).map(|n| (0, 0, 0, f64::from(n) * 2.5e-4, 1.7e-4, n.into(), 1));
        let told: Vec<_> = narrow.chain([(0, 0, 0, 6.0, 4.0, 20_000, 1)]).collect();
        let picture = timeline(&run(&[attempt(1, 1, 10.0)], &told, 20_001), &FRAME).unwrap();
        let drawn = bars(&picture, Ink::Series(0));
        assert_eq!(drawn.len(), 2, "{drawn:?}");
        let [zero, ten] = ["0", "10"].map(|label| place_of(&picture, label, true));
        assert!(close(drawn[0].0.0, zero) && (drawn[0].1.0 - (ten - zero) / 2.0).abs() < 1.0);
        assert!(drawn[0].2.contains("several blocks"), "{}", drawn[0].2);
    }

    #[test]
    fn five_hundred_ranks_have_few_lanes_that_show_how_many_computed() {
        // All compute in the first half, and then one of four.
        let told: Vec<_> =
            (0..512).map(|rank| (0, rank, 0, 0.0, if rank % 4 == 0 { 10.0 } else { 5.0 }, rank, 1)).collect();
        let picture = timeline(&run(&[attempt(512, 1, 10.0)], &told, 512), &FRAME).unwrap();
        let areas: Vec<&Vec<(f64, f64)>> = picture
            .items
            .iter()
            .filter_map(|item| if let Item::Area { corners, .. } = item { Some(corners) } else { None })
            .collect();
        assert!((32..=72).contains(&areas.len()), "{}", areas.len());
        for corners in areas {
            let (low, left, right) = (corners[0].1, corners[0].0, corners[corners.len() - 1].0);
            let high = |part: f64| {
                let x = left + (right - left) * part;
                low - corners.windows(2).find(|ends| ends[0].0 <= x && x < ends[1].0).unwrap()[0].1
            };
            assert!(close(high(0.25), 4.0 * high(0.75)), "{corners:?}");
        }
        assert!(picture.height < 700.0 && texts(&picture).contains(&"0-7"), "{:?}", texts(&picture));
    }

    #[test]
    fn many_threads_of_few_ranks_have_lanes_of_threads() {
        let told: Vec<_> = (0..400).map(|at| (0, at / 200, at % 200, 0.0, 10.0, at, 1)).collect();
        let drawn = run(&[attempt(2, 200, 10.0)], &told, 400);
        let lanes = lanes(&drawn.threads.keys().copied().collect::<Vec<_>>(), FRAME.metrics);
        let labels: Vec<&str> = lanes.iter().map(|lane| lane.label.as_str()).collect();
        assert_eq!((labels.len(), labels[0], labels[labels.len() - 1]), (68, "0.0-5", "1.198-199"));
        assert_eq!(lanes.iter().map(|lane| lane.threads.len()).sum::<usize>(), 400);
    }
}
