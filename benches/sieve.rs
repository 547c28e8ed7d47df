use pcount::math::{lanes, sieve::*, span::Span};
use std::time::Instant;
fn main() {
    for lanes in lanes::usable() {
        for (start, width) in [(0u128, 1_000_000_000u128), (0, 10_000_000_000), (1_000_000_000_000, 10_000_000_000)] {
            let window = Span::new(start, start + width).unwrap();
            let t = Instant::now();
            let base = SievingPrimes::below(window.end());
            let mut sieve = Sieve::new(lanes);
            base.make(&mut sieve);
            let wheel = Wheel::for_width(width as u64);
            let n = sieve.count(&base, window, wheel, 0..wheel.classes.len());
            println!("{} {window} {n} {:.3}", lanes.name, t.elapsed().as_secs_f64());
        }
    }
}
