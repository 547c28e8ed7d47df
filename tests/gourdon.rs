//! The formula against the rungs below it: random and boundary numbers, wide ranges, any ranks and schedule, any order.

#[path = "common/random.rs"]
mod random;

use pcount::block::Block;
use pcount::door;
use pcount::kernel::{self, Given, Method};
use pcount::math::count::{legendre, lmo};
use pcount::math::lanes;
use pcount::math::sieve::naive;
use pcount::math::span::Span;
use pcount::placement::Placement;
use pcount::plan::Plan;
use pcount::run::ledger::Ledger;
use pcount::run::stop::Stops;
use pcount::run::{Course, Schedule};
use pcount::syntax::Item;
use pcount::work::{Answer, Job, Work};
use pcount::world::{World, threads};
use proptest::prelude::*;
use random::numbers;
use std::sync::{Arc, LazyLock};

fn given(spans: &[Span], method: Method) -> Given {
    let items = spans.iter().map(|&span| Item::Range(span)).collect();
    Given { items, method: Some(method), ..Given::default() }
}

/// The work that counts primes.
fn work(given: &Given) -> Arc<dyn Work> {
    let plan = Plan::open(kernel::find("primes").unwrap(), given).unwrap();
    let Job::Work(work) = plan.job else { panic!("primes are counted in units") };
    work
}

/// What the root makes of a run of the work on so many threads of every rank.
fn answer(
    world: &dyn World,
    work: &Arc<dyn Work>,
    threads: usize,
    course: impl FnOnce(&Stops) -> Course,
) -> Option<Answer> {
    let stops = Stops::never();
    let placement = Placement { threads, ..Placement::here(world.rank()) };
    door::compute_in(world, work, &placement, course(&stops)).unwrap()
}

fn counts(answer: &Answer) -> Vec<u64> {
    let column = answer.table.column("count").unwrap();
    answer.table.rows.iter().map(|row| row[column].to_string().parse().unwrap()).collect()
}

/// The counts in the spans, on all cores.
fn counted(spans: &[Span], method: Method) -> Vec<u64> {
    counts(&door::compute_work(work(&given(spans, method))).unwrap())
}

fn up_to(x: u64) -> Span {
    Span::new(0, u128::from(x) + 1).unwrap()
}

fn by_gourdon(x: u64) -> u64 {
    counted(&[up_to(x)], Method::Gourdon)[0]
}

/// π at every multiple of a million up to a thousand of them, by the sieve.
static MILLIONS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let spans: Vec<Span> = up_to(999_999_999).split(1000).collect();
    let mut sum = 0;
    let sums = counted(&spans, Method::Sieve).into_iter().map(|count| {
        sum += count;
        sum
    });
    std::iter::once(0).chain(sums).collect()
});

/// π(x) for x below 10^9, by what the sieve said and naive sieving from there.
fn sieved(x: u64) -> u64 {
    let base = x / 1_000_000 * 1_000_000;
    MILLIONS[x as usize / 1_000_000] + naive::count(&naive::primes(32_000), base, x)
}

proptest! {
    #![proptest_config(random::cases(2000))]

    #[test]
    fn the_formula_counts_what_the_sieve_finds(x in prop_oneof![numbers(29), 0..1_000_000_000u64]) {
        prop_assert_eq!(by_gourdon(x), sieved(x));
    }
}

proptest! {
    #![proptest_config(random::cases(60))]

    #[test]
    fn the_formula_counts_what_lmo_counts(x in prop_oneof![numbers(43), 1_000_000_000..10_000_000_000_000u64]) {
        prop_assert_eq!(by_gourdon(x), lmo::pi(x, lmo::alpha(x)));
    }

    #[test]
    fn wide_ranges_count_as_sieved(first in numbers(45), width in 1..300_000_000u64) {
        let span = [Span::new(first.into(), u128::from(first + width)).unwrap()];
        prop_assert_eq!(counted(&span, Method::Gourdon), counted(&span, Method::Sieve));
    }

    #[test]
    fn every_run_counts_alike(
        x in 10_000_000..100_000_000_000u64, low in 0..1_000_000u64, ranks in prop::sample::select(vec![1usize, 2, 3, 5, 8]),
        each in 1..3usize, farm in any::<bool>(), largest in 0..4u32, seed in any::<u64>(),
    ) {
        let span = Span::new(low.into(), x.into()).unwrap();
        let expect = legendre::pi(x - 1) - legendre::pi(low.max(1) - 1);
        let schedule = if farm { Schedule::Farm } else { Schedule::Fixed };
        let answers = threads::run(ranks, seed, |world| {
            let work = work(&given(&[span], Method::Gourdon));
            let answer = answer(world, &work, each, |stops| Course { largest, ..Course::new(Some(schedule), stops) });
            answer.map(|answer| counts(&answer)[0])
        });
        prop_assert_eq!(answers.into_iter().flatten().collect::<Vec<_>>(), [expect]);
    }
}

/// Where roots change and where they do not yet: powers of two, squares, cubes and primorials with their neighbours.
#[test]
fn boundaries() {
    let powers = (18..44).map(|bit| 1u64 << bit);
    let squares = [450u64, 1000, 3163, 10_007, 31_623, 100_003, 1_000_003].map(|n| n * n);
    let cubes = [59u64, 100, 467, 1009, 4642, 10_007].map(|n| n * n * n);
    let fourths = [23u64, 29, 31, 100, 211, 1009].map(|n| n.pow(4));
    let primorials = [510_510u64, 9_699_690, 223_092_870, 6_469_693_230, 200_560_490_130];
    let all = powers.chain(squares).chain(cubes).chain(fourths).chain(primorials);
    for x in all.flat_map(|x| [x - 1, x, x + 1]) {
        assert_eq!(by_gourdon(x), lmo::pi(x, lmo::alpha(x)), "pi({x})");
    }
}

/// A run that was cut off and goes on elsewhere: blocks in any order, by workers that know nothing of each other.
#[test]
fn blocks_in_any_order_come_to_the_same() {
    let x = 3_141_592_653_589u64;
    for lanes in lanes::usable() {
        let work = work(&Given { lanes: Some(lanes), ..given(&[up_to(x)], Method::Gourdon) });
        let root = Block::root(work.units());
        let mut blocks: Vec<Block> = Block::tiling(0..work.units(), 1).collect();
        // Every third from behind, then every third, then the rest: nearly none goes on where another ended.
        blocks.sort_by_key(|block| match block.index % 3 {
            0 => -(block.index as i64),
            1 => block.index as i64,
            _ => (1 << 40) + (block.index * 7919 % 1009) as i64,
        });
        let mut first = Ledger::new(&*work, root).unwrap();
        let (some, rest) = blocks.split_at(blocks.len() / 2);
        let mut worker = work.worker(&Placement::here(0));
        some.iter().for_each(|&block| first.record(&*work, block, worker.block(block).unwrap()).unwrap());
        let mut second = Ledger::restored(&*work, root, first.parts()).unwrap();
        let mut worker = work.worker(&Placement::here(1));
        rest.iter().for_each(|&block| second.record(&*work, block, worker.block(block).unwrap()).unwrap());
        let answer = work.close(second.whole().unwrap()).unwrap();
        assert_eq!(counts(&answer), [lmo::pi(x, lmo::alpha(x))], "on {}", lanes.name);
    }
}
