//! The loops as plain code, to be compiled once for each instruction set.
//!
//! Everything here is inlined into the functions of one set, whose instructions the compiler then uses.

use super::{CLASS, Comb, Hits, Leap, SLACK, STRIPE_WORDS, Start, Stripe};

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

/// Clears the teeth of primes that are alike modulo 8, eight at a time.
///
/// Eight steps of p bits are p whole bytes, so if the first of eight teeth is the lowest bit of its byte, all
/// eight have fixed bits in their bytes, and the code for them has neither shifts nor masks to compute. The
/// first tooth is made one by going back up to seven teeth before the block; how many eights follow depends
/// on the prime alone, so that the CPU can predict it, and the last may reach over the block's end.
///
/// # Safety
/// As `Lanes::octets` checks.
#[inline(always)]
pub(super) unsafe fn octets(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: the caller's, and each is called for its residue.
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
        // An odd residue is its own inverse modulo 8: so many steps back the bit is a byte's lowest.
        let back = at.wrapping_mul(RESIDUE as u32) % 8;
        let first = (i64::from(at) - i64::from(back * p)) / 8;
        let eighth = p as usize / 8;
        // SAFETY: the first octet begins at most seven primes before the block, the last one ends at most
        // sixteen behind it.
        unsafe {
            let mut byte = block.offset(first as isize);
            for _ in 0..(bits + 7 * p).div_ceil(8 * p) {
                macro_rules! clear {
                    ($($tooth:literal)*) => {$(
                        *byte.add($tooth * eighth + $tooth * RESIDUE / 8) &= !(1 << ($tooth * RESIDUE % 8));
                    )*};
                }
                clear! { 0 1 2 3 4 5 6 7 }
                byte = byte.add(p as usize);
            }
        }
    }
}

