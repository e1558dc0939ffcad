//! The payload of a task, validated so that each error names its field and what to write instead.

use serde_json::{Map, Value};

use crate::{WarningsEnd, driver::SourceStamp};

/// A payload that is valid, as far as that can be checked without the master.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payload {
    pub(crate) builder: String,
    pub(crate) source_stamp: SourceStamp,
    pub(crate) properties: Map<String, Value>,
    pub(crate) priority: i64,
    /// `None`: as the master's settings say.
    pub(crate) warnings: Option<WarningsEnd>,
    /// Publish the logs.
    pub(crate) logs: bool,
    /// Publish the properties.
    pub(crate) publish_properties: bool,
}

/// Properties that the bridge and the master set themselves.
const RESERVED: [&str; 5] = ["drover_task", "owner", "scheduler", "reason", "buildername"];
const FIELDS: [&str; 7] =
    ["builderName", "buildername", "sourcestamp", "properties", "priority", "warnings", "features"];
const MIN_BRANCH_LENGTH: usize = 3;

impl Payload {
    /// All errors at once, one line each.
    pub(crate) fn read(payload: &Value, required_properties: &[String]) -> Result<Self, Vec<String>> {
        let Value::Object(fields) = payload else {
            return Err(vec![format!("`payload` is {}; write an object with `builderName`", kind(payload))]);
        };
        let mut reader = Reader { errors: Vec::new() };
        reader.known("payload", fields, &FIELDS);
        let builder = reader.builder(fields);
        let source_stamp = reader.source_stamp(fields.get("sourcestamp"));
        let properties = reader.properties(fields.get("properties"), required_properties);
        let priority = reader.priority(fields.get("priority"));
        let warnings = reader.warnings(fields.get("warnings"));
        let (logs, publish_properties) = reader.features(fields.get("features"));
        if !reader.errors.is_empty() {
            return Err(reader.errors);
        }
        Ok(Self { builder, source_stamp, properties, priority, warnings, logs, publish_properties })
    }
}

struct Reader {
    errors: Vec<String>,
}

impl Reader {
    fn error(&mut self, message: String) {
        self.errors.push(message);
    }

    fn known(&mut self, section: &str, fields: &Map<String, Value>, known: &[&str]) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.error(format!("`{section}.{name}` is not known; {section} may hold: {}", known.join(", ")));
        }
    }

    fn builder(&mut self, fields: &Map<String, Value>) -> String {
        match (fields.get("builderName"), fields.get("buildername")) {
            (Some(_), Some(_)) => {
                self.error(
                    "`builderName` and its old spelling `buildername` are both there; write only the first".into(),
                );
            }
            (Some(Value::String(name)), None) | (None, Some(Value::String(name))) if !name.is_empty() => {
                return name.clone();
            }
            (Some(other), None) | (None, Some(other)) => {
                self.error(format!("`builderName` is {}; write the name of a builder as text", kind(other)));
            }
            (None, None) => self.error("`builderName` is missing; write the name of a builder of the master".into()),
        }
        String::new()
    }

    fn source_stamp(&mut self, value: Option<&Value>) -> SourceStamp {
        let mut stamp = SourceStamp::default();
        let fields = match value {
            None => return stamp,
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                self.error(format!("`sourcestamp` is {}; write an object with `branch` and so on", kind(other)));
                return stamp;
            }
        };
        self.known("sourcestamp", fields, &["branch", "revision", "repository", "project", "codebase"]);
        let mut text = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                self.error(format!("`sourcestamp.{name}` is {}; write a text", kind(other)));
                String::new()
            }
        };
        stamp.revision = text("revision");
        stamp.repository = text("repository");
        stamp.project = text("project");
        stamp.codebase = text("codebase");
        stamp.branch = path_of(&text("branch"));
        if fields.get("branch").is_some_and(Value::is_string) && stamp.branch.len() < MIN_BRANCH_LENGTH {
            self.error(format!(
                "`sourcestamp.branch` is shorter than {MIN_BRANCH_LENGTH} letters; write a whole branch name"
            ));
        }
        stamp
    }

    fn properties(&mut self, value: Option<&Value>, required: &[String]) -> Map<String, Value> {
        let properties = match value {
            None => Map::new(),
            Some(Value::Object(properties)) => properties.clone(),
            Some(other) => {
                self.error(format!("`properties` is {}; write an object from names to values", kind(other)));
                return Map::new();
            }
        };
        for name in RESERVED.iter().filter(|name| properties.contains_key(**name)) {
            self.error(format!("`properties.{name}` is set by Drover or the master itself; leave it out"));
        }
        for name in required.iter().filter(|name| !properties.contains_key(*name)) {
            self.error(format!("`properties.{name}` is missing; this master requires it"));
        }
        properties
    }

    fn priority(&mut self, value: Option<&Value>) -> i64 {
        match value {
            None => 0,
            Some(value) => value.as_i64().filter(|number| i32::try_from(*number).is_ok()).unwrap_or_else(|| {
                self.error(format!("`priority` is {value}; write a whole number, of which a higher one goes first"));
                0
            }),
        }
    }

    fn warnings(&mut self, value: Option<&Value>) -> Option<WarningsEnd> {
        let value = value?;
        let end = serde_json::from_value(value.clone()).ok();
        if end.is_none() {
            self.error(format!("`warnings` is {value}; write \"failed\" or \"completed\""));
        }
        end
    }

    fn features(&mut self, value: Option<&Value>) -> (bool, bool) {
        let fields = match value {
            None => return (true, true),
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                self.error(format!("`features` is {}; write an object with `logs` and `properties`", kind(other)));
                return (true, true);
            }
        };
        self.known("features", fields, &["logs", "properties"]);
        let mut flag = |name: &str| match fields.get(name) {
            None => true,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.error(format!("`features.{name}` is {}; write true or false", kind(other)));
                true
            }
        };
        (flag("logs"), flag("properties"))
    }
}

