//! `drover db`: the version of the database, and how to change it.

use std::path::PathBuf;

use base::{Secret, Shutdown};
use clap::{Args, Subcommand};
use db::{
    DbError,
    versions::{
        self, Direction, FunctionLifetime, Loss, OnlineMigration, OnlineMigrations, PlannedVersion, Status,
        VersionError,
    },
};

use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    global::{Global, revealed, signals},
    output::Output,
    progress,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Without a database URL it is the database that `drover dev` keeps in the data folder; where `drover dev` does not run,
it is started for the duration of the command. A URL with a password belongs into DROVER__DATABASE__URL: everybody on this machine can read
command lines.

Examples:
  drover db status
  drover db plan
  DROVER__DATABASE__URL=postgresql://drover:PASSWORD@db.example.com/drover drover db upgrade
  drover db downgrade 1")]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
    /// The database, as the setting `database.url`.
    #[arg(long, value_name = "URL", global = true)]
    database_url: Option<Secret>,
    /// The folder that keeps the database of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum DbCommand {
    /// Which version the database has, and which one this program knows.
    #[command(after_help = "Examples:\n  drover db status\n  drover db status -o json")]
    Status,
    /// The statements of an upgrade, and the size of the tables they lock. Changes nothing.
    #[command(after_help = "Examples:\n  drover db plan\n  drover db plan 2 -o json")]
    Plan {
        /// The version to upgrade to [default: the newest].
        #[arg(value_name = "VERSION")]
        to: Option<u32>,
    },
    /// The stored functions: which service calls each, since which version, and until which.
    #[command(after_help = "Examples:\n  drover db functions\n  drover db functions -o json")]
    Functions,
    /// Upgrade to the newest version, or to the one named. Safe to repeat, and to interrupt.
    #[command(after_help = "\
Examples:
  drover db upgrade
  drover db upgrade 2
  drover db upgrade --defer-online

A step waits at most 1.5 s for a table, so that other statements do not queue behind it, and is tried again with pauses.
Ctrl-C and SIGTERM end the statement at the server too.")]
    Upgrade {
        /// The version to upgrade to [default: the newest].
        #[arg(value_name = "VERSION")]
        to: Option<u32>,
        /// Leave rows that are rewritten in batches to a later `drover db upgrade`, which may take days while everything
        /// runs. Refused while an earlier online migration is not complete.
        #[arg(long)]
        defer_online: bool,
    },
    /// Downgrade to an older version. Lists the data that is lost, and does it only with --yes.
    #[command(after_help = "Examples:\n  drover db downgrade 1\n  drover db downgrade 1 --yes")]
    Downgrade {
        /// The version to downgrade to.
        #[arg(value_name = "VERSION")]
        to: u32,
        /// Downgrade although data is lost.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: DbArgs, global: &Global, output: &Output) -> Result<Exit, CliError> {
    if matches!(args.command, DbCommand::Functions) {
        return lifetimes(*output);
    }
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings = global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?;
    let shutdown = signals()?;
    let database = Database::of_command(&settings).await?;
    let done = act(args.command, database.url(), &shutdown, *output).await;
    database.stop().await;
    done
}

async fn act(command: DbCommand, url: &str, stop: &Shutdown, output: Output) -> Result<Exit, CliError> {
    let bar = progress::steps(output);
    // Steps go to standard error: they are no result. A terminal shows the current one until it is done.
    let show = |step: &str| {
        bar.suspend(|| eprintln!("{step}"));
        bar.set_message(step.to_owned());
    };
    let version = match command {
        DbCommand::Status => return status(url, output).await,
        DbCommand::Functions => return lifetimes(output),
        DbCommand::Plan { to } => return plan(url, to, output).await,
        DbCommand::Downgrade { to, yes: false } => return show_losses(url, to, output).await,
        DbCommand::Upgrade { to, defer_online } => {
            let online = if defer_online { OnlineMigrations::Defer } else { OnlineMigrations::Run };
            versions::upgrade_until(url, to, online, stop.wait(), show).await
        }
        DbCommand::Downgrade { to, yes: true } => versions::downgrade_until(url, to, stop.wait(), show).await,
    };
    bar.finish_and_clear();
    let version = version.map_err(failed)?;
    output.either(&serde_json::json!({"current": version}), &format!("the database is at version {version}"));
    Ok(Exit::Ok)
}

async fn status(url: &str, output: Output) -> Result<Exit, CliError> {
    let status = versions::status(url).await.map_err(failed)?;
    output.either(&status, &describe(&status));
    Ok(Exit::Ok)
}

