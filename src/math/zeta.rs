//! The zeros of Riemann's ζ: the numbers γ > 0 with ζ(1/2 + iγ) = 0, ascending.
//!
//! Riemann and Siegel's formula gives a real function Z(t) with the size of ζ(1/2 + it), so the zeros are where Z changes its sign:
//! Z(t) = 2 Σ cos(θ(t) - t ln n) / √n over n ≤ √(t/2π), and a rest that has a series. Here θ(t) is the angle of ζ's symmetry. At
//! Gram's points, where θ is a multiple of π, the first term of the sum is largest and its sign alternates. Mostly Z has this
//! sign; then the point is good. Between neighbouring good points there are as many zeros as intervals between Gram's points
//! (Rosser's rule; it is known to hold below t = 6.8·10^6). So the search goes from good point to good point, and looks closer
//! where zeros are missing.
//! Sources: Edwards, Riemann's Zeta Function, 1974, chapters 6 to 8. Gabcke, Neue Herleitung und explizite Restabschätzung der
//! Riemann-Siegel-Formel, 1979: with three terms of the series the error is at most 0.011 t^(-7/4) for t ≥ 200. Below that the tests
//! find at most twice as much: 10^-4 at the first zero.
//!
//! All ranks must find the same zeros to the last bit. So the floats of this file are only added, subtracted, multiplied,
//! divided and rooted, which IEEE 754 says how to round. Logarithms and cosines are made of that here, because those of
//! systems differ.
//!
//! Cost: about seven values of Z for each zero, of √(t/2π) terms each. The 649 zeros up to 1000 take half a millisecond, the 10,142 up to
//! 10^4 take 8 ms, and the 187,000 up to 2^17 a third of a second.

use super::integer::Float;
use std::f64::consts::{LN_2, PI, SQRT_2, TAU};
use std::sync::{Arc, LazyLock, Mutex};

/// The zeros up to `height` at least, and maybe some more. They are kept, so a second call costs nothing.
fn zeros(height: f64) -> Arc<[f64]> {
    static SEARCH: LazyLock<Mutex<Search>> = LazyLock::new(|| Mutex::new(Search::new()));
    let mut search = SEARCH.lock().expect("no thread panics while it holds the lock");
    if search.height <= height {
        while search.height <= height {
            search.go_on();
        }
        search.known = search.found.as_slice().into();
    }
    search.known.clone()
}

/// Σ x^(iγ)/(1/2 + iγ) · (1 + 1/((1/2 + iγ) ln x)) over the zeros 1/2 ± iγ up to a height, for the logarithm of x. Times √x / ln x it
/// is Σ li(x^(1/2 + iγ)), up to a relative error of some millionths for x ≥ 10^6.
pub fn sum(ln: f64, height: f64) -> f64 {
    let zeros = zeros(height);
    let term = |&zero: &f64| {
        let turns = zero * ln / TAU;
        let (cosine, sine) = (cosine(turns), cosine(turns - 0.25));
        // 1/ρ for ρ = 1/2 + iγ, and then 1/ρ · (1 + 1/(ρ ln x)).
        let square = 0.25 + zero * zero;
        let (real, imaginary) = (0.5 / square, -zero / square);
        let more = ((real * real - imaginary * imaginary) / ln, 2.0 * real * imaginary / ln);
        cosine * (real + more.0) - sine * (imaginary + more.1)
    };
    2.0 * zeros.iter().take_while(|&&zero| zero <= height).map(term).sum::<f64>()
}

/// 2 Σ 1/γ² over the zeros above `height`, about: they have the density ln(t/2π)/2π.
pub fn twice_squares_above(height: f64) -> f64 {
    (ln(height / TAU) + 1.0) / (PI * height)
}

/// A search that has found all zeros up to a good point.
struct Search {
    siegel: Siegel,
    /// The number of the last point.
    gram: i64,
    height: f64,
    found: Vec<f64>,
    known: Arc<[f64]>,
}

