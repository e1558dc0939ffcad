//! `github_build_add`, `create_tasks` and `github_report_put` in one transaction.

use protocol::{
    github::Repository,
    id::{TaskGroupId, TaskQueueId},
    time::Timestamp,
};
use sqlx::PgConnection;

use super::{DeliveryLease, NewReport, reports::put};
use crate::{
    Db, DbError,
    blob::unknown_outcome,
    queue::{CreateBatch, Created, NewTaskRow},
};

/// The build of a leased delivery.
#[derive(Debug, Clone)]
pub struct NewBuild {
    pub lease: DeliveryLease,
    pub task_group_id: TaskGroupId,
    pub installation: i64,
    pub repository: Repository,
    pub sha: String,
    /// Of a push: where the branch was before.
    pub before_sha: Option<String>,
    /// Of a pull request: when it was changed.
    pub event_time: Option<Timestamp>,
    pub event_type: String,
    pub pull_request: Option<i64>,
    pub subject: String,
    pub cancel_class: Option<String>,
    /// Older pending builds of the same subject and class are cancelled.
    pub cancels_previous: bool,
    pub by_checks: bool,
    /// The message that tells the group.
    pub routing_key: String,
    pub cc: Vec<String>,
    pub message: String,
}

/// What became of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildOutcome {
    /// It is there, with all its tasks: whether each is pending, in their order.
    New(Vec<Created>),
    /// An earlier attempt had come this far.
    Repeated,
    /// A newer event of the same subject came first; nothing was written.
    Late,
    /// Another process has the delivery; nothing was written.
    Lost,
    /// At least one of the tasks cannot be created; nothing was written.
    Refused(Vec<Created>),
}

const ADD: &str = "select github_build_add($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)";

impl Db {
    /// The build, all of its tasks and all of its reports, or nothing.
    pub async fn github_build(
        &self,
        build: &NewBuild,
        tasks: &[NewTaskRow],
        reports: &[NewReport],
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<BuildOutcome, DbError> {
        let mut transaction = self.pool().begin().await?;
        let outcome = add(&mut transaction, build, trace, now).await?;
        match outcome.as_str() {
            "new" => {}
            "repeated" => return Ok(BuildOutcome::Repeated),
            "late" => return Ok(BuildOutcome::Late),
            "lost" => return Ok(BuildOutcome::Lost),
            other => return Err(unknown_outcome("github_build_add", other)),
        }
        let mut queues: Vec<TaskQueueId> = tasks.iter().map(|task| task.task_queue_id.clone()).collect();
        queues.sort();
        queues.dedup();
        let created = CreateBatch::new(tasks, &queues).call(&mut transaction, now).await?;
        if !created.iter().all(|outcome| matches!(outcome, Created::New { .. })) {
            transaction.rollback().await?;
            return Ok(BuildOutcome::Refused(created));
        }
        for report in reports {
            put(&mut *transaction, report, now).await?;
        }
        transaction.commit().await?;
        Ok(BuildOutcome::New(created))
    }
}

async fn add(
    on: &mut PgConnection,
    build: &NewBuild,
    trace: Option<&str>,
    now: Timestamp,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(ADD)
        .bind(build.task_group_id.0)
        .bind(&build.lease.delivery_id)
        .bind(build.lease.attempt)
        .bind(build.installation)
        .bind(&build.repository.owner)
        .bind(&build.repository.name)
        .bind(&build.sha)
        .bind(&build.before_sha)
        .bind(build.event_time)
        .bind(&build.event_type)
        .bind(build.pull_request)
        .bind(&build.subject)
        .bind(&build.cancel_class)
        .bind(build.cancels_previous)
        .bind(build.by_checks)
        .bind(&build.routing_key)
        .bind(&build.cc)
        .bind(&build.message)
        .bind(trace)
        .bind(now)
        .fetch_one(on)
        .await
}
