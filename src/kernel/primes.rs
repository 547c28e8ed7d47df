//! `primes` counts primes in ranges; `pi x`, its shorthand, counts those up to x.
//!
//! A range becomes one link of a chain. By trial division its units are pieces of equal expected cost; by
//! the sieve it is cut into windows, and a unit is a slice of the classes of one window, so that windows can
//! be as wide as the sieve likes and units still small and equal.

use super::{Entry, Given, Method, Opened, Opt, Takes};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::math::cut::Cut;
use crate::math::lanes::{self, Lanes};
use crate::math::sieve::{self, Layout, Sieve, SievingPrimes};
use crate::math::span::Span;
use crate::math::trial;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::syntax::Item;
use crate::work::{Answer, Forecast, Job, Kernel, Work};
use std::sync::Arc;

pub const PRIMES: Entry = Entry {
    name: "primes",
    about: "Count the primes in ranges",
    takes: Takes::Ranges("0..1e6 1e6..2e6 2e6..3e6"),
    options: &[Opt::Method, Opt::Lanes],
    open: |given| open(given, given.spans(), Asked::Ranges),
};

pub const PI: Entry = Entry {
    name: "pi",
    about: "Count the primes up to each number",
    takes: Takes::Numbers,
    options: &[Opt::Method, Opt::Lanes],
    open: |given| {
        let up_to = |item: &Item| Span::new(0, item.first_and_count().0.saturating_add(1)).expect("0 is least");
        open(given, given.items.iter().map(up_to).collect(), Asked::Numbers)
    },
};

/// What the rows are about.
#[derive(Clone, Copy)]
enum Asked {
    Ranges,
    Numbers,
}

fn open(given: &Given, spans: Vec<Span>, asked: Asked) -> Result<Opened> {
    // The sieve is quicker from the first number on; trial division is there to be compared with.
    let method = given.method.unwrap_or(Method::Sieve);
    let lanes = match given.lanes {
        Some(_) if method == Method::Trial => {
            return Err(Error::usage("--lanes is for the sieve: leave it out, or write --method sieve"));
        }
        Some(lanes) => lanes,
        None => lanes::pick(None)?,
    };
    // An empty range counts 0 wherever it is.
    let beyond = |span: &Span| !span.is_empty() && span.end() > sieve::END;
    if let Some((_, item)) = spans.iter().zip(&given.items).find(|(span, _)| beyond(span)) {
        return Err(Error::usage(format!("'{item}' goes beyond 2^64: primes are counted below that")));
    }
    let texts = match asked {
        Asked::Ranges => Fact::new("ranges", Value::texts(&spans)),
        Asked::Numbers => Fact::new("numbers", Value::texts(&given.items)),
    };
    // One set of sieving primes serves all ranges; they are made when the run starts.
    let base =
        Arc::new(SievingPrimes::below(spans.iter().filter(|span| !span.is_empty()).map(Span::end).max().unwrap_or(0)));
    let link = |span: Span| -> Box<dyn Work> {
        match method {
            Method::Trial => Box::new(ByTrial::new(span, asked)),
            Method::Sieve => Box::new(BySieve { span, asked, layout: Layout::new(span), lanes, base: base.clone() }),
        }
    };
    let chain = Chain::new(spans.into_iter().map(link).collect())?;
    let (name, how) = match method {
        Method::Trial => ("trial", vec![]),
        Method::Sieve => ("sieve", vec![Fact::new("lanes", Value::text(lanes.name))]),
    };
    let facts = vec![texts, Fact::new("method", Value::text(name))];
    Ok(Opened { job: Job::Work(Box::new(chain)), facts, how })
}

