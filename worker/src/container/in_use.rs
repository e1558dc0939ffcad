//! Which images tasks are using, and when each was used last.

use std::{
    collections::HashMap,
    fs::{self, File, FileTimes},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// A file for each image, whose time is that of its last use.
#[derive(Debug, Clone)]
pub(super) struct InUse {
    directory: PathBuf,
    counts: Arc<Mutex<HashMap<String, usize>>>,
}

/// An image is not removed while this lives.
#[derive(Debug)]
pub(crate) struct Use {
    id: String,
    counts: Arc<Mutex<HashMap<String, usize>>>,
}

impl InUse {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned(), counts: Arc::default() })
    }

    pub(super) fn begin(&self, id: &str, now: SystemTime) -> io::Result<Use> {
        let file = File::create(self.path(id))?;
        file.set_times(FileTimes::new().set_modified(now))?;
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default() += 1;
        Ok(Use { id: id.to_owned(), counts: self.counts.clone() })
    }

    pub(super) fn is_used(&self, id: &str) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Long ago, where nobody knows.
    pub(super) fn last_used(&self, id: &str) -> SystemTime {
        let metadata = fs::metadata(self.path(id));
        metadata.and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(super) fn path(&self, id: &str) -> PathBuf {
        self.directory.join(id)
    }

    pub(super) fn forget(&self, id: &str) {
        let _ = fs::remove_file(self.path(id));
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}
