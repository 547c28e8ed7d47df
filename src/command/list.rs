//! A list is written while it is computed: `primes --list`, and the many rows of `square` and `double`. With `--out` it is saved on the way, and a
//! resume goes on behind the rows that are on the disk.

use super::beside::Beside;
use super::status::StatusFile;
use super::{code, layout, save_interval};
use crate::cli::{ListRows, Order};
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::report::list::{KeptList, ListLayout, ListWriter};
use crate::report::progress::Progress;
use crate::report::{Report, Status};
use crate::run::stop::Stops;
use crate::run::{self, Course, Outcome, Parts, Unwatched, Watch, room};
use crate::run_file::keeper::Keeper;
use crate::run_file::{ListPlan, RunFile};
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::values::timeline::Entry;
use crate::values::{Reached, Size};
use crate::work::Stream;
use crate::world::{World, agree, from_root};
use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the root does beside a list: it saves between batches.
struct BesideList<'a> {
    beside: Beside<'a>,
    writer: &'a RefCell<ListWriter>,
    /// How many units have their rows in the list, and how many had at the last save.
    done: &'a Cell<u64>,
    saved: u64,
    /// The longest time that the rows of a batch took to be written.
    writing: &'a Cell<Duration>,
}

impl Watch for BesideList<'_> {
    fn tick(&mut self, reached: Reached) {
        self.beside.tick(reached);
    }

    fn due(&self) -> bool {
        self.done.get() > self.saved && self.beside.due()
    }

    /// A batch that is under way has no rows yet: only whole ones are saved.
    fn save(&mut self, _: Parts, entries: Vec<Entry>, _: u64) {
        let (Some(keeper), done) = (&mut self.beside.keeper, self.done.get()) else { return };
        // If the rows cannot be written, that is told at the end, and the last save stays.
        if let Some(rows) = self.writer.borrow_mut().so_far() {
            self.saved = done;
            keeper.save(summary::unfinished_list(self.beside.circumstances, entries, (rows, done), None));
        }
    }

    /// A stop leaves twice this time, of which a batch that is just done needs what its rows take to be written.
    fn saving(&self) -> Duration {
        self.beside.saving() + self.writing.get() / 2
    }

    fn lost(&mut self, rank: usize) {
        self.beside.lost(rank);
    }
}

/// Computes a list and writes it at the same time. Returns the exit code of all ranks.
///
/// # Errors
/// On every rank: if a batch fails on one of them, if the root cannot write the list, or if the rows of an earlier attempt are damaged.
pub fn compute_list(
    stream: &Stream,
    circumstances: &Circumstances,
    placement: &Placement,
    stops: &Stops,
    (out, status): (Option<RunFile>, Option<StatusFile>),
) -> Result<u8> {
    let &Circumstances { world, attempt, .. } = circumstances;
    let order = &attempt.order;
    let report = |outcome: Option<&Outcome>| summary::listed(circumstances, stream, outcome);
    keep_freed_memory(stream.bytes);
    agree(world, fits(order, stream), |()| 0)?;
    let from = from_root(world, || Ok(attempt.done()))?;
    let out = out.map(|out| Arc::new(Mutex::new(out)));
    let kept =
        agree(world, out.as_ref().map(|out| kept(out, stream, circumstances, placement, stops)).transpose(), |_| 0)?;
    let before = attempt.rows().map_or(0, |rows| rows.count());
    let count = counted(world, circumstances, placement)?.map(|count| count.saturating_sub(before));
    let lay_out = |report: &Report| behind(layout(report, order.output, count), before);
    let writer = RefCell::new(ListWriter::begin(lay_out(&report(None)), Ok(kept)));
    let mut progress = Progress::new(order.progress.beside_a_list(), world.is_root());
    progress.starts_at(attempt.share_done(&*stream.work), None);
    if before > 0 {
        streams::remark(&summary::rest_message(circumstances, before));
    }
    // A list that nobody keeps has no reason to stop: signals end it.
    let never = Stops::never();
    let stops = if order.out.is_some() { stops } else { &never };
    let keeper = out.map(|out| Keeper::new(out, save_interval(order), circumstances.clock));
    let (done, beside) = (Cell::new(from), Beside::new(circumstances, progress, keeper, status));
    let writing = Cell::new(Duration::ZERO);
    let mut beside = BesideList { beside, writer: &writer, done: &done, saved: from, writing: &writing };
    let mut is_read = true;
    let mut each = |part: &[u8], units: u64| {
        let began = Instant::now();
        let rows = (stream.rows)(part)?;
        is_read = rows.iter().all(|stretch| writer.borrow_mut().write(stretch));
        done.set(units);
        writing.set(writing.get().max(began.elapsed()));
        Ok(is_read)
    };
    let course = Course { from, ..Course::new(order.schedule, stops) };
    let outcome = run::run_in_batches(world, stream, placement, course, &mut beside, &mut each)?;
    let Beside { progress, keeper, status, .. } = beside.beside;
    let stopped = outcome.as_ref().is_some_and(|outcome| outcome.stopped.is_some());
    progress.finish(!stopped);
    let said = outcome.map(|outcome| {
        if order.time {
            let saving = keeper.as_ref().map_or(Duration::ZERO, Keeper::spent);
            streams::talk(&summary::times(circumstances, Some(&outcome), saving));
        }
        let ended = Ended { circumstances, writer: &writer, keeper, done: done.get(), outcome: &outcome };
        if stopped { ended.stopped() } else { ended.whole(report(Some(&outcome)), lay_out) }
    });
    if let (Some(status), Some(Ok(ended))) = (status, &said) {
        // A reader who has enough ends a list early, which is no failure.
        status.end(if is_read { *ended } else { Status::Partial }.name());
    }
    let ended = agree(world, said.transpose(), |_| 0)?;
    // Other ranks know only that it went well.
    Ok(world.all_max(ended.map_or(0, code).into()) as u8)
}

