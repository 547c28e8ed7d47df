//! The compute threads of one rank.
//!
//! Each owns a hand and takes blocks from the rank's pile; the main thread, which alone may speak to the
//! other ranks, fills the pile and hears what was done. A crew on a rank's own cores has as many hands as
//! threads; works that only wait get a hand for each wait.
//!
//! A block cannot be interrupted, so a crew that must end at once is left behind with what it has in hand. That is why
//! it needs a work that outlives it.

use super::pile::Pile;
use crate::block::Block;
use crate::error::{Error, Result};
use crate::report::{self, Stint};
use crate::seat::Seat;
use crate::work::{Temper, Work};
use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A block that a hand is through with.
pub struct Done {
    pub hand: usize,
    pub block: Block,
    pub part: Result<Vec<u8>>,
    /// When it began, and how long it took.
    pub start: Instant,
    pub took: Duration,
}

/// What the main thread hears of its crew.
pub enum Heard {
    Done(Done),
    Nothing,
    /// All hands have gone home.
    Home,
}

/// The main thread's side of a crew.
pub struct Crew {
    pub hands: usize,
    desk: Arc<Desk>,
    /// Blocks that are through; nothing when a hand has taken the last one from the pile.
    done: Receiver<Option<Done>>,
    /// Whether nobody waits for the hands any more.
    left: Cell<bool>,
}

/// Where blocks are put down for the hands.
struct Desk {
    pile: Mutex<(Pile, Open)>,
    bell: Condvar,
}

/// Whether more may come.
type Open = bool;

impl Desk {
    fn pile(&self) -> MutexGuard<'_, (Pile, Open)> {
        self.pile.lock().expect("no thread panics: the job would have ended")
    }

    /// The next block for a hand, and whether the pile should be topped up; none when there will be no more.
    fn next(&self, after: Option<u64>) -> Option<(Block, bool)> {
        let mut pile = self.pile();
        loop {
            if let Some(block) = pile.0.take(after) {
                return Some((block, pile.1 && pile.0.units() == 0));
            }
            if !pile.1 {
                return None;
            }
            pile = self.bell.wait(pile).expect("no thread panics: the job would have ended");
        }
    }
}

impl Crew {
    /// Puts units on the pile.
    pub fn add(&self, units: std::ops::Range<u64>) {
        self.desk.pile().0.add(units);
        self.desk.bell.notify_all();
    }

    /// Lets the hands go home when the pile is empty.
    pub fn close(&self) {
        self.desk.pile().1 = false;
        self.desk.bell.notify_all();
    }

    /// Takes back what no hand has begun.
    pub fn stop(&self) {
        self.desk.pile().0.clear();
        self.close();
    }

    /// Leaves the hands to themselves: what they have in hand is given up, and the process may end without them.
    pub fn leave(&self) {
        self.stop();
        self.left.set(true);
    }

    /// How many units lie on the pile.
    pub fn left(&self) -> u64 {
        self.desk.pile().0.units()
    }

    /// The next block that is through; `None` when all hands have gone home.
    #[cfg(test)]
    fn wait(&self) -> Option<Done> {
        self.done.iter().flatten().next()
    }

    /// What comes next, but waits no longer than `most` or until the pile is empty; not at all when all have gone home.
    pub fn wait_for(&self, most: Duration) -> Heard {
        match self.done.recv_timeout(most) {
            Ok(Some(done)) => Heard::Done(done),
            Ok(None) | Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::Home,
        }
    }
}

/// How many hands a rank of `threads` compute threads needs for the work, and how large its blocks may be.
pub fn hands(work: &dyn Work, threads: usize, largest: u32) -> (usize, u32) {
    match work.temper() {
        Temper::Waiting(at_once) => (at_once.min(work.units().max(1) as usize), 0),
        Temper::Even | Temper::Uneven => (threads, largest),
    }
}

/// Runs `lead` on this thread beside a crew of `hands` threads, none of whose blocks is above `level`. If the
/// threads cannot be had, `lead` is told so: the other ranks must hear it from there.
pub fn with<R>(
    work: &'static dyn Work,
    seat: &Seat,
    hands: usize,
    level: u32,
    lead: impl FnOnce(Result<&Crew>) -> R,
) -> R {
    let desk = Arc::new(Desk { pile: Mutex::new((Pile::new(level), true)), bell: Condvar::new() });
    let (tell, done) = channel();
    let hire = |number: usize| {
        let (desk, tell, seat) = (desk.clone(), tell.clone(), seat.clone());
        let thread = std::thread::Builder::new().name(format!("hand {number}"));
        thread.spawn(move || labour(work, &seat, number, &desk, tell))
    };
    let hired: std::io::Result<Vec<_>> = (0..hands).map(hire).collect();
    // Only the hands tell now: when they have gone home, the channel ends.
    drop(tell);
    let crew = Crew { hands, desk, done, left: Cell::new(false) };
    let came = match &hired {
        Ok(_) => lead(Ok(&crew)),
        Err(why) => lead(Err(Error::failed(format!("cannot start {hands} threads: {why}")))),
    };
    crew.stop();
    if !crew.left.get() {
        hired.into_iter().flatten().for_each(|hand| hand.join().expect("no thread panics: the job would have ended"));
    }
    came
}

