//! The directory of one run.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, lchown},
    path::{Path, PathBuf},
};

use crate::{
    files::Directory,
    isolation::{Confinement, Owner, Places},
};

/// For the owner only.
const PRIVATE: u32 = 0o700;
/// Others may pass through to what they know the name of, but not look around.
const PASSAGE: u32 = 0o711;

/// Removed, with all that is in it, when dropped, unless it is to be kept.
pub(super) struct TaskDirectory {
    root: PathBuf,
    task: Directory,
    keep: bool,
}

impl TaskDirectory {
    /// What an earlier life of this worker left under the same name is removed first.
    pub(super) fn create(work_dir: &Path, name: &str, keep: bool, confinement: &Confinement) -> io::Result<Self> {
        let owner = confinement.owner();
        let root = work_dir.join("tasks").join(name);
        remove(&root);
        make(&root, PASSAGE, None)?;
        make(&root.join("private"), PRIVATE, None)?;
        for place in ["task", "tmp"] {
            make(&root.join(place), PRIVATE, owner)?;
        }
        let task = Directory::open_of_users(&root.join("task"), owner, confinement.uid_count())?;
        Ok(Self { root, task, keep })
    }

    /// Where the commands run; also their `HOME`.
    pub(super) fn task(&self) -> PathBuf {
        self.root.join("task")
    }

    /// Where they may leave what nobody needs afterwards.
    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// For its sandbox.
    pub(super) fn places(&self) -> io::Result<Places> {
        Ok(Places { task: self.task(), tmp: self.tmp(), root: self.staging()? })
    }

    /// Empty, and of the worker alone.
    pub(super) fn staging(&self) -> io::Result<PathBuf> {
        let root = self.root.join("root");
        make(&root, PRIVATE, None)?;
        Ok(root)
    }

    /// For a container: what it changes of its image, and what the kernel needs for that.
    pub(super) fn changes(&self) -> io::Result<(PathBuf, PathBuf)> {
        let (upper, work) = (self.task().join("changes"), self.task().join("work"));
        make(&upper, 0o755, self.task.owner())?;
        make(&work, PRIVATE, None)?;
        Ok((upper, work))
    }

    /// The same as `task`, for reading and writing what the task can change.
    pub(super) fn files(&self) -> &Directory {
        &self.task
    }

    /// The worker's own, which the task cannot enter.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("private").join("log.txt")
    }

    /// For files that the worker makes for this run.
    pub(super) fn downloads(&self) -> PathBuf {
        self.root.join("private")
    }
}

impl Drop for TaskDirectory {
    fn drop(&mut self) {
        if !self.keep {
            remove(&self.root);
        } else if self.task.owner().is_some() {
            // The user is free for another task, which must not look into this one.
            for place in ["task", "tmp"] {
                if let Err(error) = lchown(self.root.join(place), Some(0), Some(0)) {
                    tracing::warn!(%error, directory = %self.root.display(), "a kept directory stays with its user");
                }
            }
        }
    }
}

/// The folder above all task directories.
pub(crate) fn make_parent(work_dir: &Path) -> io::Result<PathBuf> {
    let parent = work_dir.join("tasks");
    make(&parent, PASSAGE, None)?;
    Ok(parent)
}

/// With this mode whatever the mask of the process says; one that exists gets it too.
fn make(path: &Path, mode: u32, owner: Owner) -> io::Result<()> {
    DirBuilder::new().mode(mode).recursive(true).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    match owner {
        Some((uid, gid)) => lchown(path, Some(uid.as_raw()), Some(gid.as_raw())),
        None => Ok(()),
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
