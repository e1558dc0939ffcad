//! Delivers notifications of one kind.
//!
//! Owns: in memory the circuit breaker of its channel. Woken by: a new notification in this process, a timer.
//! Emits: notifications, at least once. Several processes may run it: each notification is leased, and of each destination
//! only the oldest, so that a destination that fails holds up its own notifications and no others.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use base::{Backoff, Clock, Rng};
use chrono::TimeDelta;
use db::{
    Db, DbError,
    notify::{Finish, Lease, StoredNotification},
};
use futures_util::future::join_all;
use protocol::notify::NotificationState;

use crate::{
    channel::{Channel, Delivery},
    metrics::Metrics,
};

/// Attempts at the same time.
const AT_ONCE: i32 = 8;
/// Longer than any attempt takes.
const LEASE: TimeDelta = TimeDelta::minutes(4);
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_hours(1);
/// Longest pause of a channel that nothing can be delivered by; it also takes longer than what is asked for.
const LAST_PAUSE: Duration = Duration::from_mins(1);
/// What the database keeps of an answer, in characters.
const MAX_REASON: usize = 500;

/// What delivers by one channel.
#[derive(Clone)]
pub struct Deliverer {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub channel: Arc<dyn Channel>,
    /// How often notifications of other processes are looked for.
    pub interval: Duration,
    /// How long an address is denied that was refused too often.
    pub denied_for: TimeDelta,
}

impl Deliverer {
    /// The actor, to be supervised, and what wakes it.
    pub fn child(self) -> (Child, Notifier) {
        let name = format!("notify/{}", self.channel.kind());
        Schedule::every(self.interval, self.rng.clone()).child(&name, move |_| Delivering::new(self.clone()))
    }
}

pub(crate) struct Delivering {
    deliverer: Deliverer,
    breaker: Backoff,
    /// The channel failed as a whole: one notification is tried before others are.
    is_open: bool,
    metrics: Metrics,
}

impl Periodic for Delivering {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let Deliverer { db, clock, channel, .. } = &self.deliverer;
        let gap = TimeDelta::from_std(channel.min_gap()).unwrap_or_default();
        let limit = if self.is_open { 1 } else { AT_ONCE };
        let rows = db.notify_take(channel.kind(), gap, LEASE, limit, clock.now()).await?;
        if rows.given == 0 {
            return Ok(Next::IDLE);
        }
        let attempts = join_all(rows.iter().map(|row| self.attempt(row))).await;
        let mut unavailable: Option<Duration> = None;
        for attempt in attempts {
            if let Delivery::Unavailable { after, .. } = attempt? {
                unavailable = unavailable.max(Some(after));
            }
        }
        Ok(self.next(unavailable))
    }
}

impl Delivering {
    pub(crate) fn new(deliverer: Deliverer) -> Self {
        let breaker = Backoff::new(FIRST_RETRY, LAST_PAUSE, deliverer.rng.clone());
        Self { deliverer, breaker, is_open: false, metrics: Metrics::new() }
    }

    /// Opens or closes the circuit breaker of the channel.
    fn next(&mut self, unavailable: Option<Duration>) -> Next {
        let kind = self.deliverer.channel.kind();
        if let Some(after) = unavailable {
            let pause = self.breaker.next_wait().max(after);
            if !self.is_open {
                tracing::warn!(notification.kind = %kind, ?pause, "circuit breaker opened: nothing can be delivered");
            }
            self.is_open = true;
            return Next::DONE.after(pause);
        }
        if self.is_open {
            tracing::info!(notification.kind = %kind, "circuit breaker closed");
        }
        self.is_open = false;
        self.breaker.reset();
        Next::AGAIN
    }

    async fn attempt(&self, row: &StoredNotification) -> Result<Delivery, DbError> {
        let Deliverer { clock, channel, .. } = &self.deliverer;
        let delivery = channel.deliver(row).await;
        self.store(row, &delivery).await?;
        self.metrics.record(channel.kind(), &delivery, clock.now() - row.created);
        let (id, outcome) = (row.id, delivery.name());
        tracing::debug!(notification.id = %id, notification.kind = %row.kind, outcome, "notification attempted");
        Ok(delivery)
    }

    async fn store(&self, row: &StoredNotification, delivery: &Delivery) -> Result<(), DbError> {
        let Deliverer { db, clock, denied_for, .. } = &self.deliverer;
        let (lease, now) = (Lease { id: row.id, attempt: row.attempts }, clock.now());
        let finish = |state, reason, is_hard| Finish { state, reason, is_hard, denied_for: *denied_for };
        let has_lease = match delivery {
            Delivery::Sent(answer) => {
                let answer = short(answer);
                db.notify_finish(lease, finish(NotificationState::Sent, &answer, false), now).await?
            }
            Delivery::Failed { reason, is_hard } => {
                tracing::warn!(notification.id = %row.id, notification.kind = %row.kind, reason, "notification failed");
                let reason = short(reason);
                db.notify_finish(lease, finish(NotificationState::Failed, &reason, *is_hard), now).await?
            }
            Delivery::Retry { reason, after, is_ambiguous } | Delivery::Unavailable { reason, after, is_ambiguous } => {
                let wait = self.wait(row.attempts).max(*after);
                let next = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1));
                db.notify_retry(lease, next, &short(reason), *is_ambiguous || row.is_ambiguous, now).await?
            }
        };
        if !has_lease {
            tracing::warn!(notification.id = %row.id, "the attempt took longer than its lease");
        }
        Ok(())
    }

    /// Doubles with each attempt, with jitter.
    fn wait(&self, attempts: i32) -> Duration {
        let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or_default();
        let step = (FIRST_RETRY * 2_u32.pow(doublings)).min(LAST_RETRY);
        step.mul_f64(0.5 + self.deliverer.rng.fraction() / 2.0)
    }
}

fn short(reason: &str) -> String {
    reason.chars().filter(|c| *c != '\0').take(MAX_REASON).collect()
}
