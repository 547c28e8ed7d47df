//! The tutorials' Python beside it: the same problem by Python's frameworks for threads and processes, each a process of its own.
//!
//! The program that it runs is `examples/python/frameworks.py`, which is a part of this one. It ends when its stdin does, so it does not
//! outlive this process, however that ends.

use super::same::Comparable;
use crate::error::{Error, Result};
use crate::run::stop::Cause;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// The program.
const PROGRAM: &str = include_str!("../../examples/python/frameworks.py");

/// Its exit code if a framework cannot be imported.
const ABSENT: i32 = 3;

/// The commands that it has, and the column of the answer that it prints; a column that is none is the total.
pub const COMMANDS: [(&str, &str); 7] = [
    ("primes", "count"),
    ("factorial", "sha256"),
    ("square", "value"),
    ("double", "value"),
    ("sum", "total"),
    ("map-reduce", "total"),
    ("delay", "seconds"),
];

/// A framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framework {
    /// Its name.
    pub name: &'static str,
    /// Whether its workers are processes.
    pub has_processes: bool,
}

const fn framework(name: &'static str, has_processes: bool) -> Framework {
    Framework { name, has_processes }
}

/// All frameworks; the first has one worker.
pub const FRAMEWORKS: [Framework; 9] = [
    framework("sequential", false),
    framework("threading", false),
    framework("ThreadPoolExecutor", false),
    framework("asyncio", false),
    framework("multiprocessing.Pool", true),
    framework("ProcessPoolExecutor", true),
    framework("joblib", true),
    framework("ray", true),
    framework("dask", true),
];

/// How a run ended.
#[derive(Debug, PartialEq)]
pub enum Ran {
    /// It has taken these seconds, and has the right answer.
    Done(f64),
    /// The framework cannot be imported, or has no way to do this.
    Absent,
    /// It was stopped.
    Stopped(Cause),
}

/// The program, in a folder that is removed at the end.
pub struct Python {
    folder: PathBuf,
    command: &'static str,
    column: &'static str,
    words: Vec<String>,
    workers: usize,
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Python {
    /// Makes the program ready for a command with these words, on so many workers.
    ///
    /// # Errors
    /// If it does not have the command, if there is no Python, or if the program cannot be written.
    pub fn new(command: &str, words: Vec<String>, workers: usize) -> Result<Python> {
        let Some(&(command, column)) = COMMANDS.iter().find(|(name, _)| *name == command) else {
            let names = COMMANDS.map(|(name, _)| name).join(", ");
            return Err(Error::usage(format!("--python has nothing for '{command}': leave it out; it has {names}")));
        };
        if let Err(why) = is_ready(PYTHON) {
            return Err(Error::usage(format!("--python: {why}: leave it out")));
        }
        let cannot = |why: std::io::Error| Error::failed(format!("--python: cannot write its program: {why}"));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let folder = std::env::temp_dir().join(format!("pcount-python-{}-{now}", std::process::id()));
        // Nobody else may write there, and it must be new.
        DirBuilder::new().mode(0o700).create(&folder).map_err(cannot)?;
        let python = Python { folder, command, column, words, workers };
        std::fs::write(python.folder.join(FILE), PROGRAM).map_err(cannot)?;
        Ok(python)
    }

    /// How many workers a framework has.
    pub fn workers(&self, framework: Framework) -> usize {
        if framework == FRAMEWORKS[0] { 1 } else { self.workers }
    }

    /// Runs a framework, and compares what it prints with what was found here. `stop` is asked for reasons to stop.
    ///
    /// # Errors
    /// If it fails, or if its answer is another one.
    pub fn run(
        &self,
        framework: Framework,
        found: &Comparable,
        stop: &mut dyn FnMut() -> Option<Cause>,
    ) -> Result<Ran> {
        let name = framework.name;
        let failed = |why: &str| Error::failed(format!("--python: {name} failed: {why}"));
        let file = |name: &str| File::create(self.folder.join(name)).map_err(|why| failed(&why.to_string()));
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).map_err(|why| failed(&why.to_string()));
        let mut command = Command::new(PYTHON);
        command
            .arg(self.folder.join(FILE))
            .args([name, &self.workers(framework).to_string(), self.command])
            .args(&self.words);
        command.env("PCOUNT_WATCHES_STDIN", "1").stdin(Stdio::piped()).stdout(file(OUT)?).stderr(file(WHY)?);
        // A signal from the terminal is for this process, which then ends that one.
        let mut child = command.process_group(0).spawn().map_err(|why| failed(&why.to_string()))?;
        let ended = wait(&mut child, stop).map_err(|why| failed(&why.to_string()))?;
        let status = match ended {
            Ok(status) => status,
            Err(cause) => {
                end(&mut child, LISTENS_WITHIN);
                return Ok(Ran::Stopped(cause));
            }
        };
        match status.code() {
            Some(0) => self.checked(name, &read(OUT)?, found),
            Some(ABSENT) => Ok(Ran::Absent),
            _ => Err(failed(read(WHY)?.trim_end().lines().last().unwrap_or("it was killed"))),
        }
    }

