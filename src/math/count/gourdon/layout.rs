//! How the terms are cut into units of about equal cost.
//!
//! D, A with C, B and Φ0 are cut by the expected cost of each number; Σ is one unit. The units of the terms come in turns. Everything is
//! done in integers: two hosts must never cut differently.

use super::d;
use super::params::Params;
use super::turns::{TERMS, Turns};
use crate::math::cut::Cut;
use crate::math::lanes::WORD;
use crate::math::span::Span;
use std::ops::Range;

/// The units of one formula.
pub struct FormulaLayout {
    params: Params,
    hard: TermSlices,
    low: TermSlices,
    high: TermSlices,
    ordinary: u64,
    turns: Turns,
}

/// What the units of a formula cost: those of a term are about equal, those of different terms are not.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnitCosts {
    turns: Turns,
    /// Expected picoseconds of all units of each term.
    costs: [u128; TERMS],
}

impl UnitCosts {
    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.turns.units()
    }

    /// Expected picoseconds of all units on one thread.
    pub fn whole(&self) -> u128 {
        self.costs.iter().sum()
    }

    /// The part of that which these units take, from 0 to 1.
    pub fn share(&self, units: &Range<u64>) -> f64 {
        let [start, end] = [units.start, units.end].map(|unit| self.turns.before(unit));
        let of = |term: usize| {
            let inside = end[term].saturating_sub(start[term]) as f64;
            self.costs[term] as f64 * inside / self.turns.counts()[term].max(1) as f64
        };
        (0..TERMS).map(of).sum::<f64>() / self.whole().max(1) as f64
    }
}

/// One unit.
#[derive(Debug, PartialEq, Eq)]
pub enum Unit {
    /// A slice of D, and where the one before begins.
    Hard(Range<u64>, Option<u64>),
    /// A slice of the numbers up to sqrt x, or beyond.
    Low(Range<u64>),
    High(Range<u64>),
    /// The part of Φ0 with m above the first number and up to the second.
    Ordinary(u64, u64),
    Sigma,
}

/// What units belong to, in the order of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormulaTerm {
    Hard,
    Low,
    High,
    Ordinary,
    Sigma,
}

impl FormulaTerm {
    const ALL: [FormulaTerm; TERMS] =
        [FormulaTerm::Hard, FormulaTerm::Low, FormulaTerm::High, FormulaTerm::Ordinary, FormulaTerm::Sigma];
}

/// A span in slices whose edges are multiples of 240.
struct TermSlices {
    cut: Cut,
    end: u64,
    cost: u128,
}

/// Picoseconds: handling one prime in one word, and counting the word again; one leaf of D; one place of A or C; sieving one number in
/// order; one place of B; one ordinary leaf. The first three are between those fitted to D's units at 10^15 to 10^17 with AVX2 and with AVX-512
/// (Intel). With constants of their own eight of ten units are within 16 %.
const WORD_TURN_PS: u64 = 65;
const RECOUNT_PS: u64 = 250;
const LEAF_PS: u64 = 1_700;
const PLACE_PS: u64 = 1_300;
const SIEVED_PS: u64 = 150;
const QUERY_PS: u64 = 6_000;
const ORDINARY_LEAF_PS: u64 = 9_000;

/// Picoseconds that a unit takes at least, if there are enough units; and the most units of a term, unless they take longer than
/// the second time.
const TERM_UNIT_SHORT_PS: u128 = 1_500_000_000;
const TERM_UNIT_LONG_PS: u128 = 500_000_000_000;
const TERM_UNITS_MAX: u128 = 1024;

impl TermSlices {
    fn new(from: u64, end: u64, cost: impl Fn(u64) -> u64) -> TermSlices {
        let span = Span::new(from.into(), end.max(from).into()).expect("it does not end before it begins");
        let units = |cost: u128| {
            (cost / SCALE / TERM_UNIT_SHORT_PS).min(TERM_UNITS_MAX.max(cost / SCALE / TERM_UNIT_LONG_PS)).max(1) as u64
        };
        let cut = Cut::by_cost(span, |n| cost(n as u64), units);
        TermSlices { end, cost: cut.whole() / SCALE, cut }
    }

    fn count(&self) -> u64 {
        self.cut.pieces()
    }

    fn slice(&self, index: u64) -> Range<u64> {
        let edge = |n: u128| if n as u64 == self.end { self.end } else { n as u64 / WORD * WORD };
        let piece = self.cut.piece(index);
        edge(piece.start())..edge(piece.end())
    }
}

