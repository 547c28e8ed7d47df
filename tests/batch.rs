//! Batch scripts without their batch systems: what stands in for those only writes down what it was asked for, and the
//! launchers start one rank.
#![cfg(unix)]

mod common;

use common::{Folder, Run, alone, kill, run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const HOME: &str = env!("CARGO_MANIFEST_DIR");
const PCOUNT: &str = env!("CARGO_BIN_EXE_pcount");

/// Stands in for every command of every system.
const STAND_IN: &str = r#"#!/bin/bash
name=${0##*/}
echo "$name $*" >>record
case "$name $*" in
  "srun --mpi=list") echo pmix ;;
  "qstat -j"*) echo "hard resource_list:         h_rt=600" ;;
  "qstat "*) echo "    Resource_List.walltime = 00:10:00" ;;
  "flux job timeleft") echo 600 ;;
  "flux job last") echo 1 ;;
  "flux job kill"*) kill -USR1 "$(cat launcher)" ;;
  "sbatch "* | "scontrol "* | "qsub "* | "qresub "* | "flux --parent"*) cat >submitted; exit "${FAILS:-0}" ;;
  *)
    # A launcher of one rank.
    env | grep -E '_MCA_oob_tcp_keepalive_' >keepalive
    [ -z "${LAUNCHER_ENDS:-}" ] || exit "$LAUNCHER_ENDS"
    while [ "$1" != "$PCOUNT" ]; do shift; done
    echo $$ >launcher
    echo $PPID >job
    if [ -n "${LAUNCHER_IS_DEAF:-}" ]; then touch run.h5; exec sleep 60; fi
    trap 'heard=yes; kill -USR1 $rank' USR1
    "$@" &
    rank=$!
    while heard=no; wait $rank; code=$?; [ $heard = yes ]; do :; done
    [ -z "${LAUNCHER_HIDES:-}" ] || exit 0
    exit $code ;;
esac
"#;

/// A folder that jobs are submitted from, and the commands of all systems.
struct Cluster(Folder);

impl Cluster {
    fn new(name: &str) -> Cluster {
        let folder = Folder::new(name);
        std::fs::create_dir_all(folder.0.join("bin")).unwrap();
        for name in ["srun", "mpirun", "flux", "qstat", "scontrol", "qsub", "qresub", "sbatch"] {
            let path = folder.0.join("bin").join(name);
            std::fs::write(&path, STAND_IN).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        std::fs::write(folder.0.join("hosts"), "here\n").unwrap();
        Cluster(folder)
    }

    /// A job script as the system runs it: a copy, elsewhere.
    fn job(&self, system: &str, script: &Path, args: &[&str]) -> Command {
        let spool = self.0.file("spooled");
        std::fs::copy(script, &spool).unwrap();
        let mut job = Command::new("bash");
        job.arg(spool).args(args).current_dir(&self.0.0).env("PCOUNT", PCOUNT).env("PCOUNT_HOME", HOME);
        job.env("PATH", format!("{}:{}", self.0.file("bin"), std::env::var("PATH").unwrap()));
        for name in ["PCOUNT_THREADS", "PCOUNT_ARGS", "PCOUNT_TASK", "PCOUNT_LAUNCH", "OMP_NUM_THREADS"] {
            job.env_remove(name);
        }
        let (here, hosts) = (self.0.file(""), self.0.file("hosts"));
        let env: &[(&str, &str)] = match system {
            "slurm" | "apptainer" => &[("SLURM_SUBMIT_DIR", &here), ("SLURM_JOB_ID", "7"), ("SLURM_NTASKS", "1")],
            "sge" => &[
                ("SGE_O_WORKDIR", &here),
                ("SGE_ROOT", "/sge"),
                ("JOB_ID", "7"),
                ("SGE_TASK_ID", "undefined"),
                ("NSLOTS", "4"),
            ],
            "pbs" => &[("PBS_O_WORKDIR", &here), ("PBS_JOBID", "7.here"), ("PBS_NODEFILE", &hosts)],
            "lsf" => &[
                ("LS_SUBCWD", &here),
                ("LSB_JOBID", "7"),
                ("LSB_JOBINDEX", "0"),
                ("LSB_DJOB_NUMPROC", "1"),
                ("LSB_DJOB_HOSTFILE", &hosts),
            ],
            _ => &[],
        };
        job.envs(env.iter().copied());
        job
    }

    fn shipped(&self, system: &str, args: &[&str]) -> Command {
        self.job(system, &batch().join(system), args)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.file(name)).unwrap_or_default()
    }

    /// What pcount was told to do, job by job.
    fn attempts(&self) -> Vec<String> {
        let record = self.read("record");
        let told = record.lines().filter_map(|line| line.split_once(&format!("{PCOUNT} ")));
        told.map(|(_, words)| words.to_string()).collect()
    }
}

fn batch() -> std::path::PathBuf {
    Path::new(HOME).join("scripts/batch")
}

fn submit(folder: &str, args: &[&str]) -> Command {
    let mut command = Command::new(Path::new(HOME).join("scripts/submit"));
    // Most of these are about words that pcount never sees.
    command.args(args).current_dir(folder).env("PCOUNT", "/there/is/none");
    command
}

fn printed(folder: &str, args: &[&str]) -> String {
    let run = run(submit(folder, args));
    // There is no pcount that could tell.
    assert_eq!((run.code, run.err.as_str()), (Some(0), "pcount: how long that takes is not known here\n"), "{args:?}");
    run.out
}

