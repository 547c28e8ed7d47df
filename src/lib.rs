//! Counts primes exactly, on threads, MPI ranks and hosts; and every kernel of the tutorials that pcount
//! grew out of.
//!
//! ```
//! assert_eq!(pcount::pi(1_000_000)?, 78_498);
//! assert_eq!(pcount::count_primes(1_000_000..2_000_000)?, 70_435);
//! assert_eq!(pcount::primes(0..20)?.collect::<Vec<_>>(), [2, 3, 5, 7, 11, 13, 17, 19]);
//! # Ok::<(), pcount::error::Error>(())
//! ```
//!
//! These and their like are the front door ([`door`]); the rooms behind it are the program's.
//!
//! **A run is a tree.** A problem is cut into numbered units; pairs of neighbours fold into blocks, blocks
//! into larger blocks, up to one. Whoever computes whatever, in whatever order, on however many ranks,
//! climbs the same tree, so the answer does not know who did. `src/README.md` is the map of the rooms.

#![deny(unsafe_code)]
#![deny(missing_docs)]
// What goes wrong becomes an error with a message, or an `expect` that says why it cannot. Only `report/` and `streams.rs` write to
// the standard streams, and they mind that these may be closed. No function is above 60 lines (clippy.toml).
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::too_many_lines))]

pub mod error;
pub mod escaped;
pub mod features;
pub mod process;
#[allow(unsafe_code)]
pub mod streams;
pub mod syntax;
pub mod values;
pub mod wire;

pub mod math;

pub mod column;

pub mod block;
pub mod chain;
pub mod placement;
pub mod work;

pub mod digest;
pub mod twice;
pub mod witness;

pub mod kernel;
pub mod plan;

pub mod run;
pub mod world;

pub mod draft;
pub mod folder;
pub mod report;
#[cfg_attr(not(feature = "hdf5"), path = "run_file/absent.rs")]
pub mod run_file;

pub mod compare;

pub mod cache;

pub mod plot;

pub mod attempt;
pub mod cli;
pub mod summary;
pub mod trust;

pub mod self_test;

pub mod command;
pub mod full;
pub mod program;

pub mod door;

pub use door::{
    LargestGap, Primes, count_primes, gaps, is_prime, next_prime, nth_prime, phi, pi, prev_prime, primes, sum_primes,
    tuplets,
};

/// The tables of known values, for the tests of any room.
#[cfg(test)]
#[path = "../tests/common/golden.rs"]
mod golden;

#[cfg(test)]
#[path = "../tests/common/random.rs"]
mod random;