/// How close zeros are found. Three such errors move an x-th part of x^(iγ) by less than a thousandth.
const NEAR: f64 = 1e-6;

/// How often the intervals are halved where zeros are missing.
const HALVINGS: u32 = 8;

impl Search {
    /// Before the first zero.
    fn new() -> Search {
        // Gram's point number -1 is good, and no zero lies below it.
        Search { siegel: Siegel::new(), gram: -1, height: gram_point(-1, 9.67), found: vec![], known: [].into() }
    }

    /// Finds the zeros up to the next good point.
    fn go_on(&mut self) {
        let mut points = vec![(self.height, self.siegel.z(self.height))];
        loop {
            let (last, _) = points[points.len() - 1];
            // θ' is about half of ln(t/2π).
            let guess = last + TAU / ln(last / TAU);
            self.gram += 1;
            let next = gram_point(self.gram, guess);
            let z = self.siegel.z(next);
            points.push((next, z));
            if (z > 0.0) == (self.gram % 2 == 0) {
                break;
            }
        }
        self.height = points[points.len() - 1].0;
        let zeros = points.len() - 1;
        for _ in 0..HALVINGS {
            if points.windows(2).filter(|ends| changes(ends)).count() >= zeros {
                break;
            }
            points = self.halved(&points);
        }
        let Search { siegel, found, .. } = self;
        found.extend(points.windows(2).filter(|ends| changes(ends)).map(|ends| siegel.zero(ends[0], ends[1])));
    }

    /// The points, and one between each two.
    fn halved(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let between = points.windows(2).flat_map(|ends| {
            let middle = (ends[0].0 + ends[1].0) / 2.0;
            [(middle, self.siegel.z(middle)), ends[1]]
        });
        [points[0]].into_iter().chain(between).collect()
    }
}

/// Whether Z has another sign at the second point.
fn changes(ends: &[(f64, f64)]) -> bool {
    (ends[0].1 < 0.0) != (ends[1].1 < 0.0)
}

/// Where θ(t) = πn, by two of Newton's steps from a guess.
fn gram_point(n: i64, guess: f64) -> f64 {
    let step = |t: f64| t - (theta(t) - n as f64 / 2.0) / (ln(t / TAU) / 2.0 / TAU);
    step(step(guess))
}

/// θ(t)/2π by Stirling's series; its error is below 10^-9 from t = 9 on.
fn theta(t: f64) -> f64 {
    let inverse = 1.0 / t;
    let square = inverse * inverse;
    let rest = inverse * (1.0 / 48.0 + square * (7.0 / 5760.0 + square * (31.0 / 80640.0)));
    (t / 2.0 * (ln(t / TAU) - 1.0) + rest) / TAU - 1.0 / 16.0
}

/// The formula's constants.
struct Siegel {
    /// ln n / 2π and 1/√n, for n from 1 on.
    terms: Vec<(f64, f64)>,
    /// The coefficients of the rest's functions, by powers of z².
    rest: [Vec<f64>; 3],
}

/// √(t/2π) stays below this.
const TERMS: u32 = 1024;

impl Siegel {
    fn new() -> Siegel {
        let term = |n: u32| (ln(n.into()) / TAU, 1.0 / f64::from(n).sqrt());
        Siegel { terms: (1..TERMS).map(term).collect(), rest: rest() }
    }

    /// Z(t), for 9 < t < 2π·[`TERMS`]².
    fn z(&self, t: f64) -> f64 {
        let root = (t / TAU).sqrt();
        let count = root as usize;
        let z = 2.0 * (root - count as f64) - 1.0;
        let (angle, mut sums) = (theta(t), [0.0; 4]);
        let (fours, others) = self.terms[..count].as_chunks::<4>();
        for four in fours {
            for (sum, (log, weight)) in sums.iter_mut().zip(four) {
                *sum += weight * cosine(angle - t * log);
            }
        }
        for (log, weight) in others {
            sums[0] += weight * cosine(angle - t * log);
        }
        let [first, second, third] = self.rest.each_ref().map(|series| horner(series, z * z));
        let rest = (first + (z * second + third / root) / root) / root.sqrt();
        let main = 2.0 * ((sums[0] + sums[2]) + (sums[1] + sums[3]));
        if count % 2 == 1 { main + rest } else { main - rest }
    }

