//! The rows of terms when there are many: they are computed and written batch by batch, and never held whole.
//!
//! A unit's values are made in machine integers if its last value fits: terms grow with their numbers. Larger ones are made by GMP
//! and travel as their digits, so that all threads share the work of making them.

use super::terms::{Term, edge, numbered};
use crate::chain::Chain;
use crate::error::Result;
use crate::math::integer::Integer;
use crate::placement::Placement;
use crate::syntax::Item;
use crate::values::{ListColumn, Numbers, Size, Stretch, Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Kernel, Stream, Work};
use std::marker::PhantomData;
use std::sync::Arc;

/// Numbers of a unit, at most.
const WIDTH: u128 = 1 << 14;

/// Rows of a batch, about; it has eight units at least, so that some threads have work.
const BATCH_ROWS: u128 = 1 << 18;
const BATCH_LEVEL_MIN: u32 = 3;

/// Bytes of a row in a batch, if its value fits 64 bits, if it fits 128, and else; and how many copies of a batch exist at once between
/// the threads and stdout, measured.
const ROW_BYTES: [u64; 3] = [8, 16, 110];
const COPIES: u64 = 8;

/// Seconds of a row, with its text.
const ROW_SECONDS: f64 = 15e-9;

/// The keys of the columns.
pub const KEYS: [&str; 2] = ["n", "value"];

/// A row for each number of the items, one after the other.
///
/// # Errors
/// If an item has more than 2^70 numbers, or if there is none.
pub fn stream<T: Term>(items: &[Item]) -> Result<Stream> {
    items.iter().try_for_each(numbered)?;
    let spans = || items.iter().map(Item::first_and_count);
    let last = spans().filter(|(_, count)| *count > 0).map(|(first, count)| first + (count - 1)).max().unwrap_or(0);
    let value = T::exact(Integer::from(last));
    let bits = value.significant_bits();
    let size = |fits| if fits { Size::Narrow } else { Size::Long };
    let columns = vec![
        ListColumn::new(KEYS[0], last.to_string().len(), size(last >> 64 == 0)),
        ListColumn::new(KEYS[1], value.to_string().len(), size(bits <= 64)),
    ];
    let width = spans().map(|(_, count)| count).max().unwrap_or(1).clamp(1, WIDTH);
    let level = (BATCH_ROWS / width).ilog2().max(BATCH_LEVEL_MIN);
    let links = spans().map(|(first, count)| Box::new(TermList::<T>::new(first, count, width)) as Box<dyn Work>);
    let work = Chain::new(links.collect())?;
    let row = ROW_BYTES[usize::from(bits > 64) + usize::from(bits > 128)];
    let bytes = COPIES * row * (width as u64) * work.units().min(1 << level);
    Ok(Stream { work: Arc::new(work), level, bytes, columns, bare: KEYS[1], rows })
}

