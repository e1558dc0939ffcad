//! A task is made on earlier pushes that lack it.

use bytes::Bytes;
use chrono::TimeDelta;
use db::artifact::ArtifactKey;
use protocol::{
    id::{TaskId, WorkerName},
    state::TaskState,
};
use serde_json::{Value, json};

use super::env::{ALL, TestEnv};
use crate::{
    index::NewEntry,
    queue::{
        Report,
        tests::new_task,
        types::{ClaimTaskRequest, NewTask, ReportRequest},
    },
};

const NAMESPACE: &str = "sample.v2.project.revision";

impl TestEnv {
    /// A push whose decision task has left this graph behind, and is in the index.
    async fn push(&self, revision: &str, graph: &Value, task_ids: &Value) -> TaskId {
        self.push_with(revision, graph, task_ids, &["queue:create-task:*", "queue:scheduler-id:sample-level-1"]).await
    }

    /// The same with a decision task of these scopes.
    async fn push_with(&self, revision: &str, graph: &Value, task_ids: &Value, scopes: &[&str]) -> TaskId {
        self.clock.advance(TimeDelta::seconds(1));
        let NewTask { task_id, mut definition } = new_task(&self.rng, &self.clock, &[]);
        definition.scheduler_id = "sample-level-1".to_owned();
        definition.metadata.name = "decision".to_owned();
        definition.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        definition.routes = vec![format!("index.{NAMESPACE}.{revision}.taskgraph.decision")];
        let expires = definition.expires;
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap();
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        self.queue.claim_task(ClaimTaskRequest { task_id, run_id: 0, worker }).await.unwrap();
        for (name, content) in [("full-task-graph", graph), ("label-to-taskid", task_ids)] {
            let key = ArtifactKey { task_id, run_id: 0, name: format!("public/{name}.json") };
            let body =
                futures_util::stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(content.to_string()))]);
            self.artifacts.store(key, expires, "application/json", body).await.unwrap();
        }
        self.queue.report(ReportRequest::new(task_id, 0, Report::Completed)).await.unwrap();
        let path = format!("{NAMESPACE}.{revision}.taskgraph.decision").parse().unwrap();
        let entry = NewEntry { path, task_id, rank: 0.0, data: "{}".to_owned(), expires };
        self.index.insert(entry).await.unwrap();
        task_id
    }

    /// A task of this name in the group of a push.
    async fn member(&self, push: TaskId, name: &str) -> TaskId {
        let NewTask { task_id, mut definition } = new_task(&self.rng, &self.clock, &[push]);
        definition.task_group_id = push.into();
        definition.scheduler_id = "sample-level-1".to_owned();
        definition.metadata.name = name.to_owned();
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap().task_id
    }
}

/// A build, and a test that depends on it.
fn graph() -> Value {
    let task = |label: &str, dependencies: Value| {
        json!({
            "label": label, "kind": "k", "attributes": {}, "optimization": null, "dependencies": dependencies,
            "task": {
                "taskQueueId": "p/q", "created": { "relative-datestamp": "0 seconds" },
                "deadline": { "relative-datestamp": "1 hour" }, "expires": { "relative-datestamp": "2 days" },
                "payload": { "env": { "BUILD": { "task-reference": "<decision>" } } },
                "metadata": { "name": label, "description": "d", "owner": "o@example.com", "source": "https://example.com" },
            },
        })
    };
    json!({ "build": task("build", json!({})), "test": task("test", json!({ "build": "build" })) })
}

