//! Why a run stops before it is done: a signal, or the end of its time.
//!
//! A signal is only stored. The main thread of a rank looks for it regularly and tells the root, and the root tells all. A
//! second SIGINT is not stored but ends the process, as it would without all this. This holds from before MPI starts to after it
//! has ended: if a signal ends a rank in between, it ends the whole job and gives it its exit code. The only file that names the
//! signal-hook crate.

use crate::error::{Error, Result};
use crate::process::ProcessStatus;
use crate::wire::Wire;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::{flag, low_level};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SIGNALS: [(i32, &str); 6] = [
    (SIGINT, "SIGINT"),
    (SIGTERM, "SIGTERM"),
    (SIGUSR1, "SIGUSR1"),
    (SIGUSR2, "SIGUSR2"),
    (SIGXCPU, "SIGXCPU"),
    (SIGHUP, "SIGHUP"),
];

/// Why a run stops before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A signal of this number.
    Signal(usize),
    /// The time of the run is over.
    Time,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Time => f.write_str("its time was up"),
            Cause::Signal(number) => match SIGNALS.iter().find(|(known, _)| *known as usize == *number) {
                Some((_, name)) => write!(f, "{name} came"),
                None => write!(f, "signal {number} came"),
            },
        }
    }
}

impl Wire for Cause {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Cause::Time => 0usize.put(out),
            Cause::Signal(number) => number.put(out),
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Cause> {
        Ok(match usize::take(bytes)? {
            0 => Cause::Time,
            number => Cause::Signal(number),
        })
    }
}

/// The reasons to stop that one rank knows.
pub struct Stops {
    /// The number of the last signal; 0 if none came.
    heard: Arc<AtomicUsize>,
    /// When this process must have ended, if that is set. Only the root uses it.
    until: Option<Instant>,
    /// Set when nobody looks for signals any more: then they do what they always do.
    over: Arc<AtomicBool>,
}

/// The time from the end of the computing to the end of the process, without saves: for messages on their way and for the end of
/// MPI. On a busy machine it takes longer. So it is a fiftieth of the run's time more, but not more than the maximum.
const ENDING_TIME: Duration = Duration::from_millis(300);
const ENDING_TIME_MAX: Duration = Duration::from_secs(10);

/// A long block may stop a run earlier by at most this share of its time.
const EARLIER_SHARE: u32 = 8;

impl Stops {
    /// Signals are stored from now on. A signal that is ignored stays ignored, as SIGHUP under nohup.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub fn catch_signals() -> Result<Stops> {
        let (heard, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let second = Arc::new(AtomicBool::new(false));
        let note = |&(signal, _): &(i32, &str)| -> std::io::Result<()> {
            if signal == SIGHUP && is_ignored(signal) {
                return Ok(());
            }
            flag::register_conditional_default(signal, over.clone())?;
            if signal == SIGINT {
                // The order matters: the first SIGINT must find nothing set.
                flag::register_conditional_default(signal, second.clone())?;
                flag::register(signal, second.clone())?;
            }
            flag::register_usize(signal, heard.clone(), signal as usize).map(drop)
        };
        // A file that may not grow is an ordinary error, not the end of the run.
        let ignored = flag::register(SIGXFSZ, Arc::default()).map(drop);
        ignored
            .and_then(|()| SIGNALS.iter().try_for_each(note))
            .map_err(|why| Error::failed(format!("cannot listen to signals: {why}")))?;
        Ok(Stops { heard, until: None, over })
    }

    /// Signals do again what they always do. If one has come, it does so now.
    pub fn release_signals(&self) {
        self.over.store(true, Ordering::Relaxed);
        let heard = self.heard.load(Ordering::Relaxed);
        if heard != 0 {
            // The signal ends the process, so nothing is printed here either.
            let _ = low_level::emulate_default_handler(heard as i32);
        }
    }

    /// Only a signal stored in `heard` stops the run.
    pub fn noted(heard: Arc<AtomicUsize>) -> Stops {
        Stops { heard, until: None, over: Arc::default() }
    }

