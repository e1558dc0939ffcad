//! The queue's door: every question and command, whoever asks, wherever the queue runs.

use std::sync::Arc;

use base::{Clock, Rng};
use bus::Bus;
use prost::Message as _;
use protocol::{
    explain::Explanation,
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::Priority,
    status::TaskStatus,
    time::Timestamp,
};

use super::{
    QueueError, QueueSettings, Report,
    near::Near,
    remote::{self, Far, Unreadable, Wire},
    types::{
        CanceledGroup, Claim, ClaimWork, ClaimedTask, Definition, NewGraph, NewTask, PendingTask, QueueCounts, Reclaim,
        TaskAndStatus, TaskGroup, TaskQueue, Worker,
    },
    workers::Quarantine,
};
use crate::kit::{Child, Notifications, Page, PageAfter, PendingNotifier};

/// Cheap to clone; all clones lead to the same queue.
#[derive(Clone)]
pub struct Queue {
    near: Near,
    /// Where it leads if the queue's parts do not run in this process.
    far: Option<Far>,
}

type Answer<T> = Result<T, QueueError>;

/// Each method once: for callers here, and for those of other processes, who name it as `queue.proto` does. `wait` is
/// for methods that may wait for long.
macro_rules! methods {
    ($($(#[doc = $doc:literal])* $way:ident $method:literal $name:ident($($argument:ident: $kind:ty),+) -> $answer:ty;)+) => {
        impl Queue {
            $(
                $(#[doc = $doc])*
                pub async fn $name(&self, $($argument: $kind),+) -> Answer<$answer> {
                    match &self.far {
                        None => self.near.$name($($argument),+).await,
                        Some(far) => far.$way($method, ($($argument,)+)).await,
                    }
                }
            )+
        }

        /// Answers a call of another process with the bytes of the answer's message.
        pub(super) async fn answer(near: &Near, method: &str, question: &[u8]) -> Answer<Vec<u8>> {
            match method {
                $($method => {
                    let ($($argument,)+) = read::<($($kind,)+)>(method, question)?;
                    near.$name($($argument),+).await.map(|answer| answer.write().encode_to_vec())
                })+
                unknown => {
                    tracing::error!(method = unknown, "another process asks what this one does not know");
                    Err(QueueError::Elsewhere)
                }
            }
        }

        #[cfg(test)]
        pub(super) const METHODS: &[&str] = &[$($method),+];
    };
}

methods! {
    /// Creates a task. The same definition again is success, another one is a conflict.
    ask "CreateTask" create_task(task: NewTask) -> TaskStatus;
    /// All tasks or none; `submit_key` makes a repeat after a crash yield the same graph.
    ask_long "CreateGraph" create_graph(graph: NewGraph) -> Vec<TaskStatus>;
    /// Tasks that do not exist are left out.
    ask "Tasks" tasks(ids: Vec<TaskId>) -> Vec<(TaskId, Definition)>;
    /// Tasks that do not exist are left out.
    ask "Statuses" statuses(ids: Vec<TaskId>) -> Vec<TaskStatus>;
    ask "Dependents" dependents(id: TaskId, page: PageAfter<TaskId>) -> Page<TaskAndStatus, TaskId>;
    /// Why the task is not running, or how it ended.
    ask "Explain" explain(id: TaskId) -> Explanation;
    ask "ScheduleTask" schedule_task(id: TaskId) -> TaskStatus;
    ask "RerunTask" rerun_task(id: TaskId) -> TaskStatus;
    ask "CancelTask" cancel_task(id: TaskId) -> TaskStatus;
    ask "ChangeTaskPriority" change_task_priority(id: TaskId, to: Priority) -> TaskStatus;
    ask "TaskGroup" task_group(id: TaskGroupId) -> TaskGroup;
    ask "ListTaskGroup" list_task_group(id: TaskGroupId, page: PageAfter<TaskId>) -> (TaskGroup, Page<TaskAndStatus, TaskId>);
    /// From now on the group takes no more tasks. The first time is kept.
    ask "SealTaskGroup" seal_task_group(id: TaskGroupId) -> TaskGroup;
    ask "CancelTaskGroup" cancel_task_group(id: TaskGroupId) -> CanceledGroup;
    /// The group, and the tasks that had another priority.
    ask "ChangeTaskGroupPriority" change_task_group_priority(id: TaskGroupId, to: Priority) -> (TaskGroup, Vec<TaskId>);
    /// `claim_work` on its way: nobody has noted yet that the worker heard of its claims.
    wait "ClaimWork" take_work(ask: ClaimWork) -> Vec<Claim>;
    ask "ClaimTask" claim_task(id: TaskId, run: RunId, worker: WorkerName) -> Claim;
    ask "ReclaimTask" reclaim_task(id: TaskId, run: RunId) -> Reclaim;
    ask "Report" report(id: TaskId, run: RunId, report: Report) -> TaskStatus;
    /// As `report`, but a run that has an unfinished upload is not completed, whatever the settings say.
    ask "ReportWhole" report_whole(id: TaskId, run: RunId, report: Report) -> TaskStatus;
    ask "Counts" counts(queue: TaskQueueId) -> QueueCounts;
    ask "PendingTasks" pending_tasks(queue: TaskQueueId, page: PageAfter<i64>) -> Page<PendingTask, i64>;
    ask "ClaimedTasks" claimed_tasks(queue: TaskQueueId, page: PageAfter<TaskId>) -> Page<ClaimedTask, TaskId>;
    /// Task queues seen recently, in order of their names: those of one provisioner, or all.
    ask "TaskQueues" task_queues(provisioner_id: Option<String>, page: PageAfter<TaskQueueId>) -> Page<TaskQueue, TaskQueueId>;
    ask "TaskQueue" task_queue(queue: TaskQueueId) -> TaskQueue;
    ask "Worker" worker(queue: TaskQueueId, worker: WorkerName) -> Worker;
    /// Workers in order of group and id, expired ones left out unless they are quarantined.
    ask "Workers" workers(queue: TaskQueueId, page: PageAfter<WorkerName>) -> Page<Worker, WorkerName>;
    /// Keeps a worker from tasks until a time; one in the past ends a quarantine.
    ask "QuarantineWorker" quarantine_worker(order: Quarantine) -> Worker;
    ask "DeclareWorker" declare_worker(queue: TaskQueueId, worker: WorkerName, expires: Timestamp) -> Worker;
}

impl Queue {
    pub(super) const fn near(near: Near) -> Self {
        Self { near, far: None }
    }

    /// The same door, leading to whichever process runs the queue.
    #[must_use]
    pub fn elsewhere(self, bus: &Arc<dyn Bus>, clock: &Arc<dyn Clock>, rng: &Rng, settings: &QueueSettings) -> Self {
        Self { far: Some(Far::new(bus, clock, rng, settings)), ..self }
    }

    /// Waits up to the long-poll time when there is nothing to claim; then the answer is empty. What is answered counts
    /// as told to the worker: the caller must see to it.
    pub async fn claim_work(&self, ask: ClaimWork) -> Answer<Vec<Claim>> {
        let key = (ask.task_queue_id.clone(), ask.worker.clone());
        let claims = self.take_work(ask).await?;
        if !claims.is_empty() {
            let runs: Vec<_> = claims.iter().map(|claim| (claim.status.task_id, claim.run_id)).collect();
            let environment = &self.near.environment;
            environment.notes.add(key, environment.now(), &runs);
        }
        Ok(claims)
    }

    /// The part that writes down what this process told workers. The queue's own parts have it already.
    pub fn note_writer(&self) -> Child {
        self.near.environment.note_writer()
    }

    /// The parts that answer other processes. They end before the queue's own parts do.
    pub fn service(&self, bus: &Arc<dyn Bus>, rng: &Rng) -> Vec<Child> {
        remote::parts(&self.near, bus, rng)
    }

    pub async fn task(&self, id: TaskId) -> Answer<Definition> {
        let found = self.tasks(vec![id]).await?;
        found.into_iter().next().map(|(_, definition)| definition).ok_or(QueueError::NoSuchTask(id))
    }

    pub async fn status(&self, id: TaskId) -> Answer<TaskStatus> {
        self.statuses(vec![id]).await?.into_iter().next().ok_or(QueueError::NoSuchTask(id))
    }

    /// The wake-ups that the queue gives after commits, for parts that change tasks as time does.
    pub fn notifications(&self) -> Notifications {
        self.near.notifications()
    }

    /// For the word of another process that tasks became pending: wakes those who wait at this desk, and nobody else.
    pub fn claimers(&self) -> PendingNotifier {
        self.near.claimers()
    }
}

fn read<T: Wire>(method: &str, question: &[u8]) -> Answer<T> {
    let message = T::Message::decode(question).map_err(Unreadable::from);
    message.and_then(T::read).map_err(|error| {
        tracing::error!(method, %error, "another process asks what cannot be read");
        QueueError::Elsewhere
    })
}
