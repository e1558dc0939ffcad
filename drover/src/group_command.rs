//! `drover group`: looks at task groups, or acts on them.

use crate::{
    exit::{Exit, Failure},
    ground::Ground,
    output::Output,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum GroupCommand {
    List,
}

pub(crate) async fn run(_command: GroupCommand, _ground: &Ground, _output: &Output) -> Result<Exit, Failure> {
    Err(Failure::new(Exit::Usage, "placeholder"))
}
