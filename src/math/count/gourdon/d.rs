//! D, the hard leaves: those that need phi itself, and so a sieve up to x/z.
//!
//! - k < b <= π(sqrt z), p = p_b: -Σ μ(m)·phi(x/(p·m), b-1) over the squarefree m without primes up to p or above y, with
//!   z/p < m <= min(x/p³, z);
//! - π(sqrt z) < b <= π(x*): Σ phi(x/(p·q), b-1) over p < q <= min(x/p³, y).
//!
//! The numbers are sieved segment by segment, one prime at a time. After p_1 … p_{b-1} are crossed off, phi(v, b-1) is how many
//! numbers remain up to v: the sum of all earlier segments, which is kept for every b, plus a count in this segment. The usual
//! method keeps counters for pieces of the segment, decrements one with each crossing, and visits the leaves in order. Here a
//! crossing only tells whether the bit was set. If a prime has many leaves in a segment, the whole segment is counted first, and
//! then each leaf is one look-up, in any order. If it has few, these are counted from the nearer end. Mostly it has none, and
//! nothing is counted.
//!
//! Cost: 8/30·Σ 1/p crossings for each number, and a division and a look-up for each leaf; at 10^16 both are about equal.
//! Memory: one segment, and 80 bytes for each b.

use super::TermContext;
use super::params::{K, Params};
use super::phi::PhiFromTables;
use crate::math::lanes::{Dividend, PRESIEVE_WORDS, SievedSegment, SignedDivisors, Strides, WORD};
use crate::math::sieve::inverse;
use std::ops::Range;

/// The words of a segment: with its counts it takes half of a first-level cache.
const HARD_SEGMENT_WORDS: u64 = 1 << 11;

/// The sum of a slice of D, and check values for its edges. Slices merge from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hard {
    /// The sum over the leaves of the slice.
    pub sum: i128,
    /// A check value over phi at the left edge: it must equal the right one of the slice before. 0 at the ends of D.
    pub left: u64,
    /// The same for the right edge.
    pub right: u64,
    /// Whether there is a slice at all.
    pub some: bool,
    /// Whether all neighbours agreed so far.
    pub sound: bool,
}

impl Default for Hard {
    fn default() -> Hard {
        Hard { sum: 0, left: 0, right: 0, some: false, sound: true }
    }
}

impl Hard {
    /// The sum of this slice and of the slice to the right of it. It is sound if both are and if they agree at their edge.
    pub fn merge(self, right: Hard) -> Hard {
        match (self.some, right.some) {
            (false, _) => right,
            (_, false) => self,
            _ => Hard {
                sum: self.sum + right.sum,
                left: self.left,
                right: right.right,
                some: true,
                sound: self.sound && right.sound && self.right == right.left,
            },
        }
    }
}

/// Where D's sieve starts, a multiple of 240. No leaf is below (x/z)^(2/3), because p <= x/(p·m) / p and m <= z.
pub fn start(params: &Params) -> u64 {
    let xz = u128::from(params.xz());
    let (mut low, mut high) = (0u128, xz + 1);
    // The largest v with v³ <= (x/z)², found without a product that overflows.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let fits = middle.checked_mul(middle).is_some_and(|square| square / xz.max(1) * middle <= xz);
        if fits { low = middle } else { high = middle }
    }
    (low as u64).saturating_sub(WORD) / WORD * WORD
}

/// Where D's sieve ends, a multiple of 240.
pub fn end(params: &Params) -> u64 {
    (params.xz() + 1).next_multiple_of(WORD)
}

/// The sieve of one thread. It continues from slice to slice if they are neighbours.
pub struct HardSieve {
    segment: SievedSegment,
    list: SignedDivisors,
    /// Where it stands; and the first b whose phi is known.
    at: Option<u64>,
    from: usize,
    /// For each b < the length: phi(at - 1, b-1). Those below `from` are not known.
    phi: Vec<u64>,
    /// How many primes are below `at`, as long as larger b come into use.
    primes: u64,
    /// For each b: where its prime hits the next segment; x/p as a dividend; and x/p³.
    strides: Vec<Strides>,
    quotients: Vec<(Dividend, u64)>,
}

impl HardSieve {
    /// A sieve for the slices of D of one x.
    pub fn new(params: &Params) -> HardSieve {
        let largest = params.hard.max(64) as u32;
        HardSieve {
            segment: SievedSegment::with_margin(largest),
            list: SignedDivisors::default(),
            at: None,
            from: 0,
            phi: Vec::new(),
            primes: 0,
            strides: Vec::new(),
            quotients: Vec::new(),
        }
    }

