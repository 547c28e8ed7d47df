//! Natural numbers in base 10^18, so that their decimal text costs no conversion.
//!
//! Factorials are wanted as decimal text. To convert a number from binary takes several times as long as to multiply two numbers of
//! its size. So factorials are carried in decimal: a small factor costs one pass ([`Decimal::times`]), and large numbers are multiplied by
//! GMP, see `multiply.rs`.

mod multiply;

use super::integer::{self, Integer};

/// The base.
const BASE: u64 = 1_000_000_000_000_000_000;

/// Decimal digits of a limb.
pub const LIMB_DIGITS: usize = 18;

/// A natural number in base 10^18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    /// The limbs, the least significant first. The last one is not 0, and 0 has none.
    limbs: Vec<u64>,
}

impl Default for Decimal {
    fn default() -> Decimal {
        Decimal::one()
    }
}

impl Decimal {
    /// The number 1.
    pub fn one() -> Decimal {
        Decimal { limbs: vec![1] }
    }

    /// The same number. It must not be negative. GMP converts it, which takes long for a long number.
    pub fn of(value: &Integer) -> Decimal {
        let text = value.to_string();
        let limb = |digits: &[u8]| digits.iter().fold(0, |limb, digit| 10 * limb + u64::from(digit - b'0'));
        Decimal::trimmed(text.as_bytes().rchunks(LIMB_DIGITS).map(limb).collect())
    }

    /// The number of these limbs, the least significant first; `None` if one is no limb, or if the last one is 0.
    pub fn from_limbs(limbs: Vec<u64>) -> Option<Decimal> {
        let fits = limbs.iter().all(|&limb| limb < BASE) && limbs.last() != Some(&0);
        fits.then_some(Decimal { limbs })
    }

    fn trimmed(mut limbs: Vec<u64>) -> Decimal {
        let zeros = limbs.iter().rev().take_while(|limb| **limb == 0).count();
        limbs.truncate(limbs.len() - zeros);
        Decimal { limbs }
    }

    /// The limbs, the least significant first.
    pub fn limbs(&self) -> &[u64] {
        &self.limbs
    }

    /// The same number in binary. GMP converts it, which takes long for a long number.
    pub fn to_integer(&self) -> Integer {
        let text = String::from_utf8(self.text(0)).expect("digits are ASCII");
        integer::decimal(&text).expect("a text of digits")
    }

    /// Multiplies by a factor below 10^18. Cost: about a nanosecond a limb.
    pub fn times(&mut self, factor: u64) {
        debug_assert!(factor < BASE);
        let mut carry = 0;
        for limb in &mut self.limbs {
            let (quotient, rest) = split(u128::from(*limb) * u128::from(factor));
            let sum = rest + carry;
            let over = sum >= BASE;
            *limb = if over { sum - BASE } else { sum };
            carry = quotient + u64::from(over);
        }
        match factor {
            0 => self.limbs.clear(),
            _ if carry > 0 => self.limbs.push(carry),
            _ => (),
        }
    }

    /// How many digits the text has; that of 0 has one.
    pub fn digits(&self) -> usize {
        match self.limbs.split_last() {
            None => 1,
            Some((top, rest)) => rest.len() * LIMB_DIGITS + top.ilog10() as usize + 1,
        }
    }

    /// The decimal text in ASCII, with so many zeros behind it. Cost: some nanoseconds a limb.
    pub fn text(&self, zeros: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity((self.limbs.len() + 1) * LIMB_DIGITS + zeros);
        self.write(&mut out);
        out.resize(out.len() + zeros, b'0');
        out
    }

    /// Appends the decimal text.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Some((top, rest)) = self.limbs.split_last() else { return out.push(b'0') };
        out.extend(top.to_string().bytes());
        for limb in rest.iter().rev() {
            out.extend(limb_text(*limb));
        }
    }

    /// The rest when it is divided by `modulus`, which must not be 0. Cost: some nanoseconds a limb.
    pub fn modulo(&self, modulus: u64) -> u64 {
        let wide = u128::from(modulus);
        let next = |rest: u64, limb: &u64| ((u128::from(rest) * u128::from(BASE) + u128::from(*limb)) % wide) as u64;
        self.limbs.iter().rev().fold(0, next)
    }
}

