//! The run side under load, in worlds of threads with shuffled mail: nothing may be lost, doubled or waited for
//! in vain, whoever is slow and whoever fails.

mod common;

use common::wait_until;
use pcount::error::{Error, Result};
use pcount::placement::Placement;
use pcount::run::stop::{Cause, Stops};
use pcount::run::{self, Course, Outcome, Parts, Schedule, Unwatched, Watch};
use pcount::values::{Reached, Table, Value};
use pcount::wire;
use pcount::work::{Answer, Forecast, Kernel, Stream, UnitCost, Work};
use pcount::world::{World, threads};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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
    fn scratch(&self, placement: &Placement) -> usize {
        placement.rank
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
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}

fn shared(work: impl Work + 'static) -> Arc<dyn Work> {
    Arc::new(work)
}

fn placement(world: &dyn World) -> Placement {
    Placement { threads: 1 + world.rank() % 2, cores: vec![0], ..Placement::here(world.rank()) }
}

fn run_on(world: &dyn World, work: &Arc<dyn Work>, schedule: Schedule, largest: u32) -> Result<Option<Outcome>> {
    let stops = Stops::never();
    let course = Course { largest, ..Course::new(Some(schedule), &stops) };
    run::run(world, work, &placement(world), course, &mut Unwatched)
}

/// Runs on so many ranks; what each came to.
fn run(
    work: &Arc<dyn Work>,
    ranks: usize,
    seed: u64,
    schedule: Schedule,
    largest: u32,
) -> Vec<Result<Option<Outcome>>> {
    threads::run(ranks, seed, |world| run_on(world, work, schedule, largest))
}

fn check(work: &Words, ranks: usize, seed: u64, schedule: Schedule, largest: u32) -> Outcome {
    let mut outcomes = run(&shared(*work), ranks, seed, schedule, largest).into_iter();
    let outcome = outcomes.next().unwrap().unwrap().expect("the root has the outcome");
    assert!(outcomes.all(|other| matches!(other, Ok(None))), "only the root has it");
    let words: Vec<u64> = wire::value(outcome.whole.as_ref().unwrap()).unwrap();
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
                    check(&Words::of(count), ranks, seed, schedule, run::BLOCK_LEVEL_MAX);
                }
            }
        }
    }
}

