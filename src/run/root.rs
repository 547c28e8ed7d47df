//! What the main thread of the root does while its crew computes: it deals, records, has the ledger saved, and is the
//! one to decide that all stop.
//!
//! The first error stops the run too, but is returned only when every rank has come home: a rank that left early would
//! leave the others waiting. A rank that dies where the world tolerates it counts as home, and what it has not brought
//! is dealt again.

use super::crew::{Crew, Heard, Log};
use super::ledger::Ledger;
use super::speech::{Said, Told};
use super::stop::{Cause, Stops};
use super::supply::Supply;
use super::{Deal, Dealt, Watch};
use crate::error::{Error, Result};
use crate::report::Stint;
use crate::wire;
use crate::work::Work;
use crate::world::{Patience, World};
use std::time::{Duration, Instant};

/// What is in flight when a run stops at once gets so long to end: Open MPI kills a second after it sends SIGTERM.
const GRACE: Duration = Duration::from_millis(200);

/// A rank that is not home so long after that may never come: what is known is saved without it.
const LATE: Duration = Duration::from_millis(150);

/// The longest that the root looks away where nobody waits for it.
const LISTEN: Duration = Duration::from_millis(20);

/// Where nobody waits for it, it listens no more often than that, however short its blocks are.
const ENOUGH: Duration = Duration::from_millis(1);

/// A root on its way through a run.
pub struct Root<'a> {
    pub world: &'a dyn World,
    pub work: &'a dyn Work,
    pub crew: &'a Crew,
    pub ledger: &'a mut Ledger,
    /// What every rank did.
    pub logs: &'a mut [Log],
    pub deal: &'a mut dyn Deal,
    pub stops: &'a Stops,
    pub watch: &'a mut dyn Watch,
    pub began: Instant,
}

/// That no more is begun.
struct Halt {
    /// Nothing if it is for an error.
    cause: Option<Cause>,
    /// When what is in flight is given up.
    last: Instant,
    /// Whether all was saved that was known without ranks that do not come home.
    saved: bool,
}

