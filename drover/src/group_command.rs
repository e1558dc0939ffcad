//! `drover group`: shows a task group, or acts on it.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use protocol::id::TaskGroupId;
use serde_json::json;

use crate::{
    client::{Listed, Server, ServerArgs},
    confirm::confirm,
    exit::{CliError, Exit},
    global::signals,
    ids::{self, Given},
    output::Output,
    run::watch::{self, WatchArgs},
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
    /// The group, by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_GROUP_ID", value_parser = ids::group_id)]
    task_group_id: Given<TaskGroupId>,
    #[command(flatten)]
    server: ServerArgs,
}

impl One {
    async fn connect(self, system: &SystemContext) -> Result<(Server, TaskGroupId), CliError> {
        let server = self.server.connect(system)?;
        let group = self.task_group_id.group(&server).await?;
        Ok((server, group))
    }
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
            let (server, group) = one.connect(system).await?;
            let mut tasks = server.group(group).await?;
            tasks.sort_by(|a, b| a.task.metadata.name.cmp(&b.task.metadata.name));
            list(&tasks, *output);
        }
        GroupCommand::Status(one) => {
            let (server, group) = one.connect(system).await?;
            let tasks = server.group(group).await?;
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for listed in &tasks {
                *counts.entry(listed.status.state.as_str()).or_default() += 1;
            }
            let text: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let object = json!({ "taskGroupId": group, "tasks": tasks.len(), "counts": counts });
            output.either(&object, &format!("{group}: {}", text.join(", ")));
        }
        GroupCommand::Watch(WatchOne { one, watch }) => {
            let ((server, group), shutdown) = (one.connect(system).await?, signals()?);
            return watch::watch(&server, group, &watch, &shutdown, system, *output).await;
        }
        GroupCommand::Cancel(CancelOne { one, yes }) => {
            let (server, group) = one.connect(system).await?;
            if !yes {
                confirm(&format!("the group {group} is sealed for good and all its tasks end"))?;
            }
            let answer = server.cancel_group(group).await?;
            let count = answer["cancelledCount"].as_u64().unwrap_or_default();
            output.either(&answer, &format!("{group}: sealed, {count} tasks cancelled"));
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
