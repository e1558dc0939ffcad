//! A client that signs and nothing more: what the server answers is what the test sees, and nothing is tried twice.

use std::time::Duration;

use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use protocol::{
    hawk::{Bewit, Signed, payload_hash},
    id::TaskId,
    time::format,
};
use reqwest::{Method, Url};
use serde_json::{Value, json};

const JSON: &str = "application/json";

#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "`client_id` is the word of the API")]
pub struct Client {
    http: reqwest::Client,
    root_url: String,
    client_id: String,
    access_token: String,
    rng: Rng,
}

/// What came back. The body is `null` where there was none, and a string where it was no JSON.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that must be a good one.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.body
    }

    /// The code of an error body.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Client {
    pub fn new(root_url: &str, client_id: &str, access_token: &str) -> Self {
        // An error means that another client of this process was faster, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::builder().timeout(Duration::from_secs(40)).build().unwrap(),
            root_url: root_url.to_owned(),
            client_id: client_id.to_owned(),
            access_token: access_token.to_owned(),
            rng: Rng::system(),
        }
    }

    /// A signed request to a path of the queue's API, like `task/<taskId>/status`. An error means no answer at all.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        self.send_with(method, path, body, &[]).await
    }

    /// The same with further headers.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        self.send_to("queue", method, path, body, headers).await
    }

    /// The same to the API of any service.
    pub async fn send_to(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let url: Url = format!("{}/api/{service}/v1/{path}", self.root_url).parse().unwrap();
        let content = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        let mut request = self.http.request(method.clone(), url.clone());
        request = request.header("authorization", self.signature(&method, &url, &content));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !content.is_empty() {
            request = request.header("content-type", JSON).body(content);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|it| it.to_str().ok()).map(str::to_owned);
        let text = response.text().await?;
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Ok(Answer { status, retry_after, body })
    }

    /// A URL that whoever has it may read for five minutes, in the name of this client.
    pub fn signed_url(&self, path_and_query: &str) -> String {
        let url: Url = format!("{}{path_and_query}", self.root_url).parse().unwrap();
        let expiry = (SystemClock.now() + TimeDelta::minutes(5)).timestamp();
        let (host, port) = (url.host_str().unwrap(), url.port_or_known_default().unwrap());
        let bewit = Bewit::sign(&self.client_id, &self.access_token, expiry, path_and_query, host, port, "");
        let separator = if url.query().is_some() { '&' } else { '?' };
        format!("{url}{separator}bewit={bewit}")
    }

    pub async fn get(&self, path: &str) -> reqwest::Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn create(&self, id: TaskId, definition: &Value) -> reqwest::Result<Answer> {
        self.send(Method::PUT, &format!("task/{id}"), Some(definition)).await
    }

    /// The status object of a task that must be there.
    pub async fn status(&self, id: TaskId) -> Value {
        self.get(&format!("task/{id}/status")).await.unwrap().ok()["status"].take()
    }

    pub async fn claim_work(&self, task_queue_id: &str, worker_id: &str, count: usize) -> reqwest::Result<Answer> {
        let body = json!({ "workerGroup": "tests", "workerId": worker_id, "tasks": count });
        self.post(&format!("claim-work/{}", task_queue_id.replace('/', "%2F")), &body).await
    }

    /// Something to do with a run: `claim`, `reclaim`, `completed`, `failed` or `exception`.
    pub async fn run(&self, id: TaskId, run_id: usize, verb: &str, body: &Value) -> reqwest::Result<Answer> {
        self.post(&format!("task/{id}/runs/{run_id}/{verb}"), body).await
    }

    fn signature(&self, method: &Method, url: &Url, content: &[u8]) -> String {
        let hash = if content.is_empty() { String::new() } else { payload_hash(JSON, content) };
        let resource = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let signed = Signed {
            timestamp: &SystemClock.now().timestamp().to_string(),
            nonce: &TaskId::from_random(self.rng.uuid_bytes()).to_string(),
            method: method.as_str(),
            resource: &resource,
            host: url.host_str().unwrap(),
            port: url.port_or_known_default().unwrap(),
            hash: &hash,
            ext: "",
        };
        signed.header(&self.client_id, &self.access_token)
    }
}

/// A small task that is due in an hour; fields of `more` are added or replace others.
pub fn definition(task_queue_id: &str, more: &Value) -> Value {
    let mut task = json!({
        "taskQueueId": task_queue_id,
        "created": seconds_from_now(0),
        "deadline": seconds_from_now(3600),
        "payload": {},
        "metadata": {
            "name": "a test",
            "description": "made by the crate `tests`",
            "owner": "nobody@example.com",
            "source": "https://example.com/drover",
        },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    task
}

/// A time as the wire spells it.
pub fn seconds_from_now(seconds: i64) -> String {
    format(SystemClock.now() + TimeDelta::seconds(seconds))
}
