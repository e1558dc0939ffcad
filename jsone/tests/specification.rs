//! Every case of the specification of JSON-e.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;

use chrono::{DateTime, Utc};
use jsone::{Context, Error, Limits, Value};

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
    let cases = cases::all();
    let mut failures = Vec::new();
    for case in &cases {
        if let Some(complaint) = complaint(case) {
            failures.push(format!("{}: {complaint}", case.as_object().unwrap()["title"]));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
