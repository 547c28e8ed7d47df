//! A timeline as the trace viewers of Chrome and Perfetto read it: the Trace Event Format, with a process for each rank.

use super::drawn::{DrawnRun, Thread};
use crate::report::json;
use crate::values::{Fact, Value};

/// The timelines of runs, one below the other.
pub fn trace(runs: &[DrawnRun]) -> String {
    let mut events: Vec<String> = vec![];
    let mut first = 0;
    for run in runs {
        let name = if runs.len() > 1 { format!("{} ", run.name) } else { String::new() };
        names(&mut events, run, first, &name);
        blocks(&mut events, run, first);
        marks(&mut events, run, first);
        // Ranks of another run are other processes.
        first += run.threads.keys().map(|(rank, _)| rank + 1).max().unwrap_or(0);
    }
    let events: Vec<&str> = events.iter().map(|event| event.trim_end()).collect();
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}\n]}}\n", events.join(",\n"))
}

/// An event: its name, its kind, its rank and its thread, and more.
fn event(name: String, kind: &'static str, (rank, thread): Thread, more: Vec<Fact>) -> String {
    let first = vec![
        Fact::new("name", Value::Text(name)),
        Fact::new("ph", Value::text(kind)),
        Fact::new("pid", Value::Count(rank)),
        Fact::new("tid", Value::Count(thread)),
    ];
    json::object(&[first, more].concat())
}

fn names(events: &mut Vec<String>, run: &DrawnRun, first: u64, of: &str) {
    let named = |kind: &str, thread: Thread, name: String| {
        event(kind.into(), "M", (first + thread.0, thread.1), vec![Fact::new("args.name", Value::Text(name))])
    };
    let mut before = None;
    for &(rank, thread) in run.threads.keys() {
        if before.replace(rank) != Some(rank) {
            events.push(named("process_name", (rank, thread), format!("{of}rank {rank}")));
        }
        events.push(named("thread_name", (rank, thread), format!("thread {thread}")));
    }
}

fn blocks(events: &mut Vec<String>, run: &DrawnRun, first: u64) {
    for (&(rank, thread), bars) in &run.threads {
        for bar in bars {
            let end = bar.first_unit.saturating_add(bar.units);
            let more = vec![
                Fact::new("ts", Value::Ratio(1e6 * bar.start)),
                Fact::new("dur", Value::Ratio(1e6 * (bar.end - bar.start))),
                Fact::new("args.first_unit", Value::Count(bar.first_unit)),
                Fact::new("args.units", Value::Count(bar.units)),
            ];
            events.push(event(format!("units {}..{end}", bar.first_unit), "X", (first + rank, thread), more));
        }
    }
}

/// Saves, and the beginnings of attempts, at the root.
fn marks(events: &mut Vec<String>, run: &DrawnRun, first: u64) {
    let mark = |name: String, seconds: f64| {
        let more = vec![Fact::new("ts", Value::Ratio(1e6 * seconds)), Fact::new("s", Value::text("p"))];
        event(name, "i", (first, 0), more)
    };
    for attempt in &run.attempts {
        let last = attempt.number + attempt.stands_for;
        let name = match attempt.stands_for {
            1 => format!("attempt {last}"),
            _ => format!("attempts {} to {last}", attempt.number + 1),
        };
        events.push(mark(name, attempt.start));
        events.extend(attempt.saves.iter().map(|&save| mark("saved".into(), save)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::charts::tests::{attempt, run};
    use super::*;
    use serde_json::Value as Json;

    #[test]
    fn what_a_viewer_reads_is_what_the_threads_did() {
        let told = [(0, 0, 0, 0.5, 1.5, 0, 8), (0, 1, 1, 1.0, 0.25, 8, 4), (1, 1, 0, 0.0, 3.0, 12, 2)];
        let drawn = || run(&[attempt(2, 2, 4.0), attempt(2, 2, 6.0)], &told, 14);
        let json: Json = serde_json::from_str(&trace(&[drawn(), drawn()])).unwrap();
        let events = json["traceEvents"].as_array().unwrap();
        let of = |kind: &str| events.iter().filter(|event| event["ph"] == kind).collect::<Vec<_>>();
        let blocks = of("X");
        let number = |event: &Json, key: &str| event[key].as_f64().unwrap();
        let seen = |event: &&Json| {
            (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap(), number(event, "ts"), number(event, "dur"))
        };
        let expected = [(0, 0, 5e5, 1.5e6), (1, 0, 4e6, 3e6), (1, 1, 1e6, 2.5e5)];
        // The ranks of the second run are processes of their own.
        let others = expected.map(|(rank, thread, start, took)| (rank + 2, thread, start, took));
        assert_eq!(blocks.iter().map(seen).collect::<Vec<_>>(), [expected, others].concat());
        assert_eq!((&blocks[0]["name"], &blocks[0]["args"]["units"]), (&"units 0..8".into(), &8.into()));
        let names: Vec<&str> = of("M").iter().map(|event| event["args"]["name"].as_str().unwrap()).collect();
        assert_eq!(names[..3], ["run.h5 rank 0", "thread 0", "thread 1"]);
        assert_eq!(names.len(), 12);
        let marks: Vec<f64> = of("i").iter().map(|event| number(event, "ts")).collect();
        assert_eq!(marks, [0.0, 4e6, 0.0, 4e6]);
    }
}