/// The rows of a part.
///
/// # Errors
/// If it is none.
pub fn rows(part: &[u8]) -> Result<Vec<Stretch>> {
    let parts = Chain::parts(part)?.into_iter().map(wire::value::<Vec<Stretch>>);
    Ok(parts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Rows that are held, as an answer.
pub fn held(whole: Vec<Stretch>) -> Answer {
    let rows = whole.iter().flat_map(|stretch| stretch.columns[0].texts().zip(stretch.columns[1].texts()));
    let rows = rows.map(|(n, value)| vec![Value::Integer(n), Value::Integer(value)]);
    Answer::rows(Table::of(&KEYS).with(rows), KEYS[1])
}

struct TermList<T> {
    first: u128,
    count: u128,
    /// Numbers of a unit, at most.
    width: u128,
    term: PhantomData<T>,
}

impl<T: Term> TermList<T> {
    /// `count` numbers from `first` on, at most 2^70.
    fn new(first: u128, count: u128, width: u128) -> TermList<T> {
        TermList { first, count, width, term: PhantomData }
    }
}

/// The values of so many numbers from `first` on.
fn values<T: Term>(first: u128, count: u64) -> Numbers {
    let numbers = || (0..u128::from(count)).map(|index| first + index);
    let largest = numbers().next_back().map_or(0, |last| T::exact(Integer::from(last)).significant_bits());
    match largest {
        0..=64 => Numbers::Narrow(numbers().map(|n| T::low(n) as u64).collect()),
        65..=128 => Numbers::Wide(numbers().map(T::low).collect()),
        _ => Numbers::Long(numbers().map(|n| T::exact(Integer::from(n)).to_string()).collect()),
    }
}

impl<T: Term> Kernel for TermList<T> {
    /// The rows of each unit.
    type Part = Vec<Stretch>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.count.div_ceil(self.width) as u64
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<Stretch>> {
        let edge = |unit| edge(self.count, unit, Kernel::units(self));
        let (first, count) = (self.first + edge(unit), (edge(unit + 1) - edge(unit)) as u64);
        Ok(vec![Stretch { columns: vec![Numbers::From(first, count), values::<T>(first, count)] }])
    }

    fn answer(&self, whole: Vec<Stretch>) -> Result<Answer> {
        Ok(held(whole))
    }

    fn forecast(&self) -> Forecast {
        let thread_bytes = self.width as u64 * ROW_BYTES[1];
        Forecast { seconds: self.count as f64 * ROW_SECONDS, thread_bytes, ..Forecast::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Opened;
    use crate::kernel::double::Double;
    use crate::kernel::square::Square;
    use crate::kernel::sum::Numbers as Same;
    use crate::kernel::term_rows::map;
    use crate::kernel::tests::given;
    use crate::work::Job;

    /// All rows of a stream, batch by batch.
    fn listed<T: Term>(text: &str) -> Vec<(String, String)> {
        let stream = stream::<T>(&given(text).items).unwrap();
        let mut worker = stream.work.worker(&Placement::here(0));
        let mut all = vec![];
        for batch in stream.batches() {
            for stretch in (stream.rows)(&worker.block(batch).unwrap()).unwrap() {
                all.extend(stretch.columns[0].texts().zip(stretch.columns[1].texts()));
            }
        }
        all
    }

    #[test]
    fn rows_are_those_of_integers_however_large() {
        fn check<T: Term>(text: &str) {
            let mut expect = vec![];
            for (first, count) in given(text).items.iter().map(Item::first_and_count) {
                expect.extend((0..count).map(|index| {
                    let n = Integer::from(first) + Integer::from(index);
                    (n.to_string(), T::exact(n).to_string())
                }));
            }
            assert!(listed::<T>(text) == expect, "{text}");
        }
        for text in [
            "0..100000",
            "5..5 7 2^32-70000..2^32+70000 3 0..2",
            "2^64-40000..2^64+40000",
            "2^127-9..2^127+9",
            "0..1e5/7",
        ] {
            check::<Square>(text);
            check::<Double>(text);
            check::<Same>(text);
        }
        assert_eq!(listed::<Square>(&format!("{}", u128::MAX - 1)).len(), 1);
    }

    #[test]
    fn columns_are_as_wide_as_their_longest_number() {
        for (text, expect) in [
            ("0..1e6", [(6, Size::Narrow), (12, Size::Narrow)]),
            ("2^32-5..2^32+5 0..9", [(10, Size::Narrow), (20, Size::Long)]),
            ("2^32-5..2^32", [(10, Size::Narrow), (20, Size::Narrow)]),
            ("2^64..+10", [(20, Size::Long), (39, Size::Long)]),
            ("7..7", [(1, Size::Narrow), (1, Size::Narrow)]),
        ] {
            let columns = stream::<Square>(&given(text).items).unwrap().columns;
            assert_eq!(columns.iter().map(|column| (column.width, column.size)).collect::<Vec<_>>(), expect, "{text}");
        }
    }

    #[test]
    fn many_rows_are_a_list_and_take_as_much_memory_however_many_they_are() {
        let job = |text: &str| map::<Square>(&given(text)).map(|Opened { job, .. }| job);
        let bytes = |text: &str| match job(text).unwrap() {
            Job::Stream(stream) => Some(stream.forecast().bytes(1)),
            _ => None,
        };
        assert_eq!(bytes("0..1e5"), None);
        assert_eq!(bytes("0..1e8"), bytes("0..1e9"));
        assert!(bytes("0..1e12").unwrap() < 150_000_000, "{:?}", bytes("0..1e12"));
        let units = |text: &str| stream::<Square>(&given(text).items).unwrap().work.units();
        assert_eq!(units("0..1e12"), 1_000_000_000_000u64.div_ceil(1 << 14));
        assert!(job("0..2^71").err().unwrap().to_string().ends_with("too many numbers: at most 2^70 are allowed"));
    }
}
