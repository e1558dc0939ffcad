//! The command line: what can be typed, and which module does it.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    action_command::{self, ActionCommand},
    artifact_command::{self, ArtifactCommand},
    bridge_command::{self, BridgeCommand},
    bus_command::{self, BusArgs},
    completions_command::{self, CompletionsArgs},
    config_command::{self, ConfigCommand},
    db_command::{self, DbArgs},
    dev::{self, DevArgs},
    exit::{CliError, Exit},
    explain::{self, ExplainArgs},
    exposed,
    global::Global,
    group_command::{self, GroupCommand},
    hook_command::{self, HookCommand},
    notify_command::{self, NotifyArgs},
    output::Output,
    ping_command::{self, PingArgs},
    pool_command::{self, PoolCommand},
    preflight_command::{self, DoctorArgs, PreflightArgs},
    push_command::{self, PushArgs, TreeherderCommand},
    run::{self, RunArgs},
    serve::{self, ServeArgs},
    service::Registry,
    simulate_command::{self, SimulateCommand},
    system_context::SystemContext,
    task_command::{self, TaskCommand},
    ui_command::{self, UiArgs},
    worker_command::{self, WorkerArgs},
};

const AFTER_HELP: &str = "\
Examples:
  drover dev                              everything at once, with a database and workers
  drover run graph.yml                    submit a graph of tasks and watch it until it is done
  drover task log TASK_ID                 what a task wrote
  drover explain TASK_ID                  why a task is not running
  drover group watch TASK_GROUP_ID        follow a graph that someone else submitted
  drover ui                               a link that opens the page
  drover config explain api               what the settings of a section mean

Clients find the server through TASKCLUSTER_ROOT_URL, TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN.
Settings come from defaults, then one TOML file, then DROVER__SECTION__FIELD variables, then flags.

Exit codes: 0 done, 1 failed or not green, 2 wrong usage or settings, 3 server or database not reachable,
4 refused by the server, 130 interrupted.";

/// With the commit that it was built from (`build.rs`).
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("DROVER_COMMIT"), ")");

/// A system for continuous integration, compatible with Taskcluster on the wire.
#[derive(Debug, Parser)]
#[command(name = "drover", version = VERSION, after_help = AFTER_HELP, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine, with a database and workers of its own.
    Dev(DevArgs),
    /// Run chosen roles of a larger installation.
    Serve(ServeArgs),
    /// Claim and run tasks on this machine.
    Worker(Box<WorkerArgs>),
    /// Submit a graph of tasks and watch it.
    Run(RunArgs),
    /// Look at the database's version, or change it.
    Db(DbArgs),
    /// Say whether processes could start with these settings, before any is started.
    Preflight(PreflightArgs),
    /// Say what is wrong with the settings, the database, the broker and the store of a running installation.
    Doctor(DoctorArgs),
    /// Inspect events: backlog, live view, replay, dead letters.
    Bus(BusArgs),
    /// Look at a task, or act on it.
    #[command(subcommand, after_help = "Examples:\n  drover task status $TASK_ID\n  drover task log $TASK_ID")]
    Task(TaskCommand),
    /// Upload, download and list artifacts of a run.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover artifact list $TASK_ID\n  drover artifact download $TASK_ID public/build.log"
    )]
    Artifact(ArtifactCommand),
    /// Say why a task is not running.
    Explain(ExplainArgs),
    /// Look at task groups, or act on them.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover group status $TASK_GROUP_ID\n  drover group watch $TASK_GROUP_ID"
    )]
    Group(GroupCommand),
    /// List the actions that a decision task offers, or run one.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover action list $TASK_GROUP_ID --task $TASK_ID\n  drover action run $TASK_GROUP_ID retrigger --task $TASK_ID"
    )]
    Action(ActionCommand),
    /// Show hooks, fire them, or keep them as a file has them.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover hook show project-a/nightly\n  drover hook fire project-a/nightly --dry-run"
    )]
    Hook(HookCommand),
    /// Show worker pools and why machines come and go, or change them.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover pool list\n  drover pool show gecko-t/linux\n  drover pool why gecko-t/linux"
    )]
    Pool(PoolCommand),
    /// Try worker pools on recorded demand.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover simulate record --since 7d > demand.jsonl\n  drover simulate run demand.jsonl --config pools.yml --peer"
    )]
    Simulate(SimulateCommand),
    /// Set up and look at Buildbot masters whose builds run as tasks.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover bridge init --url https://buildbot.example.com/\n  drover bridge check"
    )]
    Bridge(BridgeCommand),
    /// Show notifications: e-mails, and messages to Pulse, Matrix and Slack.
    Notify(NotifyArgs),
    /// Show the jobs of a push as Treeherder would.
    Push(PushArgs),
    /// Act on the jobs that are published for Treeherder.
    #[command(
        subcommand,
        after_help = "Examples:\n  drover treeherder replay --push autoland 0123456789abcdef0123456789abcdef01234567"
    )]
    Treeherder(TreeherderCommand),
    /// Ask a server whether it answers.
    Ping(PingArgs),
    /// Print a link that opens the page and signs in.
    Ui(UiArgs),
    /// Show the effective settings, or explain what they mean.
    #[command(subcommand, after_help = "Examples:\n  drover config show\n  drover config explain queue")]
    Config(ConfigCommand),
    /// Print the completions of commands and flags for a shell.
    Completions(CompletionsArgs),
    /// Print the version and the commit it was built from.
    #[command(after_help = "Examples:\n  drover version\n  drover version -o json")]
    Version,
}

