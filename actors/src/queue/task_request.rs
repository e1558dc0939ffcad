//! From the body of `createTask` to a whole definition, for whoever makes tasks: the API, and hooks.

use std::collections::BTreeMap;

use base::ConfigDuration;
use chrono::TimeDelta;
use protocol::{
    error::FieldError,
    id::{TaskGroupId, TaskId, TaskQueueId},
    limits::MAX_AUTHORIZATION_HEADER,
    reference::{self, ScopeParams},
    scope::ScopeExpression,
    state::{Priority, Requires},
    task::{Metadata, TaskDefinition},
    time::{self, Timestamp, wire, wire_option},
};
use serde::Deserialize;
use serde_json::Value;

use super::{TaskLimits, credentials_size};

/// How far `created` may be from the server's time, and how much longer than said a deadline may be.
const DRIFT: TimeDelta = TimeDelta::minutes(15);

/// A field of a new task that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TaskRequestError {
    pub message: String,
    pub field: &'static str,
    /// To follow the word "must".
    pub expected: String,
    pub got: String,
}

impl TaskRequestError {
    fn new(message: String, field: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { message, field, expected: expected.into(), got: got.into() }
    }

    /// Of a field about which there is no more to say.
    fn plain(field: &'static str, expected: &str, got: &str) -> Self {
        let message = FieldError::new(format!("/payload/{field}"), expected, got).to_string();
        Self::new(message, field, expected, got)
    }
}

/// The body of `createTask`, checked by its schema and with its defaults filled in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRequest {
    task_queue_id: Option<String>,
    provisioner_id: Option<String>,
    worker_type: Option<String>,
    scheduler_id: String,
    project_id: String,
    pub task_group_id: Option<TaskGroupId>,
    dependencies: Vec<TaskId>,
    requires: Requires,
    routes: Vec<String>,
    priority: Priority,
    retries: i16,
    #[serde(with = "wire")]
    created: Timestamp,
    #[serde(with = "wire")]
    deadline: Timestamp,
    #[serde(default, with = "wire_option")]
    expires: Option<Timestamp>,
    scopes: Vec<String>,
    payload: Value,
    metadata: Metadata,
    tags: BTreeMap<String, String>,
    extra: Value,
}

impl TaskRequest {
    /// Makes the three fields that name the queue agree. Their deprecated pair is filled in too.
    pub fn reconcile_queue(&mut self) -> Result<(), TaskRequestError> {
        let pair = match (&self.provisioner_id, &self.worker_type) {
            (Some(provisioner), Some(kind)) => Some(format!("{provisioner}/{kind}")),
            (None, None) => None,
            _ => {
                let message = "provisionerId and workerType must be given together; or give taskQueueId".to_owned();
                let expected = "be given together with workerType";
                return Err(TaskRequestError::new(message, "provisionerId", expected, "one of the two"));
            }
        };
        let queue = match (self.task_queue_id.take(), pair) {
            (Some(queue), Some(pair)) if queue != pair => {
                let message =
                    format!("taskQueueId is `{queue}`, but provisionerId and workerType say `{pair}`; they must agree");
                let expected = format!("be `{pair}`, as provisionerId and workerType say");
                return Err(TaskRequestError::new(message, "taskQueueId", expected, format!("`{queue}`")));
            }
            (Some(queue), _) | (None, Some(queue)) => queue,
            (None, None) => {
                return Err(TaskRequestError::plain("taskQueueId", "be given", "nothing"));
            }
        };
        let (provisioner, kind) = queue.split_once('/').unwrap_or((&queue, ""));
        (self.provisioner_id, self.worker_type) = (Some(provisioner.to_owned()), Some(kind.to_owned()));
        self.task_queue_id = Some(queue);
        Ok(())
    }

    /// The values that the scopes of `createTask` speak of.
    pub fn scope_params(&self, params: ScopeParams) -> ScopeParams {
        let at_or_above = Priority::ALL.iter().filter(|priority| **priority >= self.priority);
        params
            .list("scopes", &self.scopes)
            .list("routes", &self.routes)
            .list("priorities", at_or_above.map(|priority| priority.as_str()))
            .text("projectId", &self.project_id)
            .text("schedulerId", &self.scheduler_id)
            .text("provisionerId", self.provisioner_id.as_deref().unwrap_or_default())
            .text("workerType", self.worker_type.as_deref().unwrap_or_default())
    }

