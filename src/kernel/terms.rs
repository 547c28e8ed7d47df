//! What `square`, `double`, `sum` and `map-reduce` have in common: numbers in, and for each a term.
//!
//! They are the tutorials' exercises in mapping and reducing, so they map and reduce: every number is made
//! and every term added, as a Python list would be; closed forms stand only in the tests, as judges.
//!
//! A number is high·2^32 + low. Lanes make the low parts of a run of numbers with one high part, map them and add them up; what the
//! high part adds to all of them is added once. So numbers of any size cost the same.

use super::{Given, Opened, PlanChoice};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::math::integer::Integer;
use crate::math::lanes::{self, Lanes};
use crate::math::span::overlap;
use crate::placement::Placement;
use crate::syntax::Item;
use crate::values::{Fact, Value};
use crate::work::{Answer, Forecast, Job, Kernel, NamedIntegers, Work};
use std::ops::Range;

/// A function of a number, that grows with it.
pub trait Term: Send + Sync + 'static {
    /// Its value.
    fn exact(n: Integer) -> Integer;

    /// Its value modulo 2^128: where many rows fit that, it is quicker to say how in machine integers.
    fn low(n: u128) -> u128 {
        Self::exact(Integer::from(n)).to_u128_wrapping()
    }
}

/// A term that lanes can add up over runs of numbers.
pub trait Reducible: Term {
    /// Whether the squares of the low parts are needed, too.
    const SQUARES: bool;

    /// The sum of the terms of a run's numbers.
    fn sum(run: &Run) -> Integer;

    /// The sum of the terms of fewer than 2^60 numbers, each of 64 bits, maybe with a sign.
    fn sum_of(numbers: impl Iterator<Item = i128>) -> Integer;
}

/// A run of numbers that have one high part.
#[derive(Debug, Default)]
pub struct Run {
    /// The high part times 2^32.
    pub high: Integer,
    /// How many numbers.
    pub count: u64,
    /// The sum of the low parts.
    pub lows: u128,
    /// The sum of their squares, if these are needed.
    pub squares: u128,
}

/// The sum of the terms of all numbers given.
///
/// # Errors
/// If an item has more than 2^70 numbers.
pub fn reduce<T: Reducible>(given: &Given) -> Result<Opened> {
    let lanes = given.lanes.map_or_else(|| lanes::pick(None), Ok)?;
    given.items.iter().try_for_each(numbered)?;
    let width = unit_width(&given.items, REDUCED);
    let mut opened = chain(given, "ranges", |first, count| Box::new(Reduce::<T>::new(first, count, width, lanes)))?;
    opened.how.push(PlanChoice::free(Fact::new("lanes", Value::text(lanes.name))));
    Ok(opened)
}

/// Refuses more numbers than can be cut into units.
///
/// # Errors
/// If the item has more than 2^70.
pub fn numbered(item: &Item) -> Result<()> {
    match item.first_and_count().1 > 1 << 70 {
        true => Err(Error::usage(format!("'{item}' has too many numbers: at most 2^70 are allowed"))),
        false => Ok(()),
    }
}

/// Works as one: a link for each item, made of its first number and how many it has.
///
/// # Errors
/// As of [`Chain::new`].
pub fn chain(given: &Given, name: &'static str, link: impl Fn(u128, u128) -> Box<dyn Work>) -> Result<Opened> {
    let links = given.items.iter().map(|item| item.first_and_count());
    let links = links.map(|(first, count)| link(first, count)).collect();
    let facts = vec![Fact::new(name, Value::texts(&given.items))];
    // Rows of numbers have no total.
    let overlap = name == "ranges" && overlap(given.spans());
    let chain = Chain::new(links)?.overlapping(overlap);
    Ok(Opened { job: Job::work(chain), facts, how: super::overlap_fact(overlap).into_iter().collect() })
}

/// A small problem is cut into as many units as it has numbers, up to this many, so that each of many ranks has its
/// share of it.
pub const UNITS_OF_SMALL: u128 = 1024;

/// How many numbers a unit takes, of a problem of these items: few where it is small, `most` where it is large.
pub fn unit_width(items: &[Item], most: u128) -> u128 {
    count(items).div_ceil(UNITS_OF_SMALL).clamp(1, most)
}

/// How many numbers these items have.
pub fn count(items: &[Item]) -> u128 {
    items.iter().fold(0, |count, item| count.saturating_add(item.first_and_count().1))
}

