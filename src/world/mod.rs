//! The ranks of a run: who they are, how they talk, how they leave together.
//!
//! Three worlds: [`solo`] is one rank without MPI, `mpi` what a launcher made, [`threads`] ranks as threads
//! for tests. Collectives are called by every rank or by none, so outside this room none stands inside an
//! `if` on the rank. What may fail on one rank alone goes through [`agree`].
//!
//! A rank that dies ends the job, but between [`World::tolerate`] and [`World::shrink`], where ranks only exchange
//! messages and nobody but the root is waited for.

pub mod launch;
#[allow(unsafe_code)]
mod mpi;
pub mod solo;
pub mod threads;
#[allow(unsafe_code)]
mod ulfm;

use crate::error::{BUG, Error, Result};
use crate::wire::{self, Wire};
use launch::Launch;
pub use mpi::library;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// The ranks of this run, this one among them. Only the main thread of a rank speaks to it.
pub trait World {
    fn rank(&self) -> usize;
    fn size(&self) -> usize;

    /// Hands `bytes` to a rank. Messages from one rank to another arrive in order.
    fn send(&self, to: usize, bytes: &[u8]);
    /// The next message and its sender, if one is here.
    fn poll(&self) -> Option<(usize, Vec<u8>)>;

    /// Everyone's bytes at the root, in rank order; nothing elsewhere. Of a rank that is lost there are none.
    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>>;
    /// The root's bytes at everyone.
    fn share(&self, mine: Vec<u8>) -> Vec<u8>;

    /// Returns when every rank has called it.
    fn meet(&self) {
        self.gather(Vec::new());
        self.share(Vec::new());
    }

    /// The largest of everyone's numbers, at everyone.
    fn most(&self, mine: u64) -> u64 {
        let all = self.gather(wire::bytes(&mine)).unwrap_or_default();
        let most = all.iter().filter_map(|bytes| wire::value::<u64>(bytes).ok()).max();
        wire::value(&self.share(wire::bytes(&most.unwrap_or(0)))).expect("the root shares a number")
    }

    /// Whether the job can go on when a rank dies, or why not; the same on every rank.
    fn can_tolerate(&self) -> std::result::Result<(), String>;
    /// From here to [`World::shrink`] the death of a rank other than the root does not end the job; messages to it are
    /// dropped. Every rank calls it, once, in a world that can.
    fn tolerate(&self) {}
    /// The ranks that are known to be lost.
    fn lost(&self) -> Vec<usize> {
        Vec::new()
    }
    /// Leaves the lost behind: from here on collectives are among the others, whose numbers stay as they are. Each of
    /// them calls it when it expects no more messages.
    fn shrink(&self) {}

    fn is_root(&self) -> bool {
        self.rank() == 0
    }
}

/// How to wait for something that others do: at first by yielding, so that an answer on its way is not kept
/// waiting, then asleep for longer and longer, because whoever waits shares the cores with those who compute.
pub struct Patience {
    looks: u32,
    pause: Duration,
}

impl Patience {
    const YIELDS: u32 = 64;
    const SHORTEST: Duration = Duration::from_micros(50);
    const LONGEST: Duration = Duration::from_millis(1);

    pub fn new() -> Patience {
        Patience { looks: 0, pause: Patience::SHORTEST }
    }

    /// Sleeps from the start: for waits beside a crew that computes.
    pub fn asleep() -> Patience {
        Patience { looks: Patience::YIELDS, pause: Patience::SHORTEST }
    }

    /// How long the next pause should be; zero means to yield.
    pub fn pause(&mut self) -> Duration {
        self.pause_up_to(Patience::LONGEST)
    }

