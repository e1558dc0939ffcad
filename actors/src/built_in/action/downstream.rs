//! A task with everything of its group that depends on it, directly or through others.

use std::collections::BTreeMap;

use protocol::{id::TaskId, task::TaskDefinition};

use super::{ActionError, Caller, Result};

/// Most tasks that one action makes.
pub(super) const MOST: usize = 1000;

/// In the order in which they were found, the task itself first.
pub(super) async fn with_downstream(
    caller: &Caller<'_>,
    root: TaskId,
    definition: TaskDefinition,
) -> Result<Vec<(TaskId, TaskDefinition)>> {
    let group = definition.task_group_id;
    let mut found = vec![(root, definition)];
    let mut places = BTreeMap::from([(root, 0)]);
    let mut next = 0;
    while let Some((task_id, _)) = found.get(next) {
        for (dependent, definition) in caller.dependents(*task_id, MOST).await? {
            // Another group has its own reasons to depend on this one.
            if definition.task_group_id == group && !places.contains_key(&dependent) {
                places.insert(dependent, found.len());
                found.push((dependent, definition));
            }
        }
        check(found.len())?;
        next += 1;
    }
    Ok(found)
}

pub(super) fn check(tasks: usize) -> Result<()> {
    if tasks <= MOST {
        return Ok(());
    }
    Err(ActionError::Input(format!("an action makes at most {MOST} tasks; got {tasks} or more")))
}