    /// The sum of a slice, whose edges must be multiples of 240. `before` is where the slice before it begins, if there is one.
    pub fn slice(&mut self, context: &TermContext, slice: Range<u64>, before: Option<u64>) -> Hard {
        if slice.is_empty() {
            return Hard::default();
        }
        let bounds = Bounds::new(context, slice.clone());
        if self.at != Some(slice.start) {
            self.seed(context, &bounds, slice.start);
        }
        self.widen(context, &bounds, slice.start);
        let left = match before {
            Some(before) => {
                let bounds = Bounds::new(context, before..slice.start);
                self.state(context, bounds.first, slice.start)
            }
            None => 0,
        };
        let mut sum = 0;
        let mut low = slice.start;
        while low < slice.end {
            let high = (low + HARD_SEGMENT_WORDS * WORD).min(slice.end);
            sum += self.segment(context, &bounds, low..high);
            low = high;
        }
        self.at = Some(slice.end);
        let right = if slice.end == end(&context.params) { 0 } else { self.state(context, bounds.first, slice.end) };
        Hard { sum, left, right, some: true, sound: true }
    }

    /// A check value at an edge: over the b that are known up to it and have leaves beyond it.
    fn state(&self, context: &TermContext, first: usize, edge: u64) -> u64 {
        let root = context.tables().pi.of(edge.saturating_sub(1).isqrt().min(context.params.hard)) as usize;
        let known = self.phi.get(first..=alive(context, edge).min(root)).unwrap_or(&[]);
        known.iter().fold(0, |sum, &phi| sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(phi))
    }

    /// Starts anew at `low`.
    fn seed(&mut self, context: &TermContext, bounds: &Bounds, low: u64) {
        let (params, tables) = (&context.params, context.tables());
        let phi = PhiFromTables { tables };
        let before = low.saturating_sub(1);
        // All primes whose square is not below `low` have the same phi, so primes are counted there.
        let root = tables.pi.of(before.isqrt().min(params.hard)) as usize;
        let last = bounds.last.min(root + 1).max(K + 1);
        self.phi.clear();
        self.phi.resize(K + 1, 0);
        let mut left = tables.tiny.phi64(before);
        self.phi.push(left);
        for b in K + 1..last {
            left -= phi.of(before / u64::from(tables.primes[b]), b - 1);
            self.phi.push(left);
        }
        // phi(n, a) = π(n) - a + 1 from the root of n on. If the table does not go that far, no larger b come into use.
        self.primes = match root < K {
            true => tables.pi.of(before),
            false => (left + last as u64).saturating_sub(2),
        };
        self.from = K + 1;
        self.strides.clear();
        // The first K have a place so that b is the index; they are never crossed off here.
        self.strides.resize(K + 1, Strides::new(7, 4, 0));
        self.quotients.clear();
        self.quotients.resize(K + 1, (Dividend::default(), 0));
        self.at = Some(low);
        self.stride_to(context, self.phi.len() - 1, low);
    }

    /// Computes the strides up to b for a segment that begins at `low`.
    fn stride_to(&mut self, context: &TermContext, b: usize, low: u64) {
        let (x, tables) = (context.params.x, context.tables());
        for b in self.strides.len()..=b {
            let p = tables.primes[b];
            let inverse = inverse(30, p.into()) as u32;
            self.strides.push(Strides::new(p, inverse, low));
            let quotient = x / u128::from(p);
            let cube = u64::try_from(quotient / u128::from(p) / u128::from(p)).unwrap_or(u64::MAX);
            self.quotients.push((Dividend::new(quotient), cube));
        }
    }

    /// Computes phi for smaller b too, from the first one of the slice on.
    fn widen(&mut self, context: &TermContext, bounds: &Bounds, low: u64) {
        let tables = context.tables();
        let phi = PhiFromTables { tables };
        let before = low.saturating_sub(1);
        if bounds.first < self.from && self.from >= self.phi.len() {
            // All b in use were below the first that is known.
            self.from = self.phi.len() - 1;
            self.phi[self.from] = phi.of(before, self.from - 1);
        }
        for b in (bounds.first..self.from).rev() {
            self.phi[b] = self.phi[b + 1] + phi.of(before / u64::from(tables.primes[b]), b - 1);
        }
        self.from = bounds.first;
    }

    /// phi(low - 1, b-1) for a b whose prime is beyond the root of that.
    fn phi_at_root(&self, low: u64, b: usize) -> u64 {
        if low == 0 { 0 } else { (self.primes + 2).saturating_sub(b as u64).max(1) }
    }

    /// The leaves of one segment.
    fn segment(&mut self, context: &TermContext, bounds: &Bounds, numbers: Range<u64>) -> i128 {
        let (tables, lanes) = (context.tables(), context.lanes);
        let (low, high) = (numbers.start, numbers.end);
        // Larger b come into use as the segments go beyond the squares of their primes.
        let last = alive(context, low).min(bounds.last);
        while self.phi.len() <= last && u64::from(tables.primes[self.phi.len()]).pow(2) < high {
            let b = self.phi.len();
            self.phi.push(self.phi_at_root(low, b));
            self.stride_to(context, b, low);
        }
        let last = last.min(self.phi.len() - 1);

        let words = ((high - low) / WORD) as usize;
        self.segment.resize(words.next_multiple_of(PRESIEVE_WORDS));
        tables.patterns.presieve(lanes, self.segment.words_mut(), low);
        // What the presieve filled beyond the end becomes margin.
        self.segment.resize(words);
        self.segment.recount(lanes);
        let first = bounds.first.min(self.strides.len());
        for b in K + 1..first {
            self.segment.cross(lanes, &self.strides[b]);
        }
        let mut sum = 0i128;
        for b in first..=last {
            sum += self.leaves(context, b, numbers.clone());
            self.phi[b] += u64::from(self.segment.left());
            self.segment.cross(lanes, &self.strides[b]);
        }
        self.primes =
            (self.phi_at_root(low, last + 1) + u64::from(self.segment.left()) + last as u64).saturating_sub(1);
        // Primes beyond have no more leaves, here or later.
        let bytes = (8 * words) as u32;
        self.strides[K + 1..first.max(last + 1)].iter_mut().for_each(|strides| strides.advance(bytes));
        sum
    }

