//! A: Σ χ·π(x/(p·q)) over x* < p <= cbrt x and p < q <= sqrt(x/p), where χ is 1 if x/(p·q) >= y, otherwise 2.
//!
//! No x/(p·q) is beyond sqrt x. Cost: a division and a look-up for each pair. Memory: only the tables and the segment.

use super::TermContext;
use super::place_sums::WeightedPi;
use super::places::{Segment, at_most_root};

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    // The largest q is sqrt(x/p), so that p is at least x_high/high; the least is p itself.
    let least = params.star.max((segment.x_high / segment.numbers.end).min(params.cbrt_x));
    let most = segment.x_low.isqrt().min(params.cbrt_x);
    if least >= most {
        return;
    }
    for b in pi.of(least) as usize + 1..=pi.of(most) as usize {
        let p = u64::from(primes[b]);
        let xp = context.over(p);
        let above = (segment.x_high / p).max(p);
        let last = at_most_root(segment.x_low / p, xp);
        if above >= last {
            continue;
        }
        let [above, last] = [above, last].map(|n| pi.of(n) as usize);
        // For q up to x/(p·y), the place is at y or beyond. Nearly all segments lie wholly on one side.
        let once = match params.y {
            y if y <= segment.numbers.start => last,
            y if y >= segment.numbers.end => above,
            y => (pi.of((xp / u128::from(y)).min(primes[last].into()) as u64) as usize).clamp(above, last),
        };
        segment.ask(context, to, 1, xp, tables.divisors(above, once));
        segment.ask(context, to, 2, xp, tables.divisors(once, last));
    }
}
