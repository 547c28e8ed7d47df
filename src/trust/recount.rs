//! Computing chosen blocks of a run again, on any ranks.
//!
//! It is a work like any other: its units are those of the chosen blocks, one behind the other. A block that is whole is compared with
//! what was told of it, and only what differs is kept.

use super::claims;
use crate::block::Block;
use crate::digest::Sha256;
use crate::error::Result;
use crate::placement::Placement;
use crate::report::certificate::Told;
use crate::values::{Table, Value};
use crate::wire::{self, Bytes};
use crate::work::{Answer, Forecast, Known, UnitCost, Work, Worker};
use std::ops::Range;
use std::sync::Arc;

/// The columns of its answer.
pub const COLUMNS: [&str; 3] = ["unit", "recorded", "recomputed"];

/// Chosen blocks of a work, to be computed again.
pub struct Recount {
    work: Arc<dyn Work>,
    level: u32,
    /// The blocks, by their places among the blocks of this level, and what was told of them.
    chosen: Vec<(u64, Told)>,
}

/// The first unit, the end, and the part of a run of units.
type Piece = ((u64, u64), Bytes);

/// The result of units.
#[derive(Default)]
struct Seen {
    /// Runs of units that are no whole block yet, in order.
    begun: Vec<Piece>,
    /// Which of the chosen blocks differ, and what they come to.
    wrong: Vec<(u64, String)>,
}

wire::fields! { Seen { begun wrong } }

/// Which blocks are computed again, of so many. The fingerprint of the plan decides, so that nobody can choose a plan whose faults are not
/// among them, and the same blocks are chosen everywhere.
pub fn choice(fingerprint: u64, blocks: usize, count: usize) -> Vec<usize> {
    let rank = |index: &usize| Sha256::of(&[fingerprint.to_le_bytes(), (*index as u64).to_le_bytes()].concat());
    let mut all: Vec<usize> = (0..blocks).collect();
    all.sort_by_cached_key(rank);
    all.truncate(count);
    all.sort_unstable();
    all
}

impl Recount {
    /// The blocks of this level with these units, and what was told of them.
    pub fn new(work: Arc<dyn Work>, level: u32, chosen: Vec<(Range<u64>, Told)>) -> Recount {
        let chosen = chosen.into_iter().map(|(units, told)| (units.start >> level, told)).collect();
        Recount { work, level, chosen }
    }

    /// Compares blocks that are whole by now.
    fn compared(&self, Seen { begun: pieces, mut wrong }: Seen) -> Result<Seen> {
        let mut begun: Vec<Piece> = vec![];
        for ((start, end), part) in pieces {
            let joined = match begun.pop() {
                Some(((before, at), left)) if at == start && start.trailing_zeros() < self.level => {
                    ((before, end), Bytes(self.work.join(&left.0, &part.0, 1)?))
                }
                other => {
                    begun.extend(other);
                    ((start, end), part)
                }
            };
            let ((start, end), part) = joined;
            if end - start < 1 << self.level {
                begun.push(((start, end), part));
                continue;
            }
            let index = start >> self.level;
            let found = claims::of_part(&*self.work, &part.0);
            if found != self.chosen[index as usize].1 {
                wrong.push((index, claims::shown(&found)));
            }
        }
        wrong.sort();
        Ok(Seen { begun, wrong })
    }

    fn block_of(&self, index: u64) -> Block {
        Block { level: self.level, index: self.chosen[index as usize].0 }
    }
}

impl Work for Recount {
    fn units(&self) -> u64 {
        (self.chosen.len() as u64) << self.level
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        Box::new(Recounter { recount: self, worker: self.work.worker(placement) })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&Seen::default())
    }

    fn join(&self, left: &[u8], right: &[u8], _: usize) -> Result<Vec<u8>> {
        let (mut left, right) = (wire::value::<Seen>(left)?, wire::value::<Seen>(right)?);
        left.begun.extend(right.begun);
        left.wrong.extend(right.wrong);
        Ok(wire::bytes(&self.compared(left)?))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        let all = self.work.units();
        let rows = wire::value::<Seen>(whole)?.wrong.into_iter().map(|(index, found)| {
            let units = self.block_of(index).units();
            let name = match units.end - units.start {
                1 => units.start.to_string(),
                _ => format!("{}..{}", units.start, units.end.min(all)),
            };
            let told = claims::shown(&self.chosen[index as usize].1);
            vec![Value::text(name), Value::text(told), Value::text(found)]
        });
        Ok(Answer::rows(Table::of(&COLUMNS).with(rows), COLUMNS[0]))
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        match runs.into_iter().next() {
            Some((units, part)) if units == (0..self.units()) => Ok(Known::all(self.close(&part)?)),
            _ => Ok(Known::default()),
        }
    }

    fn forecast(&self) -> Forecast {
        let forecast = self.work.forecast();
        let share = self.units() as f64 / self.work.units().max(1) as f64;
        Forecast { seconds: forecast.seconds * share, ..forecast }
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        let each = self.forecast().seconds / self.units().max(1) as f64;
        each * (units.end - units.start) as f64
    }

    fn abandon(&self) {
        self.work.abandon();
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        self.work.sample()
    }

    fn stages(&self) -> Vec<u64> {
        vec![self.units()]
    }

    fn plausible(&self, _: Range<u64>, part: &[u8]) -> bool {
        wire::value::<Seen>(part).is_ok()
    }
}

