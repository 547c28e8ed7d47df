//! The counting sieve's loops as plain code, to be compiled once for each instruction set; see `counted.rs`.

use super::counted::Dividend;

/// For each number of a word's 240, and beyond: the bits of those up to it.
pub(super) static MASKS: [u64; 256] = {
    let residues = super::counted::RESIDUES;
    let mut masks = [0u64; 256];
    let mut rest = 0;
    while rest < 256 {
        let mut bit = 0;
        while bit < 64 {
            if 30 * (bit as u32 / 8) + residues[bit % 8] <= rest as u32 {
                masks[rest] |= 1 << bit;
            }
            bit += 1;
        }
        rest += 1;
    }
    masks
};

/// The quotient, rounded down. A float quotient below 2^51 is one off at most, and the rest, of which the low 64 bits
/// are enough, tells which way.
#[inline(always)]
pub(super) fn quotient(dividend: Dividend, divisor: u64) -> u64 {
    let guess = (dividend.float / divisor as f64) as u64;
    let rest = dividend.low.wrapping_sub(guess.wrapping_mul(divisor)) as i64;
    guess.wrapping_add(u64::from(rest >= divisor as i64)).wrapping_sub(u64::from(rest < 0))
}

/// Counts before each word, beginning at `from`.
#[inline(always)]
pub(super) fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    let mut sum = from;
    for (word, before) in words.iter().zip(before) {
        *before = sum;
        sum = sum.wrapping_add(word.count_ones());
    }
    sum
}

/// Clears a prime's multiples. All residues go in step, so there is one loop, whose length hardly changes from row to
/// row; what reaches over the end meets the margin.
///
/// # Safety
/// `first` are below `p`, and `p` bytes behind the row may be written.
#[inline(always)]
pub(super) unsafe fn stride(row: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) {
    let first = first.map(|first| first as usize);
    let mut at = row;
    for _ in 0..bytes.div_ceil(p) {
        // SAFETY: the caller's.
        unsafe {
            *at.add(first[0]) &= !(1 << 0);
            *at.add(first[1]) &= !(1 << 1);
            *at.add(first[2]) &= !(1 << 2);
            *at.add(first[3]) &= !(1 << 3);
            *at.add(first[4]) &= !(1 << 4);
            *at.add(first[5]) &= !(1 << 5);
            *at.add(first[6]) &= !(1 << 6);
            *at.add(first[7]) &= !(1 << 7);
        }
        at = at.wrapping_add(p as usize);
    }
}

/// The sum of the counts up to the quotients.
///
/// # Safety
/// There is a word, and as many counts as words.
#[inline(always)]
pub(super) unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    let last = words.len() as u64 - 1;
    let mut sum = 0;
    for &divisor in divisors {
        let offset = quotient(dividend, divisor.into()).wrapping_sub(start);
        let word = (offset / 240).min(last) as usize;
        // SAFETY: it is no further than the last word.
        let (bits, before) = unsafe { (*words.get_unchecked(word), *before.get_unchecked(word)) };
        sum += u64::from(before) + u64::from((bits & MASKS[(offset % 240) as usize]).count_ones());
    }
    sum
}

/// Entries above a threshold, the even ones' numbers to one list and the odd ones' to another; without a branch, as half
/// of them or so pass.
///
/// # Safety
/// There is room for all entries in both lists; there are as many offsets.
#[inline(always)]
pub(super) unsafe fn pick(
    entries: &[u16],
    above: u16,
    base: u32,
    offsets: &[u16],
    plus: &mut Vec<u32>,
    minus: &mut Vec<u32>,
) {
    let (mut even, mut odd) = (plus.len(), minus.len());
    let (to_plus, to_minus) = (plus.as_mut_ptr(), minus.as_mut_ptr());
    for (&entry, &offset) in entries.iter().zip(offsets) {
        let number = base + u32::from(offset);
        // SAFETY: each step writes at most one value behind those that are kept.
        unsafe {
            *to_plus.add(even) = number;
            *to_minus.add(odd) = number;
        }
        let passes = usize::from(entry > above);
        even += passes & usize::from(entry & 1 == 0);
        odd += passes & usize::from(entry & 1 == 1);
    }
    // SAFETY: so many were written.
    unsafe {
        plus.set_len(even);
        minus.set_len(odd);
    }
}
