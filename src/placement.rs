//! Where a rank runs: its host, its process and the cores it may use.
//!
//! Rows show it (`ranks`, `delay`), and the number of threads depends on it; no answer does. The only file that names rustix's
//! `system` and `thread`.

use crate::process;
use crate::wire;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;

/// Where one rank runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The rank, from 0.
    pub rank: usize,
    /// The host's name.
    pub host: String,
    /// The number of its process.
    pub pid: u32,
    /// The cores that this process may use: its affinity mask.
    pub cores: Vec<usize>,
    /// How many compute threads this rank has.
    pub threads: usize,
    /// Bytes of a core's first-level data cache.
    pub cache: usize,
    /// The processor's model, as the system names it; empty if it does not.
    pub cpu: String,
}

/// The name of this host.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Bytes of this host's memory, if the system tells.
pub fn memory() -> Option<u64> {
    process::bytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")
}

/// The smallest first-level cache of today's machines, used if the machine does not tell.
const SMALLEST_CACHE_BYTES: usize = 32 << 10;

impl Placement {
    /// This process. `threads` is only a first value: what the cores and a CPU quota allow.
    pub fn here(rank: usize) -> Placement {
        let allowed = std::thread::available_parallelism().map_or(1, |n| n.get());
        let cores = affinity().unwrap_or_else(|| (0..allowed).collect());
        Placement {
            rank,
            host: host(),
            pid: std::process::id(),
            threads: allowed,
            cores,
            cache: cache(1).map_or(SMALLEST_CACHE_BYTES, |bytes| bytes as usize),
            cpu: cpu(),
        }
    }

    /// Whether both use the same cores.
    pub fn shares_cores(&self, other: &Placement) -> bool {
        self.host == other.host && self.cores == other.cores
    }
}

/// What the system tells about the first core; some kinds of cores have no name there. It is asked once.
fn cpu() -> String {
    static CPU: OnceLock<String> = OnceLock::new();
    CPU.get_or_init(|| read_cpu().unwrap_or_default()).clone()
}

fn read_cpu() -> Option<String> {
    // The kernel makes the text of each core when it is read, which takes a millisecond or more for all cores of a large host.
    let mut lines = BufReader::new(File::open("/proc/cpuinfo").ok()?).lines().map_while(Result::ok);
    let name = lines.find(|line| line.starts_with("model name") || line.starts_with("cpu\t"))?;
    Some(name.split_once(':')?.1.trim().to_string())
}

#[cfg(target_os = "linux")]
fn affinity() -> Option<Vec<usize>> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None).ok()?;
    Some((0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

/// How many cores this host has at work, whichever of them this process may use; if the system tells.
pub fn cores_of_host() -> Option<usize> {
    cores_in(&std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?)
}

/// The number of cores in a list like `0-3,8`.
fn cores_in(list: &str) -> Option<usize> {
    let cores = list.trim().split(',').map(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(last.parse::<usize>().ok()?.checked_sub(first.parse().ok()?)? + 1)
    });
    cores.sum()
}

/// Lets the sleeps of this thread, and of threads that it starts later, end later by up to `lateness`, where a system can do so.
/// The system then ends many of them at once, which takes less time of its cores.
#[cfg(target_os = "linux")]
pub fn let_sleeps_end_late(lateness: std::time::Duration) {
    let nanoseconds = u64::try_from(lateness.as_nanos()).unwrap_or(u64::MAX);
    // A system that does not allow it wakes this thread in time.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(nanoseconds));
}

/// Nothing, where no system that is known can do so.
#[cfg(not(target_os = "linux"))]
pub fn let_sleeps_end_late(_: std::time::Duration) {}

/// Binds this thread to one core. Returns whether it is bound: some systems do not allow it.
#[cfg(target_os = "linux")]
pub fn bind_to(core: usize) -> bool {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut set = CpuSet::new();
    if core < CpuSet::MAX_CPU {
        set.set(core);
    }
    sched_setaffinity(None, &set).is_ok()
}

/// Binds this thread to one core, where a system allows it.
#[cfg(not(target_os = "linux"))]
pub fn bind_to(_: usize) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> Option<Vec<usize>> {
    None
}

/// Bytes of the first core's cache of data of this level, from 1 on, if the system tells.
#[cfg(target_os = "linux")]
pub fn cache(level: u8) -> Option<u64> {
    let caches = std::fs::read_dir("/sys/devices/system/cpu/cpu0/cache").ok()?;
    caches.flatten().find_map(|cache| {
        let read = |name| std::fs::read_to_string(cache.path().join(name)).ok();
        if read("level")?.trim() != level.to_string() || read("type")?.trim() == "Instruction" {
            return None;
        }
        let kibibytes: u64 = read("size")?.trim().strip_suffix('K')?.parse().ok()?;
        kibibytes.checked_mul(1 << 10).filter(|&bytes| bytes > 0)
    })
}

/// Nothing, where no system that is known tells.
#[cfg(not(target_os = "linux"))]
pub fn cache(_: u8) -> Option<u64> {
    None
}

wire::fields! { Placement { rank host pid cores threads cache cpu } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_listed_in_parts() {
        let lists = ["0\n", "0-3", "0-3,8,10-11\n", "", "3-0", "a-b"];
        assert_eq!(lists.map(cores_in), [Some(1), Some(4), Some(7), None, None, None]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_host_has_the_cores_of_this_process() {
        assert!(cores_of_host() >= Some(Placement::here(0).cores.len()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn sleeps_may_end_late() {
        let slack = |lateness| {
            let set = move || {
                let_sleeps_end_late(lateness);
                rustix::thread::current_timer_slack().unwrap()
            };
            std::thread::spawn(set).join().unwrap()
        };
        let millisecond = std::time::Duration::from_millis(1);
        assert_eq!([1, 5].map(|times| slack(times * millisecond)), [1_000_000, 5_000_000]);
    }

    #[test]
    fn this_process_has_a_placement() {
        let placement = Placement::here(3);
        assert_eq!((placement.rank, placement.pid), (3, std::process::id()));
        assert!(!placement.host.is_empty());
        assert!(!placement.cores.is_empty() && placement.threads >= 1 && placement.cache >= 1 << 10);
        assert_eq!(crate::wire::value::<Placement>(&crate::wire::bytes(&placement)).unwrap(), placement);
    }
}
