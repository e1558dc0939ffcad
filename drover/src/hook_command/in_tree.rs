//! Hooks for the actions of a `.taskcluster.yml`.

use std::path::PathBuf;

use clap::Args;
use protocol::github::{InTreeAction, TaskclusterYml};
use serde_json::Value;

use crate::{
    exit::{CliError, Exit},
    output::Output,
};

#[derive(Debug, Args)]
pub(crate) struct InTreeArgs {
    /// The `.taskcluster.yml`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What hooks it gets, as `actions.json` names them without the hash: project-TRUST_DOMAIN/in-tree-action-LEVEL-PERMISSION.
    #[arg(value_name = "NAME", required = true, value_parser = action)]
    names: Vec<InTreeAction>,
}

fn action(text: &str) -> Result<InTreeAction, String> {
    let words =
        || format!("`{text}` must be project-TRUST_DOMAIN/in-tree-action-LEVEL-PERMISSION, or with in-tree-pr-action");
    InTreeAction::parse(text).ok_or_else(words)
}

/// Prints them, for `apply`.
pub(super) fn run(args: &InTreeArgs, output: Output) -> Result<(), CliError> {
    let file = args.file.display();
    let usage = |words: String| CliError::new(Exit::Usage, format!("{file}: {words}"));
    let text = std::fs::read_to_string(&args.file).map_err(|error| usage(format!("it cannot be read: {error}")))?;
    let tasks = TaskclusterYml::read(&text).map_err(|error| usage(error.to_string()))?.tasks;
    let hooks: Option<Vec<Value>> = args.names.iter().map(|action| action.hook(text.as_bytes(), &tasks)).collect();
    let hooks = hooks.ok_or_else(|| usage("`tasks` must be a list: its first task is that of actions".to_owned()))?;
    output.either(&Value::from(hooks.clone()), &format!("{:#}", Value::from(hooks)));
    Ok(())
}
