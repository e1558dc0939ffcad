//! Actions: what they do, and that they do no more than their scopes allow, and nothing twice.

use protocol::{
    id::{TaskGroupId, TaskId},
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};
use serde_json::{Value, json};

use super::env::{ALL, TestEnv};
use crate::queue::{Report, types::ReportRequest};

const QUEUE: &str = "built-in/action";

impl TestEnv {
    /// An action about a task, once it is resolved.
    pub(super) async fn act(&self, action: &str, target: TaskId, input: Value, scopes: &[&str]) -> TaskStatus {
        let group = self.definition(target).await.task_group_id;
        let payload = json!({ "action": action, "taskId": target, "taskGroupId": group, "input": input });
        self.resolved(self.create(QUEUE, payload, scopes).await).await
    }

    /// The ids of the tasks that a retrigger made.
    async fn made(&self, action: TaskId) -> Vec<TaskId> {
        let result = self.result(action, 0).await;
        let created = result["created"].as_array().unwrap_or_else(|| panic!("{result}"));
        created.iter().map(|made| made["taskId"].as_str().unwrap().parse().unwrap()).collect()
    }

    pub(super) async fn group_size(&self, group: TaskId) -> usize {
        let page = crate::kit::PageAfter { after: None, limit: 1000 };
        let request = crate::queue::types::ListTaskGroupRequest { task_group_id: TaskGroupId::from(group), page };
        self.queue.list_task_group(request).await.unwrap().tasks.rows.len()
    }
}

