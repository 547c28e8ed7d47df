//! `nth-prime n`: the n-th prime, without those before it.
//!
//! Riemann's R tells where it lies, to within some √x. The primes below that window are counted by the formula, those in
//! it by the sieve, slice by slice in order: one plan, whose units need not wait for each other. When all are in, the
//! counts say which slice has the prime, and that one is sieved again. That the window was right is not believed: the
//! counts on both sides of it tell.
//!
//! Cost: that of π(x), and of sieving 3 √x numbers near x.

use super::pi::Pi;
use super::{Asked, Rows, Sieving};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::kernel::{Entry, Given, Opened, Opt, Takes};
use crate::math::approximate;
use crate::math::count::gourdon::{Sums, Worker};
use crate::math::lanes;
use crate::math::primality;
use crate::math::sieve::{Layout, Sieve, SievingPrimes, naive, ordered};
use crate::math::span::Span;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::wire;
use crate::work::{Answer, Forecast, Job, Kernel, Part, Temper, Work};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

pub const NTH: Entry = Entry {
    name: "nth-prime",
    about: "Find the N-th prime; the first is 2",
    takes: Takes::Numbers,
    options: &[Opt::Lanes],
    open,
};

/// π(10^25): primes beyond that are more than the formula can count.
const MOST: u128 = 176_846_309_399_143_769_411_680;

/// Primes that are found by the naive sieve: so many, and the last of them.
const FEW: u128 = 10_000;
const LAST: usize = 104_729;
static FIRST: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(LAST));

fn open(given: &Given) -> Result<Opened> {
    let lanes = given.lanes.map_or_else(|| lanes::pick(None), Ok)?;
    let numbers = given.items.iter().map(|item| item.first_and_count().0);
    for n in numbers.clone() {
        if n == 0 {
            return Err(Error::usage("'0' is no prime's number: the first prime is number 1"));
        }
        if n > MOST {
            let why = format!("'{n}' is too large: primes are found up to 10^25, and the last is number {MOST}");
            return Err(Error::usage(why));
        }
    }
    let spans: Vec<Option<Span>> = numbers.clone().map(|n| (n > FEW).then(|| approximate::nth_prime(n))).collect();
    let windows: Vec<Span> = spans.iter().flatten().copied().collect();
    let rows = Rows { asked: Asked::Ranges, certainty: Asked::Ranges.certainty(&windows) };
    let layouts: Vec<Layout> = windows.iter().map(|&span| Layout::in_order(span)).collect();
    let sieves: BTreeSet<String> = layouts.iter().map(Layout::to_string).collect();
    // One set of sieving primes serves all windows.
    let base = Arc::new(SievingPrimes::up_to(layouts.iter().map(|layout| layout.bound).max().unwrap_or(0)));
    let mut layouts = layouts.into_iter();
    let (mut links, mut leaves): (Vec<Box<dyn Work>>, _) = (vec![], BTreeSet::new());
    for (n, span) in numbers.zip(&spans) {
        let Some(span) = *span else {
            links.push(Box::new(Few { n: n as usize, rows }));
            continue;
        };
        let layout = layouts.next().expect("each window has its layout");
        let below = Pi::new(span.start(), lanes);
        leaves.extend(below.how());
        links.push(Box::new(Nth { n, below, sieving: Sieving { span, rows, layout, lanes, base: base.clone() } }));
    }
    let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    let mut how = vec![Fact::new("lanes", Value::text(lanes.name))];
    for (name, texts) in [("leaves", leaves), ("sieve", sieves)] {
        how.extend((!texts.is_empty()).then(|| Fact::new(name, Value::texts(texts))));
    }
    Ok(Opened { job: Job::Work(Box::new(Chain::new(links)?)), facts, how })
}

/// The row of one prime.
fn row(n: u128, prime: u128, rows: Rows) -> Answer {
    let mut names = vec!["n", "prime"];
    let mut cells = vec![Value::integer(n), Value::integer(prime)];
    if rows.certainty {
        names.push("certainty");
        // It is the n-th only if all that counted as primes before it are.
        cells.push(Value::text(primality::certainty(prime + 1).name()));
    }
    Answer::rows(Table::of(&names).with([cells]), "prime")
}

/// A prime among the first.
struct Few {
    n: usize,
    rows: Rows,
}

impl Kernel for Few {
    type Part = u64;
    type Scratch = ();

    fn units(&self) -> u64 {
        0
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
        unreachable!("there are no units")
    }

    fn answer(&self, _: u64) -> Result<Answer> {
        Ok(row(self.n as u128, FIRST[self.n - 1].into(), self.rows))
    }

    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
}

