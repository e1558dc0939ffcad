//! `drover simulate`: what worker pools would have done with recorded demand.

mod record;
mod run;

use clap::Subcommand;

use self::{record::RecordArgs, run::RunArgs};
use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// Write the tasks of the last days, a line of JSON each: when each became pending, and how long it ran.
    #[command(after_help = "Examples:\n  drover simulate record --since 7d > demand.jsonl")]
    Record(RecordArgs),
    /// Try worker pools on recorded demand: waits, machines, machine hours and boots.
    #[command(
        after_help = "Examples:\n  drover simulate run demand.jsonl --config pools.yml --peer\n  drover simulate run demand.jsonl --config pools.yml --boot 5m --set provision.forecast=0.25"
    )]
    Run(RunArgs),
}

pub(crate) async fn run(
    command: SimulateCommand,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    match command {
        SimulateCommand::Record(args) => record::run(args, global, system, *output).await,
        SimulateCommand::Run(args) => run::run(&args, global, *output),
    }
}
