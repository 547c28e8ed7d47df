//! `nth-prime n`: the n-th prime, without those before it.
//!
//! Riemann's R and the first zeros of ζ tell where the prime lies, within a few hundredths of √x. The primes below that window are
//! counted by the formula, those in it by the sieve, slice by slice. This is one plan, whose units need not wait for each other. When all
//! units are done, the counts tell which slice has the prime, and this slice is sieved again. Whether the window was right is checked, by
//! the counts on both sides of it. If it was not, the slices beside it are sieved until the prime is found.
//!
//! Cost: that of π(x), and of sieving some √x / 10 numbers near x. Memory: that of π(x), and about a bit for four numbers of a window.

use super::facts::{self, Texts};
use super::formula::Formula;
use super::parted::Parted;
use super::pi::{At, Pi};
use super::rows::{Asked, Rows};
use super::sieving::{Sieving, Size};
use super::{LayOut, by_formula};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::kernel::ready::Ready;
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
use std::ops::{Range, RangeInclusive};
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
    if given.items.is_empty() {
        let none = Ready(|| Answer::rows(Table::of(&["n", "prime"]), "prime"));
        return Ok(Opened {
            job: Job::work(none),
            facts: vec![Fact::new("numbers", Value::List(vec![]))],
            how: vec![],
        });
    }
    let place = |n| if given.otherwise { wider(approximate::whereabouts(n)) } else { approximate::whereabouts(n) };
    let places: Vec<Option<Whereabouts>> = numbers.clone().map(|n| (n > NAIVE_PRIMES).then(|| place(n))).collect();
    let farthest: Vec<Span> = places.iter().flatten().map(|place| place.farthest).collect();
    let rows = Rows { asked: Asked::Ranges, certainty: Asked::Ranges.certainty(&farthest), cumulative: false };
    let (mut sizes, mut windows, mut sieves, mut gourdon) =
        (vec![], Texts::default(), Texts::default(), Texts::default());
    for &Whereabouts { window, .. } in places.iter().flatten() {
        let layout = LAY_OUT(window, slices(window) - 1);
        windows.add(|| window.to_string());
        sieves.add(|| layout.to_string());
        sizes.push(Size::of(&layout));
    }
    // All windows share one set of sieving primes.
    let most = |of: fn(&Size) -> u64| sizes.iter().map(of).max().unwrap_or(0);
    let base = Arc::new(SievingPrimes::kept_up_to(most(|size| size.kept), most(|size| size.bound)));
    let mut sizes = sizes.into_iter();
    let mut links: Vec<(u128, Box<dyn Work>, Vec<u32>)> = vec![];
    for (place, (n, whereabouts)) in (0..).zip(numbers.zip(&places)) {
        let Some(Whereabouts { window, farthest }) = *whereabouts else {
            links.push((n, Box::new(Ready(move || row(n, NAIVE[n as usize - 1].into(), rows))), vec![place]));
            continue;
        };
        let size = sizes.next().expect("each window has its size");
        let below = Pi::new(window.start(), lanes);
        let below = if given.otherwise { below.again() } else { below };
        below.how().into_iter().for_each(|text| gourdon.add(|| text));
        let sieving =
            Sieving { edges: edges(window), rows, size, lay_out: LAY_OUT, lanes, base: base.clone(), by_tests: false };
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

/// The other way to find a prime: from below another number, which has another formula, through slices that begin elsewhere.
fn wider(Whereabouts { window, farthest }: Whereabouts) -> Whereabouts {
    let start = window.start().saturating_sub(window.width() / 3 + 1).max(farthest.start());
    Whereabouts { window: Span::new(start, window.end()).expect("it begins earlier"), farthest }
}

/// Windows are laid out so that they take little memory.
const LAY_OUT: LayOut = Layout::in_little_memory;

/// How many slices a window has. The one with the prime is sieved again by one thread, which should take some milliseconds only.
fn slices(window: Span) -> u64 {
    const SLICE_WIDTH: u128 = 1 << 13;
    const SLICES_MAX: u128 = 1 << 12;
    (window.width() / SLICE_WIDTH).clamp(1, SLICES_MAX) as u64
}

/// Where the slices of a window begin, and where the last one ends.
fn edges(window: Span) -> Vec<u128> {
    let slices: Vec<Span> = window.split(slices(window).into()).collect();
    slices.iter().map(Span::start).chain([window.end()]).collect()
}

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

/// A prime that is not among the first.
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
    slices: Parted<u64>,
}

