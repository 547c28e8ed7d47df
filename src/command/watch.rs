//! `watch`: shows a running job from another terminal or host, by nothing but the run file that it saves.
//!
//! The file is replaced at each save, so it is whole at any moment. It is read when it has changed, and its lock is never tried: so a
//! watch disturbs neither the run nor one that begins. How far the run is between two saves, nobody here knows.

use super::seen::Seen;
use super::{code, show};
use crate::cli::Output;
use crate::error::Result;
use crate::features;
use crate::report::{Status, people};
use crate::run::stop::Stops;
use crate::run_file::files;
use crate::run_file::lock::{self, Owner, Writer};
use crate::streams;
use crate::summary;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How often the file is looked at. That takes one system call if it has not changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// An answer that is there while somebody writes the file may be that of an earlier run: the first save of a run comes after a second.
const OLD_ANSWER: Duration = Duration::from_secs(3);

/// Shows the run until it is over, then its answer. Returns the exit code of the run, and that of a stopped run if it has stopped or if
/// a signal ends the watching.
///
/// # Errors
/// If the file is no run file or is damaged, or as [`show::show`] fails.
pub fn watch(file: &Path, output: Output) -> Result<u8> {
    let stops = Stops::catch_signals()?;
    // Without HDF5 nothing would come of waiting for the file.
    if !features::is_built_in("hdf5") {
        (files()?.opened)(file)?;
    }
    let mut watched = Watched::new(file);
    let end = loop {
        if stops.signal().is_some() {
            break End::Stopped(format!(
                "'{}' is no longer watched; its run goes on if it was running",
                file.display()
            ));
        }
        match watched.look()? {
            Some(end) => break end,
            None => std::thread::sleep(LOOK_EVERY),
        }
    };
    streams::hide_view();
    match end {
        End::Over => {
            stops.release_signals();
            show::show(file, output).map(code)
        }
        End::Stopped(why) => {
            streams::remark(&why);
            Ok(code(Status::Partial))
        }
    }
}

/// Why there is nothing more to watch.
enum End {
    /// The run is over: there is an answer.
    Over,
    /// The run is not over, and here is why.
    Stopped(String),
}

/// Which version of the file it is.
type Version = (u64, u64, i64, i64, u64);

/// A run file that is watched.
struct Watched<'a> {
    file: &'a Path,
    me: Owner,
    /// The version that was read, and what it says.
    version: Option<Version>,
    seen: Option<Seen>,
    /// When that version was first seen here, and how old it was then by the clocks of both hosts.
    since: Instant,
    age: Duration,
    /// What was said last, so that it is said once.
    said: String,
    /// The version after which the next one was late, and this was said.
    warned: Option<Version>,
}

