//! Adding primes up by the sieve, class by class as they are counted. A class has every M-th number from its first on, so the sum of its
//! primes is a matter of how many bits are set and of the sum of their places.

use super::Sieving;
use super::parted::Parted;
use crate::error::Result;
use crate::math::integer::{self, Integer};
use crate::math::sieve::{Layout, Sieve};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::Value;
use crate::work::{Answer, Forecast, Kernel, Known, NamedIntegers, Work};
use std::ops::Range;

/// Ranges whose primes are added up.
pub struct Sums {
    /// How they are sieved.
    pub sieving: Sieving,
    /// The power to which each prime is raised, at most 3.
    pub exponent: u32,
}

impl Sums {
    fn row(&self) -> impl Fn(Span, Integer) -> Result<Answer> {
        let rows = self.sieving.rows;
        move |span, sum| Ok(rows.row(span, vec![("sum", Value::integer(&sum))], sum, "sum"))
    }
}

impl Kernel for Sums {
    type Part = Parted<Integer>;
    type Scratch = (Sieve, Layout);

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> (Sieve, Layout) {
        (self.sieving.sieve(placement), self.sieving.layout())
    }

    fn compute(&self, unit: u64, (sieve, layout): &mut (Sieve, Layout)) -> Result<Parted<Integer>> {
        self.sieving.base.make(sieve);
        let (first, borders) = self.sieving.borders(layout.unit(unit).0);
        let parts = sieve.sums_in_parts(&self.sieving.base, layout, unit, borders, self.exponent);
        Ok(Parted { first: first as u64, parts })
    }

    fn answer(&self, whole: Parted<Integer>) -> Result<Answer> {
        self.sieving.answer(whole, self.row())
    }

    fn stages(&self) -> Vec<u64> {
        self.sieving.stages()
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<Integer>)>) -> Result<Known> {
        self.sieving.known(runs, self.row())
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<Integer>) -> bool {
        let product = |primes: &u128, number: u128| {
            Integer::from(*primes) * integer::raised(Integer::from(number), self.exponent)
        };
        self.sieving.plausible(&units, part, |sum, numbers, primes| {
            product(primes.start(), numbers.start()) <= *sum && *sum <= product(primes.end(), numbers.end())
        })
    }

    fn numbers(&self, part: &Parted<Integer>) -> Option<NamedIntegers> {
        Some(self.sieving.numbers(part))
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Parted<Integer>> {
        self.sieving.part_of(numbers)
    }

    fn forecast(&self) -> Forecast {
        self.sieving.forecast()
    }

    fn share(&self, units: Range<u64>) -> f64 {
        self.sieving.share(&units, self.seconds())
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(Sums { sieving: self.sieving.sample_of_units(), exponent: self.exponent }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::SUMS;
    use crate::kernel::Given;
    use crate::kernel::tests::{answer, column, given};
    use crate::math::integer::{self, Integer};
    use crate::math::{lanes, trial};
    use proptest::prelude::*;

    fn sum(start: u64, end: u64, exponent: u32) -> Integer {
        let primes = (start..end).filter(|&n| trial::is_prime(n));
        primes.map(|p| integer::raised(Integer::from(p), exponent)).sum()
    }

    fn check(ranges: &[(u64, u64)]) {
        let text = ranges.iter().map(|(start, end)| format!("{start}..{end}")).collect::<Vec<_>>().join(" ");
        for (lanes, power) in
            lanes::usable().flat_map(|lanes| [None, Some(0), Some(2), Some(3)].map(|power| (lanes, power)))
        {
            let of = |&(start, end): &(u64, u64)| sum(start, end, power.unwrap_or(1));
            let expect: Vec<Integer> = ranges.iter().map(of).collect();
            let answer = answer((SUMS.open)(&Given { lanes: Some(lanes), power, ..given(&text) }));
            let shown: Vec<String> = expect.iter().map(Integer::to_string).collect();
            assert_eq!(column(&answer, "sum"), shown, "{text}, power {power:?}, on {}", lanes.name);
            assert_eq!(answer.total.unwrap(), expect.iter().sum::<Integer>());
        }
    }

    #[test]
    fn every_small_range() {
        let ranges: Vec<(u64, u64)> = (0..40).flat_map(|start| (start..40).map(move |end| (start, end))).collect();
        check(&ranges);
    }

    proptest! {
        #![proptest_config(crate::random::cases(40))]

        #[test]
        fn sums_are_those_of_the_judge(start in prop_oneof![0..1000u64, 0..3_000_000_000u64], width in 0..30_000u64) {
            check(&[(start, start + width)]);
        }
    }

    #[test]
    fn neighbours_add_up_and_tested_windows_are_added_too() {
        let answer = answer((SUMS.open)(&given("0..1e7/7 0..1e7 10^24..+100 2^64..+100")));
        let sums: Vec<Integer> = column(&answer, "sum").iter().map(|sum| sum.parse().unwrap()).collect();
        assert_eq!(sums[..7].iter().sum::<Integer>(), sums[7]);
        assert_eq!(sums[7], 3_203_324_994_356u64);
        assert_eq!(sums[8], Integer::from(2 * 10u128.pow(24)) + (7 + 49));
        assert_eq!(column(&answer, "certainty"), vec!["proven"; 10]);
        let primes = [13u32, 37, 51, 81, 93].into_iter().sum::<u32>();
        assert_eq!(sums[9], (Integer::from(5) << 64) + primes);
    }
}
