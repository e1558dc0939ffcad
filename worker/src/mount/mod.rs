//! Putting files, directories and caches into the task directory.

mod cache;
mod fetch;
mod purge;
mod unpack;

use std::{
    io,
    path::{Path, PathBuf},
};

use protocol::id::{TaskId, TaskQueueId};

pub(crate) use self::cache::{Borrowed, Caches};
use crate::{
    client::Client,
    log::TaskLog,
    payload::{Content, Mount, MountKind, Source},
    transfer::TransferError,
};

/// Who mounts what where.
pub(crate) struct Mounter<'a> {
    pub(crate) client: Client,
    /// With the worker's own credentials.
    pub(crate) worker: &'a Client,
    pub(crate) pool: &'a TaskQueueId,
    pub(crate) task_directory: &'a Path,
    pub(crate) task_id: TaskId,
    pub(crate) dependencies: &'a [String],
    pub(crate) scopes: &'a [String],
    pub(crate) caches: &'a Caches,
    pub(crate) log: &'a TaskLog,
}

/// Why something could not be mounted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MountError {
    #[error("{0}")]
    Payload(String),
    #[error("{0} could not be fetched")]
    Fetch(String, #[source] TransferError),
    #[error("the content of {place} has the sha256 {found}, but {expected} was expected")]
    Hash { place: String, found: String, expected: String },
    #[error("the content of {0} could not be unpacked: {1}")]
    Unpack(String, String),
    #[error("{0} could not be made")]
    File(String, #[source] io::Error),
}

impl MountError {
    /// The task itself has to be mended; running it again would not help.
    pub(crate) fn blames_payload(&self) -> bool {
        match self {
            Self::Payload(_) | Self::Hash { .. } | Self::Unpack(..) => true,
            Self::Fetch(_, error) => !error.is_passing(),
            Self::File(..) => false,
        }
    }

    pub(crate) fn in_full(&self) -> String {
        match self {
            Self::Fetch(_, error) => format!("{self}: {}", error.in_full()),
            Self::File(_, error) => format!("{self}: {error}"),
            _ => self.to_string(),
        }
    }
}

impl Mounter<'_> {
    /// Mounts one after the other. The caches go back to their shelf when what this returns is dropped.
    pub(crate) async fn mount_all(&self, mounts: &[Mount]) -> Result<Vec<Borrowed>, MountError> {
        self.heed_purges(mounts).await?;
        let mut borrowed = Vec::new();
        for mount in mounts {
            self.allowed(mount)?;
            borrowed.extend(self.mount(mount).await?);
        }
        Ok(borrowed)
    }

    async fn mount(&self, mount: &Mount) -> Result<Option<Borrowed>, MountError> {
        let target = self.task_directory.join(&mount.path);
        let broken = |error| MountError::File(format!("`{}`", mount.path), error);
        std::fs::create_dir_all(target.parent().unwrap_or(self.task_directory)).map_err(broken)?;
        match &mount.kind {
            MountKind::File(content) => {
                let fetched = self.fetch(content, &target).await?;
                let format = mount.format.as_deref();
                unpack::file(&target, format).await.map_err(|why| MountError::Unpack(mount.path.clone(), why))?;
                self.log.say(format!("mounted file {} from {fetched}", mount.path));
                Ok(None)
            }
            MountKind::Directory(content) => {
                std::fs::create_dir_all(&target).map_err(broken)?;
                self.fill(mount, content, &target).await?;
                Ok(None)
            }
            MountKind::Cache { name, first } => {
                let borrowed = self.caches.borrow(name, &target).map_err(broken)?;
                self.log.say(format!("mounted cache {name} ({}) at {}", borrowed.state(), mount.path));
                if let (true, Some(content)) = (borrowed.is_new, first) {
                    self.fill(mount, content, &target).await?;
                }
                Ok(Some(borrowed))
            }
        }
    }

    async fn fill(&self, mount: &Mount, content: &Content, directory: &Path) -> Result<(), MountError> {
        let archive = archive_beside(directory);
        let fetched = self.fetch(content, &archive).await?;
        let unpacked = unpack::archive(&archive, mount.format.as_deref().unwrap_or("tar"), directory).await;
        let _ = std::fs::remove_file(&archive);
        unpacked.map_err(|why| MountError::Unpack(mount.path.clone(), why))?;
        self.log.say(format!("mounted directory {} from {fetched}", mount.path));
        Ok(())
    }

    /// The artifact of a task that is not a dependency might not be there yet; a cache is guarded by a scope.
    fn allowed(&self, mount: &Mount) -> Result<(), MountError> {
        if let Some(Source::Artifact { task_id, .. }) = mount.content().map(|content| &content.source) {
            let known = *task_id == self.task_id || self.dependencies.contains(&task_id.to_string());
            if !known {
                let text = format!("`{}` comes from task {task_id}: add it to `dependencies`", mount.path);
                return Err(MountError::Payload(text));
            }
        }
        if let MountKind::Cache { name, .. } = &mount.kind {
            let needed = format!("generic-worker:cache:{name}");
            if !self.scopes.iter().any(|scope| covers(scope, &needed)) {
                return Err(MountError::Payload(format!("cache `{name}`: add `{needed}` to the task's `scopes`")));
            }
        }
        Ok(())
    }
}

/// A scope that ends in `*` covers all that begin alike.
fn covers(scope: &str, needed: &str) -> bool {
    scope == needed || scope.strip_suffix('*').is_some_and(|start| needed.starts_with(start))
}

fn archive_beside(directory: &Path) -> PathBuf {
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push(".archive");
    directory.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_covers_what_begins_alike() {
        assert!(covers("generic-worker:cache:*", "generic-worker:cache:cargo"));
        assert!(covers("generic-worker:cache:cargo", "generic-worker:cache:cargo"));
        assert!(!covers("generic-worker:cache:car", "generic-worker:cache:cargo"));
    }
}
