//! The waist: what problems and ranks agree on.
//!
//! Above it are kernels, which see types: numbered units, parts that merge, an answer. Below it are schedules, ledger and run file,
//! which see blocks and bytes. [`Kernel`] is all that the author of a problem writes. [`Work`] is all that the run side sees. One
//! blanket `impl` makes a work of every kernel.

use crate::block::Block;
use crate::error::Result;
use crate::math::integer::{self, Integer};
use crate::placement::Placement;
use crate::values::{Fact, ListColumn, Stretch, Table, Value};
use crate::wire::{self, Bytes, Wire};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The result of units: a monoid with a byte form. `Default` is the identity. `merge` is associative and keeps the order, left before
/// right; it need not be commutative.
pub trait Part: Wire + Default {
    /// The part of both runs of units: `self` is of the units to the left of those of `right`.
    fn merge(self, right: Self) -> Self;
}

/// A problem cut into numbered units: all that the author of a kernel writes.
pub trait Kernel: Send + Sync {
    /// The result of units.
    type Part: Part;
    /// What one thread keeps from unit to unit: buffers, and state that the next unit can use. The part of a unit must not depend on
    /// what the scratch was used for before.
    type Scratch;

    /// How many units there are. It must depend on the problem only, never on the ranks.
    fn units(&self) -> u64;
    /// The scratch of one thread, for all its units.
    fn scratch(&self, placement: &Placement) -> Self::Scratch;
    /// The part of one unit.
    ///
    /// # Errors
    /// If the unit cannot be computed. The run then ends with this error.
    fn compute(&self, unit: u64, scratch: &mut Self::Scratch) -> Result<Self::Part>;
    /// The part of neighbouring runs of units, as [`Part::merge`], by up to so many threads. Only kernels whose parts take long to merge
    /// need it. The part must not depend on the number of threads.
    fn merge(&self, left: Self::Part, right: Self::Part, _threads: usize) -> Self::Part {
        left.merge(right)
    }
    /// What the user asked for, from the part of all units. Only the root calls it.
    ///
    /// # Errors
    /// If the part contradicts itself: some machine of the run computed wrongly.
    fn answer(&self, whole: Self::Part) -> Result<Answer>;
    /// What computing all units is expected to cost.
    fn forecast(&self) -> Forecast;

    /// The rows that are known when not all units are done. `runs` are runs of units in order, with their parts; none begins where
    /// another ends.
    ///
    /// # Errors
    /// As of [`Kernel::answer`].
    fn known(&self, runs: Vec<(Range<u64>, Self::Part)>) -> Result<Known> {
        let mut runs = runs.into_iter();
        match (runs.next(), runs.next()) {
            (Some((units, part)), None) if units == (0..self.units()) => Ok(Known::all(self.answer(part)?)),
            _ => Ok(Known::default()),
        }
    }

    /// Where stages end. The units of a stage should begin before those of the next, because they give the first rows, or share tables.
    /// The last stage ends with the units.
    fn stages(&self) -> Vec<u64> {
        vec![self.units()]
    }

    /// How long a unit waits, if that is all it does: then one thread may watch many of them, and computes each when its wait is over.
    /// See [`began`].
    fn wait(&self, _unit: u64) -> Option<Duration> {
        None
    }

    /// What units cost, for the schedules.
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Uniform
    }

    /// The seconds of the forecast, for progress, which asks often: a kernel whose forecast takes some time to make says how to find them sooner.
    fn seconds(&self) -> f64 {
        self.forecast().seconds
    }

    /// The part of these seconds that some units take, for progress. Units cost the same unless a kernel knows better.
    fn share(&self, units: Range<u64>) -> f64 {
        (units.end - units.start) as f64 / self.units().max(1) as f64
    }

    /// The run is over, but workers may still compute: leaves nothing half-done behind. Every rank calls it.
    fn abandon(&self) {}

    /// A smaller problem of the same kind, of some milliseconds. Its real time tells how fast this machine is.
    fn sample(&self) -> Option<Box<dyn Work>> {
        None
    }

    /// Whether `part` is possible for `units`, of which there is at least one. Ledgers are read from files, which may be damaged or
    /// forged. A part that is not possible is refused before it is merged. A wrong part that is possible is not noticed.
    fn plausible(&self, _units: Range<u64>, _part: &Self::Part) -> bool {
        true
    }

    /// A part as integers that anybody can put together, as `docs/certificates.md` says; `None` if it is more than that.
    fn numbers(&self, _part: &Self::Part) -> Option<NamedIntegers> {
        None
    }

    /// The part that these are; `None` if they are none of this problem.
    fn part_of(&self, _numbers: &NamedIntegers) -> Option<Self::Part> {
        None
    }
}

