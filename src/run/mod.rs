//! Ranks, blocks and bytes: how a work is computed. Nothing here knows what is counted.

pub mod crew;
pub mod farm;
pub mod fixed;
pub mod ledger;
pub mod per_rank;
pub mod placements;
mod protocol;
mod rank;
mod redeal;
pub mod room;
mod root;
pub mod share;
mod shared_queue;
pub mod stop;
mod supply;
mod waits;
mod work_queue;

use crate::block::Block;
use crate::error::Result;
use crate::placement::Placement;
use crate::values::Reached;
use crate::values::timeline::Entry;
use crate::wire::{self, Bytes};
use crate::work::{Computed, Stream, UnitCost, Work};
use crate::world::{World, agree, from_root};
use crew::Log;
use farm::Dealer;
use fixed::Slices;
use ledger::Ledger;
use rank::{RankTask, rank_loop};
use redeal::Redealer;
use root::{RootLoop, RootTask};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stop::{Cause, Stops};

/// Blocks and their parts.
pub type Parts = Vec<(Block, Bytes)>;

/// No block has more than 2^6 units. Nearly all units take at most a second, so a worker is busy for at most a minute.
pub const BLOCK_LEVEL_MAX: u32 = 6;

/// How blocks get to ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every rank gets an equal slice of the units at the start.
    Fixed,
    /// A rank that needs more units gets another block from the root.
    Farm,
}

impl Schedule {
    /// All of them.
    pub const ALL: [Schedule; 2] = [Schedule::Fixed, Schedule::Farm];

    /// The name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Schedule::Fixed => "fixed",
            Schedule::Farm => "farm",
        }
    }

    /// The schedule that suits the work, and why. `asked` is what the user asked for.
    pub fn pick(asked: Option<Schedule>, work: &dyn Work, ranks: usize) -> (Schedule, &'static str) {
        match (asked, work.unit_cost()) {
            (Some(schedule), _) => (schedule, "asked for"),
            (None, _) if ranks == 1 => (Schedule::Fixed, "there is one rank"),
            (None, UnitCost::Uniform) => (Schedule::Fixed, "units cost the same"),
            (None, UnitCost::IoBound(_)) => (Schedule::Fixed, "units wait rather than compute"),
            (None, UnitCost::Varying) => (Schedule::Farm, "units differ in cost"),
        }
    }

    /// Deals the missing units by this schedule.
    fn deal(self, missing: Vec<Range<u64>>, ranks: usize, largest: u32, keep_going: bool) -> Box<dyn Deal> {
        let farm = |missing| Dealer::new(missing, ranks, largest);
        match self {
            Schedule::Fixed => Box::new(Slices::new(missing, ranks)),
            Schedule::Farm if keep_going => Box::new(Redealer::new(farm(missing), ranks)),
            Schedule::Farm => Box::new(farm(missing)),
        }
    }

    /// How often ranks send their parts to the root before the end; `None` if they do not. A slice is best merged where it is computed,
    /// so its parts stay there, unless the run is saved. Parts of the farm have no neighbours to merge with.
    fn send_interval(self, saving: Option<Duration>, keep_going: bool, stages: bool) -> Option<Duration> {
        if keep_going {
            // A part that was not sent is lost with its rank.
            return Some(Duration::ZERO);
        }
        let often = saving.map(|every| every / 4);
        match self {
            // Known rows should not wait for the end.
            Schedule::Fixed if stages => {
                Some(often.map_or(FIXED_SEND_INTERVAL, |often| often.min(FIXED_SEND_INTERVAL)))
            }
            Schedule::Fixed => often.map(|often| often.min(FIXED_SEND_INTERVAL)),
            Schedule::Farm => Some(often.map_or(FARM_SEND_INTERVAL, |often| often.min(FARM_SEND_INTERVAL))),
        }
    }
}

const FARM_SEND_INTERVAL: Duration = Duration::from_millis(200);
const FIXED_SEND_INTERVAL: Duration = Duration::from_secs(5);

/// Decides which rank gets which units.
trait Deal {
    /// What the rank should do next.
    fn next(&mut self, rank: usize) -> Dealt;
    /// Whether ranks may still ask for units.
    fn is_waited_for(&self) -> bool;
    /// The rank has sent the part of this block.
    fn brought(&mut self, _rank: usize, _block: Block) {}
    /// The rank is dead. Others must compute the units that it had.
    fn lost(&mut self, _rank: usize) {}
}

