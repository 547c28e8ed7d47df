//! Lanes of 512 bits: Intel since Ice Lake, AMD since Zen 4.

use super::{CLASS, Comb, Dividend, Hits, Leap, TIMES_MAX};
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
    rake,
    leap,
    recount,
    sum,
    pick
}

/// Twice sixteen primes at once go through all lines in registers: twice, because each step waits for the one
/// before. Those to keep are moved together in a register and all sixteen written; compressing straight into
/// memory would be slow on Zen 4.
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn rake(comb: &Comb, times: &[u32], lines: &mut [Hits]) {
    let most = times.iter().copied().max().unwrap_or(0) as usize;
    let bits = _mm512_set1_epi32(lines.first().map_or(0, Hits::bound) as i32);
    let whole = comb.at().len() / 32 * 32;
    for from in (0..whole).step_by(32) {
        // SAFETY: twice sixteen primes begin there.
        let load =
            |of: &[u32]| unsafe { [from, from + 16].map(|from| _mm512_loadu_si512(of.as_ptr().add(from).cast())) };
        let (primes, mut at, by) = (load(comb.primes()), load(comb.at()), load(comb.by()));
        // What 0, 1, 2, … steps take.
        let mut steps = [[_mm512_setzero_si512(); 2]; TIMES_MAX as usize + 1];
        for times in 0..most {
            for half in 0..2 {
                // A sum of two places may not fit, so it is the difference from what is missing to the prime.
                let missing = _mm512_sub_epi32(primes[half], by[half]);
                steps[times + 1][half] = minus(steps[times][half], missing, primes[half]);
            }
        }
        for (&times, hits) in times.iter().zip(&mut *lines) {
            let list = hits.bits_mut();
            let mut len = list.len();
            for half in 0..2 {
                at[half] = minus(at[half], steps[times as usize][half], primes[half]);
                let keep = _mm512_cmplt_epu32_mask(at[half], bits);
                // SAFETY: the list has room for sixteen more than it keeps.
                unsafe {
                    _mm512_storeu_si512(list.as_mut_ptr().add(len).cast(), _mm512_maskz_compress_epi32(keep, at[half]))
                };
                len += keep.count_ones() as usize;
            }
            // SAFETY: so many were kept.
            unsafe { list.set_len(len) };
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

/// A round of sixteen primes at once: whether a class is wanted is looked up in a register.
#[target_feature(enable = "avx512f,fma,popcnt")]
unsafe fn leap(leap: &Leap, primes: &[u32], found: &mut Vec<u32>) {
    // SAFETY: the table has eight words.
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
        for from in (0..generic::GROUP).step_by(16) {
            // SAFETY: sixteen values begin there in each array, and there is room for a group of leaps.
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

/// Sixteen words at once: their counts are added up in a register.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
unsafe fn recount(words: &[u64], before: &mut [u32], from: u32) -> u32 {
    let low_halves = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let (zero, last) = (_mm512_setzero_si512(), _mm512_set1_epi32(15));
    let mut sum = _mm512_set1_epi32(from as i32);
    let whole = words.len() / 16 * 16;
    for at in (0..whole).step_by(16) {
        // SAFETY: sixteen words begin there, and as many counts.
        unsafe {
            let load = |at: usize| _mm512_popcnt_epi64(_mm512_loadu_si512(words.as_ptr().add(at).cast()));
            let counts = _mm512_permutex2var_epi32(load(at), low_halves, load(at + 8));
            // Each lane gets those below it added, of 1, 2, 4 and 8 lanes.
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

/// Eight quotients at once. The look-ups go one by one: gathering them into lanes is no faster, and slower on Zen 4.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,popcnt")]
unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    const GROUP: usize = 64;
    let float = _mm512_set1_pd(dividend.float);
    let all = |value: u64| _mm512_set1_epi64(value as i64);
    let (low, start, one, word_numbers) = (all(dividend.low), all(start), all(1), all(240));
    // n/15 is n·⌈2^35/15⌉/2^35 for every n of 32 bits.
    let (fifteenth, last) = (all(0x8888_8889), all(words.len() as u64 - 1));
    let mut places = [0u32; GROUP];
    let (mut sum, mut more) = (0u64, 0u64);
    for group in divisors.chunks(GROUP) {
        for at in (0..group.len()).step_by(8) {
            let mask = (1u32 << (group.len() - at).min(8)) - 1;
            // SAFETY: the mask has as many lanes as there are divisors left.
            let some =
                unsafe { _mm256_mask_loadu_epi32(_mm256_set1_epi32(1), mask as u8, group.as_ptr().add(at).cast()) };
            let divisor = _mm512_cvtepu32_epi64(some);
            let guess = _mm512_cvttpd_epu64(_mm512_div_pd(float, _mm512_cvtepu32_pd(some)));
            let high = _mm512_slli_epi64::<32>(_mm512_mul_epu32(_mm512_srli_epi64::<32>(guess), divisor));
            let product = _mm512_add_epi64(_mm512_mul_epu32(guess, divisor), high);
            let rest = _mm512_sub_epi64(low, product);
            let offset = _mm512_sub_epi64(guess, start);
            let offset = _mm512_mask_add_epi64(offset, _mm512_cmpge_epi64_mask(rest, divisor), offset, one);
            let offset = _mm512_mask_sub_epi64(offset, _mm512_movepi64_mask(rest), offset, one);
            let word = _mm512_srli_epi64::<35>(_mm512_mul_epu32(_mm512_srli_epi64::<4>(offset), fifteenth));
            let rest = _mm512_sub_epi64(offset, _mm512_mul_epu32(word, word_numbers));
            // Word and rest in 32 bits; a word beyond the last would be out of bounds.
            let rest = _mm512_and_epi64(rest, all(0xff));
            let place = _mm512_or_epi64(_mm512_slli_epi64::<8>(_mm512_min_epu64(word, last)), rest);
            // SAFETY: at is below the length, and a multiple of eight.
            unsafe { _mm256_storeu_si256(places.as_mut_ptr().add(at).cast(), _mm512_cvtepi64_epi32(place)) };
        }
        let look_up = |place: u32| {
            // SAFETY: no word is beyond the last.
            let (bits, before) = unsafe {
                let word = (place >> 8) as usize;
                (*words.get_unchecked(word), *before.get_unchecked(word))
            };
            (u64::from(before), u64::from((bits & counting::MASKS[(place & 0xff) as usize]).count_ones()))
        };
        for &place in &places[..group.len()] {
            let (before, inside) = look_up(place);
            sum += before;
            more += inside;
        }
    }
    sum + more
}

/// Sixteen entries at once; those that pass are moved together in a register and all sixteen written, as compressing
/// straight into memory would be slow on Zen 4.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,popcnt")]
unsafe fn pick(entries: &[u16], above: u16, base: u32, offsets: &[u16], plus: &mut Vec<u32>, minus: &mut Vec<u32>) {
    let (threshold, low_bit) = (_mm256_set1_epi16(above as i16), _mm256_set1_epi16(1));
    let base = _mm512_set1_epi32(base as i32);
    let (mut even, mut odd) = (plus.len(), minus.len());
    for at in (0..entries.len()).step_by(16) {
        let mask = ((1u32 << (entries.len() - at).min(16)) - 1) as u16;
        // SAFETY: the mask has as many lanes as there are entries left; both lists have room for sixteen more than there
        // are entries.
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
    // SAFETY: so many were written.
    unsafe {
        plus.set_len(even);
        minus.set_len(odd);
    }
}
