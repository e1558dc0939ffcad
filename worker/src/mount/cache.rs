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

use crate::{artifact::hex, payload::Payload};

/// The caches of one worker. Two tasks never share a directory: the second gets a new one.
#[derive(Clone)]
pub(crate) struct Caches(Arc<Shelf>);

struct Shelf {
    root: PathBuf,
    free: Mutex<HashMap<String, Vec<PathBuf>>>,
    next: AtomicU64,
}

/// A cache in a task directory. It goes back to the shelf when dropped, or is thrown away.
pub(crate) struct Borrowed {
    pub(crate) name: String,
    pub(crate) is_new: bool,
    target: PathBuf,
    discard: AtomicBool,
    shelf: Arc<Shelf>,
}

impl Caches {
    /// Finds what earlier workers left below `root`.
    pub(crate) fn open(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        let mut free: HashMap<String, Vec<PathBuf>> = HashMap::new();
        let mut next = 0;
        for entry in fs::read_dir(&root)?.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some((key, number)) = file.split_once('.') {
                next = next.max(number.parse().unwrap_or(0) + 1);
                free.entry(key.to_owned()).or_default().push(entry.path());
            }
        }
        Ok(Self(Arc::new(Shelf { root, free: Mutex::new(free), next: AtomicU64::new(next) })))
    }

    /// Moves a cache of this name to `target`, or makes an empty directory there when none is free.
    pub(crate) fn borrow(&self, name: &str, target: &Path) -> io::Result<Borrowed> {
        let free = self.0.lock().get_mut(&key(name)).and_then(Vec::pop);
        match &free {
            Some(path) => fs::rename(path, target)?,
            None => fs::create_dir_all(target)?,
        }
        Ok(Borrowed {
            name: name.to_owned(),
            is_new: free.is_none(),
            target: target.to_owned(),
            discard: AtomicBool::new(false),
            shelf: self.0.clone(),
        })
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
            self.shelf.take_back(&self.name, &self.target);
        }
    }
}

impl Shelf {
    /// A directory that cannot be moved stays where it is, and goes with the task directory.
    fn take_back(&self, name: &str, from: &Path) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = self.root.join(format!("{}.{number}", key(name)));
        if fs::rename(from, &place).is_ok() {
            self.lock().entry(key(name)).or_default().push(place);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<PathBuf>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cache may be called anything; its directory may not.
fn key(name: &str) -> String {
    hex(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_found_again_as_it_was_left_even_by_the_next_worker() {
        let directory = tempfile::tempdir().unwrap();
        let (root, target) = (directory.path().join("caches"), directory.path().join("task"));
        let first = Caches::open(root.clone()).unwrap().borrow("a/b", &target).unwrap();
        assert!(first.is_new);
        fs::write(target.join("kept"), "yes").unwrap();
        drop(first);

        let again = Caches::open(root).unwrap().borrow("a/b", &target).unwrap();

        assert!(!again.is_new);
        assert_eq!(fs::read_to_string(target.join("kept")).unwrap(), "yes");
    }

    #[test]
    fn two_tasks_never_share_a_cache() {
        let directory = tempfile::tempdir().unwrap();
        let caches = Caches::open(directory.path().join("caches")).unwrap();
        drop(caches.borrow("x", &directory.path().join("one")).unwrap());
        let first = caches.borrow("x", &directory.path().join("one")).unwrap();
        let second = caches.borrow("x", &directory.path().join("two")).unwrap();
        assert!(!first.is_new && second.is_new);
    }
}
