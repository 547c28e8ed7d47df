//! `nth-prime n`: the n-th prime, without those before it.
//!
//! Riemann's R tells where the prime lies, within about √x. The primes below that window are counted by the formula, those in it by the
//! sieve, slice by slice. This is one plan, whose units need not wait for each other. When all units are done, the counts tell which
//! slice has the prime, and this slice is sieved again. Whether the window was right is checked: by the counts on both sides of it.
//!
//! Cost: that of π(x), and of sieving 3 √x numbers near x.

use super::facts::{self, Texts};
use super::formula::Formula;
use super::pi::{At, Pi};
use super::rows::{Asked, Rows};
use super::sieving::{Sieving, Size};
use super::{LayOut, by_formula};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::kernel::{Given, KernelEntry, Opened, PlanChoice, Takes};
use crate::math::approximate::{self, Whereabouts};
use crate::math::count::gourdon::TermSums;
use crate::math::lanes;
use crate::math::primality;
use crate::math::sieve::{Layout, Sieve, SievingPrimes, naive, ordered};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Job, Kernel, Part, UnitCost, Work};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// The command `nth-prime`.
pub const NTH: KernelEntry = KernelEntry {
    name: "nth-prime",
    about: "Find the N-th prime; the first is 2",
    takes: Takes::Numbers,
    examples: &[("nth-prime 1e9", "the billionth prime"), ("nth-prime 1..=10", "the first ten")],
    open,
};

/// π(10^25): the formula cannot count beyond.
const N_MAX: u128 = 176_846_309_399_143_769_411_680;

/// How many primes the naive sieve finds, and the last of them.
const NAIVE_PRIMES: u128 = 10_000;
const LAST_NAIVE_PRIME: usize = 104_729;
static NAIVE: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(LAST_NAIVE_PRIME));

fn open(given: &Given) -> Result<Opened> {
    let lanes = given.lanes.map_or_else(|| lanes::pick(None), Ok)?;
    let numbers = given.items.iter().map(|item| item.first_and_count().0);
    for n in numbers.clone() {
        if n == 0 {
            return Err(Error::usage("'0' is not the number of a prime: the first prime is number 1"));
        }
        if n > N_MAX {
            let why = format!("'{n}' is too large: primes are found up to 10^25, and the last is number {N_MAX}");
            return Err(Error::usage(why));
        }
    }
    let places: Vec<Option<Whereabouts>> =
        numbers.clone().map(|n| (n > NAIVE_PRIMES).then(|| approximate::whereabouts(n))).collect();
    let farthest: Vec<Span> = places.iter().flatten().map(|place| place.farthest).collect();
    let rows = Rows { asked: Asked::Ranges, certainty: Asked::Ranges.certainty(&farthest) };
    let (mut sizes, mut windows, mut sieves, mut gourdon) =
        (vec![], Texts::default(), Texts::default(), Texts::default());
    for &Whereabouts { window, .. } in places.iter().flatten() {
        let layout = Layout::in_order(window);
        windows.add(|| window.to_string());
        sieves.add(|| layout.to_string());
        sizes.push(Size::of(&layout));
    }
    // All windows share one set of sieving primes.
    let base = Arc::new(SievingPrimes::up_to(sizes.iter().map(|size| size.bound).max().unwrap_or(0)));
    let mut sizes = sizes.into_iter();
    let mut links: Vec<(u128, Box<dyn Work>, Vec<u32>)> = vec![];
    for (place, (n, whereabouts)) in (0..).zip(numbers.zip(&places)) {
        let Some(Whereabouts { window, farthest }) = *whereabouts else {
            links.push((n, Box::new(Few { n: n as usize, rows }), vec![place]));
            continue;
        };
        let size = sizes.next().expect("each window has its size");
        let below = Pi::new(window.start(), lanes);
        below.how().into_iter().for_each(|text| gourdon.add(|| text));
        let edges = vec![window.start(), window.end()];
        let sieving = Sieving { edges, rows, size, lay_out: LAY_OUT, lanes, base: base.clone() };
        links.push((n, Box::new(Nth { n, below, sieving, farthest }), vec![place]));
    }
    // The smallest come first.
    links.sort_by_key(|(n, ..)| *n);
    let chain = Chain::in_turns(links.into_iter().map(|(_, link, places)| (link, places)))?;
    let facts = vec![Fact::new("numbers", Value::texts(&given.items))];
    let mut how = vec![PlanChoice::free(Fact::new("lanes", Value::text(lanes.name)))];
    how.extend(
        facts::facts([("window", windows), ("gourdon", gourdon), ("sieve", sieves)])
            .into_iter()
            .map(PlanChoice::cutting),
    );
    Ok(Opened { job: Job::work(chain), facts, how })
}

/// Windows are sieved slice by slice.
const LAY_OUT: LayOut = |span, _| Layout::in_order(span);

