//! A delivery that is to become tasks: what happens with it, but for the questions to GitHub.

use std::{sync::Arc, time::Duration};

use db::{
    github::{BuildOutcome, DeliveryLease, NewBuild},
    queue::{Created, NewlyPending},
};
use protocol::{
    exchanges::github::TASK_GROUP_CREATION_REQUESTED,
    github::{BuildEvent, CHECKS_ROUTE, Order, SCHEDULER_ID, STATUSES_ROUTE, TaskclusterYml, TasksFor},
    id::{TaskGroupId, TaskId},
    scope::ScopeSet,
    time::{self, Timestamp},
};
use serde_json::{Value, json};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    Github, GithubError, JobError, Result,
    graph::{Powers, prepare},
    message::sanitized,
    template::{Ids, RenderContext},
};
use crate::queue::types::NewTask;

/// What is known of an event once GitHub was asked.
#[derive(Debug, Clone)]
pub struct Job {
    pub lease: DeliveryLease,
    pub event: BuildEvent,
    pub tasks_for: TasksFor,
    /// The head of the push or pull request.
    pub sha: String,
    /// The body of the delivery, and what comments add to it.
    pub body: Value,
    pub file: TaskclusterYml,
}

/// What a job came to.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutcome {
    /// Tasks were created, now or by an earlier attempt.
    Created(TaskGroupId),
    /// The file has no tasks for this event.
    NoTasks,
    /// A newer event of the same subject came first.
    Late,
    /// Another process has the delivery.
    Lost,
    Refused(JobError),
}

/// Rendering that takes longer is given up. It ends by its own limits.
const RENDER_LIMIT: Duration = Duration::from_secs(10);

