//! One control group, and the files of control groups.

use std::{fmt::Debug, fs, io, os::fd::OwnedFd, path::Path};

use super::limits::ResourceLimits;

/// One group of one run, in one hierarchy.
pub(super) trait Group: Debug + Send + Sync {
    /// A process that writes `0` to this joins the group.
    fn entrance(&self) -> io::Result<OwnedFd>;

    /// Sets what this hierarchy can limit; answers the names of those.
    fn limit(&self, limits: &ResourceLimits) -> io::Result<Vec<&'static str>>;

    /// How many processes were killed because there was no memory left.
    fn memory_kills(&self) -> u64 {
        0
    }
}

/// The path of this process in a hierarchy: version 2 is the one without a number and controllers.
pub(super) fn own_path(is_it: impl Fn(&str, &str) -> bool) -> Option<String> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut lines = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        Some((parts.next()?, parts.next()?, parts.next()?))
    });
    let found = lines.find(|(number, controllers, _)| is_it(number, controllers));
    found.map(|(_, _, path)| path.trim_start_matches('/').to_owned())
}

pub(super) fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The number behind this name in a file of names and numbers.
pub(super) fn count(path: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let numbers = text.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    numbers.sum()
}

/// A task that may make groups may have made some below its own.
fn remove(group: &Path) -> io::Result<()> {
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

pub(super) fn remove_or_warn(group: &Path) {
    if let Err(error) = remove(group) {
        tracing::warn!(%error, path = %group.display(), "a control group could not be removed");
    }
}
