//! `--residues Q`: how many primes each class modulo Q has, of the classes coprime to Q. The sieve counts them as it counts all primes, so
//! ranges are cut into units as for a count.

use super::Sieving;
use super::by_sieve::BySieve;
use super::parted::Parted;
use super::sieving::{self, ROW_BYTES};
use crate::error::{Error, Result};
use crate::math::sieve::{self, Layout, ResidueCounter, Residues, Sieve};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::Value;
use crate::wire::{self, Wire};
use crate::work::{Answer, Forecast, Kernel, Known, Part, Work};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Ranges whose primes are counted by their residues.
pub struct ByResidue {
    sieving: Sieving,
    residues: Arc<Residues>,
    /// Where the count of each class is, by ascending residues. It is found when it is first needed.
    order: OnceLock<Arc<Vec<u32>>>,
}

/// The counts of all classes, in the order of the counter's columns; none if nothing was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassCounts {
    counts: Vec<u64>,
}

/// All counts in four bytes, or in eight if one of them needs more.
impl Wire for ClassCounts {
    fn put(&self, out: &mut Vec<u8>) {
        self.counts.len().put(out);
        match self.counts.iter().all(|&count| count <= u64::from(u32::MAX)) {
            true => put::<4>(&self.counts, out),
            false => put::<8>(&self.counts, out),
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<ClassCounts> {
        let (length, width) = <(usize, u8)>::take(bytes)?;
        let counts = match width {
            4 => take::<4>(bytes, length),
            8 => take::<8>(bytes, length),
            _ => Err(Error::failed("counts have a width that none have")),
        };
        Ok(ClassCounts { counts: counts? })
    }
}

fn put<const WIDTH: usize>(counts: &[u64], out: &mut Vec<u8>) {
    out.push(WIDTH as u8);
    out.reserve(WIDTH * counts.len());
    counts.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()[..WIDTH]));
}

fn take<const WIDTH: usize>(bytes: &mut &[u8], length: usize) -> Result<Vec<u64>> {
    let all = wire::split(bytes, length.saturating_mul(WIDTH))?;
    let count = |some: &[u8; WIDTH]| {
        let mut count = [0; 8];
        count[..WIDTH].copy_from_slice(some);
        u64::from_le_bytes(count)
    };
    Ok(all.as_chunks().0.iter().map(count).collect())
}

impl Part for ClassCounts {
    fn merge(mut self, right: ClassCounts) -> ClassCounts {
        if self.counts.is_empty() {
            return right;
        }
        self.counts.iter_mut().zip(right.counts).for_each(|(count, more)| *count += more);
        self
    }
}

/// What a thread keeps: the sieve, its layout, and the tables of the classes.
pub struct Scratch {
    sieve: Sieve,
    layout: Layout,
    counter: ResidueCounter,
}

/// The most primes that divide a modulus, and so are in no class.
const PRIMES_OF_MODULUS: u128 = 7;

impl ByResidue {
    /// The counts modulo `modulus`.
    pub fn new(sieving: Sieving, modulus: u64) -> ByResidue {
        ByResidue { sieving, residues: Arc::new(Residues::new(modulus)), order: OnceLock::new() }
    }

    fn order(&self) -> Arc<Vec<u32>> {
        let find = || Arc::new(ResidueCounter::new(&self.residues, &self.sieving.layout()).order(&self.residues));
        self.order.get_or_init(find).clone()
    }

    /// The rows of a range, one for each class.
    fn rows(&self) -> impl Fn(Span, ClassCounts) -> Result<Answer> {
        let (rows, residues, order) = (self.sieving.rows, self.residues.clone(), self.order());
        move |span, ClassCounts { counts }| {
            let count = |at: u32| counts.get(at as usize).copied().unwrap_or(0);
            let found = residues.coprime().iter().zip(&*order);
            let found = found.map(|(&residue, &at)| vec![Value::integer(residue), Value::integer(count(at))]);
            let total: u64 = counts.iter().sum();
            Ok(rows.several(span, &["residue", "count"], found, total.into(), "count"))
        }
    }
}

/// The places of the rows of ranges that have one for each of so many classes, from the places of the ranges.
pub fn places(ranges: impl IntoIterator<Item = u32>, classes: usize) -> Vec<u32> {
    let classes = classes as u32;
    ranges.into_iter().flat_map(|range| range * classes..(range + 1) * classes).collect()
}

