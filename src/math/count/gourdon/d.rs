//! D, the hard leaves: those that need phi itself, and with it a sieve up to x/z.
//!
//! - k < b <= π(sqrt z), p = p_b: -Σ μ(m)·phi(x/(p·m), b-1) over the m free of squares, of primes up to p and of primes
//!   above y, with z/p < m <= min(x/p³, z);
//! - π(sqrt z) < b <= π(x*): Σ phi(x/(p·q), b-1) over p < q <= min(x/p³, y).
//!
//! The numbers are sieved row by row, a prime at a time. With p_1 … p_{b-1} crossed off, phi(v, b-1) is what is left up to
//! v: the sum of all earlier rows, which is kept for every b, and a count in the row. The usual way keeps counters for
//! pieces of the row, decrements one with each crossing, and takes the leaves in order. Here a crossing only tells whether
//! the bit was set. Where a prime has many leaves in a row, all lines of it are counted first and each leaf is a look-up,
//! in whatever order; where it has few, they are counted from the nearer end; where it has none, as mostly, nothing is.
//!
//! Cost: 8/30·Σ 1/p crossings for each number, and a division and a look-up for each leaf, at 10^16 about as much. Memory: a
//! row, and 80 bytes for each b.

use super::Terms;
use super::params::{K, Params};
use super::phi::Phi;
use crate::math::lanes::{Dividend, STRIPE_WORDS, Sifted, Signed, Strides, WORD};
use crate::math::sieve::inverse;
use std::ops::Range;

/// Words of a row: with its counts half of a first-level cache.
const ROW: u64 = 1 << 11;

/// What a slice came to, and what it knew at its edges. Slices merge from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hard {
    pub sum: i128,
    /// Sums over phi at the two edges: neighbours must agree. 0 at the ends of all.
    pub left: u64,
    pub right: u64,
    /// Whether there is a slice, and whether all neighbours in it did agree.
    pub some: bool,
    pub sound: bool,
}

impl Default for Hard {
    fn default() -> Hard {
        Hard { sum: 0, left: 0, right: 0, some: false, sound: true }
    }
}

impl Hard {
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

/// Where D's sieve starts, a multiple of 240: no leaf is below (x/z)^(2/3), as p <= x/(p·m) / p and m <= z.
pub fn start(params: &Params) -> u64 {
    let xz = u128::from(params.xz());
    let (mut low, mut high) = (0u128, xz + 1);
    // The largest v with v³ <= (x/z)², found without a product that does not fit.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let fits = middle.checked_mul(middle).is_some_and(|square| square / xz.max(1) * middle <= xz);
        if fits { low = middle } else { high = middle }
    }
    (low as u64).saturating_sub(WORD) / WORD * WORD
}

/// Where it ends, a multiple of 240 too.
pub fn end(params: &Params) -> u64 {
    (params.xz() + 1).next_multiple_of(WORD)
}

/// A thread's sieve, and where it stands. It goes on from slice to slice if they are neighbours.
pub struct Sieving {
    row: Sifted,
    list: Signed,
    /// Where it stands, and the first b that it follows.
    at: Option<u64>,
    from: usize,
    /// For each b < the length: phi(at - 1, b-1). Those below `from` are not kept.
    phi: Vec<u64>,
    /// The primes below `at`, as long as more b come to life.
    primes: u64,
    /// For each b: where its prime hits the next row; x/p, to be divided on; and x/p³.
    strides: Vec<Strides>,
    quotients: Vec<(Dividend, u64)>,
}

impl Sieving {
    pub fn new(params: &Params) -> Sieving {
        let largest = params.hard.max(64) as u32;
        Sieving {
            row: Sifted::with_margin(largest),
            list: Signed::default(),
            at: None,
            from: 0,
            phi: Vec::new(),
            primes: 0,
            strides: Vec::new(),
            quotients: Vec::new(),
        }
    }

    /// What the slice comes to; its edges are multiples of 240. `before` is where the slice before it begins, if there
    /// is one.
    pub fn slice(&mut self, terms: &Terms, slice: Range<u64>, before: Option<u64>) -> Hard {
        if slice.is_empty() {
            return Hard::default();
        }
        let bounds = Bounds::new(terms, slice.clone());
        if self.at != Some(slice.start) {
            self.seed(terms, &bounds, slice.start);
        }
        self.widen(terms, &bounds, slice.start);
        let left = match before {
            Some(before) => {
                let bounds = Bounds::new(terms, before..slice.start);
                self.state(terms, bounds.first, slice.start)
            }
            None => 0,
        };
        let mut sum = 0;
        let mut low = slice.start;
        while low < slice.end {
            let high = (low + ROW * WORD).min(slice.end);
            sum += self.row(terms, &bounds, low..high);
            low = high;
        }
        self.at = Some(slice.end);
        let right = if slice.end == end(&terms.params) { 0 } else { self.state(terms, bounds.first, slice.end) };
        Hard { sum, left, right, some: true, sound: true }
    }

