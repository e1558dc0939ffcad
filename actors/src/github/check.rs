//! What a check run shows of a task.

use protocol::{
    github::{CheckStatus, MAX_BYTES, cut, cut_title},
    id::TaskId,
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
    time,
};
use serde_json::{Value, json};

/// The check run of a task, as GitHub takes it.
pub(super) struct Check<'a> {
    pub task_id: TaskId,
    /// Of the task.
    pub name: &'a str,
    pub description: &'a str,
    pub sha: &'a str,
    pub root_url: &'a str,
}

/// Stages of a run, of which a later one is never taken back.
const STAGES: i64 = 4;

/// By how far the task has come: a run that is later, or further, ranks higher.
pub(super) fn rank(status: &TaskStatus) -> i64 {
    let stage = match CheckStatus::of(status) {
        CheckStatus::Queued => 0,
        CheckStatus::InProgress => 1,
        CheckStatus::Completed(_) => 2,
    };
    let runs = i64::try_from(status.runs.len()).unwrap_or(i64::MAX / STAGES - 1);
    runs * STAGES + stage
}

impl Check<'_> {
    /// Of a task that was just created.
    pub(super) fn queued(&self) -> String {
        self.content(CheckStatus::Queued, None, &self.summary(None)).to_string()
    }

    pub(super) fn of(&self, status: &TaskStatus, waited_for: Option<&str>) -> String {
        let check = CheckStatus::of(status);
        let mut content = self.content(check, Some(status), &self.summary(waited_for.filter(|_| never_ran(status))));
        let run = status.runs.last();
        if let Some(started) = run.and_then(|run| run.started) {
            content["started_at"] = json!(time::format(started));
        }
        if let (CheckStatus::Completed(_), Some(resolved)) = (check, run.and_then(|run| run.resolved)) {
            content["completed_at"] = json!(time::format(resolved));
        }
        content.to_string()
    }

    fn content(&self, check: CheckStatus, status: Option<&TaskStatus>, summary: &str) -> Value {
        let mut content = json!({
            "name": cut_title(self.name),
            "head_sha": self.sha,
            "external_id": self.task_id,
            "details_url": self.url(status.filter(|_| check != CheckStatus::Queued)),
            "status": check.as_str(),
            "output": { "title": title(check, status), "summary": summary },
        });
        if let CheckStatus::Completed(conclusion) = check {
            content["conclusion"] = json!(conclusion.as_str());
        }
        content
    }

    /// The page of the task, or of its last run.
    fn url(&self, status: Option<&TaskStatus>) -> String {
        let run = status.and_then(|status| status.runs.last()).map(|run| format!("/runs/{}", run.run_id));
        format!("{}/tasks/{}{}", self.root_url, self.task_id, run.unwrap_or_default())
    }

    fn summary(&self, waited_for: Option<&str>) -> String {
        let link = format!("[The task and its log]({}/tasks/{})", self.root_url, self.task_id);
        let why = waited_for.map(|why| format!("\n\nThe task never ran: {why}.")).unwrap_or_default();
        let description = protocol::github::without_mentions(self.description);
        cut(&format!("{link}{why}\n\n{description}"), MAX_BYTES, "cut")
    }
}

/// No worker has had the task.
pub(super) fn never_ran(status: &TaskStatus) -> bool {
    status.state == TaskState::Exception && status.runs.iter().all(|run| run.started.is_none())
}

fn title(check: CheckStatus, status: Option<&TaskStatus>) -> String {
    let reason = status.and_then(|status| status.runs.last()).and_then(|run| run.reason_resolved);
    match (check, reason) {
        (CheckStatus::Completed(_), Some(reason)) if reason != ReasonResolved::Completed => {
            format!("The task ended: {reason}")
        }
        (CheckStatus::Completed(conclusion), _) => format!("The task ended: {}", conclusion.as_str()),
        (CheckStatus::InProgress, _) => "The task is running".to_owned(),
        // The same whether it waits for other tasks or for a worker: that is no reason for a call.
        (CheckStatus::Queued, _) => "The task waits".to_owned(),
    }
}
