//! A server with one worker pool, whose machines come from a provider of the test.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use base::Rng;
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Client, Drover, TestDirectory, definition, drover::binary};

/// Machines of several tests boot at the same time, on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// A `drover dev` without workers of its own.
#[derive(Debug)]
pub struct PoolEnv {
    pub drover: Drover,
    pub client: Client,
    directory: TestDirectory,
}

/// What a machine of the pool runs, but for its own flags: `drover worker` of this type of provider, in a directory of its own.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    pub provider: &'static str,
    pub directory: PathBuf,
}

impl WorkerCommand {
    /// With nothing of our environment, as on a machine of its own.
    pub fn of_machine(&self, machine: &str) -> Command {
        let mut command = Command::new(binary());
        let log = std::fs::File::create(self.directory.join(format!("{machine}.log"))).unwrap();
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdout(log.try_clone().unwrap());
        command.stderr(log).args(["worker", "--provider", self.provider, "--isolation", "none", "--work-dir"]);
        command.arg(self.directory.join(machine));
        command
    }
}

impl PoolEnv {
    pub const POOL: &str = "proj/linux";

    /// `provider`: its settings, as JSON. It provides the pool, whose workers stop when they are idle for two seconds.
    pub async fn start(provider: Value, launch_config: Value, max: u32) -> Self {
        Self::start_in(TestDirectory::new(), provider, launch_config, max).await
    }

    pub async fn start_in(directory: TestDirectory, provider: Value, mut launch_config: Value, max: u32) -> Self {
        let id = provider["id"].clone();
        let providers = format!("worker_manager.providers={}", json!([provider]));
        let checks = ["requested", "stopping"].map(|state| format!("provision.check_{state}=1s"));
        let flags =
            ["--workers", "0", "--claim-timeout", "10", "--set", &providers, "--set", &checks[0], "--set", &checks[1]];
        let drover = Drover::start(directory.path(), &flags).await;
        let client = drover.client();
        launch_config["workerConfig"] = json!({ "idleTimeoutSecs": 2 });
        let pool = json!({
            "providerId": id, "description": "", "owner": "tests@example.com", "emailOnError": false,
            "config": { "minCapacity": 0, "maxCapacity": max, "launchConfigs": [launch_config] },
        });
        let path = format!("worker-pool/{}", Self::POOL.replace('/', "%2F"));
        client.send_to("worker-manager", Method::PUT, &path, Some(&pool), &[]).await.unwrap().ok();
        Self { drover, client, directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A task that runs a script.
    pub async fn task(&self, script: &str) -> TaskId {
        let id = TaskId::from_random(Rng::system().uuid_bytes());
        let payload = json!({ "command": [["sh", "-c", script]], "maxRunTime": 600 });
        self.client
            .create(id, &definition(Self::POOL, &json!({ "payload": payload, "retries": 3 })))
            .await
            .unwrap()
            .ok();
        id
    }

    pub async fn until_state(&self, id: TaskId, state: &str) -> Value {
        self.until(&format!("{id} is {state}"), async || self.client.status(id).await["state"] == state).await;
        self.client.status(id).await
    }

    /// All workers of the pool, as worker-manager has them.
    pub async fn workers(&self) -> Vec<Value> {
        let path = format!("workers/{}", Self::POOL.replace('/', "%2F"));
        let answer = self.client.send_to("worker-manager", Method::GET, &path, None, &[]).await.unwrap().ok();
        answer["workers"].as_array().unwrap().clone()
    }

    pub async fn until_all_stopped(&self) {
        self.until("all workers are stopped", async || self.workers().await.iter().all(|it| it["state"] == "stopped"))
            .await;
    }

    /// Of machines that are not listed any more it is believed after two minutes only, since lists may be stale.
    pub async fn until_none_runs(&self) {
        let has_ended = |worker: &Value| worker["state"] == "stopped" || worker["state"] == "stopping";
        self.until("no worker runs", async || self.workers().await.iter().all(has_ended)).await;
    }

    /// Waits for what other processes do.
    pub async fn until<F: AsyncFnMut() -> bool>(&self, what: &str, mut holds: F) {
        let begun = Instant::now();
        while !holds().await {
            if begun.elapsed() > LIMIT {
                let errors = self.errors().await;
                let log = std::fs::read_to_string(self.path().join("drover.log")).unwrap_or_default();
                let end: Vec<&str> = log.lines().rev().take(15).collect();
                panic!("{what}: not within {LIMIT:?}\n{:?}\n{errors}\n{}", self.workers().await, end.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Errors that were reported about the pool.
    pub async fn errors(&self) -> Value {
        let path = format!("worker-pool-errors/{}", Self::POOL.replace('/', "%2F"));
        self.client.send_to("worker-manager", Method::GET, &path, None, &[]).await.unwrap().body
    }
}
