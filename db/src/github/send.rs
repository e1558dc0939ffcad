//! Sending: `github_lease_sender`, `github_release_sender`, `github_due_reports`, `github_report_sent`, `github_report_unsent`.

use protocol::{
    github::{ReportKind, Repository},
    id::TaskGroupId,
    time::Timestamp,
};
use sqlx::{FromRow, Row, postgres::PgRow};
use uuid::Uuid;

use super::rows::decoded;
use crate::{Db, DbError, Rows};

/// What GitHub is to show; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub kind: ReportKind,
    pub repository: Repository,
    pub subject: String,
    pub installation: i64,
    pub task_group_id: Option<TaskGroupId>,
    /// JSON.
    pub content: String,
    pub version: i32,
    pub sent: i32,
    pub remote_id: Option<i64>,
    pub is_ambiguous: bool,
    pub failed: bool,
    pub reason: Option<String>,
    pub attempts: i32,
    pub created: Timestamp,
    pub changed: Timestamp,
}

/// The right to write to GitHub for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderLease {
    pub installation: i64,
    pub until: Timestamp,
}

/// How an attempt to send a report failed.
#[derive(Debug, Clone, Copy)]
pub struct Unsent<'a> {
    /// It may have arrived all the same.
    pub is_ambiguous: bool,
    /// Another try would be refused as well.
    pub is_final: bool,
    pub reason: &'a str,
    pub next_attempt: Timestamp,
}

impl Db {
    /// `github_lease_sender`: an installation for which something is to be sent.
    pub async fn github_lease_sender(&self, until: Timestamp, now: Timestamp) -> Result<Option<SenderLease>, DbError> {
        let call = sqlx::query_scalar("select github_lease_sender($1,$2)").bind(until).bind(now);
        let installation: Option<i64> = call.fetch_one(self.pool()).await?;
        Ok(installation.map(|installation| SenderLease { installation, until }))
    }

    /// `github_release_sender`, with a pause that GitHub asks for, and why.
    pub async fn github_release_sender(
        &self,
        lease: SenderLease,
        pause: Option<(Timestamp, &str)>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select github_release_sender($1,$2,$3,$4,$5)").bind(lease.installation);
        let call = call.bind(lease.until).bind(pause.map(|(until, _)| until)).bind(pause.map(|(_, reason)| reason));
        call.bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `github_due_reports`: at most `limit`, the oldest first.
    pub async fn github_due_reports(
        &self,
        installation: i64,
        limit: i32,
        now: Timestamp,
    ) -> Result<Rows<ReportRow>, DbError> {
        let call = sqlx::query("select * from github_due_reports($1,$2,$3)").bind(installation).bind(limit).bind(now);
        Ok(Rows::read("report", &call.fetch_all(self.pool()).await?, ReportRow::from_row))
    }

    /// `github_report_sent`: GitHub has the version of the row, under this id.
    pub async fn github_report_sent(&self, report: &ReportRow, remote_id: Option<i64>) -> Result<(), DbError> {
        let call = sqlx::query("select github_report_sent($1,$2,$3,$4,$5)").bind(report.kind.code());
        let call = call.bind(report.repository.to_string()).bind(&report.subject).bind(report.version);
        call.bind(remote_id).execute(self.pool()).await?;
        Ok(())
    }

    /// `github_report_unsent`.
    pub async fn github_report_unsent(&self, report: &ReportRow, unsent: Unsent<'_>) -> Result<(), DbError> {
        let Unsent { is_ambiguous, is_final, reason, next_attempt } = unsent;
        let call = sqlx::query("select github_report_unsent($1,$2,$3,$4,$5,$6,$7,$8)").bind(report.kind.code());
        let call = call.bind(report.repository.to_string()).bind(&report.subject).bind(report.version);
        call.bind(is_ambiguous).bind(is_final).bind(reason).bind(next_attempt).execute(self.pool()).await?;
        Ok(())
    }

    /// `github_report_of_check`.
    pub async fn github_report_of_check(
        &self,
        repository: &Repository,
        check_run_id: i64,
    ) -> Result<Option<ReportRow>, DbError> {
        let call = sqlx::query("select * from github_report_of_check($1,$2)").bind(repository.to_string());
        let row = call.bind(check_run_id).fetch_optional(self.pool()).await?;
        Ok(row.map(|row| ReportRow::from_row(&row)).transpose()?)
    }

    /// `github_reports_of_group`: at most `limit`.
    pub async fn github_reports_of_group(&self, group: TaskGroupId, limit: i32) -> Result<Rows<ReportRow>, DbError> {
        let call = sqlx::query("select * from github_reports_of_group($1,$2)").bind(group.0).bind(limit);
        Ok(Rows::read("report", &call.fetch_all(self.pool()).await?, ReportRow::from_row))
    }
}

impl FromRow<'_, PgRow> for ReportRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let repository: &str = row.try_get("repository")?;
        let repository = repository.split_once('/').and_then(|(owner, name)| Repository::new(owner, name));
        let group: Option<Uuid> = row.try_get("task_group_id")?;
        Ok(Self {
            kind: decoded(ReportKind::from_code(row.try_get("kind")?))?,
            repository: repository.ok_or_else(|| sqlx::Error::Decode("no name of a repository".into()))?,
            subject: row.try_get("subject")?,
            installation: row.try_get("installation")?,
            task_group_id: group.map(TaskGroupId),
            content: row.try_get("content")?,
            version: row.try_get("version")?,
            sent: row.try_get("sent")?,
            remote_id: row.try_get("remote_id")?,
            is_ambiguous: row.try_get("ambiguous")?,
            failed: row.try_get("failed")?,
            reason: row.try_get("reason")?,
            attempts: row.try_get("attempts")?,
            created: row.try_get("created")?,
            changed: row.try_get("changed")?,
        })
    }
}