    /// A sum over what is known at an edge: of the b that were followed up to it and have leaves beyond.
    fn state(&self, terms: &Terms, first: usize, edge: u64) -> u64 {
        let root = terms.tables().pi.of(edge.saturating_sub(1).isqrt().min(terms.params.hard)) as usize;
        let known = self.phi.get(first..=alive(terms, edge).min(root)).unwrap_or(&[]);
        known.iter().fold(0, |sum, &phi| sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(phi))
    }

    /// Starts anew at `low`.
    fn seed(&mut self, terms: &Terms, bounds: &Bounds, low: u64) {
        let (params, tables) = (&terms.params, terms.tables());
        let phi = Phi { tables };
        let before = low.saturating_sub(1);
        // Those whose square is not below are all alike: primes are counted there.
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
        // phi(n, a) = π(n) - a + 1 from the root of n on. If it is not known that far, no more b come to life.
        self.primes = match root < K {
            true => tables.pi.of(before),
            false => (left + last as u64).saturating_sub(2),
        };
        self.from = K + 1;
        self.strides.clear();
        // The first K are there so that b is the place; nobody crosses them.
        self.strides.resize(K + 1, Strides::new(7, 4, 0));
        self.quotients.clear();
        self.quotients.resize(K + 1, (Dividend::default(), 0));
        self.at = Some(low);
        self.stride_to(terms, self.phi.len() - 1, low);
    }

    /// Makes the strides known up to b, at a row that begins at `low`.
    fn stride_to(&mut self, terms: &Terms, b: usize, low: u64) {
        let (x, tables) = (terms.params.x, terms.tables());
        for b in self.strides.len()..=b {
            let p = tables.primes[b];
            let inverse = inverse(30, p.into()) as u32;
            self.strides.push(Strides::new(p, inverse, low));
            let quotient = x / u128::from(p);
            let cube = u64::try_from(quotient / u128::from(p) / u128::from(p)).unwrap_or(u64::MAX);
            self.quotients.push((Dividend::new(quotient), cube));
        }
    }

