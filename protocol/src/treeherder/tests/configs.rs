use serde_json::{Value, json};

use super::env::{definition, present, read, run, status};
use crate::{
    state::TaskState,
    treeherder::{JobTrigger, Problem},
};

fn job(treeherder: &Value) -> Value {
    present(&read(&definition(treeherder)), &status(vec![run(0, TaskState::Pending)]), JobTrigger::Pending(0), &[])
}

#[test]
fn what_a_task_does_not_say_has_a_default() {
    let job = job(&json!({ "symbol": "B" }));
    assert_eq!(job["display"], json!({ "jobSymbol": "B", "groupSymbol": "?", "jobName": "build-linux64/opt" }));
    assert_eq!((&job["tier"], &job["jobKind"], &job["reason"]), (&json!(1), &json!("other"), &json!("scheduled")));
    assert_eq!(job["labels"], json!(["opt"]));
    assert_eq!(job.get("productName"), None);
    let machine = json!({ "name": "unknown", "platform": "b-linux", "os": "-", "architecture": "-" });
    assert_eq!(job["buildMachine"], machine);
}

#[test]
fn the_configuration_of_a_task_is_reported() {
    let job = job(&json!({
        "symbol": "mda2", "groupSymbol": "M", "groupName": "Mochitests", "tier": 2, "jobKind": "test",
        "machine": { "platform": "linux64", "os": "linux", "architecture": "x86_64" },
        "labels": ["debug", "fis"], "productName": "firefox", "reason": "nightly", "colour": "any other key",
    }));
    let display =
        json!({ "jobSymbol": "mda2", "groupSymbol": "M", "groupName": "Mochitests", "jobName": "build-linux64/opt" });
    assert_eq!(job["display"], display);
    assert_eq!((&job["tier"], &job["jobKind"]), (&json!(2), &json!("test")));
    assert_eq!((&job["reason"], &job["productName"]), (&json!("nightly"), &json!("firefox")));
    assert_eq!(job["labels"], json!(["debug", "fis"]));
    let machine = json!({ "name": "unknown", "platform": "linux64", "os": "linux", "architecture": "x86_64" });
    assert_eq!(job["buildMachine"], machine);
}

#[test]
fn keys_of_a_collection_are_labels_where_there_are_none() {
    for (config, labels) in [
        (json!({ "symbol": "B", "collection": { "debug": true } }), json!(["debug"])),
        (json!({ "symbol": "B", "collection": { "debug": true }, "labels": [] }), json!(["debug"])),
        (json!({ "symbol": "B", "collection": { "debug": true }, "labels": ["asan"] }), json!(["asan"])),
        (json!({ "symbol": "B", "collection": {} }), json!(["opt"])),
        (json!({ "symbol": "B", "collection": "debug" }), json!(["opt"])),
    ] {
        assert_eq!(job(&config)["labels"], labels, "{config}");
    }
}

#[test]
fn limits_are_kept_at_both_ends() {
    for config in [
        json!({ "symbol": "" }),
        json!({ "symbol": "x".repeat(25), "groupSymbol": "ü".repeat(25), "groupName": "x".repeat(255) }),
        json!({ "symbol": "B", "tier": 3, "machine": { "platform": "x".repeat(50), "os": "x".repeat(25) } }),
        json!({ "symbol": "B", "labels": ["x".repeat(50)], "productName": "x".repeat(125), "reason": "x".repeat(125) }),
    ] {
        job(&config);
    }
    for (config, field) in [
        (json!({ "symbol": "x".repeat(26) }), "data/symbol"),
        (json!({ "symbol": 1 }), "data/symbol"),
        (json!({}), "data/symbol"),
        (json!({ "symbol": "B", "groupSymbol": "" }), "data/groupSymbol"),
        (json!({ "symbol": "B", "groupSymbol": "x".repeat(26) }), "data/groupSymbol"),
        (json!({ "symbol": "B", "groupName": "x".repeat(256) }), "data/groupName"),
        (json!({ "symbol": "B", "tier": 4 }), "data/tier"),
        (json!({ "symbol": "B", "tier": 0 }), "data/tier"),
        (json!({ "symbol": "B", "jobKind": "talos" }), "data/jobKind"),
        (json!({ "symbol": "B", "machine": {} }), "data/machine/platform"),
        (json!({ "symbol": "B", "machine": { "platform": "a b" } }), "data/machine/platform"),
        (json!({ "symbol": "B", "machine": { "platform": "größe" } }), "data/machine/platform"),
        (json!({ "symbol": "B", "machine": { "platform": "x", "cores": 4 } }), "data/machine/cores"),
        (json!({ "symbol": "B", "machine": { "platform": "x", "os": "x".repeat(26) } }), "data/machine/os"),
        (json!({ "symbol": "B", "labels": ["a b"] }), "data/labels/0"),
        (json!({ "symbol": "B", "labels": "opt" }), "data/labels"),
        (json!({ "symbol": "B", "productName": "" }), "data/productName"),
        (json!({ "symbol": "B", "reason": "x".repeat(126) }), "data/reason"),
        (json!("B"), "data must be of type object"),
    ] {
        let problem = read(&definition(&config)).config.unwrap_err();
        assert_eq!(problem.code(), "config", "{config}");
        assert!(problem.to_string().contains(field), "{problem}");
    }
}

#[test]
fn a_task_with_a_route_and_no_config_is_a_problem() {
    let mut definition = definition(&json!({ "symbol": "B" }));
    for extra in [json!({}), json!({ "other": 1 }), json!({ "treeherder": null })] {
        definition["extra"] = extra;
        assert_eq!(read(&definition).config, Err(Problem::NoConfig));
    }
}

#[test]
fn labels_of_a_collection_that_are_none_make_no_message() {
    let task = read(&definition(&json!({ "symbol": "B", "collection": { "a b": true } })));
    let (config, destination) = (task.config.as_ref().unwrap(), task.destinations[0].as_ref().unwrap());
    let pending = status(vec![run(0, TaskState::Pending)]);
    let trigger = (&pending, JobTrigger::Pending(0));
    let dialect = crate::treeherder::Dialect::Present;
    let (jobs, _) = super::env::builder().jobs((&task, config), destination, trigger, &[], dialect);
    let problem = jobs[0].message(destination, dialect).unwrap_err();
    assert_eq!(problem.code(), "message");
    assert!(problem.to_string().contains("data/labels/0"), "{problem}");
}
