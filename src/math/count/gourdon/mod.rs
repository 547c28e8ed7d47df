//! Gourdon's formula for π(x): π(x) = A - B + C + D + Φ0 + Σ.
//!
//! All six terms come from Legendre's phi: its tree of leaves is cut where the value of a leaf is known in another way (Lagarias,
//! Miller and Odlyzko 1985; Deléglise and Rivat 1996; Gourdon 2001). Cost: O(x^(2/3) / log² x), most of it for D.
//!
//! Every term is a sum over numbers in order. It is cut into independent slices, whose sums merge from left to right. A, B and C
//! need π at places up to x/y. Their slices know π except for the number of primes to their left, which is added when slices
//! merge. D's slices begin with a few hundred values of phi; a thread that continues with the next slice has them already.

mod a;
mod abc;
mod b;
mod c;
mod d;
mod factors;
mod layout;
pub mod params;
mod phi;
mod phi0;
mod place_sums;
mod places;
mod plausible;
pub mod powers;
mod presieve;
mod sigma;
pub mod tables;
mod tiny_phi;
mod turns;

use crate::math::lanes::Lanes;
use crate::math::primality;
use crate::math::sieve::{Sieve, SievingPrimes};
pub use d::Hard;
use d::HardSieve;
pub use layout::UnitCosts;
use layout::{FormulaLayout, Unit};
pub use params::{Alpha, Params, X_END, X_LEAST};
pub use place_sums::{PlaceSums, WeightedPi};
use places::Buffers;
use std::sync::OnceLock;
use tables::Tables;

/// The formula for one x, cut into units, and what its terms share.
pub struct Gourdon {
    context: TermContext,
    layout: FormulaLayout,
}

/// The sums of units. They merge from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermSums {
    /// D, the hard leaves.
    pub hard: Hard,
    /// A and C, whose places go up to sqrt x.
    pub low: PlaceSums,
    /// B, whose places lie beyond sqrt x.
    pub high: PlaceSums,
    /// The ordinary leaves of Φ0.
    pub ordinary: i128,
    /// Σ, but for the part that needs π(sqrt x).
    pub sigma: i128,
}

impl TermSums {
    /// The sums of these units and of the units to the right of them.
    pub fn merge(self, right: TermSums) -> TermSums {
        TermSums {
            hard: self.hard.merge(right.hard),
            low: self.low.merge(right.low),
            high: self.high.merge(right.high),
            ordinary: self.ordinary + right.ordinary,
            sigma: self.sigma + right.sigma,
        }
    }
}

/// The result of the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormulaResult {
    /// π(x) = A - B + C + D + Φ0 + Σ.
    pub pi: u128,
    /// The term A.
    pub a: i128,
    /// The term B.
    pub b: i128,
    /// The term C.
    pub c: i128,
    /// The term D.
    pub d: i128,
    /// The term Φ0.
    pub phi0: i128,
    /// The term Σ.
    pub sigma: i128,
    /// Whether all slices of D agreed at their edges.
    pub sound: bool,
}

/// The state of one thread, for the units of one x.
pub struct Workspace {
    buffers: Buffers,
    hard_sieve: Option<HardSieve>,
}

impl Workspace {
    /// A workspace whose sieves are like this one. It has no state yet.
    pub fn new(sieve: Sieve) -> Workspace {
        Workspace { buffers: Buffers::new(sieve), hard_sieve: None }
    }
}

impl Gourdon {
    /// The formula with these parameters. It has no tables yet: [`Gourdon::make`] or the first unit makes them.
    pub fn new(params: Params, lanes: &'static Lanes) -> Gourdon {
        Gourdon { context: TermContext::new(params, lanes), layout: FormulaLayout::new(&params) }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.context.params
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.layout.units()
    }

    /// Expected picoseconds on one thread.
    pub fn cost(&self) -> u128 {
        self.layout.unit_costs().whole()
    }

    /// The bytes: once for all threads of a rank, and for each thread.
    pub fn memory(params: &Params) -> (u64, u64) {
        let tables = Tables::memory(params) + 4 * params.xy().isqrt() / 10;
        // Measured: a thread fills half of what places may need, and the allocator keeps some of what workers return.
        (tables + 400_000, places::THREAD_BYTES / 2 + 50 * params.hard)
    }

