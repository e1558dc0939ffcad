//! From rows of the database to what the queue answers.

use db::queue::{GroupRow, TaskRow};
use protocol::id::WorkerName;

use super::types::{Claim, Definition, TaskAndStatus, TaskGroup};

/// `scopes` of a stored definition.
pub(super) fn scopes_of(definition: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Scopes {
        scopes: Vec<String>,
    }
    serde_json::from_str::<Scopes>(definition).map_or_else(|_| vec![], |it| it.scopes)
}

/// A claimed run, for its worker.
pub(super) fn claim(task: TaskRow, worker: &WorkerName) -> Claim {
    let run = task.status.runs.last();
    Claim {
        run_id: run.map_or(0, |run| run.run_id),
        taken_until: run.and_then(|run| run.taken_until).unwrap_or_default(),
        worker: worker.clone(),
        scopes: scopes_of(&task.definition),
        task: Definition(task.definition),
        status: task.status,
    }
}

pub(super) fn task_group(row: GroupRow) -> TaskGroup {
    TaskGroup {
        task_group_id: row.task_group_id,
        scheduler_id: row.scheduler_id,
        expires: row.expires,
        sealed: row.sealed,
    }
}

pub(super) fn task_and_status(row: TaskRow) -> TaskAndStatus {
    TaskAndStatus { task: Definition(row.definition), status: row.status }
}