    /// The zero between two points where Z has different signs: by secants, of which none keeps an end for long (the Illinois way).
    fn zero(&self, mut left: (f64, f64), mut right: (f64, f64)) -> f64 {
        let mut kept = 0;
        loop {
            let at = right.0 - right.1 * ((right.0 - left.0) / (right.1 - left.1));
            if at - left.0 < NEAR || right.0 - at < NEAR {
                return at;
            }
            let value = self.z(at);
            if (value < 0.0) == (left.1 < 0.0) {
                left = (at, value);
                right.1 *= if kept == 1 { 0.5 } else { 1.0 };
                kept = 1;
            } else {
                right = (at, value);
                left.1 *= if kept == 2 { 0.5 } else { 1.0 };
                kept = 2;
            }
        }
    }
}

/// Powers of z that are known of the rest's series, and those that are used: the others are below 10^-9 for |z| ≤ 1.
const POWERS: u32 = 64;
const POWERS_USED: usize = 40;

/// The rest of Z(t) is ± (C0 + C1/r + C2/r²) / √r with r = √(t/2π). Where p is the fraction of r, C0 is
/// Ψ(p) = cos 2π(p² - p - 1/16) / cos 2πp, C1 is -Ψ⁽³⁾/(96 π²), and C2 is Ψ⁽⁶⁾/(18432 π⁴) + Ψ⁽²⁾/(64 π²).
///
/// With z = 2p - 1 it is Ψ = cos(πz²/2 + 3π/8) / cos πz. This quotient has a power series that converges everywhere, but the
/// division loses digits. The result is C0, C1/z and C2, as series in z².
fn rest() -> [Vec<f64>; 3] {
    const BITS: u32 = 192;
    let pi = Float::with_val(BITS, -1).acos();
    let square = pi.clone().square();
    let [mut above, mut below] = [vec![], vec![]];
    // The terms of both series: a power of π over a factorial, and the cosine and the sine of 3π/8 in turn.
    let (mut half, mut whole) = (Float::with_val(BITS, 1), Float::with_val(BITS, 1));
    let (sine, cosine) = (Float::with_val(BITS, &pi * 3u32) / 8u32).sin_cos(Float::new(BITS));
    for power in 0..POWERS / 2 {
        let turned = [&cosine, &sine][power as usize % 2];
        let sign = [1, -1, -1, 1][power as usize % 4];
        above.push(Float::with_val(BITS, &half * turned) * sign);
        below.push(Float::with_val(BITS, &whole * [1, -1][power as usize % 2]));
        half *= Float::with_val(BITS, &pi / (2 * (power + 1)));
        whole *= Float::with_val(BITS, &square / ((2 * power + 1) * (2 * power + 2)));
    }
    let mut psi: Vec<Float> = vec![];
    for (power, above) in above.into_iter().enumerate() {
        let known = (0..power).map(|at| Float::with_val(BITS, &psi[at] * &below[power - at]));
        let known: Vec<Float> = known.collect();
        psi.push(known.into_iter().fold(above, |rest, product| rest - product));
    }
    // The coefficients of the m-th derivative for p, by powers of z²; of odd m, divided by z.
    let derived = |times: u32| -> Vec<Float> {
        let falling = |power: u32| (0..times).fold(Float::with_val(BITS, 1), |all, less| all * (2 * (power - less)));
        let even = (0..POWERS / 2).map(|power| 2 * power).zip(&psi).filter(|(power, _)| *power >= times);
        even.map(|(power, value)| falling(power) * value).collect()
    };
    let floats = |series: Vec<Float>| series.iter().take(POWERS_USED / 2).map(Float::to_f64).collect();
    let second = derived(3).into_iter().map(|value| value / -96i32 / &square);
    let (of_six, of_two) = (derived(6), derived(2));
    let third = of_six.into_iter().zip(of_two).map(|(six, two)| (six / 288u32 / &square + two) / 64u32 / &square);
    let (second, third) = (second.collect(), third.collect());
    [floats(psi), floats(second), floats(third)]
}

