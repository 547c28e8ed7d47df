//! Faults are injected into each system call of a save: the run goes on, what was whole stays whole, and when the fault has
//! gone the next save succeeds. The same where the process is killed at each of them.
#![cfg(target_os = "linux")]

mod common;

use common::shim::{Fault, shim};
use common::{Folder, Run, mpirun_of, pcount, run};
use pcount::block::Block;
use pcount::report::{Report, State, Status};
use pcount::run_file::lock::Owner;
use pcount::run_file::{self as file, read};
use pcount::values::{Fact, Table, Value};
use pcount::wire::Bytes;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const EINTR: i32 = 4;
const EIO: i32 = 5;
const EINVAL: i32 = 22;
const ENOSPC: i32 = 28;
const ENOLCK: i32 = 37;
const ENOSYS: i32 = 38;
const EDQUOT: i32 = 122;
/// The process is killed before the call.
const KILL: i32 = 0;

/// A run under way that has so many units done.
fn report(done: u64) -> Report {
    let state = State {
        arguments: vec!["primes".into(), "0..1e12".into()],
        list: vec![],
        ranks: 1,
        fingerprint: 7,
        units: 100,
        done,
        blocks: (0..done).map(|index| (Block { level: 0, index }, Bytes(vec![index as u8]))).collect(),
        rows: None,
    };
    Report {
        status: Status::Partial,
        kernel: "primes".into(),
        problem: vec![],
        table: Table::default(),
        total: None,
        bare: String::new(),
        run: vec![Fact::new("ranks", Value::Count(done))],
        attempts: vec![],
        timeline: vec![],
        list: None,
        state: Some(state),
    }
}

fn done(path: &Path) -> Option<u64> {
    Some(read(path).ok()?.state?.done)
}

/// Not a test by itself: the process into whose third save of four faults are injected.
#[test]
fn a_process_that_saves() {
    let Some(folder) = std::env::var_os("SAVES_IN").map(PathBuf::from) else { return };
    let (path, arm) = (folder.join("run.h5"), PathBuf::from(std::env::var_os("SHIM_ARM").unwrap()));
    let me = Owner { host: "here".into(), pid: std::process::id(), job: None };
    let mut run = file::draft(&path, &me).unwrap();
    for number in 1..=4 {
        if number == 3 {
            fs::write(&arm, "").unwrap();
        }
        let saved = file::write(&report(number), &mut run);
        let _ = fs::remove_file(&arm);
        println!("save {number} {}", saved.as_ref().map_or_else(ToString::to_string, |()| "succeeded".into()));
        println!("there {:?} {:?}", done(&path).unwrap_or(0), done(&path.with_file_name("run.h5.prev")).unwrap_or(0));
    }
}

/// What became of the third save and of the fourth, and what was in the newest file and the one before after the third.
struct Saved {
    run: Run,
    third: Option<String>,
    fourth: Option<String>,
    there: Vec<(u64, u64)>,
    calls: Vec<String>,
}

/// Runs the process above, with a fault in its third save.
fn saved(folder: &Folder, fault: Option<Fault>) -> Saved {
    let inner = folder.0.join("in");
    let _ = fs::remove_dir_all(&inner);
    fs::create_dir(&inner).unwrap();
    let (arm, log) = (folder.0.join("arm"), folder.0.join("log"));
    let _ = fs::remove_file(&log);
    let _ = fs::remove_file(&arm);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_process_that_saves", "--nocapture", "--test-threads=1"]);
    if let Some(fault) = fault {
        fault.happen(&mut command, folder);
    }
    command.env("LD_PRELOAD", shim()).env("SHIM_FOLDER", fs::canonicalize(&inner).unwrap());
    command.env("SHIM_ARM", &arm).env("SHIM_LOG", &log).env("SAVES_IN", &inner);
    let run = run(command);
    let after = |what: &str| run.out.lines().find_map(|line| Some(line.split_once(what)?.1.to_string()));
    let (third, fourth) = (after("save 3 "), after("save 4 "));
    let there = run.out.lines().filter_map(|line| {
        let (newest, before) = line.strip_prefix("there ")?.split_once(' ')?;
        Some((newest.parse().ok()?, before.parse().ok()?))
    });
    let there = there.collect();
    let calls = fs::read_to_string(&log).unwrap_or_default().lines().map(plain).collect();
    Saved { run, third, fourth, there, calls }
}