/// Where unit number `unit` of `units` begins, if `count` numbers are cut into equal ones.
pub fn edge(count: u128, unit: u64, units: u64) -> u128 {
    count * u128::from(unit) / u128::from(units)
}

/// More rows than this do not fit memory and are not read by anyone.
const ROWS_MAX: u128 = 10_000_000;

/// Refuses items that make too many rows.
///
/// # Errors
/// If there would be more than ten million rows. The error quotes the item that is too much.
pub fn few_rows(items: &[Item]) -> Result<()> {
    let mut rows = 0u128;
    for item in items {
        rows = rows.saturating_add(item.first_and_count().1);
        if rows > ROWS_MAX {
            return Err(Error::usage(format!("'{item}' makes {rows} rows: at most {ROWS_MAX} are allowed")));
        }
    }
    Ok(())
}

struct Reduce<T> {
    first: u128,
    count: u128,
    /// Numbers of a unit, at most.
    width: u128,
    lanes: &'static Lanes,
    term: std::marker::PhantomData<T>,
}

/// Numbers of a unit, at most: about a millisecond. Fewer than 2^32, so that a unit has at most two high parts, and sums of squares
/// below 2^64 fit.
const REDUCED: u128 = 1 << 22;

/// Seconds that a number takes, measured with AVX2.
const REDUCED_SECONDS: f64 = 0.2e-9;

/// Numbers that are made before they are added: a list that stays in the first-level cache.
const NUMBERS_AT_ONCE: usize = 1024;

impl<T: Reducible> Reduce<T> {
    /// `count` numbers from `first` on, no more than have a unit.
    fn new(first: u128, count: u128, width: u128, lanes: &'static Lanes) -> Reduce<T> {
        Reduce { first, count, width, lanes, term: std::marker::PhantomData }
    }

    /// What the sum of its terms is called.
    fn name(&self) -> String {
        format!("{}..{}", self.first, Integer::from(self.first) + self.count)
    }

    /// The run of numbers from `first` on, as many as have its high part and are below `end`.
    fn run(&self, first: u128, end: u128, list: &mut Vec<u64>) -> Run {
        let high = first >> 32;
        let (mut low, count) =
            (first as u64 & 0xffff_ffff, (end - first).min((1 << 32) - (first & 0xffff_ffff)) as u64);
        let mut run = Run { high: Integer::from(high) << 32, count, ..Run::default() };
        let end = low + count;
        while low < end {
            list.resize((end - low).min(NUMBERS_AT_ONCE as u64) as usize, 0);
            self.lanes.ascending(low, list);
            if !T::SQUARES || high > 0 {
                run.lows += self.lanes.total(list);
            }
            if T::SQUARES {
                self.lanes.square(list);
                run.squares += self.lanes.total(list);
            }
            low += list.len() as u64;
        }
        run
    }
}

impl<T: Reducible> Kernel for Reduce<T> {
    type Part = Integer;
    type Scratch = Vec<u64>;

    fn units(&self) -> u64 {
        self.count.div_ceil(self.width) as u64
    }

    fn scratch(&self, _: &Placement) -> Vec<u64> {
        Vec::with_capacity(NUMBERS_AT_ONCE)
    }

    fn compute(&self, unit: u64, list: &mut Vec<u64>) -> Result<Integer> {
        let edge = |unit| self.first + edge(self.count, unit, Kernel::units(self));
        let (mut at, end, mut sum) = (edge(unit), edge(unit + 1), Integer::new());
        while at < end {
            let run = self.run(at, end, list);
            at += u128::from(run.count);
            sum += T::sum(&run);
        }
        Ok(sum)
    }

    /// Terms grow with their numbers, so their mean lies between the first and the last one.
    fn plausible(&self, units: Range<u64>, sum: &Integer) -> bool {
        let edge = |unit| edge(self.count, unit, Kernel::units(self));
        let (start, end) = (edge(units.start), edge(units.end));
        let all_as = |index: u128| T::exact(Integer::from(self.first + index)) * Integer::from(end - start);
        all_as(start) <= *sum && *sum <= all_as(end - 1)
    }

