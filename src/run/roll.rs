//! The roll: every rank takes part once and has one row.

use crate::seat::Seat;
use crate::wire;
use crate::work::{Answer, Roll};
use crate::world::World;
use std::time::{Duration, SystemTime};

/// Calls the roll; the answer is at the root.
pub fn call(world: &dyn World, seat: &Seat, roll: &dyn Roll) -> Option<Answer> {
    // One start for all, by the clock that the ranks of a host have in common.
    let since_epoch = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let start = world.share(wire::bytes(&since_epoch().as_secs_f64()));
    let start = Duration::from_secs_f64(wire::value(&start).expect("the root shares its clock"));
    let clock = || since_epoch().saturating_sub(start).as_secs_f64();
    let row = roll.row(seat, &clock, &|| world.meet());
    let rows = world.gather(wire::bytes(&row))?;
    let rows = rows.iter().map(|row| wire::value(row).expect("every rank sends its row"));
    Some(Answer::rows(roll.table().with(rows), roll.bare()))
}
