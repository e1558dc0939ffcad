//! Signals to a process group. The standard library has none.

/// Asks every process of the group to end.
pub(super) fn terminate_group(group: Option<u32>) {
    send(group, libc::SIGTERM);
}

/// Ends every process of the group. There is nothing left to signal when all have ended already.
pub(super) fn kill_group(group: Option<u32>) {
    send(group, libc::SIGKILL);
}

/// Whether any process of the group is left.
pub(super) fn group_lives(group: Option<u32>) -> bool {
    send(group, 0)
}

/// Ends one process.
pub(super) fn kill(process: i32) {
    // The numbers 0 and below mean groups; a process read from /proc has neither.
    if process > 0 {
        raw(process, libc::SIGKILL);
    }
}

fn send(group: Option<u32>, signal: libc::c_int) -> bool {
    let group = group.and_then(|group| i32::try_from(group).ok()).filter(|group| *group > 1);
    group.is_some_and(|group| raw(-group, signal))
}

#[expect(unsafe_code, reason = "kill(2) has no safe form in the standard library; it touches no memory of ours")]
fn raw(target: i32, signal: libc::c_int) -> bool {
    unsafe { libc::kill(target, signal) == 0 }
}
