//! The file `.taskcluster.yml`, version 1.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{PullRequestPolicy, yaml::read_yaml};
use crate::schema;

/// What a `.taskcluster.yml` says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskclusterYml {
    reporting: Option<String>,
    #[serde(default)]
    policy: Policy,
    #[serde(rename = "autoCancelPreviousChecks")]
    pub cancels_previous: bool,
    /// A JSON-e template, of a list or of each of its tasks.
    pub tasks: Value,
    pub hooks: Vec<HookToFire>,
}

/// A hook that is fired besides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HookToFire {
    /// Group and id with a slash between them.
    pub name: String,
    #[serde(default)]
    pub context: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    pull_requests: Option<PullRequestPolicy>,
    allow_comments: Option<String>,
}

/// Why a file cannot be used, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`.taskcluster.yml` {0}")]
pub struct ConfigError(String);

/// Longer files are not read, in bytes.
pub const MAX_FILE: usize = 1024 * 1024;
/// Errors that are listed.
const LISTED: usize = 10;

impl TaskclusterYml {
    /// Reads a file. It is checked whole, and every fault is named.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        if text.len() > MAX_FILE {
            return Err(ConfigError(format!("has {} bytes; it may have {MAX_FILE}", text.len())));
        }
        Self::from_value(read_yaml(text).map_err(ConfigError)?)
    }

    fn from_value(mut value: Value) -> Result<Self, ConfigError> {
        match value.get("version") {
            None => return Err(ConfigError("must begin with `version: 1`".to_owned())),
            Some(version) if version == 0 => {
                let words = "has version 0, which is not supported any more: write it as version 1 \
                             (https://docs.taskcluster.net/docs/reference/integrations/github/taskcluster-yml-v1)";
                return Err(ConfigError(words.to_owned()));
            }
            Some(version) if version != 1 => {
                return Err(ConfigError(format!("has version {version}; only version 1 is known")));
            }
            Some(_) => {}
        }
        schema::validate_input("github", "taskcluster-github-config.v1", &mut value).map_err(|errors| {
            let mut words = "is not as its format says:".to_owned();
            for error in errors.iter().take(LISTED) {
                let _ = write!(words, "\n * {error}");
            }
            ConfigError(words)
        })?;
        serde_json::from_value(value).map_err(|error| ConfigError(format!("cannot be used: {error}")))
    }

    /// Tasks are reported as check runs each, else the group as a commit status.
    pub fn by_checks(&self) -> bool {
        self.reporting.is_some()
    }

    /// Whose pull requests run, by the file of the default branch.
    pub fn pull_requests(&self) -> PullRequestPolicy {
        self.policy.pull_requests.unwrap_or_default()
    }

    /// Whether comments of collaborators may cause tasks, by the file of the default branch.
    pub fn allows_comments(&self) -> bool {
        self.policy.allow_comments.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        let file = TaskclusterYml::read("\u{feff}version: 1\n").unwrap();
        assert_eq!((file.by_checks(), file.cancels_previous, file.allows_comments()), (false, true, false));
        assert_eq!((file.pull_requests(), &file.tasks), (PullRequestPolicy::Collaborators, &serde_json::json!([])));
    }

    #[test]
    fn everything_that_can_be_said_is_read() {
        let text = "version: 1\nreporting: checks-v1\nautoCancelPreviousChecks: false\n\
                    policy: {pullRequests: public_restricted, allowComments: collaborators}\n\
                    tasks:\n  $map: [1, 2]\n  each(x): {a: {$eval: x}}\n\
                    hooks: [{name: g/h, context: {a: 1}}, {name: g/i}]\n";
        let file = TaskclusterYml::read(text).unwrap();
        assert_eq!((file.by_checks(), file.cancels_previous, file.allows_comments()), (true, false, true));
        assert_eq!(file.pull_requests(), PullRequestPolicy::PublicRestricted);
        assert_eq!(file.tasks["$map"], serde_json::json!([1, 2]));
        assert_eq!(file.hooks.iter().map(|hook| &*hook.name).collect::<Vec<_>>(), ["g/h", "g/i"]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_in_words() {
        let bomb = (1..12).fold("version: 1\na0: &a0 [x, x]\n".to_owned(), |text, level| {
            let below = format!("*a{}", level - 1);
            format!("{text}a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(", "))
        });
        for (text, words) in [
            ("", "version: 1"),
            ("tasks: []", "version: 1"),
            ("version: 0\nmetadata: {}", "version 0"),
            ("version: 2", "version 2"),
            ("version: 1\ntasks: null", "tasks"),
            ("version: 1\ntasks: [1]", "tasks"),
            ("version: 1\npolicy: {pullRequests: everybody}", "everybody"),
            ("version: 1\nreporting: checks-v2", "checks-v"),
            ("version: 1\nworkers: []", "workers"),
            ("version: 1\n\ttasks: []", "YAML"),
            ("version: 1\nversion: 1", "YAML"),
            ("version: [", "YAML"),
            (&bomb, "YAML"),
            (&"x".repeat(MAX_FILE + 1), "bytes"),
        ] {
            let error = TaskclusterYml::read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
