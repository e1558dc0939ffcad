//! A control group of version 2 per run. Its kernels can end all processes of a group at once.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    group::{Group, count, make, own_path, remove_or_warn},
    limits::ResourceLimits,
};

/// Where version 2 is mounted: alone, or beside version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
/// Of `cpu.max`, in microseconds.
const PERIOD: f64 = 100_000.0;
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// The group of a worker, below the one it was started in. It holds no processes, only the groups of runs.
#[derive(Debug)]
pub(super) struct CgroupParent(PathBuf);

/// The group of one run; removed when dropped.
#[derive(Debug)]
pub(super) struct Cgroup(PathBuf);

impl CgroupParent {
    /// `None` where there is no version 2, or this process may not make groups in it.
    pub(super) fn open(name: &str) -> Option<Self> {
        let mount = MOUNTS.map(Path::new).into_iter().find(|mount| mount.join("cgroup.controllers").exists())?;
        let own = mount.join(own_path(|number, controllers| number == "0" && controllers.is_empty())?);
        let path = own.join(name);
        if let Err(error) = make(&path) {
            tracing::debug!(%error, path = %path.display(), "no control group can be made");
            return None;
        }
        // Kernels before 5.14 cannot end a group as a whole.
        path.join("cgroup.kill").exists().then_some(())?;
        delegate(&own, &path);
        Some(Self(path))
    }

    pub(super) fn create(&self, name: &str) -> io::Result<Cgroup> {
        let path = self.0.join(name);
        make(&path).map(|()| Cgroup(path))
    }

    /// Ends what is in groups of runs that an earlier worker left.
    pub(super) async fn clear(&self) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if !entry.path().is_dir() {
                continue;
            }
            if let Err(error) = Cgroup(entry.path()).end_all().await {
                tracing::error!(%error, path = %entry.path().display(), "a control group could not be emptied");
            }
        }
    }
}

/// Hands the controllers down, as far as they are there. The kernel allows it only to groups without processes of their own, so
/// this process first goes into one below its own, where it was given that for itself (`Delegate=yes` of systemd).
fn delegate(own: &Path, parent: &Path) {
    let present = fs::read_to_string(own.join("cgroup.controllers")).unwrap_or_default();
    let wanted = CONTROLLERS.into_iter().filter(|name| present.split_whitespace().any(|it| it == *name));
    let words: Vec<String> = wanted.map(|name| format!("+{name}")).collect();
    if words.is_empty() {
        return;
    }
    let hand_down = |group: &Path| fs::write(group.join("cgroup.subtree_control"), words.join(" "));
    let handed = hand_down(own).or_else(|_| {
        let leaf = own.join("drover-worker");
        make(&leaf)?;
        fs::write(leaf.join("cgroup.procs"), "0")?;
        hand_down(own)
    });
    if let Err(error) = handed.and_then(|()| hand_down(parent)) {
        tracing::debug!(%error, path = %own.display(), "control groups do not limit anything here");
    }
}

impl Drop for CgroupParent {
    fn drop(&mut self) {
        // It stays when another holder of the same directory still has groups in it.
        let _ = fs::remove_dir(&self.0);
    }
}

impl Group for Cgroup {
    fn entrance(&self) -> io::Result<OwnedFd> {
        Ok(OpenOptions::new().write(true).open(self.0.join("cgroup.procs"))?.into())
    }

    fn limit(&self, limits: &ResourceLimits) -> io::Result<Vec<&'static str>> {
        let quota = limits.processors.map(|processors| format!("{:.0} {PERIOD:.0}", processors * PERIOD));
        let bytes = limits.memory.map(|bytes| bytes.to_string());
        let mut held = Vec::new();
        for (file, value, name) in [
            ("memory.max", bytes.clone(), "memory"),
            ("memory.swap.max", bytes.as_ref().map(|_| "0".to_owned()), ""),
            ("memory.oom.group", bytes.map(|_| "1".to_owned()), ""),
            ("pids.max", Some(limits.processes.to_string()), "processes"),
            ("cpu.max", quota, "processors"),
        ] {
            let (path, Some(value)) = (self.0.join(file), value) else { continue };
            if path.exists() {
                fs::write(path, value)?;
                held.push(name);
            }
        }
        held.retain(|name| !name.is_empty());
        Ok(held)
    }

    fn memory_kills(&self) -> u64 {
        count(&self.0.join("memory.events"), "oom_kill ")
    }
}

impl Cgroup {
    /// Ends all processes of the group at once; how many there were.
    pub(super) async fn end_all(&self) -> io::Result<usize> {
        let count = fs::read_to_string(self.0.join("cgroup.procs"))?.lines().count();
        if count == 0 && !self.is_populated()? {
            return Ok(0);
        }
        File::options().write(true).open(self.0.join("cgroup.kill")).and_then(|mut file| file.write_all(b"1"))?;
        let deadline = Instant::now() + LIMIT;
        while self.is_populated()? {
            if Instant::now() > deadline {
                return Err(io::Error::other("processes of the control group could not be ended"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(count)
    }

    fn is_populated(&self) -> io::Result<bool> {
        let events = fs::read_to_string(self.0.join("cgroup.events"))?;
        Ok(events.lines().any(|line| line == "populated 1"))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        remove_or_warn(&self.0);
    }
}
