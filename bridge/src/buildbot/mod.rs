//! The driver for Buildbot 1.0 and later: REST, and a WebSocket for events.

mod builders;
mod cancel;
mod create;
mod http;
mod read;
mod scheduled;
mod scheduler;
mod session;
mod socket;
#[cfg(test)]
mod tests;
mod wire;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use base::{Clock, Rng};
use protocol::time::Timestamp;
use tokio::sync::Mutex;

pub use self::scheduled::{Scheduled, ToldBy};
use self::{builders::Workers, http::Http, scheduler::Scheduler, socket::Socket};
use crate::{
    MasterSettings,
    driver::{
        Answer, Build, BuildId, Builder, BuilderId, Checked, Created, DriverError, EventSource, Lines, Log, LogId,
        LogKind, MasterDriver, NewRequest, Properties, Request, RequestId, Step,
    },
};

/// A Buildbot master, spoken to as its own web pages do.
pub struct BuildbotMaster {
    http: Arc<Http>,
    /// The name of the scheduler that makes our builds.
    scheduler: String,
    clock: Arc<dyn Clock>,
    rng: Rng,
    known: Mutex<Known>,
}

/// What was learned on the way. All of it can be asked again.
#[derive(Default)]
struct Known {
    scheduler: Option<(Timestamp, Scheduler)>,
    /// How many connected workers each builder has.
    workers: Option<(Timestamp, HashMap<BuilderId, Workers>)>,
    worker_names: HashMap<i64, String>,
    /// What the logs hold that were seen in steps; a log's content does not tell it.
    logs: HashMap<LogId, LogKind>,
    /// The logs of steps that have ended.
    whole_steps: HashMap<(i64, Option<i64>), Vec<Log>>,
    /// Keys whose `create` got no answer, at a scheduler that does not know repeats.
    unclear: HashMap<String, Timestamp>,
}

impl BuildbotMaster {
    pub fn new(settings: &MasterSettings, clock: Arc<dyn Clock>, rng: Rng) -> Answer<Self> {
        let http = Arc::new(Http::new(settings, clock.clone())?);
        Ok(Self { http, scheduler: settings.scheduler.clone(), clock, rng, known: Mutex::default() })
    }

    /// What the master's own schedulers start, and who tells it.
    pub async fn scheduled(&self) -> Answer<(Vec<Scheduled>, ToldBy)> {
        scheduled::list(self).await
    }
}

#[async_trait]
impl MasterDriver for BuildbotMaster {
    async fn check(&self) -> Answer<Checked> {
        builders::check(self).await
    }

    async fn builders(&self) -> Answer<Vec<Builder>> {
        builders::list(self).await
    }

    async fn create(&self, order: &NewRequest) -> Answer<Created> {
        create::run(self, order).await
    }

    async fn lookup(&self, key: &str) -> Answer<Option<Created>> {
        create::lookup(self, key).await
    }

    async fn requests(&self, ids: &[RequestId]) -> Answer<Vec<Request>> {
        read::requests(&self.http, ids).await
    }

    async fn newest_request(&self) -> Answer<Option<RequestId>> {
        read::newest_request(&self.http).await
    }

    async fn builds(&self, request: RequestId) -> Answer<Vec<Build>> {
        read::builds(self, request).await
    }

    async fn running_builds(&self) -> Answer<Option<Vec<Build>>> {
        read::running_builds(self).await.map(Some)
    }

    async fn properties(&self, build: BuildId) -> Answer<Properties> {
        read::properties(&self.http, build).await
    }

    async fn steps(&self, build: BuildId) -> Answer<Vec<Step>> {
        read::steps(self, build).await
    }

    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> Answer<Lines> {
        read::lines(self, log, offset, limit).await
    }

    async fn cancel(&self, request: RequestId, reason: &str) -> Answer<()> {
        cancel::request(&self.http, request, reason).await
    }

    async fn stop(&self, build: BuildId, reason: &str) -> Answer<()> {
        cancel::build(&self.http, build, reason).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        Box::new(Socket::new(self.http.clone(), self.rng.branch("events")))
    }
}

/// An answer of the master that holds something else than it promises.
fn bad(what: impl std::fmt::Display) -> DriverError {
    DriverError::BadAnswer(what.to_string())
}