/// The systems whose files are scripts: how a job ends that is to run again, and what it asks its system for.
const SCRIPTS: [(&str, i32, &str); 6] = [
    ("slurm", 0, "scontrol requeue 7"),
    ("apptainer", 0, "scontrol requeue 7"),
    ("sge", 99, ""),
    ("lsf", 85, ""),
    ("pbs", 0, "qsub "),
    ("flux", 0, "flux --parent batch "),
];

/// A second of work, and its largest gap.
const LONG: [&str; 5] = ["primes", "1e15..+2e9", "--gaps", "--threads", "1"];
const ANSWER: &str = "568";

/// Work that only a signal ends.
const ENDLESS: [&str; 5] = ["primes", "1e15..+1e14", "--gaps", "--checkpoint-every", "100ms"];

/// A job that gets a signal once something is saved in `run.h5`.
fn signalled(cluster: &Cluster, job: Command, signal: &str) -> Run {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            while !cluster.0.0.join("run.h5").exists() && began.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(10));
            }
            kill(signal, cluster.read("job").trim().parse().expect("the job told its process"));
        });
        run(job)
    })
}

#[test]
fn a_job_begins_goes_on_and_ends_under_every_system() {
    for (system, code, asked) in SCRIPTS {
        let cluster = Cluster::new(&format!("batch-attempts-{system}"));
        let args = [&LONG[..], &["-q", "--out", "a b's.h5"]].concat();
        let first = run(cluster.shipped(system, &[&args[..], &["--for", "300ms"]].concat()));
        assert_eq!((first.code, first.out.as_str()), (Some(code), ""), "{system}: {first:?}");
        let last = run(cluster.shipped(system, &args));
        assert_eq!((last.code, last.out), (Some(0), format!("{ANSWER}\n")), "{system}");
        let told = cluster.attempts();
        assert!(
            told[0].starts_with("primes 1e15..+2e9 --gaps --out a b's.h5 --threads 1 -q --for 300ms"),
            "{system}: {told:?}"
        );
        assert!(told[1].starts_with("resume a b's.h5 --threads 1 -q"), "{system}: {told:?}");
        let record = cluster.read("record");
        let again = record.lines().filter(|line| !asked.is_empty() && line.starts_with(asked)).count();
        assert_eq!(again, if asked.is_empty() { 0 } else { 1 }, "{system}: {record}");
        // It is over, and says so again.
        let run = run(cluster.shipped(system, &args));
        assert_eq!((run.code, run.out), (Some(0), format!("{ANSWER}\n")), "{system}");
    }
}

#[test]
fn a_warning_stops_the_ranks_and_has_the_job_run_again() {
    for (system, code, _) in SCRIPTS {
        let cluster = Cluster::new(&format!("batch-warned-{system}"));
        let args = [&ENDLESS[..], &["--out", "run.h5"]].concat();
        let run = signalled(&cluster, cluster.shipped(system, &args), "USR1");
        assert_eq!(run.code, Some(code), "{system}: {run:?}");
        assert!(run.err.contains("because SIGUSR1 came"), "{system}: {run:?}");
    }
}

#[test]
fn a_launcher_that_a_warning_kills_is_no_failure() {
    let cluster = Cluster::new("batch-deaf");
    let mut job = cluster.shipped("slurm", &[&ENDLESS[..], &["--out", "run.h5"]].concat());
    job.env("LAUNCHER_IS_DEAF", "1");
    let run = signalled(&cluster, job, "USR1");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(cluster.read("record").contains("scontrol requeue 7"));
}

#[test]
fn a_job_that_is_cancelled_is_saved_and_not_run_again() {
    // Grid Engine says by SIGUSR2 that it will end a job.
    for (system, signal, asked) in [("slurm", "TERM", "scontrol"), ("sge", "USR2", "qresub")] {
        let cluster = Cluster::new(&format!("batch-cancelled-{system}"));
        let args = [&ENDLESS[..], &["--out", "run.h5"]].concat();
        let run = signalled(&cluster, cluster.shipped(system, &args), signal);
        assert_eq!(run.code, Some(143), "{system}: {run:?}");
        assert!(!cluster.read("record").contains(asked), "{system}");
        assert!(run.err.contains("to continue: pcount resume run.h5"), "{system}: {run:?}");
    }
}

#[test]
fn grid_engine_stops_in_time_and_a_job_of_several_hosts_submits_its_like() {
    let cluster = Cluster::new("batch-sge");
    let hosts = cluster.0.file("pe");
    std::fs::write(&hosts, "node1 2 main.q@node1 UNDEFINED\nnode2 2 main.q@node2 UNDEFINED\n").unwrap();
    let job = |more: &[&str], set: &[(&str, &str)]| {
        let mut job = cluster.shipped("sge", &[&LONG[..], &["-q", "--out", "run.h5"], more].concat());
        job.envs(set.iter().copied()).env("PE_HOSTFILE", &hosts);
        run(job)
    };
    assert_eq!(job(&["--for", "300ms"], &[("FAILS", "1")]).code, Some(99));
    assert_eq!(job(&["--for", "300ms"], &[]).code, Some(0));
    assert_eq!(cluster.read("record").matches("qresub 7\n").count(), 2);
    // Its limit is ten minutes, of which two are to spare.
    assert_eq!(job(&[], &[]).out, format!("{ANSWER}\n"));
    assert!(cluster.attempts().last().unwrap().ends_with("--for 480s"), "{:?}", cluster.attempts());
}

