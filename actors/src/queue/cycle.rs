use std::collections::HashMap;

use protocol::id::TaskId;

use super::types::NewTask;

/// A task that waits for itself through others, if there is one. Dependencies outside the graph cannot close a circle:
/// they exist already.
pub fn find_cycle(tasks: &[NewTask]) -> Option<TaskId> {
    let places: HashMap<TaskId, usize> = tasks.iter().enumerate().map(|(place, task)| (task.task_id, place)).collect();
    let mut waits_for = vec![0_usize; tasks.len()];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
    for (place, task) in tasks.iter().enumerate() {
        for required in task.definition.dependencies.iter().filter_map(|id| places.get(id)) {
            waits_for[place] += 1;
            dependents[*required].push(place);
        }
    }
    let mut free: Vec<usize> = (0..tasks.len()).filter(|place| waits_for[*place] == 0).collect();
    while let Some(place) = free.pop() {
        for dependent in std::mem::take(&mut dependents[place]) {
            waits_for[dependent] -= 1;
            if waits_for[dependent] == 0 {
                free.push(dependent);
            }
        }
    }
    waits_for.iter().position(|left| *left > 0).map(|place| tasks[place].task_id)
}
