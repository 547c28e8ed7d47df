//! The term D for sums of powers; see `../d.rs`, which says how it goes. Here phi(v, b-1) is the sum of n^K over the numbers that
//! remain, and a leaf of p and m counts p^K·m^K times.
//!
//! Cost: as for counting, but adding a segment up takes some ns for each word, and a crossing twice as long.

use super::super::d::{self, Bounds, alive};
use super::super::params::K as FIRST_PRIMES;
use super::segment::PowerSegment;
use super::{Context, mix};
use crate::math::lanes::{Dividend, PRESIEVE_WORDS, SignedDivisors, Strides, WORD};
use crate::math::ring::{Ring, power};
use crate::math::sieve::inverse;
use std::ops::Range;

/// The words of a segment: with its sums it stays in a second-level cache.
const SEGMENT_WORDS: u64 = 1 << 11;

/// The sum of a slice of D, and check values for its edges. Slices merge from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardPowers<R> {
    /// The sum over the leaves of the slice.
    pub sum: R,
    /// As in [`super::super::Hard`].
    pub left: u64,
    /// The same for the right edge.
    pub right: u64,
    /// Whether there is a slice at all.
    pub some: bool,
    /// Whether all neighbours agreed so far.
    pub sound: bool,
}

impl<R: Ring> Default for HardPowers<R> {
    fn default() -> Self {
        HardPowers { sum: R::default(), left: 0, right: 0, some: false, sound: true }
    }
}

impl<R: Ring> HardPowers<R> {
    /// The sum of this slice and of the slice to the right of it. It is sound if both are and if they agree at their edge.
    pub fn merge(self, right: HardPowers<R>) -> HardPowers<R> {
        match (self.some, right.some) {
            (false, _) => right,
            (_, false) => self,
            _ => HardPowers {
                sum: self.sum + right.sum,
                left: self.left,
                right: right.right,
                some: true,
                sound: self.sound && right.sound && self.right == right.left,
            },
        }
    }
}

/// The sieve of one thread. It continues from slice to slice if they are neighbours.
pub struct HardPowerSieve<R, S> {
    segment: S,
    list: SignedDivisors,
    /// Where it stands; and the first b whose phi is known.
    at: Option<u64>,
    from: usize,
    /// For each b < the length: phi(at - 1, b-1). Those below `from` are not known.
    phi: Vec<R>,
    /// The sum over the primes below `at`, as long as larger b come into use.
    primes: R,
    strides: Vec<Strides>,
    quotients: Vec<(Dividend, u64)>,
}

impl<R: Ring, S: PowerSegment<R>> HardPowerSieve<R, S> {
    /// A sieve that stands nowhere yet.
    pub fn new() -> HardPowerSieve<R, S> {
        HardPowerSieve {
            segment: S::default(),
            list: SignedDivisors::default(),
            at: None,
            from: 0,
            phi: Vec::new(),
            primes: R::default(),
            strides: Vec::new(),
            quotients: Vec::new(),
        }
    }

    /// The sum of a slice, whose edges must be multiples of 240. `before` is where the slice before it begins, if there is one.
    pub fn slice<const K: usize>(
        &mut self,
        context: &Context<R>,
        slice: Range<u64>,
        before: Option<u64>,
    ) -> HardPowers<R> {
        if slice.is_empty() {
            return HardPowers::default();
        }
        let bounds = Bounds::new(&context.base, slice.clone());
        if self.at != Some(slice.start) {
            self.seed::<K>(context, &bounds, slice.start);
        }
        self.widen::<K>(context, &bounds, slice.start);
        let left = match before {
            Some(before) => {
                let bounds = Bounds::new(&context.base, before..slice.start);
                self.state(context, bounds.first, slice.start)
            }
            None => 0,
        };
        let mut sum = R::default();
        let mut low = slice.start;
        while low < slice.end {
            let high = (low + SEGMENT_WORDS * WORD).min(slice.end);
            sum += self.segment::<K>(context, &bounds, low..high);
            low = high;
        }
        self.at = Some(slice.end);
        let right = match slice.end == d::end(&context.base.params) {
            true => 0,
            false => self.state(context, bounds.first, slice.end),
        };
        HardPowers { sum, left, right, some: true, sound: true }
    }

    /// A check value at an edge: over the b that are known up to it and have leaves beyond it.
    fn state(&self, context: &Context<R>, first: usize, edge: u64) -> u64 {
        let root = edge.saturating_sub(1).isqrt().min(context.base.params.hard);
        let root = context.base.tables().pi.of(root) as usize;
        let known = self.phi.get(first..=alive(&context.base, edge).min(root)).unwrap_or(&[]);
        known.iter().fold(0, |sum, &phi| mix(sum, phi))
    }

    /// Starts anew at `low`.
    fn seed<const K: usize>(&mut self, context: &Context<R>, bounds: &Bounds, low: u64) {
        let (params, tables, powers) = (&context.base.params, context.base.tables(), context.powers());
        let before = low.saturating_sub(1);
        // All primes whose square is not below `low` have the same phi but for the primes below them.
        let root = tables.pi.of(before.isqrt().min(params.hard)) as usize;
        let last = bounds.last.min(root + 1).max(FIRST_PRIMES + 1);
        self.phi.clear();
        self.phi.resize(FIRST_PRIMES + 1, R::default());
        let mut left = powers.tiny::<K>(before.into());
        self.phi.push(left);
        for b in FIRST_PRIMES + 1..last {
            let p = u64::from(tables.primes[b]);
            left -= power::<R, K>(p) * powers.phi::<K>(tables, before / p, b - 1);
            self.phi.push(left);
        }
        // phi(n, a) is 1 and the primes up to n without the first a, from the root of n on. If the table does not go that far, no
        // larger b come into use.
        self.primes = match root < FIRST_PRIMES {
            true => powers.up_to(tables, before),
            false => left + powers.first(last - 1) - R::of(1),
        };
        self.from = FIRST_PRIMES + 1;
        self.strides.clear();
        self.strides.resize(FIRST_PRIMES + 1, Strides::new(7, 4, 0));
        self.quotients.clear();
        self.quotients.resize(FIRST_PRIMES + 1, (Dividend::default(), 0));
        self.at = Some(low);
        self.stride_to(context, self.phi.len() - 1, low);
    }

