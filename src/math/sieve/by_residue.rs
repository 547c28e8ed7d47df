//! Counts the primes of each residue class modulo Q, by the same sieve as all primes.
//!
//! A class of the wheel has every M-th number, so the residues modulo Q of its bits repeat: every P bits, where P is Q divided by the common
//! factor of Q and M. If Q divides M, the count of the class is all that is needed. Otherwise each bit is added to a byte of its own *column*:
//! there are P columns, or several times as many if P is small. Eight bits are added at once, so no bit is looked for. A byte holds 255; before it
//! overflows, the columns are added to the counts.
//!
//! Which residue a column stands for depends only on the class modulo the common factor. So where P is large, classes share their columns, and
//! these are emptied once in a unit. The counts of a unit are in the order of the columns: so a million of them are added one after the other
//! and not all over the memory. Who shows them puts them in the order of residues, once.
//!
//! Cost: for each 64 bits about eight cycles more than counting them; and for each unit some ten nanoseconds for each class, all told. So a layout for
//! many classes has few units ([`layout_for`]).

use super::borders::{self, Borders};
use super::{Layout, Sieve, SieveTask, SievingPrimes, inverse, part_of};
use crate::math::lanes::Lanes;
use crate::math::span::Span;
use std::ops::Range;

/// The residue classes modulo some Q that are coprime to Q.
#[derive(Debug, Clone)]
pub struct Residues {
    modulus: u32,
    coprime: Vec<u32>,
}

/// The largest modulus whose classes are counted.
pub const RESIDUES_MODULUS_MAX: u64 = 1_000_000;

impl Residues {
    /// The classes modulo `modulus`, from 1 to [`RESIDUES_MODULUS_MAX`].
    ///
    /// # Panics
    /// If it is not.
    pub fn new(modulus: u64) -> Residues {
        assert!((1..=RESIDUES_MODULUS_MAX).contains(&modulus));
        let mut is_coprime = vec![true; modulus as usize];
        let (mut rest, mut factor) = (modulus, 2);
        while rest > 1 {
            if rest.is_multiple_of(factor) {
                is_coprime.iter_mut().step_by(factor as usize).for_each(|is| *is = false);
                rest /= factor;
            } else {
                // What is left without small factors is prime.
                factor = if factor * factor > rest { rest } else { factor + 1 };
            }
        }
        let coprime = (0..).zip(is_coprime).filter_map(|(residue, is)| is.then_some(residue)).collect();
        Residues { modulus: modulus as u32, coprime }
    }

    /// The modulus Q.
    pub fn modulus(&self) -> u64 {
        self.modulus.into()
    }

    /// The residues, ascending.
    pub fn coprime(&self) -> &[u32] {
        &self.coprime
    }

    /// How many classes there are.
    pub fn count(&self) -> usize {
        self.coprime.len()
    }

    /// The index of the class of a number; nothing if the number shares a factor with the modulus.
    pub fn index(&self, number: u128) -> Option<usize> {
        self.coprime.binary_search(&((number % u128::from(self.modulus)) as u32)).ok()
    }
}

/// Lays out a span for so many classes: the time of a unit is a multiple of what its counts cost on their way to the answer.
pub fn layout_for(classes: usize) -> fn(Span, u64) -> Layout {
    match classes as u64 * CLASS_PS * SHARE / 1_000_000_000 {
        0..2 => Layout::with_borders,
        2..20 => |span, borders| Layout::with_borders(span, borders).in_long_units(20_000_000_000),
        _ => |span, borders| Layout::with_borders(span, borders).in_long_units(100_000_000_000),
    }
}

/// Picoseconds: a count on its way from the columns of a unit into the answer.
pub const CLASS_PS: u64 = 10_000;

/// How many times as long as its counts a unit takes.
const SHARE: u64 = 10;

/// What a thread counts classes with: tables for one modulus and one wheel.
pub struct ResidueCounter {
    modulus: u64,
    /// The common factor of the modulus and the wheel's modulus M.
    common: u64,
    /// After so many bits the residues repeat.
    period: u64,
    /// The inverse of M / `common` modulo the period.
    inverse: u64,
    /// How many classes there are.
    count: usize,
    /// The place among the counts of column j, for the classes of the wheel that are r modulo `common`: at r·`period` + j. It ascends.
    indices: Vec<u32>,
    /// The columns that are not yet added to the counts, for each part and each r; one for all where they are emptied after each class.
    columns: Vec<Columns>,
}