/// Integers by name. Those of neighbouring parts add up, but for the few that `docs/certificates.md` names.
pub type NamedIntegers = Vec<(String, Integer)>;

/// What a schedule needs to know about units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitCost {
    /// All cost about the same: equal slices balance.
    Uniform,
    /// Their costs differ or are unknown.
    Varying,
    /// They wait more than they compute: a rank may have this many in progress at once, whatever its cores.
    IoBound(usize),
}

/// The expected cost of a whole work: seconds of one thread, and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Forecast {
    /// Seconds of one thread for all units.
    pub seconds: f64,
    /// Bytes per rank, from its first unit to the end of the run.
    pub rank_bytes: u64,
    /// Bytes per rank, while any of its threads computes units of this work.
    pub open_bytes: u64,
    /// Bytes per rank that works of the same kind share.
    pub shared_bytes: u64,
    /// Bytes per thread, while it computes.
    pub thread_bytes: u64,
}

impl Forecast {
    /// The bytes of a rank with so many threads.
    pub fn bytes(&self, threads: usize) -> u64 {
        self.rank_bytes + self.open_bytes + self.shared_bytes + self.thread_bytes * threads as u64
    }

    /// The forecast of both works, one after the other.
    pub fn then(self, next: Forecast) -> Forecast {
        Forecast {
            seconds: self.seconds + next.seconds,
            rank_bytes: self.rank_bytes + next.rank_bytes,
            open_bytes: self.open_bytes.max(next.open_bytes),
            shared_bytes: self.shared_bytes.max(next.shared_bytes),
            thread_bytes: self.thread_bytes.max(next.thread_bytes),
        }
    }
}

/// What the user asked for: rows, or a total, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The rows.
    pub table: Table,
    /// The total, if there is one.
    pub total: Option<Integer>,
    /// The key of the column for `--quiet`; without rows it is the total.
    pub bare: &'static str,
    /// Whether a task failed, so that its row has an error.
    pub failed: bool,
    /// What the user should know and the rows do not show.
    pub note: Option<&'static str>,
    /// What else was found. A line for people below the rows is a fact whose name ends with `.means`.
    pub found: Vec<Fact>,
}

impl Answer {
    /// An answer of rows; `bare` is the key of the column for `--quiet`.
    pub fn rows(table: Table, bare: &'static str) -> Answer {
        Answer { table, total: None, bare, failed: false, note: None, found: vec![] }
    }

    /// An answer that is one number.
    pub fn total(total: Integer) -> Answer {
        Answer { table: Table::default(), total: Some(total), bare: "total", failed: false, note: None, found: vec![] }
    }

    /// The rows of these answers one below the other, and the totals added. There must be at least one answer.
    ///
    /// # Errors
    /// The first error among the answers.
    ///
    /// # Panics
    /// If there is none.
    pub fn one_after_the_other(answers: impl IntoIterator<Item = Result<Answer>>) -> Result<Answer> {
        let mut answers = answers.into_iter();
        let first = answers.next().expect("there is an answer")?;
        answers.try_fold(first, |above, next| Ok(above.then(next?)))
    }

    /// This answer, with the rows of `next` below its own and the totals added.
    pub fn then(mut self, next: Answer) -> Answer {
        self.table.rows.extend(next.table.rows);
        self.total = match (self.total, next.total) {
            (Some(ours), Some(theirs)) => Some(ours + theirs),
            (ours, theirs) => ours.or(theirs),
        };
        self.failed |= next.failed;
        self
    }
}

/// The known rows of an answer that is not complete.
#[derive(Debug, Default)]
pub struct Known {
    /// The place of each row among all rows.
    pub places: Vec<u32>,
    /// The rows, without a total; `None` if there are none.
    pub rows: Option<Answer>,
}

impl Known {
    /// All rows of an answer.
    pub fn all(answer: Answer) -> Known {
        Known { places: (0..answer.table.rows.len() as u32).collect(), rows: Some(answer) }
    }

