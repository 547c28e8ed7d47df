//! The loops of the counting sieve in lanes of 256 bits.

use super::counting::{self, QUOTIENT_GROUP, Within};
use super::operands::{Dividend, Divisors};
use std::arch::x86_64::*;

/// As `counting::spots`, eight at once; see there for what is long, and `counting::spot` for why single
/// floats find the word: here product and sum are rounded once.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn spots<const LONG: bool>(dividend: Dividend, within: Within, divisors: Divisors, spots: &mut [u32; QUOTIENT_GROUP]) {
    let (whole, first) = (_mm256_set1_pd(dividend.float + 0.5), _mm256_set1_pd(within.start as f64));
    let low = _mm256_set1_epi64x(dividend.low as i64);
    let start = [within.start & 0xffff_ffff, within.start >> 32].map(|half| _mm256_set1_epi64x(half as i64));
    let most = _mm256_set1_epi32((240 * within.last + 239) as i32);
    let (per_word, middle) = (_mm256_set1_ps(1.0 / 240.0), _mm256_set1_ps(0.5 / 240.0));
    let numbers = divisors.numbers();
    for (from, spots) in (0..numbers.len()).step_by(8).zip(spots.chunks_exact_mut(8)) {
        let some = load(&numbers[from..]);
        let offsets = |some: __m128i, at: usize| {
            let wide = _mm256_cvtepu32_epi64(some);
            let numerator = match LONG {
                true => {
                    let high = _mm256_slli_epi64::<32>(_mm256_mul_epu32(wide, start[1]));
                    let multiple = _mm256_add_epi64(_mm256_mul_epu32(wide, start[0]), high);
                    plus(_mm256_sub_epi64(low, multiple), 0.5)
                }
                false => whole,
            };
            let quotient = match divisors.reciprocals() {
                // SAFETY: there are at least eight reciprocals from `from` on, because sixteen follow those of the divisors.
                Some(inverse) => _mm256_mul_pd(numerator, unsafe { _mm256_loadu_pd(inverse.as_ptr().add(at)) }),
                None => _mm256_div_pd(numerator, plus(wide, 0.0)),
            };
            // What is outside, or not a number, becomes negative, which is large as an unsigned number.
            _mm256_cvttpd_epi32(if LONG { quotient } else { _mm256_sub_pd(quotient, first) })
        };
        let lower = offsets(_mm256_castsi256_si128(some), from);
        let upper = offsets(_mm256_extracti128_si256::<1>(some), from + 4);
        let offset = _mm256_min_epu32(_mm256_set_m128i(upper, lower), most);
        let word = _mm256_cvttps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(offset), per_word, middle));
        // 256·word + (offset - 240·word).
        let spot = _mm256_add_epi32(offset, _mm256_slli_epi32::<4>(word));
        // SAFETY: `spots` has eight places.
        unsafe { _mm256_storeu_si256(spots.as_mut_ptr().cast(), spot) };
    }
}

/// The first eight numbers; zeros where there are fewer.
#[inline]
#[target_feature(enable = "avx2")]
fn load(numbers: &[u32]) -> __m256i {
    if numbers.len() >= 8 {
        // SAFETY: there are eight.
        return unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) };
    }
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(numbers.len() as i32), lanes);
    // SAFETY: the mask has as many lanes as there are numbers, and masked lanes are not read.
    unsafe { _mm256_maskload_epi32(numbers.as_ptr().cast(), mask) }
}

/// The sums of integers below 2^51 and 0 or 1/2, as floats. 2^52 + n has the bits of 2^52 and those of n.
#[inline]
#[target_feature(enable = "avx2")]
fn plus(numbers: __m256i, half: f64) -> __m256d {
    let base = _mm256_set1_pd((1u64 << 52) as f64);
    let above = _mm256_or_pd(_mm256_castsi256_pd(numbers), base);
    _mm256_sub_pd(above, _mm256_set1_pd((1u64 << 52) as f64 - half))
}

/// Quotients in registers, look-ups one by one.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    let (mut sum, mut found) = (0, [0u32; QUOTIENT_GROUP]);
    let within = Within { start, last: words.len() - 1 };
    for group in divisors.groups(QUOTIENT_GROUP) {
        match dividend.short {
            true => spots::<false>(dividend, within, group, &mut found),
            false => spots::<true>(dividend, within, group, &mut found),
        }
        // SAFETY: `spots` gives no word beyond the last, and there is a count for each word.
        sum += unsafe { counting::look_up(words, before, &found[..group.numbers().len()]) };
    }
    sum
}

