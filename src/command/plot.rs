//! `plot`: draws run files, on the terminal or into files.

use super::target::target;
use crate::cli::Drawing;
use crate::error::{Error, Result};
use crate::plot;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Theme;
use crate::report;
use crate::run_file::files;
use crate::streams;
use std::path::Path;

/// Columns where stdout is no terminal.
const COLUMNS: usize = 80;

/// Draws run files.
///
/// # Errors
/// If a file cannot be read or is damaged, if there is nothing to draw, or if the picture cannot be written.
pub fn plot(drawing: &Drawing) -> Result<()> {
    let Drawing { files: paths, picture, trace, dark } = drawing;
    // What cannot be written is better known before all is read.
    let picture = picture.as_ref().map(|(path, kind)| Ok((target("--out", path, paths)?, *kind))).transpose()?;
    let trace = trace.as_ref().map(|path| target("--trace", path, paths)).transpose()?;
    let runs = paths.iter().map(|path| run(path)).collect::<Result<Vec<DrawnRun>>>()?;
    let theme = if *dark { Theme::Dark } else { Theme::Light };
    let traced = trace.map(|target| Ok::<_, Error>((target, plot::trace(&runs)?))).transpose()?;
    if let Some((target, kind)) = &picture {
        target.write(&plot::file(&runs, *kind, theme)?)?;
    } else if traced.is_none() {
        let columns = streams::columns().unwrap_or(COLUMNS);
        report::say(&plot::text(&runs, columns, report::colours())?)?;
    }
    if let Some((target, text)) = &traced {
        target.write(text.as_bytes())?;
    }
    if picture.is_some() || traced.is_none() {
        plot::left_out(&runs).iter().for_each(|line| streams::remark(line));
    }
    Ok(())
}

/// The run in a file. Its name is the end of the path, as long as that tells it from the others.
fn run(path: &Path) -> Result<DrawnRun> {
    let opened = (files()?.opened)(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(DrawnRun::new(&name.to_string_lossy(), opened.report))
}
