//! Keeps actors running: starts them, starts them again after a back-off, and restarts those that are stuck.

use std::{collections::HashMap, time::Duration};

use base::{
    Backoff, Rng,
    telemetry::{Counter, Label},
};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent, concurrency::JoinHandle};
use tokio::time::Instant;

use super::{Child, Reply, Restart};

/// An actor that has not finished `pre_start` by then is given up and started again.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// An actor that ran this long has recovered; its next failure is the first again.
const STABLE_AFTER: Duration = Duration::from_mins(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_secs(10);
/// How long a group inside a group may take to drain.
const GROUP_DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the watchdog looks at the progress of all children.
const WATCHDOG_INTERVAL: Duration = Duration::from_secs(1);
/// An actor that was killed and has not ended by then blocks its thread.
const KILL_TIMEOUT: Duration = Duration::from_mins(1);

/// The actor above a group of actors.
#[derive(Debug)]
pub struct Supervisor;

/// The messages of a supervisor.
pub enum SupervisorMsg {
    Start(usize),
    Watchdog,
    /// Drain and end every child, then the supervisor itself.
    Stop(Duration, Reply<()>),
}

/// A running group of actors. Dropping it leaves them running; `stop` ends them.
#[derive(Debug)]
pub struct SupervisorHandle {
    supervisor: ActorRef<SupervisorMsg>,
    ended: JoinHandle<()>,
}

impl Supervisor {
    /// Starts every child once, in order. One that fails is retried in the background.
    pub async fn start(children: Vec<Child>, rng: Rng) -> SupervisorHandle {
        match Actor::spawn(None, Self, (children, rng)).await {
            Ok((supervisor, ended)) => SupervisorHandle { supervisor, ended },
            Err(error) => unreachable!("nothing in a supervisor's own start can fail: {error}"),
        }
    }

    /// A supervisor as a child of another, so that the actors of a group are listed together.
    pub fn group(name: &str, children: Vec<Child>, rng: Rng) -> Child {
        let (child, _) = Child::new(name, Restart::Always, move || (Self, (children.clone(), rng.clone())));
        child
    }
}

impl SupervisorHandle {
    /// Lets the children empty their mailboxes for at most `timeout`, then ends them.
    pub async fn stop(self, timeout: Duration) {
        let limit = timeout + Duration::from_secs(1);
        let _ = self.supervisor.call(|done| SupervisorMsg::Stop(timeout, done), Some(limit)).await;
        self.supervisor.stop(None);
        let _ = self.ended.await;
    }
}

/// Every child, and which actor is whose.
#[derive(Debug)]
pub struct Children {
    list: Vec<ChildState>,
    by_id: HashMap<ActorId, usize>,
    restarts: Counter,
}

/// One child as the supervisor remembers it.
#[derive(Debug)]
struct ChildState {
    child: Child,
    running: Option<ActorCell>,
    /// The watchdog killed it.
    stuck: bool,
    started: Instant,
    backoff: Backoff,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = Children;
    type Arguments = (Vec<Child>, Rng);

    async fn pre_start(
        &self,
        myself: ActorRef<SupervisorMsg>,
        (children, rng): Self::Arguments,
    ) -> Result<Children, ActorProcessingErr> {
        let list: Vec<ChildState> = children.into_iter().map(|child| ChildState::new(child, &rng)).collect();
        let restarts = Counter::new("kit", "drover.actor.restarts", "{restart}", "Actors that were started again");
        let mut children = Children { list, by_id: HashMap::new(), restarts };
        for index in 0..children.list.len() {
            children.start(index, &myself).await;
        }
        myself.send_after(WATCHDOG_INTERVAL, || SupervisorMsg::Watchdog);
        Ok(children)
    }

    async fn handle(
        &self,
        myself: ActorRef<SupervisorMsg>,
        message: SupervisorMsg,
        children: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Start(index) => children.start(index, &myself).await,
            SupervisorMsg::Watchdog => {
                children.kill_stuck();
                myself.send_after(WATCHDOG_INTERVAL, || SupervisorMsg::Watchdog);
            }
            SupervisorMsg::Stop(timeout, done) => {
                children.stop(timeout).await;
                myself.stop(None);
                let _ = done.send(());
            }
        }
        Ok(())
    }

    /// A child's end never ends the supervisor or its siblings.
    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        children: &mut Children,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => children.ended(&cell, Some(&error), &myself),
            SupervisionEvent::ActorTerminated(cell, _, _) => children.ended(&cell, None, &myself),
            _ => {}
        }
        Ok(())
    }

    /// A group that another supervisor drains drains its own children before they are ended with it.
    async fn post_stop(&self, _: ActorRef<SupervisorMsg>, children: &mut Children) -> Result<(), ActorProcessingErr> {
        children.stop(GROUP_DRAIN_TIMEOUT).await;
        Ok(())
    }
}

