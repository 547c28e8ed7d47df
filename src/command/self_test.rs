//! `self-test`: whether this machine, on each of its ranks, computes right.

use super::{code, rendered, run};
use crate::cli::Order;
use crate::error::{Result, WRONG};
use crate::placement::{self, Placement};
use crate::report::{self, Report, Status};
use crate::run::stop::Stops;
use crate::self_test::burn_in::{BurnIn, USUAL, burn_in, bytes, known_round};
use crate::self_test::{Checked, once};
use crate::streams;
use crate::summary;
use crate::values::{Fact, Table, Value};
use crate::wire;
use crate::world::{World, agree};
use std::collections::BTreeSet;

/// The columns of its answer.
const COLUMNS: [&str; 3] = ["check", "result", "seconds"];

/// What a rank found: its host, and for each check its name, whether it is right, the words for that, and the seconds.
type Found = (String, Vec<((String, bool), (String, f64))>);

/// Checks the machines of all ranks. Returns the exit code of all ranks: 3 if something is wrong.
///
/// # Errors
/// On every rank: if stdout cannot be written.
pub fn self_test(world: &dyn World, order: &Order, stops: &Stops) -> Result<u8> {
    let (_, clock) = run::began(world)?;
    let until = clock + order.time_limit.unwrap_or(USUAL);
    let here = Placement::here(world.rank());
    let mut checked = once(world.rank(), &summary::owner());
    let cores = cores(world, &here)?;
    let is_stopped = || stops.signal().is_some();
    if !is_stopped() {
        let bytes = bytes(here.cores.len(), placement::memory());
        checked.extend(burn_in(&BurnIn { cores: &cores, bytes, until, stopped: &is_stopped, round: &known_round }));
    }
    let each = |row: Checked| {
        let result = row.wrong.clone().unwrap_or(row.right);
        ((row.check, row.wrong.is_none()), (result, row.seconds))
    };
    let found: Found = (here.host, checked.into_iter().map(each).collect());
    let all = world.gather(wire::bytes(&found)).unwrap_or_default();
    let all = all.iter().map(|found| wire::value(found)).collect::<Result<Vec<Found>>>();
    let all = agree(world, all, |_| 0)?;
    let stopped = world.all_max(u64::from(is_stopped())) > 0;
    let said = world.is_root().then(|| conclude(order, &all, stopped)).transpose();
    Ok(world.all_max(agree(world, said, |_| 0)?.unwrap_or(0).into()) as u8)
}

/// The cores of this rank. Where ranks of a host may use the same cores, the first of them has these alone.
fn cores(world: &dyn World, here: &Placement) -> Result<Vec<usize>> {
    let all = world.gather(wire::bytes(here)).unwrap_or_default();
    let all = wire::value::<Vec<wire::Bytes>>(
        &world.broadcast(wire::bytes(&all.into_iter().map(wire::Bytes).collect::<Vec<_>>())),
    )?;
    let all = all.iter().map(|place| wire::value(&place.0)).collect::<Result<Vec<Placement>>>()?;
    let mates = || all.iter().filter(|other| other.host == here.host && other.rank < here.rank);
    let taken: BTreeSet<usize> = mates().flat_map(|other| other.cores.iter().copied()).collect();
    Ok(here.cores.iter().copied().filter(|core| !taken.contains(core)).collect())
}

/// Says what was found. Returns the exit code.
fn conclude(order: &Order, all: &[Found], stopped: bool) -> Result<u8> {
    let several = all.len() > 1;
    let mut rows = vec![];
    let mut wrong = 0;
    for (rank, (host, checks)) in all.iter().enumerate() {
        for ((check, right), (result, seconds)) in checks {
            let check = if several { format!("rank {rank} on {host}: {check}") } else { check.clone() };
            let result = if *right { format!("right: {result}") } else { format!("WRONG: {result}") };
            wrong += usize::from(!right);
            rows.push(vec![Value::text(check), Value::text(result), Value::Seconds(*seconds)]);
        }
    }
    let status = match (wrong, stopped) {
        (0, false) => Status::Complete,
        (0, true) => Status::Partial,
        _ => Status::Failed,
    };
    let run =
        vec![Fact::new("version", Value::text(env!("CARGO_PKG_VERSION"))), Fact::new("ranks", Value::count(all.len()))];
    let report = Report::of("self-test", status, vec![], run).with_rows(Table::of(&COLUMNS).with(rows), COLUMNS[1]);
    report::say_bytes(&rendered(&report, order.output)?)?;
    match wrong {
        0 if stopped => streams::remark("stopped before its time; nothing was wrong so far"),
        0 => (),
        _ => {
            let what = if wrong == 1 { "one check is".to_string() } else { format!("{wrong} checks are") };
            streams::remark(&format!("{what} wrong: do not trust what this machine computes"));
            return Ok(WRONG);
        }
    }
    Ok(code(status))
}
