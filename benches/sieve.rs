//! The layouts of some spans, each with what it was expected to cost and what it does: the cost model's judge.

use pcount::math::lanes;
use pcount::math::sieve::{Layout, Sieve, SievingPrimes};
use pcount::math::span::Span;
use pcount::placement::Placement;
use std::time::Instant;

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let lanes = lanes::pick(None).expect("there are lanes");
    println!("span                wheel  windows  units  expected s  measured s");
    for (name, start, width) in [
        ("0..1e8", 0, 8),
        ("0..1e9", 0, 9),
        ("0..1e10", 0, 10),
        ("1e12..+1e10", 12, 10),
        ("1e15..+1e9", 15, 9),
        ("1e15..+1e10", 15, 10),
        ("1e18..+1e9", 18, 9),
        ("1e18..+1e10", 18, 10),
    ] {
        if !name.contains(&filter) {
            continue;
        }
        let start = if start == 0 { 0 } else { 10u128.pow(start) };
        let span = Span::new(start, start + 10u128.pow(width)).expect("it has a width");
        let mut sieve = Sieve::new(lanes, Placement::here(0).cache);
        let base = SievingPrimes::below(span.end());
        base.make(&mut sieve);
        let mut layouts: Vec<Layout> = Layout::all(span).collect();
        layouts.sort_by_key(Layout::cost);
        let best = layouts[0].cost();
        for layout in layouts.iter().filter(|layout| layout.cost() < 3 * best) {
            let began = Instant::now();
            // A sample of the units stands for all: they cost the same.
            let step = layout.units().div_ceil(16);
            for unit in (0..layout.units()).step_by(step as usize) {
                sieve.unit(&base, layout, unit);
            }
            let sampled = layout.units().div_ceil(step);
            let measured = began.elapsed().as_secs_f64() * layout.units() as f64 / sampled as f64;
            let expected = layout.cost() as f64 * 1e-12;
            let (modulus, windows, units) = (layout.wheel.modulus, layout.windows(), layout.units());
            println!("{name:18}  {modulus:>5}  {windows:>7}  {units:>5}  {expected:>10.3}  {measured:>10.3}");
        }
    }
}
