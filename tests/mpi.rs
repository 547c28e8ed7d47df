//! Real ranks: the binary under the launcher on 1, 2, 3, 5 and 8 of them, and the run side under load.

mod common;

use common::{Folder, Run, alone, ended, kill, launcher, mpirun, mpirun_of, pids_of, run, start, wait_until};
use pcount::error::{Error, Result};
use pcount::placement::Placement;
use pcount::run::stop::Stops;
use pcount::run::{self as runs, Course, Schedule, Unwatched};
use pcount::values::{Table, Value};
use pcount::wire;
use pcount::work::{Answer, Forecast, Kernel, UnitCost, Work};
use pcount::world;
use std::sync::Arc;
use std::time::Duration;

const RANKS: [usize; 5] = [1, 2, 3, 5, 8];

/// Each of these command lines gives the same rows alone and on any number of ranks, by both schedules.
fn answer_alike(lines: &[&str]) {
    for args in lines {
        let line = format!("{args} --format csv");
        let words: Vec<&str> = line.split(' ').collect();
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
fn counts_tuplets_and_classes_are_alike_on_any_number_of_ranks() {
    answer_alike(&[
        "primes",
        "primes 0..2e7 1e9..+1e7 0..0 5..6",
        "primes 0..2e5 --method trial",
        "primes 1e12..+1e6/7",
        "primes 0..3e7 0..0 1e12..+1e6/3 --tuplet 2",
        "primes 0..3e7/3 --tuplet 6",
        "primes 0..3e7/3 5..6 --tuplet 7",
        "primes 0..3e8 --every 7e6 --tuplet 0,30,60",
        "primes 0..3e8 5..6 1e12..+1e6/3 --tuplet 0,4,6,10 --list",
        "primes 0..3e7/2 5..6 --gaps",
        "primes 1e9..+1e7 0..3e7/2 5..6 --residues 60",
        "primes 0..1e7/2 --residues 9973",
    ]);
}

#[test]
fn races_gaps_and_tables_are_alike_on_any_number_of_ranks() {
    answer_alike(&[
        "primes 0..3e8 --residues 4 --race",
        "primes 100..3e7 --residues 8 --race",
        "primes 0..3e8 --gaps records",
        "primes 100..3e8 --gaps histogram",
        "primes 0..3e8 --gaps 150",
        "primes 1e8..4e8 --gaps 250",
        "primes 0..3e7 --every 1e6",
        "primes 0..3e8 --every 7e6 --tuplet 2",
        "primes 0..1e12 --points 1e12-1e6,1e12,1e6",
        "sum-primes 0..1e8 --every 1e7",
        "primes 0..100 1e9..+1e5/5 --list",
    ]);
}

#[test]
fn the_other_kernels_are_alike_on_any_number_of_ranks() {
    answer_alike(&[
        "pi 0 10 1e6",
        "pi 1e6 1e9 --method gourdon --verify",
        "primes 0..3e7 1e12..+1e6/3 --method sieve --verify",
        "pi 0 1e6 1e9 --method legendre",
        "primes 0..3e7 1e9..2e9/2 --method lmo --verify",
        "sum-primes 0..2e7 1e9..+1e7/3 0..0 10^24..+1000",
        "nth-prime 1 1e4 1e6 1e11 7",
        "is-prime 0..500 2^64-59 2^127-1",
        "next-prime 0..500 2^64-59 2^127-1",
        "prev-prime 3..500 2^64 2^128-1",
        "phi 1e10 2000",
        "phi 1000 3",
        "li 2 1e9 1e25",
        "riemann-r 1e9 1e25",
        "factorial 0..12 1000..1100 60000",
        "factorial 0..12 3000000..3000100 5..9 1e8 --mod 1e9+7",
        "square 1..6 2^64",
        "double",
        "sum 0..1e7",
        "map-reduce 0..1e6",
    ]);
}

#[test]
fn a_list_of_many_batches_is_the_same_on_any_number_of_ranks() {
    let folder = Folder::new("batches");
    let expect = alone(&["primes", "0..3e8", "0..1e6", "--list", "-q"]).out;
    assert_eq!(expect.lines().count(), 16_252_325 + 78_498);
    for (ranks, schedule) in [(1, "fixed"), (2, "farm"), (3, "fixed"), (3, "farm")] {
        let path = folder.file("run.h5");
        let run =
            mpirun(ranks, &["primes", "0..3e8", "0..1e6", "--list", "-q", "--schedule", schedule, "--out", &path]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.out == expect, "{ranks} ranks, {schedule}: {} bytes", run.out.len());
    }
    assert!(alone(&["show", &folder.file("run.h5"), "-q"]).out == expect);
}

#[test]
fn many_rows_are_the_same_on_any_number_of_ranks() {
    let folder = Folder::new("rows");
    let args = ["square", "0..1200000", "2^64..+50000", "-f", "csv"];
    let expect = alone(&args).out;
    assert_eq!(expect.lines().count(), 1_250_001);
    for (ranks, schedule) in [(1, "fixed"), (2, "farm"), (3, "fixed"), (3, "farm")] {
        let path = folder.file("run.h5");
        let run = mpirun(ranks, &[&args[..], &["--schedule", schedule, "--out", &path]].concat());
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.out == expect, "{ranks} ranks, {schedule}: {} bytes", run.out.len());
    }
    assert!(alone(&["show", &folder.file("run.h5"), "-f", "csv"]).out == expect);
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
        let child = common::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
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

        let rounds = mpirun(ranks, &["barrier", "--rounds", "20", "--format", "json"]).json();
        let rounds = rounds["answer"]["rows"].as_array().unwrap();
        assert_eq!(rounds.len(), 20);
        for row in rounds {
            let times = ["min", "median", "p99", "max"].map(|key| row[key].as_f64().unwrap());
            assert!(times[0] > 0.0 && times.is_sorted(), "{row}");
        }
    }
}

