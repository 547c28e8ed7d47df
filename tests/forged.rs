//! Run files of somebody who means harm: forged with a right checksum, they are refused in a line or shown without harm.
//! `tests/forged/forge.py` forges them, with h5py, for which HDF5's own functions ask no questions.
#![cfg(target_os = "linux")]

mod common;

use common::{Folder, PYTHON, alone, has_h5py, run};
use pcount::block::Block;
use pcount::cli::{self, Request};
use pcount::placement::Placement;
use pcount::report::{Report, State, Status};
use pcount::run_file;
use pcount::run_file::lock::Owner;
use pcount::values::{Table, Value};
use pcount::wire::Bytes;
use pcount::work::Job;
use std::fs;
use std::path::Path;
use std::process::Command;

const FORGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/forged/forge.py");
const PCOUNT: &str = env!("CARGO_BIN_EXE_pcount");

/// Bytes that no read of a small file may take.
const MEMORY: u64 = 64 << 20;

fn forge(words: &[&str]) -> common::Run {
    let mut command = Command::new(PYTHON);
    command.arg(FORGE).args(words);
    run(command)
}

/// What a run took, its children included.
#[derive(Debug)]
struct Measured {
    code: i64,
    out: String,
    err: String,
    seconds: f64,
    bytes: u64,
}

fn measured(args: &[&str], plugins: &str) -> Measured {
    let mut command = Command::new(PYTHON);
    command.args([FORGE, "measure", PCOUNT]).args(args).env("HDF5_PLUGIN_PATH", plugins);
    let json = run(command).json();
    Measured {
        code: json["code"].as_i64().unwrap(),
        out: json["out"].as_str().unwrap().into(),
        err: json["err"].as_str().unwrap().into(),
        seconds: json["seconds"].as_f64().unwrap(),
        bytes: json["bytes"].as_u64().unwrap(),
    }
}

/// A folder with a whole run file, and one outside with what nobody may open.
fn begin(name: &str) -> (Folder, String, String) {
    let folder = Folder::new(name);
    let (whole, outside) = (folder.file("whole.h5"), folder.file("outside"));
    assert_eq!(alone(&["primes", "0..1e6", "1e6..2e6", "--threads", "1", "--out", &whole, "-q"]).code, Some(0));
    assert_eq!(forge(&["outside", &outside]).code, Some(0));
    (folder, whole, outside)
}

#[test]
fn each_crafted_file_is_refused_in_a_line_or_shown_without_harm() {
    if !has_h5py() {
        return;
    }
    let (folder, whole, outside) = begin("crafted");
    let cases = forge(&["cases"]).out;
    assert!(cases.lines().count() > 20);
    for case in cases.lines() {
        let file = folder.file("x.h5");
        let crafted = forge(&["craft", case, &whole, &file, &outside]);
        assert_eq!(crafted.code, Some(0), "{case}: {crafted:?}");
        for format in ["text", "json", "csv"] {
            let run = measured(&["show", &file, "--format", format], &outside);
            let is_plain = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}');
            assert!(is_plain(&run.out) && is_plain(&run.err), "{case}: {run:?}");
            assert!(run.seconds < 1.5 && run.bytes < MEMORY, "{case}: {run:?}");
            assert!(!run.out.contains("somebody's secret"), "{case}: {run:?}");
            match case.starts_with("escapes") {
                true => assert_eq!(run.code, 0, "{case}: {run:?}"),
                false => {
                    assert!(run.code == 1 && run.out.is_empty(), "{case}: {run:?}");
                    assert!(run.err.lines().count() == 1 && run.err.contains("x.h5' is damaged: "), "{case}: {run:?}");
                }
            }
        }
        // Nor is it gone on with, and none of what it names gets into a new file.
        let resumed = alone(&["resume", &file, "--format", "json"]);
        assert_eq!(resumed.code, Some(if case.starts_with("escapes") { 0 } else { 1 }), "{case}: {resumed:?}");
        assert!(!fs::read(&file).unwrap().windows(8).any(|bytes| bytes == b"secret, "), "{case}");
    }
}

