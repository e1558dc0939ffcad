//! Ending every process of a user.

use std::{collections::BTreeSet, fs, io, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{process::Command, time::Instant};

/// Time enough for the kernel to end thousands of them.
const LIMIT: Duration = Duration::from_secs(10);
/// A process that was killed takes a moment to go.
const PAUSE: Duration = Duration::from_millis(5);

/// Ends all processes that run as `uid` and returns how many were seen once none is left.
pub(super) async fn end_processes_of(uid: u32) -> io::Result<usize> {
    let deadline = Instant::now() + LIMIT;
    let mut seen = BTreeSet::new();
    for round in 0_usize.. {
        let found = processes_of(uid)?;
        if found.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("{} processes of uid {uid} could not be ended", found.len())));
        }
        for pid in &found {
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, Signal::KILL));
        }
        // One that forks faster than it is found is ended with all of its kind at the same instant.
        if round % 4 == 3 {
            kill_all_at_once(uid).await?;
        }
        seen.extend(found);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(seen.len())
}

/// A process of this user that signals all others of it in one system call.
async fn kill_all_at_once(uid: u32) -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "kill -KILL -1"]).env_clear().current_dir("/").uid(uid).gid(uid);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.status().await.map(drop)
}

/// Those that have ended and are only waited for by their parent do not count.
fn processes_of(uid: u32) -> io::Result<Vec<i32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    Ok(pids.filter(|pid| runs_as(*pid, uid)).collect())
}

/// The owner of the folder in /proc does not tell: it is root for a process that is not dumpable.
fn runs_as(pid: i32, uid: u32) -> bool {
    // One that has ended meanwhile has no status.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let mut uids = field("Uid:").split_whitespace().filter_map(|text| text.parse::<u32>().ok());
    let has_ended = field("State:").trim_start().starts_with(['Z', 'X']);
    !has_ended && uids.any(|other| other == uid)
}
