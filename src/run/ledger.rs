//! Which blocks are in, and what they came to. The run's only state: the answer is this, when one block is left.
//!
//! Entering a block merges it with its buddy if that is in too, and so on upwards, so a ledger holds at most
//! (blocks under way) × log(units) records, and its merges follow the tree whoever computed what.

use super::Parts;
use crate::block::Block;
use crate::error::{Error, Result};
use crate::wire::Bytes;
use crate::work::Work;
use std::collections::BTreeMap;
use std::ops::Range;

pub struct Ledger {
    root: Block,
    /// The units of the root that exist.
    units: Range<u64>,
    /// By first unit: the level of the block there, and its part.
    parts: BTreeMap<u64, (u32, Vec<u8>)>,
}

impl Ledger {
    /// A ledger of all units under `root` that nothing is in, for what one rank does of them.
    pub fn blank(work: &dyn Work, root: Block) -> Ledger {
        let Range { start, end } = root.units();
        let all = work.units();
        Ledger { root, units: start.min(all)..end.min(all), parts: BTreeMap::new() }
    }

    /// A ledger that can become whole.
    pub fn new(work: &dyn Work, root: Block) -> Result<Ledger> {
        let mut ledger = Ledger::blank(work, root);
        // Units that fill up the tree to a power of two are there from the start, and empty.
        for pad in Block::tiling(ledger.units.end..root.units().end, u32::MAX) {
            ledger.record(work, pad, work.empty())?;
        }
        Ok(ledger)
    }

    /// Its units that exist.
    pub fn units(&self) -> Range<u64> {
        self.units.clone()
    }

    /// The same with what earlier runs have brought in.
    ///
    /// # Errors
    /// If that does not fit the work.
    pub fn restored(work: &dyn Work, root: Block, parts: Parts) -> Result<Ledger> {
        if parts.is_empty() {
            return Ledger::new(work, root);
        }
        let mut ledger = Ledger::blank(work, root);
        for (block, part) in parts {
            if block.level > root.level || block.parent_at(root.level) != root {
                return Err(Error::failed(format!("units from {} on are not among the work's", block.first())));
            }
            ledger.record(work, block, part.0)?;
        }
        Ok(ledger)
    }

    /// Enters a block, then merges buddies for as long as both are in.
    pub fn record(&mut self, work: &dyn Work, mut block: Block, mut part: Vec<u8>) -> Result<()> {
        if self.covers(block) {
            return Err(Error::failed(format!("units from {} on came twice", block.first())));
        }
        while block != self.root {
            let buddy = block.buddy();
            match self.parts.get(&buddy.first()) {
                Some(&(level, _)) if level == buddy.level => (),
                _ => break,
            }
            let (_, other) = self.parts.remove(&buddy.first()).expect("it was just there");
            part = match block.is_left() {
                true => work.join(&part, &other)?,
                false => work.join(&other, &part)?,
            };
            block = block.parent();
        }
        self.parts.insert(block.first(), (block.level, part));
        Ok(())
    }

    /// Whether a unit of the block is in.
    fn covers(&self, block: Block) -> bool {
        let units = block.units();
        let before = self.parts.range(..units.end).next_back();
        before.is_some_and(|(first, (level, _))| units.start < first + (1 << level))
    }

    /// The units that are not in, as runs in order.
    pub fn missing(&self) -> Vec<Range<u64>> {
        let Range { start: mut at, end } = self.units;
        let mut runs = Vec::new();
        for (&first, &(level, _)) in &self.parts {
            if at < first.min(end) {
                runs.push(at..first.min(end));
            }
            at = first + (1 << level);
        }
        if at < end {
            runs.push(at..end);
        }
        runs
    }

    /// How many of its units are in.
    pub fn done(&self) -> u64 {
        let missing: u64 = self.missing().iter().map(|run| run.end - run.start).sum();
        self.units.end - self.units.start - missing
    }

    /// The whole, when it is in.
    pub fn whole(&self) -> Option<&[u8]> {
        match self.parts.first_key_value() {
            Some((first, (level, part))) if (*first, *level) == (self.root.first(), self.root.level) => Some(part),
            _ => None,
        }
    }

    /// What is in, to be written down.
    pub fn parts(&self) -> Parts {
        self.parts.iter().map(|(first, (level, part))| (block(*first, *level), Bytes(part.clone()))).collect()
    }

