//! `drover ping`: whether a server answers, for scripts and health checks.

use clap::Args;
use serde_json::Value;

use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover ping --root-url https://ci.example.com
  drover ping -o json

It needs no credentials. The exit code is 3 where no server answers.")]
pub(crate) struct PingArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: PingArgs, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    let server = args.server.connect_direct(system)?;
    let answer: Value = server.0.get("queue/v1/ping").await?;
    output.either(&answer, &format!("{} answers", server.0.root_url()));
    Ok(Exit::Ok)
}
