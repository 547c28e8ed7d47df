//! The counting sieve's loops as plain code, to be compiled once for each instruction set; see `counted.rs`.

use super::counted::{Dividend, Line};

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

/// Counts before each line.
#[inline(always)]
pub(super) fn recount_lines(lines: &[Line], before: &mut [u32]) -> u32 {
    let mut sum = 0u32;
    for (line, before) in lines.iter().zip(before) {
        *before = sum;
        sum += line.0.iter().map(|word| word.count_ones()).sum::<u32>();
    }
    sum
}

/// Clears a prime's multiples and counts those that were set. All residues go in step, so there is one loop, whose length hardly changes from row to
/// row; what reaches over the end meets the margin.
///
/// # Safety
/// `first` are below `p`, and `p` bytes behind the row may be written.
#[inline(always)]
pub(super) unsafe fn stride(row: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> u32 {
    let first = first.map(|first| first as usize);
    let (mut at, mut cleared) = (row, 0);
    for _ in 0..bytes.div_ceil(p) {
        // SAFETY: the caller's.
        unsafe {
            clear::<0>(at, first[0], &mut cleared);
            clear::<1>(at, first[1], &mut cleared);
            clear::<2>(at, first[2], &mut cleared);
            clear::<3>(at, first[3], &mut cleared);
            clear::<4>(at, first[4], &mut cleared);
            clear::<5>(at, first[5], &mut cleared);
            clear::<6>(at, first[6], &mut cleared);
            clear::<7>(at, first[7], &mut cleared);
        }
        at = at.wrapping_add(p as usize);
    }
    cleared
}

/// Clears a bit of a byte and counts it if it was set.
///
/// The compiler would gather eight of these into a register, which takes twice as long as an instruction that leaves
/// the bit in the carry and one that adds that.
///
/// # Safety
/// The byte may be written.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn clear<const BIT: u8>(at: *mut u8, offset: usize, cleared: &mut u32) {
    // SAFETY: the caller's.
    unsafe {
        std::arch::asm!(
            "movzx {byte:e}, byte ptr [{at} + {offset}]",
            "btr {byte:e}, {bit}",
            "adc {cleared:e}, 0",
            "mov byte ptr [{at} + {offset}], {byte:l}",
            byte = out(reg) _,
            at = in(reg) at,
            offset = in(reg) offset,
            bit = const BIT,
            cleared = inout(reg) *cleared,
            options(nostack),
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn clear<const BIT: u8>(at: *mut u8, offset: usize, cleared: &mut u32) {
    // SAFETY: the caller's.
    let byte = unsafe { &mut *at.add(offset) };
    *cleared += u32::from(*byte >> BIT & 1);
    *byte &= !(1 << BIT);
}

/// Quotients that are found before they are looked up.
const GROUP: usize = 64;

/// Where the quotients lie: the word, no further than the last, times 256 and the number in the word. Written so that a
/// compiler can take as many at once as its registers hold.
#[inline(always)]
fn spots(dividend: Dividend, start: u64, last: usize, divisors: &[u32], spots: &mut [u32; GROUP]) {
    if !dividend.short {
        for (&divisor, spot) in divisors.iter().zip(spots) {
            let offset = quotient(dividend, divisor.into()).wrapping_sub(start);
            *spot = (((offset / 240).min(last as u64) << 8) | (offset % 240)) as u32;
        }
        return;
    }
    // With half a number more, no quotient is so near to a whole number that what floats lose could matter.
    let (numbers, first, most) = (dividend.float + 0.5, start as f64, (240 * last) as f64 + 239.5);
    for (&divisor, spot) in divisors.iter().zip(spots) {
        let offset = (numbers / f64::from(divisor) - first).max(0.0).min(most);
        // SAFETY: between 0 and 2^32 / 256 words of 240 numbers.
        unsafe {
            let word = (offset * (1.0 / 240.0)).to_int_unchecked::<i32>();
            let rest = (offset - 240.0 * f64::from(word)).to_int_unchecked::<i32>();
            *spot = ((word << 8) | (rest & 0xff)) as u32;
        }
    }
}

/// The sum of the counts up to the quotients.
///
/// # Safety
/// There is a word, and as many counts as words.
#[inline(always)]
pub(super) unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    let (mut sum, mut found) = (0, [0u32; GROUP]);
    for group in divisors.chunks(GROUP) {
        spots(dividend, start, words.len() - 1, group, &mut found);
        for &spot in &found[..group.len()] {
            let word = (spot >> 8) as usize;
            // SAFETY: it is no further than the last word.
            let (bits, before) = unsafe { (*words.get_unchecked(word), *before.get_unchecked(word)) };
            sum += u64::from(before) + u64::from((bits & MASKS[(spot & 0xff) as usize]).count_ones());
        }
    }
    sum
}

/// The sum of the counts up to the quotients.
///
/// # Safety
/// There is a line, and as many counts as lines.
#[inline(always)]
pub(super) unsafe fn sum_lines(
    lines: &[Line],
    before: &[u32],
    start: u64,
    dividend: Dividend,
    divisors: &[u32],
) -> u64 {
    let (mut sum, mut found) = (0, [0u32; GROUP]);
    for group in divisors.chunks(GROUP) {
        spots(dividend, start, 8 * lines.len() - 1, group, &mut found);
        for &spot in &found[..group.len()] {
            let word = (spot >> 8) as usize;
            // SAFETY: it is no further than the last word.
            let (line, before) = unsafe { (lines.get_unchecked(word / 8), *before.get_unchecked(word / 8)) };
            // All eight words, so that nothing depends on how many there are to count.
            let whole: u32 = (0..8).map(|at| if at < word % 8 { line.0[at].count_ones() } else { 0 }).sum();
            let rest = (line.0[word % 8] & MASKS[(spot & 0xff) as usize]).count_ones();
            sum += u64::from(before + whole + rest);
        }
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
