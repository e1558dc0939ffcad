//! The last resort where tasks have neither users nor control groups of their own: processes that left the group of
//! their task, as daemons do, and still carry its mark in their environment.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

/// A process that forks while it is being looked for is found in the next round.
const ROUNDS: usize = 5;
const BETWEEN_ROUNDS: Duration = Duration::from_millis(20);

/// Ends every process whose environment has this variable with this value; says how many there were.
/// Where there is no `/proc` it finds none.
pub(crate) async fn end_marked(name: &str, value: &str) -> usize {
    let mark = format!("{name}={value}");
    let mut ended = BTreeSet::new();
    for _ in 0..ROUNDS {
        let found = marked(mark.as_bytes());
        if found.is_empty() {
            break;
        }
        for pid in &found {
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, Signal::KILL));
        }
        ended.extend(found);
        tokio::time::sleep(BETWEEN_ROUNDS).await;
    }
    ended.len()
}

pub(crate) fn marked(mark: &[u8]) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(|pid| (pid, entry.path())));
    numbers.filter(|(_, path)| carries(path, mark)).map(|(pid, _)| pid).collect()
}

/// Unreadable environments belong to others, or to processes that have just ended.
fn carries(process: &Path, mark: &[u8]) -> bool {
    let environment = fs::read(process.join("environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark)
}