/// Costs of a number are counted in 1024ths of a picosecond.
const SCALE: u128 = 1024;

impl FormulaLayout {
    /// The layout for one x.
    pub fn new(params: &Params) -> FormulaLayout {
        let middle = middle(params);
        let end = (params.xy() + 1).next_multiple_of(WORD).max(middle);
        let hard = TermSlices::new(d::start(params), d::end(params), |v| hard(params, v));
        let low = TermSlices::new(0, middle, |v| low(params, v));
        let high = TermSlices::new(middle, end, |v| high(params, v));
        let ordinary = (ordinary(params) / TERM_UNIT_SHORT_PS).clamp(1, TERM_UNITS_MAX) as u64;
        let turns = Turns::new([hard.count(), low.count(), high.count(), ordinary, 1]);
        FormulaLayout { params: *params, hard, low, high, ordinary, turns }
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.turns.units()
    }

    /// What a unit computes.
    pub fn unit(&self, unit: u64) -> Unit {
        let (term, index) = self.turns.place(unit);
        self.unit_of(FormulaTerm::ALL[term], index)
    }

    /// What a unit of a term computes.
    fn unit_of(&self, term: FormulaTerm, index: u64) -> Unit {
        match term {
            FormulaTerm::Hard => {
                // A slice can be empty if units are shorter than a word.
                let before = (0..index).rev().map(|index| self.hard.slice(index)).find(|slice| !slice.is_empty());
                Unit::Hard(self.hard.slice(index), before.map(|slice| slice.start))
            }
            FormulaTerm::Low => Unit::Low(self.low.slice(index)),
            FormulaTerm::High => Unit::High(self.high.slice(index)),
            FormulaTerm::Ordinary => {
                let edge = |index| (u128::from(self.params.z) * u128::from(index) / u128::from(self.ordinary)) as u64;
                Unit::Ordinary(edge(index), edge(index + 1))
            }
            FormulaTerm::Sigma => Unit::Sigma,
        }
    }

    /// The numbers of those of the `units` that belong to a term; `None` if none does.
    pub fn numbers(&self, term: FormulaTerm, units: &Range<u64>) -> Option<Range<u64>> {
        let [first, end] = [units.start, units.end].map(|unit| self.turns.before(unit)[term as usize]);
        let edges = |index| match self.unit_of(term, index) {
            Unit::Hard(slice, _) | Unit::Low(slice) | Unit::High(slice) => slice,
            Unit::Ordinary(after, last) => after..last,
            Unit::Sigma => 0..0,
        };
        (first < end).then(|| edges(first).start..edges(end - 1).end)
    }

    /// Expected picoseconds of the terms with this name.
    pub fn expected(&self, term: &str) -> u128 {
        match term {
            "D" => self.hard.cost,
            "A, C" => self.low.cost,
            "B" => self.high.cost,
            "phi0" => ordinary(&self.params),
            _ => 0,
        }
    }

    /// What its units cost.
    pub fn unit_costs(&self) -> UnitCosts {
        let costs = [self.hard.cost, self.low.cost, self.high.cost, ordinary(&self.params), 0];
        UnitCosts { turns: self.turns, costs }
    }
}

/// The end of the numbers up to sqrt x.
pub fn middle(params: &Params) -> u64 {
    (params.sqrt_x + 1).next_multiple_of(WORD)
}

/// ln n in 1024ths; the error is below 1 %.
fn ln(n: u128) -> u64 {
    let n = n.max(2);
    let bits = n.ilog2();
    let mantissa = (n << 20 >> bits) as u64 - (1 << 20);
    // log2(1 + f) is nearly f + 0.34·f·(1 - f).
    let bend = ((mantissa * ((1 << 20) - mantissa)) >> 20) * 348 / 1024;
    let log2 = (u64::from(bits) << 20) + mantissa + bend;
    (log2 * 710) >> 20
}

/// x/v² in 1024ths, as far as it matters.
fn density(params: &Params, v: u64) -> u128 {
    let v = u128::from(v.max(1));
    ((params.x / v) << 10).min(u128::MAX >> 40) / v
}

