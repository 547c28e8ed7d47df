//! How equal the units of a sieve are: what 64 ranks would be busy on the fixed schedule, estimated from some of
//! each rank's units. Max over mean is what an ideal machine loses by waiting for the last rank.

use pcount::math::lanes;
use pcount::math::sieve::{Layout, Sieve, SievingPrimes};
use pcount::math::span::Span;
use pcount::placement::Placement;
use std::time::Instant;

const RANKS: u64 = 64;

/// Units of each rank that are measured, and how often: the quickest counts, for a machine with other work only
/// ever adds time.
const SAMPLED: u64 = 2;
const TIMES: usize = 5;

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
        let mut sieve = Sieve::new(lanes, Placement::here(0).cache);
        let base = SievingPrimes::up_to(layout.bound);
        base.make(&mut sieve);
        let slice = |rank: u64| rank * layout.units() / RANKS..(rank + 1) * layout.units() / RANKS;
        let sampled: Vec<Vec<u64>> = (0..RANKS)
            .map(|rank| {
                let (slice, units) = (slice(rank), slice(rank).end - slice(rank).start);
                let some = SAMPLED.min(units);
                (0..some).map(|i| slice.start + (2 * i + 1) * units / (2 * some)).collect()
            })
            .collect();
        // Round by round, so that a machine that slows down does it to all.
        let mut best = vec![f64::INFINITY; RANKS as usize];
        for _ in 0..TIMES {
            for (best, units) in best.iter_mut().zip(&sampled) {
                let began = Instant::now();
                units.iter().for_each(|&unit| assert!(sieve.unit(&base, &layout, unit) > 0));
                *best = best.min(began.elapsed().as_secs_f64() / units.len() as f64);
            }
        }
        let units = |rank| (slice(rank).end - slice(rank).start) as f64;
        let busy: Vec<f64> = (0..RANKS).zip(best).map(|(rank, each)| each * units(rank)).collect();
        let (max, mean) = (busy.iter().copied().fold(0.0, f64::max), busy.iter().sum::<f64>() / RANKS as f64);
        println!("{name:14}  {:>5}  {max:>9.3}  {mean:>6.3}  {:>8.3}", layout.units(), max / mean);
    }
}
