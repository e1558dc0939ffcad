//! A push of 200 tasks, and its messages.

use serde_json::{Value, json};

use super::env::{at, builder, definition, jobs_of, prefixes, run, status};
use crate::{
    id::{RunId, TaskId},
    state::{ReasonCreated, ReasonResolved, TaskState},
    status::{RunStatus, TaskStatus},
    treeherder::{Dialect, JobTrigger, ReportedTask},
};

/// A task of the push, where it stands, and what its last run left behind.
pub(super) struct PushedTask {
    pub(super) task: ReportedTask,
    pub(super) status: TaskStatus,
    artifacts: Vec<&'static str>,
}

const PLATFORMS: [&str; 4] = ["linux64", "windows11-64", "macosx1500", "android-hw"];
const SUITES: [(&str, &str); 4] = [("?", ""), ("M", "Mochitests"), ("W", "Web platform tests"), ("X", "Unit tests")];

pub(super) fn push() -> Vec<PushedTask> {
    (0..200).map(pushed_task).collect()
}

fn pushed_task(number: u8) -> PushedTask {
    let n = usize::from(number);
    let (group, group_name) = SUITES[n / 4 % 4];
    let is_build = group == "?";
    let mut config = json!({
        "symbol": if is_build { "B".to_owned() } else { (n / 16 + 1).to_string() },
        "machine": { "platform": PLATFORMS[n % 4], "os": "any", "architecture": "x86_64" },
        "labels": [if n % 8 < 4 { "opt" } else { "debug" }],
        "jobKind": if is_build { "build" } else { "test" },
        "tier": n % 3 + 1,
    });
    if !is_build {
        config["groupSymbol"] = json!(group);
        config["groupName"] = json!(group_name);
    }
    let mut definition = definition(&config);
    definition["metadata"]["name"] =
        json!(format!("{}-{}-{n}", if is_build { "build" } else { "test" }, PLATFORMS[n % 4]));
    let task_id = TaskId::from_random([number; 16]);
    let (runs, artifacts) = life(n);
    let task = ReportedTask::read(task_id, &definition.to_string(), &prefixes()).unwrap();
    PushedTask { task, status: TaskStatus { task_id, ..status(runs) }, artifacts }
}

/// Most succeed; all else happens too.
fn life(number: usize) -> (Vec<RunStatus>, Vec<&'static str>) {
    let ended =
        |run_id: RunId, reason| RunStatus { reason_resolved: Some(reason), ..run(run_id, TaskState::Exception) };
    let by = |reason_created, run: RunStatus| RunStatus { reason_created, ..run };
    let logs = vec!["public/logs/live.log", "public/logs/live_backing.log"];
    match number % 20 {
        0 => (vec![], vec![]),
        1 => (vec![run(0, TaskState::Pending)], vec![]),
        2 => (vec![run(0, TaskState::Running)], vec![]),
        3 => (vec![run(0, TaskState::Failed)], [logs, vec!["public/test_info/x_errorsummary.log"]].concat()),
        4 => (vec![ended(0, ReasonResolved::WorkerShutdown), run(1, TaskState::Completed)], logs),
        5 => {
            let second = by(ReasonCreated::TaskRetry, run(1, TaskState::Failed));
            (vec![ended(0, ReasonResolved::IntermittentTask), second], logs)
        }
        6 => (vec![RunStatus { started: None, worker_id: None, ..ended(0, ReasonResolved::Canceled) }], vec![]),
        7 => (vec![ended(0, ReasonResolved::DeadlineExceeded)], vec!["public/partial.txt"]),
        8 => (vec![run(0, TaskState::Failed), by(ReasonCreated::Rerun, run(1, TaskState::Completed))], logs),
        9 => (
            vec![by(
                ReasonCreated::Exception,
                RunStatus {
                    started: None,
                    worker_id: None,
                    resolved: Some(at(9)),
                    ..ended(0, ReasonResolved::Canceled)
                },
            )],
            vec![],
        ),
        10 => (vec![ended(0, ReasonResolved::MalformedPayload)], logs),
        _ => (
            vec![run(0, TaskState::Completed)],
            [logs, vec!["public/build/target.tar.gz", "public/perfherder-data-build.json"]].concat(),
        ),
    }
}

/// Every run of each task, reported once.
fn messages(dialect: Dialect) -> Vec<Value> {
    let mut messages = Vec::new();
    for PushedTask { task, status, artifacts } in push() {
        for trigger in JobTrigger::all_of(&status) {
            let (jobs, problems) = jobs_of(&builder(), &task, (&status, trigger), &artifacts, dialect);
            assert_eq!(problems, []);
            messages.extend(jobs.iter().map(|job| serde_json::to_value(job).unwrap()));
        }
    }
    messages
}

#[test]
fn a_push_of_200_jobs_matches_the_golden_messages() {
    compare(include_str!("push.jsonl"), &messages(Dialect::Present));
}

#[test]
fn and_so_it_is_in_the_form_of_2019() {
    compare(include_str!("push-2019.jsonl"), &messages(Dialect::Of2019));
}

fn compare(written: &str, messages: &[Value]) {
    for (number, (written, message)) in (1..).zip(written.lines().zip(messages)) {
        assert_eq!(written, message.to_string(), "line {number}; `print_the_push` tells how to write the file anew");
    }
    assert_eq!(written.lines().count(), messages.len());
}

/// After a change that is meant, in `protocol/src/treeherder/tests` (this crate itself writes no files):
///
/// ```text
/// cargo test -p protocol print_the_push -- --ignored --nocapture | grep '^{.*"kind":"hg' >push-2019.jsonl
/// cargo test -p protocol print_the_push -- --ignored --nocapture | grep '^{' | grep -v '"kind":"hg' >push.jsonl
/// ```
#[test]
#[ignore = "it only prints"]
fn print_the_push() {
    for dialect in [Dialect::Present, Dialect::Of2019] {
        println!();
        for message in messages(dialect) {
            println!("{message}");
        }
    }
}