/// What a number v costs in D. Leaves there are about 0.56·x/v²·(1/ln p - 1/ln q), with p and q the least and the largest
/// of their primes.
fn hard(params: &Params, v: u64) -> u64 {
    let last = u128::from(params.hard).min((params.x / u128::from(v.max(1))).isqrt()).min(u128::from(v.isqrt()));
    let first = u128::from(params.xz() / v.max(1)).max(20).min(last);
    let (least, most) = (ln(first), ln(last.max(20)).max(ln(first)));
    let primes = |n: u128| (n as u64) * 1024 / ln(n.max(20));
    let alive = primes(last).saturating_sub(primes(first)) as u128;
    // For a prime that has many leaves in a segment it is counted again: for those up to about 12288·x/v².
    let counted = primes((12 * density(params, v)).clamp(first, last)).saturating_sub(primes(first)) as u128;
    let passes = (alive * u128::from(WORD_TURN_PS) + counted * u128::from(RECOUNT_PS)) * SCALE / u128::from(WORD);
    let share = 1024 * 1024 * 56 / 100 * (most - least) / most * 1024 / least;
    let leaves = density(params, v) * u128::from(share) / (1 << 20) * u128::from(LEAF_PS) * SCALE / 1024;
    (passes + leaves).min(1 << 50) as u64
}

/// What a number v up to sqrt x costs in A and C: about x/v²·ln(q/p)/(ln p · ln(x/(p·v))) pairs, with p and q the least
/// and the largest of their primes.
fn low(params: &Params, v: u64) -> u64 {
    let quotient = params.x / u128::from(v.max(1));
    let last = u128::from(params.cbrt_x).min(quotient.isqrt());
    let first = u128::from(v.isqrt()).max(quotient / u128::from(v.max(1))).max(20).min(last.max(20));
    let (least, most) = (ln(first), ln(last.max(20)).max(ln(first)));
    let middle = u64::midpoint(least, most);
    let other = ln(quotient).saturating_sub(middle).max(1024);
    let share = u128::from(most - least) * (1 << 40) / u128::from(middle) / u128::from(other) / 1024;
    let places = density(params, v) * share / (1 << 20) * u128::from(PLACE_PS) * SCALE / 1024;
    (u128::from(SIEVED_PS) * SCALE + places).min(1 << 50) as u64
}

/// What a number v beyond sqrt x costs in B: x/v²/ln(x/v) places.
fn high(params: &Params, v: u64) -> u64 {
    let places =
        density(params, v) * 1024 / u128::from(ln(params.x / u128::from(v.max(1)))) * u128::from(QUERY_PS) * SCALE
            / 1024;
    (u128::from(SIEVED_PS) * SCALE + places).min(1 << 50) as u64
}

fn ordinary(params: &Params) -> u128 {
    u128::from(params.z) / 7 * u128::from(ORDINARY_LEAF_PS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn units_take_their_part_of_the_time_of_their_terms() {
        for x in [1_000_000_000, 10u128.pow(16), 10u128.pow(22)] {
            let layout = FormulaLayout::new(&Params::new(x));
            let (costs, units) = (layout.unit_costs(), layout.units());
            assert_eq!(costs.units(), units);
            let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
            let mut shares = BTreeMap::<&str, f64>::new();
            for unit in 0..units {
                let name = match layout.unit(unit) {
                    Unit::Hard(..) => "D",
                    Unit::Low(_) => "A, C",
                    Unit::High(_) => "B",
                    Unit::Ordinary(..) => "phi0",
                    Unit::Sigma => "sigma",
                };
                *shares.entry(name).or_default() += costs.share(&(unit..unit + 1));
            }
            for (term, share) in shares {
                assert!(near(share, layout.expected(term) as f64 / costs.whole() as f64), "{term} of {x}");
            }
            assert!(near(costs.share(&(0..units / 3)) + costs.share(&(units / 3..units)), 1.0), "{x}");
        }
    }

    /// The numbers of neighbouring units are neighbours in each term, wherever they are cut.
    #[test]
    fn numbers_of_units_are_those_of_their_terms() {
        let layout = FormulaLayout::new(&Params::new(10u128.pow(15)));
        let units = layout.units();
        for term in FormulaTerm::ALL {
            let all = layout.numbers(term, &(0..units));
            for cut in (0..=units).step_by(7) {
                let parts = [0..cut, cut..units].map(|units| layout.numbers(term, &units));
                match (&parts[0], &parts[1]) {
                    (Some(left), Some(right)) => {
                        assert_eq!(left.end, right.start, "{term:?} at {cut}");
                        assert_eq!(Some(left.start..right.end), all, "{term:?} at {cut}");
                    }
                    (one, other) => assert_eq!(one.as_ref().or(other.as_ref()), all.as_ref(), "{term:?} at {cut}"),
                }
            }
        }
    }
}
