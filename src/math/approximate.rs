//! What π(x) is about: the logarithmic integral, Riemann's function and its inverse, and how far off they may be.
//!
//! li(x) = Ei(ln x), the integral of 1/ln t from 0 to x, is a little more than π(x) as far as anyone has counted. Riemann
//! corrected it by the powers of primes: R(x) = Σ μ(n)/n · li(x^1/n), which is off by about √x / ln x / 3 only. Gram's series for it
//! has nothing but positive terms: R(x) = 1 + Σ Lⁿ / (n · n! · ζ(n+1)) over n ≥ 1, where L = ln x.
//!
//! All in floats of 192 bits by MPFR, which rounds alike everywhere: more than 50 digits are right. Some dozen
//! microseconds each, R the first time some milliseconds, for the ζ.

use super::integer::{Float, Integer, power};
use super::span::Span;
use std::sync::LazyLock;

/// Of a number's digits: enough for 20 behind the point up to 2^128.
const BITS: u32 = 192;

fn float(x: u128) -> Float {
    Float::with_val(BITS, x)
}

/// li(x); the integral is taken across 1, where it is -∞. (Li, which starts at 2, is less by li(2) = 1.04….)
pub fn li(x: u128) -> Float {
    if x == 0 { float(0) } else { float(x).ln().eint() }
}

/// R(x); R(1) is 1, and towards 0 it goes to 0.
pub fn riemann_r(x: u128) -> Float {
    if x < 2 { float(x) } else { gram(&float(x)).0 }
}

/// Terms of Gram's series: those behind are less than 2^-192 for all x below 2^128.
const TERMS: u32 = 400;

/// 1 / (n · n! · ζ(n+1)) for n from 1 on.
static COEFFICIENTS: LazyLock<Vec<Float>> = LazyLock::new(|| {
    let mut factorial = float(1);
    let coefficient = |n| {
        factorial *= n;
        1 / (Float::with_val(BITS, Float::zeta_u(n + 1)) * &factorial * n)
    };
    (1..=TERMS).map(coefficient).collect()
});

/// R(x) and R'(x) by Gram's series, for x > 1.
fn gram(x: &Float) -> (Float, Float) {
    let ln = Float::with_val(BITS, x.ln_ref());
    let (mut sum, mut slope, mut power) = (float(1), float(0), float(1));
    for (n, coefficient) in (1u32..).zip(&*COEFFICIENTS) {
        power *= &ln;
        let term = Float::with_val(BITS, &power * coefficient);
        if term < Float::with_val(BITS, &sum >> BITS) {
            break;
        }
        sum += &term;
        slope += term * n;
    }
    (sum, slope / ln / x)
}

/// The x with R(x) = n, for n ≥ 1: about the n-th prime. By Newton's method; R is bent downwards, so that it stays on the
/// left side once it is there.
pub fn inverse_riemann_r(n: u128) -> Float {
    if n <= 1 {
        return float(1);
    }
    let n = float(n);
    let mut x = Float::with_val(BITS, &n + 2u32).ln() * &n;
    loop {
        let (value, slope) = gram(&x);
        let step = (value - &n) / slope;
        x -= &step;
        // A step of so few bits is followed by none.
        if step.abs() <= Float::with_val(BITS, &x >> (BITS / 2 + 8)) {
            return x;
        }
    }
}

/// Where the n-th prime lies, for n of some thousands and more: x ± (1.5 √x + 500), where R(x) = n.
///
/// Büthe (2018) proves for x ≤ 10^19 that π(x) is less than li(x), and by no more than √x / ln x · (1.95 + 3.9 / ln x + 19.5 / ln² x).
/// So it is within 1.3 √x / ln x of R(x) where n is that large, the n-th prime within 1.3 √x of x. Beyond 10^19 the same is
/// expected, not proven: the sum over the zeros of ζ that makes up the difference has a spread of 0.22, and must come to more
/// than 1.5. Whoever relies on it checks.
pub fn nth_prime(n: u128) -> Span {
    let middle = inverse_riemann_r(n).to_integer().and_then(|x| x.to_u128()).expect("primes are sought below 2^127");
    let half = middle.isqrt() * 3 / 2 + 500;
    Span::new(middle.saturating_sub(half), middle + half).expect("it ends behind the middle")
}

/// How far π(x) may be from R(x) before something is wrong. Schoenfeld (1976): if Riemann was right, |π(x) - li(x)| is less
/// than √x ln x / 8π for all x ≥ 2657; R is nearer than li by far, wherever anyone has looked.
pub fn bound(x: u128) -> f64 {
    let x = x.max(1) as f64;
    // Below it is 2.4 at most, as the tests find.
    (x.sqrt() * x.ln() / (8.0 * std::f64::consts::PI)).max(3.0)
}

/// Whether π(x) can be `count`.
pub fn plausible(x: u128, count: u128) -> bool {
    (riemann_r(x) - float(count)).abs() <= bound(x)
}

