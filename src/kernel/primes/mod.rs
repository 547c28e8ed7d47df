//! `primes` counts primes in ranges; `pi x`, its shorthand, counts those up to x; `sum-primes` adds those of ranges up;
//! `nth-prime n` finds the n-th.
//!
//! A range becomes one link of a chain. How its primes are counted, or what else is found out of them, is a file each.

mod by_leaves;
mod by_sieve;
mod by_trial;
mod gaps;
mod in_order;
mod list;
mod nth;
mod pi;
mod sums;
mod tuplets;
mod verify;

use super::{Entry, Given, Method, Opened, Opt, Seeks, Takes};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::math::count::gourdon;
use crate::math::integer::Integer;
use crate::math::lanes::{self, Lanes};
use crate::math::primality::{self, Certainty};
use crate::math::sieve::{self, Layout, Sieve, SievingPrimes};
use crate::math::span::Span;
use crate::math::trial;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::syntax::Item;
use crate::work::{Answer, Forecast, Job, Work};
use by_leaves::ByLeaves;
use by_sieve::BySieve;
use by_trial::ByTrial;
use gaps::Gaps;
use in_order::InOrder;
pub use nth::NTH;
pub(super) use pi::Pi;
use std::collections::BTreeSet;
use std::sync::Arc;
use sums::Sums;
use tuplets::Tuplets;

pub const PRIMES: Entry = Entry {
    name: "primes",
    about: "Count the primes in ranges",
    takes: Takes::Ranges("0..1e6 1e6..2e6 2e6..3e6"),
    options: &[Opt::Method, Opt::Lanes, Opt::Verify, Opt::Tuplet, Opt::Gaps, Opt::Primes],
    open: |given| open(given, given.spans(), Asked::Ranges),
};

pub const PI: Entry = Entry {
    name: "pi",
    about: "Count the primes up to each number, that number included",
    takes: Takes::Numbers,
    options: &[Opt::Method, Opt::Lanes, Opt::Verify],
    open: |given| {
        let up_to = |item: &Item| Span::new(0, item.first_and_count().0.saturating_add(1)).expect("0 is least");
        open(given, given.items.iter().map(up_to).collect(), Asked::Numbers)
    },
};

pub const SUMS: Entry = Entry {
    name: "sum-primes",
    about: "Add up the primes in ranges",
    takes: Takes::Ranges("0..1e6 1e6..2e6 2e6..3e6"),
    options: &[Opt::Lanes],
    open: |given| open(&Given { method: Some(Method::Sieve), ..given.clone() }, given.spans(), Asked::Sums),
};

/// What the rows are about.
#[derive(Clone, Copy)]
enum Asked {
    Ranges,
    Numbers,
    /// Ranges again, of which the primes are not counted but added.
    Sums,
}

impl Asked {
    /// Whether rows tell how certain they are: where single numbers are tested that no proof covers.
    fn certainty(self, spans: &[Span]) -> bool {
        !matches!(self, Asked::Numbers) && spans.iter().any(|span| span.end() > sieve::END)
    }
}

