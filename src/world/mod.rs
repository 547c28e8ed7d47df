//! The ranks of a run: who they are, how they exchange messages, how they end together.
//!
//! There are three worlds. [`solo`] is one rank without MPI. `mpi` is what a launcher made (`no_mpi.rs` replaces it in a build
//! without MPI). [`threads`] has ranks as threads, for tests. Every rank must call a collective, or none. So outside this room no
//! collective stands inside an `if` on the rank. What may fail on one rank alone goes through [`agree`].
//!
//! If a rank dies, the job ends, except between [`World::tolerate`] and [`World::shrink`]. There ranks only exchange messages, and
//! nobody waits for a rank other than the root.

pub mod launch;
#[allow(unsafe_code)]
#[cfg_attr(not(feature = "mpi"), path = "no_mpi.rs")]
mod mpi;
pub mod solo;
pub mod start;
pub mod threads;
#[cfg(feature = "mpi")]
#[allow(unsafe_code)]
mod ulfm;
pub mod wait;

use crate::error::{BUG, Error, Result};
use crate::streams;
use crate::wire::{self, Wire};
use launch::Launch;
pub use mpi::load as load_mpi;
use std::process::ExitCode;
use std::time::Duration;

/// The ranks of a run, as one of them sees them. Only the main thread of a rank may call it.
pub trait World {
    /// This rank, from 0. Rank 0 is the root.
    fn rank(&self) -> usize;
    /// How many ranks there are.
    fn size(&self) -> usize;

    /// How long it took until all ranks had met; nothing where they need not be started.
    fn starting(&self) -> Duration {
        Duration::ZERO
    }

    /// Sends `bytes` to a rank. Messages from one rank to another arrive in order.
    fn send(&self, to: usize, bytes: &[u8]);
    /// The next message and its sender, if one has arrived. It does not wait.
    fn poll(&self) -> Option<(usize, Vec<u8>)>;

    /// The bytes of all ranks in rank order, at the root; `None` elsewhere. A dead rank has no bytes.
    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>>;
    /// The root's bytes, on every rank.
    fn broadcast(&self, mine: Vec<u8>) -> Vec<u8>;

    /// Returns when every rank has called it.
    fn barrier(&self) {
        self.gather(Vec::new());
        self.broadcast(Vec::new());
    }

    /// The largest of the numbers of all ranks, on every rank.
    fn all_max(&self, mine: u64) -> u64 {
        let all = self.gather(wire::bytes(&mine)).unwrap_or_default();
        let most = all.iter().filter_map(|bytes| wire::value::<u64>(bytes).ok()).max();
        wire::value(&self.broadcast(wire::bytes(&most.unwrap_or(0)))).expect("the root shares a number")
    }

    /// The first `ranks` ranks as a world of their own, where they have the same numbers and whose messages do not mix with those of
    /// this one; `None` on the others. Every rank must call it, with the same number, which is from 1 to [`World::size`].
    fn first_ranks(&self, ranks: usize) -> Option<Box<dyn World + '_>>;

    /// Whether the job can continue when a rank dies; the same on every rank.
    ///
    /// # Errors
    /// Why it cannot, in words for the user.
    fn can_tolerate(&self) -> std::result::Result<(), String>;
    /// From here to [`World::shrink`] the death of a rank other than the root does not end the job. Messages to a dead rank are dropped.
    /// Every rank must call it, once, in a world that can.
    fn tolerate(&self) {}
    /// The ranks that are known to be dead.
    fn lost(&self) -> Vec<usize> {
        Vec::new()
    }
    /// Excludes the dead ranks: from here on collectives are among the others, which keep their numbers. Each of them calls it when it
    /// expects no more messages.
    fn shrink(&self) {}

    /// Whether this is rank 0.
    fn is_root(&self) -> bool {
        self.rank() == 0
    }
}

/// How to wait for others: first by yielding, so that a reply on its way is not delayed, then by sleeping longer and longer, because
/// the cores are shared with the threads that compute.
pub struct Patience {
    looks: u32,
    pause: Duration,
}

