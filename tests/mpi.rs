//! Real ranks: the binary under the launcher on 1, 2, 3, 5 and 8 of them, and the run side under load.

mod common;

use common::{Folder, Run, alone, kill, launcher, mpirun, mpirun_of, pids_of, run};
use pcount::error::{Error, Result};
use pcount::report::{Table, Value};
use pcount::run::stop::Stops;
use pcount::run::{self as runs, Course, Schedule, Unwatched};
use pcount::seat::Seat;
use pcount::wire;
use pcount::work::{Answer, Forecast, Kernel, Temper};
use pcount::world;
use std::time::Duration;

const RANKS: [usize; 5] = [1, 2, 3, 5, 8];

#[test]
fn every_kernel_answers_alike_on_any_number_of_ranks() {
    for args in [
        "primes",
        "primes 0..2e7 1e9..+1e7 0..0 5..6",
        "primes 0..2e5 --method trial",
        "primes 1e12..+1e6/7",
        "primes 0..3e7 0..0 1e12..+1e6/3 --tuplet 2",
        "primes 0..3e7/3 --tuplet 6",
        "primes 0..3e7/2 5..6 --gaps",
        "primes 0..100 1e9..+1e5/5 --list",
        "pi 0 10 1e6",
        "pi 1e6 1e9 --method leaves --verify",
        "primes 0..3e7 1e12..+1e6/3 --method sieve --verify",
        "sum-primes 0..2e7 1e9..+1e7/3 0..0 10^24..+1000",
        "nth-prime 1 1e4 1e6 1e11 7",
        "phi 1e10 2000",
        "phi 1000 3",
        "li 2 1e9 1e25",
        "riemann-r 1e9 1e25",
        "factorial 0..12 1000..1100 60000",
        "square 1..6 2^64",
        "double",
        "sum 0..1e7",
        "map-reduce 0..1e6",
    ] {
        let line = |args: &str| args.split(' ').map(str::to_string).collect::<Vec<_>>();
        let words = line(&format!("{args} --format csv"));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let expect = alone(&words).out;
        for ranks in RANKS {
            for schedule in ["fixed", "farm"] {
                let run = mpirun(ranks, &[&words[..], &["--schedule", schedule]].concat());
                assert_eq!(
                    (run.code, &run.out),
                    (Some(0), &expect),
                    "{args} on {ranks} ranks, {schedule}: {}",
                    run.err
                );
            }
        }
    }
}

#[test]
fn a_list_of_many_batches_is_the_same_on_any_number_of_ranks() {
    let folder = Folder::new("batches");
    let expect = alone(&["primes", "0..3e8", "0..1e6", "--list", "-q"]).out;
    assert_eq!(expect.lines().count(), 16_252_325 + 78_498);
    for ranks in [1, 2, 3] {
        for schedule in ["fixed", "farm"] {
            let path = folder.file("run.h5");
            let run =
                mpirun(ranks, &["primes", "0..3e8", "0..1e6", "--list", "-q", "--schedule", schedule, "--out", &path]);
            assert_eq!(run.code, Some(0), "{}", run.err);
            assert!(run.out == expect, "{ranks} ranks, {schedule}: {} bytes", run.out.len());
        }
    }
    assert!(alone(&["show", &folder.file("run.h5"), "-q"]).out == expect);
}

#[test]
fn a_list_nobody_reads_ends_on_all_ranks() {
    use std::process::Stdio;
    for schedule in ["fixed", "farm"] {
        let mut command = mpirun_of(
            3,
            "sh",
            &["-c", &format!("{} primes 0..1e13 --list --schedule {schedule} | head -2", env!("CARGO_BIN_EXE_pcount"))],
        );
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "prime\n2\n");
    }
}

#[test]
fn a_problem_per_rank_knows_their_number() {
    for (ranks, total) in [(1, "45\n"), (2, "190\n"), (8, "3160\n")] {
        assert_eq!(mpirun(ranks, &["sum"]).out, total);
    }
}

#[test]
fn ranks_and_barriers_have_a_row_per_rank() {
    for ranks in [2usize, 5] {
        let json = mpirun(ranks, &["ranks", "--format", "json", "--threads", "2"]).json();
        let rows = json["answer"]["rows"].as_array().unwrap();
        assert_eq!(
            rows.iter().map(|row| row["rank"].as_u64().unwrap()).collect::<Vec<_>>(),
            (0..ranks as u64).collect::<Vec<_>>()
        );
        let mut pids: Vec<String> = rows.iter().map(|row| row["pid"].to_string()).collect();
        pids.sort();
        pids.dedup();
        assert_eq!(pids.len(), ranks);
        assert!(rows.iter().all(|row| row["threads"] == 2));
        assert_eq!(json["run"]["ranks"], ranks);

        let json = mpirun(ranks, &["barrier", "--step", "0.05", "--format", "json"]).json();
        let times = |key: &str| -> Vec<f64> {
            json["answer"]["rows"].as_array().unwrap().iter().map(|row| row[key].as_f64().unwrap()).collect()
        };
        let last = times("arrived").into_iter().fold(0.0, f64::max);
        assert!(last >= 0.05 * (ranks - 1) as f64);
        assert!(times("released").iter().all(|&released| released >= last), "{json}");
    }
}

