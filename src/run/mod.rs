//! Ranks, blocks and bytes: how a work gets done. Nothing here knows what is counted.

pub mod crew;
pub mod farm;
pub mod fixed;
pub mod ledger;
mod pile;
mod rank;
mod redeal;
pub mod roll;
mod root;
pub mod seats;
mod speech;
pub mod stop;
mod supply;

use crate::block::Block;
use crate::error::Result;
use crate::report::Stint;
use crate::seat::Seat;
use crate::wire::{self, Bytes};
use crate::work::{Stream, Temper, Work};
use crate::world::{World, agree, from_root};
use crew::Log;
use farm::Dealer;
use fixed::Slices;
use ledger::Ledger;
use redeal::Redealer;
use root::Root;
use std::ops::Range;
use std::time::{Duration, Instant};
use stop::{Cause, Stops};

/// Blocks and what they came to.
pub type Parts = Vec<(Block, Bytes)>;

/// No block has more than 2^6 units: nearly all units take a second at most, so nobody is away longer than a minute.
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

    /// The one to deal these units.
    fn deal(self, missing: Vec<Range<u64>>, ranks: usize, largest: u32, keep_going: bool) -> Box<dyn Deal> {
        let farm = |missing| Dealer::new(missing, ranks, largest);
        match self {
            Schedule::Fixed => Box::new(Slices::new(missing, ranks)),
            Schedule::Farm if keep_going => Box::new(Redealer::new(farm(missing), ranks)),
            Schedule::Farm => Box::new(farm(missing)),
        }
    }

    /// How often ranks tell the root their parts before the end. A slice is best merged where it is computed, so its
    /// parts stay there unless the run is saved every so often; what the farm deals has no neighbours to merge with.
    fn telling(self, saving: Option<Duration>, keep_going: bool) -> Option<Duration> {
        if keep_going {
            // What is not told dies with its rank.
            return Some(Duration::ZERO);
        }
        let often = saving.map(|every| every / 4);
        match self {
            Schedule::Fixed => often.map(|often| often.min(RARELY)),
            Schedule::Farm => Some(often.map_or(OFTEN, |often| often.min(OFTEN))),
        }
    }
}

const OFTEN: Duration = Duration::from_millis(200);
const RARELY: Duration = Duration::from_secs(5);

/// Who gets which units.
trait Deal {
    /// What the rank should do next.
    fn next(&mut self, rank: usize) -> Dealt;
    /// Whether ranks may still wait for that.
    fn is_waited_for(&self) -> bool;
    /// The rank has told what the block came to.
    fn brought(&mut self, _rank: usize, _block: Block) {}
    /// The rank is dead, and what it has not brought is to be done by others.
    fn lost(&mut self, _rank: usize) {}
}

/// What a rank gets that wants more.
enum Dealt {
    Units(Vec<Range<u64>>),
    /// Nothing yet: it is to ask again.
    Later,
    /// There is no more for it.
    Over,
}

/// How a run is to go, beside its work.
pub struct Course<'a> {
    pub schedule: Option<Schedule>,
    /// No block is above this level.
    pub largest: u32,
    pub stops: &'a Stops,
    /// How often the run is saved, if it is.
    pub saving: Option<Duration>,
    /// What earlier runs brought in; at the root.
    pub known: Parts,
    /// Whether the death of a rank is to be survived: by the farm, in a world that can tolerate it.
    pub keep_going: bool,
}

impl<'a> Course<'a> {
    /// A run from the beginning that is not saved.
    pub fn new(schedule: Option<Schedule>, stops: &'a Stops) -> Course<'a> {
        Course { schedule, largest: LARGEST, stops, saving: None, known: Parts::new(), keep_going: false }
    }

    /// The same for a work whose blocks should take no longer than `patience`, where that can be foreseen.
    pub fn in_blocks_of(self, work: &dyn Work, patience: Duration) -> Course<'a> {
        let unit = work.forecast().seconds / work.units().max(1) as f64;
        let units = (patience.as_secs_f64() / unit).clamp(1.0, (1 << LARGEST) as f64);
        Course { largest: (units as u64).max(1).ilog2(), ..self }
    }
}

