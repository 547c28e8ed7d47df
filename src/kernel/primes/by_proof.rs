//! `--prove`: the primes of narrow windows above 3.3·10^24, each with a proof if one is found.
//!
//! A proof takes a thousand times as long as a test. So nothing is sieved: a unit is a few thousand numbers, of which one prime after the other is found and
//! proven. A row is proven if all of its primes are.

use super::list::{self, KEY};
use super::rows::Rows;
use crate::chain::Chain;
use crate::error::Result;
use crate::kernel::per_number;
use crate::kernel::proofs::{self, PROOF_SECONDS};
use crate::math::primality::{self, Certainty, PROVEN_BELOW};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Ascending, ListColumn, Numbers, Size, Stretch, Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Kernel, Part, Stream, UnitCost, Work};
use std::ops::Range;
use std::sync::Arc;

/// Numbers of a unit: some tens of primes, and some tenths of a second.
const UNIT_NUMBERS: u128 = 1 << 12;

/// The window of a unit.
fn window(span: Span, unit: u64) -> Span {
    let start = span.start() + UNIT_NUMBERS * u128::from(unit);
    Span::new(start, (start + UNIT_NUMBERS).min(span.end())).expect("units are in the span")
}

fn units(span: Span) -> u64 {
    u64::try_from(span.width().div_ceil(UNIT_NUMBERS)).unwrap_or(u64::MAX)
}

/// The primes of a window, each with whether it is proven; `None` for one that is none.
fn primes(window: Span) -> impl Iterator<Item = (u128, Option<bool>)> {
    let first = window.start().checked_sub(1).map_or(Some(2), primality::next_prime);
    let all = std::iter::successors(first, |&prime| primality::next_prime(prime));
    all.take_while(move |&prime| prime < window.end()).map(|prime| (prime, primality::is_proven(prime, true)))
}

/// The forecast of so many units.
fn forecast(span: Span) -> Forecast {
    let above = span.end().saturating_sub(span.start().max(PROVEN_BELOW));
    let primes = |width: u128| width as f64 / (span.end() as f64).ln().max(1.0);
    Forecast {
        seconds: primes(above) * PROOF_SECONDS + primes(span.width()) * 5.0 * per_number::seconds(span.end(), false),
        ..Forecast::default()
    }
}

/// The primes of a range, counted and proven.
pub struct ByProof {
    /// The range.
    pub span: Span,
    /// How it becomes a row.
    pub rows: Rows,
}

/// What units come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proved {
    count: u64,
    /// How many of them have no proof.
    unproven: u64,
    /// One that passes the test and is none.
    refuted: Option<u128>,
}

wire::fields! { Proved { count unproven refuted } }

impl Part for Proved {
    fn merge(self, right: Proved) -> Proved {
        Proved {
            count: self.count.saturating_add(right.count),
            unproven: self.unproven.saturating_add(right.unproven),
            refuted: self.refuted.or(right.refuted),
        }
    }
}

impl Kernel for ByProof {
    type Part = Proved;
    type Scratch = ();

    fn units(&self) -> u64 {
        units(self.span)
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Proved> {
        let one = |(prime, proven): (u128, Option<bool>)| Proved {
            count: 1,
            unproven: u64::from(proven == Some(false)),
            refuted: Some(prime).filter(|_| proven.is_none()),
        };
        Ok(primes(window(self.span, unit)).map(one).fold(Proved::default(), Proved::merge))
    }

    fn answer(&self, whole: Proved) -> Result<Answer> {
        match whole.refuted {
            Some(n) => proofs::refuted(n),
            None => Ok(self.rows.proved(self.span, whole.count, Certainty::of(whole.unproven == 0))),
        }
    }

    fn forecast(&self) -> Forecast {
        forecast(self.span)
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }

    /// Every other number is even, and few are prime.
    fn plausible(&self, units: Range<u64>, part: &Proved) -> bool {
        let numbers = u128::from(units.end - units.start) * UNIT_NUMBERS;
        u128::from(part.count) <= numbers / 2 + 2 && part.unproven <= part.count
    }
}

/// The primes of a range as a list.
struct ListByProof {
    span: Span,
}

/// The primes of units, and which of them have no proof.
#[derive(Debug, Clone, Default, PartialEq)]
struct ProvedList {
    primes: Ascending,
    unproven: Ascending,
    refuted: Option<u128>,
}

wire::fields! { ProvedList { primes unproven refuted } }

impl Part for ProvedList {
    fn merge(mut self, right: ProvedList) -> ProvedList {
        self.primes.append(right.primes);
        self.unproven.append(right.unproven);
        ProvedList { refuted: self.refuted.or(right.refuted), ..self }
    }
}

impl Kernel for ListByProof {
    type Part = ProvedList;
    type Scratch = ();

