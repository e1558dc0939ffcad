//! The few things that need the C library: whose we are, a signal to a process, a child that dies with us.
#![allow(unsafe_code, reason = "the C library has no safe face for these; each block says why it is sound")]

use std::{ffi::CStr, io, mem::MaybeUninit, ptr};

use tokio::process::Command;

use super::identity::Identity;

pub(super) use libc::{SIGINT, SIGKILL, SIGQUIT};

/// More than the lines of any user that the C library knows.
const LONGEST_ENTRY: usize = 64 * 1024;

/// The user this process acts as.
pub(super) fn effective_uid() -> u32 {
    // SAFETY: geteuid takes nothing, touches no memory and cannot fail.
    unsafe { libc::geteuid() }
}

/// The name of that user, from wherever this machine keeps its users: the server looks it up in the same way.
pub(super) fn user_name() -> Option<String> {
    let (mut entry, mut found) = (MaybeUninit::<libc::passwd>::uninit(), ptr::null_mut());
    let mut text = vec![0; LONGEST_ENTRY];
    // SAFETY: the entry, the text with its true length, and the place for the result are ours and outlive the call.
    let failed =
        unsafe { libc::getpwuid_r(effective_uid(), entry.as_mut_ptr(), text.as_mut_ptr(), text.len(), &raw mut found) };
    if failed != 0 || found.is_null() {
        return None;
    }
    // SAFETY: a result that is not null is our entry, filled in; its name ends with a zero and lies in our text.
    let name = unsafe { CStr::from_ptr((*found).pw_name) };
    name.to_str().ok().map(str::to_owned)
}

/// Sends `signal` to one process. A process that is gone already is no error.
pub(super) fn signal(pid: u32, signal: i32) {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return };
    if pid > 0 {
        // SAFETY: kill takes two numbers and touches no memory of ours; the pid names one process, not a group.
        unsafe { libc::kill(pid, signal) };
    }
}

/// Makes the child run as `identity`, apart from our terminal's signals, and end with the thread that starts it.
pub(super) fn dependent(command: &mut Command, identity: Option<&Identity>) {
    command.current_dir("/").env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").process_group(0);
    if let Some(identity) = identity {
        command.uid(identity.uid).gid(identity.gid);
    }
    let parent = std::process::id();
    // SAFETY: the closure runs in the forked child and only calls prctl and getppid, both of which are
    // async-signal-safe, and builds an error without allocating.
    unsafe { command.pre_exec(move || die_with(parent)) };
}

/// Runs in the child, after it has changed its user, which would undo the request.
#[cfg(target_os = "linux")]
fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: plain numbers in, a number out.
    let (asked, now) = unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, SIGINT), libc::getppid()) };
    if asked != 0 {
        return Err(io::Error::last_os_error());
    }
    // The parent may have died before the request; then nobody would ever send the signal.
    if u32::try_from(now) == Ok(parent) { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
}

/// Elsewhere the kernel has no such request; an orphan is stopped by the next start.
#[cfg(not(target_os = "linux"))]
fn die_with(_parent: u32) -> io::Result<()> {
    Ok(())
}
