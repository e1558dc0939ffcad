//! What a worker gets when it starts.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use protocol::id::{TaskQueueId, WorkerName};
use tokio::sync::watch;

use crate::{
    client::Credentials,
    container::ContainerSettings,
    error_report::ErrorReporter,
    isolation::IsolationSettings,
    trust::{Machine, SigningKey},
};

/// 20 GiB.
pub const MAX_MOUNT_BYTES: u64 = 20 << 30;

/// The most tasks one claimWork request may ask for.
const MAX_TASKS: usize = 32;

/// Everything a worker needs to know. `WorkerSettings::new` fills in what rarely differs.
#[derive(Clone)]
pub struct WorkerSettings {
    pub root_url: String,
    pub credentials: Credentials,
    /// Where they are renewed from time to time, the present ones.
    pub renewed_credentials: Option<watch::Receiver<Credentials>>,
    pub task_queue_id: TaskQueueId,
    pub name: WorkerName,
    /// How many tasks run at the same time.
    pub capacity: usize,
    /// Where task directories and caches live. One worker at a time may use it.
    pub work_dir: PathBuf,
    /// Leaves each task's directory in place, for a look after a failure.
    pub keep_task_dirs: bool,
    /// Variables that every task gets: `PATH` at the least. Nothing else of the worker's own environment leaks in.
    pub task_env: BTreeMap<String, String>,
    /// The address on which live logs are served, and under which others find them.
    pub live_log_host: String,
    /// A claim is made longer in good time, and at least this often: so a worker learns that its task was cancelled.
    pub reclaim_at_latest: Duration,
    /// How long processes of an interrupted task have between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// The users that tasks run as.
    pub isolation: IsolationSettings,
    /// Where images of containers come from, and how many are kept.
    pub containers: ContainerSettings,
    /// The most bytes that one mount may download or unpack to.
    pub max_mount_bytes: u64,
    /// Signs what tasks with `chainOfTrust` made; without it they are refused.
    pub signing_key: Option<SigningKey>,
    /// What the certificates of these tasks say of this machine.
    pub machine: Machine,
    /// Where problems of the worker itself are reported.
    pub errors: ErrorReporter,
}

impl WorkerSettings {
    pub fn new(
        root_url: &str,
        credentials: Credentials,
        queue: TaskQueueId,
        name: WorkerName,
        work_dir: PathBuf,
    ) -> Self {
        let machine =
            Machine { instance_id: name.worker_id.clone(), region: name.worker_group.clone(), ..Machine::default() };
        let path = "/usr/local/bin:/usr/bin:/bin".to_owned();
        Self {
            root_url: root_url.trim_end_matches('/').to_owned(),
            credentials,
            renewed_credentials: None,
            task_queue_id: queue,
            name,
            capacity: 1,
            work_dir,
            keep_task_dirs: false,
            task_env: BTreeMap::from([("PATH".to_owned(), path)]),
            live_log_host: "127.0.0.1".to_owned(),
            reclaim_at_latest: Duration::from_mins(1),
            kill_grace: Duration::from_secs(2),
            isolation: IsolationSettings::default(),
            containers: ContainerSettings::default(),
            max_mount_bytes: MAX_MOUNT_BYTES,
            signing_key: None,
            machine,
            errors: ErrorReporter::none(),
        }
    }

    /// The capacity as far as one request can fill it.
    pub(crate) fn slots(&self) -> usize {
        self.capacity.clamp(1, MAX_TASKS)
    }
}
