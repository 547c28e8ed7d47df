//! Checks before a run starts whether each of its hosts has the memory that the run is expected to take. If not, the run is refused.
//!
//! What a host has is read from the system: its free memory, the control groups of this process, and its limits. If the system tells
//! nothing, nothing is refused.

use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::process::{self, ProcessStatus, STATUS};
use crate::wire;
use crate::work::Forecast;
use crate::world::{World, agree};
use std::path::Path;

/// The bytes that a process may still take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Room {
    /// For all processes of the host together.
    host: Option<u64>,
    /// For this process alone.
    process: Option<u64>,
}

wire::fields! { Room { host process } }

/// Refuses a run that clearly needs more than a host has. All ranks must call it; `placements` are at the root.
///
/// # Errors
/// On every rank: if a host, or the limit of a process, has less memory than is needed. The error says how much, and
/// how many threads would fit.
pub fn check(world: &dyn World, placements: &[Placement], forecast: &Forecast) -> Result<()> {
    let rooms = world.gather(wire::bytes(&Room::here())).unwrap_or_default();
    let rooms = rooms.iter().map(|room| wire::value::<Room>(room)).collect::<Result<Vec<Room>>>();
    agree(world, rooms.and_then(|rooms| fits(placements, &rooms, forecast)), |()| 0)
}

/// Why the run is refused, if the ranks of a host do not have the memory.
fn fits(placements: &[Placement], rooms: &[Room], forecast: &Forecast) -> Result<()> {
    for (placement, room) in placements.iter().zip(rooms) {
        let mates = || placements.iter().filter(|other| other.host == placement.host);
        let bytes = |most: usize| mates().map(|mate| forecast.bytes(mate.threads.min(most))).sum::<u64>();
        let too_much = |most: usize| {
            let host = room.host.is_some_and(|room| bytes(most) > room);
            host || room.process.is_some_and(|room| forecast.bytes(placement.threads.min(most)) > room)
        };
        if too_much(usize::MAX) {
            let threads = (1..placement.threads).rev().find(|&threads| !too_much(threads));
            let (needed, found) = match room.process {
                Some(process) if room.host.is_none_or(|host| process < host) => {
                    (forecast.bytes(placement.threads), process)
                }
                _ => (bytes(usize::MAX), room.host.unwrap_or(0)),
            };
            return Err(refusal(placement, mates().count(), (needed, found), threads));
        }
    }
    Ok(())
}

fn refusal(placement: &Placement, ranks: usize, (needed, found): (u64, u64), threads: Option<usize>) -> Error {
    let ranks = if ranks > 1 { format!(" for {ranks} ranks") } else { String::new() };
    let cure = match threads {
        Some(threads) => format!("--threads {threads} would do"),
        None if ranks.is_empty() => "it needs a host or a limit with more".into(),
        None => "use fewer ranks on a host, or hosts with more".into(),
    };
    let [needed, found] = [needed, found].map(|bytes| bytes as f64 * 1e-9);
    let host = &placement.host;
    Error::usage(format!("this takes about {needed:.1} GB{ranks} on host {host}, where {found:.1} GB are free: {cure}"))
}

/// The most memory that this process has had until now, in bytes, if the system tells.
pub fn taken() -> Option<u64> {
    ProcessStatus::now()?.peak_memory()
}

impl Room {
    /// What the system tells.
    fn here() -> Room {
        let read = |path: &Path| std::fs::read_to_string(path).ok();
        Room::told(&read)
    }

    fn told(read: &dyn Fn(&Path) -> Option<String>) -> Room {
        let file = |path: &str| read(Path::new(path));
        let free = file("/proc/meminfo").as_deref().and_then(free);
        let group = file("/proc/self/cgroup").and_then(|groups| left_by_groups(&groups, read));
        let limit = file("/proc/self/limits").as_deref().and_then(limit);
        let taken = file(STATUS).and_then(|status| ProcessStatus::of(status).address_space());
        Room {
            host: free.into_iter().chain(group).min(),
            process: limit.map(|limit| limit.saturating_sub(taken.unwrap_or(0))),
        }
    }
}

/// What the host has free, including swap.
fn free(meminfo: &str) -> Option<u64> {
    Some(process::bytes(meminfo, "MemAvailable:")? + process::bytes(meminfo, "SwapFree:").unwrap_or(0))
}

