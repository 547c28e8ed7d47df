//! Results that need the primes of a range in order.
//!
//! A unit is a window. Mostly it is sieved with the smallest wheel, whose bits are put in order; tuplets are found without that. The
//! result of a window knows its edges, so that neighbours merge exactly. A [`Reading`] is defined by the result of a single prime;
//! reading whole windows is a faster way to the same.

use super::parted::Parted;
use super::sieving::LayOut;
use super::{Rows, Sieving};
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::sieve::{Layout, Sieve, SievingPrimes, ordered};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::work::{Answer, Forecast, Kernel, Known, Part};
use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// A result that needs the primes in order.
pub trait Reading: Part + Clone + 'static {
    /// Nanoseconds that reading takes for every prime, in addition to the sieving.
    const COST: f64;
    /// How ranges are laid out for it. A unit must be a whole window.
    const LAY_OUT: LayOut = |span, _| Layout::in_order(span);

    /// The result of a single prime.
    fn one(prime: u128) -> Self;
    /// The results of the parts of a unit's window between `borders`, without the primes of the wheel: as if those of each prime were
    /// merged.
    fn read(reader: &mut Reader, unit: u64, borders: &[u128]) -> Vec<Self>;
    /// The bytes that a thread needs to read a window, besides those of the sieve.
    fn thread_bytes(layout: &Layout) -> u64;
    fn answer(self, span: Span, rows: Rows) -> Result<Answer>;
    /// Whether it can be the result of so many primes in the span.
    fn fits(&self, span: Span, primes: &RangeInclusive<u128>) -> bool;
}

/// The primes of a window without 2, 3 and 5, as bits in order: word i has those of the 240 numbers from `start` + 240·i on. The last word
/// is empty, so that every other word has a next one.
#[derive(Default)]
pub struct Words {
    start: u128,
    bits: Vec<u64>,
}

/// The numbers that a word stands for.
pub const WORD_WIDTH: u128 = 240;

impl Words {
    /// The words of a window; the old ones are replaced.
    pub fn fill(&mut self, sieve: &mut Sieve, base: &SievingPrimes, layout: &Layout, unit: u64) {
        self.begin();
        sieve.in_order(base, layout, unit, |start, word| self.push(start, word));
        self.end();
    }

    /// The same of the candidates that the sieve leaves. Returns whether all are primes.
    pub fn fill_untested(&mut self, sieve: &mut Sieve, base: &SievingPrimes, layout: &Layout, unit: u64) -> bool {
        self.begin();
        let are_primes = sieve.candidates_in_order(base, layout, unit, |start, word| self.push(start, word));
        self.end();
        are_primes
    }

    /// Begins anew, without words.
    pub fn begin(&mut self) {
        self.bits.clear();
    }

    /// Adds the empty word at the end.
    pub fn end(&mut self) {
        self.bits.push(0);
    }

    /// Adds the word that begins at `start`. There may be no word where there is no prime.
    #[inline]
    pub fn push(&mut self, start: u128, word: u64) {
        if self.bits.is_empty() {
            self.start = start;
        }
        let above = (start - self.start) as u64;
        let place = above / WORD_WIDTH as u64;
        assert!(
            above.is_multiple_of(WORD_WIDTH as u64) && place >= self.bits.len() as u64,
            "words start 240 numbers apart"
        );
        self.bits.resize(place as usize, 0);
        self.bits.push(word);
    }

    /// The words of the numbers in `from..to` alone.
    pub fn part(&self, from: u128, to: u128) -> Words {
        let [(first, below_first), (last, below_last)] = [from, to].map(|number| self.place(number));
        // The last word is empty, here and there.
        let mut bits: Vec<u64> = self.bits[first..=last].to_vec();
        if let Some(last) = bits.last_mut() {
            *last &= below_last;
        }
        if let Some(first) = bits.first_mut() {
            *first &= !below_first;
        }
        bits.push(0);
        Words { start: self.start + WORD_WIDTH * first as u128, bits }
    }

    /// How many bits are set of the numbers in `from..to`.
    pub fn count(&self, from: u128, to: u128, lanes: &Lanes) -> u64 {
        let [(first, below_first), (last, below_last)] = [from, to].map(|number| self.place(number));
        if first > last {
            return 0;
        }
        let beside = (self.bits[first] & below_first).count_ones() + (self.bits[last] & !below_last).count_ones();
        lanes.ones(&self.bits[first..=last]).saturating_sub(beside.into())
    }

