//! A master in memory that behaves like a real one, bugs included.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use base::{Clock, TestClock};
use protocol::time::Timestamp;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::driver::{
    Build, BuildId, BuildResult, Builder, BuilderId, BuildsetId, Checked, Created, DriverError, DriverResult, Event,
    EventSource, Line, LineKind, Lines, Log, LogId, LogKind, MasterDriver, NewRequest, Properties, Property, Request,
    RequestId, Step, StepId, WorkerName,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Unavailable,
    Garbage,
    Hang,
    Auth,
    /// Creates are carried out, and their answers lost.
    LosesAnswers,
    /// Creates are refused.
    Refuses,
    /// Steps and logs cannot be read.
    NoFiles,
}

#[derive(Clone)]
pub(super) struct FakeMaster {
    state: Arc<Mutex<State>>,
    clock: TestClock,
}

pub(super) struct State {
    pub(super) fault: Fault,
    pub(super) creates: Vec<NewRequest>,
    pub(super) requests: BTreeMap<i64, Request>,
    keys: BTreeMap<String, Created>,
    pub(super) builds: BTreeMap<i64, Build>,
    /// Ids of cancels, each as it was asked for.
    cancels: Vec<i64>,
    /// Cancels of unknown ids: each would block a later request.
    absent_cancels: usize,
    /// Builders blocked by a cancel before the build began.
    blocked: usize,
    /// Cancels are answered, and nothing is done.
    pub(super) ignores_cancels: bool,
    /// A builder claims this request once it has been read so many times more.
    pub(super) claim_after: Option<(i64, usize)>,
    pub(super) builders: Vec<Builder>,
    pub(super) calls: BTreeMap<&'static str, usize>,
    /// Concurrent creates, and their maximum.
    creating: usize,
    pub(super) max_creating: usize,
    next: i64,
    listeners: Vec<UnboundedSender<Event>>,
    pub(super) silent: bool,
}

