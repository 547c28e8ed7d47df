//! `compare`: each kernel in every way, alone and on ranks, with equal answers and true times.

mod common;

use common::{Folder, Run, alone, is_built_in, mpirun, mpirun_of, pcount, run};
use serde_json::Value;
use std::process::Command;
use std::time::Instant;

/// A job of each kernel that can be compared, short and of several units where the kernel has them.
const JOBS: [&str; 26] = [
    "primes 0..3e7",
    "primes 0..2e5 --method trial",
    "primes 0..1e8 --tuplet 2",
    "primes 0..1e8 --gaps",
    "primes 0..1e6 --list",
    "primes 0..1e8 --verify",
    "pi 1e9",
    "pi 1e9 --method gourdon",
    "pi 1e8 --method lmo",
    "sum-primes 0..1e8",
    "sum-primes 0..1e9 --power 2",
    "nth-prime 1e7",
    "is-prime 1..2000",
    "next-prime 1e18..+200",
    "prev-prime 1e18..+200",
    "phi 1e9 100",
    "li 2..40",
    "riemann-r 1..40",
    "factorial 1000..1200",
    "factorial 500..510 --full",
    "square 0..1e5",
    "double",
    "sum 0..1e7",
    "sum",
    "map-reduce 0..1e6",
    "delay 0.01 0.02 0.01",
];

const COLUMNS: [&str; 8] = ["mode", "ranks", "threads", "schedule", "seconds", "speedup", "efficiency", "serial"];

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// The rows of a comparison, whose columns are those of the contract.
fn rows(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, Some(0), "{run:#?}");
    let json = run.json();
    assert_eq!((&json["kernel"], &json["status"]), (&"compare".into(), &"complete".into()));
    let rows = json["answer"]["rows"].as_array().unwrap().clone();
    for row in &rows {
        let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable_by_key(|key| COLUMNS.iter().position(|known| known == key));
        assert_eq!(keys, COLUMNS);
        let number = |key: &str| row[key].as_f64().unwrap();
        let workers = number("ranks") * number("threads");
        assert!((number("efficiency") * workers - number("speedup")).abs() < 1e-9, "{row}");
        // Karp and Flatt's serial part.
        let serial = (1.0 / number("speedup") - 1.0 / workers) / (1.0 - 1.0 / workers);
        match row["serial"].as_f64() {
            Some(said) => assert!((said - serial).abs() < 1e-9 * serial.abs().max(1.0), "{row}"),
            None => assert_eq!(workers, 1.0, "{row}"),
        }
    }
    let times = |row: &Value| row["seconds"].as_f64().unwrap();
    for row in &rows {
        assert!((times(&rows[0]) / times(row) - row["speedup"].as_f64().unwrap()).abs() < 1e-9, "{row}");
    }
    rows
}

