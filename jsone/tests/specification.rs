//! Every case of the specification of JSON-e: `specification.yml` of release 4.8.4, unmodified (MPL-2.0, github.com/json-e/json-e).

#![allow(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, Utc};
use jsone::{Context, Error, Limits, Value};

const SPECIFICATION: &str = include_str!("specification.yml");
const CASES: usize = 1_175;

/// The time at which all cases are to be rendered.
fn now() -> DateTime<Utc> {
    "2017-01-19T16:27:20.974Z".parse().unwrap()
}

fn render(case: &Value) -> Result<Value, Error> {
    let part = |name| &case.as_object().unwrap()[name];
    let mut context = Context::new(now());
    context.extend(part("context"))?;
    jsone::render(part("template"), &context, &Limits::default())
}

/// Without the order of keys.
fn json(value: &Value) -> serde_json::Value {
    value.into()
}

/// What is wrong with the outcome of a case, if anything.
fn complaint(case: &Value) -> Option<String> {
    let part = |name| case.as_object().unwrap().get(name);
    match (render(case), part("result"), part("error").and_then(Value::as_str)) {
        (Ok(value), Some(expected), _) if json(&value) == json(expected) => None,
        (Ok(value), expected, _) => Some(format!("gave {value}, not {expected:?}")),
        (Err(error), None, Some(message)) if error.to_string() == message => None,
        // Some cases do not say with what message they fail.
        (Err(_), None, None) => None,
        (Err(error), ..) => Some(format!("failed with {error}, not {:?}", part("error"))),
    }
}

#[test]
fn all_cases_of_the_specification_give_what_it_says() {
    let documents = SPECIFICATION.split("\n---\n").map(|text| serde_saphyr::from_str::<Value>(text).unwrap());
    let is_case = |document: &Value| document.as_object().is_some_and(|entries| entries.contains_key("template"));
    let cases: Vec<Value> = documents.filter(is_case).collect();
    assert_eq!(cases.len(), CASES);
    let mut failures = Vec::new();
    for case in &cases {
        if let Some(complaint) = complaint(case) {
            failures.push(format!("{}: {complaint}", case.as_object().unwrap()["title"]));
        }
    }
    assert!(failures.is_empty(), "{} of {CASES} cases fail:\n{}", failures.len(), failures.join("\n"));
}