impl Kernel for ByResidue {
    type Part = Parted<ClassCounts>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        let layout = self.sieving.layout();
        let counter = ResidueCounter::new(&self.residues, &layout);
        Scratch { sieve: self.sieving.sieve(placement), layout, counter }
    }

    fn compute(&self, unit: u64, Scratch { sieve, layout, counter }: &mut Scratch) -> Result<Parted<ClassCounts>> {
        self.sieving.base.make(sieve);
        let (first, borders) = self.sieving.borders(layout.unit(unit).0);
        let found = sieve.residues_in_parts(&self.sieving.base, layout, unit, borders, counter);
        let parts = found.into_iter().map(|counts| ClassCounts { counts }).collect();
        Ok(Parted { first: first as u64, parts })
    }

    fn answer(&self, whole: Parted<ClassCounts>) -> Result<Answer> {
        self.sieving.answer(whole, self.rows())
    }

    fn stages(&self) -> Vec<u64> {
        self.sieving.stages()
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<ClassCounts>)>) -> Result<Known> {
        let known = self.sieving.known(runs, self.rows())?;
        Ok(Known { places: places(known.places, self.residues.count()), ..known })
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<ClassCounts>) -> bool {
        let modulus = u128::from(self.residues.modulus());
        self.sieving.plausible(&units, part, |ClassCounts { counts }, numbers, primes| {
            let most = numbers.width() / modulus + 1;
            let sum: u128 = counts.iter().map(|&count| u128::from(count)).sum();
            counts.len() == self.residues.count()
                && counts.iter().all(|&count| u128::from(count) <= most)
                && (*primes.start()..=primes.end() + PRIMES_OF_MODULUS).contains(&(sum + PRIMES_OF_MODULUS))
        })
    }

    fn forecast(&self) -> Forecast {
        let (once, classes) = (self.sieving.forecast(), self.residues.count() as u64);
        let ranges = self.sieving.ranges() as u64;
        let counter = ResidueCounter::memory(self.residues.modulus(), ranges) + 16 * ranges * classes;
        let counted = self.sieving.units() * classes * sieve::CLASS_PS;
        Forecast {
            seconds: once.seconds + sieving::seconds(counted.into()),
            rank_bytes: once.rank_bytes + ROW_BYTES * ranges * classes,
            thread_bytes: once.thread_bytes + counter,
            ..once
        }
    }

    fn share(&self, units: Range<u64>) -> f64 {
        self.sieving.share(&units, self.seconds())
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        // The tables of a million classes take longer than a sample may.
        Some(Box::new(BySieve { sieving: self.sieving.sample_of_units(), verify: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PRIMES;
    use super::ClassCounts;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Given, Seeks};
    use crate::math::{lanes, trial};
    use crate::wire;
    use proptest::prelude::*;

    fn residues(modulus: u64, text: &str) -> Given {
        Given { seeks: Some(Seeks::Residues(modulus)), ..given(text) }
    }

    /// The rows of ranges, by trial division.
    fn judged(ranges: &[(u64, u64)], modulus: u64) -> Vec<[String; 4]> {
        let coprime = |a: u64| (1..=modulus).all(|d| d == 1 || !a.is_multiple_of(d) || !modulus.is_multiple_of(d));
        let classes: Vec<u64> = (0..modulus).filter(|&a| coprime(a)).collect();
        let row = |&(start, end): &(u64, u64), a: u64| {
            let count = (start..end).filter(|&n| n % modulus == a && trial::is_prime(n)).count();
            [start.to_string(), end.to_string(), a.to_string(), count.to_string()]
        };
        ranges.iter().flat_map(|range| classes.iter().map(move |&a| row(range, a))).collect()
    }

    fn check(ranges: &[(u64, u64)], modulus: u64) -> std::result::Result<(), TestCaseError> {
        let text = ranges.iter().map(|(start, end)| format!("{start}..{end}")).collect::<Vec<_>>().join(" ");
        let expect = judged(ranges, modulus);
        for lanes in lanes::usable() {
            let answer = answer((PRIMES.open)(&Given { lanes: Some(lanes), ..residues(modulus, &text) }));
            let columns = ["start", "end", "residue", "count"].map(|key| column(&answer, key));
            let rows: Vec<[String; 4]> =
                (0..columns[0].len()).map(|row| std::array::from_fn(|at| columns[at][row].clone())).collect();
            prop_assert_eq!(&rows, &expect, "{} modulo {}", text, modulus);
            let total: u64 = expect.iter().map(|row| row[3].parse::<u64>().unwrap()).sum();
            prop_assert_eq!(answer.total.unwrap(), total);
        }
        Ok(())
    }

    #[test]
    fn every_small_modulus_and_ranges_in_any_order() {
        for modulus in 1..=40 {
            check(&[(50, 1_000), (0, 50), (1_000, 1_000), (3, 20_000), (7, 8)], modulus).unwrap();
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn classes_have_the_primes_of_the_judge(
            start in prop_oneof![0..100u64, 0..3_000_000_000u64],
            widths in prop::collection::vec(0..20_000u64, 1..4),
            modulus in prop_oneof![1..100u64, 1..2_000u64],
        ) {
            let mut ranges = vec![];
            let mut at = start;
            for width in widths {
                ranges.push((at, at + width));
                at += width;
            }
            check(&ranges, modulus)?;
        }
    }

    #[test]
    fn counts_travel_in_few_bytes() {
        for (largest, bytes) in [(0, 4), (u64::from(u32::MAX), 4), (1 << 32, 8), (u64::MAX, 8)] {
            let counts = ClassCounts { counts: vec![1, largest, 0] };
            let sent = wire::bytes(&counts);
            assert_eq!(sent.len(), 8 + 1 + 3 * bytes);
            assert_eq!(wire::value::<ClassCounts>(&sent).unwrap(), counts);
        }
        assert!(wire::value::<ClassCounts>(&wire::bytes(&(usize::MAX, 8u8))).is_err());
        assert!(wire::value::<ClassCounts>(&wire::bytes(&(1usize, (3u8, 0u8)))).is_err());
    }

    #[test]
    fn a_large_modulus_has_all_its_classes() {
        let answer = answer((PRIMES.open)(&residues(1_000_000, "0..1e7")));
        assert_eq!(answer.table.rows.len(), 400_000);
        // 2 and 5 divide the modulus.
        assert_eq!(answer.total.unwrap(), 664_579 - 2);
    }
}
