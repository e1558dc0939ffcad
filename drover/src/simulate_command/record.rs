//! `drover simulate record`.

use std::path::PathBuf;

use base::{ConfigDuration, Secret};
use clap::Args;
use db::{Db, DbError};
use protocol::time::Timestamp;
use provisioner::simulate::RecordedTask;

use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    global::{Global, revealed},
    output::Output,
    system_context::SystemContext,
};

const TASKS_A_CALL: i32 = 10_000;

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// How far back.
    #[arg(long, value_name = "DURATION", default_value = "7d")]
    since: ConfigDuration,
    /// The folder of a `drover dev` whose tasks they are.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The PostgreSQL; with a password better as `DROVER__DATABASE__URL`.
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
}

pub(super) async fn run(
    args: RecordArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let data_dir = args.data_dir.map(|dir| dir.display().to_string());
    let settings = global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?;
    let database = Database::of_command(&settings).await?;
    let since = system.clock.now() - args.since.delta();
    let written = match database.connect(&settings.database).await {
        Ok(db) => write(&db, since, output)
            .await
            .map_err(|error| CliError::new(Exit::Unreachable, format!("the database: {}", with_causes(&error)))),
        Err(error) => Err(error),
    };
    database.stop().await;
    written.map(|()| Exit::Ok)
}

async fn write(db: &Db, since: Timestamp, output: Output) -> Result<(), DbError> {
    let mut after = None;
    loop {
        let rows = db.provision_demand(since, after, TASKS_A_CALL).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.task_id);
        for row in rows {
            let (worker_pool_id, pending, seconds) = (row.task_queue_id, row.scheduled, row.seconds);
            output.json(&RecordedTask { worker_pool_id, pending, seconds });
        }
    }
}
