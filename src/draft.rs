//! A file is replaced, never rewritten, and keeping it is a verb.
//!
//! A draft stands beside the file it is to become. [`Draft::keep`] brings it to the disk, renames it and
//! brings the renaming to the disk: whoever looks finds the old file or the new one, whole. Dropping a
//! draft discards it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub struct Draft {
    becomes: PathBuf,
    beside: PathBuf,
    kept: bool,
}

impl Draft {
    /// A draft of `becomes` under the name `beside` in the same folder. An older draft there, left by a run
    /// that died, is replaced.
    ///
    /// # Errors
    /// If the file cannot be made, which is better known before there is something to write.
    pub fn new(becomes: &Path, beside: &str) -> io::Result<(Draft, File)> {
        let draft = Draft { becomes: becomes.into(), beside: becomes.with_file_name(beside), kept: false };
        let file = File::create(&draft.beside)?;
        Ok((draft, file))
    }

    /// Where the draft can be written by name.
    pub fn path(&self) -> &Path {
        &self.beside
    }

    /// Makes the draft the file.
    pub fn keep(mut self) -> io::Result<()> {
        File::open(&self.beside)?.sync_all()?;
        fs::rename(&self.beside, &self.becomes)?;
        self.kept = true;
        let folder = self.becomes.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is lost if the draft cannot be removed: it was never the file.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_draft_is_kept_or_leaves_no_trace() {
        let folder = std::env::temp_dir().join(format!("pcount-draft-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        fs::write(&path, "old").unwrap();

        let (draft, mut file) = Draft::new(&path, "file.new").unwrap();
        file.write_all(b"half").unwrap();
        drop((draft, file));
        assert_eq!(fs::read(&path).unwrap(), b"old");

        let (draft, mut file) = Draft::new(&path, "file.new").unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        draft.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(Draft::new(&folder.join("none/file"), "file.new").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
