//! Namespaces of its own.

use std::fs;

use rustix::thread::UnshareFlags;

use super::step::{StepError, step};
use crate::{plan::Account, sys};

/// The next child is the first process of the new process namespace.
pub(super) fn enter(account: &Account) -> Result<(), StepError> {
    if account.is_mapped {
        step("user namespace", sys::unshare(UnshareFlags::NEWUSER))?;
        // The kernel lets nobody map groups who could still drop one that takes rights away.
        step("user namespace", fs::write("/proc/self/setgroups", "deny"))?;
        step("user namespace", fs::write("/proc/self/uid_map", format!("{0} {0} 1", account.uid)))?;
        step("user namespace", fs::write("/proc/self/gid_map", format!("{0} {0} 1", account.gid)))?;
    }
    let flags = [
        ("mount namespace", UnshareFlags::NEWNS),
        ("process namespace", UnshareFlags::NEWPID),
        ("network namespace", UnshareFlags::NEWNET),
        ("namespace of shared memory", UnshareFlags::NEWIPC),
        ("namespace of the host name", UnshareFlags::NEWUTS),
        ("namespace of control groups", UnshareFlags::NEWCGROUP),
    ];
    flags.into_iter().try_for_each(|(name, flag)| step(name, sys::unshare(flag)))
}