/// Where the list is kept, at the root.
fn kept(
    out: &Arc<Mutex<RunFile>>,
    stream: &Stream,
    circumstances: &Circumstances,
    placement: &Placement,
    stops: &Stops,
) -> Result<Box<dyn KeptList>> {
    let enough = || stops.before_it_began("while the rows so far were read");
    let (columns, threads, rows) = (&stream.columns[..], placement.threads, circumstances.attempt.rows());
    RunFile::list(out, ListPlan { columns, threads, rows, enough: &enough })
}

/// The layout of the rows behind so many.
fn behind(layout: ListLayout, before: u64) -> ListLayout {
    match layout {
        ListLayout::Text(mut frame) => {
            frame.first_index = frame.first_index.map(|first| first + before);
            ListLayout::Text(frame)
        }
        numbers @ ListLayout::Numbers { .. } => numbers,
    }
}

/// A list after its last batch, at the root.
struct Ended<'a> {
    circumstances: &'a Circumstances<'a>,
    writer: &'a RefCell<ListWriter>,
    keeper: Option<Keeper>,
    done: u64,
    outcome: &'a Outcome,
}

impl Ended<'_> {
    /// All rows are there.
    fn whole(self, mut report: Report, lay_out: impl Fn(&Report) -> ListLayout) -> Result<Status> {
        let Ended { circumstances, writer, mut keeper, done, outcome } = self;
        // If the end cannot be written, a resume shall find all rows.
        let rows = keeper.as_ref().and_then(|_| writer.borrow_mut().so_far());
        report.run.extend(keeper.as_mut().and_then(Keeper::saves));
        let (said, kept) = writer.borrow_mut().end(&lay_out(&report), &report);
        let (Err(why), Some(keeper)) = (&kept, keeper) else { return said.and(kept).map(|()| Status::Complete) };
        let left = |rows| summary::unfinished_list(circumstances, summary::entries(outcome), (rows, done), None);
        let saved = rows.is_some_and(|rows| keeper.finish(&left(rows)).is_ok());
        let file = circumstances.attempt.order.out.as_deref().filter(|_| saved);
        said.and(Err(match file {
            Some(file) => Error::failed(format!("{why}; to try again: pcount resume {}", file.display())),
            None => why.clone(),
        }))
    }

    /// Rows are missing, for which there was a reason.
    fn stopped(self) -> Result<Status> {
        let Ended { circumstances, writer, mut keeper, done, outcome } = self;
        let rows = writer.borrow_mut().so_far();
        let mut kept = Ok(());
        if let Some(rows) = rows {
            let mut report =
                summary::unfinished_list(circumstances, summary::entries(outcome), (rows, done), Some(outcome));
            report.run.extend(keeper.as_mut().and_then(Keeper::saves));
            kept = keeper.map_or(Ok(()), |keeper| keeper.finish(&report));
            writer.borrow_mut().stop().and(kept.clone())?;
            streams::remark(&summary::stop_message(&report, outcome, circumstances));
        } else {
            writer.borrow_mut().stop()?;
        }
        kept.map(|()| Status::Partial)
    }
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