#[test]
fn times_are_told_for_every_rank() {
    let run = mpirun(3, &["primes", "0..1e8", "--threads", "1", "--time", "-q"]);
    assert_eq!(run.out, "5761455\n");
    let rows = run.err.lines().filter(|line| line.trim_start().starts_with(['0', '1', '2'])).count();
    assert_eq!(rows, 3, "{}", run.err);
}

#[test]
fn each_rank_computes_its_share_of_a_small_problem() {
    for (args, units) in [
        (&["sum"][..], [10; 4]),
        (&["map-reduce", "1..9"], [2; 4]),
        (&["square", "0..16"], [4; 4]),
        (&["double"], [3; 4]),
        (&["factorial"], [250; 4]),
    ] {
        let run = mpirun(4, &[args, &["--time", "--threads", "1", "-q"]].concat());
        let row = |line: &str| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let rank: usize = cells.first()?.parse().ok()?;
            Some((rank, cells.last()?.parse().ok()?))
        };
        let rows: Vec<(usize, u64)> = run.err.lines().filter_map(row).collect();
        assert_eq!(rows, (0..4).map(|rank| (rank, units[rank])).collect::<Vec<_>>(), "{args:?}: {}", run.err);
    }
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
        let json = mpirun(ranks, &[&["delay", "--format", "json"][..], &waits].concat()).json();
        let waited: f64 =
            json["answer"]["rows"].as_array().unwrap().iter().map(|row| row["waited"].as_f64().unwrap()).sum();
        let took = json["run"]["seconds"]["compute"].as_f64().unwrap();
        assert!(waited > 5.0 * took, "waits of {waited} s together took {took} s");
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
    let folder = Folder::new("victim");
    let file = folder.file("run.h5");
    let job =
        ["primes", "0..1e15", "--method", "sieve", "--threads", "1", "--out", &file, "--checkpoint-every", "50ms"];
    let child = common::start(mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &job));
    wait_until("something is saved", || std::path::Path::new(&file).exists());
    // Any of the ranks will do.
    kill("KILL", pids_of(child.id(), &file)[2]);
    // A job that hangs is killed, and its launcher has no code then.
    let run = ended(child);
    assert!(run.code.is_some_and(|code| code != 0), "{run:?}");
}

