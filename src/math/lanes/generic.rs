//! The loops of the sieve as plain code, compiled once for each instruction set.
//!
//! Everything is inlined into the functions of one set, so the compiler uses the instructions of that set.

use super::{CLASS, FirstMultiples, Hits, Leap, PRESIEVE_WORDS, Pattern, SLACK, Start};

/// Fills the words with the AND of the patterns.
///
/// # Safety
/// The number of words must be a multiple of [`PRESIEVE_WORDS`]. For each pattern, `at` must be below `period`, and `bytes` must
/// have `8 * PRESIEVE_WORDS` bytes behind the period.
#[inline(always)]
pub(super) unsafe fn presieve(words: &mut [u64], patterns: &mut [Pattern]) {
    for words in words.chunks_exact_mut(PRESIEVE_WORDS) {
        let mut and = [u64::MAX; PRESIEVE_WORDS];
        for pattern in &mut *patterns {
            // SAFETY: `at` is below the period, and `8 * PRESIEVE_WORDS` bytes follow the period.
            let from = unsafe { pattern.bytes.as_ptr().add(pattern.at).cast::<u64>() };
            for (index, word) in and.iter_mut().enumerate() {
                // SAFETY: `index` is below `PRESIEVE_WORDS`, so the word ends within those bytes.
                *word &= unsafe { from.add(index).read_unaligned() };
            }
            pattern.at = (pattern.at + 8 * PRESIEVE_WORDS) % pattern.period;
        }
        words.copy_from_slice(&and);
    }
}

/// Clears the multiples of primes that have the same residue modulo 8, eight at a time.
///
/// Eight steps of p bits are p whole bytes. So if the first of eight multiples is the lowest bit of its byte, all eight have
/// fixed bits in their bytes, and the code needs neither shifts nor masks. The start is moved back by up to seven multiples, to
/// before the block, so that this holds. How many groups of eight follow depends only on the prime, so that the CPU can predict
/// it. The last group may reach over the end of the block.
///
/// # Safety
/// All primes must have the same odd residue modulo 8 and be at most `OCTETS_MAX`; each of `at` must be below its prime.
/// `MARGIN` words before the block and behind its `bits` bits must be writable.
#[inline(always)]
pub(super) unsafe fn octets(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: the caller's promises, and each instance is called for its own residue.
    unsafe {
        match primes.first().map(|p| p % 8) {
            Some(1) => octets_of::<1>(block, bits, primes, at),
            Some(3) => octets_of::<3>(block, bits, primes, at),
            Some(5) => octets_of::<5>(block, bits, primes, at),
            Some(_) => octets_of::<7>(block, bits, primes, at),
            None => (),
        }
    }
}

#[inline(always)]
unsafe fn octets_of<const RESIDUE: usize>(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
    for (&p, &at) in primes.iter().zip(at) {
        // An odd residue is its own inverse modulo 8. So many multiples earlier the bit is the lowest of its byte.
        let back = at.wrapping_mul(RESIDUE as u32) % 8;
        let first = (i64::from(at) - i64::from(back * p)) / 8;
        let eighth = p as usize / 8;
        // SAFETY: the first group starts at most seven multiples before the block and the last ends at most sixteen behind it, and
        // `MARGIN` has room for sixteen of the largest primes on each side.
        unsafe {
            let mut byte = block.offset(first as isize);
            for _ in 0..(bits + 7 * p).div_ceil(8 * p) {
                macro_rules! clear {
                    ($($multiple:literal)*) => {$(
                        *byte.add($multiple * eighth + $multiple * RESIDUE / 8) &= !(1 << ($multiple * RESIDUE % 8));
                    )*};
                }
                clear! { 0 1 2 3 4 5 6 7 }
                byte = byte.add(p as usize);
            }
        }
    }
}

