//! A control group (version 2) per run: what a task starts stays in it, whatever it does, and is ended as a whole.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// Where version 2 is mounted: alone, or beside version 1.
const MOUNTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// The group of a worker, below the one it was started in. It holds no processes, only the groups of runs.
#[derive(Debug)]
pub(super) struct CgroupParent(PathBuf);

/// The group of one run; removed when dropped.
#[derive(Debug)]
pub(crate) struct Cgroup(PathBuf);

impl CgroupParent {
    /// `None` where there is no version 2, or this process may not make groups in it.
    pub(super) fn open(work_dir: &Path) -> Option<Self> {
        let mount = MOUNTS.map(Path::new).into_iter().find(|mount| mount.join("cgroup.controllers").exists())?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
        // The same directory gives the same name, so that the next worker in it finds what the last one left.
        let mark = hex::encode(&Sha256::digest(work_dir.as_os_str().as_encoded_bytes())[..8]);
        let path = mount.join(own).join(format!("drover-worker-{mark}"));
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                tracing::debug!(%error, path = %path.display(), "no control group can be made");
                None
            }
            // Kernels before 5.14 cannot end a group as a whole.
            _ => path.join("cgroup.kill").exists().then_some(Self(path)),
        }
    }

    pub(super) fn create(&self, name: &str) -> io::Result<Cgroup> {
        let path = self.0.join(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Cgroup(path)),
        }
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

impl Drop for CgroupParent {
    fn drop(&mut self) {
        // It stays when another holder of the same directory still has groups in it.
        let _ = fs::remove_dir(&self.0);
    }
}

impl Cgroup {
    /// A process that writes `0` to this joins the group.
    pub(super) fn entrance(&self) -> io::Result<OwnedFd> {
        Ok(OpenOptions::new().write(true).open(self.0.join("cgroup.procs"))?.into())
    }

    /// Ends all processes of the group at once; how many there were.
    pub(super) async fn end_all(&self) -> io::Result<usize> {
        let count = fs::read_to_string(self.0.join("cgroup.procs"))?.lines().count();
        if count == 0 && !self.is_populated()? {
            return Ok(0);
        }
        File::options().write(true).open(self.0.join("cgroup.kill")).and_then(|mut file| {
            use io::Write;
            file.write_all(b"1")
        })?;
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
        if let Err(error) = remove(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "a control group could not be removed");
        }
    }
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