/// Columns, and how often one of them may have grown.
#[derive(Default)]
struct Columns {
    /// The last [`OVERHANG`] are those of the first ones, so that no word is cut.
    bytes: Vec<u8>,
    passes: usize,
}

/// Bits that are added at once.
const OVERHANG: usize = 64;

/// If the residues repeat sooner, there are several columns of each, and they are emptied after each class.
const COLUMNS_MIN: u64 = 1024;

/// A column grows by one in a pass, and a byte holds no more.
const PASSES_MAX: usize = 255;

/// The index of a column whose numbers share a factor with the modulus.
const NOWHERE: u32 = u32::MAX;

/// The eight bits of a byte as eight bytes, the lowest first.
static SPREAD: [u64; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte] |= ((byte as u64 >> bit) & 1) << (8 * bit);
            bit += 1;
        }
        byte += 1;
    }
    table
};

impl ResidueCounter {
    /// A counter of these classes for the wheel of a layout.
    pub fn new(residues: &Residues, layout: &Layout) -> ResidueCounter {
        let (modulus, wheel) = (residues.modulus(), layout.wheel.modulus);
        let common = gcd(modulus, wheel);
        let period = modulus / common;
        let inverse = inverse(wheel / common % period, period) % period;
        let count = residues.count();
        let mut counter = ResidueCounter { modulus, common, period, inverse, count, indices: vec![], columns: vec![] };
        counter.indices = vec![NOWHERE; modulus as usize];
        for &residue in residues.coprime() {
            let place = counter.place(residue.into());
            counter.indices[place] = 0;
        }
        let coprime = counter.indices.iter_mut().filter(|index| **index != NOWHERE);
        (0..).zip(coprime).for_each(|(at, index)| *index = at);
        counter
    }

    /// For each class, by ascending residues: where its count is.
    pub fn order(&self, residues: &Residues) -> Vec<u32> {
        residues.coprime().iter().map(|&residue| self.indices[self.place(residue.into())]).collect()
    }

    /// The bytes of a counter of so many parts.
    pub fn memory(modulus: u64, parts: u64) -> u64 {
        modulus * (4 + parts) + 2 * COLUMNS_MIN
    }

    /// The column of a number among those of its class.
    fn column(&self, number: u128) -> u64 {
        (number / u128::from(self.common) % u128::from(self.period)) as u64 * self.inverse % self.period
    }

    /// The place of its column in the table.
    fn place(&self, number: u128) -> usize {
        ((number % u128::from(self.common)) as u64 * self.period + self.column(number)) as usize
    }

    /// How many columns there are.
    fn width(&self) -> usize {
        (self.period * COLUMNS_MIN.div_ceil(self.period)) as usize
    }

    /// Whether the columns are emptied after each class.
    fn is_narrow(&self) -> bool {
        self.period < COLUMNS_MIN
    }

    /// Counts those bits of a class that lie in `bits`; bit 0 stands for `first`.
    fn add(
        &mut self,
        lanes: &Lanes,
        (first, bitmap): (u128, &[u64]),
        part: usize,
        bits: Range<usize>,
        counts: &mut [u64],
    ) {
        let (residue, column) = ((first % u128::from(self.common)) as usize, self.column(first));
        if self.period == 1 {
            if let Some(count) = counts.get_mut(self.indices[residue] as usize) {
                *count += borders::ones(lanes, bitmap, bits);
            }
        } else if self.is_narrow() && bits.len() < COLUMNS_MIN as usize {
            let indices = self.indices_of(residue);
            borders::each(bitmap, bits, |bit| {
                let index = indices[((column + bit as u64) % self.period) as usize];
                counts.get_mut(index as usize).into_iter().for_each(|count| *count += 1);
            });
        } else if !bits.is_empty() {
            let kept = if self.is_narrow() { 0 } else { part * self.common as usize + residue };
            self.columns.resize_with(self.columns.len().max(kept + 1), Columns::default);
            let mut columns = std::mem::take(&mut self.columns[kept]);
            columns.bytes.resize(self.width() + OVERHANG, 0);
            self.add_to(&mut columns, (residue, column), bitmap, bits, counts);
            if self.is_narrow() {
                self.empty(&mut columns, residue, counts);
            }
            self.columns[kept] = columns;
        }
    }