    fn units(&self) -> u64 {
        units(self.span)
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<ProvedList> {
        let mut list = ProvedList::default();
        for (prime, proven) in primes(window(self.span, unit)) {
            list.primes.push(prime);
            match proven {
                Some(true) => (),
                Some(false) => list.unproven.push(prime),
                None => list.refuted = list.refuted.or(Some(prime)),
            }
        }
        Ok(list)
    }

    fn answer(&self, whole: ProvedList) -> Result<Answer> {
        let stretch = stretch(whole)?;
        let cells = stretch.columns[0].texts().zip(stretch.columns[1].texts());
        let rows = cells.map(|(prime, certainty)| vec![Value::Integer(prime), Value::text(certainty)]);
        Ok(Answer::rows(Table::of(&[KEY, list::CERTAINTY]).with(rows), KEY))
    }

    fn forecast(&self) -> Forecast {
        forecast(self.span)
    }

    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}

/// The rows of a part.
fn stretch(list: ProvedList) -> Result<Stretch> {
    if let Some(n) = list.refuted {
        return proofs::refuted(n);
    }
    let (primes, mut unproven) =
        (list.primes.into_numbers().collect::<Vec<_>>(), list.unproven.into_numbers().peekable());
    let is_proven = |prime: &u128| unproven.next_if_eq(prime).is_none();
    let words = primes.iter().map(is_proven).map(|proven| Certainty::of(proven).name().to_string()).collect();
    Ok(Stretch { columns: vec![Numbers::Wide(primes), Numbers::Long(words)] })
}

fn rows(part: &[u8]) -> Result<Vec<Stretch>> {
    let parts = Chain::parts(part)?.into_iter().map(wire::value::<ProvedList>);
    parts.collect::<Result<Vec<_>>>()?.into_iter().map(stretch).collect()
}

/// Units of a batch, as a level: some hundreds of primes, and some seconds, because a list is saved after a batch.
const BATCH_LEVEL: u32 = 3;

/// Bytes of a batch on its way.
const BATCH_BYTES: u64 = 1 << 20;

/// The primes of ranges one after the other, each with its certainty.
///
/// # Errors
/// If the ranges have too many units together.
pub fn stream(spans: &[Span]) -> Result<Stream> {
    let link = |&span: &Span| Box::new(ListByProof { span }) as Box<dyn Work>;
    let work = Chain::new(spans.iter().map(link).collect())?;
    let end = spans.iter().map(Span::end).max().unwrap_or(1);
    let width = (end - 1).to_string().len();
    let columns = vec![ListColumn::new(KEY, width, Size::Long), ListColumn::new(list::CERTAINTY, 0, Size::Word)];
    Ok(Stream { work: Arc::new(work), level: BATCH_LEVEL, bytes: BATCH_BYTES, columns, bare: KEY, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{self, Given};

    #[test]
    fn primes_of_windows_are_those_of_the_sieve_and_proven() {
        let open = |prove, text: &str| (kernel::find("primes").unwrap().open)(&Given { prove, ..given(text) });
        let text = "1e25..+30000 2^100..+9000 10..1000 3317044064679887385960000..+5000 1e25+9..1e25+9";
        let (proven, tested) = (answer(open(true, text)), answer(open(false, text)));
        assert_eq!(column(&proven, "count"), column(&tested, "count"));
        assert_eq!(proven.total, tested.total);
        assert_eq!(column(&tested, "certainty"), ["probable", "probable", "proven", "probable", "probable"]);
        assert_eq!(column(&proven, "certainty"), ["proven"; 5]);
    }

    #[test]
    fn a_prime_without_a_proof_makes_its_row_probable_and_one_that_is_none_ends_the_run() {
        let rows = Rows { asked: super::super::rows::Asked::Ranges, certainty: true, cumulative: false };
        let kernel = ByProof { span: Span::new(10u128.pow(25), 10u128.pow(25) + 100).unwrap(), rows };
        let part = Proved { count: 3, unproven: 1, refuted: None };
        assert_eq!(column(&kernel.answer(part.clone()).unwrap(), "certainty"), ["probable"]);
        let refuted = Proved { refuted: Some(15), ..part.clone() }.merge(part);
        assert_eq!(kernel.answer(refuted).unwrap_err().code(), crate::error::WRONG);
        let mut list = ProvedList::default();
        [3, 5, 7].into_iter().for_each(|prime| list.primes.push(prime));
        list.unproven.push(5);
        let words: Vec<String> = stretch(list.clone()).unwrap().columns[1].texts().collect();
        assert_eq!(words, ["proven", "probable", "proven"]);
        assert!(stretch(ProvedList { refuted: Some(9), ..list }).is_err());
    }
}