    /// The seconds that it has printed, if the answers behind them are right.
    fn checked(&self, name: &str, printed: &str, found: &Comparable) -> Result<Ran> {
        let mut lines = printed.lines();
        let seconds = lines.next().and_then(|line| line.parse().ok());
        let seconds: f64 = seconds.ok_or_else(|| Error::failed(format!("--python: {name} printed no time")))?;
        let answers: Vec<&str> = lines.collect();
        match found.column(self.column) == answers {
            true => Ok(Ran::Done(seconds)),
            false => Err(Error::wrong(format!("Python's {name} and pcount have different answers"))),
        }
    }
}

/// Whether there is such a Python, and it can begin; otherwise why not.
fn is_ready(python: &str) -> std::result::Result<(), String> {
    let mut probe = Command::new(python);
    probe.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = probe.spawn().map_err(|why| format!("{python} cannot be started from the PATH: {why}"))?;
    let began = Instant::now();
    let ended = wait(&mut child, &mut || (began.elapsed() > READY_WITHIN).then_some(Cause::Time));
    match ended.map_err(|why| format!("{python} --version: {why}"))? {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{python} --version failed: {status}")),
        Err(_) => {
            end(&mut child, LISTENS_WITHIN);
            Err(format!("{python} --version has not ended after {} s", READY_WITHIN.as_secs()))
        }
    }
}

/// How long a Python may take to say its version.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Waits until the process ends, or `stop` has a reason to wait no longer.
fn wait(
    child: &mut Child,
    stop: &mut dyn FnMut() -> Option<Cause>,
) -> std::io::Result<std::result::Result<ExitStatus, Cause>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ok(status));
        }
        if let Some(cause) = stop() {
            return Ok(Err(cause));
        }
        std::thread::sleep((began.elapsed() / 64).clamp(PAUSE_MIN, PAUSE_MAX));
    }
}

/// Ends a process: the program ends when its stdin does, and what does not listen is killed.
fn end(child: &mut Child, within: Duration) {
    drop(child.stdin.take());
    let began = Instant::now();
    let listens = wait(child, &mut || (began.elapsed() > within).then_some(Cause::Time));
    if !matches!(listens, Ok(Ok(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// How long a Python may take to end by itself.
const LISTENS_WITHIN: Duration = Duration::from_secs(1);

const PYTHON: &str = "python3";

/// The files in the folder: the program, what it prints, and what it says on stderr.
const FILE: &str = "frameworks.py";
const OUT: &str = "out";
const WHY: &str = "why";

/// How often it is looked whether it has ended.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Table, Value};
    use crate::work::Answer;

    fn squares(last: u64) -> Comparable {
        let row = |value: u64| vec![Value::integer(0), Value::integer(value)];
        Comparable::of(&Answer::rows(Table::of(&["n", "value"]).with([1, 4, last].map(row)), "value"))
    }

    fn python(command: &str, word: &str) -> Python {
        Python::new(command, vec![word.into()], 2).unwrap()
    }

    #[test]
    fn its_answers_are_compared_and_its_folder_goes() {
        let squared = python("square", "1..4");
        let folder = squared.folder.clone();
        for framework in FRAMEWORKS {
            let ran = squared.run(framework, &squares(9), &mut || None).unwrap();
            let is_standard = FRAMEWORKS[..6].contains(&framework) && framework.name != "asyncio";
            assert!(
                matches!(ran, Ran::Done(seconds) if seconds > 0.0) || !is_standard && ran == Ran::Absent,
                "{framework:?}"
            );
        }
        let why = squared.run(FRAMEWORKS[1], &squares(10), &mut || None).unwrap_err();
        assert_eq!(why.code(), 3);
        assert!(folder.exists());
        drop(squared);
        assert!(!folder.exists());
    }

    #[test]
    fn it_is_stopped_whatever_it_does() {
        let waits = python("delay", "600");
        assert_eq!(
            waits.run(FRAMEWORKS[4], &squares(9), &mut || Some(Cause::Signal(15))).unwrap(),
            Ran::Stopped(Cause::Signal(15))
        );
    }

    #[test]
    fn what_does_not_listen_is_killed() {
        let mut deaf = Command::new("sleep").arg("1000").stdin(Stdio::piped()).spawn().unwrap();
        end(&mut deaf, Duration::from_millis(5));
        assert!(deaf.try_wait().unwrap().is_some());
        let mut listens = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        end(&mut listens, Duration::from_secs(100));
        assert!(listens.try_wait().unwrap().unwrap().success());
    }

    #[test]
    fn a_python_that_cannot_begin_is_told() {
        assert_eq!(is_ready("true"), Ok(()));
        assert!(is_ready("false").unwrap_err().starts_with("false --version failed: exit status: 1"));
        assert!(is_ready("no-such-python").unwrap_err().starts_with("no-such-python cannot be started"));
    }

    #[test]
    fn what_fails_says_why() {
        assert!(Python::new("li", vec![], 2).err().unwrap().to_string().contains("--python has nothing for 'li'"));
        let why = python("square", "1..x").run(FRAMEWORKS[0], &squares(9), &mut || None).unwrap_err();
        assert!(why.to_string().contains("sequential failed: ValueError"), "{why}");
    }
}
