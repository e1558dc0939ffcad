//! `drover pool`: worker pools, what the provisioner does with them and why.

mod definition;
mod difference;
mod drain;
mod history;
mod list;
mod one;
mod orphans;
mod pause;
mod plan;
mod server;
mod show;
mod test_image;
mod why;
mod write;

use clap::Subcommand;

pub(crate) use self::definition::load as definitions;
use self::{
    drain::{DrainArgs, InterruptArgs},
    history::HistoryArgs,
    one::One,
    orphans::OrphansArgs,
    pause::{PauseArgs, ResumeArgs},
    test_image::TestImageArgs,
    why::WhyArgs,
    write::{ChangeArgs, DeleteArgs, WriteArgs},
};
use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// All worker pools with their capacities.
    #[command(after_help = "Examples:\n  drover pool list\n  drover pool list -o json")]
    List(ServerArgs),
    /// Demand, supply, pauses, circuit breakers and the latest decision of a pool.
    #[command(after_help = "Examples:\n  drover pool show gecko-t/linux")]
    Show(One),
    /// Why so many machines were launched, or none: each step of a decision with its numbers.
    #[command(
        after_help = "Examples:\n  drover pool why gecko-t/linux\n  drover pool why gecko-t/linux --at 2026-11-27T12:00:00Z -o json"
    )]
    Why(WhyArgs),
    /// Create the pools of a file. Pools that are there with the same values stay as they are.
    #[command(after_help = write::CREATE_EXAMPLES)]
    Create(ChangeArgs),
    /// Change the pools of a file to what stands there.
    #[command(after_help = "Examples:\n  drover pool update pools.yml\n  drover pool update pools.yml --dry-run")]
    Update(ChangeArgs),
    /// Delete a pool: nothing is launched for it any more, and it goes with its last worker.
    #[command(after_help = "Examples:\n  drover pool delete gecko-t/linux --yes")]
    Delete(DeleteArgs),
    /// What `update` would change. Ends with 1 where there is a difference.
    #[command(after_help = "Examples:\n  drover pool diff pools.yml")]
    Diff(WriteArgs),
    /// Launch nothing for a pool, or with one of its launch configs, for a while. Workers go on.
    #[command(
        after_help = "Examples:\n  drover pool pause gecko-t/linux --for 2h --reason 'the image is broken'\n  drover pool pause gecko-t/linux/lc-12ab --reason 'bad region'"
    )]
    Pause(PauseArgs),
    /// End a pause.
    #[command(after_help = "Examples:\n  drover pool resume gecko-t/linux")]
    Resume(ResumeArgs),
    /// End workers after their tasks, some at a time: those of a launch config, or one.
    #[command(
        after_help = "Examples:\n  drover pool drain gecko-t/linux --launch-config lc-12ab --rate 10/min\n  drover pool drain gecko-t/linux --worker us-west-2/i-0123456789"
    )]
    Drain(DrainArgs),
    /// Try a launch config with one machine and a task, and set it only if the machine completes the task.
    #[command(
        name = "test-image",
        after_help = "Examples:\n  drover pool test-image gecko-t/linux --launch-config new.yml --replace main\n  drover pool test-image gecko-t/linux --launch-config new.yml --payload smoke.yml --dry-run"
    )]
    TestImage(TestImageArgs),
    /// Errors of a pool, newest first.
    #[command(after_help = "Examples:\n  drover pool errors gecko-t/linux --limit 5")]
    Errors(HistoryArgs),
    /// The workers of a pool.
    #[command(after_help = "Examples:\n  drover pool workers gecko-t/linux")]
    Workers(HistoryArgs),
    /// Launches of a pool and what became of them, newest first.
    #[command(after_help = "Examples:\n  drover pool launches gecko-t/linux")]
    Launches(HistoryArgs),
    /// End a worker at once, as if the provider took its machine back: its tasks run again elsewhere.
    #[command(after_help = "Examples:\n  drover pool interrupt gecko-t/linux us-west-2/i-0123456789")]
    Interrupt(InterruptArgs),
    /// Machines of a provider that no worker uses, and workers whose machine is gone. Ends with 1 where there are some and stay.
    #[command(after_help = orphans::EXAMPLES)]
    Orphans(OrphansArgs),
}

pub(crate) async fn run(
    command: PoolCommand,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let output = *output;
    match command {
        PoolCommand::List(server) => list::run(&server, system, output).await,
        PoolCommand::Show(one) => show::run(&one, system, output).await,
        PoolCommand::Why(args) => why::run(&args, system, output).await,
        PoolCommand::Create(args) => write::create(&args, global, system, output).await,
        PoolCommand::Update(args) => write::update(&args, global, system, output).await,
        PoolCommand::Delete(args) => write::delete(&args, system, output).await,
        PoolCommand::Diff(args) => write::diff(&args, system, output).await,
        PoolCommand::Pause(args) => pause::pause(&args, system, output).await,
        PoolCommand::Resume(args) => pause::resume(&args, system, output).await,
        PoolCommand::Drain(args) => drain::drain(&args, system, output).await,
        PoolCommand::TestImage(args) => test_image::run(&args, system, output).await,
        PoolCommand::Errors(args) => history::errors(&args, system, output).await,
        PoolCommand::Workers(args) => history::workers(&args, system, output).await,
        PoolCommand::Launches(args) => history::launches(&args, system, output).await,
        PoolCommand::Interrupt(args) => drain::interrupt(&args, system, output).await,
        PoolCommand::Orphans(args) => orphans::run(&args, global, system, output).await,
    }
}
