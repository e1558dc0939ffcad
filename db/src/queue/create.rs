//! `create_tasks`, `graph_submit`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, Requires},
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::result::decode;
use crate::{BatchConnection, Db, DbError};

/// A task to create, in columns.
#[derive(Debug, Clone)]
pub struct NewTaskRow {
    pub task_id: TaskId,
    pub task_group_id: TaskGroupId,
    pub task_queue_id: TaskQueueId,
    pub scheduler_id: String,
    pub project_id: String,
    pub priority: Priority,
    pub retries: i16,
    pub requires: Requires,
    pub deadline: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    pub dependencies: Vec<TaskId>,
    pub has_routes: bool,
    /// The definition as canonical JSON text.
    pub body: String,
    pub trace: Option<String>,
}

/// What became of one task of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is new. Ready: it is pending already.
    New {
        ready: bool,
    },
    /// It was there, with the same definition.
    Same,
    /// It was there, with another definition.
    OtherDefinition,
    OtherScheduler {
        scheduler_id: String,
    },
    GroupSealed,
    MissingDependencies(Vec<TaskId>),
    ExpiringDependencies(Vec<TaskId>),
}

/// `created_...` in SQL.
pub(crate) mod code {
    pub(crate) const NEW: i16 = 0;
    pub(crate) const SAME: i16 = 1;
    pub(crate) const OTHER_DEFINITION: i16 = 2;
    pub(crate) const OTHER_SCHEDULER: i16 = 3;
    pub(crate) const GROUP_SEALED: i16 = 4;
    pub(crate) const MISSING_DEPENDENCIES: i16 = 5;
    pub(crate) const EXPIRING_DEPENDENCIES: i16 = 6;

    #[cfg(test)]
    pub(crate) const ALL: [(&str, i16); 7] = [
        ("new", NEW),
        ("same", SAME),
        ("other_definition", OTHER_DEFINITION),
        ("other_scheduler", OTHER_SCHEDULER),
        ("group_sealed", GROUP_SEALED),
        ("missing_dependencies", MISSING_DEPENDENCIES),
        ("expiring_dependencies", EXPIRING_DEPENDENCIES),
    ];
}

/// The arrays of one call. No task may come twice in it.
#[derive(Debug, Default)]
pub struct CreateBatch<'a> {
    task_ids: Vec<Uuid>,
    task_group_ids: Vec<Uuid>,
    task_queue_ids: Vec<&'a str>,
    scheduler_ids: Vec<&'a str>,
    project_ids: Vec<&'a str>,
    priorities: Vec<i16>,
    retries: Vec<i16>,
    requires: Vec<i16>,
    deadlines: Vec<DateTime<Utc>>,
    expires: Vec<DateTime<Utc>>,
    bodies: Vec<&'a str>,
    has_routes: Vec<bool>,
    traces: Option<Vec<Option<&'a str>>>,
    /// On tasks outside the call.
    outer: Dependencies,
    /// On tasks of the call.
    inner: Dependencies,
    new_queues: Option<Vec<&'a str>>,
}

#[derive(Debug, Default)]
struct Dependencies {
    required: Vec<Uuid>,
    /// Places in the call, from 1.
    dependents: Vec<i32>,
}

const CREATE: &str = "select * from create_tasks($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)";

impl<'a> CreateBatch<'a> {
    /// Collects the arrays. A dependency on a task of the same call counts as unsatisfied.
    pub fn new(tasks: &'a [NewTaskRow], new_queues: &'a [TaskQueueId]) -> Self {
        let in_call: HashSet<TaskId> = tasks.iter().map(|task| task.task_id).collect();
        let mut batch = Self::default();
        if !new_queues.is_empty() {
            batch.new_queues = Some(new_queues.iter().map(|queue| queue.0.as_str()).collect());
        }
        if tasks.iter().any(|task| task.trace.is_some()) {
            batch.traces = Some(tasks.iter().map(|task| task.trace.as_deref()).collect());
        }
        for (index, task) in (1..).zip(tasks) {
            batch.push(index, task, &in_call);
        }
        batch
    }

    fn push(&mut self, index: i32, task: &'a NewTaskRow, in_call: &HashSet<TaskId>) {
        for required in &task.dependencies {
            let side = if in_call.contains(required) { &mut self.inner } else { &mut self.outer };
            side.required.push(required.0);
            side.dependents.push(index);
        }
        self.task_ids.push(task.task_id.0);
        self.task_group_ids.push(task.task_group_id.0);
        self.task_queue_ids.push(&task.task_queue_id.0);
        self.scheduler_ids.push(&task.scheduler_id);
        self.project_ids.push(&task.project_id);
        self.priorities.push(task.priority.code());
        self.retries.push(task.retries);
        self.requires.push(task.requires.code());
        self.deadlines.push(task.deadline);
        self.expires.push(task.expires);
        self.bodies.push(&task.body);
        self.has_routes.push(task.has_routes);
    }

