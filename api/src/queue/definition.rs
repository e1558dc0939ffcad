//! From the body of `createTask` to a whole definition.

use std::collections::BTreeMap;

use actors::queue::TaskLimits;
use base::ConfigDuration;
use chrono::TimeDelta;
use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId},
    limits::MAX_AUTHORIZATION_HEADER,
    reference::{self, ScopeParams},
    state::{Priority, Requires},
    task::{Metadata, TaskDefinition},
    time::{self, Timestamp, wire, wire_option},
};
use serde::Deserialize;
use serde_json::Value;

use super::credentials;
use crate::{
    auth::{Caller, insufficient},
    http::ApiError,
};

/// How far `created` may be from the server's time, and how much longer than said a deadline may be.
const DRIFT: TimeDelta = TimeDelta::minutes(15);

/// The body of `createTask`, checked by its schema and with its defaults filled in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskRequest {
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
    pub(crate) fn reconcile_queue(&mut self) -> Result<(), ApiError> {
        let pair = match (&self.provisioner_id, &self.worker_type) {
            (Some(provisioner), Some(kind)) => Some(format!("{provisioner}/{kind}")),
            (None, None) => None,
            _ => {
                let error = ApiError::input("provisionerId and workerType must be given together; or give taskQueueId");
                return Err(error.at("/payload/provisionerId", "be given together with workerType", "one of the two"));
            }
        };
        let queue = match (self.task_queue_id.take(), pair) {
            (Some(queue), Some(pair)) if queue != pair => {
                let message =
                    format!("taskQueueId is `{queue}`, but provisionerId and workerType say `{pair}`; they must agree");
                let expected = format!("be `{pair}`, as provisionerId and workerType say");
                return Err(ApiError::input(message).at("/payload/taskQueueId", expected, format!("`{queue}`")));
            }
            (Some(queue), _) | (None, Some(queue)) => queue,
            (None, None) => {
                return Err(ApiError::invalid_field("/payload/taskQueueId", "be given", "nothing"));
            }
        };
        let (provisioner, kind) = queue.split_once('/').unwrap_or((&queue, ""));
        (self.provisioner_id, self.worker_type) = (Some(provisioner.to_owned()), Some(kind.to_owned()));
        self.task_queue_id = Some(queue);
        Ok(())
    }

    /// The values that the scopes of `createTask` speak of.
    pub(crate) fn scope_params(&self, params: ScopeParams) -> ScopeParams {
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

    /// The whole definition, once the dates make sense.
    pub(crate) fn finish(
        self,
        task_id: TaskId,
        now: Timestamp,
        limits: &TaskLimits,
    ) -> Result<TaskDefinition, ApiError> {
        let expires = self.expires.or_else(|| self.deadline.checked_add_signed(limits.default_expiry));
        let expires = expires.map_or(self.deadline, time::clamp);
        check_dates(self.created, self.deadline, expires, now, limits.max_deadline)?;
        check_dependencies(&self.dependencies, limits.max_dependencies)?;
        if let Some(scope) = self.scopes.iter().find(|scope| scope.ends_with("**")) {
            let error = ApiError::input(format!("scopes must not end with `**`, and `{scope}` does"));
            return Err(error.at("/payload/scopes", "not end with `**`", format!("`{scope}`")));
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
fn check_room(scopes: &[String]) -> Result<(), ApiError> {
    if credentials::fit(scopes) {
        return Ok(());
    }
    let (count, bytes) = (scopes.len(), scopes.iter().map(String::len).sum::<usize>());
    let (expected, got) = (
        format!("fit, as credentials, into an Authorization header of {MAX_AUTHORIZATION_HEADER} bytes"),
        format!("{count} scopes of {bytes} bytes"),
    );
    let message = format!("scopes must {expected}; got {got}. Put them into a role and give the task `assume:<role>`");
    Err(ApiError::input(message).at("/payload/scopes", expected, got))
}

/// Checks that a caller may create this task, outside of a call to `createTask` itself.
pub(crate) fn authorize(caller: &Caller, request: &TaskRequest) -> Result<(), ApiError> {
    if caller.scopes.holds_everything() {
        return Ok(());
    }
    let declared = reference::service("queue").and_then(|queue| queue.endpoint("createTask"));
    let template = declared.and_then(|endpoint| endpoint.scopes.as_ref());
    let template = template.ok_or_else(|| ApiError::internal("createTask declares no scopes"))?;
    let required = template.render(&request.scope_params(ScopeParams::new()));
    match required.map_err(|error| ApiError::internal(error.to_string()))? {
        Some(required) if !required.is_satisfied_by(&caller.scopes) => Err(insufficient(caller, &required)),
        _ => Ok(()),
    }
}

/// In the order in which clients know these checks.
fn check_dates(
    created: Timestamp,
    deadline: Timestamp,
    expires: Timestamp,
    now: Timestamp,
    max_deadline: TimeDelta,
) -> Result<(), ApiError> {
    let (oldest, newest) = (now - DRIFT, now + DRIFT);
    let latest = newest.checked_add_signed(max_deadline).map_or(time::LATEST, time::clamp);
    let error = |field: &str, value: Timestamp, expected: &str, limit: Timestamp| {
        let (value, limit) = (time::format(value), time::format(limit));
        let error = ApiError::input(format!("{field} is {value}, but must {expected} {limit}"));
        Err(error.at(format!("/payload/{field}"), format!("{expected} {limit}"), value))
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
fn check_dependencies(dependencies: &[TaskId], most: usize) -> Result<(), ApiError> {
    if dependencies.len() <= most {
        return Ok(());
    }
    let got = format!("{} of them", dependencies.len());
    Err(ApiError::invalid_field("/payload/dependencies", &format!("be at most {most} tasks here"), &got))
}
