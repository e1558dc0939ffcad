//! `drover run`: submits a graph of tasks and watches it.

mod graph;
mod submit;
pub(crate) mod watch;

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use protocol::id::TaskGroupId;
use serde_json::json;

use self::{
    graph::{SubmitKey, SubmitOptions, load},
    submit::{Submitted, submit},
    watch::WatchArgs,
};
use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    global::signals,
    output::Output,
    system_context::SystemContext,
};

/// Flags of `drover run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover run examples/line-counts.yml
  drover run graph.yml --submit-key push-4711     the same graph, however often it is repeated
  drover run tasks/ --no-wait -o json             a folder with one definition per file

A graph is YAML or JSON: `tasks`, an object of definitions by name, and `defaults` that lie under each of them.
`dependencies` hold names or taskIds. {$fromNow: 2 hours} is a time, {$taskId: NAME} the id of another task (which
makes it a dependency), {$path: ..} a path relative to the file. Fields that are left out have defaults.

It ends with 0 only if every task of the group, including those that its tasks create, is completed.")]
pub(crate) struct RunArgs {
    /// A file with a graph, or a folder with one task definition per file.
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// The key that makes a repeat the same submission [default: a new one each time].
    #[arg(long, value_name = "KEY")]
    submit_key: Option<String>,
    /// Add the tasks to this group, instead of to a new one.
    #[arg(long, value_name = "ID")]
    task_group_id: Option<TaskGroupId>,
    /// The task queue of tasks that name none.
    #[arg(long, value_name = "QUEUE", default_value = "local/worker")]
    task_queue_id: String,
    /// A variable for every task; may be given several times.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = name_and_value)]
    env: Vec<(String, String)>,
    /// Submit and do not watch.
    #[arg(long)]
    no_wait: bool,
    /// Check the graph and print what would be sent; send nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    watch: WatchArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: RunArgs, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    let graph = load(&args.path).map_err(|error| CliError::new(Exit::Usage, error))?;
    let options = options(&args, system);
    let now = system.clock.now();
    if args.dry_run {
        let plan = submit::plan(&graph, &options, now)?;
        plan.tasks.iter().for_each(|planned| output.json(&planned.to_value()));
        return Ok(Exit::Ok);
    }
    let server = args.server.connect(system)?;
    let shutdown = signals()?;
    let submitting = submit(&server, &graph, &options, now);
    let Submitted { plan, is_repeat } = tokio::select! {
        submitted = submitting => submitted?,
        () = shutdown.wait() => return Err(interrupted(&options.key)),
    };
    let (group, count) = (plan.task_group_id, plan.tasks.len());
    let verb = if is_repeat { "found" } else { "submitted" };
    let object =
        json!({ "taskGroupId": group, "tasks": count, "submitKey": options.key.as_str(), "repeated": is_repeat });
    output.either(&object, &format!("{verb} {count} tasks as group {group} (submit key {})", options.key));
    if args.no_wait {
        return Ok(Exit::Ok);
    }
    watch::watch(&server, group, &args.watch, &shutdown, system, *output).await
}

fn options(args: &RunArgs, system: &SystemContext) -> SubmitOptions {
    let random = || SubmitKey::random(&system.rng.branch("submit-key"));
    SubmitOptions {
        key: args.submit_key.as_deref().map_or_else(random, SubmitKey::given),
        task_group_id: args.task_group_id,
        task_queue_id: args.task_queue_id.clone(),
        env: args.env.iter().cloned().collect::<BTreeMap<_, _>>(),
    }
}

fn interrupted(key: &SubmitKey) -> CliError {
    CliError::new(
        Exit::Interrupted,
        format!("interrupted; to see whether the graph was created, repeat with --submit-key {key}"),
    )
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