/// The first bridge accepted a branch as a URL, of which the path counts.
fn path_of(branch: &str) -> String {
    let path = branch.split_once("://").map_or(branch, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.trim_matches('/').to_owned()
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text that cannot be used here",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Result<Payload, Vec<String>> {
        Payload::read(payload, &[])
    }

    #[test]
    fn a_whole_payload_is_read() {
        let payload = read(&json!({
            "builderName": "linux", "priority": 3, "warnings": "completed",
            "sourcestamp": {"branch": "https://hg.example.com/projects/cedar/", "revision": "abc"},
            "properties": {"n": 1, "deep": {"a": [true]}}, "features": {"logs": false},
        }))
        .unwrap();
        assert_eq!((payload.builder.as_str(), payload.priority), ("linux", 3));
        assert_eq!(payload.source_stamp.branch, "projects/cedar");
        assert_eq!(payload.properties["deep"], json!({"a": [true]}));
        assert_eq!(
            (payload.warnings, payload.logs, payload.publish_properties),
            (Some(WarningsEnd::Completed), false, true)
        );
    }

    #[test]
    fn the_old_spelling_and_plain_branches_are_accepted() {
        let payload = read(&json!({"buildername": "b", "sourcestamp": {"branch": "try", "revision": null}})).unwrap();
        assert_eq!((payload.builder.as_str(), payload.source_stamp.branch.as_str()), ("b", "try"));
    }

    #[test]
    fn every_error_names_its_field_and_what_to_write() {
        let cases = [
            (json!(3), "`payload` is a number"),
            (json!({}), "`builderName` is missing"),
            (json!({"builderName": 7}), "`builderName` is a number"),
            (json!({"builderName": ""}), "`builderName`"),
            (json!({"builderName": "b", "buildername": "b"}), "both there"),
            (json!({"builderName": "b", "more": 1}), "`payload.more` is not known"),
            (json!({"builderName": "b", "sourcestamp": []}), "`sourcestamp` is a list"),
            (json!({"builderName": "b", "sourcestamp": {"branch": "ab"}}), "`sourcestamp.branch`"),
            (json!({"builderName": "b", "sourcestamp": {"branch": 5}}), "`sourcestamp.branch` is a number"),
            (json!({"builderName": "b", "sourcestamp": {"x": ""}}), "`sourcestamp.x` is not known"),
            (json!({"builderName": "b", "properties": "p"}), "`properties` is a text"),
            (json!({"builderName": "b", "properties": {"owner": "me"}}), "`properties.owner`"),
            (json!({"builderName": "b", "priority": "high"}), "`priority` is \"high\""),
            (json!({"builderName": "b", "priority": 9_000_000_000_i64}), "`priority`"),
            (json!({"builderName": "b", "warnings": "ignored"}), "`warnings` is \"ignored\""),
            (json!({"builderName": "b", "features": {"logs": 1}}), "`features.logs`"),
            (json!({"builderName": "b", "features": {"proxy": true}}), "`features.proxy` is not known"),
        ];
        for (payload, message) in cases {
            let errors = read(&payload).unwrap_err();
            assert!(errors.iter().any(|error| error.contains(message)), "{payload}: {errors:?}");
        }
    }

    #[test]
    fn all_errors_are_reported_at_once_with_missing_required_properties() {
        let errors = Payload::read(&json!({"properties": {}, "priority": true}), &["product".to_owned()]).unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors.iter().any(|error| error.contains("`properties.product` is missing")));
    }
}
