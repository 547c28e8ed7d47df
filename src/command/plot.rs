//! `plot`: draws run files, on the terminal or into files.

use crate::cli::Drawing;
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::plot;
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Theme;
use crate::report;
use crate::run_file::files;
use crate::streams;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The draft of a picture is called by its name, digits, and this.
const ENDING: &str = ".plot";

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

/// A file to be written.
struct Target<'a> {
    option: &'static str,
    path: &'a Path,
    folder: Arc<Folder>,
}

/// The file of that path, which must not be one of those that are read.
fn target<'a>(option: &'static str, path: &'a Path, read: &[PathBuf]) -> Result<Target<'a>> {
    let refused = |why: &str| Error::usage(format!("{option}: '{}' {why}", path.display()));
    let real = |path: &Path| path.canonicalize().ok();
    if real(path).is_some_and(|there| read.iter().any(|file| real(file).as_ref() == Some(&there))) {
        return Err(refused("is a run file that is to be drawn: name another one"));
    }
    let (folder, name) = Folder::of(path).map_err(|why| refused(&format!("cannot be made in its folder: {why}")))?;
    let entry = folder.entry(&name).map_err(|why| refused(&format!("cannot be looked at: {why}")))?;
    match entry.is_none_or(|entry| entry.is_file) {
        true => Ok(Target { option, path, folder: Arc::new(folder) }),
        false => Err(refused("is no plain file: name another one")),
    }
}

impl Target<'_> {
    fn write(&self, bytes: &[u8]) -> Result<()> {
        let name = self.path.file_name().unwrap_or_default();
        let write = || -> io::Result<()> {
            let mut draft = Draft::new(&self.folder, name, name, ENDING)?;
            draft.file().write_all(bytes)?;
            draft.keep()
        };
        match write() {
            // The file is there; only its name may be lost if the machine loses power now.
            Err(why) if why.kind() != io::ErrorKind::Unsupported => {
                Err(Error::failed(format!("{}: cannot write '{}': {why}", self.option, self.path.display())))
            }
            _ => Ok(()),
        }
    }
}
