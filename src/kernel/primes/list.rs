//! `--list`: the primes themselves, computed and told batch by batch.

use super::Rows;
use super::in_order::{InOrder, Reading, Words, expected};
use crate::chain::Chain;
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::span::Span;
use crate::report::{Ascending, Table, Value};
use crate::wire;
use crate::work::{Answer, Part, Stream, Work};

/// What the column of the primes is called.
const KEY: &str = "prime";

/// Bytes of the primes of a batch, about a byte each, and how many copies of them there are at once on their way from
/// the threads to stdout.
const BATCH: f64 = 8e6;
const COPIES: f64 = 5.0;

/// Units of a batch, at least: there should be something to do for everyone.
const LEAST: u32 = 3;

/// The primes of the links of a chain, each a range of those.
pub fn stream(spans: &[Span], links: Vec<InOrder<Ascending>>) -> Result<Stream> {
    let bytes = |(span, link): (&Span, &InOrder<Ascending>)| expected(*span) / link.units().max(1) as f64;
    let largest = spans.iter().zip(&links).map(bytes).fold(1.0, f64::max);
    let level = ((BATCH / largest) as u64).checked_ilog2().unwrap_or(0).max(LEAST);
    let links = links.into_iter().map(|link| Box::new(link) as Box<dyn Work>).collect();
    let work = Chain::new(links)?;
    let batch = largest * work.units().min(1 << level) as f64;
    let wide = spans.iter().any(|span| span.end() > 1 << 64);
    Ok(Stream { work: Box::new(work), level, bytes: (COPIES * batch) as u64, key: KEY, wide, numbers })
}

fn numbers(part: &[u8]) -> Result<Vec<Ascending>> {
    Chain::parts(part)?.iter().map(|part| wire::value(part)).collect()
}

impl Part for Ascending {
    fn merge(mut self, right: Ascending) -> Ascending {
        self.append(right);
        self
    }
}

impl Reading for Ascending {
    const COST: f64 = 18.0;

    fn one(prime: u128) -> Ascending {
        let mut primes = Ascending::default();
        primes.push(prime);
        primes
    }

    fn read(words: &Words, _: &Lanes) -> Ascending {
        let mut primes = Ascending::default();
        words.offsets().for_each(|offset| primes.push(words.start() + u128::from(offset)));
        primes
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
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_ranges_are_cut_the_primes_are_those_of_the_judge(case in cases()) {
            let expect = primes(case.0, case.0 + case.1);
            prop_assert_eq!(check::<Ascending>(case)?.numbers().collect::<Vec<_>>(), expect);
        }
    }
}
