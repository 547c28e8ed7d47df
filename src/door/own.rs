//! The lower door: a kernel of one's own, computed on threads or ranks.

use crate::error::Result;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::report::{self, FORMATS, Report, Status};
use crate::run::stop::Stops;
use crate::run::{self, Course, Unwatched, placements, room};
use crate::streams;
use crate::values::{Amount, Fact, Value};
use crate::work::{Answer, Forecast, Job, Kernel, Part, Work};
use crate::world::{self, World, agree, solo};
use std::process::ExitCode;
use std::sync::Arc;

/// The answer of a kernel, computed by the threads of this process: one for each core that it may use.
///
/// # Errors
/// What the kernel returns, or [`Error::Usage`](crate::error::Error::Usage) if this machine has less free memory than its
/// forecast says.
pub fn compute(kernel: impl Kernel + 'static) -> Result<Answer> {
    compute_work(Arc::new(kernel))
}

/// The same of a kernel whose type is not known, such as the job of a [`Plan`].
///
/// # Errors
/// As of [`compute`].
pub fn compute_work(work: Arc<dyn Work>) -> Result<Answer> {
    let (world, stops) = (solo::Solo, Stops::never());
    let placement = placement(&*work);
    room::check(&world, std::slice::from_ref(&placement), &work.forecast())?;
    let answer = compute_in(&world, &work, &placement, Course::new(None, &stops))?;
    Ok(answer.expect("nothing stops it, and this is the root"))
}

/// The same in any world, with a placement and a course of one's own; every rank calls it with the same work.
///
/// The answer is at rank 0. Other ranks get `None`, and rank 0 does, too, if the course was stopped.
///
/// # Errors
/// What the work returns, on whatever rank.
pub fn compute_in(
    world: &dyn World,
    work: &Arc<dyn Work>,
    placement: &Placement,
    course: Course,
) -> Result<Option<Answer>> {
    let outcome = run::run(world, work, placement, course, &mut Unwatched)?;
    let answer = outcome.and_then(|outcome| outcome.whole).map(|whole| work.close(&whole)).transpose();
    agree(world, answer, |_| 0)
}

/// A kernel made of two functions, for problems whose units cannot fail and whose threads keep nothing from unit to unit. Other
/// problems implement [`Kernel`].
///
/// `part` makes the part of a unit, which is below `units`; parts are merged in order. `answer` makes the answer from the part of
/// all units. `forecast` is what computing all units is expected to cost.
///
/// # Examples
/// ```
/// use pcount::door;
/// use pcount::math::integer::Integer;
/// use pcount::work::{Answer, Forecast};
///
/// // The sum of the squares below a million, a thousand in a unit.
/// let squares = |unit: u64| (1000 * unit..1000 * (unit + 1)).map(|n| Integer::from(n * n)).sum::<Integer>();
/// let answer = door::compute(door::kernel_of(1000, Forecast::default(), squares, Answer::total))?;
/// assert_eq!(answer.total, Some(Integer::from(333_332_833_333_500_000u64)));
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn kernel_of<P: Part>(
    units: u64,
    forecast: Forecast,
    part: impl Fn(u64) -> P + Send + Sync,
    answer: impl Fn(P) -> Answer + Send + Sync,
) -> impl Kernel<Part = P> {
    TwoFunctions { units, forecast, part, answer }
}

struct TwoFunctions<F, A> {
    units: u64,
    forecast: Forecast,
    part: F,
    answer: A,
}

impl<P: Part, F: Fn(u64) -> P + Send + Sync, A: Fn(P) -> Answer + Send + Sync> Kernel for TwoFunctions<F, A> {
    type Part = P;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.units
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<P> {
        Ok((self.part)(unit))
    }

    fn answer(&self, whole: P) -> Result<Answer> {
        Ok((self.answer)(whole))
    }

    fn forecast(&self) -> Forecast {
        self.forecast
    }
}

/// This process, with no more threads than there are units.
pub fn placement(work: &dyn Work) -> Placement {
    let here = Placement::here(0);
    Placement { threads: here.threads.min(work.units().max(1) as usize), ..here }
}

/// The whole `main` of a program that computes a kernel of its own: alone on its threads, or under `mpirun` on all ranks.
///
/// `open` makes the kernel from the words of the command line, on each rank; the ranks must be started with the same words.
/// Rank 0 prints the answer on stdout. Signals do what they always do.
///
/// The exit code is that of [`Error::code`](crate::error::Error::code), 1 if a part of the answer failed, and 0 if all went
/// well. It is the same on every rank; but if the ranks do not find each other, only the one that prints has it. That rank says in one
/// line on stderr what was wrong.
///
/// # Examples
/// `examples/mertens.rs` is such a program: `mpirun -n 8 target/release/examples/mertens 1..=1e9`.
pub fn run_program<K: Kernel + 'static>(name: &'static str, open: impl FnOnce(&[String]) -> Result<K>) -> ExitCode {
    world::load_mpi();
    world::abort_on_panic(name);
    let world = match world::open(None) {
        Ok(world) => world,
        Err(why) => return world::alone(|| Err(why)),
    };
    match on_ranks(&*world, name, open) {
        Ok(code) => ExitCode::from(code),
        Err(why) => world::leave(&*world, &why),
    }
}

fn on_ranks<K: Kernel + 'static>(
    world: &dyn World,
    name: &'static str,
    open: impl FnOnce(&[String]) -> Result<K>,
) -> Result<u8> {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    world::agree_on_words(world, name, &words)?;
    let facts = vec![Fact::new("arguments", Value::texts(&words))];
    let plan = open(&words).map(|kernel| {
        let amount = Amount::units(Kernel::units(&kernel));
        Plan { kernel: name, job: Job::work(kernel), facts, how: vec![], amount, once: None }
    });
    let Plan { job: Job::Work(work), facts, .. } = agree(world, plan, Plan::fingerprint)? else { unreachable!() };
    let (placement, all) = placements::take(world, None)?;
    room::check(world, &all, &work.forecast())?;
    let stops = Stops::never();
    let answer = compute_in(world, &work, &placement, Course::new(None, &stops))?;
    let failed = agree(world, answer.map(|answer| print(name, facts, answer)).transpose(), |_| 0)?;
    // Only rank 0 knows it.
    Ok(world.all_max(failed.is_some_and(|failed| failed).into()) as u8)
}

/// Prints the answer; returns whether a part of it failed.
fn print(name: &str, problem: Vec<Fact>, answer: Answer) -> Result<bool> {
    answer.note.into_iter().for_each(streams::remark);
    let status = if answer.failed { Status::Failed } else { Status::Complete };
    let report = Report::of(name, status, problem, vec![]).with_rows(answer.table, answer.bare);
    let report = Report { total: answer.total.map(|total| total.to_string()), ..report };
    report::say_bytes(&FORMATS[0].write(&report)?).map(|()| answer.failed)
}
