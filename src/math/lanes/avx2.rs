//! Lanes of 256 bits: nearly every x86-64 machine since 2013.

use super::adding_avx2::{add_up, added, added_quotients};
use super::counting_avx2::{COMPACTED, ones, pick, recount, sum};
use super::{CLASS, FirstMultiples, Hits, Lanes, Leap, TIMES_MAX, generic};
use std::arch::x86_64::*;

super::generic::lanes! {
    name: "avx2",
    features: ["avx2,bmi1,bmi2,fma,popcnt"],
    usable: || {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt")
    },
    clear: Bmi2,
    fused: true,
}

pub(super) const AVX2: Lanes =
    Lanes { collect, leap, ones, recount, sum, pick, add_up, added, added_quotients, ..compiled::LANES };

/// Eight primes at once go through all classes in registers. The places to keep are moved together by a table, and all eight
/// are written. Mostly there is none to keep, because the primes are much larger than the classes.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn collect(multiples: &FirstMultiples, times: &[u32], lists: &mut [Hits]) {
    let most = times.iter().copied().max().unwrap_or(0) as usize;
    let last = _mm256_set1_epi32(lists.first().map_or(0, |hits| hits.bound().wrapping_sub(1)) as i32);
    // The sums below must fit.
    let small = multiples.primes().last().is_none_or(|&p| p < 1 << 31);
    let whole = if small && !lists.is_empty() { multiples.at().len() / 8 * 8 } else { 0 };
    for from in (0..whole).step_by(8) {
        // SAFETY: `whole` is at most the length of all three slices and `from` steps by eight, so eight values begin at `from`.
        let (primes, mut at, by) = unsafe {
            let load = |of: &[u32]| _mm256_loadu_si256(of.as_ptr().add(from).cast());
            (load(multiples.primes()), load(multiples.at()), load(multiples.by()))
        };
        // What 0, 1, 2, … steps subtract.
        let mut steps = [_mm256_setzero_si256(); TIMES_MAX as usize + 1];
        for times in 0..most {
            steps[times + 1] = minus(steps[times], _mm256_sub_epi32(primes, by), primes);
        }
        for (&times, hits) in times.iter().zip(&mut *lists) {
            at = minus(at, steps[times as usize], primes);
            let keep = _mm256_cmpeq_epi32(at, _mm256_min_epu32(at, last));
            let keep = _mm256_movemask_ps(_mm256_castsi256_ps(keep)) as usize;
            if keep == 0 {
                continue;
            }
            let list = hits.bits_mut();
            // SAFETY: `keep` is below 256, and each entry of the table has eight values. `Lanes::collect` has checked that the list has
            // room for all places and `SLACK` more, so eight values fit behind those kept so far, and as many are set as were kept.
            unsafe {
                let together = _mm256_permutevar8x32_epi32(at, _mm256_loadu_si256(COMPACTED[keep].as_ptr().cast()));
                let len = list.len();
                _mm256_storeu_si256(list.as_mut_ptr().add(len).cast(), together);
                list.set_len(len + keep.count_ones() as usize);
            }
        }
    }
    // SAFETY: `Lanes::collect` has checked the room for all places, of which these are the last.
    unsafe { generic::collect(multiples, whole, times, lists) }
}

/// a - b modulo p. All are below p < 2^31; b may also be p. Of the difference and the difference plus p, as unsigned numbers,
/// the smaller one is the one that did not wrap.
#[inline]
#[target_feature(enable = "avx2")]
fn minus(a: __m256i, b: __m256i, p: __m256i) -> __m256i {
    let less = _mm256_sub_epi32(a, b);
    _mm256_min_epu32(less, _mm256_add_epi32(less, p))
}

/// One round of leaps, eight primes at once. Whether a class is wanted is looked up in a register.
#[target_feature(enable = "avx2,fma,popcnt")]
unsafe fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
    // SAFETY: `wanted` has eight words.
    let wanted = unsafe { _mm256_loadu_si256(leap.wanted.as_ptr().cast()) };
    let all = |value: u32| _mm256_set1_epi32(value as i32);
    // All values are below 2^31, so signed comparison is right.
    let (width, outside) = (all(leap.width()), all(generic::OUTSIDE));
    let (low, modulus) = (all(31), all(leap.start.modulus));
    // at / M is at·⌈2^s / M⌉ / 2^s, exact for what is below 2^31 with this s.
    let shift = 32 + leap.start.modulus.ilog2();
    let scale = _mm256_set1_epi64x(((1 << shift) / i64::from(leap.start.modulus)) + 1);
    let shift = _mm_cvtsi32_si128(shift as i32);
    generic::leap::<true>(leap, primes, found, |at, by, found| {
        let mut any = _mm256_setzero_si256();
        for from in (0..generic::LEAP_GROUP).step_by(8) {
            // SAFETY: `at` and `by` have `LEAP_GROUP` values, a multiple of eight, and `keep` is below 256. `generic::leap` has reserved
            // room for `LEAP_GROUP` leaps and `SLACK` more, so eight values fit behind those kept so far.
            unsafe {
                let load = |of: &[u32]| _mm256_loadu_si256(of.as_ptr().add(from).cast());
                let here = load(at);
                let even = _mm256_srl_epi64(_mm256_mul_epu32(here, scale), shift);
                let odd = _mm256_srl_epi64(_mm256_mul_epu32(_mm256_srli_epi64::<32>(here), scale), shift);
                let bit = _mm256_or_si256(even, _mm256_slli_epi64::<32>(odd));
                let class = _mm256_sub_epi32(here, _mm256_mullo_epi32(bit, modulus));
                let word = _mm256_permutevar8x32_epi32(wanted, _mm256_srli_epi32::<5>(class));
                let flag = _mm256_srlv_epi32(word, _mm256_and_si256(class, low));
                // The lowest bit of the flag becomes the sign, which the mask takes.
                let keep = _mm256_and_si256(_mm256_cmpgt_epi32(width, here), _mm256_slli_epi32::<31>(flag));
                let keep = _mm256_movemask_ps(_mm256_castsi256_ps(keep)) as usize;
                let leaps = _mm256_or_si256(bit, _mm256_slli_epi32::<{ CLASS as i32 }>(class));
                let len = found.len();
                _mm256_storeu_si256(
                    found.as_mut_ptr().add(len).cast(),
                    _mm256_permutevar8x32_epi32(leaps, _mm256_loadu_si256(COMPACTED[keep].as_ptr().cast())),
                );
                found.set_len(len + keep.count_ones() as usize);
                let next = _mm256_min_epu32(_mm256_add_epi32(here, load(by)), outside);
                _mm256_storeu_si256(at.as_mut_ptr().add(from).cast(), next);
                any = _mm256_or_si256(any, _mm256_cmpgt_epi32(width, next));
            }
        }
        _mm256_movemask_epi8(any) != 0
    });
}
