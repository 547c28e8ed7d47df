//! `--gaps`: the largest gap between neighbouring primes, and the prime it starts after.
//!
//! A part knows its first and its last prime, so that the gap between neighbours is seen when they merge.

use super::Rows;
use super::in_order::{Reading, Words};
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::span::Span;
use crate::report::Value;
use crate::wire;
use crate::work::{Answer, Part};

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

impl Reading for Gaps {
    const COST: f64 = 2.0;

    fn one(prime: u128) -> Gaps {
        Gaps { primes: 1, ends: Some((prime, prime)), largest: None }
    }

    fn read(words: &Words, lanes: &Lanes) -> Gaps {
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
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

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
