//! The messages, and the capabilities that they belong to.

use protocol::certificate::Credentials;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::client::certificate_text;

/// What one end supports. Its name is that of the message which needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    ErrorReport,
    GracefulTermination,
    Log,
    NewCredentials,
    Shutdown,
}

impl Capability {
    pub const ALL: [Self; 5] =
        [Self::ErrorReport, Self::GracefulTermination, Self::Log, Self::NewCredentials, Self::Shutdown];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ErrorReport => "error-report",
            Self::GracefulTermination => "graceful-termination",
            Self::Log => "log",
            Self::NewCredentials => "new-credentials",
            Self::Shutdown => "shutdown",
        }
    }
}

/// What worker-runner says.
#[derive(Debug, PartialEq)]
pub enum RunnerMessage {
    /// The first message, once. Capabilities that are not known here are left out.
    Welcome(Vec<Capability>),
    GracefulTermination {
        /// Without, the machine is about to go.
        finish_tasks: bool,
    },
    NewCredentials(Credentials),
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkerMessage {
    Hello(Vec<Capability>),
    ErrorReport {
        kind: String,
        title: String,
        description: String,
        extra: Map<String, Value>,
    },
    Log(Value),
    /// Asks for the end of this machine.
    Shutdown,
}

impl RunnerMessage {
    /// Reads the JSON of a line. An error is a text for the log.
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        // A parser's message may repeat parts of the text, which may hold an access token.
        let message: Map<String, Value> =
            serde_json::from_str(json).map_err(|error| format!("no JSON object (column {})", error.column()))?;
        let kind = text(&message, "type")?;
        match kind.as_str() {
            "welcome" => capabilities(&message).map(Self::Welcome),
            "graceful-termination" => match message.get("finish-tasks") {
                Some(Value::Bool(finish_tasks)) => Ok(Self::GracefulTermination { finish_tasks: *finish_tasks }),
                _ => Err("`graceful-termination` without a boolean `finish-tasks`".to_owned()),
            },
            "new-credentials" => Ok(Self::NewCredentials(Credentials {
                client_id: text(&message, "client-id")?,
                access_token: text(&message, "access-token")?,
                certificate: certificate_text(message.get("certificate"))
                    .map_err(|what| format!("`new-credentials`: {what}"))?,
            })),
            other => Err(format!("a message of the unknown type {other:?}")),
        }
    }

    pub(super) fn capability(&self) -> Option<Capability> {
        match self {
            Self::Welcome(_) => None,
            Self::GracefulTermination { .. } => Some(Capability::GracefulTermination),
            Self::NewCredentials(_) => Some(Capability::NewCredentials),
        }
    }
}

impl WorkerMessage {
    pub(super) fn capability(&self) -> Option<Capability> {
        match self {
            Self::Hello(_) => None,
            Self::ErrorReport { .. } => Some(Capability::ErrorReport),
            Self::Log(_) => Some(Capability::Log),
            Self::Shutdown => Some(Capability::Shutdown),
        }
    }

    /// The whole line.
    pub(super) fn line(&self) -> String {
        let json = match self {
            Self::Hello(capabilities) => json!({ "type": "hello", "capabilities": capabilities }),
            Self::ErrorReport { kind, title, description, extra } => {
                json!({ "type": "error-report", "kind": kind, "title": title, "description": description, "extra": extra })
            }
            Self::Log(body) => json!({ "type": "log", "body": body }),
            Self::Shutdown => json!({ "type": "shutdown" }),
        };
        format!("~{json}\n")
    }
}

fn text(message: &Map<String, Value>, field: &str) -> Result<String, String> {
    let value = message.get(field).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("a message without a text `{field}`"))
}

fn capabilities(message: &Map<String, Value>) -> Result<Vec<Capability>, String> {
    let names =
        message.get("capabilities").and_then(Value::as_array).ok_or("`welcome` without a list `capabilities`")?;
    let known = |name: &Value| Capability::ALL.into_iter().find(|it| name.as_str() == Some(it.name()));
    Ok(names.iter().filter_map(known).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_worker_runner_are_read() {
        let cases = [
            (
                r#"{"type":"welcome","capabilities":["log","graceful-termination","of-tomorrow",7]}"#,
                RunnerMessage::Welcome(vec![Capability::Log, Capability::GracefulTermination]),
            ),
            (
                r#"{"type":"graceful-termination","finish-tasks":true,"more":1}"#,
                RunnerMessage::GracefulTermination { finish_tasks: true },
            ),
            (
                r#"{"type":"new-credentials","client-id":"a","access-token":"b","certificate":""}"#,
                RunnerMessage::NewCredentials(Credentials {
                    client_id: "a".to_owned(),
                    access_token: "b".to_owned(),
                    certificate: None,
                }),
            ),
            (
                r#"{"type":"new-credentials","client-id":"a","access-token":"b","certificate":{"version":1}}"#,
                RunnerMessage::NewCredentials(Credentials {
                    client_id: "a".to_owned(),
                    access_token: "b".to_owned(),
                    certificate: Some(r#"{"version":1}"#.to_owned()),
                }),
            ),
        ];
        for (json, message) in cases {
            assert_eq!(RunnerMessage::parse(json), Ok(message), "{json}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_message_is_named_and_no_secret() {
        for (json, part) in [
            ("{", "no JSON object"),
            ("[]", "no JSON object"),
            (r#"{"kind":"welcome"}"#, "`type`"),
            (r#"{"type":3}"#, "`type`"),
            (r#"{"type":"dance"}"#, "dance"),
            (r#"{"type":"welcome"}"#, "`capabilities`"),
            (r#"{"type":"graceful-termination","finish-tasks":"yes"}"#, "`finish-tasks`"),
            (r#"{"type":"new-credentials","client-id":"a","access-token":99999}"#, "`access-token`"),
            (r#"{"type":"new-credentials","client-id":"a","access-token":"99999","certificate":1}"#, "`certificate`"),
        ] {
            let words = RunnerMessage::parse(json).unwrap_err();
            assert!(words.contains(part) && !words.contains("99999"), "{json}: {words}");
        }
    }

    #[test]
    fn messages_of_the_worker_are_lines_of_their_own() {
        let extra = json!({ "lines": "one\ntwo" }).as_object().unwrap().clone();
        let report = WorkerMessage::ErrorReport {
            kind: "worker-error".to_owned(),
            title: "t".to_owned(),
            description: "d\nd".to_owned(),
            extra,
        };
        for message in [WorkerMessage::Hello(vec![Capability::NewCredentials]), report, WorkerMessage::Shutdown] {
            let line = message.line();
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let json: Value = serde_json::from_str(line.strip_prefix('~').unwrap()).unwrap();
            assert!(json["type"].is_string());
        }
        let hello = WorkerMessage::Hello(vec![Capability::NewCredentials]).line();
        assert_eq!(hello, "~{\"capabilities\":[\"new-credentials\"],\"type\":\"hello\"}\n");
    }
}
