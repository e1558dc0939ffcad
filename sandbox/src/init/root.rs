//! The file system of a sandbox: the system's programs read-only, and what the plan shows.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use rustix::{
    mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount_change, unmount},
    process::{chdir, pivot_root},
};

use super::{
    devices, etc,
    mounts::NewRoot,
    step::{StepError, step},
};
use crate::{
    plan::{Plan, View},
    sys,
};

/// Names below `/` that are links into `/usr` or directories of their own, as the system has it.
const PROGRAMS: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/// What a process could learn from there about the machine, or change in it, where the kernel checks less than it should.
const HIDDEN: [&str; 6] =
    ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/acpi", "/proc/scsi"];
const PROTECTED: [&str; 5] = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];
/// Numbers of processors: what programs ask to decide how much to do at a time.
pub(super) const PROCESSORS: &str = "/sys/devices/system/cpu";

/// Builds it and makes it the root. Nothing of the old one can be reached afterwards.
pub(super) fn build(plan: &Plan) -> Result<(), StepError> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    step("mount namespace", mount_change("/", private).map_err(Into::into))?;
    let root = NewRoot(plan.staging.clone());
    step("root", root.memory(Path::new("/"), "mode=0755,size=8m", MountFlags::NODEV))?;
    step("system programs", system(&root))?;
    step("/etc", etc::build(&root, &plan.account))?;
    step("/dev", devices::build(&root, plan.limits.shared_memory))?;
    step("/proc", processes(&root, "hidepid=invisible"))?;
    for name in ["/run", "/var/tmp", "/tmp", "/root", "/home", "/mnt"] {
        step(name, root.directory(name).map(drop))?;
    }
    for view in &plan.views {
        step(&view.target.display().to_string(), root.view(view))?;
    }
    for path in &plan.hidden {
        step(&path.display().to_string(), root.hide(path))?;
    }
    // The device files are mounts of their own, which stay as they are.
    step("/dev", sys::set_mount_attributes(&root.place(Path::new("/dev")), libc::MOUNT_ATTR_RDONLY, false))?;
    let entered = enter(&plan.staging);
    step("new root", entered.and_then(|()| sys::set_mount_attributes(Path::new("/"), libc::MOUNT_ATTR_RDONLY, false)))
}

fn system(root: &NewRoot) -> io::Result<()> {
    root.view(&View::read_only("/usr"))?;
    for name in PROGRAMS.map(Path::new) {
        match fs::read_link(name) {
            Ok(target) => symlink(target, root.place(name))?,
            Err(_) if name.is_dir() => root.view(&View::read_only(name))?,
            Err(_) => {}
        }
    }
    if Path::new(PROCESSORS).is_dir() {
        root.view(&View::read_only(PROCESSORS))?;
    }
    Ok(())
}

pub(super) fn processes(root: &NewRoot, options: &str) -> io::Result<()> {
    let flags = MountFlags::NODEV | MountFlags::NOEXEC;
    root.mount("proc", Path::new("/proc"), options, flags)?;
    HIDDEN.iter().try_for_each(|name| root.hide(Path::new(name)))?;
    for name in PROTECTED.map(Path::new).into_iter().filter(|name| root.place(name).exists()) {
        let place: PathBuf = root.place(name);
        rustix::mount::mount_bind_recursive(&place, &place)?;
        sys::set_mount_attributes(&place, libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID, true)?;
    }
    Ok(())
}

/// The old root is put below the new one and taken away, so that no name of it is left.
pub(super) fn enter(staging: &Path) -> io::Result<()> {
    chdir(staging)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}
