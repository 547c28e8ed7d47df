//! The compute threads of one rank.
//!
//! Each thread has a worker and takes blocks from the rank's work queue. The main thread fills the queue and receives the
//! results; it alone may exchange messages with other ranks. A crew has as many workers as the rank has compute threads.
//! If units wait more than they compute, there is a worker for each wait; of thousands of waits, one thread has the place of all workers.
//!
//! A block cannot be interrupted. So a crew that must end at once is left behind with the blocks that it computes. That is
//! why each worker shares the work.

pub use super::shared_queue::Done;
use super::shared_queue::{Next, SharedQueue, sent};
use super::waits;
use super::work_queue::WorkQueue;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::values::timeline::{self, Entry};
use crate::work::{self, Computed, UnitCost, UnitCounter, Work};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the main thread learns from its crew.
pub enum CrewNews {
    /// A block is done.
    Done(Done),
    /// There is no news.
    Nothing,
    /// All workers have ended.
    Home,
}

/// The crew, for the main thread.
pub struct Crew {
    shared: Arc<SharedQueue>,
    /// Results; `None` when a worker has taken the last block from the queue, or waits for one.
    done: Receiver<Option<Done>>,
    /// Whether nobody waits for the workers any more.
    left: Cell<bool>,
    /// Counts the units that are computed, also of blocks in progress.
    counter: Arc<UnitCounter>,
}

impl Crew {
    /// Adds units to the queue.
    pub fn add(&self, units: std::ops::Range<u64>) {
        self.shared.add(units);
    }

    /// Lets the workers end when the queue is empty.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Removes all units from the queue that no worker has begun, and lets the workers end.
    pub fn stop(&self) {
        self.shared.clear();
        self.shared.close();
    }

    /// Gives up the blocks that workers compute now. The process may end without these workers.
    pub fn leave(&self) {
        self.stop();
        self.left.set(true);
    }

    /// How many units are in the queue.
    pub fn left(&self) -> u64 {
        self.shared.left().0
    }

    /// Whether a worker waits for units, and none are in the queue.
    pub fn is_idle(&self) -> bool {
        self.shared.left() == (0, true)
    }

    /// The units that are computed, also of blocks in progress: for progress.
    pub fn computed(&self) -> Computed {
        self.counter.computed()
    }

    /// The next result; `None` when all workers have ended.
    #[cfg(test)]
    pub(super) fn wait(&self) -> Option<Done> {
        self.done.iter().flatten().next()
    }

    /// The next news. Waits no longer than `most`, and not after the queue is empty or all workers have ended.
    pub fn wait_for(&self, most: Duration) -> CrewNews {
        match self.done.recv_timeout(most) {
            Ok(Some(done)) => CrewNews::Done(done),
            Ok(None) | Err(RecvTimeoutError::Timeout) => CrewNews::Nothing,
            Err(RecvTimeoutError::Disconnected) => CrewNews::Home,
        }
    }
}

/// How many workers a rank of `threads` compute threads needs for the work, and the level of its largest blocks.
pub fn workers(work: &dyn Work, threads: usize, largest: u32) -> (usize, u32) {
    match work.unit_cost() {
        UnitCost::IoBound(at_once) => (at_once.min(work.units().max(1) as usize), 0),
        UnitCost::Uniform | UnitCost::Varying => (threads, largest),
    }
}

/// So many waits have a thread each. More are watched by one thread, whose start takes as long as one of theirs.
const WAITING_THREADS_MAX: usize = 1024;

