//! The leaf loops one by one: nanoseconds per prime, per prime and class, per hit.

use pcount::math::lanes::{self, FirstMultiples, Hits, Lanes, MARGIN, Start};
use pcount::math::sieve::{Sieve, SievingPrimes, Wheel};
use std::time::Instant;

fn nanoseconds(what: &str, lanes: &Lanes, per: usize, mut work: impl FnMut()) {
    let began = Instant::now();
    work();
    println!("{:8} {what:24} {:.3} ns", lanes.name, began.elapsed().as_secs_f64() * 1e9 / per as f64);
}

fn main() {
    let mut sieve = Sieve::new(lanes::pick(None).expect("there are lanes"), 48 << 10);
    let base = SievingPrimes::up_to(100_000_000);
    base.make(&mut sieve);
    let wheel = Wheel::smallest();
    let start = Start { digits: &[232_830_643, 0x1234, 0x5678], ..wheel.start() };
    for lanes in lanes::usable() {
        let primes = base.between(1_000_000, 100_000_000).collect::<Vec<_>>().concat();
        let mut multiples = FirstMultiples::default();
        nanoseconds("start, a prime", lanes, primes.len(), || {
            primes.chunks(2048).for_each(|some| multiples.set(lanes, &start, [some].into_iter()));
        });
        let mut lists: Vec<Hits> = (0..48).map(|_| Hits::default()).collect();
        lists.iter_mut().for_each(|hits| hits.clear(1 << 20));
        nanoseconds("rake, a prime and class", lanes, 500 * 48 * 2048, || {
            multiples.set(lanes, &start, [&primes[primes.len() - 2048..]].into_iter());
            for _ in 0..500 {
                Hits::collect(&mut lists, lanes, &multiples, &[2; 48]);
                lists.iter_mut().filter(|hits| hits.len() > 60_000).for_each(|hits| hits.clear(1 << 20));
            }
        });
        let mut hits = [Hits::default()];
        hits[0].clear(1 << 23);
        let many = &primes[primes.partition_point(|&p| p < 1 << 23)..];
        multiples.set(lanes, &start, [&many[..2_000_000]].into_iter());
        Hits::collect(&mut hits, lanes, &multiples, &[0]);
        let mut words = vec![0; 2 * MARGIN + (1 << 17)];
        nanoseconds("strike, a hit", lanes, 20 * hits[0].len(), || {
            for _ in 0..20 {
                lanes.clear_bits(&mut words, MARGIN, &hits[0]);
            }
        });
        for (what, from, to, bits) in [
            ("octets 200..500", 200, 500, 1u32 << 18),
            ("octets 500..1500", 500, 1500, 1 << 18),
            ("octets 1500..4000", 1500, 4000, 1 << 18),
            ("cross 500..1500", 500, 1500, 1 << 18),
            ("cross 1500..4000", 1500, 4000, 1 << 18),
            ("cross 4e3..2e4", 4_000, 20_000, 1 << 18),
            ("cross 2e4..1e5", 20_000, 100_000, 1 << 18),
            ("cross 1e5..2e5", 100_000, 200_000, 1 << 18),
            ("cross 2e5..1e6", 200_000, 1_000_000, 1 << 23),
            ("cross 1e6..8e6", 1_000_000, 8_000_000, 1 << 23),
        ] {
            let some = base.between(from, to).collect::<Vec<_>>().concat();
            let count: f64 = some.iter().map(|&p| f64::from(bits) / f64::from(p)).sum();
            let times = (1e8 / count) as usize;
            if what.starts_with("octets") {
                let multiples = FirstMultiples::by_residue(&some).map(|primes| {
                    let mut multiples = FirstMultiples::default();
                    multiples.set(lanes, &start, [&primes[..]].into_iter());
                    multiples
                });
                nanoseconds(what, lanes, (count * times as f64) as usize, || {
                    for _ in 0..times {
                        multiples.iter().for_each(|multiples| lanes.octets(&mut words, MARGIN, bits, multiples));
                    }
                });
            } else {
                multiples.set(lanes, &start, [&some[..]].into_iter());
                nanoseconds(what, lanes, (count * times as f64) as usize, || {
                    for _ in 0..times {
                        lanes.cross(&mut words, MARGIN, bits, &multiples);
                    }
                });
            }
        }
    }
}
