//! Lanes of 512 bits: Intel since Ice Lake, AMD since Zen 4.

use super::counting_avx512::{ones, pick, recount, sum, sum_of_pairs};
use super::{CLASS, FirstMultiples, Hits, Lanes, Leap, TIMES_MAX, generic};
use std::arch::x86_64::*;

super::generic::lanes! {
    name: "avx512",
    features: ["avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq,bmi1,bmi2,fma,popcnt"],
    usable: || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vpopcntdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt")
    },
    clear: Bmi2,
    fused: true,
}

pub(super) const AVX512: Lanes =
    Lanes { collect, leap, ones, recount, sum, sum_of_pairs: Some(sum_of_pairs), pick, ..compiled::LANES };

/// Two times sixteen primes at once go through all classes in registers: two times, because each step waits for the one
/// before. The places to keep are moved together in a register and all sixteen are written, because compressing directly
/// into memory is slow on Zen 4.
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn collect(multiples: &FirstMultiples, times: &[u32], lists: &mut [Hits]) {
    let most = times.iter().copied().max().unwrap_or(0) as usize;
    let bits = _mm512_set1_epi32(lists.first().map_or(0, Hits::bound) as i32);
    let whole = multiples.at().len() / 32 * 32;
    for from in (0..whole).step_by(32) {
        // SAFETY: `whole` is at most the length of all three slices and `from` steps by 32, so 32 values begin at `from`.
        let load =
            |of: &[u32]| unsafe { [from, from + 16].map(|from| _mm512_loadu_si512(of.as_ptr().add(from).cast())) };
        let (primes, mut at, by) = (load(multiples.primes()), load(multiples.at()), load(multiples.by()));
        // What 0, 1, 2, … steps subtract.
        let mut steps = [[_mm512_setzero_si512(); 2]; TIMES_MAX as usize + 1];
        for times in 0..most {
            for half in 0..2 {
                // The sum of two places may not fit 32 bits, so the complement to the prime is subtracted.
                let missing = _mm512_sub_epi32(primes[half], by[half]);
                steps[times + 1][half] = minus(steps[times][half], missing, primes[half]);
            }
        }
        for (&times, hits) in times.iter().zip(&mut *lists) {
            let list = hits.bits_mut();
            let mut len = list.len();
            for half in 0..2 {
                at[half] = minus(at[half], steps[times as usize][half], primes[half]);
                let keep = _mm512_cmplt_epu32_mask(at[half], bits);
                // SAFETY: `Lanes::collect` has checked that the list has room for all places and `SLACK` = 16 more.
                unsafe {
                    _mm512_storeu_si512(list.as_mut_ptr().add(len).cast(), _mm512_maskz_compress_epi32(keep, at[half]))
                };
                len += keep.count_ones() as usize;
            }
            // SAFETY: `len` values are written: those before, and as many as were kept.
            unsafe { list.set_len(len) };
        }
    }
    // SAFETY: `Lanes::collect` has checked the room for all places, of which these are the last.
    unsafe { generic::collect(multiples, whole, times, lists) }
}

/// a - b modulo p. All are below p; b may also be p.
#[inline]
#[target_feature(enable = "avx512f")]
fn minus(a: __m512i, b: __m512i, p: __m512i) -> __m512i {
    let less = _mm512_sub_epi32(a, b);
    _mm512_mask_add_epi32(less, _mm512_cmplt_epu32_mask(a, b), less, p)
}

/// One round of leaps, sixteen primes at once. Whether a class is wanted is looked up in a register.
#[target_feature(enable = "avx512f,fma,popcnt")]
unsafe fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
    // SAFETY: `wanted` has eight words.
    let wanted = unsafe { _mm512_castsi256_si512(_mm256_loadu_si256(leap.wanted.as_ptr().cast())) };
    let all = |value: u32| _mm512_set1_epi32(value as i32);
    let (width, outside) = (all(leap.width()), all(generic::OUTSIDE));
    let (one, low, modulus) = (all(1), all(31), all(leap.start.modulus));
    // at / M is at·⌈2^s / M⌉ / 2^s, exact for what is below 2^31 with this s.
    let shift = 32 + leap.start.modulus.ilog2();
    let scale = _mm512_set1_epi64(((1 << shift) / i64::from(leap.start.modulus)) + 1);
    let shift = _mm_cvtsi32_si128(shift as i32);
    generic::leap::<true>(leap, primes, found, |at, by, found| {
        let mut any = 0;
        for from in (0..generic::LEAP_GROUP).step_by(16) {
            // SAFETY: `at` and `by` have `LEAP_GROUP` values, a multiple of sixteen. `generic::leap` has reserved room for `LEAP_GROUP`
            // leaps and `SLACK` = 16 more, so sixteen values fit behind those kept so far.
            unsafe {
                let load = |of: &[u32]| _mm512_loadu_si512(of.as_ptr().add(from).cast());
                let here = load(at);
                let even = _mm512_srl_epi64(_mm512_mul_epu32(here, scale), shift);
                let odd = _mm512_srl_epi64(_mm512_mul_epu32(_mm512_srli_epi64::<32>(here), scale), shift);
                let bit = _mm512_or_si512(even, _mm512_slli_epi64::<32>(odd));
                let class = _mm512_sub_epi32(here, _mm512_mullo_epi32(bit, modulus));
                let word = _mm512_permutexvar_epi32(_mm512_srli_epi32::<5>(class), wanted);
                let flag = _mm512_srlv_epi32(word, _mm512_and_si512(class, low));
                let keep = _mm512_cmplt_epu32_mask(here, width) & _mm512_test_epi32_mask(flag, one);
                let leaps = _mm512_or_si512(bit, _mm512_slli_epi32::<CLASS>(class));
                let len = found.len();
                _mm512_storeu_si512(found.as_mut_ptr().add(len).cast(), _mm512_maskz_compress_epi32(keep, leaps));
                found.set_len(len + keep.count_ones() as usize);
                let next = _mm512_min_epu32(_mm512_add_epi32(here, load(by)), outside);
                _mm512_storeu_si512(at.as_mut_ptr().add(from).cast(), next);
                any |= _mm512_cmplt_epu32_mask(next, width);
            }
        }
        any != 0
    });
}
