//! Where a rank sits: its host, its process and the cores it may use.
//!
//! Rows show it (`ranks`, `delay`) and the crew is sized by it; no answer is computed from it. The only
//! file that names the rustix crate.

use crate::wire;

/// One rank's place in the machine room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub rank: usize,
    pub host: String,
    pub pid: u32,
    /// The cores this process may run on: its affinity mask.
    pub cores: Vec<usize>,
    /// The compute threads of this rank: its crew.
    pub threads: usize,
    /// Bytes of a core's first-level data cache.
    pub cache: usize,
}

/// The smallest first-level cache of today's machines, where a machine does not tell.
const CACHE: usize = 32 << 10;

impl Seat {
    /// This process; `threads` is not known yet and counts what the cores and a CPU quota allow.
    pub fn here(rank: usize) -> Seat {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let allowed = std::thread::available_parallelism().map_or(1, |n| n.get());
        let cores = affinity().unwrap_or_else(|| (0..allowed).collect());
        Seat { rank, host, pid: std::process::id(), threads: allowed, cores, cache: cache().unwrap_or(CACHE) }
    }

    /// Whether both compete for the same cores.
    pub fn shares_cores(&self, other: &Seat) -> bool {
        self.host == other.host && self.cores == other.cores
    }
}

#[cfg(target_os = "linux")]
fn affinity() -> Option<Vec<usize>> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None).ok()?;
    Some((0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect())
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> Option<Vec<usize>> {
    None
}

/// As the kernel tells of the first core's caches.
#[cfg(target_os = "linux")]
fn cache() -> Option<usize> {
    let caches = std::fs::read_dir("/sys/devices/system/cpu/cpu0/cache").ok()?;
    caches.flatten().find_map(|cache| {
        let read = |name| std::fs::read_to_string(cache.path().join(name)).ok();
        let (level, kind, size) = (read("level")?, read("type")?, read("size")?);
        let data = level.trim() == "1" && kind.trim() != "Instruction";
        let kibibytes: usize = size.trim().strip_suffix('K')?.parse().ok()?;
        (data && kibibytes > 0).then_some(kibibytes << 10)
    })
}

#[cfg(not(target_os = "linux"))]
fn cache() -> Option<usize> {
    None
}

wire::fields! { Seat { rank host pid cores threads cache } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_seat() {
        let seat = Seat::here(3);
        assert_eq!((seat.rank, seat.pid), (3, std::process::id()));
        assert!(!seat.host.is_empty());
        assert!(!seat.cores.is_empty() && seat.threads >= 1 && seat.cache >= 1 << 10);
        assert_eq!(crate::wire::value::<Seat>(&crate::wire::bytes(&seat)).unwrap(), seat);
    }
}
