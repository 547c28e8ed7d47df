//! A race of residue classes: which one took the lead where, and by how much it led at most until another one took it.

use super::Frame;
use crate::plot::axis::Axis;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Ink;
use crate::plot::picture::{Mark, Picture};
use crate::plot::sheet::{Sample, Sheet};
use crate::values::{Table, Value};
use std::collections::BTreeMap;

/// So many classes have marks of their own: those that led most often. The others share one.
const CLASSES: usize = 3;

/// More changes of the lead are not drawn: of neighbours of one class the one with the largest lead stays.
const CHANGES: usize = 2000;

/// A class takes the lead.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Change {
    after: f64,
    leader: u64,
    lead: f64,
}

/// The race of a run.
pub fn race(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let changes = changes(&run.report.table)?;
    let (first, last) = (changes.first()?.after, changes.last()?.after);
    let largest = changes.iter().copied().reduce(|one, other| if other.lead > one.lead { other } else { one })?;
    let mut often: BTreeMap<u64, usize> = BTreeMap::new();
    changes.iter().for_each(|change| *often.entry(change.leader).or_default() += 1);
    let mut classes: Vec<(u64, usize)> = often.into_iter().collect();
    classes.sort_by_key(|&(class, times)| (std::cmp::Reverse(times), class));
    let series = |class: u64| classes.iter().position(|one| one.0 == class).unwrap_or(CLASSES).min(CLASSES);
    let mut sheet = Sheet::new(frame.metrics, frame.width, "Which residue class leads");
    sheet.note(&format!(
        "The largest lead is {}, of {} from {} on; the lead changed {}",
        largest.lead,
        largest.leader,
        largest.after,
        match changes.len() - 1 {
            0 => "never".into(),
            1 => "once".into(),
            times => format!("{times} times"),
        }
    ));
    let times = |times: usize| if times == 1 { "once".into() } else { format!("{times} times") };
    let named = classes.iter().take(CLASSES).enumerate();
    let mut keys: Vec<_> = named
        .map(|(at, (class, led))| {
            (Sample::Mark(Mark::of(at)), Ink::Series(at), format!("{class} took it {}", times(*led)))
        })
        .collect();
    let others: usize = classes.iter().skip(CLASSES).map(|class| class.1).sum();
    if others > 0 {
        keys.push((
            Sample::Mark(Mark::of(CLASSES)),
            Ink::Series(CLASSES),
            format!("another class did {}", times(others)),
        ));
    }
    sheet.legend(&keys);
    let x = Axis::log("the prime that took the lead", first.max(1.0), last * 1.02);
    let plot = sheet.plot(9.0 * frame.metrics.line, x, Axis::log("the largest lead", 0.8, 1.3 * largest.lead));
    for (at, _) in keys.iter().enumerate() {
        let of_class: Vec<&Change> = changes.iter().filter(|change| series(change.leader) == at).collect();
        for some in of_class.chunks(of_class.len().div_ceil(CHANGES / (CLASSES + 1)).max(1)) {
            let widest = some.iter().copied().reduce(|one, other| if other.lead > one.lead { other } else { one });
            if let Some(Change { after, lead, .. }) = widest {
                sheet.dot((plot.x(*after), plot.y(*lead)), Ink::Series(at), Mark::of(at));
            }
        }
    }
    Some(sheet.done())
}

/// The changes of the lead, in order; `None` where there is no race.
fn changes(table: &Table) -> Option<Vec<Change>> {
    let [after, leader, lead] = [table.column("after")?, table.column("leader")?, table.column("lead")?];
    let number =
        |value: &Value| value.to_string().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 1.0);
    let change = |row: &Vec<Value>| {
        Some(Change {
            after: number(&row[after])?,
            leader: row[leader].to_string().parse().ok()?,
            lead: number(&row[lead])?,
        })
    };
    let mut changes: Vec<Change> = table.rows.iter().filter_map(change).collect();
    changes.sort_by(|one, other| one.after.total_cmp(&other.after));
    Some(changes)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, close, dots, found, place_of, texts};
    use super::*;

    const COLUMNS: [&str; 3] = ["after", "leader", "lead"];

    #[test]
    fn each_lead_is_at_its_prime_and_as_high_as_it_is_large() {
        let rows = [[3, 3, 31], [26_861, 1, 1], [26_879, 3, 105]];
        let picture = race(&found(&COLUMNS, &rows), &FRAME).unwrap();
        let [one, ten] = ["1", "10"].map(|label| place_of(&picture, label, false));
        let [hundred, thousand] = ["100", "1000"].map(|label| place_of(&picture, label, true));
        // The first dot of each colour is that of the legend. 3 took the lead twice, 1 once.
        for (ink, expect) in [(0, &rows[..1]), (1, &rows[1..2])] {
            let drawn = &dots(&picture, Ink::Series(ink))[1..];
            for (dot, [after, _, lead]) in drawn.iter().zip(expect) {
                assert!(close(dot.0, hundred + (thousand - hundred) * ((*after as f64).log10() - 2.0)), "{after}");
                assert!(close(dot.1, one - (one - ten) * (*lead as f64).log10()), "{lead}");
            }
        }
        assert_eq!([0, 1].map(|ink| dots(&picture, Ink::Series(ink)).len()), [3, 2]);
        let texts = texts(&picture);
        for text in [
            "The largest lead is 105, of 3 from 26879 on; the lead changed 2 times",
            "3 took it 2 times",
            "1 took it once",
        ] {
            assert!(texts.contains(&text), "{text}: {texts:?}");
        }
    }

    #[test]
    fn classes_that_seldom_lead_share_a_mark() {
        let rows: Vec<[u64; 3]> =
            (0..100).map(|n| [100 + n, [1, 2, 3, 4, 5][(n % 16 / 4 + u64::from(n > 95)) as usize], n + 1]).collect();
        let picture = race(&found(&COLUMNS, &rows), &FRAME).unwrap();
        let drawn: usize = (0..4).map(|ink| dots(&picture, Ink::Series(ink)).len() - 1).sum();
        assert_eq!(drawn, 100);
        assert!(texts(&picture).iter().any(|text| text.starts_with("another class did")), "{:?}", texts(&picture));
    }

    #[test]
    fn without_a_race_there_is_no_chart() {
        assert!(race(&found(&["after", "gap", "lead"], &[[1, 2, 3]]), &FRAME).is_none());
        assert!(race(&found::<3>(&COLUMNS, &[]), &FRAME).is_none());
        // A file that somebody forged may have any numbers.
        assert!(race(&found(&COLUMNS, &[[0, 1, 0], [5, 3, 0]]), &FRAME).is_none());
        assert!(race(&found(&COLUMNS, &[[5, 3, u64::MAX]]), &FRAME).is_some());
    }
}