fn open(given: &Given, spans: Vec<Span>, asked: Asked) -> Result<Opened> {
    let lanes = match given.lanes {
        Some(_) if given.method == Some(Method::Trial) => {
            return Err(Error::usage("--lanes is not for --method trial: leave one of them out"));
        }
        Some(lanes) => lanes,
        None => lanes::pick(None)?,
    };
    if let (Some(Method::Trial | Method::Leaves), Some(seeks)) = (given.method, given.seeks) {
        let option = seeks.option();
        return Err(Error::usage(format!("--{option} is for the sieve: leave it out, or write --method sieve")));
    }
    let alone = match (given.method, given.seeks) {
        (Some(Method::Trial), _) => Some("method trial"),
        (_, seeks) => seeks.map(Seeks::option),
    };
    if let Some(option) = alone.filter(|_| given.verify) {
        return Err(Error::usage(format!("--verify is not for --{option}: leave one of them out")));
    }
    // An empty range counts 0 wherever it is.
    for (span, item) in spans.iter().zip(&given.items).filter(|(span, _)| !span.is_empty()) {
        if let Some(why) = refusal(given, *span, asked) {
            return Err(Error::usage(format!("'{item}' {why}")));
        }
    }
    let texts = match asked {
        Asked::Ranges | Asked::Sums => Fact::new("ranges", Value::texts(&spans)),
        Asked::Numbers => Fact::new("numbers", Value::texts(&given.items)),
    };
    let rows = Rows { asked, certainty: asked.certainty(&spans) };
    let mut facts = vec![texts];
    facts.extend(given.seeks.map(|seeks| Fact::new(seeks.option(), seeks.value())));
    if given.method == Some(Method::Trial) {
        facts.push(Fact::new("method", Value::text("trial")));
        let links = spans.into_iter().map(|span| Box::new(ByTrial::new(span, rows)) as _).collect();
        return Ok(Opened { job: Job::Work(Box::new(Chain::new(links)?)), facts, how: vec![] });
    }
    let lay_out = if given.seeks.is_some() { Layout::in_order } else { Layout::new };
    let ways: Vec<Way> = spans.iter().map(|&span| Way::new(given, span, rows, lanes, lay_out)).collect();
    facts.push(Fact::new("method", methods(&ways)));
    let ways = neighbours_joined(spans.iter().copied().zip(ways), given.verify);
    let each = || ways.iter().map(|(_, way)| way);
    let sieved: BTreeSet<String> = each().filter_map(Way::layout).map(Layout::to_string).collect();
    let leaves: BTreeSet<String> = each().filter_map(Way::leaves).flat_map(ByLeaves::how).collect();
    let mut how = vec![Fact::new("lanes", Value::text(lanes.name))];
    let verified: BTreeSet<String> = each().filter(|_| given.verify).flat_map(Way::verify).collect();
    for (name, texts) in [("sieve", sieved), ("leaves", leaves), ("verify", verified)] {
        how.extend((!texts.is_empty()).then(|| Fact::new(name, Value::texts(texts))));
    }
    // One set of sieving primes serves all ranges; they are made when the run starts.
    let bound = each().filter_map(Way::layout).map(|layout| layout.bound).max().unwrap_or(0);
    let base = Arc::new(SievingPrimes::up_to(bound));
    let sieving = |span, layout| Sieving { span, rows, layout, lanes, base: base.clone() };
    if given.seeks == Some(Seeks::Primes) {
        let sieves = ways.into_iter().map(|(span, way)| InOrder::new(sieving(span, way.into_layout()))).collect();
        return Ok(Opened { job: Job::Stream(list::stream(&spans, sieves)?), facts, how });
    }
    let link = |(span, way): (Span, Way)| -> Box<dyn Work> {
        match (way, given.seeks) {
            (Way::Leaves(leaves), _) => leaves,
            (Way::Sieve(layout), None) if matches!(asked, Asked::Sums) => Box::new(Sums(sieving(span, *layout))),
            (Way::Sieve(layout), None) => Box::new(BySieve { sieving: sieving(span, *layout), verify: given.verify }),
            (Way::Sieve(layout), Some(Seeks::Tuplets(k))) => tuplets(k, sieving(span, *layout)),
            (Way::Sieve(layout), Some(_)) => Box::new(InOrder::<Gaps>::new(sieving(span, *layout))),
        }
    };
    Ok(Opened { job: Job::Work(Box::new(Chain::new(ways.into_iter().map(link).collect())?)), facts, how })
}

/// Why the primes of a range cannot be counted, in words that follow it.
fn refusal(given: &Given, span: Span, asked: Asked) -> Option<&'static str> {
    let wide = span.width() > sieve::WIDEST;
    let why = match given.method {
        Some(Method::Trial) if span.end() > trial::END => "goes beyond 2^64: leave out --method trial",
        Some(Method::Leaves) if span.end() > gourdon::END => {
            "goes beyond 10^25: --method leaves goes up to there, the sieve takes ranges up to 2^127"
        }
        Some(Method::Sieve | Method::Trial) if wide => match asked {
            Asked::Numbers => "is too large for that method, which takes up to 2^64-1: leave out --method",
            Asked::Ranges | Asked::Sums => "is wider than 2^64 numbers: that is the most for the sieve",
        },
        _ if matches!(asked, Asked::Numbers) && span.end() > gourdon::END => {
            "is too large: pi takes numbers up to 10^25"
        }
        _ if span.end() > sieve::LIMIT => "goes beyond 2^127: primes are counted below that",
        _ if wide && given.seeks.is_some() => "is wider than 2^64 numbers: that is the most",
        _ if wide && span.end() > gourdon::END => {
            "goes beyond 10^25: up to there ranges may be wider than 2^64 numbers"
        }
        _ if given.seeks == Some(Seeks::Primes) && primality::certainty(span.end()) == Certainty::Probable => {
            "goes beyond 3.3·10^24, up to which primes are proven: --list is for those"
        }
        _ => return None,
    };
    Some(why)
}

