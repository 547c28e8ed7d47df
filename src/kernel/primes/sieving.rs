//! How ranges are sieved: ranges that touch are sieved as one, and each has its own result.

use super::Rows;
use super::parted::Parted;
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::sieve::{self, Layout, Sieve, SievingPrimes};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::work::{self, Answer, Forecast, Known, Part, STAGE};
use std::ops::Range;
use std::sync::Arc;

/// Lays out a span in which so many borders separate ranges.
pub type LayOut = fn(Span, u64) -> Layout;

/// What a plan keeps of a layout. There may be many, so the layout is made again when it is needed.
#[derive(Clone, Copy)]
pub struct Size {
    /// How many units it has.
    pub units: u64,
    /// The bound of the sieving primes.
    pub bound: u64,
    /// Up to where they are kept; the others are made again for each unit.
    pub kept: u64,
    /// Expected picoseconds.
    pub cost: u128,
    /// How many of them go by before the first unit, while sieving primes are made.
    pub making: u128,
    /// Bytes: once for all threads, and for each.
    pub memory: (u64, u64),
}

impl Size {
    /// The same layout if all numbers of the span are tested.
    pub fn of_tests(layout: &Layout, span: Span) -> Size {
        Size { cost: sieve::tests_cost(layout, span), ..Size::of(layout) }
    }

    /// What a plan needs to know of the layout.
    pub fn of(layout: &Layout) -> Size {
        let Layout { bound, kept, .. } = *layout;
        let (cost, making, memory) = (layout.cost(), layout.making(), sieve::memory(layout));
        Size { units: layout.units(), bound, kept, cost, making, memory }
    }
}

/// Ranges that are sieved as one.
pub struct Sieving {
    /// Where the ranges begin; each but the first begins where the one before ends; and where the last one ends.
    pub edges: Vec<u128>,
    /// How ranges become rows.
    pub rows: Rows,
    /// What is known of the layout.
    pub size: Size,
    /// Makes the layout.
    pub lay_out: LayOut,
    /// The instruction set.
    pub lanes: &'static Lanes,
    /// The sieving primes, which all runs of ranges share.
    pub base: Arc<SievingPrimes>,
    /// Whether each number is tested instead, for a check.
    pub by_tests: bool,
}

impl Sieving {
    /// From the beginning of the first range to the end of the last.
    pub fn span(&self) -> Span {
        Span::new(self.edges[0], self.edges[self.ranges()]).expect("edges ascend")
    }

    /// How many ranges there are.
    pub fn ranges(&self) -> usize {
        self.edges.len() - 1
    }

    /// One of them.
    pub fn range(&self, index: usize) -> Span {
        Span::new(self.edges[index], self.edges[index + 1]).expect("edges ascend")
    }

    /// How many units there are; 0 if there are no numbers.
    pub fn units(&self) -> u64 {
        if self.span().is_empty() { 0 } else { self.size.units }
    }

    /// The layout of all ranges.
    pub fn layout(&self) -> Layout {
        (self.lay_out)(self.span(), self.ranges() as u64 - 1)
    }

    /// A sieve for one thread.
    pub fn sieve(&self, placement: &Placement) -> Sieve {
        let sieve = Sieve::new(self.lanes, placement.cache);
        if self.by_tests { sieve.by_tests() } else { sieve }
    }

    /// What sieving is expected to take.
    pub fn forecast(&self) -> Forecast {
        let (shared_bytes, thread_bytes) = self.size.memory;
        let rank_bytes = ROW_BYTES * self.ranges() as u64;
        Forecast { seconds: seconds(self.size.cost), rank_bytes, shared_bytes, thread_bytes, ..Forecast::default() }
    }

