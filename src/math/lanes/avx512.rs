//! Lanes of 512 bits: Intel since Ice Lake, AMD since Zen 4.

use super::{CLASS, Comb, Dividend, Hits, Leap, Line, TIMES_MAX};
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
    recount_lines,
    sum,
    sum_lines,
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

/// a / b to about a unit in the last place: an estimate of 1/b and two steps of Newton's, which takes a third of a
/// division's time.
#[inline]
#[target_feature(enable = "avx512f,fma")]
fn over(a: __m512d, b: __m512d) -> __m512d {
    let one = _mm512_set1_pd(1.0);
    let rough = _mm512_rcp14_pd(b);
    let inverse = _mm512_fmadd_pd(rough, _mm512_fnmadd_pd(b, rough, one), rough);
    let quotient = _mm512_mul_pd(a, inverse);
    _mm512_fmadd_pd(_mm512_fnmadd_pd(quotient, b, a), inverse, quotient)
}

/// Quotients that are found before they are looked up.
const GROUP: usize = 64;

/// Where the quotients lie: the word, no further than the last, times 256 and the number in the word. Eight at once.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,fma")]
fn spots(dividend: Dividend, start: u64, last: u64, divisors: &[u32], spots: &mut [u32; GROUP]) {
    let all = _mm512_set1_pd;
    // With half a number more, no quotient is so near to a whole number that what floats lose could matter.
    let numbers = if dividend.short { all(dividend.float + 0.5) } else { all(dividend.float) };
    let (first, per_word, words) = (all(start as f64), all(240.0), all(1.0 / 240.0));
    let (zero, most) = (all(0.0), all((240 * last) as f64 + 239.5));
    for (some, spots) in divisors.chunks(8).zip(spots.chunks_exact_mut(8)) {
        let mask = ((1u32 << some.len()) - 1) as u8;
        // SAFETY: the mask has as many lanes as there are divisors left.
        let some = unsafe { _mm256_mask_loadu_epi32(_mm256_set1_epi32(1), mask, some.as_ptr().cast()) };
        let divisor = _mm512_cvtepu32_pd(some);
        let mut quotient = over(numbers, divisor);
        if !dividend.short {
            quotient = exactly(quotient, dividend.low, _mm512_cvtepu32_epi64(some));
        }
        // What is not in the row must not be looked up; this order of operands holds back what is no number too.
        let offset = _mm512_min_pd(_mm512_max_pd(_mm512_sub_pd(quotient, first), zero), most);
        let word = _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(_mm512_mul_pd(offset, words));
        let rest = _mm512_fnmadd_pd(word, per_word, offset);
        let place = _mm512_fmadd_pd(word, all(256.0), rest);
        // SAFETY: there are eight places.
        unsafe { _mm256_storeu_si256(spots.as_mut_ptr().cast(), _mm512_cvttpd_epu32(place)) };
    }
}

/// Quotients, rounded down and made right by the rest, of which the low 64 bits are enough; and a half more.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn exactly(quotient: __m512d, dividend: u64, divisor: __m512i) -> __m512d {
    let guess = _mm512_cvttpd_epu64(quotient);
    let high = _mm512_slli_epi64::<32>(_mm512_mul_epu32(_mm512_srli_epi64::<32>(guess), divisor));
    let product = _mm512_add_epi64(_mm512_mul_epu32(guess, divisor), high);
    let rest = _mm512_sub_epi64(_mm512_set1_epi64(dividend as i64), product);
    let one = _mm512_set1_epi64(1);
    let guess = _mm512_mask_add_epi64(guess, _mm512_cmpge_epi64_mask(rest, divisor), guess, one);
    let guess = _mm512_mask_sub_epi64(guess, _mm512_movepi64_mask(rest), guess, one);
    _mm512_add_pd(_mm512_cvtepu64_pd(guess), _mm512_set1_pd(0.5))
}

/// The look-ups are left to the compiler, which brings eight together in a register and counts them there.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt")]
unsafe fn sum(words: &[u64], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    let mut found = [0u32; GROUP];
    let (mut sum, mut inside) = (0u64, 0u64);
    for group in divisors.chunks(GROUP) {
        spots(dividend, start, words.len() as u64 - 1, group, &mut found);
        for &place in &found[..group.len()] {
            let word = (place >> 8) as usize;
            // SAFETY: no word is beyond the last.
            unsafe {
                sum += u64::from(*before.get_unchecked(word));
                let mask = counting::MASKS[(place & 0xff) as usize];
                inside += u64::from((*words.get_unchecked(word) & mask).count_ones());
            }
        }
    }
    sum + inside
}

