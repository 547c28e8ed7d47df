//! The tutorials' Python beside it: the same problem by Python's frameworks for threads, processes and ranks, each a process of its own.
//!
//! The programs that it runs are those of `examples/python/`, which are a part of this one. They end when their stdin does, so they do not
//! outlive this process, however that ends. That of mpi4py is started by the machine's mpirun, which hands on its stdin.

use super::same::Comparable;
use crate::error::{Error, Result};
use crate::run::stop::Cause;
use crate::world::{launch, start};
use std::cell::OnceCell;
use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// What the programs share.
const KERNELS: (&str, &str) = ("kernels.py", include_str!("../../examples/python/kernels.py"));

/// The exit code of a program whose framework cannot be imported, or has no way to do this.
const ABSENT: i32 = 3;

/// The commands that they have, and the column of the answer that they print; a column that is none is the total.
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
    /// What its workers are.
    pub crew: Crew,
    /// The name of its program, and its text.
    program: (&'static str, &'static str),
}

/// What workers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crew {
    /// Threads of one process.
    Threads,
    /// Processes that one process starts.
    Processes,
    /// Processes that mpirun starts.
    Ranks,
}

/// The framework of a name whose workers are `crew`, with its program.
macro_rules! framework {
    ($name:literal, $crew:ident, $file:literal) => {
        Framework {
            name: $name,
            crew: Crew::$crew,
            program: ($file, include_str!(concat!("../../examples/python/", $file))),
        }
    };
}

/// All frameworks; the first has one worker.
pub const FRAMEWORKS: [Framework; 10] = [
    framework!("sequential", Threads, "sequential.py"),
    framework!("threading", Threads, "threading_threads.py"),
    framework!("ThreadPoolExecutor", Threads, "thread_pool_executor.py"),
    framework!("asyncio", Threads, "asyncio_tasks.py"),
    framework!("multiprocessing.Pool", Processes, "multiprocessing_pool.py"),
    framework!("ProcessPoolExecutor", Processes, "process_pool_executor.py"),
    framework!("joblib", Processes, "joblib_parallel.py"),
    framework!("ray", Processes, "ray_tasks.py"),
    framework!("dask", Processes, "dask_futures.py"),
    framework!("mpi4py", Ranks, "mpi4py_ranks.py"),
];

/// How a run ended.
#[derive(Debug, PartialEq)]
pub enum Ran {
    /// It has taken these seconds, and has the right answer.
    Done(f64),
    /// It cannot be run here, for this reason.
    Absent(String),
    /// It was stopped.
    Stopped(Cause),
}

/// Why there is no row of a framework that this Python cannot import, or that has no way to do this.
const CANNOT: &str = "this Python cannot do it with them";

