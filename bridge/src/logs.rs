//! The boundary to whoever carries the logs of builds to their tasks.

use async_trait::async_trait;

use crate::{
    driver::{BuildId, DriverError, LogId, Step},
    shelf::Shelf,
};

/// A build, and the run of a task that it is.
#[derive(Clone)]
pub struct Job {
    /// Names the run, and takes its files.
    pub shelf: Shelf,
    pub build: BuildId,
}

/// Why a log is not stored yet. All of it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Master(#[from] DriverError),
    #[error("a log could not be stored")]
    Store(#[from] actors::artifacts::ArtifactError),
    #[error("a log could not be kept on this machine's disk")]
    Disk(#[from] std::io::Error),
}

/// One for each master. `follow`, `grew` and `forget` return at once and may be lost; `finish` makes up for it.
#[async_trait]
pub trait LogCopier: Send + Sync + 'static {
    /// This build runs: its logs may be shown from now on. Said again at each look at the build.
    fn follow(&self, job: &Job);

    /// A log of some build, perhaps one that is followed, has more lines.
    fn grew(&self, log: LogId);

    /// The build ended: returns once all of its logs are stored, whole and under their last names. It may be repeated
    /// after any failure, by another process too.
    async fn finish(&self, job: &Job, steps: &[Step]) -> Result<(), CopyError>;

    /// Nobody waits for this build's logs any more.
    fn forget(&self, build: BuildId);
}
