//! What of an answer must be the same in every way.

use crate::digest::hex;
use crate::values::{Role, Value};
use crate::work::Answer;

/// An answer without what is measured on each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparable {
    /// The keys of the columns.
    keys: Vec<String>,
    rows: Vec<Vec<String>>,
    total: Option<String>,
}

impl Comparable {
    /// What must be the same of an answer.
    pub fn of(answer: &Answer) -> Comparable {
        let columns = &answer.table.columns;
        let kept: Vec<usize> = (0..columns.len()).filter(|&at| columns[at].role() != Role::Measured).collect();
        Comparable {
            keys: kept.iter().map(|&at| columns[at].key.to_string()).collect(),
            rows: answer.table.rows.iter().map(|row| kept.iter().map(|&at| row[at].to_string()).collect()).collect(),
            total: answer.total.as_ref().map(ToString::to_string),
        }
    }

    /// A list of numbers that is not kept: how many batches it had, and the digest of all.
    pub fn of_list(batches: u64, digest: &[u8]) -> Comparable {
        let keys = ["batches", "sha256"].map(String::from).to_vec();
        Comparable { keys, rows: vec![vec![batches.to_string(), hex(digest)]], total: None }
    }

    /// The cells of a column, or the total if there is no such column.
    pub fn column(&self, key: &str) -> Vec<&str> {
        match self.keys.iter().position(|known| known == key) {
            Some(at) => self.rows.iter().map(|row| &*row[at]).collect(),
            None => self.total.iter().map(String::as_str).collect(),
        }
    }

    /// Where another answer differs from this one, if it does: what it has, and what this one has.
    pub fn difference(&self, other: &Comparable) -> Option<String> {
        if self == other {
            return None;
        }
        let cells = |one: &Comparable| one.rows.iter().flatten().cloned().collect::<Vec<_>>();
        let at = cells(self).iter().zip(cells(other)).position(|(ours, theirs)| *ours != theirs);
        Some(match at.filter(|_| self.keys == other.keys && self.rows.len() == other.rows.len()) {
            Some(at) => {
                let (row, key) = (at / self.keys.len(), &self.keys[at % self.keys.len()]);
                format!("{key} of row {} is {}, not {}", row + 1, short(&cells(other)[at]), short(&cells(self)[at]))
            }
            None if self.total != other.total => {
                let [ours, theirs] = [self, other].map(|one| one.total.as_deref().map_or("none".into(), short));
                format!("the total is {theirs}, not {ours}")
            }
            None => format!("it has {} rows, not {}, or other columns", other.rows.len(), self.rows.len()),
        })
    }
}

/// The first digits of a long number.
fn short(text: &str) -> String {
    const WIDE: usize = 40;
    match text.char_indices().nth(WIDE) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// The error of a task that failed, if one did.
pub fn failure(answer: &Answer) -> Option<String> {
    let column = answer.table.column("error").filter(|_| answer.failed)?;
    answer.table.rows.iter().map(|row| &row[column]).find(|cell| **cell != Value::Nothing).map(Value::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::integer::Integer;
    use crate::values::Table;

    fn answer(cells: &[[u64; 3]]) -> Answer {
        let rows = cells.iter().map(|row| row.map(Value::integer).to_vec());
        Answer::rows(Table::of(&["n", "waited s", "value"]).with(rows), "value")
    }

    #[test]
    fn what_is_measured_may_differ_and_nothing_else() {
        let ours = Comparable::of(&answer(&[[1, 5, 7], [2, 6, 8]]));
        let differs = |cells: &[[u64; 3]]| ours.difference(&Comparable::of(&answer(cells)));
        assert_eq!(differs(&[[1, 9, 7], [2, 9, 8]]), None);
        assert_eq!(differs(&[[1, 5, 7], [2, 6, 9]]).unwrap(), "value of row 2 is 9, not 8");
        assert_eq!(differs(&[[3, 5, 7], [2, 6, 9]]).unwrap(), "n of row 1 is 3, not 1");
        assert_eq!(differs(&[[1, 5, 7]]).unwrap(), "it has 1 rows, not 2, or other columns");
        let [four, five] = [4, 5].map(|total| Comparable::of(&Answer::total(Integer::from(total))));
        assert_eq!(four.difference(&five).unwrap(), "the total is 5, not 4");
        let long = |digit: &str| Answer::total(digit.repeat(50).parse().unwrap());
        let [ones, twos] = ["1", "2"].map(|digit| Comparable::of(&long(digit)));
        assert_eq!(ones.difference(&twos).unwrap().matches("...").count(), 2);
        let lists = [[1u8; 32], [2; 32]].map(|digest| Comparable::of_list(3, &digest));
        assert!(lists[0].difference(&lists[1]).unwrap().starts_with("sha256 of row 1 is 0202"));
    }

    #[test]
    fn a_task_that_failed_has_an_error() {
        let table = Table::of(&["url", "error"]);
        let row = |error: Option<&str>| vec![Value::text("u"), Value::from(error)];
        let mut answer = Answer::rows(table.with([row(None), row(Some("not found"))]), "url");
        assert_eq!(failure(&answer), None);
        answer.failed = true;
        assert_eq!(failure(&answer).unwrap(), "not found");
    }
}
