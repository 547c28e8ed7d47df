//! `pcount` starts without the libraries that only ranks, run files and downloads need, and `pcount-full` takes its place for these.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use common::{Folder, alone, pcount, quiet, run};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

const PCOUNT: &str = env!("CARGO_BIN_EXE_pcount");
const FULL: &str = env!("CARGO_BIN_EXE_pcount-full");

/// The shared libraries that a program really loads with these words, as the loader says.
fn loaded(words: &[&str]) -> Vec<String> {
    let folder = Folder::new("loads");
    let mut command = pcount(words);
    command.env_remove("LD_PRELOAD").env("LD_DEBUG", "files").env("LD_DEBUG_OUTPUT", folder.file("said"));
    assert_eq!(run(command).code, Some(0), "{words:?}");
    let said = fs::read_dir(&folder.0).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let said: String = said.collect();
    let names = said.lines().filter_map(|line| line.split_once("calling init: ").map(|(_, path)| path));
    names.map(|path| path.rsplit('/').next().unwrap().to_string()).collect()
}

/// GNU's linker keeps libraries that only unused code refers to.
fn is_linked_by_lld() -> bool {
    let program = fs::read(PCOUNT).unwrap();
    program.windows(12).any(|bytes| bytes == b"Linker: LLD ")
}

#[test]
fn what_needs_no_library_loads_none() {
    if !is_linked_by_lld() {
        return common::ignored("pcount is not linked by LLD");
    }
    for words in [
        &["pi", "1e6"][..],
        &["primes", "0..1e6", "--list", "-q"],
        &["nth-prime", "1000", "--format", "json"],
        &["factorial", "20"],
        &["pi", "1e12", "--dry-run"],
        &["--help"],
        &["--version"],
    ] {
        let loaded = loaded(words);
        // The last three are parts of the C library before glibc 2.34.
        let own = ["ld-linux", "libc.", "libm.", "libgcc_s.", "libpthread.", "libdl.", "librt."];
        let others: Vec<_> = loaded.iter().filter(|name| !own.iter().any(|own| name.starts_with(own))).collect();
        assert!(others.is_empty() && !loaded.is_empty(), "{words:?} loads {others:?}");
    }
}

#[test]
fn a_run_file_brings_its_library() {
    let folder = Folder::new("start-file");
    let file = folder.file("run.h5");
    let libraries = loaded(&["pi", "1e6", "--out", &file]);
    assert!(libraries.iter().any(|name| name.starts_with("libhdf5")), "{libraries:?}");
    let shown = alone(&["show", &file]);
    assert!(shown.code == Some(0) && shown.out.contains("78498"), "{shown:?}");
}

