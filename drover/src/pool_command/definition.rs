//! Worker pools in a file: YAML or JSON, one pool or a list of them, with the fields that tc-admin gives a `WorkerPool`.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::exit::{CliError, Exit};

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Definition {
    pub(crate) worker_pool_id: String,
    pub(crate) provider_id: String,
    #[serde(default)]
    description: String,
    owner: String,
    #[serde(default)]
    email_on_error: bool,
    pub(crate) config: Map<String, Value>,
    /// tc-admin's word for what it is.
    #[serde(default, rename = "kind")]
    _kind: Option<String>,
}

impl Definition {
    /// The body of a request.
    pub(super) fn body(&self) -> Value {
        json!({
            "providerId": self.provider_id,
            "description": self.description,
            "owner": self.owner,
            "emailOnError": self.email_on_error,
            "config": self.config,
        })
    }
}

/// The pools of a file, in its order.
pub(crate) fn load(path: &Path) -> Result<Vec<Definition>, CliError> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::new(Exit::Usage, format!("{shown} cannot be read: {error}")))?;
    parse(&text).map_err(|words| CliError::new(Exit::Usage, format!("{shown}: {words}")))
}

fn parse(text: &str) -> Result<Vec<Definition>, String> {
    // JSON is YAML.
    let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let pools = match value {
        Value::Array(pools) => pools,
        pool => vec![pool],
    };
    if pools.is_empty() {
        return Err("there is no worker pool in it".to_owned());
    }
    let definition = |(at, pool): (usize, Value)| {
        let name = pool["workerPoolId"].as_str().map_or_else(|| format!("number {}", at + 1), |id| format!("`{id}`"));
        serde_json::from_value(pool).map_err(|error| format!("the worker pool {name}: {error}"))
    };
    pools.into_iter().enumerate().map(definition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "workerPoolId: a/b\nproviderId: aws\nowner: o@example.com\nconfig: {maxCapacity: 1}\n";

    #[test]
    fn a_file_has_one_pool_or_a_list() {
        let one = parse(POOL).unwrap();
        let list = parse(&format!("- {}", POOL.trim_end().replace('\n', "\n  "))).unwrap();
        assert_eq!(one, list);
        assert_eq!(one[0].body()["config"], json!({ "maxCapacity": 1 }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("[]", "no worker pool"),
            ("workerPoolId: a/b\nproviderId: aws", "`a/b`: missing field `owner`"),
            (&format!("{POOL}colour: red"), "unknown field `colour`"),
            ("[{}]", "number 1"),
            ("a: [", "line"),
        ] {
            let words = parse(text).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
    }
}
