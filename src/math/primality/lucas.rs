//! The strong Lucas probable prime test with Selfridge's parameters.
//!
//! D is the first of 5, -7, 9, -11, … with Jacobi symbol (D/n) = -1; P = 1, Q = (1 - D)/4. With n + 1 = d·2^s
//! and d odd, n passes if U_d = 0 or one of V_d, V_2d, …, V_(n+1)/2 is 0 modulo n. Primes pass.
//! Source: Baillie & Wagstaff, Lucas pseudoprimes, 1980.
//!
//! The sequence V alone is enough, for other parameters. Let W be the sequence V for P' = 1/Q - 2 and Q' = 1; then
//! V_2m = Q^m·W_m. For d = 2m + 1 and P = 1 it follows that V_d = V_2m+2 + Q·V_2m = Q^(m+1)·(W_m+1 + W_m) and
//! D·U_d = V_2m+2 - Q·V_2m = Q^(m+1)·(W_m+1 - W_m). So the test asks whether W_m+1 = ±W_m or one of W_d, W_2d, …,
//! W_(n+1)/4 is 0. The pair W_m, W_m+1 is doubled with two multiplications for each bit.

use super::montgomery::{Modulus, Word};
use std::hint::select_unpredictable;

/// Which of the moduli pass. All must be above 100. Cost: two multiplications for each bit; the moduli go in step, so that
/// their multiplications overlap.
pub fn passes_lucas<T: Word, const COUNT: usize>(moduli: &[Modulus<T>; COUNT]) -> [bool; COUNT] {
    let zero = T::from(0);
    let parameters = moduli.map(|modulus| parameter(&modulus));
    let p: [T; COUNT] = std::array::from_fn(|i| parameters[i].unwrap_or(zero));
    let two: [T; COUNT] = std::array::from_fn(|i| moduli[i].add(moduli[i].one, moduli[i].one));
    let halves = moduli.map(|modulus| (modulus.n >> 1) + T::from(1));
    let twos = halves.map(|half| half.trailing_zeros());
    let last = twos.into_iter().max().unwrap_or(0) + 1;
    let bits = halves.iter().map(|&half| half.into().ilog2() + 1).max().unwrap_or(0);

    // W_m and W_m+1, where m has the bits of (n + 1)/2 that were taken so far.
    let (mut this, mut next) = (two, p);
    let step = |this: &mut [T; COUNT], next: &mut [T; COUNT], left: u32| {
        for i in 0..COUNT {
            let modulus = &moduli[i];
            let odd = (halves[i] >> left).low_bits() & 1 == 1;
            let (a, b) = (this[i], next[i]);
            let between = modulus.mul_sub(a, b, p[i]);
            let end = select_unpredictable(odd, b, a);
            let end = modulus.mul_sub(end, end, two[i]);
            this[i] = select_unpredictable(odd, between, end);
            next[i] = select_unpredictable(odd, end, between);
        }
    };
    (last..bits).rev().for_each(|left| step(&mut this, &mut next, left));
    let mut passes = [false; COUNT];
    for left in (1..=last).rev() {
        if left < last {
            step(&mut this, &mut next, left);
        }
        for i in 0..COUNT {
            let (a, b) = (this[i], next[i]);
            passes[i] |= left == twos[i] + 1 && (a == b || moduli[i].add(a, b) == zero);
            passes[i] |= left <= twos[i] && a == zero;
        }
    }
    std::array::from_fn(|i| passes[i] && parameters[i].is_some())
}

/// P' as a residue; `None` if n is a square or shares a factor with D or Q.
fn parameter<T: Word>(modulus: &Modulus<T>) -> Option<T> {
    let n = modulus.n;
    for d in (5..).step_by(2) {
        // D is 1 modulo 4, so (D/n) = (n/|D|).
        match jacobi((n % T::from(d)).low_bits(), d) {
            1 => (),
            0 => return None,
            -1 => {
                let positive = d % 4 == 3;
                let q = if positive { (d + 1) / 4 } else { (d - 1) / 4 };
                let inverse = quotient(modulus, q)?;
                let inverse = if positive { inverse } else { n - inverse };
                return Some(modulus.sub(modulus.sub(inverse, modulus.one), modulus.one));
            }
            _ => (),
        }
        // A square has no D, and few other numbers need so many tries.
        if d == 63 {
            let root = n.isqrt();
            if root * root == n {
                return None;
            }
        }
    }
    None
}

/// The residue 1/divisor: the first of R, R + n, R + 2n, … (modulo n) that the divisor divides, if there is one.
fn quotient<T: Word>(modulus: &Modulus<T>, divisor: u32) -> Option<T> {
    let q = T::from(divisor);
    let (n, one) = (modulus.n, modulus.one);
    let (n_rest, one_rest) = ((n % q).low_bits(), (one % q).low_bits());
    let times = (0..divisor).find(|times| (one_rest + times * n_rest).is_multiple_of(divisor))?;
    Some(one / q + T::from(times) * (n / q) + T::from((one_rest + times * n_rest) / divisor))
}