#[test]
fn no_plug_in_is_loaded_for_a_filter_that_nobody_knows() {
    if !has_h5py() {
        return;
    }
    let (folder, whole, outside) = begin("plugin");
    // A library that leaves a trace when it is loaded.
    let (source, trace) = (folder.file("plugin.c"), folder.file("loaded"));
    let code = format!(
        "#include <fcntl.h>\n__attribute__((constructor)) static void load(void) {{ creat(\"{trace}\", 0600); }}\n"
    );
    fs::write(&source, code).unwrap();
    let plugins = folder.file("plugins");
    fs::create_dir(&plugins).unwrap();
    let built = Command::new("gcc").args(["-shared", "-fPIC", "-o", &format!("{plugins}/libx.so"), &source]).status();
    assert!(built.is_ok_and(|built| built.success()));
    let file = folder.file("x.h5");
    assert_eq!(forge(&["craft", "an unknown filter", &whole, &file, &outside]).code, Some(0));
    let run = measured(&["show", &file], &plugins);
    assert!(run.code == 1 && !Path::new(&trace).exists(), "{run:?}");
    // Whoever asks HDF5 itself has it loaded.
    let mut reads = Command::new(PYTHON);
    reads
        .args(["-c", "import h5py, sys; h5py.File(sys.argv[1])['primes'][:]", &file])
        .env("HDF5_PLUGIN_PATH", &plugins);
    reads.output().unwrap();
    assert!(Path::new(&trace).exists(), "the plug-in of this test is none");
}

#[test]
fn what_stands_in_a_lock_file_is_shown_without_harm() {
    let folder = Folder::new("lock");
    let file = folder.file("run.h5");
    let lock = fs::File::create(folder.file("run.h5.lock")).unwrap();
    fs::write(folder.file("run.h5.lock"), "host \x1b]0;owned\x07\u{9b}31m\npid 7\njob \x1b[2J\n").unwrap();
    lock.lock().unwrap();
    let run = alone(&["primes", "0..100", "--out", &file]);
    assert_ne!(run.code, Some(0), "{run:?}");
    assert!(!run.err.contains(|c: char| c.is_control() && c != '\n'), "{run:?}");
}

/// A run of that problem as one leaves it that has done the first units, so many or all, and nothing else.
fn left(folder: &Folder, words: &[&str], units: u64) -> Report {
    let file = folder.file("whole.h5");
    assert_eq!(alone(&[words, &["--threads", "1", "--out", &file, "-q"]].concat()).code, Some(0));
    let whole = run_file::read(Path::new(&file)).unwrap();
    let order = match cli::read_again(&whole.state.as_ref().unwrap().arguments).unwrap() {
        Request::Run(order) => order,
        _ => panic!("it was a run"),
    };
    let plan = order.plan(1, &[]).unwrap().witnessed();
    let Job::Work(work) = &plan.job else { panic!("counting is a work") };
    assert!(!work.units().is_power_of_two(), "{} units", work.units());
    let mut worker = work.worker(&Placement::here(0));
    let blocks = Block::tiling(0..work.units().min(units), 0).map(|block| (block, Bytes(worker.block(block).unwrap())));
    with(&Report { status: Status::Partial, table: Table::default(), total: None, ..whole }, blocks.collect())
}

/// What going on with such a report for so long comes to.
fn resumed(folder: &Folder, report: &Report, time: &str) -> common::Run {
    let file = folder.file("forged.h5");
    let _ = fs::remove_file(folder.file("forged.h5.prev"));
    written(report, &file);
    alone(&["resume", &file, "--threads", "1", "-q", "--for", time])
}

/// The report with other blocks, of which as many units are done as are theirs.
fn with(report: &Report, blocks: Vec<(Block, Bytes)>) -> Report {
    let state = report.state.clone().unwrap();
    let within = |block: &Block| block.units().end.min(state.units).saturating_sub(block.first());
    let done = blocks.iter().map(|(block, _)| within(block)).sum();
    Report { state: Some(State { done, blocks, ..state }), ..report.clone() }
}

/// Writes a report as a run file.
fn written(report: &Report, file: &str) {
    let _ = fs::remove_file(file);
    let me = Owner { host: "here".into(), pid: 1, job: None };
    run_file::write(report, &mut run_file::draft(Path::new(file), &me).unwrap()).unwrap();
}

