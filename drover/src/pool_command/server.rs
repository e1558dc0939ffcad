//! The calls of worker-manager that commands need.

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use worker::client::{ClientError, segment};

use crate::client::Server;

const SERVICE: &str = "worker-manager/v1";

/// A pool at a server.
pub(super) struct PoolServer<'p> {
    pub(super) server: Server,
    pub(super) pool: &'p str,
}

type Answer<T = Value> = Result<T, ClientError>;

impl<'p> PoolServer<'p> {
    pub(super) fn new(server: Server, pool: &'p str) -> Self {
        Self { server, pool }
    }

    pub(super) async fn get(&self) -> Answer {
        self.server.0.get(&self.path("")).await
    }

    /// `None`: there is no such pool.
    pub(super) async fn find(&self) -> Answer<Option<Value>> {
        match self.get().await {
            Ok(pool) => Ok(Some(pool)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create(&self, definition: &Value) -> Answer {
        self.server.0.call(Method::PUT, &self.path(""), Some(definition)).await
    }

    pub(super) async fn update(&self, definition: &Value) -> Answer {
        self.server.0.post(&self.path(""), definition).await
    }

    /// What `create` or `update` would make of the pool, or why it would be refused.
    pub(super) async fn plan(&self, operation: &str, definition: &Value) -> Answer {
        let body = json!({ "operation": operation, "workerPool": definition });
        self.server.0.post(&self.path("/plan"), &body).await
    }

    /// Counts of workers by launch config.
    pub(super) async fn stats(&self) -> Answer {
        self.server.0.get(&self.path("/stats")).await
    }

    pub(super) async fn delete(&self) -> Answer {
        self.server.0.call(Method::DELETE, &self.path(""), None).await
    }

    pub(super) async fn provisioning<T: DeserializeOwned>(&self) -> Answer<T> {
        self.server.0.get(&self.path("/provisioning")).await
    }

    /// The newest decision up to a time.
    pub(super) async fn decision(&self, until: Option<&str>) -> Answer<Option<Value>> {
        let until = until.map(|until| format!("&until={}", segment(until))).unwrap_or_default();
        let mut page: Value = self.server.0.get(&self.path(&format!("/decisions?limit=1{until}"))).await?;
        Ok(page["decisions"].as_array_mut().and_then(Vec::pop))
    }

    /// `pause` or `resume`.
    pub(super) async fn set_pause(&self, verb: &str, body: &Value) -> Answer {
        self.server.0.post(&self.path(&format!("/{verb}")), body).await
    }

    pub(super) async fn launches(&self, limit: usize) -> Answer<Vec<Value>> {
        list(&self.server, &self.path("/launches"), "launches", limit).await
    }

    pub(super) async fn errors(&self, limit: usize) -> Answer<Vec<Value>> {
        let path = format!("{SERVICE}/worker-pool-errors/{}", segment(self.pool));
        list(&self.server, &path, "workerPoolErrors", limit).await
    }

    pub(super) async fn workers(&self, limit: usize) -> Answer<Vec<Value>> {
        list(&self.server, &format!("{SERVICE}/workers/{}", segment(self.pool)), "workers", limit).await
    }

    /// The worker as worker-manager and the queue know it. `None`: the queue has not seen it.
    pub(super) async fn worker(&self, worker: &str) -> Answer<Option<Value>> {
        let (provisioner, worker_type) = self.pool.split_once('/').unwrap_or_default();
        let path = format!("{SERVICE}/provisioners/{provisioner}/worker-types/{worker_type}/workers/{}", name(worker));
        match self.server.0.get(&path).await {
            Ok(worker) => Ok(Some(worker)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn remove_worker(&self, worker: &str) -> Answer {
        let path = format!("{SERVICE}/workers/{}/{}", segment(self.pool), name(worker));
        self.server.0.call(Method::DELETE, &path, None).await
    }

    /// It takes no more tasks, and does not count as supply.
    pub(super) async fn quarantine(&self, worker: &str, until: &str, info: &str) -> Answer {
        let (provisioner, worker_type) = self.pool.split_once('/').unwrap_or_default();
        let path = format!("queue/v1/provisioners/{provisioner}/worker-types/{worker_type}/workers/{}", name(worker));
        let body = json!({ "quarantineUntil": until, "quarantineInfo": info });
        self.server.0.call(Method::PUT, &path, Some(&body)).await
    }

    fn path(&self, rest: &str) -> String {
        format!("{SERVICE}/worker-pool/{}{rest}", segment(self.pool))
    }
}

/// All pools.
pub(super) async fn pools(server: &Server) -> Answer<Vec<Value>> {
    list(server, &format!("{SERVICE}/worker-pools"), "workerPools", usize::MAX).await
}

/// Page by page, up to so many.
async fn list(server: &Server, path: &str, field: &str, limit: usize) -> Answer<Vec<Value>> {
    let (mut rows, mut query) = (Vec::new(), String::new());
    loop {
        let page_limit = (limit - rows.len()).min(1000);
        let mut page: Value = server.0.get(&format!("{path}?limit={page_limit}{query}")).await?;
        rows.append(page[field].as_array_mut().unwrap_or(&mut Vec::new()));
        match page["continuationToken"].as_str() {
            Some(token) if rows.len() < limit => query = format!("&continuationToken={}", segment(token)),
            _ => return Ok(rows),
        }
    }
}

/// `workerGroup/workerId` as a path.
fn name(worker: &str) -> String {
    let (group, id) = worker.split_once('/').unwrap_or((worker, ""));
    format!("{}/{}", segment(group), segment(id))
}