    pub(crate) async fn call(&self, on: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Created>, sqlx::Error> {
        let rows = sqlx::query(CREATE)
            .bind(&self.task_ids)
            .bind(&self.task_group_ids)
            .bind(&self.task_queue_ids)
            .bind(&self.scheduler_ids)
            .bind(&self.project_ids)
            .bind(&self.priorities)
            .bind(&self.retries)
            .bind(&self.requires)
            .bind(&self.deadlines)
            .bind(&self.expires)
            .bind(&self.bodies)
            .bind(&self.outer.required)
            .bind(&self.outer.dependents)
            .bind(&self.inner.required)
            .bind(&self.inner.dependents)
            .bind(&self.traces)
            .bind(&self.new_queues)
            .bind(&self.has_routes)
            .bind(now)
            .fetch_all(on)
            .await?;
        rows.iter().map(read).collect()
    }
}

impl BatchConnection {
    /// `create_tasks`: many tasks in one transaction, each with its own outcome, in order.
    pub async fn create_tasks(&mut self, batch: &CreateBatch<'_>, now: DateTime<Utc>) -> Result<Vec<Created>, DbError> {
        let result = batch.call(self.ensure().await?, now).await;
        self.settle(result)
    }
}

/// The graph that has a submit key.
#[derive(Debug, Clone)]
pub struct GraphRow {
    /// This very call made it.
    pub fresh: bool,
    pub task_group_id: TaskGroupId,
    pub digest: String,
    pub task_ids: Vec<TaskId>,
}

impl Db {
    /// `graph_submit` and `create_tasks` in one transaction. The graph is written when the key is fresh and every
    /// task of it is new; otherwise nothing is. The outcomes are there when the key was fresh.
    pub async fn create_graph(
        &self,
        submit_key: &str,
        digest: &str,
        tasks: Vec<NewTaskRow>,
        now: DateTime<Utc>,
    ) -> Result<(GraphRow, Option<Vec<Created>>), DbError> {
        let mut transaction = self.pool().begin().await?;
        let graph = graph_submit(&mut transaction, submit_key, digest, &tasks, now).await?;
        if !graph.fresh {
            return Ok((graph, None));
        }
        let mut queues: Vec<TaskQueueId> = tasks.iter().map(|task| task.task_queue_id.clone()).collect();
        queues.sort();
        queues.dedup();
        let outcomes = CreateBatch::new(&tasks, &queues).call(&mut transaction, now).await?;
        if outcomes.iter().all(|outcome| matches!(outcome, Created::New { .. })) {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok((graph, Some(outcomes)))
    }
}

async fn graph_submit(
    on: &mut PgConnection,
    submit_key: &str,
    digest: &str,
    tasks: &[NewTaskRow],
    now: DateTime<Utc>,
) -> Result<GraphRow, sqlx::Error> {
    let first = tasks.first().ok_or_else(|| decode("a graph without tasks"))?;
    let expires = tasks.iter().map(|task| task.expires).max().unwrap_or(now);
    let row = sqlx::query("select * from graph_submit($1,$2,$3,$4,$5,$6)")
        .bind(submit_key)
        .bind(first.task_group_id.0)
        .bind(digest)
        .bind(tasks.iter().map(|task| task.task_id.0).collect::<Vec<_>>())
        .bind(expires)
        .bind(now)
        .fetch_one(on)
        .await?;
    Ok(GraphRow {
        fresh: row.try_get("fresh")?,
        task_group_id: TaskGroupId(row.try_get("task_group_id")?),
        digest: row.try_get("digest")?,
        task_ids: row.try_get::<Vec<Uuid>, _>("task_ids")?.into_iter().map(TaskId).collect(),
    })
}

fn read(row: &PgRow) -> Result<Created, sqlx::Error> {
    read_created(row.try_get("outcome")?, row)
}

/// From a code of `created_...` and a row with `detail` and `ready`.
pub(crate) fn read_created(code: i16, row: &PgRow) -> Result<Created, sqlx::Error> {
    let detail = || row.try_get::<Option<String>, _>("detail").map(Option::unwrap_or_default);
    Ok(match code {
        code::NEW => Created::New { ready: row.try_get("ready")? },
        code::SAME => Created::Same,
        code::OTHER_DEFINITION => Created::OtherDefinition,
        code::OTHER_SCHEDULER => Created::OtherScheduler { scheduler_id: detail()? },
        code::GROUP_SEALED => Created::GroupSealed,
        code::MISSING_DEPENDENCIES => Created::MissingDependencies(task_ids(&detail()?)?),
        code::EXPIRING_DEPENDENCIES => Created::ExpiringDependencies(task_ids(&detail()?)?),
        other => return Err(decode(format!("outcome {other} is not known"))),
    })
}

fn task_ids(text: &str) -> Result<Vec<TaskId>, sqlx::Error> {
    text.split_whitespace().map(|id| id.parse().map(TaskId).map_err(decode)).collect()
}
