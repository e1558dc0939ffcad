//! Hooks for the actions of a `.taskcluster.yml`.

use protocol::github::{BuildEvent, Delivery, TaskclusterYml, TasksFor, read};
use serde_json::Value;

use super::{super::*, env::*};
use crate::hooks::HookName;

const FILE: &str = "version: 1\ntasks: [{payload: {}}]\n";

fn job(body: Value, file: &str) -> Job {
    let Delivery::Build(event) = read("push", &body).unwrap() else { panic!("no build") };
    let event = BuildEvent { branch: "hooks".to_owned(), ..*event };
    let lease = db::github::DeliveryLease { delivery_id: id(1), attempt: 1 };
    let file = TaskclusterYml::read(file).unwrap();
    Job { lease, event, tasks_for: TasksFor::Push, sha: SHA.to_owned(), body, file }
}

#[tokio::test]
async fn a_push_to_the_default_branch_creates_the_hooks_that_its_role_may() {
    let env = TestEnv::start().await;
    let mut job = job(push("hooks"), FILE);
    assert_eq!(env.github.register_in_tree_actions(&job, FILE).await, [], "main is the default branch");
    assert_eq!(env.count("select 1 from hook").await, 0);
    job.event.default_branch = "hooks".to_owned();
    assert_eq!(env.github.register_in_tree_actions(&job, FILE).await, []);
    assert_eq!(env.github.register_in_tree_actions(&job, FILE).await, [], "a repeat changes nothing");
    let hash = "46a767f444";
    let name = HookName::new("project-a", &format!("in-tree-action-1-generic/{hash}"));
    let hook = env.github.0.hooks.hook(&name).await.unwrap();
    assert_eq!(hook.definition.task["in"], serde_json::json!({ "payload": {} }));
    assert_eq!(
        env.count("select 1 from hook").await,
        1,
        "the role cannot assume that of the other, and names none of project-b"
    );

    let other = "version: 1\ntasks: {$if: 'false', then: []}\n";
    job.file = TaskclusterYml::read(other).unwrap();
    let errors = env.github.register_in_tree_actions(&job, other).await;
    assert!(errors[0].to_string().contains("`tasks` must be a list"), "{errors:?}");
}
