//! From a pending run to a request at the master.

use actors::queue::Report;
use chrono::TimeDelta;
use db::bridge::{BridgeState, Intent};
use protocol::{state::ReasonResolved, task::TaskDefinition, time::Timestamp};

use super::{ReconcileError, RequestReconciler};
use crate::{
    driver::{Created, DriverError, MasterDriver, NewRequest},
    payload::Payload,
    queue_client::{QueueClientError, RunOwnership},
};

/// How long a create without an answer may still be carried out by the master.
const UNCONFIRMED: TimeDelta = TimeDelta::seconds(60);

/// What a task asks for.
enum Order {
    Create(NewRequest),
    /// Its builder is one of `ignored_builders`.
    Ignore,
    /// It cannot be built, for these reasons.
    Refuse(Vec<String>),
}

impl RequestReconciler<'_> {
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.row.task_id(), self.row.first_run)
    }

    /// Creates the request, unless the run is no longer pending. The attempt is written before the call.
    pub(super) async fn create(&mut self) -> Result<(), ReconcileError> {
        // Before the task is read: it must not have changed by the time the master is called. The semaphore is never closed.
        let permit = self.master.create_permits.acquire().await.ok();
        match self.ownership().await? {
            RunOwnership::Pending | RunOwnership::Claimed(_) => {}
            RunOwnership::Superseded(run_id) => return self.switch_run(run_id).await,
            RunOwnership::Ended => return self.mark_cancelled().await,
        }
        let task = self.master.queue.definition(self.row.task_id()).await?;
        let request = match self.order(&task).await? {
            Order::Create(request) => request,
            Order::Refuse(reasons) => return self.refuse(reasons).await,
            Order::Ignore => {
                self.row.state = BridgeState::Resolved;
                return self.save().await;
            }
        };
        if self.row.attempts > 0 {
            self.master.metrics.count_create_retried(self.master.name());
        }
        self.row.attempts += 1;
        self.row.last_attempt = Some(self.master.now());
        self.row.builder = Some(request.builder.clone());
        self.save().await?;
        let created = self.master.driver.create(&request).await;
        drop(permit);
        match created {
            Ok(created) => self.bind(created).await,
            Err(DriverError::Refused(message)) => self.create_refused(message).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn order(&self, task: &TaskDefinition) -> Result<Order, ReconcileError> {
        let rules = &self.master.rules;
        let payload = match Payload::read(&task.payload, &rules.settings.required_properties) {
            Ok(payload) => payload,
            Err(reasons) => return Ok(Order::Refuse(reasons)),
        };
        let name = &payload.builder;
        if rules.ignores(name) {
            return Ok(Order::Ignore);
        }
        let reason = match self.builder_error(name).await? {
            Some(reason) => Some(reason),
            None => self.scope_error(task, name),
        };
        if let Some(reason) = reason {
            return Ok(Order::Refuse(vec![reason]));
        }
        Ok(Order::Create(NewRequest {
            key: self.key(),
            builder: payload.builder,
            source_stamp: payload.source_stamp,
            properties: payload.properties,
            priority: payload.priority,
            reason: format!("Drover task {}: {}", self.row.task_id(), task.metadata.name),
        }))
    }

    async fn builder_error(&self, name: &str) -> Result<Option<String>, ReconcileError> {
        let rules = &self.master.rules;
        let master = rules.name();
        if !rules.allows(name) {
            return Ok(Some(format!("`builderName`: tasks may not use the builder `{name}` of master {master}")));
        }
        let found = self.master.builders.find(&self.master.driver, &*self.master.clock, name, self.row.created).await?;
        Ok(match found {
            None => Some(format!("`builderName`: master {master} has no builder `{name}`")),
            Some(builder) if !builder.active => {
                Some(format!("`builderName`: the builder `{name}` of master {master} is not in use any more"))
            }
            Some(builder) if builder.schedulers.is_empty() => Some(format!(
                "`builderName`: no scheduler of master {master} lets Drover use the builder `{name}`; its \
                 administrator can add it to the builderNames of `{}`",
                rules.settings.scheduler
            )),
            Some(_) => None,
        })
    }

    fn scope_error(&self, task: &TaskDefinition, builder: &str) -> Option<String> {
        match self.master.queue.scopes_of(task) {
            Ok(scopes) => self
                .master
                .rules
                .missing_scope(builder, &scopes)
                .map(|scope| format!("`scopes`: the task needs the scope {scope} to use this builder")),
            Err(error) => Some(format!("`scopes`: {error}")),
        }
    }

    /// An earlier attempt may have been carried out all the same.
    async fn create_refused(&mut self, message: String) -> Result<(), ReconcileError> {
        match self.master.driver.lookup(&self.key()).await? {
            Some(created) => self.bind(created).await,
            None => self.refuse(vec![format!("master {} refuses the build: {message}", self.master.name())]).await,
        }
    }

    pub(super) async fn bind(&mut self, created: Created) -> Result<(), ReconcileError> {
        self.row.buildset_id = Some(created.buildset.0);
        self.row.request_id = Some(created.request.0);
        self.row.state = BridgeState::Created;
        self.save().await?;
        let (master, took) = (self.master.name(), self.master.now() - self.row.created);
        self.master.metrics.record_create(master, took);
        self.master.metrics.count_state(master, "created");
        let (task, request) = (self.row.task_id(), created.request);
        tracing::info!(task.id = %task, master, request = request.0, builder = self.row.builder, "request created");
        self.observe().await
    }

    /// Resolves the run as malformed-payload, with a log that says what to correct.
    async fn refuse(&mut self, reasons: Vec<String>) -> Result<(), ReconcileError> {
        let worker = self.master.rules.worker_name(None);
        match self.master.queue.claim(self.row.task_id(), self.row.run_id, worker).await {
            Ok(_) => {}
            Err(QueueClientError::Refused(_)) => return self.claim_refused().await,
            Err(error) => return Err(error.into()),
        }
        let list = reasons.join("\n  * ");
        let message = format!("This task cannot be run as a build. What to correct:\n  * {list}\n");
        let stored = self.store_message(message).await;
        let grace_ends = self.row.created + self.master.rules.settings.artifacts_grace.delta();
        stored.or_else(|error| if self.master.now() < grace_ends { Err(error) } else { Ok(()) })?;
        let report = Report::Exception(ReasonResolved::MalformedPayload);
        match self.master.queue.report(self.row.task_id(), self.row.run_id, report).await {
            Ok(_) | Err(QueueClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (task, master) = (self.row.task_id(), self.master.name());
        tracing::info!(task.id = %task, master, reason = reasons.join("; "), "run resolved as malformed-payload");
        self.mark_cancelled().await
    }

    /// The run was claimed or resolved by someone else.
    async fn claim_refused(&mut self) -> Result<(), ReconcileError> {
        match self.ownership().await? {
            RunOwnership::Superseded(run_id) => self.switch_run(run_id).await,
            RunOwnership::Pending | RunOwnership::Claimed(_) => {
                Err(QueueClientError::Unavailable("the queue refused the claim of the run".to_owned()).into())
            }
            RunOwnership::Ended => self.mark_cancelled().await,
        }
    }

    /// Looks for a request that an earlier attempt may have created. `Some`: it is not there, and may appear until then.
    pub(super) async fn lookup(&mut self) -> Result<Option<Timestamp>, ReconcileError> {
        if let Some(created) = self.master.driver.lookup(&self.key()).await? {
            self.bind(created).await?;
            return Ok(None);
        }
        let confirmed_at = self.row.last_attempt.unwrap_or(self.row.created) + UNCONFIRMED;
        if confirmed_at > self.master.now() {
            return Ok(Some(confirmed_at));
        }
        debug_assert_eq!(self.row.intent, Intent::Cancel);
        // As if it had never been tried.
        self.row.attempts = 0;
        self.row.state = BridgeState::PendingCreate;
        self.save().await?;
        Ok(None)
    }
}
