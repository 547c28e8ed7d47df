//! Ranks, blocks and bytes: how a work gets done. Nothing here knows what is counted.

pub mod crew;
pub mod farm;
pub mod fixed;
pub mod ledger;
mod pile;
pub mod roll;
pub mod seats;

use crate::block::Block;
use crate::error::Result;
use crate::report::Stint;
use crate::seat::Seat;
use crate::wire::{self, Bytes, Wire};
use crate::work::{Stream, Temper, Work};
use crate::world::{Figures, World, agree, from_root};
use crew::Log;
use ledger::Ledger;
use std::time::{Duration, Instant};

/// Blocks and what they came to.
pub type Parts = Vec<(Block, Bytes)>;

/// Told now and then how many units are done, of how many.
pub type Tick<'a> = dyn FnMut(u64, u64) + 'a;

/// No block has more than 2^6 units: a unit takes a second at most, so nobody is away longer than a minute.
pub const LARGEST: u32 = 6;

/// How blocks get to ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    Fixed,
    Farm,
}

impl Schedule {
    pub fn name(self) -> &'static str {
        match self {
            Schedule::Fixed => "fixed",
            Schedule::Farm => "farm",
        }
    }

    /// The schedule that suits the work, and why.
    pub fn pick(asked: Option<Schedule>, work: &dyn Work, ranks: usize) -> (Schedule, &'static str) {
        match (asked, work.temper()) {
            (Some(schedule), _) => (schedule, "asked for"),
            (None, _) if ranks == 1 => (Schedule::Fixed, "there is one rank"),
            (None, Temper::Even) => (Schedule::Fixed, "units cost the same"),
            (None, Temper::Waiting(_)) => (Schedule::Fixed, "units wait rather than compute"),
            (None, Temper::Uneven) => (Schedule::Farm, "units differ in cost"),
        }
    }
}

/// What a finished run leaves at the root.
pub struct Outcome {
    /// What the work came to; nothing if that was told in batches.
    pub whole: Vec<u8>,
    pub schedule: Schedule,
    pub why: &'static str,
    /// Seconds from the first unit to the last.
    pub seconds: f64,
    /// Seconds that the threads of a rank computed.
    pub busy: Figures,
    pub ranks: Vec<RankLog>,
}

/// What one rank did.
pub struct RankLog {
    pub hands: u64,
    pub blocks: u64,
    pub busy: f64,
    pub idle: f64,
    pub stints: Vec<Stint>,
}

/// Computes the work on all ranks; its outcome is at the root. Every rank calls it with the same work.
pub fn run(
    world: &dyn World,
    work: &dyn Work,
    seat: &Seat,
    asked: Option<Schedule>,
    tick: &mut Tick,
) -> Result<Option<Outcome>> {
    run_in_blocks(world, work, seat, asked, LARGEST, tick)
}

/// The same with blocks of at most 2^`largest` units: small ones put the schedules under load.
pub fn run_in_blocks(
    world: &dyn World,
    work: &dyn Work,
    seat: &Seat,
    asked: Option<Schedule>,
    largest: u32,
    tick: &mut Tick,
) -> Result<Option<Outcome>> {
    let mut run = Run::new(world, work, seat, asked, largest);
    let ledger = run.compute(Block::root(work.units()), tick)?;
    Ok(run.end().map(|mut outcome| {
        outcome.whole = ledger.whole().expect("all units are in, or there was an error").to_vec();
        outcome
    }))
}

/// Computes the batches of a stream one after the other and tells `each` at the root what one came to, for as long as
/// that wants more. So no rank ever holds more than a batch.
pub fn run_in_batches(
    world: &dyn World,
    stream: &Stream,
    seat: &Seat,
    asked: Option<Schedule>,
    tick: &mut Tick,
    each: &mut dyn FnMut(&[u8]) -> Result<bool>,
) -> Result<Option<Outcome>> {
    let mut run = Run::new(world, &*stream.work, seat, asked, LARGEST);
    for batch in stream.batches() {
        let ledger = run.compute(batch, tick)?;
        let more = from_root(world, || each(ledger.whole().expect("all units are in, or there was an error")))?;
        if !more {
            break;
        }
    }
    Ok(run.end())
}

/// A run under way, as one rank sees it.
struct Run<'a> {
    world: &'a dyn World,
    work: &'a dyn Work,
    seat: &'a Seat,
    schedule: Schedule,
    why: &'static str,
    hands: usize,
    /// No block is above this level.
    largest: u32,
    began: Instant,
    log: Log,
}

impl<'a> Run<'a> {
    fn new(world: &'a dyn World, work: &'a dyn Work, seat: &'a Seat, asked: Option<Schedule>, largest: u32) -> Run<'a> {
        let (schedule, why) = Schedule::pick(asked, work, world.size());
        let (hands, largest) = crew::hands(work, seat.threads, largest);
        world.meet();
        let began = Instant::now();
        Run { world, work, seat, schedule, why, hands, largest, began, log: Log::new(seat.rank, began) }
    }

    /// Computes the units under `root`; at the root rank the ledger is then whole.
    fn compute(&mut self, root: Block, tick: &mut Tick) -> Result<Ledger> {
        let Run { world, work, seat, schedule, hands, largest, log, .. } = self;
        let mut ledger = Ledger::new(*work, root)?;
        let (before, units, all) = (ledger.units().start, ledger.units().end - ledger.units().start, work.units());
        // A rank may know only how far its own share is.
        let mut tick = |done: u64, share: u64| {
            let done = u128::from(units) * u128::from(done) / u128::from(share.max(1));
            tick(before + done as u64, all);
        };
        crew::with(*work, seat, *hands, *largest, |crew| {
            let crew = agree(*world, crew, |_| 0)?;
            match schedule {
                Schedule::Fixed => fixed::fixed(*world, *work, crew, &mut ledger, log, &mut tick),
                Schedule::Farm => farm::farm(*world, *work, crew, &mut ledger, log, *largest, &mut tick),
            }
        })?;
        Ok(ledger)
    }

    /// Brings together at the root what every rank did.
    fn end(self) -> Option<Outcome> {
        let Run { world, schedule, why, hands, log, .. } = self;
        let took = self.began.elapsed();
        let busy = world.figures(log.busy.as_secs_f64());
        let logs = world.gather(wire::bytes(&rank_log(log, hands, took)));
        let (busy, logs) = (busy?, logs?);
        let ranks = logs.iter().map(|log| wire::value(log).expect("every rank sends its log")).collect();
        Some(Outcome { whole: vec![], schedule, why, seconds: took.as_secs_f64(), busy, ranks })
    }
}

fn rank_log(log: Log, hands: usize, took: Duration) -> RankLog {
    let busy = log.busy.as_secs_f64();
    let idle = (took.as_secs_f64() * hands as f64 - busy).max(0.0);
    RankLog { hands: hands as u64, blocks: log.blocks, busy, idle, stints: log.stints }
}

impl Wire for RankLog {
    fn put(&self, out: &mut Vec<u8>) {
        self.hands.put(out);
        self.blocks.put(out);
        self.busy.put(out);
        self.idle.put(out);
        self.stints.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<RankLog> {
        Ok(RankLog {
            hands: Wire::take(bytes)?,
            blocks: Wire::take(bytes)?,
            busy: Wire::take(bytes)?,
            idle: Wire::take(bytes)?,
            stints: Wire::take(bytes)?,
        })
    }
}
