//! `github_report_put`.

use protocol::{
    github::{ReportKind, Repository},
    id::TaskGroupId,
    time::Timestamp,
};
use sqlx::PgExecutor;

use crate::{Db, DbError};

/// What GitHub is to show.
#[derive(Debug, Clone)]
pub struct NewReport {
    pub kind: ReportKind,
    pub repository: Repository,
    /// What it is about: `up.sql`.
    pub subject: String,
    pub installation: i64,
    pub task_group_id: Option<TaskGroupId>,
    /// JSON for GitHub.
    pub content: String,
    /// Never replaced by one of a lower rank.
    pub rank: i64,
}

impl Db {
    /// `github_report_put`: whether it changed anything.
    pub async fn github_report_put(&self, report: &NewReport, now: Timestamp) -> Result<bool, DbError> {
        Ok(put(self.pool(), report, now).await?)
    }
}

pub(super) async fn put<'e>(on: impl PgExecutor<'e>, report: &NewReport, now: Timestamp) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select github_report_put($1,$2,$3,$4,$5,$6,$7,$8)")
        .bind(report.kind.code())
        .bind(report.repository.to_string())
        .bind(&report.subject)
        .bind(report.installation)
        .bind(report.task_group_id.map(|id| id.0))
        .bind(&report.content)
        .bind(report.rank)
        .bind(now)
        .fetch_one(on)
        .await
}
