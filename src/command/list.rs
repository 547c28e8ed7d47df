//! A list is written while it is computed: `primes --list`, and the many rows of `square` and `double`.

use super::beside::Beside;
use super::framed;
use super::status::StatusFile;
use crate::cli::Order;
use crate::error::Result;
use crate::placement::Placement;
use crate::report::Status;
use crate::report::list::ListWriter;
use crate::report::progress::Progress;
use crate::run::stop::Stops;
use crate::run::{self, Course, Outcome};
use crate::run_file::RunFile;
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::work::Stream;
use crate::world::{World, agree};

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
    let mut writer = ListWriter::begin(framed(&report(None), order.output), kept);
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
        writer.end(&framed(&report, order.output).tail, &report)
    });
    if let (Some(status), Some(Ok(_))) = (beside.status, &said) {
        // A reader who has enough ends a list early, which is no failure.
        status.end(if is_read { Status::Complete } else { Status::Partial }.name());
    }
    agree(world, said.transpose(), |_| 0)?;
    Ok(0)
}

/// The largest block whose release teaches the C library of most Linux systems, glibc, how much memory to keep.
const LESSON_MAX: u64 = 31 << 20;

/// So many bytes are used and freed with each batch. If each time they went back to the system, it would clear their pages again: a tenth of the
/// time of a list. glibc keeps freed memory of up to twice the size of the largest block that it ever gave back. So it
/// gets one such block, which nobody touches. Other libraries do with it what they do with any block.
fn keep_freed_memory(bytes: u64) {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes.min(LESSON_MAX) as usize)));
}
