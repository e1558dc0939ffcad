//! The task listener of one master: writes down which runs want a build, and which do not any more.
//!
//! Owns: nothing in memory. Once a wish is written down its message is not needed any more.
//! Woken by: `task-pending` and `task-exception` of the master's task queue; a tick, which reads what is pending there, so
//! that a lost message strands no task.
//! Tells: the reflector.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Hint, HintInbox, Inbox, Letter, Restart, Tick};
use base::Backoff;
use bus::{Bus, Exchange, Message, Subscription};
use chrono::TimeDelta;
use db::{DbError, bridge::BridgeWish};
use protocol::{
    event::EventKind,
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
    queue::QueueFault,
    reflector::{Look, Shared},
};

/// How often the whole pending list is read.
const SWEEP: TimeDelta = TimeDelta::minutes(5);
const PAGE: i64 = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const SWEEP_TICK: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct TaskListener {
    shared: Arc<Shared>,
    reflector: Hint<Look>,
    bus: Arc<dyn Bus>,
    pending: String,
    exception: String,
    pattern: String,
}

pub(crate) enum Heard {
    Letter(Option<Letter>),
    /// Work on all letters that have come.
    Work,
    /// Read what is pending, if it is time.
    Sweep,
}

pub(crate) struct Desk {
    _inbox: Inbox,
    letters: Vec<Letter>,
    hints: HintInbox,
    tick: Tick,
    sweep: Tick,
    sweep_at: Timestamp,
    backoff: Backoff,
}

/// The part. On a bus in memory it must be started before the relay, which drops what nobody listens to.
pub(crate) fn part(shared: Arc<Shared>, reflector: Hint<Look>, bus: Arc<dyn Bus>, names: &ExchangeNames) -> Child {
    let (pending, exception) = (exchanges::of(EventKind::TaskPending), exchanges::of(EventKind::TaskException));
    let (provisioner, worker_type) = shared.master.rules.task_queue_id.parts();
    let pattern = pending.binding(&[("provisionerId", provisioner), ("workerType", worker_type)]);
    let name = format!("bridge/{}/tasks", shared.master.name());
    let (pending, exception) = (names.name(pending), names.name(exception));
    let listener = TaskListener { shared, reflector, bus, pending, exception, pattern };
    Child::new(&name, Restart::Always, move || (listener.clone(), ())).0
}

impl Actor for TaskListener {
    type Msg = Heard;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Heard>, (): ()) -> Result<Desk, ActorProcessingErr> {
        let queue = format!("drover/bridge/{}", self.shared.master.name());
        let mut subscription = Subscription::durable(&queue).settled_first().signed();
        for exchange in [&self.pending, &self.exception] {
            self.bus.declare(Exchange::topic(exchange)).await?;
            subscription = subscription.bind(exchange, &self.pattern);
        }
        let master = &self.shared.master;
        let mut sweep = Tick::new("bridge/tasks");
        sweep.again(&myself, Duration::ZERO, || Heard::Sweep);
        Ok(Desk {
            _inbox: Inbox::open(&*self.bus, subscription, myself, Heard::Letter).await?,
            letters: Vec::new(),
            hints: HintInbox::default(),
            tick: Tick::new("bridge/tasks"),
            sweep,
            sweep_at: master.now(),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, master.rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Heard>, heard: Heard, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        let span = desk.tick.root_span();
        match heard {
            // All that wait in the mailbox by now are worked on together.
            Heard::Letter(letter) => {
                desk.letters.extend(letter);
                desk.hints.again(&myself, Heard::Work);
            }
            Heard::Work => {
                desk.hints.taken();
                self.work(&myself, desk).instrument(span).await;
            }
            Heard::Sweep => {
                self.sweep(desk).instrument(span).await;
                desk.sweep.again(&myself, self.shared.master.rng.jitter(SWEEP_TICK), || Heard::Sweep);
            }
        }
        Ok(())
    }
}

impl TaskListener {
    /// Letters stay on the desk while the database is away.
    async fn work(&self, myself: &ActorRef<Heard>, desk: &mut Desk) {
        match self.note(&desk.letters).await {
            Ok(()) => {
                desk.letters.drain(..).for_each(Letter::ack);
                desk.backoff.reset();
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "tasks wait for the bridge's table");
                desk.tick.again(myself, desk.backoff.next_wait(), || Heard::Work);
            }
        }
    }

    async fn note(&self, letters: &[Letter]) -> Result<(), DbError> {
        let (mut wishes, mut unwanted) = (Vec::new(), Vec::new());
        for message in letters.iter().map(Letter::message) {
            let Some(body) = read(message) else { continue };
            if *message.exchange == *self.pending {
                wishes.extend(body.wish());
            } else {
                unwanted.extend(body.unwanted());
            }
        }
        let master = &self.shared.master;
        if !unwanted.is_empty() {
            master.db.bridge_unwant(master.name(), &unwanted, master.now()).await?;
        }
        if !wishes.is_empty() {
            master.db.bridge_want(master.name(), &wishes, master.now()).await?;
        }
        self.reflector.give();
        Ok(())
    }

    /// Notes what is pending and was never heard of.
    async fn sweep(&self, desk: &mut Desk) {
        let master = &self.shared.master;
        if desk.sweep_at > master.now() {
            return;
        }
        match self.read_pending().await {
            Ok(added) => {
                if added > 0 {
                    tracing::info!(
                        master = master.name(),
                        tasks = added,
                        "pending tasks were found that no message told of"
                    );
                    self.reflector.give();
                }
                desk.sweep_at = master.now() + SWEEP;
            }
            Err(error) => tracing::warn!(master = master.name(), error, "the pending tasks could not be read"),
        }
    }

    async fn read_pending(&self) -> Result<i32, String> {
        let master = &self.shared.master;
        let (mut after, mut added) = (None, 0);
        loop {
            let page = master.queue.pending(after, PAGE).await;
            let (tasks, next) = page.map_err(|error: QueueFault| error.to_string())?;
            let wishes = tasks.iter().filter_map(|pending| {
                let task: TaskDefinition = serde_json::from_str(&pending.task.0).ok()?;
                let TaskDefinition { deadline, expires, .. } = task;
                Some(BridgeWish { task_id: pending.task_id, run_id: pending.run_id, deadline, expires })
            });
            let wishes: Vec<BridgeWish> = wishes.collect();
            let noted = master.db.bridge_want(master.name(), &wishes, master.now()).await;
            added += noted.map_err(|error| error.to_string())?;
            match next {
                Some(next) => after = Some(next),
                None => return Ok(added),
            }
        }
    }
}

/// What a message tells, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    status: TaskStatus,
    run_id: Option<RunId>,
}

impl Body {
    fn wish(&self) -> Option<BridgeWish> {
        let TaskStatus { task_id, deadline, expires, .. } = self.status;
        self.run_id.map(|run_id| BridgeWish { task_id, run_id, deadline, expires })
    }

    /// Other exceptions are reported by the bridge itself, or followed by another run.
    fn unwanted(&self) -> Option<(TaskId, RunId)> {
        let last = self.status.runs.last()?;
        let over = matches!(last.reason_resolved, Some(ReasonResolved::Canceled | ReasonResolved::DeadlineExceeded));
        over.then_some((self.status.task_id, last.run_id))
    }
}

/// Others than the relay may publish too; what cannot be read is passed over, since the sweep finds every pending task.
fn read(message: &Message) -> Option<Body> {
    let body = serde_json::from_slice(&message.body);
    body.inspect_err(|error| tracing::warn!(%error, "a message about a task cannot be read")).ok()
}
