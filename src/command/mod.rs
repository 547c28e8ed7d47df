//! The commands: what is done for each kind of request.

mod beside;
pub mod cached;
mod certify;
mod checked;
pub mod compare;
mod diff;
mod list;
mod merge;
mod plan;
mod plot;
pub mod resume;
pub mod run;
mod seen;
pub mod self_test;
mod show;
mod status;
mod target;
pub mod verify;
mod verify_whole;
mod watch;

use crate::cli::{Order, Output, Request};
use crate::error::{Result, STOPPED, STOPPED_GRID_ENGINE};
use crate::report::list::ListLayout;
use crate::report::{self, Frame, Kind, Report, Status};
use crate::summary;
use crate::syntax;
use crate::world::{self, launch};
use std::time::Duration;

/// Answers a request that needs no ranks. Returns the exit code.
///
/// # Errors
/// If stdout cannot be written, if a run file cannot be read, or if an order makes no plan.
pub fn say(request: &Request) -> Result<u8> {
    let said = match request {
        Request::Watch { file, output } => return watch::watch(file, *output),
        Request::Say(text) => report::say(text),
        Request::Version => report::say(&summary::version()),
        Request::Show { file, output } => show::show(file, *output).map(drop),
        Request::Plot(drawing) => plot::plot(drawing),
        Request::Run(order) => plan::dry_run(order),
        Request::Compare(order) => compare::launch(order),
        Request::Certify { file, out } => certify::certify(file, out.as_ref()),
        Request::Diff { files, output } => return diff::diff(files, *output),
        Request::Merge { files, out, output } => return merge::merge(files, out, *output).map(code),
        Request::Resume { .. } | Request::Verify(_) | Request::SelfTest(_) => unreachable!("a run needs its ranks"),
    };
    said.map(|()| 0)
}

/// How long to wait for the other ranks at the start, if the environment says so.
///
/// # Errors
/// If the variable is set and is not a time.
pub fn start_timeout() -> Result<Option<Duration>> {
    let said = std::env::var(world::wait::VARIABLE).ok();
    said.map(|text| syntax::duration(&text).map_err(|why| why.at(world::wait::VARIABLE))).transpose()
}

/// The words that this rank was started with, without the lanes: hosts may have different lanes.
pub fn words() -> Vec<String> {
    let mut words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let mut kept = vec![];
    while let Some(word) = words.next() {
        match word.as_str() {
            "--lanes" => drop(words.next()),
            lanes if lanes.starts_with("--lanes=") => (),
            _ => kept.push(word),
        }
    }
    kept
}

/// The exit code of a run.
fn code(status: Status) -> u8 {
    match status {
        Status::Complete | Status::Planned => 0,
        Status::Failed => 1,
        Status::Partial if launch::is_grid_engine() => STOPPED_GRID_ENGINE,
        Status::Partial => STOPPED,
    }
}

/// How often a run is saved.
fn save_interval(order: &Order) -> Duration {
    order.every.unwrap_or(summary::SAVE_INTERVAL)
}

/// Leaves out of a report what is not shown unasked. Bare answers are whole, and so are those with an index.
fn shorten(report: &mut Report, output: Output) {
    if !output.full && !output.quiet && !output.format.is_whole {
        report.table.leave_out_long_values();
    }
}

/// A report in its format, or its column for `--quiet`.
fn rendered(report: &Report, output: Output) -> Result<Vec<u8>> {
    match output.quiet {
        true => report::bare(report).map(String::into_bytes),
        false => output.format.write(report),
    }
}

/// How a report's list is printed. How many rows it has may not be known: where that stands before the rows, its place is left empty then.
fn layout(report: &Report, output: Output, count: Option<u64>) -> ListLayout {
    let list = report.list.as_ref().expect("the report has a list");
    let bare = list.columns.iter().position(|column| column.key == *report.bare).unwrap_or(0);
    match output.format.kind {
        _ if output.quiet => ListLayout::Text(Frame::bare(bare)),
        Kind::Text { frame, .. } => ListLayout::Text(frame(report, list)),
        Kind::Numbers { head } => ListLayout::Numbers { column: bare, head, count },
    }
}