impl Part for NthFound {
    fn merge(self, right: NthFound) -> NthFound {
        NthFound { below: self.below.merge(right.below), slices: self.slices.merge(right.slices) }
    }
}

wire::fields! { NthFound { below slices } }

impl Nth {
    /// How many primes a span has, and the k-th of them. It is read in order, by a layout of its own.
    fn read(&self, span: Span, k: u128) -> (u128, Option<u128>) {
        let layout = Layout::in_order(span);
        let (base, mut sieve) = (SievingPrimes::up_to(layout.bound), Sieve::new(self.sieving.lanes, ANY_CACHE_BYTES));
        base.make(&mut sieve);
        let (mut seen, mut found) = (0, None);
        // No window is so low that it has 2, 3 or 5.
        for unit in 0..layout.units() {
            sieve.in_order(&base, &layout, unit, |start, word| {
                let ones = u128::from(word.count_ones());
                if (seen + 1..=seen + ones).contains(&k) {
                    found = ordered::numbers(start, word).nth((k - seen - 1) as usize);
                }
                seen += ones;
            });
        }
        (seen, found)
    }

    /// The prime, which is one of the `count` primes of a slice, `below` the slice are those before.
    fn pick(&self, slice: Span, below: u128, count: u128) -> Result<u128> {
        let (again, found) = self.read(slice, self.n - below);
        match found {
            Some(prime) if again == count => Ok(prime),
            _ => Err(Error::wrong(format!("{slice} has {count} primes, and the next time {again}"))),
        }
    }

    /// The prime, where it is below the window and `below` primes are: looked for slice by slice downwards.
    fn before(&self, mut below: u128) -> Result<u128> {
        let mut end = self.sieving.span().start();
        while end > self.farthest.start() {
            let slice =
                Span::new(end.saturating_sub(self.step()).max(self.farthest.start()), end).expect("it ends there");
            let (count, _) = self.read(slice, 0);
            // A wrong count below the window may be less than that.
            let Some(fewer) = below.checked_sub(count) else { break };
            if self.n > fewer {
                return self.pick(slice, fewer, count);
            }
            (end, below) = (slice.start(), fewer);
        }
        let Nth { n, farthest, .. } = self;
        Err(Error::wrong(format!("prime number {n} should lie in {farthest}, but {below} primes are below {end}")))
    }

    /// The prime, where it is behind the window and `below` primes are before that: looked for slice by slice upwards.
    fn behind(&self, mut below: u128) -> Result<u128> {
        let mut start = self.sieving.span().end();
        while start < self.farthest.end() {
            let slice = Span::new(start, (start + self.step()).min(self.farthest.end())).expect("it begins there");
            let (count, found) = self.read(slice, self.n - below);
            if let Some(prime) = found {
                return Ok(prime);
            }
            (start, below) = (slice.end(), below + count);
        }
        let Nth { n, farthest, .. } = self;
        Err(Error::wrong(format!(
            "prime number {n} should lie in {farthest}, but only {below} primes are below its end"
        )))
    }

    /// How wide the slices beside the window are.
    fn step(&self) -> u128 {
        self.sieving.range(0).width().max(STEP_MIN)
    }
}

/// Narrower slices would be mostly overhead.
const STEP_MIN: u128 = 1 << 13;

