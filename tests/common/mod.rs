//! Runs the real binary, alone or under a launcher, as a user does.

// Each test program uses its part of this.
#![allow(dead_code)]

#[cfg(target_os = "linux")]
pub mod shim;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Run {
    /// stderr without what the launcher itself says of a failed job: between its rules of dashes, and the
    /// notes of its own parts; and without how far it is, which is said on a busy machine only.
    pub fn said(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("pcount: ") && !is_progress(line)).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:#?}"))
    }
}

/// Whether a line says how far a run is, as on a busy machine.
pub fn is_progress(line: &str) -> bool {
    line.contains(" % after ") || line.contains(": no block is done after ")
}

/// The binary, with nothing of this environment that would change what it does.
pub fn pcount(args: &[&str]) -> Command {
    quiet(hearing(env!("CARGO_BIN_EXE_pcount")), args)
}

/// A command for the program in which SIGHUP is not ignored. Under `nohup` it is ignored here, and every child would inherit that.
fn hearing(program: &str) -> Command {
    if !is_hangup_ignored() {
        return Command::new(program);
    }
    // It becomes the program, so the process is the same.
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", program]);
    command
}

fn is_hangup_ignored() -> bool {
    signal_set(std::process::id(), "SigIgn:") & 1 == 1
}

/// A set of signals of a process, as Linux tells it; empty elsewhere. The signal n is bit n - 1.
fn signal_set(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix(name));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

