//! The farm: whoever runs dry is dealt another block.
//!
//! Right where the costs of units are not known, or the hosts differ. The root's main thread deals while its crew
//! computes like every other. Large blocks are dealt first, and they halve as the work runs out, so that nobody is
//! left holding a long one. Requests and replies were chosen over one-sided counters, which stall under several MPI
//! libraries for as long as the counter's owner computes.

use super::{Deal, Dealt};
use crate::block::Block;
use std::ops::Range;

/// Deals large blocks first and halves them as the work runs out.
pub struct Dealer {
    /// Runs of units, the next one last.
    runs: Vec<Range<u64>>,
    left: u64,
    ranks: u64,
    largest: u32,
}

/// How many more times every rank should come for a block, at least.
const ROUNDS: u64 = 4;

impl Dealer {
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

    /// Units that were dealt and not done.
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
