//! Which jobs of a repository have come due, and that they are stored.

use db::github::{CronRow, NewCronDelivery};
use protocol::{
    github::{CronFile, CronJob, Repository},
    time::Timestamp,
};

use super::{
    super::{Github, JobError, Result},
    CronBody, delivery_id,
};

/// What a repository was found to have on its default branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronRead {
    pub sha: String,
    /// The file `.cron.yml`.
    pub file: Option<String>,
}

impl Github {
    /// Stores the jobs of a leased repository whose dates have come by `until`, and that this was done, in one transaction. Of dates
    /// that were missed the newest of the last day counts. How many jobs there are; none where another process has the lease.
    pub async fn store_cron(&self, row: &CronRow, read: Option<CronRead>, until: Timestamp) -> Result<Option<usize>> {
        let file = read.as_ref().and_then(|read| read.file.as_deref());
        let mut due = Vec::new();
        if let (Some(CronRead { sha, .. }), Some(text)) = (&read, file) {
            match CronFile::read(text) {
                Ok(file) => due = self.due(row, sha, &file.jobs, until).await?,
                Err(error) => self.comment_on_cron(row, sha, &JobError::Config(error.to_string())).await?,
            }
        }
        let now = self.0.clock.now();
        if !self.0.db.github_cron_done(row, until, file.is_some(), &due, now).await? {
            return Ok(None);
        }
        if !due.is_empty() {
            self.0.wakeups.deliveries.notify();
        }
        Ok(Some(due.len()))
    }

    /// A job that is at fault does not hold up the others.
    async fn due(&self, row: &CronRow, sha: &str, jobs: &[CronJob], until: Timestamp) -> Result<Vec<NewCronDelivery>> {
        let (mut due, mut fault) = (Vec::new(), None);
        for job in jobs {
            match job.newest_date(&row.repository.name, row.done_until, until) {
                Ok(Some(date)) => due.push(new_delivery(row, sha, job, date)),
                Ok(None) => {}
                Err(words) => fault = fault.or(Some(JobError::Config(words))),
            }
        }
        if let Some(error) = fault {
            self.comment_on_cron(row, sha, &error).await?;
        }
        Ok(due)
    }

    async fn comment_on_cron(&self, row: &CronRow, sha: &str, error: &JobError) -> Result<()> {
        self.comment_on_commit((&row.repository, row.installation), sha, error).await
    }

    /// A repository whose default branch may have a `.cron.yml`: one that the app was given, or that was pushed to then.
    pub async fn watch_for_cron(
        &self,
        repository: &Repository,
        installation: i64,
        branch: &str,
        pushed: Timestamp,
    ) -> Result<()> {
        if !self.0.settings.cron {
            return Ok(());
        }
        Ok(self.0.db.github_cron_seen(repository, installation, branch, pushed, self.0.clock.now()).await?)
    }
}

fn new_delivery(row: &CronRow, sha: &str, job: &CronJob, date: Timestamp) -> NewCronDelivery {
    let body = CronBody {
        installation: row.installation,
        branch: row.branch.clone(),
        sha: sha.to_owned(),
        job: job.clone(),
        date,
    };
    NewCronDelivery {
        delivery_id: delivery_id(&row.repository, &job.name, date),
        subject: format!("cron/{}", job.name),
        body: serde_json::to_string(&body).unwrap_or_default(),
    }
}
