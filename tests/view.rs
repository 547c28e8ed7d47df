//! The view of a run: it stands on terminals only, one at a time, and is gone at the end.
#![cfg(target_os = "linux")]

mod common;

use common::{hears, kill, pcount, pids_of, start, wait_until};
use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// What stands on a terminal: its lines, and where the cursor is.
#[derive(Default)]
struct Screen {
    lines: Vec<String>,
    row: usize,
}

impl Screen {
    /// Shows what a program writes. It understands what pcount uses: up by some lines, to the left, and erase all that is below.
    fn show(&mut self, text: &str, mut at_each: impl FnMut(&Screen)) {
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            match letter {
                '\n' => self.row += 1,
                '\r' => (),
                '\u{1b}' => {
                    let end = rest.find(|letter: char| letter.is_ascii_alphabetic()).expect("a sequence has an end");
                    let (number, last) = (rest[1..end].parse::<usize>(), &rest[end..=end]);
                    rest = &rest[end + 1..];
                    match last {
                        "A" => self.row -= number.expect("a number of lines"),
                        "J" => self.lines.truncate(self.row),
                        _ => panic!("'{last}' is not used by pcount"),
                    }
                    continue;
                }
                letter => {
                    self.lines.resize(self.lines.len().max(self.row + 1), String::new());
                    self.lines[self.row].push(letter);
                    continue;
                }
            }
            at_each(self);
        }
    }

    fn bars(&self) -> Vec<&String> {
        self.lines.iter().filter(|line| line.starts_with('[')).collect()
    }
}

/// Hours of work, so that it is under way when it is looked at.
const JOB: &str = "primes 0..1e13 --method sieve --threads 2";

/// The job on a terminal, which `script` makes, stopped as soon as `enough` of what it wrote: all that it wrote, and its code.
fn on_terminal(name: &str, options: &str, enough: impl Fn(&str) -> bool) -> (String, Option<i32>) {
    let line = format!("stty columns 70; TERM={name} exec {} {JOB} {options}", env!("CARGO_BIN_EXE_pcount"));
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]);
    let mut job = start(script);
    let written = Arc::new(Mutex::new(String::new()));
    let reader = std::thread::spawn({
        let (mut out, written) = (job.stdout.take().unwrap(), written.clone());
        move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                written
                    .lock()
                    .unwrap()
                    .push_str(std::str::from_utf8(&bytes[..count]).expect("pcount writes ASCII here"));
            }
        }
    });
    wait_until("enough is written", || enough(&written.lock().unwrap()));
    wait_until("it hears signals", || pids_of(job.id(), "0..1e13").iter().any(|&pid| hears(pid, 10)));
    for pid in pids_of(job.id(), "0..1e13") {
        if hears(pid, 10) {
            kill("USR1", pid);
        }
    }
    let code = job.wait().unwrap().code();
    reader.join().unwrap();
    let written = written.lock().unwrap().clone();
    (written, code)
}

#[test]
fn on_a_terminal_there_is_one_view_and_none_at_the_end() {
    if Command::new("script").arg("--version").output().is_err() {
        return common::missing("script");
    }
    // Each view but the first erases the one before. How fast it is shows when blocks are done.
    let (written, code) = on_terminal("xterm", "", |written| {
        written.matches("\u{1b}[J").count() >= 6 && written.matches("numbers/s").count() >= 2
    });
    assert_eq!(code, Some(85), "{written}");
    let (mut screen, mut last, mut views) = (Screen::default(), vec![], 0);
    screen.show(&written, |screen| {
        let bars = screen.bars();
        assert!(bars.len() <= 1, "{:#?}", screen.lines);
        if bars.len() == 1 && screen.lines.last().is_some_and(|line| !line.starts_with('[')) {
            (views, last) = (views + 1, screen.lines.clone());
        }
    });
    assert!(views >= 5, "{written}");
    // A bar, how much, how fast, by whom; within the terminal.
    let view = last[last.iter().position(|line| line.starts_with('[')).unwrap()..].join("\n");
    for part in [" %", " of 1.00e13 numbers", "numbers/s", " gone", "2 threads"] {
        assert!(view.contains(part), "no '{part}': {view}");
    }
    assert!(view.lines().all(|line| line.chars().count() < 70), "{view}");
    // What is left is what was said, and the rows that were known.
    assert!(screen.bars().is_empty(), "{:#?}", screen.lines);
    let mut said = screen.lines.iter().filter(|line| line.starts_with("pcount: "));
    assert!(said.next_back().is_some_and(|line| line.contains("because SIGUSR1 came")), "{:#?}", screen.lines);
}

#[test]
fn there_is_no_view_for_pipes_and_for_those_who_want_none() {
    let words: Vec<&str> = JOB.split(' ').chain(["--progress", "always"]).collect();
    let mut job = start(pcount(&words));
    let mut lines = BufReader::new(job.stderr.take().unwrap()).lines().map(Result::unwrap);
    // Lines come instead.
    let said: Vec<String> = lines.by_ref().take(2).collect();
    assert!(said.iter().all(|line| line.starts_with("pcount: ") && !line.contains('\u{1b}')), "{said:?}");
    kill("USR1", job.id());
    assert!(lines.all(|line| !line.contains('\u{1b}')));
    assert_eq!(job.wait().unwrap().code(), Some(85));
    if Command::new("script").arg("--version").output().is_err() {
        return common::missing("script");
    }
    let (written, code) = on_terminal("dumb", "--progress always", |written| written.contains("pcount: "));
    assert!(code == Some(85) && !written.contains('\u{1b}') && !written.contains("[="), "{written}");
    let (written, code) = on_terminal("xterm", "--progress never", |_| true);
    assert!(code == Some(85) && !written.contains('\u{1b}') && !written.contains("[="), "{written}");
}