/// Clears the multiples of each prime in the block.
///
/// Neighbouring primes have the same number of multiples, ⌊bits/p⌋, or one more. Those with few multiples are most primes, so
/// they have code of their own for each number: no loop, nothing to predict. Where there are more, a loop runs a number of
/// times that hardly ever changes, which the CPU predicts.
///
/// # Safety
/// `block` must have `bits + 1` bits, and each of `at` must be below its prime.
#[inline(always)]
pub(super) unsafe fn cross<C: ClearBit>(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
    let (mut primes, mut at) = (primes, &at[..primes.len()]);
    while let Some(&smallest) = primes.first() {
        let count = bits / smallest;
        // Primes up to this have so many multiples, too.
        let alike = match count {
            0 => primes.len(),
            _ => primes.partition_point(|&p| p <= bits / count),
        };
        let (some, rest) = primes.split_at(alike);
        let (places, later) = at.split_at(alike);
        macro_rules! by_count {
            ($($count:literal)*) => {
                match count {
                    // SAFETY: the caller's promises; all of these primes have `count` multiples within the bits.
                    $($count => unsafe { cross_alike::<C, $count>(block, bits, some, places) },)*
                    // SAFETY: the same.
                    _ => unsafe { cross_many::<C>(block, bits, count, some, places) },
                }
            };
        }
        by_count! { 0 1 2 3 4 5 6 7 8 9 10 11 12 }
        (primes, at) = (rest, later);
    }
}

/// Clears `COUNT` multiples of each prime, and the one that may follow.
///
/// # Safety
/// As for [`cross`]; `COUNT * p` must be at most `bits` for each prime.
#[inline(always)]
unsafe fn cross_alike<C: ClearBit, const COUNT: u32>(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
    for (&p, &at) in primes.iter().zip(at) {
        let mut bit = at;
        for _ in 0..COUNT {
            // SAFETY: `COUNT * p <= bits` and `at < p`, so these bits are below `bits`.
            unsafe { C::clear(block, bit) };
            bit += p;
        }
        // SAFETY: this bit is at most `bits`.
        unsafe { clear_last::<C>(block, bits, bit) };
    }
}

/// The same for any number of multiples.
///
/// # Safety
/// As for [`cross`]; `count * p` must be at most `bits` for each prime.
#[inline(always)]
unsafe fn cross_many<C: ClearBit>(block: *mut u64, bits: u32, count: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: `count * p <= bits` and `at < p`, so every bit of the loops is below `bits`.
    let clear = |bit: u32| unsafe { C::clear(block, bit) };
    for (&p, &at) in primes.iter().zip(at) {
        let (mut bit, mut left) = (at, count);
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
        // SAFETY: this bit is at most `bits`.
        unsafe { clear_last::<C>(block, bits, bit) };
    }
}

/// Clears a multiple that may lie behind the block. Then the spare bit behind the block is written instead, so that nothing is to be
/// predicted.
///
/// # Safety
/// `block` must have `bits + 1` bits.
#[inline(always)]
unsafe fn clear_last<C: ClearBit>(block: *mut u64, bits: u32, bit: u32) {
    // SAFETY: the bit is at most `bits`.
    unsafe { C::clear(block, bit.min(bits)) }
}

/// Clears the listed bits.
///
/// # Safety
/// All of them must lie in the words.
#[inline(always)]
pub(super) unsafe fn clear_bits<C: ClearBit>(words: *mut u64, list: &[u32]) {
    for &bit in list {
        // SAFETY: the caller promises that the bit lies in the words.
        unsafe { C::clear(words, bit) };
    }
}

/// A way to clear one bit.
pub(super) trait ClearBit {
    /// # Safety
    /// The bit must lie in the words, and the CPU must have the instructions.
    unsafe fn clear(words: *mut u64, bit: u32);
}

/// With the plain instructions of the architecture.
pub(super) struct Plain;

/// With the shifts of BMI2, which need no copy first.
#[cfg(target_arch = "x86_64")]
pub(super) struct Bmi2;