impl Root<'_> {
    /// Has the units computed that the ledger misses; says why if not all of them were.
    pub fn lead(mut self) -> Result<Option<Cause>> {
        let (mut supply, mut crew_home) = (Supply::new(), false);
        let mut home = vec![false; self.world.size()];
        home[0] = true;
        let mut lost = vec![false; home.len()];
        // Whose wishes have no reply yet.
        let mut waiting = vec![];
        let (mut done, mut longest) = (self.ledger.done(), Duration::ZERO);
        let (mut going, mut halt): (Result<()>, Option<Halt>) = (Ok(()), None);
        let (mut patience, mut listened) = (Patience::asleep(), self.began);
        while home.contains(&false) || !crew_home {
            if halt.is_none() {
                halt = self.halt(&going, longest);
                if let Some(halt) = &halt {
                    supply.stop(self.crew);
                    let grace = halt.last.saturating_duration_since(Instant::now());
                    for rank in (0..home.len()).filter(|&rank| !home[rank]) {
                        self.tell(rank, &Told::Stop(grace));
                    }
                    // Whoever sent a signal may not be patient: Open MPI 5 kills a quarter of a second after SIGTERM.
                    if let Some(Cause::Signal(_)) = halt.cause {
                        self.save();
                    }
                }
            }
            for rank in self.world.lost() {
                // Of one that is home nothing is missing.
                if !home[rank] {
                    (home[rank], lost[rank]) = (true, true);
                    waiting.retain(|&other| other != rank);
                    self.deal.lost(rank);
                    self.watch.lost(rank);
                }
            }
            // Whoever was told to stop waits for no units.
            if halt.is_none() {
                waiting.retain(|&rank| self.serves_later(rank));
            }
            while supply.low(self.crew) {
                match self.deal.next(0) {
                    Dealt::Units(units) => supply.bring(self.crew, Some(units)),
                    Dealt::Over => supply.bring(self.crew, None),
                    Dealt::Later => break,
                }
            }
            self.keep_an_eye(done, halt.as_mut());
            let listens = self.deal.is_waited_for() || listened.elapsed() >= ENOUGH;
            if listens {
                listened = Instant::now();
            }
            if let Some((from, said)) = listens.then(|| self.world.poll()).flatten() {
                if lost[from] {
                    // It came late, and its units are with others now.
                    continue;
                }
                patience = Patience::asleep();
                let said = wire::value::<Said>(&said).expect("ranks say what they can hear");
                done += said.done;
                for stint in said.stints {
                    longest = longest.max(length(&stint));
                    self.logs[from].note(stint);
                }
                for (block, part) in said.parts {
                    self.deal.brought(from, block);
                    going = going.and_then(|()| self.ledger.record(self.work, block, part.0));
                }
                if let Some(why) = said.failed {
                    going = going.and(Err(why.at(&format!("rank {from}"))));
                }
                if let (Some(cause), None) = (said.stop, &halt) {
                    self.stops.note(cause);
                }
                if said.wants {
                    waiting.push(from);
                }
                home[from] |= said.home;
                continue;
            }
            if !crew_home && halt.as_ref().is_some_and(|halt| Instant::now() >= halt.last) {
                self.crew.leave();
                crew_home = true;
            }
            match self.crew.wait_for(self.pause(&mut patience)) {
                Heard::Done(through) if !crew_home => {
                    let stint = self.logs[0].enter(&through);
                    longest = longest.max(length(&stint));
                    done += through.block.count();
                    going = going.and_then(|()| self.ledger.record(self.work, through.block, through.part?));
                }
                Heard::Done(_) | Heard::Nothing => (),
                // Only the other ranks can bring news then.
                Heard::Home if crew_home => patience.wait(),
                Heard::Home => crew_home = true,
            }
        }
        for rank in (1..lost.len()).filter(|&rank| !lost[rank]) {
            self.tell(rank, &Told::Farewell);
        }
        self.watch.tick(done, self.units());
        going.map(|()| halt.and_then(|halt| halt.cause))
    }

    /// Replies to a rank's wish, or says that it must wait.
    fn serves_later(&mut self, rank: usize) -> bool {
        let units = match self.deal.next(rank) {
            Dealt::Later => return true,
            Dealt::Units(units) => Some(units),
            Dealt::Over => None,
        };
        self.tell(rank, &Told::Units(units));
        false
    }

    fn tell(&self, rank: usize, told: &Told) {
        self.world.send(rank, &wire::bytes(told));
    }

    fn units(&self) -> u64 {
        self.ledger.units().end - self.ledger.units().start
    }

    /// Whether no more should be begun, because of an error, a signal or the time.
    fn halt(&self, going: &Result<()>, longest: Duration) -> Option<Halt> {
        let now = Instant::now();
        let halt = |cause, last| Some(Halt { cause, last, saved: false });
        if going.is_err() {
            return halt(None, now + GRACE);
        }
        if let Some(cause) = self.stops.signal() {
            return halt(Some(cause), now + GRACE);
        }
        let saving = self.watch.saving();
        let last = self.stops.last_call(self.began, saving)?;
        if self.stops.time_is_up(self.began, longest, saving) { halt(Some(Cause::Time), last) } else { None }
    }

    /// Tells how far the run is, and has it saved when that is due.
    fn keep_an_eye(&mut self, done: u64, halt: Option<&mut Halt>) {
        self.watch.tick(done, self.units());
        let late = halt.filter(|halt| !halt.saved && halt.cause.is_some() && Instant::now() >= halt.last + LATE);
        if self.watch.due() || late.is_some() {
            self.save();
        }
        if let Some(halt) = late {
            halt.saved = true;
        }
    }

    /// Has all saved that is known here.
    fn save(&mut self) {
        let stints = self.logs.iter().flat_map(|log| log.stints.iter().cloned()).collect();
        self.watch.save(self.ledger.parts(), stints, self.ledger.done());
    }

    /// How long the crew may be waited for before ranks are listened to again.
    fn pause(&self, patience: &mut Patience) -> Duration {
        match self.world.size() {
            1 => LISTEN,
            _ if self.deal.is_waited_for() => patience.pause(),
            // A rank that comes home waits a hundredth of the run at most.
            _ => patience.pause_up_to((self.began.elapsed() / 100).min(LISTEN)),
        }
    }
}

