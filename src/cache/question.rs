//! A question, its items, and how answers of items become the answer of the question, and the other way round.

use crate::block::Block;
use crate::digest::Sha256;
use crate::error::{Error, Result};
use crate::kernel::{self, Given, KernelEntry, PlanChoice, Points, Seeks, Takes};
use crate::math::integer::{Integer, decimal};
use crate::math::span::{self, Span};
use crate::placement::Placement;
use crate::plan::Plan;
use crate::syntax::Item;
use crate::values::{Column, Role, Table, Value};
use crate::wire::{self, Wire};
use crate::work::{Answer, Job, Known, Work};

/// A command with what was typed behind it.
pub struct Question {
    entry: &'static KernelEntry,
    given: Given,
}

impl Question {
    /// What was given to a command.
    pub fn new(entry: &'static KernelEntry, given: &Given) -> Question {
        Question { entry, given: given.clone() }
    }

    /// Its ranges and numbers.
    pub fn items(&self) -> &[Item] {
        &self.given.items
    }

    /// The same question about other items.
    pub fn of(&self, items: &[Item]) -> Question {
        Question { entry: self.entry, given: Given { items: items.to_vec(), ..self.given.clone() } }
    }

    /// The name of the command.
    pub fn kernel(&self) -> &'static str {
        self.entry.name
    }

    /// Whether an answer must have been verified.
    pub fn verifies(&self) -> bool {
        self.given.verify
    }

    /// Whether long values must all be there.
    pub fn is_full(&self) -> bool {
        self.given.full
    }

    /// Its plan.
    ///
    /// # Errors
    /// If it has none.
    pub fn plan(&self) -> Result<Plan> {
        Plan::open(self.entry, &self.given)
    }

    /// The name of its entry: for people the command and the item, for this program what tells it from all other questions.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn name(&self, plan: &Plan) -> Result<String> {
        let columns =
            self.items().first().map_or(Ok(vec![]), |&item| self.shape(item).map(|shape| shape.table.columns))?;
        Ok(self.name_with(plan, &columns))
    }

    /// The same, of a question whose answer has these columns.
    pub fn name_with(&self, plan: &Plan, columns: &[Column]) -> String {
        // Where values may be long, those in full are another answer.
        let is_long = self.given.full && columns.iter().any(|column| column.role() == Role::Long);
        let mut bytes = vec![];
        plan.fingerprint().put(&mut bytes);
        is_long.put(&mut bytes);
        let key: u64 = wire::value(&Sha256::of(&bytes)[..8]).expect("eight bytes are a number");
        match self.items() {
            [item] => format!("{}-{item}-{key:016x}.h5", self.entry.name),
            _ => format!("{}-{key:016x}.h5", self.entry.name),
        }
    }

    /// Whether each item is a question of its own, whose rows are those that it has here.
    ///
    /// # Errors
    /// If an item makes no plan.
    pub fn falls_apart(&self) -> Result<bool> {
        if self.asks_two() || self.is_a_table() {
            return Ok(false);
        }
        // Beyond some limits rows have a column more, in all rows of an answer.
        let shapes = self.items().iter().map(|&item| Ok(self.shape(item)?.table.columns));
        let shapes = shapes.collect::<Result<Vec<Vec<Column>>>>()?;
        Ok(shapes.windows(2).all(|two| two[0] == two[1]))
    }

    /// Whether it is about two numbers, which make one row.
    pub fn asks_two(&self) -> bool {
        matches!(self.entry.takes, Takes::Two(..))
    }

    /// Whether its answer has any number of rows, which do not say what was asked.
    pub fn is_a_table(&self) -> bool {
        let Given { seeks, points, race, apart, .. } = &self.given;
        points.is_some() || *race || *apart || matches!(seeks, Some(Seeks::GapTable(_) | Seeks::Residues(_)))
    }

    /// Whether the answer of a range is the sum of those of its pieces.
    pub fn adds_up(&self) -> bool {
        matches!(self.entry.takes, Takes::Ranges(_)) && self.given.seeks.is_none()
    }

    /// An answer with the columns that an item has, which takes no time.
    ///
    /// # Errors
    /// If it cannot be computed.
    pub fn shape(&self, item: Item) -> Result<Answer> {
        let small = match (self.entry.takes, item) {
            (Takes::Two(..), _) => vec![Item::Number(10), Item::Number(2)],
            (Takes::Ranges(_), Item::Range(span)) => {
                vec![Item::Range(Span::new(span.end(), span.end()).expect("a range may be empty"))]
            }
            (Takes::Items(_), _) => vec![Item::Number(1)],
            _ => vec![Item::Number(10)],
        };
        // No point may lie outside of its range.
        let points = self.given.points.as_ref().map(|_| Points::Every(1));
        let small = Question { entry: self.entry, given: Given { items: small, points, ..self.given.clone() } };
        match small.plan()?.job {
            Job::Work(work) => computed(&*work),
            Job::Stream(_) | Job::PerRank(_) => Err(Error::failed("this question has no lasting answer")),
        }
    }

    /// How many rows an item has, if answers have rows.
    pub fn rows_of(&self, item: Item) -> usize {
        match self.entry.takes {
            Takes::Items(_) => item.first_and_count().1 as usize,
            _ => 1,
        }
    }

    /// The cells of a row that say what was asked.
    pub fn asked(&self, item: Item, row: usize) -> Vec<Value> {
        match (self.entry.takes, item) {
            (Takes::Ranges(_), Item::Range(span)) => vec![Value::integer(span.start()), Value::integer(span.end())],
            _ => vec![Value::integer(item.first_and_count().0 + row as u128)],
        }
    }

    /// The fact that numbers count twice in the total, if that is so.
    pub fn overlap(&self) -> Option<PlanChoice> {
        let spans = self.items().iter().filter_map(|item| match item {
            Item::Range(span) => Some(*span),
            Item::Number(_) => None,
        });
        kernel::overlap_fact(matches!(self.entry.takes, Takes::Ranges(_)) && span::overlap(spans))
    }

    /// The answer of each item of which all rows are known; `None` if the rows do not tell.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn apart(&self, known: &Known, total: Option<&str>) -> Result<Option<Vec<Option<Answer>>>> {
        let Some(&first) = self.items().first() else { return Ok(None) };
        let (shape, Some(answer)) = (self.shape(first)?, &known.rows) else { return Ok(None) };
        if shape.table.columns.is_empty() {
            let whole = self.whole(known, total, false)?;
            return Ok((self.items().len() == 1 && whole.is_some()).then_some(vec![whole]));
        }
        let mut rows: Vec<Option<&Vec<Value>>> = vec![None; self.items().iter().map(|&item| self.rows_of(item)).sum()];
        for (&place, row) in known.places.iter().zip(&answer.table.rows) {
            let Some(there) = rows.get_mut(place as usize) else { return Ok(None) };
            *there = Some(row);
        }
        let mut rows = rows.into_iter();
        let of_item = |&item: &Item| {
            let own: Vec<_> = rows.by_ref().take(self.rows_of(item)).collect();
            let own: Vec<Vec<Value>> = own.into_iter().collect::<Option<Vec<_>>>()?.into_iter().cloned().collect();
            with_total(
                Answer::rows(Table { columns: answer.table.columns.clone(), rows: own }, shape.bare),
                shape.total.is_some(),
            )
        };
        Ok(Some(self.items().iter().map(of_item).collect()))
    }

    /// The answer of the whole question, if all of it is known; `over` says whether the run is over.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn whole(&self, known: &Known, total: Option<&str>, over: bool) -> Result<Option<Answer>> {
        let (Some(&first), Some(answer)) = (self.items().first(), &known.rows) else { return Ok(None) };
        let shape = self.shape(first)?;
        let total = total.and_then(decimal);
        let all: usize = match shape.table.columns.is_empty() {
            true => 0,
            false if self.asks_two() => 1,
            false => self.items().iter().map(|&item| self.rows_of(item)).sum(),
        };
        let has_all = if self.is_a_table() { over } else { known.places.len() == all };
        let is_whole = has_all && total.is_some() == shape.total.is_some();
        Ok(is_whole.then(|| Answer { total, ..Answer::rows(answer.table.clone(), shape.bare) }))
    }
}