pub fn quiet(mut command: Command, args: &[&str]) -> Command {
    command.args(args).stdin(Stdio::null());
    for name in ["PCOUNT_THREADS", "OMP_NUM_THREADS", "PCOUNT_CACHE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Whether what a command line needs is built in; what is not says so, as `tests/features.rs` checks.
pub fn is_built_in(line: &str) -> bool {
    let names = |words: &[&str]| line.split(' ').any(|word| words.contains(&word));
    (cfg!(feature = "hdf5")
        || !names(&["show", "watch", "plot", "verify", "certify", "diff", "merge", "resume", "--out", "-o", "--cache"]))
        && (cfg!(feature = "download") || !names(&["download"]))
}

/// How many ranks a job is tried on: on several only where MPI is built in.
pub const RANKS: &[usize] = if cfg!(feature = "mpi") { &[1, 2] } else { &[1] };

/// Says that this test, or a part of it, cannot be tried here: on the real stderr, which the test runner does not keep back.
pub fn ignored(why: &str) {
    use std::io::Write;
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "test {} ... ignored, {why}", thread.name().unwrap_or("?"));
}

/// The same where it is because something is not installed, which is a failure if all that the tests need shall be there.
pub fn missing(what: &str) {
    assert!(
        std::env::var_os("PCOUNT_TEST_ALL").is_none(),
        "there is no {what} here: scripts/setup --tests installs it"
    );
    ignored(&format!("there is no {what} here"));
}

/// A job that hangs is a failed test, not a test that never ends.
const LIMIT: Duration = Duration::from_secs(120);

/// Sends a signal, to nobody if the process is gone already. A shell has its own `kill`; as a program it may be missing.
pub fn kill(signal: &str, pid: u32) {
    let send = format!("kill -{signal} {pid}");
    Command::new("sh").args(["-c", &send]).stderr(Stdio::null()).status().expect("there is a shell");
}

/// A process under way. If it is dropped before its end, as by a test that fails, it is killed with all that it has started.
pub struct Job(Option<Child>);

impl Job {
    pub fn wait_with_output(mut self) -> std::io::Result<Output> {
        self.0.take().expect("it is there until it is dropped").wait_with_output()
    }
}

impl std::ops::Deref for Job {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl std::ops::DerefMut for Job {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().expect("it is there until it is dropped")
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let Some(child) = &mut self.0 else { return };
        if let Ok(None) = child.try_wait() {
            kill_all_of(child.id());
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Kills a process and its descendants: a launcher puts its ranks into process groups of their own. It is halted first, so that it
/// starts no more of them.
pub fn kill_all_of(root: u32) {
    kill("STOP", root);
    #[cfg(target_os = "linux")]
    descendants(root).into_iter().for_each(|pid| kill("KILL", pid));
    kill("KILL", root);
}

/// Starts a process as the command says.
pub fn spawn(command: &mut Command) -> Job {
    let child = command.spawn();
    Job(Some(child.unwrap_or_else(|why| panic!("{command:?}: {why}"))))
}

/// A process under way whose output will be read at its end.
pub fn start(mut command: Command) -> Job {
    spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// What it left behind at its end, which must come by itself.
pub fn ended(child: Job) -> Run {
    let began = Instant::now();
    let id = child.id();
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if ended.recv_timeout(LIMIT).is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Timeout) {
            kill_all_of(id);
        }
    });
    let Output { status, stdout, stderr } = child.wait_with_output().expect("a child can be waited for");
    drop(done);
    watchdog.join().expect("the watchdog does not panic");
    let text = |bytes| String::from_utf8(bytes).expect("pcount speaks UTF-8");
    Run { code: status.code(), out: text(stdout), err: text(stderr), took: began.elapsed() }
}

pub fn run(command: Command) -> Run {
    ended(start(command))
}

/// Waits for what must happen, however busy the machine is; a test that waits in vain fails.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < LIMIT, "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process hears the signal of this number: until then it would end it.
#[cfg(target_os = "linux")]
pub fn hears(pid: u32, signal: u32) -> bool {
    signal_set(pid, "SigCgt:") >> (signal - 1) & 1 == 1
}

/// Kilobytes that a process has had at most, if it still is there.
#[cfg(target_os = "linux")]
pub fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse().ok()
}

/// Kilobytes that a process has had at most, about, at its end.
#[cfg(target_os = "linux")]
pub fn peak_at_end(mut child: Job) -> u64 {
    let mut largest = 0;
    while child.try_wait().unwrap().is_none() {
        largest = largest.max(peak(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    largest
}

/// Python as `scripts/setup --tests` installs it, with h5py.
pub const PYTHON: &str = "/usr/bin/python3";

/// Whether it has h5py; in `scripts/test` it must.
pub fn has_h5py() -> bool {
    let can = Command::new(PYTHON).args(["-c", "import h5py"]).output().is_ok_and(|done| done.status.success());
    if !can {
        missing("h5py");
    }
    can
}

pub fn alone(args: &[&str]) -> Run {
    run(pcount(args))
}

/// The launcher of the MPI that this is built with; `scripts/test` names MPICH's for the build against it.
pub fn launcher() -> String {
    std::env::var("PCOUNT_MPIRUN").unwrap_or_else(|_| "mpirun".into())
}

/// A launcher for so many ranks of `program`, whatever the machine's cores and whoever runs it.
pub fn mpirun_of(ranks: usize, program: &str, args: &[&str]) -> Command {
    launched_by(&launcher(), &[], ranks, program, args)
}

/// The same by this launcher, with options of its own.
pub fn launched_by(launcher: &str, options: &[&str], ranks: usize, program: &str, args: &[&str]) -> Command {
    let mut command = hearing(launcher);
    command.args(options).args(["-n", &ranks.to_string(), program]);
    for (name, value) in [
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("OMPI_MCA_mpi_yield_when_idle", "1"),
        ("OMPI_MCA_pml", "ob1"),
        ("OMPI_MCA_btl", "self,vader,tcp"),
    ] {
        command.env(name, value);
    }
    quiet(command, args)
}

pub fn mpirun(ranks: usize, args: &[&str]) -> Run {
    run(mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), args))
}

/// A folder of its own, gone when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("pcount-test-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Folder(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a plain path").to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// All processes that a process has started, directly or not.
#[cfg(target_os = "linux")]
pub fn descendants(root: u32) -> Vec<u32> {
    let stat = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let parent = |pid: u32| stat(pid)?.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok();
    let descends = |mut pid: u32| loop {
        match parent(pid) {
            Some(above) if above == root => return true,
            Some(above) if above > 1 => pid = above,
            _ => return false,
        }
    };
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|&pid| descends(pid)).collect()
}

/// Descendants of a process that have `word` among their arguments.
#[cfg(target_os = "linux")]
pub fn pids_of(root: u32, word: &str) -> Vec<u32> {
    let says = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|&byte| byte == 0);
        words.next().is_some_and(|program| program.ends_with(b"pcount")) && words.any(|other| other == word.as_bytes())
    };
    descendants(root).into_iter().filter(says).collect()
}
