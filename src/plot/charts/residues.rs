//! How many primes are in each residue class: by how much each class has more or fewer than the mean of all. The counts themselves
//! differ by so little that bars of them would all look alike.

use super::Frame;
use crate::plot::axis::Axis;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Ink;
use crate::plot::picture::{Mark, Picture, Stroke};
use crate::plot::sheet::{Sample, Sheet};
use crate::values::Table;
use std::collections::BTreeMap;

/// More classes have no dots of their own: so many neighbours are one line, from the fewest to the most.
const CLASSES: usize = 2000;

/// The residue classes of a run.
pub fn residues(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let counts = counts(&run.report.table)?;
    let all = counts.values().try_fold(0i128, |sum, count| sum.checked_add(*count))?;
    let mean = all / counts.len() as i128;
    let off: Vec<(f64, f64)> = counts.iter().map(|(class, count)| (*class as f64, (count - mean) as f64)).collect();
    let together = off.len().div_ceil(CLASSES);
    let by_count = |one: &(&u64, &i128), other: &(&u64, &i128)| one.1.cmp(other.1);
    let (most, fewest) = (counts.iter().max_by(by_count)?, counts.iter().min_by(by_count)?);
    let mut sheet = Sheet::new(frame.metrics, frame.width, "Primes of each residue class");
    sheet.note(&format!("Most are {}: {}; fewest are {}: {}", most.0, most.1, fewest.0, fewest.1));
    let class = match together {
        1 => (Sample::Mark(Mark::Circle), Ink::Series(1), "a class".into()),
        _ => {
            let what = format!("{together} neighbouring classes, from the fewest to the most");
            (Sample::Line(Stroke::Data), Ink::Series(1), what)
        }
    };
    sheet.legend(&[class, (Sample::Line(Stroke::Dashed), Ink::Text, format!("mean, {mean}"))]);
    let bounds = |value: fn(&(f64, f64)) -> f64| {
        let (least, most) =
            off.iter().map(value).fold((0f64, 0f64), |(least, most), one| (least.min(one), most.max(one)));
        let room = 0.06 * (most - least).max(1.0);
        (least - room, most + room)
    };
    let (low, high) = bounds(|class| class.1);
    let x = Axis::whole("residue", 0.0, off.last()?.0 + 1.0);
    let plot = sheet.plot(9.0 * frame.metrics.line, x, Axis::linear("more or fewer than the mean", low, high));
    let zero = plot.y(0.0);
    sheet.line(&[(plot.left, zero), (plot.right(), zero)], Ink::Text, Stroke::Dashed);
    for some in off.chunks(together) {
        let (first, last) = (some[0].0, some[some.len() - 1].0);
        let values = some.iter().map(|class| class.1);
        let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
        let x = plot.x((first + last) / 2.0);
        match together {
            1 => sheet.dot((x, plot.y(least)), Ink::Series(1), Mark::Circle),
            // Where all are equal the line has the length of its width.
            _ => sheet.line(&[(x, plot.y(least) + 0.5), (x, plot.y(most) - 0.5)], Ink::Series(1), Stroke::Data),
        }
    }
    Some(sheet.done())
}

/// How many primes each class has, in all ranges together; `None` where there are no classes that could differ.
fn counts(table: &Table) -> Option<BTreeMap<u64, i128>> {
    let (class, count) = (table.column("residue")?, table.column("count")?);
    let mut counts: BTreeMap<u64, i128> = BTreeMap::new();
    for row in &table.rows {
        let (class, count) = (row[class].to_string().parse().ok()?, row[count].to_string().parse::<i128>().ok()?);
        let sum = counts.entry(class).or_default();
        *sum = sum.checked_add(count).filter(|_| count >= 0)?;
    }
    (counts.len() > 1).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, close, dots, lines, place_of, run, texts};
    use super::*;
    use crate::values::Value;

    fn found(rows: &[[u64; 3]]) -> DrawnRun {
        let mut drawn = run(&[attempt(1, 1, 1.0)], &[], 1);
        let rows = rows.iter().map(|row| row.iter().map(Value::integer).collect());
        drawn.report.table = Table::of(&["end", "residue", "count"]).with(rows);
        drawn
    }

    #[test]
    fn each_class_is_as_far_from_the_mean_as_its_count() {
        // The primes below 1000 that are 1, 5, 7 and 11 modulo 12, in two ranges: 36, 44, 44 and 42, with a mean of 41 and a half.
        let rows = [
            [500, 1, 21],
            [500, 5, 23],
            [500, 7, 24],
            [500, 11, 25],
            [1000, 1, 15],
            [1000, 5, 21],
            [1000, 7, 20],
            [1000, 11, 17],
        ];
        let picture = residues(&found(&rows), &FRAME).unwrap();
        let [low, high] = ["-4", "2"].map(|label| place_of(&picture, label, false));
        let [four, ten] = ["4", "10"].map(|label| place_of(&picture, label, true));
        // The first dot is that of the legend.
        let drawn = &dots(&picture, Ink::Series(1))[1..];
        assert_eq!(drawn.len(), 4);
        for (dot, (class, off)) in drawn.iter().zip([(1.0, -5.0), (5.0, 3.0), (7.0, 3.0), (11.0, 1.0)]) {
            assert!(close(dot.1, low + (high - low) * (off + 4.0) / 6.0), "{class}: {dot:?}");
            assert!(close(dot.0, four + (ten - four) * (class - 4.0) / 6.0), "{class}: {dot:?}");
        }
        assert!(texts(&picture).contains(&"Most are 7: 44; fewest are 1: 36"), "{:?}", texts(&picture));
        assert!(texts(&picture).contains(&"mean, 41"));
    }

    #[test]
    fn without_classes_there_is_no_chart() {
        assert!(residues(&found(&[[500, 1, 94]]), &FRAME).is_none());
        let mut other = found(&[[500, 1, 94], [500, 2, 3]]);
        other.report.table = Table::of(&["end", "count"]).with([vec![Value::integer(9), Value::integer(4)]]);
        assert!(residues(&other, &FRAME).is_none());
    }

    /// Of more classes than can be dots none is left out: those near the mean are most.
    #[test]
    fn many_classes_are_lines_from_the_fewest_to_the_most() {
        let rows: Vec<[u64; 3]> = (0..5000).map(|class| [9, class, 1000 + class % 5]).collect();
        let picture = residues(&found(&rows), &FRAME).unwrap();
        assert_eq!(dots(&picture, Ink::Series(1)).len(), 0);
        let drawn = lines(&picture, Ink::Series(1));
        // One is that of the legend; 3 neighbours are one.
        assert_eq!(drawn.len(), 1 + 5000usize.div_ceil(3));
        assert!(texts(&picture).iter().any(|text| text.starts_with("3 neighbouring classes")), "{:?}", texts(&picture));
        let top = drawn[1..].iter().map(|line| line[1].1.min(line[0].1)).fold(f64::INFINITY, f64::min);
        assert!(drawn[1..].iter().any(|line| line[0].1.max(line[1].1) > top + 10.0));
    }
}
