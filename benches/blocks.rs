//! The best size of a block: counting in some spans with blocks of all sizes, against the size that pcount takes
//! for this machine's first-level cache. The two are measured in turns; the ratio is the median of the turns.

use pcount::math::lanes;
use pcount::math::sieve::{Layout, Sieve, SievingPrimes};
use pcount::math::span::Span;
use pcount::placement::Placement;
use std::time::Instant;

const TURNS: usize = 7;

fn main() {
    let lanes = lanes::pick(None).expect("there are lanes");
    let cache = Placement::here(0).cache;
    println!("first-level cache: {} KiB; a ratio below 1 is faster than its default\n", cache >> 10);
    for (name, start, width) in [("0..1e9", 0, 9), ("1e12..+1e9", 10u128.pow(12), 9), ("1e15..+1e9", 10u128.pow(15), 9)]
    {
        let layout = Layout::new(Span::new(start, start + 10u128.pow(width)).expect("it has a width"));
        let mut default = Sieve::new(lanes, cache);
        let base = SievingPrimes::up_to(layout.bound);
        base.make(&mut default);
        // Units high and low stand for all.
        let step = layout.units().div_ceil(12) as usize;
        let seconds = |sieve: &mut Sieve| {
            let began = Instant::now();
            let counts = (0..layout.units()).step_by(step).map(|unit| sieve.unit(&base, &layout, unit));
            std::hint::black_box(counts.sum::<u64>());
            began.elapsed().as_secs_f64()
        };
        seconds(&mut default);
        let mut best = (1.0, 0);
        for kibibytes in [8, 16, 24, 32, 42, 48, 64, 96, 128, 256, 512] {
            let mut other = Sieve::with_block(lanes, kibibytes << 10);
            let mut ratios: Vec<f64> = (0..TURNS).map(|_| seconds(&mut other) / seconds(&mut default)).collect();
            ratios.sort_by(f64::total_cmp);
            let ratio = ratios[TURNS / 2];
            println!("{name:12}  {kibibytes:>4} KiB  {ratio:.3}");
            if ratio < best.0 - 0.005 {
                best = (ratio, kibibytes);
            }
        }
        match best {
            (_, 0) => println!("{name:12}  the default is best\n"),
            (ratio, kibibytes) => {
                println!("{name:12}  {kibibytes} KiB beats the default by {:.1} %\n", 100.0 * (1.0 - ratio))
            }
        }
    }
}
