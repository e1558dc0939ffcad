//! Putting files, directories and caches into the task directory.

mod cache;
mod fetch;
mod purge;
mod unpack;

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use protocol::id::{TaskId, TaskQueueId};

pub(crate) use self::cache::{Caches, MountedCache};
use self::unpack::UnpackLimit;
pub(crate) use self::unpack::decompress;
use crate::{
    client::Client,
    files::{Directory, NewFile, components},
    isolation::Confinement,
    log::TaskLog,
    payload::{Content, Mount, MountKind, Source},
    scopes::covers,
    transfer::TransferError,
};

/// The most entries that one archive may have.
const MAX_ENTRIES: u64 = 1_000_000;

/// What mounting depends on.
pub(crate) struct Mounter<'a> {
    pub(crate) client: Client,
    /// With the worker's own credentials.
    pub(crate) worker: &'a Client,
    pub(crate) pool: &'a TaskQueueId,
    pub(crate) task_directory: &'a Directory,
    /// Where content is stored until it is complete; not readable by tasks.
    pub(crate) downloads: PathBuf,
    pub(crate) confinement: &'a Confinement,
    /// The most bytes that one mount may unpack to.
    pub(crate) max_bytes: u64,
    pub(crate) task_id: TaskId,
    pub(crate) dependencies: &'a [String],
    pub(crate) scopes: &'a [String],
    pub(crate) caches: &'a Caches,
    /// What scopes for caches begin with.
    pub(crate) cache_scope: &'static str,
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
    /// The payload has to be corrected; a retry would not help.
    pub(crate) fn blames_payload(&self) -> bool {
        match self {
            Self::Payload(_) | Self::Hash { .. } | Self::Unpack(..) => true,
            Self::Fetch(_, error) => !error.is_transient(),
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
    /// Mounts one after the other. The caches are returned to the store when the result is dropped.
    pub(crate) async fn mount_all(&self, mounts: &[Mount]) -> Result<Vec<MountedCache>, MountError> {
        self.apply_purges(mounts).await?;
        let mut caches = Vec::new();
        for mount in mounts {
            self.allowed(mount)?;
            caches.extend(self.mount(mount).await?);
        }
        Ok(caches)
    }

    async fn mount(&self, mount: &Mount) -> Result<Option<MountedCache>, MountError> {
        let broken = |error| MountError::File(format!("`{}`", mount.path), error);
        let misplaced = |what| MountError::Payload(format!("the mount `{}` {what}", mount.path));
        let mut parts = components(Path::new(&mount.path)).map_err(misplaced)?;
        if let MountKind::Directory(content) = &mount.kind {
            let target = self.task_directory.make(&parts).map_err(broken)?;
            self.fill(mount, content, target).await?;
            return Ok(None);
        }
        let name = parts.pop().ok_or_else(|| misplaced("is the task directory itself"))?;
        let parent = self.task_directory.make(&parts).map_err(broken)?;
        match &mount.kind {
            MountKind::Cache { name: cache, first } => {
                let cache_mount = self.caches.mount(cache, &parent, &name).map_err(broken)?;
                self.log.write_line(format!("mounted cache {cache} ({}) at {}", cache_mount.state(), mount.path));
                if let (true, Some(content)) = (cache_mount.is_new, first) {
                    let target = parent.make(&[name]).map_err(broken)?;
                    self.fill(mount, content, target).await?;
                }
                Ok(Some(cache_mount))
            }
            MountKind::File(content) | MountKind::Directory(content) => {
                self.put(mount, content, parent, &name).await?;
                Ok(None)
            }
        }
    }

    async fn put(&self, mount: &Mount, content: &Content, parent: Directory, name: &OsStr) -> Result<(), MountError> {
        let broken = |error| MountError::File(format!("`{}`", mount.path), error);
        let place = self.downloads.join("file");
        let fetched = self.fetch(content, &place).await?;
        match mount.format.as_deref() {
            None => {
                let new = NewFile { mode: 0o644, modified: None };
                parent.take_in(name, &place, &new).map_err(broken)?;
            }
            Some(format) => {
                let packed = File::open(&place).map_err(broken)?;
                let done = unpack::file(packed, format, parent, Path::new(name), self.limit(), self.confinement).await;
                let _ = std::fs::remove_file(&place);
                done.map_err(|why| MountError::Unpack(mount.path.clone(), why))?;
            }
        }
        self.log.write_line(format!("mounted file {} from {fetched}", mount.path));
        Ok(())
    }

    async fn fill(&self, mount: &Mount, content: &Content, directory: Directory) -> Result<(), MountError> {
        let place = self.downloads.join("archive");
        let fetched = self.fetch(content, &place).await?;
        let archive = File::open(&place).map_err(|error| MountError::File(format!("`{}`", mount.path), error))?;
        let format = mount.format.as_deref().unwrap_or("tar");
        let unpacked = unpack::archive(archive, format, directory, self.limit(), self.confinement).await;
        let _ = std::fs::remove_file(&place);
        let notes = unpacked.map_err(|why| MountError::Unpack(mount.path.clone(), why))?;
        for note in notes {
            self.log.write_line(format!("{}: {note}", mount.path));
        }
        self.log.write_line(format!("mounted directory {} from {fetched}", mount.path));
        Ok(())
    }

    fn limit(&self) -> UnpackLimit {
        UnpackLimit { bytes: self.max_bytes, entries: MAX_ENTRIES }
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
            let needed = format!("{}{name}", self.cache_scope);
            if !self.scopes.iter().any(|scope| covers(scope, &needed)) {
                return Err(MountError::Payload(format!("cache `{name}`: add `{needed}` to the task's `scopes`")));
            }
        }
        Ok(())
    }
}