/// The words before the one of the place are counted as the line they are in, and added up lane by lane.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,bmi1,bmi2,fma,popcnt")]
unsafe fn sum_lines(lines: &[Line], before: &[u32], start: u64, dividend: Dividend, divisors: &[u32]) -> u64 {
    let mut found = [0u32; GROUP];
    let (mut sum, mut inside, mut whole) = (0u64, 0u64, _mm512_setzero_si512());
    for group in divisors.chunks(GROUP) {
        spots(dividend, start, 8 * lines.len() as u64 - 1, group, &mut found);
        for &place in &found[..group.len()] {
            let (line, word) = ((place >> 11) as usize, (place >> 8) as usize);
            // SAFETY: no word is beyond the last.
            unsafe {
                let all = _mm512_popcnt_epi64(_mm512_load_si512(lines.as_ptr().add(line).cast()));
                let earlier = ((1u32 << (word % 8)) - 1) as u8;
                whole = _mm512_mask_add_epi64(whole, earlier, whole, all);
                sum += u64::from(*before.get_unchecked(line));
                let mask = counting::MASKS[(place & 0xff) as usize];
                inside += u64::from((*lines.as_ptr().cast::<u64>().add(word) & mask).count_ones());
            }
        }
    }
    sum + inside + _mm512_reduce_add_epi64(whole) as u64
}

/// Eight lines at once. A line has 512 bits at most, so the counts of four lines share a lane, 16 bits each, and two
/// registers of lanes are added up together.
#[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq,popcnt,sse4.1")]
unsafe fn recount_lines(lines: &[Line], before: &mut [u32]) -> u32 {
    let mut sum = _mm256_setzero_si256();
    let whole = lines.len() / 8 * 8;
    for at in (0..whole).step_by(8) {
        // SAFETY: eight lines begin there, and as many counts.
        unsafe {
            let count = |line: usize| _mm512_popcnt_epi64(_mm512_load_si512(lines.as_ptr().add(at + line).cast()));
            let four = |line: usize| {
                let low = _mm512_or_si512(count(line), _mm512_slli_epi64::<16>(count(line + 1)));
                let high = _mm512_or_si512(count(line + 2), _mm512_slli_epi64::<16>(count(line + 3)));
                _mm512_or_si512(low, _mm512_slli_epi64::<32>(high))
            };
            let (a, b) = (four(0), four(4));
            let halves = _mm512_add_epi64(_mm512_shuffle_i64x2::<0x44>(a, b), _mm512_shuffle_i64x2::<0xee>(a, b));
            // Four lanes of a, four of b.
            let pairs = _mm512_add_epi64(halves, _mm512_permutex_epi64::<0x4e>(halves));
            let both = _mm512_add_epi64(pairs, _mm512_permutex_epi64::<0xb1>(pairs));
            let counts = _mm_unpacklo_epi64(_mm512_castsi512_si128(both), _mm512_extracti32x4_epi32::<2>(both));
            // Each gets those below it added.
            let one = _mm_add_epi16(counts, _mm_slli_si128::<2>(counts));
            let two = _mm_add_epi16(one, _mm_slli_si128::<4>(one));
            let all = _mm_add_epi16(two, _mm_slli_si128::<8>(two));
            let up_to = _mm256_cvtepu16_epi32(all);
            let base = _mm256_sub_epi32(sum, _mm256_cvtepu16_epi32(counts));
            _mm256_storeu_si256(before.as_mut_ptr().add(at).cast(), _mm256_add_epi32(base, up_to));
            sum = _mm256_add_epi32(sum, _mm256_permutevar8x32_epi32(up_to, _mm256_set1_epi32(7)));
        }
    }
    let mut sum = _mm256_cvtsi256_si32(sum) as u32;
    for (line, before) in lines[whole..].iter().zip(&mut before[whole..]) {
        *before = sum;
        sum += counting::recount_lines(std::slice::from_ref(line), &mut [0]);
    }
    sum
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
