use serde_json::{Value, json};

use super::env::{REVISION, builder, definition, jobs_of, read, run, status};
use crate::{
    schema,
    state::{ReasonCreated, TaskState},
    status::{RunStatus, TaskStatus},
    treeherder::{Dialect, JobTrigger},
};

fn jobs(definition: &Value, status: &TaskStatus, trigger: JobTrigger) -> Vec<Value> {
    let (jobs, _) = jobs_of(&builder(), &read(definition), (status, trigger), &["public/a"], Dialect::Of2019);
    jobs.iter().map(|job| serde_json::to_value(job).unwrap()).collect()
}

fn task() -> Value {
    definition(&json!({ "symbol": "B" }))
}

#[test]
fn the_origin_names_the_host_of_the_repository() {
    let status = status(vec![run(0, TaskState::Running)]);
    let mut definition = task();
    for (route, origin) in [
        (
            format!("tc-treeherder.v2.autoland.{REVISION}.4711"),
            json!({ "kind": "hg.mozilla.org", "project": "autoland", "revision": REVISION, "pushLogID": 4711 }),
        ),
        (
            format!("tc-treeherder.v2.autoland.{REVISION}"),
            json!({ "kind": "hg.mozilla.org", "project": "autoland", "revision": REVISION }),
        ),
        (
            format!("tc-treeherder.v2.mozilla-mobile/fenix.{REVISION}.12"),
            json!({
                "kind": "github.com", "owner": "mozilla-mobile", "project": "fenix", "revision": REVISION,
                "pullRequestID": 12,
            }),
        ),
    ] {
        definition["routes"] = json!([route]);
        assert_eq!(jobs(&definition, &status, JobTrigger::Changed(0))[0]["origin"], origin);
    }
}

#[test]
fn names_are_shorter_and_the_log_has_its_old_name() {
    let mut definition = definition(&json!({ "symbol": "B", "groupName": "g".repeat(200) }));
    definition["metadata"]["name"] = json!("n".repeat(200));
    definition["metadata"]["owner"] = json!("o".repeat(200));
    let job = &jobs(&definition, &status(vec![run(0, TaskState::Completed)]), JobTrigger::Changed(0))[0];
    assert_eq!(job["display"]["jobName"], "n".repeat(99));
    assert_eq!(job["display"]["groupName"], "g".repeat(100));
    assert_eq!(job["owner"], "o".repeat(50));
    assert_eq!(job["logs"][0]["name"], "builds-4h");
}

#[test]
fn a_task_without_a_run_is_not_reported() {
    assert_eq!(jobs(&task(), &status(vec![]), JobTrigger::Defined), Vec::<Value>::new());
}

#[test]
fn a_retry_is_reported_with_the_next_pending_run_and_not_with_the_exception() {
    for created in [ReasonCreated::Retry, ReasonCreated::Rerun] {
        let next = RunStatus { reason_created: created, ..run(1, TaskState::Pending) };
        let status = status(vec![run(0, TaskState::Exception), next]);
        let ended = &jobs(&task(), &status, JobTrigger::Changed(0))[0];
        assert_eq!((&ended["result"], &ended["isRetried"]), (&json!("exception"), &json!(false)));

        let reported = jobs(&task(), &status, JobTrigger::Pending(1));
        assert_eq!(reported.len(), 2);
        let (before, pending) = (&reported[0], &reported[1]);
        assert_eq!(before["taskId"], ended["taskId"]);
        assert_eq!((&before["state"], &before["result"]), (&json!("completed"), &json!("fail")));
        assert_eq!(before["isRetried"], true);
        let absent = ["logs", "timeStarted", "timeCompleted"].map(|field| before.get(field).is_none());
        assert_eq!(absent, [true; 3]);
        assert_eq!((&pending["retryId"], &pending["state"]), (&json!(1), &json!("pending")));
    }
}

#[test]
fn neither_form_passes_the_schema_of_the_other() {
    let (task, status) = (read(&task()), status(vec![run(0, TaskState::Completed)]));
    for (dialect, other) in [(Dialect::Present, "job-message-2019"), (Dialect::Of2019, "job-message")] {
        let (jobs, _) = jobs_of(&builder(), &task, (&status, JobTrigger::Changed(0)), &[], dialect);
        let job = serde_json::to_value(&jobs[0]).unwrap();
        assert!(schema::check("treeherder", other, &job).is_err());
    }
}

#[test]
fn names_too_long_for_the_routing_key_are_a_problem_of_this_form_only() {
    let mut definition = task();
    definition["routes"] = json!([format!("tc-treeherder.v2.{}.{REVISION}", "p".repeat(26))]);
    let task = read(&definition);
    let (config, destination) = (task.config.as_ref().unwrap(), task.destinations[0].as_ref().unwrap());
    let status = status(vec![run(0, TaskState::Running)]);
    for (dialect, code) in [(Dialect::Present, None), (Dialect::Of2019, Some("key-of-2019"))] {
        let (jobs, _) = builder().jobs((&task, config), destination, (&status, JobTrigger::Changed(0)), &[], dialect);
        let problem = jobs[0].message(destination, dialect).err();
        assert_eq!(problem.map(|problem| problem.code()), code);
    }
}
