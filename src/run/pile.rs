//! The units that a rank has still to hand to its crew.
//!
//! A hand goes on where it stands if it can, because the state it keeps between neighbouring units is worth
//! something; otherwise it takes the latter half of the longest run, so that the hands spread out over the
//! units by themselves and meet again only at the end. Blocks get smaller as the runs do: the last hand to
//! finish is never far behind the first.

use crate::block::Block;
use std::ops::Range;

pub struct Pile {
    runs: Vec<Run>,
    /// No block is larger than 2^this.
    level: u32,
}

struct Run {
    units: Range<u64>,
    /// Whether a hand is taking blocks from its front.
    taken: bool,
}

impl Run {
    fn len(&self) -> u64 {
        self.units.end - self.units.start
    }
}

/// Of a run, a block takes at most one part in so many.
const SHARE: u64 = 8;

impl Pile {
    pub fn new(level: u32) -> Pile {
        Pile { runs: Vec::new(), level }
    }

    pub fn add(&mut self, units: Range<u64>) {
        match self.runs.iter_mut().find(|run| run.units.end == units.start) {
            Some(run) => run.units.end = units.end,
            None if units.is_empty() => (),
            None => self.runs.push(Run { units, taken: false }),
        }
    }

    pub fn units(&self) -> u64 {
        self.runs.iter().map(Run::len).sum()
    }

    pub fn clear(&mut self) {
        self.runs.clear();
    }

    /// A block for the hand whose last one ended at `after`.
    pub fn take(&mut self, after: Option<u64>) -> Option<Block> {
        let index = match self.runs.iter().position(|run| Some(run.units.start) == after) {
            Some(index) => index,
            None => self.fresh()?,
        };
        let run = &mut self.runs[index];
        run.taken = true;
        let share = (run.len() / SHARE).max(1).ilog2();
        let block = Block::front(&run.units, self.level.min(share)).expect("no run is empty");
        run.units.start = block.units().end;
        if run.units.is_empty() {
            self.runs.swap_remove(index);
        }
        Some(block)
    }

    /// The longest run if no hand is at it, else its latter half as a run of its own.
    fn fresh(&mut self) -> Option<usize> {
        let index = (0..self.runs.len()).max_by_key(|&index| self.runs[index].len())?;
        let run = &mut self.runs[index];
        let middle = run.units.start + run.len() / 2;
        if !run.taken || middle == run.units.start {
            return Some(index);
        }
        let units = middle..std::mem::replace(&mut run.units.end, middle);
        self.runs.push(Run { units, taken: true });
        Some(self.runs.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_taken_once() {
        for (units, hands) in [(1u64, 3), (7, 2), (1000, 1), (1000, 5), (12345, 8)] {
            let mut pile = Pile::new(5);
            pile.add(0..units / 3);
            pile.add(units / 3..units);
            let (mut taken, mut after) = (vec![0; units as usize], vec![None; hands]);
            for hand in (0..hands).cycle() {
                let Some(block) = pile.take(after[hand]) else { break };
                assert!(block.level <= 5);
                block.units().for_each(|unit| taken[unit as usize] += 1);
                after[hand] = Some(block.units().end);
            }
            assert!(taken.iter().all(|&times| times == 1), "{units} units, {hands} hands");
            assert_eq!(pile.units(), 0);
        }
    }

    #[test]
    fn a_hand_goes_on_where_it_stands() {
        let mut pile = Pile::new(0);
        pile.add(0..100);
        let first = pile.take(None).unwrap();
        let second = pile.take(None).unwrap();
        assert_eq!((first.first(), second.first()), (0, 50));
        let next = |block: Block| block.units().end;
        assert_eq!(pile.take(Some(next(first))).unwrap().first(), next(first));
        assert_eq!(pile.take(Some(next(second))).unwrap().first(), next(second));
    }

    #[test]
    fn one_hand_goes_from_front_to_back() {
        let mut pile = Pile::new(3);
        pile.add(0..1000);
        let mut at = 0;
        while let Some(block) = pile.take(Some(at)) {
            assert_eq!(block.first(), at);
            at = block.units().end;
        }
        assert_eq!(at, 1000);
    }
}
