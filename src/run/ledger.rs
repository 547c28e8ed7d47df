//! Which blocks are done, and their parts: the only state of a run. When one block is left, its part gives the answer.
//!
//! A block that is recorded is merged with its buddy if that is there too, then with the buddy of their parent, and so on. So
//! a ledger holds at most (blocks in progress) × log(units) records. The merges follow the tree, whoever computed the blocks.

use super::Parts;
use crate::block::Block;
use crate::error::{Error, Result};
use crate::wire::Bytes;
use crate::work::Work;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The blocks under `root` that are done, and their parts.
pub struct Ledger {
    root: Block,
    /// The units under the root that exist.
    units: Range<u64>,
    /// By first unit: the level of the block there, and its part.
    parts: BTreeMap<u64, (u32, Vec<u8>)>,
    /// How many threads may merge two parts.
    threads: usize,
    /// How long parts were merged.
    merging: Duration,
}

impl Ledger {
    /// An empty ledger of all units under `root`, for what one rank computes.
    pub fn blank(work: &dyn Work, root: Block) -> Ledger {
        let Range { start, end } = root.units();
        let all = work.units();
        Ledger {
            root,
            units: start.min(all)..end.min(all),
            parts: BTreeMap::new(),
            threads: 1,
            merging: Duration::ZERO,
        }
    }

    /// The same, where up to so many threads merge two parts: most merges that take long come when the crew has little left.
    pub fn by_threads(self, threads: usize) -> Ledger {
        Ledger { threads, ..self }
    }

    /// A ledger that can become whole.
    ///
    /// # Errors
    /// If the parts of the work cannot be merged.
    pub fn new(work: &dyn Work, root: Block) -> Result<Ledger> {
        let mut ledger = Ledger::blank(work, root);
        // The tree has a power of two of units. Those that do not exist are recorded at once, as empty.
        for pad in Block::tiling(ledger.units.end..root.units().end, u32::MAX) {
            ledger.record(work, pad, work.empty())?;
        }
        Ok(ledger)
    }

    /// Its units that exist.
    pub fn units(&self) -> Range<u64> {
        self.units.clone()
    }

