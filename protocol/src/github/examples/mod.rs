//! Every recorded delivery, with what it is read as.

use std::io::Read;

use expect_test::expect_file;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Deserialize)]
struct Recorded {
    name: String,
    examples: Vec<Value>,
}

fn recorded() -> Vec<Recorded> {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("deliveries.json.gz")[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Most were delivered to web hooks of repositories; ours are those of an app.
fn of_an_app(mut body: Value) -> Value {
    if body.get("installation").is_none() {
        body["installation"] = json!({"id": 77});
    }
    body
}

fn outcome(event: &str, body: &Value) -> String {
    match read(event, body) {
        Err(error) => format!("unreadable: {error}"),
        Ok(Delivery::Ignored(why)) => format!("ignored: {why}"),
        Ok(Delivery::Installation(change)) => format!("{change:?}"),
        Ok(Delivery::Rerun(rerun)) => format!("rerun of {} in {}", rerun.check_run_id, rerun.repository),
        Ok(Delivery::Build(event)) => build(&event),
    }
}

fn build(event: &BuildEvent) -> String {
    format!(
        "{} {} {} by {} for {}, cancels {}",
        event.event_type(),
        event.subject(),
        event.sha.as_deref().unwrap_or("?"),
        event.actor,
        event.role_scope(event.tasks_for()),
        event.cancel_class().as_deref().unwrap_or("nothing"),
    )
}

#[test]
fn every_recorded_delivery_has_its_outcome() {
    let mut lines = Vec::new();
    for Recorded { name, examples } in recorded() {
        for (number, body) in examples.into_iter().enumerate() {
            lines.push(format!("{name} {number}: {}\n", outcome(&name, &of_an_app(body))));
        }
    }
    assert_eq!(lines.len(), 329);
    expect_file!["outcomes.txt"].assert_eq(&lines.concat());
}

#[test]
fn a_body_without_an_installation_starts_nothing() {
    for Recorded { name, examples } in recorded() {
        for mut body in examples {
            body["installation"] = Value::Null;
            assert!(!matches!(read(&name, &body), Ok(Delivery::Build(_) | Delivery::Rerun(_))), "{name}");
        }
    }
}

/// One field after the other is taken away or replaced: no body makes the reader panic.
#[test]
fn damaged_bodies_are_read_or_refused() {
    for Recorded { name, examples } in recorded() {
        for body in examples.into_iter().map(of_an_app).take(2) {
            for pointer in pointers(&body) {
                for other in [Value::Null, json!(-1), json!("*"), json!([]), json!({})] {
                    let mut damaged = body.clone();
                    *damaged.pointer_mut(&pointer).unwrap() = other;
                    drop(read(&name, &damaged));
                }
            }
        }
    }
}

/// Of the fields down to the third level.
fn pointers(body: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut begin = 0;
    for _ in 0..3 {
        let end = found.len();
        for index in begin..end {
            let parent = found[index].clone();
            let fields = body.pointer(&parent).and_then(Value::as_object).into_iter().flatten();
            found.extend(fields.map(|(name, _)| format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))));
        }
        begin = end;
    }
    found
}