#[test]
fn what_is_in_a_cache_is_read_without_its_library() {
    let folder = Folder::new("start-cache");
    let dir = folder.file("c");
    let words = |words: &[&'static str]| -> Vec<String> {
        words.iter().copied().chain(["-q", "--cache"]).map(str::to_string).chain([dir.clone()]).collect()
    };
    // A pcount that has no pcount-full beside it can do nothing else.
    let small = folder.file("pcount");
    fs::copy(PCOUNT, &small).unwrap();
    let lone = |asked: &[&'static str]| {
        let words = words(asked);
        run(quiet(Command::new(&small), &words.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let kept = |asked: &[&'static str]| alone(&words(asked).iter().map(String::as_str).collect::<Vec<_>>());
    let ranges = ["primes", "0..1e6", "1e6..2e6"];
    assert_eq!(kept(&["pi", "1e6"]).out, "78498\n");
    assert_eq!(kept(&ranges).out, "78498\n70435\n");
    for (asked, answer) in
        [(&["pi", "1e6"][..], "78498\n"), (&ranges, "78498\n70435\n"), (&["primes", "0..2e6"], "148933\n")]
    {
        let found = lone(asked);
        assert_eq!((found.code, &*found.out), (Some(0), answer), "{asked:?}: {found:?}");
        assert!(found.said().len() == 1 && found.err.contains("answered from "), "{asked:?}: {found:?}");
    }
    // What is not there, or not as it was kept, is for pcount-full.
    let missing = |asked: &[&'static str]| {
        let run = lone(asked);
        assert!(run.code == Some(2) && run.err.contains("pcount-full"), "{asked:?}: {run:?}");
    };
    missing(&["pi", "1e6", "2e6"]);
    missing(&["primes", "0..3e6"]);
    missing(&["pi", "1e6", "--verify"]);
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    missing(&["pi", "1e6"]);
    let again = kept(&["pi", "1e6"]);
    assert!(again.out == "78498\n" && again.err.contains("is not used, and is replaced: "), "{again:?}");
    assert_eq!(lone(&["pi", "1e6"]).out, "78498\n");
}

#[test]
fn ranks_bring_theirs() {
    let run = run(common::mpirun_of(2, PCOUNT, &["pi", "1e6", "--format", "json"]));
    let json = run.json();
    assert!(json["run"]["mpi"].as_str().is_some_and(|name| !name.is_empty()), "{json}");
}

#[test]
fn the_process_stays_the_same() {
    let folder = Folder::new("start-same");
    let mut command = Command::new(PCOUNT);
    let out = folder.file("run.h5");
    command.arg0("counter");
    let job = common::start(quiet(command, &["delay", "1000", "--out", &out]));
    let of = |name: &str| fs::read(format!("/proc/{}/{name}", job.id())).unwrap_or_default();
    common::wait_until("it is pcount-full under its old name", || {
        of("comm") == b"pcount\n" && common::hears(job.id(), 15)
    });
    let exe = fs::read_link(format!("/proc/{}/exe", job.id())).unwrap();
    assert_eq!(exe, fs::canonicalize(FULL).unwrap());
    assert!(of("cmdline").starts_with(b"counter\0delay\x001000\0"), "{}", String::from_utf8_lossy(&of("cmdline")));
    common::kill("TERM", job.id());
    let run = common::ended(job);
    assert_eq!(run.code, Some(85), "{run:?}");
}

#[test]
fn a_closed_stream_stays_closed() {
    let folder = Folder::new("start-closed");
    let line = format!("exec '{PCOUNT}' pi 1e6 --out '{}' >&-", folder.file("run.h5"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let closed = run(quiet(shell, &[]));
    // As without --out, but the file is written.
    let line = format!("exec '{FULL}' pi 1e6 --out '{}' >&-", folder.file("other.h5"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let direct = run(quiet(shell, &[]));
    assert!(closed.code == Some(1) && closed.err.contains("stdout"), "{closed:?}");
    assert_eq!((closed.code, closed.err), (direct.code, direct.err));
}

#[test]
fn a_copy_of_one_program_says_what_is_missing() {
    let folder = Folder::new("start-copy");
    let program = folder.file("pcount");
    fs::copy(PCOUNT, &program).unwrap();
    let copied = |words: &[&str]| run(quiet(Command::new(&program), words));
    assert_eq!(copied(&["pi", "1e6", "-q"]).out, "78498\n");
    for words in [&["pi", "1e6", "--out", "x.h5"][..], &["show", "x.h5"], &["resume", "x.h5"], &["--version", "-v"]] {
        let run = copied(words);
        assert_eq!((run.code, run.err.lines().count(), &*run.out), (Some(2), 1, ""), "{run:?}");
        assert!(run.err.contains(&format!("there is no '{program}-full'")), "{run:?}");
    }
    // The other one needs nothing.
    let other = folder.file("other");
    fs::copy(FULL, &other).unwrap();
    let run_of = |words: &[&str]| run(quiet(Command::new(&other), words));
    let out = folder.file("run.h5");
    assert_eq!(run_of(&["pi", "1e6", "-q", "--out", &out]).out, "78498\n");
    assert_eq!(run_of(&["show", &out, "-q"]).out, "78498\n");
}

/// A name that somebody gave to the wrong program: without a limit each would start the next.
#[test]
fn a_pcount_that_is_called_pcount_full_says_so() {
    let folder = Folder::new("start-twice");
    for name in ["pcount", "pcount-full"] {
        fs::copy(PCOUNT, folder.file(name)).unwrap();
    }
    let run = run(quiet(Command::new(folder.file("pcount")), &["pi", "1e6", "--out", &folder.file("x.h5")]));
    assert_eq!((run.code, run.err.lines().count(), &*run.out), (Some(2), 1, ""), "{run:?}");
    assert!(run.err.contains("is a pcount itself"), "{run:?}");
}

/// As where each host has its own copies: the ranks that have no pcount-full say so, and the others do not wait for them for ever.
#[test]
fn a_rank_without_pcount_full_says_so_on_whatever_host() {
    let folder = Folder::new("start-host");
    let program = folder.file("pcount");
    fs::copy(PCOUNT, &program).unwrap();
    let line =
        format!("if [ \"$OMPI_COMM_WORLD_RANK\" = 1 ]; then exec '{program}' pi 1e6; else exec '{PCOUNT}' pi 1e6; fi");
    let run = run(common::mpirun_of(2, "sh", &["-c", &line]));
    assert_ne!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains(&format!("there is no '{program}-full'")) && run.err.contains("pcount: on "), "{run:?}");
}

#[test]
fn programs_of_two_builds_refuse_each_other() {
    // The shell keeps its number when it becomes the program.
    let line = format!("PCOUNT_STARTED_BY=\"$$ 0.0.9 unknown\" exec '{FULL}' pi 1e6 -q");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let refused = run(quiet(shell, &[]));
    assert_eq!((refused.code, refused.err.lines().count()), (Some(2), 1), "{refused:?}");
    assert!(refused.err.contains("this pcount is 0.0.9 unknown"), "{refused:?}");
    // What another process was told is not meant for this one.
    let mut full = quiet(Command::new(FULL), &["pi", "1e6", "-q"]);
    full.env("PCOUNT_STARTED_BY", "1 0.0.9 unknown");
    assert_eq!(run(full).out, "78498\n");
}
