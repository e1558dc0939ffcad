//! What a server that did not end in order left behind: its lock files, and for a moment its processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{EmbeddedError, spawn};

/// How long the processes of the last server may take to go.
const PATIENCE: Duration = Duration::from_secs(10);
/// After this long they get a signal.
const INTERRUPT_AFTER: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until no process works in the data directory, then removes the lock files that one may have left.
///
/// The pid in the file is not asked: it may be a zombie, or by now belong to somebody else. Every process of a
/// server has the data as its working directory. The caller holds the lock, so these can only be orphans.
pub(super) async fn clear(data: &Path, socket: &Path) -> Result<(), EmbeddedError> {
    let started = Instant::now();
    let mut interrupted = false;
    while let Some(pid) = first_in(data) {
        if started.elapsed() > PATIENCE {
            return Err(EmbeddedError::StillRunning { data: data.to_owned(), pid: pid.to_string() });
        }
        if !interrupted && started.elapsed() > INTERRUPT_AFTER {
            interrupted = true;
            if let Some(recorded) = recorded(data)
                && in_data(recorded, data)
            {
                spawn::signal(recorded, spawn::SIGINT);
            }
        }
        sleep(PAUSE).await;
    }
    // The socket has a lock file of its own, with the same pid in it.
    for file in [pid_file(data), socket.join(".s.PGSQL.5432.lock")] {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(EmbeddedError::at("removing", &file)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(any(test, feature = "testing"))]
pub(super) fn is_idle(data: &Path) -> bool {
    first_in(data).is_none()
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

fn recorded(data: &Path) -> Option<u32> {
    fs::read_to_string(pid_file(data)).ok()?.lines().next()?.trim().parse().ok()
}

fn first_in(data: &Path) -> Option<u32> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
    pids.find(|&pid| in_data(pid, data))
}

/// A zombie has no working directory any more, so it does not count.
fn in_data(pid: u32, data: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|directory| directory == data)
}
