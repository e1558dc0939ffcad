//! What taskgraph leaves open in a task until it is made: ids of other tasks, addresses of their artifacts, and dates.

use std::collections::BTreeMap;

use jsone::{Context, Limits};
use protocol::{id::TaskId, time::Timestamp};
use serde_json::{Map, Value, json};

/// What there is to be put in.
pub(super) struct References<'a> {
    pub task_id: TaskId,
    pub decision_task: TaskId,
    /// By the names that the task has for them.
    pub dependencies: &'a BTreeMap<String, TaskId>,
    pub root_url: &'a str,
    pub now: Timestamp,
}

/// Where a task reaches the services with its own scopes.
const PROXY: &str = "http://taskcluster";

type Result<T> = std::result::Result<T, String>;

/// Puts it in, wherever an object has one of these names alone.
pub(super) fn resolve(value: Value, references: &References<'_>) -> Result<Value> {
    match value {
        Value::Array(items) => items.into_iter().map(|item| resolve(item, references)).collect(),
        Value::Object(fields) if fields.len() == 1 => resolve_single(fields, references),
        Value::Object(fields) => resolve_fields(fields, references),
        other => Ok(other),
    }
}

fn resolve_fields(fields: Map<String, Value>, references: &References<'_>) -> Result<Value> {
    let resolved = fields.into_iter().map(|(name, value)| Ok((name, resolve(value, references)?)));
    resolved.collect::<Result<Map<_, _>>>().map(Value::Object)
}

fn resolve_single<'a>(fields: Map<String, Value>, references: &References<'a>) -> Result<Value> {
    let fill: fn(&References<'a>, &str) -> Result<String> = match fields.keys().next().map(String::as_str) {
        Some("task-reference") => References::task,
        Some("artifact-reference") => References::artifact,
        Some("relative-datestamp") => References::date,
        _ => return resolve_fields(fields, references),
    };
    match fields.into_iter().next() {
        Some((_, Value::String(text))) => fill(references, &text).map(Value::String),
        // The names of an object may hold references too.
        Some((_, Value::Object(named))) => {
            let resolved =
                named.into_iter().map(|(name, value)| Ok((fill(references, &name)?, resolve(value, references)?)));
            resolved.collect::<Result<Map<_, _>>>().map(Value::Object)
        }
        Some((name, other)) => Err(format!("`{name}` must be a text; got {other}")),
        None => Ok(json!({})),
    }
}

impl References<'_> {
    fn task(&self, text: &str) -> Result<String> {
        replaced(text, |name| match name {
            "self" => Ok(self.task_id.to_string()),
            // How it is escaped.
            "<" => Ok("<".to_owned()),
            name => self.dependency(name).map(|id| id.to_string()),
        })
    }

    fn artifact(&self, text: &str) -> Result<String> {
        replaced(text, |reference| {
            let (name, path) =
                reference.split_once('/').ok_or_else(|| format!("`<{reference}>` must be <dependency/artifact>"))?;
            let root = if path.starts_with("public/") { self.root_url } else { PROXY };
            let id = self.dependency(name)?;
            Ok(format!("{root}/api/queue/v1/task/{id}/artifacts/{path}"))
        })
    }

    fn date(&self, text: &str) -> Result<String> {
        let template = jsone::Value::try_from(&json!({ "$fromNow": text })).map_err(|error| error.to_string())?;
        let rendered = jsone::render(&template, &Context::new(self.now), &Limits::default());
        let rendered = rendered.map_err(|error| format!("`{text}` is no time from now: {error}"))?;
        rendered.as_str().map(str::to_owned).ok_or_else(|| format!("`{text}` is no time from now"))
    }

    fn dependency(&self, name: &str) -> Result<TaskId> {
        if name == "decision" {
            return Ok(self.decision_task);
        }
        self.dependencies.get(name).copied().ok_or_else(|| format!("it has no dependency named `{name}`"))
    }
}

/// The text with what stands in each pair of angle brackets replaced.
fn replaced(text: &str, by: impl Fn(&str) -> Result<String>) -> Result<String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(begin) = rest.find('<') {
        // At least one letter stands between them: `<<>` is an escaped one.
        let Some(end) = rest.get(begin + 2..).and_then(|after| after.find('>')).map(|end| begin + 2 + end) else {
            break;
        };
        out.push_str(&rest[..begin]);
        out.push_str(&by(&rest[begin + 1..end])?);
        rest = &rest[end + 1..];
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_as_taskgraph_does_it() {
        let id = |text: &str| text.parse::<TaskId>().unwrap();
        let (own, decision, build) =
            (id("fN1SbArXTPSVFNUvaOlinQ"), id("AAAAAAAAQACAAAAAAAAAAA"), id("AAAAAAAAQACAAAAAAAAAAQ"));
        let dependencies = BTreeMap::from([("build".to_owned(), build)]);
        let now = "2026-11-28T00:00:00Z".parse().unwrap();
        let references = References {
            task_id: own,
            decision_task: decision,
            dependencies: &dependencies,
            root_url: "https://d.example",
            now,
        };
        let resolved = |value: Value| resolve(value, &references);
        let task = json!({
            "deadline": { "relative-datestamp": "1 day" },
            "payload": {
                "env": { "IDS": { "task-reference": "<self> of <decision> after <build>, 1 <<> 2" } },
                "urls": [
                    { "artifact-reference": "<build/public/a.zip>" },
                    { "artifact-reference": "<build/private/x>" },
                ],
                "named": { "task-reference": { "<build>": { "task-reference": "<self>" } } },
                "untouched": "<build>",
            },
        });
        let expected = json!({
            "deadline": "2026-11-29T00:00:00.000Z",
            "payload": {
                "env": { "IDS": format!("{own} of {decision} after {build}, 1 < 2") },
                "urls": [
                    format!("https://d.example/api/queue/v1/task/{build}/artifacts/public/a.zip"),
                    format!("http://taskcluster/api/queue/v1/task/{build}/artifacts/private/x"),
                ],
                "named": { build.to_string(): own },
                "untouched": "<build>",
            },
        });
        assert_eq!(resolved(task).unwrap(), expected);
        assert!(resolved(json!({ "task-reference": "<test>" })).unwrap_err().contains("`test`"));
        assert!(resolved(json!({ "task-reference": 1 })).unwrap_err().contains("must be a text"));
        assert!(resolved(json!({ "relative-datestamp": "soon" })).is_err());
    }
}
