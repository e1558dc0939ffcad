//! Fires a hook, or says what a fire would do.

use std::{fmt::Write, path::PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::One;
use crate::{
    client::Server,
    exit::{CliError, Exit},
    json_file::read_json,
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
pub(crate) struct FireArgs {
    #[command(flatten)]
    one: One,
    /// A JSON file with the payload; `{}` where it is left out.
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// Only say what would happen: nothing is created.
    #[arg(long)]
    dry_run: bool,
    /// With `--dry-run`: as if the schedule fired it at this time.
    #[arg(long, value_name = "TIME", requires = "dry_run")]
    at: Option<String>,
    /// With `--dry-run`: a JSON file with a message: exchange, routingKey and payload.
    #[arg(long, value_name = "FILE", requires = "dry_run", conflicts_with = "payload")]
    message: Option<PathBuf>,
}

pub(super) async fn run(args: FireArgs, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let server = args.one.server.connect(system)?;
    if args.dry_run { dry_run(&server, &args, output).await } else { fire(&server, &args, output).await }
}

async fn fire(server: &Server, args: &FireArgs, output: Output) -> Result<(), CliError> {
    let payload = args.payload.as_deref().map_or_else(|| Ok(json!({})), read_json)?;
    let path = format!("hooks/v1/hooks/{}/trigger", args.one.hook.path());
    let answer: Value = server.0.post(&path, &payload).await?;
    let text = answer["taskId"].as_str().unwrap_or("the template yields no task");
    output.either(&answer, text);
    Ok(())
}

async fn dry_run(server: &Server, args: &FireArgs, output: Output) -> Result<(), CliError> {
    let mut request = Map::new();
    if let Some(file) = &args.payload {
        request.insert("payload".to_owned(), read_json(file)?);
    }
    if let Some(file) = &args.message {
        request.insert("message".to_owned(), read_json(file)?);
    }
    if let Some(at) = &args.at {
        request.insert("now".to_owned(), json!(at));
    }
    let path = format!("drover/v1/hook/{}/dry-run", args.one.hook.path());
    let answer: Value = server.0.post(&path, &Value::Object(request)).await?;
    output.either(&answer, &shown(&answer));
    let problems = answer["payloadErrors"].as_array().is_some_and(|errors| !errors.is_empty())
        || answer["error"].is_string()
        || answer["matchesBinding"] == json!(false);
    if problems { Err(CliError::new(Exit::Refused, "the hook would create no task")) } else { Ok(()) }
}

fn shown(answer: &Value) -> String {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let mut text = format!("context: {}", pretty(&answer["context"]));
    let task = if answer["task"].is_object() { pretty(&answer["task"]) } else { "none".to_owned() };
    let _ = write!(text, "\ntask: {task}");
    if answer["matchesBinding"] == json!(false) {
        text += "\nno binding of the hook matches the message";
    }
    for error in answer["payloadErrors"].as_array().into_iter().flatten() {
        let _ = write!(text, "\nthe triggerSchema refuses the payload: {}", error.as_str().unwrap_or_default());
    }
    if let Some(error) = answer["error"].as_str() {
        let _ = write!(text, "\n{error}");
    }
    text
}
