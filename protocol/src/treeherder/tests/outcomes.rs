//! The table of states and results, row by row.

use serde_json::json;

use super::env::{TASK, builder, definition, jobs_of, present, read, run, status};
use crate::{
    event::EventKind,
    id::RunId,
    state::{ReasonCreated, ReasonResolved, TaskState},
    status::RunStatus,
    treeherder::{Dialect, JobBuilder, JobKind, JobTrigger, Outcome},
};

fn exception(run_id: RunId, reason: ReasonResolved) -> RunStatus {
    RunStatus { reason_resolved: Some(reason), ..run(run_id, TaskState::Exception) }
}

fn next(reason_created: ReasonCreated) -> RunStatus {
    RunStatus { reason_created, ..run(1, TaskState::Pending) }
}

#[test]
fn every_row_of_the_table_of_states() {
    use JobKind::{Build, Test};
    use ReasonResolved as Reason;
    let one = |state| vec![run(0, state)];
    let ended = |reason| vec![exception(0, reason)];
    let followed = |created| vec![exception(0, Reason::WorkerShutdown), next(created)];
    // Runs, what happened, then state, result, retried, and the word under which Treeherder keeps it.
    let rows = [
        (vec![], JobTrigger::Defined, "unscheduled", "unknown", false, "unscheduled"),
        (one(TaskState::Pending), JobTrigger::Pending(0), "pending", "unknown", false, "pending"),
        (one(TaskState::Running), JobTrigger::Changed(0), "running", "unknown", false, "running"),
        (one(TaskState::Completed), JobTrigger::Changed(0), "completed", "success", false, "success"),
        (one(TaskState::Failed), JobTrigger::Changed(0), "completed", "fail", false, "testfailed"),
        (ended(Reason::Canceled), JobTrigger::Changed(0), "completed", "canceled", false, "usercancel"),
        (ended(Reason::Superseded), JobTrigger::Changed(0), "completed", "superseded", false, "superseded"),
        (ended(Reason::DeadlineExceeded), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::ClaimExpired), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::MalformedPayload), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::ResourceUnavailable), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::InternalError), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::WorkerShutdown), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (ended(Reason::IntermittentTask), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (followed(ReasonCreated::Retry), JobTrigger::Changed(0), "completed", "exception", true, "retry"),
        (followed(ReasonCreated::TaskRetry), JobTrigger::Changed(0), "completed", "exception", true, "retry"),
        (followed(ReasonCreated::Rerun), JobTrigger::Changed(0), "completed", "exception", false, "exception"),
        (followed(ReasonCreated::Retry), JobTrigger::Pending(1), "pending", "unknown", false, "pending"),
    ];
    let task = read(&definition(&json!({ "symbol": "B", "jobKind": "test" })));
    for (runs, trigger, state, result, retried, stored) in rows {
        let status = status(runs);
        let job = present(&task, &status, trigger, &[]);
        assert_eq!((&job["state"], &job["result"]), (&json!(state), &json!(result)), "{stored}");
        assert_eq!(job["isRetried"], json!(retried), "{stored}");
        let run_id = job["retryId"].as_i64().unwrap().try_into().unwrap();
        let outcome = Outcome::of(&status, run_id).unwrap_or(Outcome::UNSCHEDULED);
        assert_eq!(outcome.stored_as(Test), stored);
        let otherwise = if stored == "testfailed" { "busted" } else { stored };
        assert_eq!(outcome.stored_as(Build), otherwise);
    }
}

#[test]
fn a_rerun_leaves_the_earlier_run_as_it_was() {
    let task = read(&definition(&json!({ "symbol": "B" })));
    let again = RunStatus { reason_created: ReasonCreated::Rerun, ..run(1, TaskState::Completed) };
    let status = status(vec![run(0, TaskState::Failed), again]);
    let (first, second) =
        (present(&task, &status, JobTrigger::Replay(0), &[]), present(&task, &status, JobTrigger::Replay(1), &[]));
    assert_eq!((&first["result"], &first["isRetried"]), (&json!("fail"), &json!(false)));
    assert_eq!(second["result"], "success");
    assert_ne!(first["taskId"], second["taskId"], "every run is a job of its own");
}

