//! The interface to a Buildbot master.
//!
//! Implemented by the driver for Buildbot 1.0 and later (REST and WebSocket), the classic one for 0.8, and a fake in the tests.
//! A driver holds no state that matters: every call may be repeated, by another process too.

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

pub type DriverResult<T> = Result<T, DriverError>;

/// Each call has a timeout of the driver, and at most `max_in_flight` are in flight; further callers wait for a slot. Writes
/// are never retried inside: the caller knows when to.
#[async_trait]
pub trait MasterDriver: Send + Sync + 'static {
    /// Logs in if that is needed, and describes the master.
    async fn check(&self) -> DriverResult<Checked>;

    /// Every builder, with those settings of it that matter to the bridge.
    async fn builders(&self) -> DriverResult<Vec<Builder>>;

    /// Creates a request for one build. Idempotent by its key: a repeat, by any process, returns the first request.
    /// After any error the call may or may not have been carried out.
    async fn create(&self, order: &NewRequest) -> DriverResult<Created>;

    /// The request that was created with a key, the oldest if there are several.
    async fn lookup(&self, key: &str) -> DriverResult<Option<Created>>;

    /// Requests by their ids; those that the master does not have are left out. Any number may be asked for.
    async fn requests(&self, ids: &[RequestId]) -> DriverResult<Vec<Request>>;

    /// The highest id of a request. `None`: the master has no requests.
    async fn newest_request(&self) -> DriverResult<Option<RequestId>>;

    /// The builds of a request, the oldest first, without their properties and steps.
    async fn builds(&self, request: RequestId) -> DriverResult<Vec<Build>>;

    /// All running builds, of whatever request. With this the bridge checks a thousand open requests with few
    /// calls. `None`: not supported, so the builds of each request are read separately.
    async fn running_builds(&self) -> DriverResult<Option<Vec<Build>>> {
        Ok(None)
    }

    async fn properties(&self, build: BuildId) -> DriverResult<Properties>;

    /// The steps of a build in order, each with its logs.
    async fn steps(&self, build: BuildId) -> DriverResult<Vec<Step>>;

    /// The lines of a log from `offset` on, at most `limit`. Empty: the log has no more lines so far.
    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> DriverResult<Lines>;

    /// Cancels a request, waiting or running. The result does not say whether that had any effect, so read the request
    /// again. Never call it for an id that was not just read: see the README on bugs of Buildbot 4.3.
    async fn cancel(&self, request: RequestId, reason: &str) -> DriverResult<()>;

    /// Stops a build. As with `cancel`, the result does not say whether that had any effect.
    async fn stop(&self, build: BuildId, reason: &str) -> DriverResult<()>;

    /// The events of the master, from now on. Each call opens a source of its own.
    fn events(&self) -> Box<dyn EventSource>;
}
