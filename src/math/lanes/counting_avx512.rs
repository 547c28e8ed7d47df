//! The loops of the counting sieve in lanes of 512 bits.

use super::counting::{self, MASKS, QUOTIENT_GROUP, Within};
use super::operands::{Dividend, Divisors};
use std::arch::x86_64::*;

/// Sixteen words at once: their counts are added in a register.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) unsafe fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    let low_halves = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let (zero, last) = (_mm512_setzero_si512(), _mm512_set1_epi32(15));
    let mut sum = _mm512_set1_epi32(from as i32);
    let whole = words.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        // SAFETY: `whole` is a multiple of sixteen and at most the number of words, and `before` has as many counts.
        unsafe {
            let load = |at: usize| _mm512_popcnt_epi64(_mm512_loadu_si512(words.as_ptr().add(at).cast()));
            let counts = _mm512_permutex2var_epi32(load(at), low_halves, load(at + 8));
            // To each lane the lanes below it are added: first 1, then 2, 4 and 8 lanes.
            let one = _mm512_add_epi32(counts, _mm512_alignr_epi32::<15>(counts, zero));
            let two = _mm512_add_epi32(one, _mm512_alignr_epi32::<14>(one, zero));
            let four = _mm512_add_epi32(two, _mm512_alignr_epi32::<12>(two, zero));
            let all = _mm512_add_epi32(four, _mm512_alignr_epi32::<8>(four, zero));
            let up_to = _mm512_add_epi32(sum, all);
            _mm512_storeu_si512(before.as_mut_ptr().add(at).cast(), _mm512_sub_epi32(up_to, counts));
            sum = _mm512_add_epi32(sum, _mm512_permutexvar_epi32(last, all));
        }
    }
    let sum = _mm512_cvtsi512_si32(sum) as u32;
    counting::recount(&words[whole..], &mut before[whole..], sum)
}

/// a / b with a relative error below 2^-52: an estimate of 1/b, one Newton step, and one correction of the quotient. It takes a
/// third of the time of a division.
///
/// The estimate is off by at most 2^-14 (relative, as all that follows), the step squares that: 2^-28, and a rounding of 2^-53. The
/// correction multiplies the error of the quotient, below 2^-27, by that of the inverse and of the rounded remainder, below
/// 2^-27, and is rounded once: 2^-53 + 2^-54.
#[inline]
#[target_feature(enable = "avx512f,fma")]
fn over(a: __m512d, b: __m512d) -> __m512d {
    let one = _mm512_set1_pd(1.0);
    let rough = _mm512_rcp14_pd(b);
    let inverse = _mm512_fmadd_pd(rough, _mm512_fnmadd_pd(b, rough, one), rough);
    let quotient = _mm512_mul_pd(a, inverse);
    _mm512_fmadd_pd(_mm512_fnmadd_pd(quotient, b, a), inverse, quotient)
}

/// Places are in words of 15 << 4 numbers, or in pairs of 15 << 3.
const IN_WORDS: u32 = 4;
const IN_PAIRS: u32 = 3;

/// What the quotients of a dividend are made of.
struct Quotients {
    whole: __m512d,
    low: __m512i,
    start: __m512i,
    first: __m512d,
    most: __m512i,
    per_word: __m512,
    middle: __m512,
}

impl Quotients {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new<const IN: u32>(dividend: Dividend, within: Within) -> Quotients {
        let numbers = const { 15 << IN };
        let [per_word, middle] = [1.0, 0.5].map(|part| _mm512_set1_ps(part / numbers as f32));
        Quotients {
            whole: _mm512_set1_pd(dividend.float + 0.5),
            low: _mm512_set1_epi64(dividend.low as i64),
            start: _mm512_set1_epi64(within.start as i64),
            first: _mm512_set1_pd(within.start as f64),
            most: _mm512_set1_epi32(numbers * (within.last as i32 + 1) - 1),
            per_word,
            middle,
        }
    }

