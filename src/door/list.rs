//! The primes of a range, one after the other, sieved ahead by threads of their own.

use super::own::placement;
use crate::error::{Error, Result};
use crate::kernel::{self, Given, Seeks};
use crate::math::primality::PROVEN_BELOW;
use crate::math::span::Span;
use crate::plan::Plan;
use crate::run::stop::Stops;
use crate::run::{self, Course, Unwatched, room};
use crate::syntax::Item;
use crate::values::{Ascending, Numbers, Stretch};
use crate::work::Job;
use crate::world::solo::Solo;
use std::ops::RangeBounds;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// The primes in a range, in ascending order.
///
/// Threads, one for each core that this process may use, sieve ahead of whoever reads, by a batch or two; so memory is bounded
/// however long the range is. Dropping the iterator ends the threads: they stop at the end of the block that each has in
/// hand.
///
/// Limits: up to 3.3·10^24 (see [`is_prime`](crate::is_prime)), where a range without an end ends. Cost: some 10 ns of a core for
/// each prime below 10^12; the first primes come within a millisecond or so. Memory: some copies of a batch of primes, each a byte or two long, and four
/// bytes for each sieving prime: on two cores some 80 MB in all below 10^10, and some 500 MB near 10^18.
///
/// # Errors
/// [`Error::Usage`] if the range runs backwards or goes beyond the limit.
///
/// # Panics
/// The iterator panics if the system refuses it a thread, as [`std::thread::spawn`] does, or if this machine has too little free
/// memory for the next primes.
///
/// # Examples
/// ```
/// let primes: Vec<u128> = pcount::primes(10..30)?.collect();
/// assert_eq!(primes, [11, 13, 17, 19, 23, 29]);
/// // Without an end: this takes what it needs.
/// assert_eq!(pcount::primes(1_000_000_000_000..)?.find(|p| p % 1000 == 999), Some(1_000_000_001_999));
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn primes(range: impl RangeBounds<u128>) -> Result<Primes> {
    let span = super::span_or(range, |start| Ok(PROVEN_BELOW.max(start.saturating_add(1))))?;
    if span.end() > PROVEN_BELOW && !span.is_empty() {
        let why = "goes beyond 3.3·10^24, up to which primes are proven: primes are listed up to there";
        return Err(Error::usage(format!("'{span}' {why}")));
    }
    let (stop, (send, batches)) = (Arc::new(AtomicUsize::new(0)), sync_channel(1));
    let noted = Stops::noted(stop.clone());
    let thread = Builder::new().name("primes".into()).spawn(move || sieve_ahead(span, &noted, &send));
    let thread = thread.map_err(|why| Error::failed(format!("cannot start a thread: {why}")))?;
    Ok(Primes { batches: Some(batches), numbers: Box::new(std::iter::empty()), stop, thread: Some(thread) })
}

type Batch = Result<Vec<Ascending>>;

/// The primes of a range, as [`primes`] makes it.
pub struct Primes {
    /// Nothing when it is over.
    batches: Option<Receiver<Batch>>,
    /// What is left of the batch that is read.
    numbers: Box<dyn Iterator<Item = u128> + Send>,
    /// Not 0 when nobody wants more.
    stop: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Iterator for Primes {
    type Item = u128;

    fn next(&mut self) -> Option<u128> {
        loop {
            if let Some(prime) = self.numbers.next() {
                return Some(prime);
            }
            match self.batches.as_ref()?.recv() {
                Ok(Ok(batch)) => self.numbers = Box::new(batch.into_iter().flat_map(Ascending::into_numbers)),
                Ok(Err(why)) => panic!("the primes of a range: {why}"),
                // The sender is gone: all has been sent, or the thread has panicked, and then primes are missing.
                Err(_) => {
                    self.batches = None;
                    if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
    }
}

impl Drop for Primes {
    fn drop(&mut self) {
        // The main thread of the sieve takes it for a signal, and gives up what is under way.
        self.stop.store(1, Ordering::Relaxed);
        // It may wait for room in the channel.
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Nobody asked for the primes that a panic left out.
            let _ = thread.join();
        }
    }
}

/// Numbers of the first piece; each piece is so many times as wide as the one before, and none wider than the last.
const FIRST: u128 = 1 << 16;
const WIDER: u128 = 4;
const WIDEST: u128 = 1 << 60;

/// Sieves a range piece by piece and sends what it finds. The first pieces are narrow, so that the first primes come soon;
/// the sieving primes, which each piece makes for itself, are then a small part of the work.
fn sieve_ahead(span: Span, stops: &Stops, send: &SyncSender<Batch>) {
    let (mut start, mut width) = (span.start(), FIRST);
    while start < span.end() && stops.signal().is_none() {
        let end = span.end().min(start + width);
        let piece = Span::new(start, end).expect("it begins before the end");
        if let Err(why) = sieve(piece, stops, send) {
            // Nobody may be there to hear it.
            let _ = send.send(Err(why));
            return;
        }
        (start, width) = (end, WIDEST.min(WIDER * width));
    }
}

fn sieve(piece: Span, stops: &Stops, send: &SyncSender<Batch>) -> Result<()> {
    let given = Given { items: vec![Item::Range(piece)], seeks: Some(Seeks::Primes), ..Given::default() };
    let entry = kernel::find("primes").expect("there is that kernel");
    let Job::Stream(stream) = Plan::open(entry, &given)?.job else { unreachable!("primes are listed in batches") };
    let placement = placement(&*stream.work);
    room::check(&Solo, std::slice::from_ref(&placement), &stream.forecast())?;
    let mut each = |part: &[u8], _| Ok(send.send(Ok(primes_of((stream.rows)(part)?))).is_ok());
    let course = Course::new(None, stops);
    run::run_in_batches(&Solo, &stream, &placement, course, &mut Unwatched, &mut each).map(drop)
}

/// The primes of a batch, which has no other column.
fn primes_of(rows: Vec<Stretch>) -> Vec<Ascending> {
    let primes = |numbers| match numbers {
        Numbers::Ascending(primes) => primes,
        _ => unreachable!("primes are listed in ascending order"),
    };
    rows.into_iter().flat_map(|stretch| stretch.columns).map(primes).collect()
}
