//! Gourdon's formula for sums of powers of primes: S(x) = Σ p^K over the primes up to x = A - B + C + D + Φ0 + Σ.
//!
//! Legendre's tree of leaves holds for any f with f(m·n) = f(m)·f(n) in place of 1: phi(x, a) becomes the sum of f over the numbers
//! without the first a primes, and each leaf has f of its divisor as a factor. So the terms are those of π, with f(n) = n^K, and
//! so are the parameters, the cut into units and the tables.
//!
//! All arithmetic is modulo 2^128 or 2^256 ([`crate::math::ring`]). Where one value is halved, one bit is lost, so sums must stay below 2^127 or
//! 2^255. Σ p^K is below x^(K+1)/2 from x = 4 on.
//!
//! Cost: two to four times that of π(x) for K = 1. Memory: 16 or 32 bytes more for each prime of the tables.

mod hard;
mod moments;
mod places;
mod segment;
mod sigma;
mod table;

use super::layout::{self, FormulaLayout, Unit};
use super::places::Buffers;
use super::{Params, TermContext, places as counting};
use crate::math::integer::Integer;
use crate::math::lanes::Lanes;
use crate::math::primality;
use crate::math::ring::{Ring, U128, U256};
use crate::math::sieve::Sieve;
use hard::HardPowerSieve;
use hard::HardPowers;
use places::{SlicePowers, Weighted};
use segment::{AnySegment, LinearSegment, PowerSegment};
use std::any::Any;
use std::marker::PhantomData;
use std::sync::OnceLock;
use table::PowerTables;

/// What a unit of D comes to.
pub type HardSums = HardPowers<U256>;

/// What a unit of A, B and C comes to.
pub type SliceSums = SlicePowers<U256>;

/// A term of these.
pub type WeightedSums = Weighted<U256>;

/// The largest power.
pub const POWER_MAX: usize = 3;

/// The sums of units. They merge from left to right. If the sum fits 127 bits, only the low 128 bits mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerSums {
    /// D, the hard leaves.
    pub hard: HardSums,
    /// A and C, whose places go up to sqrt x.
    pub low: SliceSums,
    /// B, whose places lie beyond sqrt x.
    pub high: SliceSums,
    /// The ordinary leaves of Φ0.
    pub ordinary: U256,
    /// Σ, but for the part that needs the primes up to sqrt x.
    pub sigma: U256,
}

impl PowerSums {
    /// The sums of these units and of the units to the right of them.
    pub fn merge(self, right: PowerSums) -> PowerSums {
        PowerSums {
            hard: self.hard.merge(right.hard),
            low: self.low.merge(right.low),
            high: self.high.merge(right.high),
            ordinary: self.ordinary + right.ordinary,
            sigma: self.sigma + right.sigma,
        }
    }
}

/// Whether the formula has room for sums of this power up to x.
pub fn fits(x: u128, exponent: usize) -> bool {
    bits(x, exponent) <= U256::WIDTH
}

/// How many bits the ring must have: x^(K+1) fits one bit less.
fn bits(x: u128, exponent: usize) -> u32 {
    (128 - x.leading_zeros()) * (exponent as u32 + 1) + 1
}

/// The formula for one x and one power.
pub struct PowerFormula {
    layout: FormulaLayout,
    terms: Box<dyn Terms>,
}

/// The terms for one power, one ring and one kind of segments.
trait Terms: Send + Sync {
    fn params(&self) -> &Params;

    fn compute(&self, unit: Unit, workspace: &mut PowerWorkspace) -> PowerSums;
}

struct TermsOf<R, S, const K: usize> {
    context: Context<R>,
    segments: PhantomData<fn() -> S>,
}

impl<R: Ring, S: PowerSegment<R>, const K: usize> TermsOf<R, S, K> {
    fn new(params: Params, lanes: &'static Lanes) -> TermsOf<R, S, K> {
        let context = Context { base: TermContext::new(params, lanes), powers: OnceLock::new() };
        TermsOf { context, segments: PhantomData }
    }
}

/// What all terms of one power share.
struct Context<R> {
    base: TermContext,
    powers: OnceLock<PowerTables<R>>,
}

impl<R: Ring> Context<R> {
    fn powers(&self) -> &PowerTables<R> {
        self.powers.get().expect("the tables are made")
    }

    /// The sum over the first b primes.
    fn base_sum(&self, b: usize) -> R {
        self.powers().first(b)
    }

    /// What S(v) lacks of phi(v, b-1) where p_b is beyond the root of v: 1, but not the first b - 1 primes.
    fn beyond(&self, b: usize) -> R {
        R::of(1) - self.powers().first(b - 1)
    }
}

