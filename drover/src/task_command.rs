//! `drover task`: looks at a task, or acts on it.

use crate::{
    exit::{Exit, Failure},
    ground::Ground,
    output::Output,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum TaskCommand {
    Status,
}

pub(crate) async fn run(_command: TaskCommand, _ground: &Ground, _output: &Output) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Usage, "placeholder"))
}
