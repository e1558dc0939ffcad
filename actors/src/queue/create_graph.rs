//! `createGraph`: a graph submitted whole, all tasks or none, and with the same key never a second one.

use std::sync::Arc;

use db::queue::Created;
use protocol::{id::TaskId, status::TaskStatus};
use sha2::{Digest, Sha256};

use super::{
    error::QueueError,
    local::LocalQueue,
    new_task::{became_pending, creation_error, row, status_of_new},
    types::NewGraph,
};

impl LocalQueue {
    /// Answers the statuses in the order of the tasks given; for a repeat, those the tasks have now.
    pub(super) async fn create_graph(self: &Arc<Self>, graph: NewGraph) -> Result<Vec<TaskStatus>, QueueError> {
        self.graph_command(async move |queue| create(&queue, graph).await).await
    }
}

/// Submissions of one key are put in order by the row that reserves it, within the transaction that creates the tasks.
async fn create(queue: &LocalQueue, graph: NewGraph) -> Result<Vec<TaskStatus>, QueueError> {
    if graph.tasks.is_empty() {
        let (field, expected) = ("tasks".to_owned(), "hold at least one task".to_owned());
        return Err(QueueError::Field { field, expected, got: "none".to_owned() });
    }
    let digest = digest(&graph);
    let rows = graph.tasks.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let now = queue.now();
    let (stored, outcomes) = queue.db.create_graph(&graph.submit_key, &digest, rows, now).await?;
    let Some(outcomes) = outcomes else {
        if stored.digest != digest {
            let key = graph.submit_key;
            let why = format!("submitKey `{key}` belongs to another graph; use a new key, or submit the same tasks");
            return Err(QueueError::Conflict(why));
        }
        let rows = queue.db.tasks(&stored.task_ids, false).await?;
        return Ok(rows.into_iter().map(|row| row.status).collect());
    };
    check(&graph, &outcomes)?;
    let statuses: Vec<_> = graph
        .tasks
        .into_iter()
        .zip(outcomes)
        .map(|(task, outcome)| status_of_new(task, outcome == Created::New { ready: true }, now))
        .collect();
    let pending: Vec<_> = statuses.iter().filter(|status| !status.runs.is_empty()).map(became_pending).collect();
    queue.notifications.tasks_pending(&pending);
    Ok(statuses)
}

/// The error of the first task that was not created.
fn check(graph: &NewGraph, outcomes: &[Created]) -> Result<(), QueueError> {
    for (task, outcome) in graph.tasks.iter().zip(outcomes) {
        if let Some(error) = creation_error(task.task_id, &task.definition, outcome) {
            return Err(name_the_task(task.task_id, error));
        }
        if *outcome == Created::Same {
            return Err(QueueError::Conflict(format!(
                "task {} exists already and is not part of a graph with this submitKey; choose new task ids",
                task.task_id
            )));
        }
    }
    Ok(())
}

/// What makes two submissions the same graph: everything but the times, which a repeat cannot know.
fn digest(graph: &NewGraph) -> String {
    let mut hash = Sha256::new();
    for task in &graph.tasks {
        let mut definition = task.definition.clone();
        (definition.created, definition.deadline, definition.expires) = Default::default();
        hash.update(task.task_id.to_string());
        hash.update(serde_json::to_vec(&definition).unwrap_or_default());
    }
    hex::encode(hash.finalize())
}

fn name_the_task(id: TaskId, error: QueueError) -> QueueError {
    match error {
        QueueError::Input(why) => QueueError::Input(format!("task {id}: {why}")),
        QueueError::Field { field, expected, got } => {
            QueueError::Field { field: format!("tasks/{id}/{field}"), expected, got }
        }
        QueueError::Conflict(why) => QueueError::Conflict(format!("task {id}: {why}")),
        other => other,
    }
}
