//! Lanes of 256 bits: nearly every x86-64 machine since 2013.

use super::{CLASS, Comb, Dividend, Hits, Leap, Line, TIMES_MAX};
use std::arch::x86_64::*;

super::generic::lanes! {
    "avx2",
    "avx2,bmi1,bmi2,fma,popcnt",
    || {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("popcnt")
    },
    true,
    rake,
    leap,
    recount,
    recount_lines,
    sum,
    sum_lines,
    pick
}

/// For each mask of eight lanes: the lanes to keep, moved together.
static TOGETHER: [[u32; 8]; 256] = {
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

/// Eight primes at once go through all lines in registers; those to keep are moved together by a table and all
/// eight written. Mostly there is none to keep, when the primes are far longer than the lines.
#[target_feature(enable = "avx2,popcnt")]
unsafe fn rake(comb: &Comb, times: &[u32], lines: &mut [Hits]) {
    let most = times.iter().copied().max().unwrap_or(0) as usize;
    let last = _mm256_set1_epi32(lines.first().map_or(0, |hits| hits.bound().wrapping_sub(1)) as i32);
    // The sums below must fit.
    let small = comb.primes().last().is_none_or(|&p| p < 1 << 31);
    let whole = if small && !lines.is_empty() { comb.at().len() / 8 * 8 } else { 0 };
    for from in (0..whole).step_by(8) {
        // SAFETY: eight primes begin there.
        let (primes, mut at, by) = unsafe {
            let load = |of: &[u32]| _mm256_loadu_si256(of.as_ptr().add(from).cast());
            (load(comb.primes()), load(comb.at()), load(comb.by()))
        };
        // What 0, 1, 2, … steps take.
        let mut steps = [_mm256_setzero_si256(); TIMES_MAX as usize + 1];
        for times in 0..most {
            steps[times + 1] = minus(steps[times], _mm256_sub_epi32(primes, by), primes);
        }
        for (&times, hits) in times.iter().zip(&mut *lines) {
            at = minus(at, steps[times as usize], primes);
            let keep = _mm256_cmpeq_epi32(at, _mm256_min_epu32(at, last));
            let keep = _mm256_movemask_ps(_mm256_castsi256_ps(keep)) as usize;
            if keep == 0 {
                continue;
            }
            let list = hits.bits_mut();
            // SAFETY: eight values are in each row of the table, the list has room for eight more than it keeps,
            // and so many are kept.
            unsafe {
                let together = _mm256_permutevar8x32_epi32(at, _mm256_loadu_si256(TOGETHER[keep].as_ptr().cast()));
                let len = list.len();
                _mm256_storeu_si256(list.as_mut_ptr().add(len).cast(), together);
                list.set_len(len + keep.count_ones() as usize);
            }
        }
    }
    // SAFETY: the caller's.
    unsafe { generic::rake(comb, whole, times, lines) }
}

/// a - b modulo p, all below p < 2^31; b may be p too. Of the difference and the difference plus p the smaller,
/// as unsigned numbers, is the one that did not wrap.
#[inline]
#[target_feature(enable = "avx2")]
fn minus(a: __m256i, b: __m256i, p: __m256i) -> __m256i {
    let less = _mm256_sub_epi32(a, b);
    _mm256_min_epu32(less, _mm256_add_epi32(less, p))
}

/// A round of eight primes at once: whether a class is wanted is looked up in a register.
#[target_feature(enable = "avx2,fma,popcnt")]
unsafe fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
    // SAFETY: the table has eight words.
    let wanted = unsafe { _mm256_loadu_si256(leap.wanted.as_ptr().cast()) };
    let all = |value: u32| _mm256_set1_epi32(value as i32);
    // Everything is below 2^31, so comparing with signs does no harm.
    let (width, outside) = (all(leap.width()), all(generic::OUTSIDE));
    let (low, modulus) = (all(31), all(leap.start.modulus));
    // at / M is at·⌈2^s / M⌉ / 2^s, exact for what is below 2^31 with this s.
    let shift = 32 + leap.start.modulus.ilog2();
    let scale = _mm256_set1_epi64x(((1 << shift) / i64::from(leap.start.modulus)) + 1);
    let shift = _mm_cvtsi32_si128(shift as i32);
    generic::leap::<true>(leap, primes, found, |at, by, found| {
        let mut any = _mm256_setzero_si256();
        for from in (0..generic::GROUP).step_by(8) {
            // SAFETY: eight values begin there in each array and row, and there is room for a group of leaps.
            unsafe {
                let load = |of: &[u32]| _mm256_loadu_si256(of.as_ptr().add(from).cast());
                let here = load(at);
                let even = _mm256_srl_epi64(_mm256_mul_epu32(here, scale), shift);
                let odd = _mm256_srl_epi64(_mm256_mul_epu32(_mm256_srli_epi64::<32>(here), scale), shift);
                let bit = _mm256_or_si256(even, _mm256_slli_epi64::<32>(odd));
                let class = _mm256_sub_epi32(here, _mm256_mullo_epi32(bit, modulus));
                let word = _mm256_permutevar8x32_epi32(wanted, _mm256_srli_epi32::<5>(class));
                let flag = _mm256_srlv_epi32(word, _mm256_and_si256(class, low));
                // The flag's lowest bit becomes the sign that is asked for.
                let keep = _mm256_and_si256(_mm256_cmpgt_epi32(width, here), _mm256_slli_epi32::<31>(flag));
                let keep = _mm256_movemask_ps(_mm256_castsi256_ps(keep)) as usize;
                let leaps = _mm256_or_si256(bit, _mm256_slli_epi32::<{ CLASS as i32 }>(class));
                let len = found.len();
                _mm256_storeu_si256(
                    found.as_mut_ptr().add(len).cast(),
                    _mm256_permutevar8x32_epi32(leaps, _mm256_loadu_si256(TOGETHER[keep].as_ptr().cast())),
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

#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
unsafe fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    counting::recount(words, before, from)
}

#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    // SAFETY: the caller's.
    unsafe { counting::sum(words, before, start, dividend, divisors) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
unsafe fn recount_lines(lines: &[Line], before: &mut [u32]) -> u32 {
    counting::recount_lines(lines, before)
}

#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
unsafe fn sum_lines(lines: &[Line], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    // SAFETY: the caller's.
    unsafe { counting::sum_lines(lines, before, start, dividend, divisors) }
}

#[target_feature(enable = "avx2,bmi1,bmi2,fma,popcnt")]
unsafe fn pick(entries: &[u16], above: u16, base: u32, offsets: &[u16], plus: &mut Vec<u32>, minus: &mut Vec<u32>) {
    // SAFETY: the caller's.
    unsafe { counting::pick(entries, above, base, offsets, plus, minus) }
}
