//! Jobs: one graph for each delivery, whole or not at all.

use chrono::TimeDelta;
use protocol::github::{BuildState, Delivery, DeliveryState, TaskclusterYml, read};
use serde_json::json;

use super::{super::*, env::*};

const HEAD: &str = "version: 1\nreporting: checks-v1\ntasks:\n";

fn task(label: &str, dependency: Option<&str>) -> String {
    let dependency = dependency.map(|label| format!("{{$eval: 'as_slugid(\"{label}\")'}}")).unwrap_or_default();
    format!(
        "  - taskId: {{$eval: 'as_slugid(\"{label}\")'}}\n    taskQueueId: tests/github\n    dependencies: [{dependency}]\n    \
         deadline: {{$fromNow: 1 hour}}\n    payload: {{}}\n    metadata: {{name: {label}, description: d, owner: o@example.com, source: 'https://x.y'}}\n"
    )
}

fn graph() -> String {
    format!("{HEAD}{}{}", task("build", None), task("test", Some("build")))
}

/// The job of a delivery that was taken in and is leased.
async fn job(env: &TestEnv, number: u64, body: &serde_json::Value, file: &str) -> Job {
    env.deliver("push", &id(number), body).await.unwrap();
    let now = env.clock.now();
    let rows = env.db.github_take_deliveries(10, now + TimeDelta::minutes(1), now).await.unwrap();
    let row = rows.iter().find(|row| row.delivery_id == id(number)).unwrap();
    let Delivery::Build(event) = read(&row.event, body).unwrap() else { panic!("no build") };
    let file = TaskclusterYml::read(file).unwrap();
    let sha = event.sha.clone().unwrap();
    Job { lease: row.lease(), tasks_for: event.tasks_for(), event: *event, sha, body: body.clone(), file }
}

async fn finish(env: &TestEnv, job: &Job) {
    assert!(env.db.github_finish_delivery(&job.lease, DeliveryState::Done, None, env.clock.now()).await.unwrap());
}

async fn refused(env: &TestEnv, number: u64, file: &str) -> String {
    let job = job(env, number, &push("main"), file).await;
    let JobOutcome::Refused(error) = env.github.carry_out(&job).await.unwrap() else { panic!("carried out") };
    finish(env, &job).await;
    error.to_string()
}

fn at(branch: &str, before: u64, after: u64) -> serde_json::Value {
    let mut body = push(branch);
    (body["before"], body["after"]) = (json!(format!("{before:040x}")), json!(format!("{after:040x}")));
    body
}

#[tokio::test]
async fn an_attempt_that_is_repeated_makes_the_same_graph_once() {
    let env = TestEnv::start().await;
    let job = job(&env, 1, &push("main"), &graph()).await;
    let first = env.github.carry_out(&job).await.unwrap();
    let JobOutcome::Created(group) = first else { panic!("{first:?}") };
    assert_eq!(env.github.carry_out(&job).await.unwrap(), JobOutcome::Created(group));
    assert_eq!(env.count("select 1 from task").await, 2);
    assert_eq!(env.count("select 1 from github_report where kind = report_kind_check()").await, 2);
    let published = "select 1 from outbox where payload->>'exchange' = 'task-group-creation-requested'";
    assert_eq!(env.count(published).await, 1);
    let build = &env.github.builds(&BuildFilter::default(), page()).await.unwrap().rows[0];
    assert_eq!((build.state, build.task_group_id, build.by_checks), (BuildState::Pending, group, true));
}

fn page() -> crate::kit::PageAfter<i64> {
    crate::kit::PageAfter { after: None, limit: 10 }
}

#[tokio::test]
async fn who_has_lost_the_delivery_writes_nothing() {
    let env = TestEnv::start().await;
    let job = job(&env, 1, &push("main"), &graph()).await;
    env.clock.advance(TimeDelta::minutes(2));
    let now = env.clock.now();
    assert_eq!(env.db.github_take_deliveries(10, now + TimeDelta::minutes(1), now).await.unwrap().given, 1);
    assert_eq!(env.github.carry_out(&job).await.unwrap(), JobOutcome::Lost);
    assert!(!env.db.github_finish_delivery(&job.lease, DeliveryState::Done, None, now).await.unwrap());
    assert_eq!(env.count("select 1 from task").await, 0);
}

#[tokio::test]
async fn deliveries_of_a_branch_are_handled_in_order_and_those_of_others_meanwhile() {
    let env = TestEnv::start().await;
    for (number, branch) in [(1, "main"), (2, "main"), (3, "topic")] {
        env.deliver("push", &id(number), &push(branch)).await.unwrap();
    }
    let now = env.clock.now();
    let mut taken = env.db.github_take_deliveries(10, now + TimeDelta::minutes(1), now).await.unwrap().readable;
    taken.sort_by_key(|row| row.delivery_id.clone());
    assert_eq!(taken.iter().map(|row| row.delivery_id.clone()).collect::<Vec<_>>(), [id(1), id(3)]);
    let later = now + TimeDelta::seconds(30);
    assert!(env.db.github_retry_delivery(&taken[0].lease(), later, "502").await.unwrap());
    assert_eq!(env.db.github_take_deliveries(10, later, now).await.unwrap().given, 0, "the second waits for the first");
}

