//! The loops of the counting sieve as plain code, compiled once for each instruction set; see `segment.rs`.

use super::operands::{Dividend, Divisors, RESIDUES_30};

/// For each number below 256: the bits of a word that stand for numbers up to it.
pub(super) static MASKS: [u64; 256] = {
    let residues = RESIDUES_30;
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

/// Writes how many bits are set before each word, beginning with `from`. Returns `from` plus all that are set. The words are
/// counted first, which the compiler can do for as many at once as its registers hold.
#[inline(always)]
pub(super) fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    let mut sum = from;
    for (words, before) in words.chunks(QUOTIENT_GROUP).zip(before.chunks_mut(QUOTIENT_GROUP)) {
        words.iter().zip(&mut *before).for_each(|(word, count)| *count = word.count_ones());
        for count in before {
            sum = sum.wrapping_add(std::mem::replace(count, sum));
        }
    }
    sum
}

/// How many bits are set, by carry-save adders (Harley and Seal): of eight words only one is counted, which holds the eights.
/// The sums are so many side by side that the compiler makes a loop in vector registers of it.
#[inline(always)]
pub(super) fn ones(words: &[u64]) -> u64 {
    const SIDE_BY_SIDE: usize = 8;
    let zero = [0; SIDE_BY_SIDE];
    let (mut ones, mut twos, mut fours, mut eights) = (zero, zero, zero, 0);
    let (blocks, rest) = words.as_chunks::<{ 8 * SIDE_BY_SIDE }>();
    for block in blocks {
        for at in 0..SIDE_BY_SIDE {
            let word = |index: usize| block[SIDE_BY_SIDE * index + at];
            let (one, two_a) = add(ones[at], word(0), word(1));
            let (one, two_b) = add(one, word(2), word(3));
            let (two, four_a) = add(twos[at], two_a, two_b);
            let (one, two_a) = add(one, word(4), word(5));
            let (one, two_b) = add(one, word(6), word(7));
            let (two, four_b) = add(two, two_a, two_b);
            let (four, eight) = add(fours[at], four_a, four_b);
            (ones[at], twos[at], fours[at]) = (one, two, four);
            eights += u64::from(eight.count_ones());
        }
    }
    8 * eights + 4 * count(&fours) + 2 * count(&twos) + count(&ones) + count(rest)
}

/// The sum of three bits in each place: the bits of this place, and the carries.
#[inline(always)]
fn add(a: u64, b: u64, c: u64) -> (u64, u64) {
    let either = a ^ b;
    (either ^ c, (a & b) | (either & c))
}

