//! The directory of one run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Removed, with all that is in it, when dropped, unless it is to be kept.
pub(super) struct TaskDirectory {
    root: PathBuf,
    keep: bool,
}

impl TaskDirectory {
    /// What an earlier life of this worker left under the same name is removed first.
    pub(super) fn create(work_dir: &Path, name: &str, keep: bool) -> io::Result<Self> {
        let root = work_dir.join("tasks").join(name);
        remove(&root);
        fs::create_dir_all(root.join("task"))?;
        Ok(Self { root, keep })
    }

    /// Where the commands run; also their `HOME`.
    pub(super) fn task(&self) -> PathBuf {
        self.root.join("task")
    }

    /// The log lies beside, where a command does not overwrite it by accident.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("log.txt")
    }
}

impl Drop for TaskDirectory {
    fn drop(&mut self) {
        if !self.keep {
            remove(&self.root);
        }
    }
}

fn remove(path: &Path) {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, directory = %path.display(), "a task directory could not be removed");
        }
        _ => {}
    }
}
