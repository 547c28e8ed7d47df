//! `--dry-run`: what would be computed, and the expected time and memory.

use super::cached;
use crate::attempt;
use crate::cli::Order;
use crate::error::Result;
use crate::report;
use crate::run::placements;
use crate::summary;
use crate::world::launch;

/// Prints the plan.
///
/// # Errors
/// If the order makes no plan, or if stdout cannot be written.
pub fn dry_run(order: &Order) -> Result<()> {
    let ranks = launch::find().map_or(1, |launch| launch.size);
    let (list, mut order) = (order.list()?, order.clone());
    order.take_column(attempt::column(&order, &list)?);
    let plan = cached::expected(&order, ranks, &list, order.plan(ranks, &list)?)?;
    let threads = placements::expect(order.threads, ranks)?;
    // A plan has no column for --quiet, so that option changes nothing.
    report::say(&(order.output.format.write)(&summary::planned(&plan, ranks, threads, order.schedule)))
}
