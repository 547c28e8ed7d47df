//! Saves a run while it is in progress, on a thread of its own: neither the workers nor the main thread wait for a disk.
//!
//! A save that fails is a warning, and the next one tries again. Only the last one decides whether the run was saved.

use super::RunFile;
use crate::error::{Error, Result};
use crate::report::Report;
use crate::streams::remark;
use crate::values::{Fact, Value};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The expected time of a save before there was one.
const UNKNOWN: Duration = Duration::from_millis(50);

/// The first save comes at most after this time. Until then there is no file, or the older file of another run.
const FIRST_SAVE_AFTER: Duration = Duration::from_secs(1);

/// Saves a run while it is in progress.
pub struct Keeper {
    run: Arc<Mutex<RunFile>>,
    /// The channel to the thread; `None` before the first save.
    writer: Option<(Sender<Timed>, JoinHandle<()>)>,
    heard: Arc<SaveState>,
    every: Duration,
    /// The time of the last save; before the first save, the start.
    last: Instant,
    /// When the attempt began.
    began: Instant,
}

/// A report, and when it was to be saved, in seconds of the attempt.
type Timed = (Report, f64);

/// If there are more saves than this, every other one is forgotten: a run of weeks has as many thousands.
const SAVES_MAX: usize = 512;

/// What the thread reports.
#[derive(Default)]
struct SaveState {
    busy: AtomicBool,
    /// Microseconds of the longest save, and of all.
    longest: AtomicU64,
    all: AtomicU64,
    /// Whether the last save failed.
    failing: AtomicBool,
    /// When the last save succeeded.
    saved: Mutex<Option<Instant>>,
    /// When saves began that succeeded, in seconds of the attempt.
    saves: Mutex<Vec<f64>>,
}

impl SaveState {
    /// When the attempt was saved, with a save that begins then.
    fn with(&self, began: f64) -> Vec<f64> {
        let mut saves = self.saves.lock().unwrap_or_else(PoisonError::into_inner).clone();
        saves.push(began);
        if saves.len() > SAVES_MAX {
            let mut at = 0;
            saves.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
        saves
    }
}

/// When an attempt was saved, as the run file says it; `None` if it was not.
fn fact(saves: &[f64]) -> Option<Fact> {
    let list = Value::List(saves.iter().copied().map(Value::Seconds).collect());
    (!saves.is_empty()).then(|| Fact::new("saves", list))
}

impl Keeper {
    /// Saves an attempt that began then, at this interval, and the first time soon.
    pub fn new(run: Arc<Mutex<RunFile>>, every: Duration, began: Instant) -> Keeper {
        let heard = Arc::default();
        Keeper { run, writer: None, heard, every, last: Instant::now(), began }
    }

