//! Graph definitions and the plans or errors they result in.

use serde_json::json;

use super::*;

fn options() -> SubmitOptions {
    let env = BTreeMap::new();
    SubmitOptions { key: SubmitKey::given("k"), task_group_id: None, task_queue_id: "some/queue".to_owned(), env }
}

fn now() -> Timestamp {
    protocol::time::parse("2026-01-01T00:00:00Z").unwrap()
}

fn graph(text: &str) -> GraphDefinition {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.yml");
    std::fs::write(&path, text).unwrap();
    GraphDefinition { file: "graph.yml".to_owned(), ..load(&path).unwrap() }
}

fn planned(text: &str) -> BTreeMap<String, PlannedTask> {
    let plan = graph(text).plan(&options(), now()).unwrap();
    plan.tasks.into_iter().map(|it| (it.name.clone(), it)).collect()
}

fn problems(text: &str) -> String {
    graph(text).plan(&options(), now()).unwrap_err().to_string()
}

#[test]
fn the_same_key_gives_the_same_plan_and_another_key_another() {
    let graph = graph("tasks: {a: {}, b: {dependencies: [a]}}");
    let first = graph.plan(&options(), now()).unwrap();
    assert_eq!(graph.plan(&options(), now()), Ok(first.clone()));
    let other = graph.plan(&SubmitOptions { key: SubmitKey::given("l"), ..options() }, now()).unwrap();
    assert_ne!(first.task_group_id, other.task_group_id);
    assert_ne!(first.tasks[0].task_id, other.tasks[0].task_id);
}

#[test]
fn missing_fields_get_defaults() {
    let tasks = planned("tasks: {a: {payload: {command: [[\"true\"]]}}}");
    let task = &tasks["a"].task;
    assert_eq!(task["taskQueueId"], "some/queue");
    assert_eq!(task["deadline"], "2026-01-02T00:00:00.000Z");
    assert_eq!(task["metadata"]["name"], "a");
    assert_eq!(task["taskGroupId"], json!(tasks["a"].task_id), "a group of one is named after it");
}

#[test]
fn payloads_for_our_own_workers_get_defaults_and_are_checked() {
    let ours = "defaults: {taskQueueId: local/worker}\ntasks: ";
    let task = &planned(&format!("{ours}{{a: {{payload: {{command: [[\"true\"]]}}}}}}"))["a"].task;
    assert_eq!(task["payload"]["maxRunTime"], 3600);
    let text = problems(&format!("{ours}{{a: {{payload: {{command: [[\"true\", 1]], mounts: 5}}}}}}"));
    for part in ["payload.command.0.1", "payload.mounts"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let theirs = &planned("tasks: {a: {payload: {image: debian}}}")["a"].task;
    assert_eq!(theirs["payload"], json!({ "image": "debian" }), "other workers have payloads of their own");
}

#[test]
fn how_far_ahead_a_deadline_may_be_is_left_to_the_server() {
    let task = &planned("tasks: {a: {deadline: {in: 20 days}}}")["a"].task;
    assert_eq!(task["deadline"], "2026-01-21T00:00:00.000Z");
}

#[test]
fn defaults_apply_to_each_task() {
    let text = "
defaults: {payload: {maxRunTime: 60, env: {A: one, B: two}}, retries: 0}
tasks: {a: {payload: {env: {B: three}}}}";
    let task = &planned(text)["a"].task;
    assert_eq!(task["payload"], json!({ "maxRunTime": 60, "env": { "A": "one", "B": "three" } }));
    assert_eq!(task["retries"], 0);
}

#[test]
fn names_become_ids_and_a_name_used_is_a_dependency() {
    let text = "
tasks:
  a: {}
  b: {dependencies: [a, fN1SbArXTPSVFNUvaOlinQ]}
  c: {payload: {mounts: [{file: x, content: {taskId: {$taskId: a}, artifact: y}}]}}";
    let tasks = planned(text);
    let a = tasks["a"].task_id;
    assert_eq!(tasks["b"].task["dependencies"], json!([a, "fN1SbArXTPSVFNUvaOlinQ"]));
    assert_eq!(tasks["c"].task["dependencies"], json!([a]));
    assert_eq!(tasks["c"].task["payload"]["mounts"][0]["content"]["taskId"], json!(a));
}

#[test]
fn times_may_be_relative() {
    let task = &planned("tasks: {a: {deadline: {in: 2h}, expires: {$fromNow: 1 week}}}")["a"].task;
    assert_eq!(task["deadline"], "2026-01-01T02:00:00.000Z");
    assert_eq!(task["expires"], "2026-01-08T00:00:00.000Z");
}

#[test]
fn every_problem_names_file_task_and_field() {
    let cases = [
        ("tasks: {a: {dependencies: [b]}}", "graph.yml: tasks.a.dependencies.0 names `b`"),
        ("tasks: {a: {deadlin: x}}", "graph.yml: tasks.a.deadlin must be left out"),
        ("tasks: {a: {deadline: {in: soon}}}", "graph.yml: tasks.a.deadline says `soon`"),
        ("tasks: {a: {deadline: 2025-01-01T00:00:00Z}}", "graph.yml: tasks.a.deadline must not be before"),
        ("tasks: {a: {retries: many}}", "graph.yml: tasks.a.retries must be of type integer"),
        ("tasks: {a: {dependencies: [b]}, b: {dependencies: [c]}, c: {dependencies: [b]}}", "b → c → b"),
        ("tasks: {a: 1}", "graph.yml: tasks.a must be an object"),
    ];
    for (text, expected) in cases {
        let message = problems(text);
        assert!(message.contains(expected), "{text} gave {message}");
    }
}

#[test]
fn a_folder_holds_a_file_for_each_task() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yml"), "retries: 1").unwrap();
    std::fs::write(folder.path().join("b.json"), r#"{"dependencies": ["a"]}"#).unwrap();
    std::fs::write(folder.path().join("README"), "not a task").unwrap();
    let plan = load(folder.path()).unwrap().plan(&options(), now()).unwrap();
    assert_eq!(plan.tasks.len(), 2);
}