impl Github {
    /// Renders the file and creates its tasks, all of them or none. A repeat makes no others.
    pub async fn carry_out(&self, job: &Job) -> Result<JobOutcome> {
        let mut prepared = self.prepare(job).await;
        if self.refresh_roles(prepared.as_ref().is_err_and(JobError::is_of_role)).await {
            prepared = self.prepare(job).await;
        }
        let tasks = match prepared {
            Ok(Some(tasks)) => tasks,
            Ok(None) => return Ok(JobOutcome::NoTasks),
            Err(error) => return Ok(JobOutcome::Refused(error)),
        };
        let Some(first) = tasks.first() else { return Ok(JobOutcome::NoTasks) };
        let group = first.definition.task_group_id;
        let rows = tasks.iter().map(NewTask::row).collect::<Result<Vec<_>, _>>();
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return Ok(JobOutcome::Refused(JobError::Template(error.to_string()))),
        };
        let (build, reports) = (Self::new_build(job, group), self.reports(job, &tasks));
        let (trace, now) = (base::telemetry::traceparent(), self.0.clock.now());
        let outcome = self.0.db.github_build(&build?, &rows, &reports, trace.as_deref(), now).await?;
        Ok(match outcome {
            BuildOutcome::New(created) => {
                self.notify_of(&tasks, &created);
                JobOutcome::Created(group)
            }
            BuildOutcome::Repeated => JobOutcome::Created(group),
            BuildOutcome::Late => JobOutcome::Late,
            BuildOutcome::Lost => JobOutcome::Lost,
            BuildOutcome::Refused(created) => JobOutcome::Refused(refusal(&tasks, &created)),
        })
    }

    /// What the tasks of a job may do, by the role of its event.
    pub(super) fn powers(&self, job: &Job) -> Result<(String, Arc<ScopeSet>), JobError> {
        let role = job.event.role_scope(job.tasks_for);
        let route = if job.file.by_checks() { CHECKS_ROUTE } else { STATUSES_ROUTE };
        self.powers_of(&role, &[&format!("queue:route:{route}")])
    }

    /// Of a role, which is given as the scope that assumes it, with scopes besides; and its name.
    pub(super) fn powers_of(&self, role: &str, more: &[&str]) -> Result<(String, Arc<ScopeSet>), JobError> {
        let scheduler = format!("queue:scheduler-id:{SCHEDULER_ID}");
        let scopes: Vec<String> = [role, &scheduler].iter().chain(more).map(|scope| (*scope).to_owned()).collect();
        let expanded = self.0.clients.now().powers_with(&scopes);
        let role = role.trim_start_matches("assume:").to_owned();
        Ok((role, expanded.map_err(|error| JobError::Template(error.to_string()))?))
    }

    pub(super) fn ids(&self, lease: &DeliveryLease) -> Ids {
        Ids::new(self.0.settings.private_key.reveal().as_bytes(), &lease.delivery_id)
    }

    /// After an attempt that lacked scopes; whether it is worth another one. The copy of roles is up to a second old: another process
    /// may have granted what was missing.
    pub(super) async fn refresh_roles(&self, lacked_scopes: bool) -> bool {
        let Some(auth) = self.0.auth.as_ref().filter(|_| lacked_scopes) else { return false };
        let loaded = auth.load().await;
        if let Err(error) = &loaded {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "roles could not be refreshed");
        }
        loaded.is_ok()
    }

    async fn prepare(&self, job: &Job) -> Result<Option<Vec<NewTask>>, JobError> {
        let (role, scopes) = self.powers(job)?;
        let at = (self.0.root_url.as_str(), self.0.clock.now());
        let command = job.event.command.as_deref();
        let context = RenderContext::of_event(&job.file, job.tasks_for, job.body.clone(), command, at);
        self.prepare_tasks(job.file.clone(), context, self.ids(&job.lease), (role, scopes)).await
    }

    pub(super) async fn prepare_tasks(
        &self,
        file: TaskclusterYml,
        context: RenderContext,
        ids: Ids,
        (role, scopes): (String, Arc<ScopeSet>),
    ) -> Result<Option<Vec<NewTask>>, JobError> {
        let powers = Powers { role, scopes, limits: self.0.limits };
        let work = spawn_blocking(move || prepare(&file, &context, &ids, &powers));
        match timeout(RENDER_LIMIT, work).await {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(panic)) => Err(JobError::Template(panic.to_string())),
            Err(_) => Err(JobError::Template(format!("it takes longer than {RENDER_LIMIT:?}"))),
        }
    }

    fn new_build(job: &Job, group: TaskGroupId) -> Result<NewBuild> {
        let Job { event, file, .. } = job;
        let repository = &event.repository;
        let (organization, name) = (sanitized(&repository.owner), sanitized(&repository.name));
        let key = TASK_GROUP_CREATION_REQUESTED.routing_key(|field| match field {
            "organization" => Some(organization.as_str().into()),
            "repository" => Some(name.as_str().into()),
            _ => None,
        });
        let message = json!({ "version": 1, "organization": organization, "repository": name, "taskGroupId": group });
        let route = if file.by_checks() { CHECKS_ROUTE } else { STATUSES_ROUTE };
        let cancel_class = event.cancel_class();
        Ok(NewBuild {
            lease: job.lease.clone(),
            task_group_id: group,
            installation: event.installation,
            repository: repository.clone(),
            sha: job.sha.clone(),
            before_sha: before(&event.order),
            event_time: updated(&event.order),
            event_type: event.event_type(),
            pull_request: event.pull_request,
            subject: event.subject(),
            cancels_previous: cancel_class.is_some() && file.cancels_previous,
            cancel_class,
            by_checks: file.by_checks(),
            routing_key: key.map_err(GithubError::RoutingKey)?,
            cc: vec![format!("route.{route}")],
            message: message.to_string(),
        })
    }

    pub(super) fn notify_of(&self, tasks: &[NewTask], created: &[Created]) {
        let ready = |(task, outcome): (&NewTask, &Created)| {
            (*outcome == Created::New { ready: true })
                .then(|| NewlyPending { task_queue_id: task.definition.task_queue_id.clone(), count: 1 })
        };
        let pending: Vec<_> = tasks.iter().zip(created).filter_map(ready).collect();
        self.0.notifications.tasks_pending(&pending);
        self.0.wakeups.reports.notify();
    }
}

fn before(order: &Order) -> Option<String> {
    if let Order::Push { before, .. } = order { Some(before.clone()) } else { None }
}

fn updated(order: &Order) -> Option<Timestamp> {
    if let Order::Updated(text) = order { time::parse(text) } else { None }
}

pub(super) fn refusal(tasks: &[NewTask], created: &[Created]) -> JobError {
    let found = tasks.iter().zip(created).find_map(|(task, outcome)| {
        let words = match outcome {
            Created::Same => Some("this taskId is taken already".to_owned()),
            outcome => task.creation_error(outcome).map(|error| error.to_string()),
        };
        words.map(|words| (task.task_id, words))
    });
    let unknown = || (TaskId::from_random([0; 16]), "the queue refuses it".to_owned());
    let (task_id, words) = found.unwrap_or_else(unknown);
    JobError::task(task_id, words)
}