    /// When the attempt was saved, as the run file says it; `None` if it was not. Waits for a save that is under way.
    pub fn saves(&mut self) -> Option<Fact> {
        self.rest();
        fact(&self.heard.saves.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is time for a save.
    pub fn due(&self) -> bool {
        let wait = if self.writer.is_none() { self.every.min(FIRST_SAVE_AFTER) } else { self.every };
        self.last.elapsed() >= wait && !self.heard.busy.load(Ordering::Acquire)
    }

    /// The longest time of a save so far, or the expected time.
    pub fn saving(&self) -> Duration {
        match self.heard.longest.load(Ordering::Relaxed) {
            0 => UNKNOWN,
            micros => Duration::from_micros(micros),
        }
    }

    /// How long all saves took so far, on a thread of their own.
    pub fn spent(&self) -> Duration {
        Duration::from_micros(self.heard.all.load(Ordering::Relaxed))
    }

    /// When the run was saved last; `None` before that.
    pub fn saved(&self) -> Option<Instant> {
        *self.heard.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a report saved.
    pub fn save(&mut self, report: Report) {
        self.last = Instant::now();
        if self.writer.is_none() {
            match self.start_writer() {
                Ok(writer) => self.writer = Some(writer),
                Err(why) => return warn(&Error::failed(format!("cannot start a thread to save the run: {why}"))),
            }
        }
        self.heard.busy.store(true, Ordering::Release);
        let (writer, _) = self.writer.as_ref().expect("it was just started");
        // The thread ends only when this side does.
        let _ = writer.send((report, self.began.elapsed().as_secs_f64()));
    }

    fn start_writer(&self) -> std::io::Result<(Sender<Timed>, JoinHandle<()>)> {
        let (run, heard) = (self.run.clone(), self.heard.clone());
        let (send, reports) = channel::<Timed>();
        let write = move || {
            for report in reports {
                write(report, &run, &heard);
                heard.busy.store(false, Ordering::Release);
            }
        };
        Ok((send, std::thread::Builder::new().name("writer".into()).spawn(write)?))
    }

    /// Saves the last report, after all earlier ones.
    ///
    /// # Errors
    /// If it cannot be saved.
    pub fn finish(mut self, report: &Report) -> Result<()> {
        self.rest();
        self.run.lock().expect("no thread panics: the job would have ended").save(report)
    }
}

impl Keeper {
    /// Waits for the thread to end.
    fn rest(&mut self) {
        if let Some((tell, thread)) = self.writer.take() {
            drop(tell);
            thread.join().expect("no thread panics: the job would have ended");
        }
    }
}

/// If a run ends with an error, no save remains half done and no lock remains.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.rest();
    }
}

fn write((mut report, at): Timed, run: &Mutex<RunFile>, heard: &SaveState) {
    let (began, saves) = (Instant::now(), heard.with(at));
    report.run.extend(fact(&saves));
    let written = run.lock().expect("no thread panics: the job would have ended").save(&report);
    let micros = began.elapsed().as_micros() as u64;
    heard.longest.fetch_max(micros, Ordering::Relaxed);
    heard.all.fetch_add(micros, Ordering::Relaxed);
    if written.is_ok() {
        *heard.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        *heard.saves.lock().unwrap_or_else(PoisonError::into_inner) = saves;
    }
    // One warning is enough until a save succeeds again.
    match (written, heard.failing.load(Ordering::Relaxed)) {
        (Err(why), false) => warn(&why),
        (Ok(()), true) => remark("the run is saved again"),
        _ => return,
    }
    heard.failing.fetch_not(Ordering::Relaxed);
}

fn warn(why: &Error) {
    remark(&format!("{why}; the run goes on and tries again"));
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(feature = "hdf5")]
    fn what_was_saved_last_is_there_and_a_failure_ends_nothing() {
        use super::super::lock::Owner;
        use super::super::{draft, read};
        use super::*;
        use crate::report::tests::sample;
        use std::fs;
        let folder = std::env::temp_dir().join(format!("pcount-keeper-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        let path = folder.join("in/run.h5");
        let me = Owner { host: "here".into(), pid: 1, job: None };
        let mut keeper =
            Keeper::new(Arc::new(Mutex::new(draft(&path, &me).unwrap())), Duration::from_millis(1), Instant::now());
        let named = |kernel: &str| Report { kernel: kernel.into(), ..sample() };
        let wait = |keeper: &Keeper| {
            while !keeper.due() {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        wait(&keeper);
        keeper.save(named("first"));
        wait(&keeper);
        let first = read(&path).unwrap();
        assert_eq!(first.kernel, "first");
        assert!(
            matches!(first.run.last(), Some(Fact { name, value: Value::List(saves) }) if name == "saves" && saves.len() == 1)
        );
        assert!(keeper.saving() > Duration::ZERO && keeper.saving() != UNKNOWN);
        // The folder is renamed and another gets its name: the run is saved in the first, whatever stands at its old place.
        fs::rename(folder.join("in"), folder.join("out")).unwrap();
        fs::create_dir(folder.join("in")).unwrap();
        keeper.save(named("second"));
        wait(&keeper);
        assert_eq!(read(&folder.join("out/run.h5")).unwrap().kernel, "second");
        fs::remove_dir(folder.join("in")).unwrap();
        fs::rename(folder.join("out"), folder.join("in")).unwrap();
        keeper.save(named("third"));
        assert!(matches!(keeper.saves(), Some(Fact { value: Value::List(saves), .. }) if saves.len() == 3));
        // A folder is in its place: the save fails and is not noted.
        fs::rename(&path, folder.join("third")).unwrap();
        fs::create_dir(&path).unwrap();
        keeper.save(named("lost"));
        assert!(matches!(keeper.saves(), Some(Fact { value: Value::List(saves), .. }) if saves.len() == 3));
        fs::remove_dir(&path).unwrap();
        fs::rename(folder.join("third"), &path).unwrap();
        keeper.finish(&named("last")).unwrap();
        assert_eq!(read(&path).unwrap().kernel, "last");
        assert_eq!(read(&folder.join("in/run.h5.prev")).unwrap().kernel, "third");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_run_of_weeks_remembers_few_of_its_saves_and_the_last() {
        use super::*;
        let heard = SaveState::default();
        assert_eq!(fact(&heard.saves.lock().unwrap()), None);
        for saves in 1..10_000 {
            let kept = heard.with(saves as f64);
            assert!(kept.len() <= SAVES_MAX && kept.len() >= saves.min(SAVES_MAX / 2) && kept.is_sorted(), "{saves}");
            *heard.saves.lock().unwrap() = kept;
        }
    }
}