/// The programs, in a folder that is removed at the end.
pub struct Python {
    folder: PathBuf,
    command: &'static str,
    column: &'static str,
    words: Vec<String>,
    workers: usize,
    /// Why there can be no ranks here, once that was tried.
    no_ranks: OnceCell<Option<String>>,
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Python {
    /// Makes the programs ready for a command with these words, on so many workers.
    ///
    /// # Errors
    /// If they do not have the command, if there is no Python, or if they cannot be written.
    pub fn new(command: &str, words: Vec<String>, workers: usize) -> Result<Python> {
        let Some(&(command, column)) = COMMANDS.iter().find(|(name, _)| *name == command) else {
            let names = COMMANDS.map(|(name, _)| name).join(", ");
            return Err(Error::usage(format!("--python has nothing for '{command}': leave it out; it has {names}")));
        };
        if let Err(why) = is_ready(PYTHON) {
            return Err(Error::usage(format!("--python: {why}: leave it out")));
        }
        let cannot = |why: std::io::Error| Error::failed(format!("--python: cannot write its programs: {why}"));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let folder = std::env::temp_dir().join(format!("pcount-python-{}-{now}", std::process::id()));
        // Nobody else may write there, and it must be new.
        DirBuilder::new().mode(0o700).create(&folder).map_err(cannot)?;
        let python = Python { folder, command, column, words, workers, no_ranks: OnceCell::new() };
        for (name, text) in FRAMEWORKS.iter().map(|framework| framework.program).chain([KERNELS]) {
            std::fs::write(python.folder.join(name), text).map_err(cannot)?;
        }
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
        let has_ranks = framework.crew == Crew::Ranks;
        let workers = self.workers(framework);
        if has_ranks && let Some(why) = self.no_ranks.get_or_init(|| no_ranks(workers, stop)) {
            return Ok(stop().map_or(Ran::Absent(why.clone()), Ran::Stopped));
        }
        let mut command = match has_ranks {
            true => start::launcher(workers),
            false => Command::new(PYTHON),
        };
        command.args(has_ranks.then_some(PYTHON)).arg(self.folder.join(framework.program.0));
        command.args([&workers.to_string(), self.command]).args(&self.words);
        // With the second a program does not find the file beside it.
        command.env("PCOUNT_WATCHES_STDIN", "1").env_remove("PYTHONSAFEPATH");
        command.stdin(Stdio::piped()).stdout(file(OUT)?).stderr(file(WHY)?);
        // A signal from the terminal is for this process, which then ends that one.
        let mut child = command.process_group(0).spawn().map_err(|why| failed(&why.to_string()))?;
        let ended = wait(&mut child, stop).map_err(|why| failed(&why.to_string()))?;
        let status = match ended {
            Ok(status) => status,
            Err(cause) => {
                end(&mut child, if has_ranks { LAUNCHER_LISTENS_WITHIN } else { LISTENS_WITHIN });
                return Ok(Ran::Stopped(cause));
            }
        };
        match status.code() {
            Some(0) => self.checked(name, &read(OUT)?, found),
            Some(ABSENT) => Ok(Ran::Absent(CANNOT.into())),
            // What a launcher prints does not say in a line what was wrong.
            _ if has_ranks => Ok(Ran::Absent(format!("its job failed: {status}"))),
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
    let mut version = Command::new(python);
    version.arg("--version");
    can_run(version, &format!("{python} --version"), &mut || None)
}

/// Why so many ranks cannot be started here; `None` if they can. It says nothing of that where `stop` has a reason to stop.
fn no_ranks(ranks: usize, stop: &mut dyn FnMut() -> Option<Cause>) -> Option<String> {
    // Launchers tell their ranks by the environment, which another job of these ranks would believe.
    if launch::is_task() {
        return Some("a job that mpirun has started cannot start another".into());
    }
    let mut nothing = start::launcher(ranks);
    nothing.arg("true");
    let what = format!("{} -n {ranks} true", nothing.get_program().to_string_lossy());
    can_run(nothing, &what, stop).err()
}

/// Whether a command ends well, and soon; otherwise why not. `what` is how it is called.
fn can_run(
    mut command: Command,
    what: &str,
    stop: &mut dyn FnMut() -> Option<Cause>,
) -> std::result::Result<(), String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let cannot = |why: std::io::Error| match why.kind() {
        ErrorKind::NotFound => format!("there is no '{}' on the PATH", what.split(' ').next().unwrap_or(what)),
        _ => format!("{what} cannot be started: {why}"),
    };
    let mut child = command.spawn().map_err(cannot)?;
    let began = Instant::now();
    let ended = wait(&mut child, &mut || stop().or((began.elapsed() > READY_WITHIN).then_some(Cause::Time)));
    match ended.map_err(|why| format!("{what}: {why}"))? {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what} failed: {status}")),
        Err(_) => {
            end(&mut child, LISTENS_WITHIN);
            Err(format!("{what} has not ended after {} s", READY_WITHIN.as_secs()))
        }
    }
}

/// How long a Python may take to say its version, and a launcher to start ranks that do nothing.
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

/// How long a Python may take to end by itself, and a launcher to end its ranks.
const LISTENS_WITHIN: Duration = Duration::from_secs(1);
const LAUNCHER_LISTENS_WITHIN: Duration = Duration::from_secs(5);

const PYTHON: &str = "python3";

/// The files beside the programs: what one prints, and what it says on stderr.
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
                matches!(ran, Ran::Done(seconds) if seconds > 0.0) || !is_standard && matches!(ran, Ran::Absent(_)),
                "{}: {ran:?}",
                framework.name
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
        assert!(is_ready("no-such-python").unwrap_err().starts_with("there is no 'no-such-python' on the PATH"));
    }

    #[test]
    fn what_cannot_start_ranks_is_told_in_time() {
        let can = |words: &[&str]| {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            can_run(command, &words.join(" "), &mut || None)
        };
        assert_eq!(can(&["true", "-n", "2"]), Ok(()));
        assert!(can(&["false", "-n", "2"]).unwrap_err().starts_with("false -n 2 failed: exit status: 1"));
        let stopped = can_run(Command::new("cat"), "cat", &mut || None);
        assert_eq!(stopped, Ok(()), "its stdin is empty");
        let mut endless = Command::new("sleep");
        endless.arg("1000");
        let why = can_run(endless, "sleep 1000", &mut || Some(Cause::Signal(15))).unwrap_err();
        assert!(why.starts_with("sleep 1000 has not ended"), "{why}");
    }

    #[test]
    fn each_program_is_a_page_and_shows_its_framework() {
        for framework in FRAMEWORKS {
            let (file, text) = framework.program;
            assert!(text.lines().count() <= 50, "{file}");
            assert!(text.contains("def run(function, tasks, workers):"), "{file}");
            assert!(text.contains(&format!("python3 examples/python/{file} ")), "{file} says how it is run");
        }
        // No other program is there, and none has the name of a module that these import.
        let there = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python")).unwrap();
        let mut there: Vec<_> = there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        there.retain(|name| name.ends_with(".py"));
        there.sort();
        let mut known = FRAMEWORKS.map(|framework| framework.program.0).to_vec();
        known.push(KERNELS.0);
        known.sort_unstable();
        assert_eq!(there, known);
    }

    #[test]
    fn what_fails_says_why() {
        assert!(Python::new("li", vec![], 2).err().unwrap().to_string().contains("--python has nothing for 'li'"));
        let why = python("square", "1..x").run(FRAMEWORKS[0], &squares(9), &mut || None).unwrap_err();
        assert!(why.to_string().contains("sequential failed: ValueError"), "{why}");
    }
}
