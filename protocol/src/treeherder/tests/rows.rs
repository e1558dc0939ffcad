use serde_json::json;

use super::{
    env::{REVISION, definition, prefixes, run, status},
    golden::push,
};
use crate::{
    id::TaskId,
    state::{ReasonCreated, TaskState},
    status::RunStatus,
    treeherder::{PushRow, PushTask, ReportedTask},
};

fn task(number: u8, treeherder: &serde_json::Value, runs: Vec<RunStatus>) -> PushTask {
    let task_id = TaskId::from_random([number; 16]);
    let task = ReportedTask::read(task_id, &definition(treeherder).to_string(), &prefixes()).unwrap();
    (task, status(runs))
}

fn row(tasks: &[PushTask]) -> PushRow {
    PushRow::of("autoland", REVISION, tasks)
}

#[test]
fn jobs_stand_in_groups_and_groups_in_platforms() {
    let machine = json!({ "platform": "linux64" });
    let test = |symbol: &str| json!({ "symbol": symbol, "groupSymbol": "M", "jobKind": "test", "machine": machine });
    let row = row(&[
        task(1, &test("10"), vec![run(0, TaskState::Failed)]),
        task(2, &test("2"), vec![run(0, TaskState::Running)]),
        task(3, &json!({ "symbol": "B", "machine": machine }), vec![run(0, TaskState::Completed)]),
        task(4, &json!({ "symbol": "B", "machine": machine, "labels": ["debug"] }), vec![]),
    ]);
    let shown: Vec<String> = row
        .platforms
        .iter()
        .map(|platform| {
            let groups: Vec<String> = platform
                .groups
                .iter()
                .map(|group| {
                    let jobs: Vec<_> = group.jobs.iter().map(|job| format!("{}={}", job.symbol, job.result)).collect();
                    format!("{}({})", group.symbol, jobs.join(" "))
                })
                .collect();
            format!("{} {}: {}", platform.platform, platform.labels, groups.join(" "))
        })
        .collect();
    assert_eq!(shown, ["linux64 debug: ?(B=unscheduled)", "linux64 opt: ?(B=success) M(2=running 10=testfailed)"]);
    assert_eq!((row.open(), row.is_green()), (2, false));
}

#[test]
fn every_run_is_a_job_and_a_retry_does_not_spoil_the_row() {
    let retried = vec![run(0, TaskState::Exception), run(1, TaskState::Completed)];
    let row1 = row(&[task(1, &json!({ "symbol": "B" }), retried)]);
    assert_eq!(json!(row1.counts), json!({ "retry": 1, "success": 1 }));
    assert!(row1.is_green());

    let again = RunStatus { reason_created: ReasonCreated::Rerun, ..run(1, TaskState::Completed) };
    let rerun = vec![run(0, TaskState::Failed), again];
    let row2 = row(&[task(1, &json!({ "symbol": "B" }), rerun)]);
    assert_eq!(json!(row2.counts), json!({ "busted": 1, "success": 1 }));
    assert!(!row2.is_green(), "the earlier run stays red");
}

#[test]
fn tasks_that_are_not_shown_are_listed_with_the_reason() {
    let row = row(&[task(1, &json!({ "symbol": 7 }), vec![])]);
    assert_eq!((row.platforms.len(), row.problems.len()), (0, 1));
    assert!(row.problems[0].problem.contains("data/symbol"), "{}", row.problems[0].problem);
    assert!(!row.is_green());
}

#[test]
fn a_row_survives_json() {
    let tasks: Vec<PushTask> = push().into_iter().map(|push| (push.task, push.status)).collect();
    let row = row(&tasks);
    assert_eq!(serde_json::from_value::<PushRow>(json!(row)).unwrap(), row);
    assert_eq!(row.platforms.len(), 8);
}
