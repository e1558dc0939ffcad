//! The task listener of one master: stores which runs need a build, and which do not any more.
//!
//! Owns: nothing in memory. Once a pending create is stored, its message is not needed any more.
//! Woken by: `task-pending` and `task-exception` of the master's task queue; a timer, which reads the pending tasks of that queue, so
//! that a lost message does not leave a task without its build.
//! Emits: notifications to the reconciler.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Deliveries, Delivery, Hint, HintInbox, Restart, Tick};
use base::Backoff;
use bus::{Bus, Exchange, Message, Subscription};
use chrono::TimeDelta;
use db::{DbError, bridge::PendingCreate};
use protocol::{
    exchanges::{self, ExchangeNames},
    id::{RunId, TaskId},
    state::ReasonResolved,
    status::TaskStatus,
    task::TaskDefinition,
    time::Timestamp,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde::Deserialize;
use tracing::Instrument;

use crate::{
    queue_client::QueueClientError,
    reconciler::{Check, Shared},
};

/// How often all pending tasks are read.
const SCAN_INTERVAL: TimeDelta = TimeDelta::minutes(5);
const SCAN_TIMER: Duration = Duration::from_secs(5);
const PAGE: i64 = 500;
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct TaskListener {
    shared: Arc<Shared>,
    reconciler: Hint<Check>,
    bus: Arc<dyn Bus>,
    pending: String,
    exception: String,
    pattern: String,
}

pub(crate) enum Msg {
    Delivery(Option<Delivery>),
    /// Store all deliveries that have arrived.
    Store,
    /// Read the pending tasks, if that is due.
    Scan,
}

pub(crate) struct State {
    _subscription: Deliveries,
    deliveries: Vec<Delivery>,
    hints: HintInbox,
    tick: Tick,
    scan: Tick,
    scan_at: Timestamp,
    backoff: Backoff,
}

/// On an in-memory bus it must be started before the relay, which drops events that nothing is subscribed to.
pub(crate) fn child(shared: Arc<Shared>, reconciler: Hint<Check>, bus: Arc<dyn Bus>, names: &ExchangeNames) -> Child {
    let (pending, exception) = (exchanges::queue::TASK_PENDING, exchanges::queue::TASK_EXCEPTION);
    let (provisioner, worker_type) = shared.master.rules.task_queue_id.parts();
    let pattern = pending.binding(&[("provisionerId", provisioner), ("workerType", worker_type)]);
    let name = format!("bridge/{}/tasks", shared.master.name());
    let (pending, exception) = (names.name(pending), names.name(exception));
    let listener = TaskListener { shared, reconciler, bus, pending, exception, pattern };
    Child::new(&name, Restart::Always, move || (listener.clone(), ())).0
}

impl Actor for TaskListener {
    type Msg = Msg;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Msg>, (): ()) -> Result<State, ActorProcessingErr> {
        let queue = format!("drover/bridge/{}", self.shared.master.name());
        let mut subscription = Subscription::durable(&queue).confirm_after_ack().signed();
        for exchange in [&self.pending, &self.exception] {
            self.bus.declare(Exchange::topic(exchange)).await?;
            subscription = subscription.bind(exchange, &self.pattern);
        }
        let master = &self.shared.master;
        let mut scan = Tick::new("bridge/tasks");
        scan.again(&myself, Duration::ZERO, || Msg::Scan);
        Ok(State {
            _subscription: Deliveries::subscribe(&*self.bus, subscription, myself, Msg::Delivery).await?,
            deliveries: Vec::new(),
            hints: HintInbox::default(),
            tick: Tick::new("bridge/tasks"),
            scan,
            scan_at: master.now(),
            backoff: Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, master.rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Msg>, message: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        let span = state.tick.root_span();
        match message {
            // All that are in the mailbox by then are stored together.
            Msg::Delivery(delivery) => {
                state.deliveries.extend(delivery);
                state.hints.again(&myself, Msg::Store);
            }
            Msg::Store => {
                state.hints.taken();
                self.store(&myself, state).instrument(span).await;
            }
            Msg::Scan => {
                self.scan(state).instrument(span).await;
                state.scan.again(&myself, self.shared.master.rng.jitter(SCAN_TIMER), || Msg::Scan);
            }
        }
        Ok(())
    }
}

impl TaskListener {
    /// Deliveries stay unacknowledged while the database cannot be reached.
    async fn store(&self, myself: &ActorRef<Msg>, state: &mut State) {
        match self.store_all(&state.deliveries).await {
            Ok(()) => {
                state.deliveries.drain(..).for_each(Delivery::ack);
                state.backoff.reset();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot store events of tasks; retrying");
                state.tick.again(myself, state.backoff.next_wait(), || Msg::Store);
            }
        }
    }

    async fn store_all(&self, deliveries: &[Delivery]) -> Result<(), DbError> {
        let (mut creates, mut cancels) = (Vec::new(), Vec::new());
        for message in deliveries.iter().map(Delivery::message) {
            let Some(event) = decode(message) else { continue };
            if *message.exchange == *self.pending {
                creates.extend(event.pending_create());
            } else {
                cancels.extend(event.cancelled_run());
            }
        }
        let master = &self.shared.master;
        if !cancels.is_empty() {
            master.db.bridge_mark_cancelled(master.name(), &cancels, master.now()).await?;
        }
        if !creates.is_empty() {
            master.db.bridge_add_pending(master.name(), &creates, master.now()).await?;
        }
        self.reconciler.give();
        Ok(())
    }

    /// Stores pending tasks that no message was received about.
    async fn scan(&self, state: &mut State) {
        let master = &self.shared.master;
        if state.scan_at > master.now() {
            return;
        }
        match self.scan_pending().await {
            Ok(added) => {
                if added > 0 {
                    tracing::info!(master = master.name(), tasks = added, "pending tasks found that had no event");
                    self.reconciler.give();
                }
                state.scan_at = master.now() + SCAN_INTERVAL;
            }
            Err(error) => tracing::warn!(master = master.name(), error, "cannot read the pending tasks"),
        }
    }

    async fn scan_pending(&self) -> Result<i32, String> {
        let master = &self.shared.master;
        let (mut after, mut added) = (None, 0);
        loop {
            let page = master.queue.pending(after, PAGE).await;
            let (tasks, next) = page.map_err(|error: QueueClientError| error.to_string())?;
            let creates = tasks.iter().filter_map(|pending| {
                let task: TaskDefinition = serde_json::from_str(&pending.task.0).ok()?;
                let TaskDefinition { deadline, expires, .. } = task;
                Some(PendingCreate { task_id: pending.task_id, run_id: pending.run_id, deadline, expires })
            });
            let creates: Vec<PendingCreate> = creates.collect();
            let stored = master.db.bridge_add_pending(master.name(), &creates, master.now()).await;
            added += stored.map_err(|error| error.to_string())?;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(added),
            }
        }
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
    fn pending_create(&self) -> Option<PendingCreate> {
        let TaskStatus { task_id, deadline, expires, .. } = self.status;
        self.run_id.map(|run_id| PendingCreate { task_id, run_id, deadline, expires })
    }

    /// Other exceptions are reported by the bridge itself, or another run follows.
    fn cancelled_run(&self) -> Option<(TaskId, RunId)> {
        let last = self.status.runs.last()?;
        let ended = matches!(last.reason_resolved, Some(ReasonResolved::Canceled | ReasonResolved::DeadlineExceeded));
        ended.then_some((self.status.task_id, last.run_id))
    }
}

/// A message that cannot be read is skipped rather than dead-lettered: the scan finds every pending task anyway.
fn decode(message: &Message) -> Option<TaskEvent> {
    let event = serde_json::from_slice(&message.body);
    event.inspect_err(|error| tracing::warn!(%error, "cannot decode a task event")).ok()
}
