//! `show`: prints a run file.

use super::{layout, rendered, shorten};
use crate::cli::Output;
use crate::error::Result;
use crate::report::list::ListWriter;
use crate::report::{self, Status};
use crate::run_file::files;
use std::path::Path;

/// Prints a run file. Returns the exit code of its run.
///
/// # Errors
/// If the file cannot be read or is damaged, if it has no answer for `--quiet`, or if stdout cannot be written.
pub fn show(file: &Path, output: Output) -> Result<Status> {
    report::can_take(output.format)?;
    let mut opened = (files()?.opened)(file)?;
    shorten(&mut opened.report, output);
    let report = &opened.report;
    if report.list.is_none() {
        let text = rendered(report, output).map_err(|why| why.at(&format!("'{}'", file.display())))?;
        return report::say_bytes(&text).map(|()| report.status);
    }
    let count = report.list.as_ref().map(|list| list.count);
    let mut writer = ListWriter::begin(layout(report, output, count), Ok(None));
    opened.rows(&mut |stretch| writer.write(stretch))?;
    writer.end(&layout(report, output, count), report).0.map(|()| report.status)
}
