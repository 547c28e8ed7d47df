//! Finds the largest gap between primes, and those that are larger than all before, class by class: the primes are not put in order.
//!
//! A *thirty* is thirty numbers from a multiple of 30 on. A wide gap has several thirties in it that have no prime, and few places have so many in a
//! row. So each class only marks in which thirties it has primes. The classes of each 30 residues share a bitmap: with modulus M
//! there are M/30 of them. A run of empty thirties is where as many neighbouring bitmaps have a 0. The few primes around these
//! runs are found by testing the numbers of a thirty.
//!
//! Cost: a few percent more than counting the primes. Memory: a bit for each thirty.

use super::layout;
use super::{Layout, Sieve, SieveTask, SievingPrimes};
use crate::math::primality::is_prime;

/// The primes of a window, without those of the wheel, and the largest gap among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowGaps {
    /// How many primes there are.
    pub primes: u64,
    /// The first and the last of them.
    pub ends: Option<(u128, u128)>,
    /// The largest gap, the left one of several: how wide it is, and the prime that it starts after.
    pub largest: Option<(u128, u128)>,
}

/// The primes of a window, without those of the wheel, and some of the gaps among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WindowGapList {
    /// How many primes there are.
    pub primes: u64,
    /// The first and the last of them.
    pub ends: Option<(u128, u128)>,
    /// The gaps in order: how wide they are, and the primes that they start after.
    pub gaps: Vec<(u128, u128)>,
}

/// The widest gap that may have no empty thirty: from residue 1 of one to residue 29 of the next but one.
const WITHOUT_EMPTY_MAX: u128 = 58;

/// The least width by which gaps can be sought alone ([`Sieve::wide_gaps`]).
pub const WIDE_MIN: u128 = WITHOUT_EMPTY_MAX + 1;

/// The bytes that a thread needs to find gaps, besides those of the sieve.
pub fn gaps_memory(layout: &Layout) -> u64 {
    let (window, _) = layout.unit(layout.units() - 1);
    (window.width() / 30 / 8) as u64 + layout.wheel.modulus * PADDING as u64
}

impl Sieve {
    /// The largest gap between the primes of a unit, which must be a whole window. The primes of the wheel are left out.
    pub fn gaps(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64) -> WindowGaps {
        let (primes, thirties) = self.thirties(base, layout, unit);
        WindowGaps { primes, ends: thirties.ends(), largest: if primes > 1 { thirties.largest() } else { None } }
    }

    /// The gaps between the primes of a unit that are larger than all before them. The unit must be a whole window. The primes of the wheel
    /// are left out.
    ///
    /// Cost: what lies before the largest gap is searched again for the record before it, and so on: all that is about twice as much as the
    /// search for the largest, and so a few percent of sieving.
    pub fn record_gaps(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64) -> WindowGapList {
        let (primes, thirties) = self.thirties(base, layout, unit);
        WindowGapList { primes, ends: thirties.ends(), gaps: if primes > 1 { thirties.records() } else { vec![] } }
    }

    /// The gaps of at least this width, [`WIDE_MIN`] or more, between the primes of a unit, which must be a whole window. The primes of the wheel are
    /// left out.
    ///
    /// Cost: a few percent of sieving, and some microseconds for each gap that is nearly so wide.
    pub fn wide_gaps(&mut self, base: &SievingPrimes, layout: &Layout, unit: u64, least: u128) -> WindowGapList {
        let (primes, thirties) = self.thirties(base, layout, unit);
        WindowGapList { primes, ends: thirties.ends(), gaps: thirties.wide(least) }
    }

    /// The primes of a unit, and the thirties in which they are.
    fn thirties<'a>(&mut self, base: &'a SievingPrimes, layout: &Layout, unit: u64) -> (u64, Thirties<'a>) {
        let (window, classes) = layout.unit(unit);
        assert_eq!(classes, 0..layout.wheel.classes.len(), "a unit is a window");
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        let (lanes, mut thirties, mut primes) = (self.lanes, Thirties::new(task), 0);
        self.primes_by_class(task, classes, |class, bitmap| {
            primes += lanes.ones(bitmap);
            thirties.mark(class, bitmap);
        });
        (primes, thirties)
    }
}

/// The thirties of a window that have primes.
struct Thirties<'a> {
    task: SieveTask<'a>,
    /// Bit i of bitmap g is thirty number i·(how many bitmaps there are) + g. Behind the bits of the classes stand ones.
    bitmaps: Vec<Vec<u64>>,
    /// The words of a bitmap without those ones.
    length: usize,
}

