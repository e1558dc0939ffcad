use serde_json::{Value, json};

use super::env::{ROOT, builder, definition, jobs_of, present, read, run, status};
use crate::{
    schema,
    state::TaskState,
    treeherder::{Dialect, JobBuilder, JobTrigger, Problem, ReportedTask},
};

fn task() -> ReportedTask {
    read(&definition(&json!({ "symbol": "B" })))
}

fn ended(state: TaskState, artifacts: &[&str]) -> Value {
    present(&task(), &status(vec![run(0, state)]), JobTrigger::Changed(0), artifacts)
}

fn texts(job: &Value) -> Vec<&str> {
    job["jobInfo"]["links"].as_array().unwrap().iter().map(|link| link["linkText"].as_str().unwrap()).collect()
}

#[test]
fn logs_are_linked_for_runs_that_ended_by_themselves() {
    let url = format!("{ROOT}/api/queue/v1/task/fN1SbArXTPSVFNUvaOlinQ/runs/0/artifacts/public/logs/live_backing.log");
    let log = json!([{ "name": "live_backing_log", "url": url }]);
    assert_eq!(ended(TaskState::Completed, &[])["logs"], log);
    assert_eq!(ended(TaskState::Failed, &[])["logs"], log);
    assert_eq!(ended(TaskState::Exception, &[])["logs"], json!([]));
    let running = present(&task(), &status(vec![run(0, TaskState::Running)]), JobTrigger::Changed(0), &[]);
    assert_eq!((running.get("logs"), &running["jobInfo"]["links"]), (None, &json!([])));
}

#[test]
fn artifacts_are_linked_however_the_run_ended() {
    for state in [TaskState::Completed, TaskState::Failed, TaskState::Exception] {
        assert_eq!(texts(&ended(state, &["public/a.txt"])), ["a.txt"]);
    }
}

#[test]
fn a_text_seen_before_gets_a_number_and_a_name_without_text_no_link() {
    let names = ["a/x.log", "b/x.log", "b/y.log", "c/", "c/x.log", "plain"];
    assert_eq!(texts(&ended(TaskState::Completed, &names)), ["x.log", "x.log (1)", "y.log", "x.log (2)", "plain"]);
}

#[test]
fn addresses_are_encoded_as_uris() {
    let job = ended(TaskState::Completed, &["public/a b/größe 100%?#[x].log"]);
    let url = job["jobInfo"]["links"][0]["url"].as_str().unwrap();
    assert!(url.ends_with("/artifacts/public/a%20b/gr%C3%B6%C3%9Fe%20100%25%3F%23%5Bx%5D.log"), "{url}");
    assert_eq!(texts(&job), ["größe 100%?#[x].log"]);
}

#[test]
fn long_texts_are_cut_and_keep_their_number() {
    let long = "x".repeat(126);
    let (one, two) = (format!("a/{long}"), format!("b/{long}"));
    let (jobs, problems) = jobs_of(&builder(), &task(), completed(), &[&one, &two, "plain"], Dialect::Present);
    let texts: Vec<_> = jobs[0].job_info.links.iter().map(|link| link.text.clone()).collect();
    assert_eq!(texts, ["x".repeat(125), format!("{} (1)", "x".repeat(121)), "plain".to_owned()]);
    assert_eq!(problems, [Problem::TextsCut(2)]);

    let long = "ü".repeat(126);
    let (jobs, problems) = jobs_of(&builder(), &task(), completed(), &[&long, "plain"], Dialect::Present);
    assert_eq!(problems, [Problem::LinksDropped(1)], "its address is too long in percent-encoding");
    assert_eq!(jobs[0].job_info.links.len(), 1);
}

fn completed() -> (&'static crate::status::TaskStatus, JobTrigger) {
    (Box::leak(Box::new(status(vec![run(0, TaskState::Completed)]))), JobTrigger::Changed(0))
}

#[test]
fn links_too_long_are_dropped_and_counted() {
    let base = format!("{ROOT}/api/queue/v1/task/fN1SbArXTPSVFNUvaOlinQ/runs/0/artifacts/").len();
    let fits = format!("{}/a", "x".repeat(512 - base - 2));
    let longer = format!("{}/b", "x".repeat(512 - base - 1));
    let (jobs, problems) = jobs_of(&builder(), &task(), completed(), &[&fits, &longer, &longer], Dialect::Present);
    assert_eq!((jobs[0].job_info.links.len(), problems), (1, vec![Problem::LinksDropped(2)]));
}

#[test]
fn a_log_with_too_long_an_address_is_left_out() {
    let builder = JobBuilder { root_url: format!("https://{}.example", "x".repeat(200)), ..builder() };
    let (jobs, problems) = jobs_of(&builder, &task(), completed(), &[], Dialect::Present);
    assert_eq!((jobs[0].logs.as_deref(), problems), (Some(&[][..]), vec![Problem::LogDropped]));
}

#[test]
fn more_artifacts_than_the_limit_are_a_problem_and_no_loss_of_the_job() {
    let builder = JobBuilder { link_limit: 2, ..builder() };
    let (jobs, problems) = jobs_of(&builder, &task(), completed(), &["a", "b", "c"], Dialect::Present);
    assert_eq!((jobs[0].job_info.links.len(), problems), (2, vec![Problem::LinkLimit(2)]));
}

/// What Treeherder itself does not check: addresses and times.
#[test]
fn the_schema_wants_real_addresses_and_times() {
    let mut job = ended(TaskState::Completed, &["a"]);
    assert_eq!(schema::check("treeherder", "job-message", &job), Ok(()));
    job["jobInfo"]["links"][0]["url"] = json!("no uri at all");
    job["timeCompleted"] = json!("soon");
    let faults = schema::check("treeherder", "job-message", &job).unwrap_err();
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/jobInfo/links/0/url", "/timeCompleted"]);
}
