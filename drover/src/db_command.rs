//! `drover db`: where the database stands, and the way to another version.

use std::path::PathBuf;

use base::Secret;
use clap::{Args, Subcommand};
use db::versions::{self, Status, VersionError};

use crate::{
    cli::Global,
    database::Database,
    dev::revealed,
    exit::{Exit, Failure, with_causes},
    output::Output,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Without a database URL it is the database that `drover dev` keeps in the data folder; where `drover dev` does not run,
it is started for the moment. A URL with a password belongs into DROVER__DATABASE__URL: everybody on this machine can read
command lines.

Examples:
  drover db status
  DROVER__DATABASE__URL=postgresql://drover:PASSWORD@db.example.com/drover drover db upgrade
  drover db downgrade 2")]
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
    Status,
    /// Go to the newest version, or to the one named. Safe to repeat, and to interrupt.
    Upgrade { to: Option<u32> },
    /// Go back to an older version.
    Downgrade { to: u32 },
}

pub(crate) async fn run(args: DbArgs, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings =
        global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?.settings;
    let database = Database::of_command(&settings).await?;
    let done = act(args.command, database.url(), *output).await;
    database.stop().await;
    done
}

async fn act(command: DbCommand, url: &str, output: Output) -> Result<Exit, Failure> {
    let version = match command {
        DbCommand::Status => return status(url, output).await,
        DbCommand::Upgrade { to } => versions::upgrade(url, to, progress).await,
        DbCommand::Downgrade { to } => versions::downgrade(url, to, progress).await,
    };
    Ok(arrived(version.map_err(failed)?, output))
}

async fn status(url: &str, output: Output) -> Result<Exit, Failure> {
    let status = versions::status(url).await.map_err(failed)?;
    output.either(&status, &describe(&status));
    Ok(Exit::Ok)
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
fn failed(error: VersionError) -> Failure {
    let exit = match &error {
        VersionError::Unknown { .. } | VersionError::NotUp { .. } | VersionError::NotDown { .. } => Exit::Usage,
        VersionError::Newer { .. } | VersionError::AnotherRuns { .. } | VersionError::StillLocked { .. } => {
            Exit::Refused
        }
        VersionError::Db(_) => Exit::Unreachable,
        VersionError::File { .. } | VersionError::Step { .. } => Exit::Failed,
    };
    Failure::new(exit, with_causes(&error))
}
