//! Directories that live longer than a task.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use base::Clock;
use protocol::time::Timestamp;

use crate::{artifact::hex, payload::Payload};

/// The caches of one worker. Two tasks never share a directory: the second gets a new one.
#[derive(Clone)]
pub(crate) struct Caches(Arc<Shelf>);

struct Shelf {
    root: PathBuf,
    free: Mutex<HashMap<String, Vec<Kept>>>,
    next: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// A cache on the shelf. Its file name is `<key>.<number>.<milliseconds since 1970>`.
struct Kept {
    path: PathBuf,
    /// When it was empty.
    created: Timestamp,
}

/// A cache in a task directory. It goes back to the shelf when dropped, or is thrown away.
pub(crate) struct Borrowed {
    pub(crate) name: String,
    pub(crate) is_new: bool,
    created: Timestamp,
    target: PathBuf,
    discard: AtomicBool,
    shelf: Arc<Shelf>,
}

impl Caches {
    /// Finds what earlier workers left below `root`.
    pub(crate) fn open(root: PathBuf, clock: Arc<dyn Clock>) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        let mut free: HashMap<String, Vec<Kept>> = HashMap::new();
        let mut next = 0;
        for entry in fs::read_dir(&root)?.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some((key, rest)) = file.split_once('.') {
                let (number, created) = rest.split_once('.').unwrap_or((rest, ""));
                next = next.max(number.parse().unwrap_or(0) + 1);
                // One that does not tell its age counts as old.
                let created = created.parse().ok().and_then(Timestamp::from_timestamp_millis).unwrap_or_default();
                free.entry(key.to_owned()).or_default().push(Kept { path: entry.path(), created });
            }
        }
        Ok(Self(Arc::new(Shelf { root, free: Mutex::new(free), next: AtomicU64::new(next), clock })))
    }

    /// Moves a cache of this name to `target`, or makes an empty directory there when none is free.
    pub(crate) fn borrow(&self, name: &str, target: &Path) -> io::Result<Borrowed> {
        let free = self.0.lock().get_mut(&key(name)).and_then(Vec::pop);
        match &free {
            Some(kept) => fs::rename(&kept.path, target)?,
            None => fs::create_dir_all(target)?,
        }
        Ok(Borrowed {
            name: name.to_owned(),
            is_new: free.is_none(),
            created: free.map_or_else(|| self.0.clock.now(), |kept| kept.created),
            target: target.to_owned(),
            discard: AtomicBool::new(false),
            shelf: self.0.clone(),
        })
    }

    /// Throws away those of this name that are as old as this, or older; how many. One that a task has in hand is
    /// met again when it is back.
    pub(crate) fn purge(&self, name: &str, before: Timestamp) -> usize {
        let purged: Vec<Kept> = match self.0.lock().get_mut(&key(name)) {
            Some(kept) => kept.extract_if(.., |kept| kept.created <= before).collect(),
            None => Vec::new(),
        };
        // What cannot be removed is off the shelf all the same until the next start, when it is as old as it was.
        for kept in &purged {
            let _ = fs::remove_dir_all(&kept.path);
        }
        purged.len()
    }
}

impl Borrowed {
    pub(crate) fn state(&self) -> &'static str {
        if self.is_new { "new" } else { "used before" }
    }

    /// Throws the cache away if the payload says so for this exit code.
    pub(crate) fn judge(&self, payload: &Payload, code: i32) {
        if payload.on_exit_status.purge_caches.contains(&code) {
            self.discard.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.discard.load(Ordering::Relaxed) {
            self.shelf.take_back(&self.name, self.created, &self.target);
        }
    }
}

impl Shelf {
    /// A directory that cannot be moved stays where it is, and goes with the task directory.
    fn take_back(&self, name: &str, created: Timestamp, from: &Path) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{}.{number}.{}", key(name), created.timestamp_millis()));
        if fs::rename(from, &path).is_ok() {
            self.lock().entry(key(name)).or_default().push(Kept { path, created });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Kept>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cache may be called anything; its directory may not.
fn key(name: &str) -> String {
    hex(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use base::TestClock;
    use chrono::TimeDelta;

    use super::*;

    fn open(root: PathBuf, clock: &TestClock) -> Caches {
        Caches::open(root, Arc::new(clock.clone())).unwrap()
    }

    #[test]
    fn a_cache_is_found_again_as_it_was_left_even_by_the_next_worker() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let first = open(root.clone(), &TestClock::default()).borrow("a/b", &target).unwrap();
        assert!(first.is_new);
        fs::write(target.join("kept"), "yes").unwrap();
        drop(first);

        let again = open(root, &TestClock::default()).borrow("a/b", &target).unwrap();

        assert!(!again.is_new);
        assert_eq!(fs::read_to_string(target.join("kept")).unwrap(), "yes");
    }

    #[test]
    fn two_tasks_never_share_a_cache() {
        let directory = tempfile::tempdir().unwrap();
        let caches = open(directory.path().join("caches"), &TestClock::default());
        drop(caches.borrow("x", &directory.path().join("one")).unwrap());
        let first = caches.borrow("x", &directory.path().join("one")).unwrap();
        let second = caches.borrow("x", &directory.path().join("two")).unwrap();
        assert!(!first.is_new && second.is_new);
    }
    #[test]
    fn a_purge_takes_what_is_older_even_what_an_earlier_worker_left() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let clock = TestClock::default();
        let made = clock.now();
        drop(open(root.clone(), &clock).borrow("a", &target).unwrap());
        clock.advance(TimeDelta::hours(1));

        let caches = open(root.clone(), &clock);
        assert_eq!(caches.purge("a", made - TimeDelta::seconds(1)), 0);
        assert_eq!(caches.purge("b", clock.now()), 0);
        assert_eq!(caches.purge("a", clock.now()), 1);
        assert_eq!(fs::read_dir(root).unwrap().count(), 0);

        clock.advance(TimeDelta::seconds(1));
        let purged = clock.now() - TimeDelta::seconds(1);
        let fresh = caches.borrow("a", &target).unwrap();
        assert!(fresh.is_new);
        drop(fresh);
        assert_eq!(caches.purge("a", purged), 0);
        assert!(!caches.borrow("a", &target).unwrap().is_new);
    }
}
