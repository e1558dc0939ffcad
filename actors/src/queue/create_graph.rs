//! A graph submitted whole: all tasks or none, and with the same key never a second one.

use db::queue::Created;
use protocol::{id::TaskId, status::TaskStatus};
use sha2::{Digest, Sha256};

use super::{
    Environment, QueueError,
    create_task::{refusal, row, status_of_new},
    list,
    types::NewGraph,
};

/// Answers the statuses in the order of the tasks given; for a repeat, those the tasks have now.
pub(super) async fn run(queue: &Environment, graph: NewGraph) -> Result<Vec<TaskStatus>, QueueError> {
    if graph.tasks.is_empty() {
        let (field, expected) = ("tasks".to_owned(), "hold at least one task".to_owned());
        return Err(QueueError::Field { field, expected, got: "none".to_owned() });
    }
    let digest = digest(&graph);
    let rows = graph.tasks.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let now = queue.now();
    let (stored, outcomes) = queue.db.create_graph(&graph.submit_key, &digest, rows, now).await?;
    let Some(outcomes) = outcomes else {
        return repeat(queue, &graph.submit_key, &stored.digest, &digest, &stored.task_ids).await;
    };
    for (task, outcome) in graph.tasks.iter().zip(&outcomes) {
        if let Some(refusal) = refusal(task.task_id, &task.definition, outcome) {
            return Err(name_the_task(task.task_id, refusal));
        }
        if *outcome == Created::Same {
            return Err(QueueError::Conflict(format!(
                "task {} exists already and is not part of a graph with this submitKey; choose new task ids",
                task.task_id
            )));
        }
    }
    let mut pending: Vec<_> = Vec::new();
    let statuses: Vec<_> = graph
        .tasks
        .into_iter()
        .zip(outcomes)
        .map(|(task, outcome)| {
            let ready = outcome == Created::New { ready: true };
            status_of_new(task, ready, now)
        })
        .collect();
    pending.extend(statuses.iter().filter(|status| !status.runs.is_empty()).map(super::schedule_task::one));
    queue.notifications.tasks_pending(&pending);
    Ok(statuses)
}

async fn repeat(
    queue: &Environment,
    key: &str,
    stored: &str,
    given: &str,
    ids: &[TaskId],
) -> Result<Vec<TaskStatus>, QueueError> {
    if stored != given {
        return Err(QueueError::Conflict(format!(
            "submitKey `{key}` belongs to another graph; use a new key, or submit the same tasks"
        )));
    }
    list::statuses(queue, ids).await
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

fn name_the_task(id: TaskId, refusal: QueueError) -> QueueError {
    match refusal {
        QueueError::Input(why) => QueueError::Input(format!("task {id}: {why}")),
        QueueError::Field { field, expected, got } => {
            QueueError::Field { field: format!("tasks/{id}/{field}"), expected, got }
        }
        QueueError::Conflict(why) => QueueError::Conflict(format!("task {id}: {why}")),
        other => other,
    }
}
