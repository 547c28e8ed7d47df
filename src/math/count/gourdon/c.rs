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
use super::places::{Segment, at_most_root};
use crate::math::count::cube_root;
use crate::math::lanes::SignedDivisors;

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi, list: &mut SignedDivisors) {
    c1(context, segment, to, list);
    c2(context, segment, to);
}

fn c1(context: &TermContext, segment: &Segment, to: &mut WeightedPi, list: &mut SignedDivisors) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, z, xz) = (&tables.pi, params.z, params.xz());
    if segment.numbers.start >= z {
        return;
    }
    let least = [cube_root(xz), segment.numbers.start.isqrt(), xz / segment.numbers.end];
    let first = least.into_iter().map(|n| pi.of(n.min(params.sqrt_z))).max().expect("three").max(K as u64);
    for b in first as usize + 1..=pi.of(params.sqrt_z) as usize {
        let p = u64::from(tables.primes[b]);
        let xp = context.over(p);
        let cube = (xp / u128::from(p * p)).min(u64::MAX.into()) as u64;
        let above = (segment.x_high / p).max(cube).max(z / p);
        let last = (segment.x_low / p).min(z);
        if above >= last {
            continue;
        }
        tables.factors.leaves(context.lanes, b, above, last, list, |list| {
            segment.ask(context, to, -1, xp, list.plus[..].into());
            segment.ask(context, to, 1, xp, list.minus[..].into());
            let more = list.minus.len() as i128 - list.plus.len() as i128;
            to.sum -= more * (b as i128 - 2);
        });
    }
}

fn c2(context: &TermContext, segment: &Segment, to: &mut WeightedPi) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, y) = (&tables.pi, params.y);
    let least = [params.sqrt_z, cube_root(params.xy()), segment.numbers.start.isqrt(), segment.x_high / y];
    let first = least.into_iter().map(|n| pi.of(n.min(params.star))).max().expect("four").max(K as u64);
    let last = pi.of(segment.x_low.isqrt().min(params.star));
    let primes_to_y = pi.of(y);
    let largest = u64::from(tables.primes[primes_to_y as usize]);
    for b in first as usize + 1..=last as usize {
        let p = u64::from(tables.primes[b]);
        let t = context.over(p);
        let over = |n: u64| (t / u128::from(n)) as u64;
        let floor = p.max(over(p * p));
        let (from, to_most) = ((segment.x_high / p).max(floor), at_most_root((segment.x_low / p).min(y), t));
        let ends_here = segment.x_high / p < largest && largest <= segment.x_low / p;
        if from >= to_most && !ends_here {
            continue;
        }
        let u = y.min((t.isqrt() as u64).max(floor));
        let two = b as i128 - 2;
        // The primes r that belong to the q beyond u.
        let conjugate = (u < largest).then(|| (pi.of(over(largest)), pi.of(over(u + 1))));
        if let Some((low, high)) = conjugate
            && ends_here
        {
            let [low, high, all, inside] = [low, high, primes_to_y, pi.of(u)].map(i128::from);
            to.sum += low * all - high * inside - two * (all - inside);
        }
        if from >= to_most {
            continue;
        }
        let [above, last] = [from, to_most].map(|n| pi.of(n) as usize);
        to.sum -= two * (last - above) as i128;
        let [low, high] =
            conjugate.map_or([above; 2], |(low, high)| [low, high].map(|n| (n as usize).clamp(above, last)));
        segment.ask(context, to, 1, t, tables.divisors(above, low));
        segment.ask(context, to, 2, t, tables.divisors(low, high.max(low)));
        segment.ask(context, to, 1, t, tables.divisors(high.max(low), last));
    }
}
