//! Runs with many attempts behind them: jobs that are requeued again and again. What is written at a save does not grow with
//! their number, and nothing of their sums is lost.
#![cfg(target_os = "linux")]

mod common;

use common::{Folder, alone, kill, pcount};
use pcount::report::{Report, Status, history};
use pcount::run_file::lock::Owner;
use pcount::run_file::{self, read};
use pcount::values::timeline::Entry;
use pcount::values::{Fact, Value};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// A run that was stopped with work left, in the file.
fn stopped(file: &str) -> Report {
    let mut command = pcount(&["delay", "0.01", "0.5", "--threads", "1", "--out", file, "--checkpoint-every", "20ms"]);
    let mut child = common::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()));
    while !Path::new(file).exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was saved");
        std::thread::yield_now();
    }
    kill("KILL", child.id());
    child.wait().unwrap();
    let report = read(Path::new(file)).unwrap();
    assert_eq!(report.status, Status::Partial);
    report
}

/// The same run with so many attempts behind it, each whole, as pcount kept them once, and with an entry of its own.
fn after(attempts: u64, report: &Report) -> Report {
    let attempt = |number: u64| {
        let with = |fact: &Fact| match &*fact.name {
            "started" => Fact::new("started", Value::text(format!("attempt {number}"))),
            "seconds.wall" => Fact::new("seconds.wall", Value::Seconds(1.0)),
            _ => fact.clone(),
        };
        report.run.iter().map(with).collect()
    };
    let entry = |attempt| Entry { first_unit: 0, units: 0, rank: 0, thread: 0, start: 0.0, seconds: 0.5, attempt };
    Report {
        attempts: (0..attempts).map(attempt).collect(),
        timeline: (0..attempts).map(entry).collect(),
        ..report.clone()
    }
}

fn written(report: &Report, file: &str) -> u64 {
    let me = Owner { host: "here".into(), pid: 1, job: None };
    let _ = fs::remove_file(file);
    let _ = fs::remove_file(format!("{file}.prev"));
    run_file::write(report, &mut run_file::draft(Path::new(file), &me).unwrap()).unwrap();
    fs::metadata(file).unwrap().len()
}

#[test]
fn what_is_written_does_not_grow_with_the_attempts() {
    let folder = Folder::new("grow");
    let file = folder.file("run.h5");
    let left = stopped(&file);
    // What a save writes after so many attempts, as they are kept.
    let size = |attempts| {
        let report = after(attempts, &left);
        let (attempts, timeline) = history::bounded(report.attempts, report.timeline);
        (attempts.len(), timeline.len(), written(&Report { attempts, timeline, ..left.clone() }, &file))
    };
    let (records, entries, bytes) = size(20);
    let (more_records, more_entries, more_bytes) = size(10_000);
    assert_eq!((records, entries), (more_records, more_entries));
    assert!(more_bytes < bytes + 4096, "{bytes} bytes became {more_bytes}");
}

#[test]
fn a_run_with_a_thousand_whole_attempts_is_gone_on_with_and_sums_them_up() {
    let folder = Folder::new("thousand");
    let file = folder.file("run.h5");
    let left = stopped(&file);
    let long = written(&after(1000, &left), &file);
    let run = alone(&["resume", &file, "-q"]);
    assert_eq!((run.code, run.out.lines().count()), (Some(0), 2), "{run:?}");
    let report = read(Path::new(&file)).unwrap();
    assert!(report.attempts.len() < 10 && report.timeline.len() < 20, "{} attempts are whole", report.attempts.len());
    assert!(fs::metadata(&file).unwrap().len() < long / 10);
    // The thousand, the one that left them, and this one.
    assert_eq!(history::count(&report.attempts), 1001);
    let shown = alone(&["show", &file, "--format", "json"]).json();
    assert_eq!(shown["run"]["attempts"], 1002);
    assert!(shown["run"]["seconds"]["all_attempts"].as_f64().unwrap() > 1000.0);
    assert!(report.timeline.iter().any(|entry| entry.attempt == 1001 && entry.units > 0));
}
