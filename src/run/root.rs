//! What the main thread of the root does while its crew computes. It deals units, records parts, has the ledger saved, and decides
//! when all ranks stop.
//!
//! The first error stops the run. It is returned only when every rank has ended: if a rank left early, the others would wait for
//! it. If the world tolerates deaths, a rank that dies counts as ended, and its units are dealt again.

use super::crew::{Crew, CrewNews, Log};
use super::ledger::Ledger;
use super::protocol::{POLL_INTERVAL_MAX, POLL_INTERVAL_MIN, RankMessage, RootMessage};
use super::share;
use super::stop::{Cause, Stops};
use super::supply::Supply;
use super::{Deal, Dealt, Watch};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::values::Reached;
use crate::values::timeline::Entry;
use crate::wire;
use crate::work::{Computed, Work};
use crate::world::{Patience, World};
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long blocks in progress may take when a run must stop at once. Open MPI kills a process one second after SIGTERM.
const STOP_GRACE: Duration = Duration::from_millis(200);

/// A rank that has not ended so long after that may never end: what is known is saved without it.
const SAVE_WITHOUT_LATE_AFTER: Duration = Duration::from_millis(150);

/// What the root needs for a run.
pub struct RootTask<'a> {
    /// The ranks.
    pub world: &'a dyn World,
    /// What is computed.
    pub work: &'a dyn Work,
    /// The root's own threads.
    pub crew: &'a Crew,
    /// The ledger of the run.
    pub ledger: &'a mut Ledger,
    /// What every rank did.
    pub logs: &'a mut [Log],
    /// Decides which rank gets which units.
    pub deal: &'a mut dyn Deal,
    /// The reasons to stop early.
    pub stops: &'a Stops,
    /// What the root does beside the computing.
    pub watch: &'a mut dyn Watch,
    /// Whether ranks may die.
    pub keep_going: bool,
    /// The units of the work before those of the ledger, and all of them.
    pub before: Computed,
    /// All units of the work, or of its share.
    pub whole: Computed,
    /// The only units that are computed; `None` for all.
    pub only: Option<&'a Range<u64>>,
    /// When the first unit began.
    pub began: Instant,
}

/// The loop of the root.
pub struct RootLoop<'a> {
    task: RootTask<'a>,
    /// The units that the root's own crew has still to get.
    supply: Supply,
    crew_home: bool,
    /// Which ranks have sent their last message, and which of these are dead.
    home: Vec<bool>,
    lost: Vec<bool>,
    /// The ranks whose wishes have no reply yet.
    waiting: Vec<usize>,
    /// The units that were done before this run.
    known: Computed,
    /// The units that each of the other ranks told of, and those of them whose parts are here: with a dead rank only these count.
    told: Vec<Computed>,
    here: Vec<Computed>,
    /// The longest time that a block took.
    longest: Duration,
    /// The first error.
    going: Result<()>,
    halt: Option<Halt>,
    patience: Patience,
    listened: Instant,
}

/// The run stops: no more blocks are begun.
struct Halt {
    /// `None` if it is because of an error.
    cause: Option<Cause>,
    /// When blocks in progress are given up.
    last: Instant,
    /// Whether what is known was saved without the ranks that have not ended.
    saved: bool,
}

