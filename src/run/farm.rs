//! The farm: a rank that needs units gets another block from the root. The rank's crew cuts that block into smaller ones, and
//! the parts of these come back.
//!
//! It is the right schedule if the costs of units are unknown, or if hosts differ. The root's main thread deals blocks while its
//! crew computes like every other. The root deals as a crew's queue does (`work_queue.rs`): a rank goes on where its last block ended,
//! because neighbouring units share work, and otherwise takes the second half of what another has before it. The blocks become
//! smaller as the units run out, so that no rank has a long block at the end. The ranks send requests. One-sided counters would
//! need none, but under several MPI libraries they stall while the owner of the counter computes.

use super::work_queue::WorkQueue;
use super::{Deal, Dealt};
use std::ops::Range;

/// Deals large blocks first, then smaller ones.
pub struct Dealer {
    queue: WorkQueue,
    /// Where the last block of each rank ended.
    after: Vec<Option<u64>>,
}

impl Dealer {
    /// Deals these runs of units to so many ranks, in blocks of at most `2^largest` units. Units of a stage are dealt before those of
    /// the next; `stages` are the ends of the stages.
    pub fn new(runs: Vec<Range<u64>>, ranks: usize, largest: u32, stages: Vec<u64>) -> Dealer {
        let mut dealer = Dealer { queue: WorkQueue::new(largest, stages), after: vec![None; ranks] };
        dealer.take_back(runs);
        dealer
    }

    /// Takes back units that were dealt and not done.
    pub fn take_back(&mut self, runs: Vec<Range<u64>>) {
        runs.into_iter().for_each(|run| self.queue.add(run));
    }
}

impl Deal for Dealer {
    fn next(&mut self, rank: usize) -> Dealt {
        let Some(block) = self.queue.take(self.after[rank]) else { return Dealt::Over };
        self.after[rank] = Some(block.units().end);
        Dealt::Units(vec![block.units()])
    }

    fn is_waited_for(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The units of the next block of a rank.
    fn dealt(dealer: &mut Dealer, rank: usize) -> Option<Range<u64>> {
        match dealer.next(rank) {
            Dealt::Units(mut runs) => runs.pop(),
            _ => None,
        }
    }

    #[test]
    fn blocks_are_dealt_once_and_get_smaller() {
        let mut dealer = Dealer::new(vec![0..5, 7..10_000], 3, 6, vec![]);
        let blocks: Vec<Range<u64>> = (0..).map_while(|turn| dealt(&mut dealer, turn % 3)).collect();
        let mut units: Vec<u64> = blocks.iter().cloned().flatten().collect();
        units.sort_unstable();
        assert_eq!(units, (0..5).chain(7..10_000).collect::<Vec<_>>());
        let length = |units: &Range<u64>| units.end - units.start;
        assert_eq!(blocks.iter().map(length).max(), Some(64));
        assert!(blocks[blocks.len() - 8..].iter().all(|units| length(units) == 1));
    }

    #[test]
    fn a_rank_goes_on_where_it_stands() {
        let ranks = 5;
        let mut dealer = Dealer::new(vec![0..64, 64..4096], ranks, 6, vec![]);
        let (mut ends, mut begins_anew) = (vec![None; ranks], 0);
        for turn in 0.. {
            let rank = turn % ranks;
            let Some(units) = dealt(&mut dealer, rank) else { break };
            begins_anew += usize::from(ends[rank] != Some(units.start));
            ends[rank] = Some(units.end);
        }
        assert!((ranks..8 * ranks).contains(&begins_anew), "{begins_anew}");
    }

    /// As `--double-check` asks for it: two halves of a stage are the same units.
    #[test]
    fn another_rank_has_the_other_half_of_a_stage() {
        for ranks in [2, 4] {
            let mut dealer = Dealer::new(vec![0..128, 128..1280], ranks, 6, (1..=10).map(|pair| 128 * pair).collect());
            let mut ranks_of = vec![0; 1280];
            for turn in 0.. {
                let Some(units) = dealt(&mut dealer, turn % ranks) else { break };
                units.for_each(|unit| ranks_of[unit as usize] = turn % ranks);
            }
            let first_times = (0..1280).filter(|unit| unit % 128 < 64);
            let same = first_times.filter(|&unit| ranks_of[unit] == ranks_of[unit + 64]).count();
            // Only at the end of a stage, when one has more left than the other.
            assert!(same <= 80, "{same} of 640 units are computed twice by one of {ranks} ranks");
        }
    }

    #[test]
    fn a_stage_is_dealt_before_the_next() {
        let mut dealer = Dealer::new(vec![0..100, 120..300], 2, 3, vec![10, 200, 300]);
        let blocks: Vec<Range<u64>> = (0..).map_while(|turn| dealt(&mut dealer, turn % 2)).collect();
        let stage = |unit: u64| [10, 200, 300].partition_point(|&end| end <= unit);
        let stages: Vec<[usize; 2]> = blocks.iter().map(|units| [stage(units.start), stage(units.end - 1)]).collect();
        assert!(stages.as_flattened().is_sorted(), "{blocks:?}");
    }
}