impl Patience {
    const YIELDS: u32 = 64;
    const PAUSE_MIN: Duration = Duration::from_micros(50);
    const PAUSE_MAX: Duration = Duration::from_millis(1);

    /// Begins by yielding.
    pub fn new() -> Patience {
        Patience { looks: 0, pause: Patience::PAUSE_MIN }
    }

    /// Begins by sleeping: for waits beside a crew that computes.
    pub fn asleep() -> Patience {
        Patience { looks: Patience::YIELDS, pause: Patience::PAUSE_MIN }
    }

    /// How long the next pause should be; zero means to yield.
    pub fn pause(&mut self) -> Duration {
        self.pause_up_to(Patience::PAUSE_MAX)
    }

    /// The same, if a pause may become longer than usual.
    pub fn pause_up_to(&mut self, longest: Duration) -> Duration {
        self.looks += 1;
        if self.looks <= Patience::YIELDS {
            return Duration::ZERO;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(longest.max(Patience::PAUSE_MAX));
        pause
    }

    /// Sleeps for the next pause.
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

/// What is asked of the MPI library. Nothing outside this room calls it in another way, so a program that does not call
/// [`load_mpi`] has no reference to MPI and starts without it.
struct Library {
    open: fn(Launch, Option<Duration>) -> Result<Box<dyn World>>,
    abort: fn(u8),
    name: fn() -> String,
}

/// The name and version of the MPI library, in one line.
pub fn library() -> String {
    mpi::loaded().map_or("not loaded".into(), |library| (library.name)())
}

/// The world that the environment calls for: that of the launcher, or one rank without MPI. A program that may have a launcher
/// calls [`load_mpi`] before.
///
/// # Errors
/// [`Error::Launch`] if a launcher started several ranks but MPI sees only one: each would do all the work. If the other ranks do
/// not come within `longest`, the process ends with that code. Without `longest` the wait is one minute, plus half a second for
/// each rank.
pub fn open(longest: Option<Duration>) -> Result<Box<dyn World>> {
    match launch::find() {
        None => Ok(Box::new(solo::Solo)),
        Some(launch) => match mpi::loaded() {
            Some(library) => (library.open)(launch, longest),
            None => Err(Error::Launch("MPI is not loaded: call load_mpi before open".into())),
        },
    }
}

/// Turns an error or a difference on any rank into an error on every rank; `print` gives the number by which values are compared.
///
/// # Errors
/// Those of all ranks become one, the same on every rank.
pub fn agree<T>(world: &dyn World, mine: Result<T>, print: impl Fn(&T) -> u64) -> Result<T> {
    let ballot = match &mine {
        Ok(value) => (Some(print(value)), None),
        Err(why) => (None, Some(why.clone())),
    };
    let verdict = world.gather(wire::bytes(&ballot)).map(|ballots| tally(&ballots));
    let verdict = world.broadcast(wire::bytes(&verdict.flatten()));
    match wire::value::<Option<Error>>(&verdict)? {
        Some(why) => Err(why),
        None => mine,
    }
}

/// What only rank 0 looks up (a file, its environment), on every rank.
///
/// # Errors
/// If the look-up fails; the same error on every rank.
pub fn from_root<T: Wire>(world: &dyn World, look_up: impl FnOnce() -> Result<T>) -> Result<T> {
    let mine = if world.is_root() { look_up().map(|found| wire::bytes(&found)) } else { Ok(Vec::new()) };
    let mine = agree(world, mine, |_| 0)?;
    wire::value(&world.broadcast(mine))
}

/// The same, if the look-up may take long: a reason to give up, on any rank, ends it on all. The look-up must ask for reasons
/// regularly.
///
/// # Errors
/// As [`from_root`], and the reason to give up.
pub fn from_root_unless<T: Wire>(
    world: &dyn World,
    give_up: &dyn Fn() -> Option<Error>,
    look_up: impl FnOnce(&dyn Fn() -> Option<Error>) -> Result<T>,
) -> Result<T> {
    let mine = match world.is_root() {
        true => {
            let found = look_up(&|| reason(world, give_up));
            (1..world.size()).for_each(|rank| world.send(rank, &[]));
            found.map(|found| wire::bytes(&found))
        }
        false => wait_for_root(world, give_up).map(|()| Vec::new()),
    };
    // Reasons that are still on their way are dropped: their ranks also bring them here.
    let mine = agree(world, mine, |_| 0)?;
    wire::value(&world.broadcast(mine))
}

/// A reason to give up: of this rank, which is then sent to the others, or of another rank.
///
/// Whoever gets one must give up, so all ranks do. They meet in [`agree`].
pub fn reason(world: &dyn World, give_up: &dyn Fn() -> Option<Error>) -> Option<Error> {
    let told = |(_, why): (usize, Vec<u8>)| wire::value::<Error>(&why).unwrap_or_else(|damaged| damaged);
    let why = give_up().or_else(|| world.poll().map(told))?;
    let others = if world.is_root() { 1..world.size() } else { 0..1 };
    others.for_each(|rank| world.send(rank, &wire::bytes(&why)));
    Some(why)
}

/// Waits for a message of the root, of any content.
fn wait_for_root(world: &dyn World, give_up: &dyn Fn() -> Option<Error>) -> Result<()> {
    const ROOT_POLL_PAUSE_MAX: Duration = Duration::from_millis(20);
    let mut patience = Patience::asleep();
    while world.poll().is_none() {
        if let Some(why) = give_up() {
            world.send(0, &wire::bytes(&why));
            return Err(why);
        }
        std::thread::sleep(patience.pause_up_to(ROOT_POLL_PAUSE_MAX));
    }
    Ok(())
}

/// Checks that all ranks were started with the same words of the program of this name; `mine` are those of this rank.
///
/// # Errors
/// If the words differ, on every rank.
pub fn agree_on_words(world: &dyn World, program: &str, mine: &[String]) -> Result<()> {
    let all = world.gather(wire::bytes(&mine.join(" "))).unwrap_or_default();
    let same = match all.iter().position(|words| *words != all[0]) {
        None => Ok(()),
        Some(rank) => [&all[rank], &all[0]]
            .into_iter()
            .map(|words| wire::value(words))
            .collect::<Result<Vec<String>>>()
            .and_then(|words| {
                let [other, root] = [&words[0], &words[1]];
                let told = format!("rank {rank} was started as '{program} {other}', but rank 0 as '{program} {root}'");
                Err(Error::usage(format!("{told}: start all ranks with the same words")))
            }),
    };
    agree(world, same, |()| 0)
}

/// What is wrong, if anything is.
fn tally(ballots: &[Vec<u8>]) -> Option<Error> {
    let mut first = None;
    for (rank, ballot) in ballots.iter().enumerate().filter(|(_, ballot)| !ballot.is_empty()) {
        match wire::value::<(Option<u64>, Option<Error>)>(ballot) {
            Ok((_, Some(why))) | Err(why) => {
                // Rank 0 comes first: if all fail in the same way, as on a wrong argument, its error is used.
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

/// Runs this if this rank is the one to print where there is no world; the other ranks do nothing, and their exit code is 0. Returns the code that it says. One that
/// ended earlier with another code would make the launcher kill the one that prints.
pub fn alone(speak: impl FnOnce() -> Result<u8>) -> ExitCode {
    match launch::is_speaker().then(speak) {
        None => ExitCode::SUCCESS,
        Some(Ok(code)) => ExitCode::from(code),
        Some(Err(why)) => {
            complain(&why);
            ExitCode::from(why.code())
        }
    }
}

/// Prints the error at the root and returns the exit code of every rank.
pub fn leave(world: &dyn World, why: &Error) -> ExitCode {
    if world.is_root() {
        complain(why);
    }
    // The message must be out before the first rank ends: launchers kill the others when one fails.
    world.barrier();
    ExitCode::from(why.code())
}

/// Prints the error in one line and one write, so that the lines of several ranks do not mix.
pub fn complain(why: &Error) {
    streams::remark(why.to_string().trim_end());
}

/// From now on a panic on any thread of any rank ends the whole job with code 70. The message names the program.
///
/// Without this, a panicking rank under MPI would run `MPI_Finalize`, which waits for ranks that wait for a message: the job would
/// hang until its time is over.
pub fn abort_on_panic(program: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let whom = launch::find().map_or(String::new(), |launch| format!("rank {}: ", launch.rank));
        let panic = panic.to_string().replace('\n', " ");
        streams::hide_view();
        complain(&Error::failed(format!("{whom}this is a bug in {program}, please report it: {panic}")));
        // MPICH's launcher drops output that it has not read when a rank aborts, and this line is the only explanation.
        std::thread::sleep(Duration::from_millis(100));
        if let Some(library) = mpi::loaded() {
            (library.abort)(BUG);
        }
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
    fn the_first_ranks_have_messages_and_collectives_of_their_own() {
        let seen = threads::run(4, 7, |world| {
            let groups: Vec<_> = [3, 1, 4].into_iter().map(|ranks| (ranks, world.first_ranks(ranks))).collect();
            if world.rank() == 2 {
                world.send(0, &[9]);
            }
            for (ranks, group) in &groups {
                let Some(group) = group else { continue };
                assert_eq!((group.rank(), group.size()), (world.rank(), *ranks));
                assert_eq!(group.all_max(world.rank() as u64), *ranks as u64 - 1);
                if group.rank() > 0 {
                    group.send(0, &[*ranks as u8]);
                    continue;
                }
                for _ in 1..*ranks {
                    let mut patience = Patience::new();
                    let message = std::iter::repeat_with(|| group.poll()).find_map(|message| {
                        patience.wait();
                        message
                    });
                    assert_eq!(message.unwrap().1, [*ranks as u8]);
                }
                assert_eq!(group.poll(), None);
            }
            world.barrier();
            groups.iter().filter(|(_, group)| group.is_some()).count()
        });
        assert_eq!(seen, [3, 2, 2, 1]);
        assert_eq!(solo::Solo.first_ranks(1).map(|world| world.size()), Some(1));
    }

    #[test]
    fn words_that_differ_are_told_on_all_ranks() {
        let words = |rank: usize| vec!["pi".to_string(), if rank == 2 { "7" } else { "6" }.to_string()];
        assert_eq!(threads::run(2, 3, |world| agree_on_words(world, "pcount", &words(world.rank()))), [Ok(()), Ok(())]);
        for verdict in threads::run(4, 3, |world| agree_on_words(world, "pcount", &words(world.rank()))) {
            let why = verdict.unwrap_err();
            assert_eq!(why.code(), 2);
            assert!(why.to_string().starts_with("rank 2 was started as 'pcount pi 7', but rank 0 as 'pcount pi 6'"));
        }
    }

    #[test]
    fn a_reason_to_give_up_on_any_rank_ends_the_waiting_on_all() {
        for size in [1, 2, 5] {
            for who in 0..size {
                let ended = threads::run(size, 2, |world| {
                    let give_up = || (world.rank() == who).then(|| Error::Stopped("enough".into()));
                    from_root_unless(world, &give_up, |reason| {
                        loop {
                            if let Some(why) = reason() {
                                return Err::<u64, Error>(why);
                            }
                        }
                    })
                });
                assert!(ended.iter().all(|end| end.as_ref().is_err_and(|why| why.code() == 85)), "{ended:?}");
            }
            let found = threads::run(size, 2, |world| from_root_unless(world, &|| None, |_| Ok(world.size() as u64)));
            assert!(found.iter().all(|found| *found == Ok(size as u64)));
        }
    }

    #[test]
    fn collectives_bring_everything_together() {
        for size in [1, 2, 3, 8] {
            let told = threads::run(size, 3, |world| {
                let rank = world.rank() as u64;
                let gathered = world.gather(vec![rank as u8; world.rank()]);
                (gathered, world.broadcast(vec![9]), world.all_max(rank))
            });
            for (rank, (gathered, shared, most)) in told.into_iter().enumerate() {
                let all = (0..size).map(|rank| vec![rank as u8; rank]).collect();
                assert_eq!(gathered, (rank == 0).then_some(all));
                assert_eq!((shared, most), (vec![9], size as u64 - 1));
            }
        }
    }
}