    /// As `counting::spots`, of the sixteen divisors from `from` on, with a mask of the lanes that have a divisor; see there for what is long. See
    /// `counting::spot` for why single floats find the word: here product and sum are rounded once. There are twice as many pairs as
    /// words, so errors may be twice as large, but pairs have half as many numbers, so there is twice as much room.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,fma")]
    fn spots<const LONG: bool, const IN: u32>(&self, divisors: Divisors, from: usize) -> (__m512i, u16) {
        let numbers = divisors.numbers();
        let mask = ((1u32 << (numbers.len() - from).min(16)) - 1) as u16;
        // SAFETY: the mask has as many lanes as there are divisors left, and masked lanes are not read.
        let some = unsafe { _mm512_maskz_loadu_epi32(mask, numbers.as_ptr().add(from).cast()) };
        let offsets = |some: __m256i, at: usize| {
            let numerator = match LONG {
                true => {
                    let multiple = _mm512_mullo_epi64(_mm512_cvtepu32_epi64(some), self.start);
                    _mm512_add_pd(_mm512_cvtepi64_pd(_mm512_sub_epi64(self.low, multiple)), _mm512_set1_pd(0.5))
                }
                false => self.whole,
            };
            let quotient = match divisors.reciprocals() {
                // SAFETY: there are at least sixteen reciprocals from `from` on, because sixteen follow those of the divisors.
                Some(inverse) => _mm512_mul_pd(numerator, unsafe { _mm512_loadu_pd(inverse.as_ptr().add(at)) }),
                None => over(numerator, _mm512_cvtepu32_pd(some)),
            };
            // What is outside, or not a number, becomes the largest one.
            _mm512_cvttpd_epu32(if LONG { quotient } else { _mm512_sub_pd(quotient, self.first) })
        };
        let lower = offsets(_mm512_castsi512_si256(some), from);
        let upper = offsets(_mm512_extracti64x4_epi64::<1>(some), from + 8);
        let offset = _mm512_min_epu32(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(lower), upper), self.most);
        let word = _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(offset), self.per_word, self.middle));
        // 256·word + (offset - 240·word), or 128·pair + (offset - 120·pair).
        (_mm512_add_epi32(offset, _mm512_slli_epi32::<IN>(word)), mask)
    }
}

/// The look-ups are left to the compiler. It gathers eight in a register and counts them there.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    // SAFETY: `sums` looks up places of `Quotients::spots` only: each has a word and its count.
    sums(Within { start, last: words.len() - 1 }, dividend, divisors, |found| unsafe {
        counting::look_up(words, before, found)
    })
}

/// The same with look-ups one by one, for CPUs that are slow to gather.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn sum_without_gathers(
    words: &[u64],
    before: &[u32],
    start: u64,
    dividend: Dividend,
    divisors: Divisors,
) -> u64 {
    // SAFETY: as above.
    sums(Within { start, last: words.len() - 1 }, dividend, divisors, |found| unsafe {
        one_by_one(words, before, found)
    })
}

/// `counting::look_up`. Inside a loop of AVX-512 the compiler would gather.
#[inline(never)]
#[target_feature(enable = "bmi1,bmi2,popcnt")]
unsafe fn one_by_one(words: &[u64], before: &[u32], found: &[u32]) -> u64 {
    // SAFETY: the same.
    unsafe { counting::look_up(words, before, found) }
}

/// Quotients in registers; `look_up` gets their places, of which none is beyond the last word.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt")]
fn sums(within: Within, dividend: Dividend, divisors: Divisors, look_up: impl Fn(&[u32]) -> u64) -> u64 {
    let (mut sum, mut found) = (0, [0u32; QUOTIENT_GROUP]);
    let quotients = Quotients::new::<IN_WORDS>(dividend, within);
    for group in divisors.groups(QUOTIENT_GROUP) {
        for (from, found) in (0..group.numbers().len()).step_by(16).zip(found.chunks_exact_mut(16)) {
            let (spots, _) = match dividend.short {
                true => quotients.spots::<false, IN_WORDS>(group, from),
                false => quotients.spots::<true, IN_WORDS>(group, from),
            };
            // SAFETY: `found` has sixteen places.
            unsafe { _mm512_storeu_si512(found.as_mut_ptr().cast(), spots) };
        }
        sum += look_up(&found[..group.numbers().len()]);
    }
    sum
}

/// The same sum, but each look-up takes one access to memory. All is in registers, and sixteen pairs are gathered at once.
#[target_feature(enable = "avx512f,avx512dq,avx512vbmi,avx512vpopcntdq,fma")]
pub(super) unsafe fn sum_of_pairs(pairs: &[u64], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    // SAFETY: there is a pair and not too many, as the caller says.
    unsafe {
        match dividend.short {
            true => gathered::<false>(pairs, start, dividend, divisors),
            false => gathered::<true>(pairs, start, dividend, divisors),
        }
    }
}

/// For each number below 128: how far the 32 bits of a pair are shifted to the left until only those for numbers up to it are left.
static SHIFTS: [u8; 128] = {
    let mut shifts = [0; 128];
    let mut rest = 0;
    while rest < 128 {
        shifts[rest] = (MASKS[rest] as u32).leading_zeros() as u8;
        rest += 1;
    }
    shifts
};

