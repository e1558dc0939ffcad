//! Directories that are kept between tasks.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use base::Clock;
use protocol::time::Timestamp;
use rustix::fs::{CWD, renameat};

use crate::{files::Directory, payload::Payload};

/// The caches of one worker. Two tasks never share a directory: the second gets a new one.
#[derive(Clone)]
pub(crate) struct Caches(Arc<Store>);

struct Store {
    root: PathBuf,
    free: Mutex<HashMap<String, Vec<StoredCache>>>,
    next: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// An unused cache. Its file name is `<key>.<number>.<milliseconds since 1970>`.
struct StoredCache {
    path: PathBuf,
    /// When it was created empty.
    created: Timestamp,
}

/// A cache in a task directory. When dropped it is returned to the store, or discarded.
pub(crate) struct MountedCache {
    pub(crate) name: String,
    pub(crate) is_new: bool,
    created: Timestamp,
    parent: Directory,
    file: OsString,
    discard: AtomicBool,
    store: Arc<Store>,
}

impl Caches {
    /// Finds the caches of earlier workers below `root`.
    pub(crate) fn open(root: PathBuf, clock: Arc<dyn Clock>) -> io::Result<Self> {
        DirBuilder::new().mode(0o700).recursive(true).create(&root)?;
        fs::set_permissions(&root, fs::Permissions::from_mode(0o700))?;
        let mut free: HashMap<String, Vec<StoredCache>> = HashMap::new();
        let mut next = 0;
        for entry in fs::read_dir(&root)?.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some((key, rest)) = file.split_once('.') {
                let (number, created) = rest.split_once('.').unwrap_or((rest, ""));
                next = next.max(number.parse().unwrap_or(0) + 1);
                // A cache without an age counts as old.
                let created = created.parse().ok().and_then(Timestamp::from_timestamp_millis).unwrap_or_default();
                free.entry(key.to_owned()).or_default().push(StoredCache { path: entry.path(), created });
            }
        }
        Ok(Self(Arc::new(Store { root, free: Mutex::new(free), next: AtomicU64::new(next), clock })))
    }

    /// Moves a cache of this name into `parent`, or makes an empty directory there when none is free. It belongs to the
    /// task then.
    pub(crate) fn mount(&self, name: &str, parent: &Directory, file: &OsStr) -> io::Result<MountedCache> {
        let free = self.take_usable(name, parent);
        match &free {
            Some(kept) => renameat(CWD, &kept.path, parent.fd(), file)?,
            None => parent.make(&[file.to_owned()]).map(drop)?,
        }
        Ok(MountedCache {
            name: name.to_owned(),
            is_new: free.is_none(),
            created: free.map_or_else(|| self.0.clock.now(), |kept| kept.created),
            parent: parent.clone(),
            file: file.to_owned(),
            discard: AtomicBool::new(false),
            store: self.0.clone(),
        })
    }

    /// Discards caches that cannot be given to another task, for example because of files of other users.
    fn take_usable(&self, name: &str, parent: &Directory) -> Option<StoredCache> {
        loop {
            let kept = self.0.lock().get_mut(&key(name)).and_then(Vec::pop)?;
            let given = Directory::open(&kept.path, None).and_then(|directory| directory.give_to(parent));
            match given {
                Ok(()) => return Some(kept),
                Err(error) => {
                    tracing::warn!(cache.name = name, %error, "unusable cache discarded");
                    let _ = fs::remove_dir_all(&kept.path);
                }
            }
        }
    }

    /// Discards those of this name that were created at this time or before; returns their number. One that a task is using is
    /// discarded by a later purge.
    pub(crate) fn purge(&self, name: &str, before: Timestamp) -> usize {
        let purged: Vec<StoredCache> = match self.0.lock().get_mut(&key(name)) {
            Some(kept) => kept.extract_if(.., |kept| kept.created <= before).collect(),
            None => Vec::new(),
        };
        // A cache that cannot be removed is not used until the next start, and still has its age then.
        for kept in &purged {
            let _ = fs::remove_dir_all(&kept.path);
        }
        purged.len()
    }
}