    /// The leaves of p_b in the segment, after all earlier primes were crossed off.
    fn leaves(&mut self, context: &TermContext, b: usize, numbers: Range<u64>) -> i128 {
        let (params, tables, lanes) = (&context.params, context.tables(), context.lanes);
        let HardSieve { segment, list, quotients, phi, .. } = self;
        let (p, low) = (u64::from(tables.primes[b]), numbers.start);
        let (dividend, cube) = quotients[b];
        // x/(p·m) is in the segment if m is above the first and not above the second.
        let (beyond, up_to) = (dividend.over(numbers.end), dividend.over(low.max(1)));
        let (mut sum, mut count) = (0, 0);
        if p <= params.sqrt_z {
            let (above, last) = (beyond.max(params.z / p), up_to.min(cube).min(params.z));
            tables.factors.leaves(lanes, b, above, last, list, |list| {
                count += list.minus.len() as i128 - list.plus.len() as i128;
                sum += i128::from(segment.sum(lanes, low, dividend, list.minus[..].into()));
                sum -= i128::from(segment.sum(lanes, low, dividend, list.plus[..].into()));
            });
        } else {
            let (above, last) = (beyond.max(p), up_to.min(cube).min(params.y));
            if above < last {
                let [above, last] = [above, last].map(|n| tables.pi.of(n) as usize);
                count = (last - above) as i128;
                sum = i128::from(segment.sum(lanes, low, dividend, tables.divisors(above, last)));
            }
        }
        sum + count * i128::from(phi[b])
    }
}

/// The largest b that has leaves at `low` or beyond: a leaf has m > p, so p·(p + 1)·low <= x.
pub fn alive(context: &TermContext, low: u64) -> usize {
    let quotient = context.params.x / u128::from(low.max(1));
    let root = quotient.isqrt();
    let root = if root * (root + 1) <= quotient { root } else { root - 1 };
    context.tables().pi.of(root.min(context.params.hard.into()) as u64) as usize
}

/// The b that have leaves in a slice.
pub struct Bounds {
    /// The first of them.
    pub first: usize,
    /// The last one.
    pub last: usize,
}

impl Bounds {
    /// The bounds of a slice that is not empty.
    pub fn new(context: &TermContext, slice: Range<u64>) -> Bounds {
        let params = &context.params;
        // A leaf below the slice's end has p >= x/(z·end), as m <= z.
        let least = (params.xz() / slice.end).min(params.hard);
        Bounds { first: (context.tables().pi.of(least) as usize).max(K) + 1, last: alive(context, slice.start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;
    use crate::math::sieve::Sieve;

    /// If a thread continues with a wrong value, the next edge at which another thread begins shows it.
    #[test]
    fn neighbours_that_disagree_are_noticed() {
        let (params, lanes) = (Params::new(10u128.pow(12)), lanes::pick(None).unwrap());
        let context = TermContext::new(params, lanes);
        context.make(&mut Sieve::new(lanes, 32 << 10));
        let (low, high) = (start(&params), end(&params));
        let edges = [low, low + (high - low) / 3 / WORD * WORD, low + (high - low) / 2 / WORD * WORD];
        let mut one = HardSieve::new(&params);
        let first = one.slice(&context, edges[0]..edges[1], None);
        let other = HardSieve::new(&params).slice(&context, edges[1]..edges[2], Some(edges[0]));
        assert!(first.merge(other).sound && first.right != 0);
        // Each value that both know counts.
        let both = Bounds::new(&context, edges[0]..edges[1]).first..=alive(&context, edges[1]);
        assert!(both.clone().count() > 10);
        for b in both {
            one.phi[b] += 1;
            let wrong = one.state(&context, Bounds::new(&context, edges[0]..edges[1]).first, edges[1]);
            assert!(!Hard { right: wrong, ..first }.merge(other).sound, "b = {b}");
            one.phi[b] -= 1;
        }
        // A disagreement stays, and an empty slice has no neighbours.
        let torn = Hard { right: first.right ^ 1, ..first }.merge(other);
        assert!(!torn.merge(Hard::default()).sound && !Hard::default().merge(torn).sound);
        assert!(first.merge(Hard::default()).merge(other).sound);
    }
}
