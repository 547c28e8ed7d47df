//! Runs the ways in turn and compares their answers.
//!
//! A way is run by the first ranks, in a world of their own. Meanwhile the other ranks sleep, and look from time to time whether the
//! root is done or a signal has come. Each run makes its plan anew, so none finds tables that an earlier one has made.

use super::python::{FRAMEWORKS, Framework, Python, Ran};
use super::same::{Comparable, failure};
use super::ways::Way;
use crate::digest::Sha256;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::plan::Plan;
use crate::process::process_time;
use crate::run::stop::{Cause, Stops};
use crate::run::{self, Course, Outcome, Watch, room};
use crate::values::Reached;
use crate::wire;
use crate::work::{Answer, Job, Stream, Work};
use crate::world::{World, agree};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds of a first run below which what is cold counts.
const COLD_MAX: f64 = 0.5;

/// What is measured.
pub struct Measurement<'a> {
    /// All ranks.
    pub world: &'a dyn World,
    /// This rank's place.
    pub placement: &'a Placement,
    /// Makes the plan by the method of that number.
    pub plan: &'a dyn Fn(usize) -> Result<Plan>,
    /// The ways.
    pub ways: &'a [Way],
    /// The names of the methods; empty if there is one.
    pub methods: &'a [&'static str],
    /// How often each is run.
    pub repeat: usize,
    /// The reasons to stop early.
    pub stops: &'a Stops,
    /// Whether Python runs beside it.
    pub with_python: bool,
    /// Python, at the root, if it runs beside it.
    pub python: Option<&'a Python>,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Measured {
    /// The seconds of each run of each way, at the root.
    pub seconds: Vec<Vec<f64>>,
    /// Why it was stopped, if it was; all ranks know.
    pub stopped: Option<Cause>,
    /// What the user should know of the answer.
    pub note: Option<&'static str>,
    /// How long the threads of the ways that have room computed, and how long that took them, in seconds.
    pub computed: (f64, f64),
    /// Python's frameworks with their runs.
    pub python: Vec<PythonRuns>,
}

/// The runs of a framework of Python.
#[derive(Debug)]
pub struct PythonRuns {
    /// The framework.
    pub framework: Framework,
    /// The seconds of each run.
    pub seconds: Vec<f64>,
    /// Why it cannot be run here, if that is so.
    pub absent: Option<String>,
}

impl PythonRuns {
    /// None so far.
    pub fn none(framework: Framework) -> PythonRuns {
        PythonRuns { framework, seconds: vec![], absent: None }
    }
}

impl Measured {
    /// The seconds of a way: the median of its runs; `None` before it was run.
    pub fn median(&self, way: usize) -> Option<f64> {
        self.seconds.get(way).and_then(|seconds| median(seconds))
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.seconds.iter().map(Vec::len).sum()
    }
}

/// The middle of these numbers; `None` if there are none.
pub fn median(seconds: &[f64]) -> Option<f64> {
    let mut seconds = seconds.to_vec();
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    match seconds.len() % 2 {
        _ if seconds.is_empty() => None,
        1 => Some(seconds[middle]),
        _ => Some((seconds[middle - 1] + seconds[middle]) / 2.0),
    }
}

/// How a run ended, at the root.
enum Turn {
    /// `computed` is as that of [`Measured`].
    Done {
        seconds: f64,
        computed: (f64, f64),
        answer: Comparable,
        note: Option<&'static str>,
    },
    Stopped(Cause),
}

