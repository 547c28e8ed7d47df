//! The earlier attempts of a run. Their number is bounded, so that a save after thousands of attempts costs as little as one
//! after few.
//!
//! The first attempt and the newest few are kept whole. The attempts between them are one record, which says how many they are. The
//! timeline has one entry for all that these attempts computed.

use crate::values::timeline::{Entry, halved};
use crate::values::{Fact, Value};
use std::collections::BTreeMap;

/// How many of the newest attempts are kept whole.
const NEWEST: usize = 4;

/// The most entries of a timeline.
const ENTRIES: usize = 1 << 14;

/// The most hosts that a summed record names.
const HOSTS: usize = 16;

/// The facts of one attempt, or of many that are summed up.
type AttemptFacts = Vec<Fact>;

/// How many attempts these records stand for.
pub fn count(attempts: &[AttemptFacts]) -> u64 {
    attempts.iter().fold(0, |sum, attempt| sum.saturating_add(stands_for(attempt)))
}

/// The attempts and their timeline, bounded.
pub fn bounded(mut attempts: Vec<AttemptFacts>, mut timeline: Vec<Entry>) -> (Vec<AttemptFacts>, Vec<Entry>) {
    let between = 1..attempts.len().saturating_sub(NEWEST);
    if between.len() > 1 {
        let first = stands_for(&attempts[0]);
        let summed = first..first.saturating_add(count(&attempts[between.clone()]));
        let sum = summed_up(&attempts[between.clone()]);
        attempts.splice(between, [sum]);
        let (old, kept): (Vec<Entry>, _) = timeline.into_iter().partition(|entry| summed.contains(&entry.attempt));
        timeline = merged_by(old, |_| first);
        timeline.iter_mut().for_each(|entry| entry.attempt = first);
        timeline.extend(kept);
        timeline.sort_by_key(|entry| entry.attempt);
    }
    (attempts, fitted(timeline, ENTRIES))
}

/// The timeline of a run with these entries added, bounded too. If there are too many entries, neighbours of one worker become one; if
/// there are still too many, each attempt has one.
pub fn extended(mut timeline: Vec<Entry>, newest: Vec<Entry>) -> Vec<Entry> {
    timeline.extend(newest);
    fitted(timeline, ENTRIES)
}

fn fitted(mut timeline: Vec<Entry>, most: usize) -> Vec<Entry> {
    while timeline.len() > most {
        let before = timeline.len();
        timeline = halved(timeline);
        // The entries that are left have few neighbours.
        if timeline.len() > before * 3 / 4 {
            break;
        }
    }
    if timeline.len() > most {
        let newest = timeline.iter().map(|entry| entry.attempt).max();
        let (new, old) = timeline.into_iter().partition(|entry| Some(entry.attempt) == newest);
        timeline = merged_by(old, |entry| entry.attempt);
        timeline.extend::<Vec<Entry>>(new);
    }
    if timeline.len() > most {
        timeline = merged_by(timeline, |entry| entry.attempt);
    }
    timeline
}

/// One entry for all with the same key.
fn merged_by(timeline: Vec<Entry>, key: impl Fn(&Entry) -> u64) -> Vec<Entry> {
    let mut merged: BTreeMap<u64, Entry> = BTreeMap::new();
    for entry in timeline {
        let merge = |all: &mut Entry| {
            all.first_unit = all.first_unit.min(entry.first_unit);
            all.units = all.units.saturating_add(entry.units);
            all.start = all.start.min(entry.start);
            all.seconds += entry.seconds;
        };
        merged.entry(key(&entry)).and_modify(merge).or_insert_with(|| entry.clone());
    }
    merged.into_values().collect()
}

/// How many attempts a record stands for.
pub fn stands_for(attempt: &AttemptFacts) -> u64 {
    match value(attempt, "summed_attempts") {
        Some(&Value::Count(count)) => count.max(1),
        _ => 1,
    }
}

