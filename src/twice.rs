//! A work whose units are all computed twice, for `--double-check`.
//!
//! Its units are those of the work and of the same work in another way, in turns: some units, and then the same ones the other way. As soon as both
//! runs of units are there, on whatever rank, their parts are compared. So a machine that computes wrongly ends the run soon after.
//!
//! Both ways must have the same units, or nothing could be compared before the end. So a formula has the same limits both times; with others each
//! unit has another value. `verify --method other` makes the answer with those.

use crate::block::Block;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::wire::{self, Bytes};
use crate::work::{Answer, Forecast, Known, UnitCost, Work, Worker};
use std::ops::Range;
use std::sync::Arc;

/// So many units (a power of two) are computed before the same ones the other way.
const TURN_LEVEL_MAX: u32 = 6;

/// Both turns of the same units are a stage: two threads that are free have a half of it each, and no rank is dealt more than a turn at once. So
/// mostly another one does the second time. If there are too many stages for a table, each has several pairs of turns.
const STAGES_MAX: u64 = 1 << 16;

/// Units that are computed twice.
pub struct Twice {
    one: Arc<dyn Work>,
    other: Arc<dyn Work>,
    /// A turn has 2^level units.
    level: u32,
}

/// What runs of units came to that are not joined: the first unit, the end, and the part. Units are counted with those of both ways. A run lies in
/// one turn, or has both turns of all its units.
type Pieces = Vec<((u64, u64), Bytes)>;

impl Twice {
    /// The same units of both works, which must have as many.
    pub fn new(one: Arc<dyn Work>, other: Arc<dyn Work>) -> Twice {
        // Few units have short turns, so that ranks find something to do.
        let level = (one.units().max(1).ilog2() / 2).min(TURN_LEVEL_MAX);
        Twice { one, other, level }
    }

    /// Which way a unit is computed, and which unit of the work it is.
    fn turn(&self, unit: u64) -> (&Arc<dyn Work>, u64) {
        let work = if unit >> self.level & 1 == 0 { &self.one } else { &self.other };
        (work, (unit >> (self.level + 1) << self.level) + unit % (1 << self.level))
    }

    /// The units of the work that a run of both turns has.
    fn inside(&self, start: u64, end: u64) -> Range<u64> {
        let (all, at) = (self.one.units(), |unit: u64| unit >> (self.level + 1) << self.level);
        at(start).min(all)..at(end).min(all)
    }

    /// Whether a run of units has both turns.
    fn is_both(&self, start: u64, end: u64) -> bool {
        end > start && [start, end].iter().all(|unit| unit.is_multiple_of(2 << self.level))
    }

    /// Joins pieces as far as possible, and compares turns that are whole.
    fn joined(&self, pieces: Pieces) -> Result<Pieces> {
        let mut done: Pieces = vec![];
        for mut piece in pieces {
            while let Some(before) = done.pop() {
                match self.join_two(&before, &piece)? {
                    Some(both) => piece = both,
                    None => {
                        done.push(before);
                        break;
                    }
                }
            }
            done.push(piece);
        }
        Ok(done)
    }

    fn join_two(
        &self,
        (left, one): &((u64, u64), Bytes),
        (right, other): &((u64, u64), Bytes),
    ) -> Result<Option<((u64, u64), Bytes)>> {
        let (start, end) = (left.0, right.1);
        if left.1 != right.0 {
            return Ok(None);
        }
        if self.is_both(left.0, left.1) && self.is_both(right.0, right.1) {
            return Ok(Some(((start, end), Bytes(self.one.join(&one.0, &other.0, 1)?))));
        }
        let turn = |unit: u64| unit >> self.level;
        if turn(start) == turn(end - 1) {
            let part = self.turn(start).0.join(&one.0, &other.0, 1)?;
            return Ok(Some(((start, end), Bytes(part))));
        }
        if !self.is_both(start, end) || end - start != 2 << self.level {
            return Ok(None);
        }
        match one == other {
            true => Ok(Some(((start, end), one.clone()))),
            false => {
                let units = self.inside(start, end);
                Err(Error::wrong(format!(
                    "units {}..{} were computed twice and came to two values",
                    units.start, units.end
                )))
            }
        }
    }

    fn pieces(part: &[u8]) -> Result<Pieces> {
        wire::value(part)
    }

    /// The part of the work, of a part that has both turns of all units.
    fn whole(&self, part: &[u8]) -> Result<Vec<u8>> {
        match &Twice::pieces(part)?[..] {
            [] if self.one.units() == 0 => Ok(self.one.empty()),
            [((0, end), part)] if *end == self.units() => Ok(part.0.clone()),
            _ => Err(Error::failed("units are missing")),
        }
    }
}

