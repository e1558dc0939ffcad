//! `drover push`: the jobs of a push as Treeherder shows them; `drover treeherder`: publishes them again.

mod picture;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    global::signals,
    output::Output,
    system_context::SystemContext,
};

/// Flags of `drover push`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover push autoland 0123456789abcdef0123456789abcdef01234567
  drover push autoland 0123456789abcdef0123456789abcdef01234567 --watch
  drover push autoland 0123456789abcdef0123456789abcdef01234567 -o json

Each platform is a line, with the symbols of its jobs in their groups. A retried run is shown beside the one that follows it.
With --watch it ends when every job is done: with 0 if all are green, else with 1.")]
pub(crate) struct PushArgs {
    #[command(flatten)]
    push: Push,
    /// Show the push again whenever it changes, until every job is done.
    #[arg(long)]
    watch: bool,
    /// How often --watch asks the server.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    interval: f64,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which push.
#[derive(Debug, Args)]
struct Push {
    /// The repository, as Treeherder calls it; an owner before a slash is left out.
    #[arg(value_name = "PROJECT")]
    project: String,
    /// The commit at the top of the push: 40 hexadecimal digits.
    #[arg(value_name = "REVISION")]
    revision: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TreeherderCommand {
    /// Publish the jobs of a push again, from the present state of their tasks.
    #[command(
        after_help = "Examples:\n  drover treeherder replay --push autoland 0123456789abcdef0123456789abcdef01234567"
    )]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The project and the revision of the push.
    #[arg(long, num_args = 2, value_names = ["PROJECT", "REVISION"], required = true)]
    push: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

impl Push {
    fn project(&self) -> &str {
        name_of(&self.project)
    }
}

/// Treeherder knows repositories without their owners.
fn name_of(project: &str) -> &str {
    project.rsplit('/').next().unwrap_or(project)
}

pub(crate) async fn run(args: PushArgs, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    let server = args.server.connect(system)?;
    if args.watch {
        return watch(&args, &server, output).await;
    }
    let row = server.push(args.push.project(), &args.push.revision).await?;
    output.either(&row, &picture::draw(&row, output.has_colours()));
    Ok(Exit::Ok)
}

/// Asks after each interval; prints only what has changed.
async fn watch(args: &PushArgs, server: &Server, output: &Output) -> Result<Exit, CliError> {
    let interval = Duration::try_from_secs_f64(args.interval)
        .map_err(|error| CliError::new(Exit::Usage, format!("--interval {}: {error}", args.interval)))?;
    let shutdown = signals()?;
    let mut shown = None;
    loop {
        let row = server.push(args.push.project(), &args.push.revision).await?;
        if shown.as_ref() != Some(&row) {
            output.either(&row, &picture::draw(&row, output.has_colours()));
        }
        if row.open() == 0 {
            return Ok(if row.is_green() { Exit::Ok } else { Exit::Failed });
        }
        shown = Some(row);
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shutdown.wait() => return Ok(Exit::Interrupted),
        }
    }
}

pub(crate) async fn treeherder(
    command: TreeherderCommand,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let TreeherderCommand::Replay(ReplayArgs { push, server }) = command;
    let [project, revision] = &push[..] else {
        return Err(CliError::new(Exit::Usage, "--push takes a project and a revision"));
    };
    let project = name_of(project);
    server.connect(system)?.replay_push(project, revision).await?;
    let object = json!({ "project": project, "revision": revision });
    output.either(&object, &format!("the jobs of {revision} in {project} are published again"));
    Ok(Exit::Ok)
}
