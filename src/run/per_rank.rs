//! A problem about the ranks themselves: it runs once on every rank, and each rank gives one row.

use crate::placement::Placement;
use crate::wire;
use crate::work::{Answer, PerRank};
use crate::world::World;
use std::time::{Duration, SystemTime};

/// Runs the problem on every rank. The root gets the answer, the others `None`. Every rank calls it.
pub fn run_on_every_rank(world: &dyn World, placement: &Placement, problem: &dyn PerRank) -> Option<Answer> {
    // All ranks use one start, by the clock that the ranks of a host share.
    let since_epoch = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let start = world.broadcast(wire::bytes(&since_epoch().as_secs_f64()));
    let start = Duration::from_secs_f64(wire::value(&start).expect("the root broadcasts its clock"));
    let clock = || since_epoch().saturating_sub(start).as_secs_f64();
    let row = problem.row(placement, &clock, &|| world.barrier());
    let rows = world.gather(wire::bytes(&row))?;
    Some(problem.answer(rows.iter().map(|row| wire::value(row).expect("every rank sends its row")).collect()))
}
