//! What the system tells about this process: how long it and its threads have computed, and what stands in `/proc/self/status`, which is nothing if
//! there is no such file. The only file that names rustix's `time`.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::Duration;

/// How long this thread has computed. The time in which it waited for a core does not count.
pub fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// How long all threads of this process have computed, those that have ended too.
pub fn process_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// The path of the file.
pub const STATUS: &str = "/proc/self/status";

/// The text of the file.
pub struct ProcessStatus(String);

impl ProcessStatus {
    /// What the system tells now; `None` if it tells nothing.
    pub fn now() -> Option<ProcessStatus> {
        fs::read_to_string(STATUS).ok().map(ProcessStatus)
    }

    /// What such a text tells.
    pub fn of(text: String) -> ProcessStatus {
        ProcessStatus(text)
    }

    /// The most memory that the process has had, in bytes.
    pub fn peak_memory(&self) -> Option<u64> {
        bytes(&self.0, "VmHWM:")
    }

    /// Its address space in bytes.
    pub fn address_space(&self) -> Option<u64> {
        bytes(&self.0, "VmSize:")
    }

    /// Its data in bytes.
    pub fn data(&self) -> Option<u64> {
        bytes(&self.0, "VmData:")
    }

    /// Whether it ignores the signal.
    pub fn ignores(&self, signal: i32) -> bool {
        let mask = self.0.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask >> (signal - 1) & 1 == 1
    }
}

/// The bytes in a line of a text that counts in kilobytes, as `/proc/meminfo` does too.
pub fn bytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read_as_it_stands_there() {
        let text = "VmPeak:\t  999 kB\nVmSize:\t  24 kB\nVmHWM:\t 2 kB\nSigIgn:\t0000000000001001\n";
        let status = ProcessStatus::of(text.into());
        assert_eq!((status.address_space(), status.peak_memory(), status.data()), (Some(24 << 10), Some(2048), None));
        assert_eq!([1, 2, 13].map(|signal| status.ignores(signal)), [true, false, true]);
    }
}
