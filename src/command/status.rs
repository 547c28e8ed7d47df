//! `--status-file`: how far the run is, in a small JSON file that is replaced every few seconds; for login nodes and scripts.

use crate::draft::{self, Draft};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::report::Status;
use crate::report::json;
use crate::report::pace::{Expected, Pace};
use crate::streams;
use crate::summary::{self, Circumstances};
use crate::values::{Fact, Reached, Value};
use crate::work::{Job, Stream};
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// How often the file is replaced.
const EVERY: Duration = Duration::from_secs(2);

/// What a status file begins with. A file that begins otherwise is somebody's work.
const HEAD: &str = "{\"schema\":\"pcount-status/1\"";

/// A draft of a status file is called by its name, digits, and this.
const ENDING: &str = ".status";

/// The status file of a run, which only the root has. If it is dropped before its end, the run failed.
///
/// A thread of its own writes it: the root's main thread deals blocks and hears signals, and must not wait for a disk.
pub struct StatusFile {
    /// The thread and the way to it, until the end. A status that finds it busy is left out, because a newer one follows.
    writer: Option<(SyncSender<String>, JoinHandle<()>)>,
    /// What does not change: the problem, the ranks, the start.
    facts: Vec<Fact>,
    /// When the run began: by the calendar, and by this rank's clock.
    began: (SystemTime, Instant),
    /// When it is replaced next, since the start.
    next: Duration,
    pace: Pace,
    /// How far it is; `None` for a problem without units.
    reached: Option<Reached>,
}

/// The file that is replaced.
struct Target {
    folder: Arc<Folder>,
    name: OsString,
    /// As it was typed.
    path: PathBuf,
}

impl Target {
    fn write(&self, text: &str) -> io::Result<()> {
        let mut draft = Draft::locked(&self.folder, &self.name, &self.name, ENDING)?;
        draft.file().write_all(text.as_bytes())?;
        // It is not written to the disk: after a crash of the host a status tells nothing.
        draft.replace()
    }

    /// Writes each text that comes. A failure costs the run nothing but one message.
    fn write_all(&self, texts: Receiver<String>) {
        let mut failures = texts.into_iter().filter_map(|text| self.write(&text).err());
        if let Some(why) = failures.next() {
            streams::remark(&format!("--status-file: '{}' cannot be replaced now: {why}", self.path.display()));
        }
        failures.for_each(drop);
    }
}

impl StatusFile {
    /// Writes the first status, if the order wants a status file.
    ///
    /// # Errors
    /// If its folder is not there, if another kind of file has its name, or if it cannot be written.
    pub fn open(circumstances: &Circumstances) -> Result<Option<StatusFile>> {
        let attempt = circumstances.attempt;
        let Some(path) = &attempt.order.status_file else { return Ok(None) };
        let refused = |why: &dyn Display| Error::usage(format!("--status-file: '{}' {why}", path.display()));
        let (folder, name) =
            Folder::of(path).map_err(|why| refused(&format_args!("cannot be made in its folder: {why}")))?;
        if attempt.order.out.as_deref().is_some_and(|out| is_of_the_run_file(path, out)) {
            return Err(refused(&"is where the run file is kept: name another one"));
        }
        may_be_replaced(&folder, &name).map_err(|why| refused(&why))?;
        draft::sweep(&folder, ENDING, true, |stem| stem == name);
        let reached = match &circumstances.plan.job {
            Job::Work(work) | Job::Stream(Stream { work, .. }) => {
                Some(Reached { units: attempt.done(), all: work.units(), share: attempt.share_done(&**work) })
            }
            Job::PerRank(_) => None,
        };
        let target = Target { folder: Arc::new(folder), name, path: path.clone() };
        let mut status = StatusFile {
            writer: None,
            facts: summary::of_status(circumstances),
            began: (circumstances.started, circumstances.clock),
            next: circumstances.clock.elapsed() + EVERY,
            pace: Pace::new(reached.map_or(0.0, |reached| reached.share)),
            reached,
        };
        let cannot = |why: io::Error| refused(&format_args!("cannot be written: {why}"));
        target.write(&status.text(RUNNING)).map_err(cannot)?;
        let (to_writer, texts) = sync_channel(1);
        let writer = std::thread::Builder::new().name("status".into()).spawn(move || target.write_all(texts));
        status.writer = Some((to_writer, writer.map_err(cannot)?));
        Ok(Some(status))
    }