    /// A ledger that has the parts of earlier runs.
    ///
    /// # Errors
    /// If the parts do not fit the work.
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
        // Units that do not exist are computed by nobody. Those that were not saved are recorded here.
        for fill in ledger.gaps(ledger.units.end..root.units().end) {
            for pad in Block::tiling(fill, u32::MAX) {
                ledger.record(work, pad, work.empty())?;
            }
        }
        Ok(ledger)
    }

    /// Checks whether each part is possible for its block.
    ///
    /// # Errors
    /// Names the units of the first part that is not possible.
    pub fn check(work: &dyn Work, parts: &Parts) -> Result<()> {
        let units = |block: &Block| block.first().min(work.units())..block.units().end.min(work.units());
        match parts.iter().find(|(block, part)| !work.plausible(units(block), &part.0)) {
            None => Ok(()),
            Some((block, _)) => {
                let Range { start, end } = units(block);
                Err(Error::failed(format!("the part of units {start}..{end} is impossible")))
            }
        }
    }

    /// Records a block, then merges buddies as long as both are there.
    ///
    /// # Errors
    /// If one of its units was recorded before, or if the parts cannot be merged.
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
            let began = Instant::now();
            part = match block.is_left() {
                true => work.join(&part, &other, self.threads)?,
                false => work.join(&other, &part, self.threads)?,
            };
            self.merging += began.elapsed();
            block = block.parent();
        }
        self.parts.insert(block.first(), (block.level, part));
        Ok(())
    }

    /// How long parts were merged so far.
    pub fn merging(&self) -> Duration {
        self.merging
    }

    /// Whether a unit of the block is recorded.
    fn covers(&self, block: Block) -> bool {
        let units = block.units();
        let before = self.parts.range(..units.end).next_back();
        before.is_some_and(|(first, (level, _))| units.start < first + (1 << level))
    }

    /// The units that are not recorded, as runs in order.
    pub fn missing(&self) -> Vec<Range<u64>> {
        self.gaps(self.units.clone())
    }

    /// The units of `within` that are not recorded.
    fn gaps(&self, within: Range<u64>) -> Vec<Range<u64>> {
        let Range { start: mut at, end } = within;
        let mut runs = Vec::new();
        for (&first, &(level, _)) in &self.parts {
            if at < first.min(end) {
                runs.push(at..first.min(end));
            }
            at = at.max(first + (1 << level));
        }
        if at < end {
            runs.push(at..end);
        }
        runs
    }

    /// How many of its units are recorded.
    pub fn done(&self) -> u64 {
        let missing: u64 = self.missing().iter().map(|run| run.end - run.start).sum();
        self.units.end - self.units.start - missing
    }

    /// The part of all units, if all are recorded.
    pub fn whole(&self) -> Option<&[u8]> {
        match self.parts.first_key_value() {
            Some((first, (level, part))) if (*first, *level) == (self.root.first(), self.root.level) => Some(part),
            _ => None,
        }
    }

    /// All records, to be saved.
    pub fn parts(&self) -> Parts {
        self.parts.iter().map(|(first, (level, part))| (block(*first, *level), Bytes(part.clone()))).collect()
    }

    /// All records, which are removed from this ledger.
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
    use crate::placement::Placement;
    use crate::wire;
    use crate::work::tests::Spell;

    #[test]
    fn blocks_in_any_order_come_to_the_same_whole() {
        for units in [0u64, 1, 5, 37, 64] {
            let work: &dyn Work = &Spell { start: 0, count: units };
            let mut worker = work.worker(&Placement::here(0));
            for stride in [1usize, 3, 7, 11] {
                let blocks: Vec<Block> = Block::tiling(0..units, 2).collect();
                let mut ledger = Ledger::new(work, Block::root(work.units())).unwrap();
                for offset in 0..stride {
                    for &block in blocks.iter().skip(offset).step_by(stride) {
                        ledger.record(work, block, worker.block(block).unwrap()).unwrap();
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
                ledger.record(work, block, work.worker(&Placement::here(0)).block(block).unwrap()).unwrap();
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
            let part = work.worker(&Placement::here(0)).block(block).unwrap();
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
            let mut worker = work.worker(&Placement::here(0));
            let mut ledger = Ledger::new(work, root).unwrap();
            for block in Block::tiling(0..units, 0).step_by(3) {
                ledger.record(work, block, worker.block(block).unwrap()).unwrap();
            }
            let mut again = Ledger::restored(work, root, ledger.parts()).unwrap();
            assert_eq!((again.missing(), again.done()), (ledger.missing(), units.div_ceil(3)));
            for run in again.missing() {
                for block in Block::tiling(run, 1) {
                    again.record(work, block, worker.block(block).unwrap()).unwrap();
                }
            }
            let whole = wire::value::<Vec<u64>>(again.whole().unwrap()).unwrap();
            assert_eq!(whole, (0..units).collect::<Vec<_>>());
            // It is not possible for a smaller work.
            assert!(units < 13 || Ledger::restored(work, Block::root(4), ledger.parts()).is_err());
        }
    }

    #[test]
    fn units_that_only_fill_up_need_not_be_written_down() {
        for units in [1u64, 5, 13, 33] {
            let work: &dyn Work = &Spell { start: 0, count: units };
            let mut worker = work.worker(&Placement::here(0));
            let parts: Parts = Block::tiling(0..units, 2).map(|b| (b, Bytes(worker.block(b).unwrap()))).collect();
            let ledger = Ledger::restored(work, Block::root(units), parts).unwrap();
            let whole = wire::value::<Vec<u64>>(ledger.whole().expect("all are in")).unwrap();
            assert_eq!(whole, (0..units).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_unit_that_comes_twice_is_an_error() {
        let work: &dyn Work = &Spell { start: 0, count: 8 };
        let mut ledger = Ledger::new(work, Block::root(work.units())).unwrap();
        let mut enter = |level, index| {
            let block = Block { level, index };
            ledger.record(work, block, work.worker(&Placement::here(0)).block(block).unwrap())
        };
        enter(1, 1).unwrap();
        assert!(enter(0, 3).is_err());
        assert!(enter(2, 0).is_err());
        enter(1, 0).unwrap();
    }
}