/// How the primes of one range are counted.
enum Way {
    Sieve(Box<Layout>),
    Leaves(Box<ByLeaves>),
}

impl Way {
    /// The one that is asked for, or the cheapest.
    fn new(given: &Given, span: Span, rows: Rows, lanes: &'static Lanes, lay_out: fn(Span) -> Layout) -> Way {
        if given.method == Some(Method::Leaves) || span.width() > sieve::WIDEST {
            return Way::Leaves(Box::new(ByLeaves::new(span, rows, lanes)));
        }
        let layout = lay_out(span);
        // A short range, or one that goes too far, needs no second thought.
        if given.method.is_some() || given.seeks.is_some() || layout.cost() < SOON || span.end() > gourdon::END {
            return Way::Sieve(Box::new(layout));
        }
        match ByLeaves::new(span, rows, lanes) {
            leaves if leaves.cost() < layout.cost() => Way::Leaves(Box::new(leaves)),
            _ => Way::Sieve(Box::new(layout)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Way::Sieve(_) => "sieve",
            Way::Leaves(_) => "leaves",
        }
    }

    /// How a range is verified.
    fn verify(&self) -> Vec<String> {
        match self {
            Way::Sieve(_) => vec![verify::share()],
            Way::Leaves(leaves) => leaves.verify().collect(),
        }
    }

    fn layout(&self) -> Option<&Layout> {
        if let Way::Sieve(layout) = self { Some(layout) } else { None }
    }

    fn leaves(&self) -> Option<&ByLeaves> {
        if let Way::Leaves(leaves) = self { Some(leaves) } else { None }
    }

    fn into_layout(self) -> Layout {
        match self {
            Way::Sieve(layout) => *layout,
            Way::Leaves(_) => unreachable!("lists are sieved"),
        }
    }
}

/// The ways of ranges, of which those that touch and are counted by the formula are one; its span is that of the first.
fn neighbours_joined(ways: impl Iterator<Item = (Span, Way)>, verify: bool) -> Vec<(Span, Way)> {
    let mut joined: Vec<(Span, Way)> = Vec::new();
    for (span, way) in ways {
        let way = match (way, joined.last_mut()) {
            (Way::Leaves(leaves), Some((_, Way::Leaves(before)))) => {
                leaves.after(before).map(|leaves| Way::Leaves(Box::new(leaves)))
            }
            (way, _) => Some(way),
        };
        joined.extend(way.map(|way| (span, way)));
    }
    // It costs more, but it changed no choice.
    let verified = |way| match way {
        Way::Leaves(leaves) if verify => Way::Leaves(Box::new(leaves.verified())),
        way => way,
    };
    joined.into_iter().map(|(span, way)| (span, verified(way))).collect()
}

/// Picoseconds of sieving below which nothing else can be quicker.
const SOON: u128 = 500_000_000;

/// The method, or the methods in the order of the ranges where they differ.
fn methods(ways: &[Way]) -> Value {
    let mut names = ways.iter().map(Way::name);
    match names.next() {
        Some(first) if names.all(|name| name == first) => Value::text(first),
        _ => Value::texts(ways.iter().map(Way::name)),
    }
}

/// The work that counts K-tuplets.
fn tuplets(k: u64, sieving: Sieving) -> Box<dyn Work> {
    match k {
        2 => Box::new(InOrder::<Tuplets<2>>::new(sieving)),
        3 => Box::new(InOrder::<Tuplets<3>>::new(sieving)),
        4 => Box::new(InOrder::<Tuplets<4>>::new(sieving)),
        5 => Box::new(InOrder::<Tuplets<5>>::new(sieving)),
        6 => Box::new(InOrder::<Tuplets<6>>::new(sieving)),
        _ => unreachable!("the command line lets no other pass"),
    }
}

/// How a range is sieved, for whatever is wanted of it.
struct Sieving {
    span: Span,
    rows: Rows,
    layout: Layout,
    lanes: &'static Lanes,
    base: Arc<SievingPrimes>,
}

impl Sieving {
    fn units(&self) -> u64 {
        if self.span.is_empty() { 0 } else { self.layout.units() }
    }

    fn sieve(&self, seat: &Seat) -> Sieve {
        Sieve::new(self.lanes, seat.cache)
    }

