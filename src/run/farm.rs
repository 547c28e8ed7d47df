//! The farm: the root deals blocks of units, every rank asks for more before it runs dry.
//!
//! Right where the costs of units are not known, or the hosts differ. The root's main thread deals and
//! records while its crew computes like every other. Large blocks are dealt first, and they halve as the
//! work runs out, so that nobody is left holding a long one. Requests and replies were chosen over one-sided
//! counters, which stall under several MPI libraries for as long as the counter's owner computes.
//!
//! The first error stops the dealing, but is returned only when every rank has come home: a rank that left
//! early would leave the others waiting.

use super::crew::{Crew, Heard, Log};
use super::ledger::Ledger;
use super::{Parts, Tick};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::wire::{self, Wire};
use crate::work::Work;
use crate::world::{Patience, World, agree};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Computes what the ledger misses; at the root it is then complete. No block is above `largest`.
pub fn farm(
    world: &dyn World,
    work: &dyn Work,
    crew: &Crew,
    ledger: &mut Ledger,
    log: &mut Log,
    largest: u32,
    tick: &mut Tick,
) -> Result<()> {
    let mine = match world.is_root() {
        true => deal(world, work, crew, ledger, log, largest, tick),
        false => {
            toil(world, crew, log);
            Ok(())
        }
    };
    agree(world, mine, |_| 0)
}

/// What a rank says to the root.
#[derive(Default)]
struct Said {
    parts: Parts,
    failed: Option<Error>,
    /// Whether it wants another block. Every such wish gets one reply.
    wants: bool,
    /// Whether this is its last word.
    home: bool,
}

impl Wire for Said {
    fn put(&self, out: &mut Vec<u8>) {
        self.parts.put(out);
        self.failed.put(out);
        self.wants.put(out);
        self.home.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Said> {
        let (parts, failed) = (Wire::take(bytes)?, Wire::take(bytes)?);
        Ok(Said { parts, failed, wants: Wire::take(bytes)?, home: Wire::take(bytes)? })
    }
}

/// The reply to a wish: a block, or nothing when there are no more.
type Told = Option<Block>;

/// What is on its way to a crew, so that it can be topped up in time.
struct Supply {
    /// Units of the block that came last.
    last: u64,
    /// Whether no more will come.
    over: bool,
}

impl Supply {
    fn new() -> Supply {
        Supply { last: 0, over: false }
    }

    /// Whether the crew should get more: it is through with half of what it got.
    fn low(&self, crew: &Crew) -> bool {
        !self.over && crew.left() <= self.last / 2
    }

    fn bring(&mut self, crew: &Crew, told: Told) {
        match told {
            Some(block) => {
                self.last = block.count();
                crew.add(block.units());
            }
            None => self.end(crew),
        }
    }

