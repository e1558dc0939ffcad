use serde_json::json;

use super::*;
use crate::{
    limits::MAX_LISTED,
    reference::{self, Output},
};

fn task() -> Value {
    json!({
        "taskQueueId": "proj/wt",
        "created": "2026-08-21 19:24:27",
        "deadline": "2026-08-21t20:24:27.123z",
        "payload": {},
        "metadata": { "name": "n", "description": "d", "owner": "o", "source": "https://example.com/x" },
    })
}

fn errors(name: &str, mut body: Value) -> Vec<String> {
    validate_input("queue", name, &mut body).unwrap_err().iter().map(|error| format!("data{error}")).collect()
}

#[test]
fn every_document_compiles_and_names_itself() {
    for service in services() {
        for name in names(service) {
            let version = if service == "common" { "" } else { "v1/" };
            let id = format!("/schemas/{service}/{version}{name}.json#");
            assert_eq!(source(service, name).unwrap()["$id"], json!(id));
            assert_eq!(schema(service, name).is_some(), !name.ends_with("metaschema"), "{name}");
        }
    }
}

#[test]
fn every_declared_schema_exists() {
    for service in reference::services() {
        for endpoint in &service.entries {
            let output = if let Output::Schema(name) = &endpoint.output { Some(name) } else { None };
            for name in endpoint.input.iter().chain(output) {
                assert!(schema(&service.service_name, name).is_some(), "{} {name}", endpoint.name);
            }
        }
    }
}

#[test]
fn a_body_gets_the_defaults_of_its_schema() {
    let mut body = task();
    validate_input("queue", "create-task-request", &mut body).unwrap();
    let filled = ["priority", "retries", "requires", "schedulerId", "projectId", "tags", "dependencies"];
    let expected = json!(["lowest", 5, "all-completed", "-", "none", {}, []]);
    assert_eq!(json!(filled.map(|name| body[name].clone())), expected);
    assert_eq!(body.get("expires"), None);
}

#[test]
fn a_required_value_with_a_default_may_be_left_out() {
    let mut body = json!({ "workerGroup": "g", "workerId": "w" });
    validate_input("queue", "claim-work-request", &mut body).unwrap();
    assert_eq!(body["tasks"], json!(1));
}

#[test]
fn all_errors_are_returned_with_pointer_and_expectation() {
    let mut body = task();
    body["deadline"] = json!("soon");
    body["retries"] = json!(50);
    body["metadata"]["name"] = json!("x".repeat(300));
    body["colour"] = json!("red");
    body.as_object_mut().unwrap().remove("created");
    let mut found = errors("create-task-request", body);
    found.sort();
    let shown = format!("\"{}… (302 characters)", "x".repeat(59));
    let expected = [
        "data/colour must be left out: there is no such property; got \"red\"".to_owned(),
        "data/created must be given; got nothing".to_owned(),
        "data/deadline must be a date and time like 2026-08-21T19:24:27.123Z, of the years 0001 to 9999 in UTC; got \"soon\"".to_owned(),
        format!("data/metadata/name must be at most 255 characters long; got {shown}"),
        "data/retries must be at most 49; got 50".to_owned(),
    ];
    assert_eq!(found, expected);
}

#[test]
fn of_several_alternatives_the_one_that_was_meant_is_described() {
    let body = json!({ "storageType": "link", "expires": "2026-08-21T19:24:27.123Z" });
    assert_eq!(errors("post-artifact-request", body), ["data/artifact must be given; got nothing"]);
    let body = json!({ "storageType": "azure", "expires": "2026-08-21T19:24:27.123Z" });
    let expected = r#"data/storageType must be one of "s3", "object", "reference", "link", "error"; got "azure""#;
    assert_eq!(errors("post-artifact-request", body), [expected]);
}

#[test]
fn a_value_that_is_no_object_is_refused() {
    assert_eq!(errors("claim-work-request", json!([1])), ["data must be of type object; got an array of 1"]);
}

#[test]
fn an_unknown_schema_is_an_error_and_not_a_pass() {
    assert!(check("queue", "no-such-schema", &json!({})).is_err());
}

#[test]
fn a_hostile_body_has_a_bounded_number_of_short_errors() {
    let many_keys: serde_json::Map<String, Value> = (0..60_000).map(|n| (format!("unknown-{n}"), json!(n))).collect();
    let few_keys: serde_json::Map<String, Value> = (0..500).map(|n| (format!("unknown-{n}"), json!(n))).collect();
    let long = "k".repeat(1_000_000);
    let cases = [
        ("create-task-request", json!({ "scopes": vec![1; 60_000] }), 1),
        ("create-task-request", json!({ "scopes": vec![1; 500] }), MAX_LISTED),
        ("create-task-request", Value::Object(many_keys.clone()), 1),
        ("create-task-request", Value::Object(few_keys.clone()), MAX_LISTED),
        ("post-artifact-request", Value::Object(many_keys), 1),
        (
            "create-task-request",
            json!({ long.clone(): 1, "routes": [long.clone()], "metadata": { "source": long } }),
            5,
        ),
    ];
    for (name, mut body, at_least) in cases {
        let errors = validate_input("queue", name, &mut body).unwrap_err();
        assert!((at_least..=MAX_LISTED).contains(&errors.len()), "{name}: {}", errors.len());
        assert!(errors.iter().all(|error| error.to_string().len() < 1000), "{name}");
    }
}

#[test]
fn no_format_or_pattern_recurses_with_the_text() {
    for text in ["(", "[", "a{1000}{", "(?:", "\\", "%", "[::", "1."] {
        let mut body = task();
        body["metadata"]["source"] = json!(text.repeat(100_000));
        body["deadline"] = json!(text.repeat(100_000));
        assert!(validate_input("queue", "create-task-request", &mut body).is_err());
        let host = json!({ "method": "get", "resource": "/", "port": 80, "host": text.repeat(100_000) });
        assert!(check("auth", "authenticate-hawk-request", &host).is_err());
    }
}
