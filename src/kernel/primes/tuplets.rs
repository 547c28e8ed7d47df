//! `--tuplet K`: the densest constellations of K primes, from twins to sextuplets.
//!
//! A tuplet has its primes at fixed distances, so those of a window are found by class ([`Sieve::tuplets_in_parts`]). A tuplet lies
//! among neighbouring primes, so a part is exact at its edges if it knows its first and last K-1 primes. The few primes of the wheel
//! are parts of their own, and what they make with their neighbours comes of merging.
//!
//! [`Sieve::tuplets_in_parts`]: crate::math::sieve::Sieve::tuplets_in_parts

use super::Rows;
use super::in_order::{Reader, Reading};
use super::plausible::{are_neighbours, none_in};
use super::sieving::LayOut;
use crate::error::Result;
use crate::math::sieve::{self, Layout, PartTuplets};
use crate::math::span::Span;
use crate::values::Value;
use crate::wire::Wire;
use crate::work::{Answer, Part};
use std::ops::RangeInclusive;

/// Primes and K-tuplets among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuplets<const K: usize> {
    primes: u64,
    tuplets: u64,
    /// The first and the last K-1 primes, or all if there are fewer.
    first: Vec<u128>,
    last: Vec<u128>,
}

/// How the primes of a tuplet may lie above its first, by K from 2 on. (3, 5, 7) is denser than a triplet, but there is
/// only one such.
const PATTERNS: [&[&[u32]]; 5] =
    [&[&[2]], &[&[2, 6], &[4, 6]], &[&[2, 6, 8]], &[&[2, 6, 8, 12], &[4, 6, 10, 12]], &[&[4, 6, 10, 12, 16]]];

impl<const K: usize> Tuplets<K> {
    /// Whether K neighbouring primes are a tuplet.
    fn is_one(primes: &[u128]) -> bool {
        let above = primes[1..].iter().map(|prime| prime - primes[0]);
        PATTERNS[K - 2].iter().any(|pattern| pattern.iter().map(|&above| u128::from(above)).eq(above.clone()))
    }
}

impl<const K: usize> Reading for Tuplets<K> {
    const COST: f64 = 0.05;
    const LAY_OUT: LayOut = Layout::by_window;

    fn one(prime: u128) -> Self {
        Tuplets { primes: 1, tuplets: 0, first: vec![prime], last: vec![prime] }
    }

    fn read(reader: &mut Reader, unit: u64, borders: &[u128]) -> Vec<Self> {
        let Reader { sieve, layout, base, .. } = reader;
        let found = sieve.tuplets_in_parts(base, layout, unit, borders, PATTERNS[K - 2]);
        let part = |PartTuplets { primes, tuplets, first, last }| Tuplets {
            primes,
            tuplets: tuplets.iter().sum(),
            first,
            last,
        };
        found.into_iter().map(part).collect()
    }

    fn thread_bytes(layout: &Layout) -> u64 {
        sieve::tuplets_memory(layout)
    }

    fn fits(&self, span: Span, possible: &RangeInclusive<u128>) -> bool {
        let (primes, first, last) = (u128::from(self.primes), &self.first, &self.last);
        let known = primes.min(K as u128 - 1);
        let few = primes < K as u128;
        let (Some(least), Some(greatest)) = (first.first(), last.last()) else {
            return *self == Tuplets::default() && none_in(span.start(), span.end());
        };
        let ends = span.contains(*least)
            && span.contains(*greatest)
            && none_in(span.start(), *least)
            && none_in(*greatest + 1, span.end());
        let overlap = (2 * known).saturating_sub(primes) as usize;
        ends && [first, last].iter().all(|known_ones| known_ones.len() as u128 == known && are_neighbours(known_ones))
            // Where they are few, the last ones begin with some of the first.
            && first[first.len() - overlap..] == last[..overlap]
            && possible.contains(&primes)
            && if few { self.tuplets == 0 } else { u128::from(self.tuplets) <= primes - known }
    }