/// A number that is not negative in decimal, rounded to some places behind the point.
pub fn decimal(value: &Float, places: u32) -> String {
    let ten = power(&Integer::from(10), &Integer::from(places), 4096).expect("places are few");
    let scaled = Float::with_val(BITS + 64, value * &ten).to_integer().expect("it is finite");
    let (whole, rest) = scaled.div_rem(ten);
    format!("{whole}.{rest:0>width$}", rest = rest.to_string(), width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;
    use crate::math::sieve::naive;
    use approx::assert_relative_eq;

    /// The rows of the table: x, R(x) and li(x) - li(2) where it is known, both without what is behind the point.
    fn table() -> Vec<(u128, String, String)> {
        let rows = golden::rows("riemann").into_iter();
        rows.map(|row| (row[0].parse().unwrap(), row[1].clone(), row[2].clone())).collect()
    }

    #[test]
    fn all_digits_of_the_table() {
        let whole = |value: &Float| decimal(value, 20).split('.').next().unwrap().to_string();
        assert!(table().len() >= 20);
        for (x, r, from_two) in table() {
            assert_eq!(whole(&riemann_r(x)), r, "R({x})");
            if !from_two.is_empty() {
                assert_eq!(whole(&(li(x) - li(2))), from_two, "Li({x})");
            }
        }
    }

    #[test]
    fn small_values() {
        assert_eq!(decimal(&li(2), 20), "1.04516378011749278484");
        assert_eq!(decimal(&li(0), 3), "0.000");
        assert!(li(1).is_infinite());
        assert_eq!([0, 1].map(|x| decimal(&riemann_r(x), 1)), ["0.0", "1.0"]);
        // Against the definition, with as many terms as there are roots above 1 by more than a little.
        let mobius = |n: u32| (2..=n).filter(move |&p| naive::primes(40).contains(&p) && n.is_multiple_of(p));
        let r: f64 = (1..=30u32)
            .filter(|n| naive::primes(6).iter().all(|p| !n.is_multiple_of(p * p)))
            .map(|n| {
                let root = Float::with_val(BITS, 10u32).ln() * 30u32 / n;
                let sign = if mobius(n).count() % 2 == 0 { 1.0 } else { -1.0 };
                sign / f64::from(n) * root.eint().to_f64()
            })
            .sum();
        assert_relative_eq!(r, riemann_r(10u128.pow(30)).to_f64(), max_relative = 1e-14);
    }

    #[test]
    fn the_inverse_leads_back() {
        for n in (1..100).chain((0..128).map(|bit| 1u128 << bit)).chain([10u128.pow(24)]) {
            let x = inverse_riemann_r(n);
            let back = if n == 1 { float(1) } else { gram(&x).0 };
            assert!((back - float(n)).abs() <= Float::with_val(BITS, float(n) >> 180), "{n}");
        }
        // About the 10^25th prime.
        let prime = 606_527_267_811_189_857_426_370_533u128;
        let off = inverse_riemann_r(10u128.pow(25)) - float(prime);
        assert!(off.abs() < 3e13);
    }

    #[test]
    fn primes_are_where_they_should_be() {
        let primes = naive::primes(30_000_000);
        let mut farthest = 0f64;
        for n in (5_000..primes.len()).step_by(211).chain(5_000..5_400).chain([primes.len()]) {
            let (span, prime) = (nth_prime(n as u128), u128::from(primes[n - 1]));
            assert!(span.contains(prime), "{n}: {prime} is not in {span}");
            let middle = (span.start() + span.end()) / 2;
            farthest = farthest.max(prime.abs_diff(middle) as f64 / (prime as f64).sqrt());
        }
        assert!(farthest < 1.3, "{farthest}");
        for row in golden::rows("nth").iter().map(|row| [0, 1].map(|cell| row[cell].parse::<u128>().unwrap())) {
            let [n, prime] = row;
            assert!(n < 5_000 || nth_prime(n).contains(prime), "{n}");
        }
    }

    #[test]
    fn what_is_known_is_plausible_and_little_else() {
        let primes = naive::primes(20_000);
        let mut count = 0;
        for x in 0..20_000 {
            count += u128::from(primes.binary_search(&x).is_ok());
            assert!(plausible(x.into(), count), "{x}");
            assert!(!plausible(x.into(), count + 3 + 2 * bound(x.into()) as u128), "{x}");
        }
        for row in golden::rows("pi") {
            let (x, count): (u128, u128) = (row[0].parse().unwrap(), row[1].parse().unwrap());
            let off = (riemann_r(x) - float(count)).abs();
            assert!(plausible(x, count) && off <= 3.0 + (x as f64).sqrt() * 0.35, "{x}: {off}");
            let slip = 2 * bound(x) as u128 + 3;
            assert!(!plausible(x, count + slip) && (count < slip || !plausible(x, count - slip)), "{x}");
        }
    }

    #[test]
    fn decimals_are_rounded() {
        let eighth = Float::with_val(BITS, 1u32) / 8u32;
        assert_eq!([1, 2, 3, 5].map(|places| decimal(&eighth, places)), ["0.1", "0.12", "0.125", "0.12500"]);
        assert_eq!(decimal(&float(u128::MAX), 2), format!("{}.00", u128::MAX));
    }
}
