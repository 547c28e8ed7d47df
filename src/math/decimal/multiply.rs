//! Products of long decimal numbers, by GMP's products of binary ones.
//!
//! A number is a polynomial in 10^54, whose coefficients take three words each. Kronecker's substitution puts a power of two for the
//! variable, so that one product of integers has all coefficients of the product of polynomials side by side. These need six words
//! each. Harvey's variant takes 2^192 and -2^192, which leaves three words for each: the sum and the difference of both products have
//! the even and the odd coefficients. So there are two products of half the length, which two threads compute at the same time.
//!
//! Source: Harvey, Faster polynomial multiplication via multipoint Kronecker substitution, 2009. Cost: two products of GMP, 7 %
//! longer than the binary numbers, and some nanoseconds a limb.

use super::{BASE, Decimal};
use crate::math::integer::{self, Integer};

/// Limbs of a coefficient: 54 digits.
const GROUP: usize = 3;

/// Words of a coefficient: 54 digits have 180 bits. A coefficient of a product has twice as many, and one more for each doubling of the
/// number of terms, of which there may be 2^25.
const WORDS: usize = 3;

/// Coefficients that a factor may have: a sum of more products would not fit two coefficients' words.
const GROUPS_MAX: usize = 1 << 25;

impl Decimal {
    /// The product, by so many threads: more than two are not used.
    pub fn product(&self, other: &Decimal, threads: usize) -> Decimal {
        multiplied(&[self, other], threads)
    }

    /// The square, by so many threads, in about two thirds of the time of a product.
    pub fn square(&self, threads: usize) -> Decimal {
        multiplied(&[self], threads)
    }
}

/// The product of two numbers, or the square of one.
fn multiplied(factors: &[&Decimal], threads: usize) -> Decimal {
    let lengths = || factors.iter().cycle().take(2).map(|factor| factor.limbs.len());
    if lengths().any(|length| length == 0) {
        return Decimal { limbs: vec![] };
    }
    assert!(lengths().all(|length| length.div_ceil(GROUP) <= GROUPS_MAX));
    let (sums, differences): (Vec<_>, Vec<_>) = factors.iter().map(|factor| at_both_points(&factor.limbs)).unzip();
    let (plus, minus) = both(threads, || integer_product(sums), || integer_product(differences));
    // Both are twice the even or the odd coefficients.
    let odd = integer::words(&(Integer::from(&plus - &minus) >> 1));
    let even = integer::words(&((plus + minus) >> 1));
    Decimal::trimmed(carried(&even, &odd, lengths().sum()))
}

/// Runs both, at the same time if there is a second thread.
fn both<T: Send>(threads: usize, first: impl FnOnce() -> T, second: impl FnOnce() -> T + Send) -> (T, T) {
    if threads < 2 {
        return (first(), second());
    }
    std::thread::scope(|scope| {
        let second = scope.spawn(second);
        (first(), second.join().expect("a product does not panic"))
    })
}

fn integer_product(mut factors: Vec<Integer>) -> Integer {
    let last = factors.pop().expect("there is a factor");
    match factors.pop() {
        Some(first) => first * last,
        None => last.square(),
    }
}

/// The polynomial with these limbs at 2^192 and at -2^192.
fn at_both_points(limbs: &[u64]) -> (Integer, Integer) {
    let words = limbs.len().div_ceil(GROUP) * WORDS;
    let mut parities = [vec![0; words], vec![0; words]];
    for (index, group) in limbs.chunks(GROUP).enumerate() {
        let place = &mut parities[index % 2][index * WORDS..][..WORDS];
        place.copy_from_slice(&packed(group));
    }
    let [even, odd] = parities.map(|words| integer::from_words(&words));
    (Integer::from(&even + &odd), even - odd)
}

/// Up to three limbs as one binary number.
#[inline(always)]
fn packed(group: &[u64]) -> [u64; WORDS] {
    let limb = |index: usize| u128::from(group.get(index).copied().unwrap_or(0));
    let base = u128::from(BASE);
    let high = limb(2) * base + limb(1);
    let low = u128::from(high as u64) * base + limb(0);
    let high = (high >> 64) * base + (low >> 64);
    [low as u64, high as u64, (high >> 64) as u64]
}

