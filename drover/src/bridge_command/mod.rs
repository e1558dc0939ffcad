//! `drover bridge`: sets up and inspects Buildbot masters.

mod builders;
mod check;
mod init;
mod masters;
mod schedule;
mod status;

use clap::Subcommand;

use self::{init::InitArgs, masters::MasterArgs, schedule::ScheduleArgs, status::StatusArgs};
use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

/// The file that an administrator of a master copies beside `master.cfg`.
const SCHEDULER_FILE: &str = include_str!("../../../bridge/master/drover_scheduler.py");

#[derive(Debug, Subcommand)]
pub(crate) enum BridgeCommand {
    /// Set up a master: check the login, list its builders, and print what to add to which file.
    Init(InitArgs),
    /// Print `drover_scheduler.py`, which is copied beside the master's `master.cfg`.
    #[command(after_help = "Examples:\n  drover bridge scheduler > drover_scheduler.py")]
    Scheduler,
    /// Check that masters can be reached and used: login, permissions, scheduler, builders.
    #[command(after_help = "Examples:\n  drover bridge check\n  drover bridge check --master main")]
    Check(MasterArgs),
    /// List the builders of masters, and whether tasks can use them.
    #[command(after_help = "Examples:\n  drover bridge builders\n  drover bridge builders --master main -o json")]
    Builders(MasterArgs),
    /// Show the state of each master, and how many requests are open.
    Status(StatusArgs),
    /// Turn a scheduler of a master into a graph of tasks for `drover run`.
    Schedule(ScheduleArgs),
}

pub(crate) async fn run(
    command: BridgeCommand,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    match command {
        BridgeCommand::Init(args) => init::run(args, system, *output).await,
        BridgeCommand::Scheduler => {
            output.either(&serde_json::json!({ "drover_scheduler.py": SCHEDULER_FILE }), SCHEDULER_FILE.trim_end());
            Ok(Exit::Ok)
        }
        BridgeCommand::Check(args) => check::run(&args.masters(global)?, system, *output).await,
        BridgeCommand::Builders(args) => builders::run(&args.masters(global)?, system, *output).await,
        BridgeCommand::Status(args) => status::run(args, global, *output).await,
        BridgeCommand::Schedule(args) => schedule::run(&args, global, system, *output).await,
    }
}