/// The rows with their total, if they have one.
fn with_total(answer: Answer, summed: bool) -> Option<Answer> {
    if !summed {
        return Some(answer);
    }
    let column = answer.table.summed()?;
    let sum = answer.table.rows.iter().map(|row| integer(&row[column])).sum::<Option<Integer>>()?;
    Some(Answer { total: Some(sum), ..answer })
}

/// An integer in a cell.
pub fn integer(cell: &Value) -> Option<Integer> {
    match cell {
        Value::Integer(digits) => decimal(digits),
        _ => None,
    }
}

/// The answer of neighbouring pieces of a range together; `None` if they differ in more than what is added up.
pub fn sum(pieces: Vec<Answer>) -> Option<Answer> {
    pieces.into_iter().map(Some).reduce(|left, right| joined(left?, right?)).flatten()
}

fn joined(mut left: Answer, right: Answer) -> Option<Answer> {
    let (columns, total) = (left.table.columns.clone(), Some(left.total? + right.total?));
    if columns != right.table.columns || left.table.rows.len() != right.table.rows.len() {
        return None;
    }
    for (row, next) in left.table.rows.iter_mut().zip(right.table.rows) {
        for ((column, cell), next) in columns.iter().zip(row).zip(next) {
            *cell = match (column.role(), &*column.key) {
                (Role::Summed, _) => Value::integer(integer(cell)? + integer(&next)?),
                (Role::Asked, "end") => next,
                (Role::Asked, _) => cell.clone(),
                _ if *cell == next => next,
                _ => return None,
            };
        }
    }
    Some(Answer { total, ..left })
}

/// The answer of a small work.
fn computed(work: &dyn Work) -> Result<Answer> {
    let mut worker = work.worker(&Placement::here(0));
    let mut units = Block::tiling(0..work.units(), 0);
    let whole = units.try_fold(work.empty(), |whole, unit| work.join(&whole, &worker.block(unit)?, 1))?;
    work.close(&whole)
}