/// What goes on at the root beside the computing.
pub trait Watch {
    /// So many of so many units are done. Called now and then.
    fn tick(&mut self, done: u64, all: u64);
    /// Whether it is time to save.
    fn due(&self) -> bool {
        false
    }
    /// What is to be saved: blocks with their parts, who computed what, and how many units are done. Returns soon.
    fn save(&mut self, _parts: Parts, _stints: Vec<Stint>, _done: u64) {}
    /// How long a save takes.
    fn saving(&self) -> Duration {
        Duration::ZERO
    }
    /// A rank has died, and the run goes on without it.
    fn lost(&mut self, _rank: usize) {}
}

/// Nobody watches.
pub struct Unwatched;

impl Watch for Unwatched {
    fn tick(&mut self, _: u64, _: u64) {}
}

/// What a run leaves at the root.
pub struct Outcome {
    /// What the work came to; nothing if that was told in batches, or if the run was stopped.
    pub whole: Option<Vec<u8>>,
    /// Why it was stopped, if units are missing.
    pub stopped: Option<Cause>,
    /// What is in, if units are missing.
    pub parts: Parts,
    pub done: u64,
    pub schedule: Schedule,
    pub why: &'static str,
    /// Seconds from the first unit to the last.
    pub seconds: f64,
    /// Seconds that the threads of a rank computed.
    pub busy: Figures,
    pub ranks: Vec<RankLog>,
}

/// Least, mean and largest of what ranks have each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub min: f64,
    pub mean: f64,
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
    pub hands: u64,
    pub blocks: u64,
    pub busy: f64,
    pub idle: f64,
    pub stints: Vec<Stint>,
}

/// Computes the work on all ranks; its outcome is at the root. Every rank calls it with the same work, which outlives
/// the run because hands that are left behind still are at it.
pub fn run(
    world: &dyn World,
    work: &'static dyn Work,
    seat: &Seat,
    course: Course,
    watch: &mut dyn Watch,
) -> Result<Option<Outcome>> {
    let mut run = Run::new(world, work, seat, &course);
    let (ledger, stopped) = run.compute(Block::root(work.units()), course.known, watch)?;
    // Closing may take its time: what it starts from should be safe where so much else was.
    if ledger.whole().is_some() && course.saving.is_some_and(|every| run.began.elapsed() >= every) {
        watch.save(ledger.parts(), run.logs.iter().flat_map(|log| log.stints.clone()).collect(), ledger.done());
    }
    Ok(run.end().map(|mut outcome| {
        outcome.done = ledger.done();
        outcome.whole = ledger.whole().map(<[u8]>::to_vec);
        if outcome.whole.is_none() {
            (outcome.stopped, outcome.parts) = (stopped, ledger.parts());
        }
        outcome
    }))
}