/// The state of one thread, for the units of one formula.
pub struct PowerWorkspace {
    buffers: Buffers,
    /// The [`State`] of the formula's terms.
    state: Option<Box<dyn Any>>,
}

/// What the terms keep from unit to unit: the segment of A, B and C, and the sieve of D.
struct State<R, S> {
    added: S,
    hard: HardPowerSieve<R, S>,
}

impl PowerWorkspace {
    /// A workspace whose sieves are like this one. It has no state yet.
    pub fn new(sieve: Sieve) -> PowerWorkspace {
        PowerWorkspace { buffers: Buffers::new(sieve), state: None }
    }
}

impl PowerFormula {
    /// The formula with these parameters, for an exponent up to [`POWER_MAX`] that [`fits`]. The first unit makes its tables.
    pub fn new(params: Params, exponent: usize, lanes: &'static Lanes) -> PowerFormula {
        assert!(exponent <= POWER_MAX && fits(params.x, exponent));
        fn terms<R: Ring, S: PowerSegment<R>, const K: usize>(params: Params, lanes: &'static Lanes) -> Box<dyn Terms> {
            Box::new(TermsOf::<R, S, K>::new(params, lanes))
        }
        let make = match (exponent, ring_bits(params.x, exponent)) {
            (0, _) => terms::<U128, AnySegment<U128, 0>, 0>,
            (1, U128::WIDTH) => terms::<U128, LinearSegment, 1>,
            (1, _) => terms::<U256, LinearSegment, 1>,
            (2, U128::WIDTH) => terms::<U128, AnySegment<U128, 2>, 2>,
            (2, _) => terms::<U256, AnySegment<U256, 2>, 2>,
            (_, U128::WIDTH) => terms::<U128, AnySegment<U128, 3>, 3>,
            _ => terms::<U256, AnySegment<U256, 3>, 3>,
        };
        PowerFormula { layout: FormulaLayout::new(&params), terms: make(params, lanes) }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        self.terms.params()
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.layout.units()
    }

    /// The bytes: once for all threads of a rank, and for each thread.
    pub fn memory(params: &Params) -> (u64, u64) {
        let (tables, thread) = super::Gourdon::memory(params);
        let table = params.table();
        (tables + 32 * table / u64::from(table.ilog2()) * 3 / 2, thread + 32 * counting::PLACES_SEGMENT_WORDS)
    }

    /// The sums of one unit. Any thread may compute any unit; units in order are cheaper, because D continues from slice to slice.
    pub fn compute(&self, unit: u64, workspace: &mut PowerWorkspace) -> PowerSums {
        self.terms.compute(self.layout.unit(unit), workspace)
    }

    /// Σ p^K over the primes up to x from the sums of all units; `None` if slices of D disagreed at an edge. It needs no tables.
    pub fn found(params: &Params, exponent: usize, whole: PowerSums) -> Option<Integer> {
        if !whole.hard.sound {
            return None;
        }
        // The last slice up to sqrt x ends at a multiple of 240.
        let (mut root, mut squares) = (whole.low.primes, whole.low.squares);
        for p in (params.sqrt_x + 1..layout::middle(params)).filter(|&n| primality::is_prime(n.into())) {
            let power = (0..exponent).fold(U256::of(1), |power, _| power * U256::of(p.into()));
            root -= power;
            squares -= power * power;
        }
        let places = whole.low.merge(whole.high);
        let of_root = (root * root - squares).modulo(ring_bits(params.x, exponent)).half();
        let sum = places.a.sum - places.b.sum + places.c.sum + whole.hard.sum + whole.ordinary + whole.sigma + of_root;
        Some(sum.modulo(ring_bits(params.x, exponent) - 1).integer())
    }
}

/// How many bits the arithmetic for x has.
fn ring_bits(x: u128, exponent: usize) -> u32 {
    if bits(x, exponent) <= U128::WIDTH { U128::WIDTH } else { U256::WIDTH }
}

impl<R: Ring, S: PowerSegment<R>, const K: usize> Terms for TermsOf<R, S, K> {
    fn params(&self) -> &Params {
        &self.context.base.params
    }

