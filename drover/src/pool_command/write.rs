//! `drover pool create`, `update`, `delete` and `diff`.

use std::path::PathBuf;

use clap::Args;

use super::{
    definition::{self, Definition},
    difference::{change, show},
    one::One,
    plan,
    server::PoolServer,
};
use crate::{
    client::{Server, ServerArgs},
    confirm::confirm,
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

pub(super) const CREATE_EXAMPLES: &str = "\
Examples:
  drover pool create pools.yml
  drover pool create pools.yml --dry-run

A file has one worker pool, or a list of them:
  workerPoolId: build/linux
  providerId: local
  description: builders of this machine
  owner: team@example.com
  emailOnError: false
  config:
    minCapacity: 0
    maxCapacity: 4
    launchConfigs: [{ workerConfig: { idleTimeoutSecs: 120 } }]";

#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    /// The worker pools, as YAML or JSON: one, or a list.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    write: WriteArgs,
    /// Change nothing: show what would change, and which machines the next decision would launch. The server checks as it does
    /// otherwise.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    one: One,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn create(
    args: &ChangeArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let (pools, server) = (definition::load(&args.write.file)?, args.write.server.connect(system)?);
    if args.dry_run {
        return plan::run("create", &pools, &server, global, system, output).await;
    }
    for pool in &pools {
        let created = at(&server, pool).create(&pool.body()).await?;
        output.either(&created, &format!("{} is there", pool.worker_pool_id));
    }
    Ok(Exit::Ok)
}

pub(super) async fn update(
    args: &ChangeArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let (pools, server) = (definition::load(&args.write.file)?, args.write.server.connect(system)?);
    if args.dry_run {
        return plan::run("update", &pools, &server, global, system, output).await;
    }
    for pool in &pools {
        let updated = at(&server, pool).update(&pool.body()).await?;
        output.either(&updated, &format!("{} is as in {}", pool.worker_pool_id, args.write.file.display()));
    }
    Ok(Exit::Ok)
}

pub(super) async fn delete(args: &DeleteArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let (server, pool) = (args.one.connect(system)?, &args.one.pool);
    if !args.yes {
        confirm(&format!("nothing is launched for {pool} any more, and it goes with its last worker"))?;
    }
    let deleted = server.delete().await?;
    output.either(
        &deleted,
        &format!("{pool} is with the provider {}", deleted["providerId"].as_str().unwrap_or_default()),
    );
    Ok(Exit::Ok)
}

pub(super) async fn diff(args: &WriteArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let (pools, server) = (definition::load(&args.file)?, args.server.connect(system)?);
    let mut is_same = true;
    for pool in &pools {
        let now = at(&server, pool).find().await?;
        let change = change(pool, now.as_ref());
        is_same &= change.fields.is_empty();
        show(&change, output);
    }
    Ok(if is_same { Exit::Ok } else { Exit::Failed })
}

fn at<'p>(server: &Server, pool: &'p Definition) -> PoolServer<'p> {
    PoolServer::new(server.clone(), &pool.worker_pool_id)
}
