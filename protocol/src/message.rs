//! The external (Pulse) messages of events: exactly the JSON of Taskcluster.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

use crate::{
    event::{ArtifactInfo, Event, EventPayload, GroupChange, GroupEvent, ServiceEvent, TaskChange, TaskEvent},
    exchanges::{self, ExchangeDeclaration, RoutingKeyError},
    id::{RunId, TaskGroupId},
    state::{Priority, StorageType},
    status::{RunStatus, TaskStatus},
    time::{Timestamp, wire, wire_option},
};

/// One message, ready to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub exchange: &'static ExchangeDeclaration,
    pub routing_key: String,
    /// Further routing keys, for the `CC` header.
    pub cc: Vec<String>,
    /// JSON.
    pub body: Vec<u8>,
}

/// Why an event cannot become an external message. Another try fails as well.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("the event is about run {0}, which the status does not have")]
    NoRun(RunId),
    #[error("no service declares the exchange of the event")]
    NoExchange,
    #[error("the event has no routing key")]
    Key(#[from] RoutingKeyError),
    #[error("the event could not be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl Event {
    /// Its external message.
    pub fn message(&self) -> Result<Message, MessageError> {
        let Some(exchange) = self.exchange() else { return Err(MessageError::NoExchange) };
        match &self.payload {
            EventPayload::Task(task) => task_message(exchange, task),
            EventPayload::Group(group) => group_message(exchange, group),
            EventPayload::Client(client) => auth_message(exchange, &AuthBody::client(&client.client_id)),
            EventPayload::Role(role) => auth_message(exchange, &AuthBody::role(&role.role_id)),
            EventPayload::Service(event) => Ok(service_message(exchange, event)),
        }
    }

    /// Its external exchange; `None` for a service event of an exchange that this program does not declare.
    pub fn exchange(&self) -> Option<&'static ExchangeDeclaration> {
        match &self.payload {
            EventPayload::Service(event) => exchanges::find(&event.service, &event.exchange),
            _ => exchanges::of(self.kind()),
        }
    }
}

fn task_message(exchange: &'static ExchangeDeclaration, task: &TaskEvent) -> Result<Message, MessageError> {
    let body = TaskBody::of(task)?;
    Ok(Message {
        exchange,
        routing_key: exchange.routing_key(|name| body.word(name))?,
        cc: task.routes.iter().map(|route| format!("route.{route}")).collect(),
        body: serde_json::to_vec(&body)?,
    })
}

fn group_message(exchange: &'static ExchangeDeclaration, group: &GroupEvent) -> Result<Message, MessageError> {
    let word = |name: &str| match name {
        "taskGroupId" => Some(Cow::Owned(group.task_group_id.to_string())),
        "schedulerId" => Some(Cow::Borrowed(group.scheduler_id.as_str())),
        _ => None,
    };
    let body = serde_json::to_vec(&GroupBody::of(group))?;
    Ok(Message { exchange, routing_key: exchange.routing_key(word)?, cc: Vec::new(), body })
}

fn service_message(exchange: &'static ExchangeDeclaration, event: &ServiceEvent) -> Message {
    let ServiceEvent { routing_key, cc, body, .. } = event.clone();
    Message { exchange, routing_key, cc, body: body.into_bytes() }
}

fn auth_message(exchange: &'static ExchangeDeclaration, body: &AuthBody) -> Result<Message, MessageError> {
    let body = serde_json::to_vec(body)?;
    Ok(Message { exchange, routing_key: exchange.routing_key(|_| None)?, cc: Vec::new(), body })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskBody<'a> {
    version: u8,
    status: &'a TaskStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<&'a str>,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    taken_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact: Option<ArtifactPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_priority: Option<Priority>,
}

/// The part of the definition that messages carry.
#[derive(Serialize)]
struct TaskPart<'a> {
    tags: &'a BTreeMap<String, String>,
}

/// Without the artifact's size, which the schema of the message does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactPart<'a> {
    storage_type: StorageType,
    name: &'a str,
    #[serde(with = "wire")]
    expires: Timestamp,
    content_type: &'a str,
}