/// A shell line for each of so many ranks, in which `pcount` stands for the program and `$RANK` for the number of the rank.
fn shells(ranks: usize, script: &str) -> Run {
    let script = script.replace("pcount ", concat!(env!("CARGO_BIN_EXE_pcount"), " "));
    let script = format!("RANK=${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}; {script}");
    run(mpirun_of(ranks, "bash", &["-c", &script]))
}

#[test]
fn a_world_of_one_needs_no_mpi() {
    let run = shells(1, "pcount -q pi 1e6; pcount -q pi 1e5");
    assert_eq!((run.code, &*run.out, run.said()), (Some(0), "78498\n9592\n", vec![]), "{run:?}");
    // Were MPI initialised, Open MPI would look for this component and fail.
    let run = shells(1, "OMPI_MCA_pml=nonexistent pcount -q pi 1e6 && pcount ranks -q && pcount sum -q --keep-going");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.said().iter().all(|line| line.contains("--keep-going: there is one rank")), "{run:?}");
}

#[test]
fn ranks_that_never_come_are_waited_for_and_not_for_ever() {
    // Ranks of another job of the same size do not speak for these.
    let others = [2, 3].map(|ranks| start(mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &["delay", "100"])));
    for (ranks, job) in [2, 3].into_iter().zip(&others) {
        wait_until("the other job has not started", || pids_of(job.id(), "delay").len() == ranks);
    }
    for (ranks, these, who) in [(2, "= 0", "rank 0 of 2"), (2, "= 1", "rank 1 of 2"), (3, "!= 0", "rank 1 of 3")] {
        // The other ranks have something else to do until the job ends.
        let run = shells(
            ranks,
            &format!("if [ $RANK {these} ]; then PCOUNT_START_TIMEOUT=2s pcount pi 1e6; else exec sleep 100; fi"),
        );
        // The ranks that have something else to do are killed then. MPICH's launcher may take the code of one of those, and
        // says so on stdout.
        let killed = launcher().contains("mpich") && run.code == Some(9);
        assert!(killed || (run.code, &*run.out) == (Some(4), ""), "{run:?}");
        let said = run.said();
        assert!(said[0].contains(&format!("{who} has waited 1 s for the other ranks of ")), "{run:?}");
        assert!(said[1].contains("did not come within 2 s") && said[1].contains("env -u "), "{run:?}");
        assert_eq!(said.len(), 2, "one rank speaks for all of a host: {run:?}");
    }
    let wrong = shells(2, "PCOUNT_START_TIMEOUT=soon pcount pi 1e6");
    assert_eq!((wrong.code, wrong.said().len()), (Some(2), 1), "{wrong:?}");
    assert!(wrong.err.contains("PCOUNT_START_TIMEOUT: 'soon' is not a time"), "{wrong:?}");
    for job in others {
        kill("TERM", job.id());
        ended(job);
    }
}

#[test]
fn what_needs_no_ranks_does_not_keep_the_others_waiting() {
    // One rank ends without MPI, before the others start MPI: those would wait for it for a minute. If they had started it, Open
    // MPI would end the job by itself.
    let folder = Folder::new("ended-first");
    let jobs = ["--help", "--version", "help ranges", "pi 1e6 --dry-run"].map(|words| {
        let (program, pid) = (env!("CARGO_BIN_EXE_pcount"), folder.file(&words.replace(' ', "-")));
        let first = format!("echo $$ > {pid}.new; mv {pid}.new {pid}; exec {program} {words}");
        let others = format!(
            "until [ -e {pid} ]; do sleep 0.05; done; while kill -0 $(cat {pid}) 2>/dev/null; do sleep 0.05; done; \
             PCOUNT_START_TIMEOUT=12s exec {program} pi 1e6"
        );
        let script = format!("if [ ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}} = 0 ]; then {first}; else {others}; fi");
        (words, start(mpirun_of(3, "bash", &["-c", &script])))
    });
    for (words, job) in jobs {
        let run = ended(job);
        let said: Vec<&str> = run.said().into_iter().filter(|line| line.contains(" waits in vain: ")).collect();
        assert_eq!(said.len(), 1, "{words}: {run:?}");
        assert!(said[0].contains(" of the 3 ranks that ") && said[0].contains("one has ended"), "{words}: {run:?}");
        assert!(!run.err.contains("did not come within"), "{words}: {run:?}");
        assert!(run.code.is_some_and(|code| code != 0), "{words}: {run:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_job_that_a_failed_test_leaves_is_ended_with_all_its_ranks() {
    let job = start(mpirun_of(2, env!("CARGO_BIN_EXE_pcount"), &["delay", "1000"]));
    wait_until("the job has started", || pids_of(job.id(), "delay").len() == 2);
    let all = [common::descendants(job.id()), vec![job.id()]].concat();
    drop(job);
    // One that has ended may wait for somebody to ask.
    let lives = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().is_empty() && !rest.trim_start().starts_with('Z'))
    };
    wait_until("all of it has ended", || !all.iter().any(lives));
}

