//! From what was heard to the messages about it.

use std::collections::{HashMap, HashSet};

use base::telemetry::{Counter, Label};
use bus::{ContentType, Message};
use db::DbError;
use protocol::{
    id::{RunId, TaskId},
    status::TaskStatus,
    treeherder::{Destination, Dialect, Happening, Job, JobConfig, Making, Problem, ReportedTask},
};

use super::{
    Reporter,
    known::KnownTasks,
    problems::{Problems, Told},
};

/// Makes messages; remembers what it has been told of tasks, and of which it has complained.
pub(super) struct Telling {
    making: Making,
    exchanges: Vec<(Dialect, String)>,
    known: KnownTasks,
    problems: Problems,
    jobs: Counter,
}

/// Something that happened to a task, or is to be told once more.
pub(super) type Event = (TaskStatus, Happening);

type Artifacts = HashMap<(TaskId, RunId), Vec<String>>;

impl Telling {
    pub(super) fn new(reporter: &Reporter) -> Self {
        let settings = &reporter.settings;
        Self {
            making: Making {
                root_url: reporter.root_url.clone(),
                report_unscheduled: settings.report_unscheduled,
                close_unscheduled: settings.close_unscheduled,
                link_limit: settings.link_limit.into(),
            },
            exchanges: settings.exchanges(&reporter.names),
            known: KnownTasks::default(),
            problems: Problems::new(&settings.name),
            jobs: Counter::new("treeherder", "drover.treeherder.jobs", "{message}", "Job messages that were made."),
        }
    }

    /// The messages about these events, in their order. What cannot be said has been noted by then.
    pub(super) async fn messages(&mut self, reporter: &Reporter, events: &[Event]) -> Result<Vec<Message>, DbError> {
        let ids: Vec<TaskId> = events.iter().map(|(status, _)| status.task_id).collect();
        self.known.learn(&reporter.db, &ids, &reporter.settings.route_prefixes).await?;
        let artifacts = self.artifacts(reporter, events).await?;
        let mut messages = Vec::with_capacity(events.len());
        let mut told = Vec::with_capacity(events.len());
        for (status, happening) in events {
            let Some(task) = self.known.get(status.task_id) else {
                tracing::debug!(task.id = %status.task_id, "a task has expired before it was told of");
                continue;
            };
            let problems = match &*task {
                Ok(task) => self.tell(reporter, task, (status, *happening), &artifacts, &mut messages),
                Err(problem) => vec![problem.clone()],
            };
            let is_whole = matches!(happening, Happening::Again(_));
            told.push(Told { task_id: status.task_id, problems, is_whole });
        }
        self.problems.note(reporter, told).await?;
        Ok(messages)
    }

    /// Appends the messages about one event; answers what could not be said.
    fn tell(
        &self,
        reporter: &Reporter,
        task: &ReportedTask,
        (status, happening): (&TaskStatus, Happening),
        artifacts: &Artifacts,
        messages: &mut Vec<Message>,
    ) -> Vec<Problem> {
        let of_run = happening.ended_run(status).and_then(|run_id| artifacts.get(&(status.task_id, run_id)));
        let artifacts = of_run.map_or(&[][..], Vec::as_slice);
        let mut problems = Vec::new();
        for destination in &task.destinations {
            match (destination, &task.config) {
                (Ok(destination), _) if !reporter.tells_of(destination) => {}
                (Ok(destination), Ok(config)) => {
                    let happened = (status, happening, artifacts);
                    problems.extend(self.tell_to(destination, (task, config), happened, messages));
                }
                (Err(problem), _) | (Ok(_), Err(problem)) => problems.push(problem.clone()),
            }
        }
        problems
    }

    /// The same for one destination, in every form that is sent.
    fn tell_to(
        &self,
        destination: &Destination,
        task: (&ReportedTask, &JobConfig),
        (status, happening, artifacts): (&TaskStatus, Happening, &[String]),
        messages: &mut Vec<Message>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (dialect, exchange) in &self.exchanges {
            let (jobs, partial) = self.making.jobs(task, destination, (status, happening), artifacts, *dialect);
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

    /// Names of what the runs left behind that ended with these events, in one question.
    async fn artifacts(&self, reporter: &Reporter, events: &[Event]) -> Result<Artifacts, DbError> {
        let ended = events
            .iter()
            .filter_map(|(status, happening)| happening.ended_run(status).map(|run_id| (status.task_id, run_id)));
        let runs: Vec<(TaskId, RunId)> = ended.collect::<HashSet<_>>().into_iter().collect();
        // One more than is told, so that it is known when there are more.
        let limit = i32::from(reporter.settings.link_limit) + 1;
        let names = reporter.db.run_artifact_names(&runs, limit).await?;
        Ok(runs.into_iter().zip(names).collect())
    }
}

impl Reporter {
    fn tells_of(&self, destination: &Destination) -> bool {
        self.settings.projects.is_empty() || self.settings.projects.contains(&destination.project)
    }
}

fn message(job: &Job, destination: &Destination, dialect: Dialect, exchange: &str) -> Result<Message, Problem> {
    let message = job.message(destination, dialect).inspect_err(|_| {
        // The payload that nobody gets, for whoever looks for the reason.
        tracing::debug!(?job, "a job message does not pass its schema");
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
