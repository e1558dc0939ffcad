//! `drover ui`: a link that opens the page and signs in.

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
  drover ui
  drover ui -o json

The link signs in as the client whose credentials are given, once, within ten minutes. Only for a server on this machine; elsewhere the
page asks for a client id and its access token.")]
pub(crate) struct UiArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: UiArgs, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    let link = args.server.connect(system)?.sign_in_link().await?;
    output.either(&link, link["url"].as_str().unwrap_or_default());
    Ok(Exit::Ok)
}

impl crate::client::Server {
    /// A link that signs in at the page.
    async fn sign_in_link(&self) -> Result<Value, worker::client::ClientError> {
        self.0.call(reqwest::Method::POST, "drover/v1/session/link", None).await
    }
}
