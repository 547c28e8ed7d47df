//! Why a run stops before it is done: somebody sends a signal, or its time is up.
//!
//! A signal is only noted; the main thread of a rank looks at the note now and then, tells the root, and the root
//! tells all. A second SIGINT is not noted but ends the process, as it would without all this. It is so from before MPI
//! starts to after it has ended: a rank that a signal ends in between takes the job with it, and its exit code. The only
//! file that names the signal-hook crate.

use crate::error::{Error, Result};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A signal of this number.
    Signal(usize),
    /// The time that the run was given is up.
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

/// What one rank knows of reasons to stop.
pub struct Stops {
    /// The number of the signal that came last.
    heard: Arc<AtomicUsize>,
    /// When this process must have ended, if that is set; the root's counts.
    until: Option<Instant>,
    /// Set when nobody listens any more: signals then do what they always do.
    over: Arc<AtomicBool>,
}

/// What is left between the end of the computing and that of the process for all else but saving: parts on their way,
/// MPI's end. On a busy machine it takes longer, so of much time more is left: a fiftieth, up to the most.
const FAREWELL: Duration = Duration::from_millis(300);
const FAREWELL_MOST: Duration = Duration::from_secs(10);

/// A block may make a run stop earlier by at most one part in so many of its time.
const EARLIER: u32 = 8;

impl Stops {
    /// Signals are noted from now on. One that the caller wants ignored, as nohup does with SIGHUP, still is.
    pub fn heed() -> Result<Stops> {
        let (heard, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let second = Arc::new(AtomicBool::new(false));
        let note = |&(signal, _): &(i32, &str)| -> std::io::Result<()> {
            if signal == SIGHUP && is_ignored(signal) {
                return Ok(());
            }
            flag::register_conditional_default(signal, over.clone())?;
            if signal == SIGINT {
                // In this order: the first one finds nothing set.
                flag::register_conditional_default(signal, second.clone())?;
                flag::register(signal, second.clone())?;
            }
            flag::register_usize(signal, heard.clone(), signal as usize).map(drop)
        };
        // A file that may not grow is an error of its own, not the end of the run.
        let ignored = flag::register(SIGXFSZ, Arc::default()).map(drop);
        ignored
            .and_then(|()| SIGNALS.iter().try_for_each(note))
            .map_err(|why| Error::failed(format!("cannot listen to signals: {why}")))?;
        Ok(Stops { heard, until: None, over })
    }

    /// Signals do again what they always do, and one that has come does it now.
    pub fn heed_no_more(&self) {
        self.over.store(true, Ordering::Relaxed);
        let heard = self.heard.load(Ordering::Relaxed);
        if heard != 0 {
            // It ends the process, so nothing is said of it here either.
            let _ = low_level::emulate_default_handler(heard as i32);
        }
    }

    /// Nothing stops the run but a signal noted in `heard`.
    pub fn noted(heard: Arc<AtomicUsize>) -> Stops {
        Stops { heard, until: None, over: Arc::default() }
    }

    /// Nothing stops the run.
    pub fn never() -> Stops {
        Stops::noted(Arc::default())
    }

    /// The same, and the time is up at `until`, if that is given.
    pub fn until(mut self, until: Option<Instant>) -> Stops {
        self.until = until;
        self
    }

    /// Notes what another rank was sent.
    pub fn note(&self, cause: Cause) {
        if let Cause::Signal(number) = cause {
            self.heard.store(number, Ordering::Relaxed);
        }
    }

    /// The signal that was noted, if one was.
    pub fn signal(&self) -> Option<Cause> {
        match self.heard.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Cause::Signal(number)),
        }
    }

    /// When blocks in flight must be through, for a run that began then and saves in `saving`.
    pub fn last_call(&self, began: Instant, saving: Duration) -> Option<Instant> {
        let until = self.until?;
        let farewell = FAREWELL + (until.saturating_duration_since(began) / 50).min(FAREWELL_MOST);
        Some(until.checked_sub(farewell + 2 * saving).unwrap_or_else(Instant::now))
    }

    /// Whether it is time to begin no more blocks, when one takes up to `block`. Of a run with little time blocks may be
    /// a large part, and are then begun all the same.
    pub fn time_is_up(&self, began: Instant, block: Duration, saving: Duration) -> bool {
        self.last_call(began, saving).is_some_and(|last| {
            let all = last.saturating_duration_since(began);
            Instant::now() + block.min(all / EARLIER) >= last
        })
    }
}

/// As the system tells of this process; where it does not, nothing is.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
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
        let stops = Stops::heed().unwrap();
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
        // A long block counts, but not for more than an eighth of all the time.
        assert!(!stops.time_is_up(now, 1000 * second, none));
        let (began, stops) = (now - 90 * second, Stops::never().until(Some(now + 10 * second)));
        assert!(stops.time_is_up(began, 11 * second, none));
        assert!(!stops.time_is_up(began, 5 * second, none));
        // Of much time more is left for the end than of little.
        assert!(stops.last_call(now, none).unwrap() < now + 10 * second - FAREWELL);
        assert!(Stops::never().until(Some(now)).time_is_up(now, none, none));
    }
}