/// The limit of this process's address space, if there is one.
fn limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the control groups leave, of version 2 or 1.
fn left_by_groups(groups: &str, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let number = |path: &Path| read(path)?.trim().parse::<u64>().ok();
    let of = |root: &str, group: &str, [most, now]: [&str; 2]| {
        let folder = Path::new(root).join(group.trim_start_matches('/'));
        let within = folder.ancestors().take_while(|folder| folder.starts_with(root));
        let left = within.filter_map(|folder| {
            Some(number(&folder.join(most))?.saturating_sub(number(&folder.join(now)).unwrap_or(0)))
        });
        left.min()
    };
    let left = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (kinds, group) = (parts.next()?, parts.next()?);
        match kinds {
            "" => of("/sys/fs/cgroup", group, ["memory.max", "memory.current"]),
            kinds if kinds.split(',').any(|kind| kind == "memory") => {
                of("/sys/fs/cgroup/memory", group, ["memory.limit_in_bytes", "memory.usage_in_bytes"])
            }
            _ => None,
        }
    });
    left.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(files: &[(&str, &str)]) -> Room {
        Room::told(&|path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| text.to_string()))
    }

    #[test]
    fn the_least_that_the_kernel_tells_is_the_room() {
        assert_eq!(room(&[]), Room::default());
        let host = ("/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:  4000 kB\nSwapFree: 96 kB\n");
        assert_eq!(room(&[host]).host, Some(4096 << 10));
        let group = ("/proc/self/cgroup", "0::/user/job\n");
        let within = [
            host,
            group,
            ("/sys/fs/cgroup/user/memory.max", "1000000\n"),
            ("/sys/fs/cgroup/user/job/memory.max", "max\n"),
        ];
        assert_eq!(room(&within).host, Some(1_000_000));
        let used = [&within[..], &[("/sys/fs/cgroup/user/memory.current", "400000\n")]].concat();
        assert_eq!(room(&used).host, Some(600_000));
        let first = [
            ("/proc/self/cgroup", "3:cpu:/x\n2:memory,hugetlb:/job\n"),
            ("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "5000\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(room(&first).host, Some(5000));
        let limits = (
            "/proc/self/limits",
            "Limit  Soft Limit  Hard Limit  Units\nMax address space  1048576  unlimited  bytes\n",
        );
        assert_eq!(room(&[limits, (STATUS, "VmSize:\t 24 kB\n")]).process, Some(1000 << 10));
        let unlimited = ("/proc/self/limits", "Max address space   unlimited    unlimited   bytes\n");
        assert_eq!(room(&[unlimited]), Room::default());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would_do() {
        let placement = |host: &str, threads| Placement { host: host.into(), threads, ..Placement::here(0) };
        let placements = [placement("a", 4), placement("a", 4), placement("b", 2)];
        let gigabyte = 1_000_000_000;
        let forecast = Forecast { rank_bytes: gigabyte, thread_bytes: gigabyte, ..Forecast::default() };
        let rooms = |a: u64, b: u64| {
            let room = |host: u64| Room { host: Some(host * gigabyte), process: None };
            [room(a), room(a), room(b)]
        };
        let refused = |a, b| fits(&placements, &rooms(a, b), &forecast).err().map(|why| why.to_string());
        assert_eq!(refused(10, 3), None);
        let told = refused(9, 3).unwrap();
        assert_eq!(told, "this takes about 10.0 GB for 2 ranks on host a, where 9.0 GB are free: --threads 3 would do");
        assert!(refused(3, 3).unwrap().ends_with("are free: use fewer ranks on a host, or hosts with more"));
        assert!(
            refused(10, 1).unwrap().ends_with("on host b, where 1.0 GB are free: it needs a host or a limit with more")
        );
        // If nothing is known, nothing is refused.
        assert_eq!(fits(&placements, &[Room::default(); 3], &forecast), Ok(()));
        let limited = Room { host: Some(100 * gigabyte), process: Some(4 * gigabyte) };
        let why = fits(&placements[..1], &[limited], &forecast).unwrap_err();
        assert!(why.to_string().starts_with("this takes about 5.0 GB on host a, where 4.0 GB are free: --threads 3"));
        assert_eq!(why.code(), 2);
    }
}