/// What a run of units came to is the sum of its blocks, which stand in the same file. Whoever changes a byte of either is found out by each
/// command that reads it, and at worst nothing is put together.
#[test]
fn a_share_whose_sums_are_forged_is_found_out() {
    let folder = Folder::new("forged-share");
    let [one, two, forged, out] = ["one.h5", "two.h5", "forged.h5", "out.h5"].map(|name| folder.file(name));
    let share = |index: u32, file: &str| {
        let line = format!("primes 0..5e8 --method sieve --share {index}/2 -o {file}");
        let run = alone(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(run.code, Some(0), "{run:?}");
    };
    share(1, &one);
    share(2, &two);
    let report = run_file::read(Path::new(&one)).unwrap();
    let parts: Vec<usize> = report.state.as_ref().unwrap().blocks.iter().map(|(_, part)| part.0.len()).collect();
    assert!(*parts.iter().max().unwrap() > 200, "{parts:?}");
    let places = parts.iter().enumerate().flat_map(|(part, &length)| (0..length).map(move |at| (part, at)));
    for (turn, (part, at)) in places.step_by(parts.iter().sum::<usize>() / 25).enumerate() {
        let mut changed = report.clone();
        let bytes = &mut changed.state.as_mut().unwrap().blocks[part].1.0;
        bytes[at] = bytes[at].wrapping_add(1);
        written(&changed, &forged);
        let _ = fs::remove_file(&out);
        let merged = alone(&["merge", &forged, &two, "-o", &out, "-q"]);
        assert!(matches!(merged.code, Some(1 | 3)), "byte {at} of part {part}: {merged:?}");
        let args = [vec!["verify", &forged], vec!["diff", &forged, &one], vec!["resume", &forged]];
        let run = alone(&args[turn % 3]);
        assert!(matches!(run.code, Some(1 | 3)), "byte {at} of part {part}: {run:?}");
        assert_eq!(run.said().len(), 1, "{run:?}");
    }
    let _ = fs::remove_file(&out);
    let merged = alone(&["merge", &one, &two, "-o", &out, "-q"]);
    // OEIS A006880 and its like: the primes below 5·10^8.
    assert_eq!((merged.code, &*merged.out), (Some(0), "26355867\n"), "{merged:?}");
}

#[test]
fn runs_with_different_answers_are_not_put_together() {
    let folder = Folder::new("forged-answer");
    let [whole, forged, out] = ["whole.h5", "forged.h5", "out.h5"].map(|name| folder.file(name));
    let made = alone(&["primes", "0..1e8", "--method", "sieve", "-o", &whole, "-q"]);
    assert_eq!((made.code, &*made.out), (Some(0), "5761455\n"), "{made:?}");
    let mut report = run_file::read(Path::new(&whole)).unwrap();
    report.table.rows[0][2] = Value::integer(5_761_456);
    report.total = Some("5761456".into());
    written(&report, &forged);
    for args in [
        vec!["merge", &whole, &forged, "-o", &out],
        vec!["merge", &forged, "-o", &out],
        vec!["verify", &forged],
        vec!["certify", &forged],
        vec!["diff", &whole, &forged],
    ] {
        let run = alone(&args);
        assert_eq!(run.code, Some(3), "{args:?}: {run:?}");
        assert!(!Path::new(&out).exists());
    }
    // What its blocks came to is impossible.
    for change in 0..3 {
        let mut report = run_file::read(Path::new(&whole)).unwrap();
        let blocks = &mut report.state.as_mut().unwrap().blocks;
        let bytes = &mut blocks[0].1.0;
        match change {
            0 => bytes.truncate(bytes.len() / 2),
            1 => bytes.iter_mut().for_each(|byte| *byte = 0xff),
            _ => bytes[10] = 0x20,
        }
        written(&report, &forged);
        for args in [vec!["verify", &forged], vec!["certify", &forged], vec!["diff", &whole, &forged]] {
            let run = alone(&args);
            assert!(matches!(run.code, Some(1 | 3)) && run.said().len() == 1, "{change}, {args:?}: {run:?}");
        }
    }
}

#[test]
fn an_answer_of_another_version_is_not_taken_from_a_cache() {
    let folder = Folder::new("old-cache");
    let cache = folder.file("c");
    let ask = || alone(&["primes", "0..1e6", "--cache", &cache, "-q"]);
    assert_eq!(ask().out, "78498\n");
    let entry = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let mut report = run_file::read(&entry).unwrap();
    let version = report.run.iter_mut().find(|fact| fact.name == "version").unwrap();
    version.value = Value::text("0.0.9");
    report.table.rows[0][2] = Value::integer(78_499);
    report.total = Some("78499".into());
    written(&report, entry.to_str().unwrap());
    let again = ask();
    assert_eq!((again.code, &*again.out), (Some(0), "78498\n"), "{again:?}");
    assert!(again.err.contains("is replaced: another version of pcount answered it"), "{again:?}");
    let third = ask();
    assert!(third.out == "78498\n" && third.err.contains("answered from"), "{third:?}");
}

/// Three ranges of a unit each, and how many primes they have.
const JOB: [&str; 4] = ["primes", "0..3e4/3", "--method", "trial"];
const ANSWER: &str = "1229\n1033\n983\n";

#[test]
fn a_ledger_that_cannot_be_is_refused() {
    let folder = Folder::new("ledger");
    let begun = left(&folder, &JOB, 1);
    let state = begun.state.clone().unwrap();
    // A count that is too large, parts that are too long or too short, and a unit that does not exist and brings something.
    for change in 0..4 {
        let mut blocks = state.blocks.clone();
        match change {
            0 => *blocks[0].1.0.last_mut().unwrap() = 0x7f,
            1 => blocks[0].1.0.push(0),
            2 => drop(blocks[0].1.0.pop()),
            _ => blocks.push((Block { level: 0, index: state.units }, blocks[0].1.clone())),
        }
        let run = resumed(&folder, &with(&begun, blocks), "1h");
        assert!(
            run.code == Some(1) && run.said()[0].contains("forged.h5' is damaged: the part of units "),
            "{change}: {run:?}"
        );
    }
    let run = resumed(&folder, &begun, "1h");
    assert_eq!((run.code, &*run.out), (Some(0), ANSWER), "{run:?}");
}

#[test]
fn a_run_that_lacks_only_what_fills_up_is_complete() {
    let folder = Folder::new("padding");
    let run = resumed(&folder, &left(&folder, &JOB, u64::MAX), "1h");
    assert_eq!((run.code, &*run.out), (Some(0), ANSWER), "{run:?}");
}

/// `PCOUNT_FORGED` says how many, if not 2,000: some ten thousand an hour on a core.
#[test]
fn files_forged_at_random_do_no_harm() {
    if !has_h5py() {
        return;
    }
    let folder = Folder::new("fuzz");
    let make = |words: &[&str], name: &str| {
        let run = alone(&[words, &["--threads", "1", "-q", "--out", &folder.file(name)]].concat());
        assert!(matches!(run.code, Some(0 | 85)), "{run:?}");
    };
    make(&["primes", "0..1e6/4"], "primes.h5");
    make(&["primes", "0..3e5", "--list"], "list.h5");
    make(&["factorial", "20..60"], "factorial.h5");
    make(&["pi", "1e4", "1e8", "--method", "gourdon"], "pi.h5");
    for (words, name) in [
        (&["primes", "1e12..+1e12/3", "--method", "sieve"][..], "partial-sieve.h5"),
        (&["primes", "1e12..+1e12/3", "--gaps"], "partial-gaps.h5"),
        (&["primes", "1e12..+1e12/3", "--tuplet", "4"], "partial-tuplets.h5"),
        (&["pi", "1e17"], "partial-gourdon.h5"),
        (&["factorial", "100000..110000"], "partial-factorial.h5"),
    ] {
        make(&[words, &["--for", "300ms"]].concat(), name);
    }
    // One that others went on with.
    let file = folder.file("partial-resumed.h5");
    make(&["primes", "1e13..+1e13/3", "--method", "sieve", "--for", "300ms"], "partial-resumed.h5");
    for _ in 0..2 {
        assert_eq!(alone(&["resume", &file, "--threads", "1", "--for", "300ms"]).code, Some(85));
    }
    for entry in fs::read_dir(&folder.0).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "prev") {
            fs::remove_file(path).unwrap();
        }
    }
    let count = std::env::var("PCOUNT_FORGED").unwrap_or("2000".into());
    let seed = std::env::var("PCOUNT_SEED").unwrap_or(std::process::id().to_string());
    println!("PCOUNT_SEED={seed}");
    let mut command = Command::new(PYTHON);
    command.args([FORGE, "fuzz", PCOUNT, folder.0.to_str().unwrap(), &seed, &count]);
    // It may take hours if asked to.
    let done = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "PCOUNT_SEED={seed}\n{out}{err}");
}
