//! Approximations of π(x): the logarithmic integral, Riemann's function and its inverse, and how far off they may be.
//!
//! li(x) = Ei(ln x) is the integral of 1/ln t from 0 to x. It is a little larger than π(x) as far as anyone has counted.
//! Riemann corrected it by the powers of primes: R(x) = Σ μ(n)/n · li(x^1/n), which is off by only about √x / ln x / 3.
//! Gram's series for R has only positive terms: R(x) = 1 + Σ Lⁿ / (n · n! · ζ(n+1)) over n ≥ 1, where L = ln x.
//!
//! All values are floats of 192 bits by MPFR, which rounds the same way everywhere: more than 50 digits are right. A value
//! costs some dozen microseconds; the first R costs some milliseconds, for the values of ζ. Where only the size of R counts, it
//! has 64 bits, and the first one costs a tenth of a millisecond.

use super::integer::{Float, Integer, power};
use super::span::Span;
use super::zeta;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Precision in bits: enough for 20 decimal places up to 2^128.
const PRECISION_BITS: u32 = 192;

/// Precision of what is only compared with [`bound`].
const ROUGH_BITS: u32 = 64;

fn float(x: u128) -> Float {
    Float::with_val(PRECISION_BITS, x)
}

/// li(x). The integral is taken across its pole at 1. (Li, which starts at 2, is smaller by li(2) = 1.04….)
pub fn li(x: u128) -> Float {
    if x == 0 { float(0) } else { float(x).ln().eint() }
}

/// R(x); R(1) = 1, and R(x) tends to 0 as x does.
pub fn riemann_r(x: u128) -> Float {
    if x < 2 { float(x) } else { gram(&float(x), &COEFFICIENTS).0 }
}

/// Terms of Gram's series: the rest is less than 2^-192 for all x below 2^128.
const GRAM_TERMS: u32 = 400;

/// 1 / (n · n! · ζ(n+1)) for n from 1 on, with so many bits.
fn coefficients(bits: u32) -> Vec<Float> {
    let mut factorial = Float::with_val(bits, 1);
    let coefficient = |n| {
        factorial *= n;
        1 / (Float::with_val(bits, Float::zeta_u(n + 1)) * &factorial * n)
    };
    (1..=GRAM_TERMS).map(coefficient).collect()
}

static COEFFICIENTS: LazyLock<Vec<Float>> = LazyLock::new(|| coefficients(PRECISION_BITS));
static ROUGH_COEFFICIENTS: LazyLock<Vec<Float>> = LazyLock::new(|| coefficients(ROUGH_BITS));

/// R(x) and R'(x) by Gram's series, for x > 1, with the coefficients of its precision.
fn gram(x: &Float, coefficients: &[Float]) -> (Float, Float) {
    let bits = x.prec();
    let ln = Float::with_val(bits, x.ln_ref());
    let [mut sum, mut slope, mut power] = [1, 0, 1].map(|start| Float::with_val(bits, start));
    for (n, coefficient) in (1u32..).zip(coefficients) {
        power *= &ln;
        let term = Float::with_val(bits, &power * coefficient);
        if term < Float::with_val(bits, &sum >> bits) {
            break;
        }
        sum += &term;
        slope += term * n;
    }
    (sum, slope / ln / x)
}

/// The x with R(x) = n, for n ≥ 1: about the n-th prime.
pub fn inverse_riemann_r(n: u128) -> Float {
    if n <= 1 { float(1) } else { inverse(&float(n), &COEFFICIENTS) }
}

/// The same for n > 1 with the coefficients of its precision, by Newton's method. R is concave, so the steps stay on the left side of x
/// once they are there.
fn inverse(n: &Float, coefficients: &[Float]) -> Float {
    let bits = n.prec();
    let mut x = Float::with_val(bits, n + 2u32).ln() * n;
    loop {
        let (value, slope) = gram(&x, coefficients);
        let step = (value - n) / slope;
        x -= &step;
        // A step as small as this is the last one.
        if step.abs() <= Float::with_val(bits, &x >> (bits / 2 + 8)) {
            return x;
        }
    }
}

