//! Reads run files in a process that can do nothing else.
//!
//! HDF5 trusts what it reads: a forged file can make it crash, hang or take all memory. So a file from outside is read by a process
//! of its own: this program again, with an argument that nobody types. The file is its stdin, opened once and checked before. Before
//! HDF5 sees the file, the process gives up what it does not need: more processor time and memory than such a file can take, other
//! files and processes, and writing to files. Its results come through a pipe. Whatever happens to it, the message here is one line.
//!
//! A file that this process has just written is read without it. So are files in programs that use this library and have not called
//! [`serve`].

use super::content::content;
use super::dataset::{each_slice, numbers_in};
use super::list::each_chunk;
use super::open::OpenFault;
use super::unlocked;
use crate::error::{Error, Result};
use crate::process::ProcessStatus;
use crate::report::{List, Report, RowsSoFar, State, Status};
use crate::values::{Column, Fact, Numbers, Stretch, Table};
use crate::wire::{self, Wire};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// The argument that makes this program a reader, and what it is to read.
const READ: &str = "--read-run-file-from-stdin";
const REPORT_ARGUMENT: &str = "report";
const ROWS_ARGUMENT: &str = "rows";
/// Behind these stands the name of a dataset, and behind the last one the first slice that is wanted.
const COUNT_ARGUMENT: &str = "count";
const SLICES_ARGUMENT: &str = "slices";

/// Whether this program can be started as a reader.
static SERVES: AtomicBool = AtomicBool::new(false);

/// Reads a run file if this process was started for that; then `main` must end with this code.
pub fn serve() -> Option<ExitCode> {
    SERVES.store(true, Ordering::Relaxed);
    let mut words = std::env::args_os().skip(1);
    if words.next()? != READ {
        return None;
    }
    // Nobody reads a panic's message, and the other process notices the failure.
    std::panic::set_hook(Box::new(|_| ()));
    let mut out = io::stdout().lock();
    let done = match words.next() {
        Some(what) if what == ROWS_ARGUMENT => all_rows(&mut out),
        Some(what) if what == COUNT_ARGUMENT => {
            let name = text(words.next());
            let count = opened().and_then(|file| numbers_in(&file, &name)).map(|dataset| dataset.size() as u64);
            count.map_err(|why| short(&why)).and_then(|count| send(&mut out, &count))
        }
        Some(what) if what == SLICES_ARGUMENT => {
            let (name, first) = (text(words.next()), text(words.next()).parse().unwrap_or(0));
            all_slices(&mut out, &name, first)
        }
        _ => opened()
            .and_then(|file| content(&file))
            .map_err(|why| short(&why))
            .and_then(|report| send(&mut out, &report)),
    };
    let refused = done.is_err_and(|why| refuse(&mut out, &why).is_err());
    Some(ExitCode::from(u8::from(refused)))
}

fn short(why: &dyn std::fmt::Display) -> String {
    why.to_string().replace('\n', " ").chars().take(300).collect()
}

/// A message: its length, whether it is an answer or an error, and its content.
fn send(out: &mut impl Write, found: &impl Wire) -> std::result::Result<(), String> {
    let message = [vec![1], wire::bytes(found)].concat();
    put(out, &message).map_err(|why| why.to_string())
}

fn refuse(out: &mut impl Write, why: &str) -> io::Result<()> {
    put(out, &[vec![0], wire::bytes(&why.to_string())].concat())
}

fn put(out: &mut impl Write, message: &[u8]) -> io::Result<()> {
    out.write_all(&(message.len() as u64).to_le_bytes())?;
    out.write_all(message)?;
    out.flush()
}

/// Sends the list chunk by chunk, and an empty one at the end.
fn all_rows(out: &mut impl Write) -> std::result::Result<(), String> {
    let file = opened().map_err(|why| short(&why))?;
    let mut sent = Ok(());
    each_chunk(&file, &mut |stretch| {
        sent = send(out, &stretch);
        sent.is_ok()
    })
    .map_err(|why| short(&why))?;
    sent.and_then(|()| send(out, &Stretch { columns: vec![] }))
}

