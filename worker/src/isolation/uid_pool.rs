//! A range of user ids, one for each task that runs on this machine.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base::Rng;
use rustix::fs::OFlags;

use super::{IsolationError, IsolationSettings, end::end_processes_of};

/// The uids of a range. A lock on a file decides who has which, across all workers of the machine.
pub(super) struct UidPool {
    first: u32,
    count: u32,
    lock_dir: PathBuf,
    rng: Rng,
}

/// A user that one task has for itself, as long as this lives. The group has the same number.
#[derive(Debug)]
pub(crate) struct TaskUser {
    pub(crate) uid: u32,
    _lock: File,
}

impl UidPool {
    pub(super) fn open(settings: &IsolationSettings, rng: Rng) -> Result<Self, IsolationError> {
        let lock_dir = settings.lock_dir.clone();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&lock_dir);
        made.map_err(|error| IsolationError::Locks(lock_dir.display().to_string(), error))?;
        Ok(Self { first: settings.first_uid.max(1), count: settings.uid_count.max(1), lock_dir, rng })
    }

    /// A uid that nobody has and that no process runs as. The search begins anywhere in the range, so that a uid is
    /// seldom used twice in a short time.
    pub(super) async fn take(&self) -> io::Result<TaskUser> {
        let start = u32::try_from(self.rng.range(0..u64::from(self.count))).unwrap_or_default();
        for step in 0..self.count {
            let uid = self.first + (start + step) % self.count;
            let Some(user) = self.lock(uid)? else { continue };
            // An earlier worker may have been killed before it could end them.
            match end_processes_of(uid).await {
                Ok(_) => return Ok(user),
                Err(error) => tracing::error!(task.uid = uid, %error, "a task uid is not used"),
            }
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, "all uids for tasks are in use: enlarge --task-uid-count"))
    }

    /// Ends what runs as the owner of a directory below `tasks/*/`, unless another worker has that uid now.
    pub(super) async fn end_owners_of(&self, task_directories: &Path) {
        for entry in fs::read_dir(task_directories).into_iter().flatten().flatten() {
            let Ok(metadata) = fs::symlink_metadata(entry.path().join("task")) else { continue };
            let uid = metadata.uid();
            if !(self.first..self.first.saturating_add(self.count)).contains(&uid) {
                continue;
            }
            if let Ok(Some(_user)) = self.lock(uid) {
                match end_processes_of(uid).await {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(task.uid = uid, count, "ended processes that an earlier worker left"),
                    Err(error) => tracing::error!(task.uid = uid, %error, "processes of an earlier worker live on"),
                }
            }
        }
    }

    fn lock(&self, uid: u32) -> io::Result<Option<TaskUser>> {
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let path = self.lock_dir.join(uid.to_string());
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(TaskUser { uid, _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_pools_over_the_same_directory_never_give_the_same_uid() {
        let directory = tempfile::tempdir().unwrap();
        let settings = IsolationSettings {
            first_uid: 3_999_000_000,
            uid_count: 2,
            lock_dir: directory.path().join("uids"),
            ..IsolationSettings::default()
        };
        let open = |seed| UidPool::open(&settings, Rng::seeded(seed)).unwrap();
        let (one, other) = (open(1), open(2));
        let (first, second) = (one.take().await.unwrap(), other.take().await.unwrap());
        assert_ne!(first.uid, second.uid);
        assert_eq!(one.take().await.unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        let freed = first.uid;
        drop(first);
        assert_eq!(other.take().await.unwrap().uid, freed);
    }
}
