//! Random cases: how many there are, and numbers for them.

// Each test program uses its part of this.
#![allow(dead_code)]

use proptest::prelude::*;

/// So many cases, or `PCOUNT_CASES` times as many: for hours, before a release. Each run has new ones.
pub fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("PCOUNT_CASES").map_or(1, |times| times.parse().expect("PCOUNT_CASES is a number"));
    ProptestConfig { cases: usual.saturating_mul(times), failure_persistence: None, ..ProptestConfig::default() }
}

/// Numbers below 2^`bits`, of all sizes.
pub fn numbers(bits: u32) -> impl Strategy<Value = u64> {
    (0..bits, any::<u64>()).prop_map(move |(shift, n)| n >> (64 - bits) >> shift)
}