    /// Computes the strides up to b for a segment that begins at `low`.
    fn stride_to(&mut self, context: &Context<R>, b: usize, low: u64) {
        let (x, tables) = (context.base.params.x, context.base.tables());
        for b in self.strides.len()..=b {
            let p = tables.primes[b];
            self.strides.push(Strides::new(p, inverse(30, p.into()) as u32, low));
            let quotient = x / u128::from(p);
            let cube = u64::try_from(quotient / u128::from(p) / u128::from(p)).unwrap_or(u64::MAX);
            self.quotients.push((Dividend::new(quotient), cube));
        }
    }

    /// Computes phi for smaller b too, from the first one of the slice on.
    fn widen<const K: usize>(&mut self, context: &Context<R>, bounds: &Bounds, low: u64) {
        let (tables, powers) = (context.base.tables(), context.powers());
        let before = low.saturating_sub(1);
        if bounds.first < self.from && self.from >= self.phi.len() {
            // All b in use were below the first that is known.
            self.from = self.phi.len() - 1;
            self.phi[self.from] = powers.phi::<K>(tables, before, self.from - 1);
        }
        for b in (bounds.first..self.from).rev() {
            let p = u64::from(tables.primes[b]);
            self.phi[b] = self.phi[b + 1] + power::<R, K>(p) * powers.phi::<K>(tables, before / p, b - 1);
        }
        self.from = bounds.first;
    }

    /// phi(low - 1, b-1) for a b whose prime is beyond the root of that.
    fn phi_at_root(&self, context: &Context<R>, low: u64, b: usize) -> R {
        match low {
            0 => R::default(),
            _ if low <= u64::from(context.base.tables().primes[b]) => R::of(1),
            _ => self.primes + context.beyond(b),
        }
    }

    /// The leaves of one segment.
    fn segment<const K: usize>(&mut self, context: &Context<R>, bounds: &Bounds, numbers: Range<u64>) -> R {
        let tables = context.base.tables();
        let (low, high) = (numbers.start, numbers.end);
        // Larger b come into use as the segments go beyond the squares of their primes.
        let last = alive(&context.base, low).min(bounds.last);
        while self.phi.len() <= last && u64::from(tables.primes[self.phi.len()]).pow(2) < high {
            let b = self.phi.len();
            self.phi.push(self.phi_at_root(context, low, b));
            self.stride_to(context, b, low);
        }
        let last = last.min(self.phi.len() - 1);

        let (words, lanes) = (((high - low) / WORD) as usize, context.base.lanes);
        let prime = context.base.params.hard.max(64) as u32;
        self.segment.resize(low, words.next_multiple_of(PRESIEVE_WORDS), prime);
        tables.patterns.presieve(lanes, self.segment.words_mut(), low);
        // The words beyond the end must not count.
        self.segment.resize(low, words, prime);
        self.segment.add_up(lanes);
        let first = bounds.first.min(self.strides.len());
        for b in FIRST_PRIMES + 1..first {
            self.segment.cross(lanes, &self.strides[b]);
        }
        let mut sum = R::default();
        for b in first..=last {
            sum += self.leaves::<K>(context, b, numbers.clone());
            self.phi[b] += self.segment.left();
            self.segment.cross(lanes, &self.strides[b]);
        }
        self.primes =
            self.phi_at_root(context, low, last + 1) + self.segment.left() + context.base_sum(last) - R::of(1);
        // Primes beyond have no more leaves, here or later.
        let bytes = (8 * words) as u32;
        self.strides[FIRST_PRIMES + 1..first.max(last + 1)].iter_mut().for_each(|strides| strides.advance(bytes));
        sum
    }

    /// The leaves of p_b in the segment, after all earlier primes were crossed off.
    fn leaves<const K: usize>(&mut self, context: &Context<R>, b: usize, numbers: Range<u64>) -> R {
        let (params, tables, lanes) = (&context.base.params, context.base.tables(), context.base.lanes);
        let HardPowerSieve { segment, list, quotients, phi, .. } = self;
        let (p, low) = (u64::from(tables.primes[b]), numbers.start);
        let (dividend, cube) = quotients[b];
        // x/(p·m) is in the segment if m is above the first and not above the second.
        let (beyond, up_to) = (dividend.over(numbers.end), dividend.over(low.max(1)));
        let (mut sum, mut weight) = (R::default(), R::default());
        if p <= params.sqrt_z {
            let (above, last) = (beyond.max(params.z / p), up_to.min(cube).min(params.z));
            tables.factors.leaves(lanes, b, above, last, list, |list| {
                let ([minus, times], [plus, less]) =
                    (segment.ask(lanes, dividend, &list.minus), segment.ask(lanes, dividend, &list.plus));
                sum += minus - plus;
                weight += times - less;
            });
        } else {
            let (above, last) = (beyond.max(p), up_to.min(cube).min(params.y));
            if above < last {
                let [above, last] = [above, last].map(|n| tables.pi.of(n) as usize);
                [sum, weight] = segment.ask(lanes, dividend, &tables.primes[above + 1..=last]);
            }
        }
        power::<R, K>(p) * (sum + weight * phi[b])
    }
}