/// A line of the log without what is random in a name.
fn plain(line: &str) -> String {
    let word = |word: &str| {
        if word.len() == 12 && word.bytes().all(|c| c.is_ascii_hexdigit()) { "*".into() } else { word.to_string() }
    };
    line.split('.').map(word).collect::<Vec<String>>().join(".")
}

/// The place of a call in the log, which is there once.
fn only(calls: &[String], call: &str) -> usize {
    let places: Vec<usize> = (0..calls.len()).filter(|&at| calls[at] == call).collect();
    assert_eq!(places.len(), 1, "{call}: {calls:#?}");
    places[0]
}

#[test]
fn a_save_is_written_brought_to_the_disk_renamed_and_the_renaming_brought_there_too() {
    let folder = Folder::new("order");
    let Saved { calls, third, there, .. } = saved(&folder, None);
    assert_eq!((third.as_deref(), there.as_slice()), (Some("succeeded"), &[(1, 0), (2, 1), (3, 2), (4, 3)][..]));
    let last_write = calls.iter().rposition(|call| call == "write run.h5.*.new").unwrap();
    let steps = [
        last_write,
        only(&calls, "fsync run.h5.*.new"),
        only(&calls, "link run.h5"),
        // The draft gets the file's name, and what that was before the name of the file before.
        calls.iter().position(|call| call == "rename run.h5.*.new").unwrap(),
        only(&calls, "fsync ."),
        calls.iter().rposition(|call| call == "rename run.h5.*.new").unwrap(),
    ];
    assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}: {calls:#?}");
    // Nothing is opened by a name that can be foreseen but to be read, and nothing is removed.
    assert!(
        calls.iter().all(|call| !call.starts_with("unlink") && call != "write run.h5" && call != "truncate run.h5")
    );
    assert_eq!(fs::read_dir(folder.0.join("in")).unwrap().count(), 2);
}

/// The calls of a save, and how often each comes.
fn calls_of_a_save(folder: &Folder) -> Vec<(String, u64)> {
    let calls = saved(folder, None).calls;
    let kinds: BTreeSet<&String> = calls.iter().collect();
    kinds.into_iter().map(|kind| (kind.clone(), calls.iter().filter(|call| *call == kind).count() as u64)).collect()
}

#[test]
fn whatever_system_call_of_a_save_fails_the_newest_file_stays_whole_and_the_next_save_succeeds() {
    let folder = Folder::new("each");
    let all: u64 = calls_of_a_save(&folder).iter().map(|(_, count)| count).sum();
    assert!(all > 20);
    let fail_each = &|what: i32| {
        let folder = Folder::new(&format!("each-{what}"));
        let mut failed = 0;
        for first in 1..=all {
            let fault = Fault { function: "*", name: "*", first, count: 1, what };
            let Saved { run, third, fourth, there, .. } = saved(&folder, Some(fault));
            let (third, fourth) = (third.expect("it lives"), fourth.expect("it lives"));
            assert!(third == "succeeded" || third.starts_with("cannot write '"), "{fault:?}: {run:?}");
            failed += u64::from(third != "succeeded");
            // Two files were whole, and two are: of the second save and the first, or newer.
            assert!([(2, 1), (3, 1), (3, 2)].contains(&there[2]), "{fault:?}: {run:?}");
            assert!(third != "succeeded" || there[2].0 == 3, "{fault:?}: {run:?}");
            assert_eq!((fourth.as_str(), there[3].0), ("succeeded", 4), "{fault:?}: {run:?}");
            assert!(there[3].1 >= 1, "{fault:?}: {run:?}");
        }
        failed
    };
    let failed: u64 = std::thread::scope(|scope| {
        let fail_each = &fail_each;
        let each = [EIO, ENOSPC, EDQUOT, EINTR, ENOLCK].map(|what| scope.spawn(move || fail_each(what)));
        each.into_iter().map(|one| one.join().expect("each error is lived through")).sum()
    });
    assert!(failed > 5 * all / 2, "only {failed} of {} calls matter", 5 * all);
}

