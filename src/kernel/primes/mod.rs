//! `primes` counts primes in ranges; `pi x`, its shorthand, counts those up to x; `sum-primes` adds those of ranges up;
//! `nth-prime n` finds the n-th.
//!
//! A range becomes a link of a chain. Each way to count its primes, and each other result, has a file of its own.

mod brun;
mod by_formula;
mod by_proof;
mod by_residue;
mod by_sieve;
mod by_trial;
mod constellations;
mod cumulative;
mod facts;
mod formula;
mod gap_rows;
mod gap_table;
mod gaps;
mod in_order;
mod lead;
mod limits;
mod links;
mod list;
mod named;
mod nth;
mod older;
mod parted;
mod pi;
mod plausible;
mod race;
mod rows;
mod sieving;
mod sum_below;
mod sums;
mod tuplets;
mod verify;
mod way;

use super::{Given, KernelEntry, Opened, Takes};
use crate::error::Result;
use crate::math::span::Span;
use crate::syntax::Item;
pub(super) use formula::Formula;
pub use nth::NTH;
pub(super) use pi::{At, Pi};
use rows::{Asked, Rows};
use sieving::{LayOut, Sieving};

/// The command `primes`.
pub const PRIMES: KernelEntry = KernelEntry {
    name: "primes",
    about: "Count the primes in ranges",
    takes: Takes::Ranges("0..1e6 1e6..2e6 2e6..3e6"),
    examples: &[
        ("primes 0..1e9", "how many primes there are below a billion"),
        ("primes 1e18..+1e9 --tuplet 2", "and how many twins among those from 10^18 on"),
        ("primes 0..1e9 --tuplet 0,4", "and how many pairs with a distance of 4"),
        ("primes 0..100 --list", "the primes themselves"),
        ("primes 0..1e9 --residues 4", "how many leave 1 and how many leave 3 when divided by 4"),
        ("primes 0..1e9 --residues 4 --race", "and when which of them are more"),
        ("primes 0..1e9 --gaps records", "the gaps between primes that are larger than all before"),
        ("primes 0..1e6/10 -f csv", "ten equal ranges, for a spreadsheet"),
        ("primes 0..1e7 --every 1e6", "how many there are below each million"),
    ],
    open: |given| ranges(given, Asked::Ranges),
};

/// The command `pi`.
pub const PI: KernelEntry = KernelEntry {
    name: "pi",
    about: "Count the primes up to each number, that number included",
    takes: Takes::Numbers,
    examples: &[
        ("pi 1e14", "how many primes there are up to 10^14"),
        ("pi 10 100 1000", "several at once"),
        ("pi 1..=20", "each number of a range"),
        ("pi 1e12 --verify", "counted twice, by two ways"),
    ],
    open: |given| {
        let up_to = |item: &Item| Span::new(0, item.first_and_count().0.saturating_add(1)).expect("0 is least");
        links::open(given, given.items.iter().map(up_to).collect(), Asked::Numbers)
    },
};

/// The command `sum-primes`.
pub const SUMS: KernelEntry = KernelEntry {
    name: "sum-primes",
    about: "Add up the primes in ranges",
    takes: Takes::Ranges("0..1e6 1e6..2e6 2e6..3e6"),
    examples: &[
        ("sum-primes 0..2e6", "the sum of the primes below two million"),
        ("sum-primes 0..1e6 1e6..2e6", "two ranges and their total"),
        ("sum-primes 0..1e12 --power 2", "the sum of their squares"),
    ],
    open: |given| ranges(given, Asked::Sums(given.power.unwrap_or(1))),
};

