//! `drover action`: lists what can be done with a group or a task, and does it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protocol::id::{TaskGroupId, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use worker::client::segment;

use crate::{
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    ids::{self, Given},
    json_file::read_json,
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ActionCommand {
    /// The actions for a group, or for one of its tasks: those of its decision task, and those of Drover.
    #[command(
        after_help = "Examples:\n  drover action list $TASK_GROUP_ID\n  drover action list $TASK_GROUP_ID --task $TASK_ID -o json"
    )]
    List(Of),
    /// Run an action: triggers its hook, and prints the task that carries it out.
    #[command(after_help = "\
Examples:
  drover action run $TASK_GROUP_ID cancel-all
  drover action run $TASK_GROUP_ID retrigger --task $TASK_ID
  drover action run $TASK_GROUP_ID retrigger --task $TASK_ID --input input.json
  drover action run $TASK_GROUP_ID retrigger --task $TASK_ID --dry-run

It needs the scope hooks:trigger-hook:HOOK_GROUP/HOOK of the action's hook. The scopes of a decision task that offers an
action must satisfy in-tree:hook-action:HOOK_GROUP/HOOK: a list of actions names only hooks that its author may use.")]
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The group, whose decision task has the same id: by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_GROUP_ID", value_parser = ids::group_id)]
    task_group_id: Given<TaskGroupId>,
    /// A task of the group; without it, the action is for the group.
    #[arg(long, value_name = "TASK_ID", value_parser = ids::task_id)]
    task: Option<Given<TaskId>>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    of: Of,
    /// The action, as `drover action list` names it.
    name: String,
    /// A JSON file with the input of the action.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Only print the hook and what it would be triggered with.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(command: ActionCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        ActionCommand::List(of) => list(of, system, *output).await?,
        ActionCommand::Run(args) => run_one(args, system, *output).await?,
    }
    Ok(Exit::Ok)
}

async fn list(of: Of, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let (server, target) = of.connect(system).await?;
    let query = target.task_id.map(|task_id| format!("?task={task_id}")).unwrap_or_default();
    let offered: Offered = server.0.get(&format!("{}{query}", target.path())).await?;
    if let Some(problem) = &offered.problem {
        eprintln!("drover: {problem}");
    }
    let width = offered.actions.iter().map(|action| action.name.len()).max().unwrap_or_default();
    let line = |Offer { name, title, problem, .. }: &Offer| match problem {
        Some(problem) => format!("{name:width$}  {title} (cannot be run: {problem})"),
        None => format!("{name:width$}  {title}"),
    };
    let lines: Vec<String> = offered.actions.iter().map(line).collect();
    let text = if lines.is_empty() { "there are no actions for it".to_owned() } else { lines.join("\n") };
    output.either(&json!(offered.actions), &text);
    Ok(())
}

async fn run_one(args: RunArgs, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let input = args.input.as_deref().map_or(Ok(Value::Null), read_json)?;
    let (server, target) = args.of.connect(system).await?;
    let mut body = json!({ "input": input });
    if let Some(task_id) = target.task_id {
        body["taskId"] = json!(task_id);
    }
    let path = format!("{}/{}", target.path(), segment(&args.name));
    let Prepared { hook_group_id, hook_id, payload } = server.0.post(&path, &body).await?;
    let hook = format!("{hook_group_id}/{hook_id}");
    if args.dry_run {
        let shown = json!({ "hook": hook, "payload": payload });
        output.either(&shown, &format!("hook {hook}, payload {payload:#}"));
        return Ok(());
    }
    let path = format!("hooks/v1/hooks/{}/{}/trigger", segment(&hook_group_id), segment(&hook_id));
    let answer: Value = server.0.post(&path, &payload).await?;
    output.either(&answer, answer["taskId"].as_str().unwrap_or("the hook makes no task"));
    Ok(())
}

/// What can be done.
#[derive(Deserialize)]
struct Offered {
    actions: Vec<Offer>,
    problem: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Offer {
    name: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(flatten)]
    more: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prepared {
    hook_group_id: String,
    hook_id: String,
    payload: Value,
}

/// What an action is to be done to.
struct Target {
    task_group_id: TaskGroupId,
    task_id: Option<TaskId>,
}

impl Target {
    fn path(&self) -> String {
        format!("drover/v1/group/{}/actions", self.task_group_id)
    }
}

impl Of {
    async fn connect(self, system: &SystemContext) -> Result<(Server, Target), CliError> {
        let server = self.server.connect(system)?;
        let task_group_id = self.task_group_id.group(&server).await?;
        let task_id = match self.task {
            Some(given) => Some(given.task(&server).await?),
            None => None,
        };
        Ok((server, Target { task_group_id, task_id }))
    }
}
