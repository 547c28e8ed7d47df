//! What people type who come from other programs or write numbers otherwise: what they are told, and that it works.

mod common;

use common::{Folder, Run, alone, is_built_in, pcount, run};
use std::io::Write;
use std::process::Stdio;

/// A line, the code it ends with, and what stderr must say, or stdout if the code is 0.
#[rustfmt::skip]
const WORDS: &[(&str, i32, &str)] = &[
    // Numbers and ranges in other notations.
    ("pi 1.000", 2, "'1.000' is 1 to some and a thousand times that to others: did you mean 1000?"),
    ("pi 1.000.000", 2, "'1.000.000' is not a number: did you mean 1000000?"),
    ("pi 1,000,000", 2, "'1,000,000' is not a number: did you mean 1000000?"),
    ("pi 1M", 2, "'1M' is not a number: did you mean 1e6?"),
    ("pi 1,5e6", 2, "did you mean 1.5e6?"),
    ("primes 0..1,000", 2, "in '0..1,000': '1,000' is not a number: did you mean 1000?"),
    ("primes 1M", 2, "'1M' is a number where a range is needed: did you mean 0..1e6?"),
    ("primes 1-100", 2, "'1-100' is not a range: did you mean 1..=100, or 1..100 without 100?"),
    ("pi 1-100", 2, "did you mean 1..=100, or 1..100 without 100?"),
    ("primes 0:100", 2, "'0:100' is not a range: did you mean 0..100, which is without 100, or 0..=100?"),
    ("primes 1 100", 2, "'1 100' are numbers where a range is needed: did you mean 1..100"),
    ("pi 10,20,30", 2, "'10,20,30' is not a number: did you mean 10 20 30?"),
    ("primes 0..10,20..30", 2, "'0..10,20..30' is not a range: did you mean 0..10 20..30?"),
    ("sum 1 100", 2, "did you mean 1..100"),
    ("primes range(0,100)", 2, "did you mean 0..100"),
    ("--threads 1,000 primes", 2, "--threads: '1,000' is not a number: did you mean 1000?"),
    ("delay 1min", 2, "'1min' is not a time: did you mean 1m?"),
    ("primes --for 3:50:00", 2, "--for: '3:50:00' is not a time: did you mean 3h50m00s?"),
    ("pi 9 --threads", 2, "'--threads' needs a value, as in --threads N"),
    // One grammar.
    ("pi 1e6 -q 1e7", 0, "78498\n664579\n"),
    ("-q pi 1..=5", 0, "0\n1\n2\n2\n3\n"),
    ("nth-prime -q 1..4", 0, "2\n3\n5\n"),
    ("li -q 2..=3", 0, "1.0451637801174927848\n2.1635885946671919729\n"),
    ("sum -q 1..10 20..30", 0, "290\n"),
    ("map-reduce -q 1..3 1..3", 0, "10\n"),
    ("delay 0s 1ms --format csv", 0, "seconds,waited,rank\n0.000000,"),
    ("barrier --step 0ms -q", 0, "0.0"),
    ("pi 0..1e9", 2, "'0..1e9' makes 1000000000 numbers and ranges: at most 1000000 are allowed"),
    ("pi 10 - -", 2, "'-' stands for a list from stdin, and only one list is allowed"),
    ("pi - --list file", 2, "only one list is allowed"),
    ("primes --list Cargo.toml", 2, "write pcount primes - < Cargo.toml"),
    ("pi --list Cargo.toml", 2, "--list Cargo.toml: '[package]' is not a number"),
    ("square -", 2, "--list: stdin has only blank lines and comments"),
    // Commands.
    ("1e9", 2, "'1e9' is a number, not a command: write pcount pi 1e9, or pcount primes 0..=1e9"),
    ("1M", 2, "write pcount pi 1e6"),
    ("0..100", 2, "'0..100' is a range, not a command: write pcount primes 0..100"),
    ("count 1e9", 2, "'count' is not a command: write pcount pi 1e9, or pcount primes 0..=1e9"),
    ("count 5..9", 2, "'count' is not a command: write pcount primes 5..9"),
    ("prime 97", 2, "'prime' is not a command: write pcount is-prime 97, or pcount nth-prime 97"),
    ("is-prime 97 91 -f csv", 0, "n,prime,certainty\n97,yes,proven\n91,no,proven\n"),
    ("pirmes", 2, "'pirmes' is not a command: write pcount primes"),
    ("pirmes 0..9", 2, "'pirmes' is not a command: write pcount primes 0..9"),
    ("Pi 100", 2, "'Pi' is not a command: write pcount pi 100"),
    ("PRIMES", 2, "write pcount primes"),
    ("list 1..100", 2, "'list' is not a command: write pcount primes 1..100 --list"),
    ("twins 1e9", 2, "'twins' is not a command: write pcount primes 0..=1e9 --tuplet 2"),
    ("gaps 1e9", 2, "write pcount primes 0..=1e9 --gaps"),
    ("factor 91", 2, "factors are not among what pcount finds: write pcount is-prime 91, or pcount factorial 91"),
    ("fact 91", 2, "write pcount factorial 91"),
    ("nthprime 5", 2, "write pcount nth-prime 5"),
    ("next 100", 2, "'next' is not a command: write pcount next-prime 100"),
    ("prevprime 100", 2, "'prevprime' is not a command: write pcount prev-prime 100"),
    ("next-prime -q 1..4 2^64", 0, "2\n3\n5\n18446744073709551629\n"),
    ("prev-prime -q 3..6 2^64", 0, "2\n3\n3\n18446744073709551557\n"),
    ("sleep 1s", 2, "write pcount delay 1s"),
    ("run.h5", 2, "write pcount show run.h5, or pcount resume run.h5"),
    ("version", 2, "'version' is not a command: write pcount --version"),
    ("frobnicate", 2, "'frobnicate' is not a command: see pcount --help"),
    ("show a b", 2, "'b' is one word too many: 'show' takes one run file"),
    // Options.
    ("--json", 2, "'--json' is not an option: write --format json, or -f json"),
    ("pi 9 --csv", 2, "'--csv' is not an option: write --format csv, or -f csv"),
    ("--twins", 2, "'--twins' is not an option: write pcount primes --tuplet 2"),
    ("primes 0..9 --twins", 2, "'--twins' is not an option: write --tuplet 2"),
    ("pi 100 --twins", 2, "'--twins' is not an option of 'pi': write pcount primes 0..=100 --tuplet 2"),
    ("pi 100 -j 2", 2, "'-j' is not an option: write --threads 2, or -t 2"),
    ("pi 100 -j2", 2, "'-j' is not an option: write --threads 2, or -t 2"),
    ("pi 100 --cores=2", 2, "'--cores' is not an option: write --threads 2, or -t 2"),
    ("-np 4 primes 0..9", 2, "'-np' is not an option: write mpirun -n 4 pcount primes 0..9"),
    ("pi 100 --thread 2", 2, "'--thread' is not an option: write --threads 2, or -t 2"),
    ("pi 100 --ouput x.h5", 2, "write --out x.h5, or -o x.h5"),
    ("primes --method gurdon", 2, "--method: 'gurdon' is not one of its values: write --method gourdon"),
    ("primes --method leaves", 2, "--method: 'leaves' is not one of its values: write --method gourdon"),
    ("primes --method Trial", 2, "write --method trial"),
    ("primes --method", 2, "'--method' needs a value: write one of auto, trial, sieve, legendre, lmo, gourdon"),
    ("--pi 100", 2, "'--pi' is not an option: write pcount pi 100"),
    ("--nth 5", 2, "'--nth' is not an option: write pcount nth-prime 5"),
    ("--count 0..9", 2, "'--count' is not an option: write pcount primes 0..9"),
    ("primes 0..9 --sum", 2, "'--sum' is not an option: write pcount sum-primes 0..9"),
    ("primes --list=ranges.txt", 2, "for ranges from a file: pcount primes - < ranges.txt"),
    ("pi 9 --quiet=3", 2, "--quiet: '3' is one word too many: this option takes no value, so write --quiet"),
    ("pi 100 --frobnicate", 2, "'--frobnicate' is not an option; see pcount pi --help"),
    ("--aaa --bbb --ccc --ddd --eee --fff --ggg", 2, "'--aaa' is not an option; see pcount --help"),
    ("pi 1e6 -t 2 -f csv", 0, "x,count\n1000000,78498\n"),
    // Pages.
    ("help ranges", 0, "A..=B"),
    ("help range", 0, "A..=B"),
    ("help numbers", 0, "1_000_000"),
    ("help methods", 0, "--method gourdon"),
    ("help methods", 0, "--method legendre"),
    ("pi 1e6 --legendre", 2, "'--legendre' is not an option: write --method legendre"),
    ("pi -q 1e6 1e7 --method legendre", 0, "78498\n664579\n"),
    ("primes -q 0..1e6 1e6..2e6 5..5 --method lmo", 0, "78498\n70435\n0\n"),
    ("help options", 0, "--threads,-t"),
    ("help option", 0, "--checkpoint-every"),
    ("help primes", 0, "Usage: pcount primes"),
    ("help", 0, "Usage: pcount [OPTIONS]"),
    ("help rangse", 2, "'rangse' has no page: write pcount help ranges"),
    ("-f json help ranges", 2, "--format is not for 'help': leave it out"),
    ("help primes ranges", 2, "'ranges' is one word too many: 'help' takes one topic"),
    ("help me", 2, "'me' has no page: there are ranges, numbers, methods, launches, options, and each command has one"),
];

