//! The pool that a command is about.

use clap::Args;

use super::server::PoolServer;
use crate::{client::ServerArgs, exit::CliError, system_context::SystemContext};

/// One pool.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The worker pool, as provisionerId/workerType.
    #[arg(value_name = "POOL", value_parser = pool_id)]
    pub(super) pool: String,
    #[command(flatten)]
    server: ServerArgs,
}

impl One {
    pub(super) fn connect(&self, system: &SystemContext) -> Result<PoolServer<'_>, CliError> {
        Ok(PoolServer::new(self.server.connect(system)?, &self.pool))
    }
}

/// `provisionerId/workerType`.
fn pool_id(text: &str) -> Result<String, String> {
    let is_pool = text.split('/').count() == 2 && text.split('/').all(|part| !part.is_empty());
    is_pool.then(|| text.to_owned()).ok_or_else(|| "a worker pool is written as provisionerId/workerType".to_owned())
}