/// Mode, ranks, threads and schedule of each row.
fn ways(rows: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_string);
    rows.iter().map(|row| COLUMNS[..4].iter().map(|key| text(&row[*key])).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_kernel_is_compared_alone() {
    for job in JOBS {
        let line = format!("compare {job} --threads 3 --repeat 2 --format json");
        let found = ways(&rows(&alone(&words(&line))));
        let expect = ["sequential 1 1 fixed", "threads 1 2 fixed", "threads 1 3 fixed"];
        assert_eq!(found, expect, "{job}");
    }
}

#[test]
fn every_kernel_is_compared_on_four_ranks() {
    if !cfg!(feature = "mpi") {
        return common::ignored("MPI is not built in");
    }
    let mut expect: Vec<String> = ["sequential 1 1 fixed", "threads 1 2 fixed"].map(String::from).to_vec();
    for (mode, threads) in [("ranks", 1), ("ranks+threads", 2)] {
        for ranks in 2..=4 {
            expect.extend(["fixed", "farm"].map(|schedule| format!("{mode} {ranks} {threads} {schedule}")));
        }
    }
    for job in JOBS {
        let line = format!("compare {job} --threads 2 --repeat 1 --format json");
        assert_eq!(ways(&rows(&mpirun(4, &words(&line)))), expect, "{job}");
    }
}

#[test]
fn each_way_has_the_answer_of_the_command_by_methods_too() {
    let line = "compare primes 0..1e6 --methods trial,sieve,gourdon --threads 2 --repeat 1 --format csv";
    let run = alone(&words(line));
    assert_eq!(run.code, Some(0), "{run:?}");
    let mut lines = run.out.lines();
    assert_eq!(lines.next().unwrap(), COLUMNS.join(","));
    let modes: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    let expect = [
        "trial sequential",
        "trial threads",
        "sieve sequential",
        "sieve threads",
        "gourdon sequential",
        "gourdon threads",
    ];
    assert_eq!(modes, expect);
    let text = alone(&words("compare primes 0..1e6 --methods trial,sieve --threads 2 --repeat 1")).out;
    // A line about a busy machine may come behind it.
    let below = text.lines().find(|line| line.starts_with("One thread")).unwrap_or_default();
    assert!(
        below.starts_with("One thread against one: sieve ") && below.ends_with(" times as fast as trial"),
        "{text}"
    );
}

#[test]
fn the_laws_stand_below_the_rows_and_in_the_run_file() {
    let run = alone(&words("compare delay 0.02 0.02 0.02 0.02 --repeat 1"));
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!((run.code, lines.len()), (Some(0), 1 + 4 + 3), "{run:?}");
    assert_eq!(lines[0].split_whitespace().filter(|word| !word.starts_with('(')).collect::<Vec<_>>(), COLUMNS);
    assert!(
        lines[5].starts_with("Amdahl's law: ") && lines[5].contains(" % of it is parallel: 16 threads would give "),
        "{run:?}"
    );
    assert!(lines[6].starts_with("Universal scalability law: ") && lines[6].contains(" % contention, "), "{run:?}");
    assert!(lines[7].contains("threads that wait need no core: "), "{run:?}");
    if !is_built_in("--out") {
        return;
    }
    let folder = Folder::new("compare-out");
    let file = folder.file("run.h5");
    let run = alone(&["compare", "pi", "1e9", "--threads", "3", "--out", &file]);
    let shown = alone(&["show", &file]);
    assert_eq!((run.code, shown.code, &run.out), (Some(0), Some(0), &shown.out), "{run:?}");
    let json = alone(&["show", &file, "--format", "json"]).json();
    assert!(json["run"]["amdahl"]["parallel"].is_f64(), "{json}");
    assert_eq!((&json["problem"]["command"], &json["problem"]["numbers"][0]), (&"pi".into(), &"1000000000".into()));
    // A finished comparison is printed again.
    assert_eq!(alone(&["resume", &file]).out, run.out);
}

#[test]
fn what_cannot_be_compared_says_so() {
    for (line, why) in [
        ("compare ranks", "'ranks' is done once by every rank, whatever their number"),
        ("compare barrier", "'barrier' is done once by every rank, whatever their number"),
        (
            "compare pi 1e9 --threads 1",
            "there is one way only, and nothing to compare with it, because one rank of one thread",
        ),
        ("compare delay 0.01", "because it waits for one thing: give it more to wait for"),
        ("compare", "'compare' needs a command to compare"),
        ("compare pi 1e26", "in '1e26': "),
    ] {
        let run = alone(&words(line));
        assert_eq!((run.code, &*run.out, run.said().len()), (Some(2), "", 1), "{line}: {run:?}");
        assert!(run.said()[0].contains(why), "{line}: {run:?}");
    }
    if cfg!(feature = "mpi") {
        for line in ["compare ranks", "compare primes --methods foo", "compare pi 1e9 --launch"] {
            let run = mpirun(3, &words(line));
            assert_eq!((run.code, &*run.out, run.said().len()), (Some(2), "", 1), "{line}: {run:?}");
        }
    }
    let one = alone(&words("compare pi 10"));
    assert_eq!(one.code, Some(0));
    assert!(one.said()[0].contains("is one unit, which one thread computes"), "{one:?}");
}

#[test]
fn it_says_how_to_compare_ranks_and_starts_them_itself() {
    if !cfg!(feature = "mpi") {
        return common::ignored("MPI is not built in");
    }
    let run = alone(&words("compare pi 1e9 --threads 2"));
    assert!(run.said().iter().any(|line| line.contains(" pcount compare pi 1e9 --threads 2, or --launch")), "{run:?}");
    // What a launcher needs to know of this machine is in the environment of `mpirun_of`.
    let template = mpirun_of(1, "true", &[]);
    let launch = |launcher: &str| {
        let mut command = pcount(&words("compare --launch pi 1e9 --threads 2 --repeat 1 --format json"));
        command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
        common::run(with_launcher(command, launcher))
    };
    let found = ways(&rows(&launch(&common::launcher())));
    assert!(
        found.contains(&"ranks 2 1 farm".to_string()) && found.contains(&"ranks+threads 2 2 fixed".to_string()),
        "{found:?}"
    );
    let none = launch("no-such-launcher");
    assert_eq!((none.code, none.said().len()), (Some(4), 2), "{none:?}");
    assert!(none.said()[1].contains("there is no 'no-such-launcher' to start ranks with"), "{none:?}");
    // It fails and says nothing.
    let silent = launch("false");
    assert!(silent.code != Some(0) && silent.said()[0].ends_with(" ranks with 'false'"), "{silent:?}");
}

fn with_launcher(mut command: Command, launcher: &str) -> Command {
    command.env("PCOUNT_MPIRUN", launcher);
    command
}

#[test]
fn a_signal_or_the_end_of_its_time_stops_it_with_the_rows_that_there_are() {
    let folder = Folder::new("compare-stop");
    let mut line = words("compare delay 0.01 100 --repeat 1 --for 1s");
    let file = folder.file("run.h5");
    if is_built_in("--out") {
        line.extend(["--out", &file]);
    }
    let run = alone(&line);
    assert_eq!((run.code, &*run.out), (Some(85), ""), "{run:?}");
    assert!(
        run.said().last().unwrap().contains("because its time was up, with 0 of 2 runs done; nothing was saved"),
        "{run:?}"
    );
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

/// A signal may come to a rank that computes, or to one that sleeps.
#[test]
#[cfg(all(target_os = "linux", feature = "mpi"))]
fn a_signal_to_any_rank_stops_all() {
    for rank in 0..3 {
        let endless = words("compare delay 0.01 600 600 --repeat 1 --schedule fixed");
        let job = common::start(mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &endless));
        let mut pids = vec![];
        common::wait_until("three ranks", || {
            pids = common::pids_of(job.id(), "compare");
            pids.len() == 3 && pids.iter().all(|&pid| common::hears(pid, 10))
        });
        let is_rank = |pid: &&u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let name = ["OMPI_COMM_WORLD_RANK", "PMI_RANK"].map(|name| format!("{name}={rank}"));
            environment.split(|&byte| byte == 0).any(|line| name.iter().any(|name| line == name.as_bytes()))
        };
        let whose = *pids.iter().find(is_rank).unwrap();
        common::kill("USR1", whose);
        let run = common::ended(job);
        assert_eq!(run.code, Some(85), "rank {rank}: {run:?}");
        let said = run.said();
        assert_eq!(said.iter().filter(|line| line.contains("because SIGUSR1 came")).count(), 1, "rank {rank}: {run:?}");
    }
}

