//! `--cache`: what was computed before is not computed again, and is the same.

mod common;

use common::{Folder, RANKS, Run, alone, ended, kill, mpirun, mpirun_of, pcount, run, start, wait_until};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Runs it alone or on ranks.
fn on(ranks: usize, args: &[&str]) -> Run {
    if ranks == 1 { alone(args) } else { mpirun(ranks, args) }
}

fn entries(folder: &str) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What a run took from the cache and what it computed, by its own report.
fn found_and_computed(run: &Run) -> (usize, usize) {
    let count = |name: &str| match &run.json()["run"]["cache"][name] {
        serde_json::Value::Array(all) => all.len(),
        _ => 0,
    };
    (count("found"), count("computed"))
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn only_what_is_not_there_is_computed_and_rows_stand_as_asked() {
    for &ranks in RANKS {
        let folder = Folder::new("cache-middle");
        let dir = folder.file("made/of/it");
        let first = on(ranks, &["primes", "0..1e6", "5e6..6e6", "--cache", &dir]);
        assert_eq!((first.code, first.said().len()), (Some(0), 0), "{first:?}");
        assert_eq!(entries(&dir).len(), 2, "{:?}", entries(&dir));
        for format in ["text", "json", "csv"] {
            let words = ["primes", "1e6..2e6", "0..1e6", "5e6..6e6", "-f", format];
            let plain = on(ranks, &words);
            let cached = on(ranks, &[&words[..], &["--cache", &dir]].concat());
            assert_eq!(cached.code, Some(0), "{cached:?}");
            if format == "json" {
                assert_eq!(cached.json()["answer"], plain.json()["answer"]);
                assert_eq!(cached.json()["problem"], plain.json()["problem"]);
                assert_eq!(found_and_computed(&cached), (3, 0), "the middle was kept");
            } else {
                assert_eq!(cached.out, plain.out);
            }
            let said = cached.said();
            assert!(
                said.len() == 1 && said[0].contains("answered from ") && said[0].contains(": computed "),
                "{said:?}"
            );
        }
        assert_eq!(entries(&dir).len(), 3);
        let quiet = on(ranks, &["primes", "5e6..6e6", "0..1e6", "-q", "--cache", &dir]);
        assert_eq!(quiet.out, "64336\n78498\n");
        // Each entry is a run file.
        for name in entries(&dir) {
            assert_eq!(alone(&["show", &format!("{dir}/{name}")]).code, Some(0), "{name}");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn every_command_whose_answer_lasts_is_answered_again_as_before() {
    let folder = Folder::new("cache-commands");
    let dir = folder.file("c");
    for line in [
        "pi 1e6 10 1e7",
        "nth-prime 10 1000",
        "is-prime 7 2^61-1",
        "next-prime 100 7",
        "prev-prime 100",
        "phi 1e6 10",
        "li 1e6",
        "riemann-r 1e6 1e9",
        "sum-primes 0..1e5 1e5..2e5",
        "sum-primes 0..1e5 --power 2",
        "primes 0..1e6 --gaps",
        "primes 0..1e6 2e6..3e6 --tuplet 2",
        "primes 0..1e6 5e5..2e6",
        "primes 0..1e6 --tuplet 3 --patterns",
        "primes 0..1e6 --tuplet 2 --brun",
        "primes 0..1e6 --gaps records",
        "primes 0..1e6 --gaps 100",
        "primes 0..1e6 2e6..3e6 --residues 8",
        "primes 0..1e6 --residues 4 --race",
        "primes 0..1e6 --every 1e5",
        "primes 0..1e6 --tuplet 2 --points 1e3,1e5",
        "sum-primes 0..1e6 --every 3e5",
        "primes 0..10 2^64..+1000",
        "primes 0..1e6 --verify",
        "factorial 5 100 20..30",
        "factorial 100 --full",
        "factorial 100 -q",
        "factorial 10 20 --mod 1000003",
        "square 1..6 2^70",
        "double 1..13",
        "sum 0..1000",
        "sum 0..10 10..20 5..7",
        "map-reduce 1..6",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let json = |run: &Run| if line.ends_with("-q") { run.out.clone().into() } else { run.json()["answer"].clone() };
        let format: &[&str] = if line.ends_with("-q") { &[] } else { &["-f", "json"] };
        let plain = alone(&[&words, format].concat());
        let with_cache = [&words, format, &["--cache", &dir]].concat();
        let (first, again) = (alone(&with_cache), alone(&with_cache));
        assert_eq!((first.code, again.code), (Some(0), Some(0)), "{line}: {first:?} {again:?}");
        assert_eq!((json(&first), json(&again)), (json(&plain), json(&plain)), "{line}");
        assert!(again.err.contains("answered from "), "{line}: {again:?}");
        if !line.ends_with("-q") {
            assert_eq!(again.json()["run"]["units"], 0, "{line}");
        }
    }
    // Another option is another question.
    for line in
        ["primes 0..1e6 --method trial", "primes 0..1e6 --tuplet 3", "sum-primes 0..1e5 --power 3", "factorial 30"]
    {
        let words: Vec<&str> = line.split(' ').chain(["--cache", &dir]).collect();
        let run = alone(&words);
        assert!(run.code == Some(0) && !run.err.contains("answered from"), "{line}: {run:?}");
    }
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_range_is_made_of_ranges_that_are_there() {
    let folder = Folder::new("cache-union");
    let dir = folder.file("c");
    let ask = |words: &[&str]| alone(&[words, &["-f", "json", "--cache", &dir]].concat());
    for command in ["primes", "sum-primes", "map-reduce"] {
        ask(&[command, "0..1e6", "1e6..2e6"]);
        ask(&[command, "0..1e6"]);
        ask(&[command, "1e6..2e6"]);
        let whole = ask(&[command, "0..2e6"]);
        assert_eq!(found_and_computed(&whole), (2, 0), "{command}: {whole:?}");
        assert_eq!(whole.json()["answer"], alone(&[command, "0..2e6", "-f", "json"]).json()["answer"]);
    }
    // What is missing between them is computed, if that is quicker than all of it.
    let part = ask(&["primes", "0..2500000"]);
    assert_eq!(part.json()["answer"]["total"], "183072");
    assert_eq!(found_and_computed(&part).1, 1, "{part:?}");
    // The largest gap of two ranges may be between them.
    ask(&["primes", "0..1e6", "1e6..2e6", "--gaps"]);
    assert!(!ask(&["primes", "0..2e6", "--gaps"]).err.contains("answered from"));
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn what_is_damaged_or_somebody_elses_is_computed_anew() {
    let folder = Folder::new("cache-damaged");
    let dir = folder.file("c");
    let ask = |range: &str| alone(&["primes", range, "-q", "--cache", &dir]);
    assert_eq!(ask("0..1e6").out, "78498\n");
    let path = format!("{dir}/{}", entries(&dir)[0]);
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    assert_eq!(ask("0..2e6").out, "148933\n");
    let other = entries(&dir).into_iter().find(|name| name.contains("0..2000000")).unwrap();
    let other = fs::read(format!("{dir}/{other}")).unwrap();
    let outside = folder.file("outside");
    fs::write(&outside, "months of work").unwrap();
    for (what, content) in [
        ("a flipped bit", &flipped),
        ("another text", &b"text".to_vec()),
        ("another answer", &other),
        ("a link", &vec![]),
    ] {
        fs::remove_file(&path).unwrap();
        match what {
            "a link" => std::os::unix::fs::symlink(&outside, &path).unwrap(),
            _ => fs::write(&path, content).unwrap(),
        }
        let again = ask("0..1e6");
        assert_eq!((again.code, &*again.out), (Some(0), "78498\n"), "{what}: {again:?}");
        assert_eq!(again.said().len(), 1, "{what}: {again:?}");
        assert!(again.err.contains("is not used, and is replaced: "), "{what}: {again:?}");
        let third = ask("0..1e6");
        assert!(third.out == "78498\n" && third.err.contains("answered from"), "{what}: {third:?}");
        assert_eq!(entries(&dir).len(), 2, "{what}");
    }
    assert_eq!(fs::read_to_string(&outside).unwrap(), "months of work");
    // A folder in the place of an entry costs the entry only.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let again = ask("0..1e6");
    assert_eq!((again.code, &*again.out), (Some(0), "78498\n"), "{again:?}");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_damaged_piece_of_a_range_is_there_again_or_gone() {
    for &ranks in RANKS {
        let folder = Folder::new("cache-pieces");
        let dir = folder.file("c");
        let with = |words: &[&str]| on(ranks, &[words, &["--cache", &dir]].concat());
        let path = |name: &str| {
            let mut there = entries(&dir).into_iter().filter(|entry| entry.starts_with(name));
            there.next().map(|entry| format!("{dir}/{entry}"))
        };
        with(&["primes", "0..1e6", "1e6..2e6", "2e6..3e6"]);
        let piece = path("primes-1000000..2000000-").unwrap();
        fs::write(&piece, "no run file").unwrap();
        let whole = with(&["primes", "0..3e6", "-f", "json"]);
        assert_eq!(whole.json()["answer"]["total"], "216816", "{whole:?}");
        assert_eq!(found_and_computed(&whole), (2, 1), "{whole:?}");
        assert!(whole.err.contains("is not used, and is replaced: "), "{whole:?}");
        assert_eq!(alone(&["show", &piece, "-q"]).out, "70435\n");
        let again = with(&["primes", "1e6..2e6", "-q"]);
        assert!(again.out == "70435\n" && again.err.contains("answered from "), "{again:?}");
        // Totals without rows do not tell what a piece came to.
        with(&["sum", "0..1e6"]);
        let piece = path("sum-0..1000000-").unwrap();
        fs::write(&piece, "no run file").unwrap();
        let whole = with(&["sum", "0..3e6"]);
        assert_eq!(whole.out, format!("{}\n", 3_000_000u64 * 2_999_999 / 2));
        assert!(whole.err.contains("is not used, and is removed: ") && !Path::new(&piece).exists(), "{whole:?}");
    }
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn an_answer_that_was_to_be_verified_says_that_it_was() {
    let folder = Folder::new("cache-verify");
    let dir = folder.file("c");
    let ask = |words: &[&str]| alone(&[words, &["--verify", "-f", "json", "--cache", &dir]].concat());
    alone(&["primes", "0..1e6", "--cache", &dir]);
    // What was not verified is counted again, twice.
    let first = ask(&["primes", "0..1e6"]);
    assert!(first.err.contains("is not used, and is replaced: it was not verified"), "{first:?}");
    let how = &first.json()["run"]["verify"];
    assert!(how.is_string() || how.is_array(), "{first:?}");
    for words in [&["primes", "0..1e6"][..], &["primes", "0..1e6", "1e6..3e6"]] {
        let again = ask(words);
        assert!(again.err.contains(", and verified then"), "{again:?}");
        assert!(!again.json()["run"]["verify"].is_null(), "{again:?}");
    }
    // A run file of such an answer counts as verified.
    let out = folder.file("run.h5");
    ask(&["primes", "0..1e6", "--out", &out]);
    assert_eq!(alone(&["resume", &out, "--verify", "-q"]).out, "78498\n");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn with_out_all_of_it_is_taken_or_nothing() {
    let folder = Folder::new("cache-out");
    let (dir, out) = (folder.file("c"), folder.file("run.h5"));
    alone(&["primes", "0..1e6", "--cache", &dir]);
    let words = ["primes", "0..1e6", "1e6..2e6", "-q", "--cache", &dir, "--out", &out];
    let partly = alone(&words);
    assert_eq!((partly.code, &*partly.out), (Some(0), "78498\n70435\n"));
    assert!(partly.said().len() == 1 && partly.err.contains("with --out all is computed"), "{partly:?}");
    let all = alone(&words);
    assert_eq!((all.code, &*all.out), (Some(0), "78498\n70435\n"));
    assert!(all.err.contains("answered from 2 files"), "{all:?}");
    assert_eq!(alone(&["show", &out, "-q"]).out, "78498\n70435\n");
    assert_eq!(alone(&["resume", &out, "-q"]).out, "78498\n70435\n");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_stopped_run_keeps_the_rows_that_it_knows_and_a_resume_the_others() {
    let folder = Folder::new("cache-stopped");
    let (dir, out) = (folder.file("c"), folder.file("run.h5"));
    let words = ["primes", "0..1e5", "0..1e13", "--method", "sieve", "-q", "--cache", &dir];
    let mut job = start(pcount(&words));
    // A row is printed as soon as it is known.
    let first = BufReader::new(job.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert_eq!(first, "9592");
    kill("USR1", job.id());
    let stopped = ended(job);
    assert_eq!(stopped.code, Some(85), "{stopped:?}");
    assert_eq!(entries(&dir).iter().filter(|name| name.contains("0..100000-")).count(), 1, "{stopped:?}");
    assert_eq!(entries(&dir).len(), 1);
    // A resume keeps its answer too. The first save comes long before the end.
    let words = ["primes", "0..1e10", "--method", "sieve"];
    let often = ["--threads", "1", "--checkpoint-every", "100ms", "--out", &out];
    let job = start(pcount(&[&words[..], &often].concat()));
    wait_until("it is saved", || Path::new(&out).exists());
    kill("USR1", job.id());
    let stopped = ended(job);
    assert_eq!(stopped.code, Some(85), "{stopped:?}");
    let resumed = alone(&["resume", &out, "-q", "--cache", &dir]);
    assert_eq!((resumed.code, &*resumed.out), (Some(0), "455052511\n"), "{resumed:?}");
    let again = alone(&[&words[..], &["-q", "--cache", &dir]].concat());
    assert!(again.out == "455052511\n" && again.err.contains("answered from"), "{again:?}");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn the_environment_may_name_the_folder_and_breaks_nothing() {
    let folder = Folder::new("cache-env");
    let (dir, file) = (folder.file("c"), folder.file("file"));
    fs::write(&file, "").unwrap();
    let with = |dir: &str, words: &[&str]| {
        let mut command = pcount(words);
        command.env("PCOUNT_CACHE", dir);
        run(command)
    };
    assert_eq!(with(&dir, &["pi", "1e6", "-q"]).out, "78498\n");
    assert!(with(&dir, &["pi", "1e6", "-q"]).err.contains("answered from"));
    for words in
        [&["delay", "0"][..], &["ranks"], &["barrier"], &["primes", "0..20", "--list"], &["pi", "100", "--dry-run"]]
    {
        let run = with(&dir, words);
        assert_eq!((run.code, &*run.err), (Some(0), ""), "{words:?}");
    }
    let unusable = with(&file, &["pi", "1e6", "-q"]);
    assert_eq!((unusable.code, &*unusable.out, unusable.said().len()), (Some(0), "78498\n", 1), "{unusable:?}");
    assert!(unusable.err.contains("PCOUNT_CACHE is not used: "), "{unusable:?}");
    let named = alone(&["pi", "1e6", "--cache", &file]);
    assert_eq!((named.code, named.err.lines().count()), (Some(2), 1), "{named:?}");
    let list = alone(&["primes", "0..20", "--list", "--cache", &dir]);
    assert!(list.code == Some(2) && list.err.contains("--cache is not for a list"), "{list:?}");
    assert_eq!(with("", &["pi", "1e6", "-q"]).err, "");
    // A dry run says what is there and makes no folder.
    let plan = alone(&["pi", "1e6", "1e7", "--dry-run", "-f", "json", "--cache", &dir]).json();
    let cache = &plan["run"]["cache"];
    assert_eq!((&cache["found"][0], &cache["computed"][0]), (&"1000000".into(), &"10000000".into()));
    alone(&["pi", "1e6", "--dry-run", "--cache", &folder.file("none")]);
    assert!(!Path::new(&folder.file("none")).exists());
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn jobs_share_a_folder() {
    let folder = Folder::new("cache-shared");
    let dir = folder.file("c");
    let ranks = if RANKS.len() > 1 { 2 } else { 1 };
    let words = ["pi", "1e6", "2e6", "3e6", "-q", "--cache", &dir];
    let job = |index: usize| match index % 2 {
        0 => start(pcount(&words)),
        _ => start(mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &words)),
    };
    let jobs: Vec<_> = (0..6).map(job).collect();
    for job in jobs {
        let run = ended(job);
        assert_eq!((run.code, &*run.out), (Some(0), "78498\n148933\n216816\n"), "{run:?}");
    }
    assert_eq!(entries(&dir).len(), 3, "{:?}", entries(&dir));
    assert!(alone(&words).err.contains("answered from 3 files"));
}

#[test]
#[cfg_attr(feature = "hdf5", ignore = "pcount is built with HDF5")]
fn without_hdf5_there_is_one_line() {
    let named = alone(&["pi", "100", "--cache", "c"]);
    assert_eq!((named.code, named.err.lines().count()), (Some(2), 1), "{named:?}");
    let mut command = pcount(&["pi", "100", "-q"]);
    command.env("PCOUNT_CACHE", "c");
    let usual = run(command);
    assert_eq!((usual.code, &*usual.out, usual.err.lines().count()), (Some(0), "25\n", 1), "{usual:?}");
}
