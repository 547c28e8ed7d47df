//! The run side under load, in worlds of threads with shuffled mail: nothing may be lost, doubled or waited for
//! in vain, whoever is slow and whoever fails.

use pcount::error::{Error, Result};
use pcount::report::{Table, Value};
use pcount::run::{self, Outcome, Schedule};
use pcount::seat::Seat;
use pcount::wire;
use pcount::work::{Answer, Forecast, Kernel, Stream, Temper, Work};
use pcount::world::{World, threads};
use std::time::Duration;

/// Units as words: the free monoid, in which every wrong merge can be read.
#[derive(Clone, Copy)]
struct Words {
    count: u64,
    /// Waits so long before a unit, depending on who computes it.
    slow: fn(rank: usize, unit: u64) -> Duration,
    fails: fn(unit: u64) -> bool,
}

impl Words {
    fn of(count: u64) -> Words {
        Words { count, slow: |_, _| Duration::ZERO, fails: |_| false }
    }
}

impl Kernel for Words {
    type Part = Vec<u64>;
    type Scratch = usize;
    fn units(&self) -> u64 {
        self.count
    }
    fn scratch(&self, seat: &Seat) -> usize {
        seat.rank
    }
    fn compute(&self, unit: u64, rank: &mut usize) -> Result<Vec<u64>> {
        let pause = (self.slow)(*rank, unit);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        if (self.fails)(unit) { Err(Error::failed(format!("unit {unit} is bad"))) } else { Ok(vec![unit]) }
    }
    fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
        let rows = whole.into_iter().map(|unit| vec![Value::integer(unit)]);
        Ok(Answer::rows(Table::of(&["unit"]).with(rows), "unit"))
    }
    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
    fn temper(&self) -> Temper {
        Temper::Uneven
    }
}

fn run_on(world: &dyn World, work: &dyn Work, schedule: Schedule, largest: u32) -> Result<Option<Outcome>> {
    let seat = Seat { threads: 1 + world.rank() % 2, cores: vec![0], ..Seat::here(world.rank()) };
    run::run_in_blocks(world, work, &seat, Some(schedule), largest, &mut |_, _| ())
}

/// Runs on so many ranks; what each came to.
fn run(work: &dyn Work, ranks: usize, seed: u64, schedule: Schedule, largest: u32) -> Vec<Result<Option<Outcome>>> {
    threads::run(ranks, seed, |world| run_on(world, work, schedule, largest))
}

fn check(work: &Words, ranks: usize, seed: u64, schedule: Schedule, largest: u32) -> Outcome {
    let mut outcomes = run(work, ranks, seed, schedule, largest).into_iter();
    let outcome = outcomes.next().unwrap().unwrap().expect("the root has the outcome");
    assert!(outcomes.all(|other| matches!(other, Ok(None))), "only the root has it");
    let words: Vec<u64> = wire::value(&outcome.whole).unwrap();
    assert_eq!(words, (0..work.count).collect::<Vec<_>>(), "{ranks} ranks, seed {seed}, {schedule:?}");
    outcome
}

const SCHEDULES: [Schedule; 2] = [Schedule::Fixed, Schedule::Farm];

#[test]
fn the_answer_depends_on_the_plan_and_not_on_the_world() {
    for count in [0, 1, 2, 37, 64, 1000] {
        for ranks in [1, 2, 3, 5, 8] {
            for seed in 0..4 {
                for schedule in SCHEDULES {
                    check(&Words::of(count), ranks, seed, schedule, run::LARGEST);
                }
            }
        }
    }
}

/// Runs in batches of 2^`level` units for as long as fewer than `enough` have been told; what the root was told.
fn told(ranks: usize, seed: u64, schedule: Schedule, level: u32, enough: usize) -> Vec<Result<Vec<u64>>> {
    threads::run(ranks, seed, |world| {
        let work = Box::new(Words { fails: |unit| unit == 900, ..Words::of(1000) });
        let stream = Stream { work, level, bytes: 0, key: "unit", wide: false, numbers: |_| Ok(vec![]) };
        let seat = Seat { threads: 2, ..Seat::here(world.rank()) };
        let mut told = Vec::new();
        let mut each = |part: &[u8]| {
            let part = wire::value::<Vec<u64>>(part)?;
            assert!(part.len() <= 1 << level);
            told.extend(part);
            Ok(told.len() < enough)
        };
        let ended = run::run_in_batches(world, &stream, &seat, Some(schedule), &mut |_, _| (), &mut each);
        ended.map(|_| told)
    })
}

#[test]
fn batches_come_in_order_until_nobody_wants_more() {
    for ranks in [1, 2, 3, 5] {
        for schedule in SCHEDULES {
            for (level, enough) in [(0, 5), (3, 50), (6, 600), (9, 1)] {
                let mut told = told(ranks, 1, schedule, level, enough).into_iter();
                let root = told.next().unwrap().unwrap();
                assert_eq!(root, (0..root.len() as u64).collect::<Vec<_>>());
                assert_eq!(root.len(), enough.next_multiple_of(1 << level));
                assert!(told.all(|other| other == Ok(vec![])), "only the root is told");
            }
            // A unit that fails ends it on all ranks, once.
            assert!(told(ranks, 2, schedule, 4, usize::MAX).iter().all(Result::is_err));
        }
    }
}

#[test]
fn twenty_thousand_small_blocks_on_eight_ranks() {
    for schedule in SCHEDULES {
        let outcome = check(&Words::of(20_000), 8, 1, schedule, 0);
        assert_eq!(outcome.ranks.iter().map(|rank| rank.blocks).sum::<u64>(), 20_000);
    }
}

