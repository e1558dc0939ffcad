//! A server without workers, and one worker beside it, as an operator starts it.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use base::{Rng, SystemClock};
use protocol::{id::TaskId, status::TaskStatus};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, Drover, TestDirectory, definition, program, signal};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};
use worker::{
    artifact::Store,
    client::{Client as WorkerClient, Credentials, next_piece},
    transfer::no_progress,
};

const QUEUE: &str = "tests/worker";
pub(crate) const ROOT: (&str, &str) = ("static/tests/root", "abcdefghijklmnopqrstuvwxyz");
/// The worker's own client; its token stands nowhere else.
pub(crate) const WORKER_TOKEN: &str = "zyxwvutsrqponmlkjihgfedcba";
/// The most that a mount may bring here.
pub(crate) const MAX_MOUNT_BYTES: u64 = 1 << 20;
/// What one task may use here.
pub(crate) const MAX_DISK_BYTES: u64 = 64 << 20;
pub(crate) const MAX_MEMORY_BYTES: u64 = 256 << 20;
pub(crate) const MAX_LOG_BYTES: u64 = 1 << 20;
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);
/// So short that a claim runs out within a test, unless it is kept up.
const CLAIM_TIMEOUT: &str = "4";

pub(crate) struct Bench {
    drover: Drover,
    client: Client,
    reader: WorkerClient,
    worker: Option<(Child, BufReader<ChildStdout>)>,
    capacity: u8,
    user: WorkerUser,
    /// Further flags of the worker.
    flags: Vec<OsString>,
    /// What the worker has as `/etc/hosts`.
    hosts: Option<PathBuf>,
    directory: TestDirectory,
}

/// Whom a worker runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerUser {
    /// The user of the tests.
    Ours,
    /// Someone without privileges, for tests that run as root.
    Ordinary,
}

/// Nobody's, and outside of the range of tasks.
const ORDINARY_UID: u32 = 398_001;