#[tokio::test]
async fn a_task_is_made_on_earlier_pushes_that_lack_it() {
    let env = TestEnv::start(1).await;
    let older = env.push("c0", &graph(), &json!({})).await;
    let bare = env.push("a1", &graph(), &json!({})).await;
    let without = env.push("d2", &json!({}), &json!({})).await;
    let has = env.push("b3", &graph(), &json!({})).await;
    env.member(has, "test").await;
    let with_build = env.push("f4", &graph(), &json!({})).await;
    let build = env.member(with_build, "build").await;
    let own = env.push("e5", &graph(), &json!({})).await;
    let later = env.push("00", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    let before = env.tasks().await;

    let status = env.act("backfill", target, json!({ "depth": 4 }), &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    let result = env.result(status.task_id, 0).await;
    let groups =
        |of: &str| result[of].as_array().unwrap().iter().map(|push| push["taskGroupId"].clone()).collect::<Vec<_>>();
    assert_eq!(groups("created"), [json!(with_build), json!(bare)], "{result}");
    assert_eq!(groups("skipped"), [json!(has), json!(without)], "{result}");
    let made = |number: usize| result["created"][number]["taskId"].as_str().unwrap().parse::<TaskId>().unwrap();
    let test = env.definition(made(0)).await;
    assert_eq!((test.metadata.name.as_str(), &test.dependencies), ("test", &vec![build, with_build]));
    assert_eq!((test.scheduler_id.as_str(), test.deadline - test.created), ("sample-level-1", TimeDelta::hours(1)));
    assert_eq!(test.payload["env"]["BUILD"], json!(with_build));
    // With the build that it depends on and that this push has not, which begins after the decision task.
    let test = env.definition(made(1)).await;
    assert_eq!(env.definition(test.dependencies[0]).await.dependencies, [bare]);
    assert_eq!((test.dependencies.len(), test.task_group_id), (1, bare.into()));
    assert_eq!(env.tasks().await, before + 4, "the action, a test, and a test with its build");
    for untouched in [older, later] {
        assert_eq!(env.group_size(untouched).await, 1);
    }

    env.queue.rerun_task(status.task_id).await.unwrap();
    assert_eq!(env.resolved(status.task_id).await.state, TaskState::Completed);
    assert_eq!(
        (env.result(status.task_id, 1).await, env.tasks().await),
        (result, before + 4),
        "a repeat makes nothing more"
    );
    env.stop().await;
}

#[tokio::test]
async fn what_cannot_be_backfilled_says_why() {
    let env = TestEnv::start(1).await;
    let alone = env.task(None, &[]).await;
    let error = async |target: TaskId, input: Value, scopes: &[&str]| {
        let status = env.act("backfill", target, input, scopes).await;
        let error = env.result(status.task_id, 0).await["error"]["message"].take();
        error.as_str().unwrap_or_default().to_owned()
    };
    assert!(error(alone, Value::Null, &[ALL]).await.contains("`index.<project>.revision.<revision>.<name>`"));
    assert!(error(alone, json!({ "depth": 0 }), &[ALL]).await.contains("`input/depth` must be 1 to 100; got 0"));
    env.push("a0", &graph(), &json!({})).await;
    let own = env.push("b1", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    let reads = ["queue:get-task:*", "index:*", "queue:list-task-group:*"];
    assert!(error(target, Value::Null, &reads).await.contains("queue:get-artifact:public/full-task-graph.json"));
    assert!(error(target, Value::Null, &reads[..1]).await.contains("index:list-namespaces:sample.v2.project.revision"));
    env.stop().await;
}

#[tokio::test]
async fn a_push_that_cannot_be_read_does_not_hold_up_the_others() {
    let env = TestEnv::start(1).await;
    let good = env.push("a0", &graph(), &json!({})).await;
    let no_graph = env.push("b1", &json!([]), &json!({})).await;
    let mut torn = graph();
    torn["test"]["dependencies"]["none"] = json!("no-such-task");
    let incomplete = env.push("c2", &torn, &json!({})).await;
    let own = env.push("d3", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    let status = env.act("backfill", target, Value::Null, &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    let result = env.result(status.task_id, 0).await;
    let skipped = result["skipped"].as_array().unwrap();
    let of = |number: usize| (&skipped[number]["taskGroupId"], skipped[number]["reason"].as_str().unwrap());
    assert!(of(0).0 == &json!(incomplete) && of(0).1.contains("no-such-task"), "{result}");
    assert!(of(1).0 == &json!(no_graph) && of(1).1.contains("public/full-task-graph.json cannot be read"), "{result}");
    assert_eq!(result["created"][0]["taskGroupId"], json!(good));
    env.stop().await;
}

#[tokio::test]
async fn one_push_is_read_at_a_time_and_an_action_that_takes_long_holds_up_no_other() {
    let env = TestEnv::start(1).await;
    env.push("a0", &graph(), &json!({})).await;
    let own = env.push("b1", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    // As another action would hold it.
    let permit = env.large_files.permit().await;
    let payload = json!({ "action": "backfill", "taskId": target, "taskGroupId": own, "input": null });
    let slow = env.create("built-in/action", payload, &[ALL]).await;
    // More than are carried out at the same time.
    for _ in 0..6 {
        let task = env.task(None, &[]).await;
        assert_eq!(env.act("cancel", task, Value::Null, &[ALL]).await.state, TaskState::Completed);
    }
    assert_eq!(env.queue.status(slow).await.unwrap().state, TaskState::Running);
    drop(permit);
    assert_eq!(env.resolved(slow).await.state, TaskState::Completed);
    env.stop().await;
}

#[tokio::test]
async fn a_repeat_finds_what_it_made_though_the_group_has_changed() {
    let env = TestEnv::start(1).await;
    let push = env.push("a0", &graph(), &json!({})).await;
    let own = env.push("b1", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    let status = env.act("backfill", target, Value::Null, &[ALL]).await;
    let (result, before) = (env.result(status.task_id, 0).await, env.tasks().await);
    assert_eq!(result["created"][0]["tasks"].as_object().unwrap().len(), 2, "{result}");
    // Somebody else makes the build that it made too.
    env.member(push, "build").await;
    env.queue.rerun_task(status.task_id).await.unwrap();
    assert_eq!(env.resolved(status.task_id).await.state, TaskState::Completed);
    assert_eq!((env.result(status.task_id, 1).await, env.tasks().await), (result, before + 1));
    env.stop().await;
}

#[tokio::test]
async fn a_push_is_given_nothing_that_its_decision_task_could_not_have_made() {
    let env = TestEnv::start(1).await;
    let mut greedy = graph();
    greedy["test"]["task"]["scopes"] = json!(["secrets:get:all"]);
    let makes = ["queue:create-task:*", "queue:scheduler-id:sample-level-1"];
    let forged = env.push("a0", &greedy, &json!({})).await;
    let poor = env.push_with("b1", &graph(), &json!({}), &makes[1..]).await;
    let rich = env.push_with("c2", &greedy, &json!({}), &[makes[0], makes[1], "secrets:get:*"]).await;
    let own = env.push("d3", &graph(), &json!({})).await;
    let target = env.member(own, "test").await;
    let status = env.act("backfill", target, Value::Null, &[ALL]).await;
    let result = env.result(status.task_id, 0).await;
    let reasons = result["skipped"].as_array().unwrap().iter().map(|push| push["reason"].as_str().unwrap());
    let reasons: Vec<_> = reasons.collect();
    assert!(reasons[0].contains("queue:create-task:") && reasons[1].contains("secrets:get:all"), "{result}");
    assert_eq!((result["created"].as_array().unwrap().len(), &result["created"][0]["taskGroupId"]), (1, &json!(rich)));
    for push in [forged, poor] {
        assert_eq!(env.group_size(push).await, 1);
    }
    env.stop().await;
}