#[test]
fn a_slow_rank_leaves_its_work_to_the_others() {
    let slow = |rank, _| Duration::from_millis(if rank == 1 { 40 } else { 1 });
    let outcome = check(&Words { slow, ..Words::of(400) }, 4, 1, Schedule::Farm, run::LARGEST);
    let units = |rank: usize| outcome.ranks[rank].stints.iter().map(|stint| stint.units).sum::<u64>();
    assert!(units(1) < 40, "the slow rank did {} of 400 units", units(1));
    assert!(outcome.seconds < 1.6, "all waited {} s for it", outcome.seconds);
}

#[test]
fn the_root_computes_while_it_deals() {
    let slow = |_, _| Duration::from_millis(1);
    let outcome = check(&Words { slow, ..Words::of(400) }, 3, 1, Schedule::Farm, run::LARGEST);
    assert!(outcome.ranks[0].blocks > 10);
}

/// Everyone must come home whoever fails and whenever, or these tests hang.
#[test]
fn a_failure_anywhere_sends_everyone_home() {
    let whens: [fn(u64) -> bool; 4] = [|unit| unit == 0, |unit| unit == 17, |unit| unit == 299, |_| true];
    for fails in whens {
        for ranks in [1, 2, 3, 8] {
            for schedule in SCHEDULES {
                for seed in 0..3 {
                    let work = Words { fails, ..Words::of(300) };
                    let outcomes = run(&work, ranks, seed, schedule, 2);
                    let why = outcomes[0].as_ref().err().expect("the failure is told").to_string();
                    assert!(why.contains("unit ") && why.ends_with("is bad"), "{why}");
                    for other in &outcomes {
                        assert_eq!(other.as_ref().err().map(Error::to_string), Some(why.clone()), "{schedule:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_failure_stops_the_dealing() {
    let slow = |_, _| Duration::from_millis(2);
    let work = Words { slow, fails: |unit| unit == 3, ..Words::of(5_000) };
    let began = std::time::Instant::now();
    assert!(run(&work, 4, 1, Schedule::Farm, run::LARGEST)[0].is_err());
    assert!(began.elapsed() < Duration::from_secs(1), "the rest was computed all the same");
}

#[test]
fn the_first_and_the_last_block_of_a_rank_may_fail() {
    // Rank 2 fails on whatever comes to it first; and on what comes last, in a world where it is slow.
    for schedule in SCHEDULES {
        for last in [false, true] {
            let outcomes = threads::run(5, 7, |world| {
                let fails: fn(u64) -> bool = match (world.rank(), last) {
                    (2, false) => |_| true,
                    (2, true) => |unit| unit >= 90,
                    _ => |_| false,
                };
                // In the fixed schedule rank 2 has units 80 to 119; in the farm whatever is dealt to it.
                let slow = |_, _| Duration::from_millis(1);
                let work = Words { fails, slow, ..Words::of(200) };
                run_on(world, &work, schedule, 1).map(drop)
            });
            for outcome in &outcomes {
                let why = outcome.as_ref().unwrap_err().to_string();
                assert!(why.starts_with("rank 2: unit "), "{why}");
            }
        }
    }
}

#[test]
fn waits_run_at_the_same_time() {
    struct Waits;
    impl Kernel for Waits {
        type Part = u64;
        type Scratch = ();
        fn units(&self) -> u64 {
            100
        }
        fn scratch(&self, _: &Seat) {}
        fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
            std::thread::sleep(Duration::from_millis(100));
            Ok(1)
        }
        fn answer(&self, whole: u64) -> Result<Answer> {
            Ok(Answer::total(whole.into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
        fn temper(&self) -> Temper {
            Temper::Waiting(1024)
        }
    }
    for ranks in [1, 3] {
        for schedule in SCHEDULES {
            let outcomes = run(&Waits, ranks, 1, schedule, run::LARGEST);
            let outcome = outcomes.into_iter().next().unwrap().unwrap().unwrap();
            assert_eq!(wire::value::<u64>(&outcome.whole).unwrap(), 100);
            assert!(outcome.seconds < 0.4, "{} s on {ranks} ranks, {schedule:?}", outcome.seconds);
        }
    }
}

#[test]
fn floating_sums_keep_their_bits() {
    #[derive(Default)]
    struct Real(f64);
    impl wire::Wire for Real {
        fn put(&self, out: &mut Vec<u8>) {
            self.0.put(out);
        }
        fn take(bytes: &mut &[u8]) -> Result<Real> {
            Ok(Real(wire::Wire::take(bytes)?))
        }
    }
    impl pcount::work::Part for Real {
        fn merge(self, right: Real) -> Real {
            Real(self.0 + right.0)
        }
    }
    struct Harmonic;
    impl Kernel for Harmonic {
        type Part = Real;
        type Scratch = ();
        fn units(&self) -> u64 {
            1000
        }
        fn scratch(&self, _: &Seat) {}
        fn compute(&self, unit: u64, _: &mut ()) -> Result<Real> {
            Ok(Real(1.0 / (unit + 1) as f64))
        }
        fn answer(&self, whole: Real) -> Result<Answer> {
            Ok(Answer::total(whole.0.to_bits().into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }
    let bits = |ranks, seed, schedule| {
        let outcomes = run(&Harmonic, ranks, seed, schedule, 3);
        wire::value::<f64>(&outcomes.into_iter().next().unwrap().unwrap().unwrap().whole).unwrap().to_bits()
    };
    let first = bits(1, 0, Schedule::Fixed);
    for ranks in [1, 2, 4, 7] {
        for schedule in SCHEDULES {
            assert_eq!(bits(ranks, ranks as u64, schedule), first);
        }
    }
}
