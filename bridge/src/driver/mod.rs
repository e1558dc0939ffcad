//! The boundary to a Buildbot master: what the bridge asks of it, and what it hears.
//!
//! Behind it stand the driver for Buildbot 4 (REST and WebSocket), the classic one for 0.8, and a fake in the tests.
//! A driver remembers nothing that matters: every question may be asked again, by another process too.

mod build;
mod builder;
mod error;
mod events;
mod log;
mod request;

use async_trait::async_trait;
pub use build::{Build, BuildId, BuildResult, Properties, Property, Step, StepId, WorkerName};
pub use builder::{Builder, BuilderId, Checked, Holds};
pub use error::DriverError;
pub use events::{Event, EventSource};
pub use log::{Line, LineKind, Lines, Log, LogId, LogKind};
pub use request::{BuildsetId, Created, NewRequest, Request, RequestId, SourceStamp};

pub type Answer<T> = Result<T, DriverError>;

/// What a master can be asked. Each call ends within the driver's own deadline, and at most a few are in flight at the
/// same time; further callers wait for their turn. Nothing is tried again inside: the caller knows when to.
#[async_trait]
pub trait MasterDriver: Send + Sync + 'static {
    /// Logs in if that is needed, and says who answers.
    async fn check(&self) -> Answer<Checked>;

    /// Every builder, with what of the master's settings concerns the bridge.
    async fn builders(&self) -> Answer<Vec<Builder>>;

    /// Makes a request for one build. The same key again yields the request that it made first, whenever and by
    /// whomever it is repeated. After any error the call may or may not have been carried out.
    async fn create(&self, order: &NewRequest) -> Answer<Created>;

    /// The request that was made with a key, the oldest if there are several.
    async fn lookup(&self, key: &str) -> Answer<Option<Created>>;

    /// Requests by their ids; those that the master does not have are left out. Any number may be asked for.
    async fn requests(&self, ids: &[RequestId]) -> Answer<Vec<Request>>;

    /// The highest id that the master has given to a request. `None`: it has none.
    async fn newest_request(&self) -> Answer<Option<RequestId>>;

    /// The builds of a request, the oldest first, without their properties and steps.
    async fn builds(&self, request: RequestId) -> Answer<Vec<Build>>;

    /// All builds that run now, of whatever request. With this the bridge looks at a thousand open requests with few
    /// questions. `None`: this master cannot tell, so each request is asked about alone.
    async fn running_builds(&self) -> Answer<Option<Vec<Build>>> {
        Ok(None)
    }

    /// The properties of a build.
    async fn properties(&self, build: BuildId) -> Answer<Properties>;

    /// The steps of a build in order, each with its logs.
    async fn steps(&self, build: BuildId) -> Answer<Vec<Step>>;

    /// The lines of a log from `offset` on, at most `limit`. None: the log has no more lines so far.
    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> Answer<Lines>;

    /// Asks the master to cancel a request, waiting or running. It answers the same whether anything came of it, so
    /// read the request again. Never call it for an id that was not just read: see the traps in the README.
    async fn cancel(&self, request: RequestId, reason: &str) -> Answer<()>;

    /// Asks the master to stop a build. As with `cancel`, its answer says nothing.
    async fn stop(&self, build: BuildId, reason: &str) -> Answer<()>;

    /// What happens at the master, from now on. Each call opens a source of its own.
    fn events(&self) -> Box<dyn EventSource>;
}