/// The interval of the n-th prime, for n of some thousands and more: x ± (1.5 √x + 500), where R(x) = n.
///
/// Büthe (2018) proves for x ≤ 10^19 that π(x) is less than li(x), by at most √x / ln x · (1.95 + 3.9 / ln x + 19.5 / ln² x).
/// So π(x) is within 1.3 √x / ln x of R(x) for large n, and the n-th prime is within 1.3 √x of x. Above 10^19 this is
/// expected but not proven: the difference is a sum over the zeros of ζ whose standard deviation is 0.22, and it would have
/// to be more than 1.5. So callers must check the result.
///
/// # Panics
/// If the prime may be beyond 2^127.
pub fn nth_prime(n: u128) -> Span {
    widely(whole(&inverse_riemann_r(n)))
}

/// Where the n-th prime is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Whereabouts {
    /// The interval where it is expected.
    pub window: Span,
    /// The interval of [`nth_prime`].
    pub farthest: Span,
}

/// A narrower interval of the n-th prime, in which it mostly is.
///
/// What moves the prime away from the x of [`nth_prime`] is known: π(x) is R(x) - Σ R(x^ρ) over the zeros ρ = 1/2 ± iγ of ζ, up to some
/// thousandths (Riemann 1859), and a term is nearly √x / ln x · x^(±iγ) / ρ. So the middle is moved by the zeros up to some height. What is
/// left are the higher ones. The angles γ ln x are as if random, so their sum is nearly normal, with a standard deviation of σ √x where
/// σ² = 2 Σ 1/γ². The interval is the middle ± (3 σ √x + 500). About one prime in 370 lies outside, and nothing of this is
/// proven: callers must look beside the interval too.
///
/// More zeros take more time to find, and save time of sieving. Below 2^64 the best height is about a half of the fourth root of x;
/// above, where sieving takes longer, it is 2^17 or more. For n below 10^8 zeros save nothing, and the interval is that of [`nth_prime`].
///
/// Cost: some dozen microseconds, and 10 ns for each zero; and once the search for the zeros. `zeta.rs` tells what that takes, and why all
/// ranks find the same interval.
///
/// # Panics
/// If the prime may be beyond 2^127.
pub fn whereabouts(n: u128) -> Whereabouts {
    // With 64 bits n is off by less than n / 2^52 and x by less than x / 2^50, which is little against the width. They take a tenth of the
    // time.
    let few = n < 1 << 58;
    let x = if few { inverse(&Float::with_val(ROUGH_BITS, n), &ROUGH_COEFFICIENTS) } else { inverse_riemann_r(n) };
    let farthest = widely(whole(&x));
    let height = if few { whole(&x).isqrt().isqrt() as u32 / 2 } else { HEIGHT_MAX };
    let window = if n < ZEROS_FROM { farthest } else { narrowly(&x, height) };
    Whereabouts { window, farthest }
}

const ZEROS_FROM: u128 = 100_000_000;

/// The zeros up to here take about a third of a second.
const HEIGHT_MAX: u32 = 1 << 17;

/// x, rounded down.
fn whole(x: &Float) -> u128 {
    x.clone().floor().to_integer().and_then(|x| x.to_u128()).expect("primes are sought below 2^127")
}

/// The interval of [`nth_prime`] around x.
fn widely(x: u128) -> Span {
    around(x, x.isqrt() * 3 / 2 + 500)
}

/// The interval of [`whereabouts`] by the zeros up to a height.
fn narrowly(x: &Float, height: u32) -> Span {
    let (ln, root) = (Float::with_val(x.prec(), x.ln_ref()).to_f64(), whole(x).isqrt() as f64);
    let moved = Float::with_val(x.prec(), x + zeta::sum(ln, height.into()) * root);
    let deviation = zeta::twice_squares_above(height.into()).sqrt();
    around(whole(&moved), (3.0 * deviation * root) as u128 + 500)
}

fn around(middle: u128, half: u128) -> Span {
    Span::new(middle.saturating_sub(half), middle + half).expect("it ends behind the middle")
}

/// How far π(x) may be from R(x) before something is wrong. Schoenfeld (1976): if the Riemann hypothesis is true, |π(x) - li(x)|
/// is less than √x ln x / 8π for all x ≥ 2657. R is much nearer than li wherever anyone has looked.
pub fn bound(x: u128) -> f64 {
    let x = x.max(1) as f64;
    // Below 2657 the difference is at most 2.4, as the tests find.
    (x.sqrt() * x.ln() / (8.0 * std::f64::consts::PI)).max(3.0)
}

