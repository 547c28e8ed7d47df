//! The farm: a rank that needs units gets another block from the root. The rank's crew cuts that block into smaller ones, and
//! the parts of these come back.
//!
//! It is the right schedule if the costs of units are unknown, or if hosts differ. The root's main thread deals blocks while its
//! crew computes like every other. The first blocks are large; they become smaller as the units run out, so that no rank has
//! a long block at the end. The ranks send requests. One-sided counters would need none, but under several MPI libraries they
//! stall while the owner of the counter computes.

use super::{Deal, Dealt};
use crate::block::Block;
use std::ops::Range;

/// Deals large blocks first, then smaller ones.
pub struct Dealer {
    /// The runs of units that are left; the next one is the last.
    runs: Vec<Range<u64>>,
    left: u64,
    ranks: u64,
    largest: u32,
}

/// Each rank should ask for at least so many more blocks.
const ROUNDS: u64 = 4;

impl Dealer {
    /// Deals these runs of units to so many ranks, in blocks of at most `2^largest` units.
    pub fn new(mut runs: Vec<Range<u64>>, ranks: usize, largest: u32) -> Dealer {
        runs.reverse();
        let left = runs.iter().map(|run| run.end - run.start).sum();
        Dealer { runs, left, ranks: ranks as u64, largest }
    }

    fn block(&mut self) -> Option<Block> {
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

    /// Takes back units that were dealt and not done.
    pub fn take_back(&mut self, runs: Vec<Range<u64>>) {
        self.left += runs.iter().map(|run| run.end - run.start).sum::<u64>();
        self.runs.extend(runs);
    }
}

impl Deal for Dealer {
    fn next(&mut self, _: usize) -> Dealt {
        self.block().map_or(Dealt::Over, |block| Dealt::Units(vec![block.units()]))
    }

    fn is_waited_for(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_dealt_once_and_get_smaller() {
        let mut dealer = Dealer::new(vec![0..5, 7..1000], 3, 6);
        let blocks: Vec<Block> = std::iter::from_fn(|| dealer.block()).collect();
        let units: Vec<u64> = blocks.iter().flat_map(|block| block.units()).collect();
        assert_eq!(units, (0..5).chain(7..1000).collect::<Vec<_>>());
        assert_eq!(blocks.iter().map(|block| block.level).max(), Some(6));
        assert!(blocks[blocks.len() - 8..].iter().all(|block| block.level == 0));
    }
}
