//! Tasks and what is done with them, as calls of the queue's API.

use std::sync::{Arc, Mutex, PoisonError};

use base::{Clock, Rng, SystemClock};
use bytes::Bytes;
use chrono::TimeDelta;
use hyper::Method;
use protocol::{
    id::{TaskGroupId, TaskId},
    time::format,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    client::{Client, Credentials, ServerAddress},
    error::{During, Result},
};

/// What a task carries; with the rest of its definition it makes about a kilobyte.
const PAYLOAD: usize = 512;

/// Pushes of this many tasks: as many have one group.
const GROUP: usize = 100;

/// Tasks of one scenario. They have a queue of their own, so that no scenario meets what another left behind.
pub(crate) struct Lot {
    pub(crate) queue: String,
    constant: String,
    rng: Rng,
    group: Mutex<(usize, TaskGroupId)>,
}

impl Lot {
    pub(crate) fn new(name: &str, rng: &Rng) -> Self {
        let rng = rng.branch(name);
        let queue = format!("bench/{name}-{:06x}", rng.range(0..1 << 24));
        let group = Mutex::new((0, TaskGroupId::from_random(rng.uuid_bytes())));
        Self { constant: constant(&queue), queue, rng, group }
    }

    /// Tasks with Treeherder routes: jobs of one push.
    pub(crate) fn of_push(name: &str, rng: &Rng, revision: &str) -> Self {
        let mut lot = Self::new(name, rng);
        let without_brace = lot.constant.trim_end_matches('}');
        lot.constant = format!(
            "{without_brace}}},\"routes\":[\"tc-treeherder.v2.bench.{revision}\"],\"extra\":{{\"treeherder\":{{\"symbol\":\"B\"}}}}}}"
        );
        lot
    }

    pub(crate) fn id(&self) -> TaskId {
        TaskId::from_random(self.rng.uuid_bytes())
    }

    /// The group of the next task.
    pub(crate) fn group(&self) -> TaskGroupId {
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if group.0 == GROUP {
            *group = (0, TaskGroupId::from_random(self.rng.uuid_bytes()));
        }
        group.0 += 1;
        group.1
    }

    /// The body of createTask.
    pub(crate) fn definition(&self, group: TaskGroupId, dependencies: &[TaskId]) -> String {
        let quoted: Vec<String> = dependencies.iter().map(|id| format!("\"{id}\"")).collect();
        format!("{{\"taskGroupId\":\"{group}\",\"dependencies\":[{}],{}", quoted.join(","), self.constant)
    }
}

/// What all tasks of a lot have in common: the rest of the object. Its times are good for minutes.
fn constant(queue: &str) -> String {
    let now = SystemClock.now();
    let (created, filler) = (format(now), "x".repeat(PAYLOAD));
    let (deadline, expires) = (format(now + TimeDelta::hours(6)), format(now + TimeDelta::days(2)));
    format!(
        "\"taskQueueId\":\"{queue}\",\"schedulerId\":\"bench\",\"created\":\"{created}\",\"deadline\":\"{deadline}\",\
         \"expires\":\"{expires}\",\"payload\":{{\"command\":[\"true\"],\"filler\":\"{filler}\"}},\
         \"metadata\":{{\"name\":\"bench\",\"description\":\"made by the benchmark\",\"owner\":\"bench@example.com\",\
         \"source\":\"https://example.com/bench\"}},\"tags\":{{\"kind\":\"bench\"}}}}"
    )
}

/// A run, in the hands of whoever claimed it.
pub(crate) struct Claimed {
    pub(crate) task_id: String,
    run_id: u16,
    credentials: Credentials,
}

/// A connection of a submitter or a worker.
pub(crate) struct Session {
    client: Client,
    who: Arc<Credentials>,
}

impl Session {
    pub(crate) async fn open(server: &Arc<ServerAddress>, who: &Arc<Credentials>) -> Result<Self> {
        Ok(Self { client: Client::connect(server).await?, who: Arc::clone(who) })
    }

    pub(crate) async fn put(&mut self, path: &str, body: String) -> Result<Bytes> {
        self.client.call(&self.who, Method::PUT, path, body).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: String) -> Result<Bytes> {
        self.client.call(&self.who, Method::POST, path, body).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T> {
        let body = self.client.call(&self.who, Method::GET, path, String::new()).await?;
        serde_json::from_slice(&body).during(path)
    }

    pub(crate) async fn create(&mut self, id: TaskId, definition: String) -> Result<()> {
        let path = format!("/api/queue/v1/task/{id}");
        self.put(&path, definition).await.map(|_| ())
    }

    /// Reads what there is to know of a task: its definition, or what the ending of the path says.
    pub(crate) async fn read(&mut self, id: TaskId, ending: &str) -> Result<()> {
        let path = format!("/api/queue/v1/task/{id}{ending}");
        self.client.call(&self.who, Method::GET, &path, String::new()).await.map(|_| ())
    }

    /// A new task of the lot, in a group that it shares with its neighbours.
    pub(crate) async fn create_next(&mut self, lot: &Lot, dependencies: &[TaskId]) -> Result<TaskId> {
        let id = lot.id();
        self.create(id, lot.definition(lot.group(), dependencies)).await?;
        Ok(id)
    }

    /// Waits for one task as long as the server lets it. `None`: there was none.
    pub(crate) async fn claim(&mut self, queue: &str, worker: &str) -> Result<Option<Claimed>> {
        let path = format!("/api/queue/v1/claim-work/{}", queue.replace('/', "%2F"));
        let body = format!("{{\"workerGroup\":\"bench\",\"workerId\":\"{worker}\",\"tasks\":1}}");
        let answer = self.client.call(&self.who, Method::POST, &path, body).await?;
        let answer: ClaimAnswer = serde_json::from_slice(&answer).during(&path)?;
        Ok(answer.tasks.into_iter().next().map(Claimed::from))
    }

    /// Reports success, with the credentials that came with the claim.
    pub(crate) async fn complete(&mut self, claimed: &Claimed) -> Result<()> {
        let path = format!("/api/queue/v1/task/{}/runs/{}/completed", claimed.task_id, claimed.run_id);
        self.client.call(&claimed.credentials, Method::POST, &path, "{}".to_owned()).await.map(|_| ())
    }

    /// How many tasks wait for workers.
    pub(crate) async fn pending(&mut self, queue: &str) -> Result<usize> {
        let path = format!("/api/queue/v1/pending/{}", queue.replace('/', "%2F"));
        let answer = self.client.call(&self.who, Method::GET, &path, String::new()).await?;
        let pending: Pending = serde_json::from_slice(&answer).during(&path)?;
        Ok(pending.pending_tasks)
    }

    /// Submits a whole graph in one call.
    pub(crate) async fn submit(&mut self, graph: String) -> Result<()> {
        self.client.call(&self.who, Method::POST, "/api/drover/v1/graph", graph).await.map(|_| ())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pending {
    pending_tasks: usize,
}

#[derive(Deserialize)]
struct ClaimAnswer {
    tasks: Vec<ClaimedTask>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimedTask {
    status: Status,
    run_id: u16,
    credentials: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    task_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    client_id: String,
    access_token: String,
    certificate: String,
}

impl From<ClaimedTask> for Claimed {
    fn from(task: ClaimedTask) -> Self {
        let Given { client_id, access_token, certificate } = task.credentials;
        let credentials = Credentials::temporary(client_id, access_token, &certificate);
        Self { task_id: task.status.task_id, run_id: task.run_id, credentials }
    }
}
