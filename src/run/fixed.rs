//! The fixed schedule: every rank computes its slice of the units, one gather at the end.
//!
//! The tutorials' mpi4py program made whole. No message passes in between, so a slice that costs more than
//! the others is waited for.

use super::crew::{Crew, Heard, Log};
use super::ledger::Ledger;
use super::{Parts, Tick};
use crate::error::Result;
use crate::wire;
use crate::work::Work;
use crate::world::{World, agree};
use std::ops::Range;
use std::time::Duration;

/// The slice of rank `rank` of `size`; the slices tile the units and differ by one unit at most.
fn slice(units: Range<u64>, rank: usize, size: usize) -> Range<u64> {
    let all = u128::from(units.end - units.start);
    let edge = |rank: usize| units.start + (all * rank as u128 / size as u128) as u64;
    edge(rank)..edge(rank + 1)
}

/// Computes it all; the ledger at the root is then complete.
pub fn fixed(
    world: &dyn World,
    work: &dyn Work,
    crew: &Crew,
    ledger: &mut Ledger,
    log: &mut Log,
    tick: &mut Tick,
) -> Result<()> {
    let units = slice(ledger.units(), world.rank(), world.size());
    let all = units.end - units.start;
    crew.add(units);
    crew.close();
    // Nobody leaves before everybody is through: an error on one rank is everyone's, once.
    let mine = Ledger::blank(work, ledger.root());
    let mine = agree(world, compute(work, mine, crew, log, &mut |done| tick(done, all)), |_| 0)?;
    let all = world.gather(wire::bytes(&mine));
    agree(world, enter(work, ledger, &all.unwrap_or_default()), |_| 0)
}

/// Progress is told at least so often, however long a block takes.
const BREATH: Duration = Duration::from_secs(1);

/// What the crew's blocks came to, merged as far as they are buddies.
fn compute(work: &dyn Work, mut mine: Ledger, crew: &Crew, log: &mut Log, tick: &mut dyn FnMut(u64)) -> Result<Parts> {
    let (mut done_units, mut going) = (0, Ok(()));
    loop {
        let done = match crew.wait_for(BREATH) {
            Heard::Done(done) => done,
            Heard::Nothing => {
                tick(done_units);
                continue;
            }
            Heard::Home => break,
        };
        log.enter(&done);
        done_units += done.block.count();
        tick(done_units);
        let entered = done.part.and_then(|part| mine.record(work, done.block, part));
        if going.is_ok() && entered.is_err() {
            crew.stop();
            going = entered;
        }
    }
    going.map(|()| mine.into_parts())
}

fn enter(work: &dyn Work, ledger: &mut Ledger, all: &[Vec<u8>]) -> Result<()> {
    for parts in all {
        for (block, part) in wire::value::<Parts>(parts)? {
            ledger.record(work, block, part.0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_tile_the_units_and_are_equal() {
        for (start, units) in [(0, 0u64), (0, 1), (5, 7), (64, 1000), (3, u64::MAX / 2)] {
            for size in [1, 2, 3, 8, 64] {
                let mut at = start;
                for rank in 0..size {
                    let slice = slice(start..start + units, rank, size);
                    assert_eq!(slice.start, at);
                    assert!((slice.end - slice.start).abs_diff(units / size as u64) <= 1);
                    at = slice.end;
                }
                assert_eq!(at, start + units);
            }
        }
    }
}
