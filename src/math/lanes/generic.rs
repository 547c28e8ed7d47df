//! The loops as plain code, to be compiled once for each instruction set.
//!
//! Everything here is inlined into the functions of one set, whose instructions the compiler then uses.

use super::{STRIPE_WORDS, Stripe};

/// Fills the line with the stripes ANDed together.
///
/// # Safety
/// As `Lanes::presieve` checks.
#[inline(always)]
pub(super) unsafe fn presieve(line: &mut [u64], stripes: &mut [Stripe]) {
    for words in line.chunks_exact_mut(STRIPE_WORDS) {
        let mut and = [u64::MAX; STRIPE_WORDS];
        for stripe in &mut *stripes {
            // SAFETY: `at` is below the period and the table goes on for a whole pass behind it.
            let from = unsafe { stripe.bytes.as_ptr().add(stripe.at).cast::<u64>() };
            for (index, word) in and.iter_mut().enumerate() {
                // SAFETY: as above.
                *word &= unsafe { from.add(index).read_unaligned() };
            }
            stripe.at = (stripe.at + 8 * STRIPE_WORDS) % stripe.period;
        }
        words.copy_from_slice(&and);
    }
}

/// Clears every prime's multiples in the line.
///
/// Neighbouring primes hit a line equally often, ⌊bits/p⌋ times or once more. So the loop runs a count that
/// hardly ever changes, which the CPU predicts, and the one hit that may or may not be goes to the spare
/// bit if it is not.
///
/// # Safety
/// As `Lanes::cross` checks.
#[inline(always)]
pub(super) unsafe fn cross(line: &mut [u64], bits: u32, primes: &[u32], at: &[u32]) {
    let words = line.as_mut_ptr();
    // SAFETY: every bit cleared is at most `bits`, which lies in the line.
    let clear = |bit: u32| unsafe { clear(words, bit) };
    let mut hits = u32::MAX;
    for (&p, &at) in primes.iter().zip(at) {
        if p > bits {
            // At most one hit; most often none, when the primes are far longer than the line.
            if at < bits {
                clear(at);
            }
            continue;
        }
        if hits > bits / 2 {
            hits = bits / p;
        }
        while u64::from(hits) * u64::from(p) > u64::from(bits) {
            hits -= 1;
        }
        let (mut bit, mut left) = (at, hits);
        while left >= 4 {
            clear(bit);
            clear(bit + p);
            clear(bit + 2 * p);
            clear(bit + 3 * p);
            bit += 4 * p;
            left -= 4;
        }
        for _ in 0..left {
            clear(bit);
            bit += p;
        }
        clear(bit.min(bits));
    }
}

/// Clears one bit.
///
/// # Safety
/// The bit must lie in the words.
#[inline(always)]
unsafe fn clear(words: *mut u64, bit: u32) {
    // SAFETY: the caller's.
    unsafe {
        let word = words.add(bit as usize / 64);
        *word = without(*word, bit);
    }
}

/// The word without bit `bit` modulo 64.
///
/// The compiler would make a mask, rotate it and AND it into memory, which takes twice as long as clearing
/// the bit in a register with the instruction made for it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn without(mut word: u64, bit: u32) -> u64 {
    // SAFETY: the instruction changes its register and the flags and nothing else.
    unsafe {
        std::arch::asm!("btr {0}, {1}", inout(reg) word, in(reg) u64::from(bit), options(pure, nomem, nostack));
    }
    word
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn without(word: u64, bit: u32) -> u64 {
    word & !(1 << (bit % 64))
}

/// Subtracts modulo the primes.
#[inline(always)]
pub(super) fn step(at: &mut [u32], by: &[u32], primes: &[u32], mut times: u32) {
    // A fixed count lets the compiler take a lane for each prime.
    while times >= 3 {
        step_times::<3>(at, by, primes);
        times -= 3;
    }
    match times {
        1 => step_times::<1>(at, by, primes),
        2 => step_times::<2>(at, by, primes),
        _ => (),
    }
}

#[inline(always)]
fn step_times<const TIMES: u32>(at: &mut [u32], by: &[u32], primes: &[u32]) {
    for ((at, &by), &p) in at.iter_mut().zip(by).zip(primes) {
        for _ in 0..TIMES {
            let borrow = u32::from(*at < by).wrapping_neg();
            *at = at.wrapping_sub(by).wrapping_add(p & borrow);
        }
    }
}

#[inline(always)]
pub(super) fn ones(line: &[u64]) -> u64 {
    line.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Compiles the loops for one instruction set and makes its row of the table.
macro_rules! lanes {
    ($name:literal, $features:literal, $usable:expr) => {
        pub(super) const LANES: $crate::math::lanes::Lanes =
            $crate::math::lanes::Lanes { name: $name, usable: $usable, presieve, cross, step, ones };
        use $crate::math::lanes::{Stripe, generic};

        #[target_feature(enable = $features)]
        unsafe fn presieve(line: &mut [u64], stripes: &mut [Stripe]) {
            // SAFETY: the caller's.
            unsafe { generic::presieve(line, stripes) }
        }
        #[target_feature(enable = $features)]
        unsafe fn cross(line: &mut [u64], bits: u32, primes: &[u32], at: &[u32]) {
            // SAFETY: the caller's.
            unsafe { generic::cross(line, bits, primes, at) }
        }
        #[target_feature(enable = $features)]
        unsafe fn step(at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
            generic::step(at, by, primes, times)
        }
        #[target_feature(enable = $features)]
        unsafe fn ones(line: &[u64]) -> u64 {
            generic::ones(line)
        }
    };
}
pub(super) use lanes;