#[inline(always)]
fn count(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Clears the multiples of a prime and counts the bits that were set. All eight residues advance together, so there is one
/// loop, and its length hardly changes from segment to segment. What reaches over the end lies in the margin.
///
/// # Safety
/// All of `first` must be below `p`, and `p` bytes behind the segment must be writable.
#[inline(always)]
pub(super) unsafe fn stride(segment: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> u32 {
    let first = first.map(|first| first as usize);
    let (mut at, mut cleared) = (segment, 0);
    for _ in 0..bytes.div_ceil(p) {
        // SAFETY: `at` lies less than `bytes` behind the start in each turn, and each `first` is below `p`, so the byte is at most
        // `p` behind the segment, where the caller lets us write.
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
/// The compiler would collect eight of these in a register, which takes twice as long. `btr` leaves the bit in the carry,
/// and `adc` adds it.
///
/// # Safety
/// The byte at `at + offset` must be writable.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
unsafe fn clear<const BIT: u8>(at: *mut u8, offset: usize, cleared: &mut u32) {
    // SAFETY: only the byte at `at + offset` is read and written, which the caller lets us do.
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

#[cfg(any(not(target_arch = "x86_64"), miri))]
#[inline(always)]
unsafe fn clear<const BIT: u8>(at: *mut u8, offset: usize, cleared: &mut u32) {
    // SAFETY: the caller lets us write this byte, and nothing else refers to it.
    let byte = unsafe { &mut *at.add(offset) };
    *cleared += u32::from(*byte >> BIT & 1);
    *byte &= !(1 << BIT);
}

/// How many quotients are computed before they are looked up.
pub(super) const QUOTIENT_GROUP: usize = 64;

/// What the quotients lie within: the segment's first number and its last word.
#[derive(Clone, Copy)]
pub(super) struct Within {
    pub(super) start: u64,
    pub(super) last: usize,
}

/// Where the quotients lie: the word, at most the last one, times 256, plus the number within the word. Written so that the
/// compiler can compute as many at once as its registers hold.
///
/// A short dividend is divided as it is. Of a long one first the multiple by the segment's first number is subtracted: the rest is
/// below [`FLOAT_END`](super::operands::FLOAT_END), as `segment::sum` sees to it, so its low 64 bits are all of it.
#[inline(always)]
fn spots(dividend: Dividend, within: Within, divisors: Divisors, spots: &mut [u32; QUOTIENT_GROUP]) {
    let Within { start, last } = within;
    let numbers = divisors.numbers();
    let whole = |_: u32| dividend.float + 0.5;
    let rest = |divisor: u32| dividend.low.wrapping_sub(start.wrapping_mul(divisor.into())) as i64 as f64 + 0.5;
    let first = if dividend.short { start as f64 } else { 0.0 };
    let spot = |quotient: f64| spot(quotient - first, last);
    let all = numbers.iter().zip(spots);
    match (dividend.short, divisors.reciprocals()) {
        (true, None) => all.for_each(|(&d, to)| *to = spot(whole(d) / f64::from(d))),
        (false, None) => all.for_each(|(&d, to)| *to = spot(rest(d) / f64::from(d))),
        (true, Some(inverse)) => all.zip(inverse).for_each(|((&d, to), inverse)| *to = spot(whole(d) * inverse)),
        (false, Some(inverse)) => all.zip(inverse).for_each(|((&d, to), inverse)| *to = spot(rest(d) * inverse)),
    }
}

/// Where a number of the segment is, given as a float that is nearer to it than to its neighbours.
///
/// The offset is an integer below 240·2^14 < 2^22, so it is exact as a single float. The word is that over 240, found as
/// offset·(1/240) + 0.5/240, rounded down. Exactly, this is at least 0.5/240 > 2^-8.91 away from every integer. The rounded 1/240 is
/// off by a part in 2^24, so the product by at most 2^14·2^-24 = 2^-10. Product and sum are at most 2^14, so each rounding is at
/// most 2^-11; the rounded 0.5/240 is off by less than 2^-32. Together this is less than 2^-8.99.
#[inline(always)]
fn spot(offset: f64, last: usize) -> u32 {
    let most = (240 * last) as f64 + 239.5;
    // Written so that each line is one instruction, and so that 0 comes out if it is not a number.
    let offset = if offset > 0.0 { offset } else { 0.0 };
    let offset = if offset < most { offset } else { most };
    // SAFETY: `offset` is clamped to 0..=240·last + 239.5, and a segment has at most 2^14 words, so both floats are finite and
    // fit an `i32`.
    unsafe {
        let offset = offset.to_int_unchecked::<i32>();
        let word = (offset as f32 * (1.0 / 240.0) + 0.5 / 240.0).to_int_unchecked::<i32>();
        // 256·word + (offset - 240·word).
        (offset + 16 * word) as u32
    }
}

/// The sum over the divisors of how many bits are set up to the quotient. The bits are collected and then counted, as that is
/// quicker without an instruction that counts.
///
/// # Safety
/// There must be at least one word, at most [`SUM_WORDS_MAX`](super::segment::SUM_WORDS_MAX), and as many counts as words.
#[inline(always)]
pub(super) unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    let (mut sum, mut found, mut inside) = (0, [0u32; QUOTIENT_GROUP], [0u64; QUOTIENT_GROUP]);
    let within = Within { start, last: words.len() - 1 };
    for group in divisors.groups(QUOTIENT_GROUP) {
        spots(dividend, within, group, &mut found);
        let count = group.numbers().len();
        for (&spot, inside) in found[..count].iter().zip(&mut inside) {
            let word = (spot >> 8) as usize;
            // SAFETY: `spots` gives no word beyond the last, and there are as many counts as words.
            let (bits, before) = unsafe { (*words.get_unchecked(word), *before.get_unchecked(word)) };
            *inside = bits & MASKS[(spot & 0xff) as usize];
            sum += u64::from(before);
        }
        sum += ones(&inside[..count]);
    }
    sum
}

/// The sum of how many bits are set up to these places, for lanes that count a word in one instruction.
///
/// # Safety
/// No place may be in a word beyond the last, and there must be as many counts as words.
#[inline(always)]
pub(super) unsafe fn look_up(words: &[u64], before: &[u32], found: &[u32]) -> u64 {
    let (mut sum, mut inside) = (0, 0);
    for &spot in found {
        let word = (spot >> 8) as usize;
        // SAFETY: the caller says that there is such a word and its count.
        let (bits, before) = unsafe { (*words.get_unchecked(word), *before.get_unchecked(word)) };
        sum += u64::from(before);
        inside += u64::from((bits & MASKS[(spot & 0xff) as usize]).count_ones());
    }
    sum + inside
}

/// Collects the entries above a threshold: the numbers of even entries in one list, those of odd entries in the other.
/// Branch-free: every number is written, and the length grows only for those kept, because about half of them pass.
///
/// # Safety
/// Both lists must have room for all entries, and there must be as many offsets as entries.
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
        // SAFETY: each step writes one value behind those kept, and there is room for as many values as entries.
        unsafe {
            *to_plus.add(even) = number;
            *to_minus.add(odd) = number;
        }
        let passes = usize::from(entry > above);
        even += passes & usize::from(entry & 1 == 0);
        odd += passes & usize::from(entry & 1 == 1);
    }
    // SAFETY: `even` and `odd` values were written and kept.
    unsafe {
        plus.set_len(even);
        minus.set_len(odd);
    }
}