/// The Jacobi symbol (a/m), for odd m and a < m.
fn jacobi(mut a: u32, mut m: u32) -> i32 {
    let mut sign = 1;
    while a != 0 {
        let twos = a.trailing_zeros();
        a >>= twos;
        if twos % 2 == 1 && matches!(m % 8, 3 | 5) {
            sign = -sign;
        }
        if a % 4 == 3 && m % 4 == 3 {
            sign = -sign;
        }
        (a, m) = (m % a, a);
    }
    if m == 1 { sign } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::trial;

    /// The definition: U_k, V_k and Q^k from the bits of k, for n below 2^31.
    fn by_both_sequences(n: u64) -> bool {
        let n = n as i64;
        let signed = (5i64..).step_by(2).map(|d| if d % 4 == 1 { d } else { -d });
        // For composite n the Jacobi symbol is the product of those of its prime factors.
        let symbol = |d: i64| {
            let (mut rest, mut symbol) = (n, 1);
            for p in (3..).step_by(2) {
                if p * p > rest {
                    break;
                }
                while rest % p == 0 {
                    rest /= p;
                    symbol *= legendre(d, p);
                }
            }
            if rest > 1 { symbol * legendre(d, rest) } else { symbol }
        };
        let d = match signed.take_while(|d| d.abs() < 1000).find(|&d| symbol(d) != 1) {
            Some(d) if symbol(d) == -1 => d,
            _ => return false,
        };
        let q = (1 - d) / 4;
        let twos = (n + 1).trailing_zeros();
        let half = |x: i64| (if x % 2 == 0 { x } else { x + n }) / 2 % n;
        let (mut u, mut v, mut power) = (0, 2, 1);
        for bit in (0..n.ilog2() + 2).rev() {
            (u, v, power) = (u * v % n, (v * v - 2 * power).rem_euclid(n), power * power % n);
            if (n + 1) >> twos >> bit & 1 == 1 {
                (u, v) = (half(u + v), half((d * u + v).rem_euclid(n)));
                power = (power * q).rem_euclid(n);
            }
        }
        let mut passes = u == 0;
        for _ in 0..twos {
            passes |= v == 0;
            (v, power) = ((v * v - 2 * power).rem_euclid(n), power * power % n);
        }
        passes
    }

    /// By the definition: whether d is a square modulo the odd prime p.
    fn legendre(d: i64, p: i64) -> i32 {
        let mut power = 1;
        for bit in (0..p.ilog2() + 1).rev() {
            power = power * power % p;
            if ((p - 1) / 2) >> bit & 1 == 1 {
                power = power * d.rem_euclid(p) % p;
            }
        }
        if power == p - 1 { -1 } else { power as i32 }
    }

    #[test]
    fn one_sequence_follows_the_definition_by_two() {
        let numbers: Vec<u64> =
            (101..60_000).step_by(2).chain((1 << 30) - 999..(1 << 30)).filter(|n| n % 2 == 1).collect();
        for (index, &n) in numbers.iter().enumerate() {
            let company = [n, numbers[(index * 7919 + 13) % numbers.len()], (1 << 61) - 1, u64::MAX];
            let expect = [by_both_sequences(n), by_both_sequences(company[1]), true, false];
            assert_eq!(passes_lucas(&company.map(Modulus::new)), expect, "{company:?}");
            assert_eq!(passes_lucas(&company.map(|n| Modulus::new(u128::from(n)))), expect, "{company:?}");
        }
    }

    #[test]
    fn pseudoprimes_pass_and_all_primes() {
        let numbers: Vec<u64> = (101..300_000).step_by(2).collect();
        let passing = |n: &u64| passes_lucas(&[Modulus::new(*n)])[0];
        let composite: Vec<u64> = numbers.iter().copied().filter(|n| passing(n) && !trial::is_prime(*n)).collect();
        let known = [
            5459, 5777, 10877, 16109, 18971, 22499, 24569, 25199, 40309, 58519, 75077, 97439, 100127, 113573, 115639,
            130139, 155819, 158399, 161027, 162133, 176399, 176471, 189419, 192509, 197801, 224369, 230691, 231703,
            243629, 253259, 268349, 288919,
        ];
        assert_eq!(composite, known);
        assert!(numbers.iter().all(|n| passing(n) || !trial::is_prime(*n)));
    }

    #[test]
    fn the_symbol_is_the_product_of_those_of_the_prime_factors() {
        for m in (3..300u32).step_by(2) {
            for a in 0..m {
                let (mut rest, mut symbol) = (m, 1);
                while let Some(p) = (3..=rest).find(|p| rest % p == 0) {
                    rest /= p;
                    symbol *= legendre(a.into(), p.into());
                }
                assert_eq!(jacobi(a, m), symbol, "{a}/{m}");
            }
        }
    }
}
