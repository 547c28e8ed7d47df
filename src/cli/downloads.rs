//! What `download` alone can be told, and what a run file that may be somebody else's may not say in a user's place.

use super::order::named;
use crate::error::{Error, Result};
use crate::syntax;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The folder for the files.
///
/// # Errors
/// If the text is empty.
pub fn dir(text: &str) -> Result<PathBuf> {
    match text {
        "" => Err(Error::usage("--dir: '' is not a folder: write --dir . for this one")),
        _ => Ok(text.into()),
    }
}

/// Seconds without a byte that end a try.
///
/// # Errors
/// If the text is not a number of seconds above 0.
pub fn timeout(text: &str) -> Result<f64> {
    match named("timeout", syntax::seconds(text))? {
        0.0 => Err(Error::usage("--timeout: '0' is not a time: write seconds, such as 30")),
        seconds => Ok(seconds),
    }
}

/// Bytes of a file, at most.
///
/// # Errors
/// If the text is not a size.
pub fn max_size(text: &str) -> Result<u64> {
    named("max-size", syntax::size(text))
}

/// Names that belong to the run file.
pub fn taken(out: Option<&Path>) -> Vec<String> {
    let name = out.and_then(Path::file_name).map(|name| name.to_string_lossy());
    let companions =
        name.iter().flat_map(|name| ["", ".prev", ".new", ".lock"].map(|ending| format!("{name}{ending}")));
    companions.collect()
}

/// Whether the run file may say that downloads go there: into its own folder, and nowhere that another user made or that is
/// hidden.
///
/// # Errors
/// If it may not: then somebody has to.
pub fn believed(dir: &Path, file: &Path) -> Result<()> {
    let why = match doubt(dir, file) {
        Ok(None) => return Ok(()),
        Ok(Some(why)) => why.to_string(),
        Err(why) => why.to_string(),
    };
    let (file, dir) = (file.display(), dir.display());
    let what = format!("the run in '{file}' saves its downloads in '{dir}': {why}");
    Err(Error::usage(format!("{what}; if that is right, write pcount resume {file} --dir {dir}")))
}

fn doubt(dir: &Path, file: &Path) -> std::io::Result<Option<&'static str>> {
    let home = file.parent().filter(|home| !home.as_os_str().is_empty()).unwrap_or(Path::new(".")).canonicalize()?;
    if dir.components().any(|part| part == Component::ParentDir) {
        return Ok(Some("that has .. in it"));
    }
    // As far as it is there, links lead where they lead.
    let whole = std::env::current_dir()?.join(dir);
    let there = whole.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
    let rest = whole.strip_prefix(there).unwrap_or(Path::new(""));
    let place = there.canonicalize()?.join(rest);
    let Ok(inside) = place.strip_prefix(&home) else {
        return Ok(Some("that is outside of its own folder"));
    };
    if inside.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.')) {
        return Ok(Some("that is a hidden folder"));
    }
    let is_ours = || Some(place.metadata().ok()?.uid() == std::fs::metadata("/proc/self").ok()?.uid());
    Ok((place.exists() && is_ours() != Some(true)).then_some("you did not make that folder"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_run_file_is_believed_about_its_own_folder_only() {
        let home = std::env::temp_dir().join(format!("pcount-believed-{}", std::process::id()));
        fs::create_dir_all(home.join("deep")).unwrap();
        fs::create_dir_all(home.join(".ssh")).unwrap();
        std::os::unix::fs::symlink("/etc", home.join("link")).unwrap();
        let file = home.join("run.h5");
        for (dir, why) in [
            ("deep", None),
            ("not/there/yet", None),
            ("", None),
            (".ssh", Some("hidden")),
            (".config/new", Some("hidden")),
            ("link", Some("outside")),
            ("link/new", Some("outside")),
            ("deep/../../x", Some("..")),
            ("/etc", Some("outside")),
            ("/not/there", Some("outside")),
        ] {
            let said = believed(&home.join(dir), &file).err().map(|why| why.to_string());
            match why {
                None => assert_eq!(said, None, "{dir}"),
                Some(why) => {
                    let said = said.unwrap_or_default();
                    assert!(said.contains(why) && said.contains("write pcount resume"), "{dir}: {said}");
                }
            }
        }
        fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn a_run_file_keeps_its_names() {
        assert_eq!(taken(Some(Path::new("/a/run.h5"))), ["run.h5", "run.h5.prev", "run.h5.new", "run.h5.lock"]);
        assert!(taken(None).is_empty());
    }
}
