//! What the tests build tasks and statuses with.

use serde_json::{Value, json};

use crate::{
    id::{RunId, TaskId, TaskQueueId},
    state::{Priority, ReasonCreated, ReasonResolved, TaskState},
    status::{RunStatus, TaskStatus},
    time::{self, Timestamp},
    treeherder::{Dialect, Job, JobBuilder, JobTrigger, Problem, ReportedTask},
};

pub(super) const TASK: &str = "fN1SbArXTPSVFNUvaOlinQ";
pub(super) const ROOT: &str = "https://drover.example";
pub(super) const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) fn at(second: u32) -> Timestamp {
    time::parse(&format!("2026-08-21T19:{:02}:{:02}.123Z", second / 60, second % 60)).unwrap()
}

pub(super) fn prefixes() -> Vec<String> {
    vec!["tc-treeherder".to_owned()]
}

pub(super) fn builder() -> JobBuilder {
    JobBuilder { root_url: ROOT.to_owned(), report_unscheduled: true, close_unscheduled: false, link_limit: 1000 }
}

/// A stored definition with this `extra.treeherder`.
pub(super) fn definition(treeherder: &Value) -> Value {
    json!({
        "created": "2026-08-21T19:00:00.123Z",
        "deadline": "2026-08-22T19:00:00.123Z",
        "extra": { "treeherder": treeherder },
        "metadata": { "name": "build-linux64/opt", "description": "Builds it.", "owner": "dev@example.com", "source": "https://example.com" },
        "payload": { "command": ["true"] },
        "routes": [format!("tc-treeherder.v2.autoland.{REVISION}.4711"), "index.project.latest"],
        "workerType": "b-linux",
    })
}

pub(super) fn read(definition: &Value) -> ReportedTask {
    ReportedTask::read(TASK.parse().unwrap(), &definition.to_string(), &prefixes()).unwrap()
}

pub(super) fn run(run_id: RunId, state: TaskState) -> RunStatus {
    let started = !matches!(state, TaskState::Pending);
    let second = u32::try_from(run_id).unwrap() * 10;
    RunStatus {
        run_id,
        state,
        reason_created: if run_id == 0 { ReasonCreated::Scheduled } else { ReasonCreated::Retry },
        reason_resolved: match state {
            TaskState::Completed => Some(ReasonResolved::Completed),
            TaskState::Failed => Some(ReasonResolved::Failed),
            TaskState::Exception => Some(ReasonResolved::InternalError),
            _ => None,
        },
        worker_group: started.then(|| "us-east-1".to_owned()),
        worker_id: started.then(|| "i-0abc".to_owned()),
        taken_until: None,
        scheduled: at(second + 1),
        started: started.then(|| at(second + 2)),
        resolved: state.is_resolved().then(|| at(second + 3)),
    }
}

pub(super) fn status(runs: Vec<RunStatus>) -> TaskStatus {
    let task_id: TaskId = TASK.parse().unwrap();
    TaskStatus {
        task_id,
        provisioner_id: "proj".to_owned(),
        worker_type: "b-linux".to_owned(),
        task_queue_id: TaskQueueId("proj/b-linux".to_owned()),
        scheduler_id: "-".to_owned(),
        project_id: "none".to_owned(),
        task_group_id: task_id.into(),
        priority: Priority::Low,
        deadline: at(3000),
        expires: at(3500),
        retries_left: 5,
        state: runs.last().map_or(TaskState::Unscheduled, |run| run.state),
        runs,
    }
}

/// The jobs of a task, and what had to be left out. Nothing, if it cannot be reported at all.
pub(super) fn jobs_of(
    builder: &JobBuilder,
    task: &ReportedTask,
    (status, trigger): (&TaskStatus, JobTrigger),
    artifacts: &[&str],
    dialect: Dialect,
) -> (Vec<Job>, Vec<Problem>) {
    let artifacts: Vec<String> = artifacts.iter().map(|name| (*name).to_owned()).collect();
    let (Ok(config), Some(Ok(destination))) = (&task.config, task.destinations.first()) else {
        return (Vec::new(), Vec::new());
    };
    let jobs = builder.jobs((task, config), destination, (status, trigger), &artifacts, dialect);
    for job in &jobs.0 {
        job.message(destination, dialect).expect("every message of every test passes its schema");
    }
    jobs
}

/// The one job in the present form, as JSON.
pub(super) fn present(task: &ReportedTask, status: &TaskStatus, trigger: JobTrigger, artifacts: &[&str]) -> Value {
    let (jobs, problems) = jobs_of(&builder(), task, (status, trigger), artifacts, Dialect::Present);
    assert_eq!((jobs.len(), problems), (1, vec![]));
    serde_json::to_value(&jobs[0]).unwrap()
}
