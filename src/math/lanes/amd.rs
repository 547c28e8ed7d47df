//! Loops for AMD's CPUs: crossing off by and-not, and look-ups without gathers.
//!
//! - To clear a bit takes a shift for its word, and either `btr` in a register, or a mask and an and-not that loads the word itself.
//!   On CPUs of Intel `btr` is one micro-operation, and crossing in the first-level cache takes 0.38 ns a hit by it and 0.47 ns by
//!   and-not (Emerald Rapids). On those of AMD it is two, and by and-not the sieve of 0..10^10 takes 9 to 15 % less time (Zen 3).
//!   There octets pay up to larger primes, too.
//! - With AVX-512 a gather loads eight words in one instruction. On CPUs of Intel it saves 3 to 6 % of A and C (Sapphire
//!   Rapids). On those of AMD it is a long list of micro-operations, and looking up one place at a time saves 11 to 18 % (Zen 5).

use super::generic::{self, ClearBit};
use super::{Lanes, OCTETS_MAX, avx2, avx512, counting_avx512, scalar};
use std::arch::asm;
use std::arch::x86_64::__cpuid;
use std::sync::LazyLock;

/// Lanes of 512 bits for these CPUs.
pub(super) const AVX512: Lanes =
    variant(Lanes { sum: counting_avx512::sum_without_gathers, sum_of_pairs: None, ..avx512::AVX512 });

/// Lanes of 256 bits for these CPUs; these gather nothing.
pub(super) const AVX2: Lanes = variant(avx2::AVX2);

/// Scalar lanes for these CPUs, nearly all of which have the instructions of and-not.
pub(super) const SCALAR: Lanes = Lanes { usable: has_and_not, ..variant(scalar::SCALAR) };

fn has_and_not() -> bool {
    is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2")
}

/// The same lanes with these crossings. They must have BMI1 and BMI2.
const fn variant(lanes: Lanes) -> Lanes {
    Lanes { pays, cross, clear_bits, octets_end: AND_NOT_OCTETS_END, ..lanes }
}

/// With these crossings octets pay up to here: 0..10^10 takes 8 % less than with 1500.
const AND_NOT_OCTETS_END: u32 = 4000;
const _: () = assert!(AND_NOT_OCTETS_END <= OCTETS_MAX);

/// Whether this is such a CPU. The maker decides, not a measurement: two runs shall do the same.
fn pays() -> bool {
    static PAYS: LazyLock<bool> = LazyLock::new(|| {
        let maker = __cpuid(0);
        let name = [maker.ebx, maker.edx, maker.ecx].map(u32::to_le_bytes).concat();
        [b"AuthenticAMD", b"HygonGenuine"].iter().any(|slow| name == *slow)
    });
    *PAYS
}

/// A mask, and an and-not that loads the word.
struct AndNot;

impl ClearBit for AndNot {
    #[inline(always)]
    unsafe fn clear(words: *mut u64, bit: u32) {
        // SAFETY: only the word with the bit is read and written, and it lies in the words; the functions below have BMI1 and BMI2.
        unsafe {
            asm!(
                "shrx {at}, {bit}, {six}",
                "shlx {mask}, {one}, {bit}",
                "andn {mask}, {mask}, [{words} + 8 * {at}]",
                "mov [{words} + 8 * {at}], {mask}",
                at = out(reg) _, mask = out(reg) _, bit = in(reg) u64::from(bit), six = in(reg) 6u64, one = in(reg) 1u64,
                words = in(reg) words, options(nostack),
            );
        }
    }
}

#[target_feature(enable = "bmi1,bmi2")]
unsafe fn cross(block: *mut u64, bits: u32, primes: &[u32], at: &[u32]) {
    // SAFETY: `Lanes::cross` has checked the bits, and `FirstMultiples` the places.
    unsafe { generic::cross::<AndNot>(block, bits, primes, at) }
}

#[target_feature(enable = "bmi1,bmi2")]
unsafe fn clear_bits(words: *mut u64, list: &[u32]) {
    // SAFETY: `Lanes::clear_bits` has checked that the words go beyond the bound of the hits.
    unsafe { generic::clear_bits::<AndNot>(words, list) }
}
