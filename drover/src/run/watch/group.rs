//! The state of a group: what changed since the last listing, and whether it is resolved.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    id::{RunId, TaskId},
    state::{ReasonResolved, Requires, TaskState},
};

use crate::client::Listed;

/// A group as it was last listed.
#[derive(Debug, Default)]
pub(super) struct Group {
    tasks: BTreeMap<TaskId, Listed>,
    /// In the order in which they were first seen.
    order: Vec<TaskId>,
}

/// A task whose state or runs changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) task_id: TaskId,
    pub(super) name: String,
    pub(super) state: TaskState,
    pub(super) run_id: Option<RunId>,
    pub(super) reason: Option<ReasonResolved>,
    /// The reason of an earlier run, where the task was retried.
    pub(super) retried: Option<ReasonResolved>,
}

/// The outcome of a group in which nothing more happens by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) is_green: bool,
    pub(crate) counts: BTreeMap<String, usize>,
}

impl Group {
    /// Takes in a listing; returns what changed, in the order of the group.
    pub(super) fn update(&mut self, mut listing: Vec<Listed>) -> Vec<Change> {
        // Tasks that are first seen together are sorted in the order in which they can run.
        let levels = levels(&listing);
        listing.sort_by_cached_key(|it| (levels.get(&it.status.task_id).copied(), it.task.metadata.name.clone()));
        let mut changes = Vec::new();
        for listed in listing {
            let task_id = listed.status.task_id;
            let before = self.tasks.get(&task_id);
            if before.is_none_or(|before| before.status.state != listed.status.state || runs(before) != runs(&listed)) {
                changes.push(change(&listed, before));
            }
            if self.tasks.insert(task_id, listed).is_none() {
                self.order.push(task_id);
            }
        }
        changes
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Listed> {
        self.order.iter().filter_map(|id| self.tasks.get(id))
    }

    /// How many tasks are in each state that occurs.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for listed in self.tasks.values() {
            *counts.entry(listed.status.state.to_string()).or_default() += 1;
        }
        counts
    }

    /// `None` while something can still happen by itself.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let blocked = self.blocked();
        let is_over = |it: &Listed| it.status.state.is_resolved() || blocked.contains(&it.status.task_id);
        if self.tasks.is_empty() || !self.tasks.values().all(is_over) {
            return None;
        }
        let is_green = self.tasks.values().all(|it| it.status.state == TaskState::Completed);
        Some(Verdict { is_green, counts: self.counts() })
    }

    /// Tasks whose dependencies can no longer be satisfied: one failed, or is itself blocked.
    pub(super) fn blocked(&self) -> BTreeSet<TaskId> {
        let mut blocked = BTreeSet::new();
        loop {
            let more: Vec<TaskId> = self
                .tasks
                .values()
                .filter(|it| it.status.state == TaskState::Unscheduled && !blocked.contains(&it.status.task_id))
                .filter(|it| it.task.dependencies.iter().any(|on| self.cannot_satisfy(it, *on, &blocked)))
                .map(|it| it.status.task_id)
                .collect();
            if more.is_empty() {
                return blocked;
            }
            blocked.extend(more);
        }
    }

    fn cannot_satisfy(&self, dependent: &Listed, on: TaskId, blocked: &BTreeSet<TaskId>) -> bool {
        let failed = self
            .tasks
            .get(&on)
            .is_some_and(|it| it.status.state.is_resolved() && it.status.state != TaskState::Completed);
        blocked.contains(&on) || (failed && dependent.task.requires == Requires::AllCompleted)
    }
}

/// How many tasks of the listing have to end, one after the other, before each of them can run.
fn levels(listing: &[Listed]) -> BTreeMap<TaskId, usize> {
    let waits_on: BTreeMap<TaskId, &[TaskId]> =
        listing.iter().map(|it| (it.status.task_id, it.task.dependencies.as_slice())).collect();
    let mut levels = BTreeMap::new();
    let mut stack: Vec<TaskId> = waits_on.keys().copied().collect();
    while let Some(id) = stack.last().copied() {
        // A task may depend on itself; there can be no other cycle.
        let on = || waits_on.get(&id).copied().unwrap_or_default().iter().filter(|on| **on != id);
        let unknown = on().find(|on| waits_on.contains_key(on) && !levels.contains_key(*on));
        if let Some(unknown) = unknown {
            stack.push(*unknown);
        } else {
            let level = on().filter_map(|on| levels.get(on)).max().map_or(0, |highest: &usize| highest + 1);
            levels.insert(id, level);
            stack.pop();
        }
    }
    levels
}

