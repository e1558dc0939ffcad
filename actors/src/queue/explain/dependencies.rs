use std::collections::{HashMap, HashSet};

use db::queue::TaskRow;
use protocol::{
    explain::{Dependencies, Required},
    id::TaskId,
    state::{Requires, TaskState},
    status::TaskStatus,
    task::TaskDefinition,
};

use super::stored;
use crate::queue::{error::QueueError, local::LocalQueue};

/// Blocking tasks that are named.
const LISTED: usize = 50;
/// Tasks that are looked at on the way along the chains, and how far.
const FOLLOWED: usize = 300;
const DEPTH: usize = 50;

type Answer<T> = Result<T, QueueError>;

/// A task and what it waits for.
struct Dependent {
    task_id: TaskId,
    requires: Requires,
    required: Vec<TaskId>,
}

/// The dependencies of a task, and while it is unscheduled what it waits for in the end.
pub(super) async fn find(queue: &LocalQueue, status: &TaskStatus, definition: &TaskDefinition) -> Answer<Dependencies> {
    let own = dependent(status.task_id, definition);
    let (total, requires) = (own.required.len(), own.requires);
    let blocking = unsatisfied(queue, &[own]).await?;
    let satisfied = total - blocking.len();
    let waiting = status.state == TaskState::Unscheduled;
    let (roots, followed) = if waiting { follow(queue, &blocking).await? } else { (Vec::new(), true) };
    let blocking = named(queue, blocking).await?;
    Ok(Dependencies { requires, total, satisfied, blocking, roots: named(queue, roots).await?, followed })
}

/// Goes from unscheduled tasks to what they wait for, level by level, up to the tasks that can be done something about.
async fn follow(queue: &LocalQueue, blocking: &[Required]) -> Answer<(Vec<Required>, bool)> {
    let (mut roots, mut level) = (Vec::new(), blocking.to_vec());
    let mut seen: HashSet<TaskId> = level.iter().map(|required| required.task_id).collect();
    for _ in 0..DEPTH {
        let (unscheduled, ends): (Vec<_>, Vec<_>) =
            level.into_iter().partition(|required| required.state == Some(TaskState::Unscheduled));
        roots.extend(ends);
        if unscheduled.is_empty() {
            return Ok((roots, true));
        }
        if seen.len() > FOLLOWED {
            return Ok((roots, false));
        }
        let ids: Vec<TaskId> = unscheduled.iter().map(|required| required.task_id).collect();
        let dependents = queue.db.tasks(&ids, true).await?.iter().map(read).collect::<Answer<Vec<_>>>()?;
        level = unsatisfied(queue, &dependents).await?;
        level.retain(|required| seen.insert(required.task_id));
    }
    Ok((roots, false))
}

/// What these tasks wait for, the hopeless first.
async fn unsatisfied(queue: &LocalQueue, dependents: &[Dependent]) -> Answer<Vec<Required>> {
    let pairs: Vec<_> =
        dependents.iter().flat_map(|it| it.required.iter().map(|required| (it.task_id, *required))).collect();
    let requires: Vec<Requires> = dependents.iter().flat_map(|it| vec![it.requires; it.required.len()]).collect();
    let edges = queue.db.explain_dependencies(&pairs).await?;
    let open = pairs.iter().zip(requires).zip(edges).filter(|(_, edge)| !edge.satisfied);
    let mut open: Vec<_> = open
        .map(|(((_, task_id), requires), edge)| Required {
            task_id: *task_id,
            name: None,
            state: edge.state,
            satisfiable: match edge.state {
                None => false,
                Some(TaskState::Failed | TaskState::Exception) => requires == Requires::AllResolved,
                Some(_) => true,
            },
        })
        .collect();
    open.sort_by_key(|required| (required.satisfiable, rank(required.state)));
    Ok(open)
}

/// Near to their end first, since the others follow them.
const fn rank(state: Option<TaskState>) -> u8 {
    match state {
        Some(TaskState::Failed | TaskState::Exception | TaskState::Completed) => 0,
        None => 1,
        Some(TaskState::Running) => 2,
        Some(TaskState::Pending) => 3,
        Some(TaskState::Unscheduled) => 4,
    }
}

/// The first of them, with their names.
async fn named(queue: &LocalQueue, mut required: Vec<Required>) -> Answer<Vec<Required>> {
    required.sort_by_key(|required| (required.satisfiable, rank(required.state)));
    required.truncate(LISTED);
    let ids: Vec<TaskId> = required.iter().map(|required| required.task_id).collect();
    let rows = if ids.is_empty() { Vec::new() } else { queue.db.tasks(&ids, true).await? };
    let mut names = HashMap::new();
    for row in &rows {
        names.insert(row.status.task_id, stored::definition(row.status.task_id, &row.definition)?.metadata.name);
    }
    for entry in &mut required {
        entry.name = names.remove(&entry.task_id);
    }
    Ok(required)
}

fn read(row: &TaskRow) -> Answer<Dependent> {
    Ok(dependent(row.status.task_id, &stored::definition(row.status.task_id, &row.definition)?))
}

fn dependent(task_id: TaskId, definition: &TaskDefinition) -> Dependent {
    Dependent { task_id, requires: definition.requires, required: definition.dependencies.clone() }
}