    /// What is in, to be entered into another ledger; it is no longer in this one.
    pub fn drain(&mut self) -> Parts {
        let parts = std::mem::take(&mut self.parts);
        parts.into_iter().map(|(first, (level, part))| (block(first, level), Bytes(part))).collect()
    }
}

fn block(first: u64, level: u32) -> Block {
    Block { level, index: first >> level }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seat::Seat;
    use crate::wire;
    use crate::work::tests::Spell;

    #[test]
    fn blocks_in_any_order_come_to_the_same_whole() {
        for units in [0u64, 1, 5, 37, 64] {
            let work: &dyn Work = &Spell { start: 0, count: units };
            let mut hand = work.hand(&Seat::here(0));
            for stride in [1usize, 3, 7, 11] {
                let blocks: Vec<Block> = Block::tiling(0..units, 2).collect();
                let mut ledger = Ledger::new(work, Block::root(work.units())).unwrap();
                for offset in 0..stride {
                    for &block in blocks.iter().skip(offset).step_by(stride) {
                        ledger.record(work, block, hand.block(block).unwrap()).unwrap();
                    }
                }
                assert!(ledger.missing().is_empty());
                let whole = wire::value::<Vec<u64>>(ledger.whole().unwrap()).unwrap();
                assert_eq!(whole, (0..units).collect::<Vec<_>>(), "{units} units by {stride}");
            }
        }
    }

    #[test]
    fn a_ledger_of_a_block_knows_no_other_units() {
        let work: &dyn Work = &Spell { start: 0, count: 13 };
        let mut whole = Vec::new();
        for index in 0..4 {
            let root = Block { level: 2, index };
            let mut ledger = Ledger::new(work, root).unwrap();
            let units = ledger.units();
            assert_eq!((units.start, units.end), (4 * index, 13.min(4 * index + 4)));
            assert_eq!(ledger.missing(), std::slice::from_ref(&units));
            for block in Block::tiling(units, 0) {
                ledger.record(work, block, work.hand(&Seat::here(0)).block(block).unwrap()).unwrap();
            }
            whole.extend(wire::value::<Vec<u64>>(ledger.whole().unwrap()).unwrap());
        }
        assert_eq!(whole, (0..13).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_missing_is_told_in_runs() {
        let work: &dyn Work = &Spell { start: 0, count: 13 };
        let mut ledger = Ledger::new(work, Block::root(work.units())).unwrap();
        assert_eq!(ledger.missing(), vec![0..13]);
        for (level, index) in [(0, 3), (1, 4), (0, 12)] {
            let block = Block { level, index };
            let part = work.hand(&Seat::here(0)).block(block).unwrap();
            ledger.record(work, block, part).unwrap();
        }
        assert_eq!(ledger.missing(), vec![0..3, 4..8, 10..12]);
        assert_eq!(ledger.whole(), None);
    }

    #[test]
    fn a_ledger_written_down_goes_on_where_it_was() {
        for units in [0u64, 1, 13, 64] {
            let work: &dyn Work = &Spell { start: 0, count: units };
            let root = Block::root(units);
            let mut hand = work.hand(&Seat::here(0));
            let mut ledger = Ledger::new(work, root).unwrap();
            for block in Block::tiling(0..units, 0).step_by(3) {
                ledger.record(work, block, hand.block(block).unwrap()).unwrap();
            }
            let mut again = Ledger::restored(work, root, ledger.parts()).unwrap();
            assert_eq!((again.missing(), again.done()), (ledger.missing(), units.div_ceil(3)));
            for run in again.missing() {
                for block in Block::tiling(run, 1) {
                    again.record(work, block, hand.block(block).unwrap()).unwrap();
                }
            }
            let whole = wire::value::<Vec<u64>>(again.whole().unwrap()).unwrap();
            assert_eq!(whole, (0..units).collect::<Vec<_>>());
            // Of a smaller work it is not.
            assert!(units < 13 || Ledger::restored(work, Block::root(4), ledger.parts()).is_err());
        }
    }

    #[test]
    fn a_unit_that_comes_twice_is_an_error() {
        let work: &dyn Work = &Spell { start: 0, count: 8 };
        let mut ledger = Ledger::new(work, Block::root(work.units())).unwrap();
        let mut enter = |level, index| {
            let block = Block { level, index };
            ledger.record(work, block, work.hand(&Seat::here(0)).block(block).unwrap())
        };
        enter(1, 1).unwrap();
        assert!(enter(0, 3).is_err());
        assert!(enter(2, 0).is_err());
        enter(1, 0).unwrap();
    }
}
