//! Periodic actors, the shape of all reconcilers: they take no input and look at the database, so that a notification, a
//! timer and a restart are one path.
//!
//! The next run is scheduled after the work of the last one: slow runs cannot pile up. Between two runs the actor's
//! mailbox is empty and nothing sleeps in a handler, so that it stops and drains at once.

mod next;
#[cfg(test)]
mod tests;

use std::{error::Error, marker::PhantomData, sync::Arc, time::Duration};

use base::{Backoff, Rng};
use futures_util::FutureExt;
pub use next::Next;
use next::Wait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::Instrument;

use super::{Child, Notifier, Progress, Restart, timer::Timer};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);
const RUN_DEADLINE: Duration = Duration::from_mins(5);

/// What a periodic actor does.
pub trait Periodic: Send + 'static {
    type Error: Error + 'static;

    /// One unit of work, at best one transaction of bounded size. A run that fails is logged and retried with back-off.
    fn run(&mut self) -> impl Future<Output = Result<Next, Self::Error>> + Send;

    /// The last work, when the actor is stopped in good order.
    fn stop(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// How often a periodic actor runs.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    deadline: Duration,
    rng: Rng,
}

impl Schedule {
    /// The first run begins at once, and then one each `interval`, with a jitter of a tenth, unless a run says
    /// otherwise (`Next`) or the actor is notified.
    pub const fn every(interval: Duration, rng: Rng) -> Self {
        Self { interval, deadline: RUN_DEADLINE, rng }
    }

    /// A run that takes longer is stuck, and the supervisor restarts the actor. Five minutes where nothing else is said.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The actor, to be supervised, and what wakes it. Notifications that come while it is woken already, or while it
    /// runs, cause one more run. `make` is called before each start.
    pub fn child<P, F>(self, name: &str, make: F) -> (Child, Notifier)
    where
        P: Periodic,
        F: Fn(&Notifier) -> P + Send + Sync + 'static,
    {
        let notify = Arc::new(Notify::new());
        let to_notify = notify.clone();
        let notifier = Notifier::new(move || to_notify.notify_one());
        let (name, own) = (Arc::<str>::from(name), notifier.clone());
        let progress = Progress::default();
        let actor =
            PeriodicActor { name: name.clone(), schedule: self, notify, progress: progress.clone(), work: PhantomData };
        let (child, _) = Child::new(&name, Restart::Always, move || (actor.clone(), make(&own)));
        (child.watched(progress), notifier)
    }
}

struct PeriodicActor<P> {
    name: Arc<str>,
    schedule: Schedule,
    notify: Arc<Notify>,
    progress: Progress,
    work: PhantomData<fn() -> P>,
}

impl<P> Clone for PeriodicActor<P> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            schedule: self.schedule.clone(),
            notify: self.notify.clone(),
            progress: self.progress.clone(),
            work: PhantomData,
        }
    }
}

struct Run;

struct State<P> {
    work: P,
    backoff: Backoff,
    timer: Option<Timer>,
}

impl<P: Periodic> Actor for PeriodicActor<P> {
    type Msg = Run;
    type State = State<P>;
    type Arguments = P;

    async fn pre_start(&self, myself: ActorRef<Run>, work: P) -> Result<State<P>, ActorProcessingErr> {
        myself.send_message(Run)?;
        let backoff = Backoff::new(FIRST_RETRY, self.schedule.interval.max(LAST_RETRY), self.schedule.rng.clone());
        Ok(State { work, backoff, timer: None })
    }

    async fn handle(&self, myself: ActorRef<Run>, Run: Run, state: &mut State<P>) -> Result<(), ActorProcessingErr> {
        self.progress.due_within(self.schedule.deadline);
        // Before the work, never after: what is committed while it goes on must cause another run.
        let _ = self.notify.notified().now_or_never();
        let span = tracing::info_span!(parent: None, "run", actor = &*self.name, idle = tracing::field::Empty);
        let next = match state.work.run().instrument(span.clone()).await {
            Ok(next) => {
                if next.idle {
                    // Such spans are not exported.
                    span.record("idle", true);
                }
                state.backoff.reset();
                next
            }
            Err(error) => {
                let (error, retry_in) = (&error as &dyn Error, state.backoff.next_wait());
                tracing::warn!(actor = &*self.name, error, ?retry_in, "periodic run failed");
                Next::DONE.after(retry_in)
            }
        };
        state.timer = self.schedule_next(myself, next);
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Run>, state: &mut State<P>) -> Result<(), ActorProcessingErr> {
        state.work.stop().await;
        Ok(())
    }
}

impl<P: Periodic> PeriodicActor<P> {
    fn schedule_next(&self, myself: ActorRef<Run>, next: Next) -> Option<Timer> {
        if next.pause.is_zero() && next.wait == Wait::Nothing {
            // Fails only where the actor is about to end.
            let _ = myself.send_message(Run);
            return None;
        }
        let interval = match next.wait {
            Wait::Nothing => Some(Duration::ZERO),
            Wait::Interval => Some(self.schedule.interval.mul_f64(0.9 + self.schedule.rng.fraction() / 5.0)),
            Wait::AtMost(interval) => Some(interval),
            Wait::Notification => None,
        };
        let (notify, pause) = (self.notify.clone(), next.pause);
        match interval {
            Some(interval) => self.progress.due_within(pause + interval + self.schedule.deadline),
            None => self.progress.idle(),
        }
        let waiting = async move {
            sleep(pause).await;
            match interval {
                Some(Duration::ZERO) => {}
                Some(interval) => drop(timeout(interval, notify.notified()).await),
                None => notify.notified().await,
            }
        };
        Some(Timer::when(waiting, myself, || Run))
    }
}
