//! The driver for Buildbot 1.0 and later: REST, and a WebSocket for events.

mod builders;
mod cancel;
mod create;
mod http;
mod read;
mod response;
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

pub use self::scheduled::{ScheduleSource, Scheduled};
use self::{builders::Workers, http::Http, scheduler::Scheduler, socket::Socket};
use crate::{
    MasterSettings,
    driver::{
        Build, BuildId, Builder, BuilderId, Checked, Created, DriverError, DriverResult, EventSource, Lines, Log,
        LogId, LogKind, MasterDriver, NewRequest, Properties, Request, RequestId, Step,
    },
};

/// A Buildbot master, through the API of its web interface.
pub struct BuildbotMaster {
    http: Arc<Http>,
    /// The name of the force scheduler that creates builds.
    scheduler: String,
    clock: Arc<dyn Clock>,
    rng: Rng,
    cache: Mutex<Cache>,
}

/// All of it can be read again, except `unconfirmed`.
#[derive(Default)]
struct Cache {
    scheduler: Option<(Timestamp, Scheduler)>,
    /// The connected workers of each builder.
    workers: Option<(Timestamp, HashMap<BuilderId, Workers>)>,
    worker_names: HashMap<i64, String>,
    /// The kinds of logs; a log's content does not have its kind.
    logs: HashMap<LogId, LogKind>,
    /// The logs of steps that have ended.
    ended_steps: HashMap<(i64, Option<i64>), Vec<Log>>,
    /// Keys whose `create` got no response, at a scheduler without idempotency.
    unconfirmed: HashMap<String, Timestamp>,
}

impl BuildbotMaster {
    pub fn new(settings: &MasterSettings, clock: Arc<dyn Clock>, rng: Rng) -> DriverResult<Self> {
        let http = Arc::new(Http::new(settings, clock.clone())?);
        Ok(Self { http, scheduler: settings.scheduler.clone(), clock, rng, cache: Mutex::default() })
    }

    /// What the master's own schedulers start, and where that was read.
    pub async fn scheduled(&self) -> DriverResult<(Vec<Scheduled>, ScheduleSource)> {
        scheduled::list(self).await
    }
}

#[async_trait]
impl MasterDriver for BuildbotMaster {
    async fn check(&self) -> DriverResult<Checked> {
        builders::check(self).await
    }

    async fn builders(&self) -> DriverResult<Vec<Builder>> {
        builders::list(self).await
    }

    async fn create(&self, order: &NewRequest) -> DriverResult<Created> {
        create::run(self, order).await
    }

    async fn lookup(&self, key: &str) -> DriverResult<Option<Created>> {
        create::lookup(self, key).await
    }

    async fn requests(&self, ids: &[RequestId]) -> DriverResult<Vec<Request>> {
        read::requests(&self.http, ids).await
    }

    async fn newest_request(&self) -> DriverResult<Option<RequestId>> {
        read::newest_request(&self.http).await
    }

    async fn builds(&self, request: RequestId) -> DriverResult<Vec<Build>> {
        read::builds(self, request).await
    }

    async fn running_builds(&self) -> DriverResult<Option<Vec<Build>>> {
        read::running_builds(self).await.map(Some)
    }

    async fn properties(&self, build: BuildId) -> DriverResult<Properties> {
        read::properties(&self.http, build).await
    }

    async fn steps(&self, build: BuildId) -> DriverResult<Vec<Step>> {
        read::steps(self, build).await
    }

    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> DriverResult<Lines> {
        read::lines(self, log, offset, limit).await
    }

    async fn cancel(&self, request: RequestId, reason: &str) -> DriverResult<()> {
        cancel::request(&self.http, request, reason).await
    }

    async fn stop(&self, build: BuildId, reason: &str) -> DriverResult<()> {
        cancel::build(&self.http, build, reason).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        Box::new(Socket::new(self.http.clone(), self.rng.branch("events")))
    }
}

/// A response that cannot be decoded.
fn invalid(what: impl std::fmt::Display) -> DriverError {
    DriverError::InvalidResponse(what.to_string())
}
