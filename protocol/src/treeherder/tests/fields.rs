//! The fields that do not depend on what became of the run.

use serde_json::{Value, json};

use super::env::{REVISION, builder, definition, jobs_of, present, read, run, status};
use crate::{
    state::TaskState,
    status::RunStatus,
    treeherder::{Dialect, JobTrigger, Problem},
};

fn task() -> Value {
    definition(&json!({ "symbol": "B" }))
}

fn running(definition: &Value) -> Value {
    present(&read(definition), &status(vec![run(0, TaskState::Running)]), JobTrigger::Changed(0), &[])
}

#[test]
fn a_whole_message() {
    let completed = status(vec![run(0, TaskState::Completed)]);
    let job = present(&read(&task()), &completed, JobTrigger::Changed(0), &["public/build/target.tar.gz"]);
    let run = "https://drover.example/api/queue/v1/task/fN1SbArXTPSVFNUvaOlinQ/runs/0/artifacts";
    let expected = json!({
        "taskId": "7cdd526c-0ad7-4cf4-9514-d52f68e9629d/0",
        "retryId": 0,
        "isRetried": false,
        "buildSystem": "taskcluster",
        "owner": "dev@example.com",
        "origin": { "project": "autoland", "revision": REVISION, "id": 4711 },
        "display": { "jobSymbol": "B", "groupSymbol": "?", "jobName": "build-linux64/opt" },
        "state": "completed",
        "result": "success",
        "tier": 1,
        "jobKind": "other",
        "reason": "scheduled",
        "labels": ["opt"],
        "timeScheduled": "2026-08-21T19:00:00.123Z",
        "timeStarted": "2026-08-21T19:00:02.123Z",
        "timeCompleted": "2026-08-21T19:00:03.123Z",
        "buildMachine": { "name": "i-0abc", "platform": "b-linux", "os": "-", "architecture": "-" },
        "jobInfo": { "summary": "Builds it.", "links": [{
            "label": "artifact uploaded", "linkText": "target.tar.gz", "url": format!("{run}/public/build/target.tar.gz"),
        }] },
        "logs": [{ "name": "live_backing_log", "url": format!("{run}/public/logs/live_backing.log") }],
        "version": 1,
    });
    assert_eq!(job, expected);
}

#[test]
fn owners_and_names_are_cut_on_characters() {
    let mut definition = task();
    for (letter, owner, name) in [("x", 50, 139), ("ü", 50, 139), ("🦊", 50, 139)] {
        definition["metadata"]["owner"] = json!(letter.repeat(255));
        definition["metadata"]["name"] = json!(letter.repeat(255));
        let job = running(&definition);
        assert_eq!(job["owner"], letter.repeat(owner));
        assert_eq!(job["display"]["jobName"], letter.repeat(name));
    }
}

#[test]
fn an_owner_who_is_nobody_is_left_out() {
    let mut definition = task();
    definition["metadata"]["owner"] = json!("");
    assert_eq!(running(&definition).get("owner"), None);
}

#[test]
fn times_appear_as_the_run_goes_on() {
    let task = read(&task());
    let times = |job: &Value| [job.get("timeStarted").is_some(), job.get("timeCompleted").is_some()];
    let pending = present(&task, &status(vec![run(0, TaskState::Pending)]), JobTrigger::Pending(0), &[]);
    assert_eq!(times(&pending), [false, false]);
    let running = present(&task, &status(vec![run(0, TaskState::Running)]), JobTrigger::Changed(0), &[]);
    assert_eq!(times(&running), [true, false]);
    let failed = present(&task, &status(vec![run(0, TaskState::Failed)]), JobTrigger::Changed(0), &[]);
    assert_eq!(times(&failed), [true, true]);
    let never_started = RunStatus { started: None, worker_id: None, ..run(0, TaskState::Exception) };
    let ended = present(&task, &status(vec![never_started]), JobTrigger::Changed(0), &[]);
    assert_eq!(times(&ended), [false, true]);
    assert_eq!(ended["buildMachine"]["name"], "unknown");
    assert_eq!(ended["timeScheduled"], "2026-08-21T19:00:00.123Z", "that of the task and not of the run");
}

#[test]
fn a_worker_id_that_is_no_name_is_reported_as_unknown_and_noted() {
    let task = read(&task());
    for worker_id in ["größe", "a b", "a.b", &"x".repeat(51)] {
        let run = RunStatus { worker_id: Some(worker_id.to_owned()), ..run(0, TaskState::Running) };
        let happened = (&status(vec![run]), JobTrigger::Changed(0));
        let (jobs, problems) = jobs_of(&builder(), &task, happened, &[], Dialect::Present);
        assert_eq!(jobs[0].build_machine.name, "unknown");
        assert_eq!(problems, [Problem::Worker(worker_id.to_owned())]);
        assert!(!problems[0].is_total());
    }
}

/// The bridge claims builds as runs of tasks of the queue `buildbot/<master>`.
#[test]
fn a_build_of_the_bridge_is_a_job_like_any_other() {
    let mut definition = task();
    definition["workerType"] = json!("release-master1");
    let build = RunStatus {
        worker_group: Some("release-master1".to_owned()),
        worker_id: Some("bld-linux64-spot-017".to_owned()),
        ..run(0, TaskState::Failed)
    };
    let job = present(&read(&definition), &status(vec![build]), JobTrigger::Changed(0), &[]);
    assert_eq!(job["buildSystem"], "taskcluster");
    let machine =
        json!({ "name": "bld-linux64-spot-017", "platform": "release-master1", "os": "-", "architecture": "-" });
    assert_eq!(job["buildMachine"], machine);
}

#[test]
fn a_route_without_push_id_has_the_id_0_and_an_owner_is_cut_off() {
    let mut definition = task();
    definition["routes"] = json!([format!("tc-treeherder.v2.mozilla-mobile/fenix.{REVISION}")]);
    assert_eq!(running(&definition)["origin"], json!({ "project": "fenix", "revision": REVISION, "id": 0 }));
}

#[test]
fn a_task_without_a_name_makes_no_message() {
    let mut definition = task();
    definition["metadata"]["name"] = json!("");
    let task = read(&definition);
    let (config, destination) = (task.config.as_ref().unwrap(), task.destinations[0].as_ref().unwrap());
    let status = status(vec![]);
    let (jobs, _) = builder().jobs((&task, config), destination, (&status, JobTrigger::Defined), &[], Dialect::Present);
    let problem = jobs[0].message(destination, Dialect::Present).unwrap_err();
    assert!(problem.to_string().contains("data/display/jobName"), "{problem}");
}

#[test]
fn the_routing_key_is_prefix_and_project() {
    let task = read(&task());
    let (config, destination) = (task.config.as_ref().unwrap(), task.destinations[0].as_ref().unwrap());
    let status = status(vec![]);
    let (jobs, _) = builder().jobs((&task, config), destination, (&status, JobTrigger::Defined), &[], Dialect::Present);
    assert_eq!(jobs[0].message(destination, Dialect::Present).unwrap().routing_key, "tc-treeherder.autoland._");
}
