//! Witnesses: what the blocks of one level came to, kept with a run so that others can check it without doing all of it again.
//!
//! A work that has witnesses is another work around it: its part is the part of the work inside, and the witnesses so far. So they travel,
//! merge and are saved as parts are, on any ranks and across any deaths, and the schedules know nothing of them.

use crate::block::Block;
use crate::digest::Sha256;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::wire::{self, Bytes, Wire};
use crate::work::{Answer, Forecast, Known, NamedIntegers, UnitCost, Work, Worker};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A run has at most so many witnesses. If it has no more units than that, each unit is one.
pub const WITNESSES_MAX: u64 = 1024;

/// A longer part is kept as its digest.
pub const PART_MAX: usize = 1024;

/// What a block came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// Its part.
    Part(Vec<u8>),
    /// The SHA-256 of its part, which is long.
    Digest(Vec<u8>),
}

impl Witness {
    /// The witness of a block with this part.
    pub fn of(part: &[u8]) -> Witness {
        match part.len() <= PART_MAX {
            true => Witness::Part(part.to_vec()),
            false => Witness::Digest(Sha256::of(part).to_vec()),
        }
    }
}

impl Wire for Witness {
    fn put(&self, out: &mut Vec<u8>) {
        let (is_part, bytes) = match self {
            Witness::Part(bytes) => (true, bytes),
            Witness::Digest(bytes) => (false, bytes),
        };
        is_part.put(out);
        bytes.len().put(out);
        out.extend(bytes);
    }
    fn take(bytes: &mut &[u8]) -> Result<Witness> {
        let (is_part, length) = <(bool, usize)>::take(bytes)?;
        let held = wire::split(bytes, length)?.to_vec();
        match (is_part, length) {
            (true, ..=PART_MAX) => Ok(Witness::Part(held)),
            (false, 32) => Ok(Witness::Digest(held)),
            _ => Err(Error::failed("a witness has a length that none has")),
        }
    }
}

/// The level of the blocks that are witnesses of so many units.
pub fn level(units: u64) -> u32 {
    units.div_ceil(WITNESSES_MAX).next_power_of_two().trailing_zeros()
}

/// The blocks that are witnesses of so many units, in order.
pub fn blocks(units: u64) -> impl Iterator<Item = Block> {
    let level = level(units);
    (0..units.div_ceil(1 << level)).map(move |index| Block { level, index })
}

/// A work whose parts have witnesses.
pub struct Witnessed {
    work: Arc<dyn Work>,
    level: u32,
}

/// The part of a run of units, and the witnesses of the blocks that lie in it.
struct Held<'a> {
    units: Range<u64>,
    part: &'a [u8],
    count: usize,
    /// The witnesses, as they travel.
    witnesses: &'a [u8],
}

impl<'a> Held<'a> {
    fn of(mut bytes: &'a [u8]) -> Result<Held<'a>> {
        let ((start, end), length) = <((u64, u64), usize)>::take(&mut bytes)?;
        let part = wire::split(&mut bytes, length)?;
        let count = usize::take(&mut bytes)?;
        Ok(Held { units: start..end, part, count, witnesses: bytes })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40 + self.part.len() + self.witnesses.len());
        (self.units.start, self.units.end).put(&mut out);
        self.part.len().put(&mut out);
        out.extend_from_slice(self.part);
        self.count.put(&mut out);
        out.extend_from_slice(self.witnesses);
        out
    }

    fn list(&self) -> Result<Vec<Witness>> {
        let mut bytes = self.witnesses;
        let list = (0..self.count).map(|_| Witness::take(&mut bytes)).collect::<Result<Vec<_>>>()?;
        if bytes.is_empty() { Ok(list) } else { Err(Error::failed("a part has bytes behind its witnesses")) }
    }
}

impl Witnessed {
    /// The same work, with witnesses.
    pub fn new(work: Arc<dyn Work>) -> Witnessed {
        let level = level(work.units());
        Witnessed { work, level }
    }

    /// The blocks that are witnesses and lie in these units.
    fn within(&self, units: &Range<u64>) -> Range<u64> {
        let all = self.work.units();
        let whole = |unit: u64| if unit == all { unit.div_ceil(1 << self.level) } else { unit >> self.level };
        units.start.div_ceil(1 << self.level)..whole(units.end)
    }

    /// The part of a run of units, with these witnesses if it is none itself.
    fn held(&self, units: Range<u64>, part: &[u8], count: usize, witnesses: &[u8]) -> Vec<u8> {
        let is_one = !units.is_empty() && units.start.trailing_zeros() >= self.level;
        let block = Block { level: self.level, index: units.start >> self.level };
        let own = match is_one && units.end == block.units().end.min(self.work.units()) {
            true => wire::bytes(&Witness::of(part)),
            false => return Held { units, part, count, witnesses }.bytes(),
        };
        Held { units, part, count: 1, witnesses: &own }.bytes()
    }

