//! The loops that add up the numbers of a segment as plain code, compiled once for each instruction set; see `added_segment.rs`.
//!
//! A word stands for 240 numbers, a bit for each that is prime to 30. What a word comes to is how many bits are set, and the sum of
//! their offsets, which are below 240.

use super::counting::MASKS;
use super::operands::{Dividend, RESIDUES_30, WORD};

/// How many numbers there are, and the sum of their offsets from the first number of the segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// How many numbers.
    pub count: u64,
    /// The sum of their offsets.
    pub offsets: u64,
}

/// The sums over divisors d: of d, and of d times what is added up to the quotient by d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddedQuotients {
    /// Σ d.
    pub divisors: u64,
    /// Σ d·count.
    pub counts: u128,
    /// Σ d·offsets.
    pub offsets: u128,
}

/// How many words are added up before their sums are put in order.
pub(super) const GROUP: usize = 64;

/// For each of the eight binary digits of an offset: the bits whose offsets have it. All have the lowest, because residues are odd
/// and 30 is even.
static DIGITS: [u64; 8] = {
    let mut masks = [0u64; 8];
    let mut bit = 0;
    while bit < 64 {
        let offset = 30 * (bit as u32 / 8) + RESIDUES_30[bit % 8];
        let mut digit = 0;
        while digit < 8 {
            if offset >> digit & 1 == 1 {
                masks[digit] |= 1 << bit;
            }
            digit += 1;
        }
        bit += 1;
    }
    masks
};

/// For each byte: how many bits are set, and the sum of their residues.
static BYTES: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte][0] += 1;
                table[byte][1] += RESIDUES_30[bit] as u8;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// What a word comes to: by eight population counts where the CPU has them, or else by a table of bytes.
#[inline(always)]
pub(super) fn word<const POPCNT: bool>(bits: u64) -> [u64; 2] {
    if POPCNT {
        let digit = |digit: usize| u64::from((bits & DIGITS[digit]).count_ones()) << digit;
        let count = digit(0);
        return [count, count + digit(1) + digit(2) + digit(3) + digit(4) + digit(5) + digit(6) + digit(7)];
    }
    let (mut count, mut offsets, mut base) = (0, 0, 0);
    for byte in bits.to_le_bytes() {
        let [ones, residues] = BYTES[usize::from(byte)].map(u64::from);
        count += ones;
        offsets += residues + base * ones;
        base += 30;
    }
    [count, offsets]
}

/// What each of a group of words comes to.
#[inline(always)]
pub(super) fn words<const POPCNT: bool>(words: &[u64; GROUP], counts: &mut [u64; GROUP], offsets: &mut [u64; GROUP]) {
    for ((&bits, count), offset) in words.iter().zip(counts).zip(offsets) {
        [*count, *offset] = word::<POPCNT>(bits);
    }
}

/// What all words come to. `each` gets the index of each word and what the words before it come to.
#[inline(always)]
pub(super) fn run(
    segment: &[u64],
    group: impl Fn(&[u64; GROUP], &mut [u64; GROUP], &mut [u64; GROUP]),
    mut each: impl FnMut(usize, Added),
) -> Added {
    let (mut sum, mut first, mut index) = (Added::default(), 0, 0);
    let (mut counts, mut offsets) = ([0; GROUP], [0; GROUP]);
    let (groups, rest) = segment.as_chunks::<GROUP>();
    let mut last = [0; GROUP];
    last[..rest.len()].copy_from_slice(rest);
    for (words, len) in groups.iter().map(|words| (words, GROUP)).chain([(&last, rest.len())]) {
        group(words, &mut counts, &mut offsets);
        for (&count, &offset) in counts[..len].iter().zip(&offsets) {
            each(index, sum);
            sum.count += count;
            sum.offsets += offset + first * count;
            first += WORD;
            index += 1;
        }
    }
    sum
}

/// Clears the multiples of a prime and adds up the numbers whose bits were set.
///
/// In turn t the byte of each residue is at first + t·p. So the offset is the one of the first turn, plus 30·p·t.
///
/// # Safety
/// All of `first` must be below `p`, and `p` bytes behind the segment must be writable.
#[inline(always)]
pub(super) unsafe fn stride(segment: *mut u8, bytes: u32, p: u32, first: &[u32; 8]) -> Added {
    let weights: [u64; 8] = std::array::from_fn(|bit| 30 * u64::from(first[bit]) + u64::from(RESIDUES_30[bit]));
    let places = first.map(|first| first as usize);
    let (mut count, mut offsets, mut turns) = (0, 0, 0);
    let mut at = segment;
    for turn in 0..u64::from(bytes.div_ceil(p)) {
        let mut in_turn = 0;
        for bit in 0..8 {
            // SAFETY: `at` lies less than `bytes` behind the start in each turn, and each place is below `p`, so the byte is at most
            // `p` behind the segment, where the caller lets us write.
            let byte = unsafe { &mut *at.add(places[bit]) };
            let was_set = u64::from(*byte >> bit & 1);
            *byte &= !(1 << bit);
            in_turn += was_set;
            offsets += weights[bit] & was_set.wrapping_neg();
        }
        count += in_turn;
        turns += turn * in_turn;
        at = at.wrapping_add(p as usize);
    }
    Added { count, offsets: offsets + 30 * u64::from(p) * turns }
}

/// The sums over the divisors; see [`AddedQuotients`]. The quotients must lie in the segment.
#[inline(always)]
pub(super) fn quotients(
    segment: &[u64],
    before: &[Added],
    start: u64,
    dividend: Dividend,
    divisors: &[u32],
    group: impl Fn(&[u64; GROUP], &mut [u64; GROUP], &mut [u64; GROUP]),
) -> AddedQuotients {
    let mut sums = AddedQuotients::default();
    let mut spots = [(0u64, 0usize); GROUP];
    let (mut masked, mut counts, mut offsets) = ([0; GROUP], [0; GROUP], [0; GROUP]);
    // Words are masked one after the other and then added up together, in vectors where the lanes have them.
    for divisors in divisors.chunks(GROUP) {
        for ((&divisor, spot), masked) in divisors.iter().zip(&mut spots).zip(&mut masked) {
            let offset = dividend.over(divisor.into()).wrapping_sub(start);
            let (index, rest) = ((offset / WORD) as usize, (offset % WORD) as usize);
            *masked = segment[index] & MASKS[rest];
            *spot = (divisor.into(), index);
        }
        group(&masked, &mut counts, &mut offsets);
        // A group's sums of d and of d·count fit: see `ADDED_WORDS_MAX`.
        let mut of_counts = 0;
        for ((&(divisor, index), &count), &offset) in spots[..divisors.len()].iter().zip(&counts).zip(&offsets) {
            let before = before[index];
            sums.divisors += divisor;
            of_counts += divisor * (before.count + count);
            let offsets = before.offsets + offset + WORD * index as u64 * count;
            sums.offsets += u128::from(divisor) * u128::from(offsets);
        }
        sums.counts += u128::from(of_counts);
    }
    sums
}