/// The residues of a thirty that can be prime.
const RESIDUES: [u8; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The longest run of empty thirties that is looked for; and the words behind a bitmap, as far as such a run may reach.
const RUN_MAX: u64 = 120;
const PADDING: usize = RUN_MAX as usize / 64 + 3;

/// Where records are searched among so few thirties, each prime is looked at.
const FEW_THIRTIES: u64 = 256;

/// How many words are looked at together.
const CHUNK: usize = 256;

impl<'a> Thirties<'a> {
    fn new(task: SieveTask<'a>) -> Thirties<'a> {
        let length = task.bits() as usize / 64 + 1;
        let bitmap = [vec![0; length], vec![u64::MAX; PADDING]].concat();
        Thirties { task, bitmaps: vec![bitmap; (task.wheel.modulus / 30) as usize], length }
    }

    fn mark(&mut self, class: u32, bitmap: &[u64]) {
        let marks = &mut self.bitmaps[class as usize / 30];
        marks.iter_mut().zip(bitmap).for_each(|(marks, word)| *marks |= word);
    }

    fn count(&self) -> u64 {
        u64::from(self.task.bits()) * self.bitmaps.len() as u64
    }

    fn has_primes(&self, thirty: u64) -> bool {
        let groups = self.bitmaps.len() as u64;
        let (bitmap, bit) = (&self.bitmaps[(thirty % groups) as usize], thirty / groups);
        bitmap[bit as usize / 64] >> (bit % 64) & 1 == 1
    }

    /// The primes of a thirty, ascending.
    fn primes(&self, thirty: u64) -> impl DoubleEndedIterator<Item = u128> {
        let start = self.task.low() + 30 * u128::from(thirty);
        let (window, own) = (self.task.window, self.task.wheel.primes);
        let numbers = RESIDUES.into_iter().map(move |residue| start + u128::from(residue));
        numbers.filter(move |&n| window.contains(n) && !own.iter().any(|&p| u128::from(p) == n) && is_prime(n))
    }

    /// The first and the last prime.
    fn ends(&self) -> Option<(u128, u128)> {
        let first = (0..self.count()).find(|&thirty| self.has_primes(thirty))?;
        let last = (0..self.count()).rev().find(|&thirty| self.has_primes(thirty))?;
        Some((self.primes(first).next()?, self.primes(last).next_back()?))
    }

    /// The gaps of at least this width, in order.
    fn wide(&self, least: u128) -> Vec<(u128, u128)> {
        assert!(least >= WIDE_MIN, "narrower gaps may have no empty thirty");
        let (run, mut gaps) = (empty_in(least), vec![]);
        self.runs(run, self.count(), |thirty| {
            gaps.extend(self.gap_around(thirty, run).filter(|&(width, _)| width >= least));
        });
        gaps.sort_unstable_by_key(|&(_, after)| after);
        gaps
    }

    /// The gaps that are larger than all before them, in order.
    fn records(&self) -> Vec<(u128, u128)> {
        let (mut later, mut end) = (vec![], self.count());
        // Before the largest gap of all lies the largest of those before it, and so on.
        while end > FEW_THIRTIES {
            let Some((width, after)) = self.largest_before(end) else { break };
            later.push((width, after));
            end = ((after - self.task.low()) / 30) as u64 + 1;
        }
        let last = later.last().map_or(u128::MAX, |&(_, after)| after);
        let mut records = self.records_one_by_one(end, last);
        records.extend(later.into_iter().rev());
        records
    }

    /// The same of the primes up to `last` in the first thirties, by looking at each prime.
    fn records_one_by_one(&self, end: u64, last: u128) -> Vec<(u128, u128)> {
        let marked = (0..end).filter(|&thirty| self.has_primes(thirty));
        let mut primes = marked.flat_map(|thirty| self.primes(thirty)).take_while(|&prime| prime <= last);
        let (Some(mut before), mut records) = (primes.next(), Vec::<(u128, u128)>::new()) else { return vec![] };
        for prime in primes {
            if records.last().is_none_or(|&(width, _)| prime - before > width) {
                records.push((prime - before, before));
            }
            before = prime;
        }
        records
    }

    /// The largest gap.
    fn largest(&self) -> Option<(u128, u128)> {
        // Few primes may lie near each other.
        self.largest_before(self.count()).or_else(|| self.records_one_by_one(self.count(), u128::MAX).pop())
    }

    /// The largest gap whose empty thirties begin before number `end`; `None` if no gap is so wide that it must have one. The thirty before `end`
    /// has primes, or there are no more.
    fn largest_before(&self, end: u64) -> Option<(u128, u128)> {
        let mut run = self.likely_run(end);
        while run > 0 {
            let mut largest: Option<(u128, u128)> = None;
            self.runs(run, end, |thirty| {
                if let Some((width, after)) = self.gap_around(thirty, run) {
                    let wider = |&(other, start): &(u128, u128)| width > other || width == other && after < start;
                    if largest.as_ref().is_none_or(wider) {
                        largest = Some((width, after));
                    }
                }
            });
            let shorter = match largest {
                Some((width, _)) => empty_in(width),
                None => run - run.div_ceil(8),
            };
            if largest.is_some() && shorter >= run {
                return largest;
            }
            run = shorter;
        }
        None
    }

    /// About how many empty thirties the largest gap of the first thirties has: it is about ln(height)·ln(primes) wide.
    fn likely_run(&self, end: u64) -> u64 {
        let height = layout::ln_wide(self.task.window.end());
        let width = (self.task.window.width() as u64).min(30 * end);
        let primes = layout::ln(width / (height / 1000 + 1));
        (height * primes / 30_000_000).clamp(1, RUN_MAX)
    }

    /// The gap in which `run` thirties from this one on are empty. There is none if the window ends before its end.
    fn gap_around(&self, thirty: u64, run: u64) -> Option<(u128, u128)> {
        let next = (thirty + run..self.count()).find(|&thirty| self.has_primes(thirty))?;
        let (after, end) = (self.primes(thirty - 1).next_back()?, self.primes(next).next()?);
        Some((end - after, after))
    }

    /// The first thirty of each run of at least so many empty ones that follows one with primes and begins before number `end`.
    fn runs(&self, run: u64, end: u64, mut each: impl FnMut(u64)) {
        let groups = self.bitmaps.len() as u64;
        let length = self.length.min((end / groups / 64) as usize + 1);
        for group in 0..groups {
            for from in (0..length).step_by(CHUNK) {
                let mut empty = [u64::MAX; CHUNK];
                let empty = &mut empty[..CHUNK.min(length - from)];
                for later in group..group + run {
                    clear_shifted(empty, &self.bitmaps[(later % groups) as usize][from..], (later / groups) as u32);
                }
                for (index, &word) in empty.iter().enumerate().filter(|(_, word)| **word != 0) {
                    let mut firsts = word & self.before(group as usize, from + index);
                    while firsts != 0 {
                        let bit = 64 * (from + index) as u64 + u64::from(firsts.trailing_zeros());
                        let thirty = bit * groups + group;
                        if thirty < end {
                            each(thirty);
                        }
                        firsts &= firsts - 1;
                    }
                }
            }
        }
    }

    /// The thirties before those of a word. Before the first one there is none.
    fn before(&self, group: usize, at: usize) -> u64 {
        match group.checked_sub(1) {
            Some(group) => self.bitmaps[group][at],
            None => {
                let last = &self.bitmaps[self.bitmaps.len() - 1];
                last[at] << 1 | at.checked_sub(1).map_or(0, |at| last[at] >> 63)
            }
        }
    }
}

/// How many empty thirties each gap of this width or more has at least, up to [`RUN_MAX`].
fn empty_in(width: u128) -> u64 {
    (width.saturating_sub(WITHOUT_EMPTY_MAX).div_ceil(30) as u64).min(RUN_MAX)
}

/// Clears the bits that are set in `marks` so many places later.
fn clear_shifted(bits: &mut [u64], marks: &[u64], places: u32) {
    let (words, places) = (places as usize / 64, places % 64);
    let (marks, next) = (&marks[words..], &marks[words + 1..]);
    if places == 0 {
        return bits.iter_mut().zip(marks).for_each(|(bits, marks)| *bits &= !marks);
    }
    for ((bits, marks), next) in bits.iter_mut().zip(marks).zip(next) {
        *bits &= !(marks >> places | next << (64 - places));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;
    use crate::math::span::Span;

    /// The primes of a window and all gaps among them, one by one.
    fn judged(window: Span, primes: &[u128], wheel: &[u64]) -> WindowGapList {
        let own = |n: u128| wheel.iter().any(|&prime| n == u128::from(prime));
        let primes: Vec<u128> = primes.iter().copied().filter(|&n| window.contains(n) && !own(n)).collect();
        let gaps = primes.windows(2).map(|two| (two[1] - two[0], two[0])).collect();
        WindowGapList { primes: primes.len() as u64, ends: primes.first().copied().zip(primes.last().copied()), gaps }
    }

    /// The gaps that are larger than all before.
    fn records(gaps: &[(u128, u128)]) -> Vec<(u128, u128)> {
        let mut records: Vec<(u128, u128)> = vec![];
        for &gap in gaps {
            if records.last().is_none_or(|last| gap.0 > last.0) {
                records.push(gap);
            }
        }
        records
    }

    #[test]
    fn on_all_wheels_the_gaps_are_those_of_the_primes() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        let bases: Vec<SievingPrimes> = [16, 18, 22].map(|bits| SievingPrimes::up_to(1 << bits)).into();
        bases.iter().for_each(|base| base.make(&mut sieve));
        let mut windows = 0;
        for (start, width) in [
            (0u128, 30u128),
            (0, 2_000),
            (0, 5_000_000),
            (1_327, 35),
            (1_330, 30),
            (31_397, 73),
            (492_113 - 20_000, 40_000),
            (97, 1),
            (10u128.pow(12), 300_000),
            // A gap of 1132, the first so wide.
            (1_693_182_318_746_371 - 3_000, 10_000),
            ((1 << 64) - 1_500, 3_000),
            (10u128.pow(27), 3_000),
        ] {
            let span = Span::new(start, start + width).unwrap();
            let primes: Vec<u128> = (start..span.end()).filter(|&n| is_prime(n)).collect();
            for layout in Layout::all(span).map(Layout::in_whole_windows) {
                let Some(base) = bases.iter().find(|base| base.bound() >= layout.bound) else { continue };
                for unit in 0..layout.units() {
                    let window = layout.unit(unit).0;
                    let judged = judged(window, &primes, layout.wheel.primes);
                    let records = records(&judged.gaps);
                    let WindowGapList { primes, ends, .. } = judged;
                    let largest = WindowGaps { primes, ends, largest: records.last().copied() };
                    assert_eq!(sieve.gaps(base, &layout, unit), largest, "{window} by {layout}");
                    let found = sieve.record_gaps(base, &layout, unit);
                    assert_eq!(found, WindowGapList { primes, ends, gaps: records }, "{window} by {layout}");
                    for least in [WIDE_MIN, 88, 89, 120, 5000] {
                        let gaps = judged.gaps.iter().copied().filter(|gap| gap.0 >= least).collect();
                        let found = sieve.wide_gaps(base, &layout, unit, least);
                        assert_eq!(found, WindowGapList { primes, ends, gaps }, "{least} in {window} by {layout}");
                    }
                    windows += 1;
                }
            }
        }
        assert!(windows > 100);
    }

    /// Runs of all lengths, at the edges of words too: against a look at each thirty.
    #[test]
    fn runs_of_empty_thirties_are_all_found() {
        let base = SievingPrimes::up_to(100);
        for (wheel, shift) in super::super::Wheel::all().take(3).zip([0u64, 2, 5]) {
            let bits = 700;
            let window = Span::new(0, u128::from(bits * wheel.modulus)).unwrap();
            let mut thirties = Thirties::new(SieveTask { window, wheel, base: &base, bound: 100 });
            let mut state = 1u64;
            for bitmap in &mut thirties.bitmaps {
                for word in &mut bitmap[..bits as usize / 64] {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    *word = (state >> 7)
                        & (state >> 20).rotate_left(shift as u32 * 7)
                        & u64::from(state >> 60 > shift).wrapping_neg();
                }
            }
            for run in [1, 2, 3, 7, 8, 40, 64, 65, RUN_MAX] {
                let mut found = vec![];
                let end = thirties.count() / (1 + run % 3);
                thirties.runs(run, end, |thirty| found.push(thirty));
                found.sort_unstable();
                let empty = |thirty: u64| !thirties.has_primes(thirty);
                // What lies behind the bits of the classes is not asked for.
                let whole = 1..end.min(thirties.count() - run);
                let is_first = |&at: &u64| thirties.has_primes(at - 1) && (at..at + run).all(empty);
                found.retain(|at| whole.contains(at));
                assert_eq!(found, whole.filter(is_first).collect::<Vec<_>>(), "{run} by {}", wheel.modulus);
            }
        }
    }
}