    /// The terms that a unit belongs to.
    pub fn term(&self, unit: u64) -> &'static str {
        match self.layout.unit(unit) {
            Unit::Hard(..) => "D",
            Unit::Low(_) => "A, C",
            Unit::High(_) => "B",
            Unit::Ordinary(..) => "phi0",
            Unit::Sigma => "sigma",
        }
    }

    /// What a unit is, for measurements.
    pub fn describe(&self, unit: u64) -> String {
        format!("{:?}", self.layout.unit(unit))
    }

    /// The expected seconds of all units of a term.
    pub fn expected(&self, term: &str) -> f64 {
        self.layout.expected(term) as f64 * 1e-12
    }

    /// Makes the tables; otherwise the first unit makes them.
    pub fn make(&self, workspace: &mut Workspace) {
        self.context.make(&mut workspace.buffers.sieve);
    }

    /// The sums of one unit. Any thread may compute any unit; units in order are cheaper, because D continues from slice to slice.
    ///
    /// Cost: see [`Gourdon::cost`]; the first unit of a rank also makes the tables. Memory: see [`Gourdon::memory`].
    pub fn compute(&self, unit: u64, workspace: &mut Workspace) -> TermSums {
        let (context, Workspace { buffers, hard_sieve }) = (&self.context, workspace);
        context.make(&mut buffers.sieve);
        let mut sums = TermSums::default();
        match self.layout.unit(unit) {
            Unit::Hard(slice, before) => {
                let hard_sieve = hard_sieve.get_or_insert_with(|| HardSieve::new(&context.params));
                sums.hard = hard_sieve.slice(context, slice, before);
            }
            Unit::Low(slice) => sums.low = abc::sums(context, slice, buffers),
            Unit::High(slice) => sums.high = abc::sums(context, slice, buffers),
            Unit::Ordinary(after, last) => sums.ordinary = phi0::sum(context, after, last, &mut buffers.list),
            Unit::Sigma => sums.sigma = sigma::sums(&context.params, context.tables()),
        }
        sums
    }

    /// The result, from the sums of all units.
    pub fn close(&self, whole: TermSums) -> FormulaResult {
        Gourdon::found(self.params(), whole)
    }

    /// How many units there will be, and what they will cost.
    pub fn unit_costs(params: &Params) -> UnitCosts {
        FormulaLayout::new(params).unit_costs()
    }

    /// The result, from the sums of all units. It needs no tables.
    pub fn found(params: &Params, whole: TermSums) -> FormulaResult {
        // The last slice up to sqrt x ends at a multiple of 240.
        let beyond = (params.sqrt_x + 1..layout::middle(params)).filter(|&n| primality::is_prime(n.into()));
        let sigma = whole.sigma + sigma::of_root(whole.low.primes.saturating_sub(beyond.count() as u64));
        let places = whole.low.merge(whole.high);
        let (a, b, c) = (places.a.sum, places.b.sum, places.c.sum);
        let (d, phi0) = (whole.hard.sum, whole.ordinary);
        let pi = (a - b + c + d + phi0 + sigma) as u128;
        FormulaResult { pi, a, b, c, d, phi0, sigma, sound: whole.hard.sound }
    }
}

/// What all terms share.
struct TermContext {
    params: Params,
    lanes: &'static Lanes,
    /// The sieving primes of B, which are enough for all.
    base: SievingPrimes,
    tables: OnceLock<Tables>,
}

impl TermContext {
    fn new(params: Params, lanes: &'static Lanes) -> TermContext {
        // The last segment goes a little further.
        let base = SievingPrimes::up_to((params.xy().isqrt() + 300).max(params.sqrt_x.isqrt() + 300));
        TermContext { params, lanes, base, tables: OnceLock::new() }
    }

    /// Helps to make the tables and returns when they are there.
    fn make(&self, sieve: &mut Sieve) {
        self.tables.get_or_init(|| Tables::new(&self.params, sieve, self.lanes)).make(&self.params);
    }