    /// The same where a pause may become longer than usual.
    pub fn pause_up_to(&mut self, longest: Duration) -> Duration {
        self.looks += 1;
        if self.looks <= Patience::YIELDS {
            return Duration::ZERO;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(longest.max(Patience::LONGEST));
        pause
    }

    pub fn wait(&mut self) {
        match self.pause() {
            Duration::ZERO => std::thread::yield_now(),
            pause => std::thread::sleep(pause),
        }
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::new()
    }
}

/// The world that the environment calls for: that of the launcher, or else one rank without MPI.
///
/// # Errors
/// [`Error::Launch`] if a launcher started several ranks and MPI sees only one: each would do all the work.
pub fn open() -> Result<Box<dyn World>> {
    match launch::find() {
        None => Ok(Box::new(solo::Solo)),
        Some(launch) if launch.size > 1 && !launch.speaks_mpi => Err(singletons(&launch)),
        Some(launch) => {
            let world = mpi::Mpi::open()?;
            match world.size() == 1 && launch.size > 1 {
                true => Err(singletons(&launch)),
                false => Ok(Box::new(world)),
            }
        }
    }
}

fn singletons(launch: &Launch) -> Error {
    let Launch { by, size, cure, .. } = launch;
    Error::Launch(format!(
        "{by} started {size} ranks, but MPI sees a world of one: {cure} (this pcount is built with {})",
        library(),
    ))
}

/// A failure or a difference on any rank becomes an error on every rank; `print` identifies what the values
/// have in common.
pub fn agree<T>(world: &dyn World, mine: Result<T>, print: impl Fn(&T) -> u64) -> Result<T> {
    let ballot = match &mine {
        Ok(value) => (Some(print(value)), None),
        Err(why) => (None, Some(why.clone())),
    };
    let verdict = world.gather(wire::bytes(&ballot)).map(|ballots| tally(&ballots));
    let verdict = world.share(wire::bytes(&verdict.flatten()));
    match wire::value::<Option<Error>>(&verdict)? {
        Some(why) => Err(why),
        None => mine,
    }
}

/// What rank 0 alone looks up (a file, its environment), at every rank.
pub fn from_root<T: Wire>(world: &dyn World, look_up: impl FnOnce() -> Result<T>) -> Result<T> {
    let mine = if world.is_root() { look_up().map(|found| wire::bytes(&found)) } else { Ok(Vec::new()) };
    let mine = agree(world, mine, |_| 0)?;
    wire::value(&world.share(mine))
}

/// What is wrong, if anything is.
fn tally(ballots: &[Vec<u8>]) -> Option<Error> {
    let mut first = None;
    for (rank, ballot) in ballots.iter().enumerate().filter(|(_, ballot)| !ballot.is_empty()) {
        match wire::value::<(Option<u64>, Option<Error>)>(ballot) {
            Ok((_, Some(why))) | Err(why) => {
                // Rank 0 speaks for all: where all fail alike, as on a wrong argument, it is the first.
                return Some(if rank == 0 { why } else { why.at(&format!("rank {rank}")) });
            }
            Ok((print, None)) => {
                if *first.get_or_insert(print) != print {
                    return Some(Error::failed(format!("rank {rank} has another plan than rank 0")));
                }
            }
        }
    }
    None
}

/// Says why at the root and gives the code that every rank leaves with.
pub fn leave(world: &dyn World, why: &Error) -> ExitCode {
    if world.is_root() {
        complain(why);
    }
    // The message must be out before the first rank ends: launchers kill the others when one fails.
    world.meet();
    ExitCode::from(why.code())
}

/// Says why, in one line and one write, that the lines of several ranks do not mix.
pub fn complain(why: &Error) {
    let line = format!("pcount: {}\n", why.to_string().replace('\n', " "));
    // If nobody listens there, the code still tells.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// From now on a panic on any thread of any rank ends the whole job with code 70.
///
/// Without this a panicking rank under MPI unwinds into `MPI_Finalize`, which waits for ranks that wait for
/// a message: the job hangs until its time is up.
pub fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let whom = launch::find().map_or(String::new(), |launch| format!("rank {}: ", launch.rank));
        complain(&Error::failed(format!("{whom}this is a bug in pcount, please report it: {panic}")));
        // MPICH's launcher drops what it has not yet read of a rank that aborts, and this line is all there is to go by.
        std::thread::sleep(Duration::from_millis(100));
        mpi::abort(BUG);
        std::process::exit(BUG.into());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_or_a_difference_anywhere_is_an_error_everywhere() {
        for size in [1, 2, 5] {
            assert!(threads::run(size, 0, |world| agree(world, Ok(7), |v| *v).is_ok()).into_iter().all(|ok| ok));
        }
        for size in [2, 5] {
            let one_fails = |world: &dyn World| match world.rank() {
                1 => Err(Error::usage("no file")),
                _ => Ok(7),
            };
            for verdict in threads::run(size, 0, |world| agree(world, one_fails(world), |v| *v)) {
                assert_eq!(verdict, Err(Error::usage("rank 1: no file")));
            }
            for verdict in threads::run(size, 0, |world| agree(world, Ok(world.rank() as u64), |v| *v)) {
                assert_eq!(verdict, Err(Error::failed("rank 1 has another plan than rank 0")));
            }
            for verdict in threads::run(size, 0, |world| agree(world, Err::<u64, _>(Error::usage("all")), |v| *v)) {
                assert_eq!(verdict, Err(Error::usage("all")));
            }
        }
    }

    #[test]
    fn collectives_bring_everything_together() {
        for size in [1, 2, 3, 8] {
            let told = threads::run(size, 3, |world| {
                let rank = world.rank() as u64;
                let gathered = world.gather(vec![rank as u8; world.rank()]);
                (gathered, world.share(vec![9]), world.most(rank))
            });
            for (rank, (gathered, shared, most)) in told.into_iter().enumerate() {
                let all = (0..size).map(|rank| vec![rank as u8; rank]).collect();
                assert_eq!(gathered, (rank == 0).then_some(all));
                assert_eq!((shared, most), (vec![9], size as u64 - 1));
            }
        }
    }
}
