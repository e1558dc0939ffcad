//! A request for each endpoint that writes, in an order in which all of them are good, sent twice.

mod pools;

use std::collections::{BTreeMap, BTreeSet};

use base::Rng;
use protocol::{id::TaskId, reference};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, definition, seconds_from_now};

use super::path;

const QUEUE: &str = "tests/repeat";
const RUN: &str = "0";

/// Sends requests and notes which endpoints were called twice.
struct Steps {
    client: Client,
    repeated: BTreeSet<String>,
}

impl Steps {
    /// Both answers must be the same refusal: what it needs is not there.
    async fn refused(&mut self, name: &str, params: &[&str], body: Value) {
        let (first, second) = (self.call(name, params, &body).await, self.call(name, params, &body).await);
        assert!(first.0 == second.0 && (400..500).contains(&first.0), "{name}: {first:?}, then {second:?}");
        self.repeated.insert(name.to_owned());
    }

    /// Both answers must be good; returns the second.
    async fn twice(&mut self, name: &str, params: &[&str], body: Value) -> Value {
        let first = self.call(name, params, &body).await;
        assert!(first.0 < 300, "{name}: {first:?}");
        let second = self.call(name, params, &body).await;
        assert!(second.0 < 300, "{name}, repeated: {second:?}");
        self.repeated.insert(name.to_owned());
        second.1
    }

    /// A repeat that Taskcluster refuses: it finds what the first request made. Returns the first answer.
    async fn conflicts(&mut self, name: &str, params: &[&str], body: Value) -> Value {
        let first = self.call(name, params, &body).await;
        assert!(first.0 < 300, "{name}: {first:?}");
        let second = self.call(name, params, &body).await;
        assert_eq!(second.0, 409, "{name}, repeated: {second:?}");
        self.repeated.insert(name.to_owned());
        first.1
    }

    async fn call(&self, name: &str, params: &[&str], body: &Value) -> (u16, Value) {
        let (service, method) = name.split_once('.').unwrap();
        let endpoint = reference::service(service).unwrap().endpoint(method).unwrap();
        let mut params = params.iter();
        let path =
            path(endpoint, |param| (*params.next().unwrap_or_else(|| panic!("{name} lacks {param}"))).to_owned());
        let method: Method = endpoint.method.as_str().to_uppercase().parse().unwrap();
        let body = Some(body).filter(|body| !body.is_null());
        let answer = self.client.send_to(service, method, &path, body, &[]).await.unwrap();
        (answer.status, answer.body)
    }
}

/// The names of all endpoints that were called twice.
pub(crate) async fn run(client: Client) -> BTreeSet<String> {
    let mut steps = Steps { client, repeated: BTreeSet::new() };
    auth(&mut steps).await;
    tasks(&mut steps).await;
    runs(&mut steps).await;
    groups(&mut steps).await;
    index(&mut steps).await;
    objects(&mut steps).await;
    others(&mut steps).await;
    pools::run(&mut steps).await;
    steps.repeated
}

fn soon() -> String {
    seconds_from_now(3600)
}

fn new_id() -> String {
    TaskId::from_random(Rng::system().uuid_bytes()).to_string()
}

fn task(more: &Value) -> Value {
    definition(QUEUE, more)
}

