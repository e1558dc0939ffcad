//! `github_builds`, `github_latest_build`, `github_cancel_builds`, `github_marked_groups`, `github_unmark_group`,
//! `github_builds_of_groups`, `github_build_of_delivery`, `github_group_changed`.

use protocol::{github::Repository, id::TaskGroupId, time::Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

use super::BuildRow;
use crate::{Db, DbError, Rows};

/// Which builds are listed. What is not given may be anything.
#[derive(Debug, Clone, Default)]
pub struct BuildFilter {
    pub owner: Option<String>,
    pub name: Option<String>,
    pub sha: Option<String>,
    pub pull_request: Option<i64>,
}

impl Db {
    /// `github_builds`: newest first, at most `limit` before the given one.
    pub async fn github_builds(
        &self,
        filter: &BuildFilter,
        before: Option<i64>,
        limit: i32,
    ) -> Result<Rows<BuildRow>, DbError> {
        let BuildFilter { owner, name, sha, pull_request } = filter;
        let call = sqlx::query("select * from github_builds($1,$2,$3,$4,$5,$6)").bind(owner).bind(name).bind(sha);
        let rows = call.bind(pull_request).bind(before).bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows::read("build", &rows, BuildRow::from_row))
    }

    /// `github_latest_build`.
    pub async fn github_latest_build(
        &self,
        repository: &Repository,
        subject: &str,
    ) -> Result<Option<BuildRow>, DbError> {
        let call = sqlx::query("select * from github_latest_build($1,$2,$3)").bind(&repository.owner);
        let row = call.bind(&repository.name).bind(subject).fetch_optional(self.pool()).await?;
        Ok(row.map(|row| BuildRow::from_row(&row)).transpose()?)
    }

    /// `github_cancel_builds`: those that were pending.
    pub async fn github_cancel_builds(
        &self,
        repository: &Repository,
        sha: Option<&str>,
        pull_request: Option<i64>,
        now: Timestamp,
    ) -> Result<Rows<BuildRow>, DbError> {
        let call = sqlx::query("select * from github_cancel_builds($1,$2,$3,$4,$5)").bind(&repository.owner);
        let call = call.bind(&repository.name).bind(sha).bind(pull_request).bind(now);
        Ok(Rows::read("build", &call.fetch_all(self.pool()).await?, BuildRow::from_row))
    }

    /// `github_marked_groups`: those of builds that are to be cancelled.
    pub async fn github_marked_groups(&self, limit: i32) -> Result<Vec<TaskGroupId>, DbError> {
        let call = sqlx::query_scalar("select * from github_marked_groups($1)").bind(limit);
        let groups: Vec<Uuid> = call.fetch_all(self.pool()).await?;
        Ok(groups.into_iter().map(TaskGroupId).collect())
    }

    /// `github_unmark_group`.
    pub async fn github_unmark_group(&self, group: TaskGroupId) -> Result<(), DbError> {
        sqlx::query("select github_unmark_group($1)").bind(group.0).execute(self.pool()).await?;
        Ok(())
    }

    /// `github_builds_of_groups`: those of groups that a delivery caused.
    pub async fn github_builds_of_groups(&self, groups: &[TaskGroupId]) -> Result<Rows<BuildRow>, DbError> {
        let groups: Vec<Uuid> = groups.iter().map(|group| group.0).collect();
        let call = sqlx::query("select * from github_builds_of_groups($1)").bind(groups);
        Ok(Rows::read("build", &call.fetch_all(self.pool()).await?, BuildRow::from_row))
    }

    /// `github_build_of_delivery`.
    pub async fn github_build_of_delivery(&self, delivery_id: &str) -> Result<Option<BuildRow>, DbError> {
        let call = sqlx::query("select * from github_build_of_delivery($1)").bind(delivery_id);
        let row = call.fetch_optional(self.pool()).await?;
        Ok(row.map(|row| BuildRow::from_row(&row)).transpose()?)
    }

    /// `github_group_changed`.
    pub async fn github_group_changed(&self, group: TaskGroupId, now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select github_group_changed($1,$2)").bind(group.0).bind(now).execute(self.pool()).await?;
        Ok(())
    }
}