impl FakeMaster {
    pub(super) fn new(clock: TestClock) -> Self {
        let builders = ["linux", "mac", "retired", "unlisted"].into_iter().zip(1..).map(|(name, id)| Builder {
            id: BuilderId(id),
            name: name.to_owned(),
            description: String::new(),
            active: name != "retired",
            schedulers: if name == "unlisted" { vec![] } else { vec!["drover".to_owned()] },
            collapses: Some(false),
            workers: Some(1),
            holds: None,
            hanging: Vec::new(),
        });
        let state = State {
            fault: Fault::None,
            creates: Vec::new(),
            requests: BTreeMap::new(),
            keys: BTreeMap::new(),
            builds: BTreeMap::new(),
            cancels: Vec::new(),
            absent_cancels: 0,
            blocked: 0,
            ignores_cancels: false,
            claim_after: None,
            builders: builders.collect(),
            calls: BTreeMap::new(),
            creating: 0,
            max_creating: 0,
            next: 100,
            listeners: Vec::new(),
            silent: false,
        };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_fault(&self, fault: Fault) {
        self.state().fault = fault;
    }

    /// How many builds were ever asked for.
    pub(super) fn created(&self) -> usize {
        self.state().requests.len()
    }

    /// The ids of all cancels, as they were asked for.
    pub(super) fn cancels(&self) -> Vec<i64> {
        self.state().cancels.clone()
    }

    /// Cancels that hang a later request.
    pub(super) fn absent_cancels(&self) -> usize {
        self.state().absent_cancels
    }

    /// Builders that a cancel blocked.
    pub(super) fn blocked(&self) -> usize {
        self.state().blocked
    }

    pub(super) fn result_of(&self, request: i64) -> Option<BuildResult> {
        self.state().requests[&request].result
    }

    pub(super) fn only_request(&self) -> i64 {
        let state = self.state();
        assert_eq!(state.requests.len(), 1, "one request");
        *state.requests.keys().next().unwrap()
    }

    /// A builder claims the request; its build has not begun.
    pub(super) fn claim(&self, request: i64) -> i64 {
        let now = self.clock.now();
        let mut state = self.state();
        state.requests.get_mut(&request).unwrap().claimed = true;
        let id = state.next();
        let build = Build {
            id: BuildId(id),
            request: RequestId(request),
            number: id - 100,
            worker: Some(WorkerName("bld-linux-1".to_owned())),
            started: now,
            ended: None,
            result: None,
            state: "created".to_owned(),
            url: None,
        };
        state.builds.insert(id, build);
        state.tell(&Event::Request(RequestId(request)));
        id
    }

    pub(super) fn begin(&self, build: i64) {
        let mut state = self.state();
        let build = state.builds.get_mut(&build).unwrap();
        build.state = "building".to_owned();
        let event = Event::Build { build: build.id, request: build.request };
        state.tell(&event);
    }

    pub(super) fn start(&self, request: i64) -> i64 {
        let build = self.claim(request);
        self.begin(build);
        build
    }

    /// The build ends; after RETRY the request waits for the next one, else it is complete.
    pub(super) fn finish(&self, build: i64, result: BuildResult) {
        let now = self.clock.now();
        let mut state = self.state();
        let build = state.builds.get_mut(&build).unwrap();
        (build.result, build.ended) = (Some(result), Some(now));
        build.state = "finished".to_owned();
        let (build, request) = (build.id, build.request);
        let found = state.requests.get_mut(&request.0).unwrap();
        if result == BuildResult::Retry {
            found.claimed = false;
        } else {
            found.result = Some(result);
        }
        state.tell(&Event::Build { build, request });
        state.tell(&Event::Request(request));
    }

    /// The request ends without a build.
    pub(super) fn complete(&self, request: i64, result: BuildResult) {
        let mut state = self.state();
        let found = state.requests.get_mut(&request).unwrap();
        (found.claimed, found.result) = (true, Some(result));
        state.tell(&Event::Request(RequestId(request)));
    }

    /// A request of another user.
    pub(super) fn unrelated_request(&self) -> i64 {
        let now = self.clock.now();
        let mut state = self.state();
        let key = format!("unrelated_request {}", state.next);
        state.make(key, now).request.0
    }

    pub(super) fn forget(&self, request: i64) {
        self.state().requests.remove(&request);
    }

    /// The master's database is replaced by an empty one: ids begin anew.
    pub(super) fn reset_database(&self) {
        let mut state = self.state();
        state.requests.clear();
        state.builds.clear();
        state.keys.clear();
        state.next = 100;
    }

    async fn enter(&self, call: &'static str) -> DriverResult<()> {
        let fault = {
            let mut state = self.state();
            *state.calls.entry(call).or_default() += 1;
            state.fault.clone()
        };
        // Every call is a point at which a caller may be given up.
        tokio::task::yield_now().await;
        let files = ["steps", "properties", "lines"].contains(&call);
        match fault {
            Fault::Unavailable => Err(DriverError::Unavailable("connection refused".to_owned())),
            Fault::Garbage => Err(DriverError::InvalidResponse("<html>".to_owned())),
            Fault::Auth => Err(DriverError::Auth("wrong password".to_owned())),
            Fault::Hang => std::future::pending().await,
            Fault::NoFiles if files => Err(DriverError::NotFound("this log".to_owned())),
            Fault::Refuses if call == "create" => Err(DriverError::Refused("branch: not a branch".to_owned())),
            _ => Ok(()),
        }
    }
}

impl State {
    fn next(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    fn claim_now(&mut self, read: &[RequestId]) -> Option<i64> {
        let (request, left) = self.claim_after.filter(|(request, _)| read.contains(&RequestId(*request)))?;
        self.claim_after = Some((request, left - 1)).filter(|_| left > 1);
        (left == 1).then_some(request)
    }

    fn make(&mut self, key: String, now: Timestamp) -> Created {
        if let Some(created) = self.keys.get(&key) {
            return *created;
        }
        let (request, buildset) = (RequestId(self.next()), BuildsetId(self.next()));
        let made =
            Request { id: request, buildset, builder: BuilderId(1), submitted: now, claimed: false, result: None };
        self.requests.insert(request.0, made);
        let created = Created { buildset, request };
        self.keys.insert(key, created);
        self.tell(&Event::Request(request));
        created
    }

    fn tell(&mut self, event: &Event) {
        if !self.silent {
            self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
    }

    fn cancel(&mut self, id: i64, now: Timestamp) {
        self.cancels.push(id);
        let Some(request) = self.requests.get_mut(&id) else {
            self.absent_cancels += 1;
            return;
        };
        if self.ignores_cancels || request.result.is_some() {
            return;
        }
        let build = self.builds.values_mut().find(|build| build.request.0 == id && build.result.is_none());
        match build {
            Some(build) if build.state == "created" => self.blocked += 1,
            Some(build) => {
                (build.result, build.ended) = (Some(BuildResult::Cancelled), Some(now));
                request.result = Some(BuildResult::Cancelled);
            }
            None if request.claimed => self.blocked += 1,
            None => request.result = Some(BuildResult::Cancelled),
        }
        self.tell(&Event::Request(RequestId(id)));
    }
}

#[async_trait]
impl MasterDriver for FakeMaster {
    async fn check(&self) -> DriverResult<Checked> {
        self.enter("check").await?;
        let user = Some("drover".to_owned());
        Ok(Checked {
            version: "4.3.0".to_owned(),
            title: "FakeMaster".to_owned(),
            user,
            creates_idempotently: true,
            ends_hanging: Some(true),
        })
    }

    async fn builders(&self) -> DriverResult<Vec<Builder>> {
        self.enter("builders").await?;
        Ok(self.state().builders.clone())
    }

    async fn create(&self, order: &NewRequest) -> DriverResult<Created> {
        self.enter("create").await?;
        let now = self.clock.now();
        let _creating = Creating::enter(self);
        let created = {
            let mut state = self.state();
            state.creates.push(order.clone());
            state.make(order.key.clone(), now)
        };
        tokio::task::yield_now().await;
        if self.state().fault == Fault::LosesAnswers {
            return Err(DriverError::Unavailable("no answer in time".to_owned()));
        }
        Ok(created)
    }

    async fn lookup(&self, key: &str) -> DriverResult<Option<Created>> {
        self.enter("lookup").await?;
        Ok(self.state().keys.get(key).copied())
    }

    async fn requests(&self, ids: &[RequestId]) -> DriverResult<Vec<Request>> {
        self.enter("requests").await?;
        let (found, takes) = {
            let mut state = self.state();
            let found = ids.iter().filter_map(|id| state.requests.get(&id.0).cloned()).collect();
            (found, state.claim_now(ids))
        };
        if let Some(request) = takes {
            self.claim(request);
        }
        Ok(found)
    }

    async fn newest_request(&self) -> DriverResult<Option<RequestId>> {
        self.enter("newest_request").await?;
        let state = self.state();
        let newest = state.keys.values().map(|created| created.request).max();
        Ok(newest)
    }

    async fn builds(&self, request: RequestId) -> DriverResult<Vec<Build>> {
        self.enter("builds").await?;
        Ok(self.state().builds.values().filter(|build| build.request == request).cloned().collect())
    }

    async fn running_builds(&self) -> DriverResult<Option<Vec<Build>>> {
        self.enter("running_builds").await?;
        Ok(Some(self.state().builds.values().filter(|build| build.result.is_none()).cloned().collect()))
    }

    async fn properties(&self, _: BuildId) -> DriverResult<Properties> {
        self.enter("properties").await?;
        let property = |value| Property { value, source: "Build".to_owned() };
        let all = [("revision", json!("abc")), ("token", json!("hunter2"))];
        Ok(all.map(|(name, value)| (name.to_owned(), property(value))).into())
    }

    async fn steps(&self, build: BuildId) -> DriverResult<Vec<Step>> {
        self.enter("steps").await?;
        let log = Log {
            id: LogId(build.0),
            name: "stdio".to_owned(),
            slug: "stdio".to_owned(),
            kind: LogKind::Stdio,
            lines: 1,
            complete: true,
        };
        let now = Some(self.clock.now());
        Ok(vec![Step {
            id: StepId(build.0),
            number: 0,
            name: "compile".to_owned(),
            started: now,
            ended: now,
            result: Some(BuildResult::Success),
            state: "done".to_owned(),
            urls: Vec::new(),
            hidden: false,
            logs: vec![log],
        }])
    }

    async fn lines(&self, log: LogId, offset: u64, _: u32) -> DriverResult<Lines> {
        self.enter("lines").await?;
        let line = Line { kind: LineKind::Out, text: format!("log {}", log.0) };
        Ok(Lines { first: offset, lines: if offset == 0 { vec![line] } else { vec![] } })
    }

    async fn cancel(&self, request: RequestId, _: &str) -> DriverResult<()> {
        self.enter("cancel").await?;
        let now = self.clock.now();
        self.state().cancel(request.0, now);
        Ok(())
    }

    async fn stop(&self, build: BuildId, reason: &str) -> DriverResult<()> {
        let request = self.state().builds.get(&build.0).map(|build| build.request);
        match request {
            Some(request) => self.cancel(request, reason).await,
            None => Ok(()),
        }
    }

    fn events(&self) -> Box<dyn EventSource> {
        let (sender, receiver) = unbounded_channel();
        let _ = sender.send(Event::Connected);
        self.state().listeners.push(sender);
        Box::new(Events(receiver))
    }
}

/// A create in flight, until it is dropped.
struct Creating<'f>(&'f FakeMaster);

impl<'f> Creating<'f> {
    fn enter(fake: &'f FakeMaster) -> Self {
        let mut state = fake.state();
        state.creating += 1;
        state.max_creating = state.max_creating.max(state.creating);
        drop(state);
        Self(fake)
    }
}

impl Drop for Creating<'_> {
    fn drop(&mut self) {
        self.0.state().creating -= 1;
    }
}

struct Events(UnboundedReceiver<Event>);

#[async_trait]
impl EventSource for Events {
    async fn next(&mut self) -> Event {
        match self.0.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
}