    /// The word in which a number is, and the bits that stand for numbers below it.
    fn place(&self, number: u128) -> (usize, u64) {
        let offset = number.saturating_sub(self.start);
        let bit = ordered::OFFSETS.partition_point(|&above| u128::from(above) < offset % WORD_WIDTH);
        let below = 1u64.checked_shl(bit as u32).map_or(u64::MAX, |bit| bit - 1);
        ((offset as usize / WORD_WIDTH as usize).min(self.bits.len() - 1), below)
    }

    /// The number that bits are counted from.
    pub fn start(&self) -> u128 {
        self.start
    }

    /// The words, with the empty one at the end.
    pub fn bits(&self) -> &[u64] {
        &self.bits
    }

    /// The primes, counted from the start.
    pub fn offsets(&self) -> impl Iterator<Item = u64> {
        let words = self.bits.iter().zip((0..).step_by(WORD_WIDTH as usize));
        words.flat_map(|(&word, at)| ordered::ones(word).map(move |bit| at + ordered::OFFSETS[bit]))
    }
}

/// What a thread reads windows with.
pub struct Reader {
    /// The sieve.
    pub sieve: Sieve,
    /// The layout of all ranges.
    pub layout: Layout,
    /// The sieving primes.
    pub base: Arc<SievingPrimes>,
    /// The instruction set.
    pub lanes: &'static Lanes,
    words: Words,
}

impl Reader {
    /// The results of the parts of a unit's window between `borders`, each read from its words in order. The layout must be one that
    /// [`Layout::in_order`] makes.
    pub fn in_order<R>(&mut self, unit: u64, borders: &[u128], read: impl Fn(&Words, &Lanes) -> R) -> Vec<R> {
        let Reader { sieve, layout, base, words, lanes } = self;
        words.fill(sieve, base, layout, unit);
        if borders.is_empty() {
            return vec![read(words, lanes)];
        }
        let edges = edges(layout.unit(unit).0, borders);
        edges.windows(2).map(|edges| read(&words.part(edges[0], edges[1]), lanes)).collect()
    }
}

/// Where the parts of a window begin, and where the last one ends.
fn edges(window: Span, borders: &[u128]) -> Vec<u128> {
    [&[window.start()], borders, &[window.end()]].concat()
}

/// The bytes of a window's classes and of its words in order.
pub fn bytes_in_order(layout: &Layout) -> u64 {
    2 * (layout.unit(layout.units() - 1).0.width() / 30) as u64
}

/// Readings of the primes of ranges that touch.
pub struct InOrder<R> {
    sieving: Sieving,
    reading: PhantomData<fn() -> R>,
}

impl<R: Reading> InOrder<R> {
    /// The layout is one that the reading makes.
    pub fn new(sieving: Sieving) -> InOrder<R> {
        InOrder { sieving, reading: PhantomData }
    }

    fn row(&self) -> impl Fn(Span, R) -> Result<Answer> {
        let rows = self.sieving.rows;
        move |span, reading| reading.answer(span, rows)
    }
}

/// About how many primes lie in the span.
pub fn expected(span: Span) -> f64 {
    span.width() as f64 / (span.end() as f64).ln().max(1.0)
}

impl<R: Reading> Kernel for InOrder<R> {
    type Part = Parted<R>;
    type Scratch = Reader;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Reader {
        let Sieving { base, lanes, .. } = &self.sieving;
        let (sieve, layout) = (self.sieving.sieve(placement), self.sieving.layout());
        Reader { sieve, layout, base: base.clone(), lanes, words: Words::default() }
    }

    fn compute(&self, unit: u64, reader: &mut Reader) -> Result<Parted<R>> {
        self.sieving.base.make(&mut reader.sieve);
        let (window, _) = reader.layout.unit(unit);
        let (first, borders) = self.sieving.borders(window);
        let read = R::read(reader, unit, borders);
        // The primes of the wheel are below all others.
        let wheel = |edges: &[u128]| {
            let numbers = edges[0]..edges[1];
            let own = reader.layout.wheel.primes.iter().map(|&prime| u128::from(prime));
            own.filter(move |prime| numbers.contains(prime)).map(R::one).fold(R::default(), R::merge)
        };
        let edges = edges(window, borders);
        let parts = edges.windows(2).zip(read).map(|(edges, read)| wheel(edges).merge(read));
        Ok(Parted { first: first as u64, parts: parts.collect() })
    }

    fn answer(&self, whole: Parted<R>) -> Result<Answer> {
        let whole = if self.sieving.rows.cumulative { whole.running_totals(self.sieving.ranges()) } else { whole };
        self.sieving.answer(whole, self.row())
    }

