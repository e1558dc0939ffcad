//! Keeps parts running: starts them, and starts them again after a pause that grows.

use std::{collections::HashMap, time::Duration};

use base::{Backoff, Rng};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent, concurrency::JoinHandle};
use tokio::time::Instant;

use super::{Child, Reply, Restart};

/// A part that has not finished `pre_start` by then is given up and tried again.
const START_LIMIT: Duration = Duration::from_secs(30);
/// A part that ran this long has recovered; its next failure is the first again.
const STABLE_AFTER: Duration = Duration::from_mins(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a group inside a group may take to finish what waits.
const GROUP_PATIENCE: Duration = Duration::from_secs(10);

/// The actor above a group of parts.
#[derive(Debug)]
pub struct Supervisor;

/// What a supervisor is told.
pub enum SupervisorMsg {
    Start(usize),
    /// Finish what waits, end every child, then the supervisor itself.
    Stop(Duration, Reply<()>),
}

/// A running group of parts. Dropping it leaves them running; `stop` ends them.
#[derive(Debug)]
pub struct Supervised {
    supervisor: ActorRef<SupervisorMsg>,
    ended: JoinHandle<()>,
}

impl Supervisor {
    /// Starts every child once, in order. One that fails is retried in the background.
    pub async fn start(children: Vec<Child>, rng: Rng) -> Supervised {
        match Actor::spawn(None, Self, (children, rng)).await {
            Ok((supervisor, ended)) => Supervised { supervisor, ended },
            Err(error) => unreachable!("nothing in a supervisor's own start can fail: {error}"),
        }
    }

    /// A supervisor as a child of another, so that the parts of a group are listed together.
    pub fn group(name: &str, children: Vec<Child>, rng: Rng) -> Child {
        let (child, _) = Child::new(name, Restart::Always, move || (Self, (children.clone(), rng.clone())));
        child
    }
}

impl Supervised {
    /// Lets the children empty their mailboxes for at most `patience`, then ends them.
    pub async fn stop(self, patience: Duration) {
        let limit = patience + Duration::from_secs(1);
        let _ = self.supervisor.call(|done| SupervisorMsg::Stop(patience, done), Some(limit)).await;
        self.supervisor.stop(None);
        let _ = self.ended.await;
    }
}

/// Every child, and which actor is whose.
#[derive(Debug)]
pub struct Watch {
    children: Vec<Watched>,
    by_id: HashMap<ActorId, usize>,
}

/// One child as the supervisor remembers it.
#[derive(Debug)]
struct Watched {
    child: Child,
    running: Option<ActorCell>,
    started: Instant,
    backoff: Backoff,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = Watch;
    type Arguments = (Vec<Child>, Rng);

    async fn pre_start(
        &self,
        myself: ActorRef<SupervisorMsg>,
        (children, rng): Self::Arguments,
    ) -> Result<Watch, ActorProcessingErr> {
        let children = children.into_iter().map(|child| Watched::new(child, &rng)).collect();
        let mut watch = Watch { children, by_id: HashMap::new() };
        for index in 0..watch.children.len() {
            watch.start(index, &myself).await;
        }
        Ok(watch)
    }

    async fn handle(
        &self,
        myself: ActorRef<SupervisorMsg>,
        message: SupervisorMsg,
        watch: &mut Watch,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Start(index) => watch.start(index, &myself).await,
            SupervisorMsg::Stop(patience, done) => {
                watch.stop(patience).await;
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
        watch: &mut Watch,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => watch.ended(&cell, Some(&error), &myself),
            SupervisionEvent::ActorTerminated(cell, _, _) => watch.ended(&cell, None, &myself),
            _ => {}
        }
        Ok(())
    }

    /// A group that another supervisor drains passes the word on before its children are ended with it.
    async fn post_stop(&self, _: ActorRef<SupervisorMsg>, watch: &mut Watch) -> Result<(), ActorProcessingErr> {
        watch.stop(GROUP_PATIENCE).await;
        Ok(())
    }
}

impl Watched {
    fn new(child: Child, rng: &Rng) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, rng.branch(child.name()));
        Self { child, running: None, started: Instant::now(), backoff }
    }

    fn next_pause(&mut self) -> Duration {
        if self.started.elapsed() > STABLE_AFTER {
            self.backoff.reset();
        }
        self.backoff.next_wait()
    }
}

impl Watch {
    async fn start(&mut self, index: usize, myself: &ActorRef<SupervisorMsg>) {
        let watched = &mut self.children[index];
        watched.started = Instant::now();
        let reason = match tokio::time::timeout(START_LIMIT, watched.child.start(myself.get_cell())).await {
            Ok(Ok(cell)) => {
                self.by_id.insert(cell.get_id(), index);
                watched.running = Some(cell);
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("not ready within {START_LIMIT:?}"),
        };
        let pause = watched.next_pause();
        tracing::error!(part = watched.child.name(), reason, ?pause, "a part could not start and is tried again");
        myself.send_after(pause, move || SupervisorMsg::Start(index));
    }

    fn ended(&mut self, cell: &ActorCell, error: Option<&ActorProcessingErr>, myself: &ActorRef<SupervisorMsg>) {
        let Some(index) = self.by_id.remove(&cell.get_id()) else {
            return;
        };
        let watched = &mut self.children[index];
        watched.running = None;
        watched.child.gone();
        let part = watched.child.name();
        if let Some(error) = error {
            tracing::error!(part, %error, "a part failed");
        } else {
            tracing::info!(part, "a part ended");
        }
        if error.is_some() || watched.child.restart == Restart::Always {
            myself.send_after(watched.next_pause(), move || SupervisorMsg::Start(index));
        }
    }

    /// All are drained at the same time, so that they may still speak to each other meanwhile.
    async fn stop(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        self.by_id.clear();
        let running = self.children.iter_mut().filter_map(|watched| Some((watched.running.take()?, &watched.child)));
        let running: Vec<_> = running.inspect(|(cell, child)| child.drain(cell)).collect();
        for (cell, child) in running {
            if cell.wait(Some(until.saturating_duration_since(Instant::now()))).await.is_err() {
                tracing::warn!(part = child.name(), "a part did not finish in time and is ended");
                cell.kill();
            }
            child.gone();
        }
    }
}
