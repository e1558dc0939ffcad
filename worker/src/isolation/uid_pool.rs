//! Ranges of user ids, one id or range of ids for each task that runs on this machine.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    ops::Range,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base::Rng;
use rustix::fs::OFlags;
use sandbox::CONTAINER_IDS;

use super::{IsolationError, IsolationSettings, end::end_processes_of};

/// The uids of a range. A lock on a file decides who has which, across all workers of the machine.
pub(super) struct UidPool {
    first: u32,
    count: u32,
    /// How many uids each task gets.
    size: u32,
    lock_dir: PathBuf,
    rng: Rng,
}

/// Users that one task has for itself, as long as this lives. Groups have the same numbers.
#[derive(Debug)]
pub(crate) struct TaskUser {
    /// The first, and mostly the only one.
    pub(crate) uid: u32,
    pub(crate) count: u32,
    _lock: File,
}

impl TaskUser {
    pub(super) fn uids(&self) -> Range<u32> {
        self.uid..self.uid.saturating_add(self.count)
    }
}

impl UidPool {
    /// A uid for each task.
    pub(super) fn open(settings: &IsolationSettings, rng: Rng) -> Result<Self, IsolationError> {
        Self::of_ranges(settings, (settings.first_uid.max(1), settings.uid_count, 1), rng)
    }

    /// As many uids for each task as a container has.
    pub(super) fn open_for_containers(settings: &IsolationSettings, rng: Rng) -> Result<Self, IsolationError> {
        let first = settings.first_container_uid;
        if first < CONTAINER_IDS || !first.is_multiple_of(CONTAINER_IDS) {
            return Err(IsolationError::ContainerUids(first));
        }
        // Numbers from 2 to the power of 31 on are negative for some programs.
        let room = (i32::MAX.cast_unsigned() - first.min(i32::MAX.cast_unsigned())) / CONTAINER_IDS;
        Self::of_ranges(settings, (first, settings.container_count.min(room), CONTAINER_IDS), rng)
    }

    fn of_ranges(
        settings: &IsolationSettings,
        (first, count, size): (u32, u32, u32),
        rng: Rng,
    ) -> Result<Self, IsolationError> {
        let lock_dir = settings.lock_dir.clone();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&lock_dir);
        made.map_err(|error| IsolationError::Locks(lock_dir.display().to_string(), error))?;
        Ok(Self { first, count: count.max(1), size, lock_dir, rng })
    }

    /// A uid that nobody has and that no process runs as. The search begins anywhere in the range, so that a uid is
    /// seldom used twice in a short time.
    pub(super) async fn take(&self) -> io::Result<TaskUser> {
        let start = u32::try_from(self.rng.range(0..u64::from(self.count))).unwrap_or_default();
        for step in 0..self.count {
            let uid = self.first + (start + step) % self.count * self.size;
            let Some(user) = self.lock(uid)? else { continue };
            // An earlier worker may have been killed before it could end them.
            match end_processes_of(user.uids()).await {
                Ok(_) => return Ok(user),
                Err(error) => tracing::error!(task.uid = uid, %error, "a task uid is not used"),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "all uids for tasks are in use: enlarge --task-uid-count, or --container-uid-ranges",
        ))
    }

    /// Ends what runs as the owner of a directory below `tasks/*/`, unless another worker has that uid now.
    pub(super) async fn end_owners_of(&self, task_directories: &Path) {
        for entry in fs::read_dir(task_directories).into_iter().flatten().flatten() {
            let Ok(metadata) = fs::symlink_metadata(entry.path().join("task")) else { continue };
            let uid = metadata.uid();
            if !(self.first..self.first.saturating_add(self.count * self.size)).contains(&uid) {
                continue;
            }
            if let Ok(Some(user)) = self.lock(uid) {
                match end_processes_of(user.uids()).await {
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
            Ok(()) => Ok(Some(TaskUser { uid, count: self.size, _lock: file })),
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

    #[tokio::test]
    async fn ranges_of_containers_do_not_overlap_and_begin_where_they_are_known_by_their_number() {
        let directory = tempfile::tempdir().unwrap();
        let settings = |first| IsolationSettings {
            first_container_uid: first,
            container_count: 2,
            lock_dir: directory.path().join("uids"),
            ..IsolationSettings::default()
        };
        let pool = UidPool::open_for_containers(&settings(0x7ff0_0000), Rng::seeded(1)).unwrap();
        let (one, other) = (pool.take().await.unwrap(), pool.take().await.unwrap());
        let mut firsts = [one.uid, other.uid];
        firsts.sort_unstable();
        assert_eq!(firsts, [0x7ff0_0000, 0x7ff1_0000]);
        assert!(pool.take().await.is_err());
        for first in [0, 1, 0x10001] {
            assert!(UidPool::open_for_containers(&settings(first), Rng::seeded(1)).is_err(), "{first}");
        }
    }
}
