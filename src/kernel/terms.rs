//! What `square`, `double`, `sum` and `map-reduce` have in common: numbers in, and for each a term.
//!
//! They are the tutorials' exercises in mapping and reducing, so they map and reduce: every number is made
//! and every term added, as a Python list would be; closed forms stand only in the tests, as judges.

use super::{Given, Opened};
use crate::chain::Chain;
use crate::error::{Error, Result};
use crate::math::integer::Integer;
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::syntax::Item;
use crate::work::{Answer, Forecast, Job, Kernel, Work};

/// A function of a number, in two widths.
pub trait Term: Sync + 'static {
    /// For numbers below 2^32.
    fn narrow(n: u64) -> u64;
    fn exact(n: Integer) -> Integer;
}

/// A row for each number given, with its term.
pub fn map<T: Term>(given: &Given) -> Result<Opened> {
    few_rows(&given.items)?;
    chain(given, "numbers", |first, count| Box::new(Map::<T>::new(first, count)))
}

/// The sum of the terms of all numbers given.
pub fn reduce<T: Term>(given: &Given) -> Result<Opened> {
    let too_many = |item: &&Item| item.first_and_count().1.div_ceil(REDUCED) >= 1 << 48;
    if let Some(item) = given.items.iter().find(too_many) {
        return Err(Error::usage(format!("'{item}' has too many numbers: 2^69 are the most")));
    }
    chain(given, "ranges", |first, count| Box::new(Reduce::<T>::new(first, count)))
}

fn chain(given: &Given, name: &'static str, link: impl Fn(u128, u128) -> Box<dyn Work>) -> Result<Opened> {
    let links = given.items.iter().map(|item| item.first_and_count());
    let links = links.map(|(first, count)| link(first, count)).collect();
    let facts = vec![Fact::new(name, Value::texts(&given.items))];
    Ok(Opened { job: Job::Work(Box::new(Chain::new(links)?)), facts, how: vec![] })
}

/// More rows than this do not fit memory and are not read by anyone.
const ROWS_MAX: u128 = 10_000_000;

/// Refuses items that make too many rows.
pub fn few_rows(items: &[Item]) -> Result<()> {
    let mut rows = 0u128;
    for item in items {
        rows = rows.saturating_add(item.first_and_count().1);
        if rows > ROWS_MAX {
            return Err(Error::usage(format!("'{item}' makes it {rows} rows: {ROWS_MAX} are the most")));
        }
    }
    Ok(())
}

struct Map<T> {
    first: u128,
    count: u64,
    term: std::marker::PhantomData<T>,
}

/// Numbers of a unit.
const MAPPED: u64 = 4096;

impl<T: Term> Map<T> {
    /// `count` numbers from `first` on.
    fn new(first: u128, count: u128) -> Map<T> {
        Map { first, count: count as u64, term: std::marker::PhantomData }
    }
}

impl<T: Term> Kernel for Map<T> {
    type Part = Vec<Integer>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.count.div_ceil(MAPPED)
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<Integer>> {
        let numbers = unit * MAPPED..self.count.min((unit + 1) * MAPPED);
        Ok(numbers.map(|index| T::exact(Integer::from(self.first + u128::from(index)))).collect())
    }

    fn answer(&self, whole: Vec<Integer>) -> Result<Answer> {
        let numbers = (0..).map(|index| self.first + index);
        let rows = numbers.zip(whole).map(|(n, term)| vec![Value::integer(n), Value::integer(term)]);
        Ok(Answer::rows(Table::of(&["n", "value"]).with(rows), "value"))
    }

    fn forecast(&self) -> Forecast {
        // A row takes 720 bytes on its way out as JSON, measured; as text or CSV half of that.
        Forecast {
            seconds: self.count as f64 * 100e-9,
            rank_bytes: self.count * 720,
            thread_bytes: MAPPED * 64,
            ..Forecast::default()
        }
    }
}

struct Reduce<T> {
    first: u128,
    count: u128,
    term: std::marker::PhantomData<T>,
}

/// Numbers of a unit: a few milliseconds.
const REDUCED: u128 = 1 << 22;

