//! What is built in and what is not: the version tells, and whatever needs what is left out is refused in one line.

mod common;

use common::{Folder, alone, pcount, run};

const FEATURES: [(&str, bool); 3] =
    [("mpi", cfg!(feature = "mpi")), ("hdf5", cfg!(feature = "hdf5")), ("download", cfg!(feature = "download"))];

#[test]
fn the_version_says_what_is_built_in() {
    let names = |built_in: bool| FEATURES.iter().filter(move |(_, there)| *there == built_in).map(|(name, _)| *name);
    let without: Vec<&str> = names(false).collect();
    let short = match &without[..] {
        [] => format!("pcount {}\n", env!("CARGO_PKG_VERSION")),
        _ => format!("pcount {} (built without {})\n", env!("CARGO_PKG_VERSION"), without.join(", ")),
    };
    assert_eq!(alone(&["--version"]).out, short);
    let long = alone(&["--version", "-v"]).out;
    let line =
        |key: &str| long.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{long}")).trim();
    let with = line("with ");
    assert!(names(true).all(|name| with.split(' ').any(|word| word == name)), "{long}");
    assert!(names(false).all(|name| with.split(' ').all(|word| word != name)), "{long}");
    for (library, (_, there)) in ["MPI ", "HDF5 "].into_iter().zip(FEATURES) {
        assert_eq!(line(library) != "not built in", there, "{long}");
    }
}

/// Whether the line is refused with that code, in one line that says how to build what it needs.
fn is_refused(line: &str, code: i32, feature: &str, env: &[(&str, &str)]) {
    let mut command = pcount(&line.split(' ').collect::<Vec<_>>());
    command.envs(env.iter().copied());
    let run = run(command);
    assert_eq!((run.code, &*run.out, run.err.lines().count()), (Some(code), "", 1), "{line}: {run:?}");
    assert!(run.err.contains(&format!("build it with cargo build --release --features {feature}")), "{line}: {run:?}");
}

#[test]
#[cfg_attr(feature = "mpi", ignore = "pcount is built with MPI")]
fn several_ranks_need_mpi() {
    let launched = |rank: &'static str| [("OMPI_COMM_WORLD_RANK", rank), ("OMPI_COMM_WORLD_SIZE", "4")];
    is_refused("primes 0..10", 4, "mpi", &launched("0"));
    is_refused("primes 0..10", 4, "mpi", &[("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "4")]);
    // One of them speaks, and the others do nothing.
    let mut other = pcount(&["primes", "0..10"]);
    other.envs(launched("1"));
    let other = run(other);
    assert_eq!((other.code, &*other.out, &*other.err), (Some(0), "", ""), "{other:?}");
}

#[test]
#[cfg_attr(feature = "hdf5", ignore = "pcount is built with HDF5")]
fn run_files_need_hdf5() {
    let folder = Folder::new("no-hdf5");
    let file = folder.file("run.h5");
    // Hours of computing are not begun.
    for line in [
        "pi 1e24 --out",
        "primes 0..1e15 --list -o",
        "ranks -o",
        "--checkpoint-every 5s primes -o",
        "show",
        "watch",
        "plot",
        "verify",
        "certify",
        "diff run.cert",
        "merge run.h5 -o",
        "resume",
        "pi 1e24 --cache",
    ] {
        is_refused(&format!("{line} {file}"), 2, "hdf5", &[]);
    }
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
#[cfg_attr(feature = "download", ignore = "pcount is built with downloads")]
fn downloads_need_their_feature() {
    is_refused("download http://127.0.0.1/", 2, "download", &[]);
}