#[test]
fn killed_at_any_system_call_of_a_save_two_whole_files_are_there_and_the_next_run_writes() {
    let folder = Folder::new("kill");
    let path = folder.0.join("in/run.h5");
    let all: u64 = calls_of_a_save(&folder).iter().map(|(_, count)| count).sum();
    for first in 1..=all {
        let Saved { third, .. } = saved(&folder, Some(Fault { function: "*", name: "*", first, count: 1, what: KILL }));
        assert_eq!(third, None, "it was killed at {first} of {all}");
        let there = (done(&path).unwrap(), done(&path.with_file_name("run.h5.prev")).unwrap());
        assert!([(2, 1), (3, 1), (3, 2)].contains(&there), "killed at {first} of {all}: {there:?}");
        let me = Owner { host: "here".into(), pid: std::process::id(), job: None };
        let mut left = file::resume(&path, &me).unwrap();
        assert_eq!((left.report.state.unwrap().done, left.note), (there.0, None));
        file::write(&report(4), &mut left.run).unwrap();
        assert_eq!(done(&path), Some(4));
        drop(left.run);
        // What it left is gone.
        assert_eq!(fs::read_dir(folder.0.join("in")).unwrap().count(), 2, "killed at {first} of {all}");
    }
}

#[test]
fn killed_at_any_system_call_of_a_run_the_next_one_finds_no_lock_and_leaves_nothing_else() {
    let folder = Folder::new("whole");
    let file = folder.file("run.h5");
    let args = ["delay", "0", "-q", "--out", &file];
    for first in 1.. {
        let mut command = pcount(&args);
        Fault { function: "*", name: "*", first, count: 1, what: KILL }.happen(&mut command, &folder);
        let killed = run(command);
        if killed.code == Some(0) {
            assert!(first > 50, "{first} calls are too few");
            break;
        }
        let next = run(pcount(&args));
        assert_eq!((next.code, next.err.as_str()), (Some(0), ""), "killed at {first}: {next:?}");
        let names = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = names.filter(|name| name != "run.h5" && name != "run.h5.prev").collect();
        assert!(left.is_empty(), "killed at {first}: {left:?}");
    }
}

#[test]
fn a_fault_that_lasts_costs_saves_and_nothing_else() {
    let folder = Folder::new("lasts");
    for (function, what) in [("write", ENOSPC), ("write", EDQUOT), ("fsync", EIO), ("rename", EIO), ("open", EIO)] {
        let fault = Fault::always(function, ".new", what);
        let Saved { run, third, fourth, there, .. } = saved(&folder, Some(fault));
        let why = std::io::Error::from_raw_os_error(what).to_string();
        let why = why.split(" (").next().unwrap();
        let third = third.unwrap();
        assert!(third.starts_with("cannot write '") && third.contains(why), "{fault:?}: {third}");
        assert_eq!((there[2], fourth.as_deref()), ((2, 1), Some("succeeded")), "{fault:?}: {run:?}");
    }
    // Those that only make it less sure are none.
    for fault in [
        Fault::always("fsync", ".", EINVAL),
        Fault::always("link", "run.h5", ENOSYS),
        Fault::always("link", "run.h5", EIO),
    ] {
        let Saved { run, third, there, .. } = saved(&folder, Some(fault));
        assert_eq!((third.as_deref(), there[2]), (Some("succeeded"), (3, 2)), "{fault:?}: {run:?}");
    }
}

/// A job of half a second, most of it waiting, that is saved on the way; and its answer.
const JOB: [&str; 6] = ["delay", "0.1", "0.1", "0.1", "0.1", "-q"];

fn job(ranks: usize, file: &str, fault: Fault, folder: &Folder) -> Run {
    let args = [&JOB[..], &["--threads", "1", "--checkpoint-every", "50ms", "--out", file]].concat();
    let mut command = if ranks == 1 { pcount(&args) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &args) };
    fault.happen(&mut command, folder);
    run(command)
}

