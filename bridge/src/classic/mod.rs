//! The driver for Buildbot 0.8, whose masters have no API: requests are rows in their scheduler database, and the self-serve
//! service in front of them cancels. What a build leaves behind they do not keep; they tell it once.

mod builders;
mod cancel;
mod control;
mod create;
mod exchange;
mod held;
mod logs;
mod message;
mod read;
mod told;

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
    exchange::{Exchange, Place},
    told::Told,
};
use crate::{
    MasterSettings,
    driver::{
        Answer, Build, BuildId, Builder, Checked, Created, DriverError, Event, EventSource, Lines, LogId, MasterDriver,
        NewRequest, Properties, Request, RequestId, Step,
    },
};

/// A master of Buildbot 0.8, or several that share a scheduler database.
pub struct ClassicMaster {
    db: SchedulerDb,
    control: Control,
    user: String,
    /// What builders are said to be served by.
    scheduler: String,
    clock: Arc<dyn Clock>,
    /// Where events come from; `None`: nowhere.
    place: Option<Place>,
    told: Arc<Told>,
    log_wait: TimeDelta,
    /// Requests that nobody waits for any more, of builds that serve others too.
    unwanted: Mutex<BTreeSet<i64>>,
}

impl ClassicMaster {
    /// Must be called within a runtime. Nothing is sent yet.
    pub fn new(settings: &MasterSettings, clock: Arc<dyn Clock>, rng: Rng) -> Answer<Self> {
        let timeout: Duration = settings.timeout.into();
        let connections = u32::try_from(settings.in_flight).unwrap_or(u32::MAX);
        let db = SchedulerDb::new(settings.classic.database_url.reveal(), connections, timeout)
            .map_err(|error| DriverError::Refused(format!("`classic.database_url`: {error}")))?;
        let control = Control::new(settings)?;
        let (user, scheduler) = (settings.user.clone(), settings.scheduler.clone());
        let (place, told, log_wait) = (place(settings, rng)?, Arc::default(), settings.classic.log_wait.delta());
        let unwanted = Mutex::default();
        Ok(Self { db, control, user, scheduler, clock, place, told, log_wait, unwanted })
    }

    /// What works, but not as well as it could.
    pub async fn hitches(&self) -> Vec<String> {
        builders::hitches(self).await
    }
}

#[async_trait]
impl MasterDriver for ClassicMaster {
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
        read::requests(self, ids).await
    }

    async fn newest_request(&self) -> Answer<Option<RequestId>> {
        Ok(self.db.newest_request().await?.map(RequestId))
    }

    async fn builds(&self, request: RequestId) -> Answer<Vec<Build>> {
        read::builds(self, request).await
    }

    async fn running_builds(&self) -> Answer<Option<Vec<Build>>> {
        read::running_builds(self).await.map(Some)
    }

    async fn properties(&self, build: BuildId) -> Answer<Properties> {
        read::properties(self, build).await
    }

    /// The database knows of none. This is what is asked first of a build that ended, so it waits for the build's last word.
    async fn steps(&self, build: BuildId) -> Answer<Vec<Step>> {
        logs::facts(self, build).await.map(|_| Vec::new())
    }

    /// Nor of logs.
    async fn lines(&self, _: LogId, offset: u64, _: u32) -> Answer<Lines> {
        Ok(Lines { first: offset, lines: Vec::new() })
    }

    async fn cancel(&self, request: RequestId, _: &str) -> Answer<()> {
        cancel::request(self, request).await
    }

    async fn stop(&self, build: BuildId, _: &str) -> Answer<()> {
        cancel::build(self, build).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        match &self.place {
            Some(place) => Box::new(Exchange::new(place.clone(), self.told.clone())),
            None => Box::new(Silence),
        }
    }
}

fn place(settings: &MasterSettings, rng: Rng) -> Answer<Option<Place>> {
    let (name, classic) = (&settings.name, &settings.classic);
    if classic.amqp_url.is_empty() {
        return Ok(None);
    }
    let default = || format!("drover/v1/bridge/{name}/builds");
    let place = Place {
        url: classic.amqp_url.clone(),
        name: format!("drover bridge {name}"),
        exchange: classic.exchange.clone(),
        queue: Some(classic.queue.clone()).filter(|queue| !queue.is_empty()).unwrap_or_else(default),
        timeout: settings.timeout.into(),
        rng,
    };
    place.check().map_err(|error| DriverError::Refused(format!("`classic.amqp_url`: {error}")))?;
    Ok(Some(place))
}

/// Where no broker is given nothing is told, and everything is found by looking.
struct Silence;

#[async_trait]
impl EventSource for Silence {
    async fn next(&mut self) -> Event {
        std::future::pending().await
    }
}

impl From<ClassicError> for DriverError {
    fn from(error: ClassicError) -> Self {
        let of = |words: String| format!("its scheduler database: {words}");
        match error {
            ClassicError::Away(words) => Self::Away(of(words)),
            ClassicError::Denied(words) => Self::Auth(of(words)),
            ClassicError::Shape(words) => Self::BadAnswer(of(words)),
            ClassicError::Refused(words) => Self::Refused(of(words)),
            ClassicError::Url => Self::Refused(error.to_string()),
        }
    }
}
