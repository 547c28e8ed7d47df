//! `--list`: the primes themselves, computed and written batch by batch.

use super::in_order::{InOrder, Reader, Reading, Words, bytes_in_order, expected};
use super::parted::Parted;
use super::{Rows, Sieving};
use crate::chain::Chain;
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::patterns::WIDTH_MAX;
use crate::math::primality::{self, Certainty};
use crate::math::sieve::Layout;
use crate::math::span::Span;
use crate::values::{Ascending, ListColumn, Numbers, Size, Stretch, Table, Value};
use crate::wire;
use crate::work::{Answer, Part, Stream, Work};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The key of the column of primes.
pub const KEY: &str = "prime";

/// The key of the column that says how certain they are.
pub const CERTAINTY: &str = "certainty";

/// The bytes of the primes of a batch, about one byte each; and how many copies of them exist at once between the threads and stdout.
const BATCH: f64 = 8e6;
const COPIES: f64 = 5.0;

/// The lowest level of a batch: it has eight units at least, so that some threads have work. Near 10^18 these have some 50 million primes.
const BATCH_LEVEL_MIN: u32 = 3;

/// The primes of ranges one after the other.
///
/// # Errors
/// As of [`stream_of`].
pub fn stream(ranges: Vec<Sieving>) -> Result<Stream> {
    stream_of(ranges, KEY, |range| Box::new(InOrder::<Ascending>::new(range)))
}

/// The same list, each number with its certainty. They are below `end`, and of tuplets they are the first primes.
fn with_certainty(stream: Stream, end: u128) -> Stream {
    let is_of_primes = stream.bare == KEY;
    let number = ListColumn::new(stream.bare, (end - 1).to_string().len(), Size::Long);
    let columns = vec![number, ListColumn::new(CERTAINTY, 0, Size::Word)];
    Stream { columns, rows: if is_of_primes { certain_primes } else { certain_firsts }, ..stream }
}

/// Some of the primes of ranges one after the other, found by the work that `link` makes. Its parts are lists of a single range, and the column has this
/// key.
///
/// # Errors
/// If there is no range, or if they have too many units together.
pub fn stream_of(ranges: Vec<Sieving>, key: &'static str, link: impl Fn(Sieving) -> Box<dyn Work>) -> Result<Stream> {
    let bytes = |range: &Sieving| expected(range.span()) / range.units().max(1) as f64;
    let largest = ranges.iter().map(bytes).fold(1.0, f64::max);
    let level = ((BATCH / largest) as u64).checked_ilog2().unwrap_or(0).max(BATCH_LEVEL_MIN);
    let farthest = ranges.iter().map(|range| range.span().end()).max().unwrap_or(0);
    let wide = farthest > 1 << 64;
    let column = ListColumn::new(key, 0, if wide { Size::Long } else { Size::Narrow });
    let work = Chain::new(ranges.into_iter().map(link).collect())?;
    let batch = largest * work.units().min(1 << level) as f64;
    let (columns, bytes) = (vec![column], (COPIES * batch) as u64);
    let stream = Stream { work: Arc::new(work), level, bytes, columns, bare: key, rows };
    Ok(if primality::certainty(farthest) == Certainty::Probable { with_certainty(stream, farthest) } else { stream })
}

/// The primes of a part, each with its certainty.
fn certain_primes(part: &[u8]) -> Result<Vec<Stretch>> {
    certain(part, 0)
}

/// The same of the first primes of tuplets, all of whose primes must be proven.
fn certain_firsts(part: &[u8]) -> Result<Vec<Stretch>> {
    certain(part, WIDTH_MAX.into())
}

/// The numbers of a part. One is proven if numbers so far above it are.
fn certain(part: &[u8], above: u128) -> Result<Vec<Stretch>> {
    let word = |&number: &u128| primality::certainty_of(number.saturating_add(above)).name().to_string();
    let certain = |stretch: Stretch| {
        let numbers = stretch.columns.into_iter().flat_map(|numbers| match numbers {
            Numbers::Ascending(primes) => primes.into_numbers().collect::<Vec<_>>(),
            _ => unreachable!("that is how primes are listed"),
        });
        let numbers: Vec<u128> = numbers.collect();
        let words = numbers.iter().map(word).collect();
        Stretch { columns: vec![Numbers::Wide(numbers), Numbers::Long(words)] }
    };
    Ok(rows(part)?.into_iter().map(certain).collect())
}

fn rows(part: &[u8]) -> Result<Vec<Stretch>> {
    let parts = Chain::parts(part)?;
    let parts = parts.into_iter().map(|part| wire::value::<Parted<Ascending>>(part).map(|part| part.parts));
    let primes = parts.collect::<Result<Vec<_>>>()?.into_iter().flatten();
    Ok(primes.map(|primes| Stretch { columns: vec![Numbers::Ascending(primes)] }).collect())
}

/// The primes in the words.
fn ascending(words: &Words, lanes: &Lanes) -> Ascending {
    let mut primes = Ascending::default();
    primes.extend(words.start(), words.offsets(), lanes.ones(words.bits()) as usize);
    primes
}

impl Part for Ascending {
    fn merge(mut self, right: Ascending) -> Ascending {
        self.append(right);
        self
    }
}

impl Reading for Ascending {
    const COST: f64 = 8.0;

    fn one(prime: u128) -> Ascending {
        let mut primes = Ascending::default();
        primes.push(prime);
        primes
    }

    fn read(reader: &mut Reader, unit: u64, borders: &[u128]) -> Vec<Ascending> {
        reader.in_order(unit, borders, ascending)
    }

    fn thread_bytes(layout: &Layout) -> u64 {
        bytes_in_order(layout)
    }

    /// Lists are written as they come, and never read again.
    fn fits(&self, _: Span, _: &RangeInclusive<u128>) -> bool {
        true
    }

    fn answer(self, _: Span, _: Rows) -> Result<Answer> {
        let rows = self.numbers().map(|prime| vec![Value::integer(prime)]);
        Ok(Answer::rows(Table::of(&[KEY]).with(rows), KEY))
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_order::tests::{cases, check, primes};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::random::cases(200))]

        #[test]
        fn however_ranges_are_cut_the_primes_are_those_of_the_judge(case in cases()) {
            let expect = primes(case.0, case.0 + case.1);
            prop_assert_eq!(check::<Ascending>(case)?.numbers().collect::<Vec<_>>(), expect);
        }
    }
}
