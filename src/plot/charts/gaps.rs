//! Gaps between primes: each at its place, beside the square of ln x, which Cramér expected of the largest; or how many there are of
//! each size, where a file says that.

use super::Frame;
use crate::plot::axis::Axis;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Ink;
use crate::plot::picture::{Mark, Picture, Stroke};
use crate::plot::sheet::{Sample, Sheet};
use crate::values::{Table, Value};

/// Two numbers of a row.
type Pair = (f64, f64);

/// More gaps are not drawn: of neighbours the largest stays.
const GAPS: usize = 2000;

/// The gaps of a run.
pub fn gaps(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let table = &run.report.table;
    match pairs(table, "gap", "number") {
        Some(numbers) => histogram(&numbers, frame),
        None => largest(pairs(table, "after", "gap")?, frame),
    }
}

/// The rows that have both.
fn pairs(table: &Table, one: &str, other: &str) -> Option<Vec<Pair>> {
    let (one, other) = (table.column(one)?, table.column(other)?);
    let cell = |value: &Value| value.to_string().parse::<f64>().ok().filter(|number| number.is_finite());
    Some(table.rows.iter().filter_map(|row| Some((cell(&row[one])?, cell(&row[other])?))).collect())
}

fn largest(mut gaps: Vec<Pair>, frame: &Frame) -> Option<Picture> {
    gaps.retain(|(after, _)| *after >= 2.0);
    gaps.sort_by(|one, other| one.0.total_cmp(&other.0));
    let larger = |one: Pair, other: Pair| if other.1 > one.1 { other } else { one };
    let some = gaps.chunks(gaps.len().div_ceil(GAPS).max(1));
    let shown: Vec<Pair> = some.filter_map(|some| some.iter().copied().reduce(larger)).collect();
    let (first, last) = (shown.first()?.0, shown.last()?.0);
    let is_wide = last / first > 200.0;
    let spread = last - first;
    let room = 0.02 * if spread > last * 1e-9 { spread } else { last };
    let (from, to) = if is_wide { (first, last) } else { ((first - room).max(1.0), last + room) };
    let high = shown.iter().map(|gap| gap.1).fold(to.ln().powi(2), f64::max);
    let mut sheet = Sheet::new(frame.metrics, frame.width, "Gaps between neighbouring primes");
    let one = gaps.iter().copied().reduce(larger)?;
    sheet.note(&format!("The largest is {}, after {}", one.1, one.0));
    sheet.legend(&[
        (Sample::Mark(Mark::Circle), Ink::Series(1), "a gap".into()),
        (Sample::Line(Stroke::Dashed), Ink::Series(0), "the square of ln x".into()),
    ]);
    let title = "the prime before the gap";
    let x = if is_wide { Axis::log(title, from, to) } else { Axis::linear(title, from, to) };
    let plot = sheet.plot(9.0 * frame.metrics.line, x, Axis::linear("gap", 0.0, high));
    let curve = (0..=100).map(|step| {
        let part = f64::from(step) / 100.0;
        let x = if is_wide { from * (to / from).powf(part) } else { from + (to - from) * part };
        (plot.x(x), plot.y(x.ln().powi(2)))
    });
    sheet.line(&curve.collect::<Vec<_>>(), Ink::Series(0), Stroke::Dashed);
    for (after, gap) in shown {
        sheet.dot((plot.x(after), plot.y(gap)), Ink::Series(1), Mark::Circle);
    }
    Some(sheet.done())
}

/// How many gaps there are of each size.
fn histogram(numbers: &[Pair], frame: &Frame) -> Option<Picture> {
    let shown = || numbers.iter().filter(|(gap, number)| *gap > 0.0 && *number >= 1.0);
    let (widest, most) =
        shown().fold((0.0, 1.0), |(widest, most), pair| (f64::max(widest, pair.0), f64::max(most, pair.1)));
    if widest == 0.0 {
        return None;
    }
    let mut sheet = Sheet::new(frame.metrics, frame.width, "Gaps between neighbouring primes");
    let x = Axis::whole("gap", 0.0, widest + 2.0);
    // One gap alone is seen, too.
    let plot = sheet.plot(9.0 * frame.metrics.line, x, Axis::log("how often", 0.5, 2.0 * most));
    let width = (1.6 * plot.width / (widest + 2.0)).max(1.0);
    for (gap, number) in shown() {
        let (x, y) = (plot.x(*gap), plot.y(*number));
        sheet.rect(
            (x - width / 2.0, y),
            (width, plot.bottom() - y),
            Ink::Series(0),
            Some(format!("{gap}: {number} times")),
        );
    }
    Some(sheet.done())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, bars, close, dots, found, place_of, texts};
    use super::*;

    #[test]
    fn each_gap_is_at_its_prime_and_as_high_as_it_is_wide() {
        let picture = gaps(&found(&["gap", "after"], &[[34, 1327], [72, 31_397], [114, 492_113]]), &FRAME).unwrap();
        let [low, high] = ["0", "100"].map(|label| place_of(&picture, label, false));
        let [ten, hundred] = ["1e4", "1e5"].map(|label| place_of(&picture, label, true));
        let drawn = dots(&picture, Ink::Series(1));
        assert_eq!(drawn.len(), 4);
        for (dot, (after, gap)) in drawn[1..].iter().zip([(1327f64, 34.0), (31_397.0, 72.0), (492_113.0, 114.0)]) {
            assert!(
                close(dot.1, low - (low - high) * gap / 100.0)
                    && close(dot.0, ten + (hundred - ten) * (after.log10() - 4.0))
            );
        }
        assert!(texts(&picture).contains(&"The largest is 114, after 492113"));
    }

    #[test]
    fn how_many_gaps_there_are_are_bars() {
        let picture = gaps(&found(&["gap", "number"], &[[1, 1], [2, 35], [4, 40]]), &FRAME).unwrap();
        let drawn = bars(&picture, Ink::Series(0));
        let says: Vec<&str> = drawn.iter().map(|bar| bar.2).collect();
        assert_eq!(says, ["1: 1 times", "2: 35 times", "4: 40 times"]);
        let middle = |label: &str| place_of(&picture, label, true);
        assert!(close(drawn[1].0.0 + drawn[1].1.0 / 2.0, middle("2")));
        let [one, ten] = ["1", "10"].map(|label| place_of(&picture, label, false));
        assert!(close(drawn[1].0.1, one - (one - ten) * 35f64.log10()));
        assert!(
            gaps(&found::<2>(&["gap", "number"], &[]), &FRAME).is_none()
                && gaps(&found(&["start", "end"], &[[1, 2]]), &FRAME).is_none()
        );
    }
}