/// Computes the batches of a stream one after the other and tells `each` at the root what one came to, for as long as
/// that wants more. So no rank ever holds more than a batch.
pub fn run_in_batches(
    world: &dyn World,
    stream: &'static Stream,
    seat: &Seat,
    asked: Option<Schedule>,
    watch: &mut dyn Watch,
    each: &mut dyn FnMut(&[u8]) -> Result<bool>,
) -> Result<Option<Outcome>> {
    let stops = Stops::never();
    let mut run = Run::new(world, &*stream.work, seat, &Course::new(asked, &stops));
    for batch in stream.batches() {
        let (ledger, _) = run.compute(batch, Parts::new(), watch)?;
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
    work: &'static dyn Work,
    seat: &'a Seat,
    schedule: Schedule,
    why: &'static str,
    stops: &'a Stops,
    telling: Option<Duration>,
    keep_going: bool,
    hands: usize,
    /// Everyone's hands; at the root.
    crews: Vec<u64>,
    /// No block is above this level.
    largest: u32,
    began: Instant,
    /// What this rank did; at the root what each did.
    logs: Vec<Log>,
}

impl<'a> Run<'a> {
    fn new(world: &'a dyn World, work: &'static dyn Work, seat: &'a Seat, course: &Course<'a>) -> Run<'a> {
        let (schedule, why) = Schedule::pick(course.schedule, work, world.size());
        let keep_going = course.keep_going;
        assert!(!keep_going || schedule == Schedule::Farm, "only the farm can deal blocks again");
        let (hands, largest) = crew::hands(work, seat.threads, course.largest);
        let crews = world.gather(wire::bytes(&hands)).unwrap_or_default();
        let crews = crews.iter().map(|hands| wire::value(hands).expect("every rank sends a number")).collect();
        world.meet();
        let began = Instant::now();
        let logs = match world.is_root() {
            true => (0..world.size()).map(|rank| Log::new(rank, began)).collect(),
            false => vec![Log::new(seat.rank, began)],
        };
        let telling = schedule.telling(course.saving, keep_going);
        Run {
            world,
            work,
            seat,
            schedule,
            why,
            stops: course.stops,
            telling,
            keep_going,
            hands,
            crews,
            largest,
            began,
            logs,
        }
    }

    /// Computes the units under `root` that are not known. At the root rank the ledger is then whole, or it says why
    /// the run was stopped.
    fn compute(&mut self, root: Block, known: Parts, watch: &mut dyn Watch) -> Result<(Ledger, Option<Cause>)> {
        let &mut Run {
            world,
            work,
            seat,
            schedule,
            stops,
            telling,
            keep_going,
            hands,
            largest,
            began,
            ref mut logs,
            ..
        } = self;
        let restored = Ledger::restored(work, root, known);
        let mut mine = Ledger::blank(work, root);
        let mut watch = Batch { before: mine.units().start, all: work.units(), watch };
        crew::with(work, seat, hands, largest, |crew| {
            let ready = crew.and_then(|crew| Ok((crew, restored?)));
            let (crew, mut ledger) = agree(world, ready, |_| 0)?;
            if keep_going {
                world.tolerate();
            }
            let led = match world.is_root() {
                true => {
                    let mut deal = schedule.deal(ledger.missing(), world.size(), largest, keep_going);
                    let (ledger, deal, watch) = (&mut ledger, &mut *deal, &mut watch);
                    Root { world, work, crew, ledger, logs, deal, stops, watch, began }.lead()
                }
                false => {
                    rank::toil(world, work, crew, &mut mine, &mut logs[0], stops, telling);
                    Ok(None)
                }
            };
            if keep_going {
                world.shrink();
            }
            // Everybody is home: what was not told on the way is gathered.
            let all = world.gather(wire::bytes(&mine.drain())).unwrap_or_default();
            let entered = led.and_then(|stopped| root::enter(work, &mut ledger, &all).map(|()| stopped));
            Ok((ledger, agree(world, entered, |_| 0)?))
        })
    }

    /// What every rank did, at the root, which was told on the way.
    fn end(self) -> Option<Outcome> {
        let Run { schedule, why, crews, logs, .. } = self;
        if !self.world.is_root() {
            return None;
        }
        let took = self.began.elapsed().as_secs_f64();
        let busy = Figures::of(&logs.iter().map(|log| log.busy).collect::<Vec<_>>());
        let rank = |(hands, log): (u64, Log)| RankLog {
            hands,
            blocks: log.blocks,
            busy: log.busy,
            idle: (took * hands as f64 - log.busy).max(0.0),
            stints: log.stints,
        };
        let ranks = crews.into_iter().zip(logs).map(rank).collect();
        let (whole, stopped, parts, done) = (None, None, Parts::new(), 0);
        Some(Outcome { whole, stopped, parts, done, schedule, why, seconds: took, busy, ranks })
    }
}

/// The watch over a batch sees all units of the work.
struct Batch<'a> {
    before: u64,
    all: u64,
    watch: &'a mut dyn Watch,
}

impl Watch for Batch<'_> {
    fn tick(&mut self, done: u64, _: u64) {
        self.watch.tick(self.before + done, self.all);
    }
    fn due(&self) -> bool {
        self.watch.due()
    }
    fn save(&mut self, parts: Parts, stints: Vec<Stint>, done: u64) {
        self.watch.save(parts, stints, done);
    }
    fn saving(&self) -> Duration {
        self.watch.saving()
    }
    fn lost(&mut self, rank: usize) {
        self.watch.lost(rank);
    }
}
