//! The best alpha: scans y over cbrt x for some x, on one thread, and fits the table that `params.rs` has.
//!
//! `cargo bench --bench alpha -- 1e13 1e14 1e15 1e16`; to be run again when a term has become faster.

use pcount::math::count::gourdon::{Alpha, Gourdon, Params, TermSums, Workspace};
use pcount::math::lanes;
use pcount::math::sieve::Sieve;
use pcount::syntax;
use std::time::Instant;

/// Factors of the alpha that is taken now.
const FACTORS: [f64; 9] = [0.5, 0.63, 0.8, 0.9, 1.0, 1.12, 1.25, 1.6, 2.0];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let defaults = ["1e12", "1e13", "1e14", "1e15", "1e16"].map(String::from).to_vec();
    let mut best = Vec::new();
    for word in if words.is_empty() { &defaults } else { &words } {
        let x = syntax::number(word).expect("a number");
        let now = Alpha::best(x);
        print!("{word:>6}");
        let times = FACTORS.map(|factor| {
            let alpha = Alpha { y: (now.y as f64 * factor) as u64, ..now };
            let seconds = seconds(x, alpha);
            print!("  {:.2}: {seconds:.4}", alpha.y as f64 / 1000.0);
            (factor.ln(), seconds)
        });
        let least = minimum(&times);
        println!("   best about {:.2}", now.y as f64 / 1000.0 * least.exp());
        best.push(((x as f64).log2(), (now.y as f64).ln() + least));
    }
    // A parabola through the logarithms, at the points of the table.
    let fit = parabola(&best);
    let table = (4..=22).map(|index| fit(4.0 * f64::from(index)).exp().max(1000.0) as u64);
    println!("thousandths at log2 x = 16, 20, 24, ...: {:?}", table.collect::<Vec<_>>());
}

/// The least seconds of some runs.
fn seconds(x: u128, alpha: Alpha) -> f64 {
    let lanes = lanes::pick(None).expect("there are lanes");
    let (began, mut least) = (Instant::now(), f64::MAX);
    while began.elapsed().as_secs_f64() < 0.5 || least == f64::MAX {
        let began = Instant::now();
        let gourdon = Gourdon::new(Params::with(x, alpha), lanes);
        let mut workspace = Workspace::new(Sieve::new(lanes, 48 << 10));
        let sums = (0..gourdon.units()).map(|unit| gourdon.compute(unit, &mut workspace));
        assert!(gourdon.close(sums.fold(TermSums::default(), TermSums::merge)).pi > 0);
        least = least.min(began.elapsed().as_secs_f64());
    }
    least
}

/// Where the parabola through the points has its least value, within them.
fn minimum(points: &[(f64, f64)]) -> f64 {
    let fit = parabola(points);
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let steps = (0..=1000).map(|step| first + (last - first) * f64::from(step) / 1000.0);
    steps.min_by(|a, b| fit(*a).total_cmp(&fit(*b))).expect("there are steps")
}

/// The parabola that is nearest to the points in the sense of least squares; a line if there are but two.
fn parabola(points: &[(f64, f64)]) -> impl Fn(f64) -> f64 {
    let terms = points.len().min(3);
    let center = points.iter().map(|point| point.0).sum::<f64>() / points.len() as f64;
    // The normal equations, solved by elimination.
    let mut rows: Vec<Vec<f64>> = (0..terms as i32)
        .map(|i| {
            let sum = |power: i32, y: bool| -> f64 {
                points.iter().map(|p| (p.0 - center).powi(power) * if y { p.1 } else { 1.0 }).sum()
            };
            (0..terms as i32).map(|j| sum(i + j, false)).chain([sum(i, true)]).collect()
        })
        .collect();
    for pivot in 0..terms {
        let head = rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|cell| *cell /= head);
        let pivot_row = rows[pivot].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(&pivot_row).for_each(|(cell, with)| *cell -= factor * with);
        }
    }
    let factors: Vec<f64> = rows.iter().map(|row| row[terms]).collect();
    move |at| factors.iter().rev().fold(0.0, |sum, factor| sum * (at - center) + factor)
}
