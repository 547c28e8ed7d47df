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

use super::Terms;
use super::params::{K, root};
use super::places::Row;
use super::tally::Asked;
use crate::math::lanes::Signed;

/// Asks for the places of a row.
pub fn ask(terms: &Terms, row: &Row, to: &mut Asked, list: &mut Signed) {
    c1(terms, row, to, list);
    c2(terms, row, to);
}

fn c1(terms: &Terms, row: &Row, to: &mut Asked, list: &mut Signed) {
    let (params, tables) = (&terms.params, terms.tables());
    let pi = &tables.pi;
    let (z, xz) = (u128::from(params.z), u128::from(params.xz()));
    if u128::from(row.numbers.start) >= z {
        return;
    }
    let root_z = u128::from(params.sqrt_z);
    let least = [root(xz, 3), row.numbers.start.isqrt(), (xz / u128::from(row.numbers.end)).min(root_z) as u64];
    let first = least.into_iter().map(|n| pi.of(n.min(params.sqrt_z))).max().expect("three").max(K as u64);
    for b in first as usize + 1..=pi.of(params.sqrt_z) as usize {
        let p = u128::from(tables.primes[b]);
        let xp = params.x / p;
        let above = (row.x_high / p).max(xp / (p * p)).max(z / p);
        let last = (row.x_low / p).min(z);
        if above >= last {
            continue;
        }
        tables.factors.leaves(terms.lanes, b, above as u64, last as u64, list, |list| {
            row.ask(terms, to, -1, xp, &list.plus);
            row.ask(terms, to, 1, xp, &list.minus);
            let more = list.minus.len() as i128 - list.plus.len() as i128;
            to.sum -= more * (b as i128 - 2);
        });
    }
}

fn c2(terms: &Terms, row: &Row, to: &mut Asked) {
    let (params, tables) = (&terms.params, terms.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    let (y, star) = (u128::from(params.y), u128::from(params.star));
    let least = [params.sqrt_z, root(params.x / y, 3), row.numbers.start.isqrt(), (row.x_high / y).min(star) as u64];
    let first = least.into_iter().map(|n| pi.of(n.min(params.star))).max().expect("four").max(K as u64);
    let last = pi.of(row.x_low.isqrt().min(star) as u64);
    let (primes_to_y, largest) = (pi.of(params.y), u128::from(primes[pi.of(params.y) as usize]));
    for b in first as usize + 1..=last as usize {
        let p = u128::from(primes[b]);
        let t = params.x / p;
        let floor = p.max(t / (p * p));
        let root_t = t.isqrt();
        let u = y.min(root_t.max(floor));
        let two = b as i128 - 2;
        // The primes that are conjugate to those beyond u.
        let conjugate = (u < largest).then(|| (t / largest, t / (u + 1)));
        if let Some((low, high)) = conjugate
            && row.x_high / p < largest
            && largest <= row.x_low / p
        {
            let pi = |n: u128| i128::from(pi.of(n as u64));
            let all = i128::from(primes_to_y);
            to.sum += pi(low) * all - pi(high) * pi(u) - two * (all - pi(u));
        }
        let above = (row.x_high / p).max(floor);
        let last = (row.x_low / p).min(y).min(root_t);
        if above >= last {
            continue;
        }
        let [above, last] = [above, last].map(|n| pi.of(n as u64) as usize);
        row.ask(terms, to, 1, t, &primes[above + 1..=last]);
        to.sum -= two * (last - above) as i128;
        if let Some((low, high)) = conjugate {
            let [low, high] = [low, high].map(|n| (pi.of(n as u64) as usize).clamp(above, last));
            row.ask(terms, to, 1, t, &primes[low.min(high) + 1..=high]);
        }
    }
}
