//! How a range and what was found out of it become a row of the answer.

use crate::math::integer::Integer;
use crate::math::primality::{self, Certainty};
use crate::math::sieve;
use crate::math::span::{Span, overlap};
use crate::values::{Table, Value};
use crate::work::Answer;

/// What the rows are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Ranges,
    Numbers,
    /// Ranges again, of which the primes are not counted, but added, each raised to this power.
    Sums(u32),
}

impl Asked {
    /// Whether rows tell how certain they are: where single numbers are tested that no proof covers.
    pub fn certainty(self, spans: &[Span]) -> bool {
        !matches!(self, Asked::Numbers) && spans.iter().any(|span| span.end() > sieve::SIEVE_END)
    }
}

/// How a range and what was found out of it become a row.
#[derive(Clone, Copy)]
pub struct Rows {
    /// What the rows are about.
    pub asked: Asked,
    /// Whether to say that all that counted as prime are proven to be.
    pub certainty: bool,
    /// Whether readings of the primes in order are of a range and all before it.
    pub cumulative: bool,
}

impl Rows {
    /// Whether these ranges have a total in which some numbers count twice.
    pub fn overlap(self, spans: &[Span]) -> bool {
        self.asked != Asked::Numbers && overlap(spans.iter().copied())
    }

    /// The row of a range whose count or sum is a theorem.
    pub fn proven(self, span: Span, found: Integer) -> Answer {
        let name = if matches!(self.asked, Asked::Sums(_)) { "sum" } else { "count" };
        self.certain_row(span, vec![(name, Value::integer(&found))], found, name, Certainty::Proven)
    }

    /// The row of a range, its count, and what else was found out of it; `bare` is the column that was asked for.
    pub fn answer(self, span: Span, count: u64, more: &[(&'static str, Value)], bare: &'static str) -> Answer {
        let mut found = vec![("count", Value::integer(count))];
        found.extend_from_slice(more);
        self.row(span, found, count.into(), bare)
    }

    /// The row of a range and what was found; `whole` is what makes a total of rows about ranges.
    pub fn row(self, span: Span, found: Vec<(&'static str, Value)>, whole: Integer, bare: &'static str) -> Answer {
        self.certain_row(span, found, whole, bare, primality::certainty(span.end()))
    }

    /// Several rows of a range, with what was found, by these names; `whole` is their total. It takes less than as many single rows.
    pub fn several(
        self,
        span: Span,
        names: &[&'static str],
        found: impl Iterator<Item = Vec<Value>>,
        whole: Integer,
        bare: &'static str,
    ) -> Answer {
        let ends = [("start", span.start()), ("end", span.end())].map(|(name, end)| (name, Value::integer(end)));
        let certainty = Value::text(primality::certainty(span.end()).name());
        let certain = self.certainty.then_some(certainty);
        let names: Vec<&str> = ends.iter().map(|(name, _)| *name).chain(names.iter().copied()).collect();
        let names = [&names[..], if self.certainty { &["certainty"] } else { &[] }].concat();
        let rows = found.map(|found| {
            let mut row = Vec::with_capacity(names.len());
            row.extend(ends.iter().map(|(_, end)| end.clone()));
            row.extend(found);
            row.extend(certain.clone());
            row
        });
        let table = Table::of(&names).with(rows.collect::<Vec<_>>());
        Answer { total: Some(whole), ..Answer::rows(table, bare) }
    }

    /// The row of a range and its count, if it is known how certain that is.
    pub fn proved(self, span: Span, count: u64, certainty: Certainty) -> Answer {
        self.certain_row(span, vec![("count", Value::integer(count))], count.into(), "count", certainty)
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
            Asked::Ranges | Asked::Sums(_) => {
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
            Asked::Ranges | Asked::Sums(_) => Answer { total: Some(whole), ..answer },
            Asked::Numbers => answer,
        }
    }
}