impl<'a> RootLoop<'a> {
    /// The loop before its first turn.
    pub fn new(task: RootTask<'a>) -> RootLoop<'a> {
        let ranks = task.world.size();
        let mut home = vec![false; ranks];
        home[0] = true;
        RootLoop {
            supply: Supply::new(task.work.unit_cost()),
            crew_home: false,
            home,
            lost: vec![false; ranks],
            waiting: vec![],
            known: known(&task),
            told: vec![Computed::default(); ranks],
            here: vec![Computed::default(); ranks],
            longest: Duration::ZERO,
            going: Ok(()),
            halt: None,
            patience: Patience::asleep(),
            listened: task.began,
            task,
        }
    }

    /// Has the missing units of the ledger computed. Returns why it stopped, if units are missing.
    ///
    /// # Errors
    /// If a unit failed on any rank, or if a part cannot be understood or came twice.
    pub fn run(mut self) -> Result<Option<Cause>> {
        while self.home.contains(&false) || !self.crew_home {
            self.halt_if_due();
            self.note_deaths();
            self.serve_ranks();
            self.serve_crew();
            self.watch_progress();
            // Messages come first, because others may wait for the reply.
            if !self.hear_a_rank() {
                self.give_up_if_late();
                self.hear_the_crew();
            }
        }
        for rank in (1..self.lost.len()).filter(|&rank| !self.lost[rank]) {
            self.send(rank, &RootMessage::Finish);
        }
        self.tick();
        self.going.map(|()| self.halt.and_then(|halt| halt.cause))
    }

    /// Stops all ranks if there is a reason.
    fn halt_if_due(&mut self) {
        if self.halt.is_some() {
            return;
        }
        let Some(halt) = self.reason_to_halt() else { return };
        self.supply.stop(self.task.crew);
        let grace = halt.last.saturating_duration_since(Instant::now());
        for rank in (0..self.home.len()).filter(|&rank| !self.home[rank]) {
            self.send(rank, &RootMessage::Stop(grace));
        }
        // Whoever sent a signal may not wait long: Open MPI 5 kills a quarter of a second after SIGTERM.
        if let Some(Cause::Signal(_)) = halt.cause {
            self.save();
        }
        self.halt = Some(halt);
    }

    /// Whether to stop, because of an error, a signal or the time.
    fn reason_to_halt(&self) -> Option<Halt> {
        let (now, stops, began) = (Instant::now(), self.task.stops, self.task.began);
        let halt = |cause, last| Some(Halt { cause, last, saved: false });
        if self.going.is_err() {
            return halt(None, now + STOP_GRACE);
        }
        if let Some(cause) = stops.signal() {
            return halt(Some(cause), now + STOP_GRACE);
        }
        let saving = self.task.watch.saving();
        let last = stops.last_call(began, saving)?;
        if stops.time_is_up(began, self.longest, saving) { halt(Some(Cause::Time), last) } else { None }
    }

    /// Counts dead ranks as ended, and has their units dealt again.
    fn note_deaths(&mut self) {
        for rank in self.task.world.lost() {
            // A rank that has ended has no units.
            if !self.home[rank] {
                (self.home[rank], self.lost[rank]) = (true, true);
                self.told[rank] = self.here[rank];
                self.waiting.retain(|&other| other != rank);
                self.task.deal.lost(rank);
                self.task.watch.lost(rank);
            }
        }
    }

    /// Replies to the ranks that wait, as far as there are units. A rank that must stop waits for nothing.
    fn serve_ranks(&mut self) {
        if self.halt.is_none() {
            let mut waiting = std::mem::take(&mut self.waiting);
            waiting.retain(|&rank| self.must_wait(rank));
            self.waiting = waiting;
        }
    }

    /// Replies to a rank's wish; returns whether it must wait.
    fn must_wait(&mut self, rank: usize) -> bool {
        let units = match self.task.deal.next(rank) {
            Dealt::Later => return true,
            Dealt::Units(units) => Some(units),
            Dealt::Over => None,
        };
        self.send(rank, &RootMessage::Units(units));
        false
    }

    /// Fills up the root's own crew.
    fn serve_crew(&mut self) {
        while self.supply.low(self.task.crew) {
            match self.task.deal.next(0) {
                Dealt::Units(units) => self.supply.bring(self.task.crew, Some(units)),
                Dealt::Over => self.supply.bring(self.task.crew, None),
                Dealt::Later => break,
            }
        }
    }

    /// Reports how far the run is, and has it saved when that is due.
    fn watch_progress(&mut self) {
        self.tick();
        let late = self.halt.as_ref().is_some_and(|halt| {
            !halt.saved && halt.cause.is_some() && Instant::now() >= halt.last + SAVE_WITHOUT_LATE_AFTER
        });
        if self.task.watch.due() || late {
            self.save();
        }
        if let Some(halt) = self.halt.as_mut().filter(|_| late) {
            halt.saved = true;
        }
        if self.task.watch.asks_for_rows() {
            self.task.watch.rows(self.task.ledger.parts());
        }
    }

    /// Tells how far the run is, also with blocks in progress.
    fn tick(&mut self) {
        let whole = self.task.whole;
        let done = self.told.iter().fold(self.known.and(self.task.crew.computed()), |sum, told| sum.and(*told));
        let share = match done.units < whole.units {
            true => (done.nanos as f64 / whole.nanos.max(1) as f64).min(1.0),
            false => 1.0,
        };
        self.task.watch.tick(Reached { units: done.units.min(whole.units), all: whole.units, share });
    }

    /// Receives a message, if it is time to look for one and there is one.
    fn hear_a_rank(&mut self) -> bool {
        if !self.task.deal.is_waited_for() && self.listened.elapsed() < POLL_INTERVAL_MIN {
            return false;
        }
        self.listened = Instant::now();
        let Some((from, message)) = self.task.world.poll() else { return false };
        // This message of a dead rank is late: others have its units now.
        if !self.lost[from] {
            self.patience = Patience::asleep();
            self.take(from, wire::value(&message).expect("ranks say what they can hear"));
        }
        true
    }

    fn take(&mut self, from: usize, message: RankMessage) {
        self.told[from] = self.told[from].and(message.done);
        for entry in message.entries {
            self.longest = self.longest.max(length(&entry));
            self.task.logs[from].note(entry);
        }
        for (block, part) in message.parts {
            self.task.deal.brought(from, block);
            if self.task.keep_going {
                self.here[from] = self.here[from].and(Computed::of(self.task.work, block.units()));
            }
            self.record(block, Ok(part.0));
        }
        if let (Some(why), Ok(())) = (message.failed, &self.going) {
            self.going = Err(why.at(&format!("rank {from}")));
        }
        if let (Some(cause), None) = (message.stop, &self.halt) {
            self.task.stops.note(cause);
        }
        if message.wants {
            self.waiting.push(from);
        }
        self.home[from] |= message.home;
    }

    /// Records a block, unless something has failed before.
    fn record(&mut self, block: Block, part: Result<Vec<u8>>) {
        if self.going.is_ok() {
            self.going = part.and_then(|part| self.task.ledger.record(self.task.work, block, part));
        }
    }

    /// Leaves the root's own crew behind when blocks in progress are given up.
    fn give_up_if_late(&mut self) {
        if !self.crew_home && self.halt.as_ref().is_some_and(|halt| Instant::now() >= halt.last) {
            self.task.crew.leave();
            self.crew_home = true;
        }
    }

    /// Waits a moment for the root's own crew.
    fn hear_the_crew(&mut self) {
        let pause = self.pause();
        match self.task.crew.wait_for(pause) {
            CrewNews::Done(through) if !self.crew_home => {
                let entry = self.task.logs[0].enter(&through);
                self.longest = self.longest.max(length(&entry));
                self.record(through.block, through.part);
            }
            CrewNews::Done(_) | CrewNews::Nothing => (),
            // Only the other ranks can bring news then.
            CrewNews::Home if self.crew_home => self.patience.wait(),
            CrewNews::Home => self.crew_home = true,
        }
    }

    /// How long to wait for the crew before the next look for messages.
    fn pause(&mut self) -> Duration {
        match self.task.world.size() {
            1 => POLL_INTERVAL_MAX,
            _ if self.task.deal.is_waited_for() => self.patience.pause(),
            // A rank that ends waits for at most a hundredth of the run.
            _ => self.patience.pause_up_to((self.task.began.elapsed() / 100).min(POLL_INTERVAL_MAX)),
        }
    }

    /// Has everything saved that is known here.
    fn save(&mut self) {
        let RootTask { ledger, logs, watch, .. } = &mut self.task;
        let entries = logs.iter().flat_map(|log| log.entries.iter().cloned()).collect();
        watch.save(ledger.parts(), entries, ledger.done());
    }

    fn send(&self, rank: usize, message: &RootMessage) {
        self.task.world.send(rank, &wire::bytes(message));
    }
}

/// What is done before the run begins: the units before those of the ledger, and those that it has.
fn known(task: &RootTask) -> Computed {
    let all = match task.only {
        Some(_) => task.whole,
        None => task.before.and(Computed::of(task.work, task.ledger.units())),
    };
    share::of(task.ledger.missing(), task.only)
        .into_iter()
        .fold(all, |known, run| known.without(Computed::of(task.work, run)))
}

fn length(entry: &Entry) -> Duration {
    Duration::try_from_secs_f64(entry.seconds).unwrap_or_default()
}

/// Records the parts that ranks had not sent before they ended. Dead ranks have none.
///
/// # Errors
/// If the bytes are not parts, or if a part does not fit the ledger.
pub fn enter(work: &dyn Work, ledger: &mut Ledger, all: &[Vec<u8>]) -> Result<()> {
    for parts in all.iter().filter(|parts| !parts.is_empty()) {
        for (block, part) in wire::value::<super::Parts>(parts).map_err(|why: Error| why.at("a rank's parts"))? {
            ledger.record(work, block, part.0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Placement;
    use crate::run::farm::Dealer;
    use crate::run::{Parts, crew};
    use crate::work::tests::spelled;
    use crate::world::threads;

    /// Counts the saves.
    #[derive(Default)]
    struct Saves(usize);

    impl Watch for Saves {
        fn tick(&mut self, _: Reached) {}
        fn save(&mut self, _: Parts, _: Vec<Entry>, _: u64) {
            self.0 += 1;
        }
    }

    /// Runs the root's loop in a world of two. The other rank `says` something before the root begins, and then `hears`. Returns the cause, and
    /// whether units are missing.
    fn led(
        stops: &Stops,
        says: impl Fn(&dyn World) + Sync,
        hears: impl Fn(&dyn World) + Sync,
    ) -> Result<(Option<Cause>, bool)> {
        led_and_saved(stops, says, hears).map(|(cause, missing, _)| (cause, missing))
    }

    /// The same, and how many saves there were.
    fn led_and_saved(
        stops: &Stops,
        says: impl Fn(&dyn World) + Sync,
        hears: impl Fn(&dyn World) + Sync,
    ) -> Result<(Option<Cause>, bool, usize)> {
        let work = spelled(64);
        // The root would be done before it heard anything.
        let said = std::sync::Barrier::new(2);
        let mut ends = threads::run(2, 1, |world| {
            if !world.is_root() {
                says(world);
                said.wait();
                hears(world);
                return Ok((None, false, 0));
            }
            said.wait();
            let mut ledger = Ledger::new(&*work, Block::root(64)).unwrap();
            let began = Instant::now();
            let mut logs = [Log::new(0, began), Log::new(1, began)];
            let mut watch = Saves::default();
            let cause = crew::with(&work, &Placement::here(0), 1, 1, |crew| {
                let mut deal = Dealer::new(ledger.missing(), 2, 1);
                let (crew, ledger, logs, deal) = (crew.unwrap(), &mut ledger, &mut logs, &mut deal);
                RootLoop::new(RootTask {
                    world,
                    work: &*work,
                    crew,
                    ledger,
                    logs,
                    deal,
                    stops,
                    watch: &mut watch,
                    keep_going: true,
                    before: Computed::default(),
                    whole: Computed::of(&*work, 0..64),
                    only: None,
                    began,
                })
                .run()
            })?;
            Ok((cause, ledger.whole().is_none(), watch.0))
        });
        ends.swap_remove(0)
    }

    fn say(world: &dyn World, message: RankMessage) {
        world.send(0, &wire::bytes(&message));
    }

    /// The messages of the root, up to the last one.
    fn messages(world: &dyn World) -> Vec<RootMessage> {
        let (mut all, mut patience) = (vec![], Patience::new());
        while !matches!(all.last(), Some(RootMessage::Finish)) {
            match world.poll() {
                Some((_, message)) => all.push(wire::value(&message).unwrap()),
                None => patience.wait(),
            }
        }
        all
    }

    /// How many units it was told of, each time.
    #[derive(Default)]
    struct Heard(Vec<u64>);

    impl Watch for Heard {
        fn tick(&mut self, reached: Reached) {
            self.0.push(reached.units);
        }
    }

    #[test]
    fn of_a_dead_rank_only_what_it_brought_counts() {
        let work = spelled(64);
        let ends = threads::run_until_deaths(2, 1, &[(1, 0)], |world| {
            world.tolerate();
            if !world.is_root() {
                say(world, RankMessage::default());
                unreachable!("it dies instead");
            }
            let mut patience = Patience::new();
            while world.lost().is_empty() {
                patience.wait();
            }
            let (mut ledger, began) = (Ledger::new(&*work, Block::root(64)).unwrap(), Instant::now());
            let (mut logs, mut watch) = ([Log::new(0, began), Log::new(1, began)], Heard::default());
            let (mut deal, stops) = (Dealer::new(ledger.missing(), 2, 1), Stops::never());
            crew::with(&work, &Placement::here(0), 1, 1, |crew| {
                let mut root = RootLoop::new(RootTask {
                    world,
                    work: &*work,
                    crew: crew.unwrap(),
                    ledger: &mut ledger,
                    logs: &mut logs,
                    deal: &mut deal,
                    stops: &stops,
                    watch: &mut watch,
                    keep_going: true,
                    before: Computed::default(),
                    whole: Computed::of(&*work, 0..64),
                    only: None,
                    began,
                });
                // It sends the part of two units, and has computed eight more.
                let block = Block { level: 1, index: 3 };
                let part = wire::Bytes(work.worker(&Placement::here(1)).block(block).unwrap());
                let done = Computed::of(&*work, 6..16);
                root.take(1, RankMessage { parts: vec![(block, part)], done, ..RankMessage::default() });
                root.tick();
                root.note_deaths();
                root.tick();
            });
            watch.0
        });
        assert_eq!(ends, [Some(vec![10, 2]), None]);
    }

    #[test]
    fn a_rank_that_wants_nothing_leaves_all_to_the_root() {
        let says = |world: &dyn World| say(world, RankMessage { home: true, ..RankMessage::default() });
        let ended = led(&Stops::never(), says, |world| assert_eq!(messages(world).len(), 1));
        assert_eq!(ended, Ok((None, false)));
    }

    #[test]
    fn a_rank_that_fails_is_told_to_stop_and_its_error_is_everyones() {
        let says = |world: &dyn World| {
            say(world, RankMessage { failed: Some(Error::failed("no memory")), ..RankMessage::default() });
            say(world, RankMessage { home: true, ..RankMessage::default() });
        };
        let ended = led(&Stops::never(), says, |world| assert!(messages(world).len() <= 2));
        assert_eq!(ended, Err(Error::failed("rank 1: no memory")));
    }

    #[test]
    fn a_signal_elsewhere_stops_the_root_too() {
        let says = |world: &dyn World| {
            // It takes a unit and does not send it back.
            say(world, RankMessage { wants: true, ..RankMessage::default() });
            say(world, RankMessage { stop: Some(Cause::Signal(15)), ..RankMessage::default() });
            say(world, RankMessage { home: true, ..RankMessage::default() });
        };
        let ended = led_and_saved(&Stops::never(), says, |world| drop(messages(world)));
        // It was saved once, long before the rest is given up.
        assert_eq!(ended, Ok((Some(Cause::Signal(15)), true, 1)));
    }
}
