//! Saves a run while it goes on, on a thread of its own: neither the crews nor those who feed them wait for a disk.
//!
//! A save that fails is a warning, and the next one tries again; only the last one decides whether the run was kept.

use super::hdf5::{self, RunFile};
use super::{Report, talk};
use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a save is expected to take before there was one.
const UNKNOWN: Duration = Duration::from_millis(50);

/// The first save comes no later than that: whoever goes on with a run that was killed before it finds no file, or one of
/// another run with another answer.
const SOON: Duration = Duration::from_secs(1);

pub struct Keeper {
    run: Arc<Mutex<RunFile>>,
    /// To the thread; nothing before the first save.
    writer: Option<(Sender<Report>, JoinHandle<()>)>,
    heard: Arc<Heard>,
    every: Duration,
    /// When it was saved last; before the first save, when it began.
    last: Instant,
}

/// What the thread tells.
#[derive(Default)]
struct Heard {
    busy: AtomicBool,
    /// Microseconds of the longest save.
    longest: AtomicU64,
    /// Whether the last save failed.
    failing: AtomicBool,
}

impl Keeper {
    /// Saves every so often, and for the first time soon.
    pub fn new(run: RunFile, every: Duration) -> Keeper {
        let (run, heard) = (Arc::new(Mutex::new(run)), Arc::default());
        Keeper { run, writer: None, heard, every, last: Instant::now() }
    }

    /// Whether it is time for a save.
    pub fn due(&self) -> bool {
        let wait = if self.writer.is_none() { self.every.min(SOON) } else { self.every };
        self.last.elapsed() >= wait && !self.heard.busy.load(Ordering::Acquire)
    }

    /// How long a save takes at most, as far as is known.
    pub fn saving(&self) -> Duration {
        match self.heard.longest.load(Ordering::Relaxed) {
            0 => UNKNOWN,
            micros => Duration::from_micros(micros),
        }
    }

    /// Has the report written.
    pub fn save(&mut self, report: Report) {
        self.last = Instant::now();
        if self.writer.is_none() {
            match self.hire() {
                Ok(writer) => self.writer = Some(writer),
                Err(why) => return warn(&Error::failed(format!("no thread to save the run: {why}"))),
            }
        }
        self.heard.busy.store(true, Ordering::Release);
        let (writer, _) = self.writer.as_ref().expect("it was just hired");
        // It ends only when this side does.
        let _ = writer.send(report);
    }

    fn hire(&self) -> std::io::Result<(Sender<Report>, JoinHandle<()>)> {
        let (run, heard) = (self.run.clone(), self.heard.clone());
        let (tell, reports) = channel::<Report>();
        let write = move || {
            for report in reports {
                write(&report, &run, &heard);
                heard.busy.store(false, Ordering::Release);
            }
        };
        Ok((tell, std::thread::Builder::new().name("writer".into()).spawn(write)?))
    }

    /// Writes the last report, when all that was to be saved before is.
    pub fn finish(mut self, report: &Report) -> Result<()> {
        self.rest();
        hdf5::write(report, &mut self.run.lock().expect("no thread panics: the job would have ended"))
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

/// A run that ends in an error leaves no save half done and no lock behind.
impl Drop for Keeper {
    fn drop(&mut self) {
        self.rest();
    }
}

fn write(report: &Report, run: &Mutex<RunFile>, heard: &Heard) {
    let began = Instant::now();
    let written = hdf5::write(report, &mut run.lock().expect("no thread panics: the job would have ended"));
    heard.longest.fetch_max(began.elapsed().as_micros() as u64, Ordering::Relaxed);
    // Once is enough until it works again.
    match (written, heard.failing.load(Ordering::Relaxed)) {
        (Err(why), false) => warn(&why),
        (Ok(()), true) => talk("pcount: the run is saved again\n"),
        _ => return,
    }
    heard.failing.fetch_not(Ordering::Relaxed);
}

fn warn(why: &Error) {
    talk(&format!("pcount: {why}; the run goes on and tries again\n"));
}

#[cfg(test)]
mod tests {
    use super::super::lock::Owner;
    use super::super::tests::sample;
    use super::*;
    use std::fs;

    #[test]
    fn what_was_saved_last_is_there_and_a_failure_ends_nothing() {
        let folder = std::env::temp_dir().join(format!("pcount-keeper-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        let path = folder.join("in/run.h5");
        let me = Owner { host: "here".into(), pid: 1, job: None };
        let mut keeper = Keeper::new(hdf5::draft(&path, &me).unwrap(), Duration::from_millis(1));
        let named = |kernel: &str| Report { kernel: kernel.into(), ..sample() };
        let wait = |keeper: &Keeper| {
            while !keeper.due() {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        wait(&keeper);
        keeper.save(named("first"));
        wait(&keeper);
        assert_eq!(hdf5::read(&path).unwrap().kernel, "first");
        assert!(keeper.saving() > Duration::ZERO && keeper.saving() != UNKNOWN);
        // The folder goes and comes again.
        fs::rename(folder.join("in"), folder.join("out")).unwrap();
        keeper.save(named("second"));
        wait(&keeper);
        fs::rename(folder.join("out"), folder.join("in")).unwrap();
        assert_eq!(hdf5::read(&path).unwrap().kernel, "first");
        keeper.save(named("third"));
        keeper.finish(&named("last")).unwrap();
        assert_eq!(hdf5::read(&path).unwrap().kernel, "last");
        assert_eq!(hdf5::read(&folder.join("in/run.h5.prev")).unwrap().kernel, "third");
        fs::remove_dir_all(&folder).unwrap();
    }
}