/// Runs `lead` on this thread beside a crew of `workers` threads, whose blocks are not above `level`. If the threads cannot be
/// started, `lead` gets the error: it must tell the other ranks.
pub fn with<R>(
    work: &Arc<dyn Work>,
    placement: &Placement,
    workers: usize,
    level: u32,
    lead: impl FnOnce(Result<&Crew>) -> R,
) -> R {
    let shared = Arc::new(SharedQueue::new(WorkQueue::new(level, work.stages())));
    let (results, done) = channel();
    let counter = Arc::new(UnitCounter::default());
    let are_watched = workers > WAITING_THREADS_MAX && work.wait(0).is_some();
    let start = |number: usize| {
        let (work, shared, results, placement) = (work.clone(), shared.clone(), results.clone(), placement.clone());
        let (thread, counter) = (std::thread::Builder::new().name(format!("worker {number}")), counter.clone());
        thread.spawn(move || {
            work::count_units_in(counter);
            match are_watched {
                true => waits::watch(&*work, &placement, workers, &shared, &results),
                false => worker_loop(&*work, &placement, number, &shared, &results),
            }
        })
    };
    let crowd = if are_watched { 1 } else { workers };
    let spare = Spare::beside(crowd);
    let (mut threads, mut failed) = (vec![], None);
    for number in 0..crowd {
        match start(number) {
            Ok(thread) => threads.push(thread),
            Err(why) => {
                failed = Some(why);
                break;
            }
        }
    }
    drop(spare);
    // Units that wait need no certain number of threads: fewer of them wait longer.
    let failed = failed.filter(|_| threads.is_empty() || !matches!(work.unit_cost(), UnitCost::IoBound(_)));
    // Only the workers send now: when they have ended, the channel ends.
    drop(results);
    let crew = Crew { shared, done, left: Cell::new(false), counter };
    let result = match failed {
        None => lead(Ok(&crew)),
        Some(why) => lead(Err(Error::failed(format!("cannot start {workers} threads: {why}")))),
    };
    crew.stop();
    if !crew.left.get() {
        let join = |worker: JoinHandle<()>| worker.join().expect("no worker panics: it catches what its units do");
        threads.into_iter().for_each(join);
    }
    result
}

/// Threads that do nothing and end when this is dropped. They are there while a crew of many starts: if the system allows no more
/// threads, it allows some again for those that save and show the run.
struct Spare(Vec<(Sender<()>, JoinHandle<()>)>);

impl Spare {
    fn beside(workers: usize) -> Spare {
        const MANY: usize = 1024;
        const SPARE: usize = 16;
        let count = if workers > MANY { SPARE } else { 0 };
        let start = |_| {
            let (end, ended) = channel::<()>();
            let thread = std::thread::Builder::new().name("spare".into());
            Some((end, thread.spawn(move || ended.recv().unwrap_or_default()).ok()?))
        };
        Spare((0..count).map_while(start).collect())
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        for (end, thread) in self.0.drain(..) {
            drop(end);
            let _ = thread.join();
        }
    }
}

fn worker_loop(
    work: &dyn Work,
    placement: &Placement,
    number: usize,
    shared: &SharedQueue,
    results: &Sender<Option<Done>>,
) {
    let mut worker = None;
    let mut after = None;
    // If the main thread has left, the worker is told that there are no more blocks.
    while let Next::Block(block, last) = shared.next(after, None, || drop(results.send(None))) {
        if last && results.send(None).is_err() {
            return;
        }
        let start = Instant::now();
        after = Some(block.units().end);
        let compute = || worker.get_or_insert_with(|| work.worker(placement)).block(block);
        if !sent(results, number, block, start, compute) {
            return;
        }
    }
}

/// What the crew of a rank did, for the report.
pub struct Log {
    began: Instant,
    /// How many blocks were computed.
    pub blocks: u64,
    /// Seconds of computing, over all workers.
    pub busy: f64,
    /// Who computed what, and when.
    pub entries: Vec<Entry>,
    /// When there are so many entries, they are halved.
    full: usize,
    rank: u64,
}

/// The most entries of one rank. If there are more, neighbouring entries of one worker become one.
const LOG_ENTRIES_MAX: usize = 2048;

impl Log {
    /// An empty log of a rank, for a run that began then.
    pub fn new(rank: usize, began: Instant) -> Log {
        Log { began, blocks: 0, busy: 0.0, entries: Vec::new(), full: LOG_ENTRIES_MAX, rank: rank as u64 }
    }

    /// Notes a block of this rank's crew.
    pub fn enter(&mut self, done: &Done) -> Entry {
        let entry = Entry {
            first_unit: done.block.first(),
            units: done.block.count(),
            rank: self.rank,
            thread: done.worker as u64,
            start: done.start.saturating_duration_since(self.began).as_secs_f64(),
            seconds: done.took.as_secs_f64(),
            attempt: 0,
        };
        self.note(entry.clone());
        entry
    }

    /// Adds an entry of this rank or one that another rank has sent.
    pub fn note(&mut self, entry: Entry) {
        self.blocks += 1;
        self.busy += entry.seconds;
        self.entries.push(entry);
        if self.entries.len() >= self.full {
            self.halve();
            // If there are more workers than this, few entries have neighbours, and halving must stay rare.
            self.full = LOG_ENTRIES_MAX.max(self.entries.len() * 3 / 2);
        }
    }

