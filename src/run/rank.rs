//! What the main thread of a rank other than the root does while its crew computes.
//!
//! It asks the root for units before the crew runs out of them, merges the parts of its blocks, and sends them from time to time.
//! It passes on the signals that its process gets, and stops when the root says so.

use super::crew::{Crew, CrewNews, Done, Log};
use super::ledger::Ledger;
use super::protocol::{POLL_INTERVAL_MAX, POLL_INTERVAL_MIN, RankMessage, RootMessage};
use super::stop::Stops;
use super::supply::Supply;
use crate::wire;
use crate::work::{Computed, Work};
use crate::world::{Patience, World};
use std::time::{Duration, Instant};

/// A rank that has done something sends a message at least this often: the root wants to know how far the run is.
const MESSAGE_INTERVAL: Duration = Duration::from_millis(500);

/// What a rank needs for a run.
pub struct RankTask<'a> {
    /// The ranks.
    pub world: &'a dyn World,
    /// What is computed.
    pub work: &'a dyn Work,
    /// The threads of this rank.
    pub crew: &'a Crew,
    /// The parts that are done and not sent.
    pub ledger: &'a mut Ledger,
    /// What this rank did.
    pub log: &'a mut Log,
    /// The reasons to stop early.
    pub stops: &'a Stops,
    /// How often parts are sent; `None` if they are sent only at the end.
    pub send_interval: Option<Duration>,
}

/// Computes the units that the root sends. The parts that were not sent by the end are in the ledger.
pub fn rank_loop(task: RankTask) {
    RankLoop::new(task).run();
}

/// The loop of a rank.
struct RankLoop<'a> {
    task: RankTask<'a>,
    supply: Supply,
    /// The next message.
    message: RankMessage,
    /// Whether the crew has done something that was not sent.
    news: bool,
    /// The units of its crew that were told.
    told: Computed,
    /// Whether a wish has no reply yet.
    asked: bool,
    /// Whether a signal was passed on.
    stopped: bool,
    /// When blocks in progress are given up, after the root has said so.
    give_up: Option<Instant>,
    sent_message: Instant,
    sent_parts: Instant,
    listened: Instant,
    patience: Patience,
}

