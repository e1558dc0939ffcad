//! `drover worker`: claims and runs tasks on this machine.

use crate::{
    exit::{Exit, Failure},
    ground::Ground,
    output::Output,
};

#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArgs {}

pub(crate) async fn run(_args: WorkerArgs, _ground: &Ground, _output: &Output) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Usage, "placeholder"))
}