async fn plan(url: &str, to: Option<u32>, output: Output) -> Result<Exit, CliError> {
    let plan = versions::plan(url, to).await.map_err(failed)?;
    let lines = plan.iter().map(planned).collect::<Vec<_>>().join("\n");
    output.either(&plan, if plan.is_empty() { "there is nothing to do" } else { &lines });
    Ok(Exit::Ok)
}

fn planned(version: &PlannedVersion) -> String {
    let PlannedVersion { version, changes, new_functions, redefined_functions, online_migration, bad_rows } = version;
    let mut lines = vec![format!("{version}: {new_functions} functions are new, {redefined_functions} change")];
    for change in changes {
        let table = change.table.as_ref();
        let locked = table.map(|(table, rows)| format!("  (locks {table}, about {rows} rows)")).unwrap_or_default();
        lines.push(format!("  {}{locked}", shortened(&change.statement)));
    }
    if *online_migration {
        lines.push("  then rows are rewritten in batches, while everything runs".to_owned());
    }
    lines.extend(bad_rows.iter().map(|rows| format!("  refused until these rows are repaired: {rows}")));
    lines.join("\n")
}

/// As much of a statement as fits into a line.
fn shortened(statement: &str) -> String {
    const MAX_CHARS: usize = 100;
    match statement.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &statement[..end]),
        None => statement.to_owned(),
    }
}

/// Changes nothing: shows what data the downgrade loses, and how to confirm it.
async fn show_losses(url: &str, to: u32, output: Output) -> Result<Exit, CliError> {
    let status = versions::status(url).await.map_err(failed)?;
    if to >= status.current {
        return Err(failed(VersionError::NotDown { current: status.current, wanted: to }));
    }
    let losses = versions::losses(url, to).await.map_err(failed)?;
    let lines: Vec<String> = losses.iter().map(lost).collect();
    let lines = if lines.is_empty() { vec!["no data is lost".to_owned()] } else { lines };
    output.either(&serde_json::json!({ "current": status.current, "to": to, "losses": losses }), &lines.join("\n"));
    let message =
        format!("nothing was done; `drover db downgrade {to} --yes` downgrades from version {}", status.current);
    Err(CliError::new(Exit::Usage, message))
}

fn lost(Loss { version, what, rows, is_estimate }: &Loss) -> String {
    let about = if *is_estimate { "about " } else { "" };
    format!("lost with {version}: {what} ({about}{rows} rows)")
}

fn describe(status: &Status) -> String {
    let mut lines =
        vec![format!("the database is at version {}; this program knows {}", status.current, status.newest)];
    lines.extend(status.pending.iter().map(|folder| format!("pending: {folder}")));
    lines.extend(status.online_migration.as_ref().map(under_way));
    lines.join("\n")
}

fn under_way(online: &OnlineMigration) -> String {
    let way = if online.direction == Direction::Up { "online migration" } else { "online downgrade" };
    let who = if online.running {
        "a process is at it".to_owned()
    } else {
        let since = online.seconds_since_last_batch.map(|seconds| format!(" for {seconds:.0} s")).unwrap_or_default();
        format!("no process has been at it{since}; `drover db upgrade` finishes it")
    };
    format!("{way} of {online}; {who}")
}

fn lifetimes(output: Output) -> Result<Exit, CliError> {
    let functions = versions::functions().map_err(failed)?;
    if output.is_json() {
        output.json(&functions);
        return Ok(Exit::Ok);
    }
    let rows = functions.iter().map(|function| {
        let FunctionLifetime { name, mode, owner, since, redefined, last_used } = function;
        let last_used = last_used.map_or_else(|| "this one".to_owned(), |version| version.to_string());
        [name.clone(), mode.clone(), owner.clone(), since.to_string(), redefined.to_string(), last_used]
    });
    output.table(["FUNCTION", "MODE", "SERVICE", "SINCE", "REDEFINED", "LAST USED BY"], rows);
    Ok(Exit::Ok)
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error, and reads well in `map_err`")]
fn failed(error: VersionError) -> CliError {
    let exit = match &error {
        VersionError::Unknown { .. }
        | VersionError::NotUp { .. }
        | VersionError::NotDown { .. }
        | VersionError::Db(DbError::Url(_)) => Exit::Usage,
        VersionError::Newer { .. }
        | VersionError::AnotherRuns { .. }
        | VersionError::StillLocked { .. }
        | VersionError::OnlineUnfinished { .. }
        | VersionError::OnlineBetween { .. }
        | VersionError::BadRows { .. } => Exit::Refused,
        VersionError::Interrupted => Exit::Interrupted,
        VersionError::Db(_) => Exit::Unreachable,
        VersionError::File { .. } | VersionError::Step { .. } => Exit::Failed,
    };
    CliError::new(exit, with_causes(&error))
}
