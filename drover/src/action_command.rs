//! `drover action`: lists the actions that a decision task offers, and runs one.

use std::path::PathBuf;

use actors::actions_json::{ARTIFACT, Action, ActionList, ActionsError, Call, MAX_BYTES, Target};
use clap::{Args, Subcommand};
use protocol::{
    id::{TaskGroupId, TaskId},
    scope::ScopeSet,
};
use serde::Deserialize;
use serde_json::{Value, json};
use worker::client::{next_piece, segment};

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
    /// The actions for a group, or for one of its tasks.
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

It needs the scope hooks:trigger-hook:HOOK_GROUP/HOOK of the action's hook. The scopes of the decision task must
satisfy in-tree:hook-action:HOOK_GROUP/HOOK: a list of actions names only hooks that its author may use.")]
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
    let Offered { list, target, .. } = of.read(system).await?;
    let actions = list.of(&target);
    let json: Vec<Value> = actions.iter().map(|action| described(action)).collect();
    let width = actions.iter().map(|action| action.name.len()).max().unwrap_or_default();
    let lines: Vec<String> = actions.iter().map(|action| format!("{:width$}  {}", action.name, action.title)).collect();
    let text = if lines.is_empty() { "there are no actions for it".to_owned() } else { lines.join("\n") };
    output.either(&json!(json), &text);
    Ok(())
}

fn described(action: &Action) -> Value {
    let Action { name, title, description, schema, .. } = action;
    json!({ "name": name, "title": title, "description": description, "schema": schema })
}

async fn run_one(args: RunArgs, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let input = args.input.as_deref().map_or(Ok(Value::Null), read_json)?;
    let Offered { server, list, target } = args.of.read(system).await?;
    let call = list.call(list.find(&args.name, &target)?, &target, &input, system.clock.now())?;
    check_scope(&server, target.task_group_id, &call).await?;
    let Call { hook_group_id, hook_id, payload } = call;
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

/// What a decision task offers for a target.
struct Offered {
    server: Server,
    list: ActionList,
    target: Target,
}

impl Of {
    async fn read(self, system: &SystemContext) -> Result<Offered, CliError> {
        let server = self.server.connect(system)?;
        let task_group_id = self.task_group_id.group(&server).await?;
        let task = match self.task {
            Some(given) => Some(task_of(&server, given.task(&server).await?, task_group_id).await?),
            None => None,
        };
        let list = ActionList::parse(&artifact(&server, task_group_id).await?)?;
        Ok(Offered { server, list, target: Target { task_group_id, task } })
    }
}

async fn task_of(server: &Server, task_id: TaskId, group: TaskGroupId) -> Result<(TaskId, Value), CliError> {
    let task = server.definition(task_id).await?;
    if task["taskGroupId"] == json!(group) {
        return Ok((task_id, task));
    }
    let other = task["taskGroupId"].as_str().unwrap_or_default();
    Err(CliError::new(Exit::Usage, format!("task {task_id} is in the group {other}, not in {group}")))
}

/// The file of the decision task, as far as it may be long.
async fn artifact(server: &Server, group: TaskGroupId) -> Result<Vec<u8>, CliError> {
    let decision_task = TaskId(group.0);
    let opened = server.0.open_artifact(decision_task, ARTIFACT).await;
    let mut response = opened.map_err(|error| {
        let is_missing = error.is_not_found();
        let error = CliError::from(error);
        if is_missing {
            CliError::new(Exit::Refused, format!("the task {decision_task} has no artifact {ARTIFACT}"))
        } else {
            error
        }
    })?;
    let mut text = Vec::new();
    // One byte more than is read at most is enough to refuse it.
    while text.len() <= MAX_BYTES
        && let Some(piece) = next_piece(&mut response).await?
    {
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

/// Without it a graph could offer an action that does more than its decision task may.
async fn check_scope(server: &Server, group: TaskGroupId, call: &Call) -> Result<(), CliError> {
    #[derive(Deserialize)]
    struct Expanded {
        scopes: Vec<String>,
    }
    let decision_task = server.definition(TaskId(group.0)).await?;
    let expanded: Expanded =
        server.0.post("auth/v1/scopes/expand", &json!({ "scopes": decision_task["scopes"] })).await?;
    let required = call.required_scope();
    if ScopeSet::new(expanded.scopes).satisfies(&required) {
        return Ok(());
    }
    let words = format!("the decision task {group} must have the scope {required} to offer this action; it has not");
    Err(CliError::new(Exit::Refused, words))
}

impl From<ActionsError> for CliError {
    fn from(error: ActionsError) -> Self {
        let exit = match &error {
            ActionsError::NoSuchAction { .. } | ActionsError::Input { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}