/// The ranks that have no part in a run sleep: they hardly compute while the others do.
#[test]
#[cfg(all(target_os = "linux", feature = "mpi"))]
fn ranks_that_wait_do_not_spin() {
    let run = |line: &str| {
        let child = common::start(mpirun_of(4, env!("CARGO_BIN_EXE_pcount"), &words(line)));
        let mut used = 0u64;
        let id = child.id();
        let mut child = child;
        while child.try_wait().unwrap().is_none() {
            used = used.max(common::pids_of(id, "compare").into_iter().map(ticks).sum());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        used
    };
    // Nothing is computed here for 1.2 seconds and more, so what ranks compute they waste: four that spin would use up to 480 ticks.
    let began = Instant::now();
    let used = run("compare delay 0.3 0.3 --repeat 1 --schedule fixed --threads 1");
    let ticks_of_all = 4 * began.elapsed().as_millis() as u64 / 10;
    assert!(used * 4 < ticks_of_all, "{used} of {ticks_of_all} ticks");
}

/// Hundredths of a second that a process has computed.
#[cfg(all(target_os = "linux", feature = "mpi"))]
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    behind.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// How long these commands take, one after the other, from outside.
fn seconds_from_outside(commands: &[String]) -> f64 {
    let began = Instant::now();
    for command in commands {
        assert_eq!(run(pcount(&words(command))).code, Some(0), "{command}");
    }
    began.elapsed().as_secs_f64()
}

/// The speed-ups are those of the commands themselves, timed from outside. Other work may disturb either, so they are tried again.
#[test]
fn speed_ups_are_true() {
    // A command alone waits for all at once. So a thread that has several to wait for is as many commands.
    let waits =
        |threads: u64| vec![format!("delay -q{}", " 0.3".repeat(threads as usize)); 4u64.div_ceil(threads) as usize];
    let primes = |threads: u64| vec![format!("primes 0..2e9 --method sieve -q --threads {threads}")];
    let of_waits: fn(u64) -> Vec<String> = waits;
    for (command, largest, outside) in
        [("delay 0.3 0.3 0.3 0.3", 4, of_waits), ("primes 0..2e9 --method sieve", 2, primes)]
    {
        let mut told = vec![];
        for _ in 0..20 {
            let line = format!("compare {command} --threads {largest} --repeat 1 --format json");
            let rows = rows(&alone(&words(&line)));
            let of_threads: Vec<&Value> = rows.iter().filter(|row| row["mode"] == "threads").collect();
            let threads: Vec<u64> = of_threads.iter().map(|row| row["threads"].as_u64().unwrap()).collect();
            let inside: Vec<f64> = of_threads.iter().map(|row| row["speedup"].as_f64().unwrap()).collect();
            assert_eq!(threads.last(), Some(&largest), "{rows:?}");
            let alone = seconds_from_outside(&outside(1));
            let outside = threads.iter().map(|&threads| alone / seconds_from_outside(&outside(threads))).collect();
            told.push((inside, outside));
            let (inside, outside): &(Vec<f64>, Vec<f64>) = &told[told.len() - 1];
            if inside.iter().zip(outside).all(|(inside, outside)| (inside / outside - 1.0).abs() < 0.15) {
                break;
            }
        }
        assert!(told.len() < 20, "{command}: within and from outside: {told:?}");
    }
}

/// Python's frameworks run beside it, as far as they are there, with the same answers.
#[test]
fn pythons_frameworks_are_compared_too() {
    let jobs = [
        "primes 0..2e4 2e4..3e4 --method trial",
        "factorial 10 300..310",
        "square 1..100",
        "double 7 1..13",
        "sum 0..1e5",
        "map-reduce 1..6",
        "delay 0.01 0.02",
    ];
    let is_python = |row: &&Value| row["mode"].as_str().unwrap().starts_with("Python ");
    for job in jobs {
        let line = format!("compare {job} --python --threads 2 --repeat 1 --format json");
        let run = alone(&words(&line));
        assert_eq!(run.code, Some(0), "{job}: {run:?}");
        let json = run.json();
        let rows: Vec<&Value> = json["answer"]["rows"].as_array().unwrap().iter().filter(is_python).collect();
        let modes: Vec<&str> = rows.iter().map(|row| row["mode"].as_str().unwrap()).collect();
        for name in ["sequential", "threading", "ThreadPoolExecutor", "multiprocessing.Pool", "ProcessPoolExecutor"] {
            assert!(modes.contains(&&*format!("Python {name}")), "{job}: {modes:?}");
        }
        assert_eq!(modes.contains(&"Python asyncio"), job.starts_with("delay"), "{job}");
        assert_eq!((&rows[0]["speedup"], &rows[0]["schedule"]), (&1.0.into(), &Value::Null), "{job}");
        let line = json["run"]["python"]["means"].as_str().unwrap();
        assert!(line.contains(" times as fast as sequential Python"), "{line}");
        // What is no row is named.
        for name in ["joblib", "ray", "dask", "mpi4py"] {
            assert_ne!(modes.contains(&&*format!("Python {name}")), line.contains(name), "{job}: {line}");
        }
    }
    if cfg!(feature = "mpi") {
        let run = mpirun(2, &words("compare square 1..100 --python --threads 2 --repeat 1 --format csv"));
        assert_eq!((run.code, run.out.contains("Python threading,1,2,,")), (Some(0), true), "{run:?}");
        // Open MPI's mpirun takes itself for a rank if it is started by one.
        let run = mpirun(1, &words("compare square 1..100 --python --threads 2 --repeat 1"));
        let why = "; left out, as a job that mpirun has started cannot start another: mpi4py";
        assert!(run.code == Some(0) && run.out.contains(why), "{run:?}");
    }
    for (line, why) in [
        ("compare li 10 --python --threads 2", "--python has nothing for 'li': leave it out; it has primes, factorial"),
        ("compare primes --gaps --python --threads 2", "--python has nothing for --gaps"),
    ] {
        let run = alone(&words(line));
        assert_eq!(run.code, Some(2), "{line}: {run:?}");
        assert!(run.said().len() == 1 && run.said()[0].contains(why), "{line}: {run:?}");
    }
}
