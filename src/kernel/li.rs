//! `li X…`: the logarithmic integral, from 0.

use super::{KernelEntry, Takes, real};
use crate::error::Error;
use crate::math::approximate;

/// The command `li`.
pub const LI: KernelEntry = KernelEntry {
    name: "li",
    about: "The logarithmic integral of each number, about the count of primes up to it",
    takes: Takes::Numbers,
    examples: &[("li 1e9 1e12", "about how many primes there are up to these")],
    open: |given| match given.items.iter().find(|item| item.first_and_count().0 == 1) {
        Some(one) => Err(Error::usage(format!(
            "'{one}' has no value, as li is minus infinity there: write 0, or a number from 2 on"
        ))),
        None => Ok(real::open(given, approximate::li)),
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn twenty_digits_or_more() {
        // As the sum of γ + ln ln x + lnⁿ x / (n · n!), in decimal numbers of 90 digits, has them.
        let answer = answer((LI.open)(&given("0 2 1e9 2^128-1")));
        assert_eq!(
            column(&answer, "value"),
            [
                "0.0000000000000000000",
                "1.0451637801174927848",
                "50849234.957001798004",
                "3879578600880305464766010794183430301.7715"
            ]
        );
    }
}
