//! What a run may use.

use std::fs;

/// What one run may use. `None`: as much as there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResourceLimits {
    /// Bytes of memory, files in memory included. Swap does not come on top.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub processes: u64,
    /// Processors, as 1.5.
    pub processors: Option<f64>,
    /// Bytes of files that a run may have written at a time.
    pub disk: u64,
    /// Bytes of its log. The rest is dropped.
    pub log: u64,
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self { memory: None, processes: 4096, processors: None, disk: 20 << 30, log: 1 << 30 }
    }
}

/// Bytes of memory of the whole machine; `None` where `/proc` does not tell.
pub fn memory_of_machine() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().ok()?.checked_mul(1024)
}
