//! The work queue as a rank's main thread and its workers share it, and what workers send back.

use super::work_queue::WorkQueue;
use crate::block::Block;
use crate::error::{Error, Result};
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A block that a worker has computed, or failed to compute.
pub struct Done {
    /// The number of the worker.
    pub worker: usize,
    /// The block.
    pub block: Block,
    /// The block's part, or why it could not be computed.
    pub part: Result<Vec<u8>>,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub took: Duration,
}

/// The work queue, as the main thread and the workers share it.
pub struct SharedQueue {
    state: Mutex<QueueState>,
    /// Notified when units are added, and when no more will be.
    changed: Condvar,
}

struct QueueState {
    queue: WorkQueue,
    /// How many workers wait for a block.
    idle: usize,
    /// Whether more units may come.
    open: bool,
}

/// What a worker gets from the queue.
pub enum Next {
    /// A block, and whether the queue should be filled up now.
    Block(Block, bool),
    /// There will be no more blocks.
    Over,
    /// There was none until the moment to which it was to wait.
    NoneYet,
}

impl SharedQueue {
    /// An empty queue to which units may come.
    pub fn new(queue: WorkQueue) -> SharedQueue {
        SharedQueue { state: Mutex::new(QueueState { queue, idle: 0, open: true }), changed: Condvar::new() }
    }

    /// Adds units.
    pub fn add(&self, units: Range<u64>) {
        self.lock().queue.add(units);
        self.changed.notify_all();
    }

    /// No more units will come.
    pub fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    /// Removes all units.
    pub fn clear(&self) {
        self.lock().queue.clear();
    }

    /// How many units are in it, and whether a worker waits for some.
    pub fn left(&self) -> (u64, bool) {
        let state = self.lock();
        (state.queue.units(), state.idle > 0)
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().expect("no worker panics: it catches what its units do")
    }

    /// The next block for a worker whose last block ended at `after`. Waits for one, at most until `until`. `waits` is called once if there
    /// is none yet.
    pub fn next(&self, after: Option<u64>, until: Option<Instant>, waits: impl FnOnce()) -> Next {
        let mut waits = Some(waits);
        let mut state = self.lock();
        loop {
            if let Some(block) = state.queue.take(after) {
                return Next::Block(block, state.open && state.queue.units() == 0);
            }
            if !state.open {
                return Next::Over;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Next::NoneYet;
            }
            state.idle += 1;
            // All are woken whenever units come, and hundreds may wait.
            if let Some(tell) = waits.take() {
                tell();
            }
            let none = "no worker panics: it catches what its units do";
            state = match left {
                None => self.changed.wait(state).expect(none),
                Some(left) => self.changed.wait_timeout(state, left).expect(none).0,
            };
            state.idle -= 1;
        }
    }
}

/// Computes a block and sends it as that of this worker. Tells whether the worker goes on: not if it panicked, and not if the main thread has
/// left, who then wants no more results.
pub fn sent(
    results: &Sender<Option<Done>>,
    worker: usize,
    block: Block,
    start: Instant,
    compute: impl FnOnce() -> Result<Vec<u8>>,
) -> bool {
    // The program ends when a thread panics. In a library the panic is an error of the run, which stops the others.
    let computed = catch_unwind(AssertUnwindSafe(compute));
    let panicked = computed.is_err();
    let part = computed.unwrap_or_else(|panic| Err(Error::failed(panic_message(block, &*panic))));
    let done = Done { worker, block, part, start, took: start.elapsed() };
    results.send(Some(done)).is_ok() && !panicked
}

fn panic_message(block: Block, panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let units = block.units();
    format!("units {}..{} panicked: {}", units.start, units.end, text.unwrap_or("no message"))
}