/// A prime farther up.
struct Nth {
    n: u128,
    /// π of the numbers below the window.
    below: Pi,
    /// The window, whose units are its slices in order.
    sieving: Sieving,
}

/// What units came to: π below the window, and the primes of each slice.
#[derive(Default)]
struct Found {
    below: Sums,
    slices: Vec<u64>,
}

impl Part for Found {
    fn merge(self, right: Found) -> Found {
        Found { below: self.below.merge(right.below), slices: Part::merge(self.slices, right.slices) }
    }
}

wire::fields! { Found { below slices } }

impl Nth {
    /// The k-th prime of a slice that should have `count`.
    fn pick(&self, slice: u64, k: u64, count: u64) -> Result<u128> {
        let Sieving { base, layout, lanes, .. } = &self.sieving;
        let mut sieve = Sieve::new(lanes, CACHE);
        base.make(&mut sieve);
        let (mut seen, mut found) = (0, None);
        // No window is so low that it has 2, 3 or 5.
        sieve.in_order(base, layout, slice, |start, word| {
            let ones = u64::from(word.count_ones());
            if (seen + 1..=seen + ones).contains(&k) {
                found = ordered::numbers(start, word).nth((k - seen - 1) as usize);
            }
            seen += ones;
        });
        match found {
            Some(prime) if seen == count => Ok(prime),
            _ => Err(Error::wrong(format!(
                "a slice of {} has {count} primes, and the next time {seen}",
                self.sieving.span
            ))),
        }
    }
}

/// Bytes of a first-level cache, where it does not matter much.
const CACHE: usize = 32 << 10;

/// In which slice the n-th prime is, which of its primes it is, and how many those are; `below` primes come before the first.
fn locate(n: u128, below: u128, slices: &[u64]) -> Option<(u64, u64, u64)> {
    let mut rest = n.checked_sub(below).filter(|&rest| rest > 0)?;
    for (slice, &count) in (0..).zip(slices) {
        if rest <= u128::from(count) {
            return Some((slice, rest as u64, count));
        }
        rest -= u128::from(count);
    }
    None
}

impl Kernel for Nth {
    type Part = Found;
    type Scratch = (Sieve, Option<Worker>);

    fn units(&self) -> u64 {
        self.sieving.units() + self.below.units()
    }

    fn scratch(&self, seat: &Seat) -> Self::Scratch {
        (self.sieving.sieve(seat), None)
    }

    fn compute(&self, unit: u64, (sieve, worker): &mut Self::Scratch) -> Result<Found> {
        // The slices come first: they are the longer ones.
        let Sieving { base, layout, .. } = &self.sieving;
        Ok(match unit.checked_sub(self.sieving.units()) {
            None => {
                base.make(sieve);
                Found { below: Sums::default(), slices: vec![sieve.unit(base, layout, unit)] }
            }
            Some(unit) => Found { below: self.below.compute(unit, sieve, worker), slices: vec![] },
        })
    }

    fn answer(&self, whole: Found) -> Result<Answer> {
        let (n, span) = (self.n, self.sieving.span);
        let below = self.below.close(whole.below)?;
        let Some((slice, k, count)) = locate(n, below, &whole.slices) else {
            let last = below + whole.slices.iter().map(|&count| u128::from(count)).sum::<u128>();
            return Err(Error::wrong(format!(
                "prime number {n} should lie in {span}, whose primes are numbers {} to {last}",
                below + 1
            )));
        };
        Ok(row(n, self.pick(slice, k, count)?, self.sieving.rows))
    }

    fn forecast(&self) -> Forecast {
        let (below, sieving) = (self.below.forecast(), self.sieving.forecast());
        // A slice is sieved once more, by rank 0.
        let slices = 1.0 + 1.0 / self.sieving.units() as f64;
        Forecast {
            seconds: below.seconds + sieving.seconds * slices,
            thread_bytes: below.thread_bytes + sieving.thread_bytes,
            ..below.then(sieving)
        }
    }

    /// Slices and the formula's units differ.
    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::kernel::tests::{answer, column, given};
    use crate::math::lanes::Lanes;
    use crate::syntax::Item;
    use crate::work::tests::whole;
    use proptest::prelude::*;

    fn nth(numbers: &[u128], lanes: Option<&'static Lanes>) -> Vec<u128> {
        let items = numbers.iter().map(|&n| Item::Number(n)).collect();
        let answer = answer((NTH.open)(&Given { items, lanes, ..Given::default() }));
        column(&answer, "prime").iter().map(|prime| prime.parse().unwrap()).collect()
    }