    fn compute(&self, unit: Unit, PowerWorkspace { buffers, state }: &mut PowerWorkspace) -> PowerSums {
        let context = &self.context;
        context.base.make(&mut buffers.sieve);
        context.powers.get_or_init(|| PowerTables::new::<K>(context.base.tables()));
        let new = || Box::new(State::<R, S> { added: S::default(), hard: HardPowerSieve::new() });
        let state = state.get_or_insert_with(|| new()).downcast_mut::<State<R, S>>();
        let State { added, hard } = state.expect("a workspace belongs to one formula");
        let mut sums = PowerSums::default();
        match unit {
            Unit::Hard(slice, before) => sums.hard = hard.slice::<K>(context, slice, before).wide(),
            Unit::Low(slice) => sums.low = places::sums::<R, S, K>(context, slice, buffers, added).wide(),
            Unit::High(slice) => sums.high = places::sums::<R, S, K>(context, slice, buffers, added).wide(),
            Unit::Ordinary(after, last) => {
                sums.ordinary = sigma::ordinary::<R, K>(context, after, last, &mut buffers.list).wide();
            }
            Unit::Sigma => sums.sigma = sigma::sigma::<R, K>(context).wide(),
        }
        sums
    }
}

impl<R: Ring> Weighted<R> {
    fn wide(self) -> Weighted<U256> {
        Weighted { weight: self.weight.wide(), sum: self.sum.wide() }
    }
}

impl<R: Ring> SlicePowers<R> {
    fn wide(self) -> SlicePowers<U256> {
        let SlicePowers { primes, squares, a, b, c } = self;
        SlicePowers { primes: primes.wide(), squares: squares.wide(), a: a.wide(), b: b.wide(), c: c.wide() }
    }
}

impl<R: Ring> HardPowers<R> {
    fn wide(self) -> HardPowers<U256> {
        let HardPowers { sum, left, right, some, sound } = self;
        HardPowers { sum: sum.wide(), left, right, some, sound }
    }
}

