//! Which results units can have: how many primes there can be among their numbers, and where there can be none.

use super::Sieving;
use super::parted::Parted;
use crate::math::approximate;
use crate::math::primality::is_prime;
use crate::math::sieve::Layout;
use crate::math::span::Span;
use std::ops::{Range, RangeInclusive};

/// The most primes that divide a wheel, and so are in no class.
const WHEEL: u128 = 6;

impl Sieving {
    /// Whether a part is of those ranges in which the units have numbers, and `fits` is true for each. `fits` gets the result of a range,
    /// the numbers of the range that belong to the units, and how many primes these can have.
    pub fn plausible<P>(
        &self,
        units: &Range<u64>,
        part: &Parted<P>,
        fits: impl Fn(&P, Span, &RangeInclusive<u128>) -> bool,
    ) -> bool {
        let layout = self.layout();
        let numbers = hull(layout.unit(units.start).0, layout.unit(units.end - 1).0);
        let (first, borders) = self.borders(numbers);
        let fits = |(range, found): (usize, &P)| {
            let within = common(numbers, self.range(range));
            fits(found, within, &possible(&layout, units, within))
        };
        part.first == first as u64 && part.parts.len() == borders.len() + 1 && (first..).zip(&part.parts).all(fits)
    }
}

/// The least and the most primes that the units can have found in a span.
fn possible(layout: &Layout, units: &Range<u64>, span: Span) -> RangeInclusive<u128> {
    // The windows of which the units have all classes, and the windows before and after, of which they have some.
    let whole = layout.covered(units.clone()).map(|covered| common(covered, span));
    let of = |span: Span| approximate::possible(span.start(), span.end());
    let (least, most) = whole.map(of).map_or((0, 0), RangeInclusive::into_inner);
    let slices = layout.units() / layout.windows();
    let is_whole = |unit: &u64| {
        let window = unit / slices * slices;
        units.start <= window && window + slices <= units.end
    };
    let ends = [
        units.start..units.end.min(units.start + slices),
        units.start.max(units.end.saturating_sub(slices))..units.end,
    ];
    let mut partly: Vec<u64> = ends.into_iter().flatten().filter(|unit| !is_whole(unit)).collect();
    partly.dedup();
    let numbers = |unit: &u64| {
        let (window, classes) = layout.unit(*unit);
        classes.len() as u128 * (common(window, span).width() / u128::from(layout.wheel.modulus) + 2)
    };
    let wheel = if partly.is_empty() { 0 } else { WHEEL };
    least..=most + partly.iter().map(numbers).sum::<u128>() + wheel
}

/// The numbers of both.
fn common(one: Span, other: Span) -> Span {
    let start = one.start().max(other.start());
    Span::new(start, one.end().min(other.end()).max(start)).expect("it does not end before it begins")
}

/// The numbers from the first of one span to the last of another.
pub fn hull(first: Span, last: Span) -> Span {
    Span::new(first.start(), last.end()).expect("pieces are in order")
}

/// Whether there is no prime from `start` to below `end`. It stops at the first prime, and gaps are short.
pub fn none_in(start: u128, end: u128) -> bool {
    (start..end).all(|number| !is_prime(number))
}

/// Whether these are neighbouring primes, in order.
pub fn are_neighbours(primes: &[u128]) -> bool {
    primes.iter().all(|&prime| is_prime(prime))
        && primes.windows(2).all(|two| two[0] < two[1] && none_in(two[0] + 1, two[1]))
}