/// Whether π(x) can be `count`. R(x) is taken with 64 bits: its error is below a millionth of [`bound`] up to 2^64 and below 10^-5 of
/// it up to 10^25.
pub fn plausible(x: u128, count: u128) -> bool {
    (rough_r(x) - Float::with_val(ROUGH_BITS, count)).abs() <= bound(x)
}

/// R(x) with 64 bits. The error is below 2^-52 · R(x).
///
/// Let u = 2^-64 be the largest error of a rounding, relative to its result. Rounding x moves ln x by at most u, which is 1.5 u of it for
/// x ≥ 2, and ln x is rounded: 2.5 u. The n-th power has n such factors and n roundings, n! has n, and the rest of a term has five: in
/// all less than (4.5 n + 5) u, at most 1805 u with 400 terms. The terms are positive, so this holds for their sum, which has at
/// most 400 roundings of its own. When the terms end, they have become smaller than u of the sum and halve at least: the rest is
/// less than 2 u. All of it is less than 2^12 u.
fn rough_r(x: u128) -> Float {
    let x = Float::with_val(ROUGH_BITS, x);
    if x < 2 { x } else { gram(&x, &ROUGH_COEFFICIENTS).0 }
}

/// How many primes there can be from `start` to below `end`. Montgomery and Vaughan (1973): an interval of y numbers has at
/// most 2 y / ln y primes, wherever it is. The bounds on π at both ends are used where they are tighter and where [`bound`] is
/// known to hold.
pub fn possible(start: u128, end: u128) -> RangeInclusive<u128> {
    let width = end.saturating_sub(start) as f64;
    // Floats are off by less than 10^-9.
    let most = if width < 8.0 { width } else { 2.0 * width / width.ln() * (1.0 + 1e-9) };
    let off = bound(start) + bound(end) + 1.0;
    if end > SEARCHED_END || width < 4.0 * off {
        return 0..=most as u128;
    }
    let middle = (riemann_r(end - 1) - riemann_r(start.saturating_sub(1))).to_f64();
    let least = middle * (1.0 - 1e-9) - off;
    least.max(0.0) as u128..=most.min(middle * (1.0 + 1e-9) + off) as u128
}

/// The end of the numbers in which others have looked for such differences.
const SEARCHED_END: u128 = 10_000_000_000_000_000_000_000_000;