    /// What the witnesses of a block come to together, those that these are from the first on; `None` if that is not known.
    fn together(&self, block: Block, first: u64, list: &[Witness]) -> Result<Option<Vec<u8>>> {
        if block.first() >= self.work.units() {
            return Ok(Some(self.work.empty()));
        }
        let Some((left, right)) = block.halves().filter(|_| block.level > self.level) else {
            return Ok(match list.get((block.index - first) as usize) {
                Some(Witness::Part(part)) => Some(part.clone()),
                _ => None,
            });
        };
        let Some(part) = self.together(left, first, list)? else { return Ok(None) };
        if right.first() >= self.work.units() {
            return Ok(Some(part));
        }
        let Some(other) = self.together(right, first, list)? else { return Ok(None) };
        self.work.join(&part, &other, 1).map(Some)
    }

    /// Whether a part is what its witnesses come to, as far as these tell.
    fn is_their_sum(&self, held: &Held, list: &[Witness]) -> bool {
        let units = &held.units;
        let Some(first) = units.start.checked_shr(self.level).filter(|_| !list.is_empty()) else { return true };
        // The block that has these units and no others.
        let is_it = |block: &Block| block.units().end.min(self.work.units()) >= units.end;
        let block = (self.level..64).map(|level| Block { level, index: units.start >> level }).find(is_it);
        let block = block.filter(|block| block.first() == units.start);
        match block.map(|block| self.together(block, first, list)) {
            Some(Ok(Some(part))) => part == held.part,
            Some(Err(_)) => false,
            None | Some(Ok(None)) => true,
        }
    }

    fn inside(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Vec<(Range<u64>, Vec<u8>)>> {
        runs.into_iter().map(|(units, bytes)| Ok((units, Held::of(&bytes)?.part.to_vec()))).collect()
    }
}

impl Work for Witnessed {
    fn units(&self) -> u64 {
        self.work.units()
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        Box::new(WitnessedWorker { witnessed: self, worker: self.work.worker(placement) })
    }

    fn empty(&self) -> Vec<u8> {
        Held { units: 0..0, part: &self.work.empty(), count: 0, witnesses: &[] }.bytes()
    }

    fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>> {
        let (one, other) = (Held::of(left)?, Held::of(right)?);
        if other.units.is_empty() {
            return Ok(left.to_vec());
        }
        if one.units.is_empty() {
            return Ok(right.to_vec());
        }
        if one.units.end != other.units.start {
            return Err(Error::failed("parts are joined whose units are no neighbours"));
        }
        let part = self.work.join(one.part, other.part, threads)?;
        let witnesses = [one.witnesses, other.witnesses].concat();
        Ok(self.held(one.units.start..other.units.end, &part, one.count + other.count, &witnesses))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        self.work.close(Held::of(whole)?.part)
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        self.work.known(self.inside(runs)?)
    }

    fn forecast(&self) -> Forecast {
        self.work.forecast()
    }

    fn wait(&self, unit: u64) -> Option<Duration> {
        self.work.wait(unit)
    }

    fn unit_cost(&self) -> UnitCost {
        self.work.unit_cost()
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        self.work.seconds_of(units)
    }

    fn abandon(&self) {
        self.work.abandon();
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        self.work.sample()
    }

    fn stages(&self) -> Vec<u64> {
        self.work.stages()
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        if units.is_empty() {
            return part == self.empty();
        }
        let Ok(held) = Held::of(part) else { return false };
        let Ok(list) = held.list() else { return false };
        let within = self.within(&units);
        let can_be = |(index, witness): (u64, Witness)| {
            let block = Block { level: self.level, index };
            let own = block.first()..block.units().end.min(self.work.units());
            match witness {
                _ if own == units => witness == Witness::of(held.part),
                Witness::Part(part) => self.work.plausible(own, &part),
                Witness::Digest(_) => true,
            }
        };
        held.units == units
            && held.count as u64 == within.end.saturating_sub(within.start)
            && within.zip(list.iter().cloned()).all(can_be)
            && self.work.plausible(units, held.part)
            && self.is_their_sum(&held, &list)
    }

