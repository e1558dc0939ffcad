//! `drover notify`: notifications as the database has them.

mod explain;

use std::path::PathBuf;

use base::Secret;
use clap::{Args, Subcommand};
use db::{
    Db, DbError,
    notify::{NotificationKey, StoredNotification},
};
use protocol::{
    notify::{NotificationKind, NotificationState},
    time,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    global::{Global, revealed},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
It reads the database. Without a database URL that is the one which `drover dev` keeps in the data folder.

Examples:
  drover notify list --state failed
  drover notify list --address owner@example.com -o json
  drover notify explain 7d8e9b1c-6c1f-4f0e-9a53-0d3c1a4c2b11")]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    command: NotifyCommand,
    /// The database, as the setting `database.url`.
    #[arg(long, value_name = "URL", global = true)]
    database_url: Option<Secret>,
    /// The folder that keeps the database of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum NotifyCommand {
    /// List notifications, the newest first.
    #[command(after_help = "Examples:\n  drover notify list\n  drover notify list --state pending --limit 20")]
    List(ListArgs),
    /// Say what became of a notification, and why.
    #[command(after_help = "Examples:\n  drover notify explain 7d8e9b1c-6c1f-4f0e-9a53-0d3c1a4c2b11")]
    Explain {
        /// Its id, as `list` shows it; the part before the `@` in the `Message-ID` of an e-mail.
        #[arg(value_name = "ID")]
        id: Uuid,
    },
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those in this state: pending, sent, failed or suppressed.
    #[arg(long, value_name = "STATE")]
    state: Option<NotificationState>,
    /// Only those to this address.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
}

/// Rows in one query.
const PAGE: usize = 200;

pub(crate) async fn run(
    args: NotifyArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings = global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?;
    let database = Database::of_command(&settings).await?;
    let shown = match database.connect(&settings.database).await {
        Ok(db) => match args.command {
            NotifyCommand::List(args) => list(args, &db, output).await,
            NotifyCommand::Explain { id } => explain::run(id, &db, system, output).await,
        },
        Err(error) => Err(error),
    };
    database.stop().await;
    shown
}

async fn list(args: ListArgs, db: &Db, output: Output) -> Result<Exit, CliError> {
    let ListArgs { state, address, limit } = args;
    let destination = address.map(|address| {
        let is_email = address.contains('@') && !address.starts_with('!');
        if is_email { NotificationKind::Email.destination(&address) } else { address }
    });
    let (mut before, mut left, mut rows) = (None::<NotificationKey>, limit, Vec::new());
    while left > 0 {
        let page = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
        let page =
            db.notifications(state, destination.as_deref(), before, page).await.map_err(|error| db_failed(&error))?;
        let Some(last) = page.last() else { break };
        before = Some((last.created, last.id));
        left = left.saturating_sub(page.given);
        if output.is_json() {
            page.iter().for_each(|row| output.json(&object(row)));
        } else {
            rows.extend(page.iter().map(line));
        }
    }
    output.table(["ID", "CREATED", "STATE", "ADDRESS", "SUMMARY"], rows);
    Ok(Exit::Ok)
}

fn line(row: &StoredNotification) -> [String; 5] {
    let StoredNotification { id, created, state, address, summary, .. } = row;
    [id.to_string(), time::format(*created), state.to_string(), address.clone(), summary.clone()]
}

fn object(row: &StoredNotification) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind,
        "address": row.address,
        "state": row.state,
        "summary": row.summary,
        "reason": row.reason,
        "source": row.source,
        "created": time::format(row.created),
        "finished": row.finished.map(time::format),
        "nextAttempt": row.next_attempt.map(time::format),
        "attempts": row.attempts,
        "duplicates": row.duplicates,
        "further": row.further,
    })
}

fn db_failed(error: &DbError) -> CliError {
    CliError::new(Exit::Unreachable, with_causes(error))
}
