//! Adding primes up: by the sieve, line by line as they are counted, and never a prime at a time. A line has every M-th number
//! from its first on, so its sum is a matter of how many bits are set and of the sum of their places.

use super::Sieving;
use crate::error::Result;
use crate::math::integer::Integer;
use crate::math::sieve::Sieve;
use crate::report::Value;
use crate::seat::Seat;
use crate::work::{Answer, Forecast, Kernel};

pub struct Sums(pub Sieving);

impl Kernel for Sums {
    type Part = Integer;
    type Scratch = Sieve;

    fn units(&self) -> u64 {
        self.0.units()
    }

    fn scratch(&self, seat: &Seat) -> Sieve {
        self.0.sieve(seat)
    }

    fn compute(&self, unit: u64, sieve: &mut Sieve) -> Result<Integer> {
        self.0.base.make(sieve);
        Ok(sieve.sum(&self.0.base, &self.0.layout, unit))
    }

    fn answer(&self, whole: Integer) -> Result<Answer> {
        Ok(self.0.rows.row(self.0.span, vec![("sum", Value::integer(&whole))], whole, "sum"))
    }

    fn forecast(&self) -> Forecast {
        self.0.forecast()
    }
}

#[cfg(test)]
mod tests {
    use super::super::SUMS;
    use crate::kernel::Given;
    use crate::kernel::tests::{answer, column, given};
    use crate::math::integer::Integer;
    use crate::math::{lanes, trial};
    use proptest::prelude::*;

    fn sum(start: u64, end: u64) -> u128 {
        (start..end).filter(|&n| trial::is_prime(n)).map(u128::from).sum()
    }

    fn check(ranges: &[(u64, u64)]) {
        let text = ranges.iter().map(|(start, end)| format!("{start}..{end}")).collect::<Vec<_>>().join(" ");
        let expect: Vec<u128> = ranges.iter().map(|&(start, end)| sum(start, end)).collect();
        for lanes in lanes::usable() {
            let answer = answer((SUMS.open)(&Given { lanes: Some(lanes), ..given(&text) }));
            let shown: Vec<String> = expect.iter().map(u128::to_string).collect();
            assert_eq!(column(&answer, "sum"), shown, "{text} on {}", lanes.name);
            assert_eq!(answer.total.unwrap(), expect.iter().sum::<u128>());
        }
    }

    #[test]
    fn every_small_range() {
        let ranges: Vec<(u64, u64)> = (0..40).flat_map(|start| (start..40).map(move |end| (start, end))).collect();
        check(&ranges);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

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
