//! A worker that worker-runner started. Ours follows the protocol's description and runs a real worker; Taskcluster's own
//! `start-worker` is not tested.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base::{Rng, SystemClock};
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, Drover, TestDirectory, definition, program, seconds_from_now};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};
use worker::client::{Client as WorkerClient, Credentials};

use super::{
    bench::TIMEOUT,
    dev::{until, until_state},
    payload,
};

const POOL: &str = "tests/runner";
const ALL: [&str; 5] = ["error-report", "graceful-termination", "log", "new-credentials", "shutdown"];

/// A server with a pool of static workers, of which one is registered.
struct TestEnv {
    drover: Drover,
    client: Client,
    directory: TestDirectory,
}

/// Worker-runner for one worker.
struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// All messages so far.
    messages: Vec<Value>,
    /// All other lines so far.
    texts: Vec<String>,
}

fn parse(answer: &Value) -> Credentials {
    serde_json::from_value(answer.clone()).unwrap()
}

impl TestEnv {
    async fn start() -> Self {
        let directory = TestDirectory::new();
        let drover = Drover::start(directory.path(), &["--workers", "0", "--claim-timeout", "10"]).await;
        let env = Self { client: drover.client(), drover, directory };
        let pool = json!({
            "providerId": "static", "description": "", "owner": "o@example.com", "emailOnError": false, "config": {},
        });
        env.manager(Method::PUT, "worker-pool/tests%2Frunner", Some(&pool)).await;
        let worker = json!({ "expires": seconds_from_now(600), "providerInfo": { "staticSecret": "s".repeat(44) } });
        env.manager(Method::PUT, "workers/tests%2Frunner/g/w", Some(&worker)).await;
        env
    }

    async fn manager(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.client.send_to("worker-manager", method, path, body, &[]).await.unwrap().ok()
    }

    async fn register(&self) -> Value {
        let proof = json!({ "staticSecret": "s".repeat(44) });
        let body = json!({
            "workerPoolId": POOL, "providerId": "static", "workerGroup": "g", "workerId": "w", "workerIdentityProof": proof,
        });
        self.manager(Method::POST, "worker/register", Some(&body)).await
    }

    /// A client of auth with the scopes of a worker that worker-manager does not know.
    async fn standalone(&self) -> Credentials {
        let scopes = json!(["queue:claim-work:tests/runner", "queue:worker-id:g/w", "purge-cache:purge-requests::*"]);
        let body = json!({ "description": "", "expires": seconds_from_now(600), "scopes": scopes });
        let path = "clients/standalone";
        let answer = self.client.send_to("auth", Method::PUT, path, Some(&body), &[]).await.unwrap().ok();
        let access_token = answer["accessToken"].as_str().unwrap().to_owned();
        Credentials { client_id: "standalone".to_owned(), access_token, certificate: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn as_worker(&self, credentials: &Credentials) -> WorkerClient {
        let (root, clock) = (self.drover.root_url(), Arc::new(SystemClock));
        WorkerClient::new(root, Some(credentials.clone()), clock, Rng::system()).unwrap()
    }

    async fn task(&self, script: &str) -> TaskId {
        let id = TaskId::from_random(Rng::system().uuid_bytes());
        let mut task = definition(POOL, &json!({}));
        task["payload"] = payload(script);
        self.client.create(id, &task).await.unwrap().ok();
        id
    }

    /// As worker-runner writes it for generic-worker.
    fn write_config(&self, credentials: &Credentials, more: &Value) -> PathBuf {
        let mut config = json!({
            "rootURL": self.drover.root_url(), "clientId": credentials.client_id, "accessToken": credentials.access_token,
            "certificate": credentials.certificate, "provisionerId": "tests", "workerType": "runner",
            "workerGroup": "g", "workerId": "w", "workerLocation": "{\"cloud\":\"static\"}", "tasksDir": "/tasks",
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = self.path("runner.json");
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(config.to_string().as_bytes()).unwrap();
        path
    }

    fn spawn(&self, credentials: &Credentials, more: &Value) -> Runner {
        let log = File::options().create(true).append(true).open(self.path("worker.log")).unwrap();
        let mut command = program();
        command.args(["worker", "--isolation", "none", "--kill-grace", "1", "--reclaim-at-latest", "1", "--work-dir"]);
        command.arg(self.path("work")).args(["--runner-protocol", "--runner-config"]);
        command.arg(self.write_config(credentials, more)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()).lines());
        Runner { child, input, output, messages: Vec::new(), texts: Vec::new() }
    }

    /// With all capabilities, and ready to take tasks.
    async fn run(&self, credentials: &Credentials, more: &Value) -> Runner {
        let mut runner = self.spawn(credentials, more);
        runner.send(&json!({ "type": "welcome", "capabilities": ALL })).await;
        let hello = runner.until("hello").await;
        assert_eq!(hello, json!({ "type": "hello", "capabilities": ALL }));
        while !runner.texts.iter().any(|text| text.contains("takes tasks of tests/runner")) {
            runner.read().await.expect("the worker ended");
        }
        runner
    }
}

impl Runner {
    async fn send(&mut self, message: &Value) {
        self.write(&format!("~{message}\n")).await;
    }

    async fn write(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).await.unwrap();
    }

    async fn renew(&mut self, credentials: &Credentials) {
        let mut message = json!({
            "type": "new-credentials", "client-id": credentials.client_id, "access-token": credentials.access_token,
        });
        if let Some(certificate) = &credentials.certificate {
            message["certificate"] = json!(certificate);
        }
        self.send(&message).await;
        while !self.logged("renewed the credentials") {
            self.read().await.expect("the worker ended");
        }
    }

    async fn terminate(&mut self, finish_tasks: bool) {
        self.send(&json!({ "type": "graceful-termination", "finish-tasks": finish_tasks })).await;
    }

    /// The next line; `None` at the end.
    async fn read(&mut self) -> Option<()> {
        let line = timeout(TIMEOUT, self.output.next_line()).await.unwrap().unwrap()?;
        match line.strip_prefix('~') {
            Some(json) => self.messages.push(serde_json::from_str(json).unwrap()),
            None => self.texts.push(line),
        }
        Some(())
    }

    /// The first message of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            if let Some(message) = self.messages.iter().find(|message| message["type"] == kind) {
                return message.clone();
            }
            assert!(self.read().await.is_some(), "the worker ended without `{kind}`: {:?}", self.messages);
        }
    }

    fn logged(&self, part: &str) -> bool {
        let texts = self.messages.iter().filter(|it| it["type"] == "log").map(|it| &it["body"]["textPayload"]);
        texts.filter_map(Value::as_str).any(|text| text.contains(part))
    }

    /// Reads to the end; how the worker ended.
    async fn end(&mut self) -> ExitStatus {
        while self.read().await.is_some() {}
        timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap()
    }

    fn count(&self, kind: &str) -> usize {
        self.messages.iter().filter(|message| message["type"] == kind).count()
    }
}

