//! Actions: tasks that do something to other tasks, as the hooks of the group `drover` make them.
//!
//! An action may do what its task's scopes allow, and nothing more. Whatever is killed and repeated does it once: the ids of the tasks
//! that it makes follow from its own, and what it asks of the queue is the same when it is asked twice.

mod artifact;
mod backfill;
mod caller;
mod cancel;
mod downstream;
mod error;
mod record;
mod rerun;
mod retrigger;
mod scopes;

use chrono::TimeDelta;
use protocol::{
    id::{TaskGroupId, TaskId},
    state::ReasonResolved,
    task::TaskDefinition,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::Actions;
use crate::queue::{Report, types::Claim};
use caller::Caller;
use error::ActionError;
use record::Record;

/// An action that takes longer is tried again.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

type Result<T, E = ActionError> = std::result::Result<T, E>;

/// The payload of a task on `built-in/action`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Payload {
    action: Name,
    /// Of an action on one task.
    #[serde(default)]
    task_id: Option<TaskId>,
    task_group_id: TaskGroupId,
    #[serde(default)]
    input: Option<Value>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Retrigger,
    Rerun,
    Cancel,
    CancelGroup,
    Backfill,
}

/// What is asked for, by whom, and since when.
struct Request {
    task_id: TaskId,
    created: Timestamp,
    payload: Payload,
}

impl Request {
    /// The task that the action is about.
    fn target(&self) -> Result<TaskId> {
        self.payload
            .task_id
            .ok_or_else(|| ActionError::Input("`taskId` must be that of a task; got nothing".to_owned()))
    }
}

/// Carries the action out, writes down what it came to, and says how its run is to be resolved.
pub(super) async fn run(actions: &Actions, claim: &Claim, task: TaskDefinition) -> Report {
    let mut record = Record::new(actions, claim, task.expires);
    let payload: Payload = match serde_json::from_value(task.payload) {
        Ok(payload) => payload,
        Err(error) => {
            record.line(&format!("the payload is none of an action: {error}"));
            record.fail("malformed-payload", &error.to_string());
            record.write().await;
            return Report::Exception(ReasonResolved::MalformedPayload);
        }
    };
    let request = Request { task_id: claim.status.task_id, created: task.created, payload };
    let caller = Caller { actions, scopes: &claim.scopes };
    let left = (claim.taken_until - actions.built_in.clock.now()).min(LONGEST).to_std().unwrap_or_default();
    // Less than the claim lasts: what it came to must still be reported.
    let ended = timeout(left.mul_f64(0.8), carry_out(&caller, &request, &mut record)).await;
    let report = match ended {
        Ok(Ok(())) => Report::Completed,
        Ok(Err(error)) if error.is_passing() => {
            record.line(&format!("{error}; it is tried again"));
            Report::Exception(ReasonResolved::IntermittentTask)
        }
        Ok(Err(error)) => {
            record.line(&error.to_string());
            record.fail(error.code(), &error.to_string());
            Report::Failed
        }
        Err(_) => {
            record.line("it takes too long; it is tried again");
            Report::Exception(ReasonResolved::IntermittentTask)
        }
    };
    if record.write().await { report } else { Report::Exception(ReasonResolved::IntermittentTask) }
}

async fn carry_out(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    record.line(&format!("action {:?} on {:?}", request.payload.action, request.payload.task_id));
    match request.payload.action {
        Name::Retrigger => retrigger::run(caller, request, record).await,
        Name::Rerun => rerun::run(caller, request, record).await,
        Name::Cancel => cancel::task(caller, request, record).await,
        Name::CancelGroup => cancel::group(caller, request, record).await,
        Name::Backfill => backfill::run(caller, request, record).await,
    }
}

/// The id of a task that an action makes for another one: the same for every run of the action, so that a repeat makes no second
/// task.
fn derived(action: TaskId, of: TaskId, what: &str) -> TaskId {
    let digest = Sha256::digest(format!("{action}/{of}/{what}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    TaskId::from_random(bytes)
}
