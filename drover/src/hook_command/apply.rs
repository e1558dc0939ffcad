//! Hooks as a file has them. Hooks that the file does not have are not touched.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::HookPath;
use crate::{
    client::Server,
    exit::{CliError, Exit},
    json_file::read_json,
    output::Output,
};

/// What has to be done about a hook of the file.
struct Change {
    hook: HookPath,
    wanted: Value,
    /// `None`: there is no such hook.
    differing: Option<Vec<String>>,
}

const FIELDS: [&str; 5] = ["metadata", "task", "schedule", "triggerSchema", "bindings"];

pub(super) async fn apply(server: &Server, file: &Path, output: Output) -> Result<(), CliError> {
    let changes = changes(server, file).await?;
    for change in &changes {
        let method = if change.differing.is_some() { Method::POST } else { Method::PUT };
        let path = format!("hooks/v1/hooks/{}", change.hook.path());
        server.0.call::<Value>(method, &path, Some(&change.wanted)).await?;
        show(change, output);
    }
    if changes.is_empty() && !output.is_json() {
        output.line("nothing to change");
    }
    Ok(())
}

/// Fails where there is something to change, so that a script can tell.
pub(super) async fn diff(server: &Server, file: &Path, output: Output) -> Result<Exit, CliError> {
    let changes = changes(server, file).await?;
    for change in &changes {
        show(change, output);
    }
    Ok(if changes.is_empty() { Exit::Ok } else { Exit::Failed })
}

fn show(change: &Change, output: Output) {
    let Change { hook: HookPath { group, id }, differing, .. } = change;
    let (verb, fields) = match differing {
        Some(fields) => ("update", fields.clone()),
        None => ("create", Vec::new()),
    };
    let object = json!({ "hookGroupId": group, "hookId": id, "change": verb, "fields": fields });
    output.either(&object, format!("{verb} {group}/{id} {}", fields.join(", ")).trim_end());
}

async fn changes(server: &Server, file: &Path) -> Result<Vec<Change>, CliError> {
    let Value::Array(hooks) = read_json(file)? else {
        return Err(CliError::new(Exit::Usage, format!("{} must hold a list of hooks", file.display())));
    };
    let mut changes = Vec::new();
    for wanted in hooks {
        let id = |field: &str| wanted[field].as_str().unwrap_or_default().to_owned();
        let hook = HookPath { group: id("hookGroupId"), id: id("hookId") };
        if hook.group.is_empty() || hook.id.is_empty() {
            let message = format!("{}: each hook needs a hookGroupId and a hookId", file.display());
            return Err(CliError::new(Exit::Usage, message));
        }
        let differing = match server.0.get::<Value>(&format!("hooks/v1/hooks/{}", hook.path())).await {
            Ok(present) => Some(differing(&wanted, &present)),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        if differing.as_ref().is_none_or(|fields| !fields.is_empty()) {
            changes.push(Change { hook, wanted, differing });
        }
    }
    Ok(changes)
}

/// Fields that the file gives otherwise than they are. Those of `metadata` that it leaves out have their default.
fn differing(wanted: &Value, present: &Value) -> Vec<String> {
    let differs = |field: &str| match (wanted.get(field), &present[field]) {
        (None, _) => false,
        (Some(Value::Object(wanted)), Value::Object(present)) if field == "metadata" => {
            wanted.iter().any(|(name, value)| present.get(name) != Some(value))
        }
        (Some(wanted), present) => wanted != present,
    };
    FIELDS.into_iter().filter(|field| differs(field)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_file_gives_is_compared() {
        let present =
            json!({ "metadata": { "name": "a", "emailOnError": true }, "schedule": ["0 0 * * *"], "task": {} });
        let same = json!({ "hookId": "h", "metadata": { "name": "a" }, "task": {} });
        assert!(differing(&same, &present).is_empty());
        let other = json!({ "metadata": { "name": "b" }, "schedule": [], "task": {} });
        assert_eq!(differing(&other, &present), ["metadata", "schedule"]);
    }
}
