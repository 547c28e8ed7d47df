//! What the terms of π(x) take on one thread: seconds measured and expected, and their units' length.
//!
//! `cargo bench --bench terms -- 1e15 1e16`; with `ANEW=1` each unit is the first of its thread, with `UNITS=1` each has a line.

use pcount::math::count::gourdon::{Alpha, Gourdon, Params, TermSums, Workspace};
use pcount::math::lanes;
use pcount::math::sieve::Sieve;
use pcount::syntax;
use std::collections::BTreeMap;
use std::time::Instant;

/// Seconds that this thread has computed: others on the machine do not count.
fn clock() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("a number") * 1e-9
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let lanes = lanes::pick(std::env::var("LANES").ok().as_deref()).expect("these lanes are here");
    let thousandths = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("thousandths"));
    for word in &words {
        let x = syntax::number(word).expect("a number");
        let best = Alpha::best(x);
        let alpha = Alpha { y: thousandths("ALPHA_Y").unwrap_or(best.y), z: thousandths("ALPHA_Z").unwrap_or(best.z) };
        let gourdon = Gourdon::new(Params::with(x, alpha), lanes);
        let mut workspace = Workspace::new(Sieve::new(lanes, 48 << 10));
        let began = clock();
        gourdon.make(&mut workspace);
        println!("\n{word}: {}, alpha {} {}; tables {:.4} s", gourdon.params(), alpha.y, alpha.z, clock() - began);
        let mut terms: BTreeMap<&str, (u64, f64, f64)> = BTreeMap::new();
        let mut sums = TermSums::default();
        for unit in 0..gourdon.units() {
            if std::env::var("ANEW").is_ok() {
                // As a thread that has not computed the unit before.
                workspace = Workspace::new(Sieve::new(lanes, 48 << 10));
            }
            let (began, wall) = (clock(), Instant::now());
            sums = sums.merge(gourdon.compute(unit, &mut workspace));
            let (took, wall) = (clock() - began, wall.elapsed().as_secs_f64());
            if std::env::var("UNITS").is_ok() {
                println!("{unit} {} {wall:.6}", gourdon.describe(unit));
            }
            let entry = terms.entry(gourdon.term(unit)).or_default();
            *entry = (entry.0 + 1, entry.1 + took, entry.2.max(wall));
        }
        let all: f64 = terms.values().map(|term| term.1).sum();
        for (term, (units, seconds, longest)) in &terms {
            let expected = gourdon.expected(term);
            println!(
                "{term:8} {units:6} units {seconds:8.4} s {:5.1} %, expected {expected:8.4}, a unit {:8.5} mean {longest:8.5} longest",
                100.0 * seconds / all,
                seconds / *units as f64
            );
        }
        println!("all {all:.4} s, expected {:.4}: {}", gourdon.cost() as f64 * 1e-12, gourdon.close(sums).pi);
    }
}
