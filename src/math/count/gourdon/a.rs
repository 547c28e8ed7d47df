//! A: Σ χ·π(x/(p·q)) over x* < p <= cbrt x and p < q <= sqrt(x/p), where χ is 1 if x/(p·q) >= y, otherwise 2.
//!
//! No x/(p·q) is beyond sqrt x. Cost: a division and a look-up for each pair. Memory: only the tables and the segment.

use super::TermContext;
use super::place_sums::WeightedPi;
use super::places::{Place, Segment, at_most_root};

/// The pairs of one p whose places are in a segment.
pub struct Pairs {
    /// The prime p.
    pub p: u64,
    /// x/p.
    pub xp: u128,
    /// The indices of the primes q are above this.
    pub above: usize,
    /// Up to this index they count once, and twice beyond it.
    pub once: usize,
    /// The last index.
    pub last: usize,
}

/// Adds the places that lie in a segment.
pub fn ask(context: &TermContext, segment: &Segment, to: &mut WeightedPi) {
    let tables = context.tables();
    pairs(context, &segment.place, |Pairs { xp, above, once, last, .. }| {
        segment.ask(context, to, 1, xp, tables.divisors(above, once));
        segment.ask(context, to, 2, xp, tables.divisors(once, last));
    });
}

/// The pairs whose places are here, for each p that has some.
pub fn pairs(context: &TermContext, place: &Place, mut each: impl FnMut(Pairs)) {
    let (params, tables) = (&context.params, context.tables());
    let (pi, primes) = (&tables.pi, &tables.primes);
    // The largest q is sqrt(x/p), so that p is at least x_high/high; the least is p itself.
    let least = params.star.max((place.x_high / place.numbers.end).min(params.cbrt_x));
    let most = place.x_low.isqrt().min(params.cbrt_x);
    if least >= most {
        return;
    }
    for b in pi.of(least) as usize + 1..=pi.of(most) as usize {
        let p = u64::from(primes[b]);
        let xp = context.over(p);
        let above = (place.x_high / p).max(p);
        let last = at_most_root(place.x_low / p, xp);
        if above >= last {
            continue;
        }
        let [above, last] = [above, last].map(|n| pi.of(n) as usize);
        // For q up to x/(p·y), the place is at y or beyond. Nearly all segments lie wholly on one side.
        let once = match params.y {
            y if y <= place.numbers.start => last,
            y if y >= place.numbers.end => above,
            y => (pi.of((xp / u128::from(y)).min(primes[last].into()) as u64) as usize).clamp(above, last),
        };
        each(Pairs { p, xp, above, once, last });
    }
}