    fn end(&mut self, crew: &Crew) {
        self.over = true;
        crew.close();
    }
}

fn deal(
    world: &dyn World,
    work: &dyn Work,
    crew: &Crew,
    ledger: &mut Ledger,
    log: &mut Log,
    largest: u32,
    tick: &mut Tick,
) -> Result<()> {
    let mut dealer = Dealer::new(ledger.missing(), world.size(), largest);
    let all = dealer.left;
    let (mut supply, mut away, mut crew_home) = (Supply::new(), world.size() - 1, false);
    let mut going = Ok(());
    let mut done_units = 0;
    let mut patience = Patience::asleep();
    while away > 0 || !crew_home {
        if going.is_err() && !supply.over {
            supply.over = true;
            crew.stop();
        }
        while supply.low(crew) {
            supply.bring(crew, dealer.next());
        }
        if let Some((from, said)) = world.poll() {
            patience = Patience::asleep();
            let said = wire::value::<Said>(&said).expect("ranks say what they can hear");
            for (block, part) in said.parts {
                done_units += block.count();
                going = going.and_then(|()| ledger.record(work, block, part.0));
            }
            if let Some(why) = said.failed {
                going = going.and(Err(why.at(&format!("rank {from}"))));
            }
            if said.wants {
                let told: Told = if going.is_ok() { dealer.next() } else { None };
                world.send(from, &wire::bytes(&told));
            }
            away -= usize::from(said.home);
            tick(done_units, all);
            continue;
        }
        match crew.wait_for(patience.pause()) {
            Heard::Done(done) => {
                log.enter(&done);
                done_units += done.block.count();
                going = going.and_then(|()| ledger.record(work, done.block, done.part?));
            }
            Heard::Nothing => (),
            Heard::Home => {
                crew_home = true;
                patience.wait();
            }
        }
        tick(done_units, all);
    }
    going
}

/// Parts are told at least so often, that the root knows how far the run is.
const TELL: Duration = Duration::from_millis(200);

fn toil(world: &dyn World, crew: &Crew, log: &mut Log) {
    let mut supply = Supply::new();
    let mut said = Said::default();
    let mut asked = false;
    let mut told = Instant::now();
    let mut patience = Patience::asleep();
    loop {
        said.wants = !asked && supply.low(crew);
        if said.wants || !said.parts.is_empty() && told.elapsed() > TELL {
            asked |= said.wants;
            world.send(0, &wire::bytes(&std::mem::take(&mut said)));
            told = Instant::now();
        }
        if let Some((_, reply)) = world.poll() {
            (asked, patience) = (false, Patience::asleep());
            match supply.over {
                // It crossed with a failure here: nobody will compute it.
                true => (),
                false => supply.bring(crew, wire::value(&reply).expect("the root tells blocks")),
            }
            continue;
        }
        // Nothing but the crew can bring news unless a reply is on its way.
        let most = if asked { patience.pause() } else { TELL };
        match crew.wait_for(most) {
            Heard::Done(done) => {
                log.enter(&done);
                match done.part {
                    Ok(part) => said.parts.push((done.block, wire::Bytes(part))),
                    Err(why) => {
                        said.failed.get_or_insert(why);
                        supply.over = true;
                        crew.stop();
                    }
                }
            }
            Heard::Nothing => (),
            Heard::Home if asked => patience.wait(),
            Heard::Home => break,
        }
    }
    said.home = true;
    world.send(0, &wire::bytes(&said));
}

/// Deals large blocks first and halves them as the work runs out.
struct Dealer {
    /// Runs of units, the next one last.
    runs: Vec<Range<u64>>,
    left: u64,
    ranks: u64,
    largest: u32,
}

/// How many more times every rank should come for a block, at least.
const ROUNDS: u64 = 4;

impl Dealer {
    fn new(mut runs: Vec<Range<u64>>, ranks: usize, largest: u32) -> Dealer {
        runs.reverse();
        let left = runs.iter().map(|run| run.end - run.start).sum();
        Dealer { runs, left, ranks: ranks as u64, largest }
    }

    fn next(&mut self) -> Told {
        let run = self.runs.last_mut()?;
        let share = (self.left / (ROUNDS * self.ranks)).max(1).ilog2();
        let block = Block::front(run, share.min(self.largest)).expect("no run is empty");
        run.start = block.units().end;
        self.left -= block.count();
        if run.is_empty() {
            self.runs.pop();
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_dealt_once_and_get_smaller() {
        let mut dealer = Dealer::new(vec![0..5, 7..1000], 3, 6);
        let blocks: Vec<Block> = std::iter::from_fn(|| dealer.next()).collect();
        let units: Vec<u64> = blocks.iter().flat_map(|block| block.units()).collect();
        assert_eq!(units, (0..5).chain(7..1000).collect::<Vec<_>>());
        assert_eq!(blocks.iter().map(|block| block.level).max(), Some(6));
        assert!(blocks[blocks.len() - 8..].iter().all(|block| block.level == 0));
    }
}