#[test]
fn where_there_are_no_locks_runs_are_saved_and_that_is_said_once() {
    for (ranks, what) in [(1, ENOSYS), (1, ENOLCK), (2, ENOLCK)] {
        let folder = Folder::new("no-locks");
        let file = folder.file("run.h5");
        let run = job(ranks, &file, Fault::always("flock", "*", what), &folder);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.said().len(), 1, "{run:?}");
        assert!(run.said()[0].contains(&format!("'{file}'")) && run.said()[0].contains("has no locks"), "{run:?}");
        assert_eq!(read(Path::new(&file)).unwrap().status, Status::Complete);
        // A lock that a run on this host left when it was killed keeps nobody; one of a live one does.
        let lock = format!("{file}.lock");
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let host = host.trim();
        for (host, pid, code) in [(host, u32::MAX, 0), (host, std::process::id(), 1), ("elsewhere", u32::MAX, 1)] {
            fs::write(&lock, format!("host {host}\npid {pid}\njob \n")).unwrap();
            let again = job(1, &file, Fault::always("flock", "*", what), &folder);
            assert_eq!(again.code, Some(code), "{again:?}");
            let hint = format!("if that is dead, remove '{lock}'");
            let busy = |line: &&str| line.contains("another run is writing it: process") && line.ends_with(&hint);
            assert_eq!(again.said().iter().any(busy), code == 1, "{again:?}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_brought_to_the_disk_is_a_warning() {
    for ranks in [1, 2] {
        let folder = Folder::new("unsettled");
        let file = folder.file("run.h5");
        let run = job(ranks, &file, Fault::always("fsync", ".", EINVAL), &folder);
        assert_eq!((run.code, run.said().len()), (Some(0), 1), "{run:?}");
        assert!(run.said()[0].contains("cannot be brought to the disk"), "{run:?}");
        assert_eq!(read(Path::new(&file)).unwrap().status, Status::Complete);
    }
}

#[test]
fn saves_that_fail_are_said_once_and_the_answer_is_there() {
    for what in [ENOSPC, EIO, EDQUOT] {
        let folder = Folder::new("disk");
        let file = folder.file("run.h5");
        // To the end: the file was not kept.
        let run = job(1, &file, Fault::always("write", ".new", what), &folder);
        assert_eq!((run.code, run.out.lines().count()), (Some(1), 4), "{run:?}");
        assert!(run.said().iter().all(|line| line.contains(&format!("cannot write '{file}'"))), "{run:?}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "{run:?}");
        // Once: the next save succeeds.
        let run = job(1, &file, Fault { count: 1, ..Fault::always("fsync", ".new", what) }, &folder);
        assert!(run.code == Some(0) || run.said().len() == 1, "{run:?}");
        if run.code == Some(0) {
            let said = run.said();
            assert!(said.len() <= 2 && said[0].ends_with("the run goes on and tries again"), "{run:?}");
            assert_eq!(read(Path::new(&file)).unwrap().status, Status::Complete);
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_replaced() {
    let folder = Folder::new("unreadable");
    let file = folder.file("run.h5");
    for content in [&b"data of somebody"[..], b"pcount-run/1\nunfinished\n"] {
        for name in ["run.h5", "run.h5.prev"] {
            let path = folder.0.join(name);
            fs::write(&path, content).unwrap();
            for (function, what) in [("read", EIO), ("open", EIO)] {
                let run = job(1, &file, Fault::always(function, name, what), &folder);
                assert_eq!((run.code, run.said().len()), (Some(2), 1), "{name}, {function}: {run:?}");
                assert!(run.said()[0].contains("cannot be read"), "{run:?}");
            }
            assert_eq!(fs::read(&path).unwrap(), content);
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn a_clock_that_says_no_year_is_said_at_the_start() {
    for (seconds, when) in [(-1_i64, "before 1970"), (253_402_300_800, "after 9999")] {
        for ranks in [1, 2] {
            let args = ["pi", "1e6", "-q"];
            let mut command =
                if ranks == 1 { pcount(&args) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &args) };
            command.env("LD_PRELOAD", shim()).env("SHIM_CLOCK", seconds.to_string());
            let run = run(command);
            assert_eq!((run.code, run.said().len()), (Some(1), 1), "{run:?}");
            assert!(run.said()[0].contains(when), "{run:?}");
        }
    }
}
