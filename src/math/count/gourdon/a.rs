//! A: Σ χ·π(x/(p·q)) over x* < p <= cbrt x and p < q <= sqrt(x/p), where χ is 1 if x/(p·q) >= y and else 2.
//!
//! Cost: a division and a look-up for each pair. No pair's place is beyond sqrt x.

use super::Terms;
use super::places::Row;
use super::tally::Asked;

/// Asks for the places of a row.
pub fn ask(terms: &Terms, row: &Row, to: &mut Asked) {
    let (params, tables) = (&terms.params, terms.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    let cbrt = u128::from(params.cbrt_x);
    // The largest q is sqrt(x/p), so that p is at least x_high/high; the least is p itself.
    let least = params.star.max((row.x_high / u128::from(row.numbers.end)).min(cbrt) as u64);
    let most = row.x_low.isqrt().min(cbrt) as u64;
    if least >= most {
        return;
    }
    for b in pi.of(least) as usize + 1..=pi.of(most) as usize {
        let p = primes[b];
        let wide = u128::from(p);
        let xp = params.x / wide;
        let above = (row.x_high / wide).max(wide);
        let last = (row.x_low / wide).min(xp.isqrt());
        if above >= last {
            continue;
        }
        // The places of the q up to here are at y or beyond.
        let once = (xp / u128::from(params.y)).clamp(above, last);
        let [above, once, last] = [above, once, last].map(|n| pi.of(n as u64) as usize);
        row.ask(terms, to, 1, xp, &primes[above + 1..=once]);
        row.ask(terms, to, 2, xp, &primes[once + 1..=last]);
    }
}
