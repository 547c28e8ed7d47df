//! `--prove`: proofs of primes that the test does not prove, and what is said of them.

use super::Given;
use crate::error::{Error, Result};
use crate::values::{Fact, Value};

/// Seconds of a proof, in the mean: measured near 10^30.
pub const PROOF_SECONDS: f64 = 2.5e-3;

/// What a plan says if proofs are looked for.
pub fn fact(given: &Given) -> Option<Fact> {
    given.prove.then(|| Fact::new("prove", Value::text("by factors of n - 1 (Brillhart, Lehmer & Selfridge 1975)")))
}

/// A number that passes the test is composite. Nobody knows such a number.
///
/// # Errors
/// Always.
pub fn refuted<T>(n: u128) -> Result<T> {
    Err(Error::Wrong(format!(
        "{n} passes the test of Baillie, Pomerance, Selfridge and Wagstaff, and is composite by the theorem of Fermat: no such number is known, so \
         a machine of this run computes wrongly, or this is the first one"
    )))
}