/// A check value of a number and those before it.
fn mix<R: Ring>(before: u64, number: R) -> u64 {
    let U256 { high, low } = number.wide();
    let parts = [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64];
    parts.iter().fold(before, |sum, &part| sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::count::gourdon::{Alpha, Gourdon, TermSums, Workspace, X_LEAST};
    use crate::math::lanes::{self, WORD};
    use crate::math::sieve::naive;

    fn whole(params: Params, exponent: usize) -> PowerSums {
        let lanes = lanes::pick(None).unwrap();
        let formula = PowerFormula::new(params, exponent, lanes);
        let mut workspace = PowerWorkspace::new(Sieve::new(lanes, 32 << 10));
        let units = 0..formula.units();
        units.map(|unit| formula.compute(unit, &mut workspace)).fold(PowerSums::default(), PowerSums::merge)
    }

    fn found(params: Params, exponent: usize) -> Integer {
        PowerFormula::found(&params, exponent, whole(params, exponent)).expect("the slices agree")
    }

    /// With the power 0 each term is that of π.
    #[test]
    fn the_power_0_counts() {
        for x in [200_000, 1_000_003, 10u128.pow(8), 123_456_789_012] {
            let params = Params::new(x);
            let lanes = lanes::pick(None).unwrap();
            let gourdon = Gourdon::new(params, lanes);
            let mut workspace = Workspace::new(Sieve::new(lanes, 32 << 10));
            let counted = (0..gourdon.units()).map(|unit| gourdon.compute(unit, &mut workspace));
            let counted = gourdon.close(counted.fold(TermSums::default(), TermSums::merge));
            let whole = whole(params, 0);
            let places = whole.low.merge(whole.high);
            let low = |term: U256| term.low as i128;
            assert_eq!(
                [low(places.a.sum), low(places.b.sum), low(places.c.sum), low(whole.hard.sum), low(whole.ordinary)],
                [counted.a, counted.b, counted.c, counted.d, counted.phi0],
                "{x}"
            );
            assert_eq!(PowerFormula::found(&params, 0, whole), Some(Integer::from(counted.pi)), "{x}");
        }
    }

    #[test]
    fn sums_are_those_of_the_primes() {
        let primes = naive::primes(30_000_000);
        let mut sums: Vec<[Integer; 4]> = vec![std::array::from_fn(|_| Integer::new())];
        for &p in &primes {
            let p = Integer::from(p);
            let [zero, one, two, three] = sums.last().unwrap().clone();
            let square = Integer::from(&p * &p);
            sums.push([zero + 1, one + &p, two + &square, three + square * p]);
        }
        let most = |x: u128| primes.partition_point(|&p| u128::from(p) <= x);
        let special = [200_000u128, 279_841, 279_840, 1 << 18, 1 << 24, 510_510, 9_699_690, 4_657_463, 29_999_999];
        let random = (0..120u128).map(|index| X_LEAST + index * 6_700_417 % (30_000_000 - X_LEAST));
        for (index, x) in special.into_iter().chain(random).enumerate() {
            for (exponent, sum) in sums[most(x)].iter().enumerate() {
                let alpha = Alpha { y: 1000 + index as u64 * 7919 % 9000, z: 1000 + index as u64 * 104_729 % 9000 };
                let params = if index % 2 == 0 { Params::new(x) } else { Params::with(x, alpha) };
                assert_eq!(found(params, exponent), *sum, "power {exponent} up to {x}, {params}");
            }
        }
    }

    /// Sums of the primes below 10^n, as published (OEIS A046731).
    #[test]
    fn sums_are_as_published() {
        for (n, sum) in [
            (6, "37550402023"),
            (7, "3203324994356"),
            (8, "279209790387276"),
            (9, "24739512092254535"),
            (10, "2220822432581729238"),
            (11, "201467077743744681014"),
        ] {
            assert_eq!(found(Params::new(10u128.pow(n)), 1).to_string(), sum, "below 10^{n}");
        }
    }

    #[test]
    fn all_rings_and_segments_give_the_same() {
        // 42 bits for the power 2 fit 127, 43 do not.
        assert!(bits((1 << 42) - 1, 2) == 127 && bits(1 << 42, 2) == 130);
        assert!(fits((1 << 63) - 1, 3) && !fits(1 << 63, 3) && fits(10u128.pow(25), 2));
        for x in [3_000_000_019, 700_000_000_003] {
            let params = Params::new(x);
            let lanes = lanes::pick(None).unwrap();
            let layout = FormulaLayout::new(&params);
            let mut terms: Vec<(Box<dyn Terms>, PowerWorkspace)> = Vec::new();
            let mut add = |terms_of: Box<dyn Terms>| {
                terms.push((terms_of, PowerWorkspace::new(Sieve::new(lanes, 32 << 10))));
            };
            add(Box::new(TermsOf::<U256, AnySegment<U256, 1>, 1>::new(params, lanes)));
            add(Box::new(TermsOf::<U128, AnySegment<U128, 1>, 1>::new(params, lanes)));
            lanes::usable().for_each(|lanes| add(Box::new(TermsOf::<U128, LinearSegment, 1>::new(params, lanes))));
            add(Box::new(TermsOf::<U256, LinearSegment, 1>::new(params, lanes)));
            for unit in 0..layout.units() {
                let mut sums = terms.iter_mut().map(|(terms, workspace)| {
                    let sums = terms.compute(layout.unit(unit), workspace);
                    let low = |sums: SliceSums| {
                        [sums.primes, sums.squares, sums.a.sum, sums.b.sum, sums.c.sum, sums.c.weight]
                    };
                    let mut all = [low(sums.low), low(sums.high)].concat();
                    all.extend([sums.hard.sum, sums.ordinary, sums.sigma]);
                    all.into_iter().map(|sum| sum.low).collect::<Vec<u128>>()
                });
                let first = sums.next().unwrap();
                sums.for_each(|sums| assert_eq!(sums, first, "unit {unit} of {x}"));
            }
        }
    }

    /// Beyond 2^64 the primes of B do not fit 32 bits.
    #[test]
    fn b_of_long_primes_is_the_same_for_all_segments() {
        fn high<S: PowerSegment<U256>>() -> SliceSums {
            let params = Params::with(10u128.pow(20), Alpha { y: 1000, z: 1000 });
            let (lanes, first) = (lanes::pick(None).unwrap(), layout::middle(&params));
            assert!(params.sqrt_x > u64::from(u32::MAX));
            let slice = first..first + WORD * counting::PLACES_SEGMENT_WORDS;
            let mut workspace = PowerWorkspace::new(Sieve::new(lanes, 32 << 10));
            TermsOf::<U256, S, 1>::new(params, lanes).compute(Unit::High(slice), &mut workspace).high
        }
        let sums = high::<AnySegment<U256, 1>>();
        assert_eq!(high::<LinearSegment>(), sums);
        // The places of these p are in the slice: from 10^20 over its end to 10^10.
        let numbers = 10_000_000_000 - 240 * counting::PLACES_SEGMENT_WORDS..10_000_000_000;
        let long = numbers.filter(|&p| primality::is_prime(p.into())).map(|p| U256::of(p.into()));
        let most = long.fold(U256::default(), |sum, p| sum + p);
        assert!(sums.b.weight.high == 0 && sums.b.weight.low <= most.low && 2 * sums.b.weight.low > most.low);
    }
}