/// The reply to a rank that wants more units.
enum Dealt {
    Units(Vec<Range<u64>>),
    /// There are no units now: the rank must wait.
    Later,
    /// There are no more units for this rank.
    Over,
}

/// How to run a work.
pub struct Course<'a> {
    /// The schedule that was asked for; `None` lets the run choose.
    pub schedule: Option<Schedule>,
    /// The level of the largest blocks.
    pub largest: u32,
    /// The reasons to stop early.
    pub stops: &'a Stops,
    /// How often the run is saved; `None` if it is not.
    pub saving: Option<Duration>,
    /// The parts of earlier runs, at the root.
    pub known: Parts,
    /// The only units that are computed; `None` for all.
    pub only: Option<Range<u64>>,
    /// How many units a run in batches begins behind: earlier runs have passed them on. The same on all ranks.
    pub from: u64,
    /// Whether the run survives the death of a rank. That needs the farm, and a world that can tolerate it.
    pub keep_going: bool,
    /// Whether a rank has as many workers as threads even where units wait more than they compute.
    pub exact: bool,
}

impl<'a> Course<'a> {
    /// A run from the beginning that is not saved.
    pub fn new(schedule: Option<Schedule>, stops: &'a Stops) -> Course<'a> {
        let (saving, known) = (None, Parts::new());
        let (only, from, keep_going, exact) = (None, 0, false, false);
        Course { schedule, largest: BLOCK_LEVEL_MAX, stops, saving, known, only, from, keep_going, exact }
    }

    /// The same, with blocks that should take no longer than `patience`, as far as the forecast is right.
    pub fn in_blocks_of(self, work: &dyn Work, patience: Duration) -> Course<'a> {
        let unit = work.forecast().seconds / work.units().max(1) as f64;
        let units = (patience.as_secs_f64() / unit).clamp(1.0, (1 << BLOCK_LEVEL_MAX) as f64);
        Course { largest: (units as u64).max(1).ilog2(), ..self }
    }
}

/// What the root does beside the computing.
pub trait Watch {
    /// The run is so far. Called regularly.
    fn tick(&mut self, reached: Reached);
    /// Whether it is time to save.
    fn due(&self) -> bool {
        false
    }
    /// Saves these blocks with their parts, the timeline, and how many units are done. Returns soon.
    fn save(&mut self, _parts: Parts, _entries: Vec<Entry>, _done: u64) {}
    /// How long a save takes.
    fn saving(&self) -> Duration {
        Duration::ZERO
    }
    /// Whether it is time to look for known rows.
    fn asks_for_rows(&self) -> bool {
        false
    }
    /// The parts that are there, for known rows.
    fn rows(&mut self, _parts: Parts) {}
    /// A rank has died, and the run continues without it.
    fn lost(&mut self, _rank: usize) {}
}

/// Does nothing.
pub struct Unwatched;

impl Watch for Unwatched {
    fn tick(&mut self, _: Reached) {}
}

/// The result of a run, at the root.
pub struct Outcome {
    /// The part of all units; `None` if the run was stopped, or if its parts were passed on in batches.
    pub whole: Option<Vec<u8>>,
    /// Why it was stopped, if units are missing.
    pub stopped: Option<Cause>,
    /// The parts that are there, if units are missing.
    pub parts: Parts,
    /// How many units are done; of a run in batches, those that were passed on, with those before it.
    pub done: u64,
    /// The schedule.
    pub schedule: Schedule,
    /// Why it was this one, in words.
    pub why: &'static str,
    /// Seconds from the first unit to the last.
    pub seconds: f64,
    /// Seconds in which the root merged parts, while others computed.
    pub merging: f64,
    /// Seconds of computing per rank.
    pub busy: Figures,
    /// What each rank did.
    pub ranks: Vec<RankLog>,
}

/// The smallest, the mean and the largest of one number per rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
}

impl Figures {
    fn of(all: &[f64]) -> Figures {
        Figures {
            min: all.iter().copied().fold(f64::INFINITY, f64::min),
            mean: all.iter().sum::<f64>() / all.len() as f64,
            max: all.iter().copied().fold(0.0, f64::max),
        }
    }
}