impl MountedCache {
    pub(crate) fn state(&self) -> &'static str {
        if self.is_new { "new" } else { "used before" }
    }

    /// Discards the cache if the payload says so for this exit code.
    pub(crate) fn discard_on(&self, payload: &Payload, code: i32) {
        if payload.on_exit_status.purge_caches.contains(&code) {
            self.discard.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for MountedCache {
    fn drop(&mut self) {
        if !self.discard.load(Ordering::Relaxed) {
            self.store.return_cache(self);
        }
    }
}

impl Store {
    /// A directory that cannot be moved is removed with the task directory. One that the task has
    /// replaced by something else is not kept.
    fn return_cache(&self, cache: &MountedCache) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (name, created) = (&cache.name, cache.created);
        let path = self.root.join(format!("{}.{number}.{}", key(name), created.timestamp_millis()));
        if renameat(cache.parent.fd(), &cache.file, CWD, &path).is_err() {
            return;
        }
        if Directory::open(&path, None).is_ok() {
            self.lock().entry(key(name)).or_default().push(StoredCache { path, created });
        } else {
            let _ = fs::remove_file(path);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<StoredCache>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Encoded, because the name of a cache may have any characters.
fn key(name: &str) -> String {
    hex::encode(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base::TestClock;
    use chrono::TimeDelta;

    use super::*;

    /// Mounts into a directory of that path, as a mount of that path does.
    fn mount(caches: &Caches, name: &str, target: &Path) -> MountedCache {
        let parent = Directory::open(target.parent().unwrap(), None).unwrap();
        caches.mount(name, &parent, target.file_name().unwrap()).unwrap()
    }

    fn open(root: PathBuf, clock: &TestClock) -> Caches {
        Caches::open(root, Arc::new(clock.clone())).unwrap()
    }

    #[test]
    fn a_cache_is_found_again_as_it_was_left_even_by_the_next_worker() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let first = mount(&open(root.clone(), &TestClock::default()), "a/b", &target);
        assert!(first.is_new);
        fs::write(target.join("kept"), "yes").unwrap();
        drop(first);

        let again = mount(&open(root, &TestClock::default()), "a/b", &target);

        assert!(!again.is_new);
        assert_eq!(fs::read_to_string(target.join("kept")).unwrap(), "yes");
    }

    #[test]
    fn two_tasks_never_share_a_cache() {
        let directory = tempfile::tempdir().unwrap();
        let caches = open(directory.path().join("caches"), &TestClock::default());
        drop(mount(&caches, "x", &directory.path().join("one")));
        let first = mount(&caches, "x", &directory.path().join("one"));
        let second = mount(&caches, "x", &directory.path().join("two"));
        assert!(!first.is_new && second.is_new);
    }
    #[test]
    fn a_purge_takes_what_is_older_even_what_an_earlier_worker_left() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let clock = TestClock::default();
        let made = clock.now();
        drop(mount(&open(root.clone(), &clock), "a", &target));
        clock.advance(TimeDelta::hours(1));

        let caches = open(root.clone(), &clock);
        assert_eq!(caches.purge("a", made - TimeDelta::seconds(1)), 0);
        assert_eq!(caches.purge("b", clock.now()), 0);
        assert_eq!(caches.purge("a", clock.now()), 1);
        assert_eq!(fs::read_dir(root).unwrap().count(), 0);

        clock.advance(TimeDelta::seconds(1));
        let purged = clock.now() - TimeDelta::seconds(1);
        let fresh = mount(&caches, "a", &target);
        assert!(fresh.is_new);
        drop(fresh);
        assert_eq!(caches.purge("a", purged), 0);
        assert!(!mount(&caches, "a", &target).is_new);
    }

    #[test]
    fn a_cache_that_became_a_link_is_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let caches = open(root, &TestClock::default());
        let first = mount(&caches, "a", &target);
        fs::remove_dir(&target).unwrap();
        std::os::unix::fs::symlink("/etc", &target).unwrap();
        drop(first);
        let next = mount(&caches, "a", &target);
        assert!(next.is_new);
        assert!(fs::symlink_metadata(target).unwrap().is_dir());
    }
}
