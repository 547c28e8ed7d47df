//! `--cache`: what was computed before is not computed again.
//!
//! A run looks into the folder before it begins, and keeps there what it has computed. With `--out` it takes all of its answer from there
//! or nothing, because a run file must have everything that a resume needs. A run that is stopped keeps the rows that it knows.

use crate::attempt::Attempt;
use crate::cache::{self, Cache};
use crate::cli::{CACHE_VARIABLE, Order};
use crate::error::{Error, Result};
use crate::features;
use crate::plan::Plan;
use crate::report::{Report, Status};
use crate::streams;
use crate::summary;
use crate::work::Job;
use crate::world::{World, agree, from_root};
use std::path::Path;

/// The plan of what is left to compute, and the cache folder at the root. What was found there is in the answer of this plan.
///
/// # Errors
/// On every rank: if the folder cannot be used.
pub fn left(world: &dyn World, attempt: &Attempt, plan: Plan) -> Result<(Plan, Option<Cache>)> {
    let order = &attempt.order;
    // All ranks know whether this command can have a cache; the environment may differ.
    if !matches!(plan.job, Job::Work(_)) || !order.may_be_cached() {
        return Ok((plan, None));
    }
    let given = order.asked(attempt.ranks, &attempt.list)?;
    let open = |folder: &Path| match attempt.is_first() {
        true => Cache::look(folder, order.entry(), &given, order.out.is_some()),
        false => Cache::open(folder, order.entry(), &given),
    };
    let cache = agree(world, world.is_root().then(|| opened(order, open)).transpose(), |_| 0)?.flatten();
    let left = from_root(world, || Ok(cache.as_ref().and_then(Cache::left)))?;
    cache.iter().flat_map(Cache::remarks).for_each(|remark| streams::remark(&remark));
    let Some(left) = left else { return Ok((plan, cache)) };
    let rest = cache::plan_of_the_rest(order.entry(), &given, plan, &left, cache.as_ref());
    Ok((agree(world, rest, Plan::fingerprint)?, cache))
}

/// Whether all of the answer is in the folder, in entries that are read without HDF5: then the program needs HDF5 for nothing.
pub fn has_all(order: &Order) -> bool {
    let Some((folder, _)) = order.cache() else { return false };
    if order.out.is_some() || order.has_list() || !order.may_be_cached() || !folder.is_dir() {
        return false;
    }
    let look = || Cache::look(&folder, order.entry(), &order.asked(1, &[])?, true);
    look().is_ok_and(|cache| cache.has_all())
}

/// The plan of what would be computed.
///
/// # Errors
/// If the folder cannot be used.
pub fn expected(order: &Order, ranks: usize, list: &[String], plan: Plan) -> Result<Plan> {
    if !matches!(plan.job, Job::Work(_)) || !order.may_be_cached() {
        return Ok(plan);
    }
    let given = order.asked(ranks, list)?;
    // A dry run makes no folder.
    let look = |folder: &Path| Cache::look(folder, order.entry(), &given, order.out.is_some());
    let cache = opened(order, |folder| folder.is_dir().then(|| look(folder)).transpose())?.flatten();
    match cache.as_ref().and_then(Cache::left) {
        Some(left) => cache::plan_of_the_rest(order.entry(), &given, plan, &left, cache.as_ref()),
        None => Ok(plan),
    }
}

/// What `open` makes of the folder, if there is to be one. A folder that the environment names may be unusable.
fn opened<T>(order: &Order, open: impl FnOnce(&Path) -> Result<T>) -> Result<Option<T>> {
    let Some((folder, is_named)) = order.cache() else { return Ok(None) };
    let usable = match features::is_built_in("hdf5") {
        true => Ok(()),
        false => Err(Error::usage(
            "a cache folder needs HDF5, and this pcount is built without: build it with cargo build --release --features hdf5",
        )),
    };
    match usable.and_then(|()| open(&folder)) {
        Ok(opened) => Ok(Some(opened)),
        Err(why) if is_named => Err(why.at("--cache")),
        Err(why) => {
            streams::remark(&format!("{CACHE_VARIABLE} is not used: {why}"));
            Ok(None)
        }
    }
}

/// Keeps what was computed.
pub fn keep(cache: &Cache, report: &Report, plan: &Plan) {
    let known = match (report.status, &report.state) {
        (Status::Complete, _) => Ok(cache::all_known(report)),
        (Status::Partial, Some(state)) => summary::known_so_far(plan, &state.blocks),
        _ => return,
    };
    if let Err(why) = known.and_then(|known| cache.keep(report, &known, &summary::owner())) {
        streams::remark(&format!("the answer is not kept in the cache: {why}"));
    }
}
