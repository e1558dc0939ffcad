//! `github_cron_seen`, `github_cron_take`, `github_cron_done`, `github_cron_retry`.

use protocol::{github::Repository, time::Timestamp};
use sqlx::{FromRow, Row, postgres::PgRow};

use crate::{Db, DbError, Rows};

/// A repository that may have a `.cron.yml`, leased; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronRow {
    pub repository: Repository,
    pub installation: i64,
    pub branch: String,
    pub pushed: Timestamp,
    pub done_until: Timestamp,
    /// The fence of the lease.
    pub attempt: i64,
    pub failures: i32,
}

/// A job whose date has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCronDelivery {
    pub delivery_id: String,
    pub subject: String,
    /// JSON.
    pub body: String,
}

impl Db {
    /// `github_cron_seen`.
    pub async fn github_cron_seen(
        &self,
        repository: &Repository,
        installation: i64,
        branch: &str,
        pushed: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select github_cron_seen($1,$2,$3,$4,$5)").bind(repository.to_string());
        call.bind(installation).bind(branch).bind(pushed).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `github_cron_take`: at most `limit` of those whose jobs are not done with up to that date.
    pub async fn github_cron_take(
        &self,
        date: Timestamp,
        limit: i32,
        leased_until: Timestamp,
        now: Timestamp,
    ) -> Result<Rows<CronRow>, DbError> {
        let call = sqlx::query("select * from github_cron_take($1,$2,$3,$4)").bind(date).bind(limit);
        let rows = call.bind(leased_until).bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("repository", &rows, CronRow::from_row))
    }

    /// `github_cron_done`: whether this attempt still had the lease; else nothing is written.
    pub async fn github_cron_done(
        &self,
        row: &CronRow,
        until: Timestamp,
        has_file: bool,
        due: &[NewCronDelivery],
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let column = |of: fn(&NewCronDelivery) -> &String| due.iter().map(of).cloned().collect::<Vec<_>>();
        let call = sqlx::query_scalar("select github_cron_done($1,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(row.repository.to_string())
            .bind(row.attempt)
            .bind(row.pushed)
            .bind(until)
            .bind(has_file)
            .bind(column(|new| &new.delivery_id))
            .bind(column(|new| &new.subject))
            .bind(column(|new| &new.body))
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `github_cron_retry`: whether this attempt still had the lease.
    pub async fn github_cron_retry(&self, row: &CronRow, next: Timestamp, reason: &str) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select github_cron_retry($1,$2,$3,$4)").bind(row.repository.to_string());
        Ok(call.bind(row.attempt).bind(next).bind(reason).fetch_one(self.pool()).await?)
    }
}

impl FromRow<'_, PgRow> for CronRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let name: String = row.try_get("repository")?;
        let repository = name.split_once('/').and_then(|(owner, name)| Repository::new(owner, name));
        Ok(Self {
            repository: repository.ok_or_else(|| sqlx::Error::Decode(format!("`{name}` is no repository").into()))?,
            installation: row.try_get("installation")?,
            branch: row.try_get("branch")?,
            pushed: row.try_get("pushed")?,
            done_until: row.try_get("done_until")?,
            attempt: row.try_get("attempt")?,
            failures: row.try_get("failures")?,
        })
    }
}