    fn numbers(&self, sum: &Integer) -> Option<NamedIntegers> {
        Some(vec![(self.name(), sum.clone())])
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Integer> {
        let name = self.name();
        numbers.iter().find(|(known, _)| *known == name).map(|(_, sum)| sum.clone())
    }

    fn answer(&self, whole: Integer) -> Result<Answer> {
        Ok(Answer::total(whole))
    }

    fn forecast(&self) -> Forecast {
        let seconds = self.count as f64 * REDUCED_SECONDS;
        Forecast { seconds, thread_bytes: 8 * NUMBERS_AT_ONCE as u64, ..Forecast::default() }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(Reduce::<T>::new(self.first, self.count.min(REDUCED), REDUCED, self.lanes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::square::Square;
    use crate::kernel::sum::Numbers;
    use crate::kernel::tests::given;
    use crate::work::tests::whole;

    /// The sum over `count` numbers from `first` on, computed unit by unit, on all lanes.
    fn reduced<T: Reducible>(first: u128, count: u128) -> Integer {
        let sums = lanes::usable().flat_map(|lanes| {
            [REDUCED, 1 + count / 100].map(|width| whole(&Reduce::<T>::new(first, count, width, lanes)).total.unwrap())
        });
        let mut sums: Vec<Integer> = sums.collect();
        sums.dedup();
        assert_eq!(sums.len(), 1, "{first} and {count} numbers");
        sums.remove(0)
    }

    type Same = Numbers;

    #[test]
    fn sums_go_over_every_number_once() {
        let triangle = |n: u128| Integer::from(n) * Integer::from(n.saturating_sub(1)) / 2u32;
        for (first, end) in [(0, 0), (0, 1), (5, 1029), (0, 10_000_000), ((1 << 32) - 1000, (1 << 32) + 1000)] {
            assert_eq!(reduced::<Same>(first, end - first), triangle(end) - triangle(first), "{first}..{end}");
        }
        let top = u128::MAX - 3;
        assert_eq!(reduced::<Same>(top, 3), Integer::from(top) * 3u32 + 3u32);
        assert_eq!(reduced::<Square>(top, 3), (0..3u32).map(|n| (Integer::from(top) + n).square()).sum::<Integer>());
    }

    #[test]
    fn sums_of_squares_are_those_of_pyramids_on_both_sides_of_all_borders() {
        let pyramid =
            |n: u128| Integer::from(n) * Integer::from(n.saturating_sub(1)) * (Integer::from(n) * 2u32 - 1u32) / 6u32;
        for middle in [1 << 31, 1 << 32, 3 << 32, 1 << 48, 1 << 63, 1 << 64, (1 << 64) + (1 << 32), 1 << 100] {
            for (before, behind) in [(0, 1), (1, 0), (1, 1), (1023, 1025), (100_000, 200_000)] {
                let (first, end) = (middle - before, middle + behind);
                assert_eq!(reduced::<Square>(first, end - first), pyramid(end) - pyramid(first), "{first}..{end}");
            }
        }
    }

    #[test]
    fn small_problems_have_as_many_units_as_numbers() {
        let units = |open: fn(&Given) -> Result<Opened>, text: &str| match open(&given(text)).unwrap().job {
            Job::Work(work) => work.units(),
            _ => unreachable!("terms are computed in units"),
        };
        for open in [crate::kernel::term_rows::map::<Same>, reduce::<Same>] {
            for (text, least) in [("1..6", 5), ("0..40", 40), ("0..1024", 1024), ("0..100000", 513)] {
                let units = units(open, text);
                assert!(units >= least && units <= UNITS_OF_SMALL as u64, "{text}: {units}");
            }
            // However many ranges it is asked in.
            assert!(units(open, "0..1e5/1000") <= 2000);
        }
        assert_eq!(units(reduce::<Same>, "0..2^40"), 1 << 18);
    }

    #[test]
    fn too_many_rows_are_refused() {
        let checked = |text: &str| few_rows(&given(text).items).map_err(|why| why.to_string());
        assert_eq!(checked("0..1e7"), Ok(()));
        assert_eq!(
            checked("7..+10000001").unwrap_err(),
            "'7..10000008' makes 10000001 rows: at most 10000000 are allowed"
        );
        // All words count together.
        assert!(checked("0..1e7 5").unwrap_err().starts_with("'5' makes 10000001 rows"));
        assert!(checked("0..1e13/1e6").unwrap_err().contains("makes 20000000 rows"));
    }

    #[test]
    fn sums_of_more_numbers_than_can_be_numbered_are_refused() {
        let refused = |text: &str| reduce::<Same>(&given(text)).err().map(|why| why.to_string());
        assert_eq!(refused("5..+2^70"), None);
        assert_eq!(
            refused(&format!("0..{}", (1u128 << 70) + 1)).unwrap(),
            "'0..1180591620717411303425' has too many numbers: at most 2^70 are allowed"
        );
    }
}
