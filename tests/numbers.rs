//! `--format npy` and `raw`: numbers as bytes, on stdout and in files, from one process and from several ranks.

mod common;

use common::{Folder, PYTHON, RANKS, alone, mpirun, mpirun_of, pcount, run};
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

/// What a command prints, which must succeed.
fn printed(mut command: Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The same into this file.
fn filed(mut command: Command, file: File) {
    let output = command.stdin(Stdio::null()).stdout(file).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn line(text: &str, format: &str) -> Command {
    pcount(&text.split(' ').chain(["--format", format]).collect::<Vec<_>>())
}

/// The bare answers, as bytes.
fn expected(text: &str) -> Vec<u8> {
    let bare = alone(&text.split(' ').chain(["-q"]).collect::<Vec<_>>()).out;
    bare.lines().flat_map(|number| number.parse::<u64>().unwrap().to_le_bytes()).collect()
}

/// An array of NumPy with these numbers.
fn array(numbers: &[u8]) -> Vec<u8> {
    let shape = format!("{{'descr': '<u8', 'fortran_order': False, 'shape': ({},), }}", numbers.len() / 8);
    [b"\x93NUMPY\x01\x00\x76\x00", format!("{shape:<117}\n").as_bytes(), numbers].concat()
}

/// Brun's partial sums, to the digits that Sebah published (Counting twin primes and Brun's constant, 2002), with those of 10^6 and 10^7 by
/// fractions in Python.
#[test]
fn brun_s_sums_are_those_that_were_published_on_any_ranks() {
    for (end, twins, digits) in [
        ("1e6", "8169", "1.710776930804221106281736761"),
        ("1e7", "58980", "1.738357043917270938798401047"),
        ("1e8", "440312", "1.758815621067"),
        ("1e9", "3424506", "1.774735957638"),
    ] {
        let line = format!("primes 0..{end} --tuplet 2 --brun -f csv");
        let whole = alone(&line.split(' ').collect::<Vec<_>>());
        let cells: Vec<&str> = whole.out.lines().nth(1).unwrap().split(',').collect();
        assert_eq!(cells[3], twins);
        assert!(cells[4].starts_with(digits) && cells[5].starts_with(digits), "{whole:?}");
        assert!(cells[4] <= cells[5] && cells[4].len() == 32 && cells[5].len() == 32, "{whole:?}");
        if end == "1e8" && cfg!(feature = "mpi") {
            for (ranks, schedule) in [(3, "farm"), (8, "fixed")] {
                let words = format!("{line} --schedule {schedule} -t 1");
                assert_eq!(mpirun(ranks, &words.split(' ').collect::<Vec<_>>()).out, whole.out, "{ranks} {schedule}");
            }
        }
    }
    let wrong = alone(&["primes", "0..9", "--brun"]);
    assert_eq!((wrong.code, wrong.err.lines().count()), (Some(2), 1), "{}", wrong.err);
    assert!(wrong.err.contains("write --tuplet 2 --brun"), "{}", wrong.err);
}

#[test]
fn numbers_are_the_bare_answers_wherever_they_go() {
    let folder = Folder::new("numbers");
    for text in [
        "primes 0..3e6 --list",
        "primes 1e18..+1e5 0..0 7..8 24..28 0..100 --list",
        "primes 8..9 --list",
        "primes 0..1e6 1e6..2e6 1e6+1..2e6 --tuplet 2 --list",
        "primes 0..1e6 --tuplet 0,6,12,18 --list",
        "primes 0..1e6/3",
        "primes 0..1e6 --gaps records",
        "primes 0..1e6 --gaps histogram",
        "primes 0..1e6 --every 1e5",
        "pi 1e6 10 1e9",
        "nth-prime 1..=5",
        "next-prime 100 2^63",
        "sum-primes 0..1e6",
        "factorial 0..21",
        "square 1..6",
        "square 0..2e5 7..8",
        "sum 0..100",
    ] {
        let numbers = expected(text);
        assert!(printed(line(text, "raw")) == numbers, "{text}");
        assert!(printed(line(text, "npy")) == array(&numbers), "{text}");
        let path = folder.file("a");
        filed(line(text, "npy"), File::create(&path).unwrap());
        assert!(fs::read(&path).unwrap() == array(&numbers), "{text} in a file");
        // Behind what is there, in a file that is open for all, or to which all is added.
        for added in [false, true] {
            let _ = fs::remove_file(&path);
            let mut file = File::options().create(true).append(added).write(true).open(&path).unwrap();
            file.write_all(b"before").unwrap();
            filed(line(text, "npy"), file.try_clone().unwrap());
            file.write_all(b"behind").unwrap();
            let expect = [b"before", &array(&numbers)[..], b"behind"].concat();
            assert!(fs::read(&path).unwrap() == expect, "{text} behind, {added}");
        }
    }
}

#[test]
fn numbers_of_several_ranks_are_those_of_one() {
    for text in ["primes 0..3e7 --list", "primes 0..3e7 --tuplet 0,4 --list", "pi 1e6 10"] {
        let numbers = expected(text);
        for &ranks in RANKS {
            for (format, expect) in [("raw", numbers.clone()), ("npy", array(&numbers))] {
                let words: Vec<&str> = text.split(' ').chain(["--format", format]).collect();
                let command =
                    if ranks == 1 { pcount(&words) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &words) };
                assert!(printed(command) == expect, "{text} as {format} on {ranks} ranks");
            }
        }
    }
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_run_file_is_shown_as_numbers() {
    let folder = Folder::new("numbers-shown");
    let path = folder.file("run.h5");
    for text in ["primes 0..3e5 --list", "pi 1e6 10", "square 0..2e5"] {
        let numbers = expected(text);
        let kept: Vec<&str> = text.split(' ').chain(["--format", "raw", "--out", &path]).collect();
        assert!(printed(pcount(&kept)) == numbers, "{text}");
        assert!(printed(pcount(&["show", &path, "--format", "npy"])) == array(&numbers), "{text} shown");
    }
}

#[test]
fn what_is_no_such_number_is_refused() {
    let refused = |text: &str| {
        let run = run(line(text, "raw"));
        assert_eq!((run.code, run.out.len(), run.said().len()), (Some(2), 0, 1), "{text}: {}", run.err);
        run.err
    };
    assert!(refused("primes 10..1e3 8..10 --gaps").contains("a row has no number"));
    assert!(refused("sum-primes 0..1e11").contains("'201467077743744681014' is not between 0 and 2^64-1"));
    assert!(refused("square 4294967295..4294967297").contains("'18446744073709551616' is not between"));
    assert!(refused("square 1e10..+2e5").contains("this list goes beyond"));
    assert!(refused("primes 2^64..+100 --list").contains("this list goes beyond"));
}

/// A reader that knows nothing of pcount.
#[test]
fn numpy_loads_the_array() {
    let has = |module: &str| {
        Command::new(PYTHON).args(["-c", &format!("import {module}")]).output().is_ok_and(|run| run.status.success())
    };
    if !has("numpy") {
        return common::missing("numpy");
    }
    let folder = Folder::new("numbers-numpy");
    let path = folder.file("p.npy");
    filed(line("primes 0..1e7 --list", "npy"), File::create(&path).unwrap());
    let script = format!("import numpy; p = numpy.load({path:?}, mmap_mode='r'); print(p.dtype, p.shape, p[0], p[-1])");
    assert_eq!(
        run({
            let mut python = Command::new(PYTHON);
            python.args(["-c", &script]);
            python
        })
        .out,
        "uint64 (664579,) 2 9999991\n"
    );
}