#[test]
fn other_codes_are_those_of_pcount_and_its_launcher() {
    let cluster = Cluster::new("batch-codes");
    let code = |args: &[&str], set: &[(&str, &str)]| {
        let mut job = cluster.shipped("slurm", args);
        let run = run({
            job.envs(set.iter().copied());
            job
        });
        let record = cluster.read("record");
        (run.code.unwrap(), record.contains("scontrol requeue"), run.err)
    };
    let (usage, again, err) = code(&["pi"], &[]);
    assert_eq!((usage, again, err.lines().count()), (2, false, 1), "{err}");
    assert_eq!(code(&["pi", "1e6", "--out"], &[]).0, 2);
    assert_eq!(code(&["primes", "0..1e6"], &[("LAUNCHER_ENDS", "137")]).0, 137);
    assert_eq!(code(&["--version"], &[]).0, 0);
    assert!(!cluster.read("record").contains("--version --"));
    // Some launchers say 0 of a run that was stopped.
    let stopped = [&LONG[..], &["--for", "300ms"]].concat();
    let (hidden, again, _) = code(&stopped, &[("LAUNCHER_HIDES", "1")]);
    assert_eq!((hidden, again), (0, true));
    // Nor does every system do as it is asked.
    assert_eq!(code(&stopped, &[("FAILS", "1")]).0, 85);
}

#[test]
fn the_same_question_has_the_same_file_whatever_is_said_beside() {
    let cluster = Cluster::new("batch-names");
    let name = |args: &[&str]| {
        let run = run(cluster.shipped("slurm", args));
        assert_eq!(run.code, Some(0), "{run:?}");
        let said = run.err.lines().find_map(|line| line.strip_prefix("pcount: the run file is '")).unwrap().to_string();
        (run.out, said)
    };
    let (out, file) = name(&["primes", "0..2^10", "0..1e3", "-q"]);
    assert_eq!(out, "172\n168\n");
    assert!(file.starts_with("pcount-primes-0..2-10-0..1e3-") && file.ends_with(".h5'"), "{file}");
    assert_eq!(name(&["--threads=1", "primes", "0..2^10", "0..1e3", "--schedule", "farm"]).1, file);
    assert_eq!(name(&["primes", "-q", "--", "0..2^10", "0..1e3"]).1, file);
    assert_ne!(name(&["primes", "0..2*10", "0..1e3"]).1, file);
    assert_ne!(name(&["primes", "0..2^10", "0..1e3", "--tuplet", "2"]).1, file);
    assert_eq!(cluster.attempts().iter().filter(|attempt| attempt.starts_with("resume")).count(), 2);
    // Nothing to go on with.
    let run = run(cluster.shipped("slurm", &["primes", "--list", "0..10", "-q"]));
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), "2\n3\n5\n7\n", ""));
}

#[test]
fn a_file_of_another_question_answers_no_other() {
    let cluster = Cluster::new("batch-other");
    let job = |args: &[&str]| run(cluster.shipped("slurm", &[args, &["-q", "--out", "run.h5"]].concat()));
    assert_eq!(job(&["pi", "1e6"]).out, "78498\n");
    assert_eq!(job(&["pi", "1e5"]).out, "9592\n");
    // How the primes are found is no part of the question.
    assert_eq!(job(&["pi", "1e5", "--method", "trial"]).out, "9592\n");
    assert!(cluster.attempts().last().unwrap().starts_with("resume run.h5"));
    assert_eq!(job(&["pi", "1e4", "--method", "trial"]).out, "1229\n");
    assert_eq!(job(&["pi", "1e4"]).out, "1229\n");
    assert!(cluster.attempts().last().unwrap().starts_with("resume run.h5"));
    let left = alone(&[&LONG[..], &["--for", "300ms", "--out", &cluster.0.file("left.h5")]].concat());
    assert_eq!(left.code, Some(85));
    let refused = run(cluster.shipped("slurm", &["pi", "1e6", "--out", "left.h5"]));
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
    assert!(refused.err.contains("unfinished"), "{refused:?}");
    // A newest file that is gone or damaged has one before it.
    assert_eq!(job(&["pi", "1e5"]).out, "9592\n");
    let lose_the_newest = || {
        std::fs::remove_file(cluster.0.file("run.h5")).unwrap();
        std::fs::copy(cluster.0.file("left.h5"), cluster.0.file("run.h5.prev")).unwrap();
    };
    lose_the_newest();
    assert_eq!(job(&LONG).out, format!("{ANSWER}\n"));
    assert!(cluster.attempts().last().unwrap().starts_with("resume run.h5"));
    lose_the_newest();
    assert_eq!(job(&["pi", "1e3"]).out, "168\n");
}

#[test]
fn every_task_of_an_array_has_its_own_number_and_file() {
    let tasks =
        [("slurm", "SLURM_ARRAY_TASK_ID"), ("sge", "SGE_TASK_ID"), ("pbs", "PBS_ARRAY_INDEX"), ("lsf", "LSB_JOBINDEX")];
    for (system, variable) in tasks {
        let cluster = Cluster::new(&format!("batch-array-{system}"));
        let task = |number: &str, args: &[&str]| {
            let mut job = cluster.shipped(system, args);
            job.env(variable, number);
            run(job)
        };
        let args = ["primes", "TASK*1e6..+1e6", "-q"];
        assert_eq!((task("1", &args).out, task("2", &args).out), ("70435\n".into(), "67883\n".into()), "{system}");
        let files = std::fs::read_dir(&cluster.0.0).unwrap();
        let files = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "h5"));
        assert_eq!(files.count(), 2, "{system}");
        let all_alike = task("1", &["primes", "0..1e6"]);
        assert_eq!((all_alike.code, all_alike.out.as_str()), (Some(2), ""), "{system}");
        assert!(all_alike.err.contains("'primes 0..1e6' is the same for every task"), "{all_alike:?}");
    }
}

