//! Logs of builds that still run.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use actors::artifacts::ArtifactError;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{BACKING_LOG, Followed, Known, LIVE_LOG, Shared, TEXT, spool::Spool};
use crate::{
    driver::{BuildId, Step},
    logs::CopyError,
    shelf::Shelf,
};

/// Between two copies of a small log.
const PACE: Duration = Duration::from_secs(3);
/// And while the build is young: many are over within seconds.
const YOUNG: Duration = Duration::from_secs(15);
const YOUNG_PACE: Duration = Duration::from_millis(500);
/// The pace slows down by itself for each such piece, so that a log is not written a thousand times.
const PACE_BYTES: u64 = 1 << 20;
const SLOWEST: Duration = Duration::from_mins(2);
/// Shown until there is something.
const EMPTY: &str = "The build has begun, and nothing was written yet.\n";
/// A build of which nothing is heard is looked at all the same, for events may be lost.
const UNHEARD: Duration = Duration::from_secs(30);

pub(super) async fn run(shared: Arc<Shared>) {
    let mut copies = JoinSet::new();
    loop {
        while copies.try_join_next().is_some() {}
        let (due, next) = due(&shared);
        // Each on its own: one that the master keeps waiting holds up nobody else.
        for build in due {
            let shared = shared.clone();
            copies.spawn(async move { copy(&shared, build).await });
        }
        tokio::select! {
            () = shared.wake.notified() => {}
            () = sleep_until(next) => {}
        }
    }
}

/// The builds to copy now, which are busy from here on, and when to look again.
fn due(shared: &Shared) -> (Vec<Followed>, Instant) {
    let (now, mut followed) = (Instant::now(), shared.followed());
    let time = |build: &Followed| if build.grew { build.may } else { build.must };
    let mut due = Vec::new();
    for build in followed.values_mut().filter(|build| !build.busy && time(build) <= now) {
        build.busy = true;
        due.push(build.clone());
    }
    let next = followed.values().filter(|build| !build.busy).map(time).min().unwrap_or_else(|| now + UNHEARD);
    (due, next)
}

async fn copy(shared: &Shared, build: Followed) {
    let id = build.job.build;
    let copied = tokio::select! {
        biased;
        () = build.ended.notified() => Ok(SLOWEST),
        copied = grow(shared, &build) => copied,
    };
    let pause = match copied {
        Ok(pause) => pause,
        Err(CopyError::Store(ArtifactError::Conflict(_) | ArtifactError::FieldError(_))) => return forget(shared, id),
        Err(error) => {
            tracing::debug!(%error, buildbot.build = id.0, "a live log was not copied; later again");
            UNHEARD
        }
    };
    let now = Instant::now();
    if let Some(build) = shared.followed().get_mut(&id) {
        build.may = now + pause;
        build.must = now + pause.max(UNHEARD);
        build.busy = false;
    }
    shared.wake.notify_one();
}

/// The run is over, or its files are not wanted: nobody reads this log while it grows.
fn forget(shared: &Shared, build: BuildId) {
    shared.followed().remove(&build);
}

/// Reads what there is more, and shows it. Answers how long to wait until the next time.
async fn grow(shared: &Shared, build: &Followed) -> Result<Duration, CopyError> {
    let mut spool = build.spool.lock().await;
    if spool.closed {
        return Ok(SLOWEST);
    }
    let Ok(_turn) = shared.live_turns.acquire().await else { return Ok(SLOWEST) };
    // Before the look, so that what is told meanwhile leads to another one.
    if let Some(build) = shared.followed().get_mut(&build.job.build) {
        build.grew = false;
    }
    let steps = shared.driver.steps(build.job.build).await?;
    let first = !spool.shown;
    let mut grew = false;
    for log in steps.iter().flat_map(|step| &step.logs) {
        grew |= spool.catch_up(shared.driver.as_ref(), log).await?;
    }
    {
        let mut known = build.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let logs = steps.iter().flat_map(|step| &step.logs).map(|log| log.id).filter(|log| spool.knows(*log)).collect();
        *known = Known { logs, whole: spool.waits_for_more() };
    }
    // At first also without a line: whoever opens the log of a build that has just begun finds one.
    if grew || first {
        show(&build.job.shelf, &spool, &steps, first).await?;
        spool.shown = true;
    }
    let slower = u32::try_from(spool.bytes() / PACE_BYTES).unwrap_or(u32::MAX);
    let pace = if build.since.elapsed() < YOUNG { YOUNG_PACE } else { PACE };
    Ok(pace.saturating_mul(slower.saturating_add(1)).min(SLOWEST))
}

async fn show(shelf: &Shelf, spool: &Spool, steps: &[Step], first: bool) -> Result<(), CopyError> {
    if spool.bytes() == 0 {
        shelf.put_text(BACKING_LOG, TEXT, EMPTY.to_owned()).await?;
    } else {
        shelf.put(BACKING_LOG, TEXT, spool.all(steps)).await?;
    }
    if first {
        shelf.link(LIVE_LOG, BACKING_LOG, TEXT).await?;
    }
    Ok(())
}
