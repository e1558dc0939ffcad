//! The queue's part of the API, as far as a worker needs it.

use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    state::ReasonResolved,
    status::TaskStatus,
    time::{self, Timestamp},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Client, ClientError, Credentials, segment};

/// The answer to claimWork.
#[derive(Debug, Deserialize)]
pub struct Claims {
    pub tasks: Vec<Claim>,
}

/// One run that is ours until `taken_until`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub status: ClaimedTask,
    pub run_id: RunId,
    #[serde(with = "time::wire")]
    pub taken_until: Timestamp,
    pub task: ClaimedDefinition,
    pub credentials: Credentials,
}

/// The part of the status that a worker uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedTask {
    pub task_id: TaskId,
    pub task_group_id: String,
}

/// The definition as it came, since a server newer than this worker may send fields that it does not know, and the part of
/// it that a worker uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub struct ClaimedDefinition {
    pub document: Value,
    pub expires: Timestamp,
    pub dependencies: Vec<String>,
    pub scopes: Vec<String>,
    pub metadata: ClaimedMetadata,
}

impl ClaimedDefinition {
    pub fn payload(&self) -> &Value {
        &self.document["payload"]
    }
}

impl TryFrom<Value> for ClaimedDefinition {
    type Error = serde_json::Error;

    fn try_from(document: Value) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Used {
            #[serde(with = "time::wire")]
            expires: Timestamp,
            #[serde(default)]
            dependencies: Vec<String>,
            #[serde(default)]
            scopes: Vec<String>,
            metadata: ClaimedMetadata,
        }
        let Used { expires, dependencies, scopes, metadata } = Used::deserialize(&document)?;
        Ok(Self { document, expires, dependencies, scopes, metadata })
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct ClaimedMetadata {
    pub name: String,
}

/// A claim made longer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reclaim {
    #[serde(with = "time::wire")]
    pub(crate) taken_until: Timestamp,
    pub(crate) credentials: Credentials,
}

/// Where the bytes of an `object` artifact are to go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ObjectUpload {
    pub(crate) name: String,
    pub(crate) project_id: String,
    pub(crate) upload_id: String,
    #[serde(with = "time::wire")]
    pub(crate) expires: Timestamp,
    pub(crate) credentials: Credentials,
}

/// Caches of this name that are older are not to be used again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Purge {
    pub(crate) cache_name: String,
    #[serde(with = "time::wire")]
    pub(crate) before: Timestamp,
}

impl Client {
    /// What workers of a pool are to throw away.
    pub(crate) async fn purges(&self, pool: &TaskQueueId) -> Result<Vec<Purge>, ClientError> {
        #[derive(Deserialize)]
        struct Reply {
            requests: Vec<Purge>,
        }
        let reply: Reply = self.get(&format!("purge-cache/v1/purge-cache/{}", segment(&pool.0))).await?;
        Ok(reply.requests)
    }

    /// The task that the index has under this name.
    pub(crate) async fn indexed_task(&self, namespace: &str) -> Result<TaskId, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Reply {
            task_id: TaskId,
        }
        let reply: Reply = self.get(&format!("index/v1/task/{}", segment(namespace))).await?;
        Ok(reply.task_id)
    }

    /// Waits in the server until there is work or its long poll ends with an empty response.
    pub async fn claim_work(
        &self,
        queue: &TaskQueueId,
        name: &WorkerName,
        tasks: usize,
    ) -> Result<Claims, ClientError> {
        let body = json!({ "workerGroup": name.worker_group, "workerId": name.worker_id, "tasks": tasks });
        let (provisioner, worker_type) = queue.parts();
        let path = format!("queue/v1/claim-work/{}/{}", segment(provisioner), segment(worker_type));
        self.post(&path, &body).await
    }

    pub async fn status(&self, task: TaskId) -> Result<TaskStatus, ClientError> {
        #[derive(Deserialize)]
        struct Reply {
            status: TaskStatus,
        }
        let reply: Reply = self.get(&format!("queue/v1/task/{task}/status")).await?;
        Ok(reply.status)
    }

    pub(crate) async fn reclaim(&self, task: TaskId, run: RunId) -> Result<Reclaim, ClientError> {
        self.call(Method::POST, &run_path(task, run, "reclaim"), None).await
    }

    pub(crate) async fn report_completed(&self, task: TaskId, run: RunId) -> Result<(), ClientError> {
        self.call::<Value>(Method::POST, &run_path(task, run, "completed"), None).await.map(drop)
    }

    pub(crate) async fn report_failed(&self, task: TaskId, run: RunId) -> Result<(), ClientError> {
        self.call::<Value>(Method::POST, &run_path(task, run, "failed"), None).await.map(drop)
    }

    pub(crate) async fn report_exception(
        &self,
        task: TaskId,
        run: RunId,
        reason: ReasonResolved,
    ) -> Result<(), ClientError> {
        self.post::<Value>(&run_path(task, run, "exception"), &json!({ "reason": reason })).await.map(drop)
    }

    /// Makes an artifact; the reply depends on its storage type.
    pub(crate) async fn create_artifact(
        &self,
        task: TaskId,
        run: RunId,
        name: &str,
        body: &Value,
    ) -> Result<Value, ClientError> {
        self.post(&artifact_path(task, run, name), body).await
    }

    /// Makes an artifact whose bytes are about to be sent to the object service. Where an earlier try was cut short, that
    /// upload goes on.
    pub(crate) async fn create_object_artifact(
        &self,
        task: TaskId,
        run: RunId,
        name: &str,
        body: &Value,
    ) -> Result<ObjectUpload, ClientError> {
        self.resuming_uploads().post(&artifact_path(task, run, name), body).await
    }

    pub(crate) async fn finish_artifact(
        &self,
        task: TaskId,
        run: RunId,
        name: &str,
        upload_id: &str,
    ) -> Result<(), ClientError> {
        let body = json!({ "uploadId": upload_id });
        self.call::<Value>(Method::PUT, &artifact_path(task, run, name), Some(&body)).await.map(drop)
    }
}

fn run_path(task: TaskId, run: RunId, verb: &str) -> String {
    format!("queue/v1/task/{task}/runs/{run}/{verb}")
}

fn artifact_path(task: TaskId, run: RunId, name: &str) -> String {
    format!("queue/v1/task/{task}/runs/{run}/artifacts/{}", segment(name))
}