impl Cli {
    /// The parsed command line; ends the process with an error message where it cannot be parsed.
    pub(crate) fn from_command_line(registry: Registry) -> Self {
        let matches = command(&registry).get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        cli.global.exposed = exposed::warnings(&matches, &registry.settings_entries());
        cli.global.registry = registry;
        cli
    }

    pub(crate) fn output(&self) -> Output {
        Output::new(self.global.output)
    }

    pub(crate) async fn run(self, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
        let Self { global, command } = self;
        // These warn in their log, which they open once their settings are read.
        if !matches!(command, Command::Dev(_) | Command::Serve(_) | Command::Worker(_)) {
            global.exposed.iter().for_each(|warning| eprintln!("drover: warning: {warning}"));
        }
        match command {
            Command::Dev(args) => Box::pin(dev::run(args, &global, system, output)).await,
            Command::Serve(args) => serve::run(args, &global, system, output).await,
            Command::Worker(args) => worker_command::run(*args, &global, system, output).await,
            Command::Run(args) => run::run(args, system, output).await,
            Command::Db(args) => db_command::run(args, &global, output).await,
            Command::Preflight(args) => preflight_command::run(args, &global, system, output).await,
            Command::Doctor(args) => preflight_command::run_doctor(args, &global, system, output).await,
            Command::Bus(args) => bus_command::run(args, &global, system, output).await,
            Command::Task(command) => task_command::run(command, system, output).await,
            Command::Artifact(command) => artifact_command::run(command, system, output).await,
            Command::Explain(args) => explain::run(args, &global, system, output).await,
            Command::Group(command) => group_command::run(command, system, output).await,
            Command::Action(command) => action_command::run(command, system, output).await,
            Command::Hook(command) => hook_command::run(command, system, output).await,
            Command::Pool(command) => pool_command::run(command, &global, system, output).await,
            Command::Simulate(command) => simulate_command::run(command, &global, system, output).await,
            Command::Bridge(command) => bridge_command::run(command, &global, system, output).await,
            Command::Notify(args) => notify_command::run(args, &global, system, *output).await,
            Command::Push(args) => push_command::run(args, system, output).await,
            Command::Treeherder(command) => push_command::treeherder(command, system, output).await,
            Command::Ping(args) => ping_command::run(args, system, output).await,
            Command::Ui(args) => ui_command::run(args, system, output).await,
            Command::Config(command) => config_command::run(command, &global, *output),
            Command::Completions(args) => completions_command::run(&args, self::command(&global.registry), *output),
            Command::Version => Ok(version(*output)),
        }
    }
}

/// The whole command line; what it can say about roles follows from the services.
fn command(registry: &Registry) -> clap::Command {
    let roles: Vec<&str> = registry.roles().map(|role| role.name).collect();
    let help = format!("The roles of this process: {}, or all [default: all]", roles.join(", "));
    Cli::command().mut_subcommand("serve", |serve| serve.mut_arg("roles", |arg| arg.help(help)))
}

fn version(output: Output) -> Exit {
    let (version, commit) = (env!("CARGO_PKG_VERSION"), env!("DROVER_COMMIT"));
    output.either(&serde_json::json!({"version": version, "commit": commit}), &format!("drover {VERSION}"));
    Exit::Ok
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// Every command from the root down, with what was typed to reach it.
    fn commands(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        let path = format!("{path} {}", command.get_name()).trim().to_owned();
        found.push((path.clone(), command.clone()));
        command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
            .for_each(|inner| commands(inner, &path, found));
    }

    #[test]
    fn every_command_has_examples_and_describes_its_arguments() {
        let mut found = Vec::new();
        commands(&Cli::command(), "", &mut found);
        let mut problems = Vec::new();
        for (path, command) in &found {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            if !after.contains("Examples:") || !after.contains(path.as_str()) {
                problems.push(format!("`{path} --help` has no examples of it"));
            }
            if command.get_about().is_none() {
                problems.push(format!("`{path}` does not say what it does"));
            }
            let undocumented = command.get_arguments().filter(|it| !it.is_hide_set() && it.get_help().is_none());
            problems.extend(undocumented.map(|it| format!("`{path}` does not describe {}", it.get_id())));
        }
        assert!(found.len() > 30 && problems.is_empty(), "{}", problems.join("\n"));
    }
}
