//! A list is written while it is computed: `primes --list`, and the many rows of `square` and `double`.

use super::beside::Beside;
use super::layout;
use super::status::StatusFile;
use crate::cli::{ListRows, Order};
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::report::Status;
use crate::report::list::ListWriter;
use crate::report::progress::Progress;
use crate::run::stop::Stops;
use crate::run::{self, Course, Outcome, Unwatched, room};
use crate::run_file::RunFile;
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::values::Size;
use crate::work::Stream;
use crate::world::{World, agree, from_root};

/// Computes a list and writes it at the same time.
///
/// # Errors
/// On every rank: if a batch fails on one of them, or if the root cannot write the list.
pub fn compute_list(
    world: &dyn World,
    order: &Order,
    stream: &Stream,
    circumstances: &Circumstances,
    placement: &Placement,
    (out, status): (Option<RunFile>, Option<StatusFile>),
) -> Result<u8> {
    let report = |outcome: Option<&Outcome>| summary::listed(circumstances, stream, outcome);
    let kept = out.map(|file| file.list(&stream.columns)).transpose();
    keep_freed_memory(stream.bytes);
    agree(world, fits(order, stream), |()| 0)?;
    let count = counted(world, circumstances, placement)?;
    let mut writer = ListWriter::begin(layout(&report(None), order.output, count), kept);
    let progress = Progress::new(order.progress.beside_a_list(), world.is_root());
    let mut beside = Beside::new(circumstances, progress, None, status);
    let mut is_read = true;
    let mut each = |part: &[u8]| {
        let rows = (stream.rows)(part)?;
        is_read = rows.iter().all(|stretch| writer.write(stretch));
        Ok(is_read)
    };
    let stops = Stops::never();
    let course = Course::new(order.schedule, &stops);
    let outcome = run::run_in_batches(world, stream, placement, course, &mut beside, &mut each)?;
    beside.progress.finish(true);
    let said = outcome.map(|outcome| {
        let report = report(Some(&outcome));
        if order.time {
            streams::talk(&summary::times(circumstances, Some(&outcome)));
        }
        writer.end(&layout(&report, order.output, count), &report)
    });
    if let (Some(status), Some(Ok(_))) = (beside.status, &said) {
        // A reader who has enough ends a list early, which is no failure.
        status.end(if is_read { Status::Complete } else { Status::Partial }.name());
    }
    agree(world, said.transpose(), |_| 0)?;
    Ok(0)
}

/// Looks whether all numbers fit, if the format has no room for others.
fn fits(order: &Order, stream: &Stream) -> Result<()> {
    let bare = stream.columns.iter().find(|column| column.key == stream.bare);
    let format = order.output.format;
    match format.is_bytes() && bare.is_some_and(|column| column.size != Size::Narrow) {
        true => {
            let what = format!("--format {} prints numbers up to 2^64-1, and this list goes beyond", format.name);
            Err(Error::usage(format!("{what}: write --format csv")))
        }
        false => Ok(()),
    }
}

/// How many rows the list will have, if that must stand before them and cannot be written there at the end.
fn counted(world: &dyn World, circumstances: &Circumstances, placement: &Placement) -> Result<Option<u64>> {
    let (attempt, plan) = (circumstances.attempt, circumstances.plan);
    let is_needed = || attempt.order.output.format.has_count() && streams::place_in_stdout().is_none();
    if !from_root(world, || Ok(is_needed()))? {
        return Ok(None);
    }
    let (work, key) = match attempt.order.rows_of_list(attempt.ranks, &attempt.list)? {
        ListRows::Known(count) => return Ok(Some(count)),
        ListRows::Counted(work, key) => (work, key),
    };
    room::check(world, circumstances.placements, &work.forecast())?;
    let stops = Stops::never();
    let outcome = run::run(world, &work, placement, Course::new(attempt.order.schedule, &stops), &mut Unwatched)?;
    from_root(world, || {
        let wrong = || Error::wrong(format!("the rows of '{}' have no count", plan.kernel));
        let whole = outcome.and_then(|outcome| outcome.whole).ok_or_else(wrong)?;
        let table = work.close(&whole)?.table;
        let column = table.column(key).ok_or_else(wrong)?;
        let counts = table.rows.iter().map(|row| row[column].to_string().parse::<u64>());
        counts.sum::<std::result::Result<u64, _>>().map_err(|_| wrong())
    })
    .map(Some)
}

/// The largest block whose release teaches the C library of most Linux systems, glibc, how much memory to keep.
const LESSON_MAX: u64 = 31 << 20;

/// So many bytes are used and freed with each batch. If each time they went back to the system, it would clear their pages again: a tenth of the
/// time of a list. glibc keeps freed memory of up to twice the size of the largest block that it ever gave back. So it
/// gets one such block, which nobody touches. Other libraries do with it what they do with any block.
fn keep_freed_memory(bytes: u64) {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes.min(LESSON_MAX) as usize)));
}