    /// Adds these bits to the columns. Bit 0 belongs to `column`.
    fn add_to(
        &self,
        columns: &mut Columns,
        (residue, column): (usize, u64),
        bitmap: &[u64],
        bits: Range<usize>,
        counts: &mut [u64],
    ) {
        let (width, words) = (self.width(), bits.start / 64..bits.end / 64 + 1);
        let passes = |words: usize| (OVERHANG * words).div_ceil(width);
        if columns.passes + passes(words.len()) > PASSES_MAX {
            self.empty(columns, residue, counts);
        }
        let [head, last] = borders::ends(bitmap, &bits);
        let inside = if words.len() > 2 { &bitmap[words.start + 1..words.end - 1] } else { &[] };
        let mut at = ((column + OVERHANG as u64 * words.start as u64) % self.period) as usize;
        let mut added = 0;
        for mut run in [&[head][..], inside, &[last]] {
            while !run.is_empty() {
                let room = (PASSES_MAX - columns.passes) * width / OVERHANG - added;
                let some;
                (some, run) = run.split_at(room.min(run.len()));
                at = add_words(&mut columns.bytes, width, at, some);
                added += some.len();
                if !run.is_empty() {
                    self.empty(columns, residue, counts);
                    added = 0;
                }
            }
        }
        columns.passes += passes(added);
    }

    /// The indices of the classes of columns.
    fn indices_of(&self, residue: usize) -> &[u32] {
        &self.indices[residue * self.period as usize..][..self.period as usize]
    }

    /// Adds the columns of a residue modulo the common factor to the counts, and empties them.
    fn empty(&self, columns: &mut Columns, residue: usize, counts: &mut [u64]) {
        let indices = self.indices_of(residue);
        for columns in columns.bytes.chunks_mut(indices.len()) {
            for (column, &index) in columns.iter_mut().zip(indices) {
                // The primes that divide the modulus are nowhere.
                if let Some(count) = counts.get_mut(index as usize) {
                    *count += u64::from(*column);
                }
                *column = 0;
            }
        }
        columns.passes = 0;
    }

    /// Adds all that is kept.
    fn empty_all(&mut self, counts: &mut [Vec<u64>]) {
        let mut all = std::mem::take(&mut self.columns);
        for (kept, columns) in all.iter_mut().enumerate().filter(|(_, columns)| columns.passes > 0) {
            let (part, residue) = (kept / self.common as usize, kept % self.common as usize);
            self.empty(columns, residue, &mut counts[part]);
        }
        self.columns = all;
    }
}

/// Adds the bits of words to columns, from column `at` on. The column behind the last word.
fn add_words(bytes: &mut [u8], width: usize, mut at: usize, words: &[u64]) -> usize {
    for &word in words {
        let columns: &mut [u8; OVERHANG] = bytes[at..].first_chunk_mut().expect("there are so many behind each");
        for (columns, bits) in columns.as_chunks_mut::<8>().0.iter_mut().zip(word.to_le_bytes()) {
            // No byte overflows, as passes are counted.
            *columns = u64::from_le_bytes(*columns).wrapping_add(SPREAD[usize::from(bits)]).to_le_bytes();
        }
        at += OVERHANG;
        if at >= width {
            at -= width;
        }
    }
    at
}

impl Sieve {
    /// The number of primes in each class of `counter`, for each part of a unit's window between `borders`, which ascend and lie within the window.
    /// [`ResidueCounter::order`] tells where that of a class is. Primes that divide the modulus are in no class.
    ///
    /// Cost: that of [`Sieve::unit_in_parts`], and about a tenth more if the modulus does not divide that of the wheel.
    pub fn residues_in_parts(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        borders: &[u128],
        counter: &mut ResidueCounter,
    ) -> Vec<Vec<u64>> {
        let (window, classes) = layout.unit(unit);
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        let mut counts = vec![vec![0; counter.count]; borders.len() + 1];
        for prime in task.own(&classes).filter(|prime| !counter.modulus.is_multiple_of(*prime)) {
            counts[part_of(prime, borders)][counter.indices[counter.place(prime.into())] as usize] += 1;
        }
        let (lanes, within) = (self.lanes, Borders::new(&task, borders));
        self.primes_by_class(task, classes, |class, bitmap| {
            let bits = within.parts(class, task.bits() as usize);
            for (part, (counts, bits)) in counts.iter_mut().zip(bits).enumerate() {
                counter.add(lanes, (task.first(class), bitmap), part, bits, counts);
            }
        });
        counter.empty_all(&mut counts);
        counts
    }
}