fn text(word: Option<std::ffi::OsString>) -> String {
    word.map(|word| word.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Sends the slices of a dataset from the first one on.
fn all_slices(out: &mut impl Write, name: &str, first: u64) -> std::result::Result<(), String> {
    let file = opened().map_err(|why| short(&why))?;
    let mut sent = Ok(());
    each_slice(&file, name, first, &mut |numbers| {
        sent = send(out, &numbers);
        sent.is_ok()
    })
    .map_err(|why| short(&why))?;
    sent
}

/// The file on stdin. From then on the process can do very little.
fn opened() -> hdf5::Result<hdf5::File> {
    let poor = |why: io::Error| hdf5::Error::from(format!("cannot start a process to read it: {why}"));
    let size = stdin_size().map_err(poor)?;
    limit(size).map_err(poor)?;
    opened_at(0)
}

fn stdin_size() -> io::Result<u64> {
    use std::os::fd::AsFd;
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(File::from(stdin).metadata()?.len())
}

/// HDF5's access to a file that is open.
fn opened_at(number: i32) -> hdf5::Result<hdf5::File> {
    unlocked().open(format!("/dev/fd/{number}"))
}

/// The limit of processor time: some seconds, and more for each so many bytes. Rows of numbers that are stored in a fifteenth of their size take a tenth
/// of that, or a quarter on a slow machine that others use, too.
const READ_SECONDS: u64 = 1;
const SPEED: u64 = 1 << 17;

/// The limit of memory in bytes: a fixed part, and so many for each byte of the file.
const FILE_BYTES: u64 = 20 << 20;
const TIMES: u64 = 32;

/// Gives up what is not needed to read a file of so many bytes.
fn limit(size: u64) -> io::Result<()> {
    let memory = FILE_BYTES.saturating_add(size.saturating_mul(TIMES));
    if let Some(used) = ProcessStatus::now().and_then(|status| status.data()) {
        most(Resource::Data, used.saturating_add(memory))?;
    }
    most(Resource::Cpu, READ_SECONDS + size / SPEED)?;
    most(Resource::Fsize, 0)?;
    most(Resource::Core, 0)?;
    most(Resource::Nproc, 0)?;
    // One more file can be opened: the run file itself, by HDF5.
    let next = File::open("/dev/null")?.as_raw_fd();
    most(Resource::Nofile, next as u64 + 1)
}

fn most(resource: Resource, most: u64) -> io::Result<()> {
    let most = Some(getrlimit(resource).maximum.map_or(most, |before| before.min(most)));
    Ok(setrlimit(resource, Rlimit { current: most, maximum: most })?)
}

/// A process that reads a file.
struct ReaderProcess {
    child: Child,
    /// The longest message of a real file.
    most: u64,
}

impl ReaderProcess {
    fn start(file: &File, what: &[&str]) -> io::Result<ReaderProcess> {
        let size = file.metadata()?.len();
        let mut command = Command::new(std::env::current_exe()?);
        // HDF5 takes settings from the environment, such as drivers and plug-ins.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"HDF5_")) {
            command.env_remove(name);
        }
        command.env("HDF5_PLUGIN_PRELOAD", "::").env("HDF5_USE_FILE_LOCKING", "FALSE");
        // Signals that end a run are not for the reader: it ends by itself.
        command.arg(READ).args(what).process_group(0);
        command.stdin(file.try_clone()?).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(ReaderProcess { child: command.spawn()?, most: FILE_BYTES.saturating_add(size.saturating_mul(TIMES)) })
    }

    /// What it found next.
    fn next<T: Wire>(&mut self) -> std::result::Result<T, OpenFault> {
        let message = match self.message() {
            Ok(message) => message,
            Err(_) => return Err(OpenFault::Damaged(self.end())),
        };
        let (kind, mut rest) = message.split_first().ok_or_else(nonsense)?;
        match kind {
            1 => wire::value(rest).map_err(|_| nonsense()),
            _ => Err(OpenFault::Damaged(String::take(&mut rest).map_err(|_| nonsense())?)),
        }
    }

    fn message(&mut self) -> io::Result<Vec<u8>> {
        let out = self.child.stdout.as_mut().expect("it was started with a pipe");
        let (mut length, mut message) = ([0; 8], Vec::new());
        out.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        match length <= self.most && out.take(length).read_to_end(&mut message)? as u64 == length {
            true => Ok(message),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Why it has ended without an answer.
    fn end(&mut self) -> String {
        drop(self.child.stdout.take());
        match self.child.wait() {
            Ok(status) => ended(status),
            Err(why) => format!("what became of its reading is not known: {why}"),
        }
    }
}

fn nonsense() -> OpenFault {
    OpenFault::Damaged("what was read of it makes no sense".into())
}

fn ended(status: ExitStatus) -> String {
    match status.signal() {
        Some(9 | 24) => "it takes more time to be read than such a file can need".into(),
        Some(6) => "it takes more memory to be read than such a file can need, or the HDF5 library gave up".into(),
        Some(signal) => format!("the HDF5 library cannot read it (signal {signal})"),
        None => "the HDF5 library cannot read it".into(),
    }
}

impl Drop for ReaderProcess {
    fn drop(&mut self) {
        // It may have written more than anybody wants.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn started(file: &File, what: &[&str]) -> std::result::Result<ReaderProcess, OpenFault> {
    ReaderProcess::start(file, what).map_err(|why| {
        OpenFault::Unreadable(Error::failed(format!("cannot start a process to read a run file: {why}")))
    })
}

fn damaged(why: hdf5::Error) -> OpenFault {
    OpenFault::Damaged(short(&why))
}

/// The report in a file.
pub(super) fn report(file: &File) -> std::result::Result<Report, OpenFault> {
    match SERVES.load(Ordering::Relaxed) {
        true => started(file, &[REPORT_ARGUMENT])?.next(),
        false => opened_at(file.as_raw_fd()).and_then(|file| content(&file)).map_err(damaged),
    }
}

/// Gives `each` the rows of the list in a file, as long as it wants more.
pub(super) fn rows(file: &File, each: &mut dyn FnMut(&Stretch) -> bool) -> std::result::Result<(), OpenFault> {
    if !SERVES.load(Ordering::Relaxed) {
        let file = opened_at(file.as_raw_fd()).map_err(damaged)?;
        return each_chunk(&file, &mut |stretch| each(&stretch)).map_err(damaged);
    }
    let mut reader = started(file, &[ROWS_ARGUMENT])?;
    loop {
        let stretch = reader.next::<Stretch>()?;
        if stretch.is_empty() || !each(&stretch) {
            return Ok(());
        }
    }
}

/// How many numbers a dataset has, if it may be read.
pub(super) fn count_of(file: &File, name: &str) -> std::result::Result<u64, OpenFault> {
    match SERVES.load(Ordering::Relaxed) {
        true => started(file, &[COUNT_ARGUMENT, name])?.next(),
        false => opened_at(file.as_raw_fd())
            .and_then(|file| numbers_in(&file, name))
            .map(|dataset| dataset.size() as u64)
            .map_err(damaged),
    }
}

/// Slices of a dataset, one after the other.
pub(super) struct Slices(ReadSlices);

enum ReadSlices {
    ByProcess(ReaderProcess),
    /// In a program that cannot be started as a reader: the slices are read as they are wanted.
    Here {
        file: File,
        name: String,
        next: u64,
    },
}

/// The slices of a dataset from the first one on.
pub(super) fn slices_from(file: &File, name: &str, first: u64) -> std::result::Result<Slices, OpenFault> {
    Ok(Slices(match SERVES.load(Ordering::Relaxed) {
        true => ReadSlices::ByProcess(started(file, &[SLICES_ARGUMENT, name, &first.to_string()])?),
        false => {
            let again = file.try_clone().map_err(|why| OpenFault::Damaged(why.to_string()))?;
            ReadSlices::Here { file: again, name: name.into(), next: first }
        }
    }))
}

impl Slices {
    /// The next one. There must be one.
    pub(super) fn next(&mut self) -> std::result::Result<Numbers, OpenFault> {
        match &mut self.0 {
            ReadSlices::ByProcess(reader) => reader.next(),
            ReadSlices::Here { file, name, next } => {
                let mut found = None;
                let each = &mut |numbers| {
                    found = Some(numbers);
                    false
                };
                opened_at(file.as_raw_fd()).and_then(|file| each_slice(&file, name, *next, each)).map_err(damaged)?;
                *next += 1;
                found.ok_or_else(nonsense)
            }
        }
    }
}

impl Wire for Status {
    fn put(&self, out: &mut Vec<u8>) {
        self.name().to_string().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Status> {
        let name = String::take(bytes)?;
        let status = Status::ALL.into_iter().find(|status| status.name() == name);
        status.ok_or_else(|| Error::failed("a message holds an unknown status"))
    }
}

wire::fields! {
    Column { key unit }
    Table { columns rows }
    Fact { name value }
    List { columns count sha256 }
    RowsSoFar { file keys digests sizes chunk rest }
    State { arguments list ranks fingerprint units done blocks rows }
    Report { status kernel problem table total bare run attempts timeline list state }
}
