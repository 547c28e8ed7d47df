//! C: the special leaves that need only the table of π, because phi(x/(p·m), b-1) = π(x/(p·m)) - b + 2 for p = p_b
//! if p² > x/(p·m).
//!
//! - C1, p <= sqrt z: -Σ μ(m)·(π(x/(p·m)) - b + 2) over the squarefree m up to z without primes up to p or above y, with
//!   m > z/p and m > x/p³;
//! - C2, p > sqrt z: Σ (π(x/(p·q)) - b + 2) over max(p, x/p³) < q <= y.
//!
//! In C2 only the q up to sqrt(x/p) are visited. For t = x/p and u < w,
//! Σ π(t/q) over u < q <= w is π(w)·π(t/w) - π(u)·π(t/(u+1)) + Σ π(t/r) over t/w < r <= t/(u+1). These r are among the q that
//! are visited anyway, so they count twice.
//!
//! Cost: a division and a look-up for each visited leaf. Memory: only the tables and the segment.

use super::TermContext;
use super::params::K;
use super::place_sums::WeightedPi;
use super::places::{Place, Segment, at_most_root};
use crate::math::count::cube_root;
use crate::math::lanes::SignedDivisors;

/// The leaves of C1 of one p whose places are in a segment.
pub struct Composites {
    /// The index of p.
    pub b: usize,
    /// The prime p.
    pub p: u64,
    /// x/p.
    pub xp: u128,
    /// The factors m are above this.
    pub above: u64,
    /// The factors m are at most this.
    pub last: u64,
}

/// The leaves of C2 of one p that are counted in a segment.
pub struct Primes {
    /// The index of p.
    pub b: usize,
    /// The prime p.
    pub p: u64,
    /// t = x/p.
    pub t: u128,
    /// The q that are not visited, if this is their segment.
    pub skipped: Option<Skipped>,
    /// The q that are visited here.
    pub visited: Option<Visited>,
}

/// The q beyond u, up to the largest w.
pub struct Skipped {
    /// π(t/w).
    pub low: usize,
    /// π(t/(u+1)).
    pub high: usize,
    /// π(u).
    pub inside: usize,
    /// π(w).
    pub all: usize,
}

/// Indices of the q that are visited: those above `above` and up to `last`; above `low` and up to `high` they count twice.
pub struct Visited {
    /// The index before the first.
    pub above: usize,
    /// The last index before those that count twice.
    pub low: usize,
    /// The last index of those that count twice.
    pub high: usize,
    /// The last index.
    pub last: usize,
}

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi, list: &mut SignedDivisors) {
    let tables = context.tables();
    composites(context, &segment.place, |Composites { b, xp, above, last, .. }| {
        tables.factors.leaves(context.lanes, b, above, last, list, |list| {
            segment.ask(context, to, -1, xp, list.plus[..].into());
            segment.ask(context, to, 1, xp, list.minus[..].into());
            let more = list.minus.len() as i128 - list.plus.len() as i128;
            to.sum -= more * (b as i128 - 2);
        });
    });
    primes(context, &segment.place, |Primes { b, t, skipped, visited, .. }| {
        let two = b as i128 - 2;
        if let Some(Skipped { low, high, inside, all }) = skipped {
            let [low, high, inside, all] = [low, high, inside, all].map(|n| n as i128);
            to.sum += low * all - high * inside - two * (all - inside);
        }
        if let Some(Visited { above, low, high, last }) = visited {
            to.sum -= two * (last - above) as i128;
            segment.ask(context, to, 1, t, tables.divisors(above, low));
            segment.ask(context, to, 2, t, tables.divisors(low, high));
            segment.ask(context, to, 1, t, tables.divisors(high, last));
        }
    });
}

/// The leaves of C1 whose places are here, for each p that may have some.
pub fn composites(context: &TermContext, place: &Place, mut each: impl FnMut(Composites)) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, z, xz) = (&tables.pi, params.z, params.xz());
    if place.numbers.start >= z {
        return;
    }
    let least = [cube_root(xz), place.numbers.start.isqrt(), xz / place.numbers.end];
    let first = least.into_iter().map(|n| pi.of(n.min(params.sqrt_z))).max().expect("three").max(K as u64);
    for b in first as usize + 1..=pi.of(params.sqrt_z) as usize {
        let p = u64::from(tables.primes[b]);
        let xp = context.over(p);
        let cube = (xp / u128::from(p * p)).min(u64::MAX.into()) as u64;
        let above = (place.x_high / p).max(cube).max(z / p);
        let last = (place.x_low / p).min(z);
        if above < last {
            each(Composites { b, p, xp, above, last });
        }
    }
}

/// The leaves of C2 that are counted here, for each p that has some.
pub fn primes(context: &TermContext, place: &Place, mut each: impl FnMut(Primes)) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, y) = (&tables.pi, params.y);
    let least = [params.sqrt_z, cube_root(params.xy()), place.numbers.start.isqrt(), place.x_high / y];
    let first = least.into_iter().map(|n| pi.of(n.min(params.star))).max().expect("four").max(K as u64);
    let last = pi.of(place.x_low.isqrt().min(params.star));
    let all = pi.of(y) as usize;
    let largest = u64::from(tables.primes[all]);
    for b in first as usize + 1..=last as usize {
        let p = u64::from(tables.primes[b]);
        let t = context.over(p);
        let over = |n: u64| (t / u128::from(n)) as u64;
        let floor = p.max(over(p * p));
        let (from, to_most) = ((place.x_high / p).max(floor), at_most_root((place.x_low / p).min(y), t));
        let ends_here = place.x_high / p < largest && largest <= place.x_low / p;
        if from >= to_most && !ends_here {
            continue;
        }
        let u = y.min((t.isqrt() as u64).max(floor));
        // The primes r that belong to the q beyond u.
        let beyond = (u < largest).then(|| [over(largest), over(u + 1)].map(|n| pi.of(n) as usize));
        let skipped = beyond.filter(|_| ends_here);
        let skipped = skipped.map(|[low, high]| Skipped { low, high, inside: pi.of(u) as usize, all });
        let visited = (from < to_most).then(|| {
            let [above, last] = [from, to_most].map(|n| pi.of(n) as usize);
            let [low, high] = beyond.map_or([above; 2], |edges| edges.map(|n| n.clamp(above, last)));
            Visited { above, low, high: high.max(low), last }
        });
        each(Primes { b, p, t, skipped, visited });
    }
}
