//! From events to job messages.

use std::collections::{HashMap, HashSet};

use base::telemetry::{Counter, Label};
use bus::{ContentType, Message};
use db::DbError;
use protocol::{
    id::{RunId, TaskId},
    status::TaskStatus,
    treeherder::{Destination, Dialect, Job, JobBuilder, JobConfig, JobTrigger, Problem, ReportedTask},
};

use super::{
    Reporter,
    problems::{Problems, Reported},
    task_cache::TaskCache,
};

/// Builds job messages; caches definitions of tasks, and which problems were noted.
pub(super) struct JobMessages {
    builder: JobBuilder,
    exchanges: Vec<(Dialect, String)>,
    tasks: TaskCache,
    problems: Problems,
    jobs: Counter,
}

/// A task as it was then, and what its jobs are to be reported for.
pub(super) type TaskTrigger = (TaskStatus, JobTrigger);

type Artifacts = HashMap<(TaskId, RunId), Vec<String>>;

impl JobMessages {
    pub(super) fn new(reporter: &Reporter) -> Self {
        let settings = &reporter.settings;
        Self {
            builder: JobBuilder {
                root_url: reporter.root_url.clone(),
                report_unscheduled: settings.report_unscheduled,
                close_unscheduled: settings.close_unscheduled,
                link_limit: settings.link_limit.into(),
            },
            exchanges: settings.exchanges(&reporter.names),
            tasks: TaskCache::default(),
            problems: Problems::new(&settings.name),
            jobs: Counter::new("treeherder", "drover.treeherder.jobs", "{message}", "Job messages that were built."),
        }
    }

    /// The messages for these, in their order. What cannot be reported has been noted by then.
    pub(super) async fn build(
        &mut self,
        reporter: &Reporter,
        triggers: &[TaskTrigger],
    ) -> Result<Vec<Message>, DbError> {
        let ids: Vec<TaskId> = triggers.iter().map(|(status, _)| status.task_id).collect();
        self.tasks.load(&reporter.db, &ids, &reporter.settings.route_prefixes).await?;
        let artifacts = self.artifacts(reporter, triggers).await?;
        let mut messages = Vec::with_capacity(triggers.len());
        let mut outcomes = Vec::with_capacity(triggers.len());
        for (status, trigger) in triggers {
            let Some(task) = self.tasks.get(status.task_id) else {
                tracing::debug!(task.id = %status.task_id, "task expired before it was reported");
                continue;
            };
            let problems = match &*task {
                Ok(task) => self.append(reporter, task, (status, *trigger), &artifacts, &mut messages),
                Err(problem) => vec![problem.clone()],
            };
            let is_replay = matches!(trigger, JobTrigger::Replay(_));
            outcomes.push(Reported { task_id: status.task_id, problems, is_replay });
        }
        self.problems.note(reporter, outcomes).await?;
        Ok(messages)
    }

    /// Appends the messages for one trigger; returns what could not be reported.
    fn append(
        &self,
        reporter: &Reporter,
        task: &ReportedTask,
        (status, trigger): (&TaskStatus, JobTrigger),
        artifacts: &Artifacts,
        messages: &mut Vec<Message>,
    ) -> Vec<Problem> {
        let of_run = trigger.ended_run(status).and_then(|run_id| artifacts.get(&(status.task_id, run_id)));
        let artifacts = of_run.map_or(&[][..], Vec::as_slice);
        let mut problems = Vec::new();
        for destination in &task.destinations {
            match (destination, &task.config) {
                (Ok(destination), _) if !reporter.reports_to(destination) => {}
                (Ok(destination), Ok(config)) => {
                    let trigger = (status, trigger, artifacts);
                    problems.extend(self.append_for(destination, (task, config), trigger, messages));
                }
                (Err(problem), _) | (Ok(_), Err(problem)) => problems.push(problem.clone()),
            }
        }
        problems
    }

    /// The same for one destination, in every dialect that is published.
    fn append_for(
        &self,
        destination: &Destination,
        task: (&ReportedTask, &JobConfig),
        (status, trigger, artifacts): (&TaskStatus, JobTrigger, &[String]),
        messages: &mut Vec<Message>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (dialect, exchange) in &self.exchanges {
            let (jobs, partial) = self.builder.jobs(task, destination, (status, trigger), artifacts, *dialect);
            problems.extend(partial);
            for job in jobs {
                match message(&job, destination, *dialect, exchange) {
                    Ok(message) => {
                        self.jobs.add(1, &[Label::new("exchange", exchange.clone())]);
                        messages.push(message);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
        problems
    }

    /// Names of artifacts of the runs that these triggers resolved, in one query.
    async fn artifacts(&self, reporter: &Reporter, triggers: &[TaskTrigger]) -> Result<Artifacts, DbError> {
        let ended = triggers
            .iter()
            .filter_map(|(status, trigger)| trigger.ended_run(status).map(|run_id| (status.task_id, run_id)));
        let runs: Vec<(TaskId, RunId)> = ended.collect::<HashSet<_>>().into_iter().collect();
        // One more than is reported, so that it is known when there are more.
        let limit = i32::from(reporter.settings.link_limit) + 1;
        let names = reporter.db.run_artifact_names(&runs, limit).await?;
        Ok(runs.into_iter().zip(names).collect())
    }
}

impl Reporter {
    fn reports_to(&self, destination: &Destination) -> bool {
        self.settings.projects.is_empty() || self.settings.projects.contains(&destination.project)
    }
}

fn message(job: &Job, destination: &Destination, dialect: Dialect, exchange: &str) -> Result<Message, Problem> {
    let message = job.message(destination, dialect).inspect_err(|_| {
        tracing::debug!(?job, "job message does not pass its schema");
    })?;
    Ok(Message {
        exchange: exchange.into(),
        routing_key: message.routing_key,
        cc: Vec::new(),
        content_type: ContentType::Json,
        body: message.body.into(),
        id: String::new(),
        replayed: false,
    })
}