/// Runs in batches of 2^`level` units for as long as fewer than `enough` have been told; what the root was told.
fn told(ranks: usize, seed: u64, schedule: Schedule, level: u32, enough: usize) -> Vec<Result<Vec<u64>>> {
    threads::run(ranks, seed, |world| {
        let work = Arc::new(Words { fails: |unit| unit == 900, ..Words::of(1000) });
        let stream = Stream { work, level, bytes: 0, columns: vec![], bare: "unit", rows: |_| Ok(vec![]) };
        let placement = Placement { threads: 2, ..Placement::here(world.rank()) };
        let mut told = Vec::new();
        let mut each = |part: &[u8], _| {
            let part = wire::value::<Vec<u64>>(part)?;
            assert!(part.len() <= 1 << level);
            told.extend(part);
            Ok(told.len() < enough)
        };
        let stops = Stops::never();
        let course = Course::new(Some(schedule), &stops);
        let ended = run::run_in_batches(world, &stream, &placement, course, &mut Unwatched, &mut each);
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
    static OTHERS: AtomicUsize = AtomicUsize::new(0);
    // It is at its first units until all but what it may hold at a time is done.
    let slow = |rank, _| {
        match rank {
            1 => wait_until("the others have done the rest", || OTHERS.load(Ordering::Relaxed) >= 300),
            _ => drop(OTHERS.fetch_add(1, Ordering::Relaxed)),
        }
        Duration::ZERO
    };
    let outcome = check(&Words { slow, ..Words::of(400) }, 4, 1, Schedule::Farm, 4);
    let units = |rank: usize| outcome.ranks[rank].entries.iter().map(|entry| entry.units).sum::<u64>();
    assert!((1..=100).contains(&units(1)), "the slow rank did {} of 400 units", units(1));
}

#[test]
fn the_root_computes_while_it_deals() {
    static BY_ROOT: AtomicUsize = AtomicUsize::new(0);
    // The others come to no end before the root has computed, too.
    let slow = |rank, _| {
        match rank {
            0 => drop(BY_ROOT.fetch_add(1, Ordering::Relaxed)),
            _ => wait_until("the root has computed", || BY_ROOT.load(Ordering::Relaxed) > 10),
        }
        Duration::ZERO
    };
    let outcome = check(&Words { slow, ..Words::of(400) }, 3, 1, Schedule::Farm, 0);
    assert!(outcome.ranks[0].blocks > 10);
}

/// Who was lost, as the root is told; and a signal that comes when so many were lost and something was done.
#[derive(Default)]
struct Obituaries {
    lost: Vec<usize>,
    signal: Option<(usize, Arc<AtomicUsize>)>,
}

impl Watch for Obituaries {
    fn tick(&mut self, reached: Reached) {
        assert!(reached.units <= reached.all && (0.0..=1.0).contains(&reached.share));
        if let Some((deaths, heard)) = &self.signal
            && self.lost.len() >= *deaths
            && reached.units > 0
        {
            heard.store(15, Ordering::Relaxed);
        }
    }
    fn lost(&mut self, rank: usize) {
        self.lost.push(rank);
    }
}

/// Runs with ranks that die when they have sent so many messages, and is stopped when so many have, if that is said; the
/// outcome and the lost, at the root.
fn run_until_deaths(
    work: Words,
    ranks: usize,
    seed: u64,
    deaths: &[(usize, usize)],
    stopped_after: Option<usize>,
) -> (Result<Option<Outcome>>, Vec<usize>) {
    let heard = Arc::new(AtomicUsize::new(0));
    let mut ends = threads::run_until_deaths(ranks, seed, deaths, |world| {
        let stops = if world.is_root() { Stops::noted(heard.clone()) } else { Stops::never() };
        let course = Course { largest: 3, keep_going: true, ..Course::new(Some(Schedule::Farm), &stops) };
        let mut watch =
            Obituaries { signal: stopped_after.map(|deaths| (deaths, heard.clone())), ..Default::default() };
        let outcome = run::run(world, &shared(work), &placement(world), course, &mut watch);
        (outcome, watch.lost)
    });
    for (rank, end) in ends.iter().enumerate().skip(1) {
        let dies = deaths.iter().any(|(whose, _)| *whose == rank);
        assert!(end.is_some() || dies, "rank {rank} did not come home");
    }
    ends.swap_remove(0).expect("the root lives")
}

#[test]
fn ranks_may_die_and_the_answer_is_whole() {
    let slow = |_, unit| Duration::from_micros(unit % 7 * 100);
    let work = Words { slow, ..Words::of(300) };
    let mut all = 0;
    for seed in 0..40 {
        let ranks = 2 + seed as usize % 6;
        // From the first word on; some come to their last one before.
        let death = |rank: usize| (rank, (seed as usize * 5 + rank * 3) % 17);
        let deaths: Vec<(usize, usize)> = match seed % 3 {
            0 => vec![death(1)],
            1 => (1..ranks).map(death).collect(),
            _ => vec![death(ranks - 1), death(1 + ranks / 2 % (ranks - 1))],
        };
        let (outcome, lost) = run_until_deaths(work, ranks, seed, &deaths, None);
        let outcome = outcome.unwrap().unwrap();
        let words: Vec<u64> = wire::value(outcome.whole.as_ref().unwrap()).unwrap();
        assert_eq!(words, (0..300).collect::<Vec<_>>(), "seed {seed}, deaths {deaths:?}");
        // What a dead rank has done and not told is not told of it.
        let units: u64 = outcome.ranks.iter().flat_map(|rank| &rank.entries).map(|entry| entry.units).sum();
        assert_eq!((units, outcome.done), (300, 300), "seed {seed}, deaths {deaths:?}");
        assert!(lost.iter().all(|lost| deaths.iter().any(|(rank, _)| rank == lost)));
        all += lost.len();
    }
    assert!(all > 30, "only {all} deaths were noticed");
}

#[test]
fn a_dead_rank_keeps_neither_a_stop_nor_a_failure_from_being_heard() {
    let slow = |_, _| Duration::from_millis(2);
    for seed in 0..6 {
        let work = Words { slow, fails: |unit| unit == 150, ..Words::of(300) };
        let (outcome, _) = run_until_deaths(work, 4, seed, &[(2, 3 + seed as usize)], None);
        let why = outcome.err().expect("the failure is told").to_string();
        assert!(why.ends_with("unit 150 is bad"), "{why}");

        let work = Words { slow, ..Words::of(1_000_000) };
        let (outcome, lost) = run_until_deaths(work, 4, seed, &[(1, 2), (3, 5)], Some(2));
        let outcome = outcome.unwrap().unwrap();
        assert_eq!((outcome.stopped, outcome.whole), (Some(Cause::Signal(15)), None));
        assert!(outcome.done > 0 && lost.len() == 2);
    }
}

#[test]
fn the_last_units_of_a_dead_rank_are_not_forgotten() {
    // All but rank 1 are through long before it dies with its first block.
    let slow = |rank, _| Duration::from_millis(if rank == 1 { 300 } else { 0 });
    let (outcome, lost) = run_until_deaths(Words { slow, ..Words::of(64) }, 3, 1, &[(1, 1)], None);
    let outcome = outcome.unwrap().unwrap();
    assert_eq!((wire::value(outcome.whole.as_ref().unwrap()), lost), (Ok((0..64).collect::<Vec<u64>>()), vec![1]));
    assert_eq!(outcome.ranks[1].blocks, 0);
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
                    let outcomes = run(&shared(work), ranks, seed, schedule, 2);
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
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    let slow = |_, _| {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        Duration::from_millis(10)
    };
    let work = Words { slow, fails: |unit| unit == 3, ..Words::of(100_000) };
    assert!(run(&shared(work), 4, 1, Schedule::Farm, 2)[0].is_err());
    assert!(BEGUN.load(Ordering::Relaxed) < 100_000, "the rest was computed all the same");
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
                run_on(world, &shared(work), schedule, 1).map(drop)
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
    /// How many have begun. None ends before half of all have.
    #[derive(Default)]
    struct Waits(AtomicUsize);
    impl Kernel for Waits {
        type Part = u64;
        type Scratch = ();
        fn units(&self) -> u64 {
            100
        }
        fn scratch(&self, _: &Placement) {}
        fn compute(&self, _: u64, _: &mut ()) -> Result<u64> {
            self.0.fetch_add(1, Ordering::Relaxed);
            wait_until("half of all wait at once", || self.0.load(Ordering::Relaxed) >= 50);
            Ok(1)
        }
        fn answer(&self, whole: u64) -> Result<Answer> {
            Ok(Answer::total(whole.into()))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
        fn unit_cost(&self) -> UnitCost {
            UnitCost::IoBound(1024)
        }
    }
    for ranks in [1, 3] {
        for schedule in SCHEDULES {
            let outcomes = run(&shared(Waits::default()), ranks, 1, schedule, run::BLOCK_LEVEL_MAX);
            let outcome = outcomes.into_iter().next().unwrap().unwrap().unwrap();
            assert_eq!(wire::value::<u64>(outcome.whole.as_ref().unwrap()).unwrap(), 100);
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
        fn scratch(&self, _: &Placement) {}
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
        let outcomes = run(&shared(Harmonic), ranks, seed, schedule, 3);
        let outcome = outcomes.into_iter().next().unwrap().unwrap().unwrap();
        wire::value::<f64>(outcome.whole.as_ref().unwrap()).unwrap().to_bits()
    };
    let first = bits(1, 0, Schedule::Fixed);
    for ranks in [1, 2, 4, 7] {
        for schedule in SCHEDULES {
            assert_eq!(bits(ranks, ranks as u64, schedule), first);
        }
    }
}

/// What is saved on the way.
struct Saves {
    saved: Vec<(Parts, u64)>,
    last: Instant,
    every: Duration,
    /// How many units were done at the last one.
    seen: Arc<AtomicUsize>,
}

impl Saves {
    fn every(every: Duration) -> Saves {
        Saves { saved: vec![], last: Instant::now(), every, seen: Arc::default() }
    }
}

impl Watch for Saves {
    fn tick(&mut self, reached: Reached) {
        assert!(reached.units <= reached.all && (0.0..=1.0).contains(&reached.share));
    }
    fn due(&self) -> bool {
        self.last.elapsed() >= self.every
    }
    fn save(&mut self, parts: Parts, _: Vec<pcount::values::timeline::Entry>, done: u64) {
        self.last = Instant::now();
        self.seen.store(done as usize, Ordering::Relaxed);
        self.saved.push((parts, done));
    }
}

/// Goes on from `known` until `stopper` has computed so many units, or to the end.
fn attempt(
    ranks: usize,
    schedule: Schedule,
    known: &Parts,
    work: Words,
    stopper: usize,
    after: usize,
    every: Duration,
) -> (Outcome, Vec<(Parts, u64)>) {
    let ended = threads::run(ranks, 5, |world| {
        let heard = Arc::new(AtomicUsize::new(0));
        let stops = Stops::noted(heard.clone());
        let counting = Counting { work, heard, left: AtomicUsize::new(after), stops: world.rank() == stopper };
        let known = if world.is_root() { known.clone() } else { vec![] };
        let course = Course { largest: 2, saving: Some(every), known, ..Course::new(Some(schedule), &stops) };
        let mut saves = Saves::every(every);
        let outcome = run::run(world, &shared(counting), &placement(world), course, &mut saves).unwrap();
        (outcome, saves.saved)
    });
    let (outcome, saved) = ended.into_iter().next().unwrap();
    (outcome.unwrap(), saved)
}

/// Words that send their rank a signal.
struct Counting {
    work: Words,
    heard: Arc<AtomicUsize>,
    left: AtomicUsize,
    stops: bool,
}

impl Kernel for Counting {
    type Part = Vec<u64>;
    type Scratch = usize;
    fn units(&self) -> u64 {
        self.work.count
    }
    fn scratch(&self, placement: &Placement) -> usize {
        placement.rank
    }
    fn compute(&self, unit: u64, rank: &mut usize) -> Result<Vec<u64>> {
        if self.stops && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.heard.store(15, Ordering::Relaxed);
        }
        self.work.compute(unit, rank)
    }
    fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
        self.work.answer(whole)
    }
    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}

#[test]
fn a_run_stopped_on_any_rank_goes_on_on_any_number_of_ranks() {
    // Long enough that a signal is heard before the end, on a busy machine too.
    const ALL: u64 = 5000;
    let slow = |_, _| Duration::from_millis(5);
    let work = Words { slow, ..Words::of(ALL) };
    for (first, second, stopper) in [(1, 3, 0), (3, 2, 1), (5, 1, 4), (2, 8, 0), (8, 3, 7)] {
        for schedule in SCHEDULES {
            let (outcome, saved) = attempt(first, schedule, &vec![], work, stopper, 20, Duration::from_millis(5));
            assert_eq!((outcome.stopped, outcome.whole), (Some(Cause::Signal(15)), None));
            assert!((1..ALL).contains(&outcome.done), "{} of {ALL}", outcome.done);
            assert!(saved.iter().all(|(_, done)| *done <= outcome.done));
            // Where it stopped, and from every state that was saved on the way.
            let states = saved.into_iter().step_by(7).chain([(outcome.parts, outcome.done)]);
            for (parts, done) in states {
                for schedule in SCHEDULES {
                    let fresh = Words { slow: |_, _| Duration::ZERO, ..work };
                    let (outcome, _) = attempt(second, schedule, &parts, fresh, usize::MAX, 0, Duration::from_secs(9));
                    let words: Vec<u64> = wire::value(outcome.whole.as_ref().unwrap()).unwrap();
                    assert_eq!(words, (0..ALL).collect::<Vec<_>>());
                    // Nothing that was in is computed again.
                    let units: u64 = outcome.ranks.iter().flat_map(|rank| &rank.entries).map(|entry| entry.units).sum();
                    assert_eq!(units, ALL - done);
                }
            }
        }
    }
}

#[test]
fn what_ranks_have_done_is_saved_in_either_schedule() {
    /// Words of which the last ones wait until most of the others are saved.
    struct Patient(Words, Arc<AtomicUsize>);
    impl Kernel for Patient {
        type Part = Vec<u64>;
        type Scratch = usize;
        fn units(&self) -> u64 {
            self.0.count
        }
        fn scratch(&self, placement: &Placement) -> usize {
            placement.rank
        }
        fn compute(&self, unit: u64, rank: &mut usize) -> Result<Vec<u64>> {
            if unit >= 850 {
                wait_until("most is saved", || self.1.load(Ordering::Relaxed) > 700);
            }
            self.0.compute(unit, rank)
        }
        fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
            self.0.answer(whole)
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }
    let (slow, every) = (|_, _| Duration::from_millis(1), Duration::from_millis(10));
    for schedule in SCHEDULES {
        let seen = Arc::new(AtomicUsize::new(0));
        let ended = threads::run(3, 5, |world| {
            let stops = Stops::never();
            let course = Course { largest: 2, saving: Some(every), ..Course::new(Some(schedule), &stops) };
            let mut saves = Saves { seen: seen.clone(), ..Saves::every(every) };
            let work = shared(Patient(Words { slow, ..Words::of(900) }, seen.clone()));
            run::run(world, &work, &placement(world), course, &mut saves).unwrap();
            saves.saved
        });
        let saved = ended.into_iter().next().unwrap();
        let done: Vec<u64> = saved.iter().map(|(_, done)| *done).collect();
        // Two thirds of it were done elsewhere: without their parts 700 would never have been saved.
        assert!(done.is_sorted(), "{schedule:?}: {done:?}");
        // Blocks that have merged are one record.
        assert!(saved.iter().all(|(parts, _)| parts.len() < 120), "{schedule:?}");
    }
}

#[test]
fn a_stop_does_not_wait_for_long_blocks() {
    // Half of those of rank 1 never end, and yet the run does.
    let slow = |rank, unit| {
        if rank == 1 && unit % 2 == 1 {
            loop {
                std::thread::park();
            }
        }
        Duration::from_millis(1)
    };
    for schedule in SCHEDULES {
        let (outcome, _) =
            attempt(3, schedule, &vec![], Words { slow, ..Words::of(9000) }, 0, 20, Duration::from_secs(9));
        assert!(outcome.stopped.is_some() && outcome.done > 0);
    }
}

#[test]
fn a_run_leaves_before_its_time_is_up() {
    let slow = |_, _| Duration::from_millis(2);
    for ranks in [1, 3] {
        for schedule in SCHEDULES {
            // On a machine that has much else to do it may take a longer time until this is so.
            let kept = [600, 2_000, 10_000, 60_000].into_iter().map(Duration::from_millis).any(|limit| {
                let began = Instant::now();
                let outcomes = threads::run(ranks, 1, |world| {
                    let stops = Stops::never().until(Some(began + limit));
                    let course = Course { largest: 2, ..Course::new(Some(schedule), &stops) };
                    let work = shared(Words { slow, ..Words::of(10_000_000) });
                    run::run(world, &work, &placement(world), course, &mut Unwatched).unwrap()
                });
                let outcome = outcomes.into_iter().next().unwrap().unwrap();
                assert_eq!(outcome.stopped, Some(Cause::Time));
                outcome.done > 50 && began.elapsed() < limit
            });
            assert!(kept, "{ranks} ranks, {schedule:?}: the run never leaves in time");
        }
    }
}

#[test]
fn a_signal_when_all_is_done_changes_nothing() {
    for schedule in SCHEDULES {
        for after in [100, 99] {
            let (outcome, _) = attempt(1, schedule, &vec![], Words::of(100), 0, after, Duration::from_secs(9));
            assert!(outcome.whole.is_some() || outcome.done < 100);
            assert_eq!(outcome.stopped.is_none(), outcome.whole.is_some());
        }
    }
}
