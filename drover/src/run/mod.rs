//! `drover run`: submits a graph of tasks and watches it.

use crate::{
    exit::{Exit, Failure},
    ground::Ground,
    output::Output,
};

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {}

pub(crate) async fn run(_args: RunArgs, _ground: &Ground, _output: &Output) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Usage, "placeholder"))
}
