//! Plans of any size: many ranges and numbers, what they take, how they stop, and the rows that a stopped run has.
#![cfg(target_os = "linux")]

mod common;

use common::{
    Folder, RANKS, Run, alone, ended, kill, mpirun, mpirun_of, pcount, peak_at_end, pids_of, run, start, wait_until,
};
use std::process::{Command, Stdio};

/// The program where no process may have more than so many kilobytes.
fn within(kilobytes: u64, args: &[&str]) -> Run {
    let line = format!("ulimit -v {kilobytes}; exec {} \"$@\"", env!("CARGO_BIN_EXE_pcount"));
    let mut command = Command::new("sh");
    command.args(["-c", &line, "sh"]).args(args);
    run(command)
}

/// Whether a process is making its plan, which a thread of that name does.
fn plans(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.map(name).any(|name| name == "plan\n")
}

#[test]
fn ranges_that_touch_have_the_rows_that_they_have_alone() {
    for (range, options) in [
        ("0..1000/1000", &[][..]),
        ("0..3e6/977", &[]),
        ("1e12..+3e6/211", &["--method", "sieve"]),
        ("1e18..+2e5/50", &[]),
        ("2^64-1e4..2^64+1e4/13", &[]),
        ("0..3e5/300", &["--tuplet", "3"]),
        ("1e12..+3e5/300", &["--tuplet", "2"]),
        ("0..3e5/301", &["--gaps"]),
        ("0..2e5/150", &["--method", "gourdon"]),
        ("0..3e4/70", &["--method", "trial"]),
        ("0..3e6/977", &["--verify", "--method", "sieve"]),
    ] {
        let rows = |ranges: &[&str]| alone(&[&["primes"], ranges, options, &["--format", "csv"]].concat());
        let together = rows(&[range]);
        assert_eq!(together.code, Some(0), "{range} {options:?}: {together:?}");
        let mut lines = together.out.lines();
        let header = lines.next().unwrap();
        let lines: Vec<&str> = lines.collect();
        // Every second range alone, and from the last to the first: none of these touch.
        for first in 0..2 {
            let some: Vec<&str> = lines.iter().copied().skip(first).step_by(2).collect();
            let typed = some.iter().rev().map(|line| line.split(',').take(2).collect::<Vec<_>>().join(".."));
            let typed: Vec<String> = typed.collect();
            let apart = rows(&typed.iter().map(String::as_str).collect::<Vec<_>>());
            let expect: Vec<&str> = std::iter::once(header).chain(some.iter().rev().copied()).collect();
            // What is proven is told of all rows or of none.
            let same = |line: &str| line.split(',').take(3).collect::<Vec<_>>().join(",");
            let found: Vec<String> = apart.out.lines().map(same).collect();
            assert_eq!(found, expect.into_iter().map(same).collect::<Vec<_>>(), "{range} {options:?}");
        }
    }
    let sums =
        |ranges: &[&str]| alone(&[&["sum-primes", "--format", "json"], ranges].concat()).json()["answer"].clone();
    let many = sums(&["1e9..+1e6/400"]);
    assert_eq!(many["rows"].as_array().unwrap().len(), 400);
    assert_eq!(many["total"], sums(&["1e9..+1e6"])["total"]);
}

#[test]
fn rows_come_in_the_order_that_was_typed() {
    let out = |args: &[&str]| alone(&[args, &["-q"]].concat()).out;
    assert_eq!(out(&["pi", "1e9", "10", "1e6", "1e9"]), "50847534\n4\n78498\n50847534\n");
    assert_eq!(
        out(&["primes", "2e6..3e6", "1e12..1e12+1e3", "0..1e6", "5..5", "1e6..2e6"]),
        "67883\n37\n78498\n0\n70435\n"
    );
    assert_eq!(out(&["nth-prime", "1e6", "1", "1e5"]), "15485863\n2\n1299709\n");
    assert_eq!(out(&["primes", "10..20", "0..10", "--list"]), "11\n13\n17\n19\n2\n3\n5\n7\n");
}

#[test]
fn a_plan_of_very_many_ranges_is_small_and_stops() {
    for args in [&["primes", "2^63..=2^70+9/243543"][..], &["primes", "1e15..1e17/1000000"]] {
        let run = within(1_500_000, &[args, &["--for", "300ms", "--threads", "1"]].concat());
        assert_eq!(run.code, Some(85), "{args:?}: {run:?}");
        assert!(run.said()[0].contains("because its time was up"), "{run:?}");
    }
    for signal in ["TERM", "HUP", "USR1", "INT"] {
        let child = start(pcount(&["primes", "1e15..1e17/1000000"]));
        wait_until("it plans", || plans(child.id()));
        kill(signal, child.id());
        let run = ended(child);
        assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
        let told = format!("pcount: stopped while it was planned because SIG{signal} came; nothing was computed");
        assert_eq!(run.said(), [told]);
    }
    // On ranks too, the root and another.
    for victim in if RANKS.len() > 1 { &[0, 2][..] } else { &[] } {
        let args = ["primes", "1e15..1e17/1000000"];
        let child = start(mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &args));
        let mut ranks = vec![];
        wait_until("it plans", || {
            ranks = pids_of(child.id(), args[1]);
            ranks.len() == 3 && ranks.iter().all(|&pid| plans(pid))
        });
        kill("USR1", ranks[*victim]);
        let run = ended(child);
        assert_eq!(run.code, Some(85), "{run:?}");
        assert!(run.said()[0].contains("stopped while it was planned because SIGUSR1 came"), "{run:?}");
    }
}