    fn stages(&self) -> Vec<u64> {
        self.sieving.stages()
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<R>)>) -> Result<Known> {
        if !self.sieving.rows.cumulative {
            return self.sieving.known(runs, self.row());
        }
        self.sieving.known_from_the_first(runs, self.row())
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<R>) -> bool {
        self.sieving.plausible(&units, part, |found, numbers, primes| found.fits(numbers, primes))
    }

    fn seconds(&self) -> f64 {
        self.sieving.forecast().seconds + 1e-9 * R::COST * expected(self.sieving.span())
    }

    fn forecast(&self) -> Forecast {
        let sieving = self.sieving.forecast();
        let thread_bytes = sieving.thread_bytes + R::thread_bytes(&self.sieving.layout());
        Forecast { seconds: self.seconds(), thread_bytes, ..sieving }
    }

    fn share(&self, units: Range<u64>) -> f64 {
        self.sieving.share(&units, self.seconds())
    }

    fn sample(&self) -> Option<Box<dyn crate::work::Work>> {
        Some(Box::new(InOrder::<R>::new(self.sieving.sample())))
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::rows::Asked;
    use super::super::sieving::Size;
    use super::*;
    use crate::math::{lanes, trial};
    use proptest::prelude::*;

    /// The reading of `start..end`, as a unit has it.
    pub fn unit<R: Reading>(start: u128, end: u128) -> R {
        let span = Span::new(start, end).unwrap();
        parts::<R>(&[span.start(), span.end()]).remove(0)
    }

    /// The readings between edges, all computed as one.
    fn parts<R: Reading>(edges: &[u128]) -> Vec<R> {
        let span = Span::new(edges[0], edges[edges.len() - 1]).unwrap();
        let size = Size::of(&R::LAY_OUT(span, edges.len() as u64 - 2));
        let base = Arc::new(SievingPrimes::up_to(size.bound));
        let rows = Rows { asked: Asked::Ranges, certainty: false, cumulative: false };
        let (lay_out, lanes) = (R::LAY_OUT, lanes::pick(None).unwrap());
        let kernel =
            InOrder::<R>::new(Sieving { edges: edges.to_vec(), rows, size, lay_out, lanes, base, by_tests: false });
        let mut scratch = kernel.scratch(&Placement::here(0));
        let units = (0..kernel.units()).map(|unit| kernel.compute(unit, &mut scratch).unwrap());
        units.fold(Parted::default(), Part::merge).all(edges.len() - 1)
    }

    /// The primes in `start..end`, by trial division.
    pub fn primes(start: u64, end: u64) -> Vec<u128> {
        (start..end).filter(|&n| trial::is_prime(n)).map(u128::from).collect()
    }

    /// Parts merged in the shape of some tree: neighbours in the order that `picks` say.
    fn merged<R: Reading>(mut parts: Vec<R>, picks: &[usize]) -> R {
        let mut picks = picks.iter().cycle();
        while parts.len() > 1 {
            let at = picks.next().unwrap() % (parts.len() - 1);
            let right = parts.remove(at + 1);
            let left = std::mem::take(&mut parts[at]);
            parts[at] = left.merge(right);
        }
        parts.pop().unwrap_or_default()
    }

    /// A range, where to cut it (as parts of 1000), and a shape.
    pub fn cases() -> impl Strategy<Value = (u64, u64, Vec<u64>, Vec<usize>)> {
        let start = prop_oneof![2 => 0..40u64, 1 => 0..10_000u64, 2 => 0..3_000_000_000u64];
        let width = prop_oneof![1 => 0..60u64, 2 => 0..2_000u64];
        let cuts = prop::collection::vec(0..1000u64, 0..12);
        (start, width, cuts, prop::collection::vec(any::<usize>(), 1..9))
    }

    /// However a range is cut and merged, the result is that of its single primes.
    pub fn check<R: Reading + PartialEq + std::fmt::Debug>(
        (start, width, cuts, picks): (u64, u64, Vec<u64>, Vec<usize>),
    ) -> std::result::Result<R, TestCaseError> {
        let mut edges: Vec<u64> = cuts.iter().map(|cut| start + width * cut / 1000).collect();
        edges.extend([start, start + width]);
        edges.sort_unstable();
        let units: Vec<R> = edges.windows(2).map(|two| unit::<R>(two[0].into(), two[1].into())).collect();
        let edges: Vec<u128> = edges.into_iter().map(u128::from).collect();
        prop_assert_eq!(&parts::<R>(&edges), &units);
        let ones = primes(start, start + width).into_iter().map(R::one).collect();
        let expect: R = merged(ones, &picks);
        prop_assert_eq!(&merged::<R>(units, &picks), &expect);
        prop_assert_eq!(&unit::<R>(start.into(), (start + width).into()), &expect);
        Ok(expect)
    }
}