/// What one rank did.
pub struct RankLog {
    /// How many workers it had.
    pub workers: u64,
    /// How many blocks they computed.
    pub blocks: u64,
    /// Seconds of computing, over all workers.
    pub busy: f64,
    /// Seconds without work, over all workers.
    pub idle: f64,
    /// Its part of the timeline.
    pub entries: Vec<Entry>,
}

/// Computes the work on all ranks. The root gets the outcome, the others `None`. Every rank must call it with the same work.
/// Workers that are left behind share the work, so it may outlive the run.
///
/// # Errors
/// If a unit cannot be computed, if parts cannot be merged, or if threads cannot be started; the same error on every rank.
pub fn run(
    world: &dyn World,
    work: &Arc<dyn Work>,
    placement: &Placement,
    course: Course,
    watch: &mut dyn Watch,
) -> Result<Option<Outcome>> {
    let mut run = RunState::new(world, work, placement, &course);
    let (ledger, stopped) = run.compute(Block::root(work.units()), course.known, watch)?;
    // The answer may take long. The parts that it is made from should be saved first.
    if ledger.whole().is_some() && course.saving.is_some_and(|every| run.began.elapsed() >= every) {
        watch.save(ledger.parts(), run.logs.iter().flat_map(|log| log.entries.clone()).collect(), ledger.done());
    }
    Ok(run.end().map(|mut outcome| {
        outcome.done = ledger.done();
        outcome.merging = ledger.merging().as_secs_f64();
        outcome.whole = ledger.whole().map(<[u8]>::to_vec);
        if outcome.whole.is_none() {
            (outcome.stopped, outcome.parts) = (stopped, ledger.parts());
        }
        outcome
    }))
}

/// Computes the batches of a stream one after the other. `each` gets the part of each batch at the root, and how many units are done with it; it returns
/// whether more is wanted. No rank ever holds more than one batch. It may be saved after each of them.
///
/// # Errors
/// As [`run`], and if `each` fails.
pub fn run_in_batches(
    world: &dyn World,
    stream: &Stream,
    placement: &Placement,
    course: Course,
    watch: &mut dyn Watch,
    each: &mut dyn FnMut(&[u8], u64) -> Result<bool>,
) -> Result<Option<Outcome>> {
    let mut run = RunState::new(world, &stream.work, placement, &course);
    let (mut done, mut stopped, mut merging) = (course.from, None, Duration::ZERO);
    for batch in stream.batches_from(course.from) {
        let (ledger, cause) = run.compute(batch, Parts::new(), watch)?;
        merging += ledger.merging();
        let more = from_root(world, || {
            let Some(whole) = ledger.whole() else {
                stopped = cause;
                return Ok(false);
            };
            done = ledger.units().end;
            let more = each(whole, done)?;
            if more && watch.due() {
                watch.save(Parts::new(), run.logs.iter().flat_map(|log| log.entries.clone()).collect(), done);
            }
            Ok(more)
        });
        if !more? {
            break;
        }
    }
    let merging = merging.as_secs_f64();
    Ok(run.end().map(|outcome| Outcome { stopped, done, merging, ..outcome }))
}

/// A run in progress, as one rank sees it.
struct RunState<'a> {
    world: &'a dyn World,
    work: &'a Arc<dyn Work>,
    placement: &'a Placement,
    schedule: Schedule,
    why: &'static str,
    stops: &'a Stops,
    send_interval: Option<Duration>,
    keep_going: bool,
    workers: usize,
    /// How many workers each rank has, at the root.
    crews: Vec<u64>,
    /// The level of the largest blocks.
    largest: u32,
    /// All units, and those of the batches that are done; at the root.
    whole: Computed,
    before: Computed,
    began: Instant,
    /// The only units that are computed.
    only: Option<Range<u64>>,
    /// What this rank did; at the root, what each rank did.
    logs: Vec<Log>,
}