#[test]
fn a_task_resolved_while_unscheduled_is_reported_only_on_request() {
    let task = read(&definition(&json!({ "symbol": "B" })));
    for (reason, result) in [(ReasonResolved::Canceled, "canceled"), (ReasonResolved::DeadlineExceeded, "exception")] {
        let born = RunStatus {
            reason_created: ReasonCreated::Exception,
            worker_group: None,
            worker_id: None,
            started: None,
            ..exception(0, reason)
        };
        let status = status(vec![born]);
        let happened = (&status, JobTrigger::Changed(0));
        assert_eq!(jobs_of(&builder(), &task, happened, &[], Dialect::Present), (vec![], vec![]));

        let closing = JobBuilder { close_unscheduled: true, ..builder() };
        let (jobs, problems) = jobs_of(&closing, &task, happened, &[], Dialect::Present);
        let job = serde_json::to_value(&jobs[0]).unwrap();
        assert_eq!((jobs.len(), problems), (1, vec![]));
        assert_eq!((&job["state"], &job["result"]), (&json!("completed"), &json!(result)));
        assert_eq!((job.get("timeStarted"), job.get("timeCompleted").is_some()), (None, true));
        assert_eq!(job["taskId"], present(&task, &status_without_runs(), JobTrigger::Defined, &[])["taskId"]);
    }
}

fn status_without_runs() -> crate::status::TaskStatus {
    status(vec![])
}

#[test]
fn tasks_without_a_run_are_reported_unless_that_is_switched_off() {
    let task = read(&definition(&json!({ "symbol": "B" })));
    let status = status(vec![]);
    let quiet = JobBuilder { report_unscheduled: false, ..builder() };
    assert_eq!(jobs_of(&quiet, &task, (&status, JobTrigger::Defined), &[], Dialect::Present).0, []);
    let job = present(&task, &status, JobTrigger::Defined, &[]);
    assert_eq!((&job["retryId"], job.get("logs"), job.get("timeStarted")), (&json!(0), None, None));
}

#[test]
fn only_events_that_change_a_job_are_triggers() {
    for (kind, trigger) in [
        (EventKind::TaskDefined, Some(JobTrigger::Defined)),
        (EventKind::TaskPending, Some(JobTrigger::Pending(3))),
        (EventKind::TaskRunning, Some(JobTrigger::Changed(3))),
        (EventKind::TaskCompleted, Some(JobTrigger::Changed(3))),
        (EventKind::TaskFailed, Some(JobTrigger::Changed(3))),
        (EventKind::TaskException, Some(JobTrigger::Changed(3))),
        (EventKind::ArtifactCreated, None),
        (EventKind::TaskPriorityChanged, None),
        (EventKind::TaskGroupResolved, None),
    ] {
        assert_eq!(JobTrigger::of(kind, Some(3)), trigger);
    }
    assert_eq!(JobTrigger::of(EventKind::TaskException, None), None);
}

#[test]
fn the_guid_is_the_uuid_in_hyphens_and_the_run() {
    let task = read(&definition(&json!({ "symbol": "B" })));
    let job = present(&task, &status(vec![run(0, TaskState::Running)]), JobTrigger::Changed(0), &[]);
    assert_eq!(TASK, "fN1SbArXTPSVFNUvaOlinQ");
    assert_eq!(job["taskId"], "7cdd526c-0ad7-4cf4-9514-d52f68e9629d/0");
    assert_eq!(job["retryId"], 0);
}

#[test]
fn all_of_a_task_is_one_trigger_for_each_run() {
    assert_eq!(JobTrigger::all_of(&status(vec![])), [JobTrigger::Defined]);
    let two = status(vec![run(0, TaskState::Exception), run(1, TaskState::Running)]);
    assert_eq!(JobTrigger::all_of(&two), [JobTrigger::Replay(0), JobTrigger::Replay(1)]);
}
