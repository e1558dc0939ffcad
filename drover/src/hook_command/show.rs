//! Lists and shows hooks.

use serde_json::{Value, json};
use worker::client::segment;

use super::{HookPath, explain::lines};
use crate::{client::Server, exit::CliError, output::Output};

pub(super) async fn list(server: &Server, group: Option<&str>, output: Output) -> Result<(), CliError> {
    let Some(group) = group else {
        let answer: Value = server.0.get("hooks/v1/hooks").await?;
        let groups = answer["groups"].as_array().cloned().unwrap_or_default();
        let text: Vec<&str> = groups.iter().filter_map(Value::as_str).collect();
        output.either(&answer["groups"], &text.join("\n"));
        return Ok(());
    };
    let answer: Value = server.0.get(&format!("hooks/v1/hooks/{}", segment(group))).await?;
    if output.is_json() {
        output.json(&answer["hooks"]);
        return Ok(());
    }
    let rows = answer["hooks"].as_array().into_iter().flatten().map(|hook| {
        let count = |field: &str| hook[field].as_array().map_or(0, Vec::len);
        let bindings = count("bindings").to_string();
        let schedule: Vec<&str> = hook["schedule"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        [text(&hook["hookId"]), text(&hook["metadata"]["name"]), schedule.join("; "), bindings]
    });
    output.table(["HOOK", "NAME", "SCHEDULE", "BINDINGS"], rows);
    Ok(())
}

pub(super) async fn show(server: &Server, hook: &HookPath, output: Output) -> Result<(), CliError> {
    let definition: Value = server.0.get(&format!("hooks/v1/hooks/{}", hook.path())).await?;
    let explanation: Value = server.0.get(&format!("drover/v1/hook/{}/explain", hook.path())).await?;
    if output.is_json() {
        output.json(&json!({ "definition": definition, "explanation": explanation }));
        return Ok(());
    }
    let pretty = serde_json::to_string_pretty(&definition).unwrap_or_default();
    output.line(&format!("{pretty}\n\n{}", lines(&explanation)));
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
