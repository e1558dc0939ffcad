//! `drover group`: shows a task group, or acts on it.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use protocol::id::TaskGroupId;
use serde_json::json;

use crate::{
    client::{Listed, ServerArgs},
    confirm::confirm,
    exit::{CliError, Exit},
    ids,
    output::Output,
    run::{
        shutdown,
        watch::{self, WatchArgs},
    },
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// The tasks of a group.
    #[command(after_help = "Examples:\n  drover group list $TASK_GROUP_ID")]
    List(One),
    /// How many tasks of a group are in which state.
    #[command(after_help = "Examples:\n  drover group status $TASK_GROUP_ID -o json")]
    Status(One),
    /// Follow a group until it is over; ends with 0 only if it is green.
    #[command(after_help = "Examples:\n  drover group watch https://ci.example.com/tasks/groups/$TASK_GROUP_ID")]
    Watch(WatchOne),
    /// Seal a group and end all its tasks.
    #[command(
        after_help = "Examples:\n  drover group cancel $TASK_GROUP_ID\n  drover group cancel $TASK_GROUP_ID --yes"
    )]
    Cancel(CancelOne),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The group, by its id or the address of its page.
    #[arg(value_name = "TASK_GROUP_ID", value_parser = ids::group_id)]
    task_group_id: TaskGroupId,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CancelOne {
    #[command(flatten)]
    one: One,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchOne {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    watch: WatchArgs,
}

pub(crate) async fn run(command: GroupCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        GroupCommand::List(one) => {
            let mut tasks = one.server.connect(system)?.group(one.task_group_id).await?;
            tasks.sort_by(|a, b| a.task.metadata.name.cmp(&b.task.metadata.name));
            list(&tasks, *output);
        }
        GroupCommand::Status(one) => {
            let tasks = one.server.connect(system)?.group(one.task_group_id).await?;
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for listed in &tasks {
                *counts.entry(listed.status.state.as_str()).or_default() += 1;
            }
            let text: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let object = json!({ "taskGroupId": one.task_group_id, "tasks": tasks.len(), "counts": counts });
            output.either(&object, &format!("{}: {}", one.task_group_id, text.join(", ")));
        }
        GroupCommand::Watch(WatchOne { one, watch }) => {
            let (server, shutdown) = (one.server.connect(system)?, shutdown()?);
            return watch::watch(&server, one.task_group_id, &watch, &shutdown, system, *output).await;
        }
        GroupCommand::Cancel(CancelOne { one, yes }) => {
            let server = one.server.connect(system)?;
            if !yes {
                confirm(&format!("the group {} is sealed for good and all its tasks end", one.task_group_id))?;
            }
            let answer = server.cancel_group(one.task_group_id).await?;
            let count = answer["cancelledCount"].as_u64().unwrap_or_default();
            output.either(&answer, &format!("{}: sealed, {count} tasks cancelled", one.task_group_id));
        }
    }
    Ok(Exit::Ok)
}

fn list(tasks: &[Listed], output: Output) {
    if output.is_json() {
        for Listed { status, task } in tasks {
            output.json(&json!({ "taskId": status.task_id, "name": task.metadata.name, "status": status }));
        }
        return;
    }
    let row = |it: &Listed| [it.status.task_id.to_string(), it.status.state.to_string(), it.task.metadata.name.clone()];
    output.table(["TASK ID", "STATE", "NAME"], tasks.iter().map(row));
}