impl<'a> RankLoop<'a> {
    fn new(task: RankTask<'a>) -> RankLoop<'a> {
        let now = Instant::now();
        RankLoop {
            supply: Supply::new(task.work.unit_cost()),
            task,
            message: RankMessage::default(),
            news: false,
            told: Computed::default(),
            asked: false,
            stopped: false,
            give_up: None,
            sent_message: now,
            sent_parts: now,
            listened: now,
            patience: Patience::asleep(),
        }
    }

    fn run(mut self) {
        loop {
            self.pass_a_signal_on();
            self.report_if_due();
            if self.hear_the_root() {
                continue;
            }
            if self.give_up.is_some_and(|last| Instant::now() >= last) {
                self.task.crew.leave();
                break;
            }
            if self.hear_the_crew_come_home() {
                break;
            }
        }
        self.message.home = true;
        self.send();
        self.wait_for_the_finish();
    }

    fn pass_a_signal_on(&mut self) {
        if !self.stopped
            && let Some(cause) = self.task.stops.signal()
        {
            (self.stopped, self.message.stop) = (true, Some(cause));
        }
    }

    /// Sends urgent news at once, and finished work from time to time.
    fn report_if_due(&mut self) {
        let interval = self.task.send_interval.map_or(MESSAGE_INTERVAL, |interval| interval.min(MESSAGE_INTERVAL));
        self.message.wants = !self.asked && self.supply.low(self.task.crew);
        // Of blocks in progress too, but not as often as of those that are done.
        self.news |= self.sent_message.elapsed() >= MESSAGE_INTERVAL && self.task.crew.computed() != self.told;
        let urgent = self.message.wants || self.message.stop.is_some() || self.message.failed.is_some();
        if urgent || self.news && self.sent_message.elapsed() >= interval {
            if self.task.send_interval.is_some_and(|interval| self.sent_parts.elapsed() >= interval) {
                (self.message.parts, self.sent_parts) = (self.task.ledger.drain(), Instant::now());
            }
            self.asked |= self.message.wants;
            self.send();
            (self.news, self.sent_message) = (false, Instant::now());
        }
    }

    fn send(&mut self) {
        let computed = self.task.crew.computed();
        (self.message.done, self.told) = (computed.without(self.told), computed);
        self.task.world.send(0, &wire::bytes(&std::mem::take(&mut self.message)));
    }

    /// Receives a message, if it is time to look for one and there is one.
    fn hear_the_root(&mut self) -> bool {
        if !self.asked && self.listened.elapsed() < POLL_INTERVAL_MIN {
            return false;
        }
        self.listened = Instant::now();
        let Some((_, message)) = self.task.world.poll() else { return false };
        (self.asked, self.patience) = (false, Patience::asleep());
        match wire::value(&message).expect("the root tells what ranks can hear") {
            RootMessage::Units(units) => self.supply.bring(self.task.crew, units),
            RootMessage::Stop(grace) => {
                self.supply.stop(self.task.crew);
                self.give_up = Some(Instant::now() + grace);
            }
            RootMessage::Finish => unreachable!("this rank has not sent its last message"),
        }
        true
    }

    /// Waits a moment for the crew; returns whether it has ended.
    fn hear_the_crew_come_home(&mut self) -> bool {
        // Only the crew can bring news soon, unless a reply is on its way.
        let pause = if self.asked { self.patience.pause() } else { POLL_INTERVAL_MAX };
        match self.task.crew.wait_for(pause) {
            CrewNews::Done(done) => self.record(done),
            CrewNews::Nothing => (),
            CrewNews::Home if self.asked => self.patience.wait(),
            CrewNews::Home => return true,
        }
        false
    }

    fn record(&mut self, done: Done) {
        self.message.entries.push(self.task.log.enter(&done));
        self.news = true;
        let RankTask { work, ledger, .. } = &mut self.task;
        if let Err(why) = done.part.and_then(|part| ledger.record(*work, done.block, part)) {
            self.message.failed.get_or_insert(why);
            self.supply.stop(self.task.crew);
        }
    }

    fn wait_for_the_finish(&mut self) {
        let mut patience = Patience::asleep();
        loop {
            let message = self.task.world.poll();
            match message.map(|(_, message)| wire::value(&message).expect("the root tells what ranks can hear")) {
                Some(RootMessage::Finish) => break,
                // This message and the last one of this rank crossed: nobody is here to do it.
                Some(RootMessage::Units(_) | RootMessage::Stop(_)) => (),
                None => patience.wait(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::placement::Placement;
    use crate::run::crew;
    use crate::run::stop::Cause;
    use crate::work::tests::spelled;
    use crate::world::threads;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    /// The next message of the rank, at a root that the test plays.
    fn heard(world: &dyn World) -> RankMessage {
        let mut patience = Patience::new();
        loop {
            match world.poll() {
                Some((_, message)) => return wire::value(&message).unwrap(),
                None => patience.wait(),
            }
        }
    }

    #[test]
    fn it_asks_computes_tells_and_waits_for_its_farewell() {
        let work = spelled(100);
        let brought = threads::run(2, 1, |world| {
            let send = |message: RootMessage| world.send(1, &wire::bytes(&message));
            if world.is_root() {
                assert!(heard(world).wants);
                send(RootMessage::Units(Some(vec![10..20, 40..44])));
                let (mut done, mut home, mut asked) = (0, false, false);
                while !home {
                    let message = heard(world);
                    (done, home, asked) = (done + message.done.units, message.home, asked || message.wants);
                    if message.wants {
                        send(RootMessage::Units(None));
                    }
                }
                // It may cross with the last message of the rank.
                send(RootMessage::Stop(Duration::ZERO));
                send(RootMessage::Finish);
                assert_eq!((done, asked), (14, true));
                return 0;
            }
            let mut mine = Ledger::blank(&*work, Block::root(100));
            let mut log = Log::new(1, Instant::now());
            crew::with(&work, &Placement::here(1), 2, 2, |crew| {
                let (crew, stops) = (crew.unwrap(), &Stops::never());
                rank_loop(RankTask {
                    world,
                    work: &*work,
                    crew,
                    ledger: &mut mine,
                    log: &mut log,
                    stops,
                    send_interval: None,
                });
            });
            mine.drain().iter().map(|(block, _)| block.count()).sum()
        });
        assert_eq!(brought, [0, 14]);
    }

    #[test]
    fn it_passes_a_signal_on_and_stops_when_it_is_told() {
        let work = spelled(1 << 40);
        threads::run(2, 1, |world| {
            if world.is_root() {
                assert!(heard(world).stop == Some(Cause::Signal(10)));
                // The wish is not answered: a rank that must stop waits for nothing.
                world.send(1, &wire::bytes(&RootMessage::Stop(Duration::from_secs(9))));
                while !heard(world).home {}
                return world.send(1, &wire::bytes(&RootMessage::Finish));
            }
            let stops = Stops::noted(Arc::new(AtomicUsize::new(10)));
            let mut mine = Ledger::blank(&*work, Block::root(1 << 40));
            crew::with(&work, &Placement::here(1), 1, 2, |crew| {
                let (crew, log, stops) = (crew.unwrap(), &mut Log::new(1, Instant::now()), &stops);
                rank_loop(RankTask { world, work: &*work, crew, ledger: &mut mine, log, stops, send_interval: None });
            });
        });
    }
}