    fn answer(self, span: Span, rows: Rows) -> Result<Answer> {
        Ok(rows.answer(span, self.primes, &[("tuplets", Value::integer(self.tuplets))], "tuplets"))
    }
}

impl<const K: usize> Part for Tuplets<K> {
    fn merge(mut self, right: Self) -> Self {
        let edge = [&self.last[..], &right.first].concat();
        // No side alone has K of them: each such run goes across.
        let across = edge.windows(K).filter(|primes| Self::is_one(primes)).count() as u64;
        self.first.extend(right.first);
        self.first.truncate(K - 1);
        self.last.extend(right.last);
        self.last.drain(..self.last.len().saturating_sub(K - 1));
        Tuplets { primes: self.primes + right.primes, tuplets: self.tuplets + across + right.tuplets, ..self }
    }
}

impl<const K: usize> Default for Tuplets<K> {
    fn default() -> Self {
        Tuplets { primes: 0, tuplets: 0, first: vec![], last: vec![] }
    }
}

impl<const K: usize> Wire for Tuplets<K> {
    fn put(&self, out: &mut Vec<u8>) {
        self.primes.put(out);
        self.tuplets.put(out);
        self.first.put(out);
        self.last.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Self> {
        let (primes, tuplets) = (Wire::take(bytes)?, Wire::take(bytes)?);
        Ok(Tuplets { primes, tuplets, first: Wire::take(bytes)?, last: Wire::take(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_order::tests::{cases, check, primes, unit};
    use super::*;
    use proptest::prelude::*;

    /// The tuplets among all primes of a range, by their definition: every pattern at every prime.
    fn judged(k: usize, primes: &[u128]) -> u64 {
        let there = |prime: u128| primes.binary_search(&prime).is_ok();
        let at = |prime: &u128| {
            PATTERNS[k - 2].iter().filter(|p| p.iter().all(|&above| there(prime + u128::from(above)))).count()
        };
        primes.iter().map(|prime| at(prime) as u64).sum()
    }

    fn one_of_each(case: (u64, u64, Vec<u64>, Vec<usize>)) -> std::result::Result<(), TestCaseError> {
        let primes = primes(case.0, case.0 + case.1);
        prop_assert_eq!(check::<Tuplets<2>>(case.clone())?.tuplets, judged(2, &primes));
        prop_assert_eq!(check::<Tuplets<3>>(case.clone())?.tuplets, judged(3, &primes));
        prop_assert_eq!(check::<Tuplets<4>>(case.clone())?.tuplets, judged(4, &primes));
        prop_assert_eq!(check::<Tuplets<5>>(case.clone())?.tuplets, judged(5, &primes));
        prop_assert_eq!(check::<Tuplets<6>>(case)?.tuplets, judged(6, &primes));
        Ok(())
    }

    proptest! {
        #![proptest_config(crate::random::cases(200))]

        #[test]
        fn however_ranges_are_cut_the_tuplets_are_those_of_the_judge(case in cases()) {
            one_of_each(case)?;
        }
    }

    #[test]
    fn every_short_range_below_a_hundred() {
        for start in 0..100 {
            for width in 0..40 {
                one_of_each((start, width, vec![100, 500, 900], vec![0])).unwrap();
            }
        }
    }

    #[test]
    fn known_counts() {
        for (end, counts) in [(100, [8, 8, 2, 3, 1]), (1000, [35, 30, 5, 5, 2]), (1_000_000, [8169, 2837, 166, 65, 5])]
        {
            let found = [
                unit::<Tuplets<2>>(0, end).tuplets,
                unit::<Tuplets<3>>(0, end).tuplets,
                unit::<Tuplets<4>>(0, end).tuplets,
                unit::<Tuplets<5>>(0, end).tuplets,
                unit::<Tuplets<6>>(0, end).tuplets,
            ];
            assert_eq!(found, counts, "below {end}");
        }
    }
}