/// Runs all ways, each so often, and goes through them once in each direction by turns: a machine that becomes slower then slows all
/// alike. If the first run is short, it is run again and does not count: it found nothing in caches, and pages that nobody had touched.
/// `tick` hears which part of all is done. Every rank must call it with the same ways.
///
/// # Errors
/// On every rank: if a plan cannot be made, if a unit or a task fails, if there is too little memory, or if two answers differ.
pub fn measure(task: &Measurement, tick: &mut dyn FnMut(f64)) -> Result<Measured> {
    let Measurement { world, ways, repeat, .. } = *task;
    let groups = groups(world, ways);
    let mut measured = Measured { seconds: vec![vec![]; ways.len()], ..Measured::default() };
    let mut first: Option<(Way, Comparable)> = None;
    let (order, mut run, mut may_be_cold) = (order(ways.len(), repeat), 0, true);
    while let Some(&at) = order.get(run) {
        let way = ways[at];
        let (_, group) = groups.iter().find(|(ranks, _)| *ranks == way.ranks).expect("each number has its group");
        let mut tick = |share: f64| tick((run as f64 + share) / (ways.len() * repeat) as f64);
        let turn = match group {
            Some(group) => task.run(&way, &**group, run < ways.len(), &mut tick).map(Some),
            None => task.sleep().map(|()| None),
        };
        if world.is_root() {
            (way.ranks..world.size()).for_each(|rank| world.send(rank, &[]));
        }
        let turn = turn.and_then(|turn| match turn.flatten() {
            Some(Turn::Done { answer, seconds, computed, note }) => {
                measured.seconds[at].push(seconds);
                if way.has_room {
                    measured.computed.0 += computed.0;
                    measured.computed.1 += computed.1;
                }
                measured.note = note;
                task.same(&mut first, way, answer).map(|()| None)
            }
            Some(Turn::Stopped(cause)) => Ok(Some(cause)),
            None => Ok(None),
        });
        // After the last run there is nothing left to stop.
        let is_last = run + 1 == ways.len() * repeat && !task.with_python;
        let stopped = agree(world, turn, |_| 0)?.or(task.stops.signal().filter(|_| !is_last));
        measured.stopped = cause(world.all_max(number(stopped)));
        if measured.stopped.is_some() {
            break;
        }
        if std::mem::take(&mut may_be_cold) {
            let is_cold = measured.seconds[at].last().is_some_and(|&seconds| seconds < COLD_MAX);
            if world.all_max(u64::from(is_cold)) == 1 {
                measured.seconds[at].clear();
                continue;
            }
        }
        run += 1;
    }
    drop(groups);
    if task.with_python && measured.stopped.is_none() {
        task.measure_python(first.map(|(_, answer)| answer), &mut measured)?;
    }
    Ok(measured)
}

/// Which way is run when: all forwards, all backwards, and so on.
fn order(ways: usize, repeat: usize) -> Vec<usize> {
    (0..repeat)
        .flat_map(move |round| (0..ways).map(move |at| if round % 2 == 0 { at } else { ways - 1 - at }))
        .collect()
}

/// A world for each number of ranks that a way has; `None` where this rank is not in it.
fn groups<'a>(world: &'a dyn World, ways: &[Way]) -> Vec<(usize, Option<Box<dyn World + 'a>>)> {
    let mut sizes: Vec<usize> = ways.iter().map(|way| way.ranks).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.into_iter().map(|ranks| (ranks, world.first_ranks(ranks))).collect()
}

/// A cause as a number that the ranks can compare; 0 if there is none.
fn number(cause: Option<Cause>) -> u64 {
    match cause {
        None => 0,
        Some(Cause::Time) => u64::MAX,
        Some(Cause::Signal(signal)) => signal as u64,
    }
}

fn cause(number: u64) -> Option<Cause> {
    match number {
        0 => None,
        u64::MAX => Some(Cause::Time),
        signal => Some(Cause::Signal(signal as usize)),
    }
}