impl<'a> RunState<'a> {
    fn new(
        world: &'a dyn World,
        work: &'a Arc<dyn Work>,
        placement: &'a Placement,
        course: &Course<'a>,
    ) -> RunState<'a> {
        let (schedule, why) = Schedule::pick(course.schedule, &**work, world.size());
        let keep_going = course.keep_going;
        assert!(!keep_going || schedule == Schedule::Farm, "only the farm can deal blocks again");
        let (workers, largest) = match crew::workers(&**work, placement.threads, course.largest) {
            (_, largest) if course.exact => (placement.threads, largest),
            usual => usual,
        };
        let crews = world.gather(wire::bytes(&workers)).unwrap_or_default();
        let crews = crews.iter().map(|workers| wire::value(workers).expect("every rank sends a number")).collect();
        world.barrier();
        let began = Instant::now();
        let logs = match world.is_root() {
            true => (0..world.size()).map(|rank| Log::new(rank, began)).collect(),
            false => vec![Log::new(placement.rank, began)],
        };
        let units = course.only.clone().unwrap_or(0..work.units());
        let whole = if world.is_root() { Computed::of(&**work, units) } else { Computed::default() };
        let before = if world.is_root() { Computed::of(&**work, 0..course.from) } else { Computed::default() };
        let send_interval = schedule.send_interval(course.saving, keep_going, work.stages().len() > 1);
        RunState {
            world,
            work,
            placement,
            schedule,
            why,
            stops: course.stops,
            send_interval,
            keep_going,
            workers,
            crews,
            largest,
            whole,
            before,
            began,
            only: course.only.clone(),
            logs,
        }
    }

    /// Computes the units under `root` that are not known. At the root rank the ledger is then whole, or the cause tells why it is not.
    fn compute(&mut self, root: Block, known: Parts, watch: &mut dyn Watch) -> Result<(Ledger, Option<Cause>)> {
        let &mut RunState { world, work, placement, schedule, stops, send_interval, .. } = self;
        let &mut RunState { keep_going, workers, largest, whole, before, began, .. } = self;
        let RunState { only, logs, .. } = self;
        // The workers share it with this thread.
        let (shared, work) = (work, &**work);
        let threads = placement.threads;
        let restored = Ledger::restored(work, root, known).map(|ledger| ledger.by_threads(threads));
        let mut mine = Ledger::blank(work, root).by_threads(threads);
        let units = mine.units();
        let computed = crew::with(shared, placement, workers, largest, |crew| {
            let ready = crew.and_then(|crew| Ok((crew, restored?)));
            let (crew, mut ledger) = agree(world, ready, |_| 0)?;
            if keep_going {
                world.tolerate();
            }
            let led = match world.is_root() {
                true => {
                    let missing = share::of(ledger.missing(), only.as_ref());
                    let mut deal = schedule.deal(missing, world.size(), largest, keep_going);
                    let (ledger, deal) = (&mut ledger, &mut *deal);
                    RootLoop::new(RootTask {
                        world,
                        work,
                        crew,
                        ledger,
                        logs,
                        deal,
                        stops,
                        watch,
                        keep_going,
                        before,
                        whole,
                        only: only.as_ref(),
                        began,
                    })
                    .run()
                }
                false => {
                    let (ledger, log) = (&mut mine, &mut logs[0]);
                    rank_loop(RankTask { world, work, crew, ledger, log, stops, send_interval });
                    Ok(None)
                }
            };
            if keep_going {
                world.shrink();
            }
            // All ranks have ended their loops. The parts that were not sent on the way are gathered.
            let all = world.gather(wire::bytes(&mine.drain())).unwrap_or_default();
            let entered = led.and_then(|stopped| root::enter(work, &mut ledger, &all).map(|()| stopped));
            Ok((ledger, agree(world, entered, |_| 0)?))
        });
        if world.is_root() {
            self.before = before.and(Computed::of(work, units));
        }
        computed
    }

    /// What every rank did, at the root.
    fn end(self) -> Option<Outcome> {
        let RunState { schedule, why, crews, logs, .. } = self;
        if !self.world.is_root() {
            return None;
        }
        let took = self.began.elapsed().as_secs_f64();
        let busy = Figures::of(&logs.iter().map(|log| log.busy).collect::<Vec<_>>());
        let rank = |(workers, log): (u64, Log)| RankLog {
            workers,
            blocks: log.blocks,
            busy: log.busy,
            idle: (took * workers as f64 - log.busy).max(0.0),
            entries: log.entries,
        };
        let ranks = crews.into_iter().zip(logs).map(rank).collect();
        let (whole, stopped, parts, done) = (None, None, Parts::new(), 0);
        Some(Outcome { whole, stopped, parts, done, schedule, why, seconds: took, merging: 0.0, busy, ranks })
    }
}