/// The quotient and the rest of a number below 10^36, divided by 10^18.
#[inline(always)]
fn split(number: u128) -> (u64, u64) {
    /// 2^123 / 10^18, rounded down.
    const INVERSE: u64 = ((1u128 << 123) / BASE as u128) as u64;
    // Cutting off bits makes the quotient too small by at most 1.
    let quotient = ((u128::from((number >> 59) as u64) * u128::from(INVERSE)) >> 64) as u64;
    let rest = (number as u64).wrapping_sub(quotient.wrapping_mul(BASE));
    if rest >= BASE { (quotient + 1, rest - BASE) } else { (quotient, rest) }
}

/// The eighteen digits of a limb.
#[inline(always)]
fn limb_text(limb: u64) -> [u8; LIMB_DIGITS] {
    let (first, rest) = (limb / 10_000_000_000_000_000, limb % 10_000_000_000_000_000);
    let mut text = [0; LIMB_DIGITS];
    text[0] = b'0' + (first / 10) as u8;
    text[1] = b'0' + (first % 10) as u8;
    text[2..10].copy_from_slice(&eight_digits(rest / 100_000_000));
    text[10..].copy_from_slice(&eight_digits(rest % 100_000_000));
    text
}

/// The digits of a number below 10^8, all at once in one word: two numbers of four digits, then four of two, then eight of one.
#[inline(always)]
pub fn eight_digits(number: u64) -> [u8; 8] {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - 100 * hundreds) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | (pairs - 10 * tens) << 8;
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn text(value: &Decimal) -> String {
        String::from_utf8(value.text(0)).unwrap()
    }

    #[test]
    fn texts_are_those_of_gmp() {
        for number in [0u128, 1, 9, 10, 10u128.pow(18) - 1, 10u128.pow(18), 10u128.pow(36) + 1, u128::MAX] {
            let decimal = Decimal::of(&Integer::from(number));
            assert_eq!(text(&decimal), number.to_string());
            assert_eq!(decimal.digits(), number.to_string().len());
            assert_eq!(decimal.to_integer(), number);
            assert_eq!(Decimal::from_limbs(decimal.limbs().to_vec()), Some(decimal));
        }
        assert_eq!(Decimal::of(&Integer::from(12)).text(3), b"12000");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        assert_eq!(Decimal::from_limbs(vec![1, 0]), None);
        assert_eq!(Decimal::from_limbs(vec![BASE]), None);
        assert_eq!(Decimal::from_limbs(vec![]).unwrap().text(0), b"0");
    }

    #[test]
    fn the_digits_of_every_part_are_right() {
        for number in (0..100_000_000).step_by(9_973).chain([99_999_999, 9_999, 10_000, 99_990_000]) {
            assert_eq!(eight_digits(number), *format!("{number:08}").as_bytes());
        }
    }

    proptest! {
        #[test]
        fn small_factors_multiply_as_integers_do(limbs in prop::collection::vec(0..BASE, 0..9), factor in 0..BASE) {
            let mut decimal = Decimal::trimmed(limbs);
            let expect = decimal.to_integer() * factor;
            decimal.times(factor);
            prop_assert_eq!(&decimal, &Decimal::of(&expect));
            prop_assert_eq!(text(&decimal), expect.to_string());
        }

        #[test]
        fn quotients_are_exact(quotient in 0..BASE, rest in 0..BASE) {
            for rest in [rest, 0, BASE - 1] {
                let number = u128::from(quotient) * u128::from(BASE) + u128::from(rest);
                prop_assert_eq!(split(number), (quotient, rest));
            }
        }

        #[test]
        fn rests_are_those_of_gmp(limbs in prop::collection::vec(0..BASE, 0..9), modulus in 1..u64::MAX) {
            let decimal = Decimal::trimmed(limbs);
            prop_assert_eq!(decimal.modulo(modulus), decimal.to_integer() % Integer::from(modulus));
        }
    }
}
