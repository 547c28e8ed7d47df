//! `--gaps`: the largest gap between neighbouring primes, and the prime it starts after.
//!
//! A part knows its first and its last prime, so that the gap between neighbours is seen when they merge. A window of one range is
//! searched class by class ([`Sieve::gaps`]); where ranges touch in a window, its primes are put in order.
//!
//! [`Sieve::gaps`]: crate::math::sieve::Sieve::gaps

use super::Rows;
use super::in_order::{Reader, Reading, Words, bytes_in_order};
use super::plausible::{are_neighbours, none_in};
use super::sieving::LayOut;
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::primality::is_prime;
use crate::math::sieve::{self, Layout, WindowGaps};
use crate::math::span::Span;
use crate::values::Value;
use crate::wire;
use crate::work::{Answer, Part};
use std::ops::RangeInclusive;

/// Primes, and the largest gap among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gaps {
    primes: u64,
    /// The first and the last prime.
    ends: Option<(u128, u128)>,
    /// None if there are fewer than two primes.
    largest: Option<Gap>,
}

/// How wide, and after which prime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    width: u128,
    after: u128,
}

/// The larger one; of two that are equal, the left.
fn larger(left: Option<Gap>, right: Option<Gap>) -> Option<Gap> {
    match (left, right) {
        (Some(left), Some(right)) => Some(if right.width > left.width { right } else { left }),
        (left, right) => left.or(right),
    }
}

impl Gaps {
    /// The primes in the words.
    fn of(words: &Words, lanes: &Lanes) -> Gaps {
        let prime = |offset: u64| words.start() + u128::from(offset);
        let mut offsets = words.offsets();
        let Some(first) = offsets.next() else { return Gaps::default() };
        let (mut last, mut width, mut after) = (first, 0, 0);
        for offset in offsets {
            if offset - last > width {
                (width, after) = (offset - last, last);
            }
            last = offset;
        }
        Gaps {
            primes: lanes.ones(words.bits()),
            ends: Some((prime(first), prime(last))),
            largest: (width > 0).then(|| Gap { width: width.into(), after: prime(after) }),
        }
    }
}

impl Reading for Gaps {
    const COST: f64 = 0.2;
    const LAY_OUT: LayOut = |span, borders| match borders {
        0 => Layout::by_window(span, 0),
        _ => Layout::in_order(span),
    };

    fn one(prime: u128) -> Gaps {
        Gaps { primes: 1, ends: Some((prime, prime)), largest: None }
    }

    fn read(reader: &mut Reader, unit: u64, borders: &[u128]) -> Vec<Gaps> {
        if !borders.is_empty() {
            return reader.in_order(unit, borders, Gaps::of);
        }
        let WindowGaps { primes, ends, largest } = reader.sieve.gaps(&reader.base, &reader.layout, unit);
        vec![Gaps { primes, ends, largest: largest.map(|(width, after)| Gap { width, after }) }]
    }

    fn thread_bytes(layout: &Layout) -> u64 {
        // The windows of other wheels are never put in order.
        if layout.wheel.modulus == 30 { bytes_in_order(layout) } else { sieve::gaps_memory(layout) }
    }

    fn fits(&self, span: Span, possible: &RangeInclusive<u128>) -> bool {
        let primes = u128::from(self.primes);
        let Some((first, last)) = self.ends else {
            return primes == 0 && self.largest.is_none() && none_in(span.start(), span.end());
        };
        // Nothing lies before the first one and behind the last.
        let ends = span.contains(first)
            && span.contains(last)
            && is_prime(first)
            && is_prime(last)
            && none_in(span.start(), first)
            && none_in(last + 1, span.end());
        let fits = |gap: &Gap| {
            let Some(next) = gap.after.checked_add(gap.width).filter(|next| gap.after >= first && *next <= last) else {
                return false;
            };
            // It is no smaller than the mean.
            are_neighbours(&[gap.after, next]) && gap.width.saturating_mul(primes - 1) >= last - first
        };
        ends && possible.contains(&primes)
            && match &self.largest {
                None => primes == 1 && first == last,
                Some(gap) => primes > 1 && first < last && fits(gap),
            }
    }

    fn answer(self, span: Span, rows: Rows) -> Result<Answer> {
        let [width, after] = match self.largest {
            Some(gap) => [Value::integer(gap.width), Value::integer(gap.after)],
            None => [Value::Nothing, Value::Nothing],
        };
        Ok(rows.answer(span, self.primes, &[("gap", width), ("after", after)], "gap"))
    }
}

impl Part for Gaps {
    fn merge(self, right: Gaps) -> Gaps {
        let (between, ends) = match (self.ends, right.ends) {
            (Some((first, last)), Some((next, end))) => {
                (Some(Gap { width: next - last, after: last }), Some((first, end)))
            }
            (left, right) => (None, left.or(right)),
        };
        let largest = larger(larger(self.largest, between), right.largest);
        Gaps { primes: self.primes + right.primes, ends, largest }
    }
}

wire::fields! {
    Gap { width after }
    Gaps { primes ends largest }
}

#[cfg(test)]
mod tests {
    use super::super::in_order::tests::{cases, check, primes, unit};
    use super::*;
    use proptest::prelude::*;

    /// The largest gap in a range, looked up.
    fn judged(start: u64, end: u64) -> Option<Gap> {
        let primes = primes(start, end);
        let gaps = primes.windows(2).map(|two| Gap { width: two[1] - two[0], after: two[0] });
        gaps.reduce(|most, next| if next.width > most.width { next } else { most })
    }

    proptest! {
        #![proptest_config(crate::random::cases(300))]

        #[test]
        fn however_ranges_are_cut_the_gap_is_that_of_the_judge(case in cases()) {
            let (start, end) = (case.0, case.0 + case.1);
            prop_assert_eq!(check::<Gaps>(case)?.largest, judged(start, end));
        }
    }

    #[test]
    fn maximal_gaps() {
        for (end, width, after) in
            [(3, 0, 0), (4, 1, 2), (100, 8, 89), (100_000, 72, 31_397), (1_000_000, 114, 492_113)]
        {
            let expect = (width > 0).then_some(Gap { width, after });
            assert_eq!(unit::<Gaps>(0, end).largest, expect, "below {end}");
        }
    }
}