#[test]
fn a_child_of_a_rank_is_told_that_it_is_none() {
    let run = ranks_play("has-a-child", 2);
    assert_eq!(run.code, Some(0), "{run:?}");
    // Open MPI refuses a second process of the same rank, others may wait for what never comes.
    assert!(run.out.contains("the child ended with ") && !run.out.contains("the child ended with 0"), "{run:?}");
    assert!(run.out.contains("a child without the variables ended with 0"), "{run:?}");
}

// The run side under load: this test program starts itself under the launcher, as ranks.

const PART: &str = "PCOUNT_TEST_PART";
/// A folder that all ranks see.
const FOLDER: &str = "PCOUNT_TEST_FOLDER";

/// Runs one of the parts below on so many ranks.
fn ranks_play(part: &str, ranks: usize) -> Run {
    let program = std::env::current_exe().unwrap();
    let mut command = mpirun_of(ranks, program.to_str().unwrap(), &["--exact", "one_rank", "--nocapture"]);
    let folder = Folder::new(&format!("ranks-{}", part.replace(' ', "-")));
    command.env(PART, part).env(FOLDER, &folder.0);
    run(command)
}

/// Not a test of its own: what a rank does when the launcher has started this program.
#[test]
fn one_rank() {
    let Ok(part) = std::env::var(PART) else { return };
    world::load_mpi();
    world::abort_on_panic("pcount");
    let world = world::open(None).unwrap();
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
    fn scratch(&self, placement: &Placement) -> usize {
        placement.rank
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
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
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
        // A unit of rank 1 takes as long as all that it does not have.
        "slow-rank" => (300, 4, |rank, unit| {
            let folder = std::path::PathBuf::from(std::env::var(FOLDER).expect("it was made"));
            match rank {
                1 => wait_until("the others do the rest", || std::fs::read_dir(&folder).unwrap().count() >= 200),
                _ => std::fs::write(folder.join(unit.to_string()), "").expect("it can be written"),
            }
            Ok(())
        }),
        "fails-first" => (200, 1, |rank, unit| {
            nap(1);
            bad_if(rank == 2, unit)
        }),
        "fails-last" => (200, 0, |_, unit| bad_if(unit == 199, unit)),
        "panics-in-a-worker" => (200, 1, |rank, unit| {
            assert!(rank != 1 || unit < 60, "a worker panics on purpose");
            nap(1);
            Ok(())
        }),
        "panics-in-the-lead" => {
            assert!(world.rank() != 1, "a main thread panics on purpose");
            (200, 1, |_, _| Ok(()))
        }
        "has-a-child" => {
            if world.is_root() {
                let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pcount"));
                child.args(["-q", "pi", "1e6"]).env("PCOUNT_START_TIMEOUT", "2s");
                let ended = |child: &mut std::process::Command| child.output().unwrap().status.code();
                println!("the child ended with {}", ended(&mut child).unwrap_or(-1));
                let variables = ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE"];
                for name in variables {
                    child.env_remove(name);
                }
                println!("a child without the variables ended with {}", ended(&mut child).unwrap_or(-1));
            }
            world.barrier();
            return Ok(());
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
            assert_eq!(world.broadcast(vec![7; if world.is_root() { 5_000_000 } else { 0 }]), vec![7; 5_000_000]);
            (10, 0, |_, _| Ok(()))
        }
        _ => panic!("no part '{name}'"),
    };
    let work: Arc<dyn Work> = Arc::new(Words { count, compute });
    let stops = Stops::never();
    let placement = Placement { threads: 1, ..Placement::here(world.rank()) };
    let course = Course { largest, ..Course::new(Some(schedule), &stops) };
    let outcome = runs::run(world, &work, &placement, course, &mut Unwatched)?;
    if let Some(outcome) = outcome {
        assert_eq!(
            wire::value::<Vec<u64>>(outcome.whole.as_ref().expect("nothing stops it"))?,
            (0..count).collect::<Vec<_>>()
        );
        let blocks: u64 = outcome.ranks.iter().map(|rank| rank.blocks).sum();
        println!("{blocks} blocks, rank 1 did {}", outcome.ranks.get(1).map_or(0, |r| r.blocks));
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
    for part in ["panics-in-a-worker farm", "panics-in-a-worker fixed", "panics-in-the-lead"] {
        let run = ranks_play(part, 3);
        assert_eq!(run.code, Some(70), "{part}: {run:?}");
        assert!(
            run.err.contains("rank 1: this is a bug in pcount") && run.err.contains("on purpose"),
            "{part}: {run:?}"
        );
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
        return common::missing(other);
    }
    let run = run(common::launched_by(other, &[], 3, env!("CARGO_BIN_EXE_pcount"), &["primes"]));
    assert_eq!((run.code, &*run.out), (Some(4), ""), "{run:?}");
    assert_eq!(run.said().len(), 1, "{run:?}");
}

/// Ranks that were started with words of their own, as `mpirun -n 1 pcount A : -n 2 pcount B` does.
fn with_words_of_their_own(one: &[&str], two: &[&str]) -> Run {
    let mut command = mpirun_of(1, env!("CARGO_BIN_EXE_pcount"), one);
    command.args([":", "-n", "2", env!("CARGO_BIN_EXE_pcount")]).args(two);
    run(command)
}

#[test]
fn ranks_that_are_asked_for_different_things_are_told_so_and_nobody_hangs() {
    let job: &[&str] = &["primes", "0..1e6"];
    let with = |option: &'static str| [job, &[option]].concat();
    let mut others = vec![with("--keep-going"), with("--time"), vec!["resume", "none.h5"], vec!["primes", "0..1e7"]];
    if launcher().contains("mpich") {
        // There nobody is told that others have words of their own, and what needs no ranks does not wait for any.
    } else {
        others.extend([with("--dry-run"), with("--help"), vec!["--version"], vec!["show", "none.h5"]]);
    }
    for other in &others {
        for (one, two) in [(job, &other[..]), (&other[..], job)] {
            let run = with_words_of_their_own(one, two);
            assert_eq!((run.code, &*run.out), (Some(2), ""), "{one:?} beside {two:?}: {run:?}");
            let words = [one, two].map(|words| format!("'pcount {}'", words.join(" ")));
            let told = format!("pcount: rank 1 was started as {}, but rank 0 as {}", words[1], words[0]);
            assert!(run.said().len() == 1 && run.said()[0].starts_with(&told), "{run:?}");
        }
    }
    // Lanes may differ as hosts do, and what is the same for all is done.
    let run = with_words_of_their_own(&with("--lanes=scalar"), job);
    assert_eq!((run.code, run.out.contains("78498")), (Some(0), true), "{run:?}");
    for (words, part) in [(["--version", "-v"], "GMP"), (["primes", "--dry-run"], "kernel  ")] {
        let run = with_words_of_their_own(&words, &words);
        assert_eq!((run.code, run.out.matches(part).count()), (Some(0), 1), "{run:?}");
    }
}
