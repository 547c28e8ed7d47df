//! Runs that are stopped, killed and gone on with: whatever happens to one, the next finds what was saved and comes to
//! the exact answer, on any number of ranks.
#![cfg(target_os = "linux")]

mod common;

use common::{
    Folder, Job, Run, alone, ended, hears, kill, kill_all_of, launcher, mpirun, mpirun_of, pcount, pids_of, run,
    wait_until,
};
use pcount::report::{Report, State, Status, history};
use pcount::run_file::lock::Owner;
use pcount::run_file::{self, read};
use pcount::values::{Fact, Value};
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A job of a second or two on one thread, cut into more than a hundred units.
const JOB: [&str; 7] = ["primes", "1e12..+1e10/3", "--method", "sieve", "--threads", "1", "-q"];

/// Its answer, known before (primesieve 11.0).
const ANSWER: &str = "120630949\n120608682\n120600577\n";

/// A count by Gourdon's formula, of both ends of a range, that takes two or three seconds on one thread; and its answer.
const GOURDON: [&str; 5] = ["primes", "3e15..1e16", "--threads", "1", "-q"];
const BY_GOURDON: &str = "192549738223806\n";

/// What no test waits for: a minute, in units of a hundredth of a second.
const LONG: &str = "1e12..+2e11/200";

fn words<'a>(all: &[&[&'a str]]) -> Vec<&'a str> {
    all.concat()
}

/// pcount on so many ranks, under way; one is alone.
fn start(ranks: usize, args: &[&str]) -> Job {
    common::start(if ranks == 1 { pcount(args) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), args) })
}

fn go_on(ranks: usize, args: &[&str]) -> Run {
    if ranks == 1 { alone(args) } else { mpirun(ranks, args) }
}

/// The run in the file, when it is there and something of it is done.
fn waited_for(path: &str) -> Report {
    wait_until("some units are saved", || Path::new(path).exists() && done(&read(Path::new(path)).unwrap()) > 0);
    read(Path::new(path)).unwrap()
}

