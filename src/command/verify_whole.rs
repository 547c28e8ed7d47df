//! `verify --method`: computes the whole answer of a run by another method, and compares the rows.
//!
//! Another method has other units, so nothing but the answer can be compared.

use super::checked::{Ticks, report_of};
use super::{code, rendered, run};
use crate::cli::{Checking, Order, OtherMethod};
use crate::error::{Error, Result, WRONG};
use crate::kernel::Method;
use crate::plan::Plan;
use crate::report::certificate::Claim;
use crate::report::progress::Progress;
use crate::report::{self, Status};
use crate::run::stop::Stops;
use crate::run::{self as running, Course, placements, room};
use crate::streams;
use crate::trust::recount::COLUMNS;
use crate::values::{Fact, Table, Value};
use crate::work::Work;
use crate::world::{World, agree};
use std::sync::Arc;

/// The methods of a problem, in the words of its facts; `None` if nobody chooses among its ways.
pub fn methods(facts: &[Fact]) -> Option<String> {
    facts.iter().find(|fact| fact.name == "method").map(|fact| fact.value.to_string())
}

/// Whether this method computes the whole answer of such a problem, and not chosen blocks.
pub fn is_of(method: Option<OtherMethod>, facts: &[Fact]) -> bool {
    match method {
        None => false,
        Some(OtherMethod::By(_)) => true,
        // The sieve has the same units, if only it was used.
        Some(OtherMethod::Other) => methods(facts).as_deref() != Some(Method::Sieve.name()),
    }
}

/// Looks whether the problem can be computed by this method, and was computed by another. `otherwise` makes the plan of the problem
/// in its other way; if there is none, it is the same plan.
///
/// # Errors
/// If not.
pub fn fits(method: OtherMethod, order: &Order, plan: &Plan, otherwise: impl Fn() -> Result<Plan>) -> Result<()> {
    let refused = |why: &str| Err(Error::usage(format!("--method {}: {why}", method.name())));
    let Some(own) = methods(&plan.facts) else {
        if method == OtherMethod::Other && otherwise()?.fingerprint() != plan.fingerprint() {
            return Ok(());
        }
        return refused(&format!("'{}' has one method only: leave it out", order.command()));
    };
    match method {
        OtherMethod::Other if own == Method::Trial.name() => {
            refused("a run by trial division has no other parameters: write --method sieve")
        }
        OtherMethod::By(_) if !order.has_methods() => {
            refused(&format!("'{}' cannot be told its method: write --method other", order.command()))
        }
        OtherMethod::By(method) if own == method.name() => {
            refused("that is the method of the run: write --method other, or leave it out for other lanes")
        }
        _ => Ok(()),
    }
}

/// Computes this work, and compares its answer with what is claimed, which the root knows. Returns the exit code of all ranks.
///
/// # Errors
/// On every rank: if a unit cannot be computed.
pub fn verify(
    world: &dyn World,
    checking: &Checking,
    stops: &Stops,
    (work, by): (Arc<dyn Work>, &str),
    claim: Option<Claim>,
) -> Result<u8> {
    let (_, clock) = run::began(world)?;
    let (placement, placements) = placements::take(world, checking.order.threads)?;
    room::check(world, &placements, &work.forecast())?;
    let mut watch = Ticks(Progress::new(checking.order.progress, world.is_root()));
    let outcome = running::run(world, &work, &placement, Course::new(checking.order.schedule, stops), &mut watch);
    work.abandon();
    let outcome = outcome?;
    watch.0.finish(outcome.as_ref().is_none_or(|outcome| outcome.whole.is_some()));
    let said = claim.zip(outcome).map(|(claim, outcome)| match outcome.whole {
        Some(whole) => conclude(checking, &claim, &work.close(&whole)?, by),
        None => {
            let after = report::people::duration(clock.elapsed().as_secs_f64());
            streams::remark(&format!("stopped after {after}: nothing is known yet"));
            Ok(code(Status::Partial))
        }
    });
    Ok(world.all_max(agree(world, said.transpose(), |_| 0)?.unwrap_or(0).into()) as u8)
}

/// Says what was found. Returns the exit code.
fn conclude(checking: &Checking, claim: &Claim, answer: &crate::work::Answer, by: &str) -> Result<u8> {
    let total = answer.total.as_ref().map(ToString::to_string);
    let differ = claim.differences(&answer.table, total.as_deref());
    let is_wrong = !claim.answers(&answer.table, total.as_deref());
    let rows = differ.into_iter().map(|cells| cells.map(Value::text).to_vec());
    let table = Table::of(&COLUMNS).with(rows);
    let (count, file) = (table.rows.len(), checking.file.display());
    let facts = vec![Fact::new("by", Value::text(by))];
    let output = checking.order.output;
    if count > 0 || output.format.has_head() {
        report::say_bytes(&rendered(&report_of(checking, claim, is_wrong, table, facts), output)?)?;
    }
    if is_wrong {
        streams::remark(&format!("'{file}': the answer was computed again by {by} and is another one"));
    } else if !output.quiet {
        streams::remark(&format!("the answer was computed again by {by} and is the same"));
    }
    Ok(if is_wrong { WRONG } else { 0 })
}
