//! From the wish to a request at the master.

use chrono::TimeDelta;
use db::bridge::{BridgeState, Wanted};
use protocol::{state::ReasonResolved, task::TaskDefinition, time::Timestamp};

use super::{Hitch, Step};
use crate::{
    driver::{Created, DriverError, MasterDriver, NewRequest},
    payload::Payload,
    queue::{QueueFault, Standing},
};
use actors::queue::Report;

/// So long may a create be under way whose answer we did not get.
const UNCLEAR: TimeDelta = TimeDelta::seconds(60);

/// What a task asks for.
enum Order {
    Make(NewRequest),
    /// Its builder is none of ours.
    Ignore,
    /// It cannot be made, for these reasons.
    Refuse(Vec<String>),
}

impl Step<'_> {
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.row.task_id(), self.row.first_run)
    }

    /// Asks for the build, unless the run is no longer pending. The attempt is written down before it is made.
    pub(super) async fn create(&mut self) -> Result<(), Hitch> {
        // Taken first, so that what is read of the task is still so when the master is asked. It is never closed.
        let turn = self.master.creating.acquire().await.ok();
        match self.master.queue.standing(self.row.task_id(), self.row.run_id).await? {
            Standing::Pending | Standing::Ours(_) => {}
            Standing::Followed(run_id) => return self.follow(run_id).await,
            Standing::Over => return self.unwant().await,
        }
        let task = self.master.queue.definition(self.row.task_id()).await?;
        let order = match self.order(&task).await? {
            Order::Make(order) => order,
            Order::Refuse(faults) => return self.refuse(faults).await,
            Order::Ignore => {
                self.row.state = BridgeState::Resolved;
                return self.save().await;
            }
        };
        if self.row.attempts > 0 {
            self.master.meters.create_repeated(self.master.name());
        }
        self.row.attempts += 1;
        self.row.tried = Some(self.master.now());
        self.row.builder = Some(order.builder.clone());
        self.save().await?;
        let created = self.master.driver.create(&order).await;
        drop(turn);
        match created {
            Ok(created) => self.bind(created).await,
            Err(DriverError::Refused(words)) => self.refused(words).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn order(&self, task: &TaskDefinition) -> Result<Order, Hitch> {
        let rules = &self.master.rules;
        let payload = match Payload::read(&task.payload, &rules.settings.required_properties) {
            Ok(payload) => payload,
            Err(faults) => return Ok(Order::Refuse(faults)),
        };
        let name = &payload.builder;
        if rules.ignores(name) {
            return Ok(Order::Ignore);
        }
        let refuse = |words: String| Ok(Order::Refuse(vec![words]));
        let master = rules.name();
        if !rules.allows(name) {
            return refuse(format!("`builderName`: tasks may not use the builder `{name}` of master {master}"));
        }
        let found = self.master.builders.find(&self.master.driver, &*self.master.clock, name, self.row.created).await?;
        match found {
            None => return refuse(format!("`builderName`: master {master} has no builder `{name}`")),
            Some(builder) if !builder.active => {
                return refuse(format!(
                    "`builderName`: the builder `{name}` of master {master} is not in use any more"
                ));
            }
            Some(builder) if builder.schedulers.is_empty() => {
                return refuse(format!(
                    "`builderName`: no scheduler of master {master} lets Drover use the builder `{name}`; its \
                     administrator can add it to the builderNames of `{}`",
                    rules.settings.scheduler
                ));
            }
            Some(_) => {}
        }
        let scopes = match self.master.queue.scopes_of(task) {
            Ok(scopes) => scopes,
            Err(error) => return refuse(format!("`scopes`: {error}")),
        };
        if let Some(scope) = rules.missing_scope(name, &scopes) {
            return refuse(format!("`scopes`: the task needs the scope {scope} to use this builder"));
        }
        Ok(Order::Make(NewRequest {
            key: self.key(),
            builder: payload.builder,
            source_stamp: payload.source_stamp,
            properties: payload.properties,
            priority: payload.priority,
            reason: format!("Drover task {}: {}", self.row.task_id(), task.metadata.name),
        }))
    }

    /// The master says no to what it was given. An earlier attempt may have got through all the same.
    async fn refused(&mut self, words: String) -> Result<(), Hitch> {
        match self.master.driver.lookup(&self.key()).await? {
            Some(created) => self.bind(created).await,
            None => self.refuse(vec![format!("master {} refuses the build: {words}", self.master.name())]).await,
        }
    }

    pub(super) async fn bind(&mut self, created: Created) -> Result<(), Hitch> {
        self.row.buildset_id = Some(created.buildset.0);
        self.row.request_id = Some(created.request.0);
        self.row.state = BridgeState::Created;
        self.save().await?;
        let (master, took) = (self.master.name(), self.master.now() - self.row.created);
        self.master.meters.accepted(master, took);
        self.master.meters.came_into(master, "created");
        let (task, request) = (self.row.task_id(), created.request);
        tracing::info!(task.id = %task, master, request = request.0, builder = self.row.builder, "a build is asked for");
        self.look().await
    }

    /// Ends the task as malformed, with a log that says what to mend.
    async fn refuse(&mut self, faults: Vec<String>) -> Result<(), Hitch> {
        let worker = self.master.rules.worker_name(None);
        match self.master.queue.claim(self.row.task_id(), self.row.run_id, worker).await {
            Ok(_) => {}
            Err(QueueFault::Refused(_)) => return self.after_refusal().await,
            Err(error) => return Err(error.into()),
        }
        let list = faults.join("\n  * ");
        let told = self.put_words(format!("This task cannot be run as a build. What to mend:\n  * {list}\n")).await;
        let patience = self.row.created + self.master.rules.settings.artifacts_grace.delta();
        told.or_else(|error| if self.master.now() < patience { Err(error) } else { Ok(()) })?;
        let report = Report::Exception(ReasonResolved::MalformedPayload);
        match self.master.queue.report(self.row.task_id(), self.row.run_id, report).await {
            Ok(_) | Err(QueueFault::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (task, master) = (self.row.task_id(), self.master.name());
        tracing::info!(task.id = %task, master, fault = faults.join("; "), "a task cannot be run as a build");
        self.unwant().await
    }

    /// The queue did not give us the run: somebody else was faster, or has ended it.
    async fn after_refusal(&mut self) -> Result<(), Hitch> {
        match self.master.queue.standing(self.row.task_id(), self.row.run_id).await? {
            Standing::Followed(run_id) => self.follow(run_id).await,
            Standing::Pending | Standing::Ours(_) => {
                Err(QueueFault::Away("the queue does not let us claim the run".to_owned()).into())
            }
            Standing::Over => self.unwant().await,
        }
    }

    /// Looks for what an earlier attempt may have made. `Some`: it is not there, and until then it may still come.
    pub(super) async fn find(&mut self) -> Result<Option<Timestamp>, Hitch> {
        if let Some(created) = self.master.driver.lookup(&self.key()).await? {
            self.bind(created).await?;
            return Ok(None);
        }
        let clear = self.row.tried.unwrap_or(self.row.created) + UNCLEAR;
        if clear > self.master.now() {
            return Ok(Some(clear));
        }
        debug_assert_eq!(self.row.wanted, Wanted::Cancel);
        // As if none had been made.
        self.row.attempts = 0;
        self.row.state = BridgeState::Wanted;
        self.save().await?;
        Ok(None)
    }
}