/// A row: the range and its count, or x and its count.
fn row(span: Span, asked: Asked, count: u64) -> Answer {
    let count_ = Value::integer(count);
    let table = match asked {
        Asked::Ranges => Table::of(&["start", "end", "count"]).with([vec![
            Value::integer(span.start()),
            Value::integer(span.end()),
            count_,
        ]]),
        Asked::Numbers => Table::of(&["x", "count"]).with([vec![Value::integer(span.end() - 1), count_]]),
    };
    let answer = Answer::rows(table, "count");
    match asked {
        Asked::Ranges => Answer { total: Some(count.into()), ..answer },
        Asked::Numbers => answer,
    }
}

/// How many units a work of so many picoseconds is cut into: short ones, that even the tutorials' job is shared
/// by eight ranks, but no more than a few thousand as long as a unit takes less than a second.
fn units(picoseconds: u128) -> u64 {
    const SHORT: u128 = 20_000_000;
    const LONG: u128 = 1_000_000_000_000;
    const MANY: u128 = 4096;
    let units = picoseconds.div_ceil(SHORT).min(MANY.max(picoseconds / LONG));
    u64::try_from(units).expect("numbers below 2^64 cost less than 2^127").max(1)
}

fn seconds(picoseconds: u128) -> f64 {
    picoseconds as f64 * 1e-12
}

struct ByTrial {
    span: Span,
    asked: Asked,
    cut: Cut,
    seconds: f64,
}

impl ByTrial {
    fn new(span: Span, asked: Asked) -> ByTrial {
        let cost = Cut::whole(span, trial::cost);
        ByTrial { span, asked, cut: Cut::new(span, trial::cost, units(cost)), seconds: seconds(cost) }
    }
}

impl Kernel for ByTrial {
    type Part = u64;
    type Scratch = ();

    fn units(&self) -> u64 {
        if self.span.is_empty() { 0 } else { self.cut.pieces() }
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<u64> {
        let piece = self.cut.piece(unit);
        match piece.is_empty() {
            true => Ok(0),
            false => Ok(trial::count(piece.start() as u64, (piece.end() - 1) as u64)),
        }
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(row(self.span, self.asked, whole))
    }

    fn forecast(&self) -> Forecast {
        Forecast { seconds: self.seconds, ..Forecast::default() }
    }
}

struct BySieve {
    span: Span,
    asked: Asked,
    layout: Layout,
    lanes: &'static Lanes,
    base: Arc<SievingPrimes>,
}

impl Kernel for BySieve {
    type Part = u64;
    type Scratch = Sieve;

    fn units(&self) -> u64 {
        if self.span.is_empty() { 0 } else { self.layout.units() }
    }

    fn scratch(&self, _: &Seat) -> Sieve {
        Sieve::new(self.lanes)
    }

    fn compute(&self, unit: u64, sieve: &mut Sieve) -> Result<u64> {
        self.base.make(sieve);
        let (window, classes) = self.layout.unit(unit);
        Ok(sieve.count(&self.base, window, self.layout.wheel, classes))
    }

    fn answer(&self, whole: u64) -> Result<Answer> {
        Ok(row(self.span, self.asked, whole))
    }

    fn forecast(&self) -> Forecast {
        let (rank_bytes, thread_bytes) = sieve::memory(&self.layout);
        Forecast { seconds: seconds(self.layout.cost()), rank_bytes, thread_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

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
    fn beyond_two_to_the_64_is_refused() {
        let refused = |opened: Result<Opened>| opened.err().unwrap().to_string();
        assert!(refused((PRIMES.open)(&given("0..2^64+1"))).contains("'0..18446744073709551617'"));
        assert!(refused((PI.open)(&given("2^64"))).contains("'18446744073709551616'"));
        assert!(refused((PI.open)(&given("2^128-1"))).contains(&format!("'{}'", u128::MAX)));
        assert!((PRIMES.open)(&given("2^64-1..2^64")).is_ok());
    }

    #[test]
    fn short_jobs_have_units_for_many_ranks() {
        let second = 1_000_000_000_000;
        assert_eq!(units(0), 1);
        assert_eq!(units(second / 20), 2500);
        assert_eq!(units(100 * second), 4096);
        assert_eq!(units(1_000_000 * second), 1_000_000);
    }
}
