//! Messages on the masters' exchange.

use serde::Deserialize;
use serde_json::Value;

use crate::driver::{Properties, Property};

/// The property that marks builds of tasks, as the first bridge set it.
pub(super) const TASK_ID: &str = "taskId";

/// A valid message has a few kilobytes.
const MAX_BYTES: usize = 1 << 20;
/// The property that lists all requests of a build, where the message itself does not.
const REQUEST_IDS: &str = "request_ids";

/// A message about a build of at least one task.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BuildMessage {
    pub(super) requests: Vec<i64>,
    /// The number of the build, at its builder and master.
    pub(super) number: i64,
    pub(super) properties: Properties,
    /// The final message of the build: its log is uploaded.
    pub(super) is_final: bool,
}

#[derive(Deserialize)]
struct Message {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    build: WireBuild,
    #[serde(default)]
    request_ids: Value,
}

#[derive(Deserialize)]
struct WireBuild {
    number: i64,
    #[serde(default)]
    properties: Vec<(String, Value, String)>,
}

/// `None`: a build of no task. The error says what is wrong with the message, without quoting it.
pub(super) fn read(routing_key: &str, body: &[u8]) -> Result<Option<BuildMessage>, String> {
    let is_final = match routing_key.rsplit('.').next() {
        Some("log_uploaded") => true,
        Some("started" | "finished") => false,
        _ => return Ok(None),
    };
    if body.len() > MAX_BYTES {
        return Err(format!("it has {} bytes", body.len()));
    }
    let Message { payload } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let pairs = payload.build.properties.into_iter();
    let properties: Properties = pairs.map(|(name, value, source)| (name, Property { value, source })).collect();
    if !properties.contains_key(TASK_ID) {
        return Ok(None);
    }
    let listed = properties.get(REQUEST_IDS).map(|property| &property.value);
    let mut requests = numbers(&payload.request_ids);
    requests.extend(listed.map(numbers).unwrap_or_default());
    requests.sort_unstable();
    requests.dedup();
    if requests.is_empty() && is_final {
        return Err(format!("it names no `{REQUEST_IDS}`"));
    }
    Ok(Some(BuildMessage { requests, number: payload.build.number, properties, is_final }))
}

/// Numbers as scripts write them: a list, a number, or either of them as text.
fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Number(number) => number.as_i64().into_iter().collect(),
        Value::Array(numbers) => numbers.iter().flat_map(self::numbers).collect(),
        Value::String(text) => {
            let parts = text.split(|letter: char| !letter.is_ascii_digit());
            parts.filter_map(|part| part.parse().ok()).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(request_ids: &Value, properties: &Value) -> Vec<u8> {
        let build = json!({"builderName": "linux", "number": 8, "results": 0, "properties": properties});
        let meta = json!({"master_name": "bm01", "master_incarnation": "pid4711-boot1"});
        json!({"_meta": meta, "payload": {"build": build, "request_ids": request_ids}}).to_string().into_bytes()
    }

    #[test]
    fn requests_are_named_by_the_message_or_by_a_property() {
        let ours = json!([["taskId", "t", "drover"]]);
        let started = read("build.linux.8.started", &message(&json!([5, 4]), &ours)).unwrap().unwrap();
        assert_eq!((started.requests, started.number, started.is_final), (vec![4, 5], 8, false));
        for ids in [json!([4, 5]), json!("[4, 5]"), json!("4,5"), json!(["5", 4, 4])] {
            let properties = json!([["taskId", "t", "drover"], ["request_ids", ids, "postrun"]]);
            let uploaded = read("build.a.b.8.log_uploaded", &message(&Value::Null, &properties)).unwrap().unwrap();
            assert_eq!((uploaded.requests, uploaded.is_final), (vec![4, 5], true), "{ids}");
        }
        let finished = read("build.linux.8.finished", &message(&Value::Null, &ours)).unwrap().unwrap();
        assert_eq!(finished.requests, [0_i64; 0]);
    }

    #[test]
    fn builds_of_no_task_are_ignored() {
        let other = message(&json!([4]), &json!([["branch", "b", "Change"]]));
        assert_eq!(read("build.linux.8.started", &other), Ok(None));
        assert_eq!(read("build.linux.8.step_started", b"whatever"), Ok(None));
    }

    #[test]
    fn invalid_messages_are_errors() {
        let ours = json!([["taskId", "t", "drover"]]);
        for body in [b"nonsense".to_vec(), b"[]".to_vec(), b"{\"payload\":{}}".to_vec(), vec![b' '; 2 << 20]] {
            assert!(read("build.linux.8.started", &body).is_err());
        }
        let message = read("build.linux.8.log_uploaded", &message(&Value::Null, &ours)).unwrap_err();
        assert!(message.contains("`request_ids`"), "{message}");
    }
}
