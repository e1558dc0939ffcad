//! The task listener of one master: stores which runs need a build, and which do not any more.
//!
//! Owns: nothing in memory. Once a pending create is stored, its message is not needed any more.
//! Woken by: `task-pending` and `task-exception` of the master's task queue.
//! Emits: notifications to the reconciler.

use std::sync::Arc;

use actors::kit::{Child, Consumer, ConsumerContext, Notifier};
use bus::{Bus, BusError, Exchange, Message, Subscription};
use db::{DbError, bridge::PendingCreate};
use protocol::{
    exchanges::{self, ExchangeNames},
    id::{RunId, TaskId},
    state::ReasonResolved,
    status::TaskStatus,
};
use serde::Deserialize;

use crate::reconciler::Shared;

#[derive(Clone)]
pub(crate) struct TaskListener {
    shared: Arc<Shared>,
    reconciler: Notifier,
    pending: String,
    exception: String,
    pattern: String,
}

/// On an in-memory bus it must be started before the relay, which drops events that nothing is subscribed to.
pub(crate) fn child(shared: Arc<Shared>, reconciler: Notifier, bus: Arc<dyn Bus>, names: &ExchangeNames) -> Child {
    let (pending, exception) = (exchanges::queue::TASK_PENDING, exchanges::queue::TASK_EXCEPTION);
    let (provisioner, worker_type) = shared.master.rules.task_queue_id.parts();
    let pattern = pending.binding(&[("provisionerId", provisioner), ("workerType", worker_type)]);
    let name = format!("bridge/{}/tasks", shared.master.name());
    let rng = shared.master.rng.branch("tasks");
    let (pending, exception) = (names.name(pending), names.name(exception));
    let listener = TaskListener { shared, reconciler, pending, exception, pattern };
    // Without dead letters: the scan finds the pending tasks of messages that cannot be read.
    ConsumerContext { bus, rng, dead_letters: None }.child(&name, move || listener.clone())
}

pub(crate) enum Item {
    PendingCreate(PendingCreate),
    CancelledRun(TaskId, RunId),
}

impl Consumer for TaskListener {
    type Item = Item;
    type Error = DbError;

    fn subscription(&self) -> Subscription {
        let queue = format!("drover/bridge/{}", self.shared.master.name());
        let subscription = Subscription::durable(&queue).confirm_after_ack().signed();
        subscription.bind(&self.pending, &self.pattern).bind(&self.exception, &self.pattern)
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::topic(&self.pending)).await?;
        bus.declare(Exchange::topic(&self.exception)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<Item>, String> {
        let event: TaskEvent = serde_json::from_slice(&message.body).map_err(|error| error.to_string())?;
        let is_pending = *message.exchange == *self.pending;
        Ok(if is_pending { event.pending_create() } else { event.cancelled_run() })
    }

    async fn consume(&mut self, items: &[Item]) -> Result<(), DbError> {
        let (mut creates, mut cancels) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::PendingCreate(create) => creates.push(create.clone()),
                Item::CancelledRun(task_id, run_id) => cancels.push((*task_id, *run_id)),
            }
        }
        let master = &self.shared.master;
        if !cancels.is_empty() {
            master.db.bridge_mark_cancelled(master.name(), &cancels, master.now()).await?;
        }
        if !creates.is_empty() {
            master.db.bridge_add_pending(master.name(), &creates, master.now()).await?;
        }
        self.reconciler.notify();
        Ok(())
    }

    /// Every error may pass: the statements take what the queue has validated.
    fn is_permanent(_: &DbError) -> bool {
        false
    }
}

/// The fields of a task event that the bridge needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskEvent {
    status: TaskStatus,
    run_id: Option<RunId>,
}

impl TaskEvent {
    fn pending_create(&self) -> Option<Item> {
        let TaskStatus { task_id, deadline, expires, .. } = self.status;
        let create = |run_id| Item::PendingCreate(PendingCreate { task_id, run_id, deadline, expires });
        self.run_id.map(create)
    }

    /// Other exceptions are reported by the bridge itself, or another run follows.
    fn cancelled_run(&self) -> Option<Item> {
        let last = self.status.runs.last()?;
        let ended = matches!(last.reason_resolved, Some(ReasonResolved::Canceled | ReasonResolved::DeadlineExceeded));
        ended.then_some(Item::CancelledRun(self.status.task_id, last.run_id))
    }
}