fn length(stint: &Stint) -> Duration {
    Duration::try_from_secs_f64(stint.seconds).unwrap_or_default()
}

/// Enters what the ranks had not told before they came home; of those that are lost there is nothing.
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
    use crate::block::Block;
    use crate::run::farm::Dealer;
    use crate::run::{Parts, crew};
    use crate::seat::Seat;
    use crate::work::tests::leaked;
    use crate::world::threads;

    /// Counts the saves.
    #[derive(Default)]
    struct Saves(usize);

    impl Watch for Saves {
        fn tick(&mut self, _: u64, _: u64) {}
        fn save(&mut self, _: Parts, _: Vec<Stint>, _: u64) {
            self.0 += 1;
        }
    }

    /// Leads a world of two, in which `other` plays the other rank; whether units are missing then.
    fn led(stops: &Stops, other: impl Fn(&dyn World) + Sync) -> Result<(Option<Cause>, bool)> {
        led_and_saved(stops, other).map(|(cause, missing, _)| (cause, missing))
    }

    /// The same, and how often it was saved on the way.
    fn led_and_saved(stops: &Stops, other: impl Fn(&dyn World) + Sync) -> Result<(Option<Cause>, bool, usize)> {
        let work = leaked(64);
        let mut ends = threads::run(2, 1, |world| {
            if !world.is_root() {
                other(world);
                return Ok((None, false, 0));
            }
            let mut ledger = Ledger::new(work, Block::root(64)).unwrap();
            let began = Instant::now();
            let mut logs = [Log::new(0, began), Log::new(1, began)];
            let mut watch = Saves::default();
            let cause = crew::with(work, &Seat::here(0), 1, 1, |crew| {
                let mut deal = Dealer::new(ledger.missing(), 2, 1);
                let (crew, ledger, logs, deal) = (crew.unwrap(), &mut ledger, &mut logs, &mut deal);
                Root { world, work, crew, ledger, logs, deal, stops, watch: &mut watch, began }.lead()
            })?;
            Ok((cause, ledger.whole().is_none(), watch.0))
        });
        ends.swap_remove(0)
    }

    fn say(world: &dyn World, said: Said) {
        world.send(0, &wire::bytes(&said));
    }

    /// What the root tells until it says farewell.
    fn told(world: &dyn World) -> Vec<Told> {
        let (mut all, mut patience) = (vec![], Patience::new());
        while !matches!(all.last(), Some(Told::Farewell)) {
            match world.poll() {
                Some((_, told)) => all.push(wire::value(&told).unwrap()),
                None => patience.wait(),
            }
        }
        all
    }

    #[test]
    fn a_rank_that_wants_nothing_leaves_all_to_the_root() {
        let ended = led(&Stops::never(), |world| {
            say(world, Said { home: true, ..Said::default() });
            assert_eq!(told(world).len(), 1);
        });
        assert_eq!(ended, Ok((None, false)));
    }

    #[test]
    fn a_rank_that_fails_is_told_to_stop_and_its_error_is_everyones() {
        let ended = led(&Stops::never(), |world| {
            say(world, Said { failed: Some(Error::failed("no memory")), ..Said::default() });
            say(world, Said { home: true, ..Said::default() });
            assert!(told(world).len() <= 2);
        });
        assert_eq!(ended, Err(Error::failed("rank 1: no memory")));
    }

    #[test]
    fn a_signal_elsewhere_stops_the_root_too() {
        let ended = led_and_saved(&Stops::never(), |world| {
            // It takes a unit and does not bring it.
            say(world, Said { wants: true, ..Said::default() });
            say(world, Said { stop: Some(Cause::Signal(15)), ..Said::default() });
            say(world, Said { home: true, ..Said::default() });
            told(world);
        });
        // Long before the rest is given up it was saved once.
        assert_eq!(ended, Ok((Some(Cause::Signal(15)), true, 1)));
    }
}
