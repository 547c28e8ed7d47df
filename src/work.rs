//! The waist: what the problems and the ranks agree on.
//!
//! Above it stand kernels, which see types: numbered units, parts that merge, an answer. Below it stand
//! schedules, ledger and run file, which see blocks and bytes. [`Kernel`] is all that the author of a
//! problem writes, [`Work`] the only face the run side sees, and one blanket `impl` stands between them.

use crate::block::Block;
use crate::error::Result;
use crate::math::integer::{self, Integer};
use crate::report::{Ascending, Table, Value};
use crate::seat::Seat;
use crate::wire::{self, Bytes, Wire};

/// What neighbouring units fold into: a monoid with a byte form. `Default` is the identity; `merge` is
/// associative and ordered, left before right; it need not commute.
pub trait Part: Wire + Default {
    fn merge(self, right: Self) -> Self;
}

/// A problem cut into numbered units. All that a kernel's author writes.
pub trait Kernel: Sync {
    type Part: Part;
    /// What one thread keeps from unit to unit: buffers, and state that the next unit can go on from.
    /// The part of a unit is the same whatever the scratch went through before.
    type Scratch;

    /// How many units there are: a function of the problem, never of the ranks.
    fn units(&self) -> u64;
    fn scratch(&self, seat: &Seat) -> Self::Scratch;
    fn compute(&self, unit: u64, scratch: &mut Self::Scratch) -> Result<Self::Part>;
    fn answer(&self, whole: Self::Part) -> Result<Answer>;
    /// What computing it all is expected to take.
    fn forecast(&self) -> Forecast;

    /// How the units behave, for the schedules.
    fn temper(&self) -> Temper {
        Temper::Even
    }
}

/// What a schedule wants to know of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// They cost about the same: equal slices balance.
    Even,
    /// Their costs differ or are not known.
    Uneven,
    /// They wait more than they compute: this many may be under way at once on a rank, whatever its cores.
    Waiting(usize),
}

/// Expected cost of a whole work: one thread's compute seconds, and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Forecast {
    pub seconds: f64,
    /// Once per rank, from its first unit to the end of the run.
    pub rank_bytes: u64,
    /// Once per rank, with other works of the kind.
    pub shared_bytes: u64,
    /// Per thread, while it is at it.
    pub thread_bytes: u64,
}

impl Forecast {
    /// For both, one after the other.
    pub fn then(self, next: Forecast) -> Forecast {
        Forecast {
            seconds: self.seconds + next.seconds,
            rank_bytes: self.rank_bytes + next.rank_bytes,
            shared_bytes: self.shared_bytes.max(next.shared_bytes),
            thread_bytes: self.thread_bytes.max(next.thread_bytes),
        }
    }
}

/// What the user asked for: rows, or a total, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub table: Table,
    pub total: Option<Integer>,
    /// The column that is the bare answer; where there are no rows, it is the total.
    pub bare: &'static str,
    /// Whether a task failed, so that its row tells an error.
    pub failed: bool,
}

impl Answer {
    pub fn rows(table: Table, bare: &'static str) -> Answer {
        Answer { table, total: None, bare, failed: false }
    }

    pub fn total(total: Integer) -> Answer {
        Answer { table: Table::default(), total: Some(total), bare: "total", failed: false }
    }

    /// This answer with the rows of `next` below its own and the totals added.
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

/// A kernel with its types rubbed off: the only face the run side sees.
pub trait Work: Sync {
    fn units(&self) -> u64;
    /// A worker on this work, one per thread of the crew; it owns the scratch.
    fn hand(&self, seat: &Seat) -> Box<dyn Hand + '_>;
    /// The part of no units.
    fn empty(&self) -> Vec<u8>;
    fn join(&self, left: &[u8], right: &[u8]) -> Result<Vec<u8>>;
    fn close(&self, whole: &[u8]) -> Result<Answer>;
    fn forecast(&self) -> Forecast;
    fn temper(&self) -> Temper;
}

pub trait Hand {
    /// The part of the units of `block` that exist.
    fn block(&mut self, block: Block) -> Result<Vec<u8>>;
}

impl<K: Kernel> Work for K {
    fn units(&self) -> u64 {
        Kernel::units(self)
    }

