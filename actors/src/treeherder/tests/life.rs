//! From the queue's commands to the messages, over the outbox, the relay and the bus.

use protocol::exchanges::ExchangeNames;
use serde_json::json;

use super::env::{REVISION, TestEnv};
use crate::{
    queue::{Report, types::NewTask},
    treeherder::{Dialects, TreeherderSettings},
};

#[tokio::test]
async fn the_whole_life_of_a_task_is_reported_in_order() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    let task_id = env.created().await;
    env.report(env.claimed().await, Report::Completed).await;

    let expected = ["0 unscheduled unknown", "0 pending unknown", "0 running unknown", "0 completed success"];
    assert_eq!(jobs.words(4).await, expected);
    assert_eq!(env.notes(task_id).await, []);
    env.stop().await;
}

#[tokio::test]
async fn the_message_agrees_with_the_database() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    let (task_id, run_id) = env.claimed().await;
    let link = |name: &str| db::artifact::NewArtifact {
        key: db::artifact::ArtifactKey { task_id, run_id, name: name.to_owned() },
        storage_type: protocol::state::StorageType::Reference,
        content_type: "text/plain".to_owned(),
        details: json!({ "url": "https://example.com" }),
        expires: base::Clock::now(&env.clock),
        content_length: None,
        trace: None,
    };
    for name in ["public/b.txt", "public/a/b.txt"] {
        env.db.create_artifact(&link(name), base::Clock::now(&env.clock)).await.unwrap();
    }
    env.report((task_id, run_id), Report::Failed).await;

    jobs.words(3).await;
    let (message, job) = jobs.message().await;
    assert_eq!(message.routing_key, "tc-treeherder.autoland._");
    assert_eq!(&*message.exchange, "exchange/taskcluster-treeherder/v1/jobs");
    let artifacts = format!("https://drover.example/api/queue/v1/task/{task_id}/runs/0/artifacts");
    let links: Vec<_> =
        job["jobInfo"]["links"].as_array().unwrap().iter().map(|link| (&link["linkText"], &link["url"])).collect();
    assert_eq!(
        links,
        [
            (&json!("b.txt"), &json!(format!("{artifacts}/public/a/b.txt"))),
            (&json!("b.txt (1)"), &json!(format!("{artifacts}/public/b.txt"))),
        ]
    );
    assert_eq!(job["logs"][0]["url"], json!(format!("{artifacts}/public/logs/live_backing.log")));
    assert_eq!(job["origin"], json!({ "project": "autoland", "revision": REVISION, "id": 7 }));
    assert_eq!(job["buildMachine"]["name"], "w");
    env.stop().await;
}

#[tokio::test]
async fn a_retried_run_is_reported_as_retried_before_the_next_one_is_pending() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    env.report(env.claimed().await, Report::Exception(protocol::state::ReasonResolved::WorkerShutdown)).await;
    env.report(env.claimed().await, Report::Failed).await;
    let expected = [
        "0 unscheduled unknown",
        "0 pending unknown",
        "0 running unknown",
        "0 completed exception retried",
        "1 pending unknown",
        "1 running unknown",
        "1 completed fail",
    ];
    assert_eq!(jobs.words(7).await, expected);
    env.stop().await;
}

#[tokio::test]
async fn a_cancelled_task_and_a_rerun_of_it() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    let task_id = env.created().await;
    env.queue.cancel_task(task_id).await.unwrap();
    env.queue.rerun_task(task_id).await.unwrap();
    let expected = ["0 unscheduled unknown", "0 pending unknown", "0 completed canceled", "1 pending unknown"];
    assert_eq!(jobs.words(4).await, expected);
    env.stop().await;
}

#[test]
fn exchanges_stand_in_the_namespace_unless_they_have_names_of_their_own() {
    let names = ExchangeNames::in_namespace("stage").unwrap();
    let mut settings = TreeherderSettings { dialect: Dialects::Both, ..TreeherderSettings::default() };
    let of = |settings: &TreeherderSettings| settings.exchanges(&names).into_iter().map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(of(&settings), ["exchange/stage-treeherder/v1/jobs", "exchange/stage-treeherder/v1/jobs-2019"]);
    settings.exchange = "exchange/me/v1/jobs".to_owned();
    assert_eq!(of(&settings), ["exchange/me/v1/jobs", "exchange/stage-treeherder/v1/jobs-2019"]);
}

#[tokio::test]
async fn both_forms_go_out_side_by_side() {
    let env = TestEnv::with(TreeherderSettings { dialect: Dialects::Both, ..TreeherderSettings::default() }).await;
    let mut jobs = env.jobs().await;
    env.created().await;
    env.report(env.claimed().await, Report::Exception(protocol::state::ReasonResolved::WorkerShutdown)).await;
    let (mut present, mut of_2019) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let (message, job) = jobs.message().await;
        let words = format!("{} {} {}", job["retryId"], job["state"].as_str().unwrap(), job["isRetried"]);
        let form = if message.exchange.ends_with("2019") { &mut of_2019 } else { &mut present };
        form.push(words);
    }
    assert_eq!(
        present,
        ["0 unscheduled false", "0 pending false", "0 running false", "0 completed true", "1 pending false"]
    );
    assert_eq!(
        of_2019,
        ["0 pending false", "0 running false", "0 completed false", "0 completed true", "1 pending false"]
    );
    env.stop().await;
}

#[tokio::test]
async fn prefixes_and_projects_decide_what_is_reported_where() {
    let settings = TreeherderSettings {
        route_prefixes: vec!["tc-treeherder".to_owned(), "tc-treeherder-stage".to_owned()],
        projects: vec!["autoland".to_owned()],
        report_unscheduled: false,
        ..TreeherderSettings::default()
    };
    let env = TestEnv::with(settings).await;
    let mut jobs = env.jobs().await;
    let routed = |routes: &[&str]| {
        let mut task: NewTask = env.task(&json!({ "symbol": "T" }));
        task.definition.routes = routes.iter().map(|route| format!("{route}.{REVISION}")).collect();
        task
    };
    env.create(routed(&["tc-treeherder.v2.try"])).await;
    env.create(routed(&["index.x"])).await;
    env.create(routed(&["tc-treeherder.v2.autoland", "tc-treeherder-stage.v2.autoland"])).await;
    env.create(routed(&["tc-treeherder-stage.v2.autoland"])).await;

    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(jobs.message().await.0.routing_key.clone());
    }
    let (production, stage) = ("tc-treeherder.autoland._", "tc-treeherder-stage.autoland._");
    assert_eq!(keys, [production, stage, stage]);
    env.stop().await;
}
