//! The exercises of the tutorials that pcount comes from: each as pcount does it, with the answer that the tutorial has.

mod common;

use common::{Folder, Run, alone, mpirun};
use std::io::{Read, Write};
use std::net::TcpListener;

/// An exercise: what the tutorials do and with what, on how many ranks pcount does it (0: without a launcher), its words, and the answer.
type Exercise = (&'static str, usize, &'static str, &'static str);

/// Those whose answer is numbers, and the same whenever they are done.
const EXERCISES: &[Exercise] = &[
    ("count_primes over three ranges, sequential", 0, "primes --method trial --threads 1", PRIMES),
    ("the same in threads and thread pools", 0, "primes --method trial --threads 3", PRIMES),
    ("the same in a pool of processes, joblib, Ray", 2, "primes --method trial", PRIMES),
    ("the same by a better algorithm", 0, "primes", PRIMES),
    ("a queue of tasks and workers", 3, "primes --method trial --schedule farm", PRIMES),
    ("a recursive factorial", 0, "factorial 10", "3628800"),
    ("factorials in Pool(4).map", 4, "factorial 10 12 14", "3628800 479001600 87178291200"),
    ("a square by apply_async and get", 0, "square 5", "25"),
    ("squares in a pool", 4, "square 1..6", "1 4 9 16 25"),
    ("squares of range(5) in a thread pool", 0, "square 0..5 --threads 3", "0 1 4 9 16"),
    ("squares of range(10) by joblib", 0, "square 0..10 --threads 4", "0 1 4 9 16 25 36 49 64 81"),
    ("three chunks, doubled", 3, "double 1..5 5..9 9..13", "2 4 6 8 10 12 14 16 18 20 22 24"),
    ("sums of ranks, reduced", 1, "sum", "45"),
    ("sums of two ranks", 2, "sum", "190"),
    ("sums of four ranks", 4, "sum", "780"),
    ("sums of eight ranks", 8, "sum", "3160"),
    ("map, then reduce", 2, "map-reduce 1..6", "55"),
    ("map, then reduce, of a million numbers", 2, "map-reduce 0..1e6", "333332833333500000"),
];

const PRIMES: &str = "78498 70435 67883";

fn done(ranks: usize, words: &str) -> Run {
    let args: Vec<&str> = words.split(' ').collect();
    if ranks == 0 { alone(&args) } else { mpirun(ranks, &args) }
}

#[test]
fn numbers_are_those_of_the_tutorials() {
    for (what, ranks, words, answer) in EXERCISES {
        let run = done(*ranks, &format!("{words} -q"));
        let found = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((run.code, &*found), (Some(0), *answer), "{what}: pcount {words} on {ranks} ranks: {}", run.err);
    }
}

/// Multiplies a number in base 10^9, the least significant limb first.
fn times(limbs: &mut Vec<u64>, factor: u64) {
    let mut carry = 0;
    for limb in limbs.iter_mut() {
        let product = *limb * factor + carry;
        (*limb, carry) = (product % 1_000_000_000, product / 1_000_000_000);
    }
    if carry > 0 {
        limbs.push(carry);
    }
}

#[test]
fn a_thousand_factorials_are_those_of_a_loop() {
    let (mut limbs, mut expect) = (vec![1u64], vec![]);
    for n in 1..2000 {
        times(&mut limbs, n);
        if n >= 1000 {
            let (top, rest) = limbs.split_last().unwrap();
            expect.push(top.to_string() + &rest.iter().rev().map(|limb| format!("{limb:09}")).collect::<String>());
        }
    }
    for (ranks, words) in [(0, "factorial 1000..2000 -q"), (2, "factorial 1000..1500 1500..2000 -q")] {
        assert!(done(ranks, words).out.lines().eq(expect.iter().map(String::as_str)), "{words}");
    }
}

/// The cells of a column, in the order of rows.
fn column(run: &Run, key: &str) -> Vec<serde_json::Value> {
    let json = run.json();
    json["answer"]["rows"].as_array().unwrap().iter().map(|row| row[key].clone()).collect()
}

#[test]
fn delays_are_waited_for_and_keep_their_order() {
    for (what, ranks, words, least) in [
        ("sleep in two threads", 0, "delay 0.2 0.2", &[0.2, 0.2][..]),
        ("sleep in two processes", 2, "delay 0.2 0.2", &[0.2, 0.2]),
        ("coroutines under gather", 0, "delay 0.3 0.2 0.1", &[0.3, 0.2, 0.1]),
    ] {
        let waited = column(&done(ranks, &format!("{words} -f json")), "waited");
        assert_eq!(waited.len(), least.len(), "{what}");
        assert!(
            waited.iter().zip(least).all(|(waited, least)| waited.as_f64().unwrap() >= *least),
            "{what}: {waited:?}"
        );
    }
}

#[test]
fn threads_share_a_process_and_ranks_do_not() {
    let pids = |ranks, words| {
        column(&done(ranks, words), "pid").iter().map(|pid| pid.as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(pids(0, "ranks --threads 2 -f json").len(), 1);
    let two = pids(2, "ranks -f json");
    assert!(two.len() == 2 && two[0] != two[1], "{two:?}");
}

#[test]
fn nobody_leaves_a_barrier_before_the_last_arrives() {
    let run = done(3, "barrier -f json");
    let seconds = |key| column(&run, key).iter().map(|cell| cell.as_f64().unwrap()).collect::<Vec<_>>();
    let last = seconds("arrived").into_iter().fold(0.0, f64::max);
    assert!(
        seconds("released").len() == 3 && seconds("released").iter().all(|&released| released >= last),
        "{}",
        run.out
    );
}

/// What would send downloads elsewhere.
const PROXIES: [&str; 2] = ["http_proxy", "all_proxy"];

/// A server of three files. What else is asked for is not there.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut asked, mut byte) = (vec![], [0]);
            while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                asked.push(byte[0]);
            }
            let asked = String::from_utf8_lossy(&asked);
            let path = asked.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match path.strip_prefix("/file") {
                Some(number) => ("200 OK", format!("the content of {number}")),
                None => ("404 Not Found", String::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    format!("http://{address}")
}

/// The commands of the table in docs/tutorials.md, without launchers and `-q`, and how many tasks each can share among ranks. `None`: all
/// ranks do the same.
const TABLE: [(&str, Option<usize>); 19] = [
    ("primes --method trial --threads 1", Some(4)),
    ("primes --method trial", Some(4)),
    ("primes --method trial", Some(4)),
    ("primes", Some(4)),
    ("delay 0.2 0.2", Some(2)),
    ("delay 1 2 3", Some(3)),
    ("delay 1.5", Some(1)),
    ("factorial 1000..2000", Some(1000)),
    ("factorial 10 12 14", Some(3)),
    ("ranks", None),
    ("download URL URL URL --dir DIR", Some(3)),
    ("square 1..6", Some(5)),
    ("double 1..13", Some(12)),
    ("sum", Some(40)),
    ("primes --schedule farm", Some(4)),
    ("barrier", None),
    ("barrier --rounds 1000", None),
    ("map-reduce 1..6", Some(5)),
    ("download URL BROKEN", Some(2)),
];

/// The units of each rank, as `--time` tells them.
fn units(run: &Run) -> Vec<u64> {
    let lines = run.err.lines().skip_while(|line| !line.trim_start().starts_with("rank  host")).skip(1);
    let of_ranks = lines.take_while(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    of_ranks.map(|line| line.split_whitespace().last().unwrap().parse().unwrap()).collect()
}

#[test]
#[cfg_attr(not(all(feature = "mpi", feature = "download")), ignore = "pcount is built without MPI or libcurl")]
fn every_row_of_the_table_is_shared_by_the_ranks_it_is_given() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tutorials.md")).unwrap();
    let table = page.split("| in Python |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows: Vec<&str> = table.lines().skip(2).map(|row| row.split(" | ").nth(1).unwrap().trim_matches('`')).collect();
    let (server, folder) = (serve(), Folder::new("tutorials-table"));
    assert_eq!(rows.len(), TABLE.len());
    for (row, (command, tasks)) in rows.into_iter().zip(TABLE) {
        let first = row.split(" && ").next().unwrap();
        let (given, words) = match first.strip_prefix("mpirun -n ") {
            Some(rest) => rest.split_once(' ').map(|(ranks, words)| (ranks.parse().unwrap(), words)).unwrap(),
            None => (2, first),
        };
        assert_eq!(words.trim_start_matches("pcount ").trim_end_matches(" -q"), command, "{row}");
        let mut file = 0;
        let words = command.split(' ').map(|word| match word {
            "URL" => {
                file += 1;
                format!("{server}/file{file}.txt")
            }
            "BROKEN" => format!("{server}/broken"),
            "DIR" => folder.file("files"),
            word => word.into(),
        });
        let mut words: Vec<String> = words.collect();
        words.extend(["--time", "--format", "csv"].map(String::from));
        if !command.contains("--threads") {
            words.extend(["--threads", "1"].map(String::from));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // On a farm a rank that comes late may find nothing left.
        let tries = if command.contains("farm") { 20 } else { 1 };
        let mut shares = vec![];
        for _ in 0..tries {
            let mut command_line = common::mpirun_of(given, env!("CARGO_BIN_EXE_pcount"), &words);
            for name in PROXIES {
                command_line.env_remove(name).env_remove(name.to_uppercase());
            }
            let run = common::run(command_line);
            assert_eq!(run.code, Some(i32::from(command.contains("BROKEN"))), "{row}: {run:?}");
            shares = match tasks {
                Some(_) => units(&run),
                None => {
                    let rows = if command.contains("--rounds") { 1000 } else { given };
                    assert_eq!(run.out.lines().count(), 1 + rows, "{row}: {run:?}");
                    vec![1; given]
                }
            };
            if shares.iter().all(|&units| units > 0) {
                break;
            }
        }
        let busy = shares.iter().filter(|&&units| units > 0).count();
        assert_eq!((shares.len(), busy), (given, given.min(tasks.unwrap_or(given))), "{row}: {shares:?}");
        if let Some(tasks) = tasks.filter(|_| !command.contains("trial")) {
            assert_eq!(shares.iter().sum::<u64>(), tasks as u64, "{row}: {shares:?}");
        }
    }
}

#[test]
fn files_are_downloaded_and_a_task_that_fails_costs_no_other() {
    let (server, folder) = (serve(), Folder::new("tutorials"));
    let dir = folder.file("files");
    let download = |names: &[&str]| {
        let urls: Vec<String> = names.iter().map(|name| format!("{server}/{name}")).collect();
        let args =
            [&["download", "--dir", &dir, "-f", "json"][..], &urls.iter().map(String::as_str).collect::<Vec<_>>()];
        let mut command = common::pcount(&args.concat());
        for name in PROXIES {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        common::run(command)
    };
    let three = download(&["file1.txt", "file2.txt", "file3.txt"]);
    assert_eq!((three.code, column(&three, "status").len()), (Some(0), 3), "{three:?}");
    for number in 1..=3 {
        let content = std::fs::read_to_string(format!("{dir}/file{number}.txt")).unwrap();
        assert_eq!(content, format!("the content of {number}.txt"));
    }
    let some = download(&["file1.txt", "broken", "file4.txt"]);
    let failed: Vec<bool> = column(&some, "error").iter().map(|error| !error.is_null()).collect();
    assert_eq!((some.code, &failed[..]), (Some(1), &[false, true, false][..]), "{some:?}");
}

#[test]
fn two_ways_are_compared_element_by_element() {
    let run = alone(&"compare factorial 1000..1010 --threads 2 --repeat 1 -f csv".split(' ').collect::<Vec<_>>());
    let modes: Vec<&str> = run.out.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(run.code == Some(0) && modes[..2] == ["sequential", "threads"], "{run:?}");
}