/// For each mask of eight lanes: the lanes to keep, moved together.
pub(super) static COMPACTED: [[u32; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut lane, mut to) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 == 1 {
                table[mask][to] = lane as u32;
                to += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

/// Sixteen entries at once. Those that pass are moved together by a table, eight at a time, and all eight are written.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn pick(
    entries: &[u16],
    above: u16,
    base: u32,
    offsets: &[u16],
    plus: &mut Vec<u32>,
    minus: &mut Vec<u32>,
) {
    let (threshold, base_number) = (_mm256_set1_epi16(above as i16), _mm256_set1_epi32(base as i32));
    let (mut even, mut odd) = (plus.len(), minus.len());
    let whole = entries.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        // SAFETY: `whole` is at most the length of both slices and `at` steps by sixteen. Masks of eight bits have an entry in the table.
        // `SignedDivisors::pick` has reserved room in both lists for all entries and more than eight beyond them.
        unsafe {
            let entry = _mm256_loadu_si256(entries.as_ptr().add(at).cast());
            let offset = _mm256_loadu_si256(offsets.as_ptr().add(at).cast());
            // All bits of a lane are set if the entry is not above the threshold, and if its lowest bit is set.
            let fails = _mm256_cmpeq_epi16(_mm256_subs_epu16(entry, threshold), _mm256_setzero_si256());
            let is_odd = _mm256_srai_epi16::<15>(_mm256_slli_epi16::<15>(entry));
            // A byte for each lane: of the first eight entries the odd ones that pass, then those that are odd or fail; then the same of
            // the other eight.
            let bytes = _mm256_packs_epi16(_mm256_andnot_si256(fails, is_odd), _mm256_or_si256(fails, is_odd));
            let masks = (_mm256_movemask_epi8(bytes) as u32 ^ 0xff00_ff00).to_le_bytes();
            let number = |half: __m128i| _mm256_add_epi32(base_number, _mm256_cvtepu16_epi32(half));
            let numbers = [number(_mm256_castsi256_si128(offset)), number(_mm256_extracti128_si256::<1>(offset))];
            let keep = |mask: u8, numbers: __m256i, list: &mut Vec<u32>, len: &mut usize| {
                let lanes = _mm256_loadu_si256(COMPACTED[usize::from(mask)].as_ptr().cast());
                _mm256_storeu_si256(list.as_mut_ptr().add(*len).cast(), _mm256_permutevar8x32_epi32(numbers, lanes));
                // It cannot overflow, as a list is in memory. So this loop has no branch for that in tests, whose branches are counted.
                *len = len.wrapping_add(mask.count_ones() as usize);
            };
            keep(masks[0], numbers[0], minus, &mut odd);
            keep(masks[1], numbers[0], plus, &mut even);
            keep(masks[2], numbers[1], minus, &mut odd);
            keep(masks[3], numbers[1], plus, &mut even);
        }
    }
    // SAFETY: `even` and `odd` values were written and kept; for the other entries the caller's words hold.
    unsafe {
        plus.set_len(even);
        minus.set_len(odd);
        counting::pick(&entries[whole..], above, base, &offsets[whole..], plus, minus);
    }
}

/// As `counting::recount`, which would count in vector registers: here an instruction counts a word as fast as another stores.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    let mut sum = from;
    for (word, before) in words.iter().zip(before) {
        *before = sum;
        sum = sum.wrapping_add(word.count_ones());
    }
    sum
}

/// As `counting::ones`, four words in a register.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn ones(words: &[u64]) -> u64 {
    let zero = _mm256_setzero_si256();
    let (mut ones, mut twos, mut fours, mut eights) = (zero, zero, zero, zero);
    let blocks = words.chunks_exact(32);
    let rest = blocks.remainder();
    for block in blocks {
        // SAFETY: a block has 32 words, which are eight registers.
        let word = |at: usize| unsafe { _mm256_loadu_si256(block.as_ptr().add(4 * at).cast()) };
        let (one, two_a) = add(ones, word(0), word(1));
        let (one, two_b) = add(one, word(2), word(3));
        let (two, four_a) = add(twos, two_a, two_b);
        let (one, two_a) = add(one, word(4), word(5));
        let (one, two_b) = add(one, word(6), word(7));
        let (two, four_b) = add(two, two_a, two_b);
        let (four, eight) = add(fours, four_a, four_b);
        (ones, twos, fours) = (one, two, four);
        eights = _mm256_add_epi64(eights, counts(eight));
    }
    let twice = |sum: __m256i, less: __m256i| _mm256_add_epi64(_mm256_slli_epi64::<1>(sum), counts(less));
    let sums = twice(twice(twice(eights, fours), twos), ones);
    let mut lanes = [0u64; 4];
    // SAFETY: there are four lanes.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) };
    lanes.iter().sum::<u64>() + rest.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()
}

/// The sum of three bits in each place: the bit of this place, and the carry.
#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i, c: __m256i) -> (__m256i, __m256i) {
    let either = _mm256_xor_si256(a, b);
    (_mm256_xor_si256(either, c), _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(either, c)))
}

/// How many bits are set in each lane of 64 bits: four bits are looked up at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn counts(words: __m256i) -> __m256i {
    let low = _mm256_set1_epi8(15);
    let table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    let digit = |words: __m256i| _mm256_shuffle_epi8(table, _mm256_and_si256(words, low));
    let bytes = _mm256_add_epi8(digit(words), digit(_mm256_srli_epi16::<4>(words)));
    _mm256_sad_epu8(bytes, _mm256_setzero_si256())
}
