//! Many waits of one rank, watched by one thread: a thread for each of ten thousand would take longer to start than most waits last.
//!
//! It takes the place of many workers. A unit begins as soon as it is in the queue and a worker is free, and its part is computed when its wait is
//! over. To the main thread all looks as if each worker had a thread.

use super::shared_queue::{Done, Next, SharedQueue, sent};
use crate::block::Block;
use crate::placement::Placement;
use crate::work::{self, Work};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// A wait that has begun. The first to end is the smallest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Begun {
    end: Instant,
    start: Instant,
    worker: usize,
    unit: u64,
}

/// Does the waits of the queue, up to `workers` at once.
pub(super) fn watch(
    work: &dyn Work,
    placement: &Placement,
    workers: usize,
    shared: &SharedQueue,
    results: &Sender<Option<Done>>,
) {
    let mut computes = None;
    let mut end_one = |Begun { start, worker, unit, .. }: Begun| {
        work::has_begun(start);
        let compute = || computes.get_or_insert_with(|| work.worker(placement)).block(Block { level: 0, index: unit });
        sent(results, worker, Block { level: 0, index: unit }, start, compute)
    };
    let mut under_way: BinaryHeap<Reverse<Begun>> = BinaryHeap::new();
    let (mut free, mut used, mut after, mut open) = (vec![], 0, None, true);
    while open || !under_way.is_empty() {
        let next = under_way.peek().map(|Reverse(first)| first.end);
        if open && (used < workers || !free.is_empty()) {
            match shared.next(after, next, || drop(results.send(None))) {
                Next::Block(block, last) => {
                    if last && results.send(None).is_err() {
                        return;
                    }
                    let start = Instant::now();
                    after = Some(block.units().end);
                    for unit in block.units() {
                        let worker = free.pop().unwrap_or(used);
                        used = used.max(worker + 1);
                        let end = start + work.wait(unit).unwrap_or(Duration::ZERO);
                        under_way.push(Reverse(Begun { end, start, worker, unit }));
                    }
                    continue;
                }
                Next::Over => open = false,
                Next::NoneYet => (),
            }
        }
        let Some(Reverse(first)) = under_way.pop() else { continue };
        std::thread::sleep(first.end.saturating_duration_since(Instant::now()));
        free.push(first.worker);
        if !end_one(first) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::block::Block;
    use crate::error::Result;
    use crate::placement::Placement;
    use crate::run::crew;
    use crate::run::ledger::Ledger;
    use crate::work::{self, Answer, Forecast, Kernel, Work};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// Waits of up to 90 ms, of which the first ones are the longest.
    struct Waits(u64);

    fn length(unit: u64) -> Duration {
        Duration::from_millis(90 - 10 * (unit % 10))
    }

    impl Kernel for Waits {
        type Part = Vec<u64>;
        type Scratch = ();
        fn units(&self) -> u64 {
            self.0
        }
        fn scratch(&self, _: &Placement) {}
        fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<u64>> {
            assert!(work::began().elapsed() >= length(unit), "unit {unit} is woken early");
            assert!(unit != 7777, "this one");
            Ok(vec![unit])
        }
        fn wait(&self, unit: u64) -> Option<Duration> {
            Some(length(unit))
        }
        fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
            Ok(Answer::total(whole.len().into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }

    /// The results of such waits by so many workers, in the order in which they came.
    fn results(units: u64, workers: usize) -> Vec<crew::Done> {
        let work: Arc<dyn Work> = Arc::new(Waits(units));
        crew::with(&work, &Placement::here(0), workers, 0, |crew| {
            let crew = crew.unwrap();
            crew.add(0..units / 2);
            crew.add(units / 2..units);
            crew.close();
            std::iter::from_fn(|| crew.wait()).collect()
        })
    }

    #[test]
    fn thousands_of_waits_are_under_way_at_once() {
        let units = 5000;
        let began = Instant::now();
        let done = results(units, units as usize);
        // One after the other they would take four minutes.
        assert!(began.elapsed() < Duration::from_secs(60));
        let mut workers: Vec<usize> = done.iter().map(|done| done.worker).collect();
        workers.sort_unstable();
        assert_eq!(workers, (0..units as usize).collect::<Vec<_>>());
        let work: &dyn Work = &Waits(units);
        let mut ledger = Ledger::new(work, Block::root(units)).unwrap();
        for done in done {
            assert!(done.took >= length(done.block.first()));
            ledger.record(work, done.block, done.part.unwrap()).unwrap();
        }
        assert!(ledger.whole().is_some());
    }

    #[test]
    fn there_are_no_more_at_once_than_workers() {
        let workers = 1100;
        let mut done = results(3000, workers);
        assert_eq!(done.len(), 3000);
        done.sort_by_key(|done| (done.worker, done.start));
        assert!(done.last().unwrap().worker < workers);
        let overlaps =
            done.windows(2).filter(|two| two[0].worker == two[1].worker && two[1].start < two[0].start + two[0].took);
        assert_eq!(overlaps.count(), 0);
    }

    #[test]
    fn a_panic_is_an_error_and_nobody_waits_for_it() {
        let done = results(8000, 8000);
        let failed: Vec<String> =
            done.iter().filter_map(|done| done.part.as_ref().err()).map(ToString::to_string).collect();
        assert_eq!(failed, ["units 7777..7778 panicked: this one"]);
    }
}