/// Clears every prime's teeth in the block.
///
/// Neighbouring primes have equally many, ⌊bits/p⌋ or one more. So the loop runs a count that hardly ever
/// changes, which the CPU predicts, and the one tooth that may or may not be there goes to the spare bit if
/// it is not.
///
/// # Safety
/// As `Lanes::cross` checks.
#[inline(always)]
pub(super) unsafe fn cross<const BMI2: bool>(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: every bit cleared is at most `bits`.
    let clear = |bit: u32| unsafe { clear::<BMI2>(block, bit) };
    let Some(&smallest) = primes.first() else { return };
    let mut teeth = bits / smallest;
    for (&p, &at) in primes.iter().zip(at) {
        while u64::from(teeth) * u64::from(p) > u64::from(bits) {
            teeth -= 1;
        }
        let (mut bit, mut left) = (at, teeth);
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

/// Clears the listed bits.
///
/// # Safety
/// They must lie in the line.
#[inline(always)]
pub(super) unsafe fn strike<const BMI2: bool>(line: *mut u64, list: &[u32]) {
    for &bit in list {
        // SAFETY: the caller's.
        unsafe { clear::<BMI2>(line, bit) };
    }
}

/// Clears one bit.
///
/// The compiler would make a mask, rotate it and AND it into memory, which takes twice as long as clearing the
/// bit in a register with the instruction made for it; and with BMI2 a shift needs no copy first.
///
/// # Safety
/// The bit must lie in the words.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn clear<const BMI2: bool>(words: *mut u64, bit: u32) {
    let bit = u64::from(bit);
    // SAFETY: the caller's, and a set with BMI2 says so.
    unsafe {
        if BMI2 {
            std::arch::asm!(
                "shrx {at}, {bit}, {six}",
                "mov {word}, [{words} + 8 * {at}]",
                "btr {word}, {bit}",
                "mov [{words} + 8 * {at}], {word}",
                at = out(reg) _, word = out(reg) _, bit = in(reg) bit, six = in(reg) 6u64, words = in(reg) words,
                options(nostack),
            );
        } else {
            let mut word = *words.add(bit as usize / 64);
            std::arch::asm!("btr {word}, {bit}", word = inout(reg) word, bit = in(reg) bit, options(pure, nomem, nostack));
            *words.add(bit as usize / 64) = word;
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn clear<const BMI2: bool>(words: *mut u64, bit: u32) {
    // SAFETY: the caller's.
    unsafe { *words.add(bit as usize / 64) &= !(1 << (bit % 64)) };
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

/// Primes that `start` takes at once: what is known of them on the way stays in the first-level cache.
const STARTED: usize = 256;

/// Finds first hits: bit i is a multiple of p if and only if first + M·i is 0 modulo p.
///
/// All of it in floats, which divide in lanes where integers do not: every value stays below 2^50, so every
/// product and sum is exact, and only quotients are rounded, to an integer next to them. One short loop
/// follows another, because only such loops does the compiler turn into lanes. `FUSED` says that the set
/// multiplies and adds with one instruction.
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
            // -rest/M mod p, with 1/M in two halves.
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

/// Goes from multiple to multiple of long primes and appends those that lie in a wanted line.
///
/// Neighbouring primes have equally many multiples in the window or one more, so the primes of a group go
/// equally many rounds, in each of which all leap once; `round` is one, and tells whether any is still there.
#[inline(always)]
pub(super) fn leap<const FUSED: bool>(
    leap: &Leap,
    primes: &[u32],
    leaps: &mut Vec<u32>,
    round: impl Fn(&mut [u32; GROUP], &[u32; GROUP], &mut Vec<u32>) -> bool,
) {
    let head = f64::from(leap.start.digits[0]);
    let (mut p, mut one_pth, mut rest) = ([3.0; GROUP], [0.0; GROUP], [0.0; GROUP]);
    let (mut at, mut by) = ([0; GROUP], [0; GROUP]);
    for primes in primes.chunks(GROUP) {
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
            // The first multiple that is not below low.
            *at = integer(positive(-rest, p)).min(OUTSIDE);
        }
        // Primes that are not there are out of the window from the start.
        at[primes.len()..].fill(OUTSIDE);
        leaps.reserve(GROUP + SLACK);
        while round(&mut at, &by, leaps) {
            leaps.reserve(GROUP + SLACK);
        }
    }
}

/// Primes that leap together.
pub(super) const GROUP: usize = 256;

/// Behind every window; and a leap from here, which is at most one longer, does not come round.
pub(super) const OUTSIDE: u32 = (1 << 31) - 1;

/// A round of leaps, prime by prime: every place is written, and what should not have been is written over.
#[inline(always)]
pub(super) fn round(leap: &Leap, at: &mut [u32; GROUP], by: &[u32; GROUP], leaps: &mut Vec<u32>) -> bool {
    let (width, modulus, mut any) = (leap.width(), leap.start.modulus, false);
    // at / M is at·⌈2^s / M⌉ / 2^s, exact for what is below 2^31 with this s.
    let shift = 32 + modulus.ilog2();
    let scale = (1u64 << shift) / u64::from(modulus) + 1;
    let (mut kept, mut count) = ([0; GROUP], 0);
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

/// Deals leaps out to the lines of their classes.
///
/// # Safety
/// As `Hits::deal` checks: for each leap there is a line, with room for all.
#[inline(always)]
pub(super) unsafe fn deal(lists: &mut [Hits], list_of: &[u8; 256], leaps: &[u32]) {
    for leap in leaps {
        let (class, bit) = (leap >> CLASS, leap & ((1 << CLASS) - 1));
        // SAFETY: the caller's.
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

/// What is left of x modulo p, between -p/2 and p/2, for |x| < 2^17·p < 2^50.
#[inline(always)]
fn remainder<const FUSED: bool>(x: f64, p: f64, one_pth: f64) -> f64 {
    // The quotient is wrong by 2^-34 at most before it is rounded: next to a half it may go either way.
    plus::<FUSED>(rounded(x * one_pth), -p, x)
}

/// The same between 0 and p.
#[inline(always)]
fn positive(rest: f64, p: f64) -> f64 {
    if rest < 0.0 { rest + p } else { rest }
}

/// Adding it to a float below 2^51 leaves no bits for a fraction.
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

/// Adds to each line the comb's teeth in it, from the comb's prime number `from` on: every place is written, and
/// what should not have been is written over.
///
/// # Safety
/// There must be room for all in every line.
#[inline(always)]
pub(super) unsafe fn rake(comb: &Comb, from: usize, times: &[u32], lines: &mut [Hits]) {
    let mut at = comb.at()[from..].to_vec();
    for (&times, hits) in times.iter().zip(lines) {
        step(&mut at, &comb.by()[from..], &comb.primes()[from..], times);
        let bits = hits.bound();
        let list = hits.bits_mut();
        let (to, mut len) = (list.as_mut_ptr(), list.len());
        for &at in &at {
            // SAFETY: the caller's: `len` grows by one at most with each.
            unsafe { to.add(len).write(at) };
            len += usize::from(at < bits);
        }
        // SAFETY: so many were written.
        unsafe { list.set_len(len) };
    }
}

#[inline(always)]
pub(super) fn ones(line: &[u64]) -> u64 {
    line.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// A place in binary: those within a word add up digit by digit, each digit's ones counted at once.
#[inline(always)]
pub(super) fn places(line: &[u64]) -> u64 {
    const DIGITS: [u64; 6] = [
        0xaaaa_aaaa_aaaa_aaaa,
        0xcccc_cccc_cccc_cccc,
        0xf0f0_f0f0_f0f0_f0f0,
        0xff00_ff00_ff00_ff00,
        0xffff_0000_ffff_0000,
        0xffff_ffff_0000_0000,
    ];
    let ones = |word: u64| u64::from(word.count_ones());
    let within = |word: u64| (0..6).map(|digit| ones(word & DIGITS[digit]) << digit).sum::<u64>();
    (0..).zip(line).map(|(index, &word): (u64, _)| 64 * index * ones(word) + within(word)).sum()
}

/// Compiles the loops for one instruction set and makes its row of the table; whether it has fused
/// multiplications is its own, and so are `rake` and `leap`.
macro_rules! lanes {
    ($name:literal, $features:literal, $usable:expr, $fused:literal, $rake:path, $leap:path, $recount:path, $recount_lines:path, $sum:path, $sum_lines:path, $pick:path) => {
        pub(super) const LANES: $crate::math::lanes::Lanes = $crate::math::lanes::Lanes {
            name: $name,
            usable: $usable,
            presieve,
            octets,
            cross,
            step,
            start,
            rake: $rake,
            leap: $leap,
            strike,
            ones,
            places,
            recount: $recount,
            recount_lines: $recount_lines,
            stride,
            sum: $sum,
            sum_lines: $sum_lines,
            pick: $pick,
        };
        use $crate::math::lanes::{Start, Stripe, counting, generic};

        #[target_feature(enable = $features)]
        unsafe fn presieve(line: &mut [u64], stripes: &mut [Stripe]) {
            // SAFETY: the caller's.
            unsafe { generic::presieve(line, stripes) }
        }
        #[target_feature(enable = $features)]
        unsafe fn octets(block: *mut u8, bits: u32, primes: &[u32], at: &[u32]) {
            // SAFETY: the caller's.
            unsafe { generic::octets(block, bits, primes, at) }
        }
        #[target_feature(enable = $features)]
        unsafe fn cross(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
            // SAFETY: the caller's.
            unsafe { generic::cross::<true>(block, bits, primes, at) }
        }
        #[target_feature(enable = $features)]
        unsafe fn step(at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
            generic::step(at, by, primes, times)
        }
        #[target_feature(enable = $features)]
        unsafe fn start(start: &Start, primes: &[u32], at: &mut [u32], by: &mut [u32]) {
            generic::start::<$fused>(start, primes, at, by)
        }
        #[target_feature(enable = $features)]
        unsafe fn strike(line: *mut u64, list: &[u32]) {
            // SAFETY: the caller's.
            unsafe { generic::strike::<true>(line, list) }
        }
        #[target_feature(enable = $features)]
        unsafe fn ones(line: &[u64]) -> u64 {
            generic::ones(line)
        }
        #[target_feature(enable = $features)]
        unsafe fn places(line: &[u64]) -> u64 {
            generic::places(line)
        }
        #[target_feature(enable = $features)]
        unsafe fn stride(row: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> u32 {
            // SAFETY: the caller's.
            unsafe { counting::stride(row, bytes, p, first) }
        }
    };
}
pub(super) use lanes;