    fn numbers(&self, part: &[u8]) -> Option<NamedIntegers> {
        self.work.numbers(part)
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Vec<u8>> {
        self.work.part_of(numbers)
    }

    fn witnesses(&self, part: &[u8]) -> Result<Vec<(Block, Bytes)>> {
        let held = Held::of(part)?;
        let blocks = self.within(&held.units).map(|index| Block { level: self.level, index });
        Ok(blocks.zip(held.list()?).map(|(block, witness)| (block, Bytes(wire::bytes(&witness)))).collect())
    }

    fn without_witnesses(&self) -> Option<Arc<dyn Work>> {
        Some(self.work.clone())
    }
}

struct WitnessedWorker<'a> {
    witnessed: &'a Witnessed,
    worker: Box<dyn Worker + 'a>,
}

impl Worker for WitnessedWorker<'_> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        let Witnessed { work, level } = self.witnessed;
        let all = work.units();
        let units = block.first().min(all)..block.units().end.min(all);
        if units.is_empty() {
            return Ok(self.witnessed.empty());
        }
        match block.halves().filter(|_| block.level > *level) {
            Some((left, right)) => {
                let (left, right) = (self.block(left)?, self.block(right)?);
                // The other threads have blocks of their own.
                self.witnessed.join(&left, &right, 1)
            }
            None => Ok(self.witnessed.held(units, &self.worker.block(block)?, 0, &[])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ledger::Ledger;
    use crate::work::tests::spelled;
    use proptest::prelude::*;

    fn units(bytes: &[u8]) -> Vec<u64> {
        wire::value(bytes).unwrap()
    }

    #[test]
    fn there_are_as_many_as_there_may_be_and_each_unit_has_one() {
        for all in [0, 1, 2, 1023, 1024, 1025, 2048, 2049, 5000, 1 << 40, (1 << 40) + 1] {
            let (mut at, mut count) = (0, 0);
            for block in blocks(all) {
                assert_eq!(block.first(), at);
                at = block.units().end;
                count += 1;
            }
            assert!(count <= WITNESSES_MAX && at >= all && at < all + (1 << level(all)), "{all}");
            assert!(all < 1025 || count > WITNESSES_MAX / 2);
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(80))]

        #[test]
        fn any_order_and_any_blocks_make_the_same_witnesses(
            all in prop_oneof![1..40u64, 1000..5000u64],
            level in 0..8u32,
            stride in 1..7usize,
        ) {
            let work = Witnessed::new(spelled(all));
            let mut worker = work.worker(&Placement::here(0));
            let mut ledger = Ledger::new(&work, Block::root(all)).unwrap();
            let blocks: Vec<Block> = Block::tiling(0..all, level).collect();
            for offset in 0..stride {
                for &block in blocks.iter().skip(offset).step_by(stride) {
                    let part = worker.block(block).unwrap();
                    prop_assert!(work.plausible(block.first()..block.units().end.min(all), &part));
                    prop_assert!(!work.plausible(block.first()..block.units().end.min(all) + 1, &part));
                    ledger.record(&work, block, part).unwrap();
                }
            }
            let whole = ledger.whole().unwrap();
            prop_assert_eq!(work.close(whole).unwrap().table.rows.len() as u64, all);
            let found = work.witnesses(whole).unwrap();
            prop_assert_eq!(found.len(), super::blocks(all).count());
            for ((block, bytes), due) in found.into_iter().zip(super::blocks(all)) {
                prop_assert_eq!(block, due);
                let part = wire::bytes(&(due.first()..due.units().end.min(all)).collect::<Vec<u64>>());
                prop_assert_eq!(wire::value::<Witness>(&bytes.0).unwrap(), Witness::of(&part));
            }
        }
    }

    /// Whoever changes the part, or one of the witnesses that it is the sum of, is found out.
    #[test]
    fn a_part_is_what_its_witnesses_come_to() {
        for all in [2, 7, 64, 1025, 3000] {
            let work = Witnessed::new(spelled(all));
            let mut worker = work.worker(&Placement::here(0));
            for level in [work.level + 1, all.next_power_of_two().trailing_zeros()] {
                let last = (all - 1) >> level;
                for block in [0, last].map(|index| Block { level, index }) {
                    let units = block.first()..block.units().end.min(all);
                    let part = worker.block(block).unwrap();
                    assert!(work.plausible(units.clone(), &part), "{all}: {units:?}");
                    for at in (0..part.len()).step_by(1 + part.len() / 500) {
                        let mut forged = part.clone();
                        forged[at] ^= 1;
                        assert!(!work.plausible(units.clone(), &forged), "{all}: byte {at} of units {units:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn long_parts_are_kept_as_digests() {
        let short = wire::bytes(&vec![1u64; 127]);
        assert_eq!(Witness::of(&short), Witness::Part(short.clone()));
        let long = wire::bytes(&vec![1u64; 128]);
        let Witness::Digest(digest) = Witness::of(&long) else { panic!("{} bytes", long.len()) };
        assert_eq!(digest, Sha256::of(&long));
        assert_eq!(units(&short).len(), 127);
        // Neither a long part nor a short digest is believed.
        assert!(wire::value::<Witness>(&[&wire::bytes(&(true, long.len()))[..], &long].concat()).is_err());
        assert!(wire::value::<Witness>(&[&wire::bytes(&(false, 31usize))[..], &[0; 31]].concat()).is_err());
    }
}