/// Σ series\[i\] · x^i.
fn horner(series: &[f64], x: f64) -> f64 {
    series.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Added and subtracted again, this rounds a float below 2^51 to an integer.
const ROUNDS: f64 = (3u64 << 51) as f64;

/// The coefficients of sin(2πv) by powers of v²: enough for 10^-13 where |v| ≤ 1/4.
const SINE: [f64; 9] = {
    let (mut series, mut term, mut at) = ([0.0; 9], TAU, 0);
    while at < 9 {
        series[at] = term;
        at += 1;
        term = -term * TAU * TAU / ((2 * at) * (2 * at + 1)) as f64;
    }
    series
};

/// cos(2πu): the cosine of so many turns, for |u| < 2^51.
#[inline(always)]
fn cosine(turns: f64) -> f64 {
    let part = turns - ((turns + ROUNDS) - ROUNDS);
    let left = 0.25 - part.abs();
    horner(&SINE, left * left) * left
}

/// The natural logarithm of x ≥ 1. The error is some units of the last place.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let (mut exponent, mut part) = ((bits >> 52) as i64 - 1023, f64::from_bits(bits << 12 >> 12 | 1023 << 52));
    if part > SQRT_2 {
        (exponent, part) = (exponent + 1, part / 2.0);
    }
    // ln((1+s)/(1-s)) = 2 (s + s³/3 + s⁵/5 + …), with |s| < 0.172.
    let s = (part - 1.0) / (part + 1.0);
    let series = (0..12).rev().fold(0.0, |sum, at| sum * s * s + 1.0 / f64::from(2 * at + 1));
    exponent as f64 * LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// ζ(1/2 + it), real and imaginary, after Euler and Maclaurin.
    fn zeta(t: f64) -> (f64, f64) {
        // B(2k)/(2k)! for k from 1 on.
        const BERNOULLI: [f64; 6] = [
            1.0 / 12.0,
            -1.0 / 720.0,
            1.0 / 30_240.0,
            -1.0 / 1_209_600.0,
            1.0 / 47_900_160.0,
            -691.0 / 1_307_674_368_000.0,
        ];
        let times = |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let power = |n: f64| (-t * n.ln()).sin_cos();
        let last = t.ceil() + 10.0;
        let mut sum = (0.0, 0.0);
        let mut add = |(real, imaginary): (f64, f64)| sum = (sum.0 + real, sum.1 + imaginary);
        for n in 1..last as u32 {
            let (sine, cosine) = power(n.into());
            let root = f64::from(n).sqrt();
            add((cosine / root, sine / root));
        }
        let (sine, cosine) = power(last);
        let end = (cosine / last.sqrt(), sine / last.sqrt());
        // last^(1-s) / (s-1) and half of the last term.
        let size = 0.25 + t * t;
        add(times((end.0 * last, end.1 * last), (-0.5 / size, -t / size)));
        add((end.0 / 2.0, end.1 / 2.0));
        let mut factor = times(end, (0.5 / last, t / last));
        for (k, bernoulli) in (0..).zip(BERNOULLI) {
            add((factor.0 * bernoulli, factor.1 * bernoulli));
            let next = |more: u32| ((0.5 + f64::from(2 * k + more)) / last, t / last);
            factor = times(times(factor, next(1)), next(2));
        }
        sum
    }

    #[test]
    fn z_has_the_size_of_zeta() {
        let siegel = Siegel::new();
        for step in 0..3000 {
            let t = 10.0 + f64::from(step) * 0.37;
            let (real, imaginary) = zeta(t);
            let off = if t < 200.0 { 0.022 } else { 0.011 } * t.powf(-1.75) + 1e-8;
            assert!(
                (siegel.z(t).abs() - real.hypot(imaginary)).abs() < off,
                "{t}: {} {}",
                siegel.z(t),
                real.hypot(imaginary)
            );
        }
    }

    #[test]
    fn zeta_is_zero_there_and_no_zero_is_missing() {
        let mut search = Search::new();
        while search.height < 20_000.0 {
            search.go_on();
            // Gram's law: θ/π + 1 zeros lie below a good point if S(t) is 0 there.
            assert_eq!(search.found.len() as i64, search.gram + 1, "up to {}", search.height);
        }
        assert!(search.found.is_sorted());
        for &zero in search.found.iter().take_while(|&&zero| zero < 1000.0) {
            let (real, imaginary) = zeta(zero);
            // ζ' is about ln(t/2π) there, and rarely three times as much.
            let off = 3.0 * ln(zero) * (0.022 * zero.powf(-1.75) + NEAR);
            assert!(real.hypot(imaginary) < off, "{zero}: {}", real.hypot(imaginary));
        }
        // Edwards, 6.1 and 8.4; Gram 1903; Brent 1979.
        let up_to = |height: f64| search.found.iter().filter(|&&zero| zero <= height).count();
        assert_eq!([14.0, 14.2, 50.0, 100.0, 1000.0, 10_000.0].map(up_to), [0, 1, 10, 29, 649, 10_142]);
        assert_abs_diff_eq!(search.found[0], 14.134_725, epsilon = 2e-4);
        assert_abs_diff_eq!(search.found[9], 49.773_832, epsilon = 1e-5);
    }

    #[test]
    fn their_squares_add_up() {
        let zeros = zeros(10_000.0);
        let squares = |zeros: &[f64]| zeros.iter().map(|zero| 2.0 / (zero * zero)).sum::<f64>();
        for height in [100.0, 300.0, 1000.0, 5000.0] {
            let from = zeros.partition_point(|&zero| zero <= height);
            let to = zeros.partition_point(|&zero| zero <= 10_000.0);
            let above = squares(&zeros[from..to]) + twice_squares_above(10_000.0);
            approx::assert_relative_eq!(above, twice_squares_above(height), max_relative = 0.03);
        }
        // Σ 1/(1/4 + γ²) is (2 + Euler's constant - ln 4π)/2, as ζ's product tells (Edwards 3.8).
        let all: f64 = zeros.iter().take_while(|&&zero| zero <= 10_000.0).map(|zero| 1.0 / (0.25 + zero * zero)).sum();
        assert_abs_diff_eq!(all + twice_squares_above(10_000.0) / 2.0, 0.023_095_709, epsilon = 1e-6);
    }

    #[test]
    fn a_search_in_steps_finds_the_same() {
        let some = zeros(300.0);
        let more = zeros(3000.0);
        let mut search = Search::new();
        while search.height <= 3000.0 {
            search.go_on();
        }
        assert_eq!(search.found[..], more[..search.found.len()]);
        assert_eq!(some[..], more[..some.len()]);
        assert!(some.len() > 137 && some[some.len() - 1] > 299.0);
    }

    #[test]
    fn cosines_and_logarithms() {
        for step in 0..20_000 {
            let turns = f64::from(step - 10_000) * 0.000_917;
            assert_abs_diff_eq!(cosine(turns), (turns * TAU).cos(), epsilon = 2e-13);
            let x = 1.0 + f64::from(step) * f64::from(step) * 0.01;
            approx::assert_relative_eq!(ln(x), x.ln(), max_relative = 1e-15, epsilon = 1e-16);
        }
        assert_abs_diff_eq!(cosine(1e6 + 0.125), 0.5f64.sqrt(), epsilon = 1e-9);
        assert_abs_diff_eq!(ln(2f64.powi(80)), 80.0 * LN_2, epsilon = 1e-13);
    }
}