/// The greatest common divisor.
fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{lanes, primality};

    /// Each part of each unit against its primes, one by one.
    fn check(base: &SievingPrimes, layout: &Layout, primes: &[u128], residues: &Residues, lanes: &'static Lanes) {
        let mut sieve = Sieve::new(lanes, 32 << 10);
        let mut counter = ResidueCounter::new(residues, layout);
        let order = counter.order(residues);
        let cuts = 3u128;
        let span = Span::new(layout.unit(0).0.start(), layout.unit(layout.units() - 1).0.end()).unwrap();
        let borders: Vec<u128> = (1..cuts).map(|cut| span.start() + span.width() * cut * cut / (cuts * cuts)).collect();
        let mut found = vec![vec![0; residues.count()]; borders.len() + 1];
        for unit in 0..layout.units() {
            let window = layout.unit(unit).0;
            let first = borders.partition_point(|&border| border <= window.start());
            let last = borders.partition_point(|&border| border < window.end());
            let within = &borders[first..last.max(first)];
            let parts = sieve.residues_in_parts(base, layout, unit, within, &mut counter);
            for (all, part) in found[first..].iter_mut().zip(parts) {
                all.iter_mut().zip(part).for_each(|(all, count)| *all += count);
            }
        }
        let mut expect = vec![vec![0u64; residues.count()]; borders.len() + 1];
        for &prime in primes {
            let part = borders.partition_point(|&border| border <= prime);
            residues.index(prime).into_iter().for_each(|index| expect[part][order[index] as usize] += 1);
        }
        assert_eq!(found, expect, "modulo {} by {layout}", residues.modulus());
    }

    #[test]
    fn on_all_wheels_each_class_has_its_primes() {
        let bases: Vec<SievingPrimes> = [16, 18, 22].map(|bits| SievingPrimes::up_to(1 << bits)).into();
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        bases.iter().for_each(|base| base.make(&mut sieve));
        let mut checked = 0;
        for (start, width) in [(0u128, 400_000u128), (7, 23), (10u128.pow(12) - 7, 40_000), ((1 << 64) - 900, 1_800)] {
            let span = Span::new(start, start + width).unwrap();
            let primes: Vec<u128> = (start..span.end()).filter(|&n| primality::is_prime(n)).collect();
            for (index, layout) in Layout::all(span).enumerate() {
                let Some(base) = bases.iter().find(|base| base.bound() >= layout.bound) else { continue };
                let moduli = [1, 2, 3, 4, 30, 30_030, 60_060, 9, 17, 64, 1_001, 1_021, 1_024, 90_090];
                // A million classes take long.
                let large = if index % 8 == 0 { [999_983, 1_000_000].as_slice() } else { &[] };
                for &modulus in moduli.iter().chain(large) {
                    check(base, &layout, &primes, &Residues::new(modulus), lanes::pick(None).unwrap());
                    checked += 1;
                }
            }
        }
        assert!(checked > 100);
    }

    #[test]
    fn classes_are_those_without_a_common_factor() {
        for modulus in (1..300).chain([30_030, 999_983, 999_999, 1_000_000]) {
            let expect = (0..modulus as u32).filter(|&residue| gcd(residue.into(), modulus) == 1);
            assert_eq!(Residues::new(modulus).coprime(), expect.collect::<Vec<_>>(), "{modulus}");
        }
    }

    #[test]
    fn columns_that_are_full_are_emptied() {
        // Long classes with few columns, and wide columns that many classes share.
        let span = Span::new(10_000_000, 60_000_000).unwrap();
        let layouts = || Layout::all(span).filter(|layout| [30, 2310].contains(&layout.wheel.modulus));
        let base = SievingPrimes::up_to(8_000);
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        let mut primes = vec![];
        sieve.words(&base, span, |start, word| primes.extend(super::super::ordered::numbers(start, word)));
        // All lanes leave the same bits, so one will do.
        for layout in layouts() {
            for modulus in [1, 2, 3, 4, 30, 30_030, 60_060, 17, 1_001, 1_021, 90_090, 999_983] {
                check(&base, &layout, &primes, &Residues::new(modulus), lanes::pick(None).unwrap());
            }
        }
    }
}