    /// Adds one row.
    pub fn push(&mut self, place: u32, row: Answer) {
        self.places.push(place);
        self.rows = Some(match self.rows.take() {
            Some(above) => above.then(row),
            None => row,
        });
    }

    /// Adds other rows, whose places are mapped by `place`.
    pub fn then(&mut self, next: Known, place: impl Fn(u32) -> u32) {
        self.places.extend(next.places.into_iter().map(place));
        self.rows = match (self.rows.take(), next.rows) {
            (Some(above), Some(below)) => Some(above.then(below)),
            (above, below) => above.or(below),
        };
    }

    /// How many rows are known before the first one that is not.
    pub fn first_count(&self) -> usize {
        let mut places = self.places.clone();
        places.sort_unstable();
        (0..).zip(&places).take_while(|(index, place)| index == *place).count()
    }

    /// The first rows, up to the first one that is not known.
    pub fn first(self) -> Option<Answer> {
        let first = self.first_count();
        let mut answer = self.in_order()?;
        answer.table.rows.truncate(first);
        Some(answer)
    }

    /// The rows in the order of their places.
    pub fn in_order(self) -> Option<Answer> {
        let mut answer = self.rows?;
        let mut rows: Vec<_> = self.places.into_iter().zip(std::mem::take(&mut answer.table.rows)).collect();
        rows.sort_by_key(|(place, _)| *place);
        answer.table.rows = rows.into_iter().map(|(_, row)| row).collect();
        Some(answer)
    }
}

/// A kernel without its types: all that the run side sees.
pub trait Work: Send + Sync {
    /// How many units there are.
    fn units(&self) -> u64;
    /// A worker for this work, one per thread. It owns the scratch.
    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_>;
    /// The part of no units.
    fn empty(&self) -> Vec<u8>;
    /// The part of neighbouring runs of units, `left` before `right`, by up to so many threads.
    ///
    /// # Errors
    /// If the bytes are not those of parts.
    fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>>;
    /// The answer, from the part of all units.
    ///
    /// # Errors
    /// As [`Kernel::answer`], and if the bytes are not those of a part.
    fn close(&self, whole: &[u8]) -> Result<Answer>;
    /// The rows that are known when not all units are done, as [`Kernel::known`].
    ///
    /// # Errors
    /// As [`Work::close`].
    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known>;
    /// What computing all units is expected to take.
    fn forecast(&self) -> Forecast;
    /// How long a unit waits, as [`Kernel::wait`].
    fn wait(&self, _unit: u64) -> Option<Duration> {
        None
    }

    /// What units cost, as [`Kernel::unit_cost`].
    fn unit_cost(&self) -> UnitCost;
    /// The expected seconds of these units on one thread, for progress. Those of neighbouring runs add up.
    fn seconds_of(&self, units: Range<u64>) -> f64;
    /// As [`Kernel::abandon`].
    fn abandon(&self) {}
    /// As [`Kernel::sample`].
    fn sample(&self) -> Option<Box<dyn Work>>;
    /// Where stages end, as [`Kernel::stages`].
    fn stages(&self) -> Vec<u64>;
    /// Whether the bytes can be the part of `units`, all of which exist.
    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool;
    /// As [`Kernel::numbers`].
    fn numbers(&self, _part: &[u8]) -> Option<NamedIntegers> {
        None
    }
    /// As [`Kernel::part_of`].
    fn part_of(&self, _numbers: &NamedIntegers) -> Option<Vec<u8>> {
        None
    }
    /// The witnesses in a part, in order, if this work has some.
    ///
    /// # Errors
    /// If the bytes are not those of a part.
    fn witnesses(&self, _part: &[u8]) -> Result<Vec<(Block, Bytes)>> {
        Ok(vec![])
    }
    /// The work inside, if this one has witnesses.
    fn without_witnesses(&self) -> Option<Arc<dyn Work>> {
        None
    }
}

/// A stage has at least so many units: between stages workers wait for each other.
pub const STAGE: u64 = 256;

/// Stages that end at some of these ascending ends, and at the last. Several short stages are joined, but not with a long one behind
/// them.
pub fn stages_of(ends: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let (mut stages, mut begun, mut last) = (vec![], 0, 0);
    for end in ends {
        let long = end - last >= STAGE;
        if long && last > begun {
            stages.push(last);
            begun = last;
        }
        if end - begun >= STAGE {
            stages.push(end);
            begun = end;
        }
        last = end;
    }
    if last > begun || stages.is_empty() {
        stages.push(last);
    }
    stages
}

