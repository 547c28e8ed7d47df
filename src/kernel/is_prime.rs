//! `is-prime N…`: whether each number is prime, and whether that is proven.

use super::per_number::{self, PerNumber};
use super::{KernelEntry, Takes, proofs};
use crate::error::Result;
use crate::math::primality::{self, Certainty};
use crate::values::Value;

/// The command `is-prime`.
pub const IS_PRIME: KernelEntry = KernelEntry {
    name: "is-prime",
    about: "Test whether each number is prime",
    takes: Takes::Numbers,
    examples: &[
        ("is-prime 97 2^61-1", "two numbers, each with its verdict"),
        ("is-prime 2^127-1", "above 3.3*10^24 a prime is probable, not proven"),
        ("is-prime 2^127-1 --prove", "looks for a proof, which takes some milliseconds"),
    ],
    open: |given| Ok(per_number::open(given, IsPrime { prove: given.prove })),
};

#[derive(Clone)]
struct IsPrime {
    /// Whether proofs are looked for.
    prove: bool,
}

impl PerNumber for IsPrime {
    /// Whether it passes the test, and whether the verdict is proven; `None` if the test is wrong.
    type Found = (bool, Option<bool>);

    fn find(&self, n: u128) -> (bool, Option<bool>) {
        // No test takes a prime for a composite number.
        let prime = primality::is_prime(n);
        (prime, if prime { primality::is_proven(n, self.prove) } else { Some(true) })
    }

    fn check(&self, n: u128, (_, proven): &(bool, Option<bool>)) -> Result<()> {
        if proven.is_none() { proofs::refuted(n) } else { Ok(()) }
    }

    fn seconds(&self, n: u128) -> f64 {
        per_number::seconds(n, self.prove)
    }

    fn columns(&self) -> &'static [&'static str] {
        &["prime", "certainty"]
    }

    fn cells(&self, _: u128, (prime, proven): (bool, Option<bool>)) -> Vec<Value> {
        let certainty = Certainty::of(proven == Some(true));
        vec![Value::text(if prime { "yes" } else { "no" }), Value::text(certainty.name())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Given;
    use crate::kernel::tests::{answer, column, numbers};
    use crate::math::trial;

    #[test]
    fn verdicts_are_those_of_trial_division() {
        let found = answer((IS_PRIME.open)(&numbers("0..2000 2^32-300..2^32")));
        let expect = (0..2000).chain((1 << 32) - 300..1 << 32).map(trial::is_prime);
        let expect: Vec<&str> = expect.map(|prime| if prime { "yes" } else { "no" }).collect();
        assert_eq!(column(&found, "n").len(), 2300);
        assert_eq!(column(&found, "prime"), expect);
        assert!(column(&found, "certainty").iter().all(|certainty| certainty == "proven"));
    }

    #[test]
    fn primes_are_proven_up_to_a_limit_and_composite_numbers_always() {
        let found = answer((IS_PRIME.open)(&numbers("2^64-59 2^89-1 2^127-1 2^127-3 2^128-1")));
        assert_eq!(column(&found, "prime"), ["yes", "yes", "yes", "no", "no"]);
        assert_eq!(column(&found, "certainty"), ["proven", "probable", "probable", "proven", "proven"]);
        let given = Given { prove: true, ..numbers("2^89-1 2^127-1 2^127-3 97") };
        let found = answer((IS_PRIME.open)(&given));
        assert_eq!(column(&found, "prime"), ["yes", "yes", "no", "yes"]);
        assert_eq!(column(&found, "certainty"), ["proven"; 4]);
        // A test that was wrong ends the run.
        let why = IsPrime { prove: true }.check(15, &(true, None)).unwrap_err();
        assert_eq!(why.code(), crate::error::WRONG);
        let edge = answer((IS_PRIME.open)(&numbers("3317044064679887385961981 3317044064679887385961813")));
        assert_eq!(column(&edge, "prime"), ["no", "yes"]);
        assert_eq!(column(&edge, "certainty"), ["proven", "proven"]);
    }
}