/// The row of one prime.
fn row(n: u128, prime: u128, rows: Rows) -> Answer {
    let mut names = vec!["n", "prime"];
    let mut cells = vec![Value::integer(n), Value::integer(prime)];
    if rows.certainty {
        names.push("certainty");
        // It is the n-th prime only if all numbers before it that were counted as primes are prime.
        cells.push(Value::text(primality::certainty(prime + 1).name()));
    }
    Answer::rows(Table::of(&names).with([cells]), "prime")
}

/// One of the first primes.
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

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
        unreachable!("there are no units")
    }

    fn answer(&self, _: u64) -> Result<Answer> {
        Ok(row(self.n as u128, NAIVE[self.n - 1].into(), self.rows))
    }

    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
}

/// A larger prime.
struct Nth {
    n: u128,
    /// π of the numbers below the window.
    below: Pi,
    /// The window, whose units are its slices in order.
    sieving: Sieving,
    /// Outside of this the prime is not sought.
    farthest: Span,
}

/// The result of units: π below the window, and the primes of each slice.
#[derive(Default)]
struct NthFound {
    below: TermSums,
    slices: Vec<u64>,
}

impl Part for NthFound {
    fn merge(self, right: NthFound) -> NthFound {
        NthFound { below: self.below.merge(right.below), slices: Part::merge(self.slices, right.slices) }
    }
}

wire::fields! { NthFound { below slices } }

/// A span whose primes are counted, slice by slice.
struct Counted {
    layout: Layout,
    span: Span,
    base: Arc<SievingPrimes>,
    /// How many primes come before the span.
    below: u128,
    slices: Vec<u64>,
}

impl Counted {
    /// How many primes come before its end.
    fn up_to(&self) -> u128 {
        self.below + sum(&self.slices)
    }

    /// The n-th prime, if it is here.
    fn pick(&self, n: u128, sieve: &mut Sieve) -> Option<Result<u128>> {
        let (slice, k, count) = locate(n, self.below, &self.slices)?;
        self.base.make(sieve);
        let (mut seen, mut found) = (0, None);
        // No window is so low that it has 2, 3 or 5.
        sieve.in_order(&self.base, &self.layout, slice, |start, word| {
            let ones = u64::from(word.count_ones());
            if (seen + 1..=seen + ones).contains(&k) {
                found = ordered::numbers(start, word).nth((k - seen - 1) as usize);
            }
            seen += ones;
        });
        Some(found.filter(|_| seen == count).ok_or_else(|| {
            let span = self.span;
            Error::wrong(format!("a slice of {span} has {count} primes, and the next time {seen}"))
        }))
    }
}

impl Nth {
    /// The next span on the side where the prime must be; `None` where that is too far.
    fn beside(&self, last: &Counted, sieve: &mut Sieve) -> Option<Counted> {
        let (farthest, step) = (self.farthest, (self.sieving.span().width() / STEPS).max(STEP_MIN));
        let (start, end, is_left) = (last.span.start(), last.span.end(), self.n <= last.below);
        let span = match is_left {
            true => Span::new(start.saturating_sub(step).max(farthest.start()), start),
            false => Span::new(end, (end + step).min(farthest.end())),
        };
        let span = span.filter(|span| !span.is_empty())?;
        let (layout, mut base) = (Layout::in_order(span), self.sieving.base.clone());
        if base.bound() < layout.bound {
            base = Arc::new(SievingPrimes::up_to(layout.bound));
        }
        base.make(sieve);
        let slices: Vec<u64> = (0..layout.units()).map(|unit| sieve.unit(&base, &layout, unit)).collect();
        // A wrong count below the window may be less than that.
        let below = if is_left { last.below.checked_sub(sum(&slices))? } else { last.up_to() };
        Some(Counted { layout, span, base, below, slices })
    }

    /// What is wrong if the prime is not where it must be.
    fn lost(&self, last: &Counted) -> Error {
        let Nth { n, farthest, .. } = self;
        Error::wrong(match *n <= last.below {
            true => format!("prime number {n} should lie in {farthest}, but {} primes are below that", last.below),
            false => {
                format!("prime number {n} should lie in {farthest}, but only {} primes are below its end", last.up_to())
            }
        })
    }
}

/// How many primes these slices have.
fn sum(slices: &[u64]) -> u128 {
    slices.iter().map(|&count| u128::from(count)).sum()
}

/// How many steps beside the window are as wide as the window, and how wide a step is at least.
const STEPS: u128 = 16;
const STEP_MIN: u128 = 30_000;

/// A usual first-level cache in bytes, where its size hardly matters.
const ANY_CACHE_BYTES: usize = 32 << 10;

