//! Ending every process of a user, or of the users of a container.

use std::{collections::BTreeSet, fs, io, ops::Range, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{process::Command, time::Instant};

/// Time enough for the kernel to end thousands of them.
const LIMIT: Duration = Duration::from_secs(10);
/// A process that was killed takes a moment to go.
const PAUSE: Duration = Duration::from_millis(5);

/// Ends all processes that run as one of these uids and returns how many were seen once none is left.
pub(super) async fn end_processes_of(uids: Range<u32>) -> io::Result<usize> {
    let deadline = Instant::now() + LIMIT;
    let mut seen = BTreeSet::new();
    for round in 0_usize.. {
        let found = processes_of(&uids)?;
        if found.is_empty() {
            break;
        }
        if Instant::now() > deadline {
            let (count, uid) = (found.len(), uids.start);
            return Err(io::Error::other(format!("{count} processes of uid {uid} could not be ended")));
        }
        for pid in &found {
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, Signal::KILL));
        }
        // One that forks faster than it is found is ended with all of its kind at the same instant.
        if round % 4 == 3 {
            for uid in
                found.iter().flat_map(|pid| uids_of(*pid)).filter(|uid| uids.contains(uid)).collect::<BTreeSet<_>>()
            {
                kill_all_at_once(uid).await?;
            }
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
fn processes_of(uids: &Range<u32>) -> io::Result<Vec<i32>> {
    let entries = fs::read_dir("/proc")?.flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    Ok(pids.filter(|pid| uids_of(*pid).iter().any(|uid| uids.contains(uid))).collect())
}

/// Those of a process that lives. The owner of the folder in /proc does not tell: it is root for a process that is not dumpable.
fn uids_of(pid: i32) -> Vec<u32> {
    // One that has ended meanwhile has no status.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let has_ended = field("State:").trim_start().starts_with(['Z', 'X']);
    let uids = field("Uid:").split_whitespace().filter_map(|text| text.parse::<u32>().ok());
    uids.filter(|_| !has_ended).collect()
}
