//! The farm for runs that survive the death of ranks: it remembers which rank has which units, and deals those of dead ranks
//! again.
//!
//! A rank that wants more units must wait while others still have units, because it may be needed for theirs.

use super::farm::Dealer;
use super::{Deal, Dealt};
use crate::block::Block;
use std::ops::Range;

/// A farm that deals the units of dead ranks again.
pub struct Redealer {
    farm: Dealer,
    /// The units that each rank was dealt and has not sent back. The root's do not matter: without the root there is no run.
    out: Vec<Vec<Range<u64>>>,
}

impl Redealer {
    /// The farm, for so many ranks.
    pub fn new(farm: Dealer, ranks: usize) -> Redealer {
        Redealer { farm, out: vec![Vec::new(); ranks] }
    }
}

impl Deal for Redealer {
    fn next(&mut self, rank: usize) -> Dealt {
        match self.farm.next(rank) {
            Dealt::Units(units) => {
                if rank > 0 {
                    self.out[rank].extend(units.iter().cloned());
                }
                Dealt::Units(units)
            }
            _ if self.out.iter().all(Vec::is_empty) => Dealt::Over,
            _ => Dealt::Later,
        }
    }

    fn is_waited_for(&self) -> bool {
        true
    }

    fn brought(&mut self, rank: usize, block: Block) {
        let units = block.units();
        let rest = |run: Range<u64>| {
            [run.start..run.end.min(units.start), run.start.max(units.end)..run.end]
                .into_iter()
                .filter(|run| !run.is_empty())
        };
        self.out[rank] = std::mem::take(&mut self.out[rank]).into_iter().flat_map(rest).collect();
    }

    fn lost(&mut self, rank: usize) {
        self.farm.take_back(std::mem::take(&mut self.out[rank]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(dealt: Dealt) -> Vec<u64> {
        match dealt {
            Dealt::Units(runs) => runs.into_iter().flatten().collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_the_dead_have_not_brought_is_dealt_again() {
        let mut deal = Redealer::new(Dealer::new(vec![0..32, 32..64], 2, 3), 2);
        let first = units(deal.next(1));
        assert_eq!(first, (0..8).collect::<Vec<_>>());
        deal.brought(1, Block { level: 1, index: 1 });
        let mut all: Vec<u64> = vec![2, 3];
        deal.lost(1);
        while let runs @ Dealt::Units(_) = deal.next(0) {
            all.extend(units(runs));
        }
        all.sort_unstable();
        assert_eq!(all, (0..64).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_sent_home_while_another_may_die_with_units() {
        let mut deal = Redealer::new(Dealer::new(vec![0..1, 1..2], 3, 0), 3);
        assert_eq!((units(deal.next(1)), units(deal.next(2))), (vec![0], vec![1]));
        assert!(matches!(deal.next(0), Dealt::Later) && matches!(deal.next(2), Dealt::Later));
        deal.brought(2, Block { level: 0, index: 1 });
        assert!(matches!(deal.next(2), Dealt::Later));
        deal.lost(1);
        assert_eq!(units(deal.next(2)), [0]);
        deal.brought(2, Block { level: 0, index: 0 });
        assert!(matches!(deal.next(2), Dealt::Over) && matches!(deal.next(0), Dealt::Over));
    }
}
