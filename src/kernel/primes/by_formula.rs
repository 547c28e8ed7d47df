//! Counting by a combinatorial formula: π(end - 1) - π(start - 1), each without finding the primes up to there. If ranges begin and
//! end at the same number, its π is computed once. The type ([`Formula`]) decides which formula it is: Gourdon's, an older one, or the
//! one that adds the primes up.

use super::formula::Formula;
use super::parted::Parted;
use super::pi::Pi;
use super::sieving::ROW_BYTES;
use super::{Rows, verify};
use crate::error::{Error, Result};
use crate::math::integer::Integer;
use crate::math::lanes::Lanes;
use crate::math::sieve::Sieve;
use crate::math::span::Span;
use crate::placement::Placement;
use crate::work::{self, Answer, Forecast, Kernel, Known, NamedIntegers, UnitCost, Work};
use std::ops::Range;

/// The formula of a number: of those below the edge.
pub type Below<F> = fn(u128, &'static Lanes) -> F;

/// How often each number is counted, and with which parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Once.
    Once,
    /// Again with other parameters, and compared.
    Twice,
    /// With the other parameters only.
    Again,
}

impl Counting {
    /// Each of them.
    #[cfg(test)]
    pub const ALL: [Counting; 3] = [Counting::Once, Counting::Twice, Counting::Again];
}

/// Ranges that are counted by a formula.
pub struct ByFormula<F: Formula> {
    spans: Vec<Span>,
    rows: Rows,
    lanes: &'static Lanes,
    /// Where spans begin or end, ascending, each edge once.
    edges: Vec<u128>,
    /// The formula for each edge; if the counts are verified, followed by those of the second counts.
    pis: Vec<F>,
    below: Below<F>,
    /// Where the units of each formula end.
    ends: Vec<u64>,
    /// The expected seconds of all.
    seconds: f64,
}

/// How many numbers may have tables at once on a rank: one that ends, one that begins, and one that a worker came back to.
const TABLES_OPEN_MAX: u64 = 3;

impl<F: Formula> ByFormula<F> {
    /// The counts of these ranges.
    pub fn new(
        spans: Vec<Span>,
        rows: Rows,
        lanes: &'static Lanes,
        counting: Counting,
        below: Below<F>,
    ) -> ByFormula<F> {
        // An empty range has no primes.
        let ends = spans.iter().filter(|span| !span.is_empty()).flat_map(|span| [span.start(), span.end()]);
        let mut edges: Vec<u128> = ends.collect();
        edges.sort_unstable();
        edges.dedup();
        let mut pis: Vec<F> = edges.iter().map(|&edge| below(edge, lanes)).collect();
        let again: Vec<F> = pis.iter().filter(|_| counting != Counting::Once).map(F::again).collect();
        match counting {
            Counting::Once => (),
            Counting::Twice => pis.extend(again),
            Counting::Again => pis = again,
        }
        let mut end = 0;
        let ends = pis.iter().map(|pi| {
            end += pi.units();
            end
        });
        let ends = ends.collect();
        let seconds = pis.iter().map(|pi| pi.forecast().seconds).sum();
        ByFormula { spans, rows, lanes, edges, pis, below, ends, seconds }
    }

    /// The numbers, and what verifies them.
    fn twice(&self) -> (&[F], &[F]) {
        self.pis.split_at(self.edges.len())
    }

    /// How its numbers are computed, for the report.
    pub fn how(&self) -> impl Iterator<Item = String> {
        self.twice().0.iter().filter_map(F::how)
    }

    /// How they are verified.
    pub fn verify(&self) -> impl Iterator<Item = String> {
        self.twice().1.iter().filter(|pi| pi.x() > 0).map(F::by)
    }

    /// What is found below an edge, from the result of its units and, if it is verified, from that of the second count.
    fn count(&self, index: usize, whole: &mut Parted<F::Sums>) -> Result<Integer> {
        let (numbers, again) = self.twice();
        let one = &numbers[index];
        let count = one.close(whole.take(index))?;
        if let Some(other) = again.get(index) {
            let second = other.close(whole.take(index + numbers.len()))?;
            verify::agree(&format!("pi({})", one.x()), (count.clone(), &*one.by()), (second, &*other.by()))?;
        }
        Ok(count.into())
    }

