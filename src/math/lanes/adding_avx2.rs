//! The loops that add up, with AVX2: four words at once.

use super::adding::{self, Added, AddedQuotients, GROUP};
use super::operands::Dividend;
use std::arch::x86_64::*;

/// As [`adding::words`]. Each half of a byte is looked up: how many bits it has, and the sum of their residues. The sum for a byte
/// is at most 120.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
#[inline]
fn words(words: &[u64; GROUP], counts: &mut [u64; GROUP], offsets: &mut [u64; GROUP]) {
    let both = |table: __m128i| _mm256_set_m128i(table, table);
    let ones = both(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    // Residues 1, 7, 11 and 13, and 17, 19, 23 and 29.
    let low_residues = both(_mm_setr_epi8(0, 1, 7, 8, 11, 12, 18, 19, 13, 14, 20, 21, 24, 25, 31, 32));
    let high_residues = both(_mm_setr_epi8(0, 17, 19, 36, 23, 40, 42, 59, 29, 46, 48, 65, 52, 69, 71, 88));
    // The first numbers of the bytes are 0, 30, … 210; counted in thirties.
    let thirties = both(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7));
    let (half, zero) = (_mm256_set1_epi8(15), _mm256_setzero_si256());
    for ((words, counts), offsets) in
        words.as_chunks::<4>().0.iter().zip(counts.as_chunks_mut::<4>().0).zip(offsets.as_chunks_mut::<4>().0)
    {
        // SAFETY: four words are 32 bytes.
        let bits = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
        let (low, high) = (_mm256_and_si256(bits, half), _mm256_and_si256(_mm256_srli_epi16::<4>(bits), half));
        let count = _mm256_add_epi8(_mm256_shuffle_epi8(ones, low), _mm256_shuffle_epi8(ones, high));
        let residues =
            _mm256_add_epi8(_mm256_shuffle_epi8(low_residues, low), _mm256_shuffle_epi8(high_residues, high));
        // Pairs of bytes times their thirties are at most 8·(6 + 7), so they fit a byte again.
        let bases = _mm256_sad_epu8(_mm256_maddubs_epi16(count, thirties), zero);
        let sum = _mm256_add_epi64(_mm256_sad_epu8(residues, zero), _mm256_mul_epu32(bases, _mm256_set1_epi64x(30)));
        // SAFETY: four words are 32 bytes.
        unsafe {
            _mm256_storeu_si256(counts.as_mut_ptr().cast(), _mm256_sad_epu8(count, zero));
            _mm256_storeu_si256(offsets.as_mut_ptr().cast(), sum);
        }
    }
}

/// As [`adding::run`], with the sums before each word.
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn add_up(segment: &[u64], before: &mut [Added]) -> Added {
    let group = |some: &_, counts: &mut _, offsets: &mut _| words(some, counts, offsets);
    adding::run(segment, group, |index, added| before[index] = added)
}

/// As [`adding::run`].
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn added(segment: &[u64]) -> Added {
    let group = |some: &_, counts: &mut _, offsets: &mut _| words(some, counts, offsets);
    adding::run(segment, group, |_, _| ())
}

/// As [`adding::quotients`].
#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
pub(super) unsafe fn added_quotients(
    segment: &[u64],
    before: &[Added],
    start: u64,
    dividend: Dividend,
    divisors: &[u32],
) -> AddedQuotients {
    let group = |some: &_, counts: &mut _, offsets: &mut _| words(some, counts, offsets);
    adding::quotients(segment, before, start, dividend, divisors, group)
}
