//! Logs of builds on their way to the tasks that these builds are.
//!
//! Owns: the lines read so far, in temporary files; losing them means reading again.
//! Woken by: logs that grow, a clock of its own, and the end of a build.
//! Tells: nobody; it writes artifacts.
//!
//! While a build runs, `public/logs/live_backing.log` is replaced now and then by a longer one, and `live.log` links to
//! it from the start; the larger it is, the rarer. At the end it is written once more, whole, with a file for each log.

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
    logs::{CopyError, Job, LogCopier},
};

pub(crate) const LIVE_LOG: &str = "public/logs/live.log";
pub(crate) const BACKING_LOG: &str = "public/logs/live_backing.log";
const TEXT: &str = "text/plain; charset=utf-8";
/// How many builds that ended are copied at the same time, and how many that still run.
const COPIES: usize = 4;
const LIVE_COPIES: usize = 2;
/// How many running builds are followed. The logs of others are there when they end.
const MOST_FOLLOWED: usize = 500;

/// The copier of one master. Dropping it ends what it does.
pub struct Copier {
    shared: Arc<Shared>,
    _following: JoinSet<()>,
}

struct Shared {
    driver: Arc<dyn MasterDriver>,
    followed: Mutex<HashMap<BuildId, Followed>>,
    /// There may be something to do earlier than thought.
    wake: Notify,
    turns: Semaphore,
    /// Of those that are shown while they grow. A build that ended never waits behind them.
    live_turns: Semaphore,
}

#[derive(Clone)]
struct Followed {
    job: Job,
    /// Held while this build is copied.
    spool: Arc<tokio::sync::Mutex<Spool>>,
    /// The logs that are known, to find the build of one that grew.
    logs: Arc<Mutex<Known>>,
    /// When it may be copied again, and when it must be though nothing was heard.
    may: Instant,
    must: Instant,
    grew: bool,
    since: Instant,
    /// It is being copied just now.
    busy: bool,
    /// The build ended: who copies it while it grows lets go at once, whatever the master keeps it waiting for.
    ended: Arc<Notify>,
}

#[derive(Default)]
struct Known {
    logs: Vec<LogId>,
    /// None of them will grow any more.
    whole: bool,
}

impl Copier {
    /// Must be called within a runtime.
    pub fn start(driver: Arc<dyn MasterDriver>) -> Self {
        let (followed, wake) = (Mutex::default(), Notify::new());
        let (turns, live_turns) = (Semaphore::new(COPIES), Semaphore::new(LIVE_COPIES));
        let shared = Arc::new(Shared { driver, followed, wake, turns, live_turns });
        let mut following = JoinSet::new();
        following.spawn(live::run(shared.clone()));
        Self { shared, _following: following }
    }
}

#[async_trait]
impl LogCopier for Copier {
    fn follow(&self, job: &Job) {
        let mut followed = self.shared.followed();
        if followed.contains_key(&job.build) || followed.len() >= MOST_FOLLOWED {
            return;
        }
        match Spool::new() {
            Ok(spool) => {
                let now = Instant::now();
                let spool = Arc::new(tokio::sync::Mutex::new(spool));
                let (job, logs, ended) = (job.clone(), Arc::default(), Arc::default());
                let (may, must, grew, since, busy) = (now, now, true, now, false);
                followed.insert(job.build, Followed { job, spool, logs, may, must, grew, since, busy, ended });
            }
            Err(error) => {
                tracing::warn!(%error, "there is no room for a live log; it will be there when the build ends");
            }
        }
        drop(followed);
        self.shared.wake.notify_one();
    }

    fn grew(&self, log: LogId) {
        let mut woken = false;
        for build in self.shared.followed().values_mut().filter(|build| !build.grew) {
            let known = build.logs.lock().unwrap_or_else(PoisonError::into_inner);
            // A log that is not known may be the first of the next step.
            let concerned = known.logs.contains(&log) || known.whole;
            drop(known);
            build.grew |= concerned;
            woken |= concerned;
        }
        if woken {
            self.shared.wake.notify_one();
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
        let _turn = self.shared.turns.acquire().await;
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

/// Everything, for good.
async fn store(driver: &dyn MasterDriver, spool: &mut Spool, job: &Job, steps: &[Step]) -> Result<(), CopyError> {
    for log in steps.iter().flat_map(|step| &step.logs) {
        spool.catch_up(driver, log).await?;
    }
    for (log, name, content_type) in render::artifacts(steps) {
        if !spool.is_empty(log) {
            job.shelf.put(&name, content_type, spool.log(log)).await?;
        }
    }
    job.shelf.put(BACKING_LOG, TEXT, spool.all(steps)).await?;
    Ok(())
}
