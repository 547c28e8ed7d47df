//! The units that a rank's crew has still to compute.
//!
//! A worker continues where its last block ended, if it can, because the state that it keeps between neighbouring units saves
//! work. Otherwise it takes the second half of the longest run. So the workers spread over the units and meet only at the end.
//! Blocks become smaller as the runs do: so all workers finish at about the same time. A work with several stages is computed stage
//! by stage, so that the first rows of the answer come first, and few tables are needed at once.

use crate::block::Block;
use std::collections::VecDeque;
use std::ops::Range;

/// The units that no worker has begun.
pub struct WorkQueue {
    /// Of the current stage.
    runs: Vec<UnitRun>,
    /// Units of later stages, and of this one, in the order in which they came.
    later: VecDeque<Range<u64>>,
    ends: Vec<u64>,
    /// No block has more than 2^level units.
    level: u32,
}

struct UnitRun {
    units: Range<u64>,
    /// Whether a worker takes blocks from its front.
    taken: bool,
}

impl UnitRun {
    fn len(&self) -> u64 {
        self.units.end - self.units.start
    }
}

/// A block takes at most this share of its run.
const RUN_SHARE: u64 = 8;

impl WorkQueue {
    /// An empty queue with blocks up to `level`. Units of a stage are begun before those of the next; `ends` are the ends of the stages.
    pub fn new(level: u32, ends: Vec<u64>) -> WorkQueue {
        WorkQueue { runs: Vec::new(), later: VecDeque::new(), ends, level }
    }

    /// Adds units. They wait for their stage.
    pub fn add(&mut self, mut units: Range<u64>) {
        let stage = self.runs.first().map(|run| self.stage_end(run.units.start));
        if stage == Some(self.stage_end(units.start)) && self.later.is_empty() {
            let rest = units.end.min(self.stage_end(units.start));
            self.put(units.start..rest);
            units.start = rest;
        }
        match self.later.back_mut() {
            _ if units.is_empty() => (),
            Some(last) if last.end == units.start => last.end = units.end,
            _ => self.later.push_back(units),
        }
    }

    /// The end of the stage of a unit.
    fn stage_end(&self, unit: u64) -> u64 {
        self.ends.get(self.ends.partition_point(|&end| end <= unit)).copied().unwrap_or(u64::MAX)
    }

    /// Adds units of this stage.
    fn put(&mut self, units: Range<u64>) {
        match self.runs.iter_mut().find(|run| run.units.end == units.start) {
            Some(run) => run.units.end = units.end,
            None => self.runs.push(UnitRun { units, taken: false }),
        }
    }

    /// Begins the next stage, with all its units joined.
    fn next_stage(&mut self) -> Option<()> {
        let mut units = self.later.pop_front()?;
        let end = self.stage_end(units.start);
        if units.end > end {
            self.later.push_front(end..units.end);
            units.end = end;
        }
        self.put(units);
        Some(())
    }

    /// How many units are in the queue.
    pub fn units(&self) -> u64 {
        let later: u64 = self.later.iter().map(|units| units.end - units.start).sum();
        later + self.runs.iter().map(UnitRun::len).sum::<u64>()
    }

    /// Removes all units.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.later.clear();
    }

    /// The next block for the worker whose last block ended at `after`.
    pub fn take(&mut self, after: Option<u64>) -> Option<Block> {
        while self.runs.is_empty() || self.later.front().is_some_and(|units| self.is_of_this_stage(units)) {
            self.next_stage()?;
        }
        let index = match self.runs.iter().position(|run| Some(run.units.start) == after) {
            Some(index) => index,
            None => self.fresh()?,
        };
        let run = &mut self.runs[index];
        run.taken = true;
        let share = (run.len() / RUN_SHARE).max(1).ilog2();
        let block = Block::front(&run.units, self.level.min(share)).expect("no run is empty");
        run.units.start = block.units().end;
        if run.units.is_empty() {
            self.runs.swap_remove(index);
        }
        Some(block)
    }

    /// Whether these units belong to the current stage.
    fn is_of_this_stage(&self, units: &Range<u64>) -> bool {
        self.runs.first().is_some_and(|run| self.stage_end(run.units.start) == self.stage_end(units.start))
    }

    /// The longest run if no worker is at it, otherwise its second half as a run of its own.
    fn fresh(&mut self) -> Option<usize> {
        let index = (0..self.runs.len()).max_by_key(|&index| self.runs[index].len())?;
        let run = &mut self.runs[index];
        let middle = run.units.start + run.len() / 2;
        if !run.taken || middle == run.units.start {
            return Some(index);
        }
        let units = middle..std::mem::replace(&mut run.units.end, middle);
        self.runs.push(UnitRun { units, taken: true });
        Some(self.runs.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_taken_once() {
        for (units, workers) in [(1u64, 3), (7, 2), (1000, 1), (1000, 5), (12345, 8)] {
            let mut queue = WorkQueue::new(5, vec![]);
            queue.add(0..units / 3);
            queue.add(units / 3..units);
            let (mut taken, mut after) = (vec![0; units as usize], vec![None; workers]);
            for worker in (0..workers).cycle() {
                let Some(block) = queue.take(after[worker]) else { break };
                assert!(block.level <= 5);
                block.units().for_each(|unit| taken[unit as usize] += 1);
                after[worker] = Some(block.units().end);
            }
            assert!(taken.iter().all(|&times| times == 1), "{units} units, {workers} workers");
            assert_eq!(queue.units(), 0);
        }
    }

    #[test]
    fn a_hand_goes_on_where_it_stands() {
        let mut queue = WorkQueue::new(0, vec![]);
        queue.add(0..100);
        let first = queue.take(None).unwrap();
        let second = queue.take(None).unwrap();
        assert_eq!((first.first(), second.first()), (0, 50));
        let next = |block: Block| block.units().end;
        assert_eq!(queue.take(Some(next(first))).unwrap().first(), next(first));
        assert_eq!(queue.take(Some(next(second))).unwrap().first(), next(second));
    }

    #[test]
    fn stages_are_begun_one_after_the_other_by_all_workers() {
        let ends = vec![10, 300, 1000];
        let stage = |unit: u64| ends.iter().position(|&end| unit < end).unwrap();
        for pieces in [&[0..1, 1..1000][..], &[0..5, 5..700, 700..1000], &[0..20, 40..1000]] {
            let mut queue = WorkQueue::new(4, ends.clone());
            pieces.iter().for_each(|units| queue.add(units.clone()));
            let (all, mut after, mut last, mut taken) = (queue.units(), [None; 3], 0, 0);
            for worker in (0..3).cycle() {
                let Some(block) = queue.take(after[worker]) else { break };
                let units = block.units();
                assert_eq!(stage(units.start), stage(units.end - 1), "{units:?} is of two stages");
                assert!(stage(units.start) >= last, "{units:?} came late");
                (last, taken, after[worker]) = (stage(units.start), taken + block.count(), Some(units.end));
            }
            assert_eq!((taken, queue.units()), (all, 0));
        }
    }

    #[test]
    fn one_hand_goes_from_front_to_back() {
        let mut queue = WorkQueue::new(3, vec![]);
        queue.add(0..1000);
        let mut at = 0;
        while let Some(block) = queue.take(Some(at)) {
            assert_eq!(block.first(), at);
            at = block.units().end;
        }
        assert_eq!(at, 1000);
    }
}