/// Numbers that are made before they are added: a list that stays in the first-level cache.
const LISTED: usize = 1024;

impl<T: Term> Reduce<T> {
    /// `count` numbers from `first` on, no more than have a unit.
    fn new(first: u128, count: u128) -> Reduce<T> {
        Reduce { first, count, term: std::marker::PhantomData }
    }
}

impl<T: Term> Kernel for Reduce<T> {
    type Part = Integer;
    type Scratch = Vec<u64>;

    fn units(&self) -> u64 {
        self.count.div_ceil(REDUCED) as u64
    }

    fn scratch(&self, _: &Seat) -> Vec<u64> {
        Vec::with_capacity(LISTED)
    }

    fn compute(&self, unit: u64, list: &mut Vec<u64>) -> Result<Integer> {
        let start = self.first + u128::from(unit) * REDUCED;
        let end = (self.first + self.count).min(start.saturating_add(REDUCED));
        if end > 1 << 32 {
            return Ok((start..end).map(|n| T::exact(Integer::from(n))).sum());
        }
        let (mut at, end, mut sum) = (start as u64, end as u64, 0u128);
        while at < end {
            let next = end.min(at + LISTED as u64);
            list.clear();
            list.extend((at..next).map(T::narrow));
            // The list is really made: without this the compiler would put a closed form in its place.
            let list = std::hint::black_box(&list[..]);
            sum += list.iter().map(|&term| u128::from(term)).sum::<u128>();
            at = next;
        }
        Ok(Integer::from(sum))
    }

    fn answer(&self, whole: Integer) -> Result<Answer> {
        Ok(Answer::total(whole))
    }

    fn forecast(&self) -> Forecast {
        let narrow = (1u128 << 32).saturating_sub(self.first).min(self.count);
        let seconds = narrow as f64 * 0.6e-9 + (self.count - narrow) as f64 * 60e-9;
        Forecast { seconds, thread_bytes: 8 * LISTED as u64, ..Forecast::default() }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::kernel::tests::given;
    use crate::work::tests::whole;

    /// The sum over `count` numbers from `first` on, computed unit by unit.
    pub fn reduced<T: Term>(first: u128, count: u128) -> Integer {
        whole(&Reduce::<T>::new(first, count)).total.unwrap()
    }

    struct Same;
    impl Term for Same {
        fn narrow(n: u64) -> u64 {
            n
        }
        fn exact(n: Integer) -> Integer {
            n
        }
    }

    #[test]
    fn sums_go_over_every_number_once() {
        let triangle = |n: u128| Integer::from(n) * Integer::from(n.saturating_sub(1)) / 2u32;
        for (first, end) in [(0, 0), (0, 1), (5, 1029), (0, 10_000_000), ((1 << 32) - 1000, (1 << 32) + 1000)] {
            assert_eq!(reduced::<Same>(first, end - first), triangle(end) - triangle(first), "{first}..{end}");
        }
        let top = u128::MAX - 3;
        assert_eq!(reduced::<Same>(top, 3), Integer::from(top) * 3u32 + 3u32);
    }

    #[test]
    fn rows_take_as_much_memory_however_they_are_asked_for() {
        let bytes = |text: &str| match map::<Same>(&given(text)).unwrap().job {
            Job::Work(work) => work.forecast().rank_bytes,
            _ => unreachable!("terms are computed in units"),
        };
        assert_eq!(bytes("0..1e6/1000"), bytes("0..1e6"));
        assert!(bytes("0..1e6") >= 500_000_000);
    }

    #[test]
    fn too_many_rows_are_refused() {
        let checked = |text: &str| few_rows(&given(text).items).map_err(|why| why.to_string());
        assert_eq!(checked("0..1e7"), Ok(()));
        assert_eq!(checked("7..+10000001").unwrap_err(), "'7..10000008' makes it 10000001 rows: 10000000 are the most");
        // All words count together.
        assert!(checked("0..1e7 5").unwrap_err().starts_with("'5' makes it 10000001 rows"));
        assert!(checked("0..1e13/1e6").unwrap_err().contains("makes it 20000000 rows"));
    }
}