    /// The part of so many seconds that these units take, if all units take them: the sieving primes are made while the first one is computed.
    pub fn share(&self, units: &Range<u64>, seconds: f64) -> f64 {
        let making = (self::seconds(self.size.making) / seconds.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let of_all = (units.end - units.start) as f64 / self.units().max(1) as f64;
        let makes = if units.start == 0 && units.end > 0 { making } else { 0.0 };
        makes + (1.0 - making) * of_all
    }

    /// Where stages end: behind ranges, so that the rows of the first ones come first, however many threads there are.
    pub fn stages(&self) -> Vec<u64> {
        let (layout, units) = (self.layout(), self.units());
        let reached = |unit: u64| layout.covered(0..unit).map_or(self.edges[0], |covered| covered.end());
        let inner = &self.edges[1..self.ranges()];
        let (mut ends, mut begun) = (vec![], 0);
        // There may be a million ranges, but never so many stages.
        while begun + STAGE < units {
            let next = inner.partition_point(|&edge| edge < reached(begun + STAGE));
            let Some(&edge) = inner.get(next) else { break };
            let (mut low, mut high) = (begun + STAGE, units);
            while low < high {
                let middle = low + (high - low) / 2;
                if reached(middle) < edge { low = middle + 1 } else { high = middle }
            }
            ends.push(low);
            begun = low;
        }
        work::stages_of(ends.into_iter().chain([units]))
    }

    /// A smaller sieving of this kind, which takes some milliseconds: a narrow range, as high as this one as far as its sieving primes are
    /// made at once.
    pub fn sample(&self) -> Sieving {
        const SAMPLE_WIDTH: u128 = 30_000_000;
        const SIEVE_SAMPLE_END: u128 = 10_000_000_000_000;
        let end = self.span().end().clamp(SAMPLE_WIDTH, SIEVE_SAMPLE_END);
        let edges = vec![end - SAMPLE_WIDTH, end];
        let size = Size::of(&(self.lay_out)(Span::new(edges[0], edges[1]).expect("edges ascend"), 0));
        Sieving { edges, size, base: Arc::new(SievingPrimes::up_to(size.bound)), by_tests: false, ..*self }
    }

    /// A sample of works that are expected to take as long for every unit: the first units, if they take some milliseconds. Their wheel and
    /// windows are those of all.
    pub fn sample_of_units(&self) -> Sieving {
        self.first_units().unwrap_or_else(|| self.sample())
    }

    fn first_units(&self) -> Option<Sieving> {
        const SAMPLE_PS: u128 = 10_000_000_000;
        let span = self.span();
        let size = Size::of(&(self.lay_out)(span, 0));
        let all = u128::from(size.units.max(1));
        let unit = (size.cost.saturating_sub(size.making) / all).max(1);
        let units = (SAMPLE_PS / unit).clamp(1, all);
        let is_short = (SAMPLE_PS / 4..SAMPLE_PS * 4).contains(&(units * unit)) && size.making < SAMPLE_PS;
        let size = Size { units: units as u64, cost: units * unit, making: 0, ..size };
        let edges = vec![span.start(), span.end()];
        is_short.then(|| Sieving { edges, size, base: Arc::clone(&self.base), by_tests: false, ..*self })
    }

    /// The range in which a window begins, and the borders that lie within the window.
    pub fn borders(&self, window: Span) -> (usize, &[u128]) {
        let inner = &self.edges[1..self.ranges()];
        let from = inner.partition_point(|&edge| edge <= window.start());
        let to = inner.partition_point(|&edge| edge < window.end());
        (from, &inner[from..to.max(from)])
    }

    /// The rows of all ranges, each made from the result of its range.
    ///
    /// # Errors
    /// Those of `row`.
    pub fn answer<P: Part>(&self, whole: Parted<P>, row: impl Fn(Span, P) -> Result<Answer>) -> Result<Answer> {
        let parts = whole.all(self.ranges()).into_iter().enumerate();
        let rows = parts.map(|(index, part)| row(self.range(index), part));
        Answer::one_after_the_other(rows)
    }

    /// The same of rows that are about a range and all before it.
    ///
    /// # Errors
    /// Those of `row`.
    pub fn known_from_the_first<P: Part + Clone>(
        &self,
        runs: Vec<(Range<u64>, Parted<P>)>,
        row: impl Fn(Span, P) -> Result<Answer>,
    ) -> Result<Known> {
        // Where something before is missing, no total is known.
        let first = runs.into_iter().filter(|(units, _)| units.start == 0);
        let totals = first.map(|(units, part)| (units, part.running_totals(self.ranges())));
        self.known(totals.collect(), row)
    }

    /// The rows of those ranges whose units are all done.
    ///
    /// # Errors
    /// Those of `row`.
    pub fn known<P: Part>(
        &self,
        runs: Vec<(Range<u64>, Parted<P>)>,
        row: impl Fn(Span, P) -> Result<Answer>,
    ) -> Result<Known> {
        let (layout, mut known) = (self.layout(), Known::default());
        for (units, mut part) in runs {
            let Some(covered) = layout.covered(units) else { continue };
            let first = self.edges.partition_point(|&edge| edge < covered.start());
            for index in first..self.ranges() {
                let range = self.range(index);
                if range.end() > covered.end() {
                    break;
                }
                known.push(index as u32, row(range, part.take(index))?);
            }
        }
        Ok(known)
    }
}

/// Bytes of a row on its way out, measured.
pub const ROW_BYTES: u64 = 720;

/// Expected seconds of so many picoseconds.
pub fn seconds(picoseconds: u128) -> f64 {
    picoseconds as f64 * 1e-12
}
