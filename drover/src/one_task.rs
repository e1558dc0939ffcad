//! The task that a command is about.

use clap::Args;
use protocol::id::TaskId;

use crate::{
    client::{Server, ServerArgs},
    exit::CliError,
    ids::{self, Given},
    system_context::SystemContext,
};

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The task, by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_ID", value_parser = ids::task_id)]
    pub(crate) task_id: Given<TaskId>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl One {
    pub(crate) async fn connect(self, system: &SystemContext) -> Result<(Server, TaskId), CliError> {
        let server = self.server.connect(system)?;
        let task_id = self.task_id.task(&server).await?;
        Ok((server, task_id))
    }
}
