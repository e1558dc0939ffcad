//! Control groups of version 1: a hierarchy for each controller, which only limit here.

use std::{
    fs::{self, OpenOptions},
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    group::{Group, count, make, own_path, remove_or_warn},
    limits::ResourceLimits,
};

const MOUNT: &str = "/sys/fs/cgroup";
const NAMES: [&str; 3] = ["memory", "pids", "cpu"];
/// Of `cpu.cfs_quota_us`, as the kernel sets it.
const PERIOD: f64 = 100_000.0;

/// The worker's own group in each hierarchy where it may make one.
#[derive(Debug, Default)]
pub(super) struct Controllers(Vec<(&'static str, PathBuf)>);

/// The group of one run in one hierarchy; removed when dropped.
#[derive(Debug)]
pub(super) struct Controller {
    name: &'static str,
    path: PathBuf,
}

impl Controllers {
    pub(super) fn open(name: &str) -> Self {
        let opened = NAMES.into_iter().filter_map(|controller| {
            let own = own_path(|_, controllers| controllers.split(',').any(|it| it == controller))?;
            let path = Path::new(MOUNT).join(controller).join(own).join(name);
            make(&path).ok().map(|()| (controller, path))
        });
        Self(opened.collect())
    }

    pub(super) fn create(&self, name: &str) -> io::Result<Vec<Controller>> {
        let groups = self.0.iter().map(|(controller, parent)| {
            let path = parent.join(name);
            make(&path).map(|()| Controller { name: controller, path })
        });
        groups.collect()
    }

    /// Ends what is in groups that an earlier worker left, and removes them.
    pub(super) fn clear(&self) {
        for (name, parent) in &self.0 {
            for entry in fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()) {
                let group = Controller { name, path: entry.path() };
                for pid in fs::read_to_string(group.path.join("cgroup.procs")).unwrap_or_default().lines() {
                    let pid = pid.parse().ok().and_then(Pid::from_raw);
                    let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
                }
            }
        }
    }
}

impl Drop for Controllers {
    fn drop(&mut self) {
        for (_, path) in &self.0 {
            // It stays when another holder of the same directory still has groups in it.
            let _ = fs::remove_dir(path);
        }
    }
}

impl Group for Controller {
    fn entrance(&self) -> io::Result<OwnedFd> {
        Ok(OpenOptions::new().write(true).open(self.path.join("cgroup.procs"))?.into())
    }

    fn limit(&self, limits: &ResourceLimits) -> io::Result<Vec<&'static str>> {
        let set = |file: &str, value: String| fs::write(self.path.join(file), value);
        match (self.name, limits.memory, limits.processors) {
            ("memory", Some(bytes), _) => {
                set("memory.limit_in_bytes", bytes.to_string())?;
                // Memory and swap together; not every kernel counts swap.
                let _ = set("memory.memsw.limit_in_bytes", bytes.to_string());
                Ok(vec!["memory"])
            }
            ("pids", ..) => set("pids.max", limits.processes.to_string()).map(|()| vec!["processes"]),
            ("cpu", _, Some(processors)) => {
                set("cpu.cfs_quota_us", format!("{:.0}", processors * PERIOD)).map(|()| vec!["processors"])
            }
            _ => Ok(Vec::new()),
        }
    }

    fn memory_kills(&self) -> u64 {
        if self.name == "memory" { count(&self.path.join("memory.oom_control"), "oom_kill ") } else { 0 }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        remove_or_warn(&self.path);
    }
}
