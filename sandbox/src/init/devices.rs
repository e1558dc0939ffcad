//! `/dev`: devices without a memory of their own, terminals and shared memory of the sandbox's own.

use std::{io, os::unix::fs::symlink, path::Path};

use rustix::mount::MountFlags;

use super::mounts::NewRoot;
use crate::sys;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
    ("core", "/proc/kcore"),
];
/// Files in shared memory; each costs the kernel about a kilobyte that counts for nobody.
const MAX_SHARED_FILES: u32 = 65_536;

pub(super) fn build(root: &NewRoot, shared_memory: u64) -> io::Result<()> {
    let directory = Path::new("/dev");
    root.memory(directory, "mode=0755,size=1m", MountFlags::NOEXEC | MountFlags::NODEV)?;
    for name in DEVICES {
        let path = directory.join(name);
        let place = root.bind(&path, &path)?;
        sys::set_mount_attributes(&place, libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC, false)?;
    }
    for (name, target) in LINKS {
        symlink(target, root.place(&directory.join(name)))?;
    }
    root.mount("devpts", &directory.join("pts"), "newinstance,ptmxmode=0666,mode=620", MountFlags::NOEXEC)?;
    let options = format!("mode=1777,size={shared_memory},nr_inodes={MAX_SHARED_FILES}");
    root.memory(&directory.join("shm"), &options, MountFlags::NODEV)?;
    Ok(())
}