    fn hand(&self, seat: &Seat) -> Box<dyn Hand + '_> {
        Box::new(KernelHand { kernel: self, scratch: self.scratch(seat) })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&K::Part::default())
    }

    fn join(&self, left: &[u8], right: &[u8]) -> Result<Vec<u8>> {
        let (left, right) = (wire::value::<K::Part>(left)?, wire::value::<K::Part>(right)?);
        Ok(wire::bytes(&left.merge(right)))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        self.answer(wire::value(whole)?)
    }

    fn forecast(&self) -> Forecast {
        Kernel::forecast(self)
    }

    fn temper(&self) -> Temper {
        Kernel::temper(self)
    }
}

struct KernelHand<'a, K: Kernel> {
    kernel: &'a K,
    scratch: K::Scratch,
}

impl<K: Kernel> KernelHand<'_, K> {
    /// Every fold climbs the same tree, so its shape never depends on who climbs.
    fn fold(&mut self, block: Block) -> Result<K::Part> {
        match block.halves() {
            Some((left, right)) => Ok(self.fold(left)?.merge(self.fold(right)?)),
            None if block.first() < Kernel::units(self.kernel) => self.kernel.compute(block.first(), &mut self.scratch),
            None => Ok(K::Part::default()),
        }
    }
}

impl<K: Kernel> Hand for KernelHand<'_, K> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        Ok(wire::bytes(&self.fold(block)?))
    }
}

/// The two shapes of a problem.
pub enum Job {
    /// Cut into units, which go wherever there is a hand free.
    Work(Box<dyn Work>),
    /// The same, with more rows than can be held.
    Stream(Stream),
    /// About the ranks themselves: each takes part once and has one row.
    Roll(Box<dyn Roll>),
}

/// A work whose answer is a list of numbers too long to hold: it is computed and told batch by batch.
pub struct Stream {
    pub work: Box<dyn Work>,
    /// A batch is a block of this level.
    pub level: u32,
    /// What a batch takes on its way to the root and out, expected.
    pub bytes: u64,
    /// What the column of the numbers is called.
    pub key: &'static str,
    /// Whether a number may be beyond 64 bits.
    pub wide: bool,
    /// The numbers in the part of a batch.
    pub numbers: fn(&[u8]) -> Result<Vec<Ascending>>,
}

impl Stream {
    /// The blocks it is computed in, one after the other.
    pub fn batches(&self) -> impl Iterator<Item = Block> + use<> {
        let level = self.level;
        (0..self.work.units().div_ceil(1 << level)).map(move |index| Block { level, index })
    }
}

/// A problem in which every rank takes part once, all at the same time.
pub trait Roll {
    fn table(&self) -> Table;
    /// This rank's row. `clock` tells the seconds since the start, the same on all ranks of a host; `meet`
    /// returns when every rank has called it, and all call it equally often.
    fn row(&self, seat: &Seat, clock: &dyn Fn() -> f64, meet: &dyn Fn()) -> Vec<Value>;
    /// The column that is the bare answer.
    fn bare(&self) -> &'static str;
}

macro_rules! sums {
    ($($t:ty)*) => {$(
        impl Part for $t {
            fn merge(self, right: Self) -> Self {
                self.checked_add(right).expect("a sum of counts fits its type")
            }
        }
    )*};
}
sums! { u64 u128 }

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

    /// The free monoid, units as words: if they come out in order, every merge was right.
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
        fn scratch(&self, _: &Seat) {}
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
    pub(crate) fn leaked(count: u64) -> &'static dyn Work {
        Box::leak(Box::new(Spell { start: 0, count }))
    }

    /// The answer of a kernel, computed by one hand unit by unit.
    pub(crate) fn whole(work: &dyn Work) -> Answer {
        let mut hand = work.hand(&Seat::here(0));
        let blocks = Block::tiling(0..work.units(), 0).map(|block| hand.block(block).unwrap());
        let whole = blocks.reduce(|left, right| work.join(&left, &right).unwrap());
        work.close(&whole.unwrap_or(work.empty())).unwrap()
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
        let mut hand = work.hand(&Seat::here(0));
        let units = |bytes: &[u8]| wire::value::<Vec<u64>>(bytes).unwrap();
        assert_eq!(units(&hand.block(Block { level: 2, index: 1 }).unwrap()), [4]);
        assert_eq!(hand.block(Block { level: 0, index: 7 }).unwrap(), work.empty());
        let (left, right) = (hand.block(Block { level: 2, index: 0 }).unwrap(), work.empty());
        assert_eq!(units(&work.join(&left, &right).unwrap()), [0, 1, 2, 3]);
    }
}
