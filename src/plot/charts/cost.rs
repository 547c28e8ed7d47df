//! What a unit cost along the range: units are in the order of the range, so a chart of them shows where it is dear.

use super::Frame;
use crate::plot::axis::{Axis, number, time_unit};
use crate::plot::drawn::{Bar, DrawnRun};
use crate::plot::palette::Ink;
use crate::plot::picture::{Picture, Stroke};
use crate::plot::sheet::{Sample, Sheet};

/// What a unit cost along the range.
pub fn cost(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let metrics = frame.metrics;
    let end = run.threads.values().flatten().map(|bar| bar.first_unit.saturating_add(bar.units)).max()?;
    // Units that are not done yet have their place, too.
    let units = if run.units() > 0 { run.units() } else { end }.max(1);
    let steps = (units.min((frame.width / metrics.least() / 2.0) as u64)).max(1) as usize;
    let bars: Vec<&Bar> = run.threads.values().flatten().filter(|bar| bar.units > 0).collect();
    let costs = costs(&bars, units, steps);
    let (sum, all) = bars.iter().fold((0.0, 0), |(sum, all), bar| (sum + bar.end - bar.start, all + bar.units));
    let mean = sum / (all.max(1)) as f64;
    // A few dear units must not make all others flat, but they are seen: their steps reach the upper edge.
    let dearest = costs.iter().flatten().copied().fold(0.0, f64::max);
    if dearest == 0.0 {
        return None;
    }
    let (unit, name) = time_unit(dearest);
    let mut sheet = Sheet::new(metrics, frame.width, "Cost of a unit along the range");
    sheet.legend(&[
        (Sample::Line(Stroke::Data), Ink::Series(0), "seconds of one thread".into()),
        (
            Sample::Line(Stroke::Dashed),
            Ink::Text,
            format!("mean, {} {name}", number(mean / unit, dearest / unit / 100.0)),
        ),
    ]);
    let x = Axis::whole("unit, in the order of the range", 0.0, units as f64);
    let plot = sheet.plot(8.0 * metrics.line, x, Axis::linear(format!("time of a unit ({name})"), 0.0, dearest / unit));
    let step = plot.width / steps as f64;
    let mut line = vec![];
    for (at, cost) in costs.iter().enumerate() {
        // Units that are not done yet have no cost.
        let Some(cost) = cost else {
            sheet.line(&std::mem::take(&mut line), Ink::Series(0), Stroke::Data);
            continue;
        };
        let (left, y) = (plot.left + step * at as f64, plot.y(cost / unit));
        match line.last_mut() {
            // Steps of one height are one.
            Some((x, height)) if *height == y => *x = left + step,
            _ => line.extend([(left, y), (left + step, y)]),
        }
    }
    sheet.line(&line, Ink::Series(0), Stroke::Data);
    let y = plot.y(mean / unit);
    sheet.line(&[(plot.left, y), (plot.right(), y)], Ink::Text, Stroke::Dashed);
    Some(sheet.done())
}

/// The mean cost of a unit in each of so many equal parts of the units; `None` where none is known.
fn costs(bars: &[&Bar], units: u64, steps: usize) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0.0); steps];
    let scale = steps as f64 / units as f64;
    for bar in bars {
        let each = (bar.end - bar.start) / bar.units as f64;
        let (from, to) = (bar.first_unit as f64 * scale, (bar.first_unit as f64 + bar.units as f64) * scale);
        for (at, (cost, weight)) in sums.iter_mut().enumerate().take(to.ceil() as usize).skip(from as usize) {
            let part = (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0);
            *cost += each * part;
            *weight += part;
        }
    }
    sums.into_iter().map(|(cost, weight)| (weight > 1e-9).then(|| cost / weight)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, close, lines, place_of, run};
    use super::*;

    #[test]
    fn steps_are_as_high_as_a_unit_took_and_missing_units_are_a_gap() {
        let told = [(0, 0, 0, 0.0, 8.0, 0, 4), (0, 1, 0, 0.0, 4.0, 6, 4)];
        // The last ten of twenty units are not done.
        let picture = cost(&run(&[attempt(2, 1, 10.0)], &told, 20), &FRAME).unwrap();
        let [zero, all] = ["0", "20"].map(|label| place_of(&picture, label, true));
        let [none, two] = ["0.0", "2.0"].map(|label| place_of(&picture, label, false));
        let at = |unit: f64, seconds: f64| (zero + (all - zero) * unit / 20.0, none - (none - two) * seconds / 2.0);
        let drawn: Vec<&[(f64, f64)]> =
            lines(&picture, Ink::Series(0)).into_iter().skip(1).filter(|line| !line.is_empty()).collect();
        let expected = [[at(0.0, 2.0), at(4.0, 2.0)], [at(6.0, 1.0), at(10.0, 1.0)]];
        assert_eq!(drawn.len(), 2, "{drawn:?}");
        for (line, ends) in drawn.into_iter().zip(expected) {
            for (&place, end) in [line.first().unwrap(), line.last().unwrap()].into_iter().zip(ends) {
                assert!(close(place.0, end.0) && close(place.1, end.1), "{line:?} {ends:?}");
            }
        }
    }
}
