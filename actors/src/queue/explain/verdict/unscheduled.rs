//! Why a task that is not scheduled is not: what it waits for, and whether that can still come.

use protocol::{
    explain::{Cause, Explanation, Required},
    id::TaskId,
};

use super::{Judgement, described};

/// So many tasks are named where all of them must be rerun.
const NAMED: usize = 5;

pub(super) fn judge(it: &Explanation) -> Judgement {
    let open = open(it);
    let hopeless = hopeless(it);
    match hopeless.first() {
        None if it.dependencies.total == it.dependencies.satisfied => {
            (Cause::BecomesPending, "It waits for nothing any more and is about to become pending.".to_owned(), vec![])
        }
        None => {
            let next = it.dependencies.roots.first().or(it.dependencies.blocking.first());
            let next = next.map(|task| format!("; first of all {}", described(task))).unwrap_or_default();
            (Cause::WaitsForDependencies, format!("{open} not satisfied yet{next}."), vec![])
        }
        Some(task) if task.state.is_none() => {
            let verdict =
                format!("{open} not satisfied, and the task {} that it waits for is not there any more.", task.task_id);
            let advice = "Schedule it regardless of its dependencies (scheduleTask), or create it anew.".to_owned();
            (Cause::DependencyMissing, verdict, vec![advice])
        }
        Some(task) => (Cause::BlockedByFailure, blocked(it, &open, task, hopeless.len() - 1), rerun(&hopeless)),
    }
}

/// How many dependencies are open, up to the verb.
fn open(it: &Explanation) -> String {
    let (waiting, total) = (it.dependencies.total - it.dependencies.satisfied, it.dependencies.total);
    match (waiting, total) {
        (_, 1) => "Its only dependency is".to_owned(),
        (1, _) => format!("1 of its {total} dependencies is"),
        _ => format!("{waiting} of its {total} dependencies are"),
    }
}

/// What cannot satisfy any more, each task once: own dependencies first, then those further back.
fn hopeless(it: &Explanation) -> Vec<&Required> {
    let mut found: Vec<&Required> = Vec::new();
    for task in it.dependencies.blocking.iter().chain(&it.dependencies.roots).filter(|task| !task.satisfiable) {
        if found.iter().all(|other| other.task_id != task.task_id) {
            found.push(task);
        }
    }
    found
}

fn blocked(it: &Explanation, open: &str, task: &Required, others: usize) -> String {
    let through = if it.dependencies.blocking.contains(task) { "" } else { " further back" };
    let others = match others {
        0 => String::new(),
        1 => " and one other".to_owned(),
        others => format!(" and {others} others"),
    };
    format!(
        "{open} not satisfied, and {}{through}{others} cannot satisfy any more: the task will never run by itself.",
        described(task)
    )
}

/// One rerun is not enough where several have failed.
fn rerun(hopeless: &[&Required]) -> Vec<String> {
    let failed: Vec<TaskId> = hopeless.iter().filter(|task| task.state.is_some()).map(|task| task.task_id).collect();
    let named: Vec<String> = failed.iter().take(NAMED).map(TaskId::to_string).collect();
    let more = match failed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let all = if failed.len() > 1 { ", each of them" } else { "" };
    let named = named.join(", ");
    vec![format!("Rerun {named}{more}{all}, or schedule this task regardless of its dependencies (scheduleTask).")]
}
