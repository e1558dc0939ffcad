//! The interface to the component that copies the logs of builds into artifacts of their tasks.

use async_trait::async_trait;

use crate::{
    driver::{BuildId, DriverError, LogId, Step},
    run_artifacts::RunArtifacts,
};

pub(crate) const LIVE_LOG: &str = "public/logs/live.log";
pub(crate) const BACKING_LOG: &str = "public/logs/live_backing.log";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// A build, and the artifacts of its run.
#[derive(Clone)]
pub struct Job {
    pub artifacts: RunArtifacts,
    pub build: BuildId,
}

/// Why a log is not stored yet. All of it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Master(#[from] DriverError),
    #[error("a log could not be stored")]
    Store(#[from] actors::artifacts::ArtifactError),
    #[error("a log could not be buffered on the local disk")]
    Disk(#[from] std::io::Error),
}

/// One for each master. `follow`, `grew` and `forget` return at once and may be lost: `finish` does not depend on them.
#[async_trait]
pub trait LogCopier: Send + Sync + 'static {
    /// The build is running: its logs may be published while they grow. Repeated with each check of the build.
    fn follow(&self, job: &Job);

    /// A log of some build, perhaps one that is followed, has more lines.
    fn grew(&self, log: LogId);

    /// The build ended: returns once all of its logs are stored, complete and under their final names. It may be repeated
    /// after any failure, by another process too.
    async fn finish(&self, job: &Job, steps: &[Step]) -> Result<(), CopyError>;

    /// The logs of this build are not needed any more.
    fn forget(&self, build: BuildId);
}