impl<'a> Watched<'a> {
    fn new(file: &'a Path) -> Watched<'a> {
        let (since, age) = (Instant::now(), Duration::ZERO);
        Watched { file, me: summary::owner(), version: None, seen: None, since, age, said: String::new(), warned: None }
    }

    /// Looks once, and says what is new. Returns why there is nothing more to watch, if that is so.
    fn look(&mut self) -> Result<Option<End>> {
        let Some(version) = version(self.file) else {
            self.is_missing();
            return Ok(None);
        };
        if self.version != Some(version) && !self.read(version)? {
            return Ok(None);
        }
        // If there is another version by now, the end is that of neither: it is looked for again.
        let end = self.end().filter(|_| self::version(self.file) == self.version);
        if end.is_none() {
            self.show();
        }
        Ok(end)
    }

    /// Reads the file. Returns whether that is done: it may be replaced or removed meanwhile.
    fn read(&mut self, version: Version) -> Result<bool> {
        let report = match (files()?.opened)(self.file) {
            Err(_) if self::version(self.file) != Some(version) => return Ok(false),
            opened => opened?.report,
        };
        let written = fs::metadata(self.file).and_then(|there| there.modified());
        self.age = written.ok().and_then(|then| SystemTime::now().duration_since(then).ok()).unwrap_or_default();
        (self.version, self.since) = (Some(version), Instant::now());
        let before = self.seen.take();
        self.seen = Some(Seen::of(report, before, streams::terminal().is_some()));
        Ok(true)
    }

    fn is_missing(&mut self) {
        streams::hide_view();
        let file = self.file.display();
        let what = match (&self.seen, self.writer()) {
            (Some(_), _) => format!("'{file}' is gone: waiting until it is there again"),
            (None, Writer::Nobody) => format!("waiting for '{file}', which is not there yet"),
            (None, Writer::Alive(_)) => format!("waiting for '{file}': its run has begun and has not saved it yet"),
            (None, Writer::Dead(who)) => {
                format!("waiting for '{file}': the run that was to write it is dead ({who}), and saved nothing")
            }
        };
        self.version = None;
        self.say(what);
    }

    fn writer(&self) -> Writer {
        lock::writer(self.file, &self.me).unwrap_or(Writer::Nobody)
    }

    /// Why there is nothing more to watch, if that is so.
    fn end(&mut self) -> Option<End> {
        let seen = self.seen.as_ref()?;
        let (file, done, writer) = (self.file.display(), seen.progress(), self.writer());
        let advice = format!("{done}; to continue: pcount resume {file}");
        match (seen.status(), writer) {
            (Status::Partial, Writer::Nobody) => Some(End::Stopped(format!("the run has stopped: {advice}"))),
            (Status::Partial, Writer::Dead(who)) => {
                Some(End::Stopped(format!("the run is dead ({who} is gone): {advice}")))
            }
            (Status::Partial, Writer::Alive(who)) => {
                let observed = self.since.elapsed();
                let silent = format!(
                    "no save for {}, and one was due every {}",
                    people::duration((self.age + observed).as_secs_f64()),
                    people::duration(seen.every().as_secs_f64())
                );
                let whose = who.map_or("its run".into(), |who| who.to_string());
                match Silence::of(seen.every(), self.age + observed, observed) {
                    Silence::None => None,
                    Silence::Late => {
                        if self.warned != self.version {
                            streams::remark(&format!("{silent}: is {whose} still alive?"));
                            self.warned = self.version;
                        }
                        None
                    }
                    Silence::Dead => Some(End::Stopped(format!("{silent}; if {whose} is dead: {advice}"))),
                }
            }
            (_, Writer::Alive(_)) if self.since.elapsed() < OLD_ANSWER => None,
            _ => Some(End::Over),
        }
    }

    /// Shows how far the run is: always on a terminal, elsewhere a line for each version.
    fn show(&mut self) {
        let Some(seen) = self.seen.as_mut().filter(|seen| seen.status() == Status::Partial) else { return };
        let (age, saved) = (self.since.elapsed(), self.age + self.since.elapsed());
        match streams::terminal() {
            Some(size) => streams::show_view(seen.lines(age, saved, size)),
            None => {
                let line = seen.line();
                self.say(line);
            }
        }
    }

    fn say(&mut self, what: String) {
        if self.said != what {
            streams::remark(&what);
            self.said = what;
        }
    }
}

/// The version of the file that is there, if one is.
fn version(file: &Path) -> Option<Version> {
    let there = fs::metadata(file).ok()?;
    Some((there.dev(), there.ino(), there.mtime(), there.mtime_nsec(), there.size()))
}

/// What it means that a run does not save.
#[derive(Debug, PartialEq, Eq)]
enum Silence {
    /// The next save is not due yet.
    None,
    /// Some saves are missing.
    Late,
    /// So many are missing that the run must be dead.
    Dead,
}

impl Silence {
    /// Of a run that saves so often. Its last save is of this age by clocks that may differ; `observed` is by one clock.
    fn of(every: Duration, age: Duration, observed: Duration) -> Silence {
        let missed = observed > every * 3 / 2 + Duration::from_secs(5);
        match age {
            age if age > every * 10 + Duration::from_secs(60) && missed => Silence::Dead,
            age if age > every * 3 + Duration::from_secs(10) && missed => Silence::Late,
            _ => Silence::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_dead_when_many_saves_are_missing_whatever_the_clocks_say() {
        let of = |every, age, observed| {
            Silence::of(Duration::from_secs(every), Duration::from_secs(age), Duration::from_secs(observed))
        };
        assert_eq!(of(60, 30, 30), Silence::None);
        assert_eq!(of(60, 189, 189), Silence::None);
        assert_eq!(of(60, 191, 191), Silence::Late);
        assert_eq!(of(60, 661, 661), Silence::Dead);
        // The clock of the other host is a day behind: nothing is said before a save was missed here.
        assert_eq!(of(60, 86_400, 10), Silence::None);
        assert_eq!(of(60, 86_400, 96), Silence::Dead);
        assert_eq!(of(3600, 7200, 7200), Silence::None);
    }
}
