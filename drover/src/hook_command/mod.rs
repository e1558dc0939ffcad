//! `drover hook`: shows hooks, fires them, and keeps them as a file has them.

mod apply;
mod explain;
mod fire;
mod in_tree;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
pub(crate) use explain::explain;
use reqwest::Method;
use serde_json::{Value, json};
use worker::client::segment;

use crate::{
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// List the hook groups, or the hooks of one.
    #[command(after_help = "Examples:\n  drover hook list\n  drover hook list project-a")]
    List(ListArgs),
    /// The definition of a hook, why it fires or does not, and its latest fires.
    #[command(
        after_help = "Examples:\n  drover hook show project-a/nightly\n  drover hook show project-a/nightly -o json"
    )]
    Show(One),
    /// Fire a hook now, or say what a fire would do.
    #[command(
        after_help = "Examples:\n  drover hook fire project-a/nightly\n  drover hook fire project-a/nightly --payload payload.json\n  \
                      drover hook fire project-a/nightly --dry-run --at 2026-12-01T00:00:00Z\n  \
                      drover hook fire project-a/on-push --dry-run --message message.json"
    )]
    Fire(fire::FireArgs),
    /// Let a hook fire on demand only, until it is resumed.
    #[command(after_help = "Examples:\n  drover hook pause project-a/nightly")]
    Pause(One),
    /// Let a paused hook go on with its next date or message.
    #[command(after_help = "Examples:\n  drover hook resume project-a/nightly")]
    Resume(One),
    /// Create and update hooks as a file has them.
    #[command(
        after_help = "Examples:\n  drover hook apply hooks.json\n  drover hook diff hooks.json && drover hook apply hooks.json"
    )]
    Apply(FileArgs),
    /// Say what `apply` would change.
    #[command(after_help = "Examples:\n  drover hook diff hooks.json")]
    Diff(FileArgs),
    /// Print the hooks for actions that decision tasks of a .taskcluster.yml offer, as `apply` takes them.
    #[command(
        after_help = "Examples:\n  drover hook in-tree .taskcluster.yml project-a/in-tree-action-1-generic > hooks.json\n  \
                      drover hook apply hooks.json\n\n\
                      A hook is for one content of the file: after a change of it, decision tasks offer actions with hooks of another name.\n\
                      What their tasks may do is up to a role like hook-id:project-a/in-tree-action-1-generic/*, which has for each \n\
                      repository a scope like assume:repo:github.com/OWNER/REPOSITORY:action:generic."
    )]
    InTree(in_tree::InTreeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The group; all groups where it is left out.
    #[arg(value_name = "GROUP")]
    group: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The hook, as GROUP/HOOK.
    #[arg(value_name = "HOOK", value_parser = hook_path)]
    hook: HookPath,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// A JSON file with a list of hooks, each with hookGroupId and hookId, as `drover hook list GROUP -o json` prints them.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// The ids of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookPath {
    group: String,
    id: String,
}

pub(crate) fn hook_path(text: &str) -> Result<HookPath, String> {
    match text.split_once('/') {
        Some((group, id)) if !group.is_empty() && !id.is_empty() => {
            Ok(HookPath { group: group.to_owned(), id: id.to_owned() })
        }
        _ => Err(format!("`{text}` names no hook; write GROUP/HOOK")),
    }
}

impl HookPath {
    /// Behind the name of an API.
    fn path(&self) -> String {
        format!("{}/{}", segment(&self.group), segment(&self.id))
    }
}

pub(crate) async fn run(command: HookCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        HookCommand::List(args) => show::list(&args.server.connect(system)?, args.group.as_deref(), *output).await?,
        HookCommand::Show(one) => show::show(&one.server.connect(system)?, &one.hook, *output).await?,
        HookCommand::Fire(args) => fire::run(args, system, *output).await?,
        HookCommand::Pause(one) => set_paused(one, "pause", system, *output).await?,
        HookCommand::Resume(one) => set_paused(one, "resume", system, *output).await?,
        HookCommand::Apply(args) => apply::apply(&args.server.connect(system)?, &args.file, *output).await?,
        HookCommand::InTree(args) => in_tree::run(&args, *output)?,
        HookCommand::Diff(args) => return apply::diff(&args.server.connect(system)?, &args.file, *output).await,
    }
    Ok(Exit::Ok)
}

async fn set_paused(one: One, verb: &str, system: &SystemContext, output: Output) -> Result<(), CliError> {
    let Server(client) = one.server.connect(system)?;
    let path = format!("drover/v1/hook/{}/{verb}", one.hook.path());
    let answer: Value = client.call(Method::POST, &path, None).await?;
    let state = if answer["paused"] == json!(true) { "is paused" } else { "goes on" };
    output.either(&answer, &format!("{}/{} {state}", one.hook.group, one.hook.id));
    Ok(())
}
