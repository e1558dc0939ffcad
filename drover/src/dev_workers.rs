//! The workers that `drover dev` runs in its own process. They speak HTTP to it, as any worker does.

use std::{collections::BTreeMap, path::Path, time::Duration};

use actors::auth::{StaticClient, access_token};
use base::{Entropy, environment};
use protocol::{
    certificate::Credentials,
    id::{TaskQueueId, WorkerName},
};
use tokio::task::JoinSet;
use worker::{Worker, WorkerSettings};

use crate::{
    exit::{Exit, Failure, with_causes},
    ground::Ground,
    settings::DevSettings,
};

const CLIENT: &str = "static/drover/dev-workers";
const GROUP: &str = "dev";
/// Someone sits in front of it: a cancelled task is to end soon.
const RECLAIM_AT_LATEST: Duration = Duration::from_secs(5);

/// Who these workers are. The token is made anew at each start and never leaves the process.
#[derive(Debug)]
pub(crate) struct WorkerClient {
    token: String,
}

/// What a worker may do in its own name.
const SCOPES: [&str; 3] = ["queue:claim-work:*", "queue:worker-id:*", "purge-cache:purge-requests::*"];

impl WorkerClient {
    pub(crate) fn make(entropy: &Entropy) -> Self {
        Self { token: access_token(entropy) }
    }

    /// As the server has to know it.
    pub(crate) fn registered(&self) -> StaticClient {
        StaticClient {
            client_id: CLIENT.to_owned(),
            access_token: self.token.as_str().into(),
            description: "The workers of `drover dev`.".to_owned(),
            scopes: SCOPES.map(str::to_owned).to_vec(),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials { client_id: CLIENT.to_owned(), access_token: self.token.clone(), certificate: None }
    }
}

pub(crate) struct DevWorkers(Vec<Worker>);

impl DevWorkers {
    pub(crate) async fn start(
        settings: &DevSettings,
        client: &WorkerClient,
        root_url: &str,
        data_dir: &Path,
        ground: &Ground,
    ) -> Result<Self, Failure> {
        let mut workers = Self(Vec::new());
        for number in 1..=settings.workers {
            let name = WorkerName { worker_group: GROUP.to_owned(), worker_id: format!("worker-{number}") };
            let work_dir = data_dir.join("workers").join(number.to_string());
            let queue = TaskQueueId(settings.task_queue.clone());
            let mut how = WorkerSettings::new(root_url, client.credentials(), queue, name, work_dir);
            how.reclaim_at_latest = RECLAIM_AT_LATEST;
            how.task_env.extend(task_environment(&settings.task_variables));
            let started = Worker::start(how, ground.clock.clone(), &ground.entropy.branch("worker")).await;
            match started {
                Ok(worker) => workers.0.push(worker),
                Err(error) => {
                    workers.stop().await;
                    let words = format!("worker {number} cannot be started: {}", with_causes(&error));
                    return Err(Failure::new(Exit::Failed, words));
                }
            }
        }
        Ok(workers)
    }

    /// All at the same time: each takes as long as its tasks take to end.
    pub(crate) async fn stop(self) {
        let mut stopping: JoinSet<()> = self.0.into_iter().map(Worker::stop).collect();
        while stopping.join_next().await.is_some() {}
    }
}

/// What tasks see of our own environment, and this very program as `$DROVER`. Their home is elsewhere, so Rust's tools
/// have to be told where they live.
pub(crate) fn task_environment(names: &[String]) -> BTreeMap<String, String> {
    let present = names.iter().filter_map(|name| Some((name.clone(), environment::variable(name)?)));
    let mut variables: BTreeMap<String, String> = present.collect();
    let home = environment::variable("HOME").unwrap_or_default();
    for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        let place = Path::new(&home).join(folder);
        if names.iter().any(|listed| listed == name) && !variables.contains_key(name) && place.is_dir() {
            variables.insert(name.to_owned(), place.display().to_string());
        }
    }
    if let Ok(program) = std::env::current_exe() {
        variables.insert("DROVER".to_owned(), program.display().to_string());
    }
    variables
}
