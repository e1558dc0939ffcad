//! How tasks are kept apart from the worker, from one another and from what comes after them.

mod cgroup;
mod confinement;
mod end;
mod marked;
mod probe;
mod uid_pool;

use std::{io, path::Path, path::PathBuf};

use base::Rng;
use rustix::process::geteuid;

#[cfg(test)]
pub(crate) use self::marked::marked;
use self::{cgroup::CgroupParent, uid_pool::UidPool};
pub(crate) use self::{
    confinement::{Confinement, Owner},
    marked::end_marked,
    uid_pool::TaskUser,
};

/// Whether tasks run as another user than the worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IsolationMode {
    /// As users of their own when the worker runs as root, else as the worker's user.
    #[default]
    Auto,
    /// As users of their own; where that cannot be, the worker does not start.
    User,
    /// As the worker's own user, also when the worker runs as root.
    None,
}

/// The users that tasks run as.
#[derive(Debug, Clone)]
pub struct IsolationSettings {
    pub mode: IsolationMode,
    /// The first uid, and gid, of the range. Nobody else may use the range.
    pub first_uid: u32,
    /// How many uids there are: at least as many as tasks run on the machine at the same time.
    pub uid_count: u32,
    /// A directory with a lock file per uid, the same one for all workers of a machine that share the range.
    pub lock_dir: PathBuf,
}

impl Default for IsolationSettings {
    fn default() -> Self {
        Self {
            mode: IsolationMode::Auto,
            first_uid: 400_000,
            uid_count: 1_000,
            lock_dir: PathBuf::from("/run/drover/task-uids"),
        }
    }
}

/// Why tasks cannot be isolated as asked.
#[derive(Debug, thiserror::Error)]
pub enum IsolationError {
    #[error(
        "tasks cannot run as users of their own, since this worker does not run as root: start it as root, or say that \
         they may run as its own user (--isolation none)"
    )]
    NotRoot,
    #[error("the directory {0} for the locks of task uids cannot be used: name another one (--task-uid-lock-dir)")]
    Locks(String, #[source] io::Error),
    #[error(
        "a process with uid {uid} cannot be started in {directory}: every folder above it must let others pass (chmod \
         o+x), and the range of uids must exist (--task-uid-base); or say that tasks may run as the worker's own user \
         (--isolation none)"
    )]
    Probe { uid: u32, directory: String, source: io::Error },
}

/// What this worker can do to keep tasks apart.
pub(crate) struct Isolation {
    uids: Option<UidPool>,
    groups: Option<CgroupParent>,
}

impl Isolation {
    /// Tries what the settings ask for with a real process in `directory`.
    pub(crate) async fn open(settings: &IsolationSettings, directory: &Path, rng: Rng) -> Result<Self, IsolationError> {
        let uids = match (settings.mode, geteuid().is_root()) {
            (IsolationMode::None, _) | (IsolationMode::Auto, false) => None,
            (IsolationMode::User, false) => return Err(IsolationError::NotRoot),
            (IsolationMode::Auto | IsolationMode::User, true) => Some(UidPool::open(settings, rng)?),
        };
        let mut isolation = Self { uids, groups: CgroupParent::open(directory) };
        isolation.probe(directory).await?;
        isolation.tell();
        Ok(isolation)
    }

    /// What a run of this name gets for itself.
    pub(crate) async fn for_run(&self, name: &str) -> io::Result<Confinement> {
        let user = match &self.uids {
            Some(uids) => Some(uids.take().await?),
            None => None,
        };
        let group = self.groups.as_ref().map(|groups| groups.create(name)).transpose()?;
        Ok(Confinement::new(user, group))
    }

    /// Ends what the tasks of an earlier worker in this directory left running.
    pub(crate) async fn end_leftovers(&self, task_directories: &Path) {
        if let Some(groups) = &self.groups {
            groups.clear().await;
        }
        if let Some(uids) = &self.uids {
            uids.end_owners_of(task_directories).await;
        }
    }

    /// Whether tasks run as other users than the worker.
    pub(crate) fn has_users(&self) -> bool {
        self.uids.is_some()
    }

    /// What is not protected, a sentence each; empty when tasks have users of their own.
    pub(crate) fn gaps(&self) -> Vec<&'static str> {
        let mut gaps = Vec::new();
        if self.uids.is_none() {
            gaps.push("tasks run as the worker's own user: they can read its files and those of other tasks");
            gaps.push("tasks can end the worker and each other");
            if self.groups.is_none() {
                gaps.push("a process that leaves its group and clears its environment can outlive its task");
            }
        }
        gaps
    }

    fn tell(&self) {
        let (users, groups) = (self.uids.is_some(), self.groups.is_some());
        tracing::info!(isolation.users = users, isolation.cgroups = groups, "isolation of tasks");
        let gaps = self.gaps();
        if !gaps.is_empty() {
            tracing::warn!(gaps = gaps.join("; "), "tasks are not isolated; run the worker as root to isolate them");
        }
    }
}
