//! Ranks that die and jobs that go on without them: under Open MPI 5, in the folder that PCOUNT_MPI5 names, which runs
//! what was built with Open MPI 4. Under an MPI that cannot, the option says so and changes nothing.
#![cfg(target_os = "linux")]

mod common;

use common::{Folder, Run, alone, kill, mpirun, pids_of, wait_until};
use pcount::report::Status;
use pcount::run_file::read;
use pcount::values::Value;
use std::path::Path;
use std::process::Command;

/// A job of a second or two on one thread, and its answer (primesieve 11.0).
const JOB: [&str; 4] = ["primes", "1e12..+1e10/3", "--method", "sieve"];
/// Slowly, so that it is not over before a rank is killed.
const HOW: [&str; 8] =
    ["--lanes=scalar", "--threads", "1", "-q", "--progress", "never", "--keep-going", "--checkpoint-every=60ms"];
const ANSWER: &str = "120630949\n120608682\n120600577\n";

/// The launcher of Open MPI 5 for so many ranks, if it is here.
fn mpirun5(ranks: usize, options: &[&str], args: &[&str]) -> Option<Command> {
    let Some(prefix) = std::env::var_os("PCOUNT_MPI5") else {
        match common::launcher().contains("mpich") {
            true => common::ignored("Open MPI 5 runs what was built with Open MPI"),
            false => common::missing("Open MPI 5, which PCOUNT_MPI5 names,"),
        }
        return None;
    };
    if prefix == "none" {
        common::ignored("PCOUNT_MPI5 says that there is no Open MPI 5");
        return None;
    }
    let prefix = Path::new(&prefix);
    let launcher = prefix.join("bin/mpirun");
    let launcher = launcher.to_str().expect("a plain path");
    let mut command = common::launched_by(launcher, options, ranks, env!("CARGO_BIN_EXE_pcount"), args);
    for (name, value) in [
        ("PRTE_ALLOW_RUN_AS_ROOT", "1"),
        ("PRTE_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
        ("PRTE_MCA_hwloc_default_binding_policy", "none"),
    ] {
        command.env(name, value);
    }
    command.env("LD_LIBRARY_PATH", prefix.join("lib"));
    Some(command)
}

/// The ranks of a job by their numbers.
fn ranks_of(job: u32, file: &str) -> Vec<(usize, u32)> {
    let rank = |pid: u32| {
        let env = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut words = env.split(|&byte| byte == 0).filter_map(|word| std::str::from_utf8(word).ok());
        Some((words.find_map(|word| word.strip_prefix("OMPI_COMM_WORLD_RANK="))?.parse().ok()?, pid))
    };
    pids_of(job, file).into_iter().filter_map(rank).collect()
}

/// Has those ranks killed when the run file was saved, and returns what the job left behind; it must end by itself.
fn killed(command: Command, file: &str, victims: &[usize]) -> Run {
    let saved = || std::fs::metadata(file).and_then(|file| file.modified()).ok();
    let before = saved();
    let child = common::start(command);
    wait_until("it is saved", || saved() != before);
    let ranks = ranks_of(child.id(), file);
    ranks.iter().filter(|(rank, _)| victims.contains(rank)).for_each(|&(_, pid)| kill("KILL", pid));
    common::ended(child)
}

#[test]
fn an_mpi_that_cannot_says_so_and_the_answer_is_the_same() {
    let args = ["primes", "0..1e7", "-q", "--keep-going"];
    let run = alone(&args);
    assert_eq!((run.code, &*run.out), (Some(0), "664579\n"), "{run:?}");
    assert_eq!(run.said(), ["pcount: --keep-going: there is one rank: a rank that dies ends the job"]);
    let run = mpirun(2, &args);
    assert_eq!((run.code, &*run.out), (Some(0), "664579\n"), "{run:?}");
    let [said] = run.said()[..] else { panic!("{run:?}") };
    assert!(said.starts_with("pcount: --keep-going: ") && said.ends_with(": a rank that dies ends the job"), "{said}");
}

#[test]
fn an_mpirun_that_was_not_told_says_so() {
    let Some(command) = mpirun5(2, &[], &["primes", "0..1e7", "-q", "--keep-going"]) else { return };
    let run = common::run(command);
    assert_eq!((run.code, &*run.out), (Some(0), "664579\n"), "{run:?}");
    assert!(run.said()[0].contains("only under mpirun --with-ft ulfm"), "{run:?}");
}

#[test]
fn a_job_goes_on_without_the_ranks_that_die() {
    let folder = Folder::new("keep-going");
    for (ranks, victims) in [(2, &[1][..]), (4, &[1, 3]), (3, &[1, 2])] {
        let file = folder.file(&format!("{ranks}.h5"));
        let args = [&JOB[..], &HOW, &["--out", &file]].concat();
        let Some(command) = mpirun5(ranks, &["--with-ft", "ulfm"], &args) else { return };
        let run = killed(command, &file, victims);
        assert_eq!((run.code, &*run.out), (Some(0), ANSWER), "{run:?}");
        let said = run.said();
        assert_eq!(said.len(), victims.len(), "{run:?}");
        for victim in victims {
            let died = |line: &&&str| line.starts_with(&format!("pcount: rank {victim} on host "));
            let line = said.iter().find(died).unwrap_or_else(|| panic!("{run:?}"));
            assert!(line.ends_with(" s; its blocks are dealt again"), "{line}");
        }
        let report = read(Path::new(&file)).unwrap();
        let lost = report.run.iter().find(|fact| fact.name == "ranks_lost").map(|fact| fact.value.clone());
        let Some(Value::List(mut lost)) = lost else { panic!("{lost:?}") };
        lost.sort_by_key(|rank| rank.to_string());
        assert_eq!(lost, victims.iter().map(|&rank| Value::count(rank)).collect::<Vec<_>>());
        // Everything was computed once, as far as it is told.
        let units: u64 = report.timeline.iter().map(|entry| entry.units).sum();
        assert_eq!((report.status, units), (Status::Complete, report.state.unwrap().units));
    }
}

#[test]
fn without_rank_0_the_job_ends_and_is_gone_on_with() {
    let folder = Folder::new("without-root");
    let file = folder.file("run.h5");
    let args = [&JOB[..], &HOW, &["--out", &file]].concat();
    let Some(command) = mpirun5(3, &["--with-ft", "ulfm"], &args) else { return };
    let run = killed(command, &file, &[0]);
    assert!(run.code != Some(0) && run.out.is_empty(), "{run:?}");
    assert!(run.said().iter().all(|line| line.ends_with(": rank 0 died, which ends the job")), "{run:?}");
    // A resume may lose ranks as well.
    let args = [&["resume", &file][..], &HOW].concat();
    let run = killed(mpirun5(2, &["--with-ft", "ulfm"], &args).unwrap(), &file, &[1]);
    assert_eq!((run.code, &*run.out), (Some(0), ANSWER), "{run:?}");
}