    /// x over a divisor.
    #[inline]
    fn over(&self, divisor: u64) -> u128 {
        // Most divisions have 64 bits, and such a division takes a third of the time.
        match u64::try_from(self.params.x) {
            Ok(x) => (x / divisor).into(),
            Err(_) => self.params.x / u128::from(divisor),
        }
    }

    fn tables(&self) -> &Tables {
        self.tables.get().expect("the tables are made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::count::{phi, root};
    use crate::math::lanes;
    use crate::math::sieve::naive;

    fn found(params: Params) -> FormulaResult {
        let gourdon = Gourdon::new(params, lanes::pick(None).unwrap());
        let mut workspace = Workspace::new(Sieve::new(lanes::pick(None).unwrap(), 32 << 10));
        let units = 0..gourdon.units();
        gourdon
            .close(units.map(|unit| gourdon.compute(unit, &mut workspace)).fold(TermSums::default(), TermSums::merge))
    }

    #[test]
    fn each_term_is_as_known() {
        for (x, y, z, ac, b, d, phi0, sigma) in [
            (6, 207u64, 207u64, 18065, 37293, 2465, 86595, 8666),
            (6, 101, 101, 7205, 54794, 2465, 109894, 13728),
            (6, 101, 999, 7197, 54794, 1246, 111121, 13728),
            (6, 999, 999, 27607, 0, 1246, 45589, 4056),
            (7, 485, 485, 175136, 325348, 132692, 623863, 58236),
            (8, 1131, 1131, 1563000, 2876542, 2413042, 4221122, 440833),
            (9, 2619, 2619, 13875464, 25991893, 30871820, 28775469, 3316674),
            (10, 6029, 6029, 124680594, 235385820, 351726346, 186957171, 27074220),
            (11, 13825, 13825, 1122177179, 2151216255, 3738964518, 1185193538, 222935833i128),
            (12, 50000, 70850, 12040548047, 17133805730, 31086082801, 10073346812, 1541740088),
        ] {
            let params = Params::of(10u128.pow(x), y, z);
            let found = found(params);
            assert!(found.sound);
            assert_eq!(
                [found.a + found.c, found.b, found.d, found.phi0, found.sigma],
                [ac, b, d, phi0, sigma],
                "A + C, B, D, Φ0, Σ of 10^{x}, {params}"
            );
        }
    }

    #[test]
    fn other_limits_are_others() {
        for x in (0..19).map(|step| X_LEAST * 12u128.pow(step)).chain([X_LEAST + 1, X_END - 1]).filter(|&x| x < X_END) {
            let (one, other) = (Params::new(x), Params::new(x).others());
            assert!(one != other && (one.z != other.z || x < 1_000_000), "{one} and {other} for {x}");
            if x < 10u128.pow(11) {
                let [one, other] = [one, other].map(found);
                assert!(
                    one.sound && other.sound && one.pi == other.pi && (one.d != other.d || x < 1_000_000),
                    "{x}: {one:?} {other:?}"
                );
            }
        }
    }

    /// All alphas that are worth a thought at x, in thousandths; what is beyond the bounds is brought within them.
    fn alphas(x: u128, some: u64) -> impl Iterator<Item = Alpha> {
        let most = 1000 * root(x, 6) + 1000;
        (0..some).map(move |i| Alpha { y: 1000 + i * 7919 % most, z: 1000 + i / 3 * 104_729 % most })
    }

    #[test]
    fn every_alpha_gives_the_same() {
        let primes = naive::primes(30_000_000);
        let pi = |x: u128| primes.partition_point(|&p| u128::from(p) <= x) as u128;
        let special = [200_000u128, 279_841, 279_840, 1 << 18, 1 << 24, 510_510, 9_699_690, 4_657_463, 29_999_999];
        let cubes = [67u128, 100, 199, 211, 307].map(|n| n * n * n).into_iter().flat_map(|n| [n - 1, n, n + 1]);
        let squares = [449u128, 1000, 4000, 5003, 5477].map(|n| n * n).into_iter().flat_map(|n| [n - 1, n, n + 1]);
        for x in special.into_iter().chain(cubes).chain(squares).filter(|&x| x >= X_LEAST) {
            for alpha in alphas(x, 40) {
                let params = Params::with(x, alpha);
                let found = found(params);
                assert!(found.sound && found.pi == pi(x), "pi({x}) = {}, not {}, with {params}", found.pi, pi(x));
            }
        }
        for index in 0..3000u128 {
            let x = X_LEAST + index * 6_700_417 % (30_000_000 - X_LEAST);
            let found = found(Params::new(x));
            assert!(found.sound && found.pi == pi(x), "pi({x})");
        }
    }

    /// A, B, C, D and Φ0 as they are defined, leaf by leaf.
    fn directly(params: &Params) -> [i128; 5] {
        let Params { x, y, z, star, sqrt_x, cbrt_x, sqrt_z, .. } = *params;
        let x = x as u64;
        let primes = naive::primes(sqrt_x as usize + 100);
        let all = naive::primes((x / y) as usize + 1);
        let pi = |n: u64| all.partition_point(|&p| u64::from(p) <= n) as i128;
        let phi = |n: u64, a: i128| i128::from(phi::phi(n, a as u64));
        let between =
            |above: u64, to: u64| primes.iter().map(|&p| u64::from(p)).filter(move |p| (above + 1..=to).contains(p));
        // For each m its least and its largest prime and μ, if it has no square.
        let factored = |m: u64| {
            let (mut rest, mut found) = (m, Vec::new());
            for p in between(0, m).take_while(|p| p * p <= m) {
                while rest.is_multiple_of(p) {
                    rest /= p;
                    found.push(p);
                }
            }
            found.extend((rest > 1).then_some(rest));
            let free = found.is_sorted_by(|a, b| a < b);
            free.then(|| (found[0], found[found.len() - 1], if found.len() % 2 == 1 { -1i128 } else { 1 }))
        };
        let numbers: Vec<(u64, u64, i128)> = (2..=z)
            .filter_map(|m| factored(m).filter(|&(_, largest, _)| largest <= y).map(|(least, _, mu)| (m, least, mu)))
            .collect();
        let leaves = |p: u64, above: u64, to: u64| {
            numbers.iter().filter(move |&&(m, least, _)| least > p && m > above && m <= to)
        };
        let a = between(star, cbrt_x).flat_map(|p| between(p, (x / p).isqrt()).map(move |q| x / p / q));
        let a = a.map(|v| pi(v) * if v >= y { 1 } else { 2 }).sum();
        let b = between(y, sqrt_x).map(|p| pi(x / p)).sum();
        let (mut c, mut d) = (0, 0);
        for p in between(19, sqrt_z.max(star)) {
            let (b, cube) = (pi(p), x / (p * p * p));
            if p <= sqrt_z {
                c -= leaves(p, cube.max(z / p), z).map(|(m, _, mu)| mu * (pi(x / p / m) - b + 2)).sum::<i128>();
                d -= leaves(p, z / p, cube.min(z)).map(|(m, _, mu)| mu * phi(x / p / m, b - 1)).sum::<i128>();
            } else {
                c += between(p.max(cube), y).map(|q| pi(x / p / q) - b + 2).sum::<i128>();
                d += between(p, cube.min(y)).map(|q| phi(x / p / q, b - 1)).sum::<i128>();
            }
        }
        let ordinary = numbers.iter().filter(|(_, least, _)| *least > 19);
        let phi0 = phi(x, 8) + ordinary.map(|(m, _, mu)| mu * phi(x / m, 8)).sum::<i128>();
        [a, b, c, d, phi0]
    }

    #[test]
    fn each_term_is_its_direct_sum() {
        for (x, y, z) in
            [(200_000, 90, 90), (200_003, 60, 400), (1_000_000, 207, 207), (1_000_003, 120, 900), (5_000_011, 300, 800)]
        {
            let params = Params::of(x, y, z);
            let found = found(params);
            assert_eq!([found.a, found.b, found.c, found.d, found.phi0], directly(&params), "of {x}, {params}");
        }
    }
}
