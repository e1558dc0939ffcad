//! The task of a job: that of `.taskcluster.yml`, with `tasks_for` as `cron`.

use db::{github::DeliveryLease, queue::Created};
use protocol::{
    github::{CronJobKind, DecisionTask, Repository, TaskclusterYml},
    time,
};
use serde_json::{Map, Value, json};

use super::{
    super::{Github, JobError, JobOutcome, Result, job::refusal, template::RenderContext},
    CronBody,
};
use crate::queue::types::NewTask;

/// A job whose date has come, once GitHub was asked for the file.
#[derive(Debug, Clone)]
pub struct CronTask {
    pub lease: DeliveryLease,
    pub repository: Repository,
    pub body: CronBody,
    pub file: TaskclusterYml,
}

impl Github {
    /// Makes the task. A repeat makes no second one.
    pub async fn make_cron_task(&self, cron: &CronTask) -> Result<JobOutcome> {
        let mut prepared = self.prepare_cron(cron).await;
        if self.refresh_roles(prepared.as_ref().is_err_and(JobError::is_of_role)).await {
            prepared = self.prepare_cron(cron).await;
        }
        let task = match prepared {
            Ok(task) => task,
            Err(error) => return self.refuse_cron(cron, error).await,
        };
        let row = match task.row() {
            Ok(row) => row,
            Err(error) => return self.refuse_cron(cron, fault(cron, error.to_string())).await,
        };
        let now = self.0.clock.now();
        // Nobody else can tell the key.
        let key = format!("github/cron/{}", self.ids(&cron.lease).id("graph"));
        let (graph, outcomes) = self.0.db.create_graph(&key, &task.task_id.to_string(), vec![row], now).await?;
        let Some(outcomes) = outcomes else { return Ok(JobOutcome::Created(graph.task_group_id)) };
        let tasks = [task];
        if !matches!(outcomes[..], [Created::New { .. }]) {
            return self.refuse_cron(cron, refusal(&tasks, &outcomes)).await;
        }
        self.notify_of(&tasks, &outcomes);
        Ok(JobOutcome::Created(graph.task_group_id))
    }

    async fn prepare_cron(&self, cron: &CronTask) -> Result<NewTask, JobError> {
        let job = &cron.body.job;
        let CronJobKind::DecisionTask(decision) = &job.job else {
            return Err(fault(cron, "jobs of the type `trigger-action` are not supported".to_owned()));
        };
        let (role, scopes) = self.powers_of(&cron.repository.cron_scope(&job.name), &[])?;
        if !scopes.may_satisfy_beginning("queue:create-task:") {
            return Err(JobError::NoCronRole { role });
        }
        let ids = self.ids(&cron.lease);
        let context = RenderContext {
            variables: self.variables(cron, decision),
            route: None,
            root_url: self.0.root_url.clone(),
            now: self.0.clock.now(),
        };
        let tasks = self.prepare_tasks(cron.file.clone(), context, ids, (role, scopes)).await?.unwrap_or_default();
        let count = tasks.len();
        let [task] = <[NewTask; 1]>::try_from(tasks).map_err(|_| {
            fault(cron, format!("`.taskcluster.yml` must yield one task for `tasks_for` as `cron`; it yields {count}"))
        })?;
        Ok(task)
    }

    fn variables(&self, cron: &CronTask, decision: &DecisionTask) -> Map<String, Value> {
        let CronTask { repository, body, .. } = cron;
        let own_task_id = self.ids(&cron.lease).id("decision task");
        let variables = json!({
            "tasks_for": "cron",
            "ownTaskId": own_task_id,
            "repository": {
                "url": self.0.settings.page_of(repository),
                "project": repository.name,
                "level": self.0.settings.level(repository),
            },
            "push": { "owner": "cron", "branch": body.branch, "revision": body.sha },
            "cron": {
                // Of what makes it, where that is a task; there is none here.
                "task_id": own_task_id,
                "job_name": body.job.name,
                "job_symbol": decision.treeherder_symbol,
                "quoted_args": decision.quoted_args(),
                "input": {},
                "date": time::format(body.date),
            },
        });
        if let Value::Object(variables) = variables { variables } else { Map::new() }
    }

    /// A comment says it on the commit; but nobody may want the jobs of a repository that has no role for them.
    async fn refuse_cron(&self, cron: &CronTask, error: JobError) -> Result<JobOutcome> {
        if !matches!(error, JobError::NoCronRole { .. }) {
            let error = match &error {
                JobError::Cron { .. } => error.clone(),
                // Without its id, which is another one at each date: the same fault is the same comment.
                JobError::Task { words, .. } => fault(cron, words.clone()),
                other => fault(cron, other.to_string()),
            };
            self.comment_on_commit((&cron.repository, cron.body.installation), &cron.body.sha, &error).await?;
        }
        Ok(JobOutcome::Refused(error))
    }
}

fn fault(cron: &CronTask, words: String) -> JobError {
    JobError::Cron { job: cron.body.job.name.clone(), words }
}