/// The ranks that have brought something.
fn who_computed(report: &Report) -> Vec<u64> {
    let mut ranks: Vec<u64> = report.timeline.iter().map(|entry| entry.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// Goes on with `args` for `limit`, or for longer where the machine has so much else to do that nothing gets done: how
/// that was stopped by its time.
fn stopped_by_time(args: &[&str], file: &str, mut limit: Duration) -> Run {
    let before = read(Path::new(file)).map_or(0, |report| done(&report));
    loop {
        let going_on = ["resume", file, "-q", "--threads", "1"];
        let args = if Path::new(file).exists() { &going_on[..] } else { args };
        let run = alone(&words(&[args, &["--for", &format!("{}ms", limit.as_millis())]]));
        assert!(run.code == Some(85) && run.said()[0].contains("because its time was up"), "{run:?}");
        if done(&read(Path::new(file)).unwrap()) > before {
            return run;
        }
        limit *= 2;
        assert!(limit < Duration::from_secs(60), "runs of {limit:?} get nowhere");
    }
}

fn done(report: &Report) -> u64 {
    report.state.as_ref().unwrap().done
}

/// Numbers that a seed makes: the tests are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }
}

/// Tells one file of that name from the next.
fn version(path: &str) -> Option<u64> {
    fs::metadata(path).ok().map(|file| file.ino())
}

#[test]
fn killed_at_any_moment_a_run_comes_to_the_exact_answer() {
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let folder = Folder::new(&format!("killed-{seed}"));
        let file = folder.file("run.h5");
        let (mut attempts, mut before) = (0, 0);
        let run = loop {
            attempts += 1;
            let resume = Path::new(&file).exists();
            let how: &[&str] = &["--checkpoint-every", "60ms", "--schedule", ["fixed", "farm"][dice.below(2) as usize]];
            let args = match resume {
                true => words(&[&["resume", &file, "-q", "--threads", "1"], how]),
                false => words(&[&JOB, &["--out", &file], how]),
            };
            let mut child = start(1 + dice.below(3) as usize, &args);
            // Before its first save or after some; the last attempts may come to their end.
            let saves = if attempts > 5 { 9 } else { dice.below(4) };
            for _ in 0..saves {
                let (before, over) = (version(&file), |child: &mut Job| child.try_wait().unwrap().is_some());
                while version(&file) == before && !over(&mut child) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            std::thread::sleep(Duration::from_millis(dice.below(100)));
            kill_all_of(child.id());
            let run = ended(child);
            if run.code == Some(0) || attempts == 8 {
                break run;
            }
            // What was saved is whole, and never less than before.
            if Path::new(&file).exists() {
                let report = read(Path::new(&file)).unwrap();
                assert!(done(&report) >= before, "seed {seed}");
                before = done(&report);
            }
        };
        let run = if run.code == Some(0) { run } else { go_on(1 + seed as usize % 3, &["resume", &file, "-q"]) };
        assert_eq!((run.code, &*run.out), (Some(0), ANSWER), "seed {seed}, {attempts} attempts: {run:?}");
        let report = read(Path::new(&file)).unwrap();
        assert_eq!((report.status, done(&report)), (Status::Complete, report.state.as_ref().unwrap().units));
        // A resume of what is complete says it again.
        assert_eq!(go_on(2, &["resume", &file, "-q"]).out, ANSWER);
        assert_eq!(alone(&["show", &file, "-q"]).out, ANSWER);
    }
}

#[test]
fn every_signal_stops_a_run_with_all_that_was_done() {
    let folder = Folder::new("signals");
    for signal in ["TERM", "INT", "USR1", "USR2", "XCPU", "HUP"] {
        let file = folder.file(&format!("{signal}.h5"));
        let child = start(
            1,
            &["primes", LONG, "--method", "sieve", "--threads", "2", "--out", &file, "--checkpoint-every", "100ms"],
        );
        waited_for(&file);
        kill(signal, child.id());
        let run = ended(child);
        assert_eq!((run.code, &*run.out), (Some(85), ""), "{signal}: {run:?}");
        let said = format!("because SIG{signal} came");
        assert!(run.said().len() == 1 && run.said()[0].contains(&said), "{run:?}");
        assert!(run.said()[0].ends_with(&format!("to continue: pcount resume {file}")), "{run:?}");
        let report = read(Path::new(&file)).unwrap();
        assert!(report.status == Status::Partial && done(&report) > 0);
        assert!(!Path::new(&format!("{file}.lock")).exists() && !Path::new(&format!("{file}.new")).exists());
    }
}

#[test]
fn without_a_run_file_a_stop_says_how_to_keep_one() {
    let child = start(1, &["delay", "1000"]);
    wait_until("it hears signals", || hears(child.id(), 15));
    kill("TERM", child.id());
    let run = ended(child);
    assert_eq!((run.code, run.out.is_empty()), (Some(85), true), "{run:?}");
    assert!(run.said()[0].contains("nothing was saved: use --out run.h5"), "{run:?}");
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    use std::os::unix::process::ExitStatusExt;
    // The first one stops it by itself within some tenths of a second: on a busy machine the second may come too late.
    let at_once = (0..50).any(|_| {
        let mut child = start(1, &["delay", "1000"]);
        wait_until("it hears signals", || hears(child.id(), 2));
        let pid = child.id();
        Command::new("sh").args(["-c", &format!("kill -INT {pid}; sleep 0.02; kill -INT {pid}")]).status().unwrap();
        child.wait().unwrap().signal() == Some(2)
    });
    assert!(at_once);
}

#[test]
fn a_hangup_that_is_ignored_stays_so() {
    // UCX, below MPICH, takes SIGHUP for itself before anyone can see that it was to be ignored.
    if launcher().contains("mpich") {
        return common::ignored("UCX takes SIGHUP");
    }
    let line = format!("trap '' HUP; exec {} delay 0.8 -q", env!("CARGO_BIN_EXE_pcount"));
    let mut command = Command::new("sh");
    let child = common::spawn(command.args(["-c", &line]).stdout(Stdio::piped()).stderr(Stdio::piped()));
    wait_until("it hears signals", || hears(child.id(), 15));
    kill("HUP", child.id());
    assert_eq!(ended(child).code, Some(0));
}

#[test]
fn a_signal_to_any_rank_stops_them_all() {
    let folder = Folder::new("ranks");
    for schedule in ["fixed", "farm"] {
        for (victim, signal) in [(1, "TERM"), (2, "USR1"), (0, "INT")] {
            let file = folder.file(&format!("{schedule}-{victim}.h5"));
            let args = ["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file, "--schedule", schedule];
            let child = start(3, &words(&[&args, &["--checkpoint-every", "100ms"]]));
            waited_for(&file);
            wait_until("all three have brought something", || who_computed(&waited_for(&file)) == [0, 1, 2]);
            let mut ranks = pids_of(child.id(), &file);
            ranks.sort_unstable();
            kill(signal, ranks[victim]);
            let run = ended(child);
            assert_eq!((run.code, &*run.out), (Some(85), ""), "{schedule}, {victim}: {run:?}");
            let report = read(Path::new(&file)).unwrap();
            assert!(report.status == Status::Partial && done(&report) > 0);
            assert_eq!(who_computed(&report), [0, 1, 2]);
        }
    }
}

#[test]
fn a_signal_while_mpi_starts_stops_it_like_any_other() {
    let folder = Folder::new("starting");
    let file = folder.file("run.h5");
    let child = start(2, &["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file]);
    // What comes before a process listens ends it, as it ends any process.
    let listening = || pids_of(child.id(), &file).into_iter().find(|&pid| hears(pid, 15));
    wait_until("a rank hears signals", || listening().is_some());
    let first = listening().unwrap();
    kill("TERM", first);
    let run = ended(child);
    assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
}

/// What launchers say that pass a signal on: what the ranks say, or MPICH's sometimes 0.
fn passed_on() -> [i32; 2] {
    if launcher().contains("mpich") { [0, 85] } else { [85; 2] }
}

#[test]
fn a_signal_to_the_launcher_stops_the_job() {
    let folder = Folder::new("launcher");
    // Open MPI has ranks killed a second after it was sent SIGTERM, and then says 1 whatever they say.
    let kills = if launcher().contains("mpich") { passed_on() } else { [1; 2] };
    for (signal, codes) in [("USR1", passed_on()), ("TERM", kills)] {
        let file = folder.file(&format!("{signal}.h5"));
        let args = ["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file];
        let child = start(2, &words(&[&args, &["--checkpoint-every", "200ms"]]));
        let before = done(&waited_for(&file));
        kill(signal, child.id());
        let run = ended(child);
        assert!(run.code.is_some_and(|code| codes.contains(&code)), "{signal}: {run:?}");
        let report = read(Path::new(&file)).unwrap();
        assert!(report.status == Status::Partial && done(&report) >= before, "{signal}");
    }
}

#[test]
fn a_run_ends_before_its_time_and_goes_on_from_there() {
    let folder = Folder::new("for");
    for (ranks, mut limit) in [(1, 1000), (2, 1500)] {
        let file = folder.file(&format!("{ranks}.h5"));
        let (mut args, mut attempts, mut before) = (words(&[&JOB, &["--out", &file]]), 0, 0);
        let run = loop {
            attempts += 1;
            let run = go_on(ranks, &words(&[&args, &["--for", &format!("{limit}ms")]]));
            if run.code == Some(0) && attempts == 1 {
                // A fast machine was done before it had to stop: it gets less time.
                (limit, attempts) = (limit / 2, 0);
                assert!(limit > 100, "it is over at once");
                continue;
            }
            if run.code == Some(0) {
                break run;
            }
            assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
            assert!(run.said()[0].contains("because its time was up"), "{run:?}");
            let report = read(Path::new(&file)).unwrap();
            assert_eq!((report.status, history::count(&report.attempts)), (Status::Partial, attempts - 1));
            // A busy one gets more.
            limit = if done(&report) > before { limit } else { 2 * limit };
            assert!(attempts < 30 && limit < 60_000);
            (args, before) = (vec!["resume", &file, "-q", "--threads", "1"], done(&report));
        };
        assert_eq!(run.out, ANSWER);
        let report = read(Path::new(&file)).unwrap();
        // It is known who computed what, and all units are accounted for.
        let units =
            |attempt: u64| report.timeline.iter().filter(|s| s.attempt == attempt).map(|s| s.units).sum::<u64>();
        assert!(units(attempts - 1) > 0);
        assert_eq!((0..attempts).map(units).sum::<u64>(), report.state.as_ref().unwrap().units);
        assert_eq!(alone(&["show", &file, "--format", "json"]).json()["run"]["attempts"], attempts);
    }
}

#[test]
fn a_run_is_over_before_its_time_is() {
    // On a machine that has much else to do it may take a longer time until this is so.
    let kept = [1, 2, 4, 8, 16, 32].into_iter().map(Duration::from_secs).any(|limit| {
        let run =
            alone(&["primes", LONG, "--method", "sieve", "--threads", "1", "--for", &format!("{}s", limit.as_secs())]);
        assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
        run.took < limit
    });
    assert!(kept, "it never ends in time");
}

#[test]
fn a_count_by_the_formula_is_gone_on_with_too() {
    let folder = Folder::new("gourdon");
    let file = folder.file("run.h5");
    // Killed on two ranks, gone on with on one and on three. Where this test has to wait for a core, it may be over before.
    let killed = (0..20).any(|_| {
        let _ = fs::remove_file(&file);
        let child = start(2, &words(&[&GOURDON, &["--out", &file, "--checkpoint-every", "50ms"]]));
        waited_for(&file);
        kill_all_of(child.id());
        ended(child).code != Some(0)
    });
    assert!(killed, "it is always over at once");
    let left = read(Path::new(&file)).unwrap();
    assert!(left.status == Status::Partial && left.problem.contains(&Fact::new("method", Value::text("gourdon"))));
    let shown = alone(&["show", &file]);
    assert!(shown.code == Some(0) && shown.out.contains("partial: "), "{shown:?}");
    let shown = alone(&["show", &file, "--format", "json"]).json();
    assert_eq!((&shown["status"], &shown["run"]["units_done"]), (&"partial".into(), &done(&left).into()));
    let other = alone(&["resume", &file, "--method", "sieve"]);
    assert!(other.code == Some(2) && other.said()[0].contains("method gourdon, not method sieve"), "{other:?}");
    for ranks in [1, 3] {
        let copy = folder.file(&format!("{ranks}.h5"));
        fs::copy(&file, &copy).unwrap();
        let run = go_on(ranks, &["resume", &copy, "-q"]);
        assert_eq!((run.code, &*run.out), (Some(0), BY_GOURDON), "on {ranks} ranks: {run:?}");
        // What was saved is not computed again.
        let report = read(Path::new(&copy)).unwrap();
        let computed: u64 = report.timeline.iter().filter(|entry| entry.attempt == 1).map(|entry| entry.units).sum();
        assert_eq!((report.status, computed), (Status::Complete, report.state.unwrap().units - done(&left)));
    }
    // Stopped by its time, as often as that takes.
    let file = folder.file("for.h5");
    let (mut args, mut before, mut attempts, mut time) = (words(&[&GOURDON, &["--out", &file]]), 0, 1, 1200);
    let run = loop {
        let run = alone(&words(&[&args, &["--for", &format!("{time}ms")]]));
        if run.code == Some(0) {
            break run;
        }
        assert!(run.code == Some(85) && run.said()[0].contains("because its time was up"), "{run:?}");
        let report = read(Path::new(&file)).unwrap();
        assert!(report.status == Status::Partial && done(&report) >= before, "attempt {attempts}: {run:?}");
        // On a machine with much else to do an attempt of a second may just have made its tables.
        time = if done(&report) > before { time } else { 2 * time };
        assert!(time < 60_000, "attempts of {time} ms get nowhere");
        (args, before, attempts) = (vec!["resume", &file, "-q", "--threads", "1"], done(&report), attempts + 1);
    };
    assert!(attempts > 1, "it was over at once");
    assert_eq!(run.out, BY_GOURDON);
}

/// Every command whose answer can be kept, told once more from its file, and said again by a resume.
#[test]
fn what_is_computed_is_kept_whatever_it_is() {
    let folder = Folder::new("kept");
    let all = [
        "primes 0..1e6/2 1e15..1e15+1e7",
        "primes 0..1e5 --method trial",
        "primes 0..1e6/2 --tuplet 3",
        "primes 0..1e6/2 --gaps",
        "pi 1e6 1e11",
        "sum-primes 0..1e6/2",
        "nth-prime 5 1e9",
        "is-prime 91 97 2^127-1",
        "next-prime 0..200 1e18",
        "prev-prime 3..200 1e18",
        "phi 1e9 100",
        "phi 1e12 1e7",
        "phi 10 2",
        "li 2 1e25",
        "riemann-r 1e9",
        "factorial 5 1000..1003",
        "factorial 7..300 3000000 --mod 1e9+7",
        "square 1..6",
        "double 1..6",
        "sum 0..100",
        "map-reduce 1..6",
        "delay 0.01 0.02",
        "download http://127.0.0.1:1/",
        "barrier --step 0.01",
        "ranks",
    ];
    for entry in pcount::kernel::KERNELS {
        assert!(all.iter().any(|args| args.split(' ').next() == Some(entry.name)), "{} is not tried", entry.name);
    }
    for (index, args) in all.iter().enumerate() {
        let args: Vec<&str> = args.split(' ').collect();
        for ranks in [1, 2] {
            let file = folder.file(&format!("{index}-{ranks}.h5"));
            let run = go_on(ranks, &words(&[&args, &["--format", "csv", "--out", &file]]));
            let fails = args[0] == "download";
            assert_eq!(run.code, Some(fails.into()), "{args:?}: {run:?}");
            let shown = alone(&["show", &file, "--format", "csv"]);
            assert_eq!((shown.code, &shown.out), (Some(0), &run.out), "{args:?}: {shown:?}");
            let again = alone(&["resume", &file, "--format", "csv"]);
            assert_eq!((again.code, &again.out), (Some(fails.into()), &run.out), "{args:?}: {again:?}");
        }
    }
    // Those that take their time can be stopped.
    for args in [&["phi", "1e17", "1e6"][..], &["phi", "1e19", "1e12"], &["nth-prime", "1e17"]] {
        let file = folder.file(&format!("{}.h5", args.join("-")));
        let run = alone(&words(&[args, &["--for", "1200ms", "--threads", "1", "-q", "--out", &file]]));
        assert!(run.code == Some(85) && run.said()[0].contains("because its time was up"), "{run:?}");
        let again = alone(&["resume", &file, "--for", "1200ms", "-q"]);
        assert_eq!(again.code, Some(85), "{again:?}");
    }
}

#[test]
fn scripts_learn_how_far_a_stopped_run_is() {
    let folder = Folder::new("partial");
    let file = folder.file("run.h5");
    stopped_by_time(&["primes", LONG, "--method", "sieve", "--out", &file], &file, Duration::from_millis(600));
    let run = alone(&["resume", &file, "--for", "400ms", "--format", "json"]);
    assert_eq!((run.code, &run.json()["status"]), (Some(85), &"partial".into()));
    let shown = alone(&["show", &file, "--format", "json"]);
    assert_eq!((shown.code, &shown.out), (Some(0), &run.out));
    assert!(run.json()["run"]["units_done"].as_u64().unwrap() > 0);
    let text = alone(&["show", &file]);
    assert!(text.code == Some(0) && text.out.contains("status                partial: "), "{text:?}");
    let bare = alone(&["show", &file, "-q"]);
    assert_eq!((bare.code, &*bare.out), (Some(1), ""));
    // Work that somebody may want to go on with is not written over.
    let again = alone(&["primes", "0..10", "--out", &file]);
    assert!(again.code == Some(2) && again.said()[0].contains("there is an unfinished run"), "{again:?}");
    // A script that gives it too little time again and again should hear of it.
    let none = alone(&["pi", "1e20", "--for", "100ms"]);
    assert!(
        none.code == Some(85) && none.said()[0].contains("before a first block was done: give it more time"),
        "{none:?}"
    );
    let more = stopped_by_time(&[], &file, Duration::from_millis(600));
    assert!(!more.err.contains("give it more time"), "{more:?}");
    let waits = folder.file("waits.h5");
    assert_eq!(alone(&["delay", "0.01", "60", "--out", &waits, "--for", "2s"]).code, Some(85));
    let no_more = alone(&["resume", &waits, "--for", "500ms"]);
    assert!(no_more.said()[0].contains("50.0 % done, no more than before: give it more time"), "{no_more:?}");
    // In a job of Grid Engine the code is the one that has it run again.
    let mut command = pcount(&["primes", LONG, "--method", "sieve", "--for", "400ms"]);
    command.env("SGE_ROOT", "/opt/sge").env("JOB_ID", "17");
    assert_eq!(run_(command).code, Some(99));
}

fn run_(command: Command) -> Run {
    run(command)
}

#[test]
fn only_the_plan_must_be_the_same() {
    let folder = Folder::new("plan");
    let file = folder.file("run.h5");
    let begun = alone(&words(&[&JOB, &["--out", &file, "--for", "600ms", "--lanes", "scalar"]]));
    assert_eq!(begun.code, Some(85), "{begun:?}");
    for (args, what) in [
        (&["--method", "trial"][..], "method sieve, not method trial"),
        (&["--out", "other.h5"], "--out is not for 'resume'"),
        (&["--tuplet", "2"], "'--tuplet'"),
        (&["0..5"], "'0..5'"),
    ] {
        let run = alone(&words(&[&["resume", &file], args]));
        assert!(run.code == Some(2) && run.said()[0].contains(what), "{args:?}: {run:?}");
    }
    let run =
        mpirun(2, &["resume", &file, "--schedule", "farm", "--threads", "2", "--method", "sieve", "--format", "csv"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.out.lines().count(), 4);
    // It is over, so nothing of it can be verified any more.
    let run = alone(&["resume", &file, "--verify"]);
    assert!(run.code == Some(2) && run.said()[0].contains("was not verified"), "{run:?}");
    // Nor is a run gone on with that another pcount began, which may cut its units otherwise.
    let left = alone(&words(&[&JOB, &["--out", &folder.file("left.h5"), "--for", "600ms"]]));
    assert_eq!(left.code, Some(85), "{left:?}");
    let report = read(Path::new(&folder.file("left.h5"))).unwrap();
    let older = |fact: &Fact| match &*fact.name {
        "version" => Fact::new("version", Value::text("0.0.9")),
        _ => fact.clone(),
    };
    let older = Report { run: report.run.iter().map(older).collect(), ..report.clone() };
    let state = report.state.clone().unwrap();
    let recut = Report { state: Some(State { units: state.units + 1, done: state.done + 1, ..state }), ..report };
    let me = Owner { host: "here".into(), pid: 1, job: None };
    for (report, what) in [(older, "was started by pcount 0.0.9"), (recut, "another build of pcount cut this run into")]
    {
        let file = folder.file("other.h5");
        let _ = fs::remove_file(&file);
        run_file::write(&report, &mut run_file::draft(Path::new(&file), &me).unwrap()).unwrap();
        let run = alone(&["resume", &file]);
        assert!(run.code == Some(2) && run.said()[0].contains(what), "{run:?}");
    }
    // A problem whose default is of its ranks stays that of the ranks it was begun on.
    let file = folder.file("sum.h5");
    assert_eq!(mpirun(3, &["sum", "--out", &file, "-q"]).out, "435\n");
    assert_eq!(alone(&["resume", &file, "-q"]).out, "435\n");
}

#[test]
fn damaged_and_foreign_files_are_refused_or_the_one_before_is_taken() {
    let folder = Folder::new("damaged");
    let file = folder.file("run.h5");
    let mut child = start(
        1,
        &["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file, "--checkpoint-every", "60ms"],
    );
    wait_until("it was saved twice", || Path::new(&format!("{file}.prev")).exists());
    kill("TERM", child.id());
    child.wait().unwrap();
    let (whole, before) = (fs::read(&file).unwrap(), format!("{file}.prev"));
    let left = done(&read(Path::new(&before)).unwrap());
    let mut flipped = whole.clone();
    flipped[whole.len() / 3] ^= 4;
    for damage in [&whole[..whole.len() / 2], &whole[..0], &flipped] {
        fs::write(&file, damage).unwrap();
        let run = alone(&["resume", &file, "--for", "400ms"]);
        assert_eq!(run.code, Some(85), "{run:?}");
        assert!(run.said()[0].contains("; taking that, which is of pcount primes 1e12"), "{run:?}");
        // The damaged one did not take the place of the good one.
        assert_eq!(done(&read(Path::new(&before)).unwrap()), left);
        assert!(done(&read(Path::new(&file)).unwrap()) >= left);
    }
    fs::remove_file(&before).unwrap();
    for (content, what) in
        [(&flipped[..], "is damaged"), (b"text", "is not a pcount run file"), (&whole[..10], "is not")]
    {
        fs::write(&file, content).unwrap();
        for ranks in [1, 2] {
            let run = go_on(ranks, &["resume", &file]);
            assert_eq!((run.code, run.said().len()), (Some(1), 1), "{run:?}");
            assert!(run.said()[0].contains(what), "{run:?}");
        }
    }
    let none = alone(&["resume", &folder.file("none.h5")]);
    assert!(none.code == Some(2) && none.said()[0].ends_with("there is no such file"), "{none:?}");
}

#[test]
fn a_full_disk_costs_the_file_and_not_the_answer() {
    let folder = Folder::new("full");
    let file = folder.file("run.h5");
    let limited = |blocks: u32, args: &[&str]| {
        let line = format!("ulimit -f {blocks}; exec {} {}", env!("CARGO_BIN_EXE_pcount"), args.join(" "));
        let mut command = Command::new("sh");
        command.args(["-c", &line]);
        run(command)
    };
    let run = limited(8, &words(&[&JOB, &["--out", &file, "--checkpoint-every", "100ms"]]));
    assert_eq!((run.code, &*run.out), (Some(1), ANSWER), "{run:?}");
    // Once while it goes on, once at the end.
    let said = run.said();
    assert!(said.len() == 2 && said.iter().all(|line| line.contains(&format!("cannot write '{file}'"))), "{run:?}");
    assert!(said[0].ends_with("the run goes on and tries again"));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "something is left behind");
    // What was saved before stays, and can be gone on with.
    let begun = alone(&words(&[&JOB, &["--out", &file, "--for", "700ms"]]));
    assert_eq!(begun.code, Some(85));
    let saved = done(&read(Path::new(&file)).unwrap());
    assert_eq!(limited(8, &["resume", &file, "-q", "--for", "700ms"]).code, Some(1));
    assert_eq!(done(&read(Path::new(&file)).unwrap()), saved);
    assert_eq!(alone(&["resume", &file, "-q"]).out, ANSWER);
}

#[test]
fn a_second_writer_is_told_who_was_first() {
    let folder = Folder::new("writer");
    let file = folder.file("run.h5");
    let args = ["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file, "--checkpoint-every", "50ms"];
    let first = start(1, &args);
    waited_for(&file);
    for args in [&["resume", &file][..], &["primes", "0..5", "--out", &file]] {
        let second = alone(args);
        assert_eq!(second.code, Some(1), "{second:?}");
        assert!(
            second.said()[0].contains(&format!("another run is writing it: process {} on ", first.id())),
            "{second:?}"
        );
    }
    kill("KILL", first.id());
    ended(first);
    // The dead keep nobody.
    assert_eq!(alone(&["resume", &file, "--for", "300ms"]).code, Some(85));
}

#[test]
fn what_another_user_left_behind_keeps_nobody() {
    let folder = Folder::new("user");
    let file = folder.file("run.h5");
    let args = ["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file, "--checkpoint-every", "50ms"];
    if Command::new("setpriv").arg("--version").output().is_err() {
        return common::missing("setpriv");
    }
    let first = start(1, &args);
    waited_for(&file);
    // Root may write everything, unless it gives that up.
    let go_on = || {
        let mine = pcount(&["resume", &file, "--for", "300ms"]);
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]);
        command.arg(mine.get_program()).args(mine.get_args());
        command.envs(mine.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if fs::metadata("/proc/self").unwrap().uid() == 0 { command } else { mine }
    };
    let lock = format!("{file}.lock");
    let read_only = || fs::set_permissions(&lock, Permissions::from_mode(0o444)).unwrap();
    read_only();
    let busy = run(go_on());
    assert!(busy.code == Some(1) && busy.said()[0].contains("another run is writing it: process"), "{busy:?}");
    kill("KILL", first.id());
    ended(first);
    read_only();
    let run = run(go_on());
    assert_eq!(run.code, Some(85), "{run:?}");
    assert!(!Path::new(&lock).exists());
}

#[test]
fn a_run_that_was_killed_early_is_not_taken_for_the_one_before_it() {
    let folder = Folder::new("early");
    let file = folder.file("run.h5");
    assert_eq!(alone(&["pi", "1e6", "-q", "--out", &file]).out, "78498\n");
    let child = start(1, &["primes", LONG, "--method", "sieve", "--threads", "1", "--out", &file]);
    wait_until("something is saved", || read(Path::new(&file)).unwrap().status == Status::Partial);
    kill("KILL", child.id());
    ended(child);
    let run = alone(&["resume", &file, "-q", "--for", "300ms"]);
    assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
}

#[test]
fn a_list_is_ended_by_a_signal_like_any_process() {
    let mut command = pcount(&["primes", "1e12..+1e13", "--list", "-q"]);
    let mut child = common::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    // Its first numbers say that it is under way.
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 100]).unwrap();
    kill("TERM", child.id());
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

/// A list under way on so many ranks; what it prints goes there.
fn start_list(ranks: usize, args: &[&str], out: Stdio) -> Job {
    let mut command = if ranks == 1 { pcount(args) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), args) };
    common::spawn(command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped()))
}

/// Lists of one column and of two, of numbers and of decimals, in several batches.
const LISTS: [&[&str]; 2] = [&["primes", "0..4e8", "--list", "-q"], &["square", "5e9-1e6..+2e6", "-q"]];

#[test]
fn killed_at_any_moment_a_list_ends_as_if_it_never_was() {
    for (seed, list) in (0..).zip(LISTS) {
        let mut dice = Dice(seed);
        let folder = Folder::new(&format!("list-{seed}"));
        let (file, whole) = (folder.file("run.h5"), folder.file("whole.h5"));
        assert_eq!(ended(start_list(1, &words(&[list, &["--out", &whole]]), Stdio::null())).code, Some(0));
        let whole = read(Path::new(&whole)).unwrap().list.unwrap();
        let mut before = 0;
        for attempt in 0.. {
            let how: &[&str] = &["--checkpoint-every", "30ms", "--schedule", ["fixed", "farm"][dice.below(2) as usize]];
            let going_on: &[&str] = &["resume", &file, "-q"];
            let begun = Path::new(&file).exists();
            let args = if begun { words(&[going_on, how]) } else { words(&[list, &["--out", &file], how]) };
            let mut child = start_list(1 + dice.below(3) as usize, &args, Stdio::null());
            // The last attempt comes to its end.
            if attempt < 4 {
                for _ in 0..dice.below(3) {
                    let (before, over) = (version(&file), |child: &mut Job| child.try_wait().unwrap().is_some());
                    while version(&file) == before && !over(&mut child) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                std::thread::sleep(Duration::from_millis(dice.below(60)));
                kill_all_of(child.id());
            }
            let run = ended(child);
            if run.code == Some(0) {
                break;
            }
            assert!(attempt < 4, "seed {seed}: {run:?}");
            if Path::new(&file).exists() {
                let report = read(Path::new(&file)).unwrap();
                assert!(report.status == Status::Partial && done(&report) >= before, "seed {seed}");
                before = done(&report);
            }
        }
        let report = read(Path::new(&file)).unwrap();
        assert_eq!((report.status, report.list.as_ref()), (Status::Complete, Some(&whole)), "seed {seed}");
        let left = fs::read_dir(folder.file("")).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.filter(|name| name.to_str().unwrap().starts_with("run.h5")).count(), 1);
    }
}

#[test]
fn a_list_that_is_stopped_goes_on_with_the_next_row() {
    let folder = Folder::new("list-stopped");
    let printed = |name: &str| Stdio::from(fs::File::create(folder.file(name)).unwrap());
    let text = |name: &str| fs::read_to_string(folder.file(name)).unwrap();
    let list = ["square", "1e6..+6e6", "-q"];
    assert_eq!(ended(start_list(1, &list, printed("whole"))).code, Some(0));
    let file = folder.file("run.h5");
    let mut child = start_list(1, &words(&[&list, &["--out", &file, "--checkpoint-every", "10ms"]]), Stdio::piped());
    // It is no faster than its reader, so it cannot come to its end before it is stopped.
    let (mut first, mut some) = (vec![], [0; 100_000]);
    while !Path::new(&file).exists() {
        let count = child.stdout.as_mut().unwrap().read(&mut some).unwrap();
        first.extend_from_slice(&some[..count]);
    }
    let second = alone(&["resume", &file, "-q"]);
    assert!(second.code == Some(1) && second.said()[0].contains("another run is writing it"), "{second:?}");
    kill("TERM", child.id());
    let run = ended(child);
    assert_eq!(run.code, Some(85), "{run:?}");
    let said = run.said().last().unwrap().to_string();
    assert!(said.contains("because SIGTERM came") && said.contains(" rows; to continue: "), "{run:?}");
    assert!(said.ends_with(&format!("to continue: pcount resume {file}")), "{run:?}");
    let first = String::from_utf8(first).unwrap() + &run.out;
    let rows = first.lines().count();
    let shown = alone(&["show", &file]);
    assert!(shown.code == Some(0) && shown.out.contains(&format!("done with {rows} rows")), "{shown:?}");
    let why = alone(&["resume", &file, "--method", "trial"]);
    assert!(why.code == Some(2) && why.said()[0].contains("was started without it"), "{why:?}");
    let run = ended(start_list(2, &["resume", &file, "-q"], printed("rest")));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.said()[0].contains(&format!("the list goes on with row {}", rows + 1)), "{run:?}");
    assert!(first + &text("rest") == text("whole"));
    // What is over is printed whole.
    assert!(ended(start_list(1, &["resume", &file, "-q"], printed("again"))).code == Some(0));
    assert!(text("again") == text("whole"));
}

#[test]
fn a_list_is_stopped_by_its_time_and_by_a_signal_to_its_ranks() {
    let folder = Folder::new("list-time");
    let file = folder.file("run.h5");
    let list = ["primes", "0..1e13", "--list", "-f", "bfile", "--out", &file, "--checkpoint-every", "50ms"];
    let child = start_list(2, &list, Stdio::null());
    wait_until("it is saved", || Path::new(&file).exists());
    kill("USR1", child.id());
    let run = ended(child);
    assert!(run.code.is_some_and(|code| passed_on().contains(&code)), "{run:?}");
    let rows = |report: &Report| report.state.as_ref().unwrap().rows.as_ref().unwrap().count();
    let stopped = read(Path::new(&file)).unwrap();
    assert_eq!(stopped.status, Status::Partial);
    let before = rows(&stopped);
    let mut limit = Duration::from_millis(500);
    loop {
        let args = ["resume", &file, "-f", "bfile", "--for", &format!("{}ms", limit.as_millis())];
        let run = ended(start_list(1, &args, Stdio::from(fs::File::create(folder.file("rest")).unwrap())));
        assert!(run.code == Some(85) && run.said().last().unwrap().contains("because its time was up"), "{run:?}");
        let after = rows(&read(Path::new(&file)).unwrap());
        if after > before {
            let rest = fs::read_to_string(folder.file("rest")).unwrap();
            // Lines are numbered on.
            assert!(rest.starts_with(&format!("{} ", before + 1)) && rest.lines().count() as u64 == after - before);
            break;
        }
        limit *= 2;
        assert!(limit < Duration::from_secs(60), "runs of {limit:?} get nowhere");
    }
}

#[test]
fn what_is_told_as_it_goes_has_no_attempts() {
    for args in [&["primes", "0..100", "--list", "--for", "1s"][..], &["ranks", "--for", "1s"]] {
        for ranks in [1, 2] {
            let run = go_on(ranks, args);
            assert!(run.code == Some(2) && run.said()[0].contains("--for is not for"), "{run:?}");
        }
    }
}

/// Waits until it does, and until it sleeps in a file that it reads.
fn waits_for_its_list(pid: u32) {
    let tasks = || fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    wait_until("it listens and reads", || hears(pid, 10) && tasks() > 1);
}

#[test]
fn a_run_that_waits_for_its_list_hears_signals() {
    let folder = Folder::new("waits");
    let fifo = folder.file("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (list, signal) in [("-", "TERM"), ("-", "HUP"), (&fifo, "USR1"), (&fifo, "INT")] {
        let mut command = pcount(&["download", "--list", list, "--dir", &folder.file("out")]);
        // The other end of stdin stays open, and nobody writes to the FIFO.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = common::spawn(&mut command);
        let writer = child.stdin.take();
        waits_for_its_list(child.id());
        kill(signal, child.id());
        let run = ended(child);
        drop(writer);
        assert_eq!((run.code, &*run.out), (Some(85), ""), "{list} {signal}: {run:?}");
        let told =
            format!("pcount: stopped while it waited for its list because SIG{signal} came; nothing was computed");
        assert_eq!(run.said(), [told], "{list} {signal}");
    }
    // Its time is up there, too.
    let run = ended(common::spawn(
        pcount(&["download", "--list", &fifo, "--for", "300ms"]).stdout(Stdio::piped()).stderr(Stdio::piped()),
    ));
    assert_eq!(run.code, Some(85), "{run:?}");
    assert!(run.err.contains("because its time was up"), "{run:?}");
}

#[test]
fn ranks_that_wait_for_a_list_hear_a_signal_to_any_of_them() {
    let folder = Folder::new("ranks-wait");
    let fifo = folder.file("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for whom in [0, 2] {
        let child = start(3, &["download", "--list", &fifo, "--dir", &folder.file("out")]);
        let ranks = || pids_of(child.id(), "download");
        wait_until("all ranks hear signals", || ranks().len() == 3 && ranks().iter().all(|&pid| hears(pid, 10)));
        let ranks = ranks();
        kill("USR1", ranks[whom]);
        let run = ended(child);
        assert_eq!(run.code, Some(85), "{run:?}");
        assert!(run.said()[0].contains("while it waited for its list because SIGUSR1 came"), "{run:?}");
    }
}
