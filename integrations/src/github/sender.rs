//! Reports are sent to GitHub.
//!
//! Owns: nothing. Woken by: a report that changed in this process, a timer. Emits: check runs, statuses and comments. Of several processes
//! one at a time writes for an installation, one call after the other, at most 20 in a second; it pauses when GitHub asks
//! for it. What is stored is what GitHub is to show, not a list of calls: after an outage there is one call for each.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{
    Db, DbError,
    github::{ReportRow, SenderLease, Unsent},
};
use protocol::time::Timestamp;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    app::App,
    call::{CallError, back_off},
    jobs::short,
    metrics::Metrics,
    write::{Sent, write},
};

/// Reports of one look.
const ROWS: i32 = 100;
const MIN_GAP: Duration = Duration::from_millis(50);
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// No call is begun that could outlast the lease.
const LEASE_MARGIN: TimeDelta = TimeDelta::minutes(2);
/// What cannot be sent for so long is given up.
const GIVEN_UP: TimeDelta = TimeDelta::hours(24);

/// What sends reports.
#[derive(Clone)]
pub struct ReportSender {
    pub app: Arc<App>,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// How often reports of other processes are looked for.
    pub interval: Duration,
}

/// Nothing is sent for an installation until then, and why.
type Pause = (Timestamp, String);

impl ReportSender {
    /// The actor, to be supervised, and what wakes it.
    pub fn child(self) -> (Child, Notifier) {
        let metrics = Metrics::new();
        let schedule = Schedule::every(self.interval, self.rng.clone());
        schedule.child("github/reports", move |_| Sending { sender: self.clone(), metrics: metrics.clone() })
    }

    /// Sends what is due for one installation; whether there was any.
    pub(crate) async fn send_due(&self, metrics: &Metrics) -> Result<bool, DbError> {
        let now = self.clock.now();
        let Some(lease) = self.db.github_lease_sender(now + LEASE, now).await? else { return Ok(false) };
        let sent = self.send_all(lease, metrics).await;
        let pause = sent.as_ref().ok().and_then(Option::as_ref);
        if let Some((until, reason)) = pause {
            tracing::warn!(installation = lease.installation, %until, reason, "nothing is sent to GitHub for a while");
        }
        let pause = pause.map(|(until, reason)| (*until, reason.as_str()));
        self.db.github_release_sender(lease, pause, self.clock.now()).await?;
        sent.map(|_| true)
    }

    async fn send_all(&self, lease: SenderLease, metrics: &Metrics) -> Result<Option<Pause>, DbError> {
        let reports = self.db.github_due_reports(lease.installation, ROWS, self.clock.now()).await?;
        let mut gap = gap();
        for report in reports.iter() {
            gap.tick().await;
            if self.clock.now() + LEASE_MARGIN > lease.until {
                break;
            }
            if let Some(pause) = self.send(report, metrics).await? {
                return Ok(Some(pause));
            }
        }
        Ok(None)
    }

    async fn send(&self, report: &ReportRow, metrics: &Metrics) -> Result<Option<Pause>, DbError> {
        let result = write(&self.app, report).await;
        let now = self.clock.now();
        let outcome = match &result {
            Ok(_) => "sent",
            Err(CallError::Refused { .. }) => "refused",
            Err(CallError::Limited { .. }) => "limited",
            Err(CallError::Unavailable { .. }) => "unavailable",
        };
        metrics.report(report.kind, outcome, result.is_ok().then(|| now - report.changed));
        match result {
            Ok(Sent { remote_id, quota }) => {
                self.db.github_report_sent(report, remote_id).await?;
                let short_of_calls = quota.filter(super::call::Quota::is_short);
                Ok(short_of_calls.map(|quota| (quota.reset, "nine tenths of the hour's calls are used".to_owned())))
            }
            Err(error) => self.unsent(report, error, now).await,
        }
    }

    async fn unsent(&self, report: &ReportRow, error: CallError, now: Timestamp) -> Result<Option<Pause>, DbError> {
        let is_old = now - report.changed > GIVEN_UP;
        let (is_ambiguous, is_final, wait, pause) = match &error {
            CallError::Refused { .. } => (false, true, TimeDelta::zero(), None),
            CallError::Limited { until, .. } => {
                // Not all at the same moment.
                let jitter = Duration::from_secs(5).mul_f64(self.rng.fraction());
                let until = *until + TimeDelta::from_std(jitter).unwrap_or_default();
                (false, false, until - now, Some(until))
            }
            CallError::Unavailable { is_ambiguous, .. } => {
                let wait = back_off(report.attempts + 1, self.rng.fraction());
                (*is_ambiguous, is_old, wait, Some(now + wait.min(TimeDelta::minutes(1))))
            }
        };
        let reason = short(&error.reason());
        if is_final {
            tracing::warn!(report.kind = %report.kind, repository = %report.repository, report.subject, reason, "report is not sent");
        }
        let unsent = Unsent { is_ambiguous, is_final, reason: &reason, next_attempt: now + wait };
        self.db.github_report_unsent(report, unsent).await?;
        Ok(pause.map(|until| (until, reason)))
    }
}

fn gap() -> Interval {
    let mut gap = interval(MIN_GAP);
    gap.set_missed_tick_behavior(MissedTickBehavior::Delay);
    gap
}

struct Sending {
    sender: ReportSender,
    metrics: Metrics,
}

impl Periodic for Sending {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        Ok(if self.sender.send_due(&self.metrics).await? { Next::AGAIN } else { Next::IDLE })
    }
}