async fn auth(steps: &mut Steps) {
    // Sessions are for the page alone (tests/tests/sessions.rs).
    steps.refused("drover.signIn", &[], json!({ "clientId": "a", "accessToken": "b" })).await;
    steps.refused("drover.endSession", &[], Value::Null).await;
    // No provider is in the settings (tests/tests/sign_in.rs).
    for way in ["Oidc", "Github"] {
        let params: &[&str] = if way == "Oidc" { &["company"] } else { &[] };
        steps.refused(&format!("drover.beginSignInBy{way}"), params, Value::Null).await;
        steps.refused(&format!("drover.finishSignInBy{way}"), params, Value::Null).await;
    }
    let own = json!({ "name": "cli", "description": "", "scopes": [], "expires": soon() });
    steps.refused("drover.createOwnClient", &[], own).await;
    let third_party = json!({ "clientId": "a", "redirectUri": "b", "responseType": "code", "scope": "c" });
    steps.refused("drover.describeThirdParty", &[], third_party.clone()).await;
    steps.refused("drover.decideThirdParty", &[], json!({ "request": third_party, "allow": true })).await;
    // And for third parties alone, who have a code or a token.
    steps.refused("drover.exchangeThirdPartyCode", &[], Value::Null).await;
    steps.refused("drover.thirdPartyCredentials", &[], Value::Null).await;
    steps.twice("drover.createSignInLink", &[], Value::Null).await;
    let client = json!({ "description": "a test", "expires": soon(), "scopes": ["assume:tests"] });
    steps.twice("auth.createClient", &["tests/repeat"], client.clone()).await;
    steps.twice("auth.updateClient", &["tests/repeat"], client).await;
    for name in ["auth.disableClient", "auth.enableClient", "auth.resetAccessToken", "auth.deleteClient"] {
        steps.twice(name, &["tests/repeat"], Value::Null).await;
    }
    let role = json!({ "description": "a test", "scopes": ["tests:a"] });
    steps.twice("auth.createRole", &["tests"], role.clone()).await;
    steps.twice("auth.updateRole", &["tests"], role).await;
    let expanded = steps.twice("auth.expandScopes", &[], json!({ "scopes": ["assume:tests"] })).await;
    assert_eq!(expanded["scopes"], json!(["assume:tests", "tests:a"]));
    steps.twice("auth.deleteRole", &["tests"], Value::Null).await;
    let request = json!({ "method": "get", "resource": "/", "host": "example.com", "port": 443 });
    steps.twice("auth.authenticateHawk", &[], request).await;
    // The client is not the one of the trial, and there is no GitHub app.
    steps.refused("auth.testAuthenticate", &[], json!({ "clientScopes": ["a"], "requiredScopes": ["a"] })).await;
    let wanted = json!({ "repositories": ["a"], "permissions": { "contents": "read" } });
    steps.refused("auth.githubRepoToken", &["app", "owner"], wanted).await;
}

async fn tasks(steps: &mut Steps) {
    let (required, id) = (new_id(), new_id());
    steps.twice("queue.createTask", &[&required], task(&json!({}))).await;
    steps.twice("queue.createTask", &[&id], task(&json!({ "dependencies": [required] }))).await;
    steps.twice("queue.scheduleTask", &[&id], Value::Null).await;
    steps.conflicts("queue.changeTaskPriority", &[&id], json!({ "newPriority": "high" })).await;
    let ids = json!({ "taskIds": [id] });
    steps.twice("queue.tasks", &[], ids.clone()).await;
    steps.twice("queue.statuses", &[], ids).await;
    for task in [&id, &required] {
        let cancelled = steps.twice("queue.cancelTask", &[task], Value::Null).await;
        assert_eq!(cancelled["status"]["runs"].as_array().unwrap().len(), 1, "{cancelled}");
    }
    let rerun = steps.twice("queue.rerunTask", &[&id], Value::Null).await;
    assert_eq!(rerun["status"]["runs"].as_array().unwrap().len(), 2, "{rerun}");
    steps.twice("queue.cancelTask", &[&id], Value::Null).await;
    let graph = json!({ "submitKey": new_id(), "tasks": [{ "taskId": new_id(), "task": task(&json!({ "taskGroupId": new_id() })) }] });
    steps.twice("drover.createGraph", &[], graph).await;
}

async fn runs(steps: &mut Steps) {
    let worker = json!({ "workerGroup": "g", "workerId": "w" });
    for (report, body) in [
        ("queue.reportCompleted", Value::Null),
        ("queue.reportFailed", Value::Null),
        ("queue.reportException", json!({ "reason": "malformed-payload" })),
    ] {
        let id = new_id();
        steps.twice("queue.createTask", &[&id], task(&json!({}))).await;
        let claim = steps.twice("queue.claimTask", &[&id, RUN], worker.clone()).await;
        assert_eq!(claim["status"]["runs"].as_array().unwrap().len(), 1, "{claim}");
        steps.twice("queue.reclaimTask", &[&id, RUN], Value::Null).await;
        if report == "queue.reportCompleted" {
            artifacts(steps, &id).await;
        }
        let reported = steps.twice(report, &[&id, RUN], body).await;
        assert_eq!(reported["status"]["runs"].as_array().unwrap().len(), 1, "{reported}");
    }
    let claimed =
        steps.twice("queue.claimWork", &["tests/nothing"], json!({ "workerGroup": "g", "workerId": "w", "tasks": 1 }));
    assert_eq!(claimed.await["tasks"], json!([]));
    let path = ["tests", "repeat", "g", "w"];
    steps.twice("queue.declareWorker", &path, json!({ "expires": soon() })).await;
    steps.twice("queue.quarantineWorker", &path, json!({ "quarantineUntil": soon() })).await;
}

