//! Signals to the process group of a command.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// Asks every process of the group to end.
pub(super) fn terminate_group(group: Option<u32>) {
    let _ = pid(group).map(|group| kill_process_group(group, Signal::TERM));
}

/// Ends every process of the group. There is nothing left to signal when all have ended already.
pub(super) fn kill_group(group: Option<u32>) {
    let _ = pid(group).map(|group| kill_process_group(group, Signal::KILL));
}

/// Whether any process of the group is left.
pub(super) fn group_lives(group: Option<u32>) -> bool {
    pid(group).is_some_and(|group| test_kill_process_group(group).is_ok())
}

/// A group of number 1 or below would be something else than a command of ours.
fn pid(group: Option<u32>) -> Option<Pid> {
    group.and_then(|group| i32::try_from(group).ok()).filter(|group| *group > 1).and_then(Pid::from_raw)
}