fn runs(listed: &Listed) -> usize {
    listed.status.runs.len()
}

fn change(listed: &Listed, before: Option<&Listed>) -> Change {
    let last = listed.status.runs.last();
    let was_retried = before.is_some_and(|before| runs(before) > 0 && runs(before) < runs(listed));
    let previous = listed.status.runs.iter().rev().nth(1);
    Change {
        task_id: listed.status.task_id,
        name: listed.task.metadata.name.clone(),
        state: listed.status.state,
        run_id: last.map(|run| run.run_id),
        reason: last.and_then(|run| run.reason_resolved),
        retried: previous.filter(|_| was_retried).and_then(|run| run.reason_resolved),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const IDS: [&str; 3] = ["AAAAAAAAQTSAAAAAAAAAAA", "BBBBBBBBQTSBBBBBBBBBBA", "CCCCCCCCQTSCCCCCCCCCCA"];

    fn listed(number: usize, state: &str, on: &[usize]) -> Listed {
        let on: Vec<_> = on.iter().map(|number| IDS[*number]).collect();
        let time = "2026-01-01T00:00:00.000Z";
        let run = json!({ "runId": 0, "state": state, "reasonCreated": "scheduled", "scheduled": time });
        let runs = if state == "unscheduled" { json!([]) } else { json!([run]) };
        serde_json::from_value(json!({
            "status": {
                "taskId": IDS[number], "provisionerId": "p", "workerType": "w", "taskQueueId": "p/w", "schedulerId": "-",
                "projectId": "none", "taskGroupId": IDS[0], "priority": "lowest", "deadline": time, "expires": time,
                "retriesLeft": 5, "state": state, "runs": runs,
            },
            "task": { "metadata": { "name": format!("task {number}") }, "dependencies": on, "requires": "all-completed" },
        }))
        .unwrap()
    }

    #[test]
    fn only_what_changed_is_told() {
        let mut group = Group::default();
        assert_eq!(group.update(vec![listed(0, "pending", &[]), listed(1, "unscheduled", &[0])]).len(), 2);
        let changes = group.update(vec![listed(0, "running", &[]), listed(1, "unscheduled", &[0])]);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].state, TaskState::Running);
    }

    #[test]
    fn tasks_are_listed_in_the_order_in_which_they_can_run() {
        let mut group = Group::default();
        group.update(vec![
            listed(0, "unscheduled", &[1, 2]),
            listed(1, "unscheduled", &[2]),
            listed(2, "pending", &[]),
        ]);
        let names: Vec<_> = group.tasks().map(|it| it.task.metadata.name.as_str()).collect();
        assert_eq!(names, ["task 2", "task 1", "task 0"]);
    }

    #[test]
    fn a_group_is_over_when_all_tasks_are_resolved_or_blocked() {
        let mut group = Group::default();
        group.update(vec![listed(0, "failed", &[]), listed(1, "unscheduled", &[0]), listed(2, "running", &[])]);
        assert_eq!(group.verdict(), None);
        group.update(vec![listed(2, "completed", &[])]);
        assert!(!group.verdict().unwrap().is_green);
        assert_eq!(group.blocked().len(), 1);
    }

    #[test]
    fn a_task_that_will_still_be_scheduled_keeps_the_group_open() {
        let mut group = Group::default();
        group.update(vec![listed(0, "completed", &[]), listed(1, "unscheduled", &[0])]);
        assert_eq!(group.verdict(), None);
        group.update(vec![listed(1, "completed", &[0])]);
        assert!(group.verdict().unwrap().is_green);
    }
}
