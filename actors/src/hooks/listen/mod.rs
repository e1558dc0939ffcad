//! Hooks that listen to messages: a queue of the bus for each, which several processes may consume.
//!
//! Owns: a consumer for each hook with bindings; nothing in memory that the database and the broker do not have.
//! Woken by: changes of hooks, timer.
//! Emits: what fires emit.
//!
//! The table `hook_queue` knows each queue before it is declared, with all bindings that it may have. So bindings that a hook does not
//! want any more are taken away, and queues of hooks that are gone are deleted, whichever process ended in between. Bindings are given
//! to the broker again and again, whether they are thought to be there or not.

pub(super) mod incoming;
mod keep;
mod listener;

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus::{Bus, BusError};
use listener::Listener;
use tokio::{sync::Semaphore, time::Instant};

use super::{HookError, HookName, Hooks};
use crate::kit::{Child, Next, Notifier, Periodic, Schedule};

/// A net under the notifications of changes.
const POLL: Duration = Duration::from_secs(5);
/// Between two comparisons of all bindings with those of the broker.
const COMPARE: Duration = Duration::from_mins(5);
/// Between two looks at how many messages wait.
const MEASURE: Duration = Duration::from_mins(1);
/// Messages that are worked on at the same time in this process, in the order in which they came: a hook with many messages has at
/// most `listener::IN_FLIGHT` of them in front of those of another hook.
const AT_ONCE: usize = 32;

/// What listening takes besides the service.
#[derive(Clone)]
pub struct ListenContext {
    pub bus: Arc<dyn Bus>,
    /// Names of queues begin with `queue/<namespace>/`.
    pub namespace: String,
}

/// The listeners of a process.
pub(super) struct Listeners {
    hooks: Hooks,
    context: ListenContext,
    running: HashMap<HookName, Listener>,
    permits: Arc<Semaphore>,
    compared: Option<Instant>,
    measured: Option<Instant>,
}

/// Why a look at all queues ended early.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Bus(#[from] BusError),
}

type Result<T, E = ListenError> = std::result::Result<T, E>;

impl Hooks {
    /// Declares the queues of all hooks with bindings, for a bus that keeps no messages without one.
    pub async fn declare_queues(&self, context: &ListenContext) -> Result<()> {
        Listeners::new(self.clone(), context.clone()).keep().await.map(drop)
    }

    /// The actor, to be supervised, and what wakes it. Several processes may run one.
    pub fn listeners(&self, context: &ListenContext) -> (Child, Notifier) {
        let (hooks, context) = (self.clone(), context.clone());
        let make = move |_: &_| Listeners::new(hooks.clone(), context.clone());
        Schedule::every(POLL, self.0.rng.branch("listen")).child("hooks/listen", make)
    }
}

impl Listeners {
    pub(super) fn new(hooks: Hooks, context: ListenContext) -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { hooks, context, running: HashMap::new(), permits, compared: None, measured: None }
    }
}

impl Periodic for Listeners {
    type Error = ListenError;

    async fn run(&mut self) -> Result<Next> {
        Ok(if self.keep().await? { Next::DONE } else { Next::IDLE })
    }
}

/// Whether so much time has passed; counts from now on if so.
fn is_due(last: &mut Option<Instant>, interval: Duration) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= interval);
    if due {
        *last = Some(Instant::now());
    }
    due
}