/// # Safety
/// There must be at least one pair, and at most two for each of [`SUM_WORDS_MAX`](super::segment::SUM_WORDS_MAX) words.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vbmi,avx512vpopcntdq,fma")]
unsafe fn gathered<const LONG: bool>(pairs: &[u64], start: u64, dividend: Dividend, divisors: Divisors) -> u64 {
    const LOW_BYTES: u64 = 0x1111_1111_1111_1111;
    let low_halves = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    // SAFETY: the table has 128 bytes.
    let shifts = [0, 64].map(|at| unsafe { _mm512_loadu_si512(SHIFTS.as_ptr().add(at).cast()) });
    let quotients = Quotients::new::<IN_PAIRS>(dividend, Within { start, last: pairs.len() - 1 });
    let halves = |all: __m512i| [_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all)];
    let zero = _mm512_setzero_si512();
    // A lane of `inside` gets at most 32 from sixteen divisors, and there are fewer than 2^31 divisors: not all numbers of 32 bits are.
    let (mut before, mut inside) = ([zero; 2], zero);
    for from in (0..divisors.numbers().len()).step_by(16) {
        let (spots, mask) = quotients.spots::<LONG, IN_PAIRS>(divisors, from);
        let (places, masks) = (halves(_mm512_srli_epi32::<7>(spots)), [mask as u8, (mask >> 8) as u8]);
        // SAFETY: no place is in a pair beyond the last, and masked lanes are not read.
        let found = [0, 1].map(|half| unsafe {
            _mm512_mask_i32gather_epi64::<8>(zero, masks[half], places[half], pairs.as_ptr().cast())
        });
        for half in 0..2 {
            before[half] = _mm512_add_epi64(before[half], _mm512_srli_epi64::<32>(found[half]));
        }
        // The shifts are found by the low seven bits of the places: the numbers within the pairs.
        let shift = _mm512_maskz_permutex2var_epi8(LOW_BYTES, shifts[0], spots, shifts[1]);
        let bits = _mm512_permutex2var_epi32(found[0], low_halves, found[1]);
        inside = _mm512_add_epi32(inside, _mm512_popcnt_epi32(_mm512_sllv_epi32(bits, shift)));
    }
    let inside = halves(inside).map(|half| _mm512_cvtepu32_epi64(half));
    let all = _mm512_add_epi64(_mm512_add_epi64(before[0], before[1]), _mm512_add_epi64(inside[0], inside[1]));
    _mm512_reduce_add_epi64(all) as u64
}

/// Sixteen entries at once. Those that pass are moved together in a register and all sixteen are written, because compressing
/// directly into memory is slow on Zen 4.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,popcnt")]
pub(super) unsafe fn pick(
    entries: &[u16],
    above: u16,
    base: u32,
    offsets: &[u16],
    plus: &mut Vec<u32>,
    minus: &mut Vec<u32>,
) {
    let (threshold, low_bit) = (_mm256_set1_epi16(above as i16), _mm256_set1_epi16(1));
    let base = _mm512_set1_epi32(base as i32);
    let (mut even, mut odd) = (plus.len(), minus.len());
    for at in (0..entries.len()).step_by(16) {
        let mask = ((1u32 << (entries.len() - at).min(16)) - 1) as u16;
        // SAFETY: the mask has as many lanes as there are entries left, and masked lanes are not read. `SignedDivisors::pick` has
        // reserved room in both lists for all entries and more than sixteen beyond them.
        unsafe {
            let entry = _mm256_maskz_loadu_epi16(mask, entries.as_ptr().add(at).cast());
            let offset = _mm256_maskz_loadu_epi16(mask, offsets.as_ptr().add(at).cast());
            let number = _mm512_add_epi32(base, _mm512_cvtepu16_epi32(offset));
            let passes = _mm256_mask_cmpgt_epu16_mask(mask, entry, threshold);
            let is_odd = _mm256_mask_test_epi16_mask(passes, entry, low_bit);
            let is_even = passes & !is_odd;
            let keep = |which: u16, list: &mut Vec<u32>, len: &mut usize| {
                _mm512_storeu_si512(list.as_mut_ptr().add(*len).cast(), _mm512_maskz_compress_epi32(which, number));
                *len += which.count_ones() as usize;
            };
            keep(is_even, plus, &mut even);
            keep(is_odd, minus, &mut odd);
        }
    }
    // SAFETY: `even` and `odd` values were written and kept.
    unsafe {
        plus.set_len(even);
        minus.set_len(odd);
    }
}

/// The compiler counts eight words in an instruction.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) unsafe fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}