impl Work for Twice {
    fn units(&self) -> u64 {
        self.one.units().div_ceil(1 << self.level) << (self.level + 1)
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        // The other way has half the cache, so that it sieves in shorter blocks. That changes what is done when, but not what units come to.
        let narrow = Placement { cache: placement.cache / 2, ..placement.clone() };
        let workers = [self.one.worker(placement), self.other.worker(&narrow)];
        Box::new(TwiceWorker { twice: self, workers })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&Pieces::new())
    }

    fn join(&self, left: &[u8], right: &[u8], _: usize) -> Result<Vec<u8>> {
        let pieces = [Twice::pieces(left)?, Twice::pieces(right)?].concat();
        Ok(wire::bytes(&self.joined(pieces)?))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        self.one.close(&self.whole(whole)?)
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        let mut both = vec![];
        for (_, part) in runs {
            let pieces = Twice::pieces(&part)?.into_iter().filter(|((start, end), _)| self.is_both(*start, *end));
            both.extend(pieces.map(|((start, end), part)| (self.inside(start, end), part.0)));
        }
        self.one.known(both)
    }

    fn forecast(&self) -> Forecast {
        let (one, other) = (self.one.forecast(), self.other.forecast());
        Forecast {
            seconds: one.seconds + other.seconds,
            rank_bytes: one.rank_bytes,
            open_bytes: one.open_bytes + other.open_bytes,
            shared_bytes: one.shared_bytes + other.shared_bytes,
            thread_bytes: one.thread_bytes + other.thread_bytes,
        }
    }

    fn unit_cost(&self) -> UnitCost {
        match self.one.unit_cost() {
            UnitCost::IoBound(at_once) => UnitCost::IoBound(at_once),
            // Other lanes take another time.
            UnitCost::Uniform | UnitCost::Varying => UnitCost::Varying,
        }
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        let all = self.one.units();
        let turn = 1 << self.level;
        // What lies in the first and the last turn, and all turns of both ways between them.
        let of = |start: u64, end: u64| {
            let (work, first) = self.turn(start);
            work.seconds_of(first.min(all)..(first + end - start).min(all))
        };
        let (first, last) = (units.start.next_multiple_of(2 * turn), units.end / (2 * turn) * (2 * turn));
        let edges = |from: u64, to: u64| -> f64 {
            let turns = (from / turn..to.div_ceil(turn)).map(|at| (from.max(at * turn), to.min((at + 1) * turn)));
            turns.map(|(start, end)| of(start, end)).sum()
        };
        if first >= last {
            return edges(units.start, units.end);
        }
        let between = self.inside(first, last);
        let both = self.one.seconds_of(between.clone()) + self.other.seconds_of(between);
        edges(units.start, first) + both + edges(last, units.end)
    }

    fn abandon(&self) {
        self.one.abandon();
        self.other.abandon();
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        self.one.sample()
    }

    fn stages(&self) -> Vec<u64> {
        let turns = |end: u64| (end.div_ceil(1 << self.level) << (self.level + 1)).min(self.units());
        let mut stages: Vec<u64> = self.one.stages().into_iter().map(turns).collect();
        let pairs = self.units() >> (self.level + 1);
        let step = pairs.div_ceil(STAGES_MAX).max(1);
        stages.extend((step..pairs).step_by(step as usize).map(|pair| pair << (self.level + 1)));
        stages.sort_unstable();
        stages.dedup();
        stages
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        let Ok(pieces) = Twice::pieces(part) else { return false };
        let mut at = units.start;
        for ((start, end), part) in &pieces {
            if *start != at || *end <= *start || *end > units.end {
                return false;
            }
            at = *end;
            let possible = match self.is_both(*start, *end) {
                true => self.one.plausible(self.inside(*start, *end), &part.0),
                false if start >> self.level != (end - 1) >> self.level => false,
                false => {
                    let ((work, first), all) = (self.turn(*start), self.one.units());
                    work.plausible(first.min(all)..(first + end - start).min(all), &part.0)
                }
            };
            if !possible {
                return false;
            }
        }
        at == units.end
    }

    fn witnesses(&self, part: &[u8]) -> Result<Vec<(Block, Bytes)>> {
        self.one.witnesses(&self.whole(part)?)
    }
}

struct TwiceWorker<'a> {
    twice: &'a Twice,
    workers: [Box<dyn Worker + 'a>; 2],
}

