//! Runs the real binary, alone or under a launcher, as a user does.

// Each test program uses its part of this.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
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
    /// notes of its own parts.
    pub fn said(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("pcount: ")).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {self:#?}"))
    }
}

/// The binary, with nothing of this environment that would change what it does.
pub fn pcount(args: &[&str]) -> Command {
    quiet(Command::new(env!("CARGO_BIN_EXE_pcount")), args)
}

fn quiet(mut command: Command, args: &[&str]) -> Command {
    command.args(args).stdin(Stdio::null());
    for name in ["PCOUNT_THREADS", "OMP_NUM_THREADS", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command
}

/// A job that hangs is a failed test, not a test that never ends.
const LIMIT: Duration = Duration::from_secs(120);

/// Sends a signal, to nobody if the process is gone already. A shell has its own `kill`; as a program it may be missing.
pub fn kill(signal: &str, pid: u32) {
    let send = format!("kill -{signal} {pid}");
    Command::new("sh").args(["-c", &send]).stderr(Stdio::null()).status().expect("there is a shell");
}

pub fn run(mut command: Command) -> Run {
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let id = child.id();
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if ended.recv_timeout(LIMIT).is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Timeout) {
            kill("KILL", id);
        }
    });
    let Output { status, stdout, stderr } = child.wait_with_output().expect("a child can be waited for");
    drop(done);
    watchdog.join().expect("the watchdog does not panic");
    let text = |bytes| String::from_utf8(bytes).expect("pcount speaks UTF-8");
    Run { code: status.code(), out: text(stdout), err: text(stderr), took: began.elapsed() }
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
    let mut command = Command::new(launcher());
    command.args(["-n", &ranks.to_string(), program]);
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

/// Descendants of a process that have `word` among their arguments.
#[cfg(target_os = "linux")]
pub fn pids_of(root: u32, word: &str) -> Vec<u32> {
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
    let says = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|&byte| byte == 0);
        words.next().is_some_and(|program| program.ends_with(b"pcount")) && words.any(|other| other == word.as_bytes())
    };
    all.filter(|&pid| says(&pid) && descends(pid)).collect()
}
