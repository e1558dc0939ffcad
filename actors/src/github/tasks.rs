//! Consumes events of tasks that GitHub is shown, and of their groups. A report never goes back, so that events may come again and
//! in any order.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use base::Rng;
use bus::{Bus, BusError, Exchange, Message, Subscription};
use db::github::NewReport;
use protocol::{
    event::{Event, EventKind, EventPayload, TaskEvent},
    github::{CHECKS_ROUTE, ReportKind, STATUSES_ROUTE, without_mentions},
    id::{TaskGroupId, TaskId},
    state::TaskState,
    task::TaskDefinition,
};

use super::{
    BuildRow, Github, GithubError, Result,
    check::{Check, never_ran, rank},
};
use crate::kit::{Child, Consumer, ConsumerContext, DeadLetters};

pub const QUEUE: &str = "drover/github/tasks";

/// What listens to events of tasks.
#[derive(Clone)]
pub struct TaskListener {
    pub github: Github,
    pub bus: Arc<dyn Bus>,
    pub rng: Rng,
    /// The internal exchange of events.
    pub events: String,
}

impl TaskListener {
    /// The consumer, to be supervised. Several processes may run one.
    pub fn consumer(self) -> Child {
        let inner = &self.github.0;
        let dead_letters = Some(DeadLetters::new(inner.db.clone(), inner.clock.clone(), QUEUE));
        let context = ConsumerContext { bus: self.bus.clone(), rng: self.rng.clone(), dead_letters };
        context.child("github/tasks", move || TaskConsumer(self.clone()))
    }
}

struct TaskConsumer(TaskListener);

/// What an event is about.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Task(Box<TaskEvent>),
    Group(TaskGroupId),
}

impl Consumer for TaskConsumer {
    type Item = Change;
    type Error = GithubError;

    fn subscription(&self) -> Subscription {
        let events = &self.0.events;
        Subscription::durable(QUEUE)
            .bind(events, &format!("route.{CHECKS_ROUTE}"))
            .bind(events, &format!("route.{STATUSES_ROUTE}"))
            .bind(events, &format!("{}.#", EventKind::TaskGroupResolved.as_str()))
            .confirm_after_ack()
            .signed()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::topic(&self.0.events)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<Change>, String> {
        let event = Event::from_proto(&message.body).map_err(|error| error.to_string())?;
        Ok(match event.payload {
            EventPayload::Task(task) => Some(Change::Task(task)),
            EventPayload::Group(group) => Some(Change::Group(group.task_group_id)),
            _ => None,
        })
    }

    async fn consume(&mut self, changes: &[Change]) -> Result<()> {
        self.0.github.tasks_changed(changes).await
    }

    fn is_permanent(error: &GithubError) -> bool {
        error.is_permanent()
    }
}

impl Github {
    /// Brings reports and builds up to date with these events.
    pub(super) async fn tasks_changed(&self, changes: &[Change]) -> Result<()> {
        let groups: BTreeSet<TaskGroupId> = changes.iter().map(Change::group).collect();
        let groups: Vec<TaskGroupId> = groups.into_iter().collect();
        let builds = self.0.db.github_builds_of_groups(&groups).await?;
        let builds: HashMap<TaskGroupId, &BuildRow> = builds.iter().map(|build| (build.task_group_id, build)).collect();
        let events = changes.iter().filter_map(|change| match change {
            Change::Task(event) => builds.get(&event.status.task_group_id).map(|build| (event.as_ref(), *build)),
            Change::Group(_) => None,
        });
        let events: Vec<(&TaskEvent, &BuildRow)> =
            events.filter(|(event, _)| event.routes.iter().any(|route| route == CHECKS_ROUTE)).collect();
        self.checks_changed(&events).await?;
        for group in builds.keys() {
            self.0.db.github_group_changed(*group, self.0.clock.now()).await?;
        }
        if !builds.is_empty() {
            self.0.wakeups.reports.notify();
        }
        Ok(())
    }

    async fn checks_changed(&self, events: &[(&TaskEvent, &BuildRow)]) -> Result<()> {
        let ids: BTreeSet<TaskId> = events.iter().map(|(event, _)| event.status.task_id).collect();
        let ids: Vec<TaskId> = ids.into_iter().collect();
        let rows = self.0.db.tasks(&ids, true).await?;
        let definitions: HashMap<TaskId, TaskDefinition> = rows
            .iter()
            .filter_map(|row| Some((row.status.task_id, serde_json::from_str(&row.definition).ok()?)))
            .collect();
        for (event, build) in events {
            // A task that has expired meanwhile needs no check.
            let Some(definition) = definitions.get(&event.status.task_id) else { continue };
            let report = self.check_report(event, build, definition).await?;
            self.0.db.github_report_put(&report, self.0.clock.now()).await?;
        }
        Ok(())
    }

    async fn check_report(&self, event: &TaskEvent, build: &BuildRow, task: &TaskDefinition) -> Result<NewReport> {
        let status = &event.status;
        let waited_for = if never_ran(status) { self.failed_dependency(task).await? } else { None };
        let check = Check {
            task_id: status.task_id,
            name: &task.metadata.name,
            description: &task.metadata.description,
            sha: &build.sha,
            root_url: &self.0.root_url,
        };
        Ok(NewReport {
            kind: ReportKind::Check,
            repository: build.repository.clone(),
            subject: status.task_id.to_string(),
            installation: build.installation,
            task_group_id: Some(build.task_group_id),
            content: check.of(status, waited_for.as_deref()),
            rank: rank(status),
        })
    }

    /// Why a task was never started: the first of its dependencies that is not completed.
    async fn failed_dependency(&self, task: &TaskDefinition) -> Result<Option<String>> {
        let rows = self.0.db.tasks(&task.dependencies, true).await?;
        let unfinished = rows.iter().find(|row| row.status.state != TaskState::Completed);
        Ok(unfinished.map(|row| {
            let required: Option<TaskDefinition> = serde_json::from_str(&row.definition).ok();
            let name = required.map_or_else(|| row.status.task_id.to_string(), |it| it.metadata.name);
            format!("`{}`, which it depends on, is {}", without_mentions(&name), row.status.state)
        }))
    }
}

impl Change {
    fn group(&self) -> TaskGroupId {
        match self {
            Self::Task(event) => event.status.task_group_id,
            Self::Group(group) => *group,
        }
    }
}
