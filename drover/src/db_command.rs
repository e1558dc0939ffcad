//! `drover db`: where the database stands, and the way to another version.

use std::path::PathBuf;

use base::{Secret, Shutdown};
use clap::{Args, Subcommand};
use db::{
    DbError,
    versions::{self, Loss, PlannedVersion, Status, VersionError},
};

use crate::{
    cli::Global,
    database::Database,
    dev::{revealed, signals},
    exit::{CliError, Exit, with_causes},
    output::Output,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Without a database URL it is the database that `drover dev` keeps in the data folder; where `drover dev` does not run,
it is started for the moment. A URL with a password belongs into DROVER__DATABASE__URL: everybody on this machine can read
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
    /// What an upgrade would do, statement by statement, and to how large tables. Changes nothing.
    #[command(after_help = "Examples:\n  drover db plan\n  drover db plan 2 -o json")]
    Plan {
        /// The version to go to [default: the newest].
        #[arg(value_name = "VERSION")]
        to: Option<u32>,
    },
    /// Go to the newest version, or to the one named. Safe to repeat, and to interrupt.
    #[command(after_help = "\
Examples:
  drover db upgrade
  drover db upgrade 2

No table is waited for longer than 1.5 s at a time, so nobody queues long behind it: a step that finds a table in use is
tried again with pauses. Ctrl-C and SIGTERM end the statement at the server too.")]
    Upgrade {
        /// The version to go to [default: the newest].
        #[arg(value_name = "VERSION")]
        to: Option<u32>,
    },
    /// Go back to an older version. Says what data that takes away, and does it only with --yes.
    #[command(after_help = "Examples:\n  drover db downgrade 1\n  drover db downgrade 1 --yes")]
    Downgrade {
        /// The version to go back to.
        #[arg(value_name = "VERSION")]
        to: u32,
        /// Do it, whatever is lost.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) async fn run(args: DbArgs, global: &Global, output: &Output) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings =
        global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?.settings;
    let shutdown = signals()?;
    let database = Database::of_command(&settings).await?;
    let done = act(args.command, database.url(), &shutdown, *output).await;
    database.stop().await;
    done
}

async fn act(command: DbCommand, url: &str, stop: &Shutdown, output: Output) -> Result<Exit, CliError> {
    let version = match command {
        DbCommand::Status => return status(url, output).await,
        DbCommand::Plan { to } => return plan(url, to, output).await,
        DbCommand::Downgrade { to, yes: false } => return what_is_lost(url, to, output).await,
        DbCommand::Upgrade { to } => versions::upgrade_until(url, to, stop.wait(), progress).await,
        DbCommand::Downgrade { to, yes: true } => versions::downgrade_until(url, to, stop.wait(), progress).await,
    };
    Ok(arrived(version.map_err(failed)?, output))
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
    let PlannedVersion { version, changes, new_functions, redefined_functions, online_migration } = version;
    let mut lines = vec![format!("{version}: {new_functions} functions are new, {redefined_functions} change")];
    for change in changes {
        let table = change.table.as_ref();
        let locked = table.map(|(table, rows)| format!("  (locks {table}, about {rows} rows)")).unwrap_or_default();
        lines.push(format!("  {}{locked}", shortened(&change.statement)));
    }
    if *online_migration {
        lines.push("  then rows are rewritten in batches, while everything runs".to_owned());
    }
    lines.join("\n")
}

/// As much of a statement as a line holds.
fn shortened(statement: &str) -> String {
    const LONGEST: usize = 100;
    match statement.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &statement[..end]),
        None => statement.to_owned(),
    }
}

/// Nothing is done: the caller sees what the downgrade takes away, and how to go on.
async fn what_is_lost(url: &str, to: u32, output: Output) -> Result<Exit, CliError> {
    let status = versions::status(url).await.map_err(failed)?;
    if to >= status.current {
        return Err(failed(VersionError::NotDown { current: status.current, wanted: to }));
    }
    let losses = versions::losses(url, to).await.map_err(failed)?;
    let lines: Vec<String> = losses.iter().map(lost).collect();
    let lines = if lines.is_empty() { vec!["no data is lost".to_owned()] } else { lines };
    output.either(&serde_json::json!({ "current": status.current, "to": to, "losses": losses }), &lines.join("\n"));
    let words = format!("nothing was done; `drover db downgrade {to} --yes` goes back from version {}", status.current);
    Err(CliError::new(Exit::Usage, words))
}

fn lost(Loss { version, what, rows, is_estimate }: &Loss) -> String {
    let about = if *is_estimate { "about " } else { "" };
    format!("lost with {version}: {what} ({about}{rows} rows)")
}

fn describe(status: &Status) -> String {
    let mut lines =
        vec![format!("the database is at version {}; this program knows {}", status.current, status.newest)];
    lines.extend(status.pending.iter().map(|folder| format!("to come: {folder}")));
    if let Some(version) = status.online_migration {
        lines.push(format!("the online migration of version {version} is not done; `drover db upgrade` finishes it"));
    }
    lines.join("\n")
}

fn arrived(version: u32, output: Output) -> Exit {
    output.either(&serde_json::json!({"current": version}), &format!("the database is at version {version}"));
    Exit::Ok
}

/// Steps are told on standard error: they are no result.
fn progress(words: &str) {
    eprintln!("{words}");
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error, and reads well in `map_err`")]
fn failed(error: VersionError) -> CliError {
    let exit = match &error {
        VersionError::Unknown { .. }
        | VersionError::NotUp { .. }
        | VersionError::NotDown { .. }
        | VersionError::Db(DbError::Url(_)) => Exit::Usage,
        VersionError::Newer { .. } | VersionError::AnotherRuns { .. } | VersionError::StillLocked { .. } => {
            Exit::Refused
        }
        VersionError::Interrupted => Exit::Interrupted,
        VersionError::Db(_) => Exit::Unreachable,
        VersionError::File { .. } | VersionError::Step { .. } => Exit::Failed,
    };
    CliError::new(exit, with_causes(&error))
}
