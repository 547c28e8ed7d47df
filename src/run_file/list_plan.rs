//! What a list in a run file begins with, the same in a build without HDF5.

use crate::error::Error;
use crate::report::RowsSoFar;
use crate::values::ListColumn;

/// A list that is to be kept.
pub struct ListPlan<'a> {
    /// Its columns.
    pub columns: &'a [ListColumn],
    /// How many threads may pack it.
    pub threads: usize,
    /// The rows that an earlier attempt has saved.
    pub rows: Option<&'a RowsSoFar>,
    /// Whether to give up reading these again, and why.
    pub enough: &'a dyn Fn() -> Option<Error>,
}