fn line(words: &str) -> Run {
    alone(&words.split(' ').collect::<Vec<_>>())
}

#[test]
fn who_writes_otherwise_is_told_what_would_do() {
    for (words, code, says) in WORDS.iter().filter(|(words, ..)| is_built_in(words)) {
        let run = line(words);
        assert_eq!(run.code, Some(*code), "{words}: {run:?}");
        let (said, silent) = if *code == 0 { (&run.out, &run.err) } else { (&run.err, &run.out) };
        assert!(said.contains(says), "{words}: {said}");
        assert_eq!(silent, "", "{words}");
        assert!(*code == 0 || run.err.lines().count() == 1, "{words}: {said}");
    }
}

/// The commands and options that an advice names: what stands behind its last "write".
fn advised(said: &str) -> Vec<String> {
    let Some((_, advice)) = said.trim_end().rsplit_once(": write ") else { return vec![] };
    advice.split(", or ").map(|words| words.split(" (all").next().unwrap().to_string()).collect()
}

#[test]
fn what_is_advised_works() {
    let mut tried = 0;
    for (words, _, _) in WORDS.iter().filter(|(words, code, _)| *code == 2 && !words.contains(" - ")) {
        for advice in advised(&line(words).err) {
            let command = match advice.split_once("pcount ") {
                Some((_, command)) => command.to_string(),
                None if advice.starts_with('-') => format!("primes 0..9 {advice}"),
                None => continue,
            };
            // A run file that there is not, and what needs no plan.
            if command.contains(".h5") || command.contains(" - <") || command.starts_with('-') {
                continue;
            }
            let more = if command.starts_with("help") { "" } else { " --dry-run" };
            let run = line(&format!("{command}{more}"));
            assert_eq!(run.code, Some(0), "{words}: {advice}: {run:?}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

/// The same with something at stdin.
fn fed(args: &[&str], input: &str) -> Run {
    let mut child = common::spawn(pcount(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr), took: Default::default() }
}

#[test]
fn every_kernel_takes_its_words_from_stdin_and_from_files() {
    let folder = Folder::new("words");
    let path = folder.file("words.txt");
    for (kernel, words, answer) in [
        ("primes", "0..10 10..20\n", "4\n4\n"),
        ("pi", "# how many\n10\n\n 100 1000\n", "4\n25\n168\n"),
        ("sum-primes", "0..10\r\n", "17\n"),
        ("nth-prime", "1..3\n5", "2\n3\n11\n"),
        ("phi", "100\n4\n", "22\n"),
        ("li", "2", "1.0451637801174927848\n"),
        ("riemann-r", "1", "1.0000000000000000000\n"),
        ("factorial", "3 4..6", "6\n24\n120\n"),
        ("square", "7", "49\n"),
        ("double", "7", "14\n"),
        ("sum", "0..10\n10..20", "190\n"),
        ("map-reduce", "1..6", "55\n"),
    ] {
        let run = fed(&[kernel, "-", "-q"], words);
        assert_eq!((run.code, &*run.out, &*run.err), (Some(0), answer, ""), "{kernel}");
        std::fs::write(&path, words).unwrap();
        if kernel != "primes" {
            assert_eq!(alone(&[kernel, "-q", "--list", &path]).out, answer, "{kernel}");
        }
    }
    assert_eq!(fed(&["delay", "-", "-f", "csv"], "0s 1ms").out.lines().count(), 3);
    // Words before a list, and many of them.
    let many: String = (1..=30_000).map(|n| format!("{n}\n")).collect();
    let run = fed(&["double", "25", "-", "-q"], &many);
    assert_eq!((run.out.lines().next(), run.out.lines().last()), (Some("50"), Some("60000")), "{}", run.err);
    let wrong = fed(&["pi", "-"], "10 x");
    assert!(wrong.code == Some(2) && wrong.err.contains("--list -: 'x' is not a number"), "{wrong:?}");
}

#[test]
fn what_a_terminal_would_obey_is_written_out() {
    let folder = Folder::new("obey");
    let there = folder.file("\u{1b}[2J");
    for (args, says) in [
        (&["pi", "1e6\r"][..], "'1e6\\r' is not a number: did you mean 1e6?"),
        (&["pi", "1e6\n"], "'1e6\\n'"),
        (&["\u{1b}[31mpi"], "'\\u{1b}[31mpi' is not a command"),
        (&["--a\u{7}"], "'--a\\u{7}' is not an option"),
        (&["primes", "--method", "\u{1b}c"], "'\\u{1b}c'"),
        (&["show", &there], "\\u{1b}[2J': there is no such file"),
        (&["download", "http://\u{9b}1m/"], "\\u{9b}"),
        (&["primes", "--out", "/nowhere/\u{1b}/x.h5"], "\\u{1b}"),
        (&["help", "\u{1b}"], "'\\u{1b}' has no page"),
    ] {
        if !is_built_in(&args.join(" ")) {
            continue;
        }
        let run = alone(args);
        assert_eq!((run.code, &*run.out), (Some(2), ""), "{args:?}: {run:?}");
        assert!(run.err.contains(says), "{args:?}: {}", run.err);
        assert!(!run.err.trim_end_matches('\n').contains(|c: char| c.is_control()), "{args:?}: {:?}", run.err);
    }
}

/// A shell line in which `pcount` stands for the program.
fn shell(script: &str) -> Run {
    let mut command = std::process::Command::new("bash");
    let script = script.replace("pcount ", concat!(env!("CARGO_BIN_EXE_pcount"), " "));
    run({
        command.args(["-c", &script]);
        command
    })
}

#[test]
fn a_closed_stream_loses_no_answer_unseen() {
    let folder = Folder::new("closed");
    let path = folder.file("run.h5");
    for line in ["-q pi 1e6", "--help", "--version", "primes --dry-run", "primes 0..100 --list", "help ranges", "ranks"]
    {
        let run = shell(&format!("pcount {line} >&-"));
        assert_eq!(run.code, Some(1), "{line}: {run:?}");
        assert!(run.err.contains("cannot write the answer: stdout is closed"), "{line}: {run:?}");
        // What goes to /dev/null is not wanted.
        assert_eq!(shell(&format!("pcount {line} >/dev/null")).code, Some(0), "{line}");
        assert_eq!(shell(&format!("pcount {line} 1<>/dev/null")).code, Some(0), "{line}");
        // Nothing that is opened later takes its place, or stderr's.
        let run = shell(&format!("pcount {line} >&- 2>&-"));
        assert_eq!((run.code, &*run.out, &*run.err), (Some(1), "", ""), "{line}");
    }
    // It is known before hours of computing.
    assert_eq!(shell("pcount pi 1e24 >&-").code, Some(1));
    // The run file is kept, and is one.
    if is_built_in("--out") {
        assert_eq!(shell(&format!("pcount -q pi 1e6 --out {path} >&- 2>&- <&-")).code, Some(1));
        assert_eq!(alone(&["-q", "show", &path]).out, "78498\n");
    }
    assert_eq!(shell("pcount -q pi 1e6 <&- 2>&-").out, "78498\n");
    let run = shell("pcount pi - <&-");
    assert_eq!((run.code, &*run.err), (Some(2), "pcount: --list -: stdin is closed\n"));
}

#[test]
fn help_is_as_wide_as_the_terminal_and_short_or_long() {
    let help = |args: &[&str], columns: &str| {
        let mut command = pcount(args);
        command.env("COLUMNS", columns);
        run(command).out
    };
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
    let commands: Vec<String> = help(&["-h"], "100")
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap().to_string())
        .collect();
    assert!(commands.len() > 15 && commands.contains(&"show".into()), "{commands:?}");
    for command in commands.iter().map(String::as_str).chain([""]).filter(|name| *name != "help") {
        let of = |more: &'static str| [command, more].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        let (short, long) = (help(&of("-h"), "100"), help(&of("--help"), "100"));
        // These have nothing that few need.
        let is_short = ["show", "watch", "certify", "diff", "merge", "verify", "self-test"].contains(&command);
        assert!(short.lines().count() < long.lines().count() || is_short, "{command}");
        for columns in [60usize, 80, 100] {
            for more in ["-h", "--help"] {
                let text = help(&of(more), &columns.to_string());
                assert!(widest(&text) <= columns, "{command} {more} at {columns}: {text}");
            }
        }
        // No wider than what can be read, and no colour where there is no terminal.
        assert!(widest(&help(&of("--help"), "250")) <= 100 && !long.contains('\u{1b}'), "{command}");
        let examples: Vec<&str> =
            long.split("\nExamples:\n").nth(1).unwrap_or_else(|| panic!("{command}")).lines().collect();
        assert!(!examples.is_empty() && examples.len().is_multiple_of(2), "{command}: {examples:?}");
        assert!(command.is_empty() || short.contains("Examples:"), "{command}");
        for example in examples.iter().step_by(2).map(|line| line.trim().strip_prefix("pcount ").unwrap()) {
            let known = example.ends_with("--dry-run")
                || example.starts_with("show")
                || example.starts_with("watch")
                || example.starts_with("plot")
                || ["verify", "certify", "diff", "merge", "self-test"].iter().any(|name| example.starts_with(name))
                || example.starts_with("resume")
                || example.contains("urls.txt")
                || example.contains("--column")
                || !is_built_in(example);
            let words = example.split(" > ").next().unwrap();
            let planned = line(&format!("{words} --dry-run"));
            // A comparison has no plan: what it refuses is the option behind words that it knows.
            let refused = planned.err == "pcount: --dry-run is not for 'compare': leave it out\n";
            let is_comparison = example.starts_with("compare ");
            assert!(known || if is_comparison { refused } else { planned.code == Some(0) }, "{example}: {planned:?}");
        }
    }
    for page in ["ranges", "numbers", "methods", "launches"] {
        assert!(widest(&help(&["help", page], "60")) <= 60, "{page}");
        assert!(widest(&help(&["help", page], "200")) <= 100, "{page}");
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let help = |env: &[(&str, &str)]| {
        let mut command = pcount(&["-h"]);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.envs(env.iter().copied()).env("TERM", "xterm");
        run(command).out.contains('\u{1b}')
    };
    assert!(!help(&[]));
    assert!(help(&[("CLICOLOR_FORCE", "1")]));
    assert!(!help(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!help(&[("CLICOLOR", "1")]));
    // On a terminal, which `script` makes.
    if std::process::Command::new("script").arg("--version").output().is_err() {
        return common::missing("script");
    }
    let on_terminal = |env: &str| {
        let line = format!("env -u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE TERM=xterm {env} pcount -h");
        shell(&format!("script -qec '{line}' /dev/null")).out.contains('\u{1b}')
    };
    assert!(on_terminal(""));
    assert!(!on_terminal("NO_COLOR=1") && !on_terminal("CLICOLOR=0"));
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_run_file_that_is_called_otherwise_is_said_to_be_one() {
    let folder = Folder::new("called");
    for (name, says) in
        [("x.json", "for json on stdout write --format json"), ("x.txt", "is HDF5"), ("x.CSV", "is HDF5")]
    {
        let run = alone(&["-q", "pi", "100", "-o", &folder.file(name)]);
        assert_eq!((run.code, &*run.out, run.err.lines().count()), (Some(0), "25\n", 1), "{run:?}");
        assert!(run.err.contains("the run file is HDF5, whatever its name") && run.err.contains(says), "{run:?}");
    }
    for name in ["x.h5", "x.hdf5", "x", "x.run"] {
        assert_eq!(alone(&["-q", "pi", "100", "-o", &folder.file(name)]).err, "", "{name}");
    }
}

#[test]
fn a_run_that_is_stopped_is_not_done() {
    let stopped = alone(&["primes", "0..1e14", "--method", "sieve", "--for", "1500ms", "--progress", "always"]);
    assert_eq!((stopped.code, &*stopped.out), (Some(85), ""), "{stopped:?}");
    assert!(stopped.err.ends_with("to be able to resume\n") && !stopped.err.contains("\\n"), "{stopped:?}");
    assert!(!stopped.err.contains("pcount: done") && stopped.err.contains("pcount: stopped after"), "{stopped:?}");
    assert!(alone(&["primes", "--progress", "always"]).err.starts_with("pcount: done after"));
}

#[test]
fn text_says_what_agreed_and_no_other_format_does() {
    let said = |more: &str| line(&format!("primes 0..1e6 --verify --method sieve{more}")).out;
    let below = "\nverified, and it agrees: 1 unit in 64 by scalar lanes\n";
    assert!(said("").ends_with(below), "{}", said(""));
    assert_eq!((&*said(" -q"), &*said(" -f csv")), ("78498\n", "start,end,count\n0,1000000,78498\n"));
    let folder = Folder::new("agreed");
    let path = folder.file("run.h5");
    if is_built_in("--out") {
        let first = said(&format!(" -o {path}"));
        assert_eq!(alone(&["show", &path]).out, first);
    }
    assert!(!line("primes 0..1e6").out.contains("verified"));
}

#[test]
fn plans_are_told_to_people_in_their_units_and_to_programs_exactly() {
    let text = line("primes 0..1e15 --method sieve --dry-run -t 1").out;
    let fact =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(
        fact("predicted.seconds").contains("about ") && fact("predicted.seconds").ends_with(['s', 'h', 'n']),
        "{text}"
    );
    assert!(fact("predicted.bytes_per_rank").ends_with(" MB"), "{text}");
    let json = line("primes 0..1e15 --method sieve --dry-run -t 1 -f json").json();
    assert!(json["run"]["predicted"]["seconds"].as_f64().unwrap() > 1000.0, "{json}");
    assert!(json["run"]["predicted"]["bytes_per_rank"].as_u64().unwrap() > 1_000_000, "{json}");
}
