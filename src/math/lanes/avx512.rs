//! Lanes of 512 bits: Intel since Ice Lake, AMD since Zen 4.

use super::{Comb, Hits, TIMES_MAX};
use std::arch::x86_64::*;

super::generic::lanes! {
    "avx512",
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt",
    || {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vpopcntdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt")
    },
    true,
    rake
}

/// Sixteen primes at once go through all lines in registers. Those to keep are moved together in a register and
/// all sixteen written; compressing straight into memory would be slow on Zen 4.
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn rake(comb: &Comb, times: &[u32], lines: &mut [Hits]) {
    let most = times.iter().copied().max().unwrap_or(0) as usize;
    let bits = _mm512_set1_epi32(lines.first().map_or(0, Hits::bound) as i32);
    let whole = comb.at().len() / 16 * 16;
    for from in (0..whole).step_by(16) {
        // SAFETY: sixteen primes begin there.
        let (primes, mut at, by) = unsafe {
            let load = |of: &[u32]| _mm512_loadu_si512(of.as_ptr().add(from).cast());
            (load(comb.primes()), load(comb.at()), load(comb.by()))
        };
        // What 0, 1, 2, … steps take.
        let mut steps = [_mm512_setzero_si512(); TIMES_MAX as usize + 1];
        for times in 0..most {
            // A sum of two places may not fit, so it is the difference from what is missing to the prime.
            steps[times + 1] = minus(steps[times], _mm512_sub_epi32(primes, by), primes);
        }
        for (&times, hits) in times.iter().zip(&mut *lines) {
            at = minus(at, steps[times as usize], primes);
            let keep = _mm512_cmplt_epu32_mask(at, bits);
            let list = hits.bits_mut();
            // SAFETY: the list has room for sixteen more than it keeps, and so many are kept.
            unsafe {
                let len = list.len();
                _mm512_storeu_si512(list.as_mut_ptr().add(len).cast(), _mm512_maskz_compress_epi32(keep, at));
                list.set_len(len + keep.count_ones() as usize);
            }
        }
    }
    // SAFETY: the caller's.
    unsafe { generic::rake(comb, whole, times, lines) }
}

/// a - b modulo p, all below p; b may be p too.
#[inline]
#[target_feature(enable = "avx512f")]
fn minus(a: __m512i, b: __m512i, p: __m512i) -> __m512i {
    let less = _mm512_sub_epi32(a, b);
    _mm512_mask_add_epi32(less, _mm512_cmplt_epu32_mask(a, b), less, p)
}
