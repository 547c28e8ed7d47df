//! Whether this machine computes right: for `self-test`.
//!
//! Some checks are done once: each set of lanes, both schedules, a save and a resume. Then all cores compute what is known and fill memory with
//! patterns, round after round, until the time is over. What is wrong is told with its core and its time.

pub mod burn_in;
mod known;
mod memory;
mod once;

pub use once::once;

/// The result of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What was checked.
    pub check: String,
    /// What is wrong; `None` if nothing is.
    pub wrong: Option<String>,
    /// What is right, in a few words.
    pub right: String,
    /// How long it took.
    pub seconds: f64,
}
