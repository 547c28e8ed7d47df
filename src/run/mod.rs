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
use crate::work::{Temper, Work};
use crate::world::{Figures, World, agree};
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
    let (schedule, why) = Schedule::pick(asked, work, world.size());
    let (hands, largest) = crew::hands(work, seat.threads, largest);
    world.meet();
    let began = Instant::now();
    let mut log = Log::new(seat.rank, began);
    let mut ledger = Ledger::new(work)?;
    crew::with(work, seat, hands, largest, |crew| {
        let crew = agree(world, crew, |_| 0)?;
        match schedule {
            Schedule::Fixed => fixed::fixed(world, work, crew, &mut ledger, &mut log, tick),
            Schedule::Farm => farm::farm(world, work, crew, &mut ledger, &mut log, largest, tick),
        }
    })?;
    let took = began.elapsed();
    let busy = world.figures(log.busy.as_secs_f64());
    let logs = world.gather(wire::bytes(&rank_log(log, hands, took)));
    let (Some(busy), Some(logs)) = (busy, logs) else { return Ok(None) };
    let ranks = logs.iter().map(|log| wire::value(log).expect("every rank sends its log")).collect();
    let whole = ledger.whole().expect("all units are in, or there was an error").to_vec();
    Ok(Some(Outcome { whole, schedule, why, seconds: took.as_secs_f64(), busy, ranks }))
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
