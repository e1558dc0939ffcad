//! What cannot be reported, and reporters that end in the middle.

use serde_json::json;

use super::env::{REVISION, TestEnv};
use crate::queue::Report;

#[tokio::test]
async fn a_task_that_cannot_be_reported_gets_a_note_and_holds_no_other_up() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    let odd = env.create(env.task(&json!({ "symbol": 7 }))).await;
    let mut routeless = env.task(&json!({ "symbol": "T" }));
    routeless.definition.routes = vec!["tc-treeherder.v2.autoland.abc".to_owned()];
    let routeless = env.create(routeless).await;
    env.created().await;
    assert_eq!(jobs.words(2).await, ["0 unscheduled unknown", "0 pending unknown"]);

    for (task, kind, words) in [(odd, "config", "data/symbol must be of type string"), (routeless, "revision", "`abc`")]
    {
        let notes = env.notes(task).await;
        assert_eq!((notes.len(), &*notes[0].source, &*notes[0].kind), (1, "treeherder", kind));
        assert!(notes[0].message.contains(words), "{}", notes[0].message);
    }
    env.stop().await;
}

#[tokio::test]
async fn what_is_left_out_of_a_message_is_noted_too() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    let (task_id, run_id) = env.claimed().await;
    let artifact = db::artifact::NewArtifact {
        key: db::artifact::ArtifactKey { task_id, run_id, name: format!("public/{}/x", "y".repeat(500)) },
        storage_type: protocol::state::StorageType::Reference,
        content_type: "text/plain".to_owned(),
        details: json!({ "url": "https://example.com" }),
        expires: base::Clock::now(&env.clock),
        content_length: None,
        trace: None,
    };
    env.db.create_artifact(&artifact, base::Clock::now(&env.clock)).await.unwrap();
    env.report((task_id, run_id), Report::Completed).await;
    jobs.words(3).await;
    assert_eq!(jobs.next().await["jobInfo"]["links"], json!([]));
    let notes = env.notes(task_id).await;
    assert_eq!(notes[0].kind, "links-dropped");
    env.stop().await;
}

#[tokio::test]
async fn a_reporter_that_ends_loses_nothing_and_keeps_the_order() {
    let mut env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    env.created().await;
    jobs.words(2).await;
    env.stop_reporter().await;
    env.report(env.claimed().await, Report::Completed).await;
    env.start_reporter().await;
    assert_eq!(jobs.words(2).await, ["0 running unknown", "0 completed success"]);
    env.stop().await;
}

#[tokio::test]
async fn two_reporters_of_a_name_report_everything_once_and_in_order() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    let second = env.reporter.clone().consumer();
    let second = crate::kit::Supervisor::start(vec![second], base::Rng::seeded(9)).await;
    for _ in 0..20 {
        env.created().await;
        env.report(env.claimed().await, Report::Completed).await;
    }
    let mut reported: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for _ in 0..80 {
        let job = jobs.next().await;
        reported.entry(job["taskId"].to_string()).or_default().push(job["state"].as_str().unwrap().to_owned());
    }
    assert_eq!(reported.len(), 20);
    assert!(
        reported.values().all(|states| states == &["unscheduled", "pending", "running", "completed"]),
        "{reported:?}"
    );
    second.stop(super::env::SOON).await;
    env.stop().await;
}

#[tokio::test]
async fn what_is_no_event_is_dead_lettered() {
    let env = TestEnv::start().await;
    let mut jobs = env.jobs().await;
    let message = |body: &str| bus::Message {
        exchange: env.reporter.events.as_str().into(),
        routing_key: "primary".to_owned(),
        cc: vec![format!("route.tc-treeherder.v2.autoland.{REVISION}")],
        content_type: bus::ContentType::Protobuf,
        body: body.to_owned().into(),
        id: String::new(),
        replayed: false,
    };
    let bodies = [message(""), message("{}"), message("no event")];
    env.bus.publish(&bodies, super::env::SOON).await.unwrap();
    env.created().await;
    assert_eq!(jobs.words(2).await, ["0 unscheduled unknown", "0 pending unknown"]);
    let letters = env.db.dead_letters(Some("drover/treeherder/treeherder"), None, 0, 9).await.unwrap();
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|message| message.reason.starts_with("it cannot be read: ")), "{letters:?}");
    env.stop().await;
}
