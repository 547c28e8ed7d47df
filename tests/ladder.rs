//! The ladder: each faster way of counting against the slower one below it, on random and boundary windows.
//! A window that fails is shrunk until it is the smallest that does.

#[path = "common/random.rs"]
mod random;

use pcount::door;
use pcount::kernel::{self, Given};
use pcount::math::sieve::{self, Sieve, SievingPrimes, Wheel, naive};
use pcount::math::span::Span;
use pcount::math::{lanes, primality, trial};
use pcount::placement::Placement;
use pcount::plan::Plan;
use pcount::run::stop::Stops;
use pcount::run::{Course, Schedule};
use pcount::syntax::Item;
use pcount::work::Job;
use pcount::world::threads;
use proptest::prelude::*;

/// The count in `first..first + width` by the sieve on the lanes of that name, by wheel number `wide`, its
/// classes cut at `cut`.
fn sieved(first: u64, width: u64, name: &str, wide: usize, cut: usize) -> u64 {
    let window = Span::new(first.into(), u128::from(first) + u128::from(width)).unwrap();
    let (lanes, wheel) = (lanes::pick(Some(name)).unwrap(), Wheel::all().nth(wide).unwrap());
    let base = SievingPrimes::below(window.end());
    let mut sieve = Sieve::new(lanes, 32 << 10);
    base.make(&mut sieve);
    let cut = cut % (wheel.classes.len() + 1);
    // The latter classes first: then the sieve cannot go on where it stands.
    let latter = sieve.count(&base, window, wheel, cut..wheel.classes.len());
    latter + sieve.count(&base, window, wheel, 0..cut)
}

fn wheels() -> impl Strategy<Value = usize> {
    0..Wheel::all().count()
}

fn all_lanes() -> Vec<&'static str> {
    lanes::usable().map(|lanes| lanes.name).collect()
}

/// Numbers of all sizes below 2^`bits`, more of them near powers of two and near where lines and blocks of all wheels
/// end than chance would have.
fn numbers(bits: u32) -> impl Strategy<Value = u64> {
    let near = (0..bits, 0..200u64).prop_map(|(bit, off)| (1u64 << bit).saturating_sub(100) + off);
    let edges = (0..bits - 17, 1..4u64, 0..200u64).prop_map(|(bit, times, off)| ((30_030 * times) << bit) - 100 + off);
    prop_oneof![3 => random::numbers(bits), 1 => near, 1 => edges]
}

proptest! {
    #![proptest_config(random::cases(300))]

    #[test]
    fn naive_sieving_finds_what_trial_division_finds(first in numbers(36), width in 1..1_000u64) {
        let base = naive::primes((first + width).isqrt() as usize);
        prop_assert_eq!(naive::count(&base, first, first + width - 1), trial::count(first, first + width - 1));
    }

    #[test]
    fn the_sieve_finds_what_naive_sieving_finds(
        first in numbers(44), width in 1..100_000u64, wheel in wheels(), lanes in prop::sample::select(all_lanes()), cut in any::<usize>(),
    ) {
        let base = naive::primes((first + width).isqrt() as usize);
        let expect = naive::count(&base, first, first + width - 1);
        prop_assert_eq!(sieved(first, width, lanes, wheel, cut), expect);
    }

    #[test]
    fn squares_of_primes_are_composite(index in 4..6_000usize, below in 0..40u64, above in 1..40u64, wheel in wheels()) {
        let primes = naive::primes(60_000);
        let square = u64::from(primes[index]) * u64::from(primes[index]);
        let (first, last) = (square - below, square + above);
        let expect = trial::count(first, last);
        prop_assert_eq!(sieved(first, last - first + 1, all_lanes()[0], wheel, 3), expect);
    }
}

proptest! {
    #![proptest_config(random::cases(12))]

    #[test]
    fn lanes_and_wheels_agree_on_wide_windows(
        first in numbers(50), width in 1_000_000..40_000_000u64, wheels in (wheels(), wheels()), cut in any::<usize>(),
    ) {
        let expect = sieved(first, width, "scalar", wheels.0, 0);
        for name in all_lanes() {
            prop_assert_eq!(sieved(first, width, name, wheels.1, cut), expect, "on {}", name);
        }
    }
}

/// The count in a window by a whole run: on so many ranks with so many threads each, whose caches have so many bytes.
fn run(window: Span, name: &str, ranks: usize, threads: usize, cache: usize, schedule: Schedule, seed: u64) -> String {
    let lanes = Some(lanes::pick(Some(name)).unwrap());
    let given = Given { items: vec![Item::Range(window)], lanes, ..Given::default() };
    let answers = threads::run(ranks, seed, |world| {
        let plan = Plan::open(kernel::find("primes").unwrap(), &given).unwrap();
        let Job::Work(work) = &plan.job else { panic!("primes are counted in units") };
        let stops = Stops::never();
        let course = Course { largest: 0, ..Course::new(Some(schedule), &stops) };
        let placement = Placement { threads, cache, ..Placement::here(world.rank()) };
        door::compute_in(world, work, &placement, course).unwrap()
    });
    answers.into_iter().flatten().map(|answer| answer.total.unwrap().to_string()).collect()
}

proptest! {
    #![proptest_config(random::cases(200))]

    #[test]
    fn every_run_counts_alike(
        first in numbers(64), width in 0..300_000u64, lanes in prop::sample::select(all_lanes()),
        ranks in 1..5usize, threads in 1..4usize, cache in 1..100_000usize, farm in any::<bool>(), seed in any::<u64>(),
    ) {
        let width = if first > 1 << 44 { width / 100 } else { width };
        let window = Span::new(first.into(), u128::from(first) + u128::from(width)).unwrap();
        let expect = match window.end() <= 1 << 40 && width > 0 {
            true => naive::count(&naive::primes((first + width).isqrt() as usize), first, first + width - 1),
            false => (window.start()..window.end()).filter(|&n| primality::is_prime(n)).count() as u64,
        };
        let schedule = if farm { Schedule::Farm } else { Schedule::Fixed };
        prop_assert_eq!(run(window, lanes, ranks, threads, cache, schedule, seed), expect.to_string());
    }

    #[test]
    fn beyond_two_to_the_64_every_run_finds_what_tests_find(
        first in (0..63u32, any::<u128>()).prop_map(|(shift, n)| n >> 1 >> shift), width in 0..1_000u128, ranks in 1..4usize,
    ) {
        let window = Span::new(first, (first + width).min(sieve::LIMIT)).unwrap();
        let expect = (window.start()..window.end()).filter(|&n| primality::is_prime(n)).count();
        prop_assert_eq!(run(window, "scalar", ranks, 1, 32 << 10, Schedule::Fixed, 0), expect.to_string());
    }
}
