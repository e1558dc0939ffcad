//! The driver for Buildbot 0.8, whose masters have no API: requests are rows in their scheduler database, and the self-serve
//! service in front of them cancels. Worker names and log URLs are not stored; they are published once.

mod builders;
mod cancel;
mod control;
mod create;
mod exchange;
mod held_deliveries;
mod logs;
mod message;
mod read;
mod reports;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::classic::{ClassicError, SchedulerDb};

pub use self::logs::ClassicLogs;
use self::{
    control::Control,
    exchange::{EventQueue, ExchangeEvents},
    reports::BuildReports,
};
use crate::{
    MasterSettings,
    driver::{
        Build, BuildId, Builder, Checked, Created, DriverError, DriverResult, Event, EventSource, Lines, LogId,
        MasterDriver, NewRequest, Properties, Request, RequestId, Step,
    },
};

/// A master of Buildbot 0.8, or several that share a scheduler database.
pub struct ClassicMaster {
    db: SchedulerDb,
    control: Control,
    user: String,
    /// The scheduler that all builders are listed with.
    scheduler: String,
    clock: Arc<dyn Clock>,
    /// `None`: there are no events.
    event_queue: Option<EventQueue>,
    reports: Arc<BuildReports>,
    log_timeout: TimeDelta,
    /// Cancelled requests whose builds serve other requests too.
    cancelled: Mutex<BTreeSet<i64>>,
}

impl ClassicMaster {
    /// Must be called within a runtime. Does not connect.
    pub fn new(settings: &MasterSettings, clock: Arc<dyn Clock>, rng: Rng) -> DriverResult<Self> {
        let timeout: Duration = settings.timeout.into();
        let connections = u32::try_from(settings.max_in_flight).unwrap_or(u32::MAX);
        let db = SchedulerDb::new(settings.classic.database_url.reveal(), connections, timeout)
            .map_err(|error| DriverError::Refused(format!("`classic.database_url`: {error}")))?;
        let control = Control::new(settings)?;
        let (user, scheduler) = (settings.user.clone(), settings.scheduler.clone());
        let (event_queue, reports, log_timeout) =
            (event_queue(settings, rng)?, Arc::default(), settings.classic.log_timeout.delta());
        let cancelled = Mutex::default();
        Ok(Self { db, control, user, scheduler, clock, event_queue, reports, log_timeout, cancelled })
    }

    /// What works, but not as well as it could.
    pub async fn warnings(&self) -> Vec<String> {
        builders::warnings(self).await
    }
}

#[async_trait]
impl MasterDriver for ClassicMaster {
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
        read::requests(self, ids).await
    }

    async fn newest_request(&self) -> DriverResult<Option<RequestId>> {
        Ok(self.db.newest_request().await?.map(RequestId))
    }

    async fn builds(&self, request: RequestId) -> DriverResult<Vec<Build>> {
        read::builds(self, request).await
    }

    async fn running_builds(&self) -> DriverResult<Option<Vec<Build>>> {
        read::running_builds(self).await.map(Some)
    }

    async fn properties(&self, build: BuildId) -> DriverResult<Properties> {
        read::properties(self, build).await
    }

    /// The database has none. This is the first call about a build that ended, so it fails until the build's final message arrived.
    async fn steps(&self, build: BuildId) -> DriverResult<Vec<Step>> {
        logs::report(self, build).await.map(|_| Vec::new())
    }

    /// The database has no logs either.
    async fn lines(&self, _: LogId, offset: u64, _: u32) -> DriverResult<Lines> {
        Ok(Lines { first: offset, lines: Vec::new() })
    }

    async fn cancel(&self, request: RequestId, _: &str) -> DriverResult<()> {
        cancel::request(self, request).await
    }

    async fn stop(&self, build: BuildId, _: &str) -> DriverResult<()> {
        cancel::build(self, build).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        match &self.event_queue {
            Some(event_queue) => Box::new(ExchangeEvents::new(event_queue.clone(), self.reports.clone())),
            None => Box::new(NoEvents),
        }
    }
}

fn event_queue(settings: &MasterSettings, rng: Rng) -> DriverResult<Option<EventQueue>> {
    let (name, classic) = (&settings.name, &settings.classic);
    if classic.amqp_url.is_empty() {
        return Ok(None);
    }
    let default = || format!("drover/v1/bridge/{name}/builds");
    let event_queue = EventQueue {
        url: classic.amqp_url.clone(),
        name: format!("drover bridge {name}"),
        exchange: classic.exchange.clone(),
        queue: Some(classic.queue.clone()).filter(|queue| !queue.is_empty()).unwrap_or_else(default),
        timeout: settings.timeout.into(),
        rng,
    };
    event_queue.check_settings().map_err(|error| DriverError::Refused(format!("`classic.amqp_url`: {error}")))?;
    Ok(Some(event_queue))
}

/// Without a broker there are no events.
struct NoEvents;

#[async_trait]
impl EventSource for NoEvents {
    async fn next(&mut self) -> Event {
        std::future::pending().await
    }
}

impl From<ClassicError> for DriverError {
    fn from(error: ClassicError) -> Self {
        let of = |message: String| format!("its scheduler database: {message}");
        match error {
            ClassicError::Away(message) => Self::Unavailable(of(message)),
            ClassicError::Denied(message) => Self::Auth(of(message)),
            ClassicError::Shape(message) => Self::InvalidResponse(of(message)),
            ClassicError::Refused(message) => Self::Refused(of(message)),
            ClassicError::Url => Self::Refused(error.to_string()),
        }
    }
}