#[tokio::test]
async fn a_newer_push_cancels_the_older_build_of_its_branch_only() {
    let env = TestEnv::start().await;
    for (number, body) in [(1, at("topic", 1, 2)), (2, at("main", 1, 2)), (3, at("topic", 2, 3)), (4, at("main", 2, 3))]
    {
        let job = job(&env, number, &body, &graph()).await;
        assert!(matches!(env.github.carry_out(&job).await.unwrap(), JobOutcome::Created(_)));
        finish(&env, &job).await;
    }
    assert_eq!(env.github.cancel_marked().await.unwrap(), 1);
    assert_eq!(env.github.cancel_marked().await.unwrap(), 0);
    let builds = env.github.builds(&BuildFilter::default(), page()).await.unwrap().rows;
    let cancelled: Vec<_> = builds.iter().filter(|build| build.state == BuildState::Cancelled).collect();
    assert_eq!(cancelled.iter().map(|build| build.delivery_id.clone()).collect::<Vec<_>>(), [id(1)]);
    assert_eq!(env.count("select 1 from task where state = task_state_exception()").await, 2);
}

#[tokio::test]
async fn a_push_that_comes_after_the_one_that_followed_it_starts_nothing() {
    let env = TestEnv::start().await;
    for (number, body, is_late) in [
        (1, at("topic", 2, 3), false),
        (2, at("topic", 1, 2), true),
        (3, at("topic", 3, 2), false),
        (4, at("topic", 2, 3), false),
    ] {
        let job = job(&env, number, &body, &graph()).await;
        assert_eq!(env.github.carry_out(&job).await.unwrap() == JobOutcome::Late, is_late, "{number}");
        finish(&env, &job).await;
    }
}

#[tokio::test]
async fn what_a_file_gets_wrong_is_refused_whole_and_in_words() {
    let env = TestEnv::start().await;
    let cycle = format!("{HEAD}{}{}", task("a", Some("b")), task("b", Some("a")));
    let twice = format!("{HEAD}{}{}", task("a", None), task("a", None));
    let missing = format!("{HEAD}{}{}", task("a", None), task("b", Some("c")));
    let own_id = format!("{HEAD}{}", task("a", None)).replace("{$eval: 'as_slugid(\"a\")'}", "my-task");
    let groups = format!("{HEAD}{}{}", task("a", None), task("b", None))
        .replace("taskQueueId", "taskGroupId: {$eval: 'as_slugid(\"group\")'}\n    taskQueueId");
    let many = format!("{HEAD}  $map: {{$eval: 'range(0, 10001)'}}\n  each(x): {{payload: {{}}}}\n");
    let cases = [
        (cycle, "depends on itself"),
        (twice, "two tasks have this taskId"),
        (missing, "depend"),
        (own_id, "must be a slugid"),
        (many, "10001 tasks"),
        (format!("{HEAD}  $eval: 'nothing'\n"), "nothing"),
        (format!("{HEAD}  $eval: '1'\n"), "must yield a list"),
        (format!("{HEAD}  $eval: '[1]'\n"), "task 1 is no object"),
        (format!("{HEAD}  - {{payload: {{}}}}\n"), "metadata"),
        (graph().replace("tests/github", "tests/ Github"), "taskQueueId"),
        (graph().replace("payload: {}", "payload: {}\n    scopes: [secrets:get:x]"), "secrets:get:x"),
    ];
    for (number, (file, words)) in (1..).zip(cases) {
        let error = refused(&env, number, &file).await;
        assert!(error.contains(words), "{words}: {error}");
    }
    let job = job(&env, 100, &push("main"), &groups).await;
    assert!(matches!(env.github.carry_out(&job).await.unwrap(), JobOutcome::Created(_)), "one group for all");
    assert_eq!(env.count("select 1 from task").await, 2);
    assert_eq!(env.count("select 1 from github_build").await, 1);
}

#[tokio::test]
async fn a_template_without_tasks_for_the_event_starts_none() {
    let env = TestEnv::start().await;
    for (number, tasks) in [(1, "  $if: 'tasks_for == \"github-release\"'\n  then: [{}]\n"), (2, "  $eval: '[{}]'\n")] {
        let job = job(&env, number, &push("main"), &format!("{HEAD}{tasks}")).await;
        assert_eq!(env.github.carry_out(&job).await.unwrap(), JobOutcome::NoTasks);
        finish(&env, &job).await;
    }
}

#[tokio::test]
async fn a_single_task_is_its_own_group_and_several_share_one() {
    let env = TestEnv::start().await;
    let single = job(&env, 1, &push("main"), &format!("{HEAD}{}", task("a", None))).await;
    let JobOutcome::Created(group) = env.github.carry_out(&single).await.unwrap() else { panic!("refused") };
    assert_eq!(
        env.count(&format!("select 1 from task where task_id = '{}' and task_group_id = task_id", group.0)).await,
        1
    );
    finish(&env, &single).await;
    let several = job(&env, 2, &push("main"), &graph()).await;
    let JobOutcome::Created(group) = env.github.carry_out(&several).await.unwrap() else { panic!("refused") };
    assert_eq!(
        env.count(&format!("select 1 from task where task_group_id = '{}' and task_id <> task_group_id", group.0))
            .await,
        2
    );
}

#[tokio::test]
async fn a_hook_of_the_file_that_cannot_be_fired_is_named() {
    let env = TestEnv::start().await;
    let file = format!("{}hooks: [{{name: g/h}}, {{name: other/h}}, {{name: nothing}}]\n", graph());
    let job = job(&env, 1, &push("main"), &file).await;
    let errors: Vec<String> = env.github.fire_hooks(&job).await.iter().map(ToString::to_string).collect();
    assert!(errors[0].contains("there is no hook `g/h`"), "{errors:?}");
    assert!(errors[1].contains("lacks the scope `github:trigger-hook:other/h`"), "{errors:?}");
    assert!(errors[2].contains("hookGroupId/hookId"), "{errors:?}");
}
