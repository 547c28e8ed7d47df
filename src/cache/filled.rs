//! A work of which some rows are there already: its units are those of the rest, its answer is whole.

use super::question::{self, Question};
use super::{ComputedPieces, Found, Piece};
use crate::block::Block;
use crate::chain::OVERLAP;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::values::{Table, Value};
use crate::work::{Answer, Forecast, Known, UnitCost, Work, Worker};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

/// What is left of a question, and what was found.
pub struct Filled {
    /// `None` if nothing is left.
    left: Option<Arc<dyn Work>>,
    question: Question,
    found: Found,
    /// The columns and the bare one; `None` where nothing was found because this is not the root.
    shape: Option<Answer>,
    overlap: bool,
    /// What was computed of the pieces, once that is known.
    computed: ComputedPieces,
}

impl Filled {
    /// The work of what is `left`.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn new(
        left: Option<Arc<dyn Work>>,
        question: Question,
        found: Found,
        computed: ComputedPieces,
    ) -> Result<Filled> {
        let first = question.items().first().copied();
        let shape = first.map(|item| question.shape(item)).transpose()?;
        let overlap = question.overlap().is_some();
        Ok(Filled { left, question, found, shape, overlap, computed })
    }

    /// The answer, from that of what was left.
    fn complete(&self, left: Option<Answer>) -> Result<Answer> {
        let items = match &self.found {
            Found::Whole(answer) => return Ok(answer.clone()),
            Found::Pieces(items) => items,
        };
        let shape = self.shape.as_ref().ok_or_else(misfit)?;
        if shape.table.columns.is_empty() {
            // Only totals.
            let found = items.iter().flatten().filter_map(|piece| piece.answer.clone());
            return Answer::one_after_the_other(found.chain(left).map(Ok));
        }
        let missing: Vec<_> = self.found.missing().collect();
        let left = left.map(|answer| {
            let total = answer.total.as_ref().map(ToString::to_string);
            self.question.of(&missing).apart(&Known::all(answer), total.as_deref())
        });
        let left = left.transpose()?.flatten().unwrap_or_default();
        let computed = missing.iter().zip(&left).filter_map(|(item, answer)| Some((*item, answer.clone()?)));
        *self.computed.lock().unwrap_or_else(PoisonError::into_inner) = computed.collect();
        let mut left = left.into_iter();
        let answers = items.iter().map(|pieces| {
            let pieces = pieces.iter().map(|piece| piece.answer.clone().or_else(|| left.next().flatten()));
            pieces.collect::<Option<Vec<_>>>().and_then(question::sum).ok_or_else(misfit)
        });
        Answer::one_after_the_other(answers.collect::<Vec<_>>())
    }

    /// The rows that are known: those that were found, and those of what was left that are known.
    fn rows(&self, left: Known) -> Option<Known> {
        let (Found::Pieces(items), Some(shape)) = (&self.found, &self.shape) else { return None };
        let rows = left.rows.map_or(vec![], |answer| answer.table.rows);
        let mut left = Rows { rows: left.places.into_iter().zip(rows).collect(), next: 0 };
        let (mut places, mut all, mut place) = (vec![], vec![], 0);
        for (pieces, &item) in items.iter().zip(self.question.items()) {
            let count = self.question.rows_of(item);
            for (index, row) in self.rows_of(pieces, &mut left, shape).into_iter().enumerate() {
                if let Some(row) = row {
                    places.push(place + index as u32);
                    all.push(row);
                }
            }
            place += count as u32;
        }
        let table = Table { columns: shape.table.columns.clone(), rows: all };
        Some(Known { places, rows: Some(Answer::rows(table, shape.bare)) })
    }

    /// The rows of an item, as far as they are known.
    fn rows_of(&self, pieces: &[Piece], left: &mut Rows, shape: &Answer) -> Vec<Option<Vec<Value>>> {
        let known = |answer: &Answer| answer.table.rows.iter().cloned().map(Some).collect();
        match pieces {
            [Piece { answer: Some(answer), .. }] => known(answer),
            [Piece { item, answer: None }] => left.take(self.question.rows_of(*item)),
            pieces => {
                let answers = pieces.iter().map(|piece| match &piece.answer {
                    Some(answer) => Some(answer.clone()),
                    None => {
                        let row = left.take(1).pop().flatten()?;
                        let table = Table { columns: shape.table.columns.clone(), rows: vec![row] };
                        Some(Answer { total: Some(0.into()), ..Answer::rows(table, shape.bare) })
                    }
                });
                // Each piece takes its row from what is left, whether the others are known or not.
                let answers: Vec<Option<Answer>> = answers.collect();
                let whole = answers.into_iter().collect::<Option<Vec<_>>>().and_then(question::sum);
                whole.as_ref().map_or(vec![None], known)
            }
        }
    }
}

/// The known rows of what is left, which are taken in order.
struct Rows {
    rows: BTreeMap<u32, Vec<Value>>,
    next: u32,
}

impl Rows {
    fn take(&mut self, count: usize) -> Vec<Option<Vec<Value>>> {
        let places = self.next..self.next + count as u32;
        self.next = places.end;
        places.map(|place| self.rows.remove(&place)).collect()
    }
}

fn misfit() -> Error {
    Error::failed("what was found in the cache does not fit what was computed: run again without --cache")
}

impl Work for Filled {
    fn units(&self) -> u64 {
        self.left.as_ref().map_or(0, |left| left.units())
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        match &self.left {
            Some(left) => left.worker(placement),
            None => Box::new(Idle),
        }
    }

    fn empty(&self) -> Vec<u8> {
        self.left.as_ref().map_or(vec![], |left| left.empty())
    }

    fn join(&self, one: &[u8], other: &[u8], threads: usize) -> Result<Vec<u8>> {
        self.left.as_ref().map_or(Ok(vec![]), |left| left.join(one, other, threads))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        let left = self.left.as_ref().map(|left| left.close(whole)).transpose()?;
        Ok(Answer { note: self.overlap.then_some(OVERLAP), ..self.complete(left)? })
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        let left = self.left.as_ref().map_or(Ok(Known::default()), |left| left.known(runs))?;
        Ok(self.rows(left).unwrap_or_default())
    }

    fn forecast(&self) -> Forecast {
        self.left.as_ref().map_or(Forecast::default(), |left| left.forecast())
    }

    fn unit_cost(&self) -> UnitCost {
        self.left.as_ref().map_or(UnitCost::Uniform, |left| left.unit_cost())
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        self.left.as_ref().map_or(0.0, |left| left.seconds_of(units))
    }

    fn abandon(&self) {
        self.left.iter().for_each(|left| left.abandon());
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        self.left.as_ref()?.sample()
    }

    fn stages(&self) -> Vec<u64> {
        self.left.as_ref().map_or(vec![0], |left| left.stages())
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        self.left.as_ref().map_or(part.is_empty(), |left| left.plausible(units, part))
    }
}

/// A worker that has nothing to do.
struct Idle;

impl Worker for Idle {
    fn block(&mut self, _: Block) -> Result<Vec<u8>> {
        Ok(vec![])
    }
}
