//! The button of a check run.

use db::queue::{NewlyPending, Outcome};
use protocol::{
    github::{BuildEvent, Rerun},
    id::TaskId,
    reference::{self, ScopeParams},
    scope::ScopeExpression,
    status::TaskStatus,
};

use super::{Github, Result};

impl Github {
    /// Runs the task of a check run again, if the repository's role for it allows that.
    pub async fn rerun(&self, rerun: &Rerun) -> Result<Result<TaskId, String>> {
        let refused = |words: String| Ok(Err(words));
        let report = self.0.db.github_report_of_check(&rerun.repository, rerun.check_run_id).await?;
        let Some(report) = report else {
            return refused(format!("the check run {} is of no task here", rerun.check_run_id));
        };
        let Ok(task_id) = report.subject.parse::<TaskId>() else {
            return refused("the check run is of no task".to_owned());
        };
        let rows = self.0.db.tasks(&[task_id], false).await?;
        let Some(row) = rows.first() else { return refused(format!("the task {task_id} has expired")) };
        let role = BuildEvent::rerun_scope(&rerun.repository);
        let scopes = match self.0.clients.now().powers_with(std::slice::from_ref(&role)) {
            Ok(scopes) => scopes,
            Err(error) => return refused(error.to_string()),
        };
        if !required(&row.status).is_some_and(|required| required.is_satisfied_by(&scopes)) {
            return refused(format!("the role `{}` does not allow it", role.trim_start_matches("assume:")));
        }
        let trace = base::telemetry::traceparent();
        let answer = self.0.db.rerun_task(task_id, trace.as_deref(), self.0.clock.now()).await?;
        Ok(match answer.outcome {
            Outcome::DoneNow | Outcome::Done => {
                let pending = answer
                    .task
                    .iter()
                    .map(|task| NewlyPending { task_queue_id: task.status.task_queue_id.clone(), count: 1 });
                self.0.notifications.tasks_pending(&pending.collect::<Vec<_>>());
                Ok(task_id)
            }
            outcome => Err(format!("the queue refuses it: {outcome:?}")),
        })
    }
}

/// The scopes of `rerunTask`.
fn required(task: &TaskStatus) -> Option<ScopeExpression> {
    let endpoint = reference::service("queue")?.endpoint("rerunTask")?;
    let params = ScopeParams::new()
        .text("taskId", task.task_id.to_string())
        .text("taskGroupId", task.task_group_id.to_string())
        .text("schedulerId", &task.scheduler_id)
        .text("projectId", &task.project_id);
    endpoint.scopes.as_ref()?.render(&params).ok()?
}
