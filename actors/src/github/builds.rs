//! Builds, and whether the app is installed.

use db::github::BuildFilter;
use protocol::github::Repository;

use super::{BuildRow, Github, GithubError, Result, message::sanitized_names};
use crate::kit::{Page, PageAfter};

impl Github {
    /// Newest first.
    pub async fn builds(&self, filter: &BuildFilter, page: PageAfter<i64>) -> Result<Page<BuildRow, i64>> {
        let rows = self.0.db.github_builds(filter, page.after, page.rows()).await?;
        Ok(Page::cut(rows, page.limit, |build| build.seq))
    }

    /// The newest build of a branch.
    pub async fn latest_build(&self, repository: &Repository, branch: &str) -> Result<Option<BuildRow>> {
        Ok(self.0.db.github_latest_build(repository, &format!("branch/{branch}")).await?)
    }

    /// Whether the app is installed for a repository's owner.
    pub async fn is_installed(&self, repository: &Repository) -> Result<bool> {
        Ok(self.0.db.github_installation(&repository.owner).await?.is_some())
    }

    /// Cancels the pending builds of a repository, or only those of a commit or a pull request.
    pub async fn cancel_builds(
        &self,
        repository: &Repository,
        sha: Option<&str>,
        pull_request: Option<i64>,
    ) -> Result<Vec<BuildRow>> {
        let inner = &self.0;
        let rows = inner.db.github_cancel_builds(repository, sha, pull_request, inner.clock.now()).await?;
        if rows.given == 0 {
            return Err(GithubError::NoBuild(repository.clone()));
        }
        self.cancel_marked().await?;
        Ok(rows.readable)
    }

    /// The page of a task group.
    pub fn group_url(&self, build: &BuildRow) -> String {
        format!("{}/tasks/groups/{}", self.0.root_url, build.task_group_id)
    }

    /// Owner and name as the wire has them.
    pub fn wire_names(repository: &Repository) -> (String, String) {
        sanitized_names(repository)
    }

    pub(super) async fn installation(&self, repository: &Repository) -> Result<i64> {
        let found = self.0.db.github_installation(&repository.owner).await?;
        found.ok_or_else(|| GithubError::NotInstalled(repository.clone()))
    }
}