    /// Nothing stops the run.
    pub fn never() -> Stops {
        Stops::noted(Arc::default())
    }

    /// The same, but the time ends at `until`, if that is given.
    pub fn until(mut self, until: Option<Instant>) -> Stops {
        self.until = until;
        self
    }

    /// Stores the signal that another rank got.
    pub fn note(&self, cause: Cause) {
        if let Cause::Signal(number) = cause {
            self.heard.store(number, Ordering::Relaxed);
        }
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<Cause> {
        match self.heard.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Cause::Signal(number)),
        }
    }

    /// Why everything should stop now, if there is a reason.
    pub fn cause(&self) -> Option<Cause> {
        let time_is_up = self.until.is_some_and(|until| Instant::now() >= until);
        self.signal().or(time_is_up.then_some(Cause::Time))
    }

    /// Why nothing should be begun, before the computing began; `what` says what was done meanwhile.
    pub fn before_it_began(&self, what: &str) -> Option<Error> {
        let cause = self.cause()?;
        Some(Error::Stopped(format!("stopped {what} because {cause}; nothing was computed")))
    }

    /// When blocks in progress must end, for a run that began then and whose saves take `saving`.
    pub fn last_call(&self, began: Instant, saving: Duration) -> Option<Instant> {
        let until = self.until?;
        let farewell = ENDING_TIME + (until.saturating_duration_since(began) / 50).min(ENDING_TIME_MAX);
        Some(until.checked_sub(farewell + 2 * saving).unwrap_or_else(Instant::now))
    }

    /// Whether it is too late to begin more blocks, if one takes up to `block`. In a run with little time a block may take a large part
    /// of it, and is begun all the same.
    pub fn time_is_up(&self, began: Instant, block: Duration, saving: Duration) -> bool {
        self.last_call(began, saving).is_some_and(|last| {
            let all = last.saturating_duration_since(began);
            Instant::now() + block.min(all / EARLIER_SHARE) >= last
        })
    }
}

/// Whether the system says that this process ignores the signal; `false` if it does not say.
fn is_ignored(signal: i32) -> bool {
    ProcessStatus::now().is_some_and(|status| status.ignores(signal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn causes_have_names_and_travel() {
        for (cause, name) in [
            (Cause::Time, "its time was up"),
            (Cause::Signal(15), "SIGTERM came"),
            (Cause::Signal(99), "signal 99 came"),
        ] {
            assert_eq!(cause.to_string(), name);
            assert_eq!(wire::value::<Cause>(&wire::bytes(&cause)).unwrap(), cause);
        }
    }

    #[test]
    fn a_signal_is_noted_and_the_process_goes_on() {
        let stops = Stops::catch_signals().unwrap();
        assert_eq!(stops.signal(), None);
        low_level::raise(SIGUSR2).unwrap();
        assert_eq!(stops.signal(), Some(Cause::Signal(SIGUSR2 as usize)));
        assert!(!is_ignored(SIGUSR2));
    }

    #[test]
    fn a_run_leaves_in_time_for_its_blocks_and_saves() {
        let (second, none) = (Duration::from_secs(1), Duration::ZERO);
        let now = Instant::now();
        let stops = Stops::never().until(Some(now + 100 * second));
        assert!(!Stops::never().time_is_up(now, 1000 * second, second));
        assert!(!stops.time_is_up(now, none, none));
        assert!(stops.time_is_up(now, none, 50 * second));
        // A long block counts, but for at most an eighth of the whole time.
        assert!(!stops.time_is_up(now, 1000 * second, none));
        let (began, stops) = (now - 90 * second, Stops::never().until(Some(now + 10 * second)));
        assert!(stops.time_is_up(began, 11 * second, none));
        assert!(!stops.time_is_up(began, 5 * second, none));
        // A run with much time keeps more of it for the end.
        assert!(stops.last_call(now, none).unwrap() < now + 10 * second - ENDING_TIME);
        assert!(Stops::never().until(Some(now)).time_is_up(now, none, none));
    }
}
