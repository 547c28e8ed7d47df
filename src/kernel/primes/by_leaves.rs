//! Counting by the combinatorial formula: π(end - 1) - π(start - 1), each without finding all primes up to there. Where one
//! range begins at the end of another, the π between them is computed once.

use super::pi::Pi;
use super::{Rows, verify};
use crate::error::{Error, Result};
use crate::math::count::gourdon::{Sums, Worker};
use crate::math::lanes::Lanes;
use crate::math::sieve::Sieve;
use crate::math::span::Span;
use crate::seat::Seat;
use crate::wire::Wire;
use crate::work::{Answer, Forecast, Kernel, Part, Temper};

pub struct ByLeaves {
    /// Each but the first begins where the one before it ends.
    spans: Vec<Span>,
    rows: Rows,
    lanes: &'static Lanes,
    /// π of what is below the first span and of what is below each one's end, and if they are verified all these again.
    pis: Vec<Pi>,
}

impl ByLeaves {
    pub fn new(span: Span, rows: Rows, lanes: &'static Lanes) -> ByLeaves {
        // An empty range has no primes wherever it is.
        let ends = [span.start(), span.end()].map(|end| if span.is_empty() { 0 } else { end });
        ByLeaves { spans: vec![span], rows, lanes, pis: ends.map(|end| Pi::new(end, lanes)).into() }
    }

    /// The ranges of both, if these begin where those before end: what is between them is counted once. Else they are
    /// given back.
    pub fn after(self, before: &mut ByLeaves) -> Option<ByLeaves> {
        let touch = before.spans.last().is_some_and(|span| !span.is_empty() && span.end() == self.spans[0].start());
        if !touch || self.spans[0].is_empty() {
            return Some(self);
        }
        before.spans.extend(self.spans);
        before.pis.extend(self.pis.into_iter().skip(1));
        None
    }

    /// The same with every number counted twice.
    pub fn verified(mut self) -> ByLeaves {
        let again: Vec<Pi> = self.pis.iter().map(|pi| pi.again(self.lanes)).collect();
        self.pis.extend(again);
        self
    }

    /// The numbers, and what verifies them.
    fn twice(&self) -> (&[Pi], &[Pi]) {
        self.pis.split_at(self.spans.len() + 1)
    }

    /// How its numbers are computed, for the report.
    pub fn how(&self) -> impl Iterator<Item = String> {
        self.twice().0.iter().filter_map(Pi::how)
    }

    /// How they are verified.
    pub fn verify(&self) -> impl Iterator<Item = String> {
        self.twice().1.iter().filter(|pi| pi.x() > 0).map(Pi::by)
    }

    /// Expected picoseconds of counting once.
    pub fn cost(&self) -> u128 {
        self.twice().0.iter().map(Pi::cost).sum()
    }
}

impl Kernel for ByLeaves {
    type Part = Ends;
    /// A worker for each of the numbers, as it gets there.
    type Scratch = (Sieve, Vec<Option<Worker>>);

    fn units(&self) -> u64 {
        self.pis.iter().map(Pi::units).sum()
    }

    fn scratch(&self, seat: &Seat) -> Self::Scratch {
        (Sieve::new(self.lanes, seat.cache), self.pis.iter().map(|_| None).collect())
    }

    fn compute(&self, mut unit: u64, (sieve, workers): &mut Self::Scratch) -> Result<Ends> {
        for (index, pi) in self.pis.iter().enumerate() {
            match unit.checked_sub(pi.units()) {
                Some(rest) => unit = rest,
                None => {
                    let mut ends = vec![Sums::default(); index];
                    ends.push(pi.compute(unit, sieve, &mut workers[index]));
                    return Ok(Ends(ends));
                }
            }
        }
        unreachable!("no unit is behind the last number's")
    }

    fn answer(&self, whole: Ends) -> Result<Answer> {
        let sums = |index: usize| whole.0.get(index).copied().unwrap_or_default();
        let close = |(index, pi): (usize, &Pi)| pi.close(sums(index));
        let counts = self.pis.iter().enumerate().map(close).collect::<Result<Vec<u128>>>()?;
        let (numbers, again) = self.twice();
        for (index, (one, other)) in numbers.iter().zip(again).enumerate() {
            let (count, second) = ((counts[index], &*one.by()), (counts[index + numbers.len()], &*other.by()));
            verify::agree(&format!("pi({})", one.x()), count, second)?;
        }
        let row = |(span, ends): (&Span, &[u128])| {
            let count = ends[1].checked_sub(ends[0]);
            let count = count.ok_or_else(|| Error::wrong("a range has fewer primes than none"))?;
            Ok(self.rows.proven(*span, count))
        };
        let mut rows = self.spans.iter().zip(counts.windows(2)).map(row);
        let first = rows.next().expect("there is a range")?;
        rows.try_fold(first, |above, row| Ok(above.then(row?)))
    }

    fn forecast(&self) -> Forecast {
        // A thread keeps its worker for each, too.
        self.pis.iter().map(Pi::forecast).fold(Forecast::default(), |all, next| Forecast {
            thread_bytes: all.thread_bytes + next.thread_bytes,
            ..all.then(next)
        })
    }

    /// Units are cut by an expectation that can be off.
    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

/// What the units of each number came to; those behind the last that has any are not there.
#[derive(Default)]
pub struct Ends(Vec<Sums>);

impl Part for Ends {
    fn merge(mut self, right: Ends) -> Ends {
        for (index, sums) in right.0.into_iter().enumerate() {
            match self.0.get_mut(index) {
                Some(ours) => *ours = ours.merge(sums),
                None => self.0.push(sums),
            }
        }
        self
    }
}

impl Wire for Ends {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Ends> {
        Ok(Ends(Wire::take(bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Asked;
    use super::*;
    use crate::block::Block;
    use crate::kernel::tests::column;
    use crate::math::lanes;
    use crate::wire;
    use crate::work::{Work, tests::whole};

    fn verified(start: u128, end: u128) -> ByLeaves {
        let rows = Rows { asked: Asked::Ranges, certainty: false };
        ByLeaves::new(Span::new(start, end).unwrap(), rows, lanes::pick(None).unwrap()).verified()
    }

    #[test]
    fn counting_twice_counts_the_same() {
        for (start, end, count) in
            [(0, 0, 0), (0, 3, 1), (90_000, 200_001, 9271), (0, 1_000_001, 78498), (300_000, 10_000_000, 638_582u64)]
        {
            assert_eq!(column(&whole(&verified(start, end)), "count"), [count.to_string()], "{start}..{end}");
        }
        let how: Vec<String> = verified(90_000, 10_000_000).verify().collect();
        assert!(how[0] == "trial division" && how[1].starts_with("leaves with y "), "{how:?}");
    }

    /// A whole in which the first count is one more than it should be.
    #[test]
    fn a_wrong_count_is_noticed() {
        let kernel = verified(0, 1_000_001);
        let mut hand = kernel.hand(&Seat::here(0));
        let bytes = Block::tiling(0..Work::units(&kernel), 0).map(|block| hand.block(block).unwrap());
        let bytes = bytes.reduce(|left, right| kernel.join(&left, &right).unwrap()).unwrap();
        let mut ends: Ends = wire::value(&bytes).unwrap();
        assert_eq!(ends.0.len(), 4);
        ends.0[1].sigma += 1;
        let why = kernel.answer(ends).unwrap_err();
        assert_eq!(why.code(), 3);
        assert!(why.to_string().starts_with("pi(1000000) has two values, 78499 by leaves with y "), "{why}");
        assert!(why.to_string().contains(", but 78498 by leaves with y "), "{why}");
    }
}