/// The limbs of the product, from its even and its odd coefficients: those of index i begin at word 3·i.
fn carried(even: &[u64], odd: &[u64], limbs: usize) -> Vec<u64> {
    let groups = limbs.div_ceil(GROUP) + 1;
    let mut out = vec![0u64; (groups + 2) * GROUP];
    for index in 0..groups {
        let words = if index % 2 == 0 { even } else { odd };
        let from = (index * WORDS).min(words.len());
        let words = &words[from..words.len().min(from + 2 * WORDS)];
        let mut coefficient = [0; 2 * WORDS];
        coefficient[..words.len()].copy_from_slice(words);
        // Three coefficients meet in a limb: their sum fits.
        let place = &mut out[index * GROUP..][..COEFFICIENT_LIMBS];
        place.iter_mut().zip(unpacked(coefficient)).for_each(|(limb, more)| *limb += more);
    }
    let mut carry = 0;
    for limb in &mut out {
        let sum = *limb + carry;
        (*limb, carry) = (sum % BASE, sum / BASE);
    }
    debug_assert_eq!(carry, 0);
    out
}

/// Limbs of a coefficient of a product, which has no more than 384 bits.
const COEFFICIENT_LIMBS: usize = 7;

/// The limbs of a binary number that fits so many.
#[inline(always)]
fn unpacked(mut words: [u64; 2 * WORDS]) -> [u64; COEFFICIENT_LIMBS] {
    let mut limbs = [0; COEFFICIENT_LIMBS];
    for (index, limb) in limbs.iter_mut().enumerate() {
        // Each division takes nearly a word away.
        let length = (2 * WORDS + 1 - index.max(1)).min(2 * WORDS);
        *limb = divide(&mut words[..length]);
    }
    limbs
}

/// Divides a binary number by 10^18 in its place. Returns the rest.
///
/// Source: Möller and Granlund, Improved division by invariant integers, 2011. Their divisor has its highest bit set, so all is moved
/// by four bits.
#[inline(always)]
fn divide(words: &mut [u64]) -> u64 {
    const SHIFT: u32 = BASE.leading_zeros();
    const DIVISOR: u64 = BASE << SHIFT;
    const INVERSE: u64 = (u128::MAX / DIVISOR as u128 - (1 << 64)) as u64;
    let mut rest = words[words.len() - 1] >> (64 - SHIFT);
    for index in (0..words.len()).rev() {
        let below = if index > 0 { words[index - 1] >> (64 - SHIFT) } else { 0 };
        let word = words[index] << SHIFT | below;
        let estimate = u128::from(INVERSE) * u128::from(rest) + (u128::from(rest) << 64 | u128::from(word));
        let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
        rest = word.wrapping_sub(quotient.wrapping_mul(DIVISOR));
        if rest > estimate as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(DIVISOR);
        }
        if rest >= DIVISOR {
            quotient = quotient.wrapping_add(1);
            rest -= DIVISOR;
        }
        words[index] = quotient;
    }
    rest >> SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::integer::raised;
    use proptest::prelude::*;

    #[test]
    fn products_are_those_of_integers() {
        let powers = [(3, 1), (7, 40), (10, 54), (10, 107), (2, 5000), (9, 3001), (10, 4321)];
        for (base, exponent) in powers {
            for (other_base, other_exponent) in powers {
                let [a, b] =
                    [(base, exponent), (other_base, other_exponent)].map(|(b, e)| raised(Integer::from(b), e) - 1u32);
                let [x, y] = [&a, &b].map(Decimal::of);
                for threads in [1, 2] {
                    assert_eq!(x.product(&y, threads), Decimal::of(&Integer::from(&a * &b)));
                    assert_eq!(x.square(threads), Decimal::of(&a.clone().square()));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_limbs_multiply(a in prop::collection::vec(0..BASE, 0..40), b in prop::collection::vec(0..BASE, 0..40)) {
            let [a, b] = [a, b].map(Decimal::trimmed);
            prop_assert_eq!(a.product(&b, 1), Decimal::of(&(a.to_integer() * b.to_integer())));
        }

        #[test]
        fn a_group_is_packed_and_unpacked(group in [0..BASE, 0..BASE, 0..BASE]) {
            let [low, middle, high] = packed(&group);
            let limbs = unpacked([low, middle, high, 0, 0, 0]);
            prop_assert_eq!((&limbs[..3], &limbs[3..]), (&group[..], &[0; 4][..]));
        }

        #[test]
        fn a_coefficient_comes_apart(words: [u64; 6]) {
            let limbs = unpacked(words).to_vec();
            prop_assert_eq!(Decimal::trimmed(limbs).to_integer(), integer::from_words(&words));
        }
    }
}