    fn halve(&mut self) {
        self.entries = timeline::halved(std::mem::take(&mut self.entries));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::run::ledger::Ledger;
    use crate::work::tests::spelled;
    use crate::work::{Answer, Forecast, Kernel};

    #[test]
    fn a_crew_of_any_size_does_every_unit_once() {
        for workers in [1, 2, 7] {
            let work = spelled(500);
            let mut ledger = Ledger::new(&*work, Block::root(500)).unwrap();
            with(&work, &Placement::here(0), workers, 3, |crew| {
                let crew = crew.unwrap();
                crew.add(0..500);
                crew.close();
                while let Some(done) = crew.wait() {
                    ledger.record(&*work, done.block, done.part.unwrap()).unwrap();
                }
            });
            assert!(ledger.whole().is_some());
        }
    }

    #[test]
    fn what_is_stopped_is_not_begun() {
        let work = spelled(1_000_000);
        let blocks = with(&work, &Placement::here(0), 2, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..1_000_000);
            crew.wait().unwrap();
            crew.stop();
            std::iter::from_fn(|| crew.wait()).count()
        });
        assert!(blocks < 900_000);
    }

    #[test]
    fn a_unit_that_panics_is_an_error_and_nobody_waits_for_it() {
        struct Panics;
        impl Kernel for Panics {
            type Part = u64;
            type Scratch = ();
            fn units(&self) -> u64 {
                10
            }
            fn scratch(&self, _: &Placement) {}
            fn compute(&self, unit: u64, _: &mut ()) -> Result<u64> {
                assert!(unit != 3, "unit {unit} is odd");
                Ok(unit)
            }
            fn answer(&self, whole: u64) -> Result<Answer> {
                Ok(Answer::total(whole.into()))
            }
            fn forecast(&self) -> Forecast {
                Forecast::default()
            }
        }
        let work: Arc<dyn Work> = Arc::new(Panics);
        for workers in [1, 2] {
            let parts = with(&work, &Placement::here(0), workers, 0, |crew| {
                let crew = crew.unwrap();
                crew.add(0..10);
                crew.close();
                std::iter::from_fn(|| crew.wait()).map(|done| done.part).collect::<Vec<_>>()
            });
            let failed: Vec<String> = parts.into_iter().filter_map(Result::err).map(|why| why.to_string()).collect();
            assert_eq!(failed, ["units 3..4 panicked: unit 3 is odd"]);
        }
    }

    fn endless() -> Arc<dyn Work> {
        Arc::new(Endless)
    }

    /// Units that never end.
    struct Endless;
    impl Kernel for Endless {
        type Part = u64;
        type Scratch = ();
        fn units(&self) -> u64 {
            10
        }
        fn scratch(&self, _: &Placement) {}
        fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
            loop {
                std::thread::park();
            }
        }
        fn answer(&self, whole: u64) -> Result<Answer> {
            Ok(Answer::total(whole.into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }

    #[test]
    fn the_main_thread_hears_at_once_that_the_queue_is_empty() {
        let (hour, began) = (Duration::from_secs(3600), Instant::now());
        with(&endless(), &Placement::here(0), 1, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..1);
            assert!(matches!(crew.wait_for(hour), CrewNews::Nothing));
            crew.leave();
        });
        assert!(began.elapsed() < hour);
    }

    #[test]
    fn a_crew_that_is_left_holds_nobody_up() {
        // It ends, although no unit does.
        with(&endless(), &Placement::here(0), 2, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..10);
            assert!(matches!(crew.wait_for(Duration::from_millis(50)), CrewNews::Nothing));
            crew.leave();
        });
    }

    #[test]
    fn the_log_stays_small_and_loses_no_unit() {
        for (workers, most) in [(3, LOG_ENTRIES_MAX), (3000, 6000)] {
            let began = Instant::now();
            let mut log = Log::new(0, began);
            for index in 0..10 * LOG_ENTRIES_MAX as u64 {
                let block = Block { level: 0, index };
                log.enter(&Done {
                    worker: (index % workers) as usize,
                    block,
                    part: Ok(vec![]),
                    start: began,
                    took: Duration::from_millis(1),
                });
            }
            assert!(log.entries.len() <= most);
            assert_eq!(log.entries.iter().map(|entry| entry.units).sum::<u64>(), 10 * LOG_ENTRIES_MAX as u64);
            assert_eq!(log.blocks, 10 * LOG_ENTRIES_MAX as u64);
        }
    }
}
