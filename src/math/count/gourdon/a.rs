//! A: Σ χ·π(x/(p·q)) over x* < p <= cbrt x and p < q <= sqrt(x/p), where χ is 1 if x/(p·q) >= y and else 2.
//!
//! No pair's place is beyond sqrt x. Cost: a division and a look-up for each pair. Memory: nothing but the tables and the row.

use super::Terms;
use super::places::{Row, at_most_root};
use super::tally::Asked;

/// Asks for the places of a row.
pub fn ask(terms: &Terms, row: &Row, to: &mut Asked) {
    let (params, tables) = (&terms.params, terms.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    // The largest q is sqrt(x/p), so that p is at least x_high/high; the least is p itself.
    let least = params.star.max((row.x_high / row.numbers.end).min(params.cbrt_x));
    let most = row.x_low.isqrt().min(params.cbrt_x);
    if least >= most {
        return;
    }
    for b in pi.of(least) as usize + 1..=pi.of(most) as usize {
        let p = u64::from(primes[b]);
        let xp = terms.over(p);
        let above = (row.x_high / p).max(p);
        let last = at_most_root(row.x_low / p, xp);
        if above >= last {
            continue;
        }
        let [above, last] = [above, last].map(|n| pi.of(n) as usize);
        // The places of the q up to x/(p·y) are at y or beyond. Nearly all rows lie wholly on one side.
        let once = match params.y {
            y if y <= row.numbers.start => last,
            y if y >= row.numbers.end => above,
            y => (pi.of((xp / u128::from(y)).min(primes[last].into()) as u64) as usize).clamp(above, last),
        };
        row.ask(terms, to, 1, xp, &primes[above + 1..=once]);
        row.ask(terms, to, 2, xp, &primes[once + 1..=last]);
    }
}
