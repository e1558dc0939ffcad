//! Copies logs of running builds.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use actors::artifacts::ArtifactError;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Followed, KnownLogs, Shared, spool::Spool};
use crate::{
    driver::{BuildId, Step},
    logs::{BACKING_LOG, CopyError, LIVE_LOG, TEXT},
    run_artifacts::RunArtifacts,
};

/// Between two copies of a small log.
const INTERVAL: Duration = Duration::from_secs(3);
/// Shorter at first: many builds end within seconds.
const SHORT_INTERVAL_FOR: Duration = Duration::from_secs(15);
const SHORT_INTERVAL: Duration = Duration::from_millis(500);
/// The interval grows by itself for each so many bytes, so that a long log is not written a thousand times.
const INTERVAL_BYTES: u64 = 1 << 20;
const MAX_INTERVAL: Duration = Duration::from_mins(2);
/// Published while there are no lines.
const EMPTY: &str = "The build has begun, and nothing was written yet.\n";
/// Without events a build is checked this often, because events may be lost.
const WITHOUT_EVENTS: Duration = Duration::from_secs(30);

pub(super) async fn run(shared: Arc<Shared>) {
    let mut copies = JoinSet::new();
    loop {
        while copies.try_join_next().is_some() {}
        let (due, next) = due(&shared);
        // A task for each: one that waits for the master delays no other.
        for build in due {
            let shared = shared.clone();
            copies.spawn(async move { copy(&shared, build).await });
        }
        tokio::select! {
            () = shared.notify.notified() => {}
            () = sleep_until(next) => {}
        }
    }
}

/// The builds to copy now, marked as `copying`, and when the next one is due.
fn due(shared: &Shared) -> (Vec<Followed>, Instant) {
    let (now, mut followed) = (Instant::now(), shared.followed());
    let time = |build: &Followed| if build.grew { build.next_if_grown } else { build.next };
    let mut due = Vec::new();
    for build in followed.values_mut().filter(|build| !build.copying && time(build) <= now) {
        build.copying = true;
        due.push(build.clone());
    }
    let next = followed.values().filter(|build| !build.copying).map(time).min().unwrap_or_else(|| now + WITHOUT_EVENTS);
    (due, next)
}

async fn copy(shared: &Shared, build: Followed) {
    let id = build.job.build;
    let copied = tokio::select! {
        biased;
        () = build.ended.notified() => Ok(MAX_INTERVAL),
        copied = copy_new_lines(shared, &build) => copied,
    };
    let pause = match copied {
        Ok(pause) => pause,
        Err(CopyError::Store(ArtifactError::Conflict(_) | ArtifactError::FieldError(_))) => return forget(shared, id),
        Err(error) => {
            tracing::debug!(%error, buildbot.build = id.0, "live log not copied; retrying");
            WITHOUT_EVENTS
        }
    };
    let now = Instant::now();
    if let Some(build) = shared.followed().get_mut(&id) {
        build.next_if_grown = now + pause;
        build.next = now + pause.max(WITHOUT_EVENTS);
        build.copying = false;
    }
    shared.notify.notify_one();
}

/// The run is resolved, or its artifacts are not wanted.
fn forget(shared: &Shared, build: BuildId) {
    shared.followed().remove(&build);
}

/// Reads new lines and publishes them. Returns the time until the next copy.
async fn copy_new_lines(shared: &Shared, build: &Followed) -> Result<Duration, CopyError> {
    let mut spool = build.spool.lock().await;
    if spool.closed {
        return Ok(MAX_INTERVAL);
    }
    let Ok(_permit) = shared.live_permits.acquire().await else { return Ok(MAX_INTERVAL) };
    // Before the read, so that an event during it leads to another copy.
    if let Some(build) = shared.followed().get_mut(&build.job.build) {
        build.grew = false;
    }
    let steps = shared.driver.steps(build.job.build).await?;
    let first = !spool.published;
    let mut grew = false;
    for log in steps.iter().flat_map(|step| &step.logs) {
        grew |= spool.read_new(shared.driver.as_ref(), log).await?;
    }
    {
        let mut known = build.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let logs =
            steps.iter().flat_map(|step| &step.logs).map(|log| log.id).filter(|log| spool.contains(*log)).collect();
        *known = KnownLogs { logs, complete: spool.is_complete() };
    }
    // At first also without lines, so that the log of a build exists as soon as it has begun.
    if grew || first {
        publish(&build.job.artifacts, &spool, &steps, first).await?;
        spool.published = true;
    }
    let factor = u32::try_from(spool.bytes() / INTERVAL_BYTES).unwrap_or(u32::MAX);
    let interval = if build.since.elapsed() < SHORT_INTERVAL_FOR { SHORT_INTERVAL } else { INTERVAL };
    Ok(interval.saturating_mul(factor.saturating_add(1)).min(MAX_INTERVAL))
}

async fn publish(artifacts: &RunArtifacts, spool: &Spool, steps: &[Step], first: bool) -> Result<(), CopyError> {
    if spool.bytes() == 0 {
        artifacts.store_text(BACKING_LOG, TEXT, EMPTY.to_owned()).await?;
    } else {
        artifacts.store(BACKING_LOG, TEXT, spool.all(steps)).await?;
    }
    if first {
        artifacts.link(LIVE_LOG, BACKING_LOG, TEXT).await?;
    }
    Ok(())
}
