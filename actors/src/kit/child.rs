//! What a supervisor must know of an actor to start it, again and again.

use std::{fmt, pin::Pin, sync::Arc};

use ractor::{Actor, ActorCell, ActorRef, Message, SpawnErr};
use tokio::sync::watch;

use super::{Handle, Progress};

/// When an actor that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// However it ended.
    Always,
    /// After an error or a panic, not after an orderly stop.
    OnFailure,
}

type Started = Pin<Box<dyn Future<Output = Result<ActorCell, SpawnErr>> + Send>>;

/// An actor to be kept running. Cheap to clone; the clones share one address.
#[derive(Clone)]
pub struct Child {
    name: Arc<str>,
    pub(super) restart: Restart,
    start: Arc<dyn Fn(ActorCell) -> Started + Send + Sync>,
    gone: Arc<dyn Fn() + Send + Sync>,
    drain: Arc<dyn Fn(&ActorCell) + Send + Sync>,
    progress: Progress,
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("name", &self.name).field("restart", &self.restart).finish_non_exhaustive()
    }
}

impl Child {
    /// `make` is called before every start, for the actor and its arguments; what can fail
    /// (a connection, a first read of the database) belongs into the actor's `pre_start`.
    /// The name (`service/actor`) is for logs and metrics only.
    pub fn new<A, F>(name: &str, restart: Restart, make: F) -> (Self, Handle<A::Msg>)
    where
        A: Actor,
        F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    {
        let (address, handle) = Handle::new();
        let address = Arc::new(address);
        let gone = address.clone();
        let child = Self {
            name: name.into(),
            restart,
            start: Arc::new(move |parent| start::<A>(make(), parent, address.clone())),
            gone: Arc::new(move || {
                gone.send_replace(None);
            }),
            drain: Arc::new(|cell| {
                let _ = cell.drain();
            }),
            progress: Progress::default(),
        };
        (child, handle)
    }

    /// Lets the watchdog restart the actor when it does not keep what it promises there.
    #[must_use]
    pub fn watched(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Another way to be drained before the end than by emptying the mailbox.
    #[must_use]
    pub(super) fn drained_by<M: Message>(mut self, message: fn() -> M) -> Self {
        self.drain = Arc::new(move |cell| {
            let _ = cell.send_message(message());
        });
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(super) fn start(&self, parent: ActorCell) -> Started {
        (self.start)(parent)
    }

    /// The address leads nowhere until the next start.
    pub(super) fn gone(&self) {
        (self.gone)();
    }

    pub(super) fn drain(&self, cell: &ActorCell) {
        (self.drain)(cell);
    }
}

fn start<A: Actor>(
    (actor, arguments): (A, A::Arguments),
    parent: ActorCell,
    address: Arc<watch::Sender<Option<ActorRef<A::Msg>>>>,
) -> Started {
    Box::pin(async move {
        let (started, _) = A::spawn_linked(None, actor, arguments, parent).await?;
        address.send_replace(Some(started.clone()));
        Ok(started.get_cell())
    })
}
