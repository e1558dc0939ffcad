//! Copies the logs of builds into artifacts of their tasks.
//!
//! Owns: the lines read so far, in temporary files; after their loss they are read again.
//! Woken by: logs that grow, a timer, and the end of a build.
//! Emits: artifacts.
//!
//! While a build runs, `public/logs/live_backing.log` is replaced now and then by a longer one, and `live.log` links to
//! it from the start; the larger it is, the less often. At the end it is written once more, complete, with an artifact for each log.

mod live;
pub mod render;
mod spool;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
    time::Instant,
};

use self::spool::Spool;
use crate::{
    driver::{BuildId, LogId, MasterDriver, Step},
    logs::{BACKING_LOG, CopyError, Job, LogCopier, TEXT},
};

/// How many ended builds are copied at the same time, and how many running ones.
const COPIES: usize = 4;
const LIVE_COPIES: usize = 2;
/// How many running builds are followed. The logs of others are copied when they end.
const MAX_FOLLOWED: usize = 500;

/// The copier of one master. Dropping it aborts its copies.
pub struct Copier {
    shared: Arc<Shared>,
    _following: JoinSet<()>,
}

struct Shared {
    driver: Arc<dyn MasterDriver>,
    followed: Mutex<HashMap<BuildId, Followed>>,
    /// A copy may be due earlier than scheduled.
    notify: Notify,
    permits: Semaphore,
    /// For running builds, so that an ended one never waits for them.
    live_permits: Semaphore,
}

#[derive(Clone)]
struct Followed {
    job: Job,
    /// Held while this build is copied.
    spool: Arc<tokio::sync::Mutex<Spool>>,
    /// The known logs, to find the build of one that grew.
    logs: Arc<Mutex<KnownLogs>>,
    /// When it is copied again if a log grew, and if there was no event.
    next_if_grown: Instant,
    next: Instant,
    grew: bool,
    since: Instant,
    /// It is being copied.
    copying: bool,
    /// The build ended: a live copy stops at once, even while it waits for the master.
    ended: Arc<Notify>,
}

#[derive(Default)]
struct KnownLogs {
    logs: Vec<LogId>,
    /// None of them will grow any more.
    complete: bool,
}

impl Copier {
    /// Must be called within a runtime.
    pub fn start(driver: Arc<dyn MasterDriver>) -> Self {
        let (followed, notify) = (Mutex::default(), Notify::new());
        let (permits, live_permits) = (Semaphore::new(COPIES), Semaphore::new(LIVE_COPIES));
        let shared = Arc::new(Shared { driver, followed, notify, permits, live_permits });
        let mut following = JoinSet::new();
        following.spawn(live::run(shared.clone()));
        Self { shared, _following: following }
    }
}

#[async_trait]
impl LogCopier for Copier {
    fn follow(&self, job: &Job) {
        let mut followed = self.shared.followed();
        if followed.contains_key(&job.build) || followed.len() >= MAX_FOLLOWED {
            return;
        }
        match Spool::new() {
            Ok(spool) => {
                let now = Instant::now();
                let spool = Arc::new(tokio::sync::Mutex::new(spool));
                let (logs, ended) = (Arc::default(), Arc::default());
                let (next_if_grown, next, grew, since, copying) = (now, now, true, now, false);
                let build =
                    Followed { job: job.clone(), spool, logs, next_if_grown, next, grew, since, copying, ended };
                followed.insert(job.build, build);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot buffer a live log; it is copied when the build ends");
            }
        }
        drop(followed);
        self.shared.notify.notify_one();
    }

    fn grew(&self, log: LogId) {
        let mut notify = false;
        for build in self.shared.followed().values_mut().filter(|build| !build.grew) {
            let known = build.logs.lock().unwrap_or_else(PoisonError::into_inner);
            // An unknown log may be the first of the next step.
            let is_of_build = known.logs.contains(&log) || known.complete;
            drop(known);
            build.grew |= is_of_build;
            notify |= is_of_build;
        }
        if notify {
            self.shared.notify.notify_one();
        }
    }

    async fn finish(&self, job: &Job, steps: &[Step]) -> Result<(), CopyError> {
        let known = self.shared.followed().get(&job.build).map(|build| (build.spool.clone(), build.ended.clone()));
        let spool = match known {
            Some((spool, ended)) => {
                ended.notify_one();
                spool
            }
            None => Arc::new(tokio::sync::Mutex::new(Spool::new()?)),
        };
        let mut spool = spool.lock().await;
        let _permit = self.shared.permits.acquire().await;
        store(self.shared.driver.as_ref(), &mut spool, job, steps).await?;
        spool.closed = true;
        self.forget(job.build);
        Ok(())
    }

    fn forget(&self, build: BuildId) {
        self.shared.followed().remove(&build);
    }
}

impl Shared {
    fn followed(&self) -> std::sync::MutexGuard<'_, HashMap<BuildId, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stores the complete logs.
async fn store(driver: &dyn MasterDriver, spool: &mut Spool, job: &Job, steps: &[Step]) -> Result<(), CopyError> {
    for log in steps.iter().flat_map(|step| &step.logs) {
        spool.read_new(driver, log).await?;
    }
    for (log, name, content_type) in render::artifacts(steps) {
        if !spool.is_empty(log) {
            job.artifacts.store(&name, content_type, spool.log(log)).await?;
        }
    }
    job.artifacts.store(BACKING_LOG, TEXT, spool.all(steps)).await?;
    Ok(())
}
