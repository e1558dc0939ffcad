//! Jobs come due.
//!
//! Owns: nothing. Woken by: a timer. Emits: a delivery for each job whose date has come, which becomes a task as deliveries of GitHub do. Several
//! processes may run it: each repository is leased, and each date of a job is stored once.

use std::{sync::Arc, time::Duration};

use actors::{
    github::{CronRead, CronRow, Github, GithubError},
    kit::{Child, Next, Periodic, Schedule},
};
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::Db;
use futures_util::future::join_all;
use protocol::{github::cron_date, time::Timestamp};
use tokio::time::timeout;

use super::super::{
    app::App,
    call::{CallError, back_off},
    jobs::short,
    reads::Reader,
};

const EVERY: Duration = Duration::from_secs(5);
/// Repositories at the same time.
const AT_ONCE: i32 = 16;
/// Longer than an attempt may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
const ATTEMPT: Duration = Duration::from_secs(50);
/// A repository that the app is not given any more, or that it may not read, may be given to it again.
const MISSING: TimeDelta = TimeDelta::hours(1);
/// After so many it is asked again only once it is pushed to.
const MISSING_TRIES: i32 = 48;

/// What takes in the jobs of `.cron.yml`.
#[derive(Clone)]
pub struct CronDates {
    pub github: Github,
    pub app: Arc<App>,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
}

impl CronDates {
    /// The actor, to be supervised.
    pub fn child(self) -> Child {
        let schedule = Schedule::every(EVERY, self.rng.clone());
        schedule.child("github/cron", move |_| Dates(self.clone())).0
    }

    /// Takes in what is due; how many repositories were asked.
    async fn run_due(&self) -> Result<usize, GithubError> {
        let now = self.clock.now();
        let date = cron_date(now);
        let rows = self.db.github_cron_take(date, AT_ONCE, now + LEASE, now).await?;
        let handled = join_all(rows.iter().map(|row| self.handle(row, date))).await;
        handled.into_iter().collect::<Result<Vec<()>, GithubError>>()?;
        Ok(rows.given)
    }

    async fn handle(&self, row: &CronRow, date: Timestamp) -> Result<(), GithubError> {
        if !self.github.has_cron_role(&row.repository).await {
            return self.github.pass_over_cron(row, date).await;
        }
        let slow =
            || CallError::Unavailable { reason: format!("it took longer than {ATTEMPT:?}"), is_ambiguous: false };
        match timeout(ATTEMPT, self.read(row)).await.unwrap_or_else(|_| Err(slow())) {
            Ok(None) if row.failures < MISSING_TRIES => {
                let next = self.clock.now() + MISSING;
                self.db.github_cron_retry(row, next, "GitHub has no such branch or repository").await?;
                Ok(())
            }
            // As where a repository was moved, or the app is suspended.
            Err(CallError::Refused { .. }) if row.failures >= MISSING_TRIES => {
                tracing::info!(repository = %row.repository, "the repository is asked for .cron.yml again once it is pushed to");
                self.github.store_cron(row, None, date).await?;
                Ok(())
            }
            Ok(read) => {
                let jobs = self.github.store_cron(row, read, date).await?;
                if let Some(jobs) = jobs.filter(|jobs| *jobs > 0) {
                    tracing::info!(repository = %row.repository, %date, jobs, "jobs of .cron.yml have come due");
                }
                Ok(())
            }
            Err(error) => self.retry(row, &error).await,
        }
    }

    /// The head of the default branch, and its file; `None` where there is no such branch, or repository, any more.
    async fn read(&self, row: &CronRow) -> Result<Option<CronRead>, CallError> {
        let reader = Reader { app: &self.app, installation: row.installation, repository: &row.repository };
        let Some(sha) = reader.commit(&format!("heads/{}", row.branch)).await? else { return Ok(None) };
        let file = reader.cron_file(&sha).await?;
        Ok(Some(CronRead { sha, file }))
    }

    async fn retry(&self, row: &CronRow, error: &CallError) -> Result<(), GithubError> {
        let now = self.clock.now();
        let next = match error {
            CallError::Limited { until, .. } => *until,
            CallError::Refused { .. } => now + MISSING,
            CallError::Unavailable { .. } => now + back_off(row.failures + 1, self.rng.fraction()),
        };
        let reason = short(&error.reason());
        tracing::warn!(repository = %row.repository, reason, %next, "the default branch cannot be read for .cron.yml, and is tried again");
        self.db.github_cron_retry(row, next, &reason).await?;
        Ok(())
    }
}

struct Dates(CronDates);

impl Periodic for Dates {
    type Error = GithubError;

    async fn run(&mut self) -> Result<Next, GithubError> {
        Ok(if self.0.run_due().await? > 0 { Next::AGAIN } else { Next::IDLE })
    }
}