impl Measurement<'_> {
    /// Checks that this answer is that of the first run.
    fn same(&self, first: &mut Option<(Way, Comparable)>, way: Way, answer: Comparable) -> Result<()> {
        let (other, expected) = first.get_or_insert_with(|| (way, answer.clone()));
        let [name, other] = [&way, other].map(|way| self.name(way));
        match expected.difference(&answer) {
            None => Ok(()),
            Some(what) => Err(Error::wrong(format!("{name} and {other} have different answers: {what}"))),
        }
    }

    /// A way in words.
    fn name(&self, way: &Way) -> String {
        let several = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let method = self.methods.get(way.method).map_or(String::new(), |name| format!(", {name}"));
        let (ranks, threads) = (several(way.ranks, "rank"), several(way.threads, "thread"));
        format!("{ranks} of {threads} ({}{method})", way.schedule.name())
    }

    /// Runs Python's frameworks, at the root; the others sleep.
    fn measure_python(&self, found: Option<Comparable>, measured: &mut Measured) -> Result<()> {
        let world = self.world;
        let ran = match (self.python, &found) {
            (Some(python), Some(found)) => {
                let ran = self.run_python(python, found, &mut measured.python);
                (1..world.size()).for_each(|rank| world.send(rank, &[]));
                ran
            }
            _ => self.sleep().map(|()| None),
        };
        // A signal after the last run stops nothing: ranks that sleep tell the root of theirs while there is something to stop.
        let stopped = agree(world, ran, |_| 0)?;
        measured.stopped = cause(world.all_max(number(stopped)));
        Ok(())
    }

    /// Runs each framework as often as the ways; the reason if that was stopped.
    fn run_python(&self, python: &Python, found: &Comparable, runs: &mut Vec<PythonRuns>) -> Result<Option<Cause>> {
        runs.extend(FRAMEWORKS.map(PythonRuns::none));
        let mut ears = Ears { world: self.world, stops: self.stops, heard: Instant::now(), tick: &mut |_| () };
        let mut stop = || {
            ears.tick(Reached::default());
            self.stops.cause()
        };
        for _ in 0..self.repeat {
            // What could not be run is not tried again.
            for runs in runs.iter_mut().filter(|runs| runs.absent.is_none()) {
                match python.run(runs.framework, found, &mut stop)? {
                    Ran::Done(took) => runs.seconds.push(took),
                    Ran::Absent(why) => runs.absent = Some(why),
                    Ran::Stopped(cause) => return Ok(Some(cause)),
                }
            }
        }
        Ok(None)
    }

    /// Runs a way in the world of its ranks. The root gets how it ended.
    fn run(&self, way: &Way, group: &dyn World, is_first: bool, tick: &mut dyn FnMut(f64)) -> Result<Option<Turn>> {
        let placement = Placement { threads: way.threads, ..self.placement.clone() };
        if is_first {
            self.check_room(way, group, &placement)?;
        }
        let mut watch = Ears { world: self.world, stops: self.stops, heard: Instant::now(), tick };
        group.barrier();
        let (began, computed) = (Instant::now(), process_time());
        let plan = agree(group, (self.plan)(way.method), Plan::fingerprint)?;
        let course = Course { exact: true, ..Course::new(Some(way.schedule), self.stops) };
        let ended = match &plan.job {
            Job::Work(work) => answered(group, work, &placement, course, &mut watch),
            Job::Stream(stream) => self.listed(group, stream, &placement, course, &mut watch),
            Job::PerRank(_) => unreachable!("it was refused: there is nothing to compare"),
        };
        let seconds = began.elapsed().as_secs_f64();
        // The root may have an error that the others do not know.
        let computed = group.gather(wire::bytes(&(process_time() - computed).as_secs_f64())).unwrap_or_default();
        let computed: f64 = computed.iter().filter_map(|seconds| wire::value::<f64>(seconds).ok()).sum();
        let turn = ended?.map(|ended| match ended {
            Err(cause) => Ok(Turn::Stopped(cause)),
            Ok((Found::Answer(answer), busy)) => match failure(&answer) {
                Some(why) => Err(Error::failed(format!("{why}: tasks that fail take no time that can be compared"))),
                None => {
                    let (note, answer, computed) = (answer.note, Comparable::of(&answer), (computed, busy));
                    Ok(Turn::Done { seconds, computed, answer, note })
                }
            },
            Ok((Found::List(answer), busy)) => {
                Ok(Turn::Done { seconds, computed: (computed, busy), answer, note: None })
            }
        });
        turn.transpose()
    }

    /// Refuses a way that needs more memory than there is.
    fn check_room(&self, way: &Way, group: &dyn World, placement: &Placement) -> Result<()> {
        let plan = agree(group, (self.plan)(way.method), Plan::fingerprint)?;
        let forecast = match &plan.job {
            Job::Work(work) => work.forecast(),
            Job::Stream(stream) => stream.forecast(),
            Job::PerRank(_) => return Ok(()),
        };
        let placements = group.gather(wire::bytes(placement)).unwrap_or_default();
        let placements = placements.iter().map(|placement| wire::value(placement)).collect::<Result<Vec<Placement>>>();
        room::check(group, &agree(group, placements, |_| 0)?, &forecast)
    }

    /// Computes a list batch by batch, and keeps nothing of it but its digest.
    fn listed(
        &self,
        group: &dyn World,
        stream: &Stream,
        placement: &Placement,
        course: Course,
        watch: &mut dyn Watch,
    ) -> Result<Option<Ended>> {
        let (mut digest, mut batches) = (Sha256::default(), 0);
        let mut each = |part: &[u8], _| {
            digest.update(part);
            batches += 1;
            Ok(true)
        };
        let outcome = run::run_in_batches(group, stream, placement, course, watch, &mut each)?;
        Ok(outcome.map(|outcome| match batches == stream.batches().count() as u64 {
            true => Ok((Found::List(Comparable::of_list(batches, &digest.finish())), busy(&outcome))),
            false => Err(self.stops.signal().unwrap_or(Cause::Time)),
        }))
    }

    /// Waits, asleep, until the root says that a run in which this rank has no part is over. The root hears of a signal here.
    ///
    /// A sleep is as long as a small share of the wait: a short run should not be followed by a long sleep.
    fn sleep(&self) -> Result<()> {
        const SHARE: u32 = 64;
        const PAUSE_MIN: Duration = Duration::from_micros(50);
        const PAUSE_MAX: Duration = Duration::from_millis(20);
        let (began, mut told) = (Instant::now(), false);
        while self.world.poll().is_none() {
            if let Some(cause) = self.stops.signal().filter(|_| !told) {
                self.world.send(0, &wire::bytes(&cause));
                told = true;
            }
            std::thread::sleep((began.elapsed() / SHARE).clamp(PAUSE_MIN, PAUSE_MAX));
        }
        Ok(())
    }
}