#[cfg(target_arch = "x86_64")]
impl ClearBit for Plain {
    /// The compiler would make a mask, rotate it and AND it into memory, which takes twice as long as `btr` in a register.
    #[inline(always)]
    unsafe fn clear(words: *mut u64, bit: u32) {
        // SAFETY: only the word with the bit is read and written, and it lies in the words.
        unsafe {
            let mut word = *words.add(bit as usize / 64);
            std::arch::asm!("btr {word}, {bit}", word = inout(reg) word, bit = in(reg) u64::from(bit), options(pure, nomem, nostack));
            *words.add(bit as usize / 64) = word;
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl ClearBit for Plain {
    #[inline(always)]
    unsafe fn clear(words: *mut u64, bit: u32) {
        // SAFETY: the bit lies in the words.
        unsafe { *words.add(bit as usize / 64) &= !(1 << (bit % 64)) };
    }
}

#[cfg(target_arch = "x86_64")]
impl ClearBit for Bmi2 {
    #[inline(always)]
    unsafe fn clear(words: *mut u64, bit: u32) {
        // SAFETY: only the word with the bit is read and written, and it lies in the words; sets with these shifts have BMI2.
        unsafe {
            std::arch::asm!(
                "shrx {at}, {bit}, {six}",
                "mov {word}, [{words} + 8 * {at}]",
                "btr {word}, {bit}",
                "mov [{words} + 8 * {at}], {word}",
                at = out(reg) _, word = out(reg) _, bit = in(reg) u64::from(bit), six = in(reg) 6u64, words = in(reg) words,
                options(nostack),
            );
        }
    }
}

/// Subtracts modulo the primes.
#[inline(always)]
pub(super) fn step(at: &mut [u32], by: &[u32], primes: &[u32], mut times: u32) {
    // With a fixed count the compiler uses one lane for each prime.
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

/// How many primes `start` handles at once: their intermediate values stay in the first-level cache.
const STARTED: usize = 256;

/// Finds first multiples: p divides the number of bit i if and only if first + M·i is 0 modulo p.
///
/// Everything is done in floats, because lanes can divide floats but not integers. Every value stays below 2^50, so every product
/// and sum is exact. Only quotients are rounded, to an integer next to them. There are several short loops, because the
/// compiler vectorizes only such loops. `FUSED` tells that the set has fused multiply-add.
#[inline(always)]
pub(super) fn start<const FUSED: bool>(start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
    let modulus = f64::from(start.modulus);
    let one_mth = 1.0 / modulus;
    let (mut p, mut one_pth, mut rest) = ([3.0; STARTED], [0.0; STARTED], [0.0; STARTED]);
    let (mut residue, mut negated) = ([0u32; STARTED], [0u32; STARTED]);
    for ((primes, at), by) in primes.chunks(STARTED).zip(at.chunks_mut(STARTED)).zip(by.chunks_mut(STARTED)) {
        for (to, &from) in p.iter_mut().zip(primes) {
            *to = f64::from(from);
        }
        let head = f64::from(start.digits[0]);
        for (((one_pth, residue), rest), &p) in one_pth.iter_mut().zip(&mut residue).zip(&mut rest).zip(&p) {
            *one_pth = 1.0 / p;
            *residue = integer(positive(remainder::<FUSED>(p, modulus, one_mth), modulus));
            *rest = remainder::<FUSED>(head, p, *one_pth);
        }
        for (negated, &residue) in negated.iter_mut().zip(&residue) {
            *negated = start.negated_inverses[residue as usize];
        }
        for &digit in &start.digits[1..] {
            let digit = f64::from(digit);
            for ((rest, &p), &one_pth) in rest.iter_mut().zip(&p).zip(&one_pth) {
                *rest = remainder::<FUSED>(plus::<FUSED>(*rest, 65536.0, digit), p, one_pth);
            }
        }
        let known = p.iter().zip(&one_pth).zip(&negated).zip(&rest);
        for ((at, by), (((&p, &one_pth), &negated), &rest)) in at.iter_mut().zip(by).zip(known) {
            // With k = -1/p mod M, p·k + 1 is a multiple of M, and the quotient is 1/M mod p.
            let inverse = rounded(plus::<FUSED>(p, f64::from(negated), 1.0) * one_mth);
            // -rest/M mod p, with 1/M split into two halves.
            let high = rounded(inverse * (1.0 / 65536.0));
            let low = plus::<FUSED>(high, -65536.0, inverse);
            let product = remainder::<FUSED>(-rest * high, p, one_pth);
            let product = remainder::<FUSED>(plus::<FUSED>(product, 65536.0, -rest * low), p, one_pth);
            let twice = inverse + inverse;
            *at = integer(positive(product, p));
            *by = integer(if twice >= p { twice - p } else { twice });
        }
    }
}

/// Goes from multiple to multiple of large primes and appends those that lie in a wanted class.
///
/// Neighbouring primes have the same number of multiples in the window, or one more. So the primes of a group all make the same
/// number of rounds. In a round each prime leaps once; `round` makes one round and tells whether any place is still in the
/// window.
#[inline(always)]
pub(super) fn leap<const FUSED: bool>(
    leap: &Leap,
    primes: &[u32],
    leaps: &mut Vec<u32>,
    round: impl Fn(&mut [u32; LEAP_GROUP], &[u32; LEAP_GROUP], &mut Vec<u32>) -> bool,
) {
    let head = f64::from(leap.start.digits[0]);
    let (mut p, mut one_pth, mut rest) = ([3.0; LEAP_GROUP], [0.0; LEAP_GROUP], [0.0; LEAP_GROUP]);
    let (mut at, mut by) = ([0; LEAP_GROUP], [0; LEAP_GROUP]);
    for primes in primes.chunks(LEAP_GROUP) {
        for ((p, by), &prime) in p.iter_mut().zip(&mut by).zip(primes) {
            *p = f64::from(prime);
            *by = prime.min(OUTSIDE + 1);
        }
        for ((one_pth, rest), &p) in one_pth.iter_mut().zip(&mut rest).zip(&p) {
            *one_pth = 1.0 / p;
            *rest = remainder::<FUSED>(head, p, *one_pth);
        }
        for &digit in &leap.start.digits[1..] {
            let digit = f64::from(digit);
            for ((rest, &p), &one_pth) in rest.iter_mut().zip(&p).zip(&one_pth) {
                *rest = remainder::<FUSED>(plus::<FUSED>(*rest, 65536.0, digit), p, one_pth);
            }
        }
        for ((at, &rest), &p) in at.iter_mut().zip(&rest).zip(&p) {
            // The first multiple at or above the window's start.
            *at = integer(positive(-rest, p)).min(OUTSIDE);
        }
        // Places without a prime are outside the window from the start.
        at[primes.len()..].fill(OUTSIDE);
        leaps.reserve(LEAP_GROUP + SLACK);
        while round(&mut at, &by, leaps) {
            leaps.reserve(LEAP_GROUP + SLACK);
        }
    }
}

/// How many primes leap together.
pub(super) const LEAP_GROUP: usize = 256;

/// A place behind every window. A leap from here does not overflow, because no leap is longer than this plus one.
pub(super) const OUTSIDE: u32 = (1 << 31) - 1;

/// One round of leaps, prime by prime. Every leap is written; the next one overwrites a leap that was not wanted.
#[inline(always)]
pub(super) fn round(leap: &Leap, at: &mut [u32; LEAP_GROUP], by: &[u32; LEAP_GROUP], leaps: &mut Vec<u32>) -> bool {
    let (width, modulus, mut any) = (leap.width(), leap.start.modulus, false);
    // at / M is at·⌈2^s / M⌉ / 2^s, exact for what is below 2^31 with this s.
    let shift = 32 + modulus.ilog2();
    let scale = (1u64 << shift) / u64::from(modulus) + 1;
    let (mut kept, mut count) = ([0; LEAP_GROUP], 0);
    for (at, &by) in at.iter_mut().zip(by) {
        let bit = ((u64::from(*at) * scale) >> shift) as u32;
        let class = *at - bit * modulus;
        let wanted = leap.wanted[class as usize / 32 % 8] >> (class % 32) & 1 == 1;
        kept[count] = bit | class << CLASS;
        count += usize::from(wanted & (*at < width));
        *at = (*at + by).min(OUTSIDE);
        any |= *at < width;
    }
    leaps.extend_from_slice(&kept[..count]);
    any
}

/// Puts leaps into the lists of their classes.
///
/// # Safety
/// `list_of` must give an existing list for the class of each leap, and each list must have room for all leaps.
#[inline(always)]
pub(super) unsafe fn deal(lists: &mut [Hits], list_of: &[u8; 256], leaps: &[u32]) {
    for leap in leaps {
        let (class, bit) = (leap >> CLASS, leap & ((1 << CLASS) - 1));
        // SAFETY: the caller promises that the list exists and has room for all leaps.
        unsafe {
            let list = lists.get_unchecked_mut(usize::from(list_of[class as usize])).bits_mut();
            let len = list.len();
            list.as_mut_ptr().add(len).write(bit);
            list.set_len(len + 1);
        }
    }
}

/// a·b + c.
#[inline(always)]
fn plus<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The remainder of x modulo p, between -p/2 and p/2, for |x| < 2^17·p < 2^50.
#[inline(always)]
fn remainder<const FUSED: bool>(x: f64, p: f64, one_pth: f64) -> f64 {
    // The quotient is off by at most 2^-34 before it is rounded; near a half it may be rounded either way.
    plus::<FUSED>(rounded(x * one_pth), -p, x)
}

/// The same remainder, between 0 and p.
#[inline(always)]
fn positive(rest: f64, p: f64) -> f64 {
    if rest < 0.0 { rest + p } else { rest }
}

/// Adding this to a float below 2^51 leaves no bits for a fraction.
const TO_INTEGER: f64 = (3u64 << 51) as f64;

/// x to the nearest integer.
#[inline(always)]
fn rounded(x: f64) -> f64 {
    x + TO_INTEGER - TO_INTEGER
}

/// A float that is an integer below 2^32.
#[inline(always)]
fn integer(x: f64) -> u32 {
    (x + TO_INTEGER).to_bits() as u32
}

/// Adds to each list the first multiples that lie in its class, from the prime with index `from` on. Branch-free: every place is
/// written, and the length grows only for those that lie in the class.
///
/// # Safety
/// Every list must have room for all places.
#[inline(always)]
pub(super) unsafe fn collect(multiples: &FirstMultiples, from: usize, times: &[u32], lists: &mut [Hits]) {
    let mut at = multiples.at()[from..].to_vec();
    for (&times, hits) in times.iter().zip(lists) {
        step(&mut at, &multiples.by()[from..], &multiples.primes()[from..], times);
        let bits = hits.bound();
        let list = hits.bits_mut();
        let (to, mut len) = (list.as_mut_ptr(), list.len());
        for &at in &at {
            // SAFETY: `len` grows by at most one with each place, and the caller promises room for all places.
            unsafe { to.add(len).write(at) };
            len += usize::from(at < bits);
        }
        // SAFETY: `len` values were written and kept.
        unsafe { list.set_len(len) };
    }
}

/// The places within a word are added digit by digit, in binary: each digit's set bits are counted at once.
#[inline(always)]
pub(super) fn places(words: &[u64]) -> u64 {
    const BIT_PLACE_MASKS: [u64; 6] = [
        0xaaaa_aaaa_aaaa_aaaa,
        0xcccc_cccc_cccc_cccc,
        0xf0f0_f0f0_f0f0_f0f0,
        0xff00_ff00_ff00_ff00,
        0xffff_0000_ffff_0000,
        0xffff_ffff_0000_0000,
    ];
    let ones = |word: u64| u64::from(word.count_ones());
    let within = |word: u64| (0..6).map(|digit| ones(word & BIT_PLACE_MASKS[digit]) << digit).sum::<u64>();
    (0..).zip(words).map(|(index, &word): (u64, _)| 64 * index * ones(word) + within(word)).sum()
}

/// Compiles all loops for one instruction set: the module `compiled` with a [`Lanes`](super::Lanes) of them. `features` are
/// those of the set, none for the plain instructions of the architecture; `clear` is how it clears a bit, and `fused` tells whether it
/// has fused multiply-add and population counts. A file replaces the loops that it has versions of its own for.
macro_rules! lanes {
    (
        name: $name:literal,
        features: [$($features:literal)?],
        usable: $usable:expr,
        clear: $clear:ident,
        fused: $fused:literal,
    ) => {
        mod compiled {
            use $crate::math::lanes::operands::{Dividend, Divisors};
            use $crate::math::lanes::{Added, AddedQuotients, FirstMultiples, Hits, Lanes, Leap, Pattern, Start};
            use $crate::math::lanes::{adding, counting, generic, listing};

            pub(super) const LANES: Lanes = Lanes {
                name: $name,
                usable: $usable,
                pays: || true,
                presieve,
                octets,
                cross,
                step,
                start,
                collect,
                leap,
                clear_bits,
                octets_end: $crate::math::lanes::OCTETS_END,
                ones,
                places,
                recount,
                stride,
                sum,
                sum_of_pairs: None,
                pick,
                add_up,
                added,
                stride_added,
                added_quotients,
                ascending,
                square,
                total,
            };

            $(#[target_feature(enable = $features)])?
            unsafe fn presieve(words: &mut [u64], patterns: &mut [Pattern]) {
                // SAFETY: `Lanes::presieve` has checked the words and the patterns.
                unsafe { generic::presieve(words, patterns) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn octets(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
                // SAFETY: `Lanes::octets` has checked the primes and the margins, and `FirstMultiples` the places.
                unsafe { generic::octets(block, bits, primes, at) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn cross(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
                // SAFETY: `Lanes::cross` has checked the bits, and `FirstMultiples` the places.
                unsafe { generic::cross::<generic::$clear>(block, bits, primes, at) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn step(at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
                generic::step(at, by, primes, times)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn start(start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
                generic::start::<$fused>(start, primes, at, by)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn collect(multiples: &FirstMultiples, times: &[u32], lists: &mut [Hits]) {
                // SAFETY: `Lanes::collect` has checked the room in the lists.
                unsafe { generic::collect(multiples, 0, times, lists) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
                generic::leap::<$fused>(leap, primes, found, |at, by, found| generic::round(leap, at, by, found));
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn clear_bits(words: *mut u64, list: &[u32]) {
                // SAFETY: `Lanes::clear_bits` has checked that the words go beyond the bound of the hits.
                unsafe { generic::clear_bits::<generic::$clear>(words, list) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn ones(words: &[u64]) -> u64 {
                counting::ones(words)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn places(words: &[u64]) -> u64 {
                generic::places(words)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
                counting::recount(words, before, from)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn stride(segment: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> u32 {
                // SAFETY: `SievedSegment::cross` has checked the strides and the margin.
                unsafe { counting::stride(segment, bytes, p, first) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
                // SAFETY: the segments' `sum` has checked that there is a word, and it has a count for each word.
                unsafe { counting::sum(words, before, start, dividend, divisors) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn pick(
                entries: &[u16],
                above: u16,
                base: u32,
                offsets: &[u16],
                plus: &mut Vec<u32>,
                minus: &mut Vec<u32>,
            ) {
                // SAFETY: `SignedDivisors::pick` has reserved room in both lists and has checked the lengths.
                unsafe { counting::pick(entries, above, base, offsets, plus, minus) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn add_up(words: &[u64], before: &mut [Added]) -> Added {
                adding::run(words, adding::words::<$fused>, |index, added| before[index] = added)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn added(words: &[u64]) -> Added {
                adding::run(words, adding::words::<$fused>, |_, _| ())
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn stride_added(segment: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> Added {
                // SAFETY: `AddedSegment::cross` has checked the strides and the margin.
                unsafe { adding::stride(segment, bytes, p, first) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn added_quotients(
                words: &[u64],
                before: &[Added],
                start: u64,
                dividend: Dividend,
                divisors: &[u32],
            ) -> AddedQuotients {
                adding::quotients(words, before, start, dividend, divisors, adding::words::<$fused>)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn ascending(first: u64, list: &mut [u64]) {
                listing::ascending(first, list)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn square(list: &mut [u64]) {
                listing::square(list)
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn total(list: &[u64]) -> u128 {
                listing::total(list)
            }
        }
    };
}
pub(super) use lanes;
