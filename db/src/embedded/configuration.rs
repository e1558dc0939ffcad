//! The server's settings, given on its command line so that nobody edits a file that we would not see.

use std::fs;

use super::directory::Directory;
use super::{EmbeddedSettings, Tuning};

const MEGABYTE: u64 = 1024 * 1024;

/// `name=value` pairs for `-c`. `lz4` says whether the server was built with it.
pub(super) fn parameters(settings: &EmbeddedSettings, directory: &Directory, lz4: bool) -> Vec<String> {
    let mut all: Vec<String> = COMMON.iter().map(|&pair| pair.to_owned()).collect();
    all.push(format!("unix_socket_directories={}", directory.socket.display()));
    all.extend((if settings.tuning == Tuning::Test { TEST } else { STANDARD }).iter().map(|&pair| pair.to_owned()));
    if settings.tuning == Tuning::Standard {
        all.push(format!("shared_buffers={}MB", shared_buffers()));
        all.push(format!("synchronous_commit={}", if settings.synchronous_commit { "on" } else { "off" }));
    }
    all.extend([format!("wal_compression={}", if lz4 { "lz4" } else { "on" })]);
    if lz4 {
        all.push("default_toast_compression=lz4".to_owned());
    }
    all
}

const COMMON: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "port=5432",
    "TimeZone=UTC",
    "log_timezone=UTC",
    // The error of a statement goes to its caller, who knows whether it matters.
    "log_min_messages=log",
    "log_checkpoints=off",
    "logging_collector=off",
    "checkpoint_completion_target=0.9",
    "random_page_cost=1.1",
    "jit=off",
    "track_io_timing=on",
    "max_wal_senders=0",
];

const STANDARD: &[&str] = &[
    "fsync=on",
    "max_connections=100",
    // Large enough that a busy hour does not checkpoint all the time, small enough for a laptop.
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    // At the default of a minute the thresholds of our hot tables have no effect.
    "autovacuum_naptime=5s",
    "autovacuum_max_workers=4",
];

const TEST: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_connections=300",
    "shared_buffers=64MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=1h",
];

/// A quarter of the memory we may use, between 32 and 512 MB.
fn shared_buffers() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let memory = machine.into_iter().chain(group).min().unwrap_or(1024 * MEGABYTE);
    (memory / 4 / MEGABYTE).clamp(32, 512)
}

/// `MemTotal:       24684000 kB` in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