    #[test]
    fn the_first_primes_and_those_around_the_border_of_methods() {
        let primes = naive::primes(200_000);
        let numbers: Vec<u128> = (1..=2000).chain(FEW - 3..FEW + 40).collect();
        let expect: Vec<u128> = numbers.iter().map(|&n| primes[n as usize - 1].into()).collect();
        assert_eq!(nth(&numbers, None), expect);
        assert_eq!(FIRST.len() as u128, FEW);
    }

    #[test]
    fn known_primes_on_every_lane() {
        let rows = golden::rows("nth").into_iter().map(|row| [0, 1].map(|cell| row[cell].parse::<u128>().unwrap()));
        let rows: Vec<[u128; 2]> = rows.filter(|[n, _]| *n <= 10_000_000_000).collect();
        let (numbers, expect): (Vec<u128>, Vec<u128>) = rows.iter().map(|&[n, prime]| (n, prime)).unzip();
        assert!(numbers.len() > 12);
        for lanes in lanes::usable() {
            assert_eq!(nth(&numbers, Some(lanes)), expect, "{}", lanes.name);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_undoes_pi(seeds in prop::collection::vec(FEW as usize..1_857_859, 20)) {
            static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(30_000_000));
            let numbers: Vec<u128> = seeds.iter().map(|&n| n as u128).collect();
            let expect: Vec<u128> = seeds.iter().map(|&n| PRIMES[n - 1].into()).collect();
            prop_assert_eq!(nth(&numbers, None), expect);
        }
    }

    /// The kernel of prime n, in a window that someone chose.
    fn within(n: u128, window: Span) -> Nth {
        let (lanes, layout) = (lanes::pick(None).unwrap(), Layout::in_order(window));
        let base = Arc::new(SievingPrimes::up_to(layout.bound));
        let rows = Rows { asked: Asked::Ranges, certainty: false };
        let below = Pi::new(window.start(), lanes);
        Nth { n, below, sieving: Sieving { span: window, rows, layout, lanes, base } }
    }

    #[test]
    fn at_the_edges_of_a_window_it_is_found_and_beyond_them_it_is_told() {
        // 9592 primes are below 100000, 9600 below 100100; 100003 is the first of these and 100069 the eighth.
        let primes: Vec<u128> = naive::primes(100_100).into_iter().map(u128::from).collect();
        let (window, first, last) = (Span::new(100_000, 100_100).unwrap(), 9593, primes.len() as u128);
        for n in first..=last {
            let found = column(&whole(&within(n, window)), "prime");
            assert_eq!(found, [primes[n as usize - 1].to_string()]);
        }
        for n in [first - 1, last + 1, 1] {
            let kernel = within(n, window);
            let slices = vec![last as u64 - first as u64 + 1];
            let why = kernel.answer(Found { below: Sums::default(), slices }).unwrap_err();
            assert_eq!(why.code(), 3);
            let told =
                format!("prime number {n} should lie in 100000..100100, whose primes are numbers {first} to {last}");
            assert!(why.to_string().contains(&told), "{why}");
        }
        // A count that the second sieving does not find.
        let why = within(first, window).answer(Found { below: Sums::default(), slices: vec![7] }).unwrap_err();
        assert_eq!(why.code(), 3);
    }

    #[test]
    fn slices_are_found_by_their_counts() {
        let counts = [3, 0, 2, 0];
        let places: Vec<_> = (9..=17).map(|n| locate(n, 10, &counts)).collect();
        let found = [(0, 1, 3), (0, 2, 3), (0, 3, 3), (2, 1, 2), (2, 2, 2)].map(Some);
        assert_eq!(places, [&[None, None], &found[..], &[None, None]].concat());
    }

    #[test]
    fn the_most_is_about_all_that_the_formula_takes() {
        let window = approximate::nth_prime(MOST);
        assert!(window.contains(crate::math::count::gourdon::END), "{window}");
        let refused = |text: &str| (NTH.open)(&given(text)).err().unwrap().to_string();
        assert!(refused("0").contains("'0' is no prime's number"));
        assert!(refused(&(MOST + 1).to_string()).contains("up to 10^25"));
        assert!((NTH.open)(&given(&format!("{MOST} 1"))).is_ok());
    }

    #[test]
    fn beyond_two_to_the_64_rows_tell_what_is_proven() {
        let far = (NTH.open)(&given("1 1e23")).unwrap();
        let Job::Work(work) = far.job else { panic!("it has units") };
        assert!(work.units() > 1000);
        let rows = Rows { asked: Asked::Ranges, certainty: true };
        assert_eq!(column(&row(1, 2, rows), "certainty"), ["proven"]);
        assert_eq!(column(&row(MOST, 10u128.pow(25), rows), "certainty"), ["probable"]);
    }
}