    /// What `createTask` requires of whoever makes this task.
    ///
    /// # Panics
    /// If the endpoint is not declared, which is a bug.
    pub fn required_scopes(&self) -> Option<ScopeExpression> {
        let declared = reference::service("queue").and_then(|queue| queue.endpoint("createTask"));
        let template = declared.and_then(|endpoint| endpoint.scopes.as_ref()).expect("createTask declares its scopes");
        template.render(&self.scope_params(ScopeParams::new())).expect("scope_params gives all values of the template")
    }

    /// The whole definition, once the dates make sense.
    pub fn finish(
        self,
        task_id: TaskId,
        now: Timestamp,
        limits: &TaskLimits,
    ) -> Result<TaskDefinition, TaskRequestError> {
        let expires = self.expires.or_else(|| self.deadline.checked_add_signed(limits.default_expiry));
        let expires = expires.map_or(self.deadline, time::clamp);
        check_dates(self.created, self.deadline, expires, now, limits.max_deadline)?;
        check_dependencies(&self.dependencies, limits.max_dependencies)?;
        if let Some(scope) = self.scopes.iter().find(|scope| scope.ends_with("**")) {
            let message = format!("scopes must not end with `**`, and `{scope}` does");
            return Err(TaskRequestError::new(message, "scopes", "not end with `**`", format!("`{scope}`")));
        }
        check_room(&self.scopes)?;
        Ok(TaskDefinition {
            created: self.created,
            deadline: self.deadline,
            dependencies: self.dependencies,
            expires,
            extra: self.extra,
            metadata: self.metadata,
            payload: self.payload,
            priority: self.priority,
            project_id: self.project_id,
            provisioner_id: self.provisioner_id.unwrap_or_default(),
            requires: self.requires,
            retries: self.retries,
            routes: self.routes,
            scheduler_id: self.scheduler_id,
            scopes: self.scopes,
            tags: self.tags,
            task_group_id: self.task_group_id.unwrap_or_else(|| task_id.into()),
            task_queue_id: TaskQueueId(self.task_queue_id.unwrap_or_default()),
            worker_type: self.worker_type.unwrap_or_default(),
        })
    }
}

/// A worker that cannot send its credentials could not even report that.
fn check_room(scopes: &[String]) -> Result<(), TaskRequestError> {
    if credentials_size::fit(scopes) {
        return Ok(());
    }
    let (count, bytes) = (scopes.len(), scopes.iter().map(String::len).sum::<usize>());
    let (expected, got) = (
        format!("fit, as credentials, into an Authorization header of {MAX_AUTHORIZATION_HEADER} bytes"),
        format!("{count} scopes of {bytes} bytes"),
    );
    let message = format!("scopes must {expected}; got {got}. Put them into a role and give the task `assume:<role>`");
    Err(TaskRequestError::new(message, "scopes", expected, got))
}

/// In the order in which clients know these checks.
fn check_dates(
    created: Timestamp,
    deadline: Timestamp,
    expires: Timestamp,
    now: Timestamp,
    max_deadline: TimeDelta,
) -> Result<(), TaskRequestError> {
    let (oldest, newest) = (now - DRIFT, now + DRIFT);
    let latest = newest.checked_add_signed(max_deadline).map_or(time::LATEST, time::clamp);
    let error = |field: &'static str, value: Timestamp, expected: &str, limit: Timestamp| {
        let (value, limit) = (time::format(value), time::format(limit));
        let message = format!("{field} is {value}, but must {expected} {limit}");
        Err(TaskRequestError::new(message, field, format!("{expected} {limit}"), value))
    };
    if created < oldest {
        return error("created", created, "not be more than 15 minutes in the past: not before", oldest);
    }
    if created > newest {
        return error("created", created, "not be more than 15 minutes in the future: not after", newest);
    }
    if created > deadline {
        return error("deadline", deadline, "not be before created:", created);
    }
    if deadline < now {
        return error("deadline", deadline, "not be in the past: not before", now);
    }
    if deadline > latest {
        let ahead = ConfigDuration::seconds(max_deadline.num_seconds().unsigned_abs());
        return error("deadline", deadline, &format!("not be more than {ahead} in the future: not after"), latest);
    }
    if expires < deadline {
        return error("expires", expires, "not be before deadline:", deadline);
    }
    Ok(())
}

/// The schema knows the most that any deployment may allow.
fn check_dependencies(dependencies: &[TaskId], most: usize) -> Result<(), TaskRequestError> {
    if dependencies.len() <= most {
        return Ok(());
    }
    let got = format!("{} of them", dependencies.len());
    Err(TaskRequestError::plain("dependencies", &format!("be at most {most} tasks here"), &got))
}