/// Joins neighbouring runs of units.
///
/// # Errors
/// If parts cannot be merged.
pub fn joined(
    work: &dyn Work,
    runs: impl IntoIterator<Item = (Range<u64>, Vec<u8>)>,
) -> Result<Vec<(Range<u64>, Vec<u8>)>> {
    let mut joined: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
    for (units, part) in runs {
        match joined.last_mut() {
            Some((before, left)) if before.end == units.start => {
                *left = work.join(left, &part, 1)?;
                before.end = units.end;
            }
            _ => joined.push((units, part)),
        }
    }
    Ok(joined)
}

/// One thread that computes units of a work. It owns the scratch.
pub trait Worker {
    /// The part of the units of `block` that exist.
    ///
    /// # Errors
    /// As [`Kernel::compute`].
    fn block(&mut self, block: Block) -> Result<Vec<u8>>;
}

/// A unit takes at least so many seconds, also of a kernel that does not say.
const UNIT_SECONDS_MIN: f64 = 1e-9;

/// The expected seconds of all units of a kernel, which are never 0.
fn seconds_of_all<K: Kernel>(kernel: &K) -> f64 {
    kernel.seconds().max(Kernel::units(kernel) as f64 * UNIT_SECONDS_MIN)
}

impl<K: Kernel> Work for K {
    fn units(&self) -> u64 {
        Kernel::units(self)
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        Box::new(KernelWorker { kernel: self, scratch: self.scratch(placement), seconds: seconds_of_all(self) })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&K::Part::default())
    }

    fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>> {
        let (left, right) = (wire::value::<K::Part>(left)?, wire::value::<K::Part>(right)?);
        Ok(wire::bytes(&self.merge(left, right, threads)))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        self.answer(wire::value(whole)?)
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        let runs = runs.into_iter().map(|(units, part)| Ok((units, wire::value(&part)?)));
        Kernel::known(self, runs.collect::<Result<_>>()?)
    }

    fn stages(&self) -> Vec<u64> {
        Kernel::stages(self)
    }

    fn forecast(&self) -> Forecast {
        Kernel::forecast(self)
    }

    fn wait(&self, unit: u64) -> Option<Duration> {
        Kernel::wait(self, unit)
    }

    fn unit_cost(&self) -> UnitCost {
        Kernel::unit_cost(self)
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        if units.is_empty() { 0.0 } else { seconds_of_all(self) * self.share(units) }
    }

    fn abandon(&self) {
        Kernel::abandon(self);
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Kernel::sample(self)
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        // Bytes of a kernel come back as the same bytes.
        let value = wire::value::<K::Part>(part).ok().filter(|value| wire::bytes(value) == part);
        match units.is_empty() {
            true => part == Work::empty(self),
            false => value.is_some_and(|value| Kernel::plausible(self, units, &value)),
        }
    }

    fn numbers(&self, part: &[u8]) -> Option<NamedIntegers> {
        Kernel::numbers(self, &wire::value(part).ok()?)
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Vec<u8>> {
        Kernel::part_of(self, numbers).map(|part| wire::bytes(&part))
    }
}

/// Units that were computed: how many, and how many nanoseconds they were expected to take on one thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Computed {
    /// How many units.
    pub units: u64,
    /// The nanoseconds expected of them.
    pub nanos: u64,
}

crate::wire::fields! { Computed { units nanos } }

impl Computed {
    /// These units of a work.
    pub fn of(work: &dyn Work, units: Range<u64>) -> Computed {
        let count = units.end - units.start;
        Computed { units: count, nanos: nanos(work.seconds_of(units)) }
    }

    /// Those of both.
    pub fn and(self, other: Computed) -> Computed {
        let add = |one: u64, other: u64| one.saturating_add(other);
        Computed { units: add(self.units, other.units), nanos: add(self.nanos, other.nanos) }
    }

    /// Those that are not among `other`.
    pub fn without(self, other: Computed) -> Computed {
        let take = |one: u64, other: u64| one.saturating_sub(other);
        Computed { units: take(self.units, other.units), nanos: take(self.nanos, other.nanos) }
    }
}

/// 2^64 nanoseconds are five hundred years.
fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Counts the units that threads compute.
#[derive(Default)]
pub struct UnitCounter {
    units: AtomicU64,
    nanos: AtomicU64,
}

