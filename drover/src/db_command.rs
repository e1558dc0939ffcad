//! `drover db`: where the database stands, and the way to another version.

use clap::Subcommand;
use db::versions::{self, Status, VersionError};

use crate::{
    cli::Global,
    exit::{Exit, Failure, with_causes},
    output::Output,
};

#[derive(Debug, Subcommand)]
#[command(after_help = "The database is the one in the setting `database.url`.")]
pub(crate) enum DbCommand {
    /// Which version the database has, and which one this program knows.
    Status,
    /// Go to the newest version, or to the one named. Safe to repeat, and to interrupt.
    #[command(after_help = "Examples:\n  drover db upgrade\n  drover db upgrade 3")]
    Upgrade { to: Option<u32> },
    /// Go back to an older version.
    #[command(after_help = "Example:\n  drover db downgrade 2")]
    Downgrade { to: u32 },
}

pub(crate) async fn run(command: DbCommand, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let loaded = global.load(&[])?;
    let url = loaded.settings.database.url.reveal();
    if url.is_empty() {
        let words = "the setting `database.url` is missing; set it, or DROVER__DATABASE__URL. \
                     The database that `drover dev` starts for itself is upgraded whenever it starts";
        return Err(Failure::new(Exit::Usage, words));
    }
    match command {
        DbCommand::Status => status(url, *output).await,
        DbCommand::Upgrade { to } => {
            let version = versions::upgrade(url, to, progress).await.map_err(failed)?;
            Ok(arrived(version, *output))
        }
        DbCommand::Downgrade { to } => {
            let version = versions::downgrade(url, to, progress).await.map_err(failed)?;
            Ok(arrived(version, *output))
        }
    }
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
