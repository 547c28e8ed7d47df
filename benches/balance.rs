//! How equal the units of a sieve are: what 64 ranks would be busy on the fixed schedule, estimated from some of
//! each rank's units. Max over mean is what an ideal machine loses by waiting for the last rank.

use pcount::math::lanes;
use pcount::math::sieve::{Layout, Sieve, SievingPrimes};
use pcount::math::span::Span;
use pcount::seat::Seat;
use std::time::Instant;

const RANKS: u64 = 64;

/// Units of each rank that are measured, and how often: the quickest counts, for a machine with other work only
/// ever adds time.
const SAMPLED: u64 = 2;
const TIMES: usize = 3;

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let lanes = lanes::pick(None).expect("there are lanes");
    println!("span            units  busiest s  mean s  max/mean");
    for (name, start, width) in [
        ("0..1e12", 0, 10u128.pow(12)),
        ("1e15..+1e12", 10u128.pow(15), 10u128.pow(12)),
        ("1e18..+1e11", 10u128.pow(18), 10u128.pow(11)),
    ] {
        if !name.contains(&filter) {
            continue;
        }
        let layout = Layout::new(Span::new(start, start + width).expect("it has a width"));
        let mut sieve = Sieve::new(lanes, Seat::here(0).cache);
        let base = SievingPrimes::up_to(layout.bound);
        base.make(&mut sieve);
        let mut seconds = |unit| {
            let run = |_| {
                let began = Instant::now();
                sieve.unit(&base, &layout, unit);
                began.elapsed().as_secs_f64()
            };
            (0..TIMES).map(run).fold(f64::INFINITY, f64::min)
        };
        let busy: Vec<f64> = (0..RANKS)
            .map(|rank| {
                let slice = rank * layout.units() / RANKS..(rank + 1) * layout.units() / RANKS;
                let units = slice.end - slice.start;
                let sampled = SAMPLED.min(units);
                let total: f64 = (0..sampled).map(|i| seconds(slice.start + (2 * i + 1) * units / (2 * sampled))).sum();
                total * units as f64 / sampled as f64
            })
            .collect();
        let (max, mean) = (busy.iter().copied().fold(0.0, f64::max), busy.iter().sum::<f64>() / RANKS as f64);
        println!("{name:14}  {:>5}  {max:>9.3}  {mean:>6.3}  {:>8.3}", layout.units(), max / mean);
    }
}