fn labour(work: &dyn Work, seat: &Seat, number: usize, desk: &Desk, tell: Sender<Option<Done>>) {
    let mut hand = None;
    let mut after = None;
    while let Some((block, last)) = desk.next(after) {
        if last && tell.send(None).is_err() {
            return;
        }
        let start = Instant::now();
        let part = hand.get_or_insert_with(|| work.hand(seat)).block(block);
        after = Some(block.units().end);
        let done = Done { hand: number, block, part, start, took: start.elapsed() };
        if tell.send(Some(done)).is_err() {
            // The main thread has left: nobody wants more.
            return;
        }
    }
}

/// What a rank's crew did, for the report.
pub struct Log {
    began: Instant,
    pub blocks: u64,
    /// Seconds.
    pub busy: f64,
    pub stints: Vec<Stint>,
    /// So many are halved.
    full: usize,
    rank: u64,
}

/// Stints that one rank keeps at most; when there are more, neighbours of one hand are told as one.
const STINTS: usize = 2048;

impl Log {
    pub fn new(rank: usize, began: Instant) -> Log {
        Log { began, blocks: 0, busy: 0.0, stints: Vec::new(), full: STINTS, rank: rank as u64 }
    }

    /// Notes a block of this rank's crew.
    pub fn enter(&mut self, done: &Done) -> Stint {
        let stint = Stint {
            first_unit: done.block.first(),
            units: done.block.count(),
            rank: self.rank,
            thread: done.hand as u64,
            start: done.start.saturating_duration_since(self.began).as_secs_f64(),
            seconds: done.took.as_secs_f64(),
            leg: 0,
        };
        self.note(stint.clone());
        stint
    }

    /// Notes a block that a rank has told of.
    pub fn note(&mut self, stint: Stint) {
        self.blocks += 1;
        self.busy += stint.seconds;
        self.stints.push(stint);
        if self.stints.len() >= self.full {
            self.halve();
            // With more hands than that they have few neighbours, and halving must stay rare.
            self.full = STINTS.max(self.stints.len() * 3 / 2);
        }
    }

    fn halve(&mut self) {
        self.stints = report::halved(std::mem::take(&mut self.stints));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ledger::Ledger;
    use crate::work::tests::leaked;
    use crate::work::{Answer, Forecast, Kernel};

    #[test]
    fn a_crew_of_any_size_does_every_unit_once() {
        for hands in [1, 2, 7] {
            let work = leaked(500);
            let mut ledger = Ledger::new(work, Block::root(500)).unwrap();
            with(work, &Seat::here(0), hands, 3, |crew| {
                let crew = crew.unwrap();
                crew.add(0..500);
                crew.close();
                while let Some(done) = crew.wait() {
                    ledger.record(work, done.block, done.part.unwrap()).unwrap();
                }
            });
            assert!(ledger.whole().is_some());
        }
    }

    #[test]
    fn what_is_stopped_is_not_begun() {
        let work = leaked(1_000_000);
        let blocks = with(work, &Seat::here(0), 2, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..1_000_000);
            crew.wait().unwrap();
            crew.stop();
            std::iter::from_fn(|| crew.wait()).count()
        });
        assert!(blocks < 900_000);
    }

    /// Units of five seconds.
    struct Long;
    impl Kernel for Long {
        type Part = u64;
        type Scratch = ();
        fn units(&self) -> u64 {
            10
        }
        fn scratch(&self, _: &Seat) {}
        fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
            std::thread::sleep(Duration::from_secs(5));
            Ok(1)
        }
        fn answer(&self, whole: u64) -> Result<Answer> {
            Ok(Answer::total(whole.into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }

    #[test]
    fn the_main_thread_hears_at_once_that_the_pile_is_empty() {
        let began = Instant::now();
        with(Box::leak(Box::new(Long)), &Seat::here(0), 1, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..1);
            assert!(matches!(crew.wait_for(Duration::from_secs(4)), Heard::Nothing));
            crew.leave();
        });
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_crew_that_is_left_holds_nobody_up() {
        let began = Instant::now();
        with(Box::leak(Box::new(Long)), &Seat::here(0), 2, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..10);
            assert!(matches!(crew.wait_for(Duration::from_millis(50)), Heard::Nothing));
            crew.leave();
        });
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn the_log_stays_small_and_loses_no_unit() {
        for (hands, most) in [(3, STINTS), (3000, 6000)] {
            let began = Instant::now();
            let mut log = Log::new(0, began);
            for index in 0..10 * STINTS as u64 {
                let block = Block { level: 0, index };
                log.enter(&Done {
                    hand: (index % hands) as usize,
                    block,
                    part: Ok(vec![]),
                    start: began,
                    took: Duration::from_millis(1),
                });
            }
            assert!(log.stints.len() <= most);
            assert_eq!(log.stints.iter().map(|stint| stint.units).sum::<u64>(), 10 * STINTS as u64);
            assert_eq!(log.blocks, 10 * STINTS as u64);
        }
    }
}