impl UnitCounter {
    /// What was counted so far.
    pub fn computed(&self) -> Computed {
        Computed { units: self.units.load(Ordering::Relaxed), nanos: self.nanos.load(Ordering::Relaxed) }
    }
}

thread_local! {
    static COMPUTED: RefCell<Option<Arc<UnitCounter>>> = const { RefCell::new(None) };
}

/// From now on the units that this thread computes are counted there, one by one: a block can take long.
pub fn count_units_in(counter: Arc<UnitCounter>) {
    COMPUTED.set(Some(counter));
}

/// Counts a unit that was expected to take so many seconds.
fn count_unit(seconds: f64) {
    COMPUTED.with_borrow(|computed| {
        if let Some(counter) = computed {
            counter.units.fetch_add(1, Ordering::Relaxed);
            counter.nanos.fetch_add(nanos(seconds), Ordering::Relaxed);
        }
    });
}

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// When the unit began that this thread computes: now, unless its wait was watched before.
pub fn began() -> Instant {
    BEGAN.get().unwrap_or_else(Instant::now)
}

/// The units that this thread computes from now on began then.
pub fn has_begun(then: Instant) {
    BEGAN.set(Some(then));
}

struct KernelWorker<'a, K: Kernel> {
    kernel: &'a K,
    scratch: K::Scratch,
    /// The expected seconds of all units.
    seconds: f64,
}

impl<K: Kernel> KernelWorker<'_, K> {
    /// Every merge follows the same tree, so the result does not depend on who computes.
    fn fold(&mut self, block: Block) -> Result<K::Part> {
        match block.halves() {
            Some((left, right)) => {
                let (left, right) = (self.fold(left)?, self.fold(right)?);
                // The other threads have blocks of their own.
                Ok(self.kernel.merge(left, right, 1))
            }
            None if block.first() < Kernel::units(self.kernel) => {
                let part = self.kernel.compute(block.first(), &mut self.scratch)?;
                count_unit(self.seconds * self.kernel.share(block.units()));
                Ok(part)
            }
            None => Ok(K::Part::default()),
        }
    }
}

impl<K: Kernel> Worker for KernelWorker<'_, K> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        Ok(wire::bytes(&self.fold(block)?))
    }
}

/// The kinds of problems.
pub enum Job {
    /// Cut into units, which any free worker computes.
    Work(Arc<dyn Work>),
    /// The same, with more rows than fit memory.
    Stream(Stream),
    /// About the ranks themselves: each rank takes part once and gives one row.
    PerRank(Box<dyn PerRank>),
}

/// A work whose answer is a list of rows that does not fit memory. It is computed and written batch by batch.
pub struct Stream {
    /// The work.
    pub work: Arc<dyn Work>,
    /// A batch is a block of this level.
    pub level: u32,
    /// The expected bytes of a batch on its way to the root and out.
    pub bytes: u64,
    /// The columns of the list.
    pub columns: Vec<ListColumn>,
    /// The key of the column for `--quiet`.
    pub bare: &'static str,
    /// The rows in the part of a batch.
    pub rows: fn(&[u8]) -> Result<Vec<Stretch>>,
}

impl Job {
    /// A job with this work.
    pub fn work(work: impl Work + 'static) -> Job {
        Job::Work(Arc::new(work))
    }

    /// How many units there are; 0 for a problem that runs once on every rank.
    pub fn units(&self) -> u64 {
        match self {
            Job::Work(work) | Job::Stream(Stream { work, .. }) => work.units(),
            Job::PerRank(_) => 0,
        }
    }
}

impl Stream {
    /// The expected cost, with the batches on their way.
    pub fn forecast(&self) -> Forecast {
        let forecast = self.work.forecast();
        Forecast { rank_bytes: forecast.rank_bytes + self.bytes, ..forecast }
    }

    /// The batches, one after the other.
    pub fn batches(&self) -> impl Iterator<Item = Block> + use<> {
        self.batches_from(0)
    }

    /// The batches of the units from `first` on. The first ones are smaller if no batch begins there.
    pub fn batches_from(&self, first: u64) -> impl Iterator<Item = Block> + use<> {
        let (level, units) = (self.level, self.work.units());
        let whole = first.div_ceil(1 << level);
        let before = Block::tiling(first.min(units)..(whole << level).min(units), level);
        before.chain((whole..units.div_ceil(1 << level)).map(move |index| Block { level, index }))
    }
}

