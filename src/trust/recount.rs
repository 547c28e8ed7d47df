//! Computing chosen blocks of a run again, on any ranks.
//!
//! It is a work like any other: its units are those of the chosen blocks, one behind the other. A block that is whole is compared with
//! what was told of it, and only what differs is kept.

use super::claims::{self, Asked};
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
    asked: Asked,
    /// Whether all blocks are chosen. Then their parts are kept, and make the answer.
    all: bool,
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
    pub fn new(asked: Asked, level: u32, chosen: Vec<(Range<u64>, Told)>) -> Recount {
        let work = asked.inside();
        let chosen: Vec<_> = chosen.into_iter().map(|(units, told)| (units.start >> level, told)).collect();
        let all = chosen.len() as u64 == work.units().div_ceil(1 << level);
        Recount { work, asked, all, level, chosen }
    }

    /// The answer that the computed blocks make, if all were.
    ///
    /// # Errors
    /// If the bytes are not the whole of this work, or if the parts contradict each other.
    pub fn answer(&self, whole: &[u8]) -> Result<Option<Answer>> {
        match &wire::value::<Seen>(whole)?.begun[..] {
            [] if self.all && self.work.units() == 0 => self.work.close(&self.work.empty()).map(Some),
            [((0, end), part)] if self.all && *end == self.units() => self.work.close(&part.0).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether a run of units has whole blocks only.
    fn is_whole(&self, start: u64, end: u64) -> bool {
        [start, end].iter().all(|unit| unit.is_multiple_of(1 << self.level))
    }

    /// Compares a block that is whole with what was told of it.
    fn compare(&self, index: u64, part: &[u8], wrong: &mut Vec<(u64, String)>) {
        let found = self.asked.told(part);
        if found != self.chosen[index as usize].1 {
            wrong.push((index, claims::shown(&found)));
        }
    }

    /// Joins pieces of blocks, and compares blocks that are whole by now. Whole blocks among the pieces were compared before.
    fn joined(&self, Seen { begun: pieces, mut wrong }: Seen) -> Result<Seen> {
        let mut begun: Vec<Piece> = vec![];
        for ((start, end), part) in pieces {
            let (mut start, mut part) = (start, part);
            while let Some(((before, at), left)) = begun.pop() {
                let is_inside = at == start && !start.is_multiple_of(1 << self.level);
                let are_whole = at == start && self.all && self.is_whole(before, at) && self.is_whole(start, end);
                if !is_inside && !are_whole {
                    begun.push(((before, at), left));
                    break;
                }
                part = Bytes(self.work.join(&left.0, &part.0, 1)?);
                start = before;
                if is_inside && self.is_whole(start, end) {
                    self.compare(start >> self.level, &part.0, &mut wrong);
                }
            }
            if self.all || !self.is_whole(start, end) {
                begun.push(((start, end), part));
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
        Ok(wire::bytes(&self.joined(left)?))
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
        let mut wrong = vec![];
        if block.level == level {
            self.recount.compare(units.start >> level, &part, &mut wrong);
        }
        let seen = Seen { begun: vec![((units.start, units.end), Bytes(part))], wrong };
        Ok(wire::bytes(&self.recount.joined(seen)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, Given, Method, tests::given};
    use crate::plan::Plan;
    use crate::run::ledger::Ledger;

    fn asked(ranges: &str) -> Asked {
        let given = Given { method: Some(Method::Sieve), ..given(ranges) };
        Asked::of(&Plan::open(kernel::find("primes").unwrap(), &given).unwrap()).unwrap()
    }

    /// What is told of each block of a level.
    fn told(asked: &Asked, level: u32) -> Vec<(Range<u64>, Told)> {
        let work = asked.inside();
        let mut worker = work.worker(&Placement::here(0));
        let blocks = (0..work.units().div_ceil(1 << level)).map(|index| Block { level, index });
        let each = blocks.map(|block| {
            let units = block.first()..block.units().end.min(work.units());
            (units, asked.told(&worker.block(block).unwrap()))
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
        // If all blocks are chosen, they make the answer: OEIS A006880 and its like.
        let total = recount.answer(ledger.whole().unwrap()).unwrap().map(|whole| whole.total.unwrap());
        let is_all = recount.chosen.len() as u64 == recount.work.units().div_ceil(1 << recount.level);
        assert_eq!(total, is_all.then(|| 98_222_287.into()));
        answer.table.rows.iter().map(|row| row.iter().map(Value::to_string).collect()).collect()
    }

    #[test]
    fn what_is_wrong_is_found_however_it_is_cut() {
        let asked = asked("0..2e9");
        assert!(asked.work.units() > 9, "{}", asked.work.units());
        for level in 0..3 {
            let all = told(&asked, level);
            for (by, stride) in [(0, 1), (0, 3), (1, 2), (3, 1), (6, 2)] {
                assert_eq!(rows(&Recount::new(asked.clone(), level, all.clone()), by, stride), [[""; 3]; 0]);
                let chosen: Vec<_> = all.iter().step_by(2).cloned().collect();
                assert_eq!(rows(&Recount::new(asked.clone(), level, chosen.clone()), by, stride), [[""; 3]; 0]);
                let mut forged = chosen;
                let at = forged.len() - 1;
                let Told::Numbers(numbers) = &mut forged[at].1 else { panic!("they are counts") };
                numbers[0].1 += 1;
                let found = rows(&Recount::new(asked.clone(), level, forged.clone()), by, stride);
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
