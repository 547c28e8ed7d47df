//! `--dry-run`: what would be computed, and the expected time and memory.

use super::{cached, layout};
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
    let plan = cached::expected(&order, ranks, &list, attempt::planned(&order, ranks, &list)?)?;
    let threads = placements::expect(order.threads, ranks)?;
    // A plan has no column for --quiet, so that option changes nothing.
    let (keeps, lay_out) = (order.out.is_some(), |report: &_| layout(report, order.output, None));
    let planned = summary::planned(&plan, (ranks, threads), order.schedule, keeps, &lay_out);
    report::say_bytes(&order.output.format.write(&planned)?)
}
