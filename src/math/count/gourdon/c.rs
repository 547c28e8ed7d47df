//! C: the special leaves that need no sieve but the table of π, as phi(x/(p·m), b-1) = π(x/(p·m)) - b + 2 for p = p_b
//! once p² > x/(p·m).
//!
//! - C1, p <= sqrt z: -Σ μ(m)·(π(x/(p·m)) - b + 2) over the m up to z that are free of squares, of primes up to p and of
//!   primes above y, with m > z/p and m > x/p³;
//! - C2, p > sqrt z: Σ (π(x/(p·q)) - b + 2) over max(p, x/p³) < q <= y.
//!
//! Of C2 only the q up to sqrt(x/p) are visited. For t = x/p and u < w,
//! Σ π(t/q) over u < q <= w is π(w)·π(t/w) - π(u)·π(t/(u+1)) + Σ π(t/r) over t/w < r <= t/(u+1), and those r are among the
//! q that are visited anyway: there they count once more.
//!
//! Cost: a division and a look-up for each leaf that is visited. Memory: nothing but the tables and the row.

use super::Terms;
use super::params::K;
use super::places::{Row, at_most_root};
use super::tally::Asked;
use crate::math::count::cube_root;
use crate::math::lanes::Signed;

/// Asks for the places of a row.
pub fn ask(terms: &Terms, row: &Row, to: &mut Asked, list: &mut Signed) {
    c1(terms, row, to, list);
    c2(terms, row, to);
}

fn c1(terms: &Terms, row: &Row, to: &mut Asked, list: &mut Signed) {
    let (params, tables) = (&terms.params, terms.tables());
    let (pi, z, xz) = (&tables.pi, params.z, params.xz());
    if row.numbers.start >= z {
        return;
    }
    let least = [cube_root(xz), row.numbers.start.isqrt(), xz / row.numbers.end];
    let first = least.into_iter().map(|n| pi.of(n.min(params.sqrt_z))).max().expect("three").max(K as u64);
    for b in first as usize + 1..=pi.of(params.sqrt_z) as usize {
        let p = u64::from(tables.primes[b]);
        let xp = terms.over(p);
        let cube = (xp / u128::from(p * p)).min(u64::MAX.into()) as u64;
        let above = (row.x_high / p).max(cube).max(z / p);
        let last = (row.x_low / p).min(z);
        if above >= last {
            continue;
        }
        tables.factors.leaves(terms.lanes, b, above, last, list, |list| {
            row.ask(terms, to, -1, xp, &list.plus);
            row.ask(terms, to, 1, xp, &list.minus);
            let more = list.minus.len() as i128 - list.plus.len() as i128;
            to.sum -= more * (b as i128 - 2);
        });
    }
}

fn c2(terms: &Terms, row: &Row, to: &mut Asked) {
    let (params, tables) = (&terms.params, terms.tables());
    let (pi, primes, y) = (&tables.pi, &tables.primes, params.y);
    let least = [params.sqrt_z, cube_root(params.xy()), row.numbers.start.isqrt(), row.x_high / y];
    let first = least.into_iter().map(|n| pi.of(n.min(params.star))).max().expect("four").max(K as u64);
    let last = pi.of(row.x_low.isqrt().min(params.star));
    let primes_to_y = pi.of(y);
    let largest = u64::from(primes[primes_to_y as usize]);
    for b in first as usize + 1..=last as usize {
        let p = u64::from(primes[b]);
        let t = terms.over(p);
        let over = |n: u64| (t / u128::from(n)) as u64;
        let floor = p.max(over(p * p));
        let (from, to_most) = ((row.x_high / p).max(floor), at_most_root((row.x_low / p).min(y), t));
        let ends_here = row.x_high / p < largest && largest <= row.x_low / p;
        if from >= to_most && !ends_here {
            continue;
        }
        let u = y.min((t.isqrt() as u64).max(floor));
        let two = b as i128 - 2;
        // The primes that are conjugate to those beyond u.
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
        row.ask(terms, to, 1, t, &primes[above + 1..=low]);
        row.ask(terms, to, 2, t, &primes[low + 1..=high.max(low)]);
        row.ask(terms, to, 1, t, &primes[high.max(low) + 1..=last]);
    }
}
