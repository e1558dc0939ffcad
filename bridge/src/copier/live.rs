//! Logs of builds that still run.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use actors::artifacts::ArtifactError;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep_until};

use super::{BACKING_LOG, COPIES, Followed, Known, LIVE_LOG, Shared, TEXT};
use crate::{driver::BuildId, logs::CopyError};

/// Between two copies of a small log.
const PACE: Duration = Duration::from_secs(3);
/// The pace slows down by itself for each such piece, so that a log is not written a thousand times.
const PACE_BYTES: u64 = 1 << 20;
const SLOWEST: Duration = Duration::from_mins(2);
/// A build of which nothing is heard is looked at all the same, for events may be lost.
const UNHEARD: Duration = Duration::from_secs(30);

pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let (due, next) = due(&shared);
        if due.is_empty() {
            tokio::select! {
                () = shared.wake.notified() => {}
                () = sleep_until(next) => {}
            }
            continue;
        }
        let copies = stream::iter(due).for_each_concurrent(COPIES, |build| copy(&shared, build));
        copies.await;
    }
}

/// The builds to copy now, and when to look again if there are none.
fn due(shared: &Shared) -> (Vec<Followed>, Instant) {
    let (now, followed) = (Instant::now(), shared.followed());
    let time = |build: &Followed| if build.grew { build.may } else { build.must };
    let next = followed.values().map(time).min().unwrap_or_else(|| now + UNHEARD);
    (followed.values().filter(|build| time(build) <= now).cloned().collect(), next)
}

async fn copy(shared: &Shared, build: Followed) {
    let id = build.job.build;
    let copied = grow(shared, &build).await;
    let pause = match copied {
        Ok(pause) => pause,
        Err(CopyError::Store(ArtifactError::Conflict(_) | ArtifactError::Unfit(_))) => return forget(shared, id),
        Err(error) => {
            tracing::debug!(%error, buildbot.build = id.0, "a live log was not copied; later again");
            UNHEARD
        }
    };
    let now = Instant::now();
    if let Some(build) = shared.followed().get_mut(&id) {
        build.may = now + pause;
        build.must = now + pause.max(UNHEARD);
    }
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
    let Ok(_turn) = shared.turns.acquire().await else { return Ok(SLOWEST) };
    // Before the look, so that what is told meanwhile leads to another one.
    if let Some(build) = shared.followed().get_mut(&build.job.build) {
        build.grew = false;
    }
    let steps = shared.driver.steps(build.job.build).await?;
    let first = spool.bytes() == 0;
    let mut grew = false;
    for log in steps.iter().flat_map(|step| &step.logs) {
        grew |= spool.catch_up(shared.driver.as_ref(), log).await?;
    }
    {
        let mut known = build.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let logs = steps.iter().flat_map(|step| &step.logs).map(|log| log.id).filter(|log| spool.knows(*log)).collect();
        *known = Known { logs, whole: spool.waits_for_more() };
    }
    if grew {
        let shelf = &build.job.shelf;
        shelf.put(BACKING_LOG, TEXT, spool.all(&steps)).await?;
        if first {
            shelf.link(LIVE_LOG, BACKING_LOG, TEXT).await?;
        }
    }
    let slower = u32::try_from(spool.bytes() / PACE_BYTES).unwrap_or(u32::MAX);
    Ok(PACE.saturating_mul(slower.saturating_add(1)).min(SLOWEST))
}