async fn artifacts(steps: &mut Steps, id: &str) {
    let name = "public/object";
    let artifact = json!({ "storageType": "object", "contentType": "text/plain", "expires": soon() });
    let made = steps.conflicts("queue.createArtifact", &[id, RUN, name], artifact).await;
    let object = made["name"].as_str().unwrap().to_owned();
    upload(steps, &object, &made["uploadId"], &made["projectId"]).await;
    steps.twice("queue.finishArtifact", &[id, RUN, name], json!({ "uploadId": made["uploadId"] })).await;
}

async fn upload(steps: &mut Steps, object: &str, upload_id: &Value, project_id: &Value) {
    let inline = json!({ "dataInline": { "contentType": "text/plain", "objectData": "ZGF0YQ==" } });
    let upload =
        json!({ "uploadId": upload_id, "projectId": project_id, "expires": soon(), "proposedUploadMethods": inline });
    steps.twice("object.createUpload", &[object], upload).await;
    steps.twice("object.finishUpload", &[object], json!({ "uploadId": upload_id, "projectId": project_id })).await;
}

async fn groups(steps: &mut Steps) {
    let (group, id) = (new_id(), new_id());
    steps.twice("queue.createTask", &[&id], task(&json!({ "taskGroupId": group }))).await;
    steps.twice("queue.changeTaskGroupPriority", &[&group], json!({ "newPriority": "low" })).await;
    steps.twice("queue.sealTaskGroup", &[&group], Value::Null).await;
    steps.twice("drover.prepareAction", &[&group, "cancel-group"], json!({})).await;
    let cancelled = steps.twice("queue.cancelTaskGroup", &[&group], Value::Null).await;
    assert_eq!(cancelled["taskGroupId"], json!(group));
}

async fn index(steps: &mut Steps) {
    let entry = json!({ "taskId": new_id(), "rank": 1, "data": {}, "expires": soon() });
    steps.twice("index.insertTask", &["tests.repeat.latest"], entry).await;
    for (name, params) in [
        ("index.listRootNamespacesByPost", &[][..]),
        ("index.listNamespacesByPost", &["tests"]),
        ("index.listRootTasksByPost", &[]),
        ("index.listTasksByPost", &["tests.repeat"]),
    ] {
        steps.twice(name, params, json!({})).await;
    }
    steps.twice("index.findTasksAtIndex", &[], json!({ "indexes": ["tests.repeat.latest"] })).await;
    steps.twice("index.deleteTask", &["tests.repeat.latest"], Value::Null).await;
}

async fn objects(steps: &mut Steps) {
    let name = format!("tests/{}", new_id());
    upload(steps, &name, &json!(new_id()), &json!("tests")).await;
    steps.twice("object.startDownload", &[&name], json!({ "acceptDownloadMethods": { "simple": true } })).await;
}

async fn others(steps: &mut Steps) {
    steps.twice("purge-cache.purgeCache", &[QUEUE], json!({ "cacheName": "a" })).await;
    steps.twice("secrets.set", &["tests/repeat"], json!({ "secret": {}, "expires": soon() })).await;
    notify(steps).await;
    steps.twice("secrets.remove", &["tests/repeat"], Value::Null).await;
    hooks(steps).await;
    github(steps).await;
}

async fn github(steps: &mut Steps) {
    // Unsigned, and without an installed app (actors/src/github/tests has the good ones).
    steps.refused("github.githubWebHookConsumer", &[], json!({})).await;
    steps.refused("github.cancelBuilds", &["owner", "repo"], Value::Null).await;
    steps.refused("github.createStatus", &["owner", "repo", &"a".repeat(40)], json!({ "state": "success" })).await;
    let render = json!({ "body": "version: 1\n", "fakeEvent": { "type": "github-push" } });
    steps.twice("github.renderTaskclusterYml", &[], render).await;
    steps.refused("github.createComment", &["owner", "repo", "1"], json!({ "body": "b" })).await;
}

