//! References to the logs of builds: the masters upload them and publish the URL, which becomes an artifact.

use std::{path::Path, sync::Arc};

use actors::artifacts::ArtifactError;
use async_trait::async_trait;
use reqwest::Url;

use super::{ClassicMaster, read, reports::BuildReport};
use crate::{
    driver::{BuildId, DriverError, DriverResult, LogId, Step},
    logs::{BACKING_LOG, CopyError, Job, LogCopier, TEXT},
};

const LOG_URL: &str = "log_url";

/// Logs cannot be followed: they are uploaded when the build has ended.
pub struct ClassicLogs(pub Arc<ClassicMaster>);

#[async_trait]
impl LogCopier for ClassicLogs {
    fn follow(&self, _: &Job) {}

    fn grew(&self, _: LogId) {}

    async fn finish(&self, job: &Job, _: &[Step]) -> Result<(), CopyError> {
        let stored = match log_url(&self.0, job.build).await? {
            Some(url) => store_reference(job, &url).await,
            None => {
                job.artifacts
                    .store_text(
                        BACKING_LOG,
                        TEXT,
                        "The master did not publish the URL of the log of this build.\n".to_owned(),
                    )
                    .await
            }
        };
        match stored {
            // Stored by an earlier attempt.
            Ok(()) | Err(ArtifactError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn forget(&self, _: BuildId) {}
}

/// A compressed log is also stored under the name that the first bridge used.
async fn store_reference(job: &Job, url: &Url) -> Result<(), ArtifactError> {
    job.artifacts.reference(BACKING_LOG, url.as_str(), TEXT).await?;
    if Path::new(url.path()).extension().is_some_and(|suffix| suffix == "gz") {
        job.artifacts.reference(&format!("{BACKING_LOG}.gz"), url.as_str(), "application/gzip").await?;
    }
    Ok(())
}

async fn log_url(master: &ClassicMaster, build: BuildId) -> DriverResult<Option<Url>> {
    let report = report(master, build).await?;
    let text = report.and_then(|report| report.properties.get(LOG_URL)?.value.as_str().map(str::to_owned));
    let url = text.and_then(|text| Url::parse(&text).ok());
    Ok(url.filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    }))
}

/// What the master published about a build. An error while its final message may still arrive: the upload of logs takes a while.
/// Without a broker there is nothing to wait for.
pub(super) async fn report(master: &ClassicMaster, build: BuildId) -> DriverResult<Option<BuildReport>> {
    let row = master.db.build(build.0).await?.ok_or_else(|| DriverError::NotFound(format!("build {build}")))?;
    let report = master.reports.of(row.request_id, row.number);
    if report.as_ref().is_some_and(|report| report.is_final) || master.event_queue.is_none() {
        return Ok(report);
    }
    let may_arrive = row.finish_time.is_some_and(|ended| master.clock.now() < read::time(ended) + master.log_timeout);
    if may_arrive {
        Err(DriverError::NotFound(format!("the address of the log of build {build} yet")))
    } else {
        Ok(report)
    }
}