    fn forecast(&self) -> Forecast {
        let (shared_bytes, thread_bytes) = sieve::memory(&self.layout);
        Forecast { seconds: seconds(self.layout.cost()), shared_bytes, thread_bytes, ..Forecast::default() }
    }
}

/// How a range and what was found out of it become a row.
#[derive(Clone, Copy)]
struct Rows {
    asked: Asked,
    /// Whether to say that all that counted as prime are proven to be.
    certainty: bool,
}

impl Rows {
    /// The row of a range whose count is a theorem.
    fn proven(self, span: Span, count: u128) -> Answer {
        self.certain_row(span, vec![("count", Value::integer(count))], count.into(), "count", Certainty::Proven)
    }

    /// The row of a range, its count, and what else was found out of it; `bare` is the column that was asked for.
    fn answer(self, span: Span, count: u64, more: &[(&'static str, Value)], bare: &'static str) -> Answer {
        let mut found = vec![("count", Value::integer(count))];
        found.extend_from_slice(more);
        self.row(span, found, count.into(), bare)
    }

    /// The row of a range and what was found; `whole` is what makes a total of rows about ranges.
    fn row(self, span: Span, found: Vec<(&'static str, Value)>, whole: Integer, bare: &'static str) -> Answer {
        self.certain_row(span, found, whole, bare, primality::certainty(span.end()))
    }

    fn certain_row(
        self,
        span: Span,
        found: Vec<(&'static str, Value)>,
        whole: Integer,
        bare: &'static str,
        certainty: Certainty,
    ) -> Answer {
        let mut cells = match self.asked {
            Asked::Ranges | Asked::Sums => {
                vec![("start", Value::integer(span.start())), ("end", Value::integer(span.end()))]
            }
            Asked::Numbers => vec![("x", Value::integer(span.end() - 1))],
        };
        cells.extend(found);
        if self.certainty {
            cells.push(("certainty", Value::text(certainty.name())));
        }
        let (names, values): (Vec<&str>, Vec<Value>) = cells.into_iter().unzip();
        let answer = Answer::rows(Table::of(&names).with([values]), bare);
        match self.asked {
            Asked::Ranges | Asked::Sums => Answer { total: Some(whole), ..answer },
            Asked::Numbers => answer,
        }
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
    fn the_count_between_neighbours_is_made_once() {
        let units = |ranges| match (PRIMES.open)(&Given { method: Some(Method::Leaves), ..given(ranges) }).unwrap().job
        {
            Job::Work(work) => work.units(),
            _ => unreachable!("a count is a work"),
        };
        let apart = units("0..1e8") + units("0..2e8") + units("0..3e8");
        assert_eq!(units("0..1e8 1e8..2e8 2e8..3e8"), apart);
        assert_eq!(units("0..3e8/3"), apart);
        // Where ranges do not touch, in the order they are given, nothing is shared.
        assert_eq!(units("1e8..2e8 0..1e8"), units("1e8..2e8") + units("0..1e8"));
        for ranges in
            ["0..3e6/5", "5e5..1e6 1e6..2e6 2e6..2e6 2e6..3e6 3e6..3e6+1 0..7", "0..0 0..5 5..5 5..3e5 3e5..4e5"]
        {
            for verify in [false, true] {
                let [leaves, sieve] = [Method::Leaves, Method::Sieve]
                    .map(|method| answer((PRIMES.open)(&Given { method: Some(method), verify, ..given(ranges) })));
                assert_eq!(leaves, sieve, "{ranges}");
            }
        }
    }

    #[test]
    fn verifying_changes_nothing_but_says_how() {
        for (ranges, method, how) in [
            ("0..3e7 1e12..+1e6 0..0 5..6 2^64..+1000", Method::Sieve, "1 unit in 64 by scalar lanes"),
            ("0..3e7 1e6..1e8", Method::Leaves, "leaves with y "),
            ("0..100", Method::Leaves, "trial division"),
        ] {
            let once = Given { method: Some(method), ..given(ranges) };
            let twice = Given { verify: true, ..once.clone() };
            let [once, twice] = [&once, &twice].map(|given| (PRIMES.open)(given).unwrap());
            assert_eq!(once.facts, twice.facts);
            assert!(once.how.iter().all(|fact| fact.name != "verify"));
            let told = twice.how.iter().find(|fact| fact.name == "verify").unwrap().value.to_string();
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
        let by_leaves = Given { method: Some(Method::Leaves), ..given("10^26..10^26+1") };
        assert!(refused((PRIMES.open)(&by_leaves)).contains("beyond 10^25"));
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

    #[test]
    fn short_jobs_have_units_for_many_ranks() {
        let second = 1_000_000_000_000;
        assert_eq!(units(0), 1);
        assert_eq!(units(second / 20), 2500);
        assert_eq!(units(100 * second), 4096);
        assert_eq!(units(1_000_000 * second), 1_000_000);
    }
}