async fn hooks(steps: &mut Steps) {
    let hook = ["tests", "repeat"];
    // The role that its tasks are created with.
    steps.twice("auth.createRole", &["hook-id:tests/*"], json!({ "description": "a test", "scopes": ["*"] })).await;
    steps.twice("hooks.createHook", &hook, hook_body()).await;
    steps.twice("hooks.updateHook", &hook, hook_body()).await;
    let id = new_id();
    let fired = steps.twice("hooks.triggerHook", &hook, json!({ "taskId": id })).await;
    assert_eq!(fired["taskId"], json!(id));
    let token = steps.twice("hooks.resetTriggerToken", &hook, Value::Null).await;
    let with_token = ["tests", "repeat", token["token"].as_str().unwrap()];
    let fired = steps.twice("hooks.triggerHookWithToken", &with_token, json!({ "taskId": new_id() })).await;
    assert_ne!(fired["taskId"], json!(id));
    steps.twice("drover.dryRunHook", &hook, json!({ "payload": {} })).await;
    steps.twice("drover.pauseHook", &hook, Value::Null).await;
    steps.twice("drover.resumeHook", &hook, Value::Null).await;
    steps.twice("hooks.removeHook", &hook, Value::Null).await;
}

fn hook_body() -> Value {
    let metadata = json!({ "name": "n", "description": "d", "owner": "o@example.com" });
    json!({ "metadata": metadata, "task": task(&json!({})), "triggerSchema": { "type": "object" } })
}

async fn notify(steps: &mut Steps) {
    steps.twice("notify.email", &[], json!({ "address": "a@example.com", "subject": "s", "content": "c" })).await;
    steps.twice("notify.pulse", &[], json!({ "routingKey": "tests.repeat", "message": {} })).await;
    steps.twice("notify.matrix", &[], json!({ "roomId": "!a:example.com", "body": "b" })).await;
    steps.twice("notify.slack", &[], json!({ "channelId": "C1", "text": "t" })).await;
    let entry = json!({ "notificationType": "pulse", "notificationAddress": "tests.denied" });
    steps.twice("notify.addDenylistAddress", &[], entry.clone()).await;
    steps.twice("notify.deleteDenylistAddress", &[], entry).await;
}

/// Values of path parameters for which something is there to be read.
pub(crate) async fn values(client: &Client) -> BTreeMap<&'static str, String> {
    let mut steps = Steps { client: client.clone(), repeated: BTreeSet::new() };
    let id = new_id();
    steps.twice("queue.createTask", &[&id], task(&json!({}))).await;
    steps.twice("queue.claimTask", &[&id, RUN], json!({ "workerGroup": "g", "workerId": "w" })).await;
    artifacts(&mut steps, &id).await;
    let entry = json!({ "taskId": id, "rank": 1, "data": {}, "expires": soon() });
    steps.twice("index.insertTask", &["tests.latest"], entry).await;
    steps.twice("secrets.set", &["public/object"], json!({ "secret": {}, "expires": soon() })).await;
    pools::of_worker(&mut steps, QUEUE, "g", "w").await;
    // The role that its tasks are created with.
    let role = json!({ "description": "a test", "scopes": ["*"] });
    steps.twice("auth.createRole", &["hook-id:tests/*"], role).await;
    steps.twice("hooks.createHook", &["tests", "read"], hook_body()).await;
    steps.twice("hooks.triggerHook", &["tests", "read"], json!({ "taskId": new_id() })).await;
    let (provisioner, worker_type) = QUEUE.split_once('/').unwrap();
    BTreeMap::from([
        ("taskId", id.clone()),
        ("taskGroupId", id),
        ("runId", RUN.to_owned()),
        ("name", "public/object".to_owned()),
        ("taskQueueId", QUEUE.to_owned()),
        ("workerPoolId", QUEUE.to_owned()),
        ("provisionerId", provisioner.to_owned()),
        ("workerType", worker_type.to_owned()),
        ("workerGroup", "g".to_owned()),
        ("workerId", "w".to_owned()),
        ("indexPath", "tests.latest".to_owned()),
        ("namespace", "tests".to_owned()),
        ("hookGroupId", "tests".to_owned()),
        ("hookId", "read".to_owned()),
    ])
}