#[test]
fn what_is_not_there_is_said() {
    for (system, ..) in SCRIPTS {
        let cluster = Cluster::new(&format!("batch-missing-{system}"));
        let without = |name: &str, value: &str| {
            let mut job = cluster.shipped(system, &["pi", "1e6"]);
            job.env(name, value);
            let run = run(job);
            assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{system}: {run:?}");
            run.err
        };
        assert!(without("PCOUNT_HOME", "/no/where").contains("'/no/where' is not pcount's repository"));
        assert!(without("PCOUNT", "/no/pcount").contains("there is no '/no/pcount'"));
    }
    let cluster = Cluster::new("batch-missing");
    let mut job = cluster.shipped("slurm", &["pi", "1e6"]);
    job.env("PCOUNT_LAUNCH", "ssh");
    assert!(run(job).err.contains("PCOUNT_LAUNCH='ssh' is not known"));
}

#[test]
fn a_silent_host_ends_an_open_mpi_job_within_a_minute() {
    for (system, ..) in SCRIPTS {
        let cluster = Cluster::new(&format!("batch-silent-{system}"));
        let mut job = cluster.shipped(system, &["pi", "1e6"]);
        job.env("OMPI_MCA_oob_tcp_keepalive_intvl", "7");
        assert_eq!(run(job).code, Some(0));
        let set = cluster.read("keepalive");
        let value = |name: &str| -> u64 {
            let prefix = format!("OMPI_MCA_oob_tcp_keepalive_{name}=");
            set.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{set}")).parse().unwrap()
        };
        assert_eq!(value("intvl"), 7, "what the user sets stays");
        assert!(value("time") + value("probes") * value("intvl") < 60);
    }
}

#[test]
fn slurm_launches_by_srun_or_by_mpirun() {
    let cluster = Cluster::new("batch-launch");
    for (launch, expect) in [("", "srun --mpi=pmix "), ("srun", "srun --mpi=pmix "), ("mpirun", "mpirun -n 1 ")] {
        let mut job = cluster.shipped("slurm", &["pi", "1e6"]);
        job.env("PCOUNT_LAUNCH", launch).env("SLURM_CPUS_PER_TASK", "3");
        assert_eq!(run(job).code, Some(0));
        let record = cluster.read("record");
        let last = record.lines().last().unwrap();
        assert!(last.starts_with(expect) && last.ends_with("--threads 3"), "{last}");
    }
}

#[test]
fn a_system_that_starts_a_command_gets_one() {
    let cluster = Cluster::new("batch-command");
    let attempt = Path::new(HOME).join("scripts/attempt");
    let go = |args: &[&str]| {
        // Not a copy: it is where the repository is.
        let mut job = Command::new(&attempt);
        let like = cluster.shipped("slurm", &[]);
        job.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).env_remove("PCOUNT_HOME");
        let limit = if args.contains(&"limit") { "3h" } else { "1" };
        job.args(args).current_dir(&cluster.0.0).env("PCOUNT_THREADS", "1").env("PCOUNT_LIMIT", limit);
        run(job)
    };
    let stopped = go(&[&["mpirun", "-n", "2", "--"], &ENDLESS[..]].concat());
    assert_eq!((stopped.code, stopped.out.as_str()), (Some(85), ""), "{stopped:?}");
    assert!(stopped.err.ends_with("pcount: there is work left: code 85 asks for another run\n"), "{stopped:?}");
    assert!(
        cluster.attempts()[0].ends_with("--checkpoint-every 100ms --threads 1 --for 1s"),
        "{:?}",
        cluster.attempts()
    );
    assert_eq!(go(&["mpirun", "--", "pi", "1e6", "-q"]).out, "78498\n");
    for (args, said) in [
        (&["pi", "1e6"][..], "'pi 1e6' has no --"),
        (&["mpirum", "-n", "2", "--", "pi", "1e6"], "there is no 'mpirum'"),
        (&["mpirun", "limit", "--", "pi", "1e6"], "PCOUNT_LIMIT='3h'"),
    ] {
        let run = go(args);
        assert!(run.code == Some(2) && run.said().len() == 1 && run.err.contains(said), "{args:?}: {run:?}");
    }
    let help = go(&["--help"]);
    assert!(help.code == Some(0) && help.out.contains("scripts/attempt mpirun"), "{help:?}");
}

/// `scripts/attempt` reads the page of all options, so what `resume` takes stands there as what is typed anew or again.
#[test]
fn what_resume_takes_is_known_to_the_scripts() {
    let (help, page) = (alone(&["resume", "--help"]).out, alone(&["help", "options"]).out);
    let attempt = std::fs::read_to_string(Path::new(HOME).join("scripts/attempt")).unwrap();
    assert!(attempt.contains("help options"));
    let options = help.lines().filter_map(|line| line.trim_start().strip_prefix('-'));
    let names = options.map(|line| format!("-{}", line.split([' ', ',']).next().unwrap()));
    let names: Vec<String> = names.filter(|name| !["-V", "-h"].contains(&name.as_str())).collect();
    assert!(names.len() > 10, "{help}");
    for name in names {
        let is_of = |line: &&str| line.split([' ', ',']).any(|word| word == name);
        let row = page.lines().find(is_of).unwrap_or_else(|| panic!("{name} is not on the page of all options"));
        let resumed = row.split_whitespace().nth(2);
        assert!(matches!(resumed, Some("anew" | "again")), "scripts/attempt does not hand {name} on: {row}");
    }
}

