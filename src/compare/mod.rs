//! The same problem computed in every way that the ranks of this run can do it, to compare the times.
//!
//! `ways.rs` says which ways there are. `measure.rs` runs them in turn, each among the first ranks while the others sleep, and compares
//! the answers (`same.rs`). `python.rs` runs the tutorials' Python beside it. `table.rs` makes the rows and the lines below them, with the laws of `laws.rs`.

pub mod laws;
pub mod measure;
pub mod python;
pub mod same;
pub mod table;
pub mod ways;
