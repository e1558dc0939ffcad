//! Notifications that tasks have routes for.

use bus::MemoryBus;
use protocol::{
    event::{TaskChange, TaskEvent},
    id::TaskId,
    state::TaskState,
};
use serde_json::{Value, json};

use super::*;
use crate::notify::RouteListener;

struct Routes {
    env: TestEnv,
    listener: RouteListener,
}

impl Routes {
    async fn start() -> Self {
        let env = TestEnv::start().await;
        let listener = RouteListener {
            notify: env.notify.clone(),
            bus: Arc::new(MemoryBus::default()),
            rng: Rng::seeded(3),
            events: "events".to_owned(),
            root_url: "https://ci.example".to_owned(),
        };
        Self { env, listener }
    }

    /// The summaries of what was stored, after the event was received twice.
    async fn after(&self, event: &TaskEvent, task: &Value) -> Vec<String> {
        for _ in 0..2 {
            self.listener.notify_about(event, task).await.unwrap();
        }
        let mut stored: Vec<String> = self.env.stored().await.into_iter().map(|row| row.summary).collect();
        stored.sort();
        stored
    }

    async fn content(&self) -> Value {
        serde_json::from_str(&self.env.stored().await[0].content).unwrap()
    }
}

fn event(change: TaskChange, state: &str, reason: &str, routes: &[&str]) -> TaskEvent {
    let id = TaskId::from_random([7; 16]);
    let time = "2026-11-27T12:00:00.000Z";
    let run =
        json!({"runId": 0, "state": state, "reasonCreated": "scheduled", "reasonResolved": reason, "scheduled": time});
    let status = json!({
        "taskId": id, "provisionerId": "p", "workerType": "q", "taskQueueId": "p/q", "schedulerId": "-", "projectId": "none",
        "taskGroupId": id, "priority": "lowest", "deadline": time, "expires": time, "retriesLeft": 5, "state": state, "runs": [run],
    });
    let routes = routes.iter().map(|route| (*route).to_owned()).collect();
    TaskEvent {
        status: serde_json::from_value(status).unwrap(),
        tags: std::collections::BTreeMap::new(),
        routes,
        change,
    }
}

fn failed(routes: &[&str]) -> TaskEvent {
    event(TaskChange::Failed { run_id: 0 }, "failed", "failed", routes)
}

fn task(texts: &Value) -> Value {
    json!({"metadata": {"name": "build <x>"}, "extra": {"notify": texts}})
}

#[tokio::test]
async fn each_event_and_route_gives_one_notification_however_often_it_is_received() {
    let env = Routes::start().await;
    let routes = [
        "notify.email.a@example.com.on-failed",
        "notify.email.a@example.com.on-resolved",
        "notify.slack-channel.C1.on-any",
        "notify.matrix-room.!r:example.com.on-transition",
        "notify.pulse.my.topic.on-failed",
        "notify.email.a@example.com.on-completed",
        "notify.email.not an address.on-failed",
        "notify.fax.1.on-failed",
        "index.a.b",
    ];
    let stored = env.after(&failed(&routes), &task(&json!({}))).await;
    let words: Vec<&str> = stored.iter().filter_map(|line| line.split([' ', ':']).next()).collect();
    // The second mail says the same as the first, and is suppressed as such.
    assert_eq!(words, ["Task", "Task", "Task", "Task", "my.topic"], "{stored:?}");
    let suppressed =
        env.env.stored().await.into_iter().filter(|row| row.state == NotificationState::Suppressed).count();
    assert_eq!(suppressed, 1);
}

#[tokio::test]
async fn what_somebody_wanted_or_goes_on_is_no_exception() {
    let env = Routes::start().await;
    let routes = ["notify.email.a@example.com.on-exception", "notify.email.b@example.com.on-transition"];
    let change = || TaskChange::Exception { run_id: 0 };
    for reason in ["canceled", "deadline-exceeded"] {
        assert!(env.after(&event(change(), "exception", reason, &routes), &Value::Null).await.is_empty());
    }
    let mut retried = event(change(), "exception", "claim-expired", &routes);
    retried.status.state = TaskState::Pending;
    assert!(env.after(&retried, &Value::Null).await.is_empty());
    assert_eq!(env.after(&event(change(), "exception", "worker-shutdown", &routes), &Value::Null).await.len(), 2);
}

#[tokio::test]
async fn a_task_may_have_texts_of_its_own() {
    let env = Routes::start().await;
    let texts = json!({"email": {
        "subject": "${task.metadata.name}: ${status.state}",
        "content": {"$if": "status.state == 'failed'", "then": "see ${rootUrl}/tasks/${taskId}"},
        "link": {"text": "Log", "href": "https://example.com/log"},
        "template": "fullscreen",
    }});
    env.after(&failed(&["notify.email.a@example.com.on-failed"]), &task(&texts)).await;
    let content = env.content().await;
    let id = TaskId::from_random([7; 16]);
    assert_eq!(content["subject"], "build <x>: failed");
    assert_eq!(content["content"], format!("see https://ci.example/tasks/{id}"));
    assert_eq!((&content["link"]["text"], &content["template"]), (&json!("Log"), &json!("fullscreen")));
}

#[tokio::test]
async fn a_template_that_fails_loses_no_notification() {
    let deep = (0..300).fold(json!("x"), |inner, _| json!([inner]));
    for (number, bad) in [
        json!({"email": {"subject": "${nothing.there}"}}),
        json!({"email": {"subject": {"$eval": "1 + 1"}}}),
        json!({"email": {"subject": "a\r\nBcc: b@example.com"}}),
        json!({"email": {"link": {"text": "x", "href": "javascript:alert(1)"}}}),
        json!({"email": {"content": {"$map": {"$eval": "range(0, 100000)"}, "each(x)": {"$map": {"$eval": "range(0, 100000)"}, "each(y)": "z"}}}}),
        json!({"email": {"content": deep}}),
        json!({"email": {"template": "fancy"}}),
        json!({"email": {"subject": "x".repeat(256)}}),
    ]
    .into_iter()
    .enumerate()
    {
        let env = Routes::start().await;
        let stored = env.after(&failed(&["notify.email.a@example.com.on-failed"]), &task(&bad)).await;
        assert_eq!(stored.len(), 1, "{number}");
        assert!(stored[0].starts_with("Task failed: build <x>"), "{number}: {stored:?}");
        let content = env.content().await["content"].as_str().unwrap().to_owned();
        assert!(content.contains("cannot be used"), "{number}: {content}");
    }
}
