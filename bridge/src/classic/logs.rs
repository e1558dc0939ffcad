//! Where the log of a build lies: the masters upload it and tell the address, which becomes an artifact.

use std::{path::Path, sync::Arc};

use actors::artifacts::ArtifactError;
use async_trait::async_trait;
use reqwest::Url;

use super::{ClassicMaster, read, told::Facts};
use crate::{
    copier::BACKING_LOG,
    driver::{Answer, BuildId, DriverError, LogId, Step},
    logs::{CopyError, Job, LogCopier},
};

const TEXT: &str = "text/plain; charset=utf-8";
const LOG_URL: &str = "log_url";

/// Refers to logs, and shows none before its build has ended: there is no way to read them earlier.
pub struct ClassicLogs(pub Arc<ClassicMaster>);

#[async_trait]
impl LogCopier for ClassicLogs {
    fn follow(&self, _: &Job) {}

    fn grew(&self, _: LogId) {}

    async fn finish(&self, job: &Job, _: &[Step]) -> Result<(), CopyError> {
        let stored = match log_url(&self.0, job.build).await? {
            Some(url) => refer(job, &url).await,
            None => {
                job.shelf
                    .put_text(BACKING_LOG, TEXT, "The master did not tell where the log of this build is.\n".to_owned())
                    .await
            }
        };
        match stored {
            // An earlier attempt knew less, or more. What is there stays.
            Ok(()) | Err(ArtifactError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn forget(&self, _: BuildId) {}
}

/// Under the name that the logs of all builds have. A compressed one is also found where the first bridge put it.
async fn refer(job: &Job, url: &Url) -> Result<(), ArtifactError> {
    job.shelf.refer(BACKING_LOG, url.as_str(), TEXT).await?;
    if Path::new(url.path()).extension().is_some_and(|suffix| suffix == "gz") {
        job.shelf.refer(&format!("{BACKING_LOG}.gz"), url.as_str(), "application/gzip").await?;
    }
    Ok(())
}

async fn log_url(master: &ClassicMaster, build: BuildId) -> Answer<Option<Url>> {
    let facts = facts(master, build).await?;
    let told = facts.and_then(|facts| facts.properties.get(LOG_URL)?.value.as_str().map(str::to_owned));
    let url = told.and_then(|told| Url::parse(&told).ok());
    Ok(url.filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    }))
}

/// What the master told of a build. An error while the last word may still come: the upload of logs takes a while. Where nobody
/// listens, nothing is waited for.
pub(super) async fn facts(master: &ClassicMaster, build: BuildId) -> Answer<Option<Facts>> {
    let row = master.db.build(build.0).await?.ok_or_else(|| DriverError::Gone(format!("build {build}")))?;
    let facts = master.told.of(row.request_id, row.number);
    if facts.as_ref().is_some_and(|facts| facts.whole) || master.place.is_none() {
        return Ok(facts);
    }
    let comes = row.finish_time.is_some_and(|ended| master.clock.now() < read::time(ended) + master.log_wait);
    if comes { Err(DriverError::Gone(format!("the address of the log of build {build} yet"))) } else { Ok(facts) }
}