#[test]
fn times_are_told_for_every_rank() {
    let run = mpirun(3, &["primes", "0..1e8", "--time", "-q"]);
    assert_eq!(run.out, "5761455\n");
    let rows = run.err.lines().filter(|line| line.trim_start().starts_with(['0', '1', '2'])).count();
    assert_eq!(rows, 3, "{}", run.err);
}

#[test]
fn a_run_file_does_not_depend_on_the_ranks() {
    let folder = Folder::new("ranks");
    let answers: Vec<String> = [1, 3]
        .map(|ranks| {
            let path = folder.file(&format!("{ranks}.h5"));
            let run = mpirun(ranks, &["primes", "0..1e6/5", "--out", &path]);
            assert_eq!(run.code, Some(0), "{run:?}");
            alone(&["show", &path, "--format", "csv"]).out
        })
        .into();
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn waits_overlap_within_a_rank() {
    let waits = ["0.1"; 100];
    for ranks in [1, 2] {
        let run = mpirun(ranks, &[&["delay", "--format", "json"][..], &waits].concat());
        assert!(run.json()["run"]["seconds"]["compute"].as_f64().unwrap() < 0.5, "{run:?}");
    }
}

#[test]
fn a_failed_answer_is_everyones_code() {
    // Nobody listens there, so the task fails; the launcher hears code 1 from the job.
    let run =
        mpirun(2, &["download", "http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "--timeout", "1", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.json()["status"], "failed");
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_rank_ends_the_job() {
    use std::process::Stdio;
    let mut command = mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &["delay", "100"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Any of the ranks will do: they are those whose command line says so.
    let victim = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        pids_of(child.id(), "delay").into_iter().nth(2)
    });
    std::thread::sleep(Duration::from_millis(500));
    kill("KILL", victim.expect("the ranks started"));
    let began = std::time::Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(began.elapsed() < Duration::from_secs(20), "the job hung for {:?}", began.elapsed());
}

// The run side under load: this test program starts itself under the launcher, as ranks.

const PART: &str = "PCOUNT_TEST_PART";

/// Runs one of the parts below on so many ranks.
fn ranks_play(part: &str, ranks: usize) -> Run {
    let program = std::env::current_exe().unwrap();
    let mut command = mpirun_of(ranks, program.to_str().unwrap(), &["--exact", "one_rank", "--nocapture"]);
    command.env(PART, part);
    run(command)
}

/// Not a test of its own: what a rank does when the launcher has started this program.
#[test]
fn one_rank() {
    let Ok(part) = std::env::var(PART) else { return };
    world::abort_on_panic();
    let world = world::open().unwrap();
    let said = play(&*world, &part);
    let code = match &said {
        Ok(()) => 0,
        Err(why) => {
            let _ = world::leave(&*world, why);
            why.code()
        }
    };
    drop(world);
    std::process::exit(code.into());
}

/// Numbers as words, so that nothing lost or doubled goes unseen.
struct Words {
    count: u64,
    compute: Compute,
}

/// What a rank does for a unit, beside naming it.
type Compute = fn(rank: usize, unit: u64) -> Result<()>;

impl Kernel for Words {
    type Part = Vec<u64>;
    type Scratch = usize;
    fn units(&self) -> u64 {
        self.count
    }
    fn scratch(&self, seat: &Seat) -> usize {
        seat.rank
    }
    fn compute(&self, unit: u64, rank: &mut usize) -> Result<Vec<u64>> {
        (self.compute)(*rank, unit)?;
        Ok(vec![unit])
    }
    fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
        Ok(Answer::rows(Table::of(&["unit"]).with(whole.into_iter().map(|unit| vec![Value::integer(unit)])), "unit"))
    }
    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

fn nap(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

fn bad_if(bad: bool, unit: u64) -> Result<()> {
    if bad { Err(Error::failed(format!("unit {unit} is bad"))) } else { Ok(()) }
}

fn play(world: &dyn world::World, part: &str) -> Result<()> {
    let (name, schedule) = part.split_once(' ').unwrap_or((part, "farm"));
    let schedule = if schedule == "farm" { Schedule::Farm } else { Schedule::Fixed };
    let (count, largest, compute): (u64, u32, Compute) = match name {
        "small-blocks" => (20_000, 0, |_, _| Ok(())),
        "slow-rank" => (300, 6, |rank, _| {
            nap(if rank == 1 { 50 } else { 1 });
            Ok(())
        }),
        "fails-first" => (200, 1, |rank, unit| {
            nap(1);
            bad_if(rank == 2, unit)
        }),
        "fails-last" => (200, 0, |_, unit| bad_if(unit == 199, unit)),
        "panics-in-a-hand" => (200, 1, |rank, unit| {
            assert!(rank != 1 || unit < 60, "a hand panics on purpose");
            nap(1);
            Ok(())
        }),
        "panics-in-the-lead" => {
            assert!(world.rank() != 1, "a main thread panics on purpose");
            (200, 1, |_, _| Ok(()))
        }
        "large-parts" => {
            // More than a message's eager size from everyone, and more at the root than one rank sends.
            let all = world.gather(vec![world.rank() as u8; 3_000_000]);
            if let Some(all) = all {
                assert!(
                    all.iter()
                        .enumerate()
                        .all(|(rank, bytes)| bytes.len() == 3_000_000 && bytes.iter().all(|&b| b == rank as u8))
                );
            }
            assert_eq!(world.share(vec![7; if world.is_root() { 5_000_000 } else { 0 }]), vec![7; 5_000_000]);
            (10, 0, |_, _| Ok(()))
        }
        _ => panic!("no part '{name}'"),
    };
    // A crew may be left behind with it.
    let work = Box::leak(Box::new(Words { count, compute }));
    let stops = Stops::never();
    let seat = Seat { threads: 1, ..Seat::here(world.rank()) };
    let course = Course { largest, ..Course::new(Some(schedule), &stops) };
    let outcome = runs::run(world, work, &seat, course, &mut Unwatched)?;
    if let Some(outcome) = outcome {
        assert_eq!(
            wire::value::<Vec<u64>>(outcome.whole.as_ref().expect("nothing stops it"))?,
            (0..count).collect::<Vec<_>>()
        );
        let blocks: u64 = outcome.ranks.iter().map(|rank| rank.blocks).sum();
        println!(
            "took {:.3} s, {blocks} blocks, rank 1 did {}",
            outcome.seconds,
            outcome.ranks.get(1).map_or(0, |r| r.blocks)
        );
    }
    Ok(())
}

#[test]
fn twenty_thousand_small_blocks_on_eight_ranks() {
    for schedule in ["farm", "fixed"] {
        let run = ranks_play(&format!("small-blocks {schedule}"), 8);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.out.contains("20000 blocks"), "{run:?}");
    }
}

#[test]
fn a_slow_rank_holds_nobody_up() {
    let run = ranks_play("slow-rank", 4);
    assert_eq!(run.code, Some(0), "{run:?}");
    let seconds: f64 = run.out.split("took ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(seconds < 2.0, "300 units of a millisecond took {seconds} s");
}

#[test]
fn a_failing_rank_is_heard_once_and_nobody_hangs() {
    for (part, whom) in [("fails-first", "rank 2: "), ("fails-last", "")] {
        for schedule in ["farm", "fixed"] {
            for ranks in [3, 8] {
                let run = ranks_play(&format!("{part} {schedule}"), ranks);
                assert_eq!(run.code, Some(1), "{part} {schedule}: {run:?}");
                assert_eq!(run.said().len(), 1, "{part} {schedule}: {run:?}");
                assert!(run.said()[0].contains(whom) && run.said()[0].ends_with("is bad"), "{run:?}");
            }
        }
    }
}

#[test]
fn a_panic_ends_the_job_with_its_code() {
    for part in ["panics-in-a-hand farm", "panics-in-a-hand fixed", "panics-in-the-lead"] {
        let run = ranks_play(part, 3);
        assert_eq!(run.code, Some(70), "{part}: {run:?}");
        assert!(
            run.err.contains("rank 1: this is a bug in pcount") && run.err.contains("on purpose"),
            "{part}: {run:?}"
        );
        assert!(run.took < Duration::from_secs(20), "{part} took {:?}", run.took);
    }
}

#[test]
fn large_messages_arrive_whole() {
    let run = ranks_play("large-parts", 5);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn the_launcher_is_the_one_of_the_library() {
    // A build for one MPI under the launcher of the other makes singletons, and is told so.
    let other = if launcher().contains("mpich") { "mpirun.openmpi" } else { "mpirun.mpich" };
    if std::process::Command::new(other).arg("--version").output().is_err() {
        assert!(std::env::var_os("PCOUNT_TEST_ALL").is_none(), "there is no {other} here");
        return;
    }
    let mut command = mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &["primes"]);
    let mut wrong = std::process::Command::new(other);
    wrong.args(command.get_args()).envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    command = wrong;
    let run = run(command);
    assert_eq!((run.code, &*run.out), (Some(4), ""), "{run:?}");
    assert_eq!(run.said().len(), 1, "{run:?}");
}
