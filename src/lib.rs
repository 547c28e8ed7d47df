//! Counts primes exactly, on threads, MPI ranks and hosts; and every kernel of the tutorials that pcount
//! grew out of.
//!
//! **A run is a tree.** A problem is cut into numbered units; pairs of neighbours fold into blocks, blocks
//! into larger blocks, up to one. Whoever computes whatever, in whatever order, on however many ranks,
//! climbs the same tree, so the answer does not know who did. `src/README.md` is the map of the rooms.

#![deny(unsafe_code)]

pub mod error;
pub mod syntax;
pub mod wire;

pub mod math;

pub mod block;
pub mod chain;
pub mod seat;
pub mod work;

pub mod kernel;
pub mod plan;

pub mod run;
pub mod world;

pub mod digest;
pub mod draft;
pub mod report;

pub mod cli;
pub mod leg;
pub mod tell;

/// The tables of known values, for the tests of any room.
#[cfg(test)]
#[path = "../tests/common/golden.rs"]
mod golden;
