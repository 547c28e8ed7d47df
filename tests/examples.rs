//! The programs of `examples/`: each says what it should on any number of ranks, and its twin in Python says the same.

mod common;

use common::{launcher, mpirun_of, run};
use std::path::PathBuf;

/// The patterns, and what one says on four ranks; of the barrier only how each line begins.
const PATTERNS: &[(&str, &str)] = &[
    (
        "slice",
        "rank 0: 22044 primes in 0..250000\nrank 1: 19494 primes in 250000..500000\n\
         rank 2: 18700 primes in 500000..750000\nrank 3: 18260 primes in 750000..1000000\n",
    ),
    ("reduce", "rank 0: 45\nrank 1: 145\nrank 2: 245\nrank 3: 345\ntotal: 780\n"),
    ("gather", "[2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]\n"),
    ("barrier", "rank 0: arrived\nrank 1: arrived\nrank 2: arrived\nrank 3: arrived\n"),
    (
        "farm",
        "[1229, 1033, 983, 958, 930, 924, 878, 902, 876, 879, 861, 848, 858, 851, 838, 835, 814, 845, 828, 814]\n\
         total: 17984\n",
    ),
    (
        "map_reduce",
        "rank 0: 25 squares, 80825 of 338350\nrank 1: 25 squares, 83300 of 338350\n\
         rank 2: 25 squares, 85825 of 338350\nrank 3: 25 squares, 88400 of 338350\n",
    ),
];

/// Where Cargo has put the example. It builds them for all tests together, not for one of them alone.
fn program(name: &str) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_pcount")).with_file_name("examples").join(name);
    assert!(program.exists(), "the examples are not built: run cargo build --examples before this test alone");
    program
}

/// What a program says on four ranks, whoever of them was first.
fn said(name: &str, program: &str, args: &[&str]) -> String {
    let mut command = mpirun_of(4, program, args);
    // With it Python writes the end of a line by itself, and lines of several ranks mix.
    command.env_remove("PYTHONUNBUFFERED");
    let run = run(command);
    assert_eq!(run.code, Some(0), "{name}: {run:?}");
    let mut lines: Vec<&str> = run.out.lines().collect();
    if name == "barrier" {
        lines = lines.iter().map(|line| line.split(" after").next().unwrap()).collect();
    }
    lines.sort_unstable();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn each_pattern_says_what_it_should() {
    for (name, expect) in PATTERNS {
        assert_eq!(said(name, program(name).to_str().unwrap(), &[]), *expect, "{name}");
    }
    let there = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let there = there.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "rs"));
    // The kernel of one's own has tests of its own.
    assert_eq!(there.count(), PATTERNS.len() + 1);
}

/// M(10^k), as the On-Line Encyclopedia of Integer Sequences has it (A084237).
const MERTENS: [i64; 8] = [1, -1, 1, 2, -23, -48, 212, 1037];

#[test]
fn a_kernel_of_ones_own_runs_alone_and_on_ranks() {
    let program = program("mertens");
    let alone = |args: &[&str]| run(common::quiet(std::process::Command::new(&program), args));
    for (power, expect) in MERTENS.into_iter().enumerate() {
        let run = alone(&[&format!("1..=1e{power}")]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.out.split_whitespace().last(), Some(&*expect.to_string()), "M(10^{power}): {}", run.out);
    }
    for ranks in [1, 2, 3] {
        let many = run(mpirun_of(ranks, program.to_str().unwrap(), &["5e6..=1e7"]));
        assert_eq!((many.code, &many.out), (Some(0), &alone(&["5e6..=1e7"]).out), "{many:?}");
    }
    // 1037 = -709 + 1746.
    assert!(alone(&["1..5e6"]).out.trim().ends_with("-709"));
    assert!(alone(&["5e6..=1e7"]).out.trim().ends_with("1746"));
    for (args, says) in
        [(&["5..3"][..], "'5..3' runs backwards"), (&[], "write one range"), (&["0..9"], "'0..9' must be")]
    {
        let one = alone(args);
        assert_eq!((one.code, &*one.out), (Some(2), ""), "{one:?}");
        assert!(one.err.contains(says), "{one:?}");
        let two = run(mpirun_of(2, program.to_str().unwrap(), args));
        assert_eq!((two.code, &*two.out), (Some(2), ""), "{two:?}");
        assert!(two.err.contains(says) && two.err.matches(says).count() == 1, "{two:?}");
    }
}

#[test]
fn its_twin_in_python_says_the_same() {
    const PYTHON: &str = "/usr/bin/python3";
    let has_mpi4py = std::process::Command::new(PYTHON).args(["-c", "import mpi4py"]).output();
    let has_mpi4py = has_mpi4py.is_ok_and(|output| output.status.success());
    // Debian's mpi4py is for the MPI that is Debian's default.
    if !has_mpi4py || launcher().contains("mpich") {
        return match launcher().contains("mpich") {
            true => common::ignored("mpi4py is for the other MPI"),
            false => common::missing("mpi4py"),
        };
    }
    for (name, expect) in PATTERNS {
        let file = format!("{}/examples/{name}.py", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(said(name, PYTHON, &[&file]), *expect, "{name}");
    }
}