/// What is asked of ranges, or of one range at many points.
fn ranges(given: &Given, asked: Asked) -> Result<Opened> {
    match &given.points {
        Some(points) => cumulative::open(given, points, asked),
        None => links::open(given, given.spans(), asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Method, Seeks, Tuplet};
    use crate::work::Job;

    fn counts(given: &Given) -> Vec<String> {
        column(&answer((PRIMES.open)(given)), "count")
    }

    #[test]
    fn both_methods_count_the_tutorials_ranges() {
        for method in [None, Some(Method::Trial), Some(Method::Sieve)] {
            let given = Given { method, ..given("0..1e6 1e6..2e6 2e6..3e6") };
            assert_eq!(counts(&given), ["78498", "70435", "67883"]);
            assert_eq!(answer((PRIMES.open)(&given)).total.unwrap(), 216_816);
        }
    }

    /// Otherwise several threads would begin in several places, and most rows would come at the end.
    #[test]
    fn the_first_rows_of_many_have_stages_before_the_last() {
        let stages = |text: &str, seeks: Option<Seeks>| {
            let opened = (PRIMES.open)(&Given { method: Some(Method::Sieve), seeks, ..given(text) }).unwrap();
            let Job::Work(work) = opened.job else { panic!("it has units") };
            let stages = work.stages();
            assert!(stages.is_sorted_by(|one, next| one < next) && stages.last() == Some(&work.units()), "{stages:?}");
            stages.len()
        };
        for seeks in [None, Some(Seeks::Residues(4)), Some(Seeks::Tuplets(Tuplet::Densest(2))), Some(Seeks::Gaps)] {
            assert!((4..=40).contains(&stages("0..1e12/10", seeks)));
            assert_eq!(stages("0..1e11", seeks), 1);
            assert_eq!(stages("0..1e6/100", seeks), 1);
        }
        assert!((4..=40).contains(&stages("0..1e11/1000000", None)));
    }

    #[test]
    fn numbers_that_are_sieved_share_one_sieve() {
        let by_sieve = |numbers: &str| Given { method: Some(Method::Sieve), ..given(numbers) };
        let given = by_sieve("1e6 10 3e6 0 10 1 2e6 3e6");
        let expect = ["78498", "4", "216816", "0", "4", "0", "148933", "216816"];
        assert_eq!(column(&answer((PI.open)(&given)), "count"), expect);
        let verified = Given { verify: true, ..given };
        assert_eq!(column(&answer((PI.open)(&verified)), "count"), expect);
        let seconds = |numbers: &str| match (PI.open)(&by_sieve(numbers)).unwrap().job {
            Job::Work(work) => work.forecast().seconds,
            _ => unreachable!("a count is a work"),
        };
        assert!(seconds("1e9 2e9 3e9 4e9 5e9 6e9 7e9 8e9 9e9 10e9") < 1.1 * seconds("10e9"));
    }

    #[test]
    fn edges_squares_and_empty_ranges() {
        for (ranges, expect) in [
            ("0..0", "0"),
            ("0..2", "0"),
            ("2..3", "1"),
            ("0..3", "1"),
            ("24..26", "0"),
            ("4294967291..=4294967291", "1"),
            ("4294967296..4294967297", "0"),
            ("18446744073709551557..=18446744073709551557", "1"),
            ("2^65..2^65", "0"),
            ("2^128-1..2^128-1", "0"),
        ] {
            for method in [Method::Trial, Method::Sieve] {
                let given = Given { method: Some(method), ..given(ranges) };
                assert_eq!(counts(&given), [expect], "{ranges} by {method:?}");
            }
        }
    }

    #[test]
    fn the_count_between_neighbours_is_made_once() {
        let units = |ranges| match (PRIMES.open)(&Given { method: Some(Method::Gourdon), ..given(ranges) }).unwrap().job
        {
            Job::Work(work) => work.units(),
            _ => unreachable!("a count is a work"),
        };
        let apart = units("0..1e8") + units("0..2e8") + units("0..3e8");
        assert_eq!(units("0..1e8 1e8..2e8 2e8..3e8"), apart);
        assert_eq!(units("0..3e8/3"), apart);
        // In whatever order they come, and if they overlap.
        assert_eq!(units("1e8..2e8 0..1e8"), units("1e8..2e8"));
        assert_eq!(units("0..2e8 1e8..3e8 0..3e8"), apart);
        for ranges in
            ["0..3e6/5", "5e5..1e6 1e6..2e6 2e6..2e6 2e6..3e6 3e6..3e6+1 0..7", "0..0 0..5 5..5 5..3e5 3e5..4e5"]
        {
            for verify in [false, true] {
                let [gourdon, sieve] = [Method::Gourdon, Method::Sieve]
                    .map(|method| answer((PRIMES.open)(&Given { method: Some(method), verify, ..given(ranges) })));
                assert_eq!(gourdon, sieve, "{ranges}");
            }
        }
    }

    #[test]
    fn verifying_changes_nothing_but_says_how() {
        for (ranges, method, how) in [
            ("0..3e7 1e12..+1e6 0..0 5..6 2^64..+1000", Method::Sieve, "1 unit in 64 by scalar lanes"),
            ("0..3e7 1e6..1e8", Method::Gourdon, "gourdon with y "),
            ("0..100", Method::Gourdon, "trial division"),
        ] {
            let once = Given { method: Some(method), ..given(ranges) };
            let twice = Given { verify: true, ..once.clone() };
            let [once, twice] = [&once, &twice].map(|given| (PRIMES.open)(given).unwrap());
            assert_eq!(once.facts, twice.facts);
            assert!(once.how.iter().all(|choice| choice.fact.name != "verify"));
            let told = twice.how.iter().find(|choice| choice.fact.name == "verify").unwrap().fact.value.to_string();
            assert!(told.contains(how), "{told}");
            assert_eq!(answer(Ok(once)), answer(Ok(twice)));
        }
    }

    #[test]
    fn limits_are_told() {
        let refused = |opened: Result<Opened>| opened.err().unwrap().to_string();
        let by_sieve = |text| Given { method: Some(Method::Sieve), ..given(text) };
        assert!(refused((PRIMES.open)(&by_sieve("0..2^64+1"))).contains("'0..18446744073709551617' is wider"));
        assert!(refused((PI.open)(&by_sieve("2^64"))).contains("'18446744073709551616' is too large"));
        assert!(refused((PI.open)(&given("10^26"))).contains("'100000000000000000000000000' is too large"));
        let by_gourdon = Given { method: Some(Method::Gourdon), ..given("10^26..10^26+1") };
        assert!(refused((PRIMES.open)(&by_gourdon)).contains("beyond 10^25"));
        assert!(refused((PRIMES.open)(&given("2^127..2^127+1"))).contains("beyond 2^127"));
        let trial = Given { method: Some(Method::Trial), ..given("2^64..2^64+1") };
        assert!(refused((PRIMES.open)(&trial)).contains("beyond 2^64"));
        assert!(refused((PI.open)(&given("2^128-1"))).contains(&format!("'{}'", u128::MAX)));
        assert!((PRIMES.open)(&given("2^64-1..2^64 2^127-1..2^127")).is_ok());
    }

    #[test]
    fn beyond_two_to_the_64_rows_tell_what_is_proven() {
        let answer = answer((PRIMES.open)(&given("0..100 2^64..+100 10^24..+100 2^127-100..2^127")));
        assert_eq!(column(&answer, "count"), ["25", "5", "2", "3"]);
        assert_eq!(column(&answer, "certainty"), ["proven", "proven", "proven", "probable"]);
    }
}
