//! The queue's endpoints. Rules of the queue itself are the actors'; here are the form of requests and answers, and
//! what a caller must hold.

mod artifacts;
mod authorize;
mod claims;
mod create;
mod credentials;
mod groups;
mod provisioners;
mod queues;
mod reports;
mod tasks;
mod workers;

use std::sync::{Arc, Mutex};

use actors::{
    artifacts::Artifacts,
    queue::{Queue, TaskLimits},
};
pub(crate) use artifacts::described as described_artifact;
pub(crate) use authorize::authorize;
use base::{Clock, Rng, Shutdown};
use tokio::task::JoinSet;

use crate::{ServerContext, auth::Clients, http::Routes};

/// What the queue's handlers share.
pub(crate) struct QueueState {
    pub queue: Queue,
    pub limits: TaskLimits,
    pub artifacts: Artifacts,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub shutdown: Shutdown,
    /// Reports of runs whose claims cannot be sent. They continue after the request that found them.
    pub ending: Mutex<JoinSet<()>>,
    /// Where clients reach us.
    pub root_url: String,
}

pub fn routes(server: &ServerContext, queue: Queue, limits: TaskLimits, artifacts: Artifacts) -> Routes {
    let ServerContext { clients, clock, rng, root_url, shutdown } = server.clone();
    let (rng, ending) = (rng.branch("queue"), Mutex::default());
    let state = QueueState { queue, limits, artifacts, clients, clock, rng, shutdown, ending, root_url };
    Routes::of("queue", state)
        .on("createTask", create::create_task)
        .on("task", tasks::task)
        .on("tasks", tasks::tasks)
        .on("status", tasks::status)
        .on("statuses", tasks::statuses)
        .on("listDependentTasks", tasks::list_dependent_tasks)
        .on("scheduleTask", tasks::schedule_task)
        .on("rerunTask", tasks::rerun_task)
        .on("cancelTask", tasks::cancel_task)
        .on("changeTaskPriority", tasks::change_task_priority)
        .on("getTaskGroup", groups::get_task_group)
        .on("listTaskGroup", groups::list_task_group)
        .on("sealTaskGroup", groups::seal_task_group)
        .on("cancelTaskGroup", groups::cancel_task_group)
        .on("changeTaskGroupPriority", groups::change_task_group_priority)
        .on("claimWork", claims::claim_work)
        .on("claimTask", claims::claim_task)
        .on("reclaimTask", claims::reclaim_task)
        .on("reportCompleted", reports::report_completed)
        .on("reportFailed", reports::report_failed)
        .on("reportException", reports::report_exception)
        .on("createArtifact", artifacts::create_artifact)
        .on("finishArtifact", artifacts::finish_artifact)
        .on("getArtifact", artifacts::get_artifact)
        .on("getLatestArtifact", artifacts::get_latest_artifact)
        .on("artifact", artifacts::artifact)
        .on("latestArtifact", artifacts::latest_artifact)
        .on("listArtifacts", artifacts::list_artifacts)
        .on("listLatestArtifacts", artifacts::list_latest_artifacts)
        .on("artifactInfo", artifacts::artifact_info)
        .on("latestArtifactInfo", artifacts::latest_artifact_info)
        .on("taskQueueCounts", queues::task_queue_counts)
        .on("pendingTasks", queues::pending_tasks)
        .on("listPendingTasks", queues::list_pending_tasks)
        .on("listClaimedTasks", queues::list_claimed_tasks)
        .on("listTaskQueues", provisioners::list_task_queues)
        .on("getTaskQueue", provisioners::get_task_queue)
        .on("listProvisioners", provisioners::list_provisioners)
        .on("getProvisioner", provisioners::get_provisioner)
        .on("listWorkerTypes", provisioners::list_worker_types)
        .on("getWorkerType", provisioners::get_worker_type)
        .on("listWorkers", workers::list_workers)
        .on("getWorker", workers::get_worker)
        .on("quarantineWorker", workers::quarantine_worker)
        .on("declareWorker", workers::declare_worker)
        .build()
}