#[tokio::test]
async fn a_retrigger_makes_the_same_task_under_another_id() {
    let env = TestEnv::start(1).await;
    let target = env.task(None, &[]).await;
    let status = env.act("retrigger", target, json!({ "times": 2 }), &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    let made = env.made(status.task_id).await;
    assert_eq!(made.len(), 2);
    let (old, action) = (env.definition(target).await, env.definition(status.task_id).await);
    for id in made {
        let mut new = env.definition(id).await;
        assert_eq!((new.created, new.deadline - new.created), (action.created, old.deadline - old.created));
        (new.created, new.deadline, new.expires) = (old.created, old.deadline, old.expires);
        assert_eq!(new, old);
        assert_eq!(env.queue.status(id).await.unwrap().state, TaskState::Pending);
    }
    env.stop().await;
}

#[tokio::test]
async fn a_repeated_retrigger_is_the_same_though_the_task_has_another_dependent() {
    let env = TestEnv::start(1).await;
    let target = env.task(None, &[]).await;
    env.task(Some(target), &[target]).await;
    let status = env.act("retrigger", target, json!({ "downstream": true }), &[ALL]).await;
    let result = env.result(status.task_id, 0).await;
    env.task(Some(target), &[target]).await;
    let before = env.tasks().await;
    env.queue.rerun_task(status.task_id).await.unwrap();
    assert_eq!(env.resolved(status.task_id).await.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    assert_eq!((env.result(status.task_id, 1).await, env.tasks().await), (result, before));
    env.stop().await;
}

#[tokio::test]
async fn downstream_tasks_are_made_too_and_depend_on_the_new_ones() {
    let env = TestEnv::start(1).await;
    let before = env.task(None, &[]).await;
    let target = env.task(Some(before), &[before]).await;
    let middle = env.task(Some(before), &[target]).await;
    let end = env.task(Some(before), &[target, middle]).await;
    let elsewhere = env.task(None, &[end]).await;
    let status = env.act("retrigger", target, json!({ "downstream": true }), &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    let made = env.made(status.task_id).await;
    assert_eq!(
        (made.len(), env.group_size(before).await),
        (3, 7),
        "the task of another group is not touched: {elsewhere}"
    );
    assert_eq!(env.definition(made[0]).await.dependencies, [before], "what it did not make it cannot replace");
    let mut dependencies = Vec::new();
    for id in &made[1..] {
        dependencies.extend(env.definition(*id).await.dependencies);
    }
    assert_eq!(dependencies.iter().filter(|id| **id == made[0]).count(), 2);
    assert!(dependencies.iter().all(|id| made.contains(id)), "{dependencies:?}");
    env.stop().await;
}

#[tokio::test]
async fn without_the_scopes_it_fails_and_names_what_is_missing() {
    let env = TestEnv::start(1).await;
    let target = env.task(None, &[]).await;
    let tasks = env.tasks().await;
    let read = format!("queue:get-task:{target}");
    let cases: [(&str, &[&str], &str); 4] = [
        ("retrigger", &[], "queue:get-task:"),
        ("retrigger", &[read.as_str()], "queue:create-task:"),
        ("rerun", &["queue:status:*"], "queue:rerun-task"),
        ("cancel", &["queue:status:*", "assume:somebody-else"], "queue:cancel-task"),
    ];
    for (action, scopes, missing) in cases {
        let status = env.act(action, target, Value::Null, scopes).await;
        assert_eq!(status.state, TaskState::Failed, "{action}");
        let error = &env.result(status.task_id, 0).await["error"];
        assert_eq!(error["code"], "InsufficientScopes", "{error}");
        assert!(error["message"].as_str().unwrap().contains(missing), "{error}");
        assert!(env.log(status.task_id).await.contains(missing));
    }
    assert_eq!((env.queue.status(target).await.unwrap().state, env.tasks().await), (TaskState::Pending, tasks + 4));
    env.stop().await;
}

#[tokio::test]
async fn an_action_that_runs_again_does_nothing_twice() {
    let env = TestEnv::start(2).await;
    let target = env.task(None, &[]).await;
    let status = env.act("retrigger", target, Value::Null, &[ALL]).await;
    let tasks = env.tasks().await;
    env.queue.rerun_task(status.task_id).await.unwrap();
    let again = env.resolved(status.task_id).await;
    assert_eq!((again.state, again.runs.len(), env.tasks().await), (TaskState::Completed, 2, tasks));
    assert_eq!(env.result(status.task_id, 0).await, env.result(status.task_id, 1).await);
    env.stop().await;
}

#[tokio::test]
async fn a_rerun_is_done_once_however_often_the_action_runs() {
    let env = TestEnv::start(1).await;
    let target = env.task(None, &[]).await;
    let finish = async |run_id| {
        let worker = protocol::id::WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        let claim = crate::queue::types::ClaimTaskRequest { task_id: target, run_id, worker };
        env.queue.claim_task(claim).await.unwrap();
        env.queue.report(ReportRequest::new(target, run_id, Report::Failed)).await.unwrap();
    };
    finish(0).await;
    let status = env.act("rerun", target, Value::Null, &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    assert_eq!(env.result(status.task_id, 0).await["runId"], 1);
    finish(1).await;
    env.queue.rerun_task(status.task_id).await.unwrap();
    assert_eq!(env.resolved(status.task_id).await.state, TaskState::Completed);
    assert_eq!(env.queue.status(target).await.unwrap().runs.len(), 2, "the rerun that was asked for is over already");
    env.stop().await;
}

#[tokio::test]
async fn a_task_and_a_group_are_cancelled() {
    let env = TestEnv::start(1).await;
    let first = env.task(None, &[]).await;
    let second = env.task(Some(first), &[first]).await;
    let status = env.act("cancel", second, Value::Null, &[ALL]).await;
    assert_eq!(status.state, TaskState::Completed, "{}", env.log(status.task_id).await);
    let reason = env.queue.status(second).await.unwrap().runs.last().unwrap().reason_resolved;
    assert_eq!(reason, Some(ReasonResolved::Canceled));
    let status = env.act("cancel-group", first, Value::Null, &[ALL]).await;
    assert_eq!(env.result(status.task_id, 0).await["canceled"], 1, "{}", env.log(status.task_id).await);
    assert_eq!(env.queue.status(first).await.unwrap().state, TaskState::Exception);
    env.stop().await;
}

#[tokio::test]
async fn without_scopes_nobody_learns_whether_there_is_a_group() {
    let env = TestEnv::start(1).await;
    let group = env.task(None, &[]).await;
    let missing = TaskId::from_random(env.rng.uuid_bytes());
    let mut messages = Vec::new();
    for group in [group, missing] {
        for scopes in [&[][..], &["queue:seal-task-group:*"][..]] {
            let payload = json!({ "action": "cancel-group", "taskGroupId": group });
            let status = env.resolved(env.create(QUEUE, payload, scopes).await).await;
            let error = env.result(status.task_id, 0).await["error"].take();
            assert_eq!(error["code"], "InsufficientScopes", "{error}");
            messages.push(error["message"].as_str().unwrap().replace(&group.to_string(), "GROUP"));
        }
    }
    assert_eq!(messages[..2], messages[2..]);
    let payload = json!({ "action": "cancel-group", "taskGroupId": missing });
    let status = env.resolved(env.create(QUEUE, payload, &[ALL]).await).await;
    assert_eq!(env.result(status.task_id, 0).await["error"]["code"], "ResourceNotFound");
    assert_eq!(env.queue.status(group).await.unwrap().state, TaskState::Pending);
    env.stop().await;
}

#[tokio::test]
async fn what_is_no_action_is_malformed_or_fails() {
    let env = TestEnv::start(1).await;
    let target = env.task(None, &[]).await;
    for payload in [json!({}), json!({ "action": "explode", "taskGroupId": target }), json!({ "action": "rerun" })] {
        let status = env.resolved(env.create(QUEUE, payload, &[ALL]).await).await;
        assert_eq!(status.runs[0].reason_resolved, Some(ReasonResolved::MalformedPayload));
        assert_eq!(env.result(status.task_id, 0).await["error"]["code"], "malformed-payload");
    }
    let inputs = [json!({ "times": 0 }), json!({ "times": 101 }), json!({ "downstream": "yes" }), json!({ "more": 1 })];
    for input in inputs {
        let status = env.act("retrigger", target, input.clone(), &[ALL]).await;
        let error = &env.result(status.task_id, 0).await["error"];
        assert_eq!((status.state, &error["code"]), (TaskState::Failed, &json!("InputError")), "{input}");
        assert!(error["message"].as_str().unwrap().starts_with("`input"), "{error}");
    }
    let missing = TaskId::from_random(env.rng.uuid_bytes());
    let payload = json!({ "action": "rerun", "taskId": missing, "taskGroupId": missing });
    let status = env.resolved(env.create(QUEUE, payload, &[ALL]).await).await;
    assert_eq!(env.result(status.task_id, 0).await["error"]["code"], "ResourceNotFound");
    env.stop().await;
}
