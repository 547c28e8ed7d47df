//! `--tuplet 2 --brun`: the sum of 1/p + 1/(p + 2) over the twins of a range, between two bounds.
//!
//! Brun proved in 1919 that the sum over all twins is finite. Here each 1/p is rounded down to a multiple of 2^-126. So a sum is an integer: it
//! has the same bits however the twins are shared among units and ranks, and it is less than the true one by at most one such step for each of
//! its reciprocals. Both bounds are rigorous, and decimals are rounded away from what lies between them.

use super::Rows;
use super::in_order::{Reader, Reading, bytes_in_order};
use super::plausible::none_in;
use crate::error::Result;
use crate::math::integer::{self, Integer};
use crate::math::primality::is_prime;
use crate::math::sieve::Layout;
use crate::math::span::Span;
use crate::values::Value;
use crate::wire;
use crate::work::{Answer, Part};
use std::ops::RangeInclusive;

/// Sums are integers in steps of 2^-BITS. The sum over all twins is below 2.4 (Platt and Trudgian 2018), so any of them fits 128 bits.
const BITS: u32 = 126;

/// Decimals that are printed.
const DECIMALS: u32 = 30;

/// The keys of the bounds.
const BOUNDS: [&str; 2] = ["sum_at_least", "sum_at_most"];

/// Twins and the sum of their reciprocals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brun {
    primes: u64,
    twins: u64,
    /// In steps, rounded down.
    sum: u128,
    /// The first and the last prime.
    ends: Option<(u128, u128)>,
}

wire::fields! { Brun { primes twins sum ends } }

/// 1/p + 1/(p + 2) in steps, each rounded down. p is odd, so it is no power of two, and no reciprocal is a whole step more.
fn share(p: u128) -> u128 {
    (1 << BITS) / p + (1 << BITS) / (p + 2)
}

impl Brun {
    /// The bounds of its sum, with so many decimals: the lower one rounded down, the upper one up.
    fn bounds(&self) -> [String; 2] {
        let ten = integer::raised(Integer::from(10), DECIMALS);
        let steps = |steps: Integer| steps * &ten;
        let low = steps(self.sum.into()) >> BITS;
        let up = steps(Integer::from(self.sum) + 2 * self.twins);
        let high = (up + ((Integer::from(1) << BITS) - 1u32)) >> BITS;
        let text = |value: Integer| {
            let digits = format!("{value:0>width$}", value = value.to_string(), width = DECIMALS as usize + 1);
            let (whole, decimals) = digits.split_at(digits.len() - DECIMALS as usize);
            format!("{whole}.{decimals}")
        };
        [text(low), text(high)]
    }
}

impl Reading for Brun {
    // Two divisions for each twin, of which there are few.
    const COST: f64 = 3.0;

    fn one(prime: u128) -> Brun {
        Brun { primes: 1, twins: 0, sum: 0, ends: Some((prime, prime)) }
    }

    fn read(reader: &mut Reader, unit: u64, borders: &[u128]) -> Vec<Brun> {
        reader.in_order(unit, borders, |words, _| {
            let mut found = Brun::default();
            for offset in words.offsets() {
                let prime = words.start() + u128::from(offset);
                let first = match found.ends {
                    Some((first, last)) => {
                        if prime - last == 2 {
                            found.twins += 1;
                            found.sum += share(last);
                        }
                        first
                    }
                    None => prime,
                };
                found.primes += 1;
                found.ends = Some((first, prime));
            }
            found
        })
    }

    fn thread_bytes(layout: &Layout) -> u64 {
        bytes_in_order(layout)
    }

    fn fits(&self, span: Span, possible: &RangeInclusive<u128>) -> bool {
        let Some((first, last)) = self.ends else {
            return *self == Brun::default() && none_in(span.start(), span.end());
        };
        let within = span.contains(first) && span.contains(last) && first <= last;
        // Each twin has at least the share of the last, and at most that of the first.
        let between = |p: u128| share(p).checked_mul(self.twins.into());
        within
            && possible.contains(&u128::from(self.primes))
            && (self.primes == 1) == (first == last)
            && u128::from(self.twins) < u128::from(self.primes)
            && between(last).is_some_and(|least| least <= self.sum)
            && between(first).is_none_or(|most| self.sum <= most)
            && is_prime(first)
            && is_prime(last)
            && none_in(span.start(), first)
            && none_in(last + 1, span.end())
    }

    fn answer(self, span: Span, rows: Rows) -> Result<Answer> {
        let [low, high] = self.bounds();
        let more =
            [("tuplets", Value::integer(self.twins)), (BOUNDS[0], Value::text(low)), (BOUNDS[1], Value::text(high))];
        Ok(rows.answer(span, self.primes, &more, BOUNDS[0]))
    }
}

impl Part for Brun {
    fn merge(self, right: Brun) -> Brun {
        let (Some((first, last)), Some((next, end))) = (self.ends, right.ends) else {
            return if self.ends.is_some() { self } else { right };
        };
        let across = next.checked_sub(last) == Some(2);
        Brun {
            primes: self.primes.saturating_add(right.primes),
            twins: self.twins.saturating_add(right.twins).saturating_add(across.into()),
            // A forged part may overflow; it is refused before.
            sum: self.sum.saturating_add(right.sum).saturating_add(if across { share(last) } else { 0 }),
            ends: Some((first, end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_order::tests::{cases, check, primes, unit};
    use super::*;
    use proptest::prelude::*;

    /// The sum by fractions of integers: numerator and denominator.
    fn judged(primes: &[u128]) -> (u64, Integer, Integer) {
        let (mut twins, mut over, mut under) = (0, Integer::new(), Integer::from(1));
        for two in primes.windows(2).filter(|two| two[1] - two[0] == 2) {
            for p in two {
                over = over * Integer::from(*p) + &under;
                under *= Integer::from(*p);
            }
            twins += 1;
        }
        (twins, over, under)
    }

    proptest! {
        #![proptest_config(crate::random::cases(100))]

        #[test]
        fn however_ranges_are_cut_the_sum_is_that_of_the_judge(case in cases()) {
            let found = check::<Brun>(case.clone())?;
            let (twins, over, under) = judged(&primes(case.0, case.0 + case.1));
            prop_assert_eq!(found.twins, twins);
            let ten = integer::raised(Integer::from(10), DECIMALS);
            let [low, high] = found.bounds().map(|text| text.replace('.', "").parse::<Integer>().unwrap());
            // low <= over / under <= high, and they are near each other.
            prop_assert!(Integer::from(&low * &under) <= Integer::from(&over * &ten));
            prop_assert!(Integer::from(&high * &under) >= Integer::from(&over * &ten));
            prop_assert!(high - low <= 2);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let span = Span::new(100, 2000).unwrap();
        let right: Brun = unit(100, 2000);
        let possible = 200..=400;
        assert!(right.fits(span, &possible), "{right:?}");
        for wrong in [
            Brun { twins: right.twins + 300, ..right.clone() },
            Brun { sum: right.sum * 9, ..right.clone() },
            Brun { sum: 0, ..right.clone() },
            Brun { ends: Some((101, 1998)), ..right.clone() },
            Brun { ends: None, ..right.clone() },
            Brun { primes: 7, ..right.clone() },
        ] {
            assert!(!wrong.fits(span, &possible), "{wrong:?}");
        }
    }
}
