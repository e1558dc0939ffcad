//! Deliveries become tasks.
//!
//! Owns: nothing. Woken by: a new delivery in this process, a timer. Emits: builds and what follows from them. Several processes may run
//! it: each delivery is leased, and of those about the same branch or pull request only the oldest. A step that is repeated,
//! because its process died, does what it did: ids follow from the delivery.

use std::{sync::Arc, time::Duration};

use actors::{
    github::{CRON_EVENT, DeliveryRow, Github, GithubError},
    kit::{Child, Next, Notifier, Periodic, Schedule},
};
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{Db, DbError};
use futures_util::future::join_all;
use protocol::{
    github::{Delivery, DeliveryState, read},
    time::Timestamp,
};
use tokio::time::timeout;

use super::{
    app::App,
    call::{CallError, back_off},
    metrics::Metrics,
};

/// Deliveries at the same time.
const AT_ONCE: i32 = 16;
/// Longer than any attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
const ATTEMPT: Duration = Duration::from_secs(50);
/// After an error of the database.
const DATABASE_RETRY: TimeDelta = TimeDelta::seconds(5);
/// What cannot be done for so long is given up.
const GIVEN_UP: TimeDelta = TimeDelta::hours(24);
/// What the database keeps of a reason, in characters.
const MAX_REASON: usize = 2000;

/// What makes tasks for deliveries.
#[derive(Clone)]
pub struct JobRunner {
    pub github: Github,
    pub app: Arc<App>,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// How often deliveries of other processes are looked for.
    pub interval: Duration,
}

/// How a delivery ends.
#[derive(Debug)]
pub(super) struct End {
    pub state: DeliveryState,
    pub reason: Option<String>,
}

/// Why a delivery cannot be handled just now.
#[derive(Debug)]
pub(super) enum NotNow {
    Call(CallError),
    /// Try again after so long.
    Wait(TimeDelta, String),
    /// Another process has the delivery.
    Lost,
    Github(GithubError),
}

impl End {
    pub(super) fn done() -> Self {
        Self { state: DeliveryState::Done, reason: None }
    }

    pub(super) fn nothing(why: &str) -> Self {
        Self { state: DeliveryState::Ignored, reason: Some(why.to_owned()) }
    }

    pub(super) fn failed(why: &impl ToString) -> Self {
        Self { state: DeliveryState::Failed, reason: Some(why.to_string()) }
    }
}

impl From<CallError> for NotNow {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<GithubError> for NotNow {
    fn from(error: GithubError) -> Self {
        Self::Github(error)
    }
}

impl JobRunner {
    /// The actor, to be supervised, and what wakes it.
    pub fn child(self) -> (Child, Notifier) {
        let metrics = Metrics::new();
        let schedule = Schedule::every(self.interval, self.rng.clone());
        schedule.child("github/jobs", move |_| Jobs { runner: self.clone(), metrics: metrics.clone() })
    }

    /// Handles the deliveries that are due; how many there were.
    pub(crate) async fn run_due(&self, metrics: &Metrics) -> Result<usize, DbError> {
        let now = self.clock.now();
        let rows = self.db.github_take_deliveries(AT_ONCE, now + LEASE, now).await?;
        let handled = join_all(rows.iter().map(|row| self.handle(row, metrics))).await;
        handled.into_iter().collect::<Result<Vec<()>, DbError>>()?;
        Ok(rows.given)
    }

    async fn handle(&self, row: &DeliveryRow, metrics: &Metrics) -> Result<(), DbError> {
        let slow = || NotNow::Wait(DATABASE_RETRY, format!("it took longer than {ATTEMPT:?}"));
        let result = timeout(ATTEMPT, self.attempt(row)).await.unwrap_or_else(|_| Err(slow()));
        let now = self.clock.now();
        match result {
            Ok(end) => self.finish(row, &end, metrics).await,
            Err(NotNow::Lost) => Ok(()),
            Err(NotNow::Github(GithubError::Db(error))) if error.is_retryable() => {
                self.retry(row, now + DATABASE_RETRY, &error.to_string(), metrics).await
            }
            Err(NotNow::Github(error)) => self.finish(row, &End::failed(&error), metrics).await,
            Err(NotNow::Call(error @ CallError::Refused { .. })) => {
                self.finish(row, &End::failed(&error.reason()), metrics).await
            }
            Err(NotNow::Wait(wait, reason)) => self.retry(row, now + wait, &reason, metrics).await,
            Err(NotNow::Call(CallError::Limited { until, reason })) => self.retry(row, until, &reason, metrics).await,
            Err(NotNow::Call(CallError::Unavailable { reason, .. })) => {
                let next = now + back_off(row.attempts, self.rng.fraction());
                self.retry(row, next, &reason, metrics).await
            }
        }
    }

    async fn attempt(&self, row: &DeliveryRow) -> Result<End, NotNow> {
        let body = serde_json::from_str(&row.body).map_err(|error| GithubError::Body(error.to_string()))?;
        if row.event == CRON_EVENT {
            return self.cron(row, body).await;
        }
        match read(&row.event, &body).map_err(GithubError::Unreadable)? {
            Delivery::Build(event) => self.build(row, *event, body).await,
            Delivery::Rerun(rerun) => Ok(match self.github.rerun(&rerun).await? {
                Ok(_) => End::done(),
                Err(why) => End::failed(&why),
            }),
            Delivery::Installation(_) | Delivery::Ignored(_) => Ok(End::done()),
        }
    }

    async fn finish(&self, row: &DeliveryRow, end: &End, metrics: &Metrics) -> Result<(), DbError> {
        let (reason, now) = (end.reason.as_deref().map(short), self.clock.now());
        let had_lease = self.db.github_finish_delivery(&row.lease(), end.state, reason.as_deref(), now).await?;
        tracing::info!(
            delivery.id = row.delivery_id, repository = row.repository, subject = row.subject, outcome = %end.state, reason,
            "delivery handled"
        );
        if !had_lease {
            tracing::warn!(delivery.id = row.delivery_id, "the attempt took longer than its lease");
        }
        metrics.delivery(end.state.as_str(), now - row.received);
        Ok(())
    }

    async fn retry(&self, row: &DeliveryRow, next: Timestamp, reason: &str, metrics: &Metrics) -> Result<(), DbError> {
        if self.clock.now() - row.received > GIVEN_UP {
            let why = format!("given up after a day; the last answer was: {reason}");
            return self.finish(row, &End::failed(&why), metrics).await;
        }
        tracing::warn!(delivery.id = row.delivery_id, reason, "delivery is tried again");
        self.db.github_retry_delivery(&row.lease(), next, &short(reason)).await?;
        Ok(())
    }
}

struct Jobs {
    runner: JobRunner,
    metrics: Metrics,
}

impl Periodic for Jobs {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        Ok(if self.runner.run_due(&self.metrics).await? > 0 { Next::AGAIN } else { Next::IDLE })
    }
}

pub(super) fn short(reason: &str) -> String {
    reason.chars().filter(|c| *c != '\0').take(MAX_REASON).collect()
}
