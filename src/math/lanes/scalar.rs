//! What every CPU of the architecture has: the judge of the other lanes.

use super::{Lanes, Stripe, generic};

pub(super) const LANES: Lanes = Lanes { name: "scalar", usable: || true, presieve, cross, step, ones };

unsafe fn presieve(line: &mut [u64], stripes: &mut [Stripe]) {
    // SAFETY: the caller's.
    unsafe { generic::presieve(line, stripes) }
}

unsafe fn cross(line: &mut [u64], bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: the caller's.
    unsafe { generic::cross(line, bits, primes, at) }
}

fn step(at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
    generic::step(at, by, primes, times)
}

fn ones(line: &[u64]) -> u64 {
    generic::ones(line)
}