#[test]
fn a_file_is_filled_in_for_every_system() {
    let here = Folder::new("batch-print");
    let files = std::fs::read_dir(batch()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut systems = 0;
    for system in files {
        let text = std::fs::read_to_string(batch().join(&system)).unwrap();
        let header = |name: &str| text.lines().any(|line| line.starts_with(&format!("# {name}: ")));
        assert!(header("checked") && header("submit"), "{system}");
        // As it stands it is what is submitted if nothing is said.
        let plain = printed(HOME, &[&system, "--print", "--", "primes", "0..1e15"]);
        let others: Vec<(&str, &str)> = text.lines().zip(plain.lines()).filter(|(one, other)| one != other).collect();
        assert!(others.len() <= 1, "{system}: {others:?}");
        assert!(plain.contains("primes 0..1e15") || plain.contains(r#"["primes", "0..1e15"]"#), "{system}: {plain}");
        // From elsewhere it knows where the repository is; a container has it elsewhere.
        let elsewhere = printed(&here.0.display().to_string(), &[&system, "--print", "--", "primes", "0..1e15"]);
        assert!(elsewhere.contains(HOME) || system == "kubernetes", "{system}: {elsewhere}");
        if text.starts_with("#!") {
            let path = here.file("job");
            std::fs::write(&path, &elsewhere).unwrap();
            let mut check = Command::new("bash");
            check.args(["-n", &path]);
            assert_eq!(run(check).code, Some(0), "{system}: {elsewhere}");
        }
        systems += 1;
    }
    assert!(systems >= 8);
}

#[test]
fn the_figures_stand_in_their_places() {
    let expect: [(&str, &[&str]); 8] = [
        (
            "slurm",
            &[
                "#SBATCH --nodes=3",
                "#SBATCH --ntasks-per-node=5",
                "#SBATCH --cpus-per-task=7",
                "#SBATCH --time=03:50:00",
                "#SBATCH --signal=B:USR1@120",
            ],
        ),
        ("apptainer", &["#SBATCH --nodes=3", "#SBATCH --ntasks-per-node=5", "#SBATCH --time=03:50:00"]),
        ("sge", &["#$ -pe mpi 105", "#$ -l h_rt=03:50:00", "notice=120", "threads=${PCOUNT_THREADS:-7}"]),
        ("pbs", &["#PBS -l select=3:ncpus=35:mpiprocs=5:ompthreads=7", "#PBS -l walltime=03:50:00", "notice=120"]),
        (
            "lsf",
            &["#BSUB -n 15", "#BSUB -R \"span[ptile=5] affinity[core(7)]\"", "#BSUB -W 03:50", "#BSUB -wa USR1 -wt 2"],
        ),
        (
            "flux",
            &[
                "#flux: --nodes=3 --nslots=15 --cores-per-slot=7",
                "#flux: --time-limit=13800s",
                "nodes=3 tasks=15 threads=7",
            ],
        ),
        (
            "htcondor",
            &[
                "arguments = \"mpirun -n 5 --bind-to none -- pi 1e17 --out 'it''s \"\"a b\"\".h5'\"",
                "environment = \"PCOUNT_THREADS=7 PCOUNT_LIMIT=13680\"",
                "request_cpus = 35",
                "allowed_execute_duration = 13800",
            ],
        ),
        (
            "kubernetes",
            &[
                "  slotsPerWorker: 5",
                "    activeDeadlineSeconds: 13800",
                "              command: [/pcount/scripts/attempt, mpirun, -n, \"15\", --bind-to, none, --]",
                "                  value: \"7\"",
                "      replicas: 3",
                "                  cpu: 35",
            ],
        ),
    ];
    for (system, lines) in expect {
        let nodes: &[&str] = if system == "htcondor" { &[] } else { &["--nodes", "3"] };
        let figures =
            [&[system], nodes, &["--ranks-per-node=5", "--threads", "7", "--time", "3h50m", "--print"]].concat();
        let text = printed(HOME, &[&figures[..], &["--", "pi", "1e17", "--out", "it's \"a b\".h5"]].concat());
        for line in lines {
            assert!(text.lines().any(|other| other == *line), "{system}: no {line} in {text}");
        }
        if system == "kubernetes" {
            let list = text.lines().find_map(|line| line.trim_start().strip_prefix("args: ")).unwrap();
            let words: Vec<String> = serde_json::from_str(list).unwrap();
            assert_eq!(words, ["pi", "1e17", "--out", "it's \"a b\".h5"]);
            // No more than this of YAML can go wrong unseen.
            assert!(
                text.lines().all(|line| line.find(|c| c != ' ').unwrap_or(0) % 2 == 0 && !line.contains('\t')),
                "{text}"
            );
        }
    }
    // A job that is short keeps most of its time.
    assert!(printed(HOME, &["slurm", "--time", "45s", "--print"]).contains("#SBATCH --signal=B:USR1@9\n"));
    assert!(printed(HOME, &["slurm", "--time", "1-2:30:00", "--print"]).contains("#SBATCH --time=26:30:00\n"));
    assert!(printed(HOME, &["sge", "--time", "45s", "--print"]).contains("notice=9\n"));
}

#[test]
fn what_only_the_system_knows_is_a_line_of_its_own() {
    for (system, text, behind, line) in [
        ("slurm", "--account=physics", "#SBATCH --error=%x-%j.err", "#SBATCH --account=physics"),
        ("apptainer", "--array=0-9", "#SBATCH --error=%x-%j.err", "#SBATCH --array=0-9"),
        ("pbs", "-J 0-9", "#PBS -V", "#PBS -J 0-9"),
        ("lsf", "-q long", "#BSUB -e pcount-%J-%I.err", "#BSUB -q long"),
        ("sge", "-pe orte 16", "#$ -V", "#$ -pe orte 16"),
        ("flux", "--queue=batch", "#flux: --error=pcount-{{id}}.err", "#flux: --queue=batch"),
        ("htcondor", "+Project = 1", "log = pcount-$(Cluster).log", "+Project = 1"),
    ] {
        let directive = format!("--directive={text}");
        let job = printed(HOME, &[system, &directive, "--print", "--", "pi", "1e9"]);
        assert!(job.contains(&format!("\n{behind}\n{line}\n")), "{system}: {job}");
    }
}

#[test]
fn what_is_submitted_does_what_was_asked() {
    for (system, ..) in SCRIPTS {
        let cluster = Cluster::new(&format!("batch-filled-{system}"));
        let args =
            [system, "--threads", "1", "--print", "--", "primes", "0..2*10", "-q", "--out", "it's \"a b\" $x.h5"];
        let script = cluster.0.0.join("filled");
        std::fs::write(&script, printed(&cluster.0.file(""), &args)).unwrap();
        let mut job = cluster.job(system, &script, &[]);
        job.env_remove("PCOUNT_HOME");
        let run = run(job);
        assert_eq!((run.code, run.out.as_str()), (Some(0), "8\n"), "{system}: {run:?}");
        assert!(cluster.0.0.join("it's \"a b\" $x.h5").exists(), "{system}: {run:?}");
    }
    // A system that hands a script no arguments takes them from the environment, with their quotes.
    for system in ["pbs", "lsf"] {
        let cluster = Cluster::new(&format!("batch-args-{system}"));
        let mut job = cluster.shipped(system, &[]);
        job.env("PCOUNT_ARGS", "primes 0..2*10 -q --out 'a b.h5'");
        let run = run(job);
        assert_eq!((run.code, run.out.as_str()), (Some(0), "8\n"), "{system}: {run:?}");
        assert!(cluster.0.0.join("a b.h5").exists(), "{system}");
    }
}

#[test]
fn the_systems_own_command_gets_the_job() {
    let cluster = Cluster::new("batch-submit");
    let args = ["slurm", "--nodes", "4", "--", "pi", "1e17"];
    let with_path = |path: String| {
        let mut command = submit(&cluster.0.file(""), &args);
        command.env("PATH", path);
        run(command)
    };
    let submitted = with_path(format!("{}:{}", cluster.0.file("bin"), std::env::var("PATH").unwrap()));
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
    let job = printed(&cluster.0.file(""), &[&args[..3], &["--print"], &args[3..]].concat());
    assert_eq!((cluster.read("record"), cluster.read("submitted")), ("sbatch \n".into(), job));
    // Where there is nothing but Python.
    std::fs::create_dir_all(cluster.0.file("python")).unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", "import sys; print(sys.executable)"]);
    std::os::unix::fs::symlink(run(python).out.trim(), cluster.0.file("python/python3")).unwrap();
    let missing = with_path(cluster.0.file("python"));
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""), "{missing:?}");
    assert_eq!(
        missing.err.lines().last().unwrap().to_string() + "\n",
        "pcount: there is no 'sbatch' here: submit from where there is, or see the job with --print\n"
    );
}

#[test]
fn what_cannot_be_submitted_is_one_line_that_quotes_it() {
    for (args, quotes) in [
        ("", "SYSTEM"),
        ("slurmm -- pi 1e9", "'slurmm'"),
        ("../attempt -- pi 1e9", "'../attempt'"),
        ("slurm pi 1e9", "'pi'"),
        ("slurm --node 3 -- pi 1e9", "'--node'"),
        ("slurm --nodes 0 -- pi 1e9", "'0'"),
        ("slurm --nodes two -- pi 1e9", "'two'"),
        ("slurm --threads 1.5 -- pi 1e9", "'1.5'"),
        ("slurm --ranks-per-node -1 -- pi 1e9", "--ranks-per-node"),
        ("slurm --time 4 -- pi 1e9", "'4'"),
        ("slurm --time 50m3h -- pi 1e9", "'50m3h'"),
        ("slurm --time 4hours -- pi 1e9", "'4hours'"),
        ("slurm --time 8:00 -- pi 1e9", "'8:00'"),
        ("slurm --time 0:00:09 -- pi 1e9", "'0:00:09'"),
        ("htcondor --nodes 3 -- pi 1e9", "'3'"),
        ("slurm --qos high -- pi 1e9", "--directive='--qos"),
        ("kubernetes --directive=-x --print -- pi 1e9", "'-x'"),
        ("slurm --mem 32 -- pi 1e9", "'32'"),
        ("slurm --mail me -- pi 1e9", "'me'"),
        ("slurm --array 9-0 -- pi TASK", "'9-0'"),
        ("slurm --array 0-9 -- pi 1e9", "write TASK"),
        ("sge --array 0-9 -- pi TASK", "sge counts from 1"),
        ("flux --mem 32G -- pi 1e9", "--mem: '32G' is not for flux"),
        ("flux --array 0-9 -- pi TASK", "--array: '0-9' is not for flux"),
        ("htcondor --queue long -- pi 1e9", "--queue: 'long' is not for htcondor"),
        ("kubernetes --account me -- pi 1e9", "--account: 'me' is not for kubernetes"),
        ("htcondor --module openmpi -- pi 1e9", "--module: 'openmpi' is not for htcondor"),
        ("slurm --at-most forever -- pi 1e9", "'forever'"),
        // Words of other systems.
        ("slurm --directive=#PBS|-q|long -- pi 1e9", "'#PBS -q long' is for pbs and not for slurm"),
        ("slurm --directive=-pe|mpi|4 -- pi 1e9", "'-pe mpi 4' is for sge and not for slurm"),
        ("slurm --directive=-l|select=2 -- pi 1e9", "'-l select=2' is for pbs and not for slurm"),
        ("pbs --directive=--account=physics -- pi 1e9", "'--account=physics' is for slurm and not for pbs"),
        ("sge --directive=-gpu|num=1 -- pi 1e9", "'-gpu num=1' is for lsf and not for sge"),
        ("lsf --directive=-pe|mpi|4 -- pi 1e9", "'-pe mpi 4' is for sge and not for lsf"),
        ("flux --directive=--partition=x -- pi 1e9", "'--partition=x' is for slurm and not for flux"),
        ("htcondor --directive=-q|long -- pi 1e9", "whose lines are NAME = VALUE"),
    ] {
        let words: Vec<String> = args.split_whitespace().map(|word| word.replace('|', " ")).collect();
        let run = run(submit(HOME, &words.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{args}: {run:?}");
        assert_eq!((run.said().len(), run.err.lines().count()), (1, 1), "{args}: {run:?}");
        assert!(run.err.contains(quotes), "{args}: {run:?}");
    }
    for system in ["slurm", "apptainer", "pbs", "lsf", "sge", "flux", "htcondor", "kubernetes"] {
        for word in ["0..1e9\nqueue 9", "0..9\r#$ -M me"] {
            let run = run(submit(HOME, &[system, "--print", "--", "primes", word]));
            assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{run:?}");
            assert!(run.err.contains(&format!("{word:?} has a line break").replace('"', "'")), "{run:?}");
        }
        for option in ["--account", "--queue", "--mail", "--directive", "--module"] {
            let run = run(submit(HOME, &[system, &format!("{option}=a\n#PBS -q b"), "--print", "--", "pi", "1e9"]));
            assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{run:?}");
        }
    }
}

#[test]
fn what_pcount_would_refuse_is_not_submitted() {
    let checked = |args: &[&str]| {
        let mut command = submit(HOME, args);
        run({
            command.env("PCOUNT", env!("CARGO_BIN_EXE_pcount"));
            command
        })
    };
    for (arguments, quotes) in [
        (&["primes", "2..1"][..], "2..1"),
        (&["pi", "1e9", "--thread", "2"], "--thread"),
        (&["primes", "1e9..+"], "1e9..+"),
    ] {
        let run = checked(&[&["slurm", "--print", "--"], arguments].concat());
        assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{run:?}");
        assert!(run.err.contains(quotes), "{run:?}");
    }
    // What has no plan is not checked.
    assert_eq!(checked(&["slurm", "--print", "--", "resume", "later.h5"]).code, Some(0));
    // TASK is a number in each task of an array.
    let run = checked(&["slurm", "--print", "--", "primes", "TASK*1e12..+1e12"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.out.ends_with("-- primes 'TASK*1e12..+1e12'\n"), "{}", run.out);
}

#[test]
fn every_system_is_asked_in_its_own_words() {
    let all = "--account phys --queue long --mem 32G --mail me@host --array 1-9 --module mpi/4 --module hdf5";
    for (system, options, lines) in [
        (
            "slurm",
            all,
            &[
                "#SBATCH --account=phys",
                "#SBATCH --partition=long",
                "#SBATCH --mem=32G",
                "#SBATCH --mail-user=me@host",
                "#SBATCH --mail-type=END,FAIL",
                "#SBATCH --array=1-9",
                "module load mpi/4 hdf5",
            ][..],
        ),
        (
            "pbs",
            all,
            &[
                "#PBS -A phys",
                "#PBS -q long",
                "#PBS -l select=2:ncpus=8:mpiprocs=2:ompthreads=4:mem=32gb",
                "#PBS -M me@host",
                "#PBS -m ae",
                "#PBS -J 1-9",
                "module load mpi/4 hdf5",
            ],
        ),
        (
            "lsf",
            all,
            &[
                "#BSUB -P phys",
                "#BSUB -q long",
                "#BSUB -R \"rusage[mem=32GB/host]\"",
                "#BSUB -u me@host",
                "#BSUB -N",
                "#BSUB -J \"pcount[1-9]\"",
                "module load mpi/4 hdf5",
            ],
        ),
        (
            "sge",
            all,
            &[
                "#$ -A phys",
                "#$ -q long",
                "#$ -l h_vmem=4G",
                "#$ -M me@host",
                "#$ -m ea",
                "#$ -t 1-9",
                "module load mpi/4 hdf5",
            ],
        ),
        (
            "flux",
            "--account phys --queue long --module hdf5",
            &["#flux: --bank=phys", "#flux: --queue=long", "module load hdf5"],
        ),
        (
            "htcondor",
            "--account phys --mem 500M --mail me@host",
            &["accounting_group = phys", "request_memory = 500MB", "notify_user = me@host"],
        ),
        ("kubernetes", "--mem 32G", &["                  memory: 32Gi"]),
        // The system's own beginning is understood.
        ("slurm", "--directive=#SBATCH|--qos=high", &["#SBATCH --qos=high"]),
    ] {
        let options: Vec<String> = options.split_whitespace().map(|word| word.replace('|', " ")).collect();
        let options = options.iter().map(String::as_str).collect();
        let job = printed(HOME, &[vec![system, "--print"], options, vec!["--", "pi", "TASK"]].concat());
        for line in lines {
            assert!(job.lines().any(|other| other == *line), "{system}: no '{line}' in {job}");
        }
    }
}

#[test]
fn what_a_job_takes_is_said_and_what_takes_too_long_is_refused() {
    let asked = |args: &[&str]| {
        let mut command = submit(HOME, args);
        command.env("PCOUNT", PCOUNT);
        run(command)
    };
    let job = asked(&["slurm", "--time", "10m", "--print", "--", "pi", "1e23", "-q", "--format=text"]);
    assert_eq!((job.code, job.said().len()), (Some(0), 1), "{job:?}");
    for part in ["pcount: expected to take ", " a rank, ", " a node, in ", " jobs one after the other"] {
        assert!(job.err.contains(part), "{job:?}");
    }
    // Twice the ranks make half the jobs. Each run measures the machine anew.
    let said = |nodes: &str| -> f64 {
        let err = asked(&["slurm", "--time", "1m", "--nodes", nodes, "--print", "--", "pi", "1e22"]).err;
        err.split(" jobs").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{err}"))
    };
    // The middle of several pairs: who computes beside it for a while makes both of a pair slower.
    let mut ratios: Vec<f64> = (0..9).map(|_| said("1") / said("2")).collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[4];
    assert!((1.5..2.5).contains(&ratio), "{ratios:?}");
    for (args, quotes) in [
        (
            &["slurm", "--print", "--", "primes", "0..1e18", "--gaps"][..],
            "'primes 0..1e18 --gaps' is expected to take ",
        ),
        (
            &["slurm", "--at-most", "10s", "--print", "--", "pi", "1e22"],
            "longer than 10 seconds: --at-most 1d allows it",
        ),
        (&["slurm", "--mem", "50M", "--print", "--", "pi", "1e20"], "--mem: 'pi 1e20' is expected to need "),
    ] {
        let run = asked(args);
        assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{run:?}");
        assert!(run.err.contains(quotes), "{run:?}");
    }
    assert_eq!(asked(&["slurm", "--at-most", "3000d", "--print", "--", "primes", "0..1e18", "--gaps"]).code, Some(0));
    // What is left of a run is known from how fast it went.
    let folder = Folder::new("batch-left");
    let file = folder.file("left.h5");
    assert_eq!(alone(&[&ENDLESS[..], &["--for", "500ms", "--out", &file]].concat()).code, Some(85));
    // A unit that is not done in the time is begun anew, so the time grows.
    let mut seconds = 1;
    while alone(&["show", &file, "--format", "json"]).json()["run"]["units_done"] == 0 {
        assert_eq!(alone(&["resume", &file, "--for", &format!("{seconds}s")]).code, Some(85));
        seconds *= 2;
    }
    let left = asked(&["slurm", "--at-most", "9999d", "--print", "--", "resume", &file]);
    assert!(left.code == Some(0) && left.err.starts_with("pcount: expected to take "), "{left:?}");
}

#[test]
fn a_run_file_knows_its_job_its_processor_and_its_end() {
    let cluster = Cluster::new("batch-facts");
    let mut job = cluster.shipped("slurm", &["pi", "1e6", "--out", "run.h5", "--format", "json"]);
    job.env("SLURM_JOB_ID", "4711");
    assert_eq!(run(job).code, Some(0));
    let facts = alone(&["show", &cluster.0.file("run.h5"), "--format", "json"]).json()["run"].clone();
    assert_eq!(facts["job"], "4711", "{facts}");
    assert!(facts["ended"].as_str().unwrap() >= facts["started"].as_str().unwrap(), "{facts}");
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    assert!(model.is_none_or(|(_, name)| facts["cpu"][0] == name.trim()), "{facts}");
}

#[test]
fn a_file_may_have_a_name_that_begins_with_a_dash() {
    let cluster = Cluster::new("batch-dash");
    for _ in 0..2 {
        let run = run(cluster.shipped("slurm", &["pi", "1e6", "-q", "--out=-x"]));
        assert_eq!((run.code, run.out.as_str()), (Some(0), "78498\n"), "{run:?}");
        assert!(cluster.0.0.join("-x").exists());
    }
    assert!(cluster.attempts()[1].starts_with("resume ./-x"), "{:?}", cluster.attempts());
    let run = run(cluster.shipped("slurm", &["pi", "1e6", "-q", "-t1", "-o", "short.h5"]));
    assert_eq!((run.code, run.out.as_str()), (Some(0), "78498\n"), "{run:?}");
    assert!(cluster.0.0.join("short.h5").exists());
}