/// A number that is not negative, in decimal, rounded to some decimal places.
///
/// # Panics
/// If the value is not finite, or if there are more than 1365 places.
pub fn decimal(value: &Float, places: u32) -> String {
    let ten = power(&Integer::from(10), &Integer::from(places), 4096).expect("places are few");
    let scaled = Float::with_val(PRECISION_BITS + 64, value * &ten).to_integer().expect("it is finite");
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
    fn the_primes_of_a_span_are_among_those_that_can_be() {
        let primes = naive::primes(3_000_000);
        for start in (0..3_000_000u128).step_by(7919) {
            for width in [0, 1, 2, 7, 8, 30, 1000, 100_000, 2_000_000] {
                let end = (start + width).min(3_000_000);
                let below = |n: u128| primes.partition_point(|&prime| u128::from(prime) < n) as u128;
                let (count, possible) = (below(end) - below(start), possible(start, end));
                assert!(possible.contains(&count), "{count} from {start} to {end}: {possible:?}");
                assert!(!possible.contains(&(width + 1)), "{start} to {end}");
            }
        }
        // High numbers, where the values at both ends are tight (from primesieve 11.0).
        let possible = possible(10u128.pow(12), 10u128.pow(12) + 10u128.pow(10));
        assert!(possible.contains(&361_840_208) && possible.end() - possible.start() < 10_000_000, "{possible:?}");
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
                let root = Float::with_val(PRECISION_BITS, 10u32).ln() * 30u32 / n;
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
            let back = if n == 1 { float(1) } else { gram(&x, &COEFFICIENTS).0 };
            assert!((back - float(n)).abs() <= Float::with_val(PRECISION_BITS, float(n) >> 180), "{n}");
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

    /// The nth primes of the table, whose windows move by zeros.
    fn far() -> impl Iterator<Item = [u128; 2]> {
        let rows = golden::rows("nth").into_iter().map(|row| [0, 1].map(|cell| row[cell].parse::<u128>().unwrap()));
        rows.filter(|[n, _]| *n >= ZEROS_FROM)
    }

    #[test]
    fn known_primes_are_in_their_windows() {
        assert!(far().count() > 15);
        for [n, prime] in far() {
            let Whereabouts { window, farthest } = whereabouts(n);
            assert!(window.contains(prime), "{n}: {prime} is not in {window}");
            assert!(farthest.start() <= window.start() && window.end() <= farthest.end());
            let rooted = window.width() as f64 / (prime as f64).sqrt();
            assert!((0.02..0.7).contains(&rooted), "{n}: {rooted}");
            // The last bits of the 64 do not matter.
            let exact = nth_prime(n);
            assert!(farthest.start().abs_diff(exact.start()) < 2 + window.width() / 1000, "{n}");
        }
        for n in [NAIVE_LEAST, ZEROS_FROM - 1] {
            let Whereabouts { window, farthest } = whereabouts(n);
            assert_eq!((window, farthest), (nth_prime(n), nth_prime(n)));
        }
    }

    const NAIVE_LEAST: u128 = 5_000;

    /// π(x) - R(x) is minus the sum over the zeros, up to what higher ones add.
    #[test]
    fn the_zeros_tell_how_far_r_is_off() {
        let far = golden::rows("pi").into_iter().map(|row| [0, 1].map(|cell| row[cell].parse::<u128>().unwrap()));
        let far: Vec<[u128; 2]> = far.filter(|[x, _]| *x >= 1_000_000_000).collect();
        assert!(far.len() > 10);
        for [x, count] in far {
            for height in [100.0, 1000.0, 10_000.0] {
                let (ln, off) = ((x as f64).ln(), (float(count) - riemann_r(x)).to_f64());
                let unit = (x as f64).sqrt() / ln;
                let left = (off / unit + zeta::sum(ln, height)) / zeta::twice_squares_above(height).sqrt();
                assert!(left.abs() < 4.0, "{x}, {height}: {left}");
            }
        }
    }

    /// What is left by the zeros up to a height is as wide as said, and nearly normal.
    #[test]
    fn primes_are_as_near_as_the_zeros_that_are_left_say() {
        let primes = naive::primes(30_000_000);
        for height in [20, 50, 100, 200] {
            let deviation = zeta::twice_squares_above(height.into()).sqrt();
            let numbers = (100_000..primes.len()).step_by(1009);
            let off: Vec<f64> = numbers
                .map(|n| {
                    let (window, prime) = (narrowly(&inverse_riemann_r(n as u128), height), u128::from(primes[n - 1]));
                    let middle = (window.start() + window.end()) / 2;
                    (prime as f64 - middle as f64) / (prime as f64).sqrt() / deviation
                })
                .collect();
            let root_mean_square = (off.iter().map(|off| off * off).sum::<f64>() / off.len() as f64).sqrt();
            let beyond = |sigmas: f64| off.iter().filter(|off| off.abs() > sigmas).count() as f64 / off.len() as f64;
            assert!((0.8..1.2).contains(&root_mean_square), "{height}: {root_mean_square}");
            assert!((0.2..0.45).contains(&beyond(1.0)) && beyond(2.0) < 0.1 && beyond(3.0) < 0.01, "{height}");
        }
    }

    #[test]
    fn the_rough_value_is_as_near_as_its_proof_says() {
        let random = (0..300).map(|bit| (0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835u128 >> (bit % 126)) ^ bit);
        let borders = (1..127).flat_map(|bit| [(1u128 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        for x in table().into_iter().map(|row| row.0).chain(random).chain(borders).chain(0..3000) {
            let (rough, exact) = (rough_r(x), riemann_r(x));
            let off = Float::with_val(PRECISION_BITS, &rough - &exact).abs();
            assert!(off <= Float::with_val(PRECISION_BITS, &exact >> 52), "{x}: {rough}, {exact}");
            assert!(x > 1 << 64 || off.to_f64() < bound(x) * 1e-6, "{x}");
            assert!(x > 10u128.pow(25) || off.to_f64() < bound(x) * 1e-5, "{x}");
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
        let eighth = Float::with_val(PRECISION_BITS, 1u32) / 8u32;
        assert_eq!([1, 2, 3, 5].map(|places| decimal(&eighth, places)), ["0.1", "0.12", "0.125", "0.12500"]);
        assert_eq!(decimal(&float(u128::MAX), 2), format!("{}.00", u128::MAX));
    }
}
