//! What can be read off the primes of a range when they come in order.
//!
//! A unit is a window, sieved in the lines of the smallest wheel, of which the bits are put in order. What is read
//! off a window is a part that knows its edges, so that neighbours merge exactly. The parts of single primes
//! say what a [`Reading`] is; reading words is the quick way to the same.

use super::{Rows, Sieving};
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::sieve::{Layout, Sieve, SievingPrimes, ordered};
use crate::math::span::Span;
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Kernel, Part};
use std::marker::PhantomData;

/// What is found out of primes in order.
pub trait Reading: Part {
    /// Nanoseconds that reading takes for every prime, beside the sieving.
    const COST: f64;

    /// Of a single prime.
    fn one(prime: u128) -> Self;
    /// Of all primes in the words: as if those of each were merged.
    fn read(words: &Words, lanes: &Lanes) -> Self;
    fn answer(self, span: Span, rows: Rows) -> Result<Answer>;
}

/// The primes of a window but 2, 3 and 5, as bits in order: word i has those of the 240 numbers from
/// `start` + 240·i on. An empty word stands last, so that each other has one behind it.
#[derive(Default)]
pub struct Words {
    start: u128,
    bits: Vec<u64>,
}

/// The numbers that a word stands for.
const WIDTH: u128 = 240;

impl Words {
    /// The words of a window, in the room of those before.
    fn fill(&mut self, sieve: &mut Sieve, base: &SievingPrimes, layout: &Layout, unit: u64) {
        self.bits.clear();
        let mut next = 0;
        sieve.in_order(base, layout, unit, |start, word| {
            if self.bits.is_empty() {
                (self.start, next) = (start, start);
            }
            // Where there is no prime there may be no word.
            while next < start {
                self.bits.push(0);
                next += WIDTH;
            }
            assert_eq!(next, start, "words start 240 numbers apart");
            self.bits.push(word);
            next += WIDTH;
        });
        self.bits.push(0);
    }

    pub fn start(&self) -> u128 {
        self.start
    }

    /// The words with the empty one behind them.
    pub fn bits(&self) -> &[u64] {
        &self.bits
    }

    /// The primes, each as far above the start as it is.
    pub fn offsets(&self) -> impl Iterator<Item = u64> {
        let words = self.bits.iter().zip((0..).step_by(WIDTH as usize));
        words.flat_map(|(&word, at)| {
            let mut word = word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(at + ordered::OFFSETS[bit])
            })
        })
    }

    /// The first primes, `most` of them if there are so many.
    pub fn first(&self, most: usize) -> Vec<u128> {
        self.offsets().take(most).map(|offset| self.start + u128::from(offset)).collect()
    }

    /// The last ones, in their order.
    pub fn last(&self, most: usize) -> Vec<u128> {
        let mut found = Vec::new();
        for (index, &word) in self.bits.iter().enumerate().rev() {
            if found.len() >= most {
                break;
            }
            let primes: Vec<u128> = ordered::numbers(self.start + WIDTH * index as u128, word).collect();
            found.splice(0..0, primes);
        }
        found.split_off(found.len().saturating_sub(most))
    }
}

/// Primes in order over one range.
pub struct InOrder<R> {
    sieving: Sieving,
    reading: PhantomData<fn() -> R>,
}

impl<R> InOrder<R> {
    /// The layout is one in order.
    pub fn new(sieving: Sieving) -> InOrder<R> {
        InOrder { sieving, reading: PhantomData }
    }
}

/// About how many primes lie in the span.
pub fn expected(span: Span) -> f64 {
    span.width() as f64 / (span.end() as f64).ln().max(1.0)
}

impl<R: Reading> Kernel for InOrder<R> {
    type Part = R;
    type Scratch = (Sieve, Words);

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, seat: &Seat) -> (Sieve, Words) {
        (self.sieving.sieve(seat), Words::default())
    }

    fn compute(&self, unit: u64, (sieve, words): &mut (Sieve, Words)) -> Result<R> {
        let Sieving { base, layout, lanes, .. } = &self.sieving;
        base.make(sieve);
        words.fill(sieve, base, layout, unit);
        let (window, _) = layout.unit(unit);
        let wheel = [2, 3, 5].into_iter().filter(|&prime| window.contains(prime));
        Ok(wheel.map(R::one).fold(R::default(), R::merge).merge(R::read(words, lanes)))
    }

    fn answer(&self, whole: R) -> Result<Answer> {
        whole.answer(self.sieving.span, self.sieving.rows)
    }

    fn forecast(&self) -> Forecast {
        let (Sieving { span, layout, .. }, sieving) = (&self.sieving, self.sieving.forecast());
        // Beside the lines that are sieved there are those that are done, and the words.
        let ordered = 2 * (span.width() / u128::from(layout.windows()) / 30) as u64;
        let reading = 1e-9 * R::COST * expected(*span);
        Forecast { seconds: sieving.seconds + reading, thread_bytes: sieving.thread_bytes + ordered, ..sieving }
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::Asked;
    use super::*;
    use crate::math::{lanes, trial};
    use proptest::prelude::*;
    use std::sync::Arc;

    /// The reading of `start..end`, as a unit has it.
    pub fn unit<R: Reading>(start: u128, end: u128) -> R {
        let span = Span::new(start, end).unwrap();
        let lanes = lanes::pick(None).unwrap();
        let layout = Layout::in_order(span);
        let base = Arc::new(SievingPrimes::up_to(layout.bound));
        let rows = Rows { asked: Asked::Ranges, certainty: false };
        let kernel = InOrder::<R>::new(Sieving { span, rows, layout, lanes, base });
        let mut scratch = kernel.scratch(&Seat::here(0));
        (0..kernel.units()).fold(R::default(), |left, unit| left.merge(kernel.compute(unit, &mut scratch).unwrap()))
    }

    /// The primes in `start..end`, by the judge.
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

    /// However a range is cut and merged, a reading is that of the judge's primes, one by one.
    pub fn check<R: Reading + PartialEq + std::fmt::Debug>(
        (start, width, cuts, picks): (u64, u64, Vec<u64>, Vec<usize>),
    ) -> std::result::Result<R, TestCaseError> {
        let mut edges: Vec<u64> = cuts.iter().map(|cut| start + width * cut / 1000).collect();
        edges.extend([start, start + width]);
        edges.sort_unstable();
        let units = edges.windows(2).map(|two| unit::<R>(two[0].into(), two[1].into())).collect();
        let ones = primes(start, start + width).into_iter().map(R::one).collect();
        let expect: R = merged(ones, &picks);
        prop_assert_eq!(&merged::<R>(units, &picks), &expect);
        prop_assert_eq!(&unit::<R>(start.into(), (start + width).into()), &expect);
        Ok(expect)
    }
}
