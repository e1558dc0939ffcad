//! The reflector: what time does to tasks. Claims run out, deadlines pass, rows expire; and what should never be half
//! done is looked for and mended.
//!
//! Each sweep looks at the tables only, skips rows that another process has locked, and is one transaction: any number
//! of reflectors may run at once.
//!
//! Owns: nothing in memory.
//! Woken by: ticks; the time is the clock's.
//! Tells: `task-exception` and what follows from it, through the outbox.

mod repairs;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{DbError, queue::Swept};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use repairs::Repairs;

use crate::{
    index::Index,
    kit::{Child, Restart, Tick},
    queue::{QueueSettings, Wakes},
};

/// Rows in one transaction.
const ROWS: i32 = 500;
/// In whose name clients are removed.
const EXPIRER: &str = "static/taskcluster/auth";
/// Rows are kept this much longer than they must be.
const EXPIRY_GRACE: TimeDelta = TimeDelta::minutes(30);
const EXPIRE_EVERY: Duration = Duration::from_mins(1);
const REPAIR_EVERY: Duration = Duration::from_mins(5);

/// What a sweep needs.
#[derive(Clone)]
pub struct Reflector {
    pub db: db::Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: QueueSettings,
    pub wakes: Wakes,
    pub index: Index,
    repairs: Repairs,
}

/// One kind of sweep, an actor each, so that a slow one does not hold up the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Claims,
    Deadlines,
    Rows,
    Repairs,
}

impl Reflector {
    pub fn new(
        db: db::Db,
        clock: Arc<dyn Clock>,
        rng: Rng,
        settings: QueueSettings,
        wakes: Wakes,
        index: Index,
    ) -> Self {
        Self { db, clock, rng, settings, wakes, index, repairs: Repairs::default() }
    }

    /// The parts to supervise.
    pub fn parts(&self) -> Vec<Child> {
        [Sweep::Claims, Sweep::Deadlines, Sweep::Rows, Sweep::Repairs].map(|sweep| self.part(sweep)).into()
    }

    fn part(&self, sweep: Sweep) -> Child {
        let reflector = self.clone();
        Child::new(sweep.name(), Restart::Always, move || (Sweeper { reflector: reflector.clone(), sweep }, ())).0
    }

    /// One transaction of a sweep. True: there may be more to do.
    async fn round(&self, sweep: Sweep) -> Result<bool, DbError> {
        let now = self.clock.now();
        match sweep {
            Sweep::Claims => self.db.expire_claims(ROWS, now).await.map(|swept| self.ended(&swept)),
            Sweep::Deadlines => {
                let until = now - self.settings.deadline_delay.delta();
                self.db.expire_deadlines(until, ROWS, now).await.map(|swept| self.ended(&swept))
            }
            Sweep::Rows => {
                let clients = self.db.expire_auth(EXPIRER, ROWS, now).await?;
                let rows = self.db.expire_rows(now - EXPIRY_GRACE, ROWS, now).await?;
                let services = self.db.expire_services(ROWS, now).await?;
                let pushes = self.db.expire_push_tasks(now - EXPIRY_GRACE, ROWS).await?;
                Ok([clients, rows, services, pushes].contains(&ROWS))
            }
            Sweep::Repairs => self.repair(now).await,
        }
    }

    fn ended(&self, swept: &Swept) -> bool {
        if swept.ended > 0 {
            tracing::info!(runs = swept.ended, "runs were ended by time");
            self.wakes.resolved(&swept.woken);
        }
        swept.ended == usize::try_from(ROWS).unwrap_or(usize::MAX)
    }
}

impl Sweep {
    const fn name(self) -> &'static str {
        match self {
            Self::Claims => "reflector/claims",
            Self::Deadlines => "reflector/deadlines",
            Self::Rows => "reflector/rows",
            Self::Repairs => "reflector/repairs",
        }
    }

    const fn every(self, settings: &QueueSettings) -> Duration {
        match self {
            Self::Claims | Self::Deadlines => settings.sweep_interval.duration(),
            Self::Rows => EXPIRE_EVERY,
            Self::Repairs => REPAIR_EVERY,
        }
    }
}

struct Sweeper {
    reflector: Reflector,
    sweep: Sweep,
}

/// The only thing a sweep is told.
struct Look;

impl Actor for Sweeper {
    type Msg = Look;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new(self.sweep.name());
        tick.again(&myself, Duration::ZERO, || Look);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        loop {
            match self.reflector.round(self.sweep).instrument(tick.root_span()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let (sweep, error) = (self.sweep.name(), &error as &dyn std::error::Error);
                    tracing::warn!(sweep, error, "a sweep failed; the next tick tries again");
                    break;
                }
            }
        }
        let every = self.sweep.every(&self.reflector.settings);
        tick.again(&myself, self.reflector.rng.jitter(every), || Look);
        Ok(())
    }
}