/// A problem in which every rank takes part once, all at the same time.
pub trait PerRank: Send {
    /// What this rank has to tell. `clock` gives the seconds since the start, the same on all ranks of a host. `barrier` returns when every rank
    /// has called it; all must call it the same number of times.
    fn row(&self, placement: &Placement, clock: &dyn Fn() -> f64, barrier: &dyn Fn()) -> Vec<Value>;
    /// The answer from what all ranks told, in the order of ranks.
    fn answer(&self, rows: Vec<Vec<Value>>) -> Answer;
}

macro_rules! sums {
    ($($t:ty)*) => {$(
        impl Part for $t {
            fn merge(self, right: Self) -> Self {
                // A sum of counts fits its type. If not, the ledger is forged, and the saturated sum is refused later.
                self.saturating_add(right)
            }
        }
    )*};
}
sums! { u64 u128 i64 i128 }

/// The sign, then the magnitude.
impl Wire for Integer {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_negative().put(out);
        Bytes(integer::to_bytes(self)).put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Integer> {
        let negative = bool::take(bytes)?;
        let magnitude = integer::from_bytes(&Bytes::take(bytes)?.0);
        Ok(if negative { -magnitude } else { magnitude })
    }
}

impl Part for Integer {
    fn merge(self, right: Integer) -> Integer {
        self + right
    }
}

/// Rows one after the other.
impl<R: Wire> Part for Vec<R> {
    fn merge(mut self, right: Self) -> Self {
        self.extend(right);
        self
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The free monoid: units as words. If they come out in order, every merge was right.
    pub(crate) struct Spell {
        pub start: u64,
        pub count: u64,
    }

    impl Kernel for Spell {
        type Part = Vec<u64>;
        type Scratch = ();
        fn units(&self) -> u64 {
            self.count
        }
        fn scratch(&self, _: &Placement) {}
        fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<u64>> {
            Ok(vec![self.start + unit])
        }
        fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
            let rows = whole.into_iter().map(|unit| vec![Value::integer(unit)]);
            Ok(Answer::rows(Table::of(&["unit"]).with(rows), "unit"))
        }
        fn forecast(&self) -> Forecast {
            Forecast::default()
        }
    }

    /// So many words, for a crew.
    pub(crate) fn spelled(count: u64) -> Arc<dyn Work> {
        Arc::new(Spell { start: 0, count })
    }

    /// The answer of a kernel, computed by one worker unit by unit.
    pub(crate) fn whole(work: &dyn Work) -> Answer {
        let mut worker = work.worker(&Placement::here(0));
        let blocks = Block::tiling(0..work.units(), 0).map(|block| worker.block(block).unwrap());
        let whole = blocks.reduce(|left, right| work.join(&left, &right, 1).unwrap());
        work.close(&whole.unwrap_or(work.empty())).unwrap()
    }

    #[test]
    fn short_stages_are_one_and_long_ones_stand_alone() {
        assert_eq!(stages_of([]), [0]);
        assert_eq!(stages_of([5]), [5]);
        assert_eq!(stages_of([5, 9, 1009, 1009, 1013]), [9, 1009, 1013]);
        assert_eq!(stages_of((1..=600).step_by(3)), [256, 514, 598]);
    }

    #[test]
    fn integers_of_any_size_travel() {
        let large = Integer::from(-7) * Integer::from(u128::MAX);
        for value in [Integer::new(), Integer::from(1), large] {
            assert_eq!(wire::value::<Integer>(&wire::bytes(&value)).unwrap(), value);
        }
    }

    #[test]
    fn a_block_beyond_the_units_is_empty() {
        let work: &dyn Work = &Spell { start: 0, count: 5 };
        let mut worker = work.worker(&Placement::here(0));
        let units = |bytes: &[u8]| wire::value::<Vec<u64>>(bytes).unwrap();
        assert_eq!(units(&worker.block(Block { level: 2, index: 1 }).unwrap()), [4]);
        assert_eq!(worker.block(Block { level: 0, index: 7 }).unwrap(), work.empty());
        let (left, right) = (worker.block(Block { level: 2, index: 0 }).unwrap(), work.empty());
        assert_eq!(units(&work.join(&left, &right, 2).unwrap()), [0, 1, 2, 3]);
    }
}