struct Recounter<'a> {
    recount: &'a Recount,
    worker: Box<dyn Worker + 'a>,
}

impl Worker for Recounter<'_> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        let Recount { level, .. } = *self.recount;
        let units = block.units();
        if units.start >= self.recount.units() {
            return Ok(self.recount.empty());
        }
        if let Some((left, right)) = block.halves().filter(|_| block.level > level) {
            let (left, right) = (self.block(left)?, self.block(right)?);
            return self.recount.join(&left, &right, 1);
        }
        let inside = self.recount.block_of(units.start >> level).first() + units.start % (1 << level);
        let part = self.worker.block(Block { level: block.level, index: inside >> block.level })?;
        let seen = Seen { begun: vec![((units.start, units.end), Bytes(part))], wrong: vec![] };
        Ok(wire::bytes(&self.recount.compared(seen)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, Given, Method, tests::given};
    use crate::plan::Plan;
    use crate::run::ledger::Ledger;
    use crate::work::Job;

    fn work(ranges: &str) -> Arc<dyn Work> {
        let given = Given { method: Some(Method::Sieve), ..given(ranges) };
        match Plan::open(kernel::find("primes").unwrap(), &given).unwrap().job {
            Job::Work(work) => work,
            _ => panic!("it has units"),
        }
    }

    /// What is told of each block of a level.
    fn told(work: &Arc<dyn Work>, level: u32) -> Vec<(Range<u64>, Told)> {
        let mut worker = work.worker(&Placement::here(0));
        let blocks = (0..work.units().div_ceil(1 << level)).map(|index| Block { level, index });
        let each = blocks.map(|block| {
            let units = block.first()..block.units().end.min(work.units());
            (units, claims::of_part(&**work, &worker.block(block).unwrap()))
        });
        each.collect()
    }

    fn rows(recount: &Recount, by: u32, stride: usize) -> Vec<Vec<String>> {
        let mut worker = recount.worker(&Placement::here(0));
        let mut ledger = Ledger::new(recount, Block::root(recount.units())).unwrap();
        let blocks: Vec<Block> = Block::tiling(0..recount.units(), by).collect();
        for offset in 0..stride {
            for &block in blocks.iter().skip(offset).step_by(stride) {
                ledger.record(recount, block, worker.block(block).unwrap()).unwrap();
            }
        }
        let answer = recount.close(ledger.whole().unwrap()).unwrap();
        answer.table.rows.iter().map(|row| row.iter().map(Value::to_string).collect()).collect()
    }

    #[test]
    fn what_is_wrong_is_found_however_it_is_cut() {
        let work = work("0..2e9");
        assert!(work.units() > 9, "{}", work.units());
        for level in 0..3 {
            let all = told(&work, level);
            for (by, stride) in [(0, 1), (0, 3), (1, 2), (3, 1), (6, 2)] {
                let chosen: Vec<_> = all.iter().step_by(2).cloned().collect();
                assert_eq!(rows(&Recount::new(work.clone(), level, chosen.clone()), by, stride), [[""; 3]; 0]);
                let mut forged = chosen;
                let at = forged.len() - 1;
                let Told::Numbers(numbers) = &mut forged[at].1 else { panic!("they are counts") };
                numbers[0].1 += 1;
                let found = rows(&Recount::new(work.clone(), level, forged.clone()), by, stride);
                assert_eq!(found.len(), 1, "level {level} by {by} and {stride}");
                assert!(found[0][0].starts_with(&forged[at].0.start.to_string()));
                assert_ne!(found[0][1], found[0][2]);
            }
        }
    }

    #[test]
    fn the_choice_is_the_plans() {
        assert_eq!(choice(7, 10, 10), (0..10).collect::<Vec<_>>());
        let chosen = choice(7, 1000, 10);
        assert!(chosen.len() == 10 && chosen.is_sorted() && chosen != choice(8, 1000, 10));
        assert_eq!(chosen, choice(7, 1000, 10));
        assert!(choice(7, 0, 3).is_empty());
    }
}