#[tokio::test]
async fn credentials_that_the_runner_renews_are_used() {
    let env = TestEnv::start().await;
    let first = env.standalone().await;
    let mut runner = env.run(&first, &json!({})).await;
    let task = env.task("printf %s \"$TASKCLUSTER_WORKER_LOCATION\" | grep -q static").await;
    until_state(&env.client, task, "completed").await;

    let registered = env.register().await;
    runner.renew(&parse(&registered["credentials"])).await;
    env.client.send_to("auth", Method::DELETE, "clients/standalone", None, &[]).await.unwrap().ok();
    // The first may be claimed by a request that was signed before.
    for _ in 0..2 {
        let task = env.task("true").await;
        until_state(&env.client, task, "completed").await;
    }

    let body = json!({ "workerPoolId": POOL, "workerGroup": "g", "workerId": "w", "secret": registered["secret"] });
    let worker = env.as_worker(&parse(&registered["credentials"]));
    let again: Value = worker.post("worker-manager/v1/worker/reregister", &body).await.unwrap();
    assert_ne!(again["secret"], registered["secret"]);
    assert!(runner.logged("mean nothing here"), "fields of generic-worker that are not used are named");
    runner.messages.clear();
    runner.renew(&parse(&again["credentials"])).await;
    let task = env.task("true").await;
    until_state(&env.client, task, "completed").await;
    runner.terminate(false).await;
    assert!(runner.end().await.success());
    assert_eq!(fs::read_to_string(env.path("worker.log")).unwrap(), "", "all log lines are messages");
    env.drover.stop().await;
}

