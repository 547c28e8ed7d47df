//! `next-prime N…` and `prev-prime N…`: the nearest prime above each number, and below it.

use super::per_number::{self, PerNumber};
use super::{Given, KernelEntry, Takes, proofs};
use crate::error::{Error, Result};
use crate::math::primality::{self, Certainty, GREATEST};
use crate::values::Value;

/// The command `next-prime`.
pub const NEXT_PRIME: KernelEntry = KernelEntry {
    name: "next-prime",
    about: "Find the smallest prime above each number",
    takes: Takes::Numbers,
    examples: &[("next-prime 1e18", "the first prime above 10^18"), ("next-prime 1..=10", "above each of these")],
    open: |given| {
        refuse(given, |n| n >= GREATEST, &format!("is too large: the greatest prime below 2^128 is {GREATEST}"))?;
        Ok(per_number::open(given, Neighbour::new(given, primality::next_prime)))
    },
};

/// The command `prev-prime`.
pub const PREV_PRIME: KernelEntry = KernelEntry {
    name: "prev-prime",
    about: "Find the greatest prime below each number",
    takes: Takes::Numbers,
    examples: &[("prev-prime 1e18", "the last prime below 10^18"), ("prev-prime 2^64", "below 2^64")],
    open: |given| {
        refuse(given, |n| n <= 2, "has no prime below it: write 3 or more")?;
        Ok(per_number::open(given, Neighbour::new(given, primality::prev_prime)))
    },
};

fn refuse(given: &Given, none: fn(u128) -> bool, why: &str) -> Result<()> {
    match per_number::numbers(given).into_iter().find(|&n| none(n)) {
        Some(n) => Err(Error::usage(format!("'{n}' {why}"))),
        None => Ok(()),
    }
}

#[derive(Clone)]
struct Neighbour {
    find: fn(u128) -> Option<u128>,
    /// Whether rows say how certain they are: where the test does not prove one of the primes.
    certainty: bool,
    /// Whether proofs are looked for.
    prove: bool,
}

impl Neighbour {
    fn new(given: &Given, find: fn(u128) -> Option<u128>) -> Neighbour {
        let greatest = per_number::numbers(given).into_iter().max().and_then(find);
        let certainty = greatest.is_some_and(|prime| primality::certainty_of(prime) == Certainty::Probable);
        Neighbour { find, certainty, prove: given.prove }
    }
}

impl PerNumber for Neighbour {
    /// The prime, and whether it is proven; `None` if it is none.
    type Found = (u128, Option<bool>);

    fn find(&self, n: u128) -> (u128, Option<bool>) {
        let prime = (self.find)(n).expect("numbers without a neighbour are refused");
        (prime, primality::is_proven(prime, self.prove))
    }

    fn check(&self, _: u128, &(prime, proven): &(u128, Option<bool>)) -> Result<()> {
        if proven.is_none() { proofs::refuted(prime) } else { Ok(()) }
    }

    fn seconds(&self, n: u128) -> f64 {
        per_number::seconds(n, self.prove)
    }

    fn columns(&self) -> &'static [&'static str] {
        if self.certainty { &["prime", "certainty"] } else { &["prime"] }
    }

    fn cells(&self, _: u128, (prime, proven): (u128, Option<bool>)) -> Vec<Value> {
        let certainty = self.certainty.then(|| Value::text(Certainty::of(proven == Some(true)).name()));
        std::iter::once(Value::integer(prime)).chain(certainty).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, numbers};
    use crate::math::sieve::naive;

    #[test]
    fn neighbours_are_those_of_the_naive_sieve() {
        let primes = naive::primes(2100);
        let next = column(&answer((NEXT_PRIME.open)(&numbers("0..2000"))), "prime");
        let expect = (0..2000u32).map(|n| primes[primes.partition_point(|&prime| prime <= n)].to_string());
        assert_eq!(next, expect.collect::<Vec<_>>());
        let previous = column(&answer((PREV_PRIME.open)(&numbers("3..2000"))), "prime");
        let expect = (3..2000u32).map(|n| primes[primes.partition_point(|&prime| prime < n) - 1].to_string());
        assert_eq!(previous, expect.collect::<Vec<_>>());
    }

    #[test]
    fn rows_tell_their_certainty_where_one_is_not_proven() {
        let keys = |answer: &crate::work::Answer| {
            answer.table.columns.iter().map(|column| column.key.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&answer((NEXT_PRIME.open)(&numbers("2^64 10 1e24")))), ["n", "prime"]);
        let far = answer((NEXT_PRIME.open)(&numbers("10 2^127 1e24")));
        assert_eq!(column(&far, "certainty"), ["proven", "probable", "proven"]);
        assert_eq!(column(&far, "prime")[0], "11");
        let proven = answer((NEXT_PRIME.open)(&Given { prove: true, ..numbers("10 2^127 1e24") }));
        assert_eq!(column(&proven, "certainty"), ["proven"; 3]);
        // The number is below the limit of proof, the prime above it.
        let edge = answer((NEXT_PRIME.open)(&numbers("3317044064679887385961980")));
        assert_eq!(column(&edge, "certainty"), ["probable"]);
        assert_eq!(keys(&answer((PREV_PRIME.open)(&numbers("3317044064679887385961981")))), ["n", "prime"]);
    }

    #[test]
    fn numbers_without_a_neighbour_are_refused() {
        let refused = |entry: &KernelEntry, text: &str| (entry.open)(&numbers(text)).err().map(|why| why.to_string());
        let last = GREATEST.to_string();
        assert!(refused(&NEXT_PRIME, &last).unwrap().starts_with(&format!("'{last}' is too large")));
        assert!(refused(&NEXT_PRIME, "10 2^128-1").unwrap().contains("is too large"));
        assert_eq!(refused(&NEXT_PRIME, &format!("{last}-1")), None);
        for n in ["0", "1", "2", "5 2"] {
            assert!(refused(&PREV_PRIME, n).unwrap().contains("has no prime below it: write 3 or more"), "{n}");
        }
        assert_eq!(refused(&PREV_PRIME, "2^128-1 3"), None);
    }
}