    /// Follows smaller b too, from the slice's first on.
    fn widen(&mut self, terms: &Terms, bounds: &Bounds, low: u64) {
        let tables = terms.tables();
        let phi = Phi { tables };
        let before = low.saturating_sub(1);
        if bounds.first < self.from && self.from >= self.phi.len() {
            // All that live were below the first that was followed.
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

    /// The leaves of one row.
    fn row(&mut self, terms: &Terms, bounds: &Bounds, numbers: Range<u64>) -> i128 {
        let (tables, lanes) = (terms.tables(), terms.lanes);
        let (low, high) = (numbers.start, numbers.end);
        // More b come to life as long as the row goes beyond the squares of their primes.
        let last = alive(terms, low).min(bounds.last);
        while self.phi.len() <= last && u64::from(tables.primes[self.phi.len()]).pow(2) < high {
            let b = self.phi.len();
            self.phi.push(self.phi_at_root(low, b));
            self.stride_to(terms, b, low);
        }
        let last = last.min(self.phi.len() - 1);

        let words = ((high - low) / WORD) as usize;
        self.row.resize(words.next_multiple_of(STRIPE_WORDS) / 8);
        tables.patterns.presieve(lanes, self.row.words_mut(), low);
        // A row may end within a line: what is beyond is not to be counted.
        self.row.words_mut()[words..].fill(0);
        self.row.resize(words.div_ceil(8));
        self.row.recount(lanes);
        let first = bounds.first.min(self.strides.len());
        for b in K + 1..first {
            self.row.cross(lanes, &self.strides[b]);
        }
        let mut sum = 0i128;
        for b in first..=last {
            sum += self.leaves(terms, b, numbers.clone());
            self.phi[b] += u64::from(self.row.left());
            self.row.cross(lanes, &self.strides[b]);
        }
        self.primes = (self.phi_at_root(low, last + 1) + u64::from(self.row.left()) + last as u64).saturating_sub(1);
        // Those beyond have no more leaves, here or later.
        let bytes = (8 * words) as u32;
        self.strides[K + 1..first.max(last + 1)].iter_mut().for_each(|strides| strides.advance(bytes));
        sum
    }

    /// The leaves of p_b in the row, from which all earlier primes are crossed off.
    fn leaves(&mut self, terms: &Terms, b: usize, numbers: Range<u64>) -> i128 {
        let (params, tables, lanes) = (&terms.params, terms.tables(), terms.lanes);
        let Sieving { row, list, quotients, phi, .. } = self;
        let (p, low) = (u64::from(tables.primes[b]), numbers.start);
        let (dividend, cube) = quotients[b];
        // x/(p·m) is in the row if m is above the one and not above the other.
        let (far, near) = (dividend.over(numbers.end), dividend.over(low.max(1)));
        let (mut sum, mut count) = (0, 0);
        if p <= params.sqrt_z {
            let (above, last) = (far.max(params.z / p), near.min(cube).min(params.z));
            tables.factors.leaves(lanes, b, above, last, list, |list| {
                count += list.minus.len() as i128 - list.plus.len() as i128;
                sum += i128::from(row.sum(lanes, low, dividend, &list.minus));
                sum -= i128::from(row.sum(lanes, low, dividend, &list.plus));
            });
        } else {
            let (above, last) = (far.max(p), near.min(cube).min(params.y));
            if above < last {
                let [above, last] = [above, last].map(|n| tables.pi.of(n) as usize);
                let divisors = &tables.primes[above + 1..=last];
                count = divisors.len() as i128;
                sum = i128::from(row.sum(lanes, low, dividend, divisors));
            }
        }
        sum + count * i128::from(phi[b])
    }
}

/// The largest b that has leaves at `low` or beyond: a leaf has m > p, so that p·(p + 1)·low <= x.
fn alive(terms: &Terms, low: u64) -> usize {
    let quotient = terms.params.x / u128::from(low.max(1));
    let root = quotient.isqrt();
    let root = if root * (root + 1) <= quotient { root } else { root - 1 };
    terms.tables().pi.of(root.min(terms.params.hard.into()) as u64) as usize
}

/// The b that a slice follows.
struct Bounds {
    first: usize,
    last: usize,
}

impl Bounds {
    fn new(terms: &Terms, slice: Range<u64>) -> Bounds {
        let params = &terms.params;
        // A leaf below the slice's end has p >= x/(z·end), as m <= z.
        let least = (params.xz() / slice.end).min(params.hard);
        Bounds { first: (terms.tables().pi.of(least) as usize).max(K) + 1, last: alive(terms, slice.start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;
    use crate::math::sieve::Sieve;

    /// A thread that goes on with a value that is not what it should be is found out at the next edge that another
    /// thread begins at.
    #[test]
    fn neighbours_that_disagree_are_noticed() {
        let (params, lanes) = (Params::new(10u128.pow(12)), lanes::pick(None).unwrap());
        let terms = Terms::new(params, lanes);
        terms.make(&mut Sieve::new(lanes, 32 << 10));
        let (low, high) = (start(&params), end(&params));
        let edges = [low, low + (high - low) / 3 / WORD * WORD, low + (high - low) / 2 / WORD * WORD];
        let mut one = Sieving::new(&params);
        let first = one.slice(&terms, edges[0]..edges[1], None);
        let other = Sieving::new(&params).slice(&terms, edges[1]..edges[2], Some(edges[0]));
        assert!(first.merge(other).sound && first.right != 0);
        // Each value that both know counts.
        let both = Bounds::new(&terms, edges[0]..edges[1]).first..=alive(&terms, edges[1]);
        assert!(both.clone().count() > 10);
        for b in both {
            one.phi[b] += 1;
            let wrong = one.state(&terms, Bounds::new(&terms, edges[0]..edges[1]).first, edges[1]);
            assert!(!Hard { right: wrong, ..first }.merge(other).sound, "b = {b}");
            one.phi[b] -= 1;
        }
        // What was torn once stays so, and nothing is no neighbour.
        let torn = Hard { right: first.right ^ 1, ..first }.merge(other);
        assert!(!torn.merge(Hard::default()).sound && !Hard::default().merge(torn).sound);
        assert!(first.merge(Hard::default()).merge(other).sound);
    }
}