/// The slice of the n-th prime, its index in the slice, and how many primes the slice has; `below` primes come before the first slice.
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
    type Part = NthFound;
    type Scratch = (Sieve, Layout, Option<At>);

    fn units(&self) -> u64 {
        self.sieving.units() + self.below.units()
    }

    fn scratch(&self, placement: &Placement) -> Self::Scratch {
        (self.sieving.sieve(placement), self.sieving.layout(), None)
    }

    fn compute(&self, unit: u64, (sieve, layout, at): &mut Self::Scratch) -> Result<NthFound> {
        // The slices come first, because they take longer.
        let base = &self.sieving.base;
        Ok(match unit.checked_sub(self.sieving.units()) {
            None => {
                base.make(sieve);
                NthFound { below: TermSums::default(), slices: vec![sieve.unit(base, layout, unit)] }
            }
            Some(unit) => NthFound { below: self.below.compute(unit, sieve, at), slices: vec![] },
        })
    }

    fn plausible(&self, units: Range<u64>, found: &NthFound) -> bool {
        let (layout, last) = (self.sieving.layout(), self.sieving.units());
        let slices = units.start.min(last)..units.end.min(last);
        let is_count = |(unit, &count): (u64, &u64)| {
            let (window, _) = layout.unit(unit);
            approximate::possible(window.start(), window.end()).contains(&u128::from(count))
        };
        found.slices.len() as u64 == slices.end - slices.start
            && slices.zip(&found.slices).all(is_count)
            && match units.end > last {
                true => self.below.can_be(&(units.start.max(last) - last..units.end - last), &found.below),
                false => found.below == TermSums::default(),
            }
    }

    fn answer(&self, whole: NthFound) -> Result<Answer> {
        let Sieving { lanes, base, rows, .. } = &self.sieving;
        let below = self.below.close(whole.below)?;
        let (layout, span) = (self.sieving.layout(), self.sieving.span());
        let mut sieve = Sieve::new(lanes, ANY_CACHE_BYTES);
        let mut counted = Counted { layout, span, base: base.clone(), below, slices: whole.slices };
        loop {
            if let Some(prime) = counted.pick(self.n, &mut sieve) {
                return Ok(row(self.n, prime?, *rows));
            }
            counted = self.beside(&counted, &mut sieve).ok_or_else(|| self.lost(&counted))?;
        }
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

    /// Most of the cost is that of the formula.
    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(by_formula::sample(self.sieving.rows, self.sieving.lanes, Pi::new)))
    }

    /// Slices and the formula's units differ.
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
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
        let numbers: Vec<u128> = (1..=2000).chain(NAIVE_PRIMES - 3..NAIVE_PRIMES + 40).collect();
        let expect: Vec<u128> = numbers.iter().map(|&n| primes[n as usize - 1].into()).collect();
        assert_eq!(nth(&numbers, None), expect);
        assert_eq!(NAIVE.len() as u128, NAIVE_PRIMES);
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
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn it_undoes_pi(seeds in prop::collection::vec(NAIVE_PRIMES as usize..1_857_859, 20)) {
            static SIEVED: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(30_000_000));
            let numbers: Vec<u128> = seeds.iter().map(|&n| n as u128).collect();
            let expect: Vec<u128> = seeds.iter().map(|&n| SIEVED[n - 1].into()).collect();
            prop_assert_eq!(nth(&numbers, None), expect);
        }
    }

    /// The kernel of prime n, in a given window.
    fn within(n: u128, window: Span) -> Nth {
        let (lanes, size) = (lanes::pick(None).unwrap(), Size::of(&Layout::in_order(window)));
        let base = Arc::new(SievingPrimes::up_to(size.bound));
        let rows = Rows { asked: Asked::Ranges, certainty: false };
        let below = Pi::new(window.start(), lanes);
        let edges = vec![window.start(), window.end()];
        Nth { n, below, sieving: Sieving { edges, rows, size, lay_out: LAY_OUT, lanes, base } }
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
            let why = kernel.answer(NthFound { below: TermSums::default(), slices }).unwrap_err();
            assert_eq!(why.code(), 3);
            let told =
                format!("prime number {n} should lie in 100000..100100, whose primes are numbers {first} to {last}");
            assert!(why.to_string().contains(&told), "{why}");
        }
        // A count that the second sieving does not find.
        let why = within(first, window).answer(NthFound { below: TermSums::default(), slices: vec![7] }).unwrap_err();
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
        let window = approximate::nth_prime(N_MAX);
        assert!(window.contains(crate::math::count::gourdon::X_END), "{window}");
        let refused = |text: &str| (NTH.open)(&given(text)).err().unwrap().to_string();
        assert!(refused("0").contains("'0' is not the number of a prime"));
        assert!(refused(&(N_MAX + 1).to_string()).contains("up to 10^25"));
        assert!((NTH.open)(&given(&format!("{N_MAX} 1"))).is_ok());
    }

    #[test]
    fn beyond_two_to_the_64_rows_tell_what_is_proven() {
        let far = (NTH.open)(&given("1 1e23")).unwrap();
        let Job::Work(work) = far.job else { panic!("it has units") };
        assert!(work.units() > 1000);
        let rows = Rows { asked: Asked::Ranges, certainty: true };
        assert_eq!(column(&row(1, 2, rows), "certainty"), ["proven"]);
        assert_eq!(column(&row(N_MAX, 10u128.pow(25), rows), "certainty"), ["probable"]);
    }
}