    /// The rows of the ranges whose counts are all there, with their places.
    fn counted(&self, counts: &[Option<Integer>]) -> Result<Known> {
        let mut known = Known::default();
        for (place, span) in (0..).zip(&self.spans) {
            let ends = match span.is_empty() {
                true => [Some(Integer::new()), Some(Integer::new())],
                false => [span.start(), span.end()]
                    .map(|edge| counts[self.edges.binary_search(&edge).expect("spans end at edges")].clone()),
            };
            let [Some(below), Some(up_to)] = ends else { continue };
            if up_to < below {
                return Err(Error::wrong("a range has fewer than 0 primes"));
            }
            known.push(place, self.rows.proven(*span, up_to - below));
        }
        Ok(known)
    }

    /// What the sums of a number are called.
    fn name(&self, index: usize) -> String {
        let of = if index < self.edges.len() { "pi" } else { "again" };
        format!("{of}({})", self.pis[index].x())
    }

    /// The units of a number.
    fn units_of(&self, index: usize) -> Range<u64> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start..self.ends[index]
    }
}

/// Expected picoseconds of counting one range alone by Gourdon's formula.
pub fn cost(span: Span, lanes: &'static Lanes) -> u128 {
    [span.start(), span.end()].map(|edge| Pi::new(edge, lanes).cost()).iter().sum()
}

/// A count of some milliseconds: its real time divided by its forecast holds for longer counts too.
pub fn sample<F: Formula>(rows: Rows, lanes: &'static Lanes, below: Below<F>) -> ByFormula<F> {
    let span = Span::new(0, F::SAMPLE_END).expect("it is not empty");
    ByFormula::new(vec![span], rows, lanes, Counting::Once, below)
}

impl<F: Formula> Kernel for ByFormula<F> {
    type Part = Parted<F::Sums>;
    /// What the current number of a thread needs.
    type Scratch = (Sieve, usize, Option<F::Open>);

    fn units(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    fn scratch(&self, placement: &Placement) -> Self::Scratch {
        (Sieve::new(self.lanes, placement.cache), 0, None)
    }

    fn compute(&self, unit: u64, (sieve, at, open): &mut Self::Scratch) -> Result<Parted<F::Sums>> {
        let index = self.ends.partition_point(|&end| end <= unit);
        if *at != index {
            (*at, *open) = (index, None);
        }
        let unit = unit - self.units_of(index).start;
        Ok(Parted::one(index, self.pis[index].compute(unit, sieve, open)))
    }

    fn answer(&self, mut whole: Parted<F::Sums>) -> Result<Answer> {
        let count = |index| Ok(Some(self.count(index, &mut whole)?));
        let counts = (0..self.edges.len()).map(count).collect::<Result<Vec<_>>>()?;
        Ok(self.counted(&counts)?.in_order().expect("there is a range"))
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<F::Sums>)>) -> Result<Known> {
        let all = |index: usize| {
            let units = self.units_of(index);
            units.is_empty() || runs.iter().any(|(run, _)| run.start <= units.start && units.end <= run.end)
        };
        let (count, twice) = (self.edges.len(), self.pis.len() > self.edges.len());
        let whole: Vec<bool> = (0..count).map(|index| all(index) && (!twice || all(index + count))).collect();
        // If all units of a number are in one run, none are in another.
        let mut parts = runs.into_iter().map(|(_, part)| part).fold(Parted::default(), work::Part::merge);
        let count = |(index, whole): (usize, bool)| whole.then(|| self.count(index, &mut parts)).transpose();
        let counts = whole.into_iter().enumerate().map(count).collect::<Result<Vec<_>>>()?;
        self.counted(&counts)
    }

    fn stages(&self) -> Vec<u64> {
        work::stages_of(self.ends.iter().copied())
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<F::Sums>) -> bool {
        let number = |unit| self.ends.partition_point(|&end| end <= unit);
        let (first, last) = (number(units.start), number(units.end - 1));
        let can_be = |(index, sums): (usize, &F::Sums)| {
            let of_it = self.units_of(index);
            let (from, to) = (units.start.max(of_it.start), units.end.min(of_it.end));
            match from < to {
                true => self.pis[index].can_be(&(from - of_it.start..to - of_it.start), sums),
                false => *sums == F::Sums::default(),
            }
        };
        part.first == first as u64 && part.parts.len() == last - first + 1 && (first..).zip(&part.parts).all(can_be)
    }

