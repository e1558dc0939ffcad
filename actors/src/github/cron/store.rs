//! Which jobs of a repository have come due, and that they are stored.

use db::github::{CronRow, NewCronDelivery};
use protocol::{
    github::{CronFile, CronJob, Repository},
    time::Timestamp,
};
use tokio::task::spawn_blocking;

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
        let has_file = read.as_ref().is_some_and(|read| read.file.is_some());
        let mut due = Vec::new();
        if let Some(CronRead { sha, file: Some(text) }) = read {
            let (leased, of_commit) = (row.clone(), sha.clone());
            // The file is whatever its authors make it, and large ones take a while.
            let read = spawn_blocking(move || due_jobs(&leased, &of_commit, &text, until)).await;
            let (jobs, error) = read.unwrap_or_else(|panic| (Vec::new(), Some(JobError::CronFile(panic.to_string()))));
            due = jobs;
            if let Some(error) = error {
                self.comment_on_commit((&row.repository, row.installation), &sha, &error).await?;
            }
        }
        let now = self.0.clock.now();
        if !self.0.db.github_cron_done(row, until, has_file, &due, now).await? {
            return Ok(None);
        }
        if !due.is_empty() {
            self.0.wakeups.deliveries.notify();
        }
        Ok(Some(due.len()))
    }

    /// Whether any job of the repository may make a task. Where none may, its file is not even read: nobody asked for its jobs here.
    pub async fn has_cron_role(&self, repository: &Repository) -> bool {
        let has_role = || {
            let powers = self.powers_of(&repository.cron_scope("*"), &[]);
            powers.is_ok_and(|(_, scopes)| scopes.may_satisfy_beginning("queue:create-task:"))
        };
        has_role() || (self.refresh_roles(true).await && has_role())
    }

    /// As [`Github::store_cron`] for a repository without such a role: none of its jobs is due, and it is asked again at the next date.
    pub async fn pass_over_cron(&self, row: &CronRow, until: Timestamp) -> Result<()> {
        self.0.db.github_cron_done(row, until, true, &[], self.0.clock.now()).await?;
        Ok(())
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

/// The jobs whose dates have come, and the first error. A job that has one does not hold up the others.
fn due_jobs(row: &CronRow, sha: &str, text: &str, until: Timestamp) -> (Vec<NewCronDelivery>, Option<JobError>) {
    let file = match CronFile::read(text) {
        Ok(file) => file,
        Err(error) => return (Vec::new(), Some(JobError::CronFile(error.to_string()))),
    };
    let (mut due, mut first_error) = (Vec::new(), None);
    for job in &file.jobs {
        match job.newest_date(&row.repository.name, row.done_until, until) {
            Ok(Some(date)) => due.push(new_delivery(row, sha, job, date)),
            Ok(None) => {}
            Err(error) => first_error = first_error.or(Some(JobError::CronFile(error))),
        }
    }
    (due, first_error)
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