impl ChildState {
    fn new(child: Child, rng: &Rng) -> Self {
        let backoff = Backoff::new(FIRST_BACKOFF, LAST_BACKOFF, rng.branch(child.name()));
        Self { child, running: None, stuck: false, started: Instant::now(), backoff }
    }

    fn next_backoff(&mut self) -> Duration {
        if self.started.elapsed() > STABLE_AFTER {
            self.backoff.reset();
        }
        self.backoff.next_wait()
    }
}

impl Children {
    async fn start(&mut self, index: usize, myself: &ActorRef<SupervisorMsg>) {
        let state = &mut self.list[index];
        (state.started, state.stuck) = (Instant::now(), false);
        state.child.progress().idle();
        let reason = match tokio::time::timeout(START_TIMEOUT, state.child.start(myself.get_cell())).await {
            Ok(Ok(cell)) => {
                self.by_id.insert(cell.get_id(), index);
                state.running = Some(cell);
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("not ready within {START_TIMEOUT:?}"),
        };
        let retry_in = state.next_backoff();
        tracing::error!(actor = state.child.name(), reason, ?retry_in, "actor could not start");
        myself.send_after(retry_in, move || SupervisorMsg::Start(index));
    }

    fn ended(&mut self, cell: &ActorCell, error: Option<&ActorProcessingErr>, myself: &ActorRef<SupervisorMsg>) {
        let Some(index) = self.by_id.remove(&cell.get_id()) else {
            return;
        };
        let state = &mut self.list[index];
        state.running = None;
        state.child.gone();
        let actor = state.child.name();
        if let Some(error) = error {
            tracing::error!(actor, %error, "actor failed");
        } else {
            tracing::info!(actor, "actor ended");
        }
        if error.is_some() || state.stuck || state.child.restart == Restart::Always {
            let reason = if state.stuck { "stuck" } else { error.map_or("ended", |_| "failed") };
            self.restarts.add(1, &[Label::new("actor", actor.to_owned()), Label::new("reason", reason)]);
            myself.send_after(state.next_backoff(), move || SupervisorMsg::Start(index));
        }
    }

    /// A killed actor ends at the next point where it waits; its end then starts it again.
    fn kill_stuck(&mut self) {
        for state in &mut self.list {
            let Some(cell) = state.running.as_ref().filter(|_| state.child.progress().is_overdue()) else { continue };
            let actor = state.child.name();
            if state.stuck {
                tracing::error!(actor, "actor blocks its thread and cannot be restarted");
            } else {
                tracing::error!(actor, "actor makes no progress and is restarted");
            }
            state.stuck = true;
            state.child.progress().due_within(KILL_TIMEOUT);
            cell.kill();
        }
    }

    /// All are drained at the same time, so that they may still call each other meanwhile.
    async fn stop(&mut self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        self.by_id.clear();
        let running = self.list.iter_mut().filter_map(|state| Some((state.running.take()?, &state.child)));
        let running: Vec<_> = running.inspect(|(cell, child)| child.drain(cell)).collect();
        for (cell, child) in running {
            if cell.wait(Some(deadline.saturating_duration_since(Instant::now()))).await.is_err() {
                tracing::warn!(actor = child.name(), "actor did not drain in time and is killed");
                cell.kill();
            }
            child.gone();
        }
    }
}