    /// Tells what is expected of the units that are left. Nothing is done yet.
    pub fn expect(&mut self, expected: Option<Expected>) {
        self.pace = Pace::new(self.pace.before()).expecting(expected);
    }

    /// Tells how far the run is. Replaces the file now and then.
    pub fn tick(&mut self, reached: Reached) {
        let gone = self.began.1.elapsed();
        self.pace.note(gone.as_secs_f64(), reached.share);
        self.reached = Some(reached);
        if let Some((writer, _)) = self.writer.as_ref().filter(|_| gone >= self.next) {
            let _ = writer.try_send(self.text(RUNNING));
            self.next = gone + EVERY;
        }
    }

    /// Writes the last status: how the run ended.
    pub fn end(mut self, status: &'static str) {
        if status == Status::Complete.name() {
            self.reached = self.reached.map(|Reached { all, .. }| Reached { units: all, all, share: 1.0 });
        }
        self.close(status);
    }

    fn close(&mut self, status: &'static str) {
        let text = self.text(status);
        if let Some((writer, thread)) = self.writer.take() {
            let _ = writer.send(text);
            drop(writer);
            let _ = thread.join();
        }
    }

    fn text(&self, status: &'static str) -> String {
        let gone = self.began.1.elapsed().as_secs_f64();
        let left = self.pace.left(gone).filter(|_| status == RUNNING);
        let Reached { units, .. } = self.reached.unwrap_or_default();
        let (all, share) = self.reached.map(|reached| (reached.all, reached.share)).unzip();
        let head = [("schema", "pcount-status/1"), ("status", status)];
        let head = head.map(|(name, text)| Fact::new(name, Value::text(text)));
        let now = [
            Fact::new("units.done", Value::Count(units)),
            Fact::new("units.all", all.map_or(Value::Nothing, Value::Count)),
            Fact::new("share", share.map_or(Value::Nothing, Value::Ratio)),
            Fact::new("seconds.gone", Value::Seconds(gone)),
            Fact::new("seconds.left", left.map_or(Value::Nothing, Value::Seconds)),
            Fact::new("written", summary::moment(self.began.0 + Duration::from_secs_f64(gone))),
        ];
        json::object(&[&head[..], &self.facts, &now].concat())
    }
}

impl Drop for StatusFile {
    fn drop(&mut self) {
        self.close(Status::Failed.name());
    }
}

/// The status of a run that is not over.
const RUNNING: &str = "running";

/// Whether the path is that of the run file or of a file beside it, by whatever name or link.
fn is_of_the_run_file(path: &Path, out: &Path) -> bool {
    let in_its_folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    let beside = |out: PathBuf| {
        ["", ".prev", ".lock"].map(|ending| {
            let mut name = out.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        })
    };
    // A link is followed to the file that is kept.
    let outs = [in_its_folder(out), out.canonicalize().ok()].into_iter().flatten();
    let Some(path) = in_its_folder(path) else { return false };
    outs.flat_map(beside).any(|taken| taken == path)
}

/// Whether a status file may have this name: no file has it, an empty one or an older status.
fn may_be_replaced(folder: &Folder, name: &OsStr) -> std::result::Result<(), String> {
    let cannot = |why: io::Error| format!("cannot be read: {why}");
    let Some(entry) = folder.entry(name).map_err(cannot)? else { return Ok(()) };
    if !entry.is_file {
        return Err("is no plain file: name another one".into());
    }
    let mut head = String::new();
    let file = folder.read(name, false).map_err(cannot)?;
    // What is no text is no status.
    let read = file.take(HEAD.len() as u64).read_to_string(&mut head);
    match read.is_ok() && (head.is_empty() || head == HEAD) {
        true => Ok(()),
        false => Err("is there and is no status file: name another one".into()),
    }
}