#[test]
fn very_many_equal_ranges_are_told_as_they_were_typed() {
    let json = alone(&["primes", "7..1e6/5000", "0..2/2", "--format", "json"]).json();
    assert_eq!(json["problem"]["ranges"], serde_json::json!(["7..1000000/5000", "0..1", "1..2"]));
    assert_eq!(json["answer"]["rows"].as_array().unwrap().len(), 5002);
    assert_eq!(json["answer"]["total"], "78495");
}

#[test]
fn what_memory_would_not_do_for_is_refused_before_it_begins() {
    let run = within(900_000, &["pi", "1e24", "--threads", "2"]);
    assert_eq!((run.code, &*run.out), (Some(2), ""), "{run:?}");
    assert!(run.said().len() == 1 && run.said()[0].contains("GB are free: "), "{run:?}");
    let refused = within(900_000, &["primes", "2^63..+1e10", "--threads", "64"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.said()[0].contains("would do"), "{refused:?}");
}

/// Kilobytes that a process had at most.
fn peak(args: &[&str]) -> u64 {
    peak_at_end(start(pcount(args)))
}

#[test]
fn tables_go_when_their_count_is_through() {
    let numbers: Vec<String> = (0..30).map(|n| format!("1e14+{n}e6")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let [one, many] = [1, 30].map(|count| peak(&[&["pi", "--threads", "2"], &numbers[..count]].concat()));
    assert!(many < one * 3 / 2, "one number takes {one} kB, thirty {many} kB");
    let plan = alone(&["primes", "0..1e18/1000", "--dry-run", "--format", "json"]).json();
    assert!(plan["run"]["predicted"]["bytes_per_rank"].as_f64().unwrap() < 300e6, "{plan}");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_stopped_run_says_the_rows_that_it_has() {
    let folder = Folder::new("rows");
    for (format, expect) in [
        ("text", "                    x   count\n                   10       4\n              1000000   78498\n"),
        ("csv", "x,count\n10,4\n1000000,78498\n"),
        ("quiet", "4\n78498\n"),
        ("json", ""),
    ] {
        let file = folder.file(&format!("{format}.h5"));
        let how: &[&str] = if format == "quiet" { &["-q"] } else { &["--format", format] };
        let args = ["pi", "1e22", "10", "1e6", "--threads", "1", "--checkpoint-every", "100ms", "--out", &file];
        let child = start(pcount(&[&args, how].concat()));
        // The smallest come first, so they are through when anything is.
        wait_until("there is a run file", || std::path::Path::new(&file).exists());
        wait_until("something is done", || {
            let json = alone(&["show", &file, "--format", "json"]).json();
            json["run"]["units_done"].as_u64().unwrap_or(0) > 0
        });
        kill("USR1", child.id());
        let run = ended(child);
        assert_eq!(run.code, Some(85), "{run:?}");
        if format == "json" {
            let json = run.json();
            let rows = serde_json::json!([{"x": "10", "count": "4"}, {"x": "1000000", "count": "78498"}]);
            assert_eq!((&json["status"], &json["answer"]), (&"partial".into(), &serde_json::json!({"rows": rows})));
        } else {
            let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
            assert_eq!(words(&run.out), words(expect), "{run:?}");
        }
    }
}

/// Small jobs of every kernel, on far more ranks than there are cores.
fn on_many_ranks(ranks: usize, jobs: &[&str]) {
    for job in jobs {
        let words: Vec<&str> = job.split(' ').chain(["--format", "csv"]).collect();
        let (one, many) = (alone(&words), mpirun(ranks, &words));
        assert_eq!((many.code, &many.out), (Some(0), &one.out), "{job} on {ranks} ranks: {}", many.err);
    }
}

#[test]
#[cfg_attr(not(feature = "mpi"), ignore = "pcount is built without MPI")]
fn sixty_four_ranks_on_two_cores_answer_as_one() {
    on_many_ranks(
        64,
        &["primes", "primes 0..3e6/100 --gaps --schedule farm", "pi 1e9 --method gourdon", "factorial 1000..1100"],
    );
    let run = mpirun(64, &["ranks", "--format", "json"]);
    assert_eq!(run.json()["answer"]["rows"].as_array().unwrap().len(), 64, "{run:?}");
}

#[test]
#[cfg_attr(not(all(feature = "mpi", feature = "hdf5")), ignore = "pcount is built without MPI or HDF5")]
fn many_ranges_that_do_not_touch_are_exact_when_they_are_gone_on_with() {
    let folder = Folder::new("apart");
    let (list, file) = (folder.file("ranges"), folder.file("run.h5"));
    let ranges: Vec<String> =
        (0..100_000).map(|n| format!("{}..+{}", 1_000_000_000 + 3000 * n, 1000 + n % 7)).collect();
    std::fs::write(&list, ranges.join("\n")).unwrap();
    let fed = |more: &[&str]| {
        let mut command = pcount(&[&["primes", "-", "-q"], more].concat());
        command.stdin(std::fs::File::open(&list).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
        common::spawn(&mut command)
    };
    let expect = ended(fed(&[])).out;
    assert_eq!(expect.lines().count(), 100_000);
    let job = fed(&["--threads", "1", "--out", &file, "--checkpoint-every", "20ms"]);
    wait_until("something is saved", || std::path::Path::new(&file).exists());
    kill("TERM", job.id());
    let stopped = ended(job);
    assert_eq!(stopped.code, Some(85), "{}", stopped.err);
    let resumed = mpirun(2, &["resume", &file, "-q"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.err);
    assert!(resumed.out == expect && alone(&["show", &file, "-q"]).out == expect);
}

#[test]
fn a_total_of_ranges_that_overlap_says_that_it_counts_numbers_twice() {
    let told = "pcount: ranges overlap: the total counts a number once for each range that it is in";
    for (args, total, overlaps) in [
        (&["primes", "0..10", "5..20"][..], "10", true),
        (&["primes", "0..20", "5..6", "--method", "trial"], "9", true),
        (&["sum-primes", "0..10", "0..10"], "34", true),
        (&["primes", "0..10", "10..20", "15..15"], "8", false),
        (&["sum", "0..10", "5..7"], "56", true),
    ] {
        let run = alone(&[args, &["--format", "json"]].concat());
        assert_eq!((run.code, &run.json()["answer"]["total"]), (Some(0), &total.into()), "{args:?}");
        assert_eq!(run.said().contains(&told), overlaps, "{args:?}: {run:?}");
        // Whoever reads the document alone is told too.
        let note = run.json()["run"]["note"].as_str().map(|note| format!("pcount: {note}"));
        assert_eq!(note.as_deref(), overlaps.then_some(told), "{args:?}: {run:?}");
        assert!(!alone(&[args, &["-q"]].concat()).err.contains("overlap"));
    }
    assert!(!alone(&["pi", "10", "20"]).err.contains("overlap"));
}

#[test]
fn rows_are_said_as_they_become_known() {
    use std::io::{BufRead, BufReader, Read};
    for &ranks in RANKS {
        for (format, first) in [("text", "1000000000"), ("csv", "1000000000,50847534"), ("quiet", "50847534")] {
            let how: &[&str] = if format == "quiet" { &["-q"] } else { &["--format", format] };
            let args = [&["pi", "1e9", "1e22", "--threads", "1"][..], how].concat();
            let command = match ranks {
                1 => pcount(&args),
                _ => mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &args),
            };
            let mut child = start(command);
            let mut out = BufReader::new(child.stdout.take().unwrap());
            // While the second is computed, which takes hours.
            let (mut header, mut row) = (String::new(), String::new());
            if format != "quiet" {
                out.read_line(&mut header).unwrap();
                assert!(header.contains("count"), "{header}");
            }
            out.read_line(&mut row).unwrap();
            assert!(row.trim_start().starts_with(first), "{format} on {ranks}: {row}");
            kill("USR1", child.id());
            let mut rest = String::new();
            out.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "", "{format} on {ranks}");
            assert_eq!(child.wait().unwrap().code(), Some(85));
        }
    }
}

/// The seconds that it computes, with all of its threads.
fn computed_seconds(args: &[&str]) -> f64 {
    let mut shell = Command::new("bash");
    shell.args(["-c", "\"$0\" \"$@\" > /dev/null; times", env!("CARGO_BIN_EXE_pcount")]).args(args);
    let told = run(shell).out;
    // The second line is that of the children, user and system: 0m0.120s 0m0.010s.
    let line = told.lines().nth(1).unwrap();
    let seconds = |text: &str| {
        let (minutes, seconds) = text.trim_end_matches('s').split_once('m').unwrap();
        60.0 * minutes.parse::<f64>().unwrap() + seconds.replace(',', ".").parse::<f64>().unwrap()
    };
    line.split_whitespace().map(seconds).sum()
}

#[test]
fn a_long_list_takes_about_as_long_as_planned() {
    for (long, short, times) in [
        ("square 0..1e9", "square 500000000..+1e7", 100.0),
        ("double 2^70..+1e8", "double 2^70..+5e6", 20.0),
        ("primes 0..1e11 --list", "primes 5e10..+1e9 --list", 100.0),
    ] {
        let args = |line: &'static str| line.split(' ').chain(["--threads", "1", "-f", "json"]).collect::<Vec<_>>();
        let planned = alone(&[&args(long)[..], &["--dry-run"]].concat()).json();
        let planned = planned["run"]["predicted"]["seconds"].as_f64().unwrap();
        let took = times * computed_seconds(&args(short));
        assert!(planned < 2.5 * took && took < 2.5 * planned, "{long}: {planned} s planned, about {took} s taken");
    }
}