impl<'a> TaskBody<'a> {
    fn of(task: &'a TaskEvent) -> Result<Self, MessageError> {
        let mut body = Self::about(task, run_of(task)?);
        match &task.change {
            TaskChange::ArtifactCreated { artifact, .. } => {
                body.task = None;
                body.artifact = Some(ArtifactPart::of(artifact));
            }
            TaskChange::PriorityChanged { old, new } => {
                body.task = None;
                body.old_priority = Some(*old);
                body.new_priority = Some(*new);
            }
            TaskChange::Running { .. } => body.taken_until = run_of(task)?.and_then(|run| run.taken_until),
            TaskChange::Pending { .. } => {
                body.worker_group = None;
                body.worker_id = None;
            }
            TaskChange::Defined
            | TaskChange::Completed { .. }
            | TaskChange::Failed { .. }
            | TaskChange::Exception { .. } => {}
        }
        Ok(body)
    }

    /// What most kinds have in common.
    fn about(task: &'a TaskEvent, run: Option<&'a RunStatus>) -> Self {
        Self {
            version: 1,
            status: &task.status,
            task: Some(TaskPart { tags: &task.tags }),
            run_id: run.map(|run| run.run_id),
            worker_group: run.and_then(|run| run.worker_group.as_deref()),
            worker_id: run.and_then(|run| run.worker_id.as_deref()),
            taken_until: None,
            artifact: None,
            old_priority: None,
            new_priority: None,
        }
    }

    /// A word of the routing key. Run and worker are those of the message, not of the status.
    fn word(&self, name: &str) -> Option<Cow<'a, str>> {
        let status = self.status;
        match name {
            "taskId" => Some(Cow::Owned(status.task_id.to_string())),
            "runId" => self.run_id.map(|run| Cow::Owned(run.to_string())),
            "workerGroup" => self.worker_group.map(Cow::Borrowed),
            "workerId" => self.worker_id.map(Cow::Borrowed),
            "provisionerId" => Some(Cow::Borrowed(&status.provisioner_id)),
            "workerType" => Some(Cow::Borrowed(&status.worker_type)),
            "schedulerId" => Some(Cow::Borrowed(&status.scheduler_id)),
            "taskGroupId" => Some(Cow::Owned(status.task_group_id.to_string())),
            _ => None,
        }
    }
}

fn run_of(task: &TaskEvent) -> Result<Option<&RunStatus>, MessageError> {
    let Some(run_id) = task.change.run_id() else { return Ok(None) };
    task.status.run(run_id).map(Some).ok_or(MessageError::NoRun(run_id))
}

impl<'a> ArtifactPart<'a> {
    fn of(artifact: &'a ArtifactInfo) -> Self {
        Self {
            storage_type: artifact.storage_type,
            name: &artifact.name,
            expires: artifact.expires,
            content_type: &artifact.content_type,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupBody<'a> {
    version: u8,
    task_group_id: TaskGroupId,
    scheduler_id: &'a str,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    sealed: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks_affected: Option<i64>,
}

impl<'a> GroupBody<'a> {
    fn of(group: &'a GroupEvent) -> Self {
        let (expires, sealed, new_priority, tasks_affected) = match group.change {
            GroupChange::Resolved { expires, sealed } => (Some(expires), sealed, None, None),
            GroupChange::Sealed { expires, sealed } => (Some(expires), Some(sealed), None, None),
            GroupChange::PriorityChanged { new, tasks_affected } => (None, None, Some(new), Some(tasks_affected)),
        };
        Self {
            version: 1,
            task_group_id: group.task_group_id,
            scheduler_id: &group.scheduler_id,
            expires,
            sealed,
            new_priority,
            tasks_affected,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthBody<'a> {
    version: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_id: Option<&'a str>,
}

impl<'a> AuthBody<'a> {
    const fn client(client_id: &'a str) -> Self {
        Self { version: 1, client_id: Some(client_id), role_id: None }
    }

    const fn role(role_id: &'a str) -> Self {
        Self { version: 1, client_id: None, role_id: Some(role_id) }
    }
}
