//! The wait for the other ranks, which may never come: MPI waits for them for ever and prints nothing.
//!
//! A rank that starts a program passes its launcher's variables on. If that program uses MPI it takes itself for the rank, and waits
//! for ranks that have started long ago. So after a while a thread prints that the program waits, and ends the process if the
//! other ranks do not come.

use super::complain;
use super::launch::{self, Launch};
use crate::error::Error;
use std::convert::Infallible;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long to wait for the other ranks, if nobody says; and how much longer for each of them. 200 ranks need half a minute on two busy
/// cores.
const START_WAIT: Duration = Duration::from_secs(60);
const START_WAIT_PER_RANK: Duration = Duration::from_millis(500);

/// A rank that prints nothing lets the rank that prints end first, but waits no longer than this.
const LETS_SPEAK: Duration = Duration::from_secs(5);

/// The environment variable that sets the time.
pub const VARIABLE: &str = "PCOUNT_START_TIMEOUT";

/// After this time a message says that the program waits.
const SAID_AFTER: Duration = Duration::from_secs(10);

/// How rarely the ranks of this host are looked at, for each rank of the job.
const LOOK_PER_RANK: Duration = Duration::from_millis(50);

/// Watches the wait until the result is dropped. Without `longest` the time grows with the number of ranks. `leave` must end this
/// process, whatever other threads do.
pub fn watch(launch: Launch, longest: Option<Duration>, leave: fn(u8) -> !) -> Sender<Infallible> {
    // Some time there must be, however little was asked for.
    let longest = longest.unwrap_or_else(|| longest_for(launch.size)).max(Duration::from_millis(2));
    let said_after = SAID_AFTER.min(longest / 2);
    // A look costs some milliseconds, so many ranks of a host should not all look.
    let often = LOOK_PER_RANK * u32::try_from(launch.size).unwrap_or(u32::MAX).min(1000) <= said_after / 2;
    let pause = if often { said_after / 2 } else { said_after };
    let mut wait = Wait { launch, longest, said_after, speaks: None, said: false, ended: 0, leave };
    looking(pause, longest, move |waited| wait.look(waited))
}

/// A wait in progress.
struct Wait {
    launch: Launch,
    longest: Duration,
    said_after: Duration,
    /// Whether this rank was the one to print for its host at the last look.
    speaks: Option<bool>,
    /// Whether the message was printed.
    said: bool,
    /// How many ranks of this host had ended at the last look.
    ended: usize,
    leave: fn(u8) -> !,
}

impl Wait {
    fn look(&mut self, waited: Duration) {
        // A rank that needs no others, as for `--help`, has ended without MPI. Between the end of the start and the moment when this rank
        // learns of it there may be one look.
        let here = launch::ranks_here(&self.launch);
        let before = std::mem::replace(&mut self.ended, here.ended);
        // The first rank of a host prints for all. It may have printed and ended already.
        let speaks = !here.has_speaker;
        let spoke_last = self.speaks.replace(speaks).unwrap_or(speaks);
        if before > 0 && self.ended > 0 {
            self.end(spoke_last, self.some_have_ended());
        }
        if waited >= self.said_after && !self.said {
            self.said = true;
            if speaks {
                complain(&Error::Launch(self.waits(waited)));
            }
        }
        if waited >= self.longest {
            self.end(spoke_last, self.none_came());
        }
    }

    fn end(&self, speaks: bool, why: String) -> ! {
        let why = Error::Launch(why);
        if speaks {
            complain(&why);
        } else {
            // The launcher kills all others when the first rank ends: this should be the rank that has printed.
            let until = Instant::now() + LETS_SPEAK;
            while Instant::now() < until && launch::ranks_here(&self.launch).has_speaker {
                std::thread::sleep(LETS_SPEAK / 20);
            }
        }
        (self.leave)(why.code())
    }

    fn waits(&self, waited: Duration) -> String {
        let Launch { by, rank, size, .. } = self.launch;
        format!(
            "rank {rank} of {size} has waited {} s for the other ranks of {by}: does each of them start pcount? \
             It ends after {} s",
            waited.as_secs(),
            self.longest.as_secs()
        )
    }

    fn none_came(&self) -> String {
        let Launch { by, rank, size, variables: [first, second], .. } = self.launch;
        format!(
            "rank {rank}: the other ranks of {by} did not come within {} s. Either start pcount by all {size}, or, if a \
             rank starts it for itself, clear the variables that make it one: env -u {first} -u {second} pcount ... \
             Where ranks take longer to start, set {VARIABLE}=10m",
            self.longest.as_secs()
        )
    }

    fn some_have_ended(&self) -> String {
        let Launch { by, rank, size, ranks_here, .. } = self.launch;
        format!(
            "rank {rank} of {size} waits in vain: of the {} ranks that {by} started on this host {} ended without the \
             others: start all ranks with the same words",
            ranks_here.unwrap_or_default(),
            match self.ended {
                1 => "one has".into(),
                several => format!("{several} have"),
            }
        )
    }
}

/// How long to wait for so many ranks.
fn longest_for(ranks: usize) -> Duration {
    START_WAIT + START_WAIT_PER_RANK * u32::try_from(ranks).unwrap_or(u32::MAX).min(7200)
}

/// Looks regularly, and a last time at the end, each time with the time waited; until the result is dropped.
fn looking(pause: Duration, end: Duration, mut look: impl FnMut(Duration) + Send + 'static) -> Sender<Infallible> {
    let (goes_on, over) = channel();
    std::thread::spawn(move || {
        let mut waited = Duration::ZERO;
        while waited < end {
            let pause = pause.min(end - waited);
            if !matches!(over.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                break;
            }
            waited += pause;
            look(waited);
        }
    });
    goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ranks_have_longer_but_not_for_ever() {
        assert_eq!([2, 200, usize::MAX].map(|ranks| longest_for(ranks).as_secs()), [61, 160, 3660]);
    }

    #[test]
    fn it_looks_every_so_often_and_at_the_end() {
        let millis = Duration::from_millis;
        let (tell, told) = channel();
        let _watch = looking(millis(4), millis(10), move |waited| tell.send(waited).unwrap());
        // There is no fourth look, and the thread has ended.
        assert_eq!(told.iter().collect::<Vec<_>>(), [millis(4), millis(8), millis(10)]);
    }

    #[test]
    fn who_comes_in_time_is_let_be() {
        let hour = Duration::from_secs(3600);
        for pause in [hour, Duration::from_millis(1)] {
            let (tell, told) = channel();
            let watch = looking(pause, hour, move |_| tell.send(()).unwrap());
            let looked = pause == hour || told.recv().is_ok();
            drop(watch);
            // The thread has ended when nobody can send any more.
            let more = told.iter().count();
            assert!(looked && (pause < hour || more == 0));
        }
    }
}