/// A usual first-level cache in bytes, where its size hardly matters.
const ANY_CACHE_BYTES: usize = 32 << 10;

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
        // The window comes first, because its units take longer.
        let base = &self.sieving.base;
        Ok(match unit.checked_sub(self.sieving.units()) {
            None => {
                base.make(sieve);
                let (first, borders) = self.sieving.borders(layout.unit(unit).0);
                let parts = sieve.unit_in_parts(base, layout, unit, borders);
                NthFound { below: TermSums::default(), slices: Parted { first: first as u64, parts } }
            }
            Some(unit) => {
                if at.is_none() {
                    // The window is sieved: its lists and bits make room for the tables of the formula.
                    *sieve = sieve.another();
                }
                NthFound { below: self.below.compute(unit, sieve, at), slices: Parted::default() }
            }
        })
    }

    fn plausible(&self, units: Range<u64>, found: &NthFound) -> bool {
        let last = self.sieving.units();
        let counts = |&count: &u64, _, possible: &RangeInclusive<u128>| possible.contains(&u128::from(count));
        let sieved = match units.start < last {
            true => self.sieving.plausible(&(units.start..units.end.min(last)), &found.slices, counts),
            false => found.slices == Parted::default(),
        };
        let counted = match units.end > last {
            true => self.below.can_be(&(units.start.max(last) - last..units.end - last), &found.below),
            false => found.below == TermSums::default(),
        };
        sieved && counted
    }

    fn answer(&self, whole: NthFound) -> Result<Answer> {
        let (sieving, mut below) = (&self.sieving, self.below.close(whole.below)?);
        if self.n <= below {
            return Ok(row(self.n, self.before(below)?, sieving.rows));
        }
        for (slice, count) in whole.slices.all(sieving.ranges()).into_iter().enumerate() {
            let count = u128::from(count);
            if self.n <= below + count {
                return Ok(row(self.n, self.pick(sieving.range(slice), below, count)?, sieving.rows));
            }
            below += count;
        }
        Ok(row(self.n, self.behind(below)?, sieving.rows))
    }

    fn share(&self, units: Range<u64>) -> f64 {
        let (last, all) = (self.sieving.units(), self.seconds().max(f64::MIN_POSITIVE));
        let below = self.below.forecast().seconds;
        let sieved = units.start.min(last)..units.end.min(last);
        let counted = units.start.max(last) - last..units.end.max(last) - last;
        ((all - below) * self.sieving.share(&sieved, all - below) + below * self.below.share(&counted)) / all
    }

    fn forecast(&self) -> Forecast {
        let (below, mut sieving) = (self.below.forecast(), self.sieving.forecast());
        // One of the slices is sieved once more, by rank 0.
        sieving.seconds *= 1.0 + 1.0 / self.sieving.ranges() as f64;
        if self.sieving.units() == 1 {
            // Only one thread sieves at a time.
            sieving.shared_bytes += std::mem::take(&mut sieving.thread_bytes);
        }
        Forecast { thread_bytes: below.thread_bytes + sieving.thread_bytes, ..below.then(sieving) }
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
    use crate::block::Block;
    use crate::golden;
    use crate::kernel::tests::{answer, column, given};
    use crate::math::lanes::Lanes;
    use crate::syntax::Item;
    use crate::work::{Work, tests::whole};
    use proptest::prelude::*;

    fn nth(numbers: &[u128], lanes: Option<&'static Lanes>) -> Vec<u128> {
        let found = |otherwise: bool| -> Vec<u128> {
            let items = numbers.iter().map(|&n| Item::Number(n)).collect();
            let answer = answer((NTH.open)(&Given { items, lanes, otherwise, ..Given::default() }));
            column(&answer, "prime").iter().map(|prime| prime.parse().unwrap()).collect()
        };
        let primes = found(false);
        assert_eq!(found(true), primes, "the other way");
        primes
    }

    /// From another number on, by another formula.
    #[test]
    fn the_other_way_is_another_plan() {
        let how = |otherwise: bool, name: &str| {
            let items = vec![Item::Number(1_000_000_000)];
            let opened = (NTH.open)(&Given { items, otherwise, ..Given::default() }).unwrap();
            opened.how.iter().find(|choice| choice.fact.name == name).unwrap().fact.value.to_string()
        };
        for name in ["window", "gourdon"] {
            assert_ne!(how(false, name), how(true, name), "{name}");
        }
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

    proptest! {
        #![proptest_config(crate::random::cases(8))]

        /// The window is moved by zeros of ζ, the count is not.
        #[test]
        fn it_undoes_pi_where_zeros_tell_the_window(x in 10_000_000_000..1_000_000_000_000u128) {
            let items = vec![Item::Number(x)];
            let count = answer((super::super::PI.open)(&Given { items, ..Given::default() }));
            let n = column(&count, "count")[0].parse().unwrap();
            prop_assert_eq!(nth(&[n, n + 1], None), [primality::prev_prime(x + 1).unwrap(), primality::next_prime(x).unwrap()]);
        }
    }

    /// The kernel of prime n, in a given window.
    fn within(n: u128, window: Span, farthest: Span) -> Nth {
        let (lanes, size) = (lanes::pick(None).unwrap(), Size::of(&LAY_OUT(window, slices(window) - 1)));
        let base = Arc::new(SievingPrimes::kept_up_to(size.kept, size.bound));
        let rows = Rows { asked: Asked::Ranges, certainty: false, cumulative: false };
        let below = Pi::new(window.start(), lanes);
        let sieving = Sieving { edges: edges(window), rows, size, lay_out: LAY_OUT, lanes, base, by_tests: false };
        Nth { n, below, sieving, farthest }
    }

    fn span(start: u128, end: u128) -> Span {
        Span::new(start, end).unwrap()
    }

    #[test]
    fn in_a_window_and_beside_it_primes_are_found_and_beyond_it_is_told() {
        let primes: Vec<u128> = naive::primes(160_000).into_iter().map(u128::from).collect();
        let below = |end: u128| primes.partition_point(|&prime| prime < end) as u128;
        let (window, farthest) = (span(100_000, 120_000), span(70_001, 150_007));
        let (first, last) = (below(farthest.start()) + 1, below(farthest.end()));
        let edges = [first, below(window.start()), below(window.end()), last].map(|n| n.max(first + 20)..n + 20);
        let near = edges.into_iter().flatten().map(|n| n - 10);
        for n in near.chain((first..last).step_by(401)).filter(|n| (first..=last).contains(n)) {
            let found = column(&whole(&within(n, window, farthest)), "prime");
            assert_eq!(found, [primes[n as usize - 1].to_string()], "{n}");
        }
        for (n, told) in [
            (1, format!("prime number 1 should lie in 70001..150007, but {} primes are below 70001", first - 1)),
            (first - 1, format!("but {} primes are below 70001", first - 1)),
            (last + 1, format!("prime number {} should lie in 70001..150007, but only {last} primes", last + 1)),
        ] {
            let kernel = within(n, window, farthest);
            let mut worker = kernel.worker(&Placement::here(0));
            let parts = Block::tiling(0..Work::units(&kernel), 0).map(|block| worker.block(block).unwrap());
            let bytes = parts.reduce(|left, right| kernel.join(&left, &right, 1).unwrap()).unwrap();
            let why = kernel.answer(wire::value(&bytes).unwrap()).unwrap_err();
            assert!(why.code() == 3 && why.to_string().contains(&told), "{why}");
        }
    }

    #[test]
    fn a_slice_that_has_other_primes_the_next_time_is_told() {
        let kernel = within(9_593, span(100_000, 100_100), span(90_000, 110_000));
        let found = |slices| NthFound { below: TermSums::default(), slices: Parted { first: 0, parts: slices } };
        let why = kernel.answer(found(vec![7])).unwrap_err();
        assert!(why.code() == 3 && why.to_string().contains("has 7 primes, and the next time 6"), "{why}");
        // The six primes of the window are numbers 9593 to 9598.
        for n in [9_593, 9_598] {
            let kernel = within(n, span(100_000, 100_100), span(90_000, 110_000));
            assert!(kernel.answer(found(vec![6])).is_ok());
        }
    }

    /// Far above, where the sieve forgets its primes, and the window is on the wrong side.
    #[test]
    fn windows_that_miss_cost_time_and_no_answer() {
        for [n, prime] in [[1_000_000_000, 22_801_763_489], [1_000_000_000_000, 29_996_224_275_833u128]] {
            let Whereabouts { window, farthest } = approximate::whereabouts(n);
            let (width, forgets) = (window.width(), n > 1_000_000_000);
            for start in [prime - width - 3000, prime + 3001, prime - width / 2, prime - width, prime] {
                let kernel = within(n, span(start, start + width), farthest);
                assert_eq!(kernel.sieving.size.kept < kernel.sieving.size.bound, forgets);
                assert_eq!(column(&whole(&kernel), "prime"), [prime.to_string()], "{start}");
            }
        }
    }

    #[test]
    fn slices_tile_windows() {
        for (start, width) in
            [(100_000, 1), (100_000, 8191), (1 << 40, 16_384), (1 << 60, 1_000_003), (1 << 70, 1 << 40)]
        {
            let window = span(start, start + width);
            let edges = edges(window);
            assert_eq!(
                (edges[0], edges[edges.len() - 1], edges.len() as u64),
                (start, start + width, slices(window) + 1)
            );
            assert!(edges.is_sorted_by(|left, right| left < right));
        }
    }

    #[test]
    fn the_most_is_about_all_that_the_formula_takes() {
        let window = approximate::whereabouts(N_MAX).window;
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
        let rows = Rows { asked: Asked::Ranges, certainty: true, cumulative: false };
        assert_eq!(column(&row(1, 2, rows), "certainty"), ["proven"]);
        assert_eq!(column(&row(N_MAX, 10u128.pow(25), rows), "certainty"), ["probable"]);
    }
}
