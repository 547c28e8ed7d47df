//! What the main thread of a rank other than the root does while its crew computes.
//!
//! It asks the root for units before the crew runs dry, merges what comes of them, and tells it now and then. It
//! passes on the signals that come to its process, and stops when the root says so.

use super::crew::{Crew, Heard, Log};
use super::ledger::Ledger;
use super::speech::{Said, Told};
use super::stop::Stops;
use super::supply::Supply;
use crate::wire;
use crate::work::Work;
use crate::world::{Patience, World};
use std::time::{Duration, Instant};

/// A rank speaks at least so often if it has done something: the root wants to know how far the run is.
const SPEAK: Duration = Duration::from_millis(500);

/// It listens at least so often, however long its blocks take.
const LISTEN: Duration = Duration::from_millis(20);

/// Unless a reply is on its way it listens no more often than that, however short its blocks are: to ask MPI takes time.
const ENOUGH: Duration = Duration::from_millis(1);

/// Computes what it is told to. What has not been told of that by then is in the ledger `mine`; parts are told every
/// `telling`, if that is given.
pub fn toil(
    world: &dyn World,
    work: &dyn Work,
    crew: &Crew,
    mine: &mut Ledger,
    log: &mut Log,
    stops: &Stops,
    telling: Option<Duration>,
) {
    let speak = telling.map_or(SPEAK, |telling| telling.min(SPEAK));
    let (mut supply, mut said, mut news) = (Supply::new(), Said::default(), false);
    let (mut asked, mut stopped, mut give_up) = (false, false, None);
    let (mut spoken, mut told, mut listened) = (Instant::now(), Instant::now(), Instant::now());
    let mut patience = Patience::asleep();
    loop {
        if !stopped && let Some(cause) = stops.signal() {
            (stopped, said.stop) = (true, Some(cause));
        }
        said.wants = !asked && supply.low(crew);
        if said.wants || said.stop.is_some() || said.failed.is_some() || news && spoken.elapsed() >= speak {
            if telling.is_some_and(|telling| told.elapsed() >= telling) {
                (said.parts, told) = (mine.drain(), Instant::now());
            }
            asked |= said.wants;
            world.send(0, &wire::bytes(&std::mem::take(&mut said)));
            (news, spoken) = (false, Instant::now());
        }
        let listens = asked || listened.elapsed() >= ENOUGH;
        if listens {
            listened = Instant::now();
        }
        if let Some((_, reply)) = listens.then(|| world.poll()).flatten() {
            (asked, patience) = (false, Patience::asleep());
            match wire::value(&reply).expect("the root tells what ranks can hear") {
                Told::Units(units) => supply.bring(crew, units),
                Told::Stop(grace) => {
                    supply.stop(crew);
                    give_up = Some(Instant::now() + grace);
                }
                Told::Farewell => unreachable!("nobody has said his last word"),
            }
            continue;
        }
        if give_up.is_some_and(|last| Instant::now() >= last) {
            crew.leave();
            break;
        }
        // Nothing but the crew can bring news soon unless a reply is on its way.
        match crew.wait_for(if asked { patience.pause() } else { LISTEN }) {
            Heard::Done(done) => {
                said.stints.push(log.enter(&done));
                said.done += done.block.count();
                news = true;
                if let Err(why) = done.part.and_then(|part| mine.record(work, done.block, part)) {
                    said.failed.get_or_insert(why);
                    supply.stop(crew);
                }
            }
            Heard::Nothing => (),
            Heard::Home if asked => patience.wait(),
            Heard::Home => break,
        }
    }
    said.home = true;
    world.send(0, &wire::bytes(&said));
    let mut patience = Patience::asleep();
    loop {
        match world.poll().map(|(_, reply)| wire::value(&reply).expect("the root tells what ranks can hear")) {
            Some(Told::Farewell) => break,
            // It crossed with the last word: nobody is here to do it.
            Some(Told::Units(_) | Told::Stop(_)) => (),
            None => patience.wait(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::run::crew;
    use crate::run::stop::Cause;
    use crate::seat::Seat;
    use crate::work::tests::leaked;
    use crate::world::threads;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    /// The next thing that the rank says, at a root played by hand.
    fn heard(world: &dyn World) -> Said {
        let mut patience = Patience::new();
        loop {
            match world.poll() {
                Some((_, said)) => return wire::value(&said).unwrap(),
                None => patience.wait(),
            }
        }
    }

    #[test]
    fn it_asks_computes_tells_and_waits_for_its_farewell() {
        let work = leaked(100);
        let brought = threads::run(2, 1, |world| {
            let tell = |told: Told| world.send(1, &wire::bytes(&told));
            if world.is_root() {
                assert!(heard(world).wants);
                tell(Told::Units(Some(vec![10..20, 40..44])));
                let (mut done, mut home, mut asked) = (0, false, false);
                while !home {
                    let said = heard(world);
                    (done, home, asked) = (done + said.done, said.home, asked || said.wants);
                    if said.wants {
                        tell(Told::Units(None));
                    }
                }
                // It may cross with the last word.
                tell(Told::Stop(Duration::ZERO));
                tell(Told::Farewell);
                assert_eq!((done, asked), (14, true));
                return 0;
            }
            let mut mine = Ledger::blank(work, Block::root(100));
            let mut log = Log::new(1, Instant::now());
            crew::with(work, &Seat::here(1), 2, 2, |crew| {
                toil(world, work, crew.unwrap(), &mut mine, &mut log, &Stops::never(), None);
            });
            mine.drain().iter().map(|(block, _)| block.count()).sum()
        });
        assert_eq!(brought, [0, 14]);
    }

    #[test]
    fn it_passes_a_signal_on_and_stops_when_it_is_told() {
        let work = leaked(1 << 40);
        threads::run(2, 1, |world| {
            if world.is_root() {
                assert!(heard(world).stop == Some(Cause::Signal(10)));
                // Its wish is not answered: whoever is to stop waits for nothing.
                world.send(1, &wire::bytes(&Told::Stop(Duration::from_secs(9))));
                while !heard(world).home {}
                return world.send(1, &wire::bytes(&Told::Farewell));
            }
            let stops = Stops::noted(Arc::new(AtomicUsize::new(10)));
            let mut mine = Ledger::blank(work, Block::root(1 << 40));
            crew::with(work, &Seat::here(1), 1, 2, |crew| {
                toil(world, work, crew.unwrap(), &mut mine, &mut Log::new(1, Instant::now()), &stops, None);
            });
        });
    }
}