impl Worker for TwiceWorker<'_> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        let twice = self.twice;
        let units = block.units();
        if units.start >= twice.units() {
            return Ok(twice.empty());
        }
        if let Some((left, right)) = block.halves().filter(|_| block.level > twice.level) {
            let (left, right) = (self.block(left)?, self.block(right)?);
            return twice.join(&left, &right, 1);
        }
        let worker = &mut self.workers[(units.start >> twice.level & 1) as usize];
        let first = twice.turn(units.start).1;
        let part = worker.block(Block { level: block.level, index: first >> block.level })?;
        Ok(wire::bytes(&vec![((units.start, units.end), Bytes(part))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ledger::Ledger;
    use crate::witness::Witnessed;
    use crate::work::Kernel;
    use crate::work::tests::{Spell, spelled};
    use proptest::prelude::*;

    /// Units as words, one of which is wrong.
    struct Misspelt {
        count: u64,
        wrong: u64,
    }

    impl Kernel for Misspelt {
        type Part = Vec<u64>;
        type Scratch = ();
        fn units(&self) -> u64 {
            self.count
        }
        fn scratch(&self, _: &Placement) {}
        fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<u64>> {
            Ok(vec![if unit == self.wrong { 999_999 } else { unit }])
        }
        fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
            Kernel::answer(&Spell { start: 0, count: self.count }, whole)
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }

    /// All units in blocks of a level, in some order; what the whole is, or why there is none.
    fn computed(twice: &Twice, level: u32, stride: usize) -> Result<Vec<u8>> {
        let mut worker = twice.worker(&Placement::here(0));
        let mut ledger = Ledger::new(twice, Block::root(twice.units())).unwrap();
        let blocks: Vec<Block> = Block::tiling(0..twice.units(), level).collect();
        for offset in 0..stride {
            for &block in blocks.iter().skip(offset).step_by(stride) {
                let part = worker.block(block)?;
                assert!(twice.plausible(block.units(), &part));
                assert!(!twice.plausible(block.first()..block.units().end + 1, &part));
                ledger.record(twice, block, part)?;
            }
        }
        Ok(ledger.whole().unwrap().to_vec())
    }

    proptest! {
        #![proptest_config(crate::random::cases(80))]

        #[test]
        fn both_ways_give_the_answer_of_one(count in 0..300u64, level in 0..9u32, stride in 1..6usize) {
            let work = |wrong: u64| -> Arc<dyn Work> { Arc::new(Misspelt { count, wrong }) };
            let twice = Twice::new(Arc::new(Witnessed::new(spelled(count))), Arc::new(Witnessed::new(work(count))));
            let whole = computed(&twice, level, stride).unwrap();
            let found = twice.close(&whole).unwrap();
            prop_assert_eq!(found.table.rows.len() as u64, count);
            prop_assert_eq!(twice.witnesses(&whole).unwrap().len(), crate::witness::blocks(count).count());
            // A wrong unit is found, whichever it is.
            if count > 0 {
                let wrong = stride as u64 * 7919 % count;
                let why = computed(&Twice::new(spelled(count), work(wrong)), level, stride).unwrap_err();
                prop_assert_eq!(why.code(), 3);
                prop_assert!(why.to_string().contains("were computed twice and came to two values"), "{}", why);
            }
        }
    }

    #[test]
    fn both_turns_of_the_same_units_are_a_stage() {
        let twice = Twice::new(spelled(5000), spelled(5000));
        assert_eq!((twice.level, twice.stages()), (6, (1..=79).map(|pair| 128 * pair).collect()));
        assert_eq!(Twice::new(spelled(1), spelled(1)).stages(), [2]);
        let many = Twice::new(spelled(1 << 24), spelled(1 << 24)).stages();
        assert!(many.len() as u64 <= STAGES_MAX && many.iter().all(|end| end.is_multiple_of(128)));
    }

    #[test]
    fn the_expected_time_is_that_of_both_ways() {
        let twice = Twice::new(spelled(77), spelled(77));
        let all = twice.seconds_of(0..twice.units());
        assert!((all - 2.0 * spelled(77).seconds_of(0..77)).abs() <= 1e-9 * all);
        for (a, b) in [(0, 5), (3, 40), (7, twice.units()), (16, 64)] {
            let parts = twice.seconds_of(0..a) + twice.seconds_of(a..b) + twice.seconds_of(b..twice.units());
            assert!((all - parts).abs() <= 1e-9 * all, "{a} {b}: {parts} of {all}");
        }
    }

    #[test]
    fn rows_are_known_when_both_ways_are_there() {
        let twice = Twice::new(spelled(64), spelled(64));
        assert_eq!((twice.level, twice.units()), (3, 128));
        let mut worker = twice.worker(&Placement::here(0));
        let part = |worker: &mut dyn Worker, index| worker.block(Block { level: 3, index }).unwrap();
        let first = part(&mut *worker, 0);
        assert!(twice.known(vec![(0..8, first.clone())]).unwrap().rows.is_none());
        let all = (1..16).fold(first, |all, index| twice.join(&all, &part(&mut *worker, index), 1).unwrap());
        let known = twice.known(vec![(0..128, all)]).unwrap();
        assert_eq!(known.first_count(), 64);
    }
}