    fn numbers(&self, part: &Parted<F::Sums>) -> Option<NamedIntegers> {
        let of = (part.first as usize..).zip(&part.parts).map(|(index, sums)| F::numbers(&self.name(index), sums));
        Some(of.collect::<Option<Vec<_>>>()?.concat())
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Parted<F::Sums>> {
        let of = (0..self.pis.len()).map(|index| F::sums_of(&self.name(index), numbers));
        let mut found: Vec<Option<F::Sums>> = of.collect();
        let first = found.iter().position(Option::is_some)?;
        let end = found.iter().rposition(Option::is_some)? + 1;
        let parts = found.drain(first..end).map(Option::unwrap_or_default).collect();
        Some(Parted { first: first as u64, parts })
    }

    fn forecast(&self) -> Forecast {
        let all = self.pis.iter().map(F::forecast).fold(Forecast::default(), Forecast::then);
        let open: u64 = self.pis.iter().map(|pi| pi.forecast().open_bytes).sum();
        let rank_bytes = ROW_BYTES * (self.spans.len() as u64 - 1);
        Forecast { rank_bytes, open_bytes: open.min(TABLES_OPEN_MAX * all.open_bytes), ..all }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(sample(self.rows, self.lanes, self.below)))
    }

    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn share(&self, units: Range<u64>) -> f64 {
        let first = self.ends.partition_point(|&end| end <= units.start);
        let touched = (first..self.pis.len()).take_while(|&index| self.units_of(index).start < units.end);
        let seconds = touched.map(|index| {
            let (pi, of_it) = (&self.pis[index], self.units_of(index));
            let inside = units.start.max(of_it.start) - of_it.start..units.end.min(of_it.end) - of_it.start;
            pi.forecast().seconds * pi.share(&inside)
        });
        seconds.sum::<f64>() / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Units are cut by expected costs, which may be wrong.
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Asked;
    use super::*;
    use crate::block::Block;
    use crate::kernel::tests::column;
    use crate::math::count::gourdon::TermSums;
    use crate::math::lanes;
    use crate::wire;
    use crate::work::{Work, tests::whole};

    fn verified(start: u128, end: u128) -> ByFormula<Pi> {
        let rows = Rows { asked: Asked::Ranges, certainty: false, cumulative: false };
        let spans = vec![Span::new(start, end).unwrap()];
        ByFormula::new(spans, rows, lanes::pick(None).unwrap(), Counting::Twice, Pi::new)
    }

    #[test]
    fn all_units_together_take_all_of_the_time() {
        // Three numbers are so small that they have no units.
        let spans = [(0, 0), (2, 5), (10, 10_000_000), (3, 1 << 40)].map(|(start, end)| Span::new(start, end).unwrap());
        let rows = Rows { asked: Asked::Ranges, certainty: false, cumulative: false };
        let kernel = ByFormula::new(spans.to_vec(), rows, lanes::pick(None).unwrap(), Counting::Twice, Pi::new);
        let units = Work::units(&kernel);
        let each: f64 = (0..units).map(|unit| kernel.share(unit..unit + 1)).sum();
        approx::assert_relative_eq!(each, 1.0, max_relative = 1e-9);
        approx::assert_relative_eq!(kernel.share(0..units), 1.0, max_relative = 1e-9);
        for cut in [0, 1, units / 3, units - 1, units] {
            let parts = kernel.share(0..cut) + kernel.share(cut..units);
            approx::assert_relative_eq!(parts, 1.0, max_relative = 1e-9);
        }
    }

    #[test]
    fn counting_twice_counts_the_same() {
        for (start, end, count) in
            [(0, 0, 0), (0, 3, 1), (90_000, 200_001, 9271), (0, 1_000_001, 78498), (300_000, 10_000_000, 638_582u64)]
        {
            assert_eq!(column(&whole(&verified(start, end)), "count"), [count.to_string()], "{start}..{end}");
        }
        let how: Vec<String> = verified(90_000, 10_000_000).verify().collect();
        assert!(how[0] == "trial division" && how[1].starts_with("gourdon with y "), "{how:?}");
    }

    /// A whole in which the first count is one more than it should be.
    #[test]
    fn a_wrong_count_is_noticed() {
        let kernel = verified(0, 1_000_001);
        let mut worker = kernel.worker(&Placement::here(0));
        let bytes = Block::tiling(0..Work::units(&kernel), 0).map(|block| worker.block(block).unwrap());
        let bytes = bytes.reduce(|left, right| kernel.join(&left, &right, 1).unwrap()).unwrap();
        let mut ends: Parted<TermSums> = wire::value(&bytes).unwrap();
        let number = 1 - ends.first as usize;
        ends.parts[number].sigma += 1;
        let why = kernel.answer(ends).unwrap_err();
        assert_eq!(why.code(), 3);
        assert!(why.to_string().starts_with("pi(1000000) has two values, 78499 by gourdon with y "), "{why}");
        assert!(why.to_string().contains(", but 78498 by gourdon with y "), "{why}");
    }
}