#[tokio::test]
async fn a_termination_at_once_gives_tasks_back_in_less_than_five_seconds() {
    let env = TestEnv::start().await;
    let registered = env.register().await;
    let mut runner = env.run(&parse(&registered["credentials"]), &json!({})).await;
    let task = env.task("sleep 1000").await;
    // Before it has the task, nobody would give it back.
    while !runner.logged("task started") {
        runner.read().await.unwrap();
    }
    let asked = Instant::now();
    runner.terminate(false).await;
    assert!(runner.end().await.success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let status = env.client.status(task).await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown", "{status} {:?}", runner.messages);
    assert_eq!(runner.count("shutdown"), 0, "the runner knows");
    env.drover.stop().await;
}

#[tokio::test]
async fn a_termination_after_the_tasks_claims_no_more_and_can_still_become_one_at_once() {
    let env = TestEnv::start().await;
    let credentials = parse(&env.register().await["credentials"]);
    let flag = env.path("go-on");
    let waits = format!("until test -f {}; do sleep 0.02; done", flag.display());
    for at_once in [false, true] {
        let mut runner = env.run(&credentials, &json!({})).await;
        let task = env.task(&waits).await;
        until_state(&env.client, task, "running").await;
        runner.terminate(true).await;
        while !runner.logged("after its tasks") {
            runner.read().await.unwrap();
        }
        let next = env.task("true").await;
        if at_once {
            runner.terminate(false).await;
        } else {
            fs::write(&flag, "").unwrap();
        }
        assert!(runner.end().await.success());
        let reason = if at_once { "worker-shutdown" } else { "completed" };
        assert_eq!(env.client.status(task).await["runs"][0]["reasonResolved"], reason);
        assert_eq!(env.client.status(next).await["state"], "pending", "it claims no more");
        for id in [task, next] {
            env.client.post(&format!("task/{id}/cancel"), &json!({})).await.unwrap();
        }
        let _ = fs::remove_file(&flag);
    }
    env.drover.stop().await;
}

#[tokio::test]
async fn a_problem_of_the_worker_is_among_the_errors_of_its_pool() {
    let env = TestEnv::start().await;
    let credentials = parse(&env.register().await["credentials"]);
    let mut runner = env.run(&credentials, &json!({})).await;
    let tasks = env.path("work/tasks");
    fs::remove_dir_all(&tasks).unwrap();
    fs::write(&tasks, "no directory").unwrap();
    let id = env.task("true").await;
    let mut report = runner.until("error-report").await;
    assert_eq!(report["extra"], json!({ "taskId": id, "runId": 0 }));

    let kind = report.as_object_mut().unwrap().remove("type");
    assert_eq!(kind, Some(json!("error-report")));
    report["workerGroup"] = json!("g");
    report["workerId"] = json!("w");
    let worker = env.as_worker(&credentials);
    worker.post::<Value>("worker-manager/v1/worker-pool-errors/tests%2Frunner", &report).await.unwrap();
    let errors = env.manager(Method::GET, "worker-pool-errors/tests%2Frunner", None).await;
    let error = &errors["workerPoolErrors"][0];
    assert_eq!((&error["kind"], &error["extra"]["workerId"]), (&json!("worker-error"), &json!("w")));
    assert!(error["title"].as_str().unwrap().contains("resources of a run"), "{error}");

    // Each run of the task fails the same way.
    until("the task is given up", async || env.client.status(id).await["state"] == "exception").await;
    runner.terminate(false).await;
    assert!(runner.end().await.success());
    assert_eq!(runner.count("error-report"), 1, "the same problem is reported once");
    env.drover.stop().await;
}

#[tokio::test]
async fn an_idle_worker_asks_for_the_end_of_its_machine() {
    let env = TestEnv::start().await;
    // Nobody answers a worker that worker-manager does not know whether it is needed.
    let mut runner = env.run(&env.standalone().await, &json!({ "idleTimeoutSecs": 1 })).await;
    assert!(runner.end().await.success());
    assert_eq!(runner.count("shutdown"), 1);
    env.drover.stop().await;
}

#[tokio::test]
async fn what_no_message_is_changes_nothing() {
    let env = TestEnv::start().await;
    let credentials = parse(&env.register().await["credentials"]);
    let mut runner = env.spawn(&credentials, &json!({}));
    runner.write("start-worker 99\n").await;
    runner.send(&json!({ "type": "welcome", "capabilities": ["graceful-termination", "of-tomorrow"] })).await;
    let hello = runner.until("hello").await;
    assert_eq!(hello["capabilities"], json!(["graceful-termination"]));
    let capable = json!({ "type": "welcome", "capabilities": ["log"] });
    let renewed = json!({ "type": "new-credentials", "client-id": "nobody", "access-token": "nothing" });
    for line in
        [format!("~{}", "x".repeat(10 << 20)), format!("~{capable}"), format!("~{renewed}"), "~{\"type\":".into()]
    {
        runner.write(&format!("{line}\n~{{\"type\":\"dance\"}}\n")).await;
    }
    let task = env.task("true").await;
    until_state(&env.client, task, "completed").await;
    runner.write("~{\"type\":\"graceful-termination\",\"finish-tasks\":fal").await;
    // The end of its input is the end of worker-runner.
    drop(runner.input.take());
    assert!(runner.end().await.success());
    assert_eq!(runner.messages.len(), 1, "{:?}", runner.messages);
    let log = fs::read_to_string(env.path("worker.log")).unwrap();
    for part in ["a second `welcome`", "too long", "dance", "did not finish", "capability=\"new-credentials\""] {
        assert!(log.contains(part), "no {part} in {log}");
    }
    env.drover.stop().await;
}

#[tokio::test]
async fn a_worker_without_a_runner_ends_with_a_reason() {
    let env = TestEnv::start().await;
    let credentials = env.standalone().await;
    let mut runner = env.spawn(&credentials, &json!({}));
    drop(runner.input.take());
    assert_eq!(runner.end().await.code(), Some(1));
    let mut runner = env.spawn(&credentials, &json!({ "workerId": "" }));
    assert_eq!(runner.end().await.code(), Some(2));
    let log = fs::read_to_string(env.path("worker.log")).unwrap();
    assert!(log.contains("before worker-runner sent its `welcome`") && log.contains("the field `workerId`"), "{log}");
    env.drover.stop().await;
}
