//! What every CPU of the architecture has: the judge of the other lanes.

use super::{Comb, Dividend, Hits, Lanes, Leap, Line, Start, Stripe, counting, generic};

pub(super) const LANES: Lanes = Lanes {
    name: "scalar",
    usable: || true,
    presieve,
    octets,
    cross,
    step,
    start,
    rake,
    leap,
    strike,
    ones,
    places,
    recount,
    recount_lines,
    stride,
    sum,
    sum_lines,
    pick,
};

unsafe fn presieve(line: &mut [u64], stripes: &mut [Stripe]) {
    // SAFETY: the caller's.
    unsafe { generic::presieve(line, stripes) }
}

unsafe fn octets(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: the caller's.
    unsafe { generic::octets(block, bits, primes, at) }
}

unsafe fn cross(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: the caller's.
    unsafe { generic::cross::<false>(block, bits, primes, at) }
}

fn step(at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
    generic::step(at, by, primes, times)
}

fn start(start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
    generic::start::<false>(start, primes, at, by)
}

unsafe fn strike(line: *mut u64, list: &[u32]) {
    // SAFETY: the caller's.
    unsafe { generic::strike::<false>(line, list) }
}

fn ones(line: &[u64]) -> u64 {
    generic::ones(line)
}

fn places(line: &[u64]) -> u64 {
    generic::places(line)
}

unsafe fn rake(comb: &Comb, times: &[u32], lines: &mut [Hits]) {
    // SAFETY: the caller's.
    unsafe { generic::rake(comb, 0, times, lines) }
}

fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
    generic::leap::<false>(leap, primes, found, |at, by, found| generic::round(leap, at, by, found));
}

fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    counting::recount(words, before, from)
}

unsafe fn stride(row: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> u32 {
    // SAFETY: the caller's.
    unsafe { counting::stride(row, bytes, p, first) }
}

unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    // SAFETY: the caller's.
    unsafe { counting::sum(words, before, start, dividend, divisors) }
}

fn recount_lines(lines: &[Line], before: &mut [u32]) -> u32 {
    counting::recount_lines(lines, before)
}

unsafe fn sum_lines(lines: &[Line], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    // SAFETY: the caller's.
    unsafe { counting::sum_lines(lines, before, start, dividend, divisors) }
}

unsafe fn pick(entries: &[u16], above: u16, base: u32, offsets: &[u16], plus: &mut Vec<u32>, minus: &mut Vec<u32>) {
    // SAFETY: the caller's.
    unsafe { counting::pick(entries, above, base, offsets, plus, minus) }
}
