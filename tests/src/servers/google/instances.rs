//! The instances of the project.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    io::Write,
    sync::{Arc, Mutex},
};

use base::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{answers::refusal, metadata};
use crate::servers::{
    cloud_machine::{BootMachine, CloudMachine},
    http::HttpRequest,
    signing_key::SigningKey,
};

pub(super) const TOKEN: &str = "token-of-the-provisioner";

type Answer = (u16, Value);

/// By default every call succeeds.
#[derive(Debug, Default)]
pub struct GoogleRules {
    /// Operations of the next insertions fail with this code, where there is one, but for so many first ones.
    pub fail_with: Option<(&'static str, u32)>,
    /// How many of the next insertions are carried out, and their answers lost.
    pub lose_answer: u32,
    /// How many of the next calls are refused as too many.
    pub throttle: u32,
    /// The server's own limit for a page.
    pub page_size: Option<usize>,
}

pub(super) struct Instances {
    pub(super) all: BTreeMap<String, Value>,
    pub(super) rules: GoogleRules,
    /// Tokens are good until this is another one.
    pub(super) token: String,
    pub(super) preempted: Arc<Mutex<BTreeSet<String>>>,
    operations: BTreeMap<String, Value>,
    /// Operations by `requestId`.
    requests: BTreeMap<String, String>,
    machines: BTreeMap<String, CloudMachine>,
    key: Arc<SigningKey>,
    boot: Option<BootMachine>,
    made: u64,
}

impl Instances {
    pub(super) fn new(key: Arc<SigningKey>, boot: Option<BootMachine>) -> Self {
        Self {
            all: BTreeMap::new(),
            rules: GoogleRules::default(),
            token: TOKEN.to_owned(),
            preempted: Arc::default(),
            operations: BTreeMap::new(),
            requests: BTreeMap::new(),
            machines: BTreeMap::new(),
            key,
            boot,
            made: 0,
        }
    }

    pub(super) fn call(&mut self, zone: &str, path: &[&str], request: &HttpRequest) -> Answer {
        if self.rules.throttle > 0 {
            self.rules.throttle -= 1;
            return refusal(403, "rateLimitExceeded", "Rate Limit Exceeded");
        }
        match (request.method.as_str(), path) {
            ("POST", ["instances"]) => self.insert(zone, request),
            ("GET", ["instances"]) => self.list(zone, &request.query),
            ("GET", ["instances", name]) => {
                self.find(zone, name).map_or_else(missing, |id| (200, self.all[&id].clone()))
            }
            ("DELETE", ["instances", name]) => self.delete(zone, name),
            ("POST", ["operations", name, "wait"]) => match self.operations.get_mut(*name) {
                Some(operation) => {
                    operation["status"] = json!("DONE");
                    (200, operation.clone())
                }
                None => missing(),
            },
            _ => missing(),
        }
    }

    fn insert(&mut self, zone: &str, request: &HttpRequest) -> Answer {
        let body = request.json();
        record(&body);
        if let Some(operation) = request.query.get("requestId").and_then(|id| self.requests.get(id)) {
            return (200, self.operations[operation].clone());
        }
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > 63 || !name.chars().all(is_letter) {
            return refusal(400, "invalid", "Invalid value for field 'resource.name'");
        }
        for field in ["machineType", "disks", "networkInterfaces"] {
            if body[field].is_null() {
                return refusal(400, "required", &format!("Required field '{field}' not specified"));
            }
        }
        if self.find(zone, &name).is_some() {
            return refusal(409, "alreadyExists", &format!("The resource '{name}' already exists"));
        }
        self.made += 1;
        let (id, operation) =
            (format!("{}", 4_000_000_000_000_000_000 + self.made), format!("operation-{}", self.made));
        let mut answer = json!({ "name": operation, "status": "RUNNING", "targetId": id, "zone": zone });
        match self.failure() {
            Some(code) => {
                answer["error"] = json!({ "errors": [{ "code": code, "message": "as the test says" }] });
                answer["httpErrorStatusCode"] = json!(503);
            }
            None => self.make(zone, &id, body),
        }
        self.operations.insert(operation.clone(), answer.clone());
        if let Some(request_id) = request.query.get("requestId") {
            self.requests.insert(request_id.clone(), operation);
        }
        (200, answer)
    }

    fn failure(&mut self) -> Option<&'static str> {
        match &mut self.rules.fail_with {
            Some((code, 0)) => Some(code),
            Some((_, left)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn make(&mut self, zone: &str, id: &str, mut instance: Value) {
        instance["id"] = json!(id);
        instance["zone"] = json!(zone);
        instance["status"] = json!("RUNNING");
        instance["creationTimestamp"] = json!(SystemClock.now().to_rfc3339());
        if let Some(boot) = &self.boot {
            let metadata = metadata::start(self.key.clone(), &instance, self.preempted.clone());
            self.machines.insert(id.to_owned(), CloudMachine::start(boot, id, metadata));
        }
        self.all.insert(id.to_owned(), instance);
    }

    /// By name or number.
    fn find(&self, zone: &str, name: &str) -> Option<String> {
        let mut found = self.all.iter().filter(|(id, it)| it["zone"] == zone && (it["name"] == name || *id == name));
        found.next().map(|(id, _)| id.clone())
    }

    fn delete(&mut self, zone: &str, name: &str) -> Answer {
        let Some(id) = self.find(zone, name) else { return missing() };
        self.all.remove(&id);
        self.machines.remove(&id);
        (200, json!({ "name": format!("delete-{id}"), "status": "RUNNING", "targetId": id }))
    }

    fn list(&self, zone: &str, query: &BTreeMap<String, String>) -> Answer {
        let filter = query.get("filter").map_or("", String::as_str);
        let (label, value) = filter.strip_prefix("labels.").and_then(|it| it.split_once('=')).unwrap_or_default();
        let is_asked = |(_, it): &(&String, &Value)| it["zone"] == zone && it["labels"][label] == value;
        let begin = query.get("pageToken").map_or("", String::as_str);
        let mut rest = self.all.iter().filter(is_asked).skip_while(|(id, _)| id.as_str() < begin);
        let limit = query.get("maxResults").and_then(|it| it.parse().ok()).unwrap_or(500);
        let size = self.rules.page_size.map_or(limit, |size| size.min(limit));
        let items: Vec<&Value> = rest.by_ref().take(size).map(|(_, it)| it).collect();
        let mut list = json!({ "kind": "compute#instanceList" });
        // An empty list has no field.
        if !items.is_empty() {
            list["items"] = json!(items);
        }
        if let Some((next, _)) = rest.next() {
            list["nextPageToken"] = json!(next);
        }
        (200, list)
    }

    pub(super) fn loses_answer(&mut self, request: &HttpRequest) -> bool {
        let is_insertion = request.method == "POST" && request.path.last().is_some_and(|it| it == "instances");
        if !is_insertion || self.rules.lose_answer == 0 {
            return false;
        }
        self.rules.lose_answer -= 1;
        true
    }
}

impl fmt::Debug for Instances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instances").field("all", &self.all).finish_non_exhaustive()
    }
}

fn missing() -> Answer {
    refusal(404, "notFound", "The resource was not found")
}

/// For `tests/client/test_google_model.py`, which compares what was sent with Google's own model.
fn record(body: &Value) {
    let Ok(path) = std::env::var("DROVER_TEST_GOOGLE_REQUESTS") else { return };
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{body}\n").as_bytes()).unwrap();
}
