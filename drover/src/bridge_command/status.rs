//! `drover bridge status`: the state of masters, as the bridge recorded it in the database.

use std::path::PathBuf;

use base::Secret;
use clap::Args;
use db::{
    Db,
    bridge::{BridgeCount, BridgeMaster},
};
use serde_json::json;

use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    global::{Global, revealed},
    output::{Output, columns},
};

#[derive(Debug, Args)]
#[command(after_help = "\
It reads the database. Without a database URL that is the one which `drover dev` keeps in the data folder; where
`drover dev` does not run, it is started for the duration of the command.

Examples:
  drover bridge status
  DROVER__DATABASE__URL=postgresql://drover:PASSWORD@db.example.com/drover drover bridge status")]
pub(crate) struct StatusArgs {
    /// The database, as the setting `database.url`.
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// The folder that keeps the database of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) async fn run(args: StatusArgs, global: &Global, output: Output) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings = global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?;
    let database = Database::of_command(&settings).await?;
    let shown = match database.connect(&settings.database).await {
        Ok(db) => show(&db, output).await,
        Err(error) => Err(error),
    };
    database.stop().await;
    shown
}

async fn show(db: &Db, output: Output) -> Result<Exit, CliError> {
    let failed = |error: db::DbError| CliError::new(Exit::Unreachable, with_causes(&error));
    let (mut lines, mut all) = (Vec::new(), Vec::new());
    for master in db.bridge_masters().await.map_err(failed)? {
        let counts = db.bridge_counts(&master.master).await.map_err(failed)?;
        lines.extend(describe(&master, &counts));
        all.push(json!({ "master": master, "requests": counts }));
    }
    if lines.is_empty() {
        lines.push("the bridge has not served any master yet".to_owned());
    }
    output.either(&all, &lines.join("\n"));
    Ok(Exit::Ok)
}

fn describe(master: &BridgeMaster, counts: &[BridgeCount]) -> Vec<String> {
    let since = protocol::time::format(master.since);
    let error = master.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let mut lines = vec![format!("master {}: {:?} since {since}{error}", master.master, master.state)];
    let rows = counts.iter().map(|count| {
        let oldest = format!("the oldest of {}", protocol::time::format(count.oldest));
        [format!("  {} {:?},", count.requests, count.state), format!("intent: {:?},", count.intent), oldest]
    });
    lines.extend(columns(None, rows).lines().map(str::to_owned));
    lines
}
