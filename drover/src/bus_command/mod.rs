//! `drover bus`: inspects and repairs event delivery, with access to the database and the broker.

mod dead_letters;
mod lag;
mod replay;
mod tail;

use std::{path::PathBuf, time::Duration};

use actors::relay::{Exchanges, RelaySettings};
use base::Secret;
use bus::{BusError, SplitBus};
use clap::{Args, Subcommand};
use db::{Db, DbError};

use crate::{
    broker::{broker, exchange_names},
    credentials::known_queue_access_token,
    data_dir::DataDir,
    database::Database,
    exit::{CliError, Exit, with_causes, with_setting},
    global::{Global, revealed},
    output::Output,
    settings::DroverSettings,
    system_context::SystemContext,
};

/// How long the broker may take for one operation.
const DEADLINE: Duration = Duration::from_secs(15);

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover bus lag
  drover bus tail task-completed --pattern 'route.index.#'
  drover bus replay --task-group fN1SbArXTPSVFNUvaOlinQ --to queue/me/mine --exchange task-completed
  drover bus replay --since 123456 --to queue/me/mine
  drover bus dead-letters list
  drover bus dead-letters retry 17 18

Without a database URL it is the database that `drover dev` keeps in the data folder. URLs with a password belong into
DROVER__DATABASE__URL and DROVER__BUS__AMQP_URL: everybody on this machine can read command lines.

An exchange is named in full, or by its short name like `task-pending`. Ids of events stand in the header x-drover-id.")]
pub(crate) struct BusArgs {
    #[command(subcommand)]
    command: BusCommand,
    /// The database, as the setting `database.url`.
    #[arg(long, value_name = "URL", global = true)]
    database_url: Option<Secret>,
    /// RabbitMQ, as the setting `bus.amqp_url`.
    #[arg(long, value_name = "URL", global = true)]
    amqp_url: Option<Secret>,
    /// The folder that keeps the database of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum BusCommand {
    /// How far the relay and the consumers are behind.
    Lag(lag::LagArgs),
    /// Show events as they are published.
    Tail(tail::TailArgs),
    /// Send past events to one queue again.
    Replay(replay::ReplayArgs),
    /// Messages that a consumer could not process, and events that could not be published.
    #[command(
        subcommand,
        name = "dead-letters",
        after_help = "Examples:\n  drover bus dead-letters list\n  drover bus dead-letters retry 17 18"
    )]
    DeadLetters(dead_letters::DeadLettersCommand),
}

/// What the commands need. Connections are opened on first use.
struct BusContext<'a> {
    settings: DroverSettings,
    /// `None` for commands that do not use it.
    database: Option<Database>,
    exchanges: Exchanges,
    system: &'a SystemContext,
    output: Output,
}

pub(crate) async fn run(
    args: BusArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let (database_url, amqp_url) = (revealed(args.database_url.as_ref()), revealed(args.amqp_url.as_ref()));
    let flags = [("database.url", database_url), ("bus.amqp_url", amqp_url), ("data_dir", data_dir)];
    let settings = global.load(&flags)?;
    let exchanges = Exchanges::new(&exchange_names(&settings.bus)?, settings.section::<RelaySettings>());
    let database = match args.command {
        BusCommand::Tail(_) => None,
        _ => Some(Database::of_command(&settings).await?),
    };
    let context = BusContext { settings, database, exchanges, system, output: *output };
    let done = act(args.command, &context).await;
    if let Some(database) = context.database {
        database.stop().await;
    }
    done
}

async fn act(command: BusCommand, context: &BusContext<'_>) -> Result<Exit, CliError> {
    match command {
        BusCommand::Lag(args) => lag::run(args, context).await,
        BusCommand::Tail(args) => tail::run(args, context).await,
        BusCommand::Replay(args) => replay::run(args, context).await,
        BusCommand::DeadLetters(command) => dead_letters::run(command, context).await,
    }
}

impl BusContext<'_> {
    async fn db(&self) -> Result<Db, CliError> {
        match &self.database {
            Some(database) => database.connect(&self.settings.database).await,
            None => Err(CliError::new(Exit::Failed, "this command was started without a database")),
        }
    }

    fn has_broker(&self) -> bool {
        !self.settings.bus.amqp_url.is_empty()
    }

    /// Messages are signed where the key is known here.
    fn broker(&self) -> Result<SplitBus, CliError> {
        if !self.has_broker() {
            let message = "there is no RabbitMQ: set DROVER__BUS__AMQP_URL or the setting `bus.amqp_url`. Without one \
                         events stay inside `drover dev`; follow them at /api/events/v1/connect/ of its root URL";
            return Err(CliError::new(Exit::Usage, message));
        }
        let token = known_queue_access_token(&self.settings.auth, DataDir::usual(&self.settings.data_dir));
        broker(&self.settings, token.as_deref(), "drover bus", &self.system.rng.branch("bus"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error, and reads well in `map_err`")]
fn bus_failed(error: BusError) -> CliError {
    let exit =
        if matches!(error, BusError::Refused(_) | BusError::Unsendable(_)) { Exit::Refused } else { Exit::Unreachable };
    CliError::new(exit, with_setting("bus.ca_file", with_causes(&error)))
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error, and reads well in `map_err`")]
fn db_failed(error: DbError) -> CliError {
    CliError::new(Exit::Unreachable, format!("the database: {}", with_causes(&error)))
}
