//! The scheduler: finds out which groups have just been resolved.
//!
//! Dependents are released in the very transaction that resolves a task, so all that is left to do afterwards is the
//! question that concerns a whole group; resolutions leave it in the table `group_check`.
//!
//! Owns: nothing in memory.
//! Woken by: resolutions in this process (a hint), a tick.
//! Tells: `task-group-resolved`, through the outbox.

use std::{sync::Arc, time::Duration};

use base::Clock;
use db::Db;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use crate::{
    kit::{Child, Hint, HintInbox, Restart, Tick},
    queue::Nudge,
};

/// Checks in one call; more make the call long, not the work less.
const CHECKS_A_CALL: i32 = 500;

/// Between two rounds that found something: one look serves all resolutions of a moment.
const BREATH: Duration = Duration::from_millis(20);

/// What the scheduler needs.
#[derive(Clone)]
pub struct Scheduler {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub every: Duration,
    pub relay: Nudge,
}

/// The only thing it is told.
pub struct Look;

impl Scheduler {
    /// The part to supervise, and the hint that a task was resolved.
    pub fn part(self) -> (Child, Hint<Look>) {
        let inbox = HintInbox::default();
        let of_actor = inbox.clone();
        let (child, handle) = Child::new("scheduler", Restart::Always, move || (self.clone(), of_actor.clone()));
        (child, Hint::new(handle, &inbox, || Look))
    }

    async fn look(&self) -> bool {
        match self.db.check_groups(CHECKS_A_CALL, self.clock.now()).await {
            Ok(groups) if groups > 0 => {
                (self.relay)();
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "groups could not be checked; the next tick tries again"
                );
                false
            }
        }
    }
}

impl Actor for Scheduler {
    type Msg = Look;
    type State = (Tick, HintInbox);
    type Arguments = HintInbox;

    async fn pre_start(&self, myself: ActorRef<Look>, inbox: HintInbox) -> Result<Self::State, ActorProcessingErr> {
        let mut tick = Tick::new("scheduler");
        tick.again(&myself, Duration::ZERO, || Look);
        Ok((tick, inbox))
    }

    async fn handle(
        &self,
        myself: ActorRef<Look>,
        Look: Look,
        (tick, inbox): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        inbox.taken();
        while self.look().instrument(tick.root_span()).await {
            tokio::time::sleep(BREATH).await;
        }
        tick.again(&myself, self.every, || Look);
        Ok(())
    }
}