/// One record for neighbouring attempts.
fn summed_up(attempts: &[AttemptFacts]) -> AttemptFacts {
    let first = attempts.first().and_then(|attempt| value(attempt, "started"));
    let last = attempts.last().and_then(|attempt| value(attempt, "started_last").or(value(attempt, "started")));
    let seconds = attempts.iter().map(seconds).sum();
    let mut hosts = Vec::new();
    for attempt in attempts {
        let Some(Value::List(more)) = value(attempt, "hosts") else { continue };
        hosts.extend(
            more.iter().filter(|host| !hosts.contains(*host)).take(HOSTS - hosts.len()).cloned().collect::<Vec<_>>(),
        );
    }
    let newest = |name| attempts.iter().rev().find_map(|attempt| value(attempt, name));
    let facts = [
        ("summed_attempts", Some(Value::Count(count(attempts)))),
        ("version", newest("version").cloned()),
        ("started", first.cloned()),
        ("started_last", last.cloned()),
        ("hosts", Some(Value::List(hosts))),
        ("units_done", newest("units_done").cloned()),
        ("seconds.wall", Some(Value::Seconds(seconds))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(Fact::new(name, value?))).collect()
}

/// The wall seconds of an attempt, or of all attempts that a record sums up.
pub fn seconds(attempt: &AttemptFacts) -> f64 {
    match value(attempt, "seconds.wall") {
        Some(&Value::Seconds(seconds)) => seconds,
        _ => 0.0,
    }
}

/// The value of a fact of an attempt.
pub fn value<'a>(attempt: &'a [Fact], name: &str) -> Option<&'a Value> {
    attempt.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u64) -> AttemptFacts {
        vec![
            Fact::new("version", Value::text("0.1.0")),
            Fact::new("started", Value::text(format!("day {number}"))),
            Fact::new("hosts", Value::texts([format!("node-{}", number % 40)])),
            Fact::new("units_done", Value::Count(number * 10)),
            Fact::new("seconds.wall", Value::Seconds(0.5)),
        ]
    }

    fn entry(number: u64, rank: u64, thread: u64) -> Entry {
        Entry { first_unit: 10 * number, units: 10, rank, thread, start: number as f64, seconds: 0.25, attempt: number }
    }

    #[test]
    fn ten_thousand_attempts_are_few_records_and_nothing_of_their_sums_is_lost() {
        let (mut attempts, mut timeline) = (vec![], vec![]);
        for number in 0..10_000 {
            timeline = extended(timeline, vec![entry(number, number % 3, 0), entry(number, number % 3, 1)]);
            attempts.push(attempt(number));
            (attempts, timeline) = bounded(attempts, timeline);
            assert!(attempts.len() <= NEWEST + 2 && timeline.len() <= 2 * (NEWEST + 2), "after {number}");
            assert_eq!(count(&attempts), number + 1);
        }
        assert_eq!(attempts.iter().map(seconds).sum::<f64>(), 5000.0);
        assert_eq!(timeline.iter().map(|entry| entry.units).sum::<u64>(), 200_000);
        assert_eq!(timeline.iter().map(|entry| entry.seconds).sum::<f64>(), 5000.0);
        // The first and the newest are whole, and the others say when they were.
        assert_eq!((&attempts[0], attempts.last()), (&attempt(0), Some(&attempt(9999))));
        let says = |name| value(&attempts[1], name).unwrap();
        assert_eq!((says("started"), says("started_last")), (&Value::text("day 1"), &Value::text("day 9995")));
        assert!(matches!(says("hosts"), Value::List(hosts) if hosts.len() == HOSTS));
        // Each entry says of which attempt it is: the summed ones are one.
        let numbers: Vec<u64> = timeline.iter().map(|entry| entry.attempt).collect();
        assert_eq!(numbers, [0, 0, 1, 9996, 9996, 9997, 9997, 9998, 9998, 9999, 9999]);
        // Those of a file that has all of them whole are summed up at once.
        let whole: Vec<AttemptFacts> = (0..1000).map(attempt).collect();
        let (few, entries) = bounded(whole, (0..1000).map(|number| entry(number, 0, 0)).collect());
        assert_eq!((few.len(), entries.len(), count(&few)), (NEWEST + 2, NEWEST + 2, 1000));
    }

    #[test]
    fn a_timeline_is_bounded_however_many_hands_there_are() {
        // More workers than entries, each with one entry in each attempt.
        let all: Vec<Entry> =
            (0..3).flat_map(|number| (0..50).map(move |worker| entry(number, worker / 4, worker % 4))).collect();
        for most in [150, 140, 60, 20, 3] {
            let fitted = fitted(all.clone(), most);
            assert!(fitted.len() <= most, "{} of {most}", fitted.len());
            for number in 0..3 {
                let units: u64 = fitted.iter().filter(|entry| entry.attempt == number).map(|entry| entry.units).sum();
                assert_eq!(units, 500);
            }
        }
    }
}