/// A payload that runs a script.
pub(crate) fn payload(script: &str) -> Value {
    json!({ "command": [["sh", "-c", script]], "maxRunTime": 60 })
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_as(WorkerUser::Ours, 1).await
    }

    /// With a worker that runs so many tasks at the same time.
    pub(crate) async fn start_as(user: WorkerUser, capacity: u8) -> Self {
        let directory = TestDirectory::new();
        let root = format!("{}:{}", ROOT.0, ROOT.1);
        let scopes =
            ["queue:claim-work:*", "queue:worker-id:*", "purge-cache:purge-requests::*", "auth:current-scopes"];
        let clients = json!([{
            "clientId": "static/tests/worker", "accessToken": WORKER_TOKEN, "description": "", "scopes": scopes,
        }]);
        let clients = format!("auth.static_clients={clients}");
        let flags =
            ["--workers", "0", "--claim-timeout", CLAIM_TIMEOUT, "--root-credentials", &root, "--set", &clients];
        let drover = Drover::start(directory.path(), &flags).await;
        let client = drover.client();
        let clock = Arc::new(SystemClock);
        let reader = WorkerClient::new(drover.root_url(), Some(credentials()), clock, Rng::system()).unwrap();
        let mut bench =
            Self { drover, client, reader, worker: None, capacity, user, flags: vec![], hosts: None, directory };
        bench.start_worker().await;
        bench
    }

    pub(crate) async fn start_worker(&mut self) {
        let credentials = json!({ "clientId": "static/tests/worker", "accessToken": WORKER_TOKEN });
        let file = self.path("worker.json");
        let mut private = File::options().write(true).create(true).truncate(true).mode(0o600).open(&file).unwrap();
        private.write_all(credentials.to_string().as_bytes()).unwrap();
        if self.user == WorkerUser::Ordinary {
            // The folder of the tests is for others to pass.
            std::fs::set_permissions(self.directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
            std::fs::create_dir_all(self.path("work")).unwrap();
            for path in [&file, &self.path("work")] {
                std::os::unix::fs::chown(path, Some(ORDINARY_UID), Some(ORDINARY_UID)).unwrap();
            }
        }
        let mut command = self.worker_command("work");
        command.arg("--credentials-file").arg(file).args([
            "--capacity",
            &self.capacity.to_string(),
            "--kill-grace",
            "1",
        ]);
        command.args(&self.flags);
        command.args(["--reclaim-at-latest", "1", "--max-mount-bytes", &MAX_MOUNT_BYTES.to_string()]);
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        tokio::time::timeout(TIMEOUT, output.read_line(&mut line)).await.unwrap().unwrap();
        assert!(line.contains(QUEUE), "{line}: {}", std::fs::read_to_string(self.path("worker.log")).unwrap());
        self.worker = Some((child, output));
    }

    /// The worker is stopped and started again with these flags, too.
    pub(crate) async fn restart_with(&mut self, flags: &[&OsStr]) {
        self.stop_worker().await;
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.start_worker().await;
    }

    /// The next worker resolves these names so, by its own view of the system's file. Only as root.
    pub(crate) fn resolve(&mut self, hosts: &str) {
        let file = self.path("hosts");
        std::fs::write(&file, hosts).unwrap();
        self.hosts = Some(file);
    }

    fn worker_program(&self) -> Command {
        let Some(hosts) = &self.hosts else { return program() };
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(hosts);
        command.arg(program().as_std().get_program()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// `drover worker` without credentials.
    pub(crate) fn worker_command(&self, work_dir: &str) -> Command {
        let log = File::options().create(true).append(true).open(self.path("worker.log")).unwrap();
        let mut command = self.worker_program();
        command.args(["worker", "-o", "json", "--root-url", self.drover.root_url(), "--task-queue-id", QUEUE]);
        command.args(["--worker-group", "tests", "--worker-id", "one", "--work-dir"]).arg(self.path(work_dir));
        command.args(["--task-processes", "256", "--task-disk", &MAX_DISK_BYTES.to_string()]);
        command.args(["--task-memory", &MAX_MEMORY_BYTES.to_string(), "--task-log", &MAX_LOG_BYTES.to_string()]);
        command.stdout(Stdio::piped()).stderr(log);
        if self.user == WorkerUser::Ordinary {
            command.uid(ORDINARY_UID).gid(ORDINARY_UID);
        }
        command
    }

    pub(crate) fn root_url(&self) -> &str {
        self.drover.root_url()
    }

    pub(crate) fn worker_id(&self) -> u32 {
        self.worker.as_ref().unwrap().0.id().unwrap()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn stop_worker(&mut self) {
        let (mut child, _output) = self.worker.take().unwrap();
        signal("TERM", &[child.id().unwrap()]);
        let status = tokio::time::timeout(TIMEOUT, child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "the worker ended with {status}");
    }

    /// As a machine does that has no memory left.
    pub(crate) async fn kill_worker(&mut self) {
        let (mut child, _output) = self.worker.take().unwrap();
        child.kill().await.unwrap();
    }

    pub(crate) async fn stop(mut self) {
        self.stop_worker().await;
        self.drover.stop().await;
    }

    pub(crate) async fn task(&self, payload: &Value, more: &Value) -> TaskId {
        let id = TaskId::from_random(Rng::system().uuid_bytes());
        let mut task = definition(QUEUE, more);
        task["payload"] = payload.clone();
        self.client.create(id, &task).await.unwrap().ok();
        id
    }

    /// Returns once the task is in this state; fails when it ends in another.
    pub(crate) async fn until(&self, id: TaskId, state: &str) {
        let reached = async {
            loop {
                let now = self.status(id).await.state;
                if now.as_str() == state {
                    return;
                }
                assert!(!now.is_resolved(), "{id} is {now}, not {state}; its log:\n{}", self.log(id).await);
                self.a_moment().await;
            }
        };
        tokio::time::timeout(TIMEOUT, reached).await.unwrap_or_else(|_| panic!("{id} does not become {state}"));
    }

    /// The state in which it ends, whichever that is.
    pub(crate) async fn until_resolved(&self, id: TaskId) -> String {
        let resolved = async {
            loop {
                let now = self.status(id).await.state;
                if now.is_resolved() {
                    return now.as_str().to_owned();
                }
                self.a_moment().await;
            }
        };
        tokio::time::timeout(TIMEOUT, resolved).await.unwrap_or_else(|_| panic!("{id} does not end"))
    }

    pub(crate) async fn a_moment(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    pub(crate) async fn taken_until(&self, id: TaskId) -> Option<protocol::time::Timestamp> {
        self.status(id).await.runs.last().and_then(|run| run.taken_until)
    }

    /// How the runs that have ended did so.
    pub(crate) async fn reasons(&self, id: TaskId) -> Vec<String> {
        let reasons = self.status(id).await.runs.into_iter().filter_map(|run| run.reason_resolved);
        reasons.map(|reason| reason.to_string()).collect()
    }

    /// Begins an upload to the first run, as a process of the task could through the proxy, and leaves it there.
    pub(crate) async fn begin_upload(&self, id: TaskId, name: &str) {
        let body =
            json!({ "storageType": "object", "contentType": "text/plain", "expires": tests::seconds_from_now(600) });
        self.client.post(&format!("task/{id}/runs/0/artifacts/{name}"), &body).await.unwrap().ok();
    }

    /// Makes an artifact of the first run that points to this URL.
    pub(crate) async fn point(&self, id: TaskId, name: &str, url: &str) {
        let name = name.replace('/', "%2F");
        let expires = tests::seconds_from_now(600);
        let body = json!({ "storageType": "reference", "contentType": "text/plain", "url": url, "expires": expires });
        self.client.post(&format!("task/{id}/runs/0/artifacts/{name}"), &body).await.unwrap().ok();
    }

    /// Makes an artifact of the first run with this content.
    pub(crate) async fn store(&self, id: TaskId, name: &str, content: &[u8]) {
        let file = self.path("stored");
        std::fs::write(&file, content).unwrap();
        let (client, direct) = (self.reader.clone(), self.reader.clone());
        let store = Store { client, direct, task_id: id, run_id: 0, progress: no_progress() };
        let expires = self.status(id).await.expires;
        store.object(name, File::open(file).unwrap(), "application/octet-stream", expires).await.unwrap();
    }

    /// A path that no other test uses.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) async fn cancel(&self, id: TaskId) {
        self.client.send(Method::POST, &format!("task/{id}/cancel"), None).await.unwrap().ok();
    }

    /// What a running task has written, once it has written this much of lines.
    pub(crate) async fn first_lines(&self, id: TaskId, count: usize) -> String {
        self.log_until(id, |text| text.lines().count() >= count).await
    }

    /// The same, once it has written this.
    pub(crate) async fn until_log(&self, id: TaskId, words: &str) -> String {
        self.log_until(id, |text| text.contains(words)).await
    }

    async fn log_until(&self, id: TaskId, holds: impl Fn(&str) -> bool) -> String {
        self.until(id, "running").await;
        let opened = async {
            loop {
                match self.reader.open_artifact(id, "public/logs/live.log").await {
                    Ok(response) => return response,
                    Err(error) => assert!(error.is_not_found(), "{error}"),
                }
                self.a_moment().await;
            }
        };
        let mut response = tokio::time::timeout(TIMEOUT, opened).await.unwrap();
        let mut text = String::new();
        while !holds(&text) {
            let piece = next_piece(&mut response).await.unwrap().expect("the live log ended early");
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        text
    }

    pub(crate) async fn artifact(&self, id: TaskId, name: &str) -> Vec<u8> {
        let mut response = self.reader.open_artifact(id, name).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = next_piece(&mut response).await.unwrap() {
            bytes.extend(piece);
        }
        bytes
    }

    /// The answer of whoever has the content, as it is sent.
    pub(crate) async fn raw_artifact(&self, id: TaskId, name: &str) -> reqwest::Response {
        let path = format!("/api/queue/v1/task/{id}/artifacts/{}", name.replace('/', "%2F"));
        let answer = reqwest::get(self.client.signed_url(&path)).await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
    }

    /// Returns once the index has a task of this name.
    pub(crate) async fn until_indexed(&self, namespace: &str) {
        let path = format!("/api/index/v1/task/{namespace}");
        let found = async {
            while !reqwest::get(self.client.signed_url(&path)).await.unwrap().status().is_success() {
                self.a_moment().await;
            }
        };
        tokio::time::timeout(TIMEOUT, found).await.unwrap_or_else(|_| panic!("{namespace} is not indexed"));
    }

    pub(crate) async fn log(&self, id: TaskId) -> String {
        String::from_utf8(self.artifact(id, "public/logs/live_backing.log").await).unwrap()
    }

    async fn status(&self, id: TaskId) -> TaskStatus {
        self.reader.status(id).await.unwrap()
    }
}

fn credentials() -> Credentials {
    Credentials { client_id: ROOT.0.to_owned(), access_token: ROOT.1.to_owned(), certificate: None }
}