/// What a run came to and the seconds that blocks took, or why it was stopped.
type Ended = std::result::Result<(Found, f64), Cause>;

/// The seconds that blocks took on all threads of all ranks.
fn busy(outcome: &Outcome) -> f64 {
    outcome.ranks.iter().map(|rank| rank.busy).sum()
}

enum Found {
    Answer(Answer),
    List(Comparable),
}

/// Computes a work and makes the answer, at the root.
fn answered(
    group: &dyn World,
    work: &Arc<dyn Work>,
    placement: &Placement,
    course: Course,
    watch: &mut dyn Watch,
) -> Result<Option<Ended>> {
    let outcome = run::run(group, work, placement, course, watch);
    work.abandon();
    let close = |outcome: Outcome| match &outcome.whole {
        Some(whole) => work.close(whole).map(|answer| Ok((Found::Answer(answer), busy(&outcome)))),
        None => Ok(Err(outcome.stopped.unwrap_or(Cause::Time))),
    };
    outcome?.map(close).transpose()
}

/// Listens to the ranks that sleep, and tells how far the run is.
struct Ears<'a> {
    world: &'a dyn World,
    stops: &'a Stops,
    /// When it last listened.
    heard: Instant,
    tick: &'a mut dyn FnMut(f64),
}

impl Watch for Ears<'_> {
    fn tick(&mut self, reached: Reached) {
        const LISTEN_INTERVAL: Duration = Duration::from_millis(20);
        if self.heard.elapsed() >= LISTEN_INTERVAL {
            self.heard = Instant::now();
            let message = self.world.poll();
            let cause = message.and_then(|(_, cause)| wire::value::<Cause>(&cause).ok());
            cause.into_iter().for_each(|cause| self.stops.note(cause));
        }
        (self.tick)(reached.share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::ways::{Choice, Machine, ways};
    use crate::kernel::{self, Given, Seeks, tests::given};
    use crate::values::Amount;
    use crate::work::tests::spelled;
    use crate::world::threads;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const THREE: [usize; 3] = [2, 1, 1];

    fn all_ways(methods: usize) -> Vec<Way> {
        let choice = Choice { methods, threads: None, schedule: None, units: 8, at_once: None };
        ways(&Machine { threads: THREE.to_vec() }, &choice)
    }

    /// What three ranks measure; `stops` has the reasons of each to stop.
    fn measured(
        ways: &[Way],
        plan: impl Fn(usize) -> Result<Plan> + Sync,
        stops: impl Fn(usize) -> Stops + Sync,
    ) -> Vec<Result<Measured>> {
        threads::run(3, 5, |world| {
            let (placement, stops) = (Placement::here(world.rank()), stops(world.rank()));
            let task = Measurement {
                world,
                placement: &placement,
                plan: &plan,
                ways,
                methods: &[],
                repeat: 2,
                stops: &stops,
                with_python: false,
                python: None,
            };
            measure(&task, &mut |share| assert!((0.0..=1.0).contains(&share)))
        })
    }

    fn plan(kernel: &str, given: &Given) -> Result<Plan> {
        Plan::open(kernel::find(kernel).unwrap(), given)
    }

    #[test]
    fn every_way_is_run_as_often_as_asked_and_the_root_knows_the_times() {
        let ways = all_ways(1);
        assert_eq!(ways.len(), 6);
        let list = Given { seeks: Some(Seeks::Primes), ..given("0..1000 1e6..+100") };
        for (kernel, given) in [("square", given("1..600")), ("sum", given("0..1e5")), ("primes", list)] {
            let mut ranks = measured(&ways, |_| plan(kernel, &given), |_| Stops::never());
            let others = ranks.split_off(1);
            assert!(
                others.iter().all(|rank| rank.as_ref().is_ok_and(|rank| rank.runs() == 0 && rank.stopped.is_none()))
            );
            let root = ranks.remove(0).unwrap();
            assert!(root.seconds.iter().all(|runs| runs.len() == 2), "{root:?}");
            assert!((0..ways.len()).all(|way| root.median(way).unwrap() > 0.0));
        }
    }

    #[test]
    fn a_short_first_run_is_run_again() {
        let plans = AtomicUsize::new(0);
        let counted = |_| {
            plans.fetch_add(1, Ordering::Relaxed);
            plan("sum", &given("0..1e5"))
        };
        let root = measured(&all_ways(1)[..1], counted, |_| Stops::never()).remove(0).unwrap();
        // Each of three runs makes its plan, and the first way's are looked at before they begin.
        assert_eq!((root.runs(), plans.into_inner()), (2, 5));
    }

    #[test]
    fn answers_that_differ_are_an_error_on_every_rank() {
        let ways = all_ways(2);
        let by = |method: usize| plan("square", &given(if method == 0 { "1..6" } else { "1..5 6" }));
        for rank in measured(&ways, by, |_| Stops::never()) {
            let why = rank.unwrap_err();
            assert_eq!(why.code(), 3);
            let what = "1 rank of 1 thread (fixed) and 1 rank of 1 thread (fixed) have different answers: n of row 5 is 6, not 5";
            assert!(why.to_string().starts_with(what), "{why}");
        }
    }

    #[test]
    fn an_error_of_a_few_ranks_is_known_to_those_that_sleep() {
        let refused = |_| Err(Error::usage("no such plan"));
        for rank in measured(&all_ways(1), refused, |_| Stops::never()) {
            assert_eq!(rank.unwrap_err(), Error::usage("no such plan"));
        }
    }

    #[test]
    fn a_signal_to_any_rank_stops_all_whether_it_computes_or_sleeps() {
        let (units, facts) = (1 << 40, vec![]);
        let endless = |_| {
            let (job, amount) = (Job::Work(spelled(units)), Amount::units(units));
            Ok(Plan { kernel: "spelled", job, facts: facts.clone(), how: vec![], amount, once: None })
        };
        for whose in 0..3 {
            let stops = |rank: usize| Stops::noted(Arc::new(AtomicUsize::new(if rank == whose { 10 } else { 0 })));
            for rank in measured(&all_ways(1), endless, stops) {
                let rank = rank.unwrap();
                assert_eq!((rank.stopped, rank.runs()), (Some(Cause::Signal(10)), 0), "rank {whose}");
            }
        }
    }

    #[test]
    fn ways_are_run_forwards_and_backwards_by_turns() {
        assert_eq!(order(3, 3), [0, 1, 2, 2, 1, 0, 0, 1, 2]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |seconds: &[f64]| Measured { seconds: vec![seconds.to_vec()], ..Measured::default() }.median(0);
        assert_eq!(
            [of(&[]), of(&[2.0]), of(&[9.0, 1.0, 2.0]), of(&[4.0, 1.0, 2.0, 9.0])],
            [None, Some(2.0), Some(2.0), Some(3.0)]
        );
    }

    #[test]
    fn causes_are_numbers_among_ranks() {
        for known in [None, Some(Cause::Time), Some(Cause::Signal(15))] {
            assert_eq!(cause(number(known)), known);
        }
    }
}
